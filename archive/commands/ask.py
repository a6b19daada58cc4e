"""`morgue search`, `show`, `stats`, `sql`, `serve`: what asks an archive."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from archive.commands.forms import hit_json, print_hit, print_shown, shown_json
from archive.console import Context, counted, emit_csv, emit_json, emit_table, pass_context, say
from archive.model import COPY_KINDS

if TYPE_CHECKING:
    from archive.query import Facets

_MINUS = "\ue000"  # stands for the minus of -word while click looks for options


class WordsCommand(click.Command):
    """A command whose words may begin with a minus: `-cruise` is a word to leave out, not six options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; what begins with one minus and is longer than an option's letter is a word."""
        return super().parse_args(ctx, [re.sub(r"^-(?=[^-].)", _MINUS, word) for word in args])


def words_of(words: tuple[str, ...]) -> str:
    """Return what was typed to a `WordsCommand`."""
    return " ".join(words).replace(_MINUS, "-")


@click.command(cls=WordsCommand, short_help="Find articles.")
@click.argument("words", nargs=-1, required=False)
@click.option("--since", metavar="DATE", help="Published (or, undated, first seen) at or after this day or time.")
@click.option("--until", metavar="DATE", help="… and before the end of this day or time.")
@click.option("--source", help="Only this source.")
@click.option("--language", metavar="CODE", help="Only this language, as ISO 639-1: en, de, ar …")
@click.option(
    "--kind", type=click.Choice(COPY_KINDS), help="Only articles of this kind of copy (joined: a person said so)."
)
@click.option("--author", help="Only articles with this author's name.")
@click.option("--sort", type=click.Choice(["relevance", "newest", "oldest"]), default=None, help="Default: relevance.")
@click.option("--all", "every_copy", is_flag=True, help="Every copy, not one hit per story.")
@click.option(
    "--saved", metavar="NAME", help="Ask a saved search (`morgue searches list`), in the place of words and filters."
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many.")
@click.option("--offset", type=click.IntRange(0), default=0, hidden=True)
@click.option("--json", "as_json", is_flag=True, help="Print hits as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print hits as CSV.")
@click.option("--count", "only_count", is_flag=True, help="Print only how many there are.")
@click.option(
    "--facets", "only_facets", is_flag=True, help="Print how many by source, language, author, kind and time."
)
@pass_context
def search(
    context: Context,
    /,
    words: tuple[str, ...],
    as_json: bool,
    as_csv: bool,
    only_count: bool,
    only_facets: bool,
    limit: int,
    offset: int,
    sort: str | None,
    saved: str | None,
    **filters: Any,
) -> None:
    """Find articles: words, "phrases", OR, NOT or -word, NEAR, prefix*, title:word. Nothing you type is a syntax error.

    One hit per story, with the number of its copies: the story's head if it is among what is found, else the best copy.
    Without WORDS: the newest.

    one NEAR/5 other finds both with at most five words between, in any order; NEAR alone says ten.

    Example: morgue search harbour "town council" -cruise --since 2026-05-01
    """
    from archive.query import Filters, count, facets, open_reader, stats
    from archive.query import search as find

    text = words_of(words)
    every = filters.pop("every_copy")
    if saved is not None:
        text, every, filters = _saved(context, saved, text, every=every, given=filters)
    only = Filters(**filters)
    with closing(open_reader(context.folder.archive_db)) as reader:
        if only_count:
            click.echo(count(reader, text, only, all=every))
            return
        if only_facets:
            _print_facets(facets(reader, text, only, all=every), as_json=as_json, as_csv=as_csv)
            return
        order: Any = sort or ("relevance" if text.strip() else "newest")
        hits = find(reader, text, **filters, sort=order, all=every, limit=limit, offset=offset)
        total = count(reader, text, only, all=every) if len(hits) == limit else offset + len(hits)
        held = {} if hits else stats(reader)
    if as_json:
        emit_json([hit_json(hit) for hit in hits])
    elif as_csv:
        columns = ["id", "url", "title", "published", "source", "language", "authors", "copies", "kind", "story"]
        emit_csv(columns, [[_flat(hit_json(hit)[column]) for column in columns] for hit in hits])
    else:
        for hit in hits:
            print_hit(hit)
        if not hits:
            say(_nothing(held, str(only.source or "")))
        else:
            found = counted(total, "article") if every else counted(total, "story", "stories")
            say(f"{found} found. `morgue show ID` reads one.")


def _saved(
    context: Context, name: str, text: str, *, every: bool, given: dict[str, Any]
) -> tuple[str, bool, dict[str, Any]]:
    """Return words, whether every copy is wanted, and filters of a saved search. Raises `UsageError`."""
    from archive.commands.searches import saved_search
    from archive.errors import UsageError
    from archive.query.saved import FILTERS

    if text or any(given.values()):
        raise UsageError("--saved has words and filters of its own. Leave the others out, or ask without --saved.")
    found = saved_search(context.folder, name)
    return found.words, found.all or every, {name: getattr(found, name) for name in FILTERS}


def _print_facets(found: Facets, *, as_json: bool, as_csv: bool) -> None:
    named = {
        "source": found.sources,
        "language": found.languages,
        "author": found.authors,
        "kind": found.kinds,
        found.unit: found.days,
    }
    if as_json:
        told = {name: dict(counts) for name, counts in named.items()}
        emit_json({"total": found.total, "counted": found.counted, "by": told})
    elif as_csv:
        rows = [(name, value, number) for name, counts in named.items() for value, number in counts]
        emit_csv(["by", "value", found.counted], rows)
    else:
        for name, counts in named.items():
            if counts:
                emit_table([name, found.counted], counts)
        say(f"{found.total:,} {found.counted} in all; at most 20 of each are shown.")


def _nothing(held: dict[str, object], source: str) -> str:
    """Say why nothing was found, where that is not the words' doing. `held`: the archive's counts."""
    if not held.get("articles"):
        return (
            "Nothing found: the archive holds no articles yet. `morgue sources add URL`, then `morgue crawl`; or "
            "`morgue ingest FILE` for a WARC file."
        )
    names = held.get("by_source")
    if source and isinstance(names, dict) and source not in names:
        return f"Nothing found. Sources with articles: {', '.join(filter(None, names)) or 'none'}."
    return "Nothing found. Fewer words, or a part of one with a star (harbo*), find more."


def _flat(value: object) -> object:
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else value


@click.command(short_help="Read one article.")
@click.argument("id_or_url")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@pass_context
def show(context: Context, id_or_url: str, as_json: bool) -> None:
    """Read one article: text, where each field came from, revisions, copies, captures.

    ID is the a-… that `search` prints, the id of a story, or any URL of the article.

    Example: morgue show https://news.example/2026/05/harbour-reopens
    """
    from archive.query import open_reader
    from archive.query import show as look_up

    with closing(open_reader(context.folder.archive_db)) as reader:
        shown = look_up(reader, id_or_url)
    if as_json:
        emit_json(shown_json(shown))
    else:
        print_shown(shown)


@click.command(short_help="Ask archive.db in SQL.")
@click.argument("query")
@click.option("--json", "as_json", is_flag=True, help="Print rows as JSON objects.")
@click.option("--csv", "as_csv", is_flag=True, help="Print rows as CSV.")
@click.option("--table", "as_table", is_flag=True, help="Print a table (the default).")
@click.option("--limit", type=click.IntRange(1), default=10_000, show_default=True, help="At most so many rows.")
@pass_context
def sql(
    context: Context,
    query: str,
    as_json: bool,
    as_csv: bool,
    as_table: bool,
    limit: int,
) -> None:
    """Ask archive.db in SQL. Read-only, with limits on time and memory: no question can harm the archive.

    Example: morgue sql "select source, count(*) from articles group by source"
    """
    from archive.query import open_reader, run_sql

    del as_table
    with closing(open_reader(context.folder.archive_db)) as reader:
        answer = run_sql(reader, query, limit=limit)
    if as_json:
        emit_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
    elif as_csv:
        emit_csv(answer.columns, answer.rows)
    else:
        emit_table(answer.columns, answer.rows)
    if answer.truncated:
        say(f"Only the first {limit:,} rows are shown; --limit N shows more.")


@click.command(short_help="Open the archive in a browser.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8001, show_default=True, help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--public", is_flag=True, help="Show only what may be shown to anybody; says which settings that switches."
)
@click.option(
    "--allow-host",
    "allow",
    multiple=True,
    metavar="NAME",
    help="A name by which browsers may ask, besides --host, addresses and localhost; may be given again. "
    "With --public any name will do where none is given.",
)
@pass_context
def serve(context: Context, port: int, host: str, public: bool, allow: tuple[str, ...]) -> None:
    """Open the archive in a browser on this machine: read, search, see what was edited, copied or taken away; ask in SQL.

    Read-only; may run while a crawl writes. Ends with Ctrl-C.

    Example: morgue serve --port 8001
    """
    from archive.web.serve import PUBLIC_SETTINGS, serve_archive

    def ready(address: str) -> None:
        say(f"The archive is at {address} Ctrl-C ends it.")
        for setting in PUBLIC_SETTINGS if public else ():
            say(f"--public: {setting}.")

    serve_archive(context.folder, host=host, port=port, public=public, clock=context.clock, allow=allow, on_ready=ready)
