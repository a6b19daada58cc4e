"""`morgue merge`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.commands.cluster import cluster_for, executor_option
from archive.commands.make import tell_report
from archive.console import Context, Progress, counted, emit_json, pass_context, plain, say
from archive.folder import ArchiveFolder

if TYPE_CHECKING:  # what it imports is heavy, and `morgue --help` is not
    from archive.merging.report import FromShard, Merged
    from archive.takedown.main import FrontierPart

_NEEDS_A_LOOK = 3
_NAMED = 10


@click.command(short_help="Make several archives one.")
@click.argument("shards", metavar="SHARD…", nargs=-1, required=True, type=click.Path(path_type=Path, file_okay=False))
@click.option("--dry-run", is_flag=True, help="Say what would come, and what forbids it; change nothing.")
@click.option("--jobs", type=click.IntRange(0), default=None, help="Extraction processes (default: one per core).")
@executor_option
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@click.option("--quiet", is_flag=True, help="No progress.")
@pass_context
def merge(
    context: Context,
    shards: tuple[Path, ...],
    dry_run: bool,
    jobs: int | None,
    executor: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make the archives in the folders SHARD… part of this one, which is made if there is none.

    WARC files, decisions, sources, profiles and reports are copied, and no shard is changed; then all of it is read, and placed
    in the order of capture. Repeat it whenever the shards have grown: only what is new is copied and read. What was taken down
    in one of them goes from all that is merged. A clash of names changes nothing and says what to do. A shard's decisions count
    as yours: merge those of people whom you trust, and look first with --dry-run.

    When pages are due is not merged: `morgue rebuild --frontier` makes crawl.db here, should this archive be crawled itself.

    Exit 3: done, but some records, files or profiles could not be read, or something in a shard's folder was not taken.

    Example: morgue merge ../shard-1 ../shard-2
    """
    run(context, shards, dry_run=dry_run, jobs=jobs, executor=executor, as_json=as_json, quiet=quiet)


def run(
    context: Context,
    shards: tuple[Path, ...],
    *,
    dry_run: bool,
    jobs: int | None,
    executor: str | None,
    as_json: bool,
    quiet: bool,
    frontier: FrontierPart | None = None,
) -> None:
    """Merge and tell. `frontier`: what a takedown does in crawl.db."""
    from archive.merging import merge_shards

    folder = ArchiveFolder(context.path)
    with cluster_for(executor, folder, jobs=jobs) as cluster, Progress("captures", quiet=quiet) as progress:
        done = merge_shards(
            folder,
            shards,
            clock=context.clock,
            jobs=jobs,
            progress=progress,
            dry_run=dry_run,
            frontier=frontier,
            cluster=cluster,
        )
    for what in done.passed_over[:_NAMED]:
        say(plain(f"morgue: not taken: {what}."))
    if len(done.passed_over) > _NAMED:
        say(f"morgue: {len(done.passed_over):,} files were not taken; the first {_NAMED} are named.")
    for word in done.words:
        say(plain(f"morgue: {word}."))
    if as_json:
        emit_json(done.as_json())
    else:
        _tell(done, context.path)
    if not done.is_sound:
        raise click.exceptions.Exit(_NEEDS_A_LOOK)


def _tell(done: Merged, path: Path) -> None:
    for each in done.shards:
        click.echo(plain(_line(each)))
    if done.takedowns:
        gone = f"; {counted(done.covered, 'capture')} that were here {'would go' if done.dry_run else 'are gone'}"
        click.echo(
            f"{counted(done.takedowns, 'takedown')} of {'theirs' if done.covered else 'others'} hold"
            f"{'s' if done.takedowns == 1 else ''} here now{gone if done.covered else ''}."
        )
    if done.dry_run:
        click.echo("Nothing was changed." if done.changed else "There is nothing new in them.")
        return
    if not done.changed:
        click.echo("There is nothing new in them.")
        return
    tell_report(done.ingest, as_json=False)
    if done.articles is not None and done.stories is not None:
        click.echo(f"Here are {counted(done.articles, 'article')} in {counted(done.stories, 'story', 'stories')} now.")
    if not (path / "crawl.db").exists():
        say(
            "This archive has no crawl.db: the shards go on crawling. Should it do that itself: `morgue rebuild --frontier`."
        )


def _line(each: FromShard) -> str:
    files = f"{counted(each.warc_new, 'new WARC file')}, {each.warc_grown:,} grown, {each.warc_known:,} known"
    parts = [f"{files} ({each.megabytes:,.1f} MB)"]
    parts += [counted(each.decisions, "decision")] if each.decisions else []
    parts += [_named("sources", each.sources)] if each.sources else []
    parts += [_named("saved searches", each.searches)] if each.searches else []
    parts += [counted(each.profiles, "site profile")] if each.profiles else []
    parts += [counted(each.reports, "report")] if each.reports else []
    return f"{each.path}: {', '.join(parts)}."


def _named(what: str, names: list[str]) -> str:
    return f"{what} {', '.join(names[:_NAMED])}{' …' if len(names) > _NAMED else ''}"
