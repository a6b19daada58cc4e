"""What a saved search found that was not told yet.

By when an article was first captured, not by when it was published: what comes late is news, too. Captures may also be read
late, long after they were made, so no single time divides what was told from what was not. Each run looks at what was first
captured in the 30 days before the last one, or since, and leaves out what it knows by its hash.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.alerting.told import Told, hash_of
from archive.query import Hit, hits
from archive.query.arrived import Arrival, arrived, found_before
from archive.query.saved import filters_of, question_of
from archive.sources import SavedSearch
from archive.store.rows import stamp

WINDOW = timedelta(
    days=30
)  # before the last run: a capture that was read later than that after it was made is not told
FIRST = 5  # of a search's first run: so many of the newest are told, so that somebody sees what will come


@dataclass(frozen=True, slots=True)
class NewsItem:
    """What is told of once: an article, or a story by one of its articles."""

    hit: Hit
    marks: tuple[tuple[str, str], ...]  # hash and day of each article that is told with it


@dataclass(frozen=True, slots=True)
class News:
    """What is new for one saved search, in the order in which it was first captured."""

    search: SavedSearch
    items: tuple[NewsItem, ...]
    _before: Told  # what is known without telling any of it
    _since: str  # from where on the next run looks, if all is told

    def told(self, items: Sequence[NewsItem]) -> Told:
        """Return what was told when `items`, some of these, have been."""
        told = dict(self._before.told)
        for item in items:
            told.update(item.marks)
        if len(items) < len(self.items):  # what could not be told must be met again
            return Told(question=self._before.question, since=self._before.since, told=told)
        kept = {mark: day for mark, day in told.items() if day >= self._since[:10]}
        return Told(question=self._before.question, since=self._since, told=kept)


def look(
    conn: sqlite3.Connection, saved: SavedSearch, known: Told | None, *, now: datetime, opted_out: bool = True
) -> News:
    """Return what is new; `known`: what was told of it, None if it is asked for the first time; `now`: aware.

    `opted_out`: False leaves out articles whose site asks for that. Raises `QueryError`, `DatabaseError`.
    """
    question = hashlib.sha256(json.dumps(question_of(saved), sort_keys=True).encode()).hexdigest()[:16]
    first = known is None or known.question != question
    since, told = stamp(now - WINDOW), dict[str, str]()
    following = since
    if known is not None and not first:
        since, told = known.since, dict(known.told)
        following = max(since, following)  # a clock that was put back must not bring back what was forgotten as told
    filters = filters_of(saved, opted_out=opted_out)
    found = arrived(conn, saved.words, filters, since)
    untold = [group for group in _groups(found, every=saved.all) if not any(_marks_of(group).keys() & told.keys())]
    if not saved.all:
        old = found_before(conn, saved.words, filters, (group[0].story for group in untold), since)
        untold = [group for group in untold if group[0].story not in old]
    if first:
        untold = untold[-FIRST:]
    items = tuple(
        NewsItem(hit, tuple(_marks_of(group).items()))
        for group in untold
        for hit in hits(conn, [_shown(conn, group)], saved.words, filters)
    )
    telling = {mark for item in items for mark, _ in item.marks}
    silent = {mark: day for mark, day in _marks_of(found).items() if mark not in telling}
    return News(saved, items, Told(question=question, since=since, told=told | silent), following)


def _groups(found: Sequence[Arrival], *, every: bool) -> list[list[Arrival]]:
    """Return what is told at once: each article, or those of each story; in the order of each one's first."""
    groups: dict[int, list[Arrival]] = {}
    for one in found:
        groups.setdefault(one.pk if every else one.story, []).append(one)
    return list(groups.values())


def _marks_of(group: Iterable[Arrival]) -> dict[str, str]:
    return {hash_of(name): one.first_seen[:10] for one in group for name in one.ids}


def _shown(conn: sqlite3.Connection, group: Sequence[Arrival]) -> int:
    """Return the article that stands for a group: its story's head, if it is there, else its first."""
    row = conn.execute("SELECT head FROM stories WHERE pk = ?", (group[0].story,)).fetchone()
    return row[0] if row and row[0] in {one.pk for one in group} else group[0].pk
