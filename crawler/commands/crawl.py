"""`morgue crawl`, `morgue save`: what fetches."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.clock import Clock
from archive.console import Context, Progress, counted, cut, emit_json, emit_table, pass_context, plain, say
from archive.errors import LockHeldError
from archive.folder import ArchiveFolder
from archive.sources import load_sources
from crawler.commands.options import network_options, parse_budget, parse_shard, parse_since, parse_size

if TYPE_CHECKING:  # Scrapy is heavy, and `morgue --help` is not
    from archive.sources import SourcesFile
    from archive.warc import Repair
    from crawler.report import RunReport, SourceCount
    from crawler.run import CrawlOptions

_NEEDS_A_LOOK = 3
_NAME = 24  # cells of a name in the table
_REMARKS = 3


@click.command(short_help="Fetch what is due, read it, print a report.")
@click.option(
    "--budget", metavar="TIME", help="End after this time, ingest included: 90s, 10m, 1h. Default: when done."
)
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Only this source (may be repeated).")
@click.option("--max-pages", type=click.IntRange(1), help="Fetch at most so many pages, listings not counted.")
@click.option(
    "--due",
    type=click.Choice(["now", "all"]),
    default="now",
    show_default=True,
    help="all: ask for everything again that was ever kept.",
)
@click.option(
    "--backfill",
    is_flag=True,
    help="Ask for the past as well: the monthly, daily or yearly sitemaps of sites that have them.",
)
@click.option(
    "--since", metavar="DATE", help="With --backfill: go back to this day, like 2024-03-01. Default: to the first one."
)
@click.option(
    "--shard",
    metavar="I/N",
    help="Only the I-th of N parts of the sources (1/3, 2/3, 3/3), by registered domain: for several machines.",
)
@network_options
@click.option(
    "--concurrency",
    type=click.IntRange(1, 500),
    default=32,
    show_default=True,
    help="Sites asked at once; each gets one request at a time.",
)
@click.option(
    "--jobs",
    type=click.IntRange(0),
    default=None,
    help="Extraction processes beside the crawl (default: one per core).",
)
@click.option(
    "--min-free", default="500M", show_default=True, metavar="SIZE", help="Stop when the disk has less than this left."
)
@click.option("--no-ingest", is_flag=True, help="Fetch only; `morgue ingest` reads the pages later.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--quiet", is_flag=True, help="Say nothing unless something is wrong: for cron.")
@pass_context
def crawl(
    context: Context,
    budget: str | None,
    sources: tuple[str, ...],
    max_pages: int | None,
    due: str,
    backfill: bool,
    since: str | None,
    shard: str | None,
    proxy: str | None,
    proxy_ca: Path | None,
    allow_private: bool,
    concurrency: int,
    jobs: int | None,
    min_free: str,
    no_ingest: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Fetch what is due, read it, print a report. Safe under cron: a second crawl ends at once with exit code 75.

    Ctrl-C or SIGTERM ends it in order, with exit code 0: what is under way is finished and kept. Exit 3: the crawl is
    done, but a source needs a look that did not before, or the reading beside it died.

    Example: morgue crawl --budget 9m
    """
    from crawler.run import CrawlOptions

    options = CrawlOptions(
        budget=parse_budget(budget),
        sources=sources,
        max_pages=max_pages,
        due_all=due == "all",
        backfill=backfill,
        since=parse_since(since, backfill=backfill),
        shard=parse_shard(shard),
        proxy=proxy,
        proxy_ca=proxy_ca,
        allow_private=allow_private,
        concurrency=concurrency,
        min_free=parse_size(min_free),
    )
    nobody = _nobody_to_ask(load_sources(context.folder.sources), sources, context.morgue)
    if nobody:
        say(nobody, quiet=quiet)
    if proxy and not quiet:
        say("Names are resolved by the proxy: whether they lead to public addresses is its affair.")
    try:
        outcome = _run(context.folder, options, context.clock, ingest=not no_ingest, jobs=jobs, quiet=quiet)
    except LockHeldError as error:
        if not quiet:
            raise
        raise click.exceptions.Exit(error.exit_code) from None  # cron mails each word; the one before still works
    _tell(outcome, as_json=as_json, quiet=quiet, told=bool(nobody))


def _nobody_to_ask(file: SourcesFile, names: tuple[str, ...], morgue: str) -> str:
    """Say why there is no source to crawl, and what to type; empty if there is one. `names`: those of --source, if any."""
    if not file.sources:
        return f"No source to crawl yet: `{morgue} sources add https://news.example/` adds one."
    chosen = [source for source in file.sources if not names or source.name in names]
    if not chosen or any(source.enabled for source in chosen):  # a name that is none is an error of its own
        return ""
    enable = f"`{morgue} sources enable {shlex.quote(chosen[0].name)}`"
    if len(chosen) == 1:
        return f"{chosen[0].name} is off: {enable} switches it on again."
    return f"All {len(chosen):,} sources are off: {enable} switches the first on again."


class _Outcome:
    """A report, and what there is to say about the ingest beside it."""

    def __init__(self, report: RunReport, *, died: str | None, locked_by: str | None) -> None:
        self.report = report
        self.died = died
        self.locked_by = locked_by


def _run(
    folder: ArchiveFolder, options: CrawlOptions, clock: Clock, *, ingest: bool, jobs: int | None, quiet: bool
) -> _Outcome:
    from crawler.beside import IngestBeside
    from crawler.run import Watch, run_crawl

    finish_by = None if options.budget is None else time.monotonic() + options.budget
    companions: list[IngestBeside] = []

    def beside(report: RunReport) -> IngestBeside:
        companions.append(IngestBeside(folder, report, finish_by=finish_by, jobs=jobs))
        return companions[0]

    with Progress("pages", quiet=quiet) as progress:

        def tick(report: RunReport) -> None:
            pages = report.roles["page"]
            new = report.ingest.get("new", 0)
            share = (
                report.requests / (report.requests + report.due) if report.requests and report.due is not None else None
            )
            progress.update(pages, share, requests=report.requests, new_articles=new, urls_found=report.discovered)

        watch = Watch(on_wait=_say_waiting, on_repair=_say_repair, on_tick=tick)
        report = run_crawl(folder, options, clock=clock, watch=watch, beside=beside if ingest else None)
    companion = companions[0] if companions else None
    died = (companion.why or "it ended without a word") if companion is not None and companion.died else None
    return _Outcome(report, died=died, locked_by=companion.locked_by if companion else None)


def _say_waiting(holder: str) -> None:
    say(f"Waiting for {holder}, which holds crawl.lock …")


def _say_repair(repair: Repair) -> None:
    say(f"{repair.name}: {repair.length:,} bytes, {repair.kept:,} kept ({repair.why}).")


def _tell(outcome: _Outcome, *, as_json: bool, quiet: bool, told: bool) -> None:
    """Tell how a crawl went. `told`: why nothing was due was said before."""
    report = outcome.report
    if as_json:
        emit_json(report.as_json())
    elif not quiet and not (told and _nothing_done(report)):
        _print_report(report)
    if outcome.locked_by and not quiet:
        say(
            f"archive.db is being written by {outcome.locked_by}: {counted(report.kept, 'new page')} "
            f"({counted(report.waits_for_ingest, 'file')}) wait on the shelf for the next ingest."
        )
    if broken := _number(report.ingest.get("broken_records")):
        say(f"morgue: {counted(broken, 'broken record')} on the shelf; the report in reports/ names the first of them.")
    unreadable = report.ingest.get("unreadable")
    for error in unreadable if isinstance(unreadable, list) else ():
        say(plain(f"morgue: {error}"))
    not_learned = report.ingest.get("not_learned")
    for why in not_learned if isinstance(not_learned, list) else ():
        say(plain(f"morgue: not learned from {why}"))
    _say_no_browser(report)
    for name in report.newly_ill:
        say(f"morgue: {plain(name)} needs a look: {plain((report.ill or {})[name])} (`morgue status` tells more)")
    if outcome.died:
        say(f"morgue: reading the pages failed twice ({outcome.died}). They are kept; `morgue ingest` reads them.")
    if report.ended_by == "disk":
        say(
            "morgue: the disk is nearly full, and the crawl has stopped. What was fetched is kept. Make room and run it again."
        )
        raise click.exceptions.Exit(1)
    if outcome.died or report.newly_ill:
        raise click.exceptions.Exit(_NEEDS_A_LOOK)


def _say_no_browser(report: RunReport) -> None:
    if report.no_browser:
        say(
            f"morgue: {counted(report.rendered.failed, 'page')} of sources with render = true kept without a browser: "
            f"{plain(report.no_browser)}"
        )


def _nothing_done(report: RunReport) -> bool:
    return not report.requests and not report.discovered and report.ended_by == "done"


def _print_report(report: RunReport) -> None:
    if _nothing_done(report):
        click.echo("Nothing was due. `morgue sources list` names what is crawled, `morgue status` when it is due next.")
        return
    rows = []
    for name, count in sorted(report.sources.items()):
        placed = report.placed(name)
        rows.append(
            (
                cut(name or "(single pages)", _NAME),
                f"{count.requests:,}",
                f"{count.pages:,}",
                f"{count.not_modified:,}",
                "" if placed["new"] is None else f"{placed['new']:,}",
                "" if placed["gone"] is None else f"{placed['gone']:,}",
                f"{count.bytes_received / 1e6:,.1f}",
                _remarks(count),
            )
        )
    if rows:
        emit_table(["source", "requests", "pages", "304", "new", "gone", "MB", "remarks"], rows)
    ingest = report.ingest
    click.echo(
        f"{counted(report.requests, 'request')} in {report.seconds:.0f} s, {report.bytes_received / 1e6:.1f} MB, "
        f"{counted(report.discovered, 'new address', 'new addresses')}. "
        f"{counted(_number(ingest.get('new')), 'new article')}, {counted(_number(ingest.get('revisions')), 'revision')}, "
        f"{counted(_number(ingest.get('gone')), 'article')} gone."
    )
    if not report.requests and report.ended_by == "done":
        click.echo("Nothing was due. `morgue status` tells when the next visits are.")
    if report.ended_by != "done":
        click.echo(f"Ended by: {report.ended_by}.")
    if report.waits_for_ingest:
        click.echo(f"{counted(report.waits_for_ingest, 'file')} still to be read: the next run goes on there.")


def _remarks(count: SourceCount) -> str:
    """Return the commonest failures, refusals and such of a source in a run; the report has them all."""
    said = count.failures + count.put_off + count.refused + Counter({"redirects": count.redirects})
    return ", ".join(f"{number:,} {reason}" for reason, number in said.most_common(_REMARKS))


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


@click.command(short_help="Fetch single pages now.")
@click.argument("urls", nargs=-1, required=True)
@network_options
@click.option("--no-wait", is_flag=True, help="End with exit code 75 if a crawl is running, instead of waiting for it.")
@click.option("--json", "as_json", is_flag=True, help="Print what became of each page as JSON.")
@pass_context
def save(
    context: Context,
    urls: tuple[str, ...],
    proxy: str | None,
    proxy_ca: Path | None,
    allow_private: bool,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Fetch these pages now, whatever the schedule says, and tell what became of them.

    robots.txt is obeyed. Exit 1: none of them became an article.

    Example: morgue save https://news.example/2026/05/harbour-reopens
    """
    from crawler.run import CrawlOptions
    from crawler.saved import what_became

    options = CrawlOptions(
        save=urls,
        proxy=proxy,
        proxy_ca=proxy_ca,
        allow_private=allow_private,
        wait_for_lock=0.0 if no_wait else float("inf"),
    )
    outcome = _run(context.folder, options, context.clock, ingest=True, jobs=1, quiet=True)
    _say_no_browser(outcome.report)
    results = [what_became(context.folder, url) for url in urls]
    if as_json:
        emit_json([result.as_json() for result in results])
    else:
        for result in results:
            click.echo(f"{plain(result.url)}\n  {plain(result.sentence)}")
    if outcome.locked_by:
        say(f"archive.db is being written by {outcome.locked_by}; run `morgue ingest` when it has ended.")
    if not any(result.article for result in results):
        raise click.exceptions.Exit(1)
