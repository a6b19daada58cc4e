"""Reading: pages without an archive, and the shelf of one. Puts store, pool and sources together for an ingest."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archive.clock import Clock
from archive.console import Progress
from archive.decisions import read_decisions
from archive.errors import MorgueError, PayloadError, ShelfError
from archive.extract import ExtractionPool, ExtractTask, Page, to_json
from archive.folder import ArchiveFolder
from archive.imported import find_file, imported_files
from archive.ingest import Ingest, ShelfFile
from archive.locks import lock
from archive.model import Extraction
from archive.payload import decode_content
from archive.report import IngestReport
from archive.sources import load_sources
from archive.store import Store, open_store, renames
from archive.warc import OPEN_SUFFIX, shelf_name, warc_files

_LINES_IN_FLIGHT = 8  # per job


def default_jobs() -> int:
    """Return how many extraction processes to run: one per core that this process may use."""
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


@contextmanager
def open_ingest(
    folder: ArchiveFolder,
    *,
    clock: Clock,
    jobs: int | None = None,
    stop: Callable[[], bool] = lambda: False,
    database: Path | None = None,
) -> Iterator[Ingest]:
    """Open an ingest into an archive (the caller holds archive.lock). `database`: fill this file instead of archive.db."""
    jobs = default_jobs() if jobs is None else jobs
    decisions = read_decisions(folder.decisions)
    with (
        open_store(folder, clock, database=database, decisions=decisions) as store,
        ExtractionPool(jobs) as pool,
    ):
        yield Ingest(
            store,
            pool,
            load_sources(folder.sources),
            find=lambda name: find_file(folder.warc, imported_files(read_decisions(folder.decisions)), name),
            jobs=jobs,
            stop=stop,
            renamed=renames(decisions),
        )


def unread(folder: ArchiveFolder, store: Store, looked: dict[str, int] | None = None) -> list[ShelfFile]:
    """Return the shelf's files that have more than was ingested, or whose end is not noted yet.

    `looked` remembers each file's size from call to call: the tail of a file that is being written may be half a record,
    and there is nothing to do until it has grown.
    """
    files = []
    for path in warc_files(folder.warc):
        name = shelf_name(path, folder.warc)
        try:
            size = path.stat().st_size
        except FileNotFoundError:  # sealed, and so renamed, between the two looks: the next one finds it
            continue
        start = store.ingested_to(name)
        grows = path.name.endswith(OPEN_SUFFIX)
        if store.sealed_size(name) == size or (grows and size <= start):
            continue
        if looked is None or looked.get(path.name) != size:
            files.append(ShelfFile(path, name, min(start, size)))
            if looked is not None:
                looked[path.name] = size
    return files


def in_place(folder: ArchiveFolder, report: IngestReport) -> list[ShelfFile]:
    """Return the files that were imported in place, for a rebuild; one that is missing or another now is told to `report`."""
    files = []
    for imported in imported_files(read_decisions(folder.decisions)).values():
        if not imported.in_place:
            continue
        try:
            imported.check()
        except ShelfError as error:
            report.unreadable.append(error)
        else:
            files.append(ShelfFile(imported.path, imported.name, accept=imported.accepts))
    return files


def note_imports(folder: ArchiveFolder, store: Store) -> None:
    """Write where imported files came from into a database that is being made again."""
    with store.transaction():
        for imported in imported_files(read_decisions(folder.decisions)).values():
            if store.ingested_to(imported.name):
                store.note_import(imported)


def ingest_shelf(folder: ArchiveFolder, *, clock: Clock, jobs: int | None, progress: Progress) -> IngestReport:
    """Ingest what the shelf has and archive.db has not. Raises `LockHeldError`."""
    with lock(folder.archive_lock, "morgue ingest"), open_ingest(folder, clock=clock, jobs=jobs) as ingest:
        ingest.on_progress = lambda report: tell(progress, report)
        take_reports(folder, ingest.store)
        return ingest.files(unread(folder, ingest.store))


def tell(progress: Progress, report: IngestReport) -> None:
    """Show how far an ingest is."""
    progress.update(report.captures + report.known, report.share, articles=report.new, revisions=report.revisions)


def take_reports(folder: ArchiveFolder, store: Store) -> int:
    """Load the reports of runs that the database does not know; returns how many. A broken one is left where it is."""
    taken = 0
    with store.transaction():
        known = store.runs()
        for path in sorted(folder.reports.glob("run-*.json")):
            if path.stem in known:
                continue
            try:
                report = json.loads(path.read_bytes())
            except (OSError, ValueError):
                continue
            if isinstance(report, dict):
                taken += store.add_run(path.stem, report)
    return taken


def unpacked(path: Path) -> bytes:
    """Return a saved page's bytes; a file named .gz is unpacked. Raises OSError, `PayloadError` (torn, or a bomb)."""
    body = path.read_bytes()
    return decode_content((("Content-Encoding", "gzip"),), body) if path.suffix == ".gz" else body


def extract_file(
    body: bytes, *, url: str, captured_at: datetime | None = None, content_type: str | None = None
) -> dict[str, object]:
    """Return what one page says, as `morgue extract` prints it."""
    from archive.extract import extract

    return to_json(url, extract(_page(body, url, captured_at, content_type)))


def _page(body: bytes, url: str, captured_at: datetime | None, content_type: str | None) -> Page:
    headers = (("Content-Type", content_type),) if content_type else ()
    return Page(url=url, body=body, captured_at=captured_at, headers=headers)


def extract_lines(lines: Iterable[Mapping[str, Any]], *, jobs: int | None = None) -> Iterator[dict[str, object]]:
    """Yield what each page of a list says, in order. A page that cannot be read gives {"url", "error"}."""
    jobs = default_jobs() if jobs is None else jobs
    waiting: deque[tuple[str, Future[Extraction] | str]] = deque()
    with ExtractionPool(jobs) as pool:
        for line in lines:
            waiting.append(_submit(pool, line))
            while len(waiting) > max(1, jobs) * _LINES_IN_FLIGHT:
                yield _result(*waiting.popleft())
        while waiting:
            yield _result(*waiting.popleft())


def _submit(pool: ExtractionPool, line: Mapping[str, Any]) -> tuple[str, Future[Extraction] | str]:
    url = str(line.get("url") or "")
    try:
        if not line.get("path"):
            return url, 'the line names no page: it needs "path" and "url"'
        path = Path(str(line["path"]))
        body = unpacked(path)
        at = datetime.fromisoformat(str(line["captured_at"])) if line.get("captured_at") else None
        if at is not None and at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        page = _page(body, url, at, line.get("content_type"))
    except (OSError, PayloadError, ValueError) as error:
        return url, f"{type(error).__name__}: {error}"
    return url, pool.submit(ExtractTask(page=page))


def _result(url: str, found: Future[Extraction] | str) -> dict[str, object]:
    if isinstance(found, str):
        return {"url": url, "error": found}
    try:
        return to_json(url, found.result())
    except MorgueError as error:
        return {"url": url, "error": str(error)}
