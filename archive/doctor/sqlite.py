"""SQLite: its version, what was built into it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

from archive.doctor.finding import Finding, ok, wrong

OLDEST = (
    3,
    38,
    0,
)  # unixepoch(), and -> and ->> for JSON; STRICT tables are of 3.37 (https://www.sqlite.org/changes.html)
_UPGRADE = "SQLite comes with Python: install a newer Python (3.11 of Debian 12 has 3.40), then `scripts/setup` again."


@dataclass(frozen=True, slots=True)
class Sqlite:
    """What this Python's SQLite can do."""

    version: tuple[int, ...]
    fts5: bool
    json: bool
    strict: bool


def observe() -> Sqlite:
    """Try each feature in memory."""

    def can(statement: str) -> bool:
        try:
            with closing(sqlite3.connect(":memory:")) as conn:
                conn.execute(statement)
        except sqlite3.Error:
            return False
        return True

    return Sqlite(
        sqlite3.sqlite_version_info,
        fts5=can("CREATE VIRTUAL TABLE t USING fts5(a, tokenize = 'unicode61')"),
        json=can("""SELECT json_extract('{"a": 1}', '$.a')"""),
        strict=can("CREATE TABLE t (a TEXT) STRICT"),
    )


def look(observed: Callable[[], Sqlite] = observe) -> Iterator[Finding]:
    """Check version and features."""
    has = observed()
    version = ".".join(map(str, has.version))
    if has.version < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        yield wrong("SQLite", f"this is SQLite {version}, and Morgue needs {oldest} or newer", do=_UPGRADE)
    missing = [
        name for name, there in (("FTS5", has.fts5), ("JSON", has.json), ("STRICT tables", has.strict)) if not there
    ]
    if missing:
        why = "Search is made with FTS5, the tables with the others."
        yield wrong("SQLite", f"SQLite {version} was built without {' and '.join(missing)}", why, do=_UPGRADE)
    elif has.version >= OLDEST:
        yield ok("SQLite", f"{version}, with FTS5 and JSON")
