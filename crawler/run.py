"""`morgue crawl` from lock to report: sets a run up, runs Scrapy in this process and ingest beside it, and ends both."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from archive.clock import Clock
from archive.decisions import read_decisions
from archive.errors import ContactError, MorgueError, ShelfError, SourcesError, TakenDownError, UsageError
from archive.folder import ArchiveFolder
from archive.locks import lock
from archive.model import Candidate, DiscoveryFact, Role, Via
from archive.sources import SourcesFile, load_sources
from archive.tombstones import Tombstones, tombstones_of
from archive.urls import canonical_url, registered_domain
from archive.warc import Repair, WarcWriter
from crawler.capture import Capture
from crawler.crawl import Crawl
from crawler.discovery.likeness import ShapeFacts
from crawler.floor import ingested_floor
from crawler.frontier import Frontier
from crawler.frontier.intake import TAKEN_DOWN
from crawler.health import health_of, ill_before, last_report
from crawler.known import known_shapes
from crawler.pump import Pump
from crawler.report import RunReport, write_report
from crawler.room import MIN_FREE
from crawler.signals import Signals
from crawler.transfer import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlOptions:
    """What the command line said of a run."""

    budget: float | None = None  # seconds
    sources: tuple[str, ...] = ()  # names; none: all
    max_pages: int | None = None
    due_all: bool = False
    shard: tuple[int, int] | None = None  # (i, n): the i-th of n parts of the sources, by registered domain
    backfill: bool = False  # the sitemaps of past periods too
    since: datetime | None = None  # … of those that end after this (aware)
    proxy: str | None = None
    proxy_ca: Path | None = None
    allow_private: bool = False
    concurrency: int = 32
    min_free: int = MIN_FREE  # bytes of the disk that a crawl leaves free
    save: tuple[str, ...] = ()  # `morgue save`: these URLs and nothing else
    wait_for_lock: float = 0.0  # seconds


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told while a run goes on. All may be called often."""

    on_wait: Callable[[str], None] = lambda _holder: None
    on_repair: Callable[[Repair], None] = lambda _repair: None
    on_start: Callable[[RunReport], None] = lambda _report: None
    on_tick: Callable[[RunReport], None] = lambda _report: None


class Companion(Protocol):
    """What runs beside a crawl, as a context manager: leaving it waits for its end."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the end."""

    def end_soon(self, why: str) -> None:
        """End within seconds, now or when the crawl has ended. Called from a signal handler."""


def run_crawl(
    folder: ArchiveFolder,
    options: CrawlOptions,
    *,
    clock: Clock,
    watch: Watch,
    beside: Callable[[RunReport], Companion] | None = None,
) -> RunReport:
    """Run one crawl to its end and return its report, which then lies in reports/ as well, unless nothing was due.

    `beside(report)` runs next to the crawl (ingest) and is waited for. SIGINT and SIGTERM end the run in order. Raises
    `LockHeldError` if a crawl runs already, `SourcesError` for sources.toml, `ContactError` if it names no contact,
    `UsageError` for a source or route that cannot be used, `ShelfError` or `DatabaseError` if what was fetched cannot be kept.
    """
    began = clock.monotonic()
    sources = load_sources(folder.sources)
    chosen = _chosen(sources, options, folder.sources)
    _check_route(options)
    for url in options.save:
        canonical_url(url)  # says what is wrong with it
    if options.save or any(source.enabled for source in sources.sources):
        need_contact(sources, folder.sources, allow_private=options.allow_private)
    _check_room(folder, options.min_free)
    with (
        Signals() as signals,  # first: a crawl that can be seen to run can be told to end
        lock(
            folder.crawl_lock,
            "a crawl",
            wait=options.wait_for_lock,
            on_wait=watch.on_wait,
            given_up=lambda: signals.received is not None,
        ),
    ):
        report = RunReport(run_id=secrets.token_hex(4), started_at=clock.now())
        try:
            with ExitStack() as stack:
                tombstones = tombstones_of(read_decisions(folder.decisions))
                frontier = stack.enter_context(Frontier(folder.crawl_db, clock, tombstones=tombstones))
                writer = stack.enter_context(
                    _writer(folder, report.run_id, clock, watch, sources=sources, options=options)
                )
                crawl = _crawl(
                    frontier,
                    writer,
                    sources,
                    options,
                    chosen,
                    clock=clock,
                    report=report,
                    began=began,
                    known=known_shapes(folder.archive_db),
                    enough_room=lambda: shutil.disk_usage(folder.root).free >= options.min_free,
                    tombstones=tombstones,
                )
                signals.listen(lambda name: crawl.pump.stop(f"signal ({name})"))
                if beside is not None:
                    signals.listen(stack.enter_context(beside(report)).end_soon)
                watch.on_start(report)
                _scrapy(crawl, options, Limits.of(sources.limits), clock, watch)
                report.put_off(frontier.put_off)
                report.ended_by = crawl.pump.ended_by or "done"
            if signals.received is not None:  # while what was left was read
                report.ended_by = f"signal ({signals.received})"
        except BaseException as error:
            report.ended_by = _named(error, signals)
            with suppress(ShelfError):  # what went wrong first is what a person must be told
                _write(folder, report, clock)
            raise
        if not options.save:
            _look_after(folder, report, clock)
        if report.idle and _told_today(folder.reports, report.started_at):
            report.ended_at = clock.now()
        else:
            _write(folder, report, clock)
    return report


def _look_after(folder: ArchiveFolder, report: RunReport, clock: Clock) -> None:
    """Note which sources need a person, and which of them did not before."""
    with suppress(MorgueError):  # somebody is writing in sources.toml just now
        health = health_of(folder, clock)
        report.ill = {source.name: source.problem for source in health.sources if source.problem}
        before = ill_before(folder.reports)
        report.newly_ill = tuple(name for name in report.ill if name not in before)


def _told_today(reports: Path, now: datetime) -> bool:
    """Return whether a run of this day, UTC, wrote a report: then one that had nothing to do writes none."""
    last = last_report(reports)
    return last is not None and last.date() == now.astimezone(UTC).date()


def _write(folder: ArchiveFolder, report: RunReport, clock: Clock) -> None:
    report.ended_at = clock.now()
    write_report(folder.reports, report)


def _named(error: BaseException, signals: Signals) -> str:
    """Say in the report what broke a run off."""
    if isinstance(error, KeyboardInterrupt):
        return f"signal ({signals.received or 'SIGINT'}), twice"
    return f"error: {error}" if isinstance(error, MorgueError) else f"error: {type(error).__name__}: {error}"


def _check_route(options: CrawlOptions) -> None:
    """Refuse a proxy or CA file that cannot be used before anything is begun: Scrapy would only log it."""
    from crawler.handler import make_route

    make_route(proxy=options.proxy, ca_file=options.proxy_ca, allow_private=options.allow_private)


def _check_room(folder: ArchiveFolder, least: int) -> None:
    """Refuse to begin on a disk that is nearly full: a crawl must leave room for what is read from it."""
    free = shutil.disk_usage(folder.root).free
    if free < least:
        raise ShelfError(
            f"{folder.root} has {free / 1e6:,.0f} MB left on its disk, and a crawl leaves {least / 1e6:,.0f} MB free. "
            "Nothing was fetched. Make room, move the folder, or say `--min-free 0`."
        )


def _chosen(sources: SourcesFile, options: CrawlOptions, path: Path) -> tuple[str, ...] | None:
    """Return the names of the sources to crawl, None for all."""
    for name in options.sources:
        if sources.by_name(name) is None:
            known = ", ".join(source.name for source in sources.sources) or "none"
            raise SourcesError(path, f"there is no source {name!r}. There are: {known}.")
    if options.shard is None:
        return options.sources or None
    return tuple(
        source.name
        for source in sources.sources
        if in_shard(source.url, options.shard) and (not options.sources or source.name in options.sources)
    )


def in_shard(url: str, shard: tuple[int, int]) -> bool:
    """Return whether a source belongs to the i-th of n shards: by its registered domain, so that no site is in two.

    >>> [in_shard("https://www.paper.example/", (i, 3)) for i in (1, 2, 3)].count(True)
    1
    """
    number, of = shard
    digest = hashlib.sha256(registered_domain(url).encode()).digest()
    return int.from_bytes(digest[:8], "big") % of == number - 1


def _writer(
    folder: ArchiveFolder, run_id: str, clock: Clock, watch: Watch, *, sources: SourcesFile, options: CrawlOptions
) -> WarcWriter:
    folder.warc.mkdir(exist_ok=True)
    writer = WarcWriter(
        folder.warc,
        clock=clock,
        run_id=run_id,
        software=f"Morgue/{version('newsmorgue')}",
        contact=sources.contact,
        settings=settings_told(sources, options),
        floor=ingested_floor(folder.archive_db),
    )
    for repair in writer.repairs:
        watch.on_repair(repair)
    return writer


def _crawl(
    frontier: Frontier,
    writer: WarcWriter,
    sources: SourcesFile,
    options: CrawlOptions,
    chosen: tuple[str, ...] | None,
    *,
    clock: Clock,
    report: RunReport,
    began: float,
    known: Callable[[str], ShapeFacts | None],
    enough_room: Callable[[], bool],
    tombstones: Tombstones,
) -> Crawl:
    by_name = {source.name: source for source in sources.sources}
    report.found(frontier.sync_sources(sources.sources))
    if options.save:
        ask_for(frontier, sources, options.save, now=clock.now())
    elif options.due_all:
        frontier.make_all_due()
    if options.backfill:
        frontier.wake_past(None if options.since is None else options.since.timestamp())
    back_to = frontier.backfill_since()
    capture = Capture(writer, frontier, clock)
    pump = Pump(
        frontier,
        clock,
        budget=None if options.budget is None else options.budget - (clock.monotonic() - began),
        concurrency=options.concurrency,
        max_pages=options.max_pages,
        sources=chosen,
        asked_only=bool(options.save),
    )
    crawl = Crawl(
        frontier=frontier,
        capture=capture,
        pump=pump,
        sources=by_name,
        clock=clock,
        report=report,
        user_agent=user_agent(sources.contact),
        known=known,
        enough_room=enough_room,
        since=None if back_to is None else datetime.fromtimestamp(back_to, UTC),
        tombstones=tombstones,
    )
    pump.on_idle = crawl.commit
    crawl.keep_late_facts()
    return crawl


def ask_for(frontier: Frontier, sources: SourcesFile, urls: Sequence[str], *, now: datetime) -> None:
    """Make single pages due at once, for `morgue save`.

    Raises `UsageError` for one that cannot be asked for, `TakenDownError` for one that must not be.
    """
    for url in urls:
        source = sources.for_url(url)
        fact = DiscoveryFact(url=canonical_url(url), via=Via.USER, found_on="", seen_at=now)
        result = frontier.add([Candidate(fact=fact, role=Role.PAGE, source=source.name if source else "")])
        if TAKEN_DOWN in result.refused:
            raise TakenDownError(url)
        if result.refused:
            raise UsageError(f"cannot ask for {url} ({', '.join(result.refused)}). Give a page's full address.")


def need_contact(sources: SourcesFile, path: Path, *, allow_private: bool) -> None:
    """Raise `ContactError` where other people's sites would be asked and sources.toml, at `path`, names nobody to write to.

    One rule, whatever the hosts are: a contact, or --allow-private. A name's spelling does not tell whose host it is, and
    through a proxy nothing else does.
    """
    if sources.contact is None and not allow_private:
        raise ContactError(path)


def settings_told(sources: SourcesFile, options: CrawlOptions) -> list[tuple[str, str]]:
    """Return what the warcinfo record of a run tells of how it fetched. Fields of WARC 1.1 section 6.2; no secrets.

    A proxy's address may hold a password, so it is told that there was one, and not which.
    """
    limits = Limits.of(sources.limits)
    told = (
        f"{limits.body} bytes of body, {limits.head} bytes of headers, {limits.connect:g} s to connect, "
        f"{limits.first_byte:g} s to the first byte, {limits.total:g} s in all"
    )
    return [
        ("http-header-user-agent", user_agent(sources.contact)),
        ("robots", "RFC 9309"),
        ("limits", told),
        ("addresses", "private ones too" if options.allow_private else "public ones only"),
        ("route", "through a proxy" if options.proxy else "direct"),
    ]


def user_agent(contact: str | None) -> str:
    """Return who we are and where to complain."""
    return (
        f"Morgue/{version('newsmorgue')} ({'+' + contact if contact else 'a news archive; its keeper gave no contact'})"
    )


def _scrapy(crawl: Crawl, options: CrawlOptions, limits: Limits, clock: Clock, watch: Watch) -> None:
    """Run the spider to its end and make durable what it brought. Raises whatever broke the run off."""
    from scrapy.crawler import AsyncCrawlerProcess
    from scrapy.settings import Settings

    from crawler.handler import limit_settings
    from crawler.spiders.news import NewsSpider

    settings = Settings()
    settings.setmodule("crawler.settings", priority="project")
    settings.setdict(
        {
            "MORGUE_CLOCK": clock,
            "MORGUE_ALLOW_PRIVATE": options.allow_private,
            "MORGUE_PROXY": options.proxy or "",
            "MORGUE_CA_FILE": str(options.proxy_ca or ""),
            "CONCURRENT_REQUESTS": options.concurrency,
            **limit_settings(limits),
        },
        priority="cmdline",
    )
    process = AsyncCrawlerProcess(settings)
    # Scrapy lets the handler sort out what LOG_LEVEL hides, and so writes a line about each response for nobody.
    logging.getLogger("scrapy").setLevel(logging.WARNING)
    crawling = process.crawl(NewsSpider, crawl=crawl, on_tick=watch.on_tick)
    process.start(install_signal_handlers=False)
    if crawl.failure is not None:
        raise crawl.failure
    if isinstance(crawling, asyncio.Future) and crawling.done():
        crawling.result()  # Scrapy only logs what keeps it from starting
    crawl.commit()
