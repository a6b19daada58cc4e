"""What a crawl sends, and what redirects lead to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.model import Role, Via
from archive.sources import Source
from crawler.frontier import Lease
from tests.crawl_bench import Bench, open_bench
from tests.frontier_kit import candidate

SOURCE = Source(
    name="news",
    url="https://news.example/",
    delay=0.0,
    language="cs",
    headers={"Cookie": "pass=secret"},
    exclude=("/video/",),
)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with open_bench(tmp_path, SOURCE) as bench:
        yield bench


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
    assert (path in bench.known()) is known


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
