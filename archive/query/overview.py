"""An archive at a glance: how much there is, from whom, and when it came. Reads indexes alone: rows of articles are long."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.query.filters import PUBLIC
from archive.query.health import LATELY, Readings, last_read, readings
from archive.query.reader import answering, need_opt_outs

_ENOUGH_LATELY = 20  # pages that were read lately, to judge how many gave no article; articles, to expect further ones
_NEARLY_ALL = 0.9
_SILENT = timedelta(days=14)
# Each source by one step into the index articles_seen, however many articles it has.
SOURCES = (
    "WITH RECURSIVE l(x) AS (SELECT min(source) FROM articles UNION ALL"
    " SELECT (SELECT min(source) FROM articles WHERE source > x) FROM l WHERE x IS NOT NULL)"
)
# … less the stories all of whose articles opt out, found from these: few opt out, and a story's number is in long rows.
_WITHOUT_CLOSED = (
    " - (SELECT count(*) FROM (SELECT DISTINCT b.story FROM opted_out o CROSS JOIN articles b ON b.pk = o.article"  # noqa: S608
    " WHERE b.hidden = 0) closed WHERE NOT EXISTS (SELECT 1 FROM articles a WHERE a.story = closed.story AND a.hidden = 0"
    f"{PUBLIC}))"
)


@dataclass(frozen=True, slots=True)
class Counts:
    """How much an archive shows."""

    articles: int
    stories: int
    captures: int
    gone: int


@dataclass(frozen=True, slots=True)
class SourceCount:
    """A source, and its articles that are shown."""

    name: str
    articles: int
    last_new: str  # when its newest article was first captured, UTC


@dataclass(frozen=True, slots=True)
class SourceState:
    """What archive.db alone can tell of a source's health; `morgue status` knows more."""

    last_read: datetime | None  # newest capture
    readings: Readings
    problem: str | None  # one sentence; None: nothing to see


def counts(conn: sqlite3.Connection, *, opted_out: bool = True) -> Counts:
    """Return how much there is. Walks whole indexes: keep the answer for a while. Raises `QueryError`, `DatabaseError`."""
    with answering(conn):
        need_opt_outs(conn)
        public = "" if opted_out else PUBLIC
        shown = "SELECT count(*) FROM articles a WHERE a.hidden = 0"
        stories = f"SELECT count(*){'' if opted_out else _WITHOUT_CLOSED} FROM stories WHERE members > 0"  # noqa: S608 - constants
        gone = f"SELECT count(*) FROM articles a WHERE a.gone_at IS NOT NULL AND a.hidden = 0{public}"  # noqa: S608
        questions = (f"{shown}{public}", stories, "SELECT count(*) FROM captures", gone)
        return Counts(*(int(conn.execute(sql).fetchone()[0]) for sql in questions))


def source_counts(conn: sqlite3.Connection, *, opted_out: bool = True) -> list[SourceCount]:
    """Return the sources that have articles, most articles first. Walks an index: keep the answer for a while."""
    with answering(conn):
        need_opt_outs(conn)
        sql = (
            "SELECT a.source, count(*), max(a.first_seen) FROM articles a WHERE a.hidden = 0 AND a.source IS NOT NULL"  # noqa: S608
            f"{'' if opted_out else PUBLIC} GROUP BY a.source ORDER BY 2 DESC, 1"
        )
        return [SourceCount(*row) for row in conn.execute(sql)]


def arrivals_by_day(
    conn: sqlite3.Connection, since: str, *, source: str | None = None, opted_out: bool = True
) -> dict[str | None, dict[str, int]]:
    """Return for each source how many articles were first captured on each day (UTC) from `since` (UTC, ISO 8601) on.

    None is what has no source: single pages, foreign files. Raises `QueryError`, `DatabaseError`.
    """
    public = "" if opted_out else PUBLIC
    counted = "substr(a.first_seen, 1, 10), count(*) FROM"
    these = f"a.hidden = 0 AND a.first_seen >= ?{public} GROUP BY 1, 2"
    # CROSS: for each source one step into the index. Otherwise SQLite might read all articles.
    every = (
        f"{SOURCES} SELECT l.x, {counted} l CROSS JOIN articles a ON a.source = l.x WHERE l.x IS NOT NULL AND {these}"
    )
    single = f"SELECT a.source, {counted} articles a WHERE a.source IS NULL AND {these}"
    one = f"SELECT a.source, {counted} articles a WHERE a.source = ? AND {these}"
    found: dict[str | None, dict[str, int]] = {}
    with answering(conn):
        need_opt_outs(conn)
        questions = [(one, [source, since])] if source is not None else [(every, [since]), (single, [since])]
        for sql, values in questions:
            for name, day, number in conn.execute(sql, values):
                found.setdefault(name, {})[day] = number
    return found


def source_state(conn: sqlite3.Connection, name: str, known: SourceCount | None) -> SourceState:
    """Return how a source is, as far as archive.db tells; `known`: None if it has no articles. Raises `QueryError`."""
    read_at = last_read(conn, name)
    read = readings(conn, name, read_at - LATELY if read_at else None)
    return SourceState(read_at, read, _problem(read_at, read, known))


def _problem(read_at: datetime | None, read: Readings, known: SourceCount | None) -> str | None:
    if read.read >= _ENOUGH_LATELY and read.refused >= _NEARLY_ALL * read.read:
        reasons = ", ".join([*read.reasons][:3])
        return f"{read.refused} of the last {read.read} pages read gave no article ({reasons})"
    if read_at is not None and known is not None and known.articles >= _ENOUGH_LATELY:
        quiet = read_at - datetime.fromisoformat(known.last_new)
        if quiet > _SILENT:
            return f"nothing new for {quiet.days} days, though it was asked"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An article in a list of a source's own."""

    id: str
    title: str | None
    url: str
    authors: str  # JSON list
    language: str | None
    published: str | None
    published_precision: str | None
    first_seen: str
    word_count: int
    kind: str
    gone_at: str | None


def articles_of(
    conn: sqlite3.Connection,
    name: str,
    *,
    domain: bool = False,
    limit: int = 30,
    offset: int = 0,
    opted_out: bool = True,
) -> list[Entry]:
    """Return the newest articles of a source, or of a registered domain, copies among them. Raises `QueryError`."""
    with answering(conn):
        need_opt_outs(conn)
        rows = conn.execute(
            "SELECT a.id, a.title, a.url, a.authors, a.language, a.published, a.published_precision, a.first_seen,"  # noqa: S608
            f" a.word_count, a.kind, a.gone_at FROM articles a WHERE a.{'domain' if domain else 'source'} = ? AND a.hidden = 0"
            f"{'' if opted_out else PUBLIC} ORDER BY a.sort_at DESC, a.pk LIMIT ? OFFSET ?",
            (name, limit, offset),
        ).fetchall()
    names = ("id", "title", "url", "authors", "language", "published", "published_precision", "first_seen", "word_count",
             "kind", "gone_at")  # fmt: skip
    return [Entry(**dict(zip(names, row, strict=True))) for row in rows]


def is_public(conn: sqlite3.Connection, article_id: str) -> bool:
    """Tell whether an article, by its own id, is one that may be shown in public. Raises `QueryError`, `DatabaseError`."""
    with answering(conn):
        need_opt_outs(conn)
        sql = f"SELECT 1 FROM articles a WHERE a.id = ? AND a.hidden = 0{PUBLIC}"  # noqa: S608 - constants
        return conn.execute(sql, (article_id,)).fetchone() is not None
