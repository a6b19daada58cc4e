"""All checks of an archive, by level."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol

from archive.database import database_error
from archive.decisions import Decision
from archive.folder import ArchiveFolder
from archive.fsck.database import check_database
from archive.fsck.faults import Fault, Findings, Level
from archive.fsck.files import check_files, check_sealed
from archive.fsck.index import check_index
from archive.fsck.kept import check_backups, check_decisions, check_profiles
from archive.fsck.look import Look, begin, open_read_only
from archive.fsck.placed import check_placed
from archive.fsck.places import check_places
from archive.fsck.records import check_records
from archive.fsck.texts import check_reports, check_texts
from archive.imported import imported_files


class FrontierSide(Protocol):
    """What the crawler's room tells of crawl.db and mends there (`crawler.fsck`)."""

    def durable(self) -> Mapping[str, int]:
        """Return how far (bytes) each WARC file is known to be whole; nothing without a crawl.db."""

    def faults(self, level: Level) -> list[Fault]:
        """Return what is wrong with crawl.db and with files that are still `.open`."""

    def forget(self, lost: Iterable[tuple[str, datetime]]) -> int:
        """Let the next crawl fetch these captures' pages whole; returns how many of them crawl.db knew as kept."""

    def seal(self) -> list[str]:
        """Cut torn tails of `.open` files and seal them; returns their names."""


def check(
    folder: ArchiveFolder,
    level: Level,
    *,
    frontier: FrontierSide | None = None,
    progress: Callable[[int, float | None], None] = lambda _done, _share: None,
) -> Findings:
    """Look at an archive and return what is wrong. Writes nothing, and may run beside a crawl.

    Raises `SchemaTooNewError` for a database of a newer Morgue, `ShelfError` if the shelf's folder cannot be read.
    """
    findings = Findings(level)
    conn = _open(folder, findings)
    try:
        look = Look(folder, findings, conn, progress=progress)
        decisions = check_decisions(look)
        look.names = _names(decisions)
        begin(look, frontier.durable() if frontier else {}, imported_files(decisions))
        check_profiles(look, decisions)
        check_backups(look, decisions)
        check_files(look)
        check_database(look)
        check_index(look)
        for fault in frontier.faults(level) if frontier else ():
            findings.add(fault)
        if level >= Level.USUAL:
            check_reports(look)
            check_texts(look)
        if level == Level.USUAL:
            check_places(look)
        if level >= Level.FULL:
            check_placed(look)
            check_sealed(look)
            check_records(look)
    finally:
        if conn is not None:
            conn.close()
    return findings


def _open(folder: ArchiveFolder, findings: Findings) -> sqlite3.Connection | None:
    try:
        if folder.archive_db.is_file():
            return open_read_only(folder.archive_db)
        what = "it is not there"
    except sqlite3.OperationalError as error:
        if "malformed" not in str(error):  # locked, no right to read it: nothing could be checked
            raise database_error(error, folder.archive_db) from error
        what = f"it cannot be opened ({error})"
    except sqlite3.Error as error:
        what = f"it cannot be opened ({error})"
    findings.add(Fault(kind="database", what=what, file="archive.db"))
    return None


def _names(decisions: tuple[Decision, ...]) -> frozenset[str]:
    """Return all names that renamed sources have had."""
    renamed = (decision for decision in decisions if decision.kind == "source-renamed")
    return frozenset(str(decision.data.get(key)) for decision in renamed for key in ("old", "new"))
