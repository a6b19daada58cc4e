"""The members of a story."""

from __future__ import annotations

import sqlite3

from archive.errors import QueryError
from archive.query.reader import answering
from archive.query.show import show

_MEMBERS = (
    "SELECT a.id, a.url, a.title, ifnull(a.source, a.domain) AS source, a.published, a.first_seen, a.kind,"
    ' b.id AS "of", l.score, a.pk = s.head AS head FROM articles a JOIN stories s ON s.pk = a.story'
    ' LEFT JOIN links l ON l.article = a.pk LEFT JOIN articles b ON b.pk = l."of"'
    " WHERE s.id = ? AND a.hidden = 0 ORDER BY a.sort_at, a.first_seen, a.id"
)


def members(conn: sqlite3.Connection, what: str) -> tuple[str, list[dict[str, object]]]:
    """Return a story's id and its members, earliest first, found by any member's id or URL. Raises `QueryError`."""
    with answering(conn):
        name = what.strip()
        if conn.execute("SELECT 1 FROM stories WHERE id = ?", (name,)).fetchone() is None:
            name = str(show(conn, name).article["story"])
        cursor = conn.execute(_MEMBERS, (name,))
        columns = [column[0] for column in cursor.description]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor]
    if not rows:
        raise QueryError(f"the story {name} has no member that is shown.")
    return name, rows
