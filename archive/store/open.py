"""Opening the store of an archive, and leaving it in one file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from archive.clock import Clock
from archive.decisions import DecisionLike
from archive.folder import ArchiveFolder
from archive.schema import open_archive
from archive.store.main import Store


@contextmanager
def open_store(
    folder: ArchiveFolder, clock: Clock, *, database: Path | None = None, decisions: Iterable[DecisionLike] = ()
) -> Iterator[Store]:
    """Open archive.db (or the file `database`) for writing, made if it is not there, and close it at the end.

    The caller holds archive.lock. Raises `DatabaseError`, `SchemaTooNewError`.
    """
    db = open_archive(database or folder.archive_db, create=True)
    try:
        yield Store(db, clock, decisions=decisions)
    finally:
        with contextlib.suppress(sqlite3.Error):  # what it would say, the block has said already
            db.conn.execute("PRAGMA optimize")
        db.conn.close()
