"""`morgue doctor`: look whether the machine and the archive are fit for what is asked of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from archive.console import Context, emit_json, pass_context

if TYPE_CHECKING:  # what it imports takes its time, and `morgue --help` does not
    from archive.doctor.examine import Check, Place
    from archive.doctor.finding import Level

_FINDINGS = 3
_WIDEST = 100
_COLOURS = {"wrong": "red", "note": "yellow", "ok": "green"}

# Make the crawler's checks: of the machine, and of an archive.
MoreMachine = Callable[["Place | None"], "Sequence[Check]"]
MoreArchive = Callable[["Place"], "Sequence[Check]"]


@click.command(short_help="Tell what is wrong here, and what to type.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@pass_context
def doctor(context: Context, as_json: bool) -> None:
    """Look at this machine and, in an archive's folder, at the archive: what is wrong, why, and what to type.

    Versions, SQLite, libcurl, Chromium, memory, disk, clock, rights; contact, sources, cron and timers, the last crawls,
    locks, what waits to be read, decisions, backups. It needs no lock and changes nothing; to try the disk it makes one
    folder in the archive's and removes it. `morgue fsck` looks whether what is kept is as it was written. Exit 3: something
    is wrong.

    Example: morgue doctor
    """
    run(context, as_json=as_json, keep_free=0, more_machine=lambda _place: (), more_archive=lambda _place: ())


def run(
    context: Context,
    *,
    as_json: bool,
    keep_free: int,
    more_machine: MoreMachine,
    more_archive: MoreArchive,
) -> None:
    """Do what the command does; the callables bring in what the crawler's room knows. `keep_free`: bytes."""
    from archive.doctor.examine import Group, examine
    from archive.doctor.finding import Level, worst
    from archive.doctor.main import archive_checks, clock_check, machine_checks, place_of
    from archive.doctor.told import as_json as document
    from archive.doctor.told import lines

    wanted = context.named or bool(os.environ.get("MORGUE_ARCHIVE"))
    place = _within_time(lambda: place_of(context.path, named=context.named, wanted=wanted), str(context.path))
    time = clock_check(context.clock, os.environ, place.folder if place else None)
    groups = [Group("This machine", [*machine_checks(os.environ), *more_machine(place), time])]
    if place is not None:
        checks = [*archive_checks(place, context.clock, keep_free=keep_free), *more_archive(place)]
        groups.append(Group(f"The archive in {place.folder.root.absolute()}", checks))
    examined = examine(groups)
    if as_json:
        emit_json(document(examined, str(place.folder.root.absolute()) if place else None))
    else:
        for line in lines(examined, width=_width(), paint=_painted if coloured() else lambda text, _level: text):
            click.echo(line)
        if place is None:
            click.echo("There is no archive in this folder: `cd` to yours, or name it: `morgue -a DIR doctor`.")
    if worst(finding for group in examined for finding in group.findings) is Level.WRONG:
        raise click.exceptions.Exit(_FINDINGS)


def _within_time(find: Callable[[], Place | None], where: str) -> Place | None:
    """Find the archive, unless its disk hangs. Raises what `find` does, `MorgueError` if that takes too long."""
    from archive.doctor.examine import SECONDS, within
    from archive.errors import MorgueError

    found: list[Place | None] = []
    try:
        raised = within(SECONDS, lambda: found.append(find()))
    except TimeoutError:
        raise MorgueError(
            f"{where} does not answer within {SECONDS:g} seconds: its disk, or the network it comes over, hangs. Look at the "
            "system's log and at `mount`; outside of it `morgue doctor` looks at the machine alone."
        ) from None
    if raised is not None:
        raise raised
    return found[0]


def _width() -> int:
    import shutil

    return min(_WIDEST, shutil.get_terminal_size().columns)


def coloured() -> bool:
    """Tell whether standard output takes colours, as rich decides it for the tables (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") not in {"dumb", "unknown"}


def _painted(text: str, level: Level) -> str:
    return click.style(text, fg=_COLOURS[level.value])
