"""How many of the hits each source, language, author, kind and time has."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from archive.query.filters import Filters, moment
from archive.query.found import Question
from archive.query.found import facts as short_rows
from archive.query.reader import answering
from archive.query.search import asked_for, without_words

Unit = Literal["day", "month", "year"]
Counts = tuple[tuple[str, int], ...]
_MOST = 20  # values shown of each
_LENGTHS: dict[Unit, int] = {"day": 10, "month": 7, "year": 4}
_SHORT, _MONTHS = 3, 60  # months from which on bars are of months, of years: as many as can be told apart
_COLUMNS = (
    "a.story, CASE WHEN ifnull(a.source, '') = '' THEN a.domain ELSE a.source END, ifnull(a.language, ''), a.kind, a.authors,"
    " substr(a.sort_at, 1, 10)"
)


class Times(TypedDict):
    """The part of `Facets` that tells times."""

    days: Counts
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """Counts of what a search finds, most first, at most 20 of each; times in order, without empty ones between.

    `counted`: stories, where one hit per story was asked for; articles with `all`, and where no word and no filter but
    source, language and whole months was given (they are then counted already, and authors and kinds are left out).
    """

    total: int
    counted: Literal["stories", "articles"]
    sources: Counts  # (name; the domain where there is none, hits)
    languages: Counts
    authors: Counts
    kinds: Counts
    days: Counts  # ("2026-05-01" or "2026-05" or "2026", hits), by time, UTC
    unit: Unit


_NOTHING = Facets(total=0, counted="stories", sources=(), languages=(), authors=(), kinds=(), days=(), unit="day")


def facets(conn: sqlite3.Connection, words: str, filters: Filters | None = None, *, all: bool = False) -> Facets:  # noqa: A002
    """Count what `search` finds. Raises `QueryError` for dates that are none, or when time is up."""
    filters = filters or Filters()
    with answering(conn):
        asked = asked_for(conn, words, filters)
        if asked is None:
            return _NOTHING
        if asked.match is not None:
            question = Question.of(conn, asked.match, filters)
            rows = conn.execute(f"SELECT {_COLUMNS} FROM {question.joined}", question.all_values)  # noqa: S608
            return _counted(rows, every=all)
        if asked.without is None and (months := _whole_months(conn, filters)) is not None:
            return _by_months(conn, filters, *months)
        where, values = without_words(filters, asked)
        return _counted(conn.execute(f"SELECT {_COLUMNS} FROM {short_rows(conn)} WHERE {where}", values), every=all)  # noqa: S608


def _counted(rows: Iterable[Sequence[str]], *, every: bool) -> Facets:
    """Count rows of `_COLUMNS`; unless `every`, each story once for each value that a member of it has."""
    counts: tuple[Counter[str], ...] = tuple(Counter() for _ in range(5))
    found: dict[str, list[Sequence[str]]] = {}
    total = 0
    for row in rows:
        total += 1
        if every:
            _count([row], counts)
        else:
            found.setdefault(row[0], []).append(row)
    for members in found.values():
        _count(members, counts)
    sources, languages, kinds, authors, days = counts
    return Facets(
        total=total if every else len(found),
        counted="articles" if every else "stories",
        sources=_most(sources),
        languages=_most(languages),
        authors=_most(authors),
        kinds=_most(kinds),
        **_times(days),
    )


def _count(members: Sequence[Sequence[str]], counts: Sequence[Counter[str]]) -> None:
    """Count each value that a member has, once."""
    sources, languages, kinds, authors, days = counts
    if len(members) == 1:
        _, source, language, kind, names, day = members[0]
        sources[source] += 1
        languages[language] += 1
        kinds[kind] += 1
        days[day] += 1
        if names != "[]":
            authors.update(set(json.loads(names)))
        return
    for counted, column in ((sources, 1), (languages, 2), (kinds, 3), (days, 5)):
        counted.update({row[column] for row in members})
    authors.update({name for row in members for name in json.loads(row[4])})


def _most(counted: Mapping[str, int]) -> Counts:
    named = [(name, count) for name, count in counted.items() if name]
    return tuple(sorted(named, key=lambda one: (-one[1], one[0]))[:_MOST])


def _times(days: Mapping[str, int]) -> Times:
    """Return counts of days or months as bars: of days where they are few, else of months, else of years."""
    unit: Unit = "day"
    if days:
        first, last = min(days), max(days)
        months = _between(first, last)
        whole = len(first) < _LENGTHS["day"]
        unit = "year" if months >= _MONTHS else "month" if whole or months >= _SHORT else "day"
    bars: Counter[str] = Counter()
    for day, count in days.items():
        bars[day[: _LENGTHS[unit]]] += count
    return {"days": tuple(sorted(bars.items())), "unit": unit}


def _between(first: str, last: str) -> int:
    """Return how many months lie between two days or months."""
    return (int(last[:4]) - int(first[:4])) * 12 + int(last[5:7]) - int(first[5:7])


def _whole_months(conn: sqlite3.Connection, filters: Filters) -> tuple[str, str] | None:
    """Return the first and last month asked for; None if more is asked than `article_months` knows."""
    if filters.kind or filters.author or not filters.opted_out:
        return None
    if conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'article_months'").fetchone() is None:
        return None  # an older Morgue made the database
    first, last = "0000-01", "9999-12"
    if filters.since:
        since = moment(filters.since, end=False)
        first = since[: len(first)]
        if since != f"{first}-01T00:00:00.000000Z":
            return None
    if filters.until:
        until = moment(filters.until, end=True)
        last = until[: len(last)]
        if until != moment(last, end=True):
            return None
    return first, last


def _by_months(conn: sqlite3.Connection, filters: Filters, first: str, last: str) -> Facets:
    where, values = "month BETWEEN ? AND ?", [first, last]
    if filters.source:
        where, values = f"{where} AND (source = ? OR domain = ?)", [*values, filters.source, filters.source]
    if filters.language:
        where, values = f"{where} AND language = ?", [*values, filters.language]
    name = "CASE source WHEN '' THEN domain ELSE source END"
    sources, languages, months = (
        dict(conn.execute(f"SELECT {by}, sum(articles) FROM article_months WHERE {where} GROUP BY 1", values))  # noqa: S608
        for by in (name, "language", "month")
    )
    total = sum(months.values())
    if months and not filters.source and not filters.language and _between(min(months), max(months)) < _SHORT:
        days = "SELECT day, sum(articles) FROM article_days WHERE day BETWEEN ? AND ? GROUP BY 1"
        months = dict(conn.execute(days, (f"{first}-01", f"{last}-31")))
    return Facets(
        total=total,
        counted="articles",
        sources=_most(sources),
        languages=_most(languages),
        authors=(),
        kinds=(),
        **_times(months),
    )
