"""Whose turn it is: politeness keys and their queues in memory. Nothing here touches the disk.

A key is *in flight* (a request of it is under way), *resting* (its next request would come too soon), *blocked* (it
waits for a robots.txt) or *ready*. Ready keys lie in a heap by (rank, turn of the source, newest first): ranks first,
then the source that waited longest, then the newest page. Entries are put right when they come up.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

ASKED_RANK = 0  # what a person asked for by name comes first
LISTING_RANK, PAGE_RANK, ASSET_RANK = 1, 2, 3  # what pages show comes last: no page is late because of it
Head = tuple[int, int, int]  # rank, -priority, id of the URL: the queue's best due one


@dataclass(slots=True, eq=False)
class SourceState:
    """A source as the scheduler sees it."""

    name: str
    domain: str = ""
    key: str | None = None  # politeness key that sources.toml sets
    delay: float | None = None
    pages_per_day: int | None = None
    enabled: bool = True
    turn: int = 0  # sequence number of its last lease


@dataclass(slots=True, eq=False)
class Queue:
    """The due URLs of one source under one politeness key."""

    id: int
    key: Key
    source: SourceState
    head: Head | None = None
    row: tuple[Any, ...] | None = None  # the head's, if it was read with it; else it is read when it is leased
    leased: set[int] = field(default_factory=set)  # out, or fetched and not completed yet: still due in the database


@dataclass(slots=True, eq=False)
class Key:
    """One politeness key. Times are the clock's monotonic seconds."""

    name: str
    queues: list[Queue] = field(default_factory=list)
    not_before: float = 0.0
    last_end: float = float("-inf")  # of its last exchange in this run
    delay: float = 0.0  # the most that a source of it sets, seconds
    usual: bool = False  # a source of it sets none: then the usual delay holds
    crawl_delay: float = 0.0
    latency: float | None = None  # seconds that its server takes, smoothed; in this run
    asset_latency: float | None = None  # the same for style sheets, fonts and images
    after_asset: bool = False  # its last exchange was one of those
    failures: int = 0  # in a row
    day: int = 0  # of the archive's clock, since 1970
    pages: int = 0  # fetched on that day
    pages_per_day: int = 0  # the most that a source of it allows
    in_flight: int | None = None  # id of the leased URL
    blocked: bool = False
    entry: int = 0  # the one valid heap entry


class Scheduler:
    """Says which queue comes next. See the module."""

    def __init__(self) -> None:
        self.keys: dict[str, Key] = {}
        self._ready: list[tuple[int, int, int, int, Key]] = []  # rank, turn, -priority, entry, key
        self._resting: list[tuple[float, int, Key]] = []
        self._entries = itertools.count(1)
        self._turns = itertools.count(1)
        self._sources: frozenset[str] | None = None
        self._most_rank = ASSET_RANK

    def key(self, name: str) -> Key:
        """Return the key of that name, made if need be."""
        key = self.keys.get(name)
        if key is None:
            key = self.keys[name] = Key(name)
        return key

    def restrict(self, sources: frozenset[str] | None, *, most_rank: int = ASSET_RANK) -> None:
        """Serve these sources only (None: all), and nothing behind `most_rank`."""
        if sources != self._sources or most_rank != self._most_rank:
            self._sources = sources
            self._most_rank = most_rank
            self.rebuild()

    def rebuild(self) -> None:
        """Look at every key again."""
        self._ready.clear()
        self._resting.clear()
        for key in self.keys.values():
            self.offer(key)

    def best(self, key: Key) -> Queue | None:
        """Return the queue of `key` whose turn it is."""
        best: Queue | None = None
        for queue in key.queues:
            if queue.head is None or not queue.source.enabled:
                continue
            if self._sources is not None and queue.source.name not in self._sources:
                continue
            if queue.head[0] > self._most_rank:
                continue
            if best is None or _order(queue) < _order(best):
                best = queue
        return best

    def offer(self, key: Key) -> None:
        """Put a key where it belongs now; to be called whenever something about it changed."""
        key.entry = entry = next(self._entries)
        if key.in_flight is not None or key.blocked:
            return
        best = self.best(key)
        if best is None:
            return
        if key.not_before > 0:
            heapq.heappush(self._resting, (key.not_before, entry, key))
        else:
            self._push(key, best, entry)

    def _push(self, key: Key, queue: Queue, entry: int) -> None:
        rank, turn, newest = _order(queue)
        heapq.heappush(self._ready, (rank, turn, newest, entry, key))

    def take(self, now: float, busy: Collection[str] = ()) -> Iterator[Queue]:
        """Yield queues in order; each once, unless the caller offers its key again. `now`: monotonic seconds."""
        aside: list[Key] = []
        try:
            while (queue := self._next(now, busy, aside)) is not None:
                yield queue
        finally:
            for key in aside:
                self.offer(key)

    def _next(self, now: float, busy: Collection[str], aside: list[Key]) -> Queue | None:
        while self._resting and self._resting[0][0] <= now:
            _, entry, key = heapq.heappop(self._resting)
            if key.entry == entry:
                key.not_before = 0.0
                self.offer(key)
        while self._ready:
            rank, turn, newest, entry, key = heapq.heappop(self._ready)
            if key.entry != entry:
                continue
            queue = self.best(key)
            if queue is None:
                continue
            if _order(queue) > (rank, turn, newest):
                self._push(key, queue, entry)
            elif key.name in busy:
                aside.append(key)
            else:
                return queue
        return None

    def served(self, queue: Queue) -> None:
        """Move the queue's source behind the others."""
        queue.source.turn = next(self._turns)

    def rest(self, key: Key, until: float) -> None:
        """Leave `key` alone until then, or longer if that was said before."""
        key.not_before = max(key.not_before, until)
        self.offer(key)

    def next_ready(self, now: float, busy: Collection[str] = ()) -> float | None:
        """Return the seconds until some key not `busy` may be asked; 0: now; None: no key has anything due."""
        if any(e[4].entry == e[3] and e[4].name not in busy for e in self._ready):
            return 0.0
        while self._resting and self._resting[0][2].entry != self._resting[0][1]:
            heapq.heappop(self._resting)
        if not self._resting:
            return None
        return max(self._resting[0][0] - now, 0.0)


def _order(queue: Queue) -> tuple[int, int, int]:
    head = queue.head
    if head is None:
        return (9, 0, 0)
    return (head[0], queue.source.turn, head[1])
