"""What answers lead to: variants to their page, guesses once, the past only when it is asked for."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.model import Role, Via
from archive.sources import Source
from crawler.discovery.likeness import ShapeFacts
from tests.crawl_bench import Bench, exchange, open_bench
from tests.frontier_kit import candidate

HOME = "https://news.example/"
SOURCE = Source(name="news", url=HOME, delay=0.0, exclude=("/video/",))
VARIANT = "/amp/2026/05/tram-back-on-the-quai"
FEEDS = ("feed/", "rss.xml", "feed.xml")
ROBOTS = b"User-agent: *\nAllow: /\nSitemap: /maps.xml\n"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with open_bench(tmp_path, SOURCE) as bench:
        yield bench


def page(head: str) -> bytes:
    start = "" if head.startswith("<html") else "<html>"
    return f"{start}<head>{head}</head><body><p>Tram back on the Quai</p></body></html>".encode()


def index(*urls: str) -> bytes:
    return (
        b"<sitemapindex>"
        + b"".join(b"<sitemap><loc>%s</loc></sitemap>" % url.encode() for url in urls)
        + b"</sitemapindex>"
    )


def urlset(*pages: tuple[str, str | None]) -> bytes:
    rows = (f"<url><loc>{url}</loc>{f'<lastmod>{when}</lastmod>' if when else ''}</url>" for url, when in pages)
    return f"<urlset>{''.join(rows)}</urlset>".encode()


# -- variants


@pytest.mark.parametrize(
    ("url", "head", "leads_to"),
    [
        (VARIANT, '<link rel="canonical" href="/tram-back">', "https://news.example/tram-back"),
        (
            "/tram?outputType=amp",
            '<link rel="canonical" href="https://www.news.example/tram">',
            "https://www.news.example/tram",
        ),
        ("/a", '<html lang="en" amp><link rel="canonical" href="/b">', "https://news.example/b"),
        ("/tram-back/print", '<link rel=canonical href="/video/tram">', None),  # the source excludes it
        (VARIANT, '<link rel="canonical" href="https://other.example/tram">', None),  # recorded, not followed
        (VARIANT, '<link rel="canonical" href="/">', None),  # every page names the front page: a mistake
        ("/tram-back", '<link rel="canonical" href="/2026/tram-back">', None),  # no variant: the page itself is kept
        ("/a", '<meta http-equiv="refresh" content="0; url=/2026/b">', "https://news.example/2026/b"),
        ("/a", '<meta http-equiv="refresh" content="0; url=https://other.example/">', None),
        ("/a", '<meta http-equiv="refresh" content="600">', None),
    ],
)
def test_where_a_page_sends_its_reader_on(bench: Bench, url: str, head: str, leads_to: str | None) -> None:
    start = "https://news.example" + url
    bench.frontier.add([candidate(start, published="2026-05-01", title="Tram back")])
    bench.answer(bench.lease(start), 200, body=page(head))
    usual = {start, HOME, *(HOME + path for path in ("robots.txt", "sitemap.xml", "news-sitemap.xml", *FEEDS))}
    assert bench.known() - usual == ({leads_to} if leads_to else set())


def test_what_was_said_of_a_variant_is_said_of_its_page(bench: Bench) -> None:
    start = "https://m.news.example/tram-back"
    bench.frontier.add([candidate(start, published="2026-05-01", title="Tram back")])
    bench.answer(bench.lease(start), 200, body=page('<link rel="canonical" href="https://news.example/tram-back">'))
    facts = bench.lease("https://news.example/tram-back").facts
    assert {(fact.via, fact.title, fact.published) for fact in facts} == {
        (Via.CANONICAL, None, None),
        (Via.FEED, "Tram back", "2026-05-01"),
    }


def test_a_long_page_is_not_left_for_its_refresh(bench: Bench) -> None:
    """Live pages reload themselves, and some go home after a while: that says nothing of where the text is."""
    bench.frontier.add([candidate("https://news.example/a")])
    head = '<meta http-equiv="refresh" content="300; url=/live">' + "<!-- x -->" * 500
    bench.answer(bench.lease("https://news.example/a"), 200, body=page(head))
    assert "https://news.example/live" not in bench.known()


# -- guesses


def test_where_nothing_is_named_the_usual_places_are_tried_once(bench: Bench) -> None:
    asked = bench.serve({HOME: page("")})
    guesses = {"sitemap.xml", "news-sitemap.xml", "feed/", "rss.xml", "feed.xml"}
    assert {url.removeprefix(HOME) for url in asked} == {"", *guesses}
    for _ in range(60):
        bench.clock.jump(86400.0)
        assert not guesses & {url.removeprefix(HOME) for url in bench.serve({HOME: page("")})}


def test_what_is_named_is_not_guessed(bench: Bench) -> None:
    head = '<link rel="alternate" type="application/rss+xml" href="/news.rss">'
    asked = bench.serve({HOME: page(head), HOME + "robots.txt": ROBOTS})
    assert {url.removeprefix(HOME) for url in asked} == {"robots.txt", "", "news.rss", "maps.xml"}


def test_a_good_guess_is_watched_as_any_other(bench: Bench) -> None:
    feed = b"<rss><channel><item><link>/2026/tram-back</link></item></channel></rss>"
    pages = {HOME: page(""), HOME + "rss.xml": feed, HOME + "2026/tram-back": page("")}
    assert HOME + "2026/tram-back" in bench.serve(pages)
    bench.clock.jump(2 * 3600.0)
    assert HOME + "rss.xml" in bench.serve(pages)


@pytest.mark.parametrize("answer", [b"<html><body>Page not found</body></html>", b""])
def test_a_guess_that_is_answered_with_something_else_was_wrong(bench: Bench, answer: bytes) -> None:
    pages = {HOME: page(""), HOME + "rss.xml": answer}
    assert HOME + "rss.xml" in bench.serve(pages)
    bench.clock.jump(40 * 86400.0)
    assert HOME + "rss.xml" not in bench.serve(pages)


def test_a_guess_that_leads_home_does_not_make_the_home_page_a_feed(bench: Bench) -> None:
    """Many sites send unknown addresses to their front page."""
    bench.answer(bench.lease(HOME), 200, body=page(""))
    bench.answer(bench.lease(HOME + "feed/"), 302, "Location: /")
    bench.serve({HOME: page("")})
    bench.clock.jump(40 * 86400.0)
    assert bench.serve({HOME: page("")}).count(HOME) == 1


def test_a_wrong_guess_that_somebody_names_later_is_asked_for(bench: Bench) -> None:
    bench.serve({HOME: page("")})
    bench.clock.jump(86400.0)
    head = '<link rel="alternate" type="application/rss+xml" href="/rss.xml">'
    assert HOME + "rss.xml" in bench.serve({HOME: page(head)})


def test_guesses_do_not_count_as_what_the_front_page_names(bench: Bench) -> None:
    """Else each visit would find most of it known, and the page be visited less and less."""
    bench.serve({HOME: page("")})
    bench.clock.jump(3700.0)
    bench.serve({HOME: page("")})
    (interval,) = bench.frontier._core.conn.execute(
        "SELECT interval FROM urls WHERE url = ? AND role = 'home'", (HOME,)
    ).fetchone()
    assert interval == 3600.0


# -- the past

MONTHS = [f"{HOME}map-{year}-{month:02}.xml" for year in (2024, 2025) for month in range(1, 13)]
PAST = {
    HOME: page('<link rel="alternate" type="application/rss+xml" href="/f">'),
    HOME + "robots.txt": ROBOTS,
    HOME + "maps.xml": index(*MONTHS),
    **{url: urlset((url.replace("map-", "story-").replace(".xml", "-a"), url[-11:-4] + "-15")) for url in MONTHS},
}


def test_a_crawl_leaves_the_past_alone(bench: Bench) -> None:
    asked = bench.serve(PAST)
    assert [url for url in asked if "map-" in url] == MONTHS[:-3:-1] or {url for url in asked if "map-" in url} == {
        *MONTHS[-2:]
    }
    bench.clock.jump(86400.0)
    assert not {*MONTHS[:-2]} & {*bench.serve(PAST)}


def test_the_past_that_a_robots_txt_names_is_left_alone_too(bench: Bench) -> None:
    robots = b"User-agent: *\nAllow: /\n" + b"".join(b"Sitemap: %s\n" % url.encode() for url in MONTHS)
    for _ in range(3):  # robots.txt is read anew each day
        asked = bench.serve({**PAST, HOME + "robots.txt": robots})
        assert not {*MONTHS[:-2]} & {*asked}
        bench.clock.jump(86400.0)


def test_a_backfill_goes_back_to_its_day_and_the_next_one_further(bench: Bench) -> None:
    bench.serve(PAST)
    since = datetime(2025, 6, 10, tzinfo=UTC)
    assert bench.frontier.wake_past(since.timestamp()) == 5  # June to October
    asked = bench.serve(PAST)
    assert {url for url in asked if "map-" in url} == {*MONTHS[17:22]}
    assert HOME + "story-2025-06-a" in asked
    bench.clock.jump(60 * 86400.0)
    assert not {*MONTHS[:22]} & {*bench.serve(PAST)}  # said once, it says the same for ever
    assert bench.frontier.wake_past(None) == 22
    assert {*MONTHS[:22]} <= {*bench.serve(PAST)}


def test_of_the_first_month_only_the_days_after_are_taken(tmp_path: Path) -> None:
    since = datetime(2025, 6, 10, tzinfo=UTC)
    with open_bench(tmp_path, SOURCE, since=since) as bench:
        bench.serve(PAST)
        bench.frontier.wake_past(since.timestamp())
        pages = PAST | {
            MONTHS[17]: urlset((HOME + "june-1", "2025-06-01"), (HOME + "june-20", "2025-06-20"), (HOME + "june", None))
        }
        asked = bench.serve(pages)
        assert {url for url in asked if "/june" in url} == {HOME + "june-20", HOME + "june"}
        assert bench.frontier.backfill_since() == since.timestamp()


# -- large listings


def test_a_large_sitemap_is_taken_in_steps(bench: Bench) -> None:
    lease = bench.lease(HOME)
    bench.answer(lease, 200, body=page(""))
    bench.frontier.add([candidate(HOME + "big.xml", role=Role.SITEMAP, via=Via.CONFIG, found_on="")])
    lease = bench.lease(HOME + "big.xml")
    body = urlset(*((f"{HOME}2026/05/{number}/story", "2026-05-01") for number in range(5000)))
    from crawler.consequences import Answer

    answer = Answer.of_exchange(exchange(lease.url, 200, "Content-Encoding: gzip", body=gzip.compress(body)))
    steps = list(bench.crawl._consequences.steps(lease, answer))
    assert sum(len(step.new) for step in steps) == 5000
    assert max(len(step.new) for step in steps) < 1500


def test_sitemap_indexes_do_not_nest_for_ever(bench: Bench) -> None:
    maps = {f"{HOME}{number}.xml": index(f"{HOME}{number + 1}.xml") for number in range(100)}
    asked = bench.serve({HOME: page(""), HOME + "robots.txt": ROBOTS.replace(b"maps", b"0"), **maps})
    assert HOME + "9.xml" in asked
    assert HOME + "20.xml" not in asked
    assert bench.crawl.report.refused["too-deep"] == 1


def test_a_calendar_without_an_end_is_left_and_the_report_says_so(bench: Bench) -> None:
    """Each of its pages links to the next two; the addresses look like those of dated articles."""
    days = {
        f"{HOME}termine/tag/2031{n // 28 + 1:02}{n % 28 + 1:02}.html": b"".join(
            b'<a href="/termine/tag/2031%02d%02d.html">Tag</a>' % (m // 28 + 1, m % 28 + 1) for m in (n + 1, n + 2)
        )
        for n in range(300)
    }
    front = page("") + b'<a href="/termine/tag/20310101.html">Termine</a><a href="/termine/">Termine</a>'
    listing = b"".join(b'<a href="%s">Tag</a>' % url.encode() for url in days)
    asked = bench.serve({HOME: front, HOME + "termine/": listing, HOME + "termine": listing, **days})
    assert 0 < len([url for url in asked if "/tag/" in url]) <= 24
    assert bench.crawl.report.refused["trap-calendar"] > 200


# -- what the site's articles look like


def test_links_are_judged_by_what_the_sites_articles_look_like(tmp_path: Path) -> None:
    """Two words that end in .html are the name of a section or a short headline: the site's own articles tell."""
    shapes = ShapeFacts.of(f"https://news.example/val/{word}-noir.html" for word in ("lac", "pont", "mur", "bois"))
    roles = {}
    for known in (None, shapes):
        (tmp_path / str(known is None)).mkdir()
        with open_bench(tmp_path / str(known is None), SOURCE, known=lambda _, known=known: known) as bench:
            bench.answer(bench.lease(HOME), 200, body=b'<a href="/val/pain-banal.html">Pain banal</a>')
            roles[known is None] = bench.lease(HOME + "val/pain-banal.html").role
    assert roles == {True: Role.SECTION, False: Role.PAGE}


def test_a_body_that_nobody_can_decode_is_asked_for_again_soon(bench: Bench) -> None:
    bench.frontier.add([candidate(HOME + "a")])
    bench.answer(bench.lease(HOME + "a"), 200, "Content-Encoding: gzip", body=gzip.compress(b"x" * 1000)[:-20])
    state = bench.frontier.look_up(HOME + "a")
    assert state is not None
    assert (state.reason, state.next_at) == ("undecodable", bench.clock.epoch + 600.0)
    assert "gzip" in bench.crawl.report.problems[-1]["what"]
