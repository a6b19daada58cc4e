"""Search: ranked or by time, one hit per story."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args

from archive.errors import QueryError
from archive.query.reader import answering, need_opt_outs
from archive.query.snippets import Marked, mark, snippet
from archive.query.words import Asked, parse_words
from archive.terms import algorithm_for

Sort = Literal["relevance", "newest", "oldest"]
Moment = datetime | date | str
_LANGUAGES = (
    "WITH RECURSIVE l(x) AS (SELECT min(language) FROM articles UNION ALL"
    " SELECT (SELECT min(language) FROM articles WHERE language > x) FROM l WHERE x IS NOT NULL)"
    " SELECT x FROM l WHERE x IS NOT NULL LIMIT 200"
)

PUBLIC = " AND NOT EXISTS (SELECT 1 FROM opted_out o WHERE o.article = a.pk)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What else a hit must be. Times are of publication, or of the first capture where none is known."""

    since: Moment | None = None  # that time or later; a date means its beginning, UTC
    until: Moment | None = None  # that time or earlier; a date means its end, UTC
    source: str | None = None  # name of the source, or registered domain
    language: str | None = None  # ISO 639-1
    author: str | None = None  # a part of any author's name
    kind: str | None = None  # how it came into its story


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One article found, standing for its story."""

    id: str
    url: str
    title: Marked
    snippet: Marked
    source: str | None
    domain: str
    authors: tuple[str, ...]
    published: str | None  # as the page gave it
    published_precision: str | None
    first_seen: str
    language: str | None
    kind: str
    story: str
    copies: int  # other members of the story that are shown, found or not
    score: float | None  # bm25, larger is better; None without words


def search(
    conn: sqlite3.Connection,
    words: str,
    *,
    since: Moment | None = None,
    until: Moment | None = None,
    source: str | None = None,
    language: str | None = None,
    author: str | None = None,
    kind: str | None = None,
    sort: Sort = "relevance",
    all: bool = False,  # noqa: A002 - the option's name
    limit: int = 20,
    offset: int = 0,
    opted_out: bool = True,
) -> list[Hit]:
    """Return what was found for `words`; without words the newest articles.

    One hit per story (the head if it matches, else the best match) unless `all`. `limit` and `offset` count hits. `opted_out`:
    also articles whose site asks to be left out; what is shown in public leaves them out.
    Raises `QueryError` for dates or a `sort` that are none, or when time is up; never for the words.
    """
    if sort not in get_args(Sort):
        raise QueryError(f"hits cannot be sorted by {sort!r}. Use one of: {', '.join(get_args(Sort))}.")
    filters = Filters(since=since, until=until, source=source, language=language, author=author, kind=kind)
    found: Sequence[tuple[int, float | None]]
    with answering(conn):
        asked = _asked(conn, words, filters.language)
        if asked is None:
            return []
        where, values = _where(filters, asked)
        if not opted_out:
            where += PUBLIC
        limit, offset = max(0, limit), max(0, offset)
        if asked.match is None:
            found = _by_time(conn, where, values, oldest=sort == "oldest", every=all, end=offset + limit)[offset:]
        else:
            found = _by_words(conn, asked.match, where, values, sort=sort, every=all, limit=limit, offset=offset)
        return [hit for pk, score in found if (hit := _hit(conn, pk, score, asked)) is not None]


def count(
    conn: sqlite3.Connection,
    words: str,
    filters: Filters | None = None,
    *,
    all: bool = False,  # noqa: A002 - the option's name
    opted_out: bool = True,
) -> int:
    """Return how many hits `search` has in all."""
    filters = filters or Filters()
    with answering(conn):
        asked = _asked(conn, words, filters.language)
        if asked is None:
            return 0
        where, values = _where(filters, asked)
        if not opted_out:
            where += PUBLIC
        what = "count(*)" if all else "count(DISTINCT a.story)"
        if asked.match is None:
            sql = f"SELECT {what} FROM articles a WHERE {where}"  # noqa: S608 - made of constants
        else:
            sql = (
                f"SELECT {what} FROM articles_fts f JOIN articles a ON a.pk = f.rowid "  # noqa: S608 - made of constants
                f"WHERE articles_fts MATCH ? AND {where}"
            )
            values = [asked.match, *values]
        return int(conn.execute(sql, values).fetchone()[0])


def matching(conn: sqlite3.Connection, words: str, filters: Filters, *, opted_out: bool = False) -> list[int]:
    """Return `articles.pk` of all that `search` finds, every copy, earliest first; what opts out only with `opted_out`.

    For exports: give a connection whose statements may take their time. Raises `QueryError` for dates that are none, and
    `DatabaseError` where an older Morgue made the database.
    """
    with answering(conn):
        need_opt_outs(conn)
        asked = _asked(conn, words, filters.language)
        if asked is None:
            return []
        where, values = _where(filters, asked)
        if not opted_out:
            where += PUBLIC
        tables = "articles a"
        if asked.match is not None:
            tables = "articles_fts f JOIN articles a ON a.pk = f.rowid"
            where, values = f"articles_fts MATCH ? AND {where}", [asked.match, *values]
        sql = f"SELECT a.pk FROM {tables} WHERE {where} ORDER BY a.sort_at, a.pk"  # noqa: S608 - made of constants
        return [int(row[0]) for row in conn.execute(sql, values)]


def languages(conn: sqlite3.Connection) -> list[str]:
    """Return the languages of the archive's articles."""
    return [row[0] for row in conn.execute(_LANGUAGES)]


def moment(value: Moment, *, end: bool) -> str:
    """Return a time of a filter as it stands in `sort_at`; a date (or a month, a year) is its beginning or `end`.

    >>> moment("2026-05", end=True)
    '2026-05-31T23:59:59.999999Z'
    """
    try:
        at = _beginning_or_end(value, end=end)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise QueryError(
            f"{value!r} is not a date. Write it like 2026-05-01, 2026-05, 2026 or 2026-05-01T06:00:00Z."
        ) from error
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def _beginning_or_end(value: Moment, *, end: bool) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time.max if end else time.min)
    text = value.strip()
    if len(text) == len("2026") and text.isdigit():
        return datetime(int(text) + end, 1, 1) - timedelta(microseconds=end)  # noqa: DTZ001 - made UTC by the caller
    if len(text) == len("2026-05") and text[4] == "-":
        first = date.fromisoformat(f"{text}-01")
        after = (first + timedelta(days=31)).replace(day=1) if end else first
        return datetime.combine(after, time.min) - timedelta(microseconds=end)
    if len(text) == len("2026-05-01"):
        return datetime.combine(date.fromisoformat(text), time.max if end else time.min)
    return datetime.fromisoformat(text)


def _asked(conn: sqlite3.Connection, words: str, language: str | None) -> Asked | None:
    """Return what was asked for; None if it was words and none of them can be looked for."""
    algorithms = {algorithm_for(name) for name in ([language] if language else languages(conn))}
    asked = parse_words(words, sorted(algorithm for algorithm in algorithms if algorithm))
    return None if asked.match is None and asked.without is None and not asked.empty else asked


def _where(filters: Filters, asked: Asked) -> tuple[str, list[object]]:
    parts: list[str] = ["a.hidden = 0"]
    values: list[object] = []
    if asked.match is None and asked.without is not None:
        parts.append("a.pk NOT IN (SELECT rowid FROM articles_fts WHERE articles_fts MATCH ?)")
        values.append(asked.without)
    for clause, value in (
        ("a.sort_at >= ?", filters.since and moment(filters.since, end=False)),
        ("a.sort_at <= ?", filters.until and moment(filters.until, end=True)),
        ("(a.source = ? OR a.domain = ?)", filters.source),
        ("a.language = ?", filters.language),
        ("a.kind = ?", filters.kind),
        ("a.authors LIKE ? ESCAPE '\\'", filters.author and _like(filters.author)),
    ):
        if value:
            parts.append(clause)
            values += [value] * clause.count("?")
    return " AND ".join(parts), values


def _like(part: str) -> str:
    part = json.dumps(part[:200], ensure_ascii=False)[1:-1]  # as it stands in the column's JSON
    return "%" + part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _by_words(
    conn: sqlite3.Connection,
    match: str,
    where: str,
    values: Sequence[object],
    *,
    sort: Sort,
    every: bool,
    limit: int,
    offset: int,
) -> list[tuple[int, float]]:
    order = {"relevance": "best, sort_at DESC, pk", "newest": "sort_at DESC, best, pk", "oldest": "sort_at, best, pk"}
    found = (
        "SELECT a.pk AS pk, a.story AS story, a.sort_at AS sort_at, f.rank AS rank FROM articles_fts f"  # noqa: S608
        f" JOIN articles a ON a.pk = f.rowid WHERE articles_fts MATCH ? AND {where}"
    )
    if every:
        sql = f"SELECT pk, rank AS best, sort_at FROM ({found})"  # noqa: S608 - made of constants
    else:
        sql = (
            "SELECT pk, best, sort_at FROM (SELECT *, min(rank) OVER (PARTITION BY story) AS best, row_number() OVER"  # noqa: S608
            " (PARTITION BY story ORDER BY pk <> (SELECT head FROM stories s WHERE s.pk = story), rank, pk) AS place"
            f" FROM ({found})) WHERE place = 1"
        )
    rows = conn.execute(f"{sql} ORDER BY {order[sort]} LIMIT ? OFFSET ?", [match, *values, limit, offset])
    return [(row[0], row[1]) for row in rows.fetchall()]


def _by_time(
    conn: sqlite3.Connection, where: str, values: Sequence[object], *, oldest: bool, every: bool, end: int
) -> list[tuple[int, None]]:
    """Walk the index of times and stop when enough stories were met. A story comes at its head's time, if that is found."""
    order = "ASC" if oldest else "DESC"
    stories: set[int] = set()
    found: list[tuple[int, None]] = []
    if end == 0:
        return found
    tables, leads = "articles a", ""
    if not every:
        tables = "articles a CROSS JOIN stories s ON s.pk = a.story"  # CROSS: the walk is over articles
        leads = f" AND (a.pk = s.head OR NOT EXISTS (SELECT 1 FROM articles a WHERE a.pk = s.head AND {where}))"  # noqa: S608
        values = [*values, *values]
    sql = f"SELECT a.pk, a.story FROM {tables} WHERE {where}{leads} ORDER BY a.sort_at {order}, a.pk"  # noqa: S608
    for pk, story in conn.execute(sql, values):
        if not every and story in stories:
            continue
        stories.add(story)
        found.append((pk, None))
        if len(found) == end:
            break
    return found


def _hit(conn: sqlite3.Connection, pk: int, score: float | None, asked: Asked) -> Hit | None:
    row = conn.execute(
        "SELECT a.id, a.url, a.title, a.text, a.source, a.domain, a.authors, a.published, a.published_precision,"
        " a.first_seen, a.language, a.kind, s.id, s.members FROM articles a JOIN stories s ON s.pk = a.story"
        " WHERE a.pk = ?",
        (pk,),
    ).fetchone()
    if row is None:  # gone between two statements
        return None
    return Hit(
        id=row[0],
        url=row[1],
        title=mark(row[2] or "", row[10], asked.wanted),
        snippet=snippet(row[3], row[10], asked.wanted),
        source=row[4],
        domain=row[5],
        authors=tuple(json.loads(row[6])),
        published=row[7],
        published_precision=row[8],
        first_seen=row[9],
        language=row[10],
        kind=row[11],
        story=row[12],
        copies=row[13] - 1,
        score=None if score is None else -score,
    )
