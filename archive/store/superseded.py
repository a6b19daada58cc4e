"""Earlier readings of an article, revisions of cause extractor: what another extractor, profile or selectors said of a page.

They are history of this database alone: nothing else remembers them. Of each time that a publisher's revision was first seen
every other reading is kept once, and none that says what is said now.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from archive.dedupe.words import same_content
from archive.store.changes import clear_changes, follow_readings
from archive.store.rows import digest_of

_COLUMNS = "seen_from, seen_to, capture, title, text, content"


@dataclass(frozen=True, slots=True)
class Said:
    """A revision's columns."""

    seen_from: str
    seen_to: str
    capture: int | None
    title: str | None
    text: str
    content: str


def publisher_rows(conn: sqlite3.Connection, article: int) -> list[Said]:
    """Return an article's publisher's revisions, by time."""
    return _rows(conn, article, "publisher")


def _rows(conn: sqlite3.Connection, article: int, cause: str) -> list[Said]:
    asked = f"SELECT {_COLUMNS} FROM revisions WHERE article = ? AND cause = ? ORDER BY seq"  # noqa: S608 - constants
    return [Said(*row) for row in conn.execute(asked, (article, cause))]


def keep_superseded(conn: sqlite3.Connection, article: int, before: Sequence[Said]) -> None:
    """Keep what an article's publisher's revisions said `before`, where they say something else now; in a transaction."""
    now = publisher_rows(conn, article)
    times = [one.seen_from for one in now]
    readings = _rows(conn, article, "extractor")
    told: dict[str, list[Said]] = {}  # by time: an article that is edited each minute has thousands
    for one in readings:
        told.setdefault(one.seen_from, []).append(one)
    for one in before:
        here = told.setdefault(one.seen_from, [])
        if not any(same_content(other.content, one.content) for other in here):
            here.append(one)
    kept = []
    for one in (each for here in told.values() for each in here):
        at = bisect_right(times, one.seen_from)
        if not at or not same_content(now[at - 1].content, one.content):
            kept.append(one)
    kept.sort(key=lambda one: one.seen_from)
    if kept != readings:
        write_readings(conn, article, kept)


def write_readings(conn: sqlite3.Connection, article: int, kept: Sequence[Said]) -> None:
    """Write an article's earlier readings anew, and what took their place."""
    conn.execute("DELETE FROM revisions WHERE article = ? AND cause = 'extractor'", (article,))
    clear_changes(conn, article, "extractor")
    conn.executemany(
        f"INSERT INTO revisions (article, seq, {_COLUMNS}, cause, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'extractor', ?)",  # noqa: S608
        [
            (article, seq, one.seen_from, one.seen_to, one.capture, one.title, one.text, one.content,
             digest_of([one.title, one.text, one.content]))
            for seq, one in enumerate(kept, 1)
        ],
    )  # fmt: skip
    follow_readings(conn, article)


class Before:
    """What articles said before they were read again one capture at a time; in a temporary table, within a transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        conn.execute("DROP TABLE IF EXISTS temp.said_before")
        conn.execute(
            f"CREATE TEMP TABLE said_before AS SELECT article, seq, {_COLUMNS} FROM revisions WHERE 0"  # noqa: S608 - ours
        )
        conn.execute("CREATE INDEX temp.said_before_article ON said_before (article, seq)")

    def note(self, article: int) -> None:
        """Note what an article says, unless that is noted."""
        if self._conn.execute("SELECT 1 FROM said_before WHERE article = ?", (article,)).fetchone() is None:
            self._conn.execute(
                f"INSERT INTO said_before SELECT article, seq, {_COLUMNS} FROM revisions"  # noqa: S608 - constants
                " WHERE article = ? AND cause = 'publisher'",
                (article,),
            )

    def keep(self) -> None:
        """Keep what is not said any more."""
        for (article,) in self._conn.execute("SELECT DISTINCT article FROM said_before ORDER BY 1").fetchall():
            asked = f"SELECT {_COLUMNS} FROM said_before WHERE article = ? ORDER BY seq"  # noqa: S608 - constants
            keep_superseded(self._conn, article, [Said(*row) for row in self._conn.execute(asked, (article,))])


def set_aside(conn: sqlite3.Connection) -> None:
    """Put all earlier readings into a table of their own, because all articles are placed anew; `bring_back` ends it."""
    conn.execute("DROP TABLE IF EXISTS temp.readings_aside")
    conn.execute(
        f"CREATE TEMP TABLE readings_aside AS SELECT a.id, seq, {', '.join('r.' + c for c in _COLUMNS.split(', '))}"  # noqa: S608
        " FROM revisions r JOIN articles a ON a.pk = r.article WHERE r.cause = 'extractor'"
    )


def bring_back(conn: sqlite3.Connection) -> None:
    """Give earlier readings back to the articles that their captures belong to; others went with their captures.

    Of a capture that shows nothing any more it is the article that has the old one's id, its own or an alias's.
    """
    conn.execute("DROP TABLE IF EXISTS temp.readings_back")
    conn.execute(
        f"CREATE TEMP TABLE readings_back AS SELECT {', '.join('s.' + c for c in _COLUMNS.split(', '))},"  # noqa: S608
        " coalesce(c.article, a.pk, (SELECT min(l.article) FROM aliases l WHERE l.id = s.id)) AS article, s.id, s.seq"
        " FROM readings_aside s JOIN captures c ON c.pk = s.capture LEFT JOIN articles a ON a.id = s.id"
    )
    conn.execute("CREATE INDEX temp.readings_back_article ON readings_back (article, seen_from)")
    asked = f"SELECT {_COLUMNS} FROM readings_back WHERE article = ? ORDER BY seen_from, id, seq"  # noqa: S608 - constants
    articles = conn.execute(
        "SELECT DISTINCT article FROM readings_back WHERE article IS NOT NULL ORDER BY 1"
    ).fetchall()
    for (article,) in articles:
        keep_superseded(conn, article, [Said(*row) for row in conn.execute(asked, (article,))])
    conn.execute("DROP TABLE readings_aside")
    conn.execute("DROP TABLE readings_back")
