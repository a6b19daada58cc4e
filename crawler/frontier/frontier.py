"""The frontier: every URL that is known, whose turn it is, and what became of it. See `crawler.frontier`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from archive.clock import Clock
from archive.model import Candidate, DiscoveryFact, Role, Via
from archive.tombstones import Tombstones
from crawler.frontier import intake, outcomes, upkeep
from crawler.frontier.core import Core, Held
from crawler.frontier.leasing import Leasing, earliest, remember_hosts
from crawler.frontier.records import (
    AddResult,
    KeptLike,
    LateFact,
    Lease,
    SourceLike,
    Stats,
    UrlNames,
    UrlState,
)
from crawler.frontier.scheduler import ASKED_RANK, ASSET_RANK, PAGE_RANK
from crawler.frontier.schema import READY
from crawler.frontier.view import state_of
from crawler.politeness import Rules, pause, smoothed


class Frontier:
    """One open crawl.db. For the one process that holds crawl.lock; not for several threads.

    The order that loses nothing: `add` what a response led to, keep the exchange on the shelf, `complete` its lease. A
    kill between any two fetches that URL again. `now`, where asked for, is epoch seconds of the archive's clock. Every
    method raises `DatabaseError` if crawl.db cannot be used; close the frontier then.
    """

    def __init__(
        self, path: Path, clock: Clock, *, names: UrlNames | None = None, tombstones: Tombstones | None = None
    ) -> None:
        """Open or make `path`. `names` stands in for `archive.urls` in tests. `tombstones`: what was taken down is refused.

        Raises `DatabaseError`, `SchemaTooNewError`.
        """
        self._clock = clock
        self._core = Core.open(path, clock, names, tombstones)
        self._core.begun = self._now()
        self._leasing = Leasing(self._core)
        upkeep.end_all_due(self._core, self._now())
        upkeep.ask_robots_again(self._core)

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Keep the promises to hosts that are still open, in real time, and close the database."""
        core = self._core
        mono, real = self._clock.monotonic(), self._clock.real()
        rows = [
            (key.name, real + max(key.not_before - mono, 0.0), key.failures)
            for key in core.scheduler.keys.values()
            if key.not_before > mono or key.failures
        ]
        try:
            if rows:
                with core.writing():
                    remember_hosts(core.conn, rows)
            upkeep.end_all_due(core, self._now())
            with core.reading():
                core.conn.execute("INSERT OR REPLACE INTO meta(name, value) VALUES('now', ?)", (str(self._now()),))
        finally:
            core.conn.close()

    # -- what is known

    def sync_sources(self, sources: Sequence[SourceLike]) -> AddResult:
        """Take over sources.toml: seed its URLs; stop leasing for sources that are gone.

        The URLs of removed and disabled sources are kept; they are leased again when the source is back.
        """
        upkeep.sync_sources(self._core, sources)
        candidates: list[Candidate] = []
        for source in sources:
            if source.enabled:
                seeds = [(Role.HOME, [source.url]), (Role.FEED, source.feeds), (Role.SITEMAP, source.sitemaps)]
                for role, urls in [*seeds, (Role.SECTION, source.sections)]:
                    candidates += [self._seed(url, role, source.name) for url in urls]
        return self.add(candidates)

    def _seed(self, url: str, role: Role, source: str) -> Candidate:
        fact = DiscoveryFact(url=url, via=Via.CONFIG, found_on="", seen_at=self._clock.now())
        return Candidate(fact=fact, role=role, source=source)

    def add(self, candidates: Iterable[Candidate]) -> AddResult:
        """Take what discovery proposes; what is refused is counted by reason. One transaction.

        Only URLs of the source's own registered domain are taken, except feeds and sitemaps that a person, robots.txt
        or a redirect names, and what a person asks for. A redirect's target is a candidate with `Via.REDIRECT`,
        `found_on` the redirecting URL and one hop more; if both are spellings of one URL, the URL moves on.
        `late_facts` are to be written as records of their own, then told to `facts_written`.
        """
        return intake.add(self._core, candidates, self._now())

    def late_facts(self, limit: int = 1000) -> tuple[LateFact, ...]:
        """Return facts not on the shelf yet although their URL is: learned while it was leased, or before a kill."""
        with self._core.reading():
            return intake.late_facts(self._core, limit)

    def facts_written(self, facts: Iterable[LateFact]) -> None:
        """Record that these facts are durably on the shelf."""
        core = self._core
        pairs = [(fact.url_id, fact.digest) for fact in facts]
        with core.writing():
            core.conn.executemany("UPDATE facts SET fact = NULL WHERE url_id = ? AND digest = ?", pairs)
        core.late.difference_update(pairs)

    # -- leases

    def lease(
        self,
        now: float,
        *,
        limit: int = 1,
        busy_keys: Collection[str] = (),
        sources: Collection[str] | None = None,
        asked_only: bool = False,
        assets: bool = True,
    ) -> list[Lease]:
        """Return up to `limit` URLs to fetch, at most one per politeness key, none whose key is busy or resting.

        Order: listings first, then the source that was served longest ago, then the newest page. A page whose origin's
        robots.txt is not known or a day old waits; the robots.txt is leased instead. What robots.txt disallows is put
        off for a day with the reason "robots", without a request. `sources`: only these (None: all). `asked_only`: only
        what a person asked for by name (`Via.USER`), and the robots.txt it needs. `assets`: also what pages show, last of all.
        """
        most_rank = ASKED_RANK if asked_only else ASSET_RANK if assets else PAGE_RANK
        chosen = None if sources is None else frozenset(sources)
        return self._leasing.lease(now, limit=limit, busy=busy_keys, sources=chosen, most_rank=most_rank)

    def exchanged(
        self,
        lease: Lease,
        *,
        status: int | None = None,
        headers: Iterable[tuple[str, str]] = (),
        error: str | None = None,
        seconds: float = 0.0,
    ) -> None:
        """Tell that the exchange of a lease is over: its key rests from now, for its gap, Retry-After or back-off.

        `seconds`: how long the server took, from which its gap is learned where nobody set one.

        The lease itself stays out until `complete` or `release`. Where `complete` came first, this still counts.
        """
        core = self._core
        held = core.held.get(lease.id)
        if held is not None and held.over:
            return
        key = core.scheduler.key(lease.key)
        if status is not None and seconds > 0 and lease.role is Role.ASSET:
            key.asset_latency = smoothed(key.asset_latency, seconds)
        elif status is not None and seconds > 0:
            key.latency = smoothed(key.latency, seconds)
        manners = pause(status, headers, error=error, failures=key.failures, now=self._clock.now())
        outcomes.end_exchange(core, lease, pause=manners.seconds, failures=manners.failures)
        if manners.seconds > 0:  # at once: this is a promise that a kill must not break
            with core.writing():
                remember_hosts(core.conn, [(key.name, self._clock.real() + manners.seconds, key.failures)])

    def complete(self, results: Iterable[KeptLike], *, warc: str | None = None, length: int = 0) -> int:
        """Record that these exchanges are durable: `warc` is synced up to `length` bytes. One transaction.

        Sets when each URL is due next; return how many leases ended. Results without a lease are passed over.
        """
        return outcomes.complete(self._core, results, warc=warc, length=length, now=self._now())

    def decline(self, lease: Lease, reason: str) -> None:
        """End a lease without a request, for good: its URL is asked for again only if a page names it in another month."""
        outcomes.decline(self._core, lease, reason=reason, now=self._now())

    def release(self, lease_ids: Iterable[int]) -> None:
        """Give back leases that were not fetched: they are due as before."""
        core = self._core
        with core.reading():
            for lease_id in lease_ids:
                held = core.held.get(lease_id)
                if held is not None:
                    self._release(held)
        core.tell()

    def _release(self, held: Held) -> None:
        core = self._core
        outcomes.give_back(core, held)
        core.find_head(held.queue)
        core.scheduler.offer(held.queue.key)
        if core.asking.get(held.lease.url) == held.lease.id:
            core.unblock(held.lease.url)

    @property
    def outstanding(self) -> int:
        """How many leases are out: being fetched, or fetched and not completed yet."""
        return len(self._core.held)

    def next_ready(self, busy_keys: Collection[str] = ()) -> float | None:
        """Return the seconds until a due URL's key may be asked; 0: now; None: nothing is due."""
        return self._core.scheduler.next_ready(self._clock.monotonic(), busy_keys)

    def next_due(self) -> float | None:
        """Return the epoch (archive clock) at which the next URL becomes due that is not yet; None: none ever."""
        with self._core.reading():
            return earliest(self._core.conn)

    # -- robots.txt

    @property
    def put_off(self) -> Mapping[tuple[str, str], int]:
        """How many URLs were due and not asked for, by source and reason: `robots`, `robots-unreachable`."""
        return self._leasing.put_off

    def store_robots(self, url: str, *, status: int | None, body: bytes = b"", moved_to: str | None = None) -> Rules:
        """Keep what a robots.txt lease brought and let the pages go on that waited for it; return its rules.

        `status` None: no answer or a broken one. `body`: content-coding removed. `moved_to`: absolute target of a
        redirect, whose rules then hold (up to five times). 304 prolongs what is known.
        """
        core = self._core
        with core.writing():
            read = core.robots.store(url, status=status, body=body, moved_to=moved_to, now=self._now())
        core.unblock(url)
        core.tell()
        return read

    def robots_rules(self, url: str) -> Rules | None:
        """Return the rules last read from the robots.txt at `url`, or None."""
        with self._core.reading():
            return self._core.robots.rules_for(url)

    # -- upkeep

    def adopt(self, candidate: Candidate) -> Lease | None:
        """Lease one URL whatever its time and key, to record a capture that was read back; None if it is refused.

        For `rebuild --frontier`: the candidate is added if it is new, and takes the role that it had then.
        """
        if self.add([candidate]).refused and candidate.role is not Role.ROBOTS:
            return None
        return self._leasing.adopt(candidate)

    def look_up(self, url: str) -> UrlState | None:
        """Return what is known of a URL, in any of its spellings; None if nothing is. Raises `UrlError`."""
        with self._core.reading():
            return state_of(self._core.conn, self._core.hash_of(url))

    def make_all_due(self) -> int:
        """Make every URL due that was ever kept, for this run only; return how many. Their own times stay."""
        return upkeep.make_all_due(self._core, self._now())

    def wake_past(self, since: float | None) -> int:
        """Make the sitemaps of past periods due that end after `since` (None: all); return how many."""
        return upkeep.wake_past(self._core, since, self._now())

    def backfill_since(self) -> float | None:
        """Return how far back the last `wake_past` went, None if there was none or it had no limit."""
        return upkeep.backfill_since(self._core)

    def durable_length(self, warc: str) -> int:
        """Return the length up to which `warc` was recorded as durable; 0 if it is not known."""
        with self._core.reading():
            row = self._core.conn.execute("SELECT length FROM warcs WHERE name = ?", (warc,)).fetchone()
        return int(row[0]) if row else 0

    def due_count(self) -> int:
        """Return how many URLs are due at this moment. Cheap: one index is counted."""
        with self._core.reading():
            return int(self._core.conn.execute(f"SELECT count(*) FROM urls WHERE state = {READY}").fetchone()[0])  # noqa: S608 - a constant

    def stats(self) -> Stats:
        """Return the frontier in numbers."""
        return upkeep.stats(self._core, self._now())

    def listen(self, listener: Callable[[], None] | None) -> None:
        """Call `listener` whenever something may have become due (None: nobody)."""
        self._core.listener = listener
