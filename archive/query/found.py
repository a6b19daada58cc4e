"""Which articles a search finds, in what order, one per story: streams that stop when enough was met.

What FTS5 finds is joined with the index `articles_found`, which holds all that filters, stories and facets ask of a row. A row
of articles itself is a page or more of text, and a word that stands in a tenth of a million articles would read them all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from archive.query.filters import Filters, condition

_STEP = 200  # rows looked up at once
_NO_FILTER = Filters()


def facts(conn: sqlite3.Connection) -> str:
    """Return the table `a` of articles by its short rows; an archive of an older Morgue has none."""
    there = conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'articles_found'").fetchone()
    return "articles a INDEXED BY articles_found" if there else "articles a"


@dataclass(frozen=True, slots=True)
class Question:
    """What to look for: an FTS5 expression, and what else holds of each article."""

    match: str
    where: str
    values: tuple[object, ...]
    filtered: bool  # `where` says more than that the article is shown, as everything in the index is
    facts: str  # of `facts`

    @classmethod
    def of(cls, conn: sqlite3.Connection, match: str, filters: Filters) -> Question:
        """Return the question of an expression and filters. Raises `QueryError` for dates that are none."""
        where, values = condition(filters)
        return cls(match, where, tuple(values), filters != _NO_FILTER, facts(conn))

    @property
    def joined(self) -> str:
        """The tables and conditions of everything found, with `f` the index and `a` the article; values: `.all_values`."""
        return f"articles_fts f JOIN {self.facts} ON a.pk = f.rowid WHERE articles_fts MATCH ? AND {self.where}"

    @property
    def all_values(self) -> tuple[object, ...]:
        """The values for `joined`."""
        return (self.match, *self.values)


def by_relevance(conn: sqlite3.Connection, asked: Question, *, every: bool, end: int) -> list[tuple[int, float]]:
    """Return the first `end` articles (pk, bm25: smaller is better), the more recent first where equal.

    One per story unless `every`: a story comes where its best member does, and is shown by its head if that is found too.
    """
    found: list[tuple[int, float]] = []
    stories: dict[int, int] = {}  # story -> its place in `found`
    sql = "SELECT rowid, rank FROM articles_fts WHERE articles_fts MATCH ? ORDER BY rank"
    values: tuple[object, ...] = (asked.match,)
    if asked.filtered:
        sql, values = f"SELECT a.pk, f.rank FROM {asked.joined} ORDER BY f.rank", asked.all_values  # noqa: S608
    if end <= 0:
        return found
    for rank, group in groupby(_stepwise(conn.execute(sql, values)), key=itemgetter(1)):
        rows = _facts(conn, asked, [pk for pk, _ in group])
        rows.sort(key=lambda row: row[0])
        rows.sort(key=lambda row: row[2], reverse=True)
        for pk, story, _ in rows:
            if every or story not in stories:
                stories[story] = len(found)
                found.append((pk, rank))
            elif found[stories[story]] > (pk, rank) and found[stories[story]][1] == rank:
                found[stories[story]] = (
                    pk,
                    rank,
                )  # of two that are equally good, the one that was first in the archive
        if len(found) >= end:
            break
    if not every:
        heads = _heads(conn, stories)
        matching = _matching(conn, asked, [head for story, head in heads.items() if found[stories[story]][0] != head])
        for story, head in heads.items():
            if head in matching:
                found[stories[story]] = (head, found[stories[story]][1])
    return found[:end]


def by_time(
    conn: sqlite3.Connection, asked: Question, *, oldest: bool, every: bool, end: int
) -> list[tuple[int, None]]:
    """Return the first `end` articles by time. One per story unless `every`: its head if that is found, else the first met."""
    found: list[tuple[int, None]] = []
    stories: set[int] = set()
    if end <= 0:
        return found
    order = "ASC" if oldest else "DESC"
    sql = f"SELECT a.pk, a.story FROM {asked.joined} ORDER BY a.sort_at {order}, a.pk"  # noqa: S608 - made of constants
    cursor = conn.execute(sql, asked.all_values)
    while rows := cursor.fetchmany(max(_STEP, end)):
        heads = {} if every else _heads(conn, {story for _, story in rows} - stories)
        met = {pk for pk, _ in rows}
        matching = _matching(conn, asked, [head for head in heads.values() if head not in met]) | met
        for pk, story in rows:
            if not every:
                head = heads.get(story, pk)
                if story in stories or (pk != head and head in matching):
                    continue  # its head has come, or will
                stories.add(story)
            found.append((pk, None))
            if len(found) == end:
                return found
    return found


def newest(
    conn: sqlite3.Connection, where: str, values: Sequence[object], *, oldest: bool, every: bool, end: int
) -> list[tuple[int, None]]:
    """Return the first `end` articles by time without words: a walk along the index of times, that stops early.

    A story comes at its head's time, if that is found, else where the first member is met.
    """
    order = "ASC" if oldest else "DESC"
    stories: set[int] = set()
    found: list[tuple[int, None]] = []
    if end <= 0:
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


def _stepwise(cursor: sqlite3.Cursor) -> Iterator[tuple[int, float]]:
    while rows := cursor.fetchmany(_STEP):
        yield from rows


def _facts(conn: sqlite3.Connection, asked: Question, pks: Sequence[int]) -> list[tuple[int, int, str]]:
    """Return (pk, story, sort_at) of articles."""
    rows: list[tuple[int, int, str]] = []
    for at in range(0, len(pks), _STEP):
        part = pks[at : at + _STEP]
        sql = f"SELECT a.pk, a.story, a.sort_at FROM {asked.facts} WHERE a.pk IN ({_marks(part)})"  # noqa: S608
        rows += conn.execute(sql, part).fetchall()
    return rows


def _heads(conn: sqlite3.Connection, stories: Iterable[int]) -> dict[int, int]:
    """Return the heads of those stories that have several members."""
    numbers = list(stories)
    heads: dict[int, int] = {}
    for at in range(0, len(numbers), _STEP):
        part = numbers[at : at + _STEP]
        sql = f"SELECT pk, head FROM stories WHERE members > 1 AND pk IN ({_marks(part)})"  # noqa: S608
        heads.update(conn.execute(sql, part).fetchall())
    return heads


def _matching(conn: sqlite3.Connection, asked: Question, pks: Sequence[int]) -> set[int]:
    """Return which of these articles are found."""
    found: set[int] = set()
    for at in range(0, len(pks), _STEP):
        part = pks[at : at + _STEP]
        sql = f"SELECT a.pk FROM {asked.joined} AND f.rowid IN ({_marks(part)})"  # noqa: S608
        found.update(row[0] for row in conn.execute(sql, (*asked.all_values, *part)))
    return found


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
