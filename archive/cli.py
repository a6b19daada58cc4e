"""The archive room's part of the command line; `crawler.cli` adds the crawler's and is what `morgue` runs."""

from __future__ import annotations

from pathlib import Path

import click

from archive.commands import ask, make, page
from archive.commands.alerts import alerts
from archive.commands.backup import backup, restore
from archive.commands.diff import diff
from archive.commands.doctor import doctor
from archive.commands.export import export
from archive.commands.extractors import extractors
from archive.commands.fsck import fsck
from archive.commands.learn import learn
from archive.commands.merge import merge
from archive.commands.parquet import parquet
from archive.commands.reextract import reextract
from archive.commands.searches import searches
from archive.commands.stats import stats
from archive.commands.story import story
from archive.commands.takedown import takedown
from archive.console import Context, MorgueGroup


@click.group(cls=MorgueGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-a",
    "--archive",
    type=click.Path(path_type=Path, file_okay=False),
    help="The archive's folder (default: $MORGUE_ARCHIVE, else the current folder).",
)
@click.version_option(package_name="newsmorgue", prog_name="morgue")
@click.pass_context
def group(ctx: click.Context, archive: Path | None) -> None:
    """Morgue keeps what news sites publish and answers questions about it.

    First day: `morgue init my-archive`, `cd my-archive`, `morgue sources add https://news.example/`, `morgue crawl`,
    `morgue search …`, `morgue serve`.

    Exit codes: 0 done, also a search without hits; 1 failed, or there is no such thing; 2 wrong usage; 3 done, but something
    needs a look; 75 another process holds a lock that this command needs.

    Example: morgue -a my-archive search harbour
    """
    ctx.obj = Context(archive)


ARCHIVE_COMMANDS: tuple[click.Command, ...] = (
    make.init,
    make.ingest,
    learn,
    page.extract,
    page.cluster,
    ask.search,
    ask.show,
    diff,
    story,
    stats,
    searches,
    alerts,
    ask.sql,
    ask.serve,
    export,
    reextract,
    extractors,
    make.rebuild,
    make.restory,
    backup,
    restore,
    merge,
    fsck,
    doctor,
    takedown,
)
export.add_command(parquet)
for _command in ARCHIVE_COMMANDS:
    group.add_command(_command)
