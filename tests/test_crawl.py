"""What a crawl sends, and what redirects lead to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from archive.model import Exchange, Role, Via
from archive.sources import Source
from crawler.capture import Capture
from crawler.crawl import Crawl
from crawler.frontier import Frontier, Lease
from crawler.report import RunReport
from tests.frontier_kit import START, HandClock, candidate

SOURCE = Source(
    name="news",
    url="https://news.example/",
    delay=0.0,
    language="cs",
    headers={"Cookie": "pass=secret"},
    exclude=("/video/",),
)


@dataclass
class Bench:
    """A crawl without a network."""

    crawl: Crawl
    frontier: Frontier
    clock: HandClock = field(default_factory=HandClock)

    def lease(self, url: str) -> Lease:
        while leases := self.frontier.lease(self.clock.epoch):
            if leases[0].url == url:
                return leases[0]
            self.answer(leases[0], 404 if leases[0].role is Role.ROBOTS else 200)
        raise AssertionError(f"{url} is not due")

    def answer(self, lease: Lease, status: int, *headers: str) -> None:
        head = "\r\n".join([f"HTTP/1.1 {status} X", *headers, "", ""]).encode()
        exchange = Exchange(
            url=lease.url,
            started_at=START,
            request_head=b"",
            response_head=head,
            body=b"",
            peer=None,
            seconds=0.0,
        )
        self.crawl.over(lease, exchange)
        done = SimpleNamespace(
            lease_id=lease.id,
            url=lease.url,
            status=status,
            etag=None,
            last_modified=None,
            payload_digest=None,
            captured_at=START,
            error=None,
            truncated=None,
        )
        self.frontier.complete([done], warc="w", length=1)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    clock = HandClock()
    with Frontier(tmp_path / "crawl.db", clock) as frontier:
        frontier.sync_sources([SOURCE])
        keep = SimpleNamespace(keep=lambda *_, **__: None, due=lambda: False, keep_facts=lambda *_, **__: None)
        pump: Any = SimpleNamespace(
            done=lambda lease, **how: frontier.exchanged(
                lease, status=how.get("status"), headers=how.get("headers") or (), error=how.get("error")
            )
        )
        crawl = Crawl(
            frontier=frontier,
            capture=cast("Capture", keep),
            pump=pump,
            sources={"news": SOURCE},
            clock=clock,
            report=RunReport(run_id="r", started_at=START),
            user_agent="Morgue/1 (+mailto:x@y.example)",
        )
        yield Bench(crawl, frontier, clock)


def test_what_is_sent(bench: Bench) -> None:
    headers = bench.crawl.request_headers(bench.lease("https://news.example/"))
    assert headers["User-Agent"] == "Morgue/1 (+mailto:x@y.example)"
    assert (headers["Accept-Language"], headers["Cookie"]) == ("cs", "pass=secret")


def test_a_cookie_is_for_the_site_alone(bench: Bench) -> None:
    """A feed may redirect to a host of somebody else, which is followed; what a person configured stays at home."""
    feed = candidate("https://news.example/feed", role=Role.FEED, via=Via.CONFIG, found_on="")
    bench.frontier.add([feed])
    bench.answer(bench.lease("https://news.example/feed"), 301, "Location: https://feeds.elsewhere.example/news")
    elsewhere = bench.lease("https://feeds.elsewhere.example/news")
    assert "Cookie" not in bench.crawl.request_headers(elsewhere)
    robots = Lease(id=0, url="https://news.example/robots.txt", source="news", role=Role.ROBOTS, key="news.example",
                   hops=0, depth=0, attempt=1, fetches=0)  # fmt: skip
    assert "Cookie" not in bench.crawl.request_headers(robots)


@pytest.mark.parametrize(
    ("target", "known"),
    [
        ("/2026/b", True),
        ("/video/b", False),  # what the source excludes is not fetched by a detour
        ("https://elsewhere.example/b", False),
        ("mailto:desk@news.example", False),
        ("https://[broken/", False),
    ],
)
def test_where_a_page_may_redirect_to(bench: Bench, target: str, known: bool) -> None:
    bench.frontier.add([candidate("https://news.example/a")])
    bench.answer(bench.lease("https://news.example/a"), 302, f"Location: {target}")
    path = target if "://" in target else "https://news.example" + target
    urls = {row[0] for row in bench.frontier._core.conn.execute("SELECT url FROM urls")}
    assert (path in urls) is known


def test_what_a_person_asked_for_is_fetched_at_its_new_address_too_each_time(bench: Bench) -> None:
    old, new = "https://news.example/old", "https://news.example/new"
    for _ in range(2):  # the second time nothing about either is news
        bench.frontier.add([candidate(old, via=Via.USER, found_on="")])
        bench.answer(bench.lease(old), 301, "Location: /new")
        (lease,) = bench.frontier.lease(bench.clock.epoch, asked_only=True)
        assert (lease.url, lease.asked) == (new, True)
        bench.answer(lease, 200)
    assert bench.frontier.lease(bench.clock.epoch, asked_only=True) == []


def test_a_home_page_that_moved_to_another_site_is_told(bench: Bench) -> None:
    bench.answer(bench.lease("https://news.example/"), 301, "Location: https://renamed.example/")
    (problem,) = bench.crawl.report.problems
    assert "https://renamed.example/" in problem["what"]
    assert "sources.toml" in problem["what"]
