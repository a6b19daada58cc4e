"""`morgue diff`: what changed between the revisions of an article."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.console import Context, counted, emit_json, pass_context, plain, say

if TYPE_CHECKING:  # what it imports is heavy, and `morgue --help` is not
    from archive.diffing import Part, Span
    from archive.query import Changes, Revision, Step

Row = dict[str, object]
_LONG = 400  # characters without a change in a paragraph, of which only the ends are shown
_END = 160


@click.command(short_help="Tell what changed in an article.")
@click.argument("id_or_url")
@click.option("--from", "start", metavar="N|TIME", help="The revision to begin with: its number, or a time (UTC).")
@click.option("--to", "end", metavar="N|TIME", help="The revision to end with (default: the last).")
@click.option("--all", "every", is_flag=True, help="Every step, not only the last.")
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write an HTML page there."
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@pass_context
def diff(
    context: Context, id_or_url: str, start: str | None, end: str | None, every: bool, html: Path | None, as_json: bool
) -> None:
    """Tell what changed in an article: by default its last change; word by word, with the times it was seen, UTC.

    A change's cause is the publisher, or the extractor where only our reading changed. Off a terminal, [-this-] went and
    {+this+} came. Times name the text of then; a date alone its beginning for --from and its end for --to. `morgue show`
    lists the revisions; ID@TIME is the step that led to one of them.

    Example: morgue diff https://news.example/2026/05/harbour-reopens --all
    """
    from archive.commands.diffpage import html_page, nothing_changed
    from archive.commands.document import write_document
    from archive.query import changes, open_reader

    with closing(open_reader(context.folder.archive_db)) as reader:
        found = changes(reader, id_or_url, start=start, end=end, every=every)
    if html is not None:
        write_document(html_page(found), html, option="--html")
        say(f"Written: {html}")
    if as_json:
        emit_json(changes_json(found))
    elif html is None:
        print_changes(found)
    if not found.steps and not as_json:
        say(nothing_changed(found))


def changes_json(changes: Changes) -> Row:
    """Return what changed as `diff --json` prints it."""
    from archive.diffing import Budget

    budget = Budget()
    return {
        "id": changes.article["id"],
        "url": changes.article["url"],
        "revisions": [_revision_json(revision) for revision in changes.revisions],
        "steps": [
            {
                "from": step.before.seen_from,
                "to": step.after.seen_from,
                "cause": step.cause,
                "title": None if step.change.title is None else _spans_json(step.change.title),
                "changes": [_part_json(part, step.change.words(part, budget)) for part in step.change.changed],
            }
            for step in changes.steps
        ],
    }


def _revision_json(revision: Revision) -> Row:
    return {
        "number": revision.number,
        "seen_from": revision.seen_from,
        "seen_to": revision.seen_to,
        "cause": revision.cause,
        "title": revision.title,
    }


def _part_json(part: Part, spans: Sequence[Span]) -> Row:
    return {
        "kind": part.kind,
        "paragraph": part.number,
        "before": part.before,
        "after": part.after,
        "words": _spans_json(spans),
    }


def _spans_json(spans: Sequence[Span]) -> list[list[str]]:
    return [[span.op, span.text] for span in spans]


def print_changes(changes: Changes) -> None:
    """Print each step: title, then the paragraphs that changed, with how many between them did not."""
    from archive.commands.diffpage import heading, times

    click.secho(plain(changes.article["title"] or "(no title)"), bold=True)
    click.echo(f"  {plain(changes.article['url'])}")
    for step in changes.steps:
        click.echo()
        click.secho(heading(changes, step), bold=True)
        click.echo(f"  {times(step)}")
        _print_step(step)


def _print_step(step: Step) -> None:
    from archive.commands.diffpage import SAME, reads_the_same
    from archive.diffing import Budget, Kind

    budget = Budget()
    if reads_the_same(step):
        click.echo(f"  {SAME}")
    if step.change.title is not None:
        click.echo(f"\nT {marked(step.change.title)}")
    for same, group in groupby(step.change.parts, lambda part: part.kind is Kind.SAME or part.left):
        if same:
            number = sum(not part.left for part in group)
            if number:
                click.secho(f"\n  ({counted(number, 'paragraph')} unchanged)", dim=True)
            continue
        for part in group:
            sign = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.CHANGED: "~"}.get(part.kind, ">")
            click.echo(f"\n{sign} {marked(step.change.words(part, budget))}")


def marked(spans: Sequence[Span], *, colours: bool | None = None) -> str:
    """Return text for a terminal: what went and came in colours, or, where there are none, in [-…-] and {+…+}."""
    from archive.diffing import Op

    if colours is None:
        colours = sys.stdout.isatty()
    parts = []
    for span in spans:
        text = plain(span.text)
        if span.op is Op.EQUAL:
            parts.append(_shortened(text))
            continue
        inner = text.strip()
        lead, gap = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :] if inner else ""
        if span.op is Op.REMOVED:
            told = click.style(inner, fg="red", strikethrough=True) if colours else f"[-{inner}-]"
        else:
            told = click.style(inner, fg="green", underline=True) if colours else f"{{+{inner}+}}"
        parts.append(lead + told + gap)
    return "".join(parts).rstrip().replace("\n", "\n  ")


def _shortened(text: str) -> str:
    if len(text) <= _LONG:
        return text
    return f"{text[:_END].rsplit(maxsplit=1)[0]} […] {text[-_END:].split(maxsplit=1)[-1]}"
