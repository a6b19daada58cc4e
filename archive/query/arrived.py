"""What a search finds among articles that were first captured lately, whenever they were published."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from archive.query.filters import Filters
from archive.query.found import Question, facts
from archive.query.overview import SOURCES
from archive.query.reader import answering, need_opt_outs
from archive.query.search import asked_for, without_words

_STEP = 500  # rows looked up at once


@dataclass(frozen=True, slots=True)
class Arrival:
    """An article that was found."""

    pk: int
    story: int
    first_seen: str  # UTC, ISO 8601
    ids: tuple[str, ...]  # its id, and those that it may have after a rebuild: of its further addresses


def arrived(conn: sqlite3.Connection, words: str, filters: Filters, since: str) -> list[Arrival]:
    """Return what `words` and `filters` find of what was first captured at `since` (UTC, ISO 8601) or later, earliest first.

    Every copy. Raises `QueryError` for dates that are none, or when time is up; `DatabaseError`.
    """
    with answering(conn):
        need_opt_outs(conn)
        seen = _seen_since(conn, since)
        found = sorted((seen[pk], pk, story) for pk, story in _matching(conn, words, filters, sorted(seen)))
        ids = _ids(conn, [pk for _, pk, _ in found])
        return [Arrival(pk, story, at, tuple(ids[pk])) for at, pk, story in found if pk in ids]


def found_before(
    conn: sqlite3.Connection, words: str, filters: Filters, stories: Iterable[int], since: str
) -> set[int]:
    """Return which of these stories (`stories.pk`) have an article that is found and was first captured before `since`."""
    with answering(conn):
        members: list[int] = []
        for part in _parts(sorted(set(stories))):
            sql = f"SELECT pk FROM articles WHERE story IN ({_marks(part)}) AND first_seen < ?"  # noqa: S608 - marks
            members += [row[0] for row in conn.execute(sql, [*part, since])]
        return {story for _, story in _matching(conn, words, filters, members)}


def _seen_since(conn: sqlite3.Connection, since: str) -> dict[int, str]:
    """Return the articles first captured since then, with when. For each source one step into the index `articles_seen`."""
    seen = "SELECT a.pk, a.first_seen FROM"
    late = "a.hidden = 0 AND a.first_seen >= ?"
    every = f"{SOURCES} {seen} l CROSS JOIN articles a ON a.source = l.x WHERE l.x IS NOT NULL AND {late}"
    single = f"{seen} articles a WHERE a.source IS NULL AND {late}"
    return {pk: at for sql in (every, single) for pk, at in conn.execute(sql, (since,))}


def _matching(conn: sqlite3.Connection, words: str, filters: Filters, pks: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield (pk, story) of those articles that are found."""
    asked = asked_for(conn, words, filters)
    if asked is None or not pks:
        return
    if asked.match is not None:
        # Everything that has the words, and then those: FTS5 would look each of many articles up by itself.
        question = Question.of(conn, asked.match, filters)
        wanted = set(pks)
        rows = conn.execute(f"SELECT a.pk, a.story FROM {question.joined}", question.all_values)  # noqa: S608 - constants
        yield from ((pk, story) for pk, story in rows if pk in wanted)
        return
    where, values = without_words(filters, asked)
    for part in _parts(pks):
        sql = f"SELECT a.pk, a.story FROM {facts(conn)} WHERE {where} AND a.pk IN ({_marks(part)})"  # noqa: S608 - marks
        yield from conn.execute(sql, [*values, *part])


def _ids(conn: sqlite3.Connection, pks: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for part in _parts(pks):
        for sql in (
            "SELECT pk, id FROM articles WHERE pk IN ({})",
            "SELECT article, id FROM aliases WHERE article IN ({})",
        ):
            for pk, name in conn.execute(sql.format(_marks(part)), part):
                found.setdefault(pk, []).append(name)
    return found


def _parts(values: Sequence[int]) -> Iterator[Sequence[int]]:
    for at in range(0, len(values), _STEP):
        yield values[at : at + _STEP]


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
