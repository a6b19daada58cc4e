"""`morgue fsck`: look whether everything in an archive is as it was written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from archive.console import Context, Progress, counted, emit_json, pass_context, plain, say
from archive.errors import UsageError

if TYPE_CHECKING:  # what it imports is heavy, and `morgue --help` is not
    from archive.fsck.check import FrontierSide
    from archive.fsck.faults import Findings
    from archive.fsck.mend import Mended

_FINDINGS = 3
_MOST_PRINTED = 100

# Makes the crawler's side of a check; True: both locks are held.
MakeFrontier = Callable[[bool], "FrontierSide"]


@click.command(short_help="Check that everything is as it was written.")
@click.option(
    "--fast", is_flag=True, help="Only files, sizes, and SQLite's quick check of the tables without texts: seconds."
)
@click.option("--full", is_flag=True, help="Also read every record and hold every row against its record.")
@click.option("--repair", is_flag=True, help="Check in full, then mend what loses nothing that can still be read.")
@click.option(
    "--jobs", type=click.IntRange(0), default=None, help="Extraction processes of a repair (default: one per core)."
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--quiet", is_flag=True, help="No progress, and nothing at all if there is no fault.")
@pass_context
def fsck(context: Context, fast: bool, full: bool, repair: bool, jobs: int | None, as_json: bool, quiet: bool) -> None:
    """Check that everything in the archive is as it was written. Exit 3: it names what is not, and what mends it.

    Without --fast and --full: also the digests of all texts, the search index against them, and that a record begins where
    each capture says. Reads only, and may run beside a crawl. --repair waits for nobody: it exits 75 if a crawl or an ingest
    is at work.

    Example: morgue fsck --full
    """
    run(context, fast=fast, full=full, repair=repair, jobs=jobs, as_json=as_json, quiet=quiet, make_frontier=None)


def run(
    context: Context,
    *,
    fast: bool,
    full: bool,
    repair: bool,
    jobs: int | None,
    as_json: bool,
    quiet: bool,
    make_frontier: MakeFrontier | None,
) -> None:
    """Do what the command does; `make_frontier` brings in crawl.db."""
    from archive.fsck.check import check
    from archive.fsck.faults import Level
    from archive.locks import lock

    if fast and (full or repair):
        raise UsageError(
            f"--fast and {'--full' if full else '--repair'} exclude each other: a repair looks at everything."
        )
    level = Level.FAST if fast else Level.FULL if full or repair else Level.USUAL
    folder, mended = context.folder, None
    with ExitStack() as stack:
        if repair:
            stack.enter_context(lock(folder.crawl_lock, "morgue fsck --repair"))
            stack.enter_context(lock(folder.archive_lock, "morgue fsck --repair"))
        frontier = make_frontier(repair) if make_frontier else None
        progress = stack.enter_context(Progress("rows and records", quiet=quiet))
        findings = check(folder, level, frontier=frontier, progress=progress.update)
        if repair and findings.total:
            from archive.fsck.mend import mend

            _tell_faults(findings)
            mended = mend(folder, findings, frontier=frontier, clock=context.clock, jobs=jobs, progress=progress)
            for line in mended.done:
                say(plain(line))
            for line in mended.left:
                say(plain(f"morgue: {line}"))
            if mended.done:
                say("Checking again.")
                findings = check(folder, level, frontier=frontier, progress=progress.update)
    _tell(findings, mended, as_json=as_json, quiet=quiet)
    if findings.total:
        raise click.exceptions.Exit(_FINDINGS)


def _tell(findings: Findings, mended: Mended | None, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        told = findings.as_json()
        if mended is not None:
            told |= {"repaired": mended.done, "not_repaired": mended.left}
        emit_json(told)
        return
    if findings.total:
        _tell_faults(findings)
        return
    if not quiet:
        looked = ", ".join(f"{number:,} {what}" for what, number in sorted(findings.checked.items()))
        click.echo(f"No fault found ({findings.level.name.lower()} check of {looked}).")
    if findings.waiting and not quiet:
        click.echo(f"{counted(len(findings.waiting), 'file')} wait for `morgue ingest`.")


def _tell_faults(findings: Findings) -> None:
    for fault in findings.faults[:_MOST_PRINTED]:
        say(plain(f"morgue: {fault}"))
    if findings.total > _MOST_PRINTED:
        by_kind = ", ".join(f"{number:,} {kind}" for kind, number in findings.counts.most_common())
        say(f"morgue: {counted(findings.total, 'fault')} in all ({by_kind}); the first {_MOST_PRINTED} are named.")
