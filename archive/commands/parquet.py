"""`morgue export parquet`: tables for DuckDB and its like, brought up to date by each run."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.commands.export import article_options, choice_of, open_for_export
from archive.console import Context, Progress, counted, emit_json, pass_context, plain, say

if TYPE_CHECKING:
    from archive.export.parquet import Exported


@click.command(short_help="Tables for DuckDB, Polars, pandas, Spark.")
@click.argument("folder", type=click.Path(path_type=Path))
@article_options
@click.option("--json", "as_json", is_flag=True, help="What was done, as JSON.")
@pass_context
def parquet(context: Context, /, folder: Path, quiet: bool, as_json: bool, **chosen: Any) -> None:
    """Write articles, revisions, captures and stories as Parquet files by month of first capture and source.

    Run it again, with the same options, after a crawl or a takedown: only files whose rows changed are written, and what is no
    more in the archive is removed. Columns, and questions to ask, stand in docs/parquet.md. Needs the extra `scale`.

    Example: morgue export parquet tables
    """
    from archive.export.parquet import ParquetFiles, export_parquet

    files = ParquetFiles()
    with Progress("articles", quiet=quiet) as progress, closing(open_for_export(context)) as reader:
        exported = export_parquet(reader, choice_of(**chosen), folder, files, context.folder, tell=progress.update)
    if as_json:
        emit_json({"folder": str(folder), **exported.as_json()})
    _tell(folder, exported, quiet=quiet)


def _tell(folder: Path, exported: Exported, *, quiet: bool) -> None:
    tables = exported.tables
    held = ", ".join(
        counted(tables[name].rows, one, many)
        for name, one, many in (
            ("articles", "article", None),
            ("revisions", "revision", None),
            ("captures", "capture", None),
            ("stories", "story", "stories"),
        )
    )
    if exported.written or exported.removed:
        done = f"{counted(exported.written, 'file')} written"
        if exported.removed:
            done += f", {exported.removed:,} removed"
    else:
        done = "nothing had changed, and nothing was written"
    say(f"{plain(folder)} holds {held}: {done}.", quiet=quiet)
    if exported.left_out:
        say(
            f"{counted(exported.left_out, 'article')} left out: their sites ask for it (--include-opted-out takes them).",
            quiet=quiet,
        )
