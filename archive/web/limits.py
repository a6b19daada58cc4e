"""A Datasette plugin: each connection gets our limits and our search function. Datasette wants plugins to be modules."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from weakref import ref

from datasette import hookimpl

from archive.query import match_expression

ANSWER_LIMIT = 8 * 2**20  # bytes of one answer: a thousand articles; rendering takes several times as much


@hookimpl  # type: ignore[untyped-decorator]  # pluggy's marker
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Keep memory bombs small, and let SQL search as `morgue search` does: `articles_fts match morgue_match(:words)`.

    The memory of SQLite in the whole process is limited when the archive is first opened (`archive/web/serve.py`).
    """
    conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, ANSWER_LIMIT)
    conn.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    conn.create_function("morgue_match", 1, _match, deterministic=True)
    conn.row_factory = limited_rows(ANSWER_LIMIT)


def limited_rows(limit: int) -> Callable[[sqlite3.Cursor, tuple[object, ...]], sqlite3.Row]:
    """Return a row factory that stops a cursor whose rows together hold more than `limit` bytes.

    SQLite's own limits hold for one value; a thousand rows of large ones would be gigabytes.
    """
    reading: ref[sqlite3.Cursor] | None = None
    used = 0

    def row(cursor: sqlite3.Cursor, values: tuple[object, ...]) -> sqlite3.Row:
        nonlocal reading, used
        if reading is None or reading() is not cursor:
            reading, used = ref(cursor), 0
        used += sum(len(value) for value in values if isinstance(value, str | bytes))
        if used > limit:
            raise sqlite3.OperationalError(
                f"the answer has more than {limit >> 20} MiB: ask for fewer rows or columns (limit, substr())"
            )
        return sqlite3.Row(cursor, values)

    return row


def _match(words: object) -> str:
    """Return the FTS5 expression for what a person typed; nothing typed finds nothing."""
    return match_expression(str(words or "")) or '""'
