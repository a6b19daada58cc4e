"""Leases out: which URL is fetched next."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any

from archive.model import Candidate, Role
from crawler.frontier.core import COLUMNS, Core, Held, rank_of
from crawler.frontier.facts import fact_from_json
from crawler.frontier.records import Lease, Previous
from crawler.frontier.robots import Advice
from crawler.frontier.scheduler import ASKED_RANK, ASSET_RANK, PAGE_RANK, Key, Queue
from crawler.frontier.schema import DONE, READY, WAITING
from crawler.politeness import Verdict
from crawler.recheck import DAY, History

_PROMOTE_AT_ONCE = 5000  # keeps a call under about 50 ms after a long pause
_ASSET_WAITS = 7 * DAY  # for a robots.txt
_DEFER_AT_ONCE = 500  # disallowed URLs put off per call
_BY_ID = f"SELECT {COLUMNS} FROM urls WHERE id = ?"  # noqa: S608 - constants


class Leasing:
    """Hands out leases; one call of `lease` is one look at the frontier."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._deferred = 0
        self.put_off: Counter[tuple[str, str]] = Counter()  # (source, reason) -> URLs that robots.txt kept us from

    def lease(
        self, now: float, *, limit: int, busy: Collection[str], sources: frozenset[str] | None, most_rank: int
    ) -> list[Lease]:
        """Return up to `limit` leases, one per politeness key. `now`: epoch of the archive's clock."""
        core = self._core
        scheduler = core.scheduler
        scheduler.restrict(sources, most_rank=most_rank)
        leases: list[Lease] = []
        rested: list[tuple[Key, float]] = []
        self._deferred = 0
        mono = core.clock.monotonic()
        if limit <= 0:
            return leases
        with core.reading():
            if now >= core.wake_at:
                self._promote(now)
            for queue in scheduler.take(mono, busy):
                lease = self._serve(queue, now, mono, busy)
                if lease is not None:
                    leases.append(lease)
                    if lease.gap > 0:
                        rested.append((core.held[lease.id].queue.key, lease.gap))
                if len(leases) >= limit or self._deferred >= _DEFER_AT_ONCE:
                    break
            if rested:
                self._remember_gaps(rested)
        return leases

    def _remember_gaps(self, keys: list[tuple[Key, float]]) -> None:
        """Keep the gap on the disk before the request goes out: a run killed now must not come back too soon."""
        core = self._core
        real = core.clock.real()
        rows = [(key.name, real + gap, key.failures) for key, gap in keys]
        with core.writing():
            remember_hosts(core.conn, rows)

    def _promote(self, now: float) -> None:
        """Make due what has become due, listings first."""
        core = self._core
        left = _PROMOTE_AT_ONCE
        changed: set[int] = set()
        with core.writing():
            for rank in range(ASSET_RANK + 1):
                found = core.conn.execute(
                    f"UPDATE urls SET state = {READY} WHERE id IN (SELECT id FROM urls WHERE state = {WAITING}"  # noqa: S608 - constants
                    " AND rank = ? AND next_at <= ? ORDER BY next_at LIMIT ?) RETURNING queue, rank, priority, id",
                    (rank, now, left),
                ).fetchall()
                for queue_id, url_rank, priority, url_id in found:
                    queue = core.queues[queue_id]
                    head = (url_rank, -priority, url_id)
                    if url_id not in queue.leased and (queue.head is None or head < queue.head):
                        queue.head, queue.row = head, None
                        changed.add(queue_id)
                left = max(left - len(found), 1)
        for queue_id in changed:
            core.scheduler.offer(core.queues[queue_id].key)
        core.wake_at = earliest(core.conn) or float("inf")

    def _serve(self, queue: Queue, now: float, mono: float, busy: Collection[str]) -> Lease | None:
        """Return a lease from `queue`, or None if its key rests, waits for a robots.txt or has nothing left.

        The key is offered to the scheduler again in every case, so that its place is right.
        """
        core = self._core
        key = queue.key
        while queue.head is not None and self._deferred < _DEFER_AT_ONCE:
            row = queue.row or core.conn.execute(_BY_ID, (queue.head[2],)).fetchone()
            url = row[1]
            advice = core.robots.advice(core.origin_of(url), url, now)
            if advice.ask is not None and self._waited_long(queue, advice.ask, now):
                self._defer(queue, row[0], Advice(reason="robots-unreachable", until=now))
                continue
            if advice.ask is not None:
                return self._ask(advice.ask, queue, now, mono, busy)
            if advice.reason is not None:
                self._defer(queue, row[0], advice)
                continue
            if row[2] == Role.PAGE.value and row[16] != ASKED_RANK and core.pages_left(key, int(now // DAY)) <= 0:
                self._close_for_today(queue, now)
                continue
            key.crawl_delay = max(key.crawl_delay, advice.delay)
            soonest = key.last_end + core.gap_of(key, asset=key.after_asset)
            if soonest > mono:  # robots.txt has just asked for a longer gap than the one that was kept
                core.scheduler.rest(key, soonest)
                return None
            return self._give(queue, row)
        core.scheduler.offer(key)
        return None

    def _defer(self, queue: Queue, url_id: int, advice: Advice) -> None:
        core = self._core
        self._deferred += 1
        if queue.head is not None and queue.head[0] == ASSET_RANK:
            self._give_up(url_id, advice)
        else:
            core.conn.execute(
                "UPDATE urls SET state = ?, next_at = ?, reason = ? WHERE id = ?",
                (WAITING, advice.until, advice.reason, url_id),
            )
            self.put_off[queue.source.name, advice.reason or ""] += 1
        core.wake_at = min(core.wake_at, advice.until or core.wake_at)
        core.find_head(queue)

    def _waited_long(self, queue: Queue, robots_url: str, now: float) -> bool:
        """Say whether what a page shows has waited long enough for a robots.txt that could not be had."""
        if queue.head is None or queue.head[0] != ASSET_RANK:
            return False
        rules = self._core.robots.rules_for(robots_url)
        if rules is None or rules.verdict is not Verdict.DISALLOW_ALL:
            return False
        seen = self._core.conn.execute("SELECT first_seen FROM urls WHERE id = ?", (queue.head[2],)).fetchone()[0]
        return bool(seen < now - _ASSET_WAITS)

    def _give_up(self, url_id: int, advice: Advice) -> None:
        """Leave what a page shows where robots.txt forbids it. A robots.txt that cannot be had is waited for a week."""
        now = self._core.clock.now().timestamp()
        lost = advice.reason == "robots"
        self._core.conn.execute(
            "UPDATE urls SET state = iif(:lost OR first_seen < :old, :done, :waiting),"
            " next_at = iif(:lost OR first_seen < :old, NULL, :until), reason = :reason, last_fetched = :now WHERE id = :id",
            {"lost": lost, "old": now - _ASSET_WAITS, "done": DONE, "waiting": WAITING, "until": advice.until,
             "reason": advice.reason, "now": now, "id": url_id},
        )  # fmt: skip

    def _close_for_today(self, queue: Queue, now: float) -> None:
        """Put off all pages of a queue until tomorrow: so many were fetched today that it may have no end."""
        core = self._core
        tomorrow = (now // DAY + 1) * DAY
        with core.writing():
            core.conn.execute(
                "UPDATE urls SET state = ?, next_at = ?, reason = 'day-limit' WHERE state = ? AND queue = ? AND rank = ?",
                (WAITING, tomorrow, READY, queue.id, PAGE_RANK),
            )
        core.wake_at = min(core.wake_at, tomorrow)
        core.find_head(queue)

    def _give(self, queue: Queue, row: tuple[Any, ...]) -> Lease:
        core = self._core
        gap = core.gap_of(queue.key, asset=row[2] == Role.ASSET)
        lease, history, digests = _lease(core.conn, queue, row, gap)
        core.held[lease.id] = Held(lease, queue, history, digests)
        core.tallies.pop(lease.url, None)
        queue.leased.add(lease.id)
        queue.key.in_flight = lease.id
        core.scheduler.served(queue)
        core.find_head(queue)
        core.scheduler.offer(queue.key)
        return lease

    def adopt(self, candidate: Candidate) -> Lease | None:
        """Lease the row of a candidate that was just added. See `Frontier.adopt`."""
        core = self._core
        url, role = candidate.url, candidate.role
        if role is Role.ROBOTS:
            row, queue = self._robots_row(url, candidate.source, core.clock.now().timestamp())
        else:
            select = f"SELECT {COLUMNS} FROM urls WHERE hash = ?"  # noqa: S608 - constants
            with core.reading():
                row = core.conn.execute(select, (core.hash_of(url, role),)).fetchone()
            if row is None:
                return None
            queue = core.queues[row[15]]
        # As it was asked for then: the row may have moved on to another spelling, or been given another role since.
        row = (row[0], url, role.value, *row[3:])
        return self._give(queue, row)

    def _ask(self, robots_url: str, queue: Queue, now: float, mono: float, busy: Collection[str]) -> Lease | None:
        """Return a lease on the robots.txt that `queue` needs first; None if that is under way or must wait."""
        core = self._core
        waiting = queue.key
        if robots_url in core.asking:
            self._block(waiting, robots_url)
            return None
        row, own = self._robots_row(robots_url, queue.source.name, now)
        key = own.key
        if row[0] in core.held:  # fetched a moment ago, and out of date already: let that be completed first
            core.scheduler.rest(waiting, mono + 0.25)
            return None
        if key is not waiting:
            if key.in_flight is not None or key.name in busy or key.not_before > mono:
                core.scheduler.rest(waiting, max(mono + 0.25, key.not_before))
                return None
            self._block(waiting, robots_url)
        lease = self._give(own, row)
        core.asking[robots_url] = lease.id
        return lease

    def _block(self, key: Key, robots_url: str) -> None:
        key.blocked = True
        self._core.waiting_for.setdefault(robots_url, set()).add(key.name)
        self._core.scheduler.offer(key)

    def _robots_row(self, robots_url: str, source: str, now: float) -> tuple[tuple[Any, ...], Queue]:
        core = self._core
        digest = core.hash_of(robots_url, Role.ROBOTS)
        select = f"SELECT {COLUMNS} FROM urls WHERE hash = ?"  # noqa: S608 - constants
        row = core.conn.execute(select, (digest,)).fetchone()
        if row is None:
            with core.writing():
                queue = core.queue_for(robots_url, source)
                core.conn.execute(
                    "INSERT INTO urls(hash, url, queue, role, rank, priority, state, hops, depth, first_seen)"
                    " VALUES(?,?,?,?,?,0,?,0,0,?)",
                    (digest, robots_url, queue.id, Role.ROBOTS.value, rank_of(Role.ROBOTS), DONE, now),
                )
            row = core.conn.execute(select, (digest,)).fetchone()
        if not core.robots.has_body(robots_url):  # a "not modified" would leave us without rules
            row = (*row[:10], None, None, *row[12:])
        return row, core.queues[row[15]]


def _lease(
    conn: sqlite3.Connection, queue: Queue, row: tuple[Any, ...], gap: float
) -> tuple[Lease, History, tuple[bytes, ...]]:
    (url_id, url, role, hops, depth, failures, fetches, visits, interval, last_changed, etag, last_modified,
     digest, captured_at, captured_url, _, rank, past_until, _) = row  # fmt: skip # in the order of COLUMNS
    facts = conn.execute("SELECT digest, fact FROM facts WHERE url_id = ? AND fact IS NOT NULL", (url_id,)).fetchall()
    previous = None
    if captured_at is not None:
        previous = Previous(url=captured_url, captured_at=datetime.fromisoformat(captured_at), payload_digest=digest)
    lease = Lease(
        id=url_id,
        url=url,
        source=queue.source.name,
        role=Role(role),
        key=queue.key.name,
        hops=hops,
        depth=depth,
        attempt=failures + 1,
        fetches=fetches,
        etag=etag,
        last_modified=last_modified,
        previous=previous,
        facts=tuple(fact_from_json(fact) for _, fact in facts),
        gap=gap,
        asked=rank == ASKED_RANK,
        past=past_until is not None,
    )
    history = History(failures=failures, interval=interval, visits=visits, last_changed=last_changed)
    return lease, history, tuple(digest for digest, _ in facts)


def earliest(conn: sqlite3.Connection) -> float | None:
    """Return when the first waiting URL becomes due."""
    times = [
        row[0]
        for rank in range(ASSET_RANK + 1)
        if (
            row := conn.execute(
                "SELECT next_at FROM urls WHERE state = 0 AND rank = ? ORDER BY next_at LIMIT 1", (rank,)
            ).fetchone()
        )
        is not None
    ]
    return min(times, default=None)


def remember_hosts(conn: sqlite3.Connection, rows: list[tuple[str, float, int]]) -> None:
    """Keep what a host was promised, in real time; never less than what it was promised before."""
    conn.executemany(
        "INSERT INTO hosts(key, not_before, failures) VALUES(?,?,?) ON CONFLICT(key) DO UPDATE SET"
        " not_before = max(not_before, excluded.not_before), failures = excluded.failures",
        rows,
    )
