"""What `morgue stats --html` writes: counts, articles by day and source as bars, in one file without a script."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from archive.commands.document import document, safe
from archive.console import counted
from archive.web.charts import Chart, chart
from archive.web.words import KINDS

if TYPE_CHECKING:  # what it imports is heavy, and `morgue --help` is not
    from archive.query.stats import Days

_SHOWN = ("articles", "stories", "captures", "edited", "gone")
_MOST = 500  # sources with a row of their own


def html_page(counts: Mapping[str, object], found: Days, *, at: datetime, source: str | None = None) -> str:
    """Return the page; `at`: when it was counted, aware."""
    title = f"{source}: articles by day" if source else "The archive by day and source"
    told = "".join(
        f"<li><strong>{_number(counts.get(name))}</strong> {name}</li>\n" for name in _SHOWN if name in counts
    )
    captures = ""
    if counts.get("last_capture"):
        captures = f" Captures from {_day(counts['first_capture'])} to {_day(counts['last_capture'])}."
    head = (
        f"<header>\n<h1><bdi>{safe(title)}</bdi></h1>\n<p>Counted {safe(at.strftime('%Y-%m-%d %H:%M'))} UTC.{captures}</p>\n"
        f'<ul class="counts">\n{told}</ul>\n</header>\n'
    )
    parts = [_days(found), _sources(found)] if found.span else ["<p>The archive holds no articles yet.</p>\n"]
    parts.append('<div class="pair">\n')
    parts.append(_table("Languages", "language", counts.get("by_language"), {}))
    parts.append(_table("Copies", "kind", counts.get("by_kind"), KINDS))
    parts.append("</div>\n")
    return document(f"{title} · Morgue", f"{head}<main>\n{''.join(parts)}</main>\n", style="stats.css")


def _days(found: Days) -> str:
    drawing = chart(found.totals, width=800, height=160)
    first, last = found.span[0], found.span[-1]
    rows = "".join(
        f'<tr><th scope="row">{bar.label}</th><td class="num">{bar.number:,}</td></tr>\n' for bar in drawing.some
    )
    return (
        f"<section>\n<h2>Articles by day</h2>\n<figure>\n{_bars(drawing, 'bars', f'Articles by day, {first} to {last}')}"
        f"<figcaption><span>{first}</span><span>{counted(drawing.total, 'article')}, most: {drawing.top:,} a day</span>"
        f"<span>{last}</span></figcaption>\n</figure>\n"
        "<details><summary>The same as a table</summary>\n<table>\n"
        '<thead><tr><th scope="col">Day</th><th scope="col" class="num">Articles</th></tr></thead>\n'
        f"<tbody>\n{rows}</tbody>\n</table>\n</details>\n"
        '<p class="note">Days of publication, or of the first capture where that is not known; UTC.</p>\n</section>\n'
    )


def _sources(found: Days) -> str:
    rows = []
    for one in found.sources[:_MOST]:
        drawing = chart([(day, one.days.get(day, 0)) for day in found.span], width=240, height=28)
        name = one.name or "(no source)"
        told = f"{name}: {counted(drawing.total, 'article')} in {len(found.span)} days, most {drawing.top} a day"
        figures = (one.articles, drawing.total, drawing.top, one.edited, one.gone)
        cells = "".join(f'<td class="num">{number:,}</td>' for number in figures)
        rows.append(
            f'<tr><th scope="row"><bdi>{safe(name)}</bdi></th><td class="days">{_bars(drawing, "spark", told)}</td>'
            f"{cells}</tr>\n"
        )
    heads = ("Articles", f"{len(found.span)} days", "Most a day", "Edited", "Gone")
    head = "".join(f'<th scope="col" class="num">{one}</th>' for one in heads)
    more = len(found.sources) - _MOST
    left = f'<p class="note">{counted(more, "further source")} with fewer articles left out.</p>\n' if more > 0 else ""
    return (
        '<section>\n<h2>Sources</h2>\n<div class="scroll" tabindex="0" role="region" aria-label="Sources">\n'
        '<table class="sources">\n'
        f'<thead><tr><th scope="col">Source</th><th scope="col">By day, each to its own measure</th>{head}</tr></thead>\n'
        f"<tbody>\n{''.join(rows)}</tbody>\n</table>\n</div>\n{left}</section>\n"
    )


def _bars(drawing: Chart, style: str, told: str) -> str:
    bars = "".join(
        f'<rect x="{bar.x}" y="{bar.y}" width="{bar.width}" height="{bar.height}"><title>{bar.label}: {bar.number:,}</title>'
        "</rect>"
        for bar in drawing.some
    )
    return (
        f'<svg class="{style}" viewBox="0 0 {drawing.width} {drawing.height}" preserveAspectRatio="none" role="img" '
        f'aria-label="{safe(told)}">{bars}</svg>\n'
    )


def _table(title: str, name: str, numbers: object, words: Mapping[str, str]) -> str:
    if not isinstance(numbers, dict) or not numbers:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{safe(value or "not known")}{_note(words.get(value))}</th>'
        f'<td class="num">{_number(number)}</td></tr>\n'
        for value, number in numbers.items()
    )
    return (
        f'<section>\n<h2>{title}</h2>\n<table>\n<thead><tr><th scope="col">{name.capitalize()}</th>'
        f'<th scope="col" class="num">Articles</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</section>\n'
    )


def _note(words: str | None) -> str:
    return f' <span class="note">{safe(words)}</span>' if words else ""


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else "0"


def _day(value: object) -> str:
    return safe(str(value)[:10])
