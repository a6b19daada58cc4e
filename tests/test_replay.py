"""The whole line on real pages: crawl the corpus through a proxy, ask for everything again, and look at what was kept.

Needs the corpus (`MORGUE_CORPUS`). Every second of its hosts; `scripts/check-long replay` takes all. The figures are floors:
what was seen is in docs/benchmarks.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archive.query import open_reader
from archive.urls import url_key
from tests.replay import Replay, big_hosts, manifest, replay_server, sources_toml, spelled, truth

pytestmark = [pytest.mark.corpus, pytest.mark.slow]
LEAST_CAPTURED = 0.99
LEAST_ARTICLES = 0.95
LEAST_NOT_MODIFIED = 0.99


def morgue(archive: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it printed; it must succeed."""
    command = [sys.executable, "-c", "from crawler.cli import main; main()", "-a", str(archive), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env={**os.environ, "PYTHONPATH": "."})
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    return done


@dataclass(frozen=True)
class Crawled:
    """An archive after two crawls, and what the server saw of each."""

    archive: Path
    hosts: dict[str, int]
    first: list[dict[str, Any]]  # the server's log of the first crawl
    second: list[dict[str, Any]]  # … and of `crawl --due all`
    stats: dict[str, Any]
    report: dict[str, Any]  # of `crawl --due all`

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the answer to a question."""
        reader = open_reader(self.archive / "archive.db", heap_limit=None)
        try:
            return reader.execute(sql).fetchall()
        finally:
            reader.close()


@pytest.fixture(scope="module")
def crawled(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    folder = tmp_path_factory.mktemp("replay")
    archive = folder / "archive"
    hosts = dict(sorted(big_hosts(corpus).items())[:: 1 if os.environ.get("MORGUE_REPLAY") == "all" else 5])
    morgue(archive, "init")
    (archive / "sources.toml").write_text(sources_toml(hosts))
    with replay_server(corpus, folder, "--scheme", "http", "--robots", "open", "--no-tls") as server:
        morgue(archive, "crawl", "--proxy", server.proxy)
        first = server.requests()
        second = morgue(archive, "crawl", "--due", "all", "--proxy", server.proxy, "--json")
        return Crawled(
            archive=archive,
            hosts=hosts,
            first=first,
            second=server.requests()[len(first) :],
            stats=server.control("stats"),
            report=json.loads(second.stdout),
        )


def test_nearly_every_page_is_captured_by_the_url_it_has(corpus: Path, crawled: Crawled) -> None:
    captured = {url for (url,) in crawled.rows("SELECT url FROM captures WHERE status = 200")}
    pages = [page for page in manifest(corpus) if page["host"] in crawled.hosts]
    missing = [page["url"] for page in pages if spelled(page["url"]) not in captured]
    assert len(missing) <= (1 - LEAST_CAPTURED) * len(pages), missing


def test_pages_with_a_true_text_become_articles(corpus: Path, crawled: Crawled) -> None:
    articles = {key for (key,) in crawled.rows("SELECT url_key FROM captures WHERE article IS NOT NULL")}
    told = truth(corpus)
    pages = [
        page["url"]
        for page in manifest(corpus)
        if page["host"] in crawled.hosts and told.get(str(page["url"]), {}).get("text")
    ]
    refused = [url for url in pages if url_key(str(url)) not in articles]
    assert len(refused) <= (1 - LEAST_ARTICLES) * len(pages), refused


def test_no_front_listing_feed_or_error_becomes_an_article(corpus: Path, crawled: Crawled) -> None:
    pages = {url_key(str(page["url"])) for page in manifest(corpus)}
    others = crawled.rows("SELECT url, url_key, role, status FROM captures WHERE article IS NOT NULL")
    assert [row for row in others if row[1] not in pages or row[2] != "page" or row[3] not in (200, 304)] == []


def test_never_two_requests_at_once_on_a_host(crawled: Crawled) -> None:
    assert max(host["maxcur"] for host in crawled.stats["hosts"].values()) == 1


def test_asking_for_everything_again_is_conditional_and_changes_nothing(crawled: Crawled) -> None:
    kept = {
        (entry["host"], entry["target"])
        for entry in crawled.first
        if entry["status"] == 200 and not entry["truncated"] and entry["target"] != "/robots.txt"  # those hold a day
    }
    again = [entry for entry in crawled.second if (entry["host"], entry["target"]) in kept]
    assert {(entry["host"], entry["target"]) for entry in again} == kept
    assert [entry["target"] for entry in again if not entry["inm"] and not entry["ims"]] == []
    answers = Counter(entry["status"] for entry in again)
    assert answers[304] >= LEAST_NOT_MODIFIED * len(again), answers
    assert (crawled.report["ingest"]["new"], crawled.report["ingest"]["revisions"]) == (0, 0)


def test_robots_crawl_delay_and_retry_after_are_obeyed(corpus: Path, tmp_path: Path) -> None:
    """With the server's default robots.txt: disallowed pages on one host in eight, Crawl-delay 1 on one in five."""
    hosts = [host for host, pages in sorted(big_hosts(corpus).items()) if pages <= 6]
    morgue(tmp_path / "archive", "init")
    (tmp_path / "archive" / "sources.toml").write_text(sources_toml(hosts))
    with replay_server(corpus, tmp_path, "--scheme", "http", "--no-tls") as server:
        morgue(tmp_path / "archive", "crawl", "--no-ingest", "--proxy", server.proxy)
        _obeyed(server)


def _obeyed(server: Replay) -> None:
    stats: dict[str, Any] = server.control("stats")
    assert stats["requests"].get("robots_violation", 0) == 0
    assert (stats["gap_violations"], stats["retry_violations"]) == (0, 0)
    assert max(host["maxcur"] for host in stats["hosts"].values()) == 1
    assert all(host["robots_first"] for host in stats["hosts"].values())
    assert any(host["crawl_delay"] for host in stats["hosts"].values())  # else nothing was tried
