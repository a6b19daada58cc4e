"""`morgue export`: an archive, or a part of it, in forms that other tools open."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.console import Context, Progress, counted, pass_context, plain, say

if TYPE_CHECKING:  # what it imports is heavy, and `morgue --help` is not
    from archive.export.choose import Choice
    from archive.query import Reader

_INCLUDE = "Also what sites ask to leave out (noarchive and such); not for the public."


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def add(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return add


article_options = _options(
    click.option(
        "--search", "words", default="", metavar="WORDS", help="Only articles that `morgue search` finds for this."
    ),
    click.option("--source", help="Only this source (its name, or a registered domain)."),
    click.option("--since", metavar="DATE", help="Published (or, undated, first seen) at or after this day or time."),
    click.option("--until", metavar="DATE", help="… and before the end of this day or time."),
    click.option("--language", metavar="CODE", help="Only this language, as ISO 639-1: en, de, ar …"),
    click.option("--include-opted-out", is_flag=True, help=_INCLUDE),
    click.option("--quiet", is_flag=True, help="No progress, no summary."),
)
_capture_options = _options(
    click.option("--source", help="Only captures that this source asked for."),
    click.option("--since", metavar="DATE", help="Captured at or after this day or time."),
    click.option("--until", metavar="DATE", help="… and before the end of this day or time."),
    click.option("--include-opted-out", is_flag=True, help=_INCLUDE),
    click.option("--quiet", is_flag=True, help="No progress, no summary."),
)


class ExportGroup(click.Group):
    """The commands in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        """Return their names."""
        return list(self.commands)


@click.group(cls=ExportGroup, short_help="Hand articles and captures to other tools.")
def export() -> None:
    """Write articles or captures in a form that other tools open; nothing in the archive changes.

    OUTPUT is a file, which appears only when it is whole, or - for standard output. What opts out is left out, and what is
    hidden. Exit 1: nothing matched, and nothing was written.

    Example: morgue export jsonl articles.jsonl --since 2026-05
    """


@export.command(short_help="Articles as one file that a browser shows.")
@click.argument("output")
@article_options
@pass_context
def wacz(context: Context, /, output: str, quiet: bool, **chosen: Any) -> None:
    """Write articles as a WACZ: ReplayWeb.page shows it in a browser, and archives take it in.

    It holds every capture of the articles, as it was sent, with its request, and the texts for the search of the viewer.
    Exit 3: some records could not be read and are not in it; each is named.

    Example: morgue export wacz ferry.wacz --search "ferry OR harbour" --since 2026-05
    """
    from importlib.metadata import version

    from archive.decisions import read_decisions
    from archive.export.output import whole_file
    from archive.export.wacz import WaczExport
    from archive.imported import find_file, imported_files

    folder = context.folder
    imported = imported_files(read_decisions(folder.decisions))
    with (
        Progress("captures", quiet=quiet) as progress,
        closing(open_for_export(context)) as reader,
        whole_file(output, folder, seekable=True) as out,
    ):
        export = WaczExport(
            reader,
            lambda name: find_file(folder.warc, imported, name),
            now=context.clock.now(),
            software=f"Morgue {version('newsmorgue')}",
            tell=progress.update,
        )
        packed = export.write(choice_of(**chosen), out)
    for trouble in packed.troubles:
        say(f"morgue: {trouble}")
    if packed.trouble_count > len(packed.troubles):
        say(f"morgue: {packed.trouble_count:,} records or files in all could not be read; the first are named.")
    what = f"{counted(packed.articles, 'article')}, {counted(packed.captures, 'capture')}"
    if packed.assets:
        what += f" ({packed.assets:,} of them style sheets, fonts and images)"
    _tell(output, what, packed.left_out, quiet=quiet)
    if packed.trouble_count:
        raise click.exceptions.Exit(3)


@export.command(short_help="Articles as JSON lines, for data pipelines.")
@click.argument("output")
@article_options
@click.option("--revisions", is_flag=True, help="Also every text that the article had, with the times it was seen.")
@pass_context
def jsonl(context: Context, /, output: str, quiet: bool, revisions: bool, **chosen: Any) -> None:
    """Write one JSON object a line for each article: text, facts and where each came from, its story and copies.

    Earliest first. The fields are described in docs/interchange.md; they stay.

    Example: morgue export jsonl - --source paper --since 2026-05-01 --until 2026-05-07
    """
    from archive.errors import NothingToExportError
    from archive.export.jsonl import article_lines
    from archive.export.output import whole_file

    choice = choice_of(**chosen)
    with Progress("articles", quiet=quiet) as progress, closing(open_for_export(context)) as reader:
        articles = choice.articles(reader)
        left_out = choice.left_out(reader, len(articles))
        if not articles:
            raise NothingToExportError("article", left_out=left_out)
        count = 0
        with whole_file(output, context.folder) as out:
            for count, text in enumerate(article_lines(reader, articles, choice, revisions=revisions), 1):
                out.write(f"{text}\n".encode())
                progress.update(count, count / len(articles))
    _tell(output, counted(count, "article"), left_out, quiet=quiet)


@export.command(short_help="A search as an Atom feed.")
@click.argument("output")
@click.option(
    "--saved", metavar="NAME", help="A saved search (`morgue searches list`), in the place of words and filters."
)
@article_options
@click.option("--author", help="Only articles with this author's name.")
@click.option("--all", "every_copy", is_flag=True, help="Every copy, not one entry per story.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="The newest so many.")
@click.option("--base", metavar="URL", help="Address of a `morgue serve` that readers reach: entries lead there.")
@click.option("--self", "self_url", metavar="URL", help="Address under which the file will be served.")
@pass_context
def feed(
    context: Context,
    /,
    output: str,
    saved: str | None,
    words: str,
    every_copy: bool,
    limit: int,
    base: str | None,
    self_url: str | None,
    include_opted_out: bool,
    quiet: bool,
    **filters: Any,
) -> None:
    """Write what a search finds as an Atom file, newest first, for a static web server. One that finds nothing is a feed, too.

    Entries lead to the publishers' own pages, unless --base says where the archive is read.

    Example: morgue export feed ferries.atom --saved ferries
    """
    from archive.commands.searches import asked_for, saved_search
    from archive.errors import UsageError
    from archive.export.output import whole_file
    from archive.query import search
    from archive.query.saved import FILTERS
    from archive.sources import SavedSearch
    from archive.web.formats import atom
    from archive.web.links import web
    from archive.web.request import Feed
    from archive.web.views.rows import hit_items
    from archive.web.views.saved import feed_of

    for option, url in (("--base", base), ("--self", self_url)):
        if url is not None and web(url) is None:
            raise UsageError(
                f"{option} {plain(url)!r} is no web address. Write it in full, like https://archive.example/"
            )
    if saved is None:
        asked = SavedSearch(name="", words=words, all=every_copy, **filters)
    elif words or every_copy or any(filters.values()):
        raise UsageError("--saved has words and filters of its own. Leave the others out, or ask without --saved.")
    else:
        asked = saved_search(context.folder, saved)
    only = {name: getattr(asked, name) for name in FILTERS}
    with closing(open_for_export(context)) as reader:
        hits = search(
            reader, asked.words, **only, sort="newest", all=asked.all, limit=limit, opted_out=include_opted_out
        )
    made = feed_of(asked, hits)
    if saved is None:
        told = asked_for(asked)
        made = Feed(f"search:{told}", f"Morgue: {told}", hit_items(hits))
    with whole_file(output, context.folder) as out:
        out.write(atom(made, base=base.rstrip("/") if base else None, self_url=self_url, page_url=base))
    _tell(output, counted(len(hits), "entry", "entries"), 0, quiet=quiet)


@export.command(short_help="The index of captures, as pywb reads it.")
@click.argument("output")
@_capture_options
@pass_context
def cdxj(context: Context, /, output: str, quiet: bool, **chosen: Any) -> None:
    """Write the index of captures as CDXJ: sorted, with SURT keys, for pywb and other tools that read the WARC files.

    File names are as below the folder `warc/`, without .open. `morgue export pywb` makes a configuration with it.

    Example: morgue export cdxj index.cdxj
    """
    from archive.export.cdxj import Captures, cdxj_lines
    from archive.export.output import whole_file

    with (
        Progress("captures", quiet=quiet) as progress,
        closing(open_for_export(context)) as reader,
        whole_file(output, context.folder) as out,
    ):
        count = _write_index(out, cdxj_lines(reader, Captures(**chosen)), progress)
    _tell(output, counted(count, "capture"), 0, quiet=quiet)


@export.command(short_help="A folder that pywb serves.")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@_capture_options
@pass_context
def pywb(context: Context, /, directory: Path, quiet: bool, **chosen: Any) -> None:
    """Make a folder that pywb serves: configuration and index. The WARC files stay in the archive and are not copied.

    Run it again after a crawl; pywb sees the new index at once.

    Example: morgue export pywb replay
    """
    from archive.decisions import read_decisions
    from archive.errors import ShelfError
    from archive.export import pywb as made
    from archive.export.cdxj import Captures, cdxj_lines
    from archive.export.output import whole_file
    from archive.imported import find_file, imported_files

    folder = context.folder
    imported = imported_files(read_decisions(folder.decisions))
    places: dict[str, Path] = {}
    missing: list[ShelfError] = []
    with Progress("captures", quiet=quiet) as progress, closing(open_for_export(context)) as reader:
        directory.mkdir(parents=True, exist_ok=True)
        for (name,) in reader.execute("SELECT name FROM warcs"):
            try:
                places[name] = find_file(folder.warc, imported, name).resolve()
            except ShelfError as error:
                missing.append(error)
        with whole_file(str(directory / made.INDEX), folder) as out:
            count = _write_index(out, cdxj_lines(reader, Captures(**chosen)), progress)
    with whole_file(str(directory / made.PATHS), folder) as out:
        out.writelines(made.path_index(places))
    with whole_file(str(directory / made.CONFIG), folder) as out:
        out.write(made.config(directory.resolve()).encode())
    for trouble in missing:
        say(f"morgue: {trouble}")
    _tell(str(directory), counted(count, "capture"), 0, quiet=quiet)
    say(f"Next: wayback -d {plain(directory)}, then open http://localhost:8080/{made.COLLECTION}/", quiet=quiet)
    if missing:
        raise click.exceptions.Exit(3)


def open_for_export(context: Context) -> Reader:
    """Open archive.db for an export, which may take its time."""
    from archive.query import open_reader

    return open_reader(context.folder.archive_db, time_limit=math.inf)


def choice_of(words: str, include_opted_out: bool, **filters: Any) -> Choice:
    """Return what `article_options` asked for."""
    from archive.export.choose import Choice
    from archive.query import Filters

    return Choice(words=words, filters=Filters(**filters), include_opted_out=include_opted_out)


def _write_index(out: Any, lines: Iterable[str] | Iterator[str], progress: Progress) -> int:
    from archive.errors import NothingToExportError

    count = 0
    for count, text in enumerate(lines, 1):
        out.write(f"{text}\n".encode("ascii"))
        progress.update(count)
    if not count:
        raise NothingToExportError("capture")
    return count


def _tell(output: str, what: str, left_out: int, *, quiet: bool) -> None:
    place = "Wrote" if output == "-" else f"Wrote {plain(output)}:"
    say(f"{place} {what}.", quiet=quiet)
    if left_out:
        say(
            f"{counted(left_out, 'article')} left out: their sites ask for it (--include-opted-out takes them).",
            quiet=quiet,
        )
