"""`morgue backup`, `morgue restore`."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Callable
from pathlib import Path

import click

from archive.console import Context, Progress, counted, emit_json, pass_context, plain, say


def _counting(progress: Progress) -> Callable[[str], None]:
    """Return what counts a file for the progress line."""
    numbers = itertools.count(1)
    return lambda _path: progress.update(next(numbers))


@click.command(short_help="Copy the archive to another place.")
@click.argument("target")
@click.option("--keep", type=click.IntRange(1), metavar="N", help="Afterwards let all but the newest N backups go.")
@click.option("--list", "as_list", is_flag=True, help="List the backups that TARGET holds, and make none.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@pass_context
def backup(context: Context, target: str, keep: int | None, as_list: bool, as_json: bool) -> None:
    """Copy the archive as it is now to TARGET: a folder, or an address such as s3://bucket/morgue.

    Safe at any moment, also while a crawl runs. Sealed WARC files are copied once (on the same disk linked), everything else
    anew: a backup a day costs little more than its databases. On another disk, please: a link on the same one does not
    outlive it.

    Example: morgue backup /mnt/backup/my-archive --keep 14
    """
    from archive.backup import make_backup, open_target
    from archive.backup.make import backups, read_manifest

    place = open_target(target)
    if as_list:
        found = [read_manifest(place, stamp) for stamp in backups(place)]
        if as_json:
            emit_json([{"stamp": one.stamp, "files": len(one.files), "bytes": sum(e.size for e in one.files.values())}
                       for one in found])  # fmt: skip
        for one in found if not as_json else ():
            size = sum(entry.size for entry in one.files.values())
            click.echo(f"{one.stamp}  {len(one.files):>6,} files  {size / 1e6:>12,.1f} MB")
        return
    with Progress("files") as progress:
        made = make_backup(context.folder, place, clock=context.clock, keep=keep, on_file=_counting(progress))
    if as_json:
        emit_json(made.as_json())
        return
    click.echo(
        f"{plain(place.name)}: backup {made.stamp}, {counted(made.files, 'file')}, {made.stored / 1e6:,.1f} MB copied, "
        f"{counted(made.shared, 'file')} there already."
        + (f" {counted(len(made.removed), 'older backup')} removed." if made.removed else "")
    )
    say(f"It is restored with `morgue restore {shlex.quote(target)} NEW-FOLDER`. Try that once before you need it.")


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
    from archive.folder import ArchiveFolder

    place = open_target(target)
    with Progress("files") as progress:
        manifest = restore_backup(place, ArchiveFolder(directory), stamp=at, on_file=_counting(progress))
    if as_json:
        emit_json({"stamp": manifest.stamp, "files": len(manifest.files), "folder": str(directory)})
        return
    click.echo(
        f"{directory}: the archive of {manifest.made_at:%Y-%m-%d %H:%M} UTC, {counted(len(manifest.files), 'file')}."
    )
    say(
        f"Next: `morgue -a {shlex.quote(str(directory))} fsck` looks at it as a whole; `morgue -a … crawl` goes on with it."
    )
