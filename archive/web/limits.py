"""A Datasette plugin: each connection gets our limits and our search function. Datasette wants plugins to be modules."""

from __future__ import annotations

import sqlite3

from datasette import hookimpl

from archive.query import match_expression
from archive.query.reader import HEAP_LIMIT, VALUE_LIMIT


@hookimpl  # type: ignore[untyped-decorator]  # pluggy's marker
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Keep memory bombs small, and let SQL search as `morgue search` does: `articles_fts match morgue_match(:words)`."""
    conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, VALUE_LIMIT)
    conn.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    conn.execute(f"PRAGMA hard_heap_limit = {HEAP_LIMIT}")
    conn.create_function("morgue_match", 1, _match, deterministic=True)


def _match(words: object) -> str:
    """Return the FTS5 expression for what a person typed; nothing typed finds nothing."""
    return match_expression(str(words or "")) or '""'
