"""How what a search finds is spread over sources, languages, authors, kinds and time."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from archive.query.reader import answering
from archive.query.search import PUBLIC, Filters, _asked, _where

Counts = tuple[tuple[str, int], ...]
_MOST = 20
_DAYS, _MONTHS = 92, 120  # longest stretches that are told by day and by month


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts of hits, most first, at most 20 each; `days` by time."""

    total: int
    sources: Counts
    languages: Counts
    authors: Counts
    kinds: Counts
    days: Counts  # ("2026-05-01", 3), ("2026-05", 90) or ("2026", 900)
    unit: Literal["day", "month", "year"]


def facets(
    conn: sqlite3.Connection,
    words: str,
    filters: Filters,
    *,
    all: bool = False,  # noqa: A002 - the option's name
    opted_out: bool = True,
) -> Facets:
    """Return how the hits of `search` are spread: stories by what stands for them, articles with `all`."""
    with answering(conn):
        asked = _asked(conn, words, filters.language)
        if asked is None:
            return Facets(0, (), (), (), (), (), "day")
        where, values = _where(filters, asked)
        if not opted_out:
            where += PUBLIC
        tables = "articles a JOIN stories s ON s.pk = a.story"
        if asked.match is not None:
            tables = "articles_fts f JOIN articles a ON a.pk = f.rowid JOIN stories s ON s.pk = a.story"
            where, values = f"articles_fts MATCH ? AND {where}", [asked.match, *values]
        rows = conn.execute(
            "SELECT a.story, a.pk = s.head, ifnull(a.source, a.domain), a.language, a.authors, a.kind, substr(a.sort_at, 1, 10)"  # noqa: S608
            f" FROM {tables} WHERE {where}",
            values,
        )
        if all:
            found = [row[2:] for row in rows]
        else:
            heads: dict[int, tuple[str, ...]] = {}
            for story, is_head, *rest in rows:
                if is_head or story not in heads:
                    heads[story] = tuple(rest)
            found = [*heads.values()]
    authors = Counter(name for row in found for name in set(json.loads(row[2])))
    days, unit = _by_time([row[4] for row in found])
    return Facets(
        len(found),
        _most(Counter(row[0] for row in found)),
        _most(Counter(row[1] for row in found if row[1])),
        _most(authors),
        _most(Counter(row[3] for row in found)),
        days,
        unit,
    )


def _most(counter: Counter[str]) -> Counts:
    return tuple(sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:_MOST])


def _by_time(days: list[str]) -> tuple[Counts, Literal["day", "month", "year"]]:
    for unit, size, most in (("day", 10, _DAYS), ("month", 7, _MONTHS)):
        counter = Counter(day[:size] for day in days)
        if len(counter) <= most and _stretch(counter, unit) <= most:
            return tuple(sorted(counter.items())), "day" if unit == "day" else "month"
    return tuple(sorted(Counter(day[:4] for day in days).items())), "year"


def _stretch(counter: Counter[str], unit: str) -> int:
    from datetime import date

    if not counter:
        return 0
    first, last = min(counter), max(counter)
    if unit == "day":
        return (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    return (int(last[:4]) - int(first[:4])) * 12 + int(last[5:7]) - int(first[5:7]) + 1
