"""`morgue takedown` with its part in crawl.db."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from archive.commands.takedown import run
from archive.commands.takedown import takedown as archive_takedown
from archive.console import Context

if TYPE_CHECKING:
    from archive.takedown.gone import Gone


@click.command(help=archive_takedown.help, short_help=archive_takedown.short_help)
@click.pass_obj
def takedown(context: Context, /, **options: Any) -> None:
    """Take something down in both rooms."""

    def frontier(gone: Gone, validators: Sequence[str], lengths: Mapping[str, int | None]) -> int:
        from crawler.takedown import clean_frontier

        return clean_frontier(context.folder.crawl_db, gone, validators, lengths)

    if context.folder.crawl_db.exists():
        from crawler.frontier.view import view

        with view(context.folder.crawl_db):  # one that cannot be cleaned is told before anything is taken down
            pass
    run(context, **options, frontier=frontier)


takedown.params.extend(archive_takedown.params)
