"""`morgue init`, `ingest`, `rebuild`, `restory`: what fills an archive."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.commands.cluster import cluster_for, executor_option
from archive.console import Context, Progress, counted, emit_json, pass_context, plain, say
from archive.folder import ArchiveFolder

if TYPE_CHECKING:  # what it imports is heavy, and `morgue --help` is not
    from archive.model import ExtractorId
    from archive.report import IngestReport

_MOST_ABSENT = 10  # ids that are named
_MOST_REASONS = 8  # for broken records


@click.command(short_help="Make a new archive.")
@click.argument("directory", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--contact", help="Where site owners can reach you: mailto:you@paper.example or a web page.")
@pass_context
def init(context: Context, directory: Path | None, contact: str | None) -> None:
    """Make a new archive: the folder, a commented sources.toml, the databases.

    Safe to repeat: what is there already stays as it is, but for the contact that --contact names. Without one no other
    people's sites are asked; on a terminal this asks for it once, if sources.toml names none.

    Example: morgue init my-archive --contact mailto:desk@paper.example
    """
    from archive.sources import SOURCES_TEMPLATE, as_contact, load_sources, set_contact
    from archive.store import open_store

    folder = ArchiveFolder(directory or context.path)
    new = not folder.sources.exists()
    if contact is None and (new or load_sources(folder.sources).contact is None):
        contact = _ask_contact()
    contact = (
        as_contact(contact, path=folder.sources) if contact else None
    )  # says what is wrong before anything is made
    for path in (folder.root, folder.warc, folder.reports, folder.profiles):
        path.mkdir(parents=True, exist_ok=True)
    if new:
        folder.sources.write_text(SOURCES_TEMPLATE, encoding="utf-8")
    if contact:
        set_contact(folder.sources, contact)
    load_sources(folder.sources)
    folder.decisions.touch()
    with open_store(folder, context.clock):
        pass
    here = folder.root == Path()
    say(f"{'Made' if new else 'There is already'} an archive in {'this folder' if here else folder.root}.")
    morgue = "morgue" if here else f"morgue -a {shlex.quote(str(folder.root))}"
    say(f"Next: `{morgue} sources add https://news.example/`, then `{morgue} crawl`.")


def _ask_contact() -> str | None:
    """Ask a person on a terminal for the contact; None without a terminal, or if they skip it."""
    if not sys.stdin.isatty():
        return None
    say("Each request says who asks, so that a site's owner can write to you before blocking you.")
    answer = click.prompt("Your mail address or web page (Enter skips)", default="", show_default=False, err=True)
    return str(answer).strip() or None


@click.command(short_help="Read WARC files into the archive.")
@click.argument("paths", nargs=-1, required=False)
@click.option("--host", "hosts", multiple=True, metavar="H", help="Take only captures of this host (may be repeated).")
@click.option("--url-prefix", "prefixes", multiple=True, metavar="P", help="Take only URLs that begin so (repeatable).")
@click.option(
    "--in-place", is_flag=True, help="Leave the files where they are instead of copying them into warc/imported/."
)
@click.option("--jobs", type=click.IntRange(0), default=None, help="Extraction processes (default: one per core).")
@executor_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--quiet", is_flag=True, help="No progress.")
@pass_context
def ingest(
    context: Context,
    paths: tuple[str, ...],
    hosts: tuple[str, ...],
    prefixes: tuple[str, ...],
    in_place: bool,
    jobs: int | None,
    executor: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Read web archives into this one; without PATHS, what the archive's own shelf has that is not read yet.

    PATHS are files, folders, or https:// and s3:// URLs. WARC 0.17 to 1.1, ARC and WACZ will do, plain or packed with gzip or
    zstd: wget's, Heritrix's, Browsertrix's, Common Crawl's. WAT and WET files hold no pages: they are copied, and give no
    articles. Repeating it changes nothing. Exit 3: some records or files were broken; each is named, the others are in.

    Example: morgue ingest old-crawl.warc.gz --host www.paper.example
    """
    from archive.importing import Import, import_files
    from archive.reading import ingest_shelf

    with (
        cluster_for(executor, context.folder, jobs=jobs) as cluster,
        Progress("captures", quiet=quiet) as progress,
    ):
        if paths:
            wanted = Import(paths=paths, hosts=hosts, prefixes=prefixes, in_place=in_place)
            report = import_files(
                context.folder,
                wanted,
                clock=context.clock,
                jobs=jobs,
                progress=progress,
                say=lambda line: say(line, quiet=quiet),
                cluster=cluster,
            )
        else:
            report = ingest_shelf(context.folder, clock=context.clock, jobs=jobs, progress=progress, cluster=cluster)
    tell_report(report, as_json=as_json)
    if not report.is_sound:
        raise click.exceptions.Exit(3)


def tell_report(report: IngestReport, *, as_json: bool) -> None:
    """Print what an ingest did."""
    for trouble in (*report.unreadable, *report.broken):
        say(plain(f"morgue: {trouble}"))
    if report.broken_records > len(report.broken):
        say(f"morgue: {report.broken_records:,} broken records in all; the first {len(report.broken):,} are named.")
    if report.broken_records > 1:
        reasons = "; ".join(f"{n:,} x {reason}" for reason, n in report.broken_reasons.most_common(_MOST_REASONS))
        say(plain(f"morgue: {report.broken_records:,} broken records: {reasons}."))
    for why in report.not_learned:
        say(plain(f"morgue: not learned from {why}"))
    tell_absent(report.absent)
    if as_json:
        emit_json(report.as_json())
        return
    if report.copied or report.left_out:
        no_pages = ", ".join(f"{n:,} {kind}" for kind, n in report.no_pages.most_common())
        click.echo(
            f"{counted(report.copied, 'record')} copied"
            + (f" (no pages: {plain(no_pages)})" if no_pages else "")
            + (f"; {report.left_out:,} of other hosts left out" if report.left_out else "")
            + "."
        )
    click.echo(
        f"{counted(report.captures, 'capture')} read: {counted(report.new, 'new article')}, "
        f"{counted(report.revisions, 'revision')}, {report.unchanged:,} unchanged; "
        f"{report.known:,} known already."
    )
    if report.refused:
        click.echo("No article: " + ", ".join(f"{n:,} {reason}" for reason, n in report.refused.most_common()) + ".")
    if report.learned:
        click.echo(plain(f"Learned from {', '.join(str(learned['source']) for learned in report.learned)}."))


def tell_absent(absent: Sequence[str]) -> None:
    """Say which articles decisions about stories name that are not there. It is no failure: the lines stay."""
    if absent:
        named = ", ".join(absent[:_MOST_ABSENT]) + (", …" if len(absent) > _MOST_ABSENT else "")
        say(
            f"morgue: decisions.jsonl decides about {counted(len(absent), 'article')} not in this archive ({named}). The "
            "lines are kept, and hold as soon as there is such an article."
        )


@click.command(short_help="Make archive.db (or crawl.db) again from the WARC files.")
@click.option("--jobs", type=click.IntRange(0), default=None, help="Extraction processes (default: one per core).")
@executor_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--quiet", is_flag=True, help="No progress.")
@pass_context
def rebuild(context: Context, jobs: int | None, executor: str | None, as_json: bool, quiet: bool) -> None:
    """Make archive.db again from the WARC files and decisions.jsonl.

    The new database is filled beside the old one and swapped in at the end; until then the old one can be read. Superseded
    extractions and revisions caused by the extractor are history of the database alone and are not rebuilt. Pages are read
    with the installed extractor and the selectors of sources.toml as it is now; where another was promoted, it says so.

    Example: morgue rebuild
    """
    from archive.rebuild import rebuild_archive

    with (
        cluster_for(executor, context.folder, jobs=jobs) as cluster,
        Progress("captures", quiet=quiet) as progress,
    ):
        report = rebuild_archive(context.folder, clock=context.clock, jobs=jobs, progress=progress, cluster=cluster)
    say(
        "Rebuilt archive.db from the WARC files. What only the old one held is gone: superseded extractions, and revisions "
        "of cause extractor."
    )
    _tell_extractors(context)
    tell_report(report, as_json=as_json)
    if not report.is_sound:
        raise click.exceptions.Exit(3)


def _tell_extractors(context: Context) -> None:
    """Say where what was decided about extractors cannot be followed: only one is installed."""
    from archive.decisions import read_decisions, renames
    from archive.extract import EXTRACTOR, with_selectors
    from archive.reextract.decided import not_rebuilt
    from archive.sources import load_sources

    sources = load_sources(context.folder.sources)

    def installed(name: str) -> ExtractorId:
        source = sources.by_name(name)
        return with_selectors(EXTRACTOR, source.selectors if source else {})

    decisions = read_decisions(context.folder.decisions)
    for sentence in not_rebuilt(decisions, installed, renames(decisions)):
        say(plain(sentence))


@click.command(short_help="Place all articles again, in the order of capture.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@pass_context
def restory(context: Context, as_json: bool) -> None:
    """Place all articles again, in the order in which they were captured.

    A capture that came late (an import, a shard) was placed when it arrived; afterwards stories are what they would be had
    everything arrived in order, and what `morgue story split` and `morgue story join` decided. `morgue rebuild` gives the same.

    Example: morgue restory
    """
    from archive.decisions import read_decisions
    from archive.locks import lock
    from archive.store import open_store

    folder = context.folder
    with ExitStack() as stack:
        stack.enter_context(lock(folder.archive_lock, "morgue restory"))
        store = stack.enter_context(open_store(folder, context.clock))
        with store.transaction():
            done = store.restory(read_decisions(folder.decisions))
    tell_absent(done.absent)
    if as_json:
        counts = {"captures": done.captures, "articles": done.articles, "stories": done.stories}
        emit_json({**counts, "absent": list(done.absent)})
    else:
        click.echo(
            f"{counted(done.captures, 'capture')} placed again: {counted(done.articles, 'article')} in "
            f"{counted(done.stories, 'story', 'stories')}."
        )
