"""Deleted rows, gone from the bytes of a database: SQLite itself only forgets where they are."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from archive.database import database_error
from archive.errors import DatabaseError

_PATIENCE = 30.0  # seconds for readers to let go of the log
_LOOK = 0.2


def scrub(path: Path) -> None:
    """Leave no byte of deleted rows in a database: statistics made anew, pages written anew, the log emptied.

    Raises `DatabaseError` if a reader holds the log, or if there is no room.
    """
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)) as conn:
            conn.execute("PRAGMA secure_delete = ON")
            for table in ("sqlite_stat4", "sqlite_stat3"):  # samples of keys, where SQLite keeps them
                if conn.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
                    conn.execute(f"DELETE FROM {table}")  # noqa: S608 - two names of SQLite's own
            conn.execute("VACUUM")
            end = time.monotonic() + _PATIENCE
            while True:
                busy = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                if not busy:
                    return
                if time.monotonic() >= end:
                    break
                time.sleep(_LOOK)
    except sqlite3.Error as error:
        raise database_error(error, path) from error
    raise DatabaseError(
        f"{path}: another program reads it, so its log ({path.name}-wal) still holds what was taken down. Close it (`morgue "
        "serve`, an open SQL shell) and run the same command again: it goes on where it was."
    )
