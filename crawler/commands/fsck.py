"""`morgue fsck` with what the crawler's room knows: crawl.db and the files that are still open."""

from __future__ import annotations

from typing import Any

import click

from archive.commands.fsck import fsck as archive_fsck
from archive.commands.fsck import run
from archive.console import Context


@click.command(help=archive_fsck.help, short_help=archive_fsck.short_help)
@click.pass_context
def fsck(ctx: click.Context, /, **options: Any) -> None:
    """Check both rooms."""
    context: Context = ctx.obj

    def make_frontier(alone: bool) -> Any:
        from crawler.fsck import FrontierChecks

        return FrontierChecks(context.folder, context.clock, alone=alone)

    run(context, **options, make_frontier=make_frontier)


fsck.params.extend(archive_fsck.params)
