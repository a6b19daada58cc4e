"""What `morgue extract --explain` shows: each segment of a page with what became of it, as a table or as an HTML page."""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path

from archive.commands.document import document, safe, write_document
from archive.console import counted, plain
from archive.extract.explain import Decision, Explanation, probability
from archive.extract.page import WITHOUT
from archive.extract.why import Why

_START = 60  # characters shown of a segment
_WHY = 20  # columns of a reason; a longer one takes two lines
_LEAST = 12  # columns of where and text on a terminal however narrow
_PIPED = 160  # columns where nobody looks
_BREAK = "\u2028"  # what a segment has for a <br>
_LEGEND = (
    "has: t trafilatura, r resiliparse, j JSON-LD have at least half of it; p: probability that it is the article's"
)
_NOT_ASKED = "trafilatura was not asked: the page leaves little doubt without it"


def print_explanation(told: Explanation, *, width: int | None = None) -> None:
    """Print a page's facts, then a line for each of its segments; `width` in columns, None: as wide as the terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=width or (None if sys.stdout.isatty() else _PIPED), highlight=False)
    for name, value in summary(told):
        console.print(Text(f"{name + ':':<11}{_line(value)}"), soft_wrap=True)
    if not told.decisions:
        return
    rows = [_facts_of(one) for one in told.decisions]
    widths = [max(len(name), min(max(len(row[n]) for row in rows), _WHY)) for n, (name, _) in enumerate(_COLUMNS)]
    rest = max(console.width - sum(widths) - len(widths) - 1, 2 * _LEAST)
    place = max(rest * 2 // 5, _LEAST)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    for (name, right), columns in zip(_COLUMNS, widths, strict=True):
        table.add_column(name, justify="right" if right else "left", width=columns, overflow="fold")
    for name, columns in (("where", place), ("text", min(rest - place, _START))):
        table.add_column(name, width=columns, no_wrap=True, overflow="ellipsis")
    for one, facts in zip(told.decisions, rows, strict=True):
        cells = [*facts, _fitting(_line(one.where), place), _line(one.text)[:_START]]
        table.add_row(*(Text(plain(cell)) for cell in cells), style=_STYLES[kind_of(one)])
    console.print()
    console.print(table)
    console.print(Text(_words_of(told), style="dim"))


def _words_of(told: Explanation) -> str:
    """Say what the columns mean, and whose word is not there."""
    return f"{_LEGEND}; {_NOT_ASKED}" if told.base == WITHOUT else _LEGEND


def _facts_of(one: Decision) -> list[str]:
    state = "kept" if one.kept else "-"
    return [str(one.number), state, _chance(one), str(one.size), one.witnesses, one.reason]


def _chance(one: Decision) -> str:
    return probability(one.likely) if one.likely else ""  # 0.0: nobody asked the trees


def _fitting(where: str, width: int) -> str:
    """Return the inner end of a path, as many of its elements as there is room for.

    >>> _fitting("main > div.story > p", 15), _fitting("main > div.story", 3)
    ('div.story > p', 'div.story')
    """
    while len(where) > width and " > " in where:
        where = where.split(" > ", 1)[1]
    return where


_COLUMNS = (("#", True), ("", False), ("p", True), ("size", True), ("has", False), ("why", False))
_STYLES = {"kept": "green", "dropped": "dim", "line": "yellow", "profile": "magenta"}


def kind_of(one: Decision) -> str:
    """Return by what a segment is coloured: kept, dropped, line (a furniture line and such), profile."""
    if one.kept:
        return "kept"
    if one.why is Why.PROFILE:
        return "profile"
    return "dropped" if one.why in {Why.JUDGED, Why.AREA, Why.TWICE} else "line"


def summary(told: Explanation) -> list[tuple[str, str]]:
    """Return what stands above the segments, as name and value."""
    said = told.extraction
    rows = [("address", told.url), ("verdict", "article" if said.article else f"no article: {said.reason}")]
    if said.article:
        rows += [(name, f"{value} ({via})" if value else "not known") for name, value, via in told.facts()]
        rows.append(("text", f"{counted(len(said.text or ''), 'character')} ({said.provenance.get('text', '')})"))
    if told.decisions:
        kept = sum(one.kept for one in told.decisions)
        rows.append(
            ("kept", f"{kept} of {counted(len(told.decisions), 'segment')}, {told.share_kept:.0%} of their characters")
        )
    else:
        rows.append(("segments", "none were judged: the page was refused before its text was read"))
    return rows


def write_page(told: Explanation, path: Path) -> None:
    """Write the HTML page. Raises `UsageError` where it cannot be written."""
    write_document(html_page(told), path, option="--explain-html")


def html_page(told: Explanation) -> str:
    """Return the page's segments in order, coloured, with the same facts: one file that asks for nothing else.

    What it shows was written by strangers: all of it is escaped, and the policy in its head lets nothing run or load.
    """
    facts = "".join(f"<dt>{safe(name)}</dt><dd dir=auto>{safe(value)}</dd>\n" for name, value in summary(told))
    legend = "".join(f'<span class="{name}">{words}</span> ' for name, words in _KINDS)
    return document(
        told.extraction.title or told.url,
        f'<header>\n<dl>\n{facts}</dl>\n<p class="legend">{legend}</p>\n<p class="legend">{escape(_words_of(told))}.</p>\n'
        f"</header>\n<main>\n{''.join(map(_segment, told.decisions))}</main>\n",
        style="explain.css",
    )


_KINDS = (
    ("kept", "kept"),
    ("dropped", "dropped"),
    ("line", "dropped: furniture line, date line, byline, repeated title"),
    ("profile", "dropped: site profile"),
)


def _segment(one: Decision) -> str:
    state = "kept" if one.kept else "dropped"
    facts = [f"{one.number}", state, one.reason]
    if (chance := _chance(one)) and one.reason != f"judged {chance}":
        facts.append(f"p {chance}")
    facts += [counted(one.size, "character"), f"has {one.witnesses or 'none'}", one.where]
    told = safe(" · ".join(facts))
    text = "<br>".join(safe(line) for line in one.text.split(_BREAK))
    heading = " head" if len(one.tag) == len("h1") and one.tag[0] == "h" and one.tag[1].isdigit() else ""
    return (
        f'<p class="{kind_of(one)}{heading}" id="s{one.number}" title="{told}">\n'
        f"<bdi>{text}</bdi>\n<small>{told}</small>\n</p>\n"
    )


def _line(text: str) -> str:
    return " ".join(plain(text).split())
