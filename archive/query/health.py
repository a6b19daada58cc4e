"""What archive.db knows of a source's health: its articles, when new ones came, and what became of the pages read last."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from archive.query.reader import answering

READ_LATELY = 50  # pages of a source that are looked at, the newest
LATELY = timedelta(days=14)  # … if no older than this: what is older says nothing of the site as it is now


@dataclass(frozen=True, slots=True)
class Readings:
    """What became of the pages of a source that were read last."""

    read: int
    refused: int  # of them, those that gave no article
    reasons: dict[str, int]  # why not, the commonest first
    example: str | None  # the newest of them, for the commonest reason


def articles_by_source(conn: sqlite3.Connection) -> dict[str, tuple[int, datetime]]:
    """Return how many articles each source has, and when its newest was first captured. Raises `QueryError`."""
    with answering(conn):
        rows = conn.execute(
            "SELECT source, count(*), max(first_seen) FROM articles"
            " WHERE hidden = 0 AND source IS NOT NULL GROUP BY source"
        ).fetchall()
    return {source: (count, datetime.fromisoformat(last)) for source, count, last in rows}


def arrivals(conn: sqlite3.Connection, source: str, since: datetime) -> list[datetime]:
    """Return the hours, aware and in order, in which new articles of a source were first captured, from `since` on.

    An hour counts once: what one crawl brings together came at an unknown time before it. Raises `QueryError`.
    """
    with answering(conn):
        rows = conn.execute(
            "SELECT max(first_seen) FROM articles WHERE hidden = 0 AND source = ? AND first_seen >= ?"
            " GROUP BY substr(first_seen, 1, 13) ORDER BY 1",
            (source, _stamp(since)),
        ).fetchall()
    return [datetime.fromisoformat(row[0]) for row in rows]


def last_read(conn: sqlite3.Connection, source: str) -> datetime | None:
    """Return when the newest capture of a source that this database has was made. Raises `QueryError`."""
    with answering(conn):
        row = conn.execute("SELECT max(captured_at) FROM captures WHERE source = ?", (source,)).fetchone()
    return None if row[0] is None else datetime.fromisoformat(row[0])


def last_good_answer(conn: sqlite3.Connection, url: str) -> datetime | None:
    """Return when an address, as it was asked for, last answered with a body or "not modified". Raises `QueryError`."""
    with answering(conn):
        row = conn.execute(
            "SELECT max(captured_at) FROM captures WHERE url = ? AND status IN (200, 304) AND truncated IS NULL", (url,)
        ).fetchone()
    return None if row[0] is None else datetime.fromisoformat(row[0])


def readings(conn: sqlite3.Connection, source: str, since: datetime | None) -> Readings:
    """Return what became of the last `READ_LATELY` pages of a source, captured at `since` or later. Raises `QueryError`."""
    with answering(conn):
        rows = conn.execute(
            # The words of the WHERE are those of the index captures_read, which SQLite compares as they stand. It has all that
            # is asked of captures, which lie all over the file; so has extractions_refused (+ keeps SQLite from the rows).
            "SELECT c.pk, c.article IS NULL, e.reason FROM (SELECT pk, article, extraction FROM captures WHERE source = ?"
            " AND role = 'page' AND status = 200 AND extraction IS NOT NULL AND captured_at >= ?"
            " ORDER BY captured_at DESC LIMIT ?) c LEFT JOIN extractions e"
            " ON c.article IS NULL AND e.capture = c.pk AND +e.pk = c.extraction AND e.status = 'refused'",
            (source, "" if since is None else _stamp(since), READ_LATELY),
        ).fetchall()
        reasons: Counter[str] = Counter()
        newest: dict[str, int] = {}
        for pk, refused, reason in rows:
            if refused:
                reasons[reason or "unknown"] += 1
                newest.setdefault(reason or "unknown", pk)
        commonest = dict(reasons.most_common())
        example = None
        if commonest:
            shown = newest[next(iter(commonest))]
            (example,) = conn.execute("SELECT url FROM captures WHERE pk = ?", (shown,)).fetchone()
    return Readings(len(rows), reasons.total(), commonest, example)


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
