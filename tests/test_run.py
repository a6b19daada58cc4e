"""A crawl's end: whatever breaks it off, it ends at once, says so, leaves a report, and its exit code tells."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.site.server import NewsSites

ROOT = Path(__file__).resolve().parent.parent
BROKEN = [sys.executable, "-m", "tests.broken_crawl"]


def morgue(folder: Path, *words: str, broken: str = "nothing") -> list[str]:
    return [*BROKEN, broken, "-a", str(folder), *words]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60, check=False)


def report_of(folder: Path) -> dict[str, Any]:
    (path,) = (folder / "reports").glob("run-*.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def archive(folder: Path, url: str, delay: float = 0) -> Path:
    for name in ("warc", "reports"):
        (folder / name).mkdir(parents=True)
    (folder / "sources.toml").write_text(f'[[source]]\nname = "paper"\nurl = "{url}"\ndelay = {delay}\n')
    return folder


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ("consequences", "RuntimeError: a defect"),  # no error of ours: Scrapy would log it and wait for ever
        ("lease", "crawl.db is malformed"),  # raised in start(), which Scrapy takes for the end of the requests
        ("keep", "no space left"),  # in a callback
        ("flush", "no space left"),  # when all is idle, inside the pump
    ],
)
def test_what_breaks_a_run_ends_it_loudly(tmp_path: Path, news_sites: NewsSites, broken: str, says: str) -> None:
    folder = archive(tmp_path / "a", news_sites.sites["courier"])
    ended = run(morgue(folder, "crawl", "--no-ingest", "--allow-private", "--quiet", broken=broken))
    assert ended.returncode == 1, ended.stderr
    assert says in ended.stderr
    assert report_of(folder)["ended_by"] == f"error: {says}"


def test_a_request_that_cannot_be_sent_fails_as_any_other(tmp_path: Path, news_sites: NewsSites) -> None:
    """It was given back and leased again at once, for as long as the budget was."""
    folder = archive(tmp_path / "a", news_sites.sites["courier"])
    ended = run(morgue(folder, "crawl", "--no-ingest", "--allow-private", "--quiet", "--budget", "4s", broken="engine"))
    report = report_of(folder)
    assert ended.returncode == 0, ended.stderr
    assert report["statuses"]["protocol"] < 5  # and then its host is left alone for a while
    assert "UnicodeError: an odd header" in report["problems"][0]["what"]


def test_a_proxy_that_is_none_is_refused_before_anything_begins(tmp_path: Path) -> None:
    folder = archive(tmp_path / "a", "http://paper.example/")
    ended = run(morgue(folder, "crawl", "--quiet", "--proxy", "nonsense"))
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)


def wait_for(path: Path, text: str) -> None:
    end = time.monotonic() + 20
    while not (path.exists() and text in path.read_text()):
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("when", "which"), [("starting", signal.SIGTERM), ("fetching", signal.SIGINT), ("reading", signal.SIGTERM)]
)
def test_a_signal_ends_a_run_in_order_whatever_it_is_doing(
    tmp_path: Path, news_sites: NewsSites, when: str, which: signal.Signals
) -> None:
    folder = archive(tmp_path / "a", news_sites.sites["courier"], delay=0.5 if when == "fetching" else 0)
    words = ["crawl", "--allow-private", "--quiet", *(["--max-pages", "1"] if when == "reading" else ["--no-ingest"])]
    with subprocess.Popen(
        morgue(folder, *words, broken="ingest"), stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        wait_for(folder / "crawl.lock", "a crawl")
        if when != "starting":
            time.sleep(2.5)
        process.send_signal(which)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, "")
    assert report_of(folder)["ended_by"] == f"signal ({which.name})"


def test_an_ingest_that_does_not_end_cannot_overdraw_the_budget(tmp_path: Path, news_sites: NewsSites) -> None:
    folder = archive(tmp_path / "a", news_sites.sites["courier"])
    ended = run(morgue(folder, "crawl", "--allow-private", "--quiet", "--budget", "3s", broken="ingest"))
    assert ended.returncode == 0, ended.stderr
    report = report_of(folder)
    seconds = datetime.fromisoformat(report["ended_at"]) - datetime.fromisoformat(report["started_at"])
    assert seconds.total_seconds() < 3 + 5


def test_the_report_counts_what_was_read_after_the_last_page(tmp_path: Path, news_sites: NewsSites) -> None:
    folder = archive(tmp_path / "a", news_sites.sites["sada"])
    ended = run(morgue(folder, "crawl", "--allow-private", "--quiet"))
    assert ended.returncode == 0, ended.stderr
    report = report_of(folder)
    assert report["ingest"]["captures"] == report["requests"]
    assert report["waits_for_ingest"] == 0


def test_exit_3_when_a_source_newly_needs_a_person(tmp_path: Path) -> None:
    folder = archive(tmp_path / "a", "http://127.0.0.1:9/")  # nobody answers there: not even its robots.txt
    words = morgue(folder, "crawl", "--no-ingest", "--allow-private", "--quiet")
    first, second = run(words), run(words)
    assert first.returncode == 3
    assert "paper needs a look: its robots.txt cannot be had" in first.stderr
    assert (second.returncode, second.stderr) == (0, "")  # it was told once; `morgue status` goes on telling
    assert run(morgue(folder, "status")).returncode == 3


def test_pages_that_nobody_read_yet_are_no_problem(tmp_path: Path, news_sites: NewsSites) -> None:
    folder = archive(tmp_path / "a", news_sites.sites["courier"])
    ended = run(morgue(folder, "crawl", "--no-ingest", "--allow-private", "--quiet"))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert run(morgue(folder, "status")).returncode == 0
