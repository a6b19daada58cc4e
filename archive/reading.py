"""Reading: pages without an archive, and the shelf of one. Puts store, pool and sources together for an ingest."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from archive.clock import Clock
from archive.console import Progress
from archive.decisions import read_decisions, renames
from archive.dedupe.decided import JOIN, SPLIT
from archive.errors import MorgueError, ShelfError, UsageError
from archive.executors import Cluster, ExecutorPool
from archive.extract import ExtractionPool
from archive.folder import ArchiveFolder
from archive.imported import IN_PLACE_NAMES, Imported, find_file, imported_files
from archive.ingest import Ingest, ShelfFile
from archive.learning import How, Learned, Learning
from archive.locks import lock
from archive.profiles import Profiles, adoptions_of
from archive.report import IngestReport
from archive.rereading import catch_up
from archive.sources import load_sources
from archive.store import Store, open_store
from archive.tombstones import tombstones_of
from archive.warc import OPEN_SUFFIX, shelf_name, warc_files

_LINES_IN_FLIGHT = 8  # per job
_DEEPEST = 50  # levels of a report; ours have five


def default_jobs() -> int:
    """Return how many extraction processes to run: one per core that this process may use."""
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


@contextmanager
def open_ingest(
    folder: ArchiveFolder,
    *,
    clock: Clock,
    jobs: int | None = None,
    cluster: Cluster | None = None,
    stop: Callable[[], bool] = lambda: False,
    database: Path | None = None,
    catching_up: bool = True,
) -> Iterator[Ingest]:
    """Open an ingest into an archive (the caller holds archive.lock).

    `cluster`: who reads pages, instead of processes of this machine.

    `catching_up`: carry out what decisions.jsonl says and archive.db has not done.

    `database`: fill this file instead of archive.db. What was decided about stories waits there for the caller's restory: done
    for each article that comes, it would cost the square of a story's members.
    """
    if cluster is not None:
        jobs = cluster.jobs
    jobs = default_jobs() if jobs is None else jobs
    decisions = read_decisions(folder.decisions)
    heeded = [one for one in decisions if database is None or one.kind not in (SPLIT, JOIN)]
    with (
        open_store(folder, clock, database=database, decisions=heeded) as store,
        ExtractionPool(jobs) if cluster is None else ExecutorPool(cluster.executor) as pool,
    ):
        renamed = renames(decisions)
        sources = load_sources(folder.sources)
        ingest = Ingest(
            store,
            pool,
            sources,
            find=lambda name: find_file(folder.warc, _in_place_files(folder, name), name),
            jobs=jobs,
            stop=stop,
            renamed=renamed,
            profiles=Profiles(folder.profiles, adoptions_of(decisions, renamed)),
            tombstones=tombstones_of(decisions),
        )
        with store.transaction():
            store.opt_outs.ignore({source.name for source in sources.sources if source.opt_out == "ignore"})
            store.note_tombstones(decisions)
            if catching_up:
                store.regroup(heeded)  # a kill came between the line and the rows, or the line is another shard's
        if catching_up:
            catch_up(store, ingest.reader, ingest.report, stop=stop)
        yield ingest


def _in_place_files(folder: ArchiveFolder, name: str) -> dict[str, Imported]:
    """Return what decisions.jsonl says of imports; it is read for a file that stayed where it was, not for each page."""
    return imported_files(read_decisions(folder.decisions)) if name.startswith(IN_PLACE_NAMES) else {}


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


def ingest_shelf(
    folder: ArchiveFolder, *, clock: Clock, jobs: int | None, progress: Progress, cluster: Cluster | None = None
) -> IngestReport:
    """Ingest what the shelf has and archive.db has not. Raises `LockHeldError`, `ClusterError`."""
    with (
        lock(folder.archive_lock, "morgue ingest"),
        open_ingest(folder, clock=clock, jobs=jobs, cluster=cluster) as ingest,
    ):
        ingest.on_progress = lambda report: tell(progress, report)
        take_reports(folder, ingest.store)
        report = ingest.files(unread(folder, ingest.store))
        Learning(folder, ingest, clock).learn_due()
        return report


@dataclass(frozen=True, slots=True)
class LearnReport:
    """What came of `morgue learn`: of each source, and which profiles' files are missing."""

    learned: tuple[Learned, ...]
    missing: tuple[MorgueError, ...]


def learn_sources(
    folder: ArchiveFolder, names: Sequence[str], how: How, *, clock: Clock, jobs: int | None, progress: Progress
) -> LearnReport:
    """Learn from these sources, or from all that have articles. Raises `LockHeldError`, `UsageError` for an unknown name."""
    with lock(folder.archive_lock, "morgue learn"), open_ingest(folder, clock=clock, jobs=jobs) as ingest:
        pages = count(1)
        learning = Learning(folder, ingest, clock, on_page=lambda: progress.update(next(pages)))
        there = learning.articles()
        known = {*there, *(source.name for source in load_sources(folder.sources).sources)}
        if strange := [name for name in names if name not in known]:
            raise UsageError(f"there is no source {strange[0]!r}. `morgue sources list` names those there are.")
        learned = [learning.learn(name, how) for name in dict.fromkeys(names or sorted(there))]
        ingest.note_missing()
        holding = {adoption.digest for adoption in ingest.reader.profiles.adoptions}
        missing = (error for digest, error in ingest.reader.missing.items() if digest in holding)
        return LearnReport(tuple(learned), tuple(missing))


def tell(progress: Progress, report: IngestReport) -> None:
    """Show how far an ingest is."""
    progress.update(report.captures + report.known, report.share, articles=report.new, revisions=report.revisions)


def _is_flat(value: object) -> bool:
    """Tell whether JSON is nested no deeper than a report of ours may be: a merge brings a stranger's."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            part
            for each in level
            if isinstance(each, dict | list)
            for part in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return True
    return False


def take_reports(folder: ArchiveFolder, store: Store) -> int:
    """Load the reports of runs that the database does not know; returns how many. A broken one is left where it is."""
    taken = 0
    with store.transaction():
        known = store.runs()
        for name in sorted({path.name.removesuffix(".json") for path in folder.reports.glob("run-*.json")} - known):
            try:
                report = json.loads((folder.reports / f"{name}.json").read_bytes())
            except (OSError, ValueError, RecursionError):
                continue
            if isinstance(report, dict) and _is_flat(report):
                taken += store.add_run(name, report)
    return taken
