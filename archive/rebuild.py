"""Rebuild: archive.db made again from the WARC files, in a new file that is swapped in when it is whole."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from archive.clock import Clock
from archive.console import Progress
from archive.decisions import read_decisions
from archive.errors import DatabaseError
from archive.executors import Cluster
from archive.folder import ArchiveFolder
from archive.locks import lock
from archive.reading import in_place, note_imports, open_ingest, take_reports, tell, unread
from archive.report import IngestReport

_SUFFIXES = ("", "-wal", "-shm")


def rebuild_archive(
    folder: ArchiveFolder, *, clock: Clock, jobs: int | None, progress: Progress, cluster: Cluster | None = None
) -> IngestReport:
    """Fill a new database beside the old one and swap it in. Returns the ingest's report.

    Raises `LockHeldError`, `ClusterError`.

    A reader that has the old file open keeps a consistent copy of it. A kill at any moment leaves the old database as it
    was; what an earlier, killed rebuild left is removed.
    """
    with lock(folder.archive_lock, "morgue rebuild"):
        return rebuild_locked(folder, clock=clock, jobs=jobs, progress=progress, cluster=cluster)


def rebuild_locked(
    folder: ArchiveFolder, *, clock: Clock, jobs: int | None, progress: Progress, cluster: Cluster | None = None
) -> IngestReport:
    """Do what `rebuild_archive` does for a caller that holds archive.lock."""
    part = folder.archive_db.with_name("archive.db.rebuild")
    _remove(part)
    with open_ingest(folder, clock=clock, jobs=jobs, cluster=cluster, database=part) as ingest:
        ingest.on_progress = lambda report: tell(progress, report)
        report = ingest.files([*unread(folder, ingest.store), *in_place(folder, ingest.report)])
        note_imports(folder, ingest.store)
        take_reports(folder, ingest.store)
        with ingest.store.transaction():
            report.absent = ingest.store.restory(read_decisions(folder.decisions)).absent
    _swap(part, folder.archive_db)
    return report


def _remove(path: Path) -> None:
    for suffix in _SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _swap(new: Path, old: Path) -> None:
    """Put `new` in the place of `old`, with no -wal of the old one left: SQLite would apply that log to the wrong file.

    The old log's content is moved into the old file first, so that a kill in between leaves a whole old database. A reader
    that has the old one open keeps it: its files live on without names until it closes them.
    """
    left = new.with_name(new.name + "-wal")
    if left.exists() and left.stat().st_size:  # another program has opened the unfinished file
        raise DatabaseError(
            f"{new} is still in use: its log was not written back. Close what has it open and try again."
        )
    if old.exists():
        with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(old, timeout=5)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    for suffix in _SUFFIXES[1:]:
        old.with_name(old.name + suffix).unlink(missing_ok=True)
    new.replace(old)
    folder = os.open(old.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
