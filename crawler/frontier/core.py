"""What the parts of the frontier share: the connection, the clock, the queues and the leases that are out."""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from archive.clock import Clock
from archive.model import Role
from archive.tombstones import Tombstones
from crawler.discovery.traps import TrapCounts
from crawler.frontier.identity import identity
from crawler.frontier.records import Lease, UrlNames
from crawler.frontier.robots import RobotsBook
from crawler.frontier.scheduler import ASSET_RANK, LISTING_RANK, PAGE_RANK, Key, Queue, Scheduler, SourceState
from crawler.frontier.schema import READY, open_database, unusable
from crawler.politeness import MAX_PAUSE, PAGES_PER_DAY, asset_gap, gap
from crawler.recheck import LISTINGS, Harvest, History

_REMEMBERED = 50_000  # hosts
# What a lease is made of; see `crawler.frontier.leasing`, which takes them in this order.
COLUMNS = (
    "id, url, role, hops, depth, failures, fetches, visits, interval, last_changed, etag, last_modified,"
    " payload_digest, captured_at, captured_url, queue, rank, past_until, priority"
)
_HEAD = f"SELECT {COLUMNS} FROM urls WHERE state = {READY} AND queue = ? ORDER BY rank, priority DESC LIMIT ?"  # noqa: S608 - constants


def rank_of(role: Role) -> int:
    """Return the rank of a role: listings before pages, because they say what is new, and last what pages show."""
    if role is Role.ASSET:
        return ASSET_RANK
    return LISTING_RANK if role in LISTINGS or role is Role.ROBOTS else PAGE_RANK


@dataclass(slots=True)
class Held:
    """A lease that is out, with what `complete` will need."""

    lease: Lease
    queue: Queue
    history: History
    digests: tuple[bytes, ...] = ()  # of the facts that went with it
    moved_to: tuple[str, int] | None = None  # it redirected to another spelling of itself: URL, hops
    over: bool = False  # the exchange has ended


@dataclass(slots=True)
class Tally:
    """Counts what a listing led to until its lease is completed."""

    new: int = 0
    known: int = 0
    news: bool = False

    def harvest(self) -> Harvest:
        """Return the counts, frozen."""
        return Harvest(new=self.new, known=self.known, news_sitemap=self.news)


def _archive_urls() -> UrlNames:
    return cast("UrlNames", importlib.import_module("archive.urls"))


def _remembered(memory: dict[str, str], url: str, ask: Callable[[str], str]) -> str:
    slash = url.find("/", 8)  # behind "https://"
    start = url if slash < 0 else url[:slash]
    answer = memory.get(start)
    if answer is None:
        if len(memory) >= _REMEMBERED:
            memory.clear()
        answer = memory[start] = ask(url)
    return answer


@dataclass(slots=True, eq=False)
class Core:
    """Shared by the parts of one open frontier."""

    path: Path
    clock: Clock
    conn: sqlite3.Connection
    names: UrlNames
    robots: RobotsBook
    tombstones: Tombstones = field(default_factory=Tombstones)  # what was taken down is refused
    scheduler: Scheduler = field(default_factory=Scheduler)
    sources: dict[str, SourceState] = field(default_factory=dict)
    queues: dict[int, Queue] = field(default_factory=dict)
    queue_by_name: dict[tuple[str, str], Queue] = field(default_factory=dict)
    held: dict[int, Held] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)  # by URL of the listing
    waiting_for: dict[str, set[str]] = field(default_factory=dict)  # robots.txt URL -> names of keys that wait for it
    asking: dict[str, int] = field(default_factory=dict)  # robots.txt URL -> lease that fetches it
    traps: dict[str, TrapCounts] = field(default_factory=dict)  # source -> links that were taken, by kind
    late: set[tuple[int, bytes]] = field(default_factory=set)  # facts handed out as late ones
    begun: float = 0.0  # epoch of the archive's clock: when this run opened the frontier
    backfill: float | None = None  # epoch: past periods that end after this are asked for in this run; None: none
    wake_at: float = 0.0  # epoch: nothing waiting becomes due before
    listener: Callable[[], None] | None = None
    domains: dict[str, str] = field(default_factory=dict)  # start of a URL -> registered domain
    origins: dict[str, str] = field(default_factory=dict)  # start of a URL -> origin

    @classmethod
    def open(cls, path: Path, clock: Clock, names: UrlNames | None, tombstones: Tombstones | None = None) -> Core:
        """Open the database and load what is small: sources, queues and hosts."""
        conn = open_database(path)
        core = cls(
            path=path,
            clock=clock,
            conn=conn,
            names=names or _archive_urls(),
            robots=RobotsBook(conn),
            tombstones=tombstones or Tombstones(),
        )
        # A machine's clock that was wrong once must not close a host for years: in the database too, or each run that comes
        # after would wait for a day anew.
        latest = clock.real() + MAX_PAUSE
        with core.writing():
            conn.execute("UPDATE hosts SET not_before = ? WHERE not_before > ?", (latest, latest))
        with core.reading():
            core.load()
        return core

    def load(self) -> None:
        """Build the scheduler from the database."""
        self.scheduler.keys.clear()
        self.queues.clear()
        self.queue_by_name.clear()
        self.sources.clear()
        for name, domain, key, delay, pages, enabled in self.conn.execute(
            "SELECT name, domain, key, delay, pages_per_day, enabled FROM sources"
        ):
            self.sources[name] = SourceState(name, domain, key, delay, pages, enabled=bool(enabled))
        real, mono = self.clock.real(), self.clock.monotonic()
        for name, not_before, failures, day, pages in self.conn.execute(
            "SELECT key, not_before, failures, day, pages FROM hosts"
        ):
            key = self.scheduler.key(name)
            key.failures, key.day, key.pages = failures, day, pages
            if not_before > real:
                key.not_before = mono + min(not_before - real, MAX_PAUSE)
        for queue_id, key_name, source in self.conn.execute("SELECT id, key, source FROM queues").fetchall():
            self._register(queue_id, key_name, source)
        for queue in self.queues.values():
            self.find_head(queue)
        self.scheduler.rebuild()

    def _register(self, queue_id: int, key_name: str, source: str) -> Queue:
        key = self.scheduler.key(key_name)
        # URLs of a source that sources.toml never named (`morgue save` of a single page) belong to nobody's domain.
        state = self.sources.setdefault(source, SourceState(source))
        queue = Queue(queue_id, key, state)
        key.queues.append(queue)
        self._learn(key, state)
        self.queues[queue_id] = queue
        self.queue_by_name[key_name, source] = queue
        return queue

    def queue_for(self, url: str, source: str) -> Queue:
        """Return the queue of a URL, made if need be (inside a transaction)."""
        state = self.sources.get(source)
        name = (state.key if state else None) or self.domain_of(url)
        queue = self.queue_by_name.get((name, source))
        if queue is None:
            cursor = self.conn.execute("INSERT INTO queues(key, source) VALUES(?, ?)", (name, source))
            queue = self._register(int(cursor.lastrowid or 0), name, source)
        return queue

    def domain_of(self, url: str) -> str:
        """Return the registered domain of a URL, remembered by how the URL starts. Raises `UrlError`."""
        return _remembered(self.domains, url, self.names.registered_domain)

    def origin_of(self, url: str) -> str:
        """Return the origin of a URL, remembered by how the URL starts."""
        return _remembered(self.origins, url, self.names.origin_of)

    def hash_of(self, url: str, role: Role = Role.PAGE) -> bytes:
        """Return the identity of a URL as crawl.db keeps it. Raises `UrlError`."""
        return identity(url, role, self.names.url_key)

    def find_head(self, queue: Queue) -> None:
        """Look up the best due URL of a queue that is not out."""
        queue.head = queue.row = None
        for row in self.conn.execute(_HEAD, (queue.id, len(queue.leased) + 1)):
            if row[0] not in queue.leased:
                queue.head, queue.row = (row[16], -row[18], row[0]), row
                return

    def offer_head(self, queue: Queue, rank: int, priority: int, url_id: int) -> None:
        """Tell the scheduler of a URL that became due."""
        if url_id in queue.leased:
            return
        head = (rank, -priority, url_id)
        if queue.head is None or head < queue.head:
            queue.head, queue.row = head, None
            self.scheduler.offer(queue.key)

    def gap_of(self, key: Key, *, asset: bool = False) -> float:
        """Return the seconds to leave a key alone: the most that any source, robots.txt or its slowness asks.

        `asset`: after what a page shows.
        """
        usual = asset_gap(None, None, key.asset_latency) if asset else gap(None, None, key.latency)
        own = max(key.delay, usual) if key.usual else key.delay
        return max(own, key.crawl_delay)

    def pages_left(self, key: Key, day: int) -> int:
        """Return how many pages may still be fetched from a key on a day: the most that any of its sources allows."""
        return key.pages_per_day - (key.pages if key.day == day else 0)

    def _learn(self, key: Key, source: SourceState) -> None:
        """Take into a key what a source of it says; asked for at each request, so not looked up then."""
        if not source.enabled:
            return
        if source.delay is None:
            key.usual = True
        else:
            key.delay = max(key.delay, gap(source.delay, None))
        key.pages_per_day = max(key.pages_per_day, source.pages_per_day or PAGES_PER_DAY)

    def unblock(self, robots_url: str) -> None:
        """Let the keys go on that waited for a robots.txt."""
        self.asking.pop(robots_url, None)
        for name in self.waiting_for.pop(robots_url, ()):
            key = self.scheduler.key(name)
            key.blocked = False
            self.scheduler.offer(key)

    def tell(self) -> None:
        """Tell whoever listens that something may have become due."""
        if self.listener is not None:
            self.listener()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn SQLite's errors into ours."""
        try:
            yield
        except sqlite3.Error as error:
            raise unusable(self.path, error) from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Run the block in one transaction; on an error nothing of it stays."""
        try:
            self.conn.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.conn.execute("ROLLBACK")
                self.robots.forget_cache()
                self.traps.clear()
                raise
            self.conn.execute("COMMIT")
        except sqlite3.Error as error:
            if self.conn.in_transaction:
                self.conn.execute("ROLLBACK")
            raise unusable(self.path, error) from error
