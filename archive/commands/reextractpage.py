"""What `morgue reextract --html` writes: what another reading changes, source by source, with samples as diffs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from archive.commands.diffpage import marked, part_markup
from archive.commands.document import document, safe
from archive.commands.reextract import facts, fields, named
from archive.console import counted
from archive.diffing import Budget, Kind, compare

if TYPE_CHECKING:  # what it imports is heavy, and `morgue --help` is not
    from archive.reextract import Report
    from archive.reextract.report import Sample

_WHAT = {
    "emptied": "no text any more",
    "cut": "less than three quarters of its words are left",
    "changed": "reads otherwise",
    "dated": "another date",
    "authors": "other authors",
    "found": "newly found",
}
_ENDS = 12  # paragraphs shown of a text that went or came whole


def html_page(reports: Sequence[Report]) -> str:
    """Return the page."""
    total = sum(one.changed + one.emptied + one.found for one in reports)
    head = f"<header>\n<h1>{counted(total, 'article')} read otherwise</h1>\n</header>\n"
    body = "".join(_source(one) for one in reports) or '<p class="note">Nothing was read again.</p>\n'
    return document("Read again", f"{head}<main>\n{body}</main>\n", style="diff.css")


def _source(report: Report) -> str:
    outcome = "promotion would be refused" if report.refusable else str(report.outcome)
    told = "; ".join(facts(report)) or "no article changes"
    samples = "".join(_sample(sample) for sample in report.samples)
    return (
        f"<section>\n<h2>{safe(named(report))}: {safe(outcome)}</h2>\n"
        f'<p class="times">{safe(report.extractor)}: {safe(told)}</p>\n{samples}</section>\n'
    )


def _sample(sample: Sample) -> str:
    before, after = sample.before, sample.after
    shown = after if after.shown else before
    lines = "".join(
        f"<dt>{label}</dt><dd><del>{safe(old or 'none')}</del> <ins>{safe(new or 'none')}</ins></dd>\n"
        for label, old, new in fields(sample)
    )
    head = (
        f"<h3 dir=auto>{safe(shown.title or '(no title)')}</h3>\n"
        f'<p class="times">{safe(_WHAT[str(sample.what)])}: {safe(before.url or after.url)}</p>\n'
    )
    if lines:
        head += f"<dl>\n{lines}</dl>\n"
    if not (before.shown and after.shown):
        kind = "added" if after.shown else "removed"
        tag = "ins" if after.shown else "del"
        parts = shown.text.split("\n\n")
        more = (
            f'<p class="note">… and {counted(len(parts) - _ENDS, "more paragraph")}</p>\n' if len(parts) > _ENDS else ""
        )
        return (
            head
            + "".join(f'<p class="part {kind}" dir=auto><{tag}>{safe(part)}</{tag}></p>\n' for part in parts[:_ENDS])
            + more
        )
    change, budget = compare((before.title, before.text), (after.title, after.text)), Budget()
    body = "" if change.title is None else f"<p class=part dir=auto>{marked(change.title)}</p>\n"
    for same, group in groupby(change.parts, lambda part: part.kind is Kind.SAME or part.left):
        parts_here = [*group]
        if same:
            number = sum(not part.left for part in parts_here)
            body += f'<p class="note">{counted(number, "paragraph")} unchanged</p>\n' if number else ""
        else:
            body += "".join(part_markup(part, change.words(part, budget)) for part in parts_here)
    return head + body
