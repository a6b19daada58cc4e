"""What `morgue diff --html` writes: each step of an article's history, with <ins> and <del>."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from archive.commands.document import document, safe
from archive.commands.forms import short
from archive.console import counted
from archive.diffing import Budget, Kind, Op, Part, Span

if TYPE_CHECKING:  # what it imports is heavy, and `morgue --help` is not
    from archive.query import Changes, Step

SAME = "Both read the same."
_TAGS = {Op.REMOVED: "del", Op.ADDED: "ins"}


def html_page(changes: Changes) -> str:
    """Return the page: facts, then each step with its times and cause, the words that went and came marked in the text."""
    article = changes.article
    facts = [("address", article["url"]), ("id", article["id"]), ("revisions", len(changes.revisions))]
    told = "".join(f"<dt>{name}</dt><dd>{safe(value)}</dd>\n" for name, value in facts)
    title = str(article["title"] or "(no title)")
    steps = "".join(_step(changes, step) for step in changes.steps)
    if not changes.steps:
        steps = f'<section><p class="note">{safe(nothing_changed(changes))}</p></section>\n'
    return document(
        f"Changes: {title}",
        f"<header>\n<h1 dir=auto>{safe(title)}</h1>\n<dl>\n{told}</dl>\n</header>\n<main>\n{steps}</main>\n",
        style="diff.css",
    )


def nothing_changed(changes: Changes) -> str:
    """Say why there is no step to show."""
    if not changes.revisions:
        return f"{changes.article['id']} has no revision: no capture of it is whole."
    if len(changes.revisions) > 1:
        return f"There is nothing earlier to compare that revision with: {changes.article['id']} began with it."
    [only] = changes.revisions
    return (
        f"{changes.article['id']} has one revision: its title and text were the same from {short(only.seen_from)} "
        f"to {short(only.seen_to)}."
    )


def heading(changes: Changes, step: Step) -> str:
    """Return which step it is: of which revision to which, and who caused it."""
    return f"Revision {step.before.number} to {step.after.number} of {len(changes.revisions)}, cause: {step.cause}"


def reads_the_same(step: Step) -> bool:
    """Tell whether nothing changed that a reader sees: the text went back, or only spacing and typography differ."""
    return step.change.title is None and not step.change.changed


def times(step: Step) -> str:
    """Return when both revisions were seen, UTC."""
    one, other = step.before, step.after
    first, then = (f"from {short(seen.seen_from)} to {short(seen.seen_to)}" for seen in (one, other))
    return f"seen {first}, then {then}"


def _step(changes: Changes, step: Step) -> str:
    budget = Budget()
    title = ""
    if step.change.title is not None:
        title = f"<h3 dir=auto>{marked(step.change.title)}</h3>\n"
    parts = []
    for same, group in groupby(step.change.parts, lambda part: part.kind is Kind.SAME or part.left):
        if same:
            parts.append(_unchanged([*group]))
        else:
            parts += [part_markup(part, step.change.words(part, budget)) for part in group]
    if reads_the_same(step):
        parts.insert(0, f'<p class="note">{SAME}</p>\n')
    mark = safe(step.after.seen_from)
    return (
        f'<section id="{mark}">\n<h2>{safe(heading(changes, step))}</h2>\n<p class="times">{safe(times(step))}</p>\n'
        f"{title}{''.join(parts)}</section>\n"
    )


def _unchanged(parts: Sequence[Part]) -> str:
    same = [part for part in parts if not part.left]
    text = "".join(f'<p class="same" dir=auto>{safe(part.shown)}</p>\n' for part in same)
    return (
        f"<details><summary>{counted(len(same), 'paragraph')} unchanged</summary>\n{text}</details>\n" if same else ""
    )


def part_markup(part: Part, spans: Sequence[Span]) -> str:
    """Return a paragraph that changed as markup."""
    note = '<span class="note">moved here: </span>' if part.kind is Kind.MOVED else ""
    return f'<p class="part {part.kind}" dir=auto>{note}{marked(spans)}</p>\n'


def marked(spans: Sequence[Span]) -> str:
    """Return words as markup: what went and came in <del> and <ins>."""
    return "".join(_tagged(spans))


def _tagged(spans: Sequence[Span]) -> Iterator[str]:
    for span in spans:
        tag = _TAGS.get(span.op)
        yield f"<{tag}>{safe(span.text)}</{tag}>" if tag else safe(span.text)
