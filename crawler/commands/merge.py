"""`morgue merge` with its part in crawl.db: what was taken down in a shard is not asked for here any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from archive.commands.merge import merge as archive_merge
from archive.commands.merge import run
from archive.console import Context

if TYPE_CHECKING:
    from archive.takedown.gone import Gone


@click.command(help=archive_merge.help, short_help=archive_merge.short_help)
@click.pass_obj
def merge(context: Context, /, **options: Any) -> None:
    """Merge in both rooms."""

    def frontier(gone: Gone, validators: Sequence[str], lengths: Mapping[str, int | None]) -> int:
        from crawler.takedown import clean_frontier

        return clean_frontier(context.path / "crawl.db", gone, validators, lengths)

    run(context, **options, frontier=frontier)


merge.params.extend(archive_merge.params)
