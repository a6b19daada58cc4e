"""What readers and the writer of archive.db share: which migrations are known, and SQLite's errors in our words.

Loads no sqlite-utils, which takes a quarter of a second: `morgue search` needs none of it.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from archive.errors import DatabaseError, SchemaTooNewError

MIGRATION_SET = "morgue"
# In order; archive/schema.py has their functions.
MIGRATIONS = (
    "m001_foundation", "m002_profiles", "m003_stories", "m004_changes", "m005_timeline", "m006_optout", "m007_health",
    "m008_search", "m009_promotions",
)  # fmt: skip


def refuse_newer(conn: sqlite3.Connection, path: Path) -> None:
    """Raise `SchemaTooNewError` if the database has a migration that this version does not know."""
    table = conn.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchone()
    if table is None:
        return
    for (name,) in conn.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = ?", (MIGRATION_SET,)):
        if name not in MIGRATIONS:
            raise SchemaTooNewError(path, name)


def database_error(error: sqlite3.Error, path: Path | str) -> DatabaseError:
    """Return our error for one of SQLite's, saying what to do about it."""
    text = str(error)
    lower = text.lower()
    if "not a database" in lower or "malformed" in lower or "corrupt" in lower:
        hint = "It is damaged or no SQLite database. Move it away and make it again with `morgue rebuild`."
    elif "full" in lower:
        hint = "The disk is full. Make room and run the same command again: what was committed is kept."
    elif "locked" in lower or "busy" in lower:
        hint = "Another program holds it. Close it (an open SQL shell, a copy in progress) and try again."
    elif "disk i/o" in lower:
        hint = (
            "Look at the disk's free space (`df -h`); if there is room, the disk may be failing: see the system's log."
        )
    elif "readonly" in lower or "unable to open" in lower:
        hint = "Check that the file and its folder can be read and written by you."
    else:
        hint = "If this comes again, make the database anew from the WARC files with `morgue rebuild`."
    return DatabaseError(f"{path}: {text}. {hint}")
