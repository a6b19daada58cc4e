"""`morgue searches …`: questions that are asked again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from archive.commands.ask import WordsCommand, words_of
from archive.console import Context, emit_json, emit_table, pass_context, say
from archive.model import COPY_KINDS

if TYPE_CHECKING:
    from archive.folder import ArchiveFolder
    from archive.sources import SavedSearch


@click.group(short_help="Keep searches: for alerts, pages and feeds.")
def searches() -> None:
    """Keep searches under a name: `morgue alerts` tells what is new, `morgue serve` has a page and a feed of each.

    They stand in sources.toml under [[search]], which is yours to edit.

    Example: morgue searches list
    """


@searches.command("list", short_help="List the saved searches.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@pass_context
def list_searches(context: Context, as_json: bool) -> None:
    """List the saved searches of sources.toml.

    Example: morgue searches list --json
    """
    from archive.query.saved import question_of
    from archive.sources import load_sources

    known = load_sources(context.folder.sources).searches
    if as_json:
        emit_json([{"name": search.name, **question_of(search)} for search in known])
    elif not known:
        say("No saved searches yet. Save one: `morgue searches add ferries 'ferry OR harbour'`.")
    else:
        emit_table(["name", "asks for"], [(search.name, asked_for(search)) for search in known])


@searches.command(cls=WordsCommand, short_help="Save a search.")
@click.argument("name")
@click.argument("words", nargs=-1)
@click.option("--source", help="Only this source (its name, or a registered domain).")
@click.option("--language", metavar="CODE", help="Only this language, as ISO 639-1: en, de, ar …")
@click.option("--author", help="Only articles with this author's name.")
@click.option("--kind", type=click.Choice(COPY_KINDS), help="Only articles of this kind of copy.")
@click.option("--since", metavar="DATE", help="Published (or, undated, first seen) at or after this day or time.")
@click.option("--until", metavar="DATE", help="… and before the end of this day or time.")
@click.option("--all", "every_copy", is_flag=True, help="Every copy, not one hit per story.")
@pass_context
def add(context: Context, /, name: str, words: tuple[str, ...], every_copy: bool, **filters: Any) -> None:
    """Save a search under a name: WORDS and filters as `morgue search` takes them. Without WORDS: everything.

    Example: morgue searches add ferries 'ferry OR "harbour master"' --language en
    """
    from archive.sources import SavedSearch, add_search

    saved = SavedSearch(name=name, words=words_of(words), all=every_copy, **filters)
    add_search(context.folder.sources, saved)
    click.echo(f"Saved {name}: {asked_for(saved)}.")
    say(f'`morgue search --saved "{name}"` asks it, `morgue alerts` tells from now on what is new.')


@searches.command(short_help="Take a saved search out.")
@click.argument("name")
@pass_context
def remove(context: Context, name: str) -> None:
    """Take a saved search out of sources.toml.

    Example: morgue searches remove ferries
    """
    from archive.sources import remove_search

    remove_search(context.folder.sources, name)
    click.echo(f"{name} is no longer asked.")


def asked_for(saved: SavedSearch) -> str:
    """Return words and filters on one line."""
    from archive.query.saved import question_of

    said = question_of(saved)
    words = str(said.pop("words", "everything"))
    return ", ".join([words, *(name if value is True else f"{name} {value}" for name, value in said.items())])


def saved_search(folder: ArchiveFolder, name: str) -> SavedSearch:
    """Return a saved search. Raises `UsageError` naming the nearest there is, `SourcesError`."""
    import difflib

    from archive.errors import UsageError
    from archive.sources import load_sources

    file = load_sources(folder.sources)
    found = file.search_by_name(name)
    if found is None:
        names = [search.name for search in file.searches]
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        there = f"There are: {', '.join(names)}." if names else "There is none yet: `morgue searches add NAME WORDS`."
        raise UsageError(f"there is no saved search {name!r} in {folder.sources}. {hint}{there}")
    return found
