"""Ingest: what a batch holds, what one bad file costs, dates that come late, and files that are sealed."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.clock import SystemClock
from archive.console import Progress
from archive.folder import ArchiveFolder
from archive.importing import Import, import_files
from archive.ingest import Ingest
from archive.model import Extraction, Role, Via
from archive.reading import open_ingest, unread
from archive.rebuild import rebuild_archive
from archive.sources import SOURCES_TEMPLATE, load_sources
from archive.store import open_store
from archive.warc import find_warc
from tests.warc_tools import T0, Clock, exchange, fact, keep, writer

URL = "https://news.example/tide"  # no date in it
WORDS = " ".join(f"The harbour of town number {n} reopened on Monday after long works." for n in range(30))
PAGE = f"<html><head><title>Tide turns</title></head><body><article><h1>Tide turns</h1><p>{WORDS}</p></article></body></html>"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"


@pytest.fixture
def folder(tmp_path: Path) -> ArchiveFolder:
    made = ArchiveFolder(tmp_path / "a")
    for path in (made.root, made.warc, made.reports):
        path.mkdir()
    made.sources.write_text(SOURCES_TEMPLATE)
    return made


def read_shelf(folder: ArchiveFolder, **options: Any) -> Any:
    with open_ingest(folder, clock=SystemClock(), jobs=0, **options) as ingest:
        return ingest.files(unread(folder, ingest.store))


def page(number: int = 0, minutes: float = 0) -> Any:
    body = PAGE.replace("harbour", f"harbour{number}").encode()
    url = URL if not number else f"https://news.example/tide-{number}"
    return exchange(HEAD, body, url=url, started_at=T0 + timedelta(minutes=minutes))


def rows(folder: ArchiveFolder, sql: str) -> list[tuple[Any, ...]]:
    with open_store(folder, SystemClock()) as store:
        return list(store.db.conn.execute(sql).fetchall())


class SlowPool:
    """Answers only when told to: what was submitted stays with the workers."""

    def __init__(self) -> None:
        self.futures: list[Future[Extraction]] = []

    def submit(self, _task: object, **_: object) -> Future[Extraction]:
        future: Future[Extraction] = Future()
        self.futures.append(future)
        if len(self.futures) > 4:
            self.answer(len(self.futures) - 5)
        return future

    def answer(self, number: int) -> None:
        if not self.futures[number].done():
            text = f"{WORDS} {number}"
            self.futures[number].set_result(Extraction(article=True, title="T", text=text, language="en"))


def test_a_batch_that_ends_leaves_the_workers_their_pages(
    folder: ArchiveFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.ingest._BATCH_ITEMS", 6)
    with writer(folder.warc) as out:
        for number in range(1, 13):
            keep(out, page(number, number))
    pool = SlowPool()
    seen = []
    with open_store(folder, SystemClock()) as store:
        ingest = Ingest(store, pool, load_sources(folder.sources), find=lambda name: find_warc(folder.warc, name))  # type: ignore[arg-type] - stands in

        def look(report: Any) -> None:
            seen.append((report.captures, sum(not future.done() for future in pool.futures)))
            if report.captures >= 8:
                for number in range(len(pool.futures)):
                    pool.answer(number)

        ingest.on_progress = look
        timer = threading.Timer(20, lambda: [pool.answer(n) for n in range(len(pool.futures))])  # a drained batch hangs
        timer.start()
        report = ingest.files(unread(folder, store))
        timer.cancel()
    assert report.new == 12
    assert seen[0] == (2, 4)  # committed what was placed, and four are still being read


def test_what_waits_when_told_to_stop_is_taken_and_the_rest_is_read_next_time(folder: ArchiveFolder) -> None:
    with writer(folder.warc) as out:
        for number in range(1, 6):
            keep(out, page(number, number))
    calls = iter([False, True])
    first = read_shelf(folder, stop=lambda: next(calls, True))
    second = read_shelf(folder)
    assert first.captures + second.captures == 5
    assert second.known == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.warc.gz", b""),  # a copy that was cut off at once
        ("a.warc.gz", b"<html>not found</html>"),  # a download that was an error page
        ("a.arc.gz", b"filedesc://old.arc"),
    ],
)
def test_a_file_that_is_no_warc_costs_only_itself(folder: ArchiveFolder, name: str, content: bytes) -> None:
    (folder.warc / name).write_bytes(content)
    with writer(folder.warc) as out:
        keep(out, page())
    report = read_shelf(folder)
    assert (report.new, len(report.unreadable), report.is_sound) == (1, 1, False)
    assert name in str(report.unreadable[0])


def test_of_several_imports_one_that_is_no_warc_costs_only_itself(folder: ArchiveFolder, tmp_path: Path) -> None:
    with writer(tmp_path / "other") as out:
        keep(out, page())
    bad = tmp_path / "bad.warc"
    bad.write_bytes(b"nothing")
    [good] = (tmp_path / "other").iterdir()
    wanted = Import(paths=(bad, good))
    report = import_files(folder, wanted, clock=SystemClock(), jobs=0, progress=Progress("x", quiet=True))
    assert (report.new, len(report.unreadable)) == (1, 1)


def dated_fact(minutes: float, published: str = "2026-05-01T05:00:00Z") -> Any:
    return fact(URL, seen_at=T0 + timedelta(minutes=minutes), published=published)


@pytest.mark.parametrize(
    "order",
    [
        "page, fact",  # a feed announces it after it was found on the front page
        "fact, page",  # … while it was being fetched: the fact's record stands first, and is later all the same
    ],
)
def test_a_later_fact_dates_an_undated_page(folder: ArchiveFolder, order: str) -> None:
    clock = Clock()
    with writer(folder.warc, clock) as out:
        for what in order.split(", "):
            if what == "page":
                keep(out, page())
            else:
                out.append_facts([dated_fact(5)], source="Example News")
    report = read_shelf(folder)
    assert report.new == 1
    found = rows(folder, "SELECT published, published_via FROM articles")
    assert found == [("2026-05-01T05:00:00+00:00", "feed")]
    rebuild_archive(folder, clock=clock, jobs=0, progress=Progress("x", quiet=True))
    assert rows(folder, "SELECT published, published_via FROM articles") == found


@pytest.mark.parametrize("order", ["page, fact", "fact, page"])
@pytest.mark.parametrize(
    ("via", "becomes"),
    [(Via.FEED, "article"), (Via.NEWS_SITEMAP, "article"), (Via.SITEMAP, "listing"), (Via.HOME, "listing")],
)
def test_a_page_taken_for_a_section_becomes_an_article_when_a_feed_announces_it_later(
    folder: ArchiveFolder, order: str, via: Via, becomes: str
) -> None:
    clock = Clock()
    with writer(folder.warc, clock) as out:
        for what in order.split(", "):
            if what == "page":
                keep(out, page(), role=Role.SECTION)
            else:
                out.append_facts([fact(URL, via=via, seen_at=T0 + timedelta(minutes=5))], source="Example News")
    read_shelf(folder)
    query = "SELECT coalesce(e.reason, e.status), count(a.pk) FROM captures c JOIN extractions e ON e.pk = c.extraction"
    query += " LEFT JOIN articles a ON a.pk = c.article"
    found = rows(folder, query)
    assert found == [(becomes, int(becomes == "article"))]
    rebuild_archive(folder, clock=clock, jobs=0, progress=Progress("x", quiet=True))
    assert rows(folder, query) == found


def test_a_date_that_was_tried_is_not_tried_again(folder: ArchiveFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    import archive.dating

    real = archive.dating.read_record
    monkeypatch.setattr(archive.dating, "read_record", lambda *a, **k: tried.append(a) or real(*a, **k))
    after_capture = "2026-05-02T05:00:00Z"  # not believed: the page was captured before
    with writer(folder.warc) as out:
        keep(out, page())
        for minutes in (5, 15, 25):
            out.append_facts([dated_fact(minutes, after_capture)], source="Example News")
    read_shelf(folder)
    with writer(folder.warc) as out:
        out.append_facts([dated_fact(35, after_capture)], source="Example News")
    read_shelf(folder)
    assert rows(folder, "SELECT published FROM articles") == [(None,)]
    assert len(tried) == 1


def test_a_page_whose_file_is_gone_stays_undated(folder: ArchiveFolder) -> None:
    with writer(folder.warc, run_id="one") as out:
        keep(out, page())
    read_shelf(folder)
    [first] = folder.warc.iterdir()
    first.unlink()
    with writer(folder.warc, run_id="two") as out:
        out.append_facts([dated_fact(5)], source="Example News")
    assert read_shelf(folder).facts == 1
    assert rows(folder, "SELECT published FROM articles") == [(None,)]


def test_a_sealed_file_is_measured_once_and_its_broken_end_told_once(folder: ArchiveFolder) -> None:
    with writer(folder.warc) as out:
        keep(out, page())
    [path] = folder.warc.iterdir()
    read_shelf(folder)
    assert rows(folder, "SELECT sealed, size, sha256 FROM warcs") == [(0, None, None)]
    sealed = path.rename(path.with_suffix(""))
    with sealed.open("ab") as file:
        file.write(b"\x1f\x8b\x08torn")
    report = read_shelf(folder)
    assert (report.known, report.broken_records) == (0, 1)
    [(is_sealed, size, digest, reached)] = rows(folder, "SELECT sealed, size, sha256, ingested_to FROM warcs")
    assert (is_sealed, size, len(digest), size - reached) == (1, sealed.stat().st_size, 64, 7)
    assert read_shelf(folder).broken_records == 0


@pytest.mark.parametrize("items", [1, 2, 3])
def test_a_batch_may_end_between_a_sealed_files_last_record_and_its_end(
    folder: ArchiveFolder, monkeypatch: pytest.MonkeyPatch, items: int
) -> None:
    monkeypatch.setattr("archive.ingest._BATCH_ITEMS", items)
    for run, numbers in (("0001", [1]), ("0002", range(2, 10))):  # the second goes on when the first has ended
        with writer(folder.warc, run_id=run) as shelf:
            for number in numbers:
                keep(shelf, page(number, minutes=number))
        for path in folder.warc.glob("*.open"):
            path.rename(path.with_suffix(""))
    read_shelf(folder)
    sizes = {path.name: path.stat().st_size for path in folder.warc.iterdir()}
    assert dict(rows(folder, "SELECT name, ingested_to FROM warcs WHERE sha256 IS NOT NULL")) == sizes


def test_broken_records_are_counted_beyond_those_named() -> None:
    from archive.errors import BrokenRecordError
    from archive.report import IngestReport

    report = IngestReport()
    for offset in range(1500):
        report.note_broken(BrokenRecordError("a.warc", offset, "torn"))
    assert (report.broken_records, len(report.broken)) == (1500, 1000)
    assert "broken" not in report.counts()


def test_a_capture_met_twice_in_one_run_is_one(folder: ArchiveFolder) -> None:
    for run in ("one", "two"):
        with writer(folder.warc, run_id=run) as out:
            keep(out, replace(page(), peer=None))
        for path in folder.warc.glob("*.open"):
            path.rename(path.with_suffix(""))
    report = read_shelf(folder)
    assert (report.captures, report.known) == (1, 1)
