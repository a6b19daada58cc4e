"""`morgue sources check`: what still answers, what does not, and what to do; asked as politely as a crawl asks."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from archive.clock import SystemClock
from archive.model import Role
from archive.sources import Source, load_sources, parse_sources
from crawler.cli import group
from crawler.commands.check import check_sources
from crawler.commands.checked import Checked, Listing, State, is_offline
from crawler.frontier import Frontier
from crawler.handler import make_route
from crawler.transfer import Engine, Limits
from crawler.visits import Visit, Visits
from tests.pump_server import CountingServer
from tests.rawserver import CLOSE, HANG, RawServer, Route, page
from tests.store_helpers import new_store, put, snapshot

DAYS_30 = timedelta(days=30)


def ago(days: float) -> str:
    return format_datetime(datetime.now(UTC) - timedelta(days=days))


def rss(*days: float, link: str = "/2026/05/01/a-story-of-many-words") -> bytes:
    items = "".join(
        f"<item><title>A</title><link>{link}-{number}</link><pubDate>{ago(old)}</pubDate></item>"
        for number, old in enumerate(days)
    )
    return f'<rss version="2.0"><channel><title>P</title>{items}</channel></rss>'.encode()


def moved(to: str, status: bytes = b"301 Moved") -> Route:
    return page(b"", b"Location: " + to.encode(), status=status)


HOME = b'<html><body><a href="/news/2026/05/01/a-story-of-many-words">A story of many words</a></body></html>'
SITEMAP = b"<urlset><url><loc>/a</loc><lastmod>%s</lastmod></url></urlset>"
TODAY = datetime.now(UTC).strftime("%Y-%m-%d").encode()
NO_ROBOTS = page(b"", status=b"404 Not Found")


def check(*sources: Source, private: bool = True, total: float = 5.0, **more: Any) -> list[Checked]:
    return list(
        check_sources(
            sources,
            known=sources,
            route=make_route(allow_private=private, limits=Limits(total=total, connect=2.0)),
            user_agent="Morgue/test",
            clock=SystemClock(),
            stale_after=DAYS_30,
            **more,
        )
    )


def source(server: RawServer, name: str = "paper", **more: Any) -> Source:
    for key in ("feeds", "sitemaps", "sections"):
        more[key] = tuple(server.url(path) if path[0] == "/" else path for path in more.get(key, ()))
    return Source(name=name, url=server.url("/"), delay=0, **more)


def listing(checked: Checked, path: str) -> Listing:
    return next(each for each in checked.listings if each.url.endswith(path))


FEEDS: list[tuple[Route, State, str, int | None, bool]] = [
    # answer, state, words of why, entries, may it pass
    (page(rss(1, 40)), State.OK, "", 2, False),
    (page(rss(29.9)), State.OK, "", 1, False),
    (page(rss(30.1, 90)), State.STALE, "nothing new since", 2, False),
    (page(rss(90, -400)), State.STALE, "nothing new since", 2, False),  # announced for later: no sign of life
    (page(rss()), State.STALE, "no entries", 0, False),
    (page(b"<rss><channel><item><link>/a</link></item></channel></rss>"), State.OK, "", 1, False),  # undated
    (page(HOME), State.DEAD, "HTML page", None, False),
    (page(b"{}"), State.DEAD, "no JSON Feed", None, False),
    (page(b""), State.DEAD, "empty", None, False),
    (page(b"x", status=b"404 Not Found"), State.DEAD, "status 404", None, False),
    (page(b"x", status=b"410 Gone"), State.DEAD, "status 410", None, False),
    (page(b"x", status=b"403 Forbidden"), State.DEAD, "status 403", None, False),
    (page(b"x", status=b"500 Oops"), State.DEAD, "status 500", None, True),
    (page(b"x", status=b"429 Slow"), State.DEAD, "status 429", None, True),
    ([HANG], State.DEAD, "did not answer in time", None, True),
    ([CLOSE], State.DEAD, "disconnect", None, True),
    ([b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n<rss>", CLOSE], State.DEAD, "cut", None, True),
    (page(b"no gzip", b"Content-Encoding: gzip"), State.DEAD, "", None, False),
    (moved("/feed"), State.DEAD, "never end", None, False),
    (moved("ftp://127.0.0.1/x"), State.DEAD, "status 301", None, False),
    (moved("/new"), State.MOVED, "moved for good to http://", 1, False),
    (moved("/new", b"308 Moved"), State.MOVED, "/new", 1, False),
    (moved("/new", b"302 Found"), State.OK, "", 1, False),  # for now: the old address stays right
    (moved("/twice"), State.MOVED, "/new", 1, False),
    (moved("/later"), State.MOVED, "/later", 1, False),  # only so far is it for good
    (moved("/feed/"), State.OK, "", 1, False),  # the same address to us
    (moved("/gone"), State.DEAD, "status 404", None, False),
    (moved("/secret/feed"), State.DEAD, "robots.txt forbids", None, False),
]


@pytest.mark.parametrize(("answer", "state", "words", "entries", "passing"), FEEDS)
def test_feeds(answer: Route, state: State, words: str, entries: int | None, passing: bool) -> None:
    routes = {
        "/robots.txt": page(b"User-agent: *\nDisallow: /secret/\n"),
        "/": page(HOME),
        "/feed": answer,
        "/new": page(rss(1)),
        "/feed/": page(rss(1)),
        "/twice": moved("/new"),
        "/later": moved("/new", b"307 For now"),
    }
    with RawServer(routes) as server:
        (checked,) = check(source(server, feeds=["/feed"]), total=1.0)
    found = listing(checked, "/feed")
    assert (found.state, found.entries, found.passing) == (state, entries, passing)
    assert words in (found.why or "")
    assert checked.state is state
    assert bool(checked.mend) == (state is not State.OK)


def test_every_listing_is_asked_for_and_told() -> None:
    feed_link = b'<link rel="alternate" type="application/rss+xml" href="/found.xml">'
    with RawServer() as server:
        server.routes |= {
            "/robots.txt": page(f"Sitemap: {server.url('/map.xml')}\n".encode()),
            "/": page(feed_link + HOME),
            "/feed": page(rss(3)),
            "/found.xml": page(rss(2)),
            "/map.xml": page(SITEMAP % TODAY),
            "/index.xml": page(b"<sitemapindex><sitemap><loc>/m1.xml</loc></sitemap></sitemapindex>"),
            "/politics/": page(HOME),
        }
        (checked,) = check(source(server, feeds=["/feed"], sitemaps=["/index.xml"], sections=["/politics/"]))
    told = [(each.role.value, each.named, each.state.value, each.kind, each.entries) for each in checked.listings]
    assert told == [
        ("home", True, "ok", "page", 1),
        ("feed", True, "ok", "rss", 1),
        ("sitemap", True, "ok", "index", 1),
        ("section", True, "ok", "page", 1),
        ("feed", False, "ok", "rss", 1),
        ("sitemap", False, "ok", "urlset", 1),
    ]
    assert checked.state is State.OK
    assert checked.newest is not None
    assert checked.newest.strftime("%Y-%m-%d").encode() == TODAY
    robots = [each.head for each in server.seen if b"/robots.txt" in each.head]
    assert len(robots) == 1  # once a host


SOURCES = [
    # routes beside a home page, feeds of the source, its state, words of what to do
    ({"/a": page(rss(1)), "/b": page(b"", status=b"404 No")}, State.DEAD, "take http://127.0.0.1"),
    ({"/a": page(rss(1)), "/b": page(rss(99))}, State.OK, ""),  # as new as its newest
    ({"/a": page(rss(99)), "/b": page(rss(98))}, State.STALE, "morgue sources disable paper"),
    ({"/a": page(rss(99)), "/b": moved("/a")}, State.MOVED, "/a instead of"),
    ({"/a": moved("/b"), "/b": page(b"", status=b"404 No")}, State.DEAD, "take "),
    ({"/": page(b"", status=b"404 No"), "/a": page(rss(1)), "/b": page(rss(1))}, State.OK, ""),  # a feed's host alone
    ({"/": page(b"", status=b"404 No")}, State.DEAD, "Nothing of it can be read"),
    ({"/robots.txt": page(b"User-agent: morgue\nDisallow: /\n")}, State.DEAD, "Nothing of it can be read"),
    ({"/robots.txt": page(b"", status=b"503 Busy")}, State.DEAD, "ask again later with `morgue sources check paper`"),
    (
        {"/a": page(rss(1, link="https://other.example/x")), "/b": page(rss(1))},
        State.OK,
        "Most of its entries are on other.example, and only pages of its own site are kept: `morgue sources add https://other.example/`",
    ),
]


@pytest.mark.parametrize(("routes", "state", "words"), SOURCES)
def test_sources(routes: dict[str, Route], state: State, words: str) -> None:
    with RawServer({"/robots.txt": NO_ROBOTS, "/": page(HOME)} | routes) as server:
        (checked,) = check(source(server, feeds=["/a", "/b"]))
    assert checked.state is state
    assert words in " ".join(checked.mend)


def test_what_the_site_itself_names_and_does_not_have_is_not_our_mistake() -> None:
    head = b'<link rel="alternate" type="application/rss+xml" href="/gone.xml">'
    with RawServer({"/robots.txt": NO_ROBOTS, "/": page(head + HOME)}) as server:
        (checked,) = check(source(server))
    assert listing(checked, "/gone.xml").state is State.DEAD
    assert (checked.state, checked.mend) == (State.OK, ())


def test_a_dead_feed_comes_with_the_one_that_the_home_page_names() -> None:
    head = b'<link rel="alternate" type="application/rss+xml" href="/new.xml">'
    with RawServer({"/robots.txt": NO_ROBOTS, "/": page(head + HOME), "/new.xml": page(rss(1))}) as server:
        (checked,) = check(source(server, feeds=["/old.xml"]))
        (mend,) = checked.mend
        old, new = server.url("/old.xml"), server.url("/new.xml")
        assert mend == f"In sources.toml take {old} out of 'feeds' of 'paper', or write {new} instead."


def test_nothing_is_asked_that_robots_forbids() -> None:
    robots = page(b"User-agent: *\nDisallow: /feed\n")
    with RawServer({"/robots.txt": robots, "/": page(HOME), "/feed": page(rss(1))}) as server:
        (checked,) = check(source(server, feeds=["/feed"]))
    assert listing(checked, "/feed").robots == "disallowed"
    assert not [each for each in server.seen if each.head.startswith(b"GET /feed")]


def test_private_addresses_are_refused() -> None:
    with RawServer({"/": page(HOME)}) as server:
        (checked,) = check(source(server, feeds=["/feed"]), private=False)
    assert server.connections == 0
    assert {each.why for each in checked.listings} == {
        "it leads to a private address (--allow-private is for your own machines)"
    }
    assert checked.state is State.DEAD


def test_a_host_that_asks_for_rest_is_left_alone() -> None:
    busy = page(b"", b"Retry-After: 3600", status=b"503 Busy")
    with RawServer({"/robots.txt": NO_ROBOTS, "/": busy}) as server:
        (checked,) = check(source(server, feeds=["/a", "/b"]))
    assert len(server.seen) == 2  # robots.txt and the home page
    assert listing(checked, "/a").why == "not asked: its host wants to be left alone for 3600 s"
    assert all(each.passing for each in checked.listings)


def test_one_request_at_a_time_per_host_with_its_delay_and_several_hosts_at_once() -> None:
    with CountingServer(latency=0.2, robots=b"User-agent: *\nCrawl-delay: 0.3\n") as server:
        sources = [
            Source(
                name=f"p{number}",
                url=f"http://127.0.0.{number}:{server.port}/",
                feeds=tuple(f"http://127.0.0.{number}:{server.port}/f{each}" for each in range(2)),
                delay=0,
            )
            for number in range(11, 17)
        ]
        began = time.monotonic()
        check(*sources)
        took = time.monotonic() - began
    assert len(server.hosts) == 6
    for host in server.hosts.values():
        assert (host.at_once, len(host.paths)) == (1, 4)
        assert host.paths[0] == "/robots.txt"
        assert host.smallest_gap > 0.45  # 0.2 to answer, 0.3 to rest
    assert took < 6  # one after the other it would be 6 * 1.7


def test_sources_that_share_a_politeness_key_are_one_host() -> None:
    with CountingServer(latency=0.1) as server:
        sources = [
            Source(name=f"p{number}", url=f"http://127.0.0.{number}:{server.port}/", delay=0, politeness_key="group")
            for number in range(11, 14)
        ]
        check(*sources)
    times = sorted(time for host in server.hosts.values() for time in host.times)
    assert len(times) == 6
    assert min(b - a for a, b in pairwise(times)) > 0.09


def test_headers_of_a_source_go_to_its_own_site_alone() -> None:
    with RawServer({"/robots.txt": NO_ROBOTS}) as other, RawServer({"/robots.txt": NO_ROBOTS}) as server:
        server.routes["/"] = moved(other.url("/"))
        check(source(server, headers={"Cookie": "a=b"}, user_agent="Own/1", language="de"))
    asked = [(each.head.split()[1], b"Cookie: a=b" in each.head) for each in server.seen + other.seen]
    assert asked == [(b"/robots.txt", False), (b"/", True), (b"/robots.txt", False), (b"/", False)]
    assert all(b"User-Agent: Own/1" in each.head for each in server.seen)
    assert b"Accept-Language: de" in server.seen[1].head


async def test_a_kept_connection_that_closes_is_asked_once_more() -> None:
    answers = iter([[CLOSE], page(rss(1))])
    with RawServer({"/robots.txt": NO_ROBOTS, "/feed": lambda _: next(answers)}) as server:
        engine = Engine(make_route(allow_private=True), SystemClock())
        one = source(server)
        visits = Visits(engine, SystemClock(), sources=[one], user_agent="x", patience=10)
        found: Visit = await asyncio.wait_for(visits.visit(server.url("/feed"), one), 15)
        await visits.close()
        await engine.close()
    assert found.body is not None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert CliRunner().invoke(group, ["init", str(tmp_path / "a")]).exit_code == 0
    return tmp_path / "a"


def morgue(folder: Path, *words: str, stdin: str = "") -> Result:
    result = CliRunner().invoke(group, ["-a", str(folder), *words], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (page(rss(1)), 0, "1 ok."),
        (page(rss(99)), 3, "nothing new since"),
        (moved("/new"), 3, "moved for good to"),
        (page(b"", status=b"410 Gone"), 3, "status 410"),
    ],
)
def test_the_exit_code_says_whether_all_is_well_and_nothing_is_written(
    folder: Path, answer: Route, code: int, words: str
) -> None:
    routes = {"/robots.txt": NO_ROBOTS, "/": page(b"<p>"), "/feed": answer, "/new": page(rss(1))}
    with RawServer(routes) as server:
        (folder / "sources.toml").write_text(
            f'[[source]]\nname = "paper"\nurl = "{server.url("/")}"\ndelay = 0\nfeeds = ["/feed"]\n'
            '[[source]]\nname = "off"\nurl = "http://127.0.0.1:9/"\nenabled = false\n'
        )
        before = files(folder)
        done = morgue(folder, "sources", "check", "--allow-private")
        told = morgue(folder, "sources", "check", "paper", "--allow-private", "--json")
    assert (done.exit_code, told.exit_code) == (code, code)
    assert words in done.stdout
    assert "off" not in done.stdout
    assert [each["name"] for each in json.loads(told.stdout)] == ["paper"]
    assert [each["role"] for each in json.loads(told.stdout)[0]["listings"]] == ["home", "feed"]
    assert files(folder) == before


def test_a_source_that_is_off_is_asked_when_named_and_an_unknown_one_is_said(folder: Path) -> None:
    (folder / "sources.toml").write_text('[[source]]\nname = "off"\nurl = "http://127.0.0.1:9/"\nenabled = false\n')
    assert "No source is on" in morgue(folder, "sources", "check").stderr
    done = morgue(folder, "sources", "check", "off", "--allow-private", "--json")
    assert done.exit_code == 3
    assert json.loads(done.stdout)[0]["state"] == "dead"
    unknown = morgue(folder, "sources", "check", "nobody")
    assert unknown.exit_code == 1
    assert "There are: off" in unknown.stderr


@pytest.mark.parametrize("dry", [False, True])
def test_import_checks_the_feeds_of_the_list_alone(folder: Path, dry: bool) -> None:
    with RawServer({"/robots.txt": NO_ROBOTS, "/feed": page(rss(1))}) as server:
        urls = [server.url("/feed"), server.url("/gone")]
        text = "<opml><body>" + "".join(f'<outline xmlUrl="{url}"/>' for url in urls) + "</body></opml>"
        words = ["sources", "import", "-", "--check", "--allow-private", *(["--dry-run"] if dry else [])]
        done = morgue(folder, *words, stdin=text)
        paths = [each.head.split()[1] for each in server.seen]
    assert paths == [b"/robots.txt", b"/feed", b"/gone"]
    assert done.exit_code == 3
    assert "status 404" in done.stdout
    assert (server.url("/feed") in (folder / "sources.toml").read_text()) is not dry


NOBODY = "http://127.0.0.1:9/"  # the port "discard": nothing answers there


def listed(folder: Path, *urls: str) -> None:
    entries = (f'[[source]]\nname = "p{number}"\nurl = "{url}"\ndelay = 0\n' for number, url in enumerate(urls))
    (folder / "sources.toml").write_text('contact = "mailto:desk@paper.example"\n' + "".join(entries))


def test_a_machine_without_network_says_so_once(folder: Path) -> None:
    listed(folder, "http://paper.example/", "http://bote.example/")
    through_nobody = ["sources", "check", "--proxy", NOBODY]
    done = morgue(folder, *through_nobody)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("morgue: none of 2 sites answered: this machine has no network")
    assert morgue(folder, *through_nobody, "p0").exit_code == 3  # one alone may be the one that is gone
    text = '<opml><body><outline xmlUrl="http://a.example/"/><outline xmlUrl="http://b.example/"/></body></opml>'
    before = files(folder)
    assert morgue(folder, "sources", "import", "-", "--check", "--proxy", NOBODY, stdin=text).exit_code == 1
    assert files(folder) == before


def test_closed_doors_are_an_answer(folder: Path) -> None:
    listed(folder, NOBODY, NOBODY.replace("0.1", "0.2"))
    done = morgue(folder, "sources", "check", "--allow-private")
    assert (done.exit_code, "2 dead." in done.stdout) == (3, True)


@pytest.mark.parametrize(
    ("one", "other", "offline"),
    [(HANG, HANG, True), (HANG, b"HTTP/1.1 500 Oops\r\n\r\n", False)],
    ids=["nobody answers", "one answers"],
)
def test_silence_is_told_from_bad_answers(one: Any, other: Any, offline: bool) -> None:
    with RawServer({"/": [one, CLOSE], "/robots.txt": [one, CLOSE]}) as first, RawServer() as second:
        second.routes |= {"/": [other, CLOSE], "/robots.txt": [other, CLOSE]}
        checked = check(source(first, "a"), source(second, "b"), total=0.5)
    assert is_offline(checked) is offline


PASTS = [
    # failures in a row, days since it last answered well, words of why, does the advice still hope
    (0, None, "status 500", True),
    (1, 1, "status 500; failed in the visit before; the last good answer was on ", True),
    (4, 30, "status 500; failed in 4 visits before; the last good answer was on ", True),
    (9, 30, "status 500; failed in 9 visits before; the last good answer was on ", False),
    (9, 3, "status 500; failed in 9 visits before; the last good answer was on ", True),
    (9, None, "status 500; failed in 9 visits before", False),
]


@pytest.mark.parametrize(("failures", "days", "words", "hopes"), PASTS)
def test_since_when_a_listing_fails_is_told_where_the_archive_knows(
    folder: Path, failures: int, days: int | None, words: str, hopes: bool
) -> None:
    with RawServer({"/robots.txt": NO_ROBOTS, "/": page(HOME), "/feed": page(b"", status=b"500 Oops")}) as server:
        one = source(server, feeds=["/feed"])
        listed(folder, one.url)
        with (folder / "sources.toml").open("a") as out:
            out.write(f'feeds = ["{one.feeds[0]}"]\n')
        with Frontier(folder / "crawl.db", SystemClock()) as frontier:
            frontier.sync_sources(parse_sources((folder / "sources.toml").read_text()).sources)
        with closing(sqlite3.connect(folder / "crawl.db")) as db, db:
            db.execute("UPDATE urls SET fetches = 12, failures = ? WHERE role = 'feed'", (failures,))
        if days is not None:
            at = datetime.now(UTC) - timedelta(days=days)
            store = new_store(folder / "archive.db")
            for status, when in ((200, at), (304, at + timedelta(minutes=1)), (500, datetime.now(UTC))):
                put(store, snapshot(one.feeds[0], 0, status=status, captured_at=when, role=Role.FEED), None)
            store.db.conn.close()
            words += f"{at:%Y-%m-%d}" if words.endswith(" on ") else ""
        done = morgue(folder, "sources", "check", "--allow-private")
        told = json.loads(morgue(folder, "sources", "check", "--allow-private", "--json").stdout)
    assert f"{words}\n" in done.stdout
    assert ("It may pass" in done.stdout) is hopes
    assert ("out of 'feeds'" in done.stdout) is not hopes
    found = told[0]["listings"][1]
    assert found["failures_before"] == failures
    assert (found["last_good"] is None) is (days is None)


def test_a_broken_archive_does_not_keep_from_checking(folder: Path) -> None:
    with RawServer({"/robots.txt": NO_ROBOTS, "/": page(HOME)}) as server:
        listed(folder, server.url("/"))
        for name in ("archive.db", "crawl.db"):
            (folder / name).write_bytes(b"noise " * 2000)
        done = morgue(folder, "sources", "check", "--allow-private")
    assert (done.exit_code, done.stderr) == (0, "")


AGGREGATED = [
    # sites of the feed's entries, known sources, source and address that the feed goes to
    (["https://www.paper.example/a", "https://paper.example/b"], "", "paper.example https://www.paper.example/"),
    (
        ["https://paper.example/a", "https://paper.example/b", "https://b.example/"],
        "",
        "paper.example https://paper.example/",
    ),
    (["https://a.example/a", "https://b.example/b"], "", None),  # a planet: of no one site
    (["https://paper.example/a", "/b"], "", None),  # half are its own
    (["/a", "/b", "https://paper.example/a"], "", None),
    ([], "", None),
    (["https://blog.paper.example/a"], "https://www.paper.example/", "p0 https://www.paper.example/"),
]


@pytest.mark.parametrize("named", [False, True], ids=["of no named site", "the list names another site"])
@pytest.mark.parametrize(("links", "there", "goes_to"), AGGREGATED)
def test_import_with_a_look_puts_a_feed_to_the_site_of_its_entries(
    folder: Path, links: list[str], there: str, goes_to: str | None, named: bool
) -> None:
    items = "".join(f"<item><title>A</title><link>{link}</link><pubDate>{ago(1)}</pubDate></item>" for link in links)
    feed = page(f'<rss version="2.0"><channel>{items}</channel></rss>'.encode())
    with RawServer({"/robots.txt": NO_ROBOTS, "/feed": feed}) as server:
        if there:
            listed(folder, there)
        site = f' htmlUrl="{server.url("/")}"' if named else ""
        text = f'<opml><body><outline xmlUrl="{server.url("/feed")}"{site}/></body></opml>'
        done = morgue(folder, "sources", "import", "-", "--check", "--allow-private", stdin=text)
        asked = [each.head.split()[1] for each in server.seen]
        own = server.url("/")
    (having,) = [one for one in load_sources(folder / "sources.toml").sources if one.feeds]
    assert having.feeds == (own + "feed",)
    assert f"{having.name} {having.url}" == goes_to if goes_to else having.url == own
    assert ("so it goes to the source of that site" in done.stderr) is (goes_to is not None)
    assert asked == [b"/robots.txt", b"/feed"]  # once
    if goes_to:
        assert (done.exit_code, "1 ok." in done.stdout, "sources add" in done.stdout) == (0, True, False)
