"""What pages show, in a crawl: when it is asked for, how often, how much of it, and what it leads to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archive.model import Role, Via
from archive.sources import Source
from crawler import assets
from crawler.assets import Allowance, page_of
from crawler.frontier import Frontier, Lease
from crawler.politeness import asset_gap
from crawler.pump import Pump
from crawler.recheck import ASSET_FRESH, DAY, HOUR, MINUTE
from tests.crawl_bench import Bench, open_bench
from tests.frontier_kit import HandClock, TestSource, candidate

SOURCE = Source(name="news", url="https://news.example/", delay=0.0, assets="page")
HOME, CDN = "https://news.example/", "https://cdn.example/"
HTML, CSS, PNG = "Content-Type: text/html", "Content-Type: text/css", "Content-Type: image/png"
Files = dict[str, tuple[int, str, str]]  # address -> status, header line, body


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with open_bench(tmp_path, SOURCE) as bench:
        yield bench


def serve(bench: Bench, files: Files) -> list[str]:
    """Answer all that is due, what there is no file for with 404; return what was asked for but for robots.txt files."""
    asked = []
    while leases := bench.frontier.lease(bench.clock.epoch):
        (lease,) = leases
        status, line, body = files.get(lease.url, (404, "X: y", ""))
        bench.answer(lease, status, line, body=body.encode())
        if lease.role is not Role.ROBOTS and lease.url != HOME:
            asked.append(lease.url)
    return asked


def pages(bench: Bench, *urls: str, day: int = 1) -> None:
    """Let a feed name these pages, the first as the newest."""
    bench.frontier.add(
        candidate(url, published=f"2026-04-{28 - number:02}T00:00:00Z") for number, url in enumerate(urls, day)
    )


def shown(*files: str) -> tuple[int, str, str]:
    return 200, HTML, "".join(f"<img src='{file}'>" for file in files)


def test_pages_come_first_and_then_what_the_newest_shows(bench: Bench) -> None:
    serve(bench, {})
    pages(bench, HOME + "old", HOME + "older", day=10)
    bench.answer(bench.lease(HOME + "old"), 200, HTML, body=b"<img src=/1.png>")
    pages(bench, HOME + "new")
    files: Files = {HOME + "new": shown("/2.png"), HOME + "older": shown("/0.png")}
    assert serve(bench, files) == [HOME + name for name in ("new", "older", "2.png", "1.png", "0.png")]


def test_style_sheets_lead_on_and_all_of_it_is_asked_for_once(bench: Bench) -> None:
    serve(bench, {})
    pages(bench, HOME + "a", HOME + "b")
    files: Files = {
        HOME + "a": (200, HTML, f"<link rel=stylesheet href=/m.css><img src={CDN}p.png><img src=/m.png>"),
        HOME + "b": (200, HTML, f"<link rel=stylesheet href=/m.css><img src={CDN}p.png>"),
        HOME + "m.css": (200, CSS, "@import 'm2.css'; a{background:url(/bg.png)}"),
        HOME + "m2.css": (
            200,
            CSS,
            "@import 'm.css'; @import 'm2.css'; a{background:url(/bg.png)}",
        ),  # round in circles
        HOME + "bg.png": (200, PNG, "@import 'not-a-sheet.css'"),
        HOME + "m.png": (302, f"Location: {CDN}moved.png", ""),
    }
    expected = [HOME + name for name in ("a", "b", "m.css", "m.png", "m2.css", "bg.png")] + [
        CDN + "p.png",
        CDN + "moved.png",
    ]
    assert sorted(serve(bench, files)) == sorted(expected)


def test_the_record_says_for_which_page_it_was_asked(bench: Bench) -> None:
    pages(bench, HOME + "a")
    bench.answer(bench.lease(HOME + "a"), 200, HTML, body=b"<link rel=stylesheet href=/m.css><img src=/m.png>")
    sheet = bench.lease(HOME + "m.css")
    assert [(fact.via, fact.found_on) for fact in sheet.facts] == [(Via.ASSET, HOME + "a")]
    bench.answer(sheet, 200, CSS, body=b"a{background:url(/bg.png)}")
    assert page_of(bench.lease(HOME + "bg.png")) == HOME + "a"


def test_a_redirects_target_is_for_the_same_page(bench: Bench) -> None:
    pages(bench, HOME + "a")
    bench.answer(bench.lease(HOME + "a"), 200, HTML, body=b"<img src=/m.png>")
    bench.answer(bench.lease(HOME + "m.png"), 301, f"Location: {CDN}m.png")
    lease = bench.lease(CDN + "m.png")
    assert (lease.role, page_of(lease)) == (Role.ASSET, HOME + "a")


@pytest.mark.parametrize(
    "source", [Source(name="news", url=HOME, delay=0.0), None], ids=["the default", "not any more"]
)
def test_nothing_is_asked_for_where_the_source_does_not_want_it(tmp_path: Path, source: Source | None) -> None:
    with open_bench(tmp_path, source or SOURCE) as bench:
        pages(bench, HOME + "a")
        bench.answer(bench.lease(HOME + "a"), 200, HTML, body=b"<img src=/m.png>")
        if source is not None:
            assert serve(bench, {}) == []
        else:  # it is known, and then sources.toml changes
            lease = bench.lease(HOME + "m.png")
            assert Allowance({"news": SOURCE}).refusal(lease) is None
            assert Allowance({"news": Source(name="news", url=HOME)}).refusal(lease) == "not-wanted"


def test_another_page_asks_again_only_after_a_month(bench: Bench) -> None:
    serve(bench, {})
    files: Files = {HOME + name: shown("/m.png", "/gone.png") for name in "abc"} | {HOME + "m.png": (200, PNG, "x")}
    pages(bench, HOME + "a")
    assert serve(bench, files) == [HOME + "a", HOME + "m.png", HOME + "gone.png"]
    bench.clock.pass_time(ASSET_FRESH - 10 * DAY)
    pages(bench, HOME + "b")
    assert {HOME + "m.png", HOME + "gone.png"}.isdisjoint(serve(bench, files))
    bench.clock.pass_time(10 * DAY)
    pages(bench, HOME + "c")
    asked = serve(bench, files)
    assert asked.count(HOME + "m.png") == asked.count(HOME + "gone.png") == 1


@pytest.mark.parametrize(
    ("status", "after"),
    [
        (200, []),
        (404, []),
        (403, []),
        (410, []),
        (503, [10 * MINUTE, 6 * HOUR, DAY]),
        (429, [10 * MINUTE, 6 * HOUR, DAY]),
    ],
)
def test_what_failed_by_accident_is_asked_for_a_few_times_more(bench: Bench, status: int, after: list[float]) -> None:
    serve(bench, {})
    pages(bench, HOME + "a")
    bench.answer(bench.lease(HOME + "a"), 200, HTML, body=f"<img src={CDN}m.png>".encode())
    bench.answer(bench.lease(CDN + "m.png"), status, PNG, body=b"x")
    waits = []
    while True:
        (row,) = bench.frontier._core.conn.execute("SELECT next_at FROM urls WHERE url = ?", (CDN + "m.png",))
        if row[0] is None:
            break
        waits.append(row[0] - bench.clock.epoch)
        bench.clock.pass_time(max(row[0] - bench.clock.epoch, 7300.0))  # longer than the host's own rest
        bench.answer(bench.lease(CDN + "m.png"), status, PNG, body=b"x")
    assert waits == after


def test_the_host_that_lends_is_asked_by_its_own_robots_txt(bench: Bench) -> None:
    serve(bench, {})
    pages(bench, HOME + "a")
    files: Files = {
        HOME + "a": shown(CDN + "no/1.png", CDN + "yes/1.png"),
        CDN + "robots.txt": (200, "Content-Type: text/plain", f"User-agent: *\nDisallow: /no/\nSitemap: {CDN}map.xml"),
    }
    assert serve(bench, files) == [HOME + "a", CDN + "yes/1.png"]  # and its sitemaps are not the paper's
    assert dict(bench.frontier.put_off) == {}
    bench.clock.pass_time(2 * DAY)
    assert CDN + "no/1.png" not in serve(bench, files)


def test_a_robots_txt_that_cannot_be_had_is_waited_for_a_week(bench: Bench) -> None:
    serve(bench, {})
    pages(bench, HOME + "a")
    files: Files = {HOME + "a": shown(CDN + "1.png"), CDN + "robots.txt": (503, "X: y", "")}
    days = 0
    while bench.frontier._core.conn.execute("SELECT state FROM urls WHERE url = ?", (CDN + "1.png",)).fetchone() != (
        2,
    ):
        serve(bench, files)
        bench.clock.pass_time(DAY)
        days += 1
        assert days < 10
    assert days == 9  # asked for on eight days, and then given up
    assert dict(bench.frontier.put_off) == {}


def test_what_is_shown_is_no_page_of_the_source(bench: Bench) -> None:
    serve(bench, {})
    count = bench.crawl.report.of_source("news")
    failures, discovered = dict(count.failures), count.discovered
    pages(bench, HOME + "a")
    serve(bench, {HOME + "a": shown("/1.png", CDN + "2.png"), HOME + "1.png": (200, PNG, "x")})
    assert (count.pages, count.assets, count.assets_failed) == (1, 1, 1)
    assert (dict(count.failures), count.discovered) == (failures, discovered)
    assert bench.frontier.make_all_due() == 1  # the page


def test_a_long_chain_of_imports_ends(bench: Bench) -> None:
    pages(bench, HOME + "a")
    files: Files = {HOME + "a": (200, HTML, "<link rel=stylesheet href=/0.css>")}
    files |= {HOME + f"{n}.css": (200, CSS, f"@import '{n + 1}.css';") for n in range(100)}
    asked = serve(bench, files)
    assert [url for url in asked if url.endswith("css")] == [HOME + f"{n}.css" for n in range(assets.MAX_STEPS + 1)]


def test_a_page_that_names_very_many_files_gets_some_of_them(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "MAX_ASSETS", 5)
    serve(bench, {})
    pages(bench, HOME + "a", HOME + "b")
    files: Files = {
        HOME + "a": (200, HTML, "<link rel=stylesheet href=/m.css>" + "".join(f"<img src=/{n}.png>" for n in range(3))),
        HOME + "b": shown("/other.png"),
        HOME + "m.css": (200, CSS, "".join(f"a{{background:url(/css{n}.png)}}" for n in range(1000))),
    }
    asked = serve(bench, files)
    assert sorted(asked) == sorted(
        HOME + each for each in ("a", "b", "m.css", "0.png", "1.png", "2.png", "css0.png", "other.png")
    )
    assert [problem["what"] for problem in bench.crawl.report.problems] == [
        "names more than 5 files to be shown with: the rest is not asked for"
    ]


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("Content-Encoding: gzip", b"\x1f\x8bbroken<img src=/m.png>"),
        ("Content-Type: application/pdf", b"<img src=/m.png>"),
    ],
)
def test_what_cannot_be_read_shows_nothing(bench: Bench, line: str, body: bytes) -> None:
    pages(bench, HOME + "a")
    bench.answer(bench.lease(HOME + "a"), 200, line, body=body)
    assert [url for url in bench.known() if url.endswith("png")] == []


def lease_of(page: str, url: str) -> Lease:
    fact = candidate(url, via=Via.ASSET, found_on=page).fact
    return Lease(
        id=1, url=url, source="news", role=Role.ASSET, key="k", hops=0, depth=0, attempt=1, fetches=0, facts=(fact,)
    )


def test_a_page_and_a_run_may_only_have_so_many_bytes() -> None:
    allowance = Allowance({"news": SOURCE})
    heavy, light = lease_of(HOME + "a", HOME + "1.png"), lease_of(HOME + "b", HOME + "2.png")
    allowance.spent(heavy, assets.MAX_PAGE_BYTES - 1)
    assert allowance.refusal(heavy) is None
    allowance.spent(heavy, 1)
    assert (allowance.refusal(heavy), allowance.refusal(light)) == ("page-limit", None)
    assert allowance.left
    allowance.spent(light, assets.MAX_RUN_BYTES)
    assert not allowance.left


@pytest.mark.parametrize("left", [True, False])
def test_the_pump_leaves_out_what_there_is_no_room_for(tmp_path: Path, left: bool) -> None:
    async def leased() -> list[str]:
        with Frontier(tmp_path / "crawl.db", HandClock()) as frontier:
            frontier.sync_sources([TestSource("news", HOME)])
            page = candidate(HOME + "a")
            files = [
                candidate(HOME + f"{n}.png", role=Role.ASSET, via=Via.ASSET, found_on=HOME + "a") for n in range(250)
            ]
            frontier.add([page, *files])
            pump = Pump(frontier, HandClock(), horizon=0)
            pump.refusal = lambda lease: (
                None if lease.role is not Role.ASSET or lease.url == HOME + "7.png" else "page-limit"
            )
            pump.assets_left = lambda: left
            urls = []
            async for lease in pump.leases():
                urls.append(lease.url)
                if lease.role is Role.ROBOTS:
                    frontier.store_robots(lease.url, status=404)
                pump.done(lease, status=200)
                kept: Any = _kept(lease)
                frontier.complete([kept])
            return urls

    urls = asyncio.run(leased())
    assert [url for url in urls if url.endswith("png")] == ([HOME + "7.png"] if left else [])
    assert HOME + "a" in urls


def _kept(lease: Lease) -> object:
    from tests.frontier_kit import TestKept

    return TestKept(lease_id=lease.id, url=lease.url)


@pytest.mark.parametrize(
    ("delay", "crawl_delay", "latency", "gap"),
    [
        (None, None, None, 0.1),
        (None, None, 0.5, 0.5),  # as long as the answer took
        (None, None, 90.0, 30.0),
        (None, 4.0, None, 4.0),  # what the site asks holds for its pictures
        (2.0, None, None, 2.0),  # … as does what a person wrote
        (0.0, None, 3.0, 0.0),
    ],
)
def test_the_rest_after_an_asset(
    delay: float | None, crawl_delay: float | None, latency: float | None, gap: float
) -> None:
    assert asset_gap(delay, crawl_delay, latency) == gap


def test_a_page_keeps_its_distance_from_the_page_before_and_a_picture_its_own(tmp_path: Path) -> None:
    clock = HandClock()
    with Frontier(tmp_path / "crawl.db", clock) as frontier:
        frontier.sync_sources([TestSource("news", HOME, delay=None)])
        frontier.add([candidate(HOME + "1.png", role=Role.ASSET, via=Via.ASSET, found_on=HOME + "a")])
        waits = []
        for role in (Role.ROBOTS, Role.HOME, Role.ASSET):
            while not (leases := frontier.lease(clock.epoch)):
                clock.pass_time(0.05)
            (lease,) = leases
            assert lease.role is role
            if role is Role.ROBOTS:
                frontier.store_robots(lease.url, status=404)
            frontier.exchanged(lease, status=200, seconds=0.02)
            kept: Any = _kept(lease)
            frontier.complete([kept])
            waits.append(frontier.next_ready())
            if role is Role.HOME:
                frontier.add([candidate(HOME + "2.png", role=Role.ASSET, via=Via.ASSET, found_on=HOME + "a")])
        assert waits == [pytest.approx(1.0), pytest.approx(1.0), pytest.approx(0.1)]
