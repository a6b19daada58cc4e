"""The frontier: what is known, whose turn it is, what became of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from frontier_kit import START, HandClock, Names, TestKept, TestSource, candidate

from archive.errors import DatabaseError, SchemaTooNewError
from archive.model import Role, Via
from crawler.frontier import Frontier, Lease
from crawler.frontier.facts import fact_digest, fact_from_json, fact_to_json

NEWS = TestSource("news", "https://news.example/")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def frontier(tmp_path: Path, clock: HandClock) -> Iterator[Frontier]:
    with Frontier(tmp_path / "crawl.db", clock, names=Names()) as opened:
        yield opened


def ready(frontier: Frontier, *sources: TestSource, robots: bytes = b"", homes: bool = False) -> None:
    """Make the sources known, their robots.txt read and (unless `homes`) their home pages visited."""
    sources = sources or (NEWS,)
    frontier.sync_sources(sources)
    for source in sources:
        frontier.store_robots(f"{source.url}robots.txt", status=200, body=robots)
    if not homes:
        for lease in frontier.lease(frontier._now(), limit=99):
            assert lease.role is Role.HOME
            fetch(frontier, lease)


def fetch(frontier: Frontier, lease: Lease, **kept: object) -> None:
    frontier.exchanged(lease, status=200)
    kept.setdefault("payload_digest", f"sha1:{lease.id}")
    frontier.complete([TestKept(lease.id, url=lease.url, **kept)], warc="w.warc.gz", length=10)  # type: ignore[arg-type]


def drain(frontier: Frontier, clock: HandClock, limit: int = 1000) -> list[str]:
    """Fetch what is due, one after the other, and return the URLs in order."""
    out = []
    while len(out) < limit and (leases := frontier.lease(clock.epoch)):
        out.append(leases[0].url)
        fetch(frontier, leases[0])
    return out


# -- what is known


def test_a_url_is_known_by_its_key(frontier: Frontier) -> None:
    ready(frontier)
    first = frontier.add([candidate("https://news.example/a"), candidate("https://news.example/b")])
    again = frontier.add([candidate("http://www.news.example/a/"), candidate("https://news.example/c")])
    assert first.new == ("https://news.example/a", "https://news.example/b")
    assert (again.new, again.known) == (("https://news.example/c",), 1)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (candidate("https://other.example.org/a"), "out-of-scope"),
        (candidate("https://other.org/feed", role=Role.FEED), "out-of-scope"),  # a feed that a page names: not a person
        (candidate("https://news.example/" + "a" * 2000), "url-too-long"),
        (candidate("https://news.example/a", hops=21), "too-many-redirects"),
        (candidate("https://news.example/a", source="gone"), "unknown-source"),
        (candidate("ftp://news.example/a"), "not-a-url"),
        (candidate("https://news.example/\ud800"), "not-a-url"),
        (candidate("https://other.org/feed", role=Role.FEED, via=Via.CONFIG), None),  # sources.toml names it
        (candidate("https://cdn.org/map.xml", role=Role.SITEMAP, via=Via.ROBOTS), None),  # robots.txt does
        (candidate("https://burner.org/feed", role=Role.FEED, via=Via.REDIRECT, hops=1), None),
        (candidate("https://anywhere.org/a", via=Via.USER), None),  # `morgue save`
        (candidate("https://sub.news.example/a"), None),  # the registered domain
        (candidate("https://news.example/" + "a" * 1979), None),  # 2,000 characters
        (candidate("https://news.example/a", hops=20), None),
    ],
)
def test_scope(frontier: Frontier, made: object, reason: str | None) -> None:
    ready(frontier)
    result = frontier.add([made])  # type: ignore[list-item]
    assert result.refused == ({reason: 1} if reason else {})
    assert len(result.new) == (0 if reason else 1)


def test_a_fact_said_again_is_not_kept_twice(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier)
    said = {"url": "https://news.example/a", "title": "Title", "published": "2026-05-01"}
    frontier.add([candidate(**said)])
    again = frontier.add([candidate(**said, seen_at=START + timedelta(hours=1))])
    other = frontier.add(
        [candidate(**said, found_on="https://news.example/other"), candidate(**(said | {"title": "New"}))]
    )
    assert (again.new_facts, other.new_facts) == (0, 2)
    (lease,) = frontier.lease(clock.epoch)
    assert sorted((fact.title, fact.found_on) for fact in lease.facts) == [
        ("New", "https://news.example/feed"),
        ("Title", "https://news.example/feed"),
        ("Title", "https://news.example/other"),
    ]


def test_a_feed_that_rewords_its_entries_does_not_fill_the_disk(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier)
    frontier.add(candidate("https://news.example/a", title=f"Title {n}") for n in range(200))
    (lease,) = frontier.lease(clock.epoch)
    assert len(lease.facts) == 50


def test_facts_go_with_the_capture_and_only_once(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier)
    frontier.add([candidate("https://news.example/a", title="T")])
    (lease,) = frontier.lease(clock.epoch)
    assert [fact.title for fact in lease.facts] == ["T"]
    fetch(frontier, lease)
    assert again(frontier, clock, 3601).facts == ()


def test_facts_of_a_failed_lease_wait_for_the_next(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier)
    frontier.add([candidate("https://news.example/a", title="T")])
    (lease,) = frontier.lease(clock.epoch)
    frontier.release([lease.id])
    (lease,) = frontier.lease(clock.epoch)
    assert [fact.title for fact in lease.facts] == ["T"]


def test_a_fact_learned_after_the_capture_is_a_late_one(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier)
    frontier.add([candidate("https://news.example/a", title="T")])
    drain(frontier, clock)
    result = frontier.add([candidate("https://news.example/a", title="T2")])
    assert [(late.source, late.fact.title) for late in result.late_facts] == [("news", "T2")]
    assert [late.fact.title for late in frontier.late_facts()] == ["T2"]  # a kill here loses nothing
    frontier.facts_written(result.late_facts)
    assert frontier.late_facts() == ()
    assert frontier.add([candidate("https://news.example/a", title="T2")]).late_facts == ()


def test_a_fact_learned_while_the_url_is_out_is_not_lost(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier)
    frontier.add([candidate("https://news.example/a", title="T")])
    (lease,) = frontier.lease(clock.epoch)
    frontier.add([candidate("https://news.example/a", title="T2")])
    assert frontier.late_facts() == ()  # not on the shelf yet
    fetch(frontier, lease)
    assert [late.fact.title for late in frontier.late_facts()] == ["T2"]


def test_facts_survive_json() -> None:
    fact = candidate("https://news.example/\u65b0", title="\ud83d broken \u0000", published="yesterday").fact
    assert fact_from_json(fact_to_json(fact)) == fact
    assert fact_digest(fact) == fact_digest(fact_from_json(fact_to_json(fact)))


# -- whose turn it is


def test_listings_first_then_the_newest(frontier: Frontier, clock: HandClock) -> None:
    source = TestSource("news", "https://news.example/", feeds=("https://news.example/rss",))
    ready(frontier, source, homes=True)
    frontier.add(
        [
            candidate("https://news.example/old", published="2026-04-01T00:00:00Z"),
            candidate("https://news.example/new", published="Fri, 01 May 2026 05:59:00 GMT"),
            candidate("https://news.example/undated"),
            candidate("https://news.example/future", published="2031-01-01"),  # no later than when it was seen
            candidate("https://news.example/mapped", lastmod="2026-04-20"),
        ]
    )
    order = [url.rpartition("/")[2] for url in drain(frontier, clock)]
    assert sorted(order[:2]) == ["", "rss"]
    assert order[2:] == ["future", "new", "undated", "mapped", "old"]


def test_one_lease_per_politeness_key(frontier: Frontier, clock: HandClock) -> None:
    sources = [TestSource(name, f"https://{name}.example/") for name in ("a", "b", "c")]
    ready(frontier, *sources)
    for name in "abc":
        frontier.add(candidate(f"https://{name}.example/{n}", source=name) for n in range(5))
    leases = frontier.lease(clock.epoch, limit=99)
    assert sorted(lease.key for lease in leases) == ["a.example", "b.example", "c.example"]
    assert frontier.lease(clock.epoch, limit=99) == []  # all three are in flight
    frontier.exchanged(leases[0], status=200)
    (after,) = frontier.lease(clock.epoch, limit=99)
    assert after.key == leases[0].key
    assert after.id != leases[0].id  # not completed yet, and not leased again


def test_busy_keys_are_passed_over_and_come_back(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier, TestSource("a", "https://a.example/"), TestSource("b", "https://b.example/"))
    frontier.add([candidate("https://a.example/1", source="a"), candidate("https://b.example/1", source="b")])
    assert [lease.source for lease in frontier.lease(clock.epoch, limit=9, busy_keys={"a.example"})] == ["b"]
    assert [lease.source for lease in frontier.lease(clock.epoch, limit=9)] == ["a"]


def test_no_source_starves_another(frontier: Frontier, clock: HandClock) -> None:
    big = [TestSource("big", "https://big.example/"), TestSource("small", "https://small.example/")]
    ready(frontier, *big)
    frontier.add(
        candidate(f"https://big.example/{n}", source="big", published="2026-05-01T05:00:00Z") for n in range(50)
    )
    frontier.add(candidate(f"https://small.example/{n}", source="small", published="2020-01-01") for n in range(3))
    order = [url.split("/")[2].split(".")[0] for url in drain(frontier, clock, limit=8)]
    assert order[:6].count("small") == 3
    assert order[6:] == ["big", "big"]


def test_sources_that_share_a_key_take_turns(frontier: Frontier, clock: HandClock) -> None:
    ready(
        frontier,
        TestSource("a", "https://a.example/", politeness_key="host-1"),
        TestSource("b", "https://b.example/", politeness_key="host-1", delay=3.0),
    )
    clock.pass_time(10)
    for lease in frontier.lease(clock.epoch, limit=9):  # the second home page rested
        fetch(frontier, lease)
    clock.pass_time(10)
    frontier.add(candidate(f"https://a.example/{n}", source="a", published="2026-05-01") for n in range(4))
    frontier.add(candidate(f"https://b.example/{n}", source="b", published="2020-05-01") for n in range(2))
    order = []
    for _ in range(4):
        (lease,) = frontier.lease(clock.epoch, limit=9)
        order.append(lease.source)
        fetch(frontier, lease)
        assert frontier.lease(clock.epoch) == []  # the longer of the two delays holds for the key
        clock.pass_time(3.0)
    assert order.count("b") == 2


def test_only_some_sources(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier, TestSource("a", "https://a.example/"), TestSource("b", "https://b.example/"))
    frontier.add([candidate("https://a.example/1", source="a"), candidate("https://b.example/1", source="b")])
    assert [lease.source for lease in frontier.lease(clock.epoch, limit=9, sources=["b"])] == ["b"]
    assert [lease.source for lease in frontier.lease(clock.epoch, limit=9)] == ["a"]


def test_removed_sources_are_kept_and_not_leased(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier)
    frontier.add([candidate("https://news.example/a")])
    frontier.sync_sources([])
    assert frontier.lease(clock.epoch) == []
    assert frontier.stats().urls == 2
    frontier.sync_sources([NEWS])
    assert [lease.url for lease in frontier.lease(clock.epoch)] == ["https://news.example/a"]


@pytest.mark.parametrize("between", [False, True])  # whether a crawl ran while neither was there
def test_a_source_renamed_by_hand_takes_its_urls_along(frontier: Frontier, clock: HandClock, *, between: bool) -> None:
    ready(frontier)
    frontier.add([candidate("https://news.example/a")])
    if between:
        frontier.sync_sources([])
    frontier.sync_sources([TestSource("paper", "https://news.example/"), TestSource("b", "https://b.example/")])
    (lease,) = frontier.lease(clock.epoch, sources={"paper"})
    assert (lease.url, lease.source) == ("https://news.example/a", "paper")


def test_what_a_switched_off_source_knew_goes_to_the_one_that_names_it_now(
    frontier: Frontier, clock: HandClock
) -> None:
    off = TestSource("news", "https://news.example/", enabled=False)
    ready(frontier)
    frontier.add([candidate("https://news.example/a"), candidate("https://news.example/b")])
    frontier.sync_sources([off, TestSource("other", "https://news.example/sport")])
    frontier.add([candidate("https://news.example/a", source="other"), candidate("https://news.example/b")])
    fetch(frontier, frontier.lease(clock.epoch)[0])  # other's home page
    assert drain(frontier, clock) == ["https://news.example/a"]


def test_a_new_politeness_key_takes_the_urls_along(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier)
    frontier.add([candidate("https://news.example/a")])
    frontier.sync_sources([TestSource("news", "https://news.example/", politeness_key="cdn")])
    (lease,) = frontier.lease(clock.epoch)
    assert (lease.url, lease.key) == ("https://news.example/a", "cdn")
    frontier.release([lease.id])
    frontier.sync_sources([NEWS])
    (lease,) = frontier.lease(clock.epoch)
    assert lease.key == "news.example"


# -- manners


def test_the_gap_counts_from_the_end(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier, TestSource("news", "https://news.example/", delay=5.0))
    clock.pass_time(5)
    frontier.add(candidate(f"https://news.example/{n}") for n in range(3))
    (lease,) = frontier.lease(clock.epoch)
    clock.pass_time(20)  # a slow answer
    assert frontier.lease(clock.epoch) == []
    fetch(frontier, lease)
    clock.pass_time(4.9)
    assert frontier.lease(clock.epoch) == []
    assert frontier.next_ready() == pytest.approx(0.1)
    clock.pass_time(0.11)
    assert len(frontier.lease(clock.epoch)) == 1


def test_a_slow_server_is_asked_less_often_where_nobody_set_a_delay(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier, TestSource("news", "https://news.example/", delay=None))
    frontier.add([candidate(f"https://news.example/{number}") for number in range(4)])
    for seconds, gap in ((0.1, 1.0), (4.1, 5 * (0.1 + 4.0 / 4)), (60.0, 30.0)):
        clock.pass_time(60.0)
        (lease,) = frontier.lease(clock.epoch)
        frontier.exchanged(lease, status=200, seconds=seconds)
        assert frontier.next_ready() == pytest.approx(gap)


def test_crawl_delay_counts_from_the_robots_txt_on(frontier: Frontier, clock: HandClock) -> None:
    frontier.sync_sources([NEWS])
    (robots,) = frontier.lease(clock.epoch)
    frontier.store_robots(robots.url, status=200, body=b"User-agent: *\nCrawl-delay: 7\n")
    fetch(frontier, robots)
    assert frontier.lease(clock.epoch) == []
    clock.pass_time(6.9)
    assert frontier.lease(clock.epoch) == []
    clock.pass_time(0.2)
    (home,) = frontier.lease(clock.epoch)
    assert home.role is Role.HOME


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_promises_to_a_host_outlive_the_run_in_real_time(tmp_path: Path, clock: HandClock, how: str) -> None:
    path = tmp_path / "crawl.db"
    first = Frontier(path, clock, names=Names())
    ready(first)
    first.add(candidate(f"https://news.example/{n}") for n in range(3))
    (lease,) = first.lease(clock.epoch)
    first.exchanged(lease, status=503, headers=[("Retry-After", "100")])
    if how == "closed":
        first.close()
    clock.jump(86400 * 30)  # MORGUE_NOW: a month later, and not a second
    clock.mono = 5.0  # another process
    with Frontier(path, clock, names=Names()) as second:
        assert second.lease(clock.epoch) == []
        clock.pass_time(99)
        assert second.lease(clock.epoch) == []
        clock.pass_time(1.1)
        assert len(second.lease(clock.epoch)) == 1
    if how == "killed":
        first._core.conn.close()


def test_the_gap_is_kept_before_the_request_goes_out(tmp_path: Path, clock: HandClock) -> None:
    path = tmp_path / "crawl.db"
    killed = Frontier(path, clock, names=Names())
    ready(killed, TestSource("news", "https://news.example/", delay=30.0))
    clock.pass_time(30)
    killed.add(candidate(f"https://news.example/{n}") for n in range(3))
    assert len(killed.lease(clock.epoch)) == 1
    clock.pass_time(1)
    with Frontier(path, clock, names=Names()) as second:
        assert second.lease(clock.epoch) == []
        clock.pass_time(29.1)
        assert len(second.lease(clock.epoch)) == 1
    killed._core.conn.close()


def test_a_wrong_machine_clock_does_not_close_a_host_for_years(tmp_path: Path, clock: HandClock) -> None:
    path = tmp_path / "crawl.db"
    with Frontier(path, clock, names=Names()) as first:
        ready(first)
        first.add([candidate("https://news.example/a")])
        (lease,) = first.lease(clock.epoch)
        first.exchanged(lease, status=503, headers=[("Retry-After", "60")])
    clock.unix -= 86400 * 3650
    for _ in range(3):  # short runs, as cron starts them: none of them lives to see a day pass
        with Frontier(path, clock, names=Names()) as short:
            assert short.lease(clock.epoch) == []
        clock.pass_time(8 * 3600)
    clock.pass_time(1)
    with Frontier(path, clock, names=Names()) as last:
        assert last.lease(clock.epoch) != []


# -- robots.txt


def test_robots_txt_comes_first_and_its_pages_wait(frontier: Frontier, clock: HandClock) -> None:
    frontier.sync_sources([NEWS])
    (robots,) = frontier.lease(clock.epoch, limit=9)
    assert (robots.url, robots.role) == ("https://news.example/robots.txt", Role.ROBOTS)
    frontier.exchanged(robots, status=200)
    assert frontier.lease(clock.epoch, limit=9) == []  # fetched, and not read yet
    frontier.store_robots(robots.url, status=200, body=b"User-agent: *\nDisallow: /private\n")
    (home,) = frontier.lease(clock.epoch, limit=9)
    assert home.role is Role.HOME


def test_what_robots_txt_disallows_is_put_off_for_a_day(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier, robots=b"User-agent: *\nDisallow: /private\n")
    frontier.add([candidate("https://news.example/private/a"), candidate("https://news.example/b", published="2020")])
    assert drain(frontier, clock) == ["https://news.example/b"]
    assert frontier.stats().reasons == {"robots": 1}
    clock.pass_time(86401)
    (robots,) = frontier.lease(clock.epoch)
    assert robots.role is Role.ROBOTS  # a day old: read again
    frontier.store_robots(robots.url, status=404)
    fetch(frontier, robots, status=404)
    assert "https://news.example/private/a" in drain(frontier, clock)


@pytest.mark.parametrize("status", [500, 503, 429, None])
def test_an_unreachable_robots_txt_closes_the_site_for_now(
    frontier: Frontier, clock: HandClock, status: int | None
) -> None:
    frontier.sync_sources([NEWS])
    for pause, shut in ((600, 599), (3600, 3599)):
        (robots,) = frontier.lease(clock.epoch)
        frontier.store_robots(robots.url, status=status)
        frontier.complete([TestKept(robots.id, status=status, error=None if status else "timeout")])
        assert frontier.lease(clock.epoch) == []
        assert frontier.stats().reasons["robots-unreachable"] == 1
        clock.pass_time(shut)
        assert frontier.lease(clock.epoch) == []
        clock.pass_time(pause - shut + 0.1)
    (robots,) = frontier.lease(clock.epoch)
    frontier.store_robots(robots.url, status=200)
    fetch(frontier, robots)
    assert drain(frontier, clock) == ["https://news.example/"]


def test_a_robots_txt_that_nobody_read_counts_as_unreachable(frontier: Frontier, clock: HandClock) -> None:
    frontier.sync_sources([NEWS])
    (robots,) = frontier.lease(clock.epoch)
    fetch(frontier, robots, status=200)  # completed without store_robots
    assert frontier.lease(clock.epoch) == []
    assert frontier.stats().reasons == {"robots-unreachable": 1}


def test_a_redirected_robots_txt_is_followed_to_another_host(frontier: Frontier, clock: HandClock) -> None:
    frontier.sync_sources([NEWS])
    (first,) = frontier.lease(clock.epoch)
    frontier.store_robots(first.url, status=301, moved_to="https://cdn.other/r/news.txt")
    frontier.exchanged(first, status=301)
    (second,) = frontier.lease(clock.epoch)
    assert (second.url, second.key, second.role) == ("https://cdn.other/r/news.txt", "cdn.other", Role.ROBOTS)
    frontier.store_robots(second.url, status=200, body=b"User-agent: *\nDisallow: /p\n")
    frontier.complete([TestKept(first.id, status=301), TestKept(second.id)])
    frontier.add([candidate("https://news.example/p"), candidate("https://news.example/q")])
    assert sorted(drain(frontier, clock)) == ["https://news.example/", "https://news.example/q"]


def test_a_robots_txt_that_redirects_in_a_circle_is_none(frontier: Frontier, clock: HandClock) -> None:
    frontier.sync_sources([NEWS])
    (robots,) = frontier.lease(clock.epoch)
    frontier.store_robots(robots.url, status=301, moved_to=robots.url)
    fetch(frontier, robots, status=301)
    assert drain(frontier, clock) == ["https://news.example/"]


def test_http_and_https_have_each_their_robots_txt(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier)
    frontier.add([candidate("http://news.example/plain")])
    (robots,) = frontier.lease(clock.epoch)
    assert robots.url == "http://news.example/robots.txt"


def test_robots_txt_is_asked_conditionally_only_while_its_text_is_here(frontier: Frontier, clock: HandClock) -> None:
    frontier.sync_sources([NEWS])
    (robots,) = frontier.lease(clock.epoch)
    frontier.store_robots(robots.url, status=200, body=b"User-agent: *\nDisallow: /p\n")
    fetch(frontier, robots, etag='"1"')
    drain(frontier, clock)
    clock.pass_time(86401)
    (robots,) = frontier.lease(clock.epoch)
    assert (robots.role, robots.etag) == (Role.ROBOTS, '"1"')
    read = frontier.store_robots(robots.url, status=304)
    fetch(frontier, robots, status=304, payload_digest=None)
    assert not read.allowed("https://news.example/p")
    clock.pass_time(86401)
    (robots,) = frontier.lease(clock.epoch)
    frontier.store_robots(robots.url, status=500)
    fetch(frontier, robots, status=500, payload_digest=None)
    clock.pass_time(601)
    (robots,) = frontier.lease(clock.epoch)
    assert (robots.role, robots.etag) == (Role.ROBOTS, None)


# -- what became of it


def test_validators_and_what_a_revisit_refers_to(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier)
    frontier.add([candidate("https://news.example/a")])
    (lease,) = frontier.lease(clock.epoch)
    assert (lease.etag, lease.last_modified, lease.previous, lease.attempt) == (None, None, None, 1)
    fetch(frontier, lease, etag='"1"', last_modified="Fri", payload_digest="sha1:A", captured_at=START)
    lease = again(frontier, clock, 3601)
    assert lease.previous is not None
    assert (lease.etag, lease.last_modified, lease.previous.payload_digest) == ('"1"', "Fri", "sha1:A")
    # 304 without validators of its own keeps them
    fetch(frontier, lease, status=304, payload_digest="sha1:EMPTY")
    lease = again(frontier, clock, 6 * 3600 + 1)
    assert lease.previous is not None
    assert (lease.etag, lease.previous.payload_digest, lease.previous.captured_at) == ('"1"', "sha1:A", START)
    # cut: no validators next time, and the whole body stays what revisits refer to
    fetch(frontier, lease, etag='"2"', payload_digest="sha1:CUT", truncated="length")
    lease = again(frontier, clock, 601)
    assert lease.previous is not None
    assert (lease.etag, lease.last_modified, lease.previous.payload_digest) == (None, None, "sha1:A")
    assert lease.attempt == 2


def test_the_same_body_again_refers_to_the_first_capture(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier)
    frontier.add([candidate("https://news.example/a")])
    (lease,) = frontier.lease(clock.epoch)
    fetch(frontier, lease, payload_digest="sha1:A", captured_at=START)
    lease = again(frontier, clock, 3601)
    fetch(frontier, lease, payload_digest="sha1:A", captured_at=START + timedelta(hours=1), etag='"n"')
    lease = again(frontier, clock, 6 * 3600 + 1)
    assert lease.previous is not None
    assert (lease.previous.captured_at, lease.etag) == (START, '"n"')


def again(frontier: Frontier, clock: HandClock, seconds: float) -> Lease:
    """Let time pass and return the lease of /a; everything else that is due meanwhile is answered with 304."""
    clock.pass_time(seconds)
    while True:
        (lease,) = frontier.lease(clock.epoch)
        if lease.url.endswith("/a"):
            return lease
        if lease.role is Role.ROBOTS:
            frontier.store_robots(lease.url, status=200)
        fetch(frontier, lease, status=304, payload_digest=None)


def test_errors_have_their_reason_and_come_back(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier)
    frontier.add([candidate("https://news.example/a")])
    (lease,) = frontier.lease(clock.epoch)
    frontier.complete([TestKept(lease.id, status=None, error="timeout")])
    assert frontier.stats().reasons == {"timeout": 1}
    assert frontier.lease(clock.epoch) == []
    assert frontier.next_due() == pytest.approx(clock.epoch + 600)
    clock.pass_time(601)
    (lease,) = frontier.lease(clock.epoch)
    assert lease.attempt == 2
    fetch(frontier, lease)
    assert frontier.stats().reasons == {}


def test_listings_of_two_spellings_of_a_host_are_two(frontier: Frontier) -> None:
    frontier.sync_sources([TestSource("a", "http://news.example/"), TestSource("b", "http://www.news.example/")])
    assert frontier.stats().urls == 2  # the two hosts may name other pages, though a page of both is one


def test_a_redirect_to_another_spelling_moves_the_url_on(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier)
    frontier.add([candidate("http://news.example/a")])
    for robots_url in ("http://news.example/robots.txt", "https://www.news.example/robots.txt"):
        frontier.store_robots(robots_url, status=404)
    (lease,) = frontier.lease(clock.epoch)
    target = candidate("https://www.news.example/a", via=Via.REDIRECT, found_on=lease.url, hops=1)
    assert frontier.add([target]).known == 1
    before = frontier.stats().urls
    fetch(frontier, lease, status=301)
    (lease,) = frontier.lease(clock.epoch)
    assert (lease.url, lease.role, lease.hops) == ("https://www.news.example/a", Role.PAGE, 1)
    fetch(frontier, lease)
    assert frontier.stats().urls == before


def test_a_redirect_added_after_the_lease_was_completed_is_followed_too(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier)
    frontier.add([candidate("https://news.example/a/")])
    (lease,) = frontier.lease(clock.epoch)
    fetch(frontier, lease, status=301)
    frontier.add([candidate("https://news.example/a", via=Via.REDIRECT, found_on=lease.url, hops=1)])
    assert drain(frontier, clock) == ["https://news.example/a"]


def test_a_redirect_loop_between_two_spellings_ends(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier)
    frontier.add([candidate("https://news.example/a")])
    fetched = 0
    refused: dict[str, int] = {}
    while (leases := frontier.lease(clock.epoch)) and fetched < 100:
        (lease,) = leases
        fetched += 1
        other = lease.url.rstrip("/") if lease.url.endswith("/") else lease.url + "/"
        hop = candidate(other, via=Via.REDIRECT, found_on=lease.url, hops=lease.hops + 1)
        refused |= frontier.add([hop]).refused
        fetch(frontier, lease, status=302)
    assert fetched == 21
    assert refused == {"too-many-redirects": 1}


def test_a_redirect_chain_without_an_end_has_its_reason_and_is_tried_again(
    frontier: Frontier, clock: HandClock
) -> None:
    ready(frontier)
    frontier.add([candidate("https://news.example/a", hops=20)])
    (lease,) = frontier.lease(clock.epoch)
    fetch(frontier, lease, status=302)
    state = frontier.look_up(lease.url)
    assert state is not None
    assert state.reason == "too-many-redirects"
    clock.pass_time(600)
    (lease,) = frontier.lease(clock.epoch)
    fetch(frontier, lease)
    state = frontier.look_up(lease.url)
    assert state is not None
    assert state.reason is None


def test_a_redirect_to_another_page_is_a_url_of_its_own(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier)
    frontier.add([candidate("https://news.example/a")])
    (lease,) = frontier.lease(clock.epoch)
    frontier.add([candidate("https://news.example/b", via=Via.REDIRECT, found_on=lease.url, hops=1)])
    fetch(frontier, lease, status=301)
    (lease,) = frontier.lease(clock.epoch)
    assert (lease.url, lease.hops, lease.depth) == ("https://news.example/b", 1, 1)
    fetch(frontier, lease)
    clock.pass_time(10 * 86400)
    frontier.store_robots("https://news.example/robots.txt", status=404)
    assert "https://news.example/a" not in drain(frontier, clock)


def test_what_a_person_asks_for_is_due_now(frontier: Frontier, clock: HandClock) -> None:
    ready(frontier)
    frontier.add([candidate("https://news.example/a"), candidate("https://news.example/b")])
    drain(frontier, clock)
    assert frontier.lease(clock.epoch) == []
    frontier.add([candidate("https://news.example/new", published="2026-05-01T05:59:59Z")])
    frontier.add([candidate("https://news.example/a", via=Via.USER, found_on="", published="2001-01-01")])
    assert [url.rpartition("/")[2] for url in drain(frontier, clock)] == ["a", "new"]


def test_feeds_learn_from_what_was_added(frontier: Frontier, clock: HandClock) -> None:
    source = TestSource("news", "https://news.example/", feeds=("https://news.example/feed",))
    ready(frontier, source, homes=True)
    frontier.add(candidate(f"https://news.example/{n}") for n in range(9))
    due = []
    for _ in range(2):
        while (leases := frontier.lease(clock.epoch)) and leases[0].role is not Role.FEED:
            fetch(frontier, leases[0])
        frontier.add(candidate(f"https://news.example/{n}") for n in range(9))
        fetch(frontier, leases[0], payload_digest=f"sha1:{clock.epoch}")
        row = frontier._core.conn.execute("SELECT next_at FROM urls WHERE role = 'feed'").fetchone()
        due.append(row[0] - clock.epoch)
        clock.pass_time(due[-1] + 1)
    assert due == [3600, 5400]  # the second time all nine were known


# -- runs


def test_leases_of_a_dead_run_are_free_again(tmp_path: Path, clock: HandClock) -> None:
    path = tmp_path / "crawl.db"
    killed = Frontier(path, clock, names=Names())
    ready(killed)
    killed.add(candidate(f"https://news.example/{n}") for n in range(3))
    (lease,) = killed.lease(clock.epoch)
    killed.exchanged(lease, status=200)
    (second,) = killed.lease(clock.epoch)
    killed.complete([TestKept(second.id)], warc="w", length=7)
    with Frontier(path, clock, names=Names()) as opened:
        assert opened.durable_length("w") == 7
        assert len(drain(opened, clock)) == 2
        assert lease.url not in drain(opened, clock)
    killed._core.conn.close()


def test_all_due_is_for_one_run(tmp_path: Path, clock: HandClock) -> None:
    path = tmp_path / "crawl.db"
    with Frontier(path, clock, names=Names()) as first:
        ready(first)
        first.add(candidate(f"https://news.example/{n}") for n in range(4))
        drain(first, clock)
        before = first._core.conn.execute("SELECT id, next_at, state FROM urls ORDER BY id").fetchall()
        assert first.make_all_due() == 5
        assert len(first.lease(clock.epoch)) == 1
    with Frontier(path, clock, names=Names()) as second:
        assert second._core.conn.execute("SELECT id, next_at, state FROM urls ORDER BY id").fetchall() == before
        assert second.lease(clock.epoch) == []
        assert second.make_all_due() == 5
        assert len(drain(second, clock)) == 5
        assert second.lease(clock.epoch) == []


def test_all_due_ends_after_a_kill_too(tmp_path: Path, clock: HandClock) -> None:
    path = tmp_path / "crawl.db"
    killed = Frontier(path, clock, names=Names())
    ready(killed)
    killed.make_all_due()
    with Frontier(path, clock, names=Names()) as second:
        assert second.lease(clock.epoch) == []
    killed._core.conn.close()


def test_a_clock_set_back_makes_the_future_wait(tmp_path: Path, clock: HandClock) -> None:
    path = tmp_path / "crawl.db"
    with Frontier(path, clock, names=Names()) as first:
        ready(first, TestSource("news", "https://news.example/"))
        first.add(candidate(f"https://news.example/{n}") for n in range(4))
        drain(first, clock)
        clock.jump(7200)
        assert len(first.lease(clock.epoch)) == 1  # promotes all four
    clock.jump(-7200)
    with Frontier(path, clock, names=Names()) as second:
        assert second.lease(clock.epoch) == []


def test_a_newer_database_is_refused(tmp_path: Path, clock: HandClock) -> None:
    path = tmp_path / "crawl.db"
    Frontier(path, clock, names=Names()).close()
    conn = sqlite3.connect(path)
    conn.execute("PRAGMA user_version=99")
    conn.close()
    with pytest.raises(SchemaTooNewError, match="newer Morgue"):
        Frontier(path, clock, names=Names())


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be one" * 50, None])
def test_what_is_no_database_is_said_so(tmp_path: Path, clock: HandClock, content: bytes | None) -> None:
    path = tmp_path / "crawl.db"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(DatabaseError, match="rebuild --frontier"):
        Frontier(path, clock, names=Names())


def test_unknown_results_are_passed_over(frontier: Frontier) -> None:
    ready(frontier)
    assert frontier.complete([TestKept(999)], warc="w", length=3) == 0
    assert frontier.durable_length("w") == 3


def test_a_robots_txt_whose_rules_outlived_its_record_is_asked_again(tmp_path: Path, clock: HandClock) -> None:
    """Rules hold at once, their record is durable a second later: a kill in between must not cost record and sitemaps."""
    robots = "https://news.example/robots.txt"
    for kept in (False, True):
        with Frontier(tmp_path / "crawl.db", clock, names=Names()) as frontier:
            frontier.sync_sources([TestSource("news", "https://news.example/")])
            [lease] = frontier.lease(clock.epoch)
            assert (lease.url, lease.role) == (robots, Role.ROBOTS)
            frontier.store_robots(robots, status=200, body=b"Sitemap: https://news.example/map.xml")
            frontier.exchanged(lease, status=200)
            if kept:
                frontier.complete([TestKept(lease.id, lease.url)], warc="a", length=1)
        clock.pass_time(1.0)
    with Frontier(tmp_path / "crawl.db", clock, names=Names()) as frontier:
        assert [lease.role for lease in frontier.lease(clock.epoch)] == [Role.HOME]


def test_a_host_gives_so_many_pages_a_day_and_goes_on_tomorrow(tmp_path: Path, clock: HandClock) -> None:
    source = TestSource("news", "https://news.example/", pages_per_day=3)
    pages = [f"https://news.example/{number}" for number in range(5)]
    with Frontier(tmp_path / "crawl.db", clock, names=Names()) as today:
        ready(today, source)
        today.add([candidate(url) for url in pages])
        fetched = fetch_all(today, clock)
        assert len(fetched) == 3
        reasons = {state.reason for url in pages if url not in fetched and (state := today.look_up(url))}
        assert reasons == {"day-limit"}
        today.add([candidate("https://news.example/asked", via=Via.USER, found_on="")])
        assert fetch_all(today, clock) == ["https://news.example/asked"]  # a person is not kept waiting
    with Frontier(tmp_path / "crawl.db", clock, names=Names()) as later:  # the next run of the day knows
        later.add([candidate("https://news.example/new")])
        assert fetch_all(later, clock) == []
        clock.jump(86400.0)
        later.store_robots("https://news.example/robots.txt", status=200)
        assert len([url for url in fetch_all(later, clock) if url != "https://news.example/"]) == 3


def test_listings_are_fetched_whole_again_when_other_pages_are_wanted(frontier: Frontier, clock: HandClock) -> None:
    """A 304 would hide what the feed named before, and what only now is wanted of it."""
    before = TestSource("news", "https://news.example/", exclude=("/sport/",))
    ready(frontier, before, homes=True)
    (home,) = frontier.lease(clock.epoch)
    fetch(frontier, home, etag='"1"')
    frontier.sync_sources([before])
    assert frontier.lease(clock.epoch) == []
    frontier.sync_sources([TestSource("news", "https://news.example/", exclude=())])
    (home,) = frontier.lease(clock.epoch)
    assert (home.role, home.etag) == (Role.HOME, None)


def fetch_all(frontier: Frontier, clock: HandClock) -> list[str]:
    """Fetch what is due until nothing is, and return the addresses."""
    urls = []
    while leases := frontier.lease(clock.epoch, limit=9):
        for lease in leases:
            fetch(frontier, lease)
            urls.append(lease.url)
    return urls
