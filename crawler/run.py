"""`morgue crawl` from lock to report: sets a run up, runs Scrapy in this process and ingest beside it, and ends both."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from archive.clock import Clock
from archive.errors import MorgueError, ShelfError, SourcesError, UsageError
from archive.folder import ArchiveFolder
from archive.locks import lock
from archive.model import Candidate, DiscoveryFact, Role, Via
from archive.sources import SourcesFile, load_sources
from archive.urls import canonical_url
from archive.warc import Repair, WarcWriter
from crawler.capture import Capture
from crawler.crawl import Crawl
from crawler.floor import ingested_floor
from crawler.frontier import Frontier
from crawler.health import health_of, ill_before, last_report
from crawler.pump import Pump
from crawler.report import RunReport, write_report
from crawler.signals import Signals


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlOptions:
    """What the command line said of a run."""

    budget: float | None = None  # seconds
    sources: tuple[str, ...] = ()  # names; none: all
    max_pages: int | None = None
    due_all: bool = False
    proxy: str | None = None
    proxy_ca: Path | None = None
    allow_private: bool = False
    concurrency: int = 32
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
    `LockHeldError` if a crawl runs already, `SourcesError` for sources.toml, `UsageError` for a source or route that
    cannot be used, `ShelfError` or `DatabaseError` if what was fetched cannot be kept.
    """
    began = clock.monotonic()
    sources = load_sources(folder.sources)
    chosen = _chosen(sources, options.sources, folder.sources)
    _check_route(options)
    with lock(folder.crawl_lock, "a crawl", wait=options.wait_for_lock, on_wait=watch.on_wait), Signals() as signals:
        report = RunReport(run_id=secrets.token_hex(4), started_at=clock.now())
        try:
            with ExitStack() as stack:
                frontier = stack.enter_context(Frontier(folder.crawl_db, clock))
                writer = stack.enter_context(_writer(folder, sources, report.run_id, clock, watch))
                crawl = _crawl(frontier, writer, sources, options, chosen, clock=clock, report=report, began=began)
                signals.listen(lambda name: crawl.pump.stop(f"signal ({name})"))
                if beside is not None:
                    signals.listen(stack.enter_context(beside(report)).end_soon)
                watch.on_start(report)
                _scrapy(crawl, options, clock, watch)
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


def _chosen(sources: SourcesFile, names: Sequence[str], path: Path) -> tuple[str, ...] | None:
    for name in names:
        if sources.by_name(name) is None:
            known = ", ".join(source.name for source in sources.sources) or "none"
            raise SourcesError(path, f"there is no source {name!r}. There are: {known}.")
    return tuple(names) or None


def _writer(folder: ArchiveFolder, sources: SourcesFile, run_id: str, clock: Clock, watch: Watch) -> WarcWriter:
    folder.warc.mkdir(exist_ok=True)
    writer = WarcWriter(
        folder.warc,
        clock=clock,
        run_id=run_id,
        software=f"Morgue/{version('newsmorgue')}",
        contact=sources.contact,
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
) -> Crawl:
    by_name = {source.name: source for source in sources.sources}
    report.found(frontier.sync_sources(sources.sources))
    if options.save:
        ask_for(frontier, sources, options.save, now=clock.now())
    elif options.due_all:
        frontier.make_all_due()
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
    )
    pump.on_idle = crawl.commit
    crawl.keep_late_facts()
    return crawl


def ask_for(frontier: Frontier, sources: SourcesFile, urls: Sequence[str], *, now: datetime) -> None:
    """Make single pages due at once, for `morgue save`. Raises `UsageError` for one that cannot be asked for."""
    for url in urls:
        source = sources.for_url(url)
        fact = DiscoveryFact(url=canonical_url(url), via=Via.USER, found_on="", seen_at=now)
        result = frontier.add([Candidate(fact=fact, role=Role.PAGE, source=source.name if source else "")])
        if result.refused:
            raise UsageError(f"cannot ask for {url} ({', '.join(result.refused)}). Give a page's full address.")


def user_agent(contact: str | None) -> str:
    """Return who we are and where to complain."""
    return (
        f"Morgue/{version('newsmorgue')} ({'+' + contact if contact else 'a news archive; its keeper gave no contact'})"
    )


def _scrapy(crawl: Crawl, options: CrawlOptions, clock: Clock, watch: Watch) -> None:
    """Run the spider to its end and make durable what it brought. Raises whatever broke the run off."""
    from scrapy.crawler import AsyncCrawlerProcess
    from scrapy.settings import Settings

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
