"""`morgue backup`, `morgue restore`."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.console import Context, Progress, counted, emit_json, pass_context, plain, say

if TYPE_CHECKING:  # what it imports is heavy, and `morgue --help` is not
    from archive.backup import Made, Target

_HOLDING = 3


def _counting(progress: Progress) -> Callable[[str], None]:
    """Return what counts a file for the progress line."""
    numbers = itertools.count(1)
    return lambda _path: progress.update(next(numbers))


@click.command(short_help="Copy the archive to another place.")
@click.argument("target")
@click.option("--keep", type=click.IntRange(1), metavar="N", help="Afterwards let all but the newest N backups go.")
@click.option("--forget", is_flag=True, help="Make none: TARGET is no more, and what it held is destroyed.")
@click.option("--list", "as_list", is_flag=True, help="List the backups that TARGET holds, and make none.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@pass_context
def backup(context: Context, target: str, keep: int | None, forget: bool, as_list: bool, as_json: bool) -> None:
    """Copy the archive as it is now to TARGET: a folder, or an address such as s3://bucket/morgue.

    Safe at any moment, also while a crawl runs. Sealed WARC files are copied once (on the same disk linked), everything else
    anew: a backup a day costs little more than its databases. On another disk, please: a link on the same one does not
    outlive it.

    The archive remembers its targets. After `morgue takedown` the next backup to each lets those go that still hold what was
    taken down. Exit 3: one of them has a WARC file that the archive has lost, and stays.

    Example: morgue backup /mnt/backup/my-archive --keep 14
    """
    from archive.backup import make_backup, open_target

    if forget:
        _forget(context, target)
        return
    place = open_target(target)
    if as_list:
        _list(place, as_json=as_json)
        return
    with Progress("files") as progress:
        made = make_backup(context.folder, place, clock=context.clock, keep=keep, on_file=_counting(progress))
    if as_json:
        emit_json(made.as_json())
    else:
        _tell(place.name, made)
    for stamp, files in made.holding.items():
        say(
            plain(
                f"morgue: the backup {stamp} holds what was taken down since, and stays: it alone has {', '.join(files[:3])}"
                f"{', …' if len(files) > 3 else ''} as it was. `morgue restore {shlex.quote(target)} FOLDER --at {stamp}` gets "  # noqa: PLR2004
                f"it back; `morgue backup {shlex.quote(target)} --keep 1` lets the backup go."
            )
        )
    if made.holding:
        raise click.exceptions.Exit(_HOLDING)


def _tell(name: str, made: Made) -> None:
    click.echo(
        f"{plain(name)}: backup {made.stamp}, {counted(made.files, 'file')}, {made.stored / 1e6:,.1f} MB copied, "
        f"{counted(made.shared, 'file')} there already."
        + (f" {counted(len(made.removed), 'older backup')} removed." if made.removed else "")
    )
    say(f"It is restored with `morgue restore {shlex.quote(name)} NEW-FOLDER`. Try that once before you need it.")


def _list(place: Target, *, as_json: bool) -> None:
    """Print the backups of a target; those whose manifest cannot be read are named."""
    from archive.backup.registry import readable

    found = [
        (stamp, None if one is None else (len(one.files), sum(entry.size for entry in one.files.values())))
        for stamp, one in readable(place)
    ]
    if as_json:
        emit_json([{"stamp": stamp, "files": told and told[0], "bytes": told and told[1]} for stamp, told in found])
        return
    for stamp, told in found:
        what = "its manifest cannot be read" if told is None else f"{told[0]:>6,} files  {told[1] / 1e6:>12,.1f} MB"
        click.echo(f"{stamp}  {what}")


def _forget(context: Context, target: str) -> None:
    """Take a target off the list, for good."""
    from archive.backup.registry import FORGOTTEN, address_of, known_targets
    from archive.decisions import append_decision, read_decisions
    from archive.errors import BackupError

    path, address = context.folder.decisions, address_of(target)
    known = known_targets(read_decisions(path))
    if address not in known:
        listed = ", ".join(sorted(known)) or "none"
        raise BackupError(f"{address} is no place of this archive's backups. It knows: {listed}.")
    append_decision(path, FORGOTTEN, {"target": address}, at=context.clock.now())
    click.echo(plain(f"{address}: forgotten. Nothing there was touched."))


@click.command(short_help="Get an archive back from a backup.")
@click.argument("target")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--at", metavar="STAMP", help="Which backup (`morgue backup TARGET --list`). Default: the newest.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@pass_context
def restore(context: Context, target: str, directory: Path, at: str | None, as_json: bool) -> None:  # noqa: ARG001
    """Put a backup from TARGET into a new folder, each file compared with its digest.

    Repeat it if it broke off: what is there and right is not fetched again.

    Example: morgue restore /mnt/backup/my-archive my-archive-again
    """
    from archive.backup import open_target, restore_backup
    from archive.backup.restore import taken_down_since
    from archive.folder import ArchiveFolder

    place = open_target(target)
    with Progress("files") as progress:
        manifest = restore_backup(place, ArchiveFolder(directory), stamp=at, on_file=_counting(progress))
    if taken_down_since(place, manifest):
        say(
            "morgue: this backup holds what was taken down after it was made. Run those `morgue takedown` commands again here."
        )
    if as_json:
        emit_json({"stamp": manifest.stamp, "files": len(manifest.files), "folder": str(directory)})
        return
    click.echo(
        f"{directory}: the archive of {manifest.made_at:%Y-%m-%d %H:%M} UTC, {counted(len(manifest.files), 'file')}."
    )
    say(
        f"Next: `morgue -a {shlex.quote(str(directory))} fsck` looks at it as a whole; `morgue -a … crawl` goes on with it."
    )
