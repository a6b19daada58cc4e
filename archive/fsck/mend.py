"""What `morgue fsck --repair` does: only where nothing is lost by it that can still be read. The caller holds both locks.

In this order, because each needs what stands before it:

    files left .open            sealed as the next crawl would
    lost captures               their validators dropped in crawl.db, their pages due: the next crawl fetches them whole.
                                Rows and texts stay: of these captures archive.db alone still has the text
    a damaged database          made again from the WARC files, the old one kept beside it; not where captures are lost
    records without rows        their file read again; what is known is passed over
    damaged extractions         their captures read again
    damaged articles, revisions and what follows from them      placed again from the extractions (restory)
    a damaged index             made again from the texts
    wrong counts                counted again, when everything else is in its place
"""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from archive.clock import Clock
from archive.console import Progress
from archive.errors import DatabaseError, MorgueError
from archive.folder import ArchiveFolder
from archive.fsck.check import FrontierSide
from archive.fsck.faults import Findings
from archive.fsck.look import open_read_only
from archive.ingest import Ingest
from archive.store import instant

_AGAIN = ("database", "schema", "row-differs")  # what only a database made again is free of
# What a database made again would lack: of a broken discovery record, too, the row alone knows who asked for a page.
_UNREADABLE = ("broken-record", "lost-capture", "lost-fact", "missing-file", "short-file", "unreadable")
_PLACED = ("articles", "revisions")
_SHELF_FIRST = (
    "Restore the WARC files from a backup and run `morgue fsck --repair` again; `morgue rebuild` makes it again without "
    "what they held."
)
_SUFFIXES = ("", "-wal")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done. Pure, so that it can be read and tested by itself."""

    seal: bool = False
    forget: bool = False
    rebuild: bool = False
    read_again: frozenset[str] = frozenset()  # files, by their names in tables
    extract_again: bool = False
    restory: bool = False
    index: bool = False
    count: bool = False
    may_rebuild: bool = True  # nothing stands in archive.db alone but history
    refused: str | None = None  # why something that is wrong is left as it is


def plan(findings: Findings) -> Plan:
    """Decide what is done about what was found."""
    lost = len(findings.lost) > 0 or findings.has(*_UNREADABLE)
    again = findings.has(*_AGAIN) or findings.tables["discoveries"] > 0
    refused = None
    if again and lost:
        refused = (
            "archive.db is damaged, and it alone has the texts of captures whose records are lost: it was left as it is. "
            f"{_SHELF_FIRST}"
        )
    seal, forget = findings.has("open-unknown", "open-old"), len(findings.lost) > 0
    if again:
        return Plan(seal=seal, forget=forget, rebuild=not lost, may_rebuild=not lost, refused=refused)
    placed = any(findings.tables[table] for table in _PLACED) or findings.has("derived")
    if placed and not set(findings.unsound).isdisjoint(findings.lost):
        refused = (
            "captures have lost both their record and their extraction, so articles are not placed again: the rows may "
            "be all that is left of them. Restore the WARC files or archive.db from a backup."
        )
        placed = False
    return Plan(
        read_again=frozenset(findings.files),
        extract_again=len(findings.unsound) + len(findings.aside) > 0,
        restory=placed,
        index=findings.has("index"),
        count=findings.has("counts"),
        may_rebuild=not lost,
        refused=refused,
        seal=seal,
        forget=forget,
    )


@dataclass(slots=True)
class Mended:
    """What was done, in sentences."""

    done: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def mend(
    folder: ArchiveFolder,
    findings: Findings,
    *,
    frontier: FrontierSide | None,
    clock: Clock,
    jobs: int | None,
    progress: Progress,
) -> Mended:
    """Repair what can be repaired without loss. Raises `MorgueError` where a step fails; those before it are done."""
    todo, told = plan(findings), Mended()
    if todo.refused:
        told.left.append(todo.refused)
    if todo.seal and frontier is not None:
        told.done += [f"Sealed warc/{name}." for name in frontier.seal()]
    if todo.forget and frontier is not None:
        with closing(open_read_only(folder.archive_db)) as conn:
            count = frontier.forget(_captures(conn, findings.lost))
        told.done.append(
            f"Dropped the validators of {count:,} addresses whose last capture is lost: the next crawl fetches them whole. "
            "Their rows and texts stay in archive.db."
        )
    if todo.rebuild:
        told.done.append(_rebuild(folder, clock=clock, jobs=jobs, progress=progress))
    if todo.read_again or todo.extract_again or todo.restory or todo.index or todo.count:
        try:
            _in_place(folder, findings, todo, told, clock=clock, jobs=jobs)
        except (DatabaseError, sqlite3.Error, zlib.error) as error:  # it is more broken than it looked
            if not todo.may_rebuild:
                told.left.append(f"archive.db could not be mended ({error}). {_SHELF_FIRST}")
            else:
                told.done.append(_rebuild(folder, clock=clock, jobs=jobs, progress=progress))
    return told


def _captures(conn: sqlite3.Connection, pks: Iterable[int]) -> Iterator[tuple[str, datetime]]:
    for pk in pks:
        row = conn.execute("SELECT url, captured_at FROM captures WHERE pk = ?", (pk,)).fetchone()
        try:
            yield row[0], instant(row[1])
        except (TypeError, ValueError):
            continue  # the row itself is damaged; it says so


def _rebuild(folder: ArchiveFolder, *, clock: Clock, jobs: int | None, progress: Progress) -> str:
    """Make archive.db again; the old one stays beside it, with what only it had."""
    from archive.rebuild import rebuild_locked

    kept = None
    if folder.archive_db.exists():
        _forget_killed(folder)
        kept = _free(folder.archive_db.with_name(f"archive.db.damaged-{clock.now():%Y%m%d%H%M%S}"))
        for suffix in _SUFFIXES:
            _copy(folder.archive_db.with_name(folder.archive_db.name + suffix), kept.with_name(kept.name + suffix))
    report = rebuild_locked(folder, clock=clock, jobs=jobs, progress=progress)
    was = f"; the damaged one is kept as {kept.name}" if kept else ""
    return f"Made archive.db again from {report.captures:,} captures{was}."


def _free(path: Path) -> Path:
    """Return a name that is not taken: what an earlier repair kept, within the same second or with the same clock, stays."""
    taken = (path.with_name(f"{path.name}-{number}") for number in itertools.count(2))
    return next(name for name in itertools.chain([path], taken) if not name.exists())


def _forget_killed(folder: ArchiveFolder) -> None:
    """Remove the second names that a killed repair gave to the database that is still in use, and to its log."""
    for suffix in _SUFFIXES:
        now = folder.archive_db.with_name(folder.archive_db.name + suffix)
        for left in folder.root.glob("archive.db.damaged-*"):
            if now.exists() and left.samefile(now):
                left.unlink()


def _copy(old: Path, new: Path) -> None:
    if not old.exists() or not old.stat().st_size:
        return
    try:
        os.link(old, new)
    except OSError:  # a file system without hard links
        shutil.copy2(old, new)


def _in_place(
    folder: ArchiveFolder, findings: Findings, todo: Plan, told: Mended, *, clock: Clock, jobs: int | None
) -> None:
    from archive.store import open_store

    # A database whose index is damaged must have a sound one before anything else is written through its triggers.
    if todo.index:
        with open_store(folder, clock) as store, store.transaction():
            store.make_index()
        told.done.append("Made the full-text index again from the texts.")
    if todo.read_again or todo.extract_again or todo.restory:
        _read_and_place(folder, findings, todo, told, clock=clock, jobs=jobs)
    if todo.count:
        with open_store(folder, clock) as store, store.transaction():
            store.count_articles()
        told.done.append("Counted the articles again.")


def _read_and_place(
    folder: ArchiveFolder, findings: Findings, todo: Plan, told: Mended, *, clock: Clock, jobs: int | None
) -> None:
    from archive.decisions import read_decisions
    from archive.reading import open_ingest, unread

    left = 0
    with open_ingest(folder, clock=clock, jobs=jobs) as ingest:
        if todo.extract_again:
            again, left = _extract_again(ingest, findings)
            told.done.append(f"Read {again:,} captures again whose extractions were damaged.")
            if left:
                told.left.append(f"{left:,} captures have lost both their record and their extraction.")
        if todo.read_again:
            with ingest.store.transaction():
                for name in todo.read_again:
                    ingest.store.read_anew(name)
            files = [file for file in unread(folder, ingest.store) if file.name in todo.read_again]
            report = ingest.files(files)
            told.done.append(
                f"Read {len(files):,} files again: {report.captures:,} captures and {report.facts:,} facts."
            )
        if (todo.restory or todo.extract_again) and not left:
            with ingest.store.transaction():
                done = ingest.store.restory(read_decisions(folder.decisions))
            told.done.append(f"Placed {done.captures:,} captures again: {done.articles:,} articles.")


def _extract_again(ingest: Ingest, findings: Findings) -> tuple[int, int]:
    """Read the captures again whose extraction in force is damaged; returns how many were, and how many could not be."""
    from archive.rereading import snapshot_of

    done = left = 0
    with ingest.store.transaction():
        for pk in findings.aside:  # an earlier reading: `morgue reextract` makes it again if its extractor is installed
            ingest.store.drop_extraction(pk)
        for pk in findings.unsound:
            stored = ingest.store.readings.capture(pk)
            try:
                snapshot = snapshot_of(ingest.reader, stored)
                facts = ingest.reader.facts(snapshot)
                reading = ingest.reader.read(snapshot, facts)
                reading = ingest.reader.late_facts.settled_by_later(snapshot, facts, reading)
            except MorgueError:
                left += 1
                continue
            ingest.store.replace_extraction(pk, reading.extractor, reading.extraction, profile=reading.profile)
            done += 1
    return done, left
