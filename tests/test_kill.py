"""Proof, short form: kill -9 at any moment of a crawl or of the ingest beside it loses nothing and repeats next to nothing.

The long form, 20 kills at random moments, is scripts/check-long.d/crawl-kill.py.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from kill_checks import Contents, assert_same
from kill_crawl import Archive, crawled, loop
from kill_web import Web, own_web

from archive.clock import SystemClock
from archive.decisions import read_decisions
from archive.extract import ExtractionPool, ExtractTask
from archive.folder import ArchiveFolder
from archive.ingest import Ingest
from archive.locks import lock
from archive.model import Extraction
from archive.profiles import Profiles, adoptions_of
from archive.reading import unread
from archive.sources import load_sources
from archive.store import open_store
from archive.warc import find_warc

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    with own_web(latency=0.05) as served:
        yield served


@pytest.fixture(scope="module")
def calm(web: Web, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Return the archive of a crawl that nobody disturbed."""
    return crawled(web, tmp_path_factory.mktemp("calm"))


def test_a_crawl_killed_at_any_moment_ends_as_if_it_had_not_been(web: Web, calm: Archive, tmp_path: Path) -> None:
    figures = loop(web, tmp_path, calm=calm, kills=2, seed=3, moments=("fetch", "ingest"))
    assert figures.kills.total() >= 1  # the crawl may have been quicker than one of them


def test_an_ingest_that_is_killed_is_started_once_more(web: Web, tmp_path: Path) -> None:
    archive = Archive(ArchiveFolder(tmp_path / "archive"), web).make()
    crawl = archive.crawl("--max-pages", "3")
    kill_ingest(archive, times=1)
    assert crawl.wait(120) == 0
    archive.all_gone()
    assert_all_read(archive)
    assert Contents.of(archive.folder).articles


def test_a_crawl_goes_on_without_ingest_and_says_so(web: Web, calm: Archive, tmp_path: Path) -> None:
    archive = Archive(ArchiveFolder(tmp_path / "archive"), web).make()
    crawl = archive.crawl()
    kill_ingest(archive, times=2)
    assert crawl.wait(120) == 3
    archive.all_gone()
    assert "morgue ingest" in (archive.folder.root / "log").read_text()
    assert archive.run("ingest", "--quiet") == 0
    assert_all_read(archive)
    assert_same(Contents.of(calm.folder), Contents.of(archive.folder))


class LosingPool(ExtractionPool):
    """Loses the worker of each page once."""

    def __init__(self) -> None:
        super().__init__(jobs=0)
        self.lost: set[str] = set()

    def submit(self, task: ExtractTask, *, keep: Callable[[bytes], None] | None = None) -> Future[Extraction]:
        assert task.snapshot is not None
        if task.snapshot.url in self.lost:
            return super().submit(task, keep=keep)
        self.lost.add(task.snapshot.url)
        gone: Future[Extraction] = Future()
        gone.set_result(Extraction.refused("error-crashed"))
        return gone


def test_a_page_whose_worker_was_killed_is_read_by_another(web: Web, calm: Archive, tmp_path: Path) -> None:
    """As when the system runs out of memory, or stops a whole group of processes with SIGTERM."""
    folder = Archive(ArchiveFolder(tmp_path / "archive"), web).make().folder
    with open_store(folder, SystemClock()) as store, LosingPool() as pool:
        taught = Profiles(calm.folder.profiles, adoptions_of(read_decisions(calm.folder.decisions), {}))
        find = partial(find_warc, calm.folder.warc)
        ingest = Ingest(store, pool, load_sources(folder.sources), find=find, profiles=taught)
        report = ingest.files(unread(calm.folder, store))
    assert pool.lost
    assert not [reason for reason in report.refused if reason.startswith("error-")]
    assert_same(Contents.of(calm.folder), Contents.of(folder))


def kill_ingest(archive: Archive, *, times: int) -> None:
    killed: set[int] = set()
    end = time.monotonic() + 60
    while len(killed) < times:
        assert time.monotonic() < end
        pid = archive.ingest_process()
        if pid is not None and pid not in killed:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
        time.sleep(0.02)


def assert_all_read(archive: Archive) -> None:
    with closing(sqlite3.connect(archive.folder.archive_db)) as conn:
        read = dict(conn.execute("SELECT name, ingested_to FROM warcs").fetchall())
    shelf = archive.folder.warc.iterdir()
    assert read == {path.name.removesuffix(".open"): path.stat().st_size for path in shelf}


def test_ingest_waits_for_the_one_that_a_killed_crawl_left(calm: Archive) -> None:
    """Between a kill and the next crawl there may be no second; its pages shall be read all the same."""
    with lock(calm.folder.archive_lock, "the ingest beside a crawl"):
        process = calm.follow()
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["event"] == "waiting"
    process.communicate("finish 60\n", timeout=60)
    assert process.returncode == 0


def test_ingest_does_not_wait_for_a_long_job_when_the_crawl_is_over(calm: Archive) -> None:
    with lock(calm.folder.archive_lock, "morgue reextract"):
        process = calm.follow()
        said, _ = process.communicate("finish 60\n", timeout=60)
    assert process.returncode == 75
    told = [json.loads(line) for line in said.splitlines()][-1]
    assert told["event"] == "locked"
    assert told["holder"].startswith("morgue reextract")
