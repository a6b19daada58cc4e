"""The members of a story: who had it first, who copied whom, and how fast."""

from __future__ import annotations

import sqlite3

from archive.errors import QueryError
from archive.query.reader import answering, need_timeline
from archive.query.show import show

_MEMBERS = (
    "SELECT article AS id, url, title, source, domain, published, published_precision, first_seen, sort_at, kind, score,"
    ' "of", head, seconds_after_head, seconds_after_of FROM story_timeline WHERE story = ?'
    " ORDER BY sort_at, first_seen, article"
)


def members(conn: sqlite3.Connection, what: str) -> tuple[str, list[dict[str, object]]]:
    """Return a story's id and its members, earliest first, found by any member's id or URL. Raises `QueryError`.

    The rows are those of the view `story_timeline`; `source` and `published` are None where they are not known, `score`,
    `of` and `seconds_after_of` where the article is no copy of a member. Delays are in seconds, by `sort_at` (UTC).
    """
    with answering(conn):
        need_timeline(conn)
        name = what.strip()
        # What no encoding has (an argument that was no UTF-8) cannot be asked of SQLite, and is the name of nothing.
        if not name.isascii() or conn.execute("SELECT 1 FROM stories WHERE id = ?", (name,)).fetchone() is None:
            name = str(show(conn, name).article["story"])
        cursor = conn.execute(_MEMBERS, (name,))
        columns = [column[0] for column in cursor.description]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor]
    if not rows:
        raise QueryError(
            f"the story {name} has no member that is shown: its pages are read as no articles now. `morgue show {name}` reads "
            "what was kept."
        )
    return name, rows
