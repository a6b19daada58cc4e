"""Search: ranked or by time, one hit per story."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from archive.errors import QueryError
from archive.query.filters import Filters, Moment, condition
from archive.query.found import Question, by_relevance, by_time, facts, newest
from archive.query.reader import answering, need_opt_outs
from archive.query.snippets import Marked, mark, snippet
from archive.query.words import Asked, parse_words
from archive.terms import algorithm_for

Sort = Literal["relevance", "newest", "oldest"]
_LANGUAGES = (
    "WITH RECURSIVE l(x) AS (SELECT min(language) FROM articles UNION ALL"
    " SELECT (SELECT min(language) FROM articles WHERE language > x) FROM l WHERE x IS NOT NULL)"
    " SELECT x FROM l WHERE x IS NOT NULL LIMIT 200"
)
EVERYTHING = condition(Filters())[0]  # no filter, no word


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
    score: float | None  # bm25, larger is better; None where hits are sorted by time


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
    opted_out: bool = True,
    all: bool = False,  # noqa: A002 - the option's name
    limit: int = 20,
    offset: int = 0,
) -> list[Hit]:
    """Return what was found for `words`; without words the newest articles.

    One hit per story (the head if it matches, else the best match; sorted by time the first met) unless `all`. `limit` and
    `offset` count hits. `opted_out`: False leaves out articles whose site asks for that.
    Raises `QueryError` for dates or a `sort` that are none, or when time is up; never for the words.
    """
    if sort not in get_args(Sort):
        raise QueryError(f"hits cannot be sorted by {sort!r}. Use one of: {', '.join(get_args(Sort))}.")
    filters = Filters(
        since=since, until=until, source=source, language=language, author=author, kind=kind, opted_out=opted_out
    )
    found: Sequence[tuple[int, float | None]]
    with answering(conn):
        asked = asked_for(conn, words, filters)
        if asked is None:
            return []
        limit, offset = max(0, limit), max(0, offset)
        end = offset + limit
        if asked.match is None:
            where, values = without_words(filters, asked)
            found = newest(conn, where, values, oldest=sort == "oldest", every=all, end=end)
        elif sort == "relevance":
            found = by_relevance(conn, Question.of(conn, asked.match, filters), every=all, end=end)
        else:
            question = Question.of(conn, asked.match, filters)
            found = by_time(conn, question, oldest=sort == "oldest", every=all, end=end)
        return [hit for pk, score in found[offset:] if (hit := _hit(conn, pk, score, asked)) is not None]


def count(conn: sqlite3.Connection, words: str, filters: Filters | None = None, *, all: bool = False) -> int:  # noqa: A002
    """Return how many hits `search` has in all."""
    filters = filters or Filters()
    with answering(conn):
        asked = asked_for(conn, words, filters)
        if asked is None:
            return 0
        what = "count(*)" if all else "count(DISTINCT a.story)"
        if asked.match is None:
            where, values = without_words(filters, asked)
            sql = f"SELECT {what} FROM {facts(conn)} WHERE {where}"  # noqa: S608 - made of constants
            if where == EVERYTHING and not all:
                sql = "SELECT count(*) FROM stories WHERE members > 0"
            return int(conn.execute(sql, values).fetchone()[0])
        question = Question.of(conn, asked.match, filters)
        sql = f"SELECT {what} FROM {question.joined}"  # noqa: S608 - made of constants
        return int(conn.execute(sql, question.all_values).fetchone()[0])


def matching(conn: sqlite3.Connection, words: str, filters: Filters, *, opted_out: bool = False) -> list[int]:
    """Return `articles.pk` of all that `search` finds, every copy, earliest first; what opts out only with `opted_out`.

    For exports: give a connection whose statements may take their time. Raises `QueryError` for dates that are none, and
    `DatabaseError` where an older Morgue made the database.
    """
    with answering(conn):
        need_opt_outs(conn)
        filters = replace(filters, opted_out=opted_out)
        asked = asked_for(conn, words, filters)
        if asked is None:
            return []
        tables = "articles a WHERE"
        if asked.match is not None:
            tables = f"articles_fts f JOIN {facts(conn)} ON a.pk = f.rowid WHERE articles_fts MATCH ? AND"
        where, values = without_words(filters, asked)
        sql = f"SELECT a.pk FROM {tables} {where} ORDER BY a.sort_at, a.pk"  # noqa: S608 - made of constants
        return [int(row[0]) for row in conn.execute(sql, values if asked.match is None else [asked.match, *values])]


def hits(conn: sqlite3.Connection, pks: Sequence[int], words: str, filters: Filters) -> list[Hit]:
    """Return articles, by `articles.pk`, as hits for `words`, in this order; those that are gone are left out."""
    with answering(conn):
        asked = asked_for(conn, words, filters)
        found = [] if asked is None else [_hit(conn, pk, None, asked) for pk in pks]
        return [hit for hit in found if hit is not None]


def languages(conn: sqlite3.Connection) -> list[str]:
    """Return the languages of the archive's articles."""
    return [row[0] for row in conn.execute(_LANGUAGES)]


def asked_for(conn: sqlite3.Connection, words: str, filters: Filters) -> Asked | None:
    """Return what was asked for; None if it was words and none of them can be looked for."""
    algorithms = {algorithm_for(name) for name in ([filters.language] if filters.language else languages(conn))}
    asked = parse_words(words, sorted(algorithm for algorithm in algorithms if algorithm))
    return None if asked.match is None and asked.without is None and not asked.empty else asked


def without_words(filters: Filters, asked: Asked) -> tuple[str, list[object]]:
    """Return the condition for a row `a` of articles where there is no word to look for, and its values."""
    where, values = condition(filters)
    if asked.match is None and asked.without is not None:
        where += " AND a.pk NOT IN (SELECT rowid FROM articles_fts WHERE articles_fts MATCH ?)"
        values.append(asked.without)
    return where, values


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
