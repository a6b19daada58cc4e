"""`morgue sources try`: selectors on stored pages, before they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archive.console import Context, emit_json, pass_context, plain, say

if TYPE_CHECKING:
    from archive.model import Extraction
    from archive.trying import Tried

_WIDTH = 100  # characters shown of a paragraph


@click.command("try", short_help="Try selectors on stored pages.")
@click.argument("name")
@click.option("--text", metavar="SEL", help="The elements whose paragraphs are the text.")
@click.option("--title", metavar="SEL", help="The headline.")
@click.option("--authors", metavar="SEL", help="The authors' names.")
@click.option("--published", metavar="SEL", help="When it was published.")
@click.option("--remove", metavar="SEL", help="What is taken out before anything is read.")
@click.option("--limit", type=click.IntRange(1, 100), default=5, show_default=True, help="How many stored articles.")
@click.option("--json", "as_json", is_flag=True, help="Print both readings of each page as JSON.")
@pass_context
def try_command(
    context: Context,
    name: str,
    text: str | None,
    title: str | None,
    authors: str | None,
    published: str | None,
    remove: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Read a source's last stored articles as sources.toml says now, and with these selectors; show what differs.

    SEL is a CSS selector, or an XPath if it begins with /, ./ or (. Options go before what sources.toml has; without
    any, what it has is compared with the general extraction. Nothing is written: the line to paste is printed at the end.

    Example: morgue sources try paper.example --text "div.story" --remove ".promo"
    """
    from archive.errors import UsageError
    from archive.extract import to_json
    from archive.sources import load_sources, selectors_line
    from archive.sources.selector import SelectorError, xpath_of
    from archive.trying import try_selectors

    given = {"text": text, "title": title, "authors": authors, "published": published, "remove": remove}
    folder = context.folder
    file = load_sources(folder.sources)
    source = file.by_name(name)
    if source is None:
        known = ", ".join(s.name for s in file.sources) or "none"
        raise UsageError(f"there is no source {name!r} in {folder.sources}. There are: {known}.")
    chosen = {field: selector.strip() for field, selector in given.items() if selector and selector.strip()}
    for field, selector in chosen.items():
        try:
            xpath_of(selector)
        except SelectorError as error:
            raise UsageError(f"--{field} {selector!r}: {error}") from None
    if not chosen and not source.selectors:
        raise UsageError(
            f'{name} has no selectors, and none was given. For example `morgue sources try {name} --text "article"`.'
        )
    before = dict(source.selectors) if chosen else {}
    after = {**source.selectors, **chosen}
    tried = try_selectors(folder, name, before, after, limit=limit)
    if as_json:
        emit_json(
            {
                "selectors": after,
                "pages": [
                    {
                        "captured_at": one.captured_at,
                        "nothing_found": one.missed.split(", ") if one.missed else [],
                        "before": to_json(one.url, one.before),
                        "after": to_json(one.url, one.after),
                    }
                    for one in tried
                ],
            }
        )
        return
    for one in tried:
        _print(one)
    click.echo(f"Under [[source]] of {name} in {folder.sources}:")
    click.echo(f"\n    {selectors_line(after)}\n")
    say(
        "Nothing was written. With that line there, `morgue reextract --dry-run` tells what it changes of what is kept already."
    )


def _print(one: Tried) -> None:
    from archive.trying import changed_lines

    click.echo(f"{plain(one.url)}  ({one.captured_at})")
    if not one.after.article or not one.before.article:
        for label, read in (("before", one.before), ("after", one.after)):
            click.echo(f"  {label}: {'an article' if read.article else f'no article ({read.reason})'}")
    for label, old, new in (
        ("title", one.before.title, one.after.title),
        ("published", one.before.published, one.after.published),
        ("authors", ", ".join(one.before.authors), ", ".join(one.after.authors)),
        ("text", _measured(one.before), _measured(one.after)),
    ):
        same = old == new
        shown = plain(new or "none") if same else f"{plain(old or 'none')}  ->  {plain(new or 'none')}"
        click.echo(f"  {label + ':':11}{shown}")
    paragraphs = (one.after.text or "").split("\n\n")
    click.echo(f"  {'begins:':11}{_short(paragraphs[0])}")
    click.echo(f"  {'ends:':11}{_short(paragraphs[-1])}")
    for line in changed_lines(one.before.text or "", one.after.text or ""):
        click.echo(f"    {_short(line)}")
    if one.missed:
        click.echo(f"  nothing found, so read as on any other site: {one.missed}")
    click.echo("")


def _measured(read: Extraction) -> str:
    text = read.text or ""
    return f"{len(text)} characters in {len(text.split(chr(10) * 2)) if text else 0} paragraphs"


def _short(line: str) -> str:
    line = plain(" ".join(line.split()))
    return line if len(line) <= _WIDTH else f"{line[:_WIDTH]}…"
