"""`morgue stats`: what the archive holds, and its articles by day: on a terminal, for programs, as a page to be sent."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.commands.sparks import columns, drawable, spark
from archive.console import Context, emit_json, emit_table, pass_context, plain, say

if TYPE_CHECKING:  # what it imports is heavy, and `morgue --help` is not
    from archive.query.stats import Days

_SECONDS = 60.0  # that a statement may take
_NAME, _SHORTEST = 32, 12  # cells of a source's name, at most; where the terminal is narrow
_FIGURES = 45  # cells that the figures take, about
_LEAST = 8  # blocks of a row


@click.command(short_help="Count what the archive holds, by source and day.")
@click.option(
    "--days", "count", type=click.IntRange(1, 3660), default=30, show_default=True, help="So many days, to its last."
)
@click.option("--source", help="Only this source.")
@click.option(
    "--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Write a page that can be sent to somebody."
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@pass_context
def stats(context: Context, count: int, source: str | None, page: Path | None, as_json: bool) -> None:
    """Count what the archive holds: articles by source and day, languages, copies, what was edited and what is gone.

    Days are those of publication (or, undated, of the first capture), UTC; the last is the last that has an article. On a
    terminal each source has a row of blocks, drawn to its own measure; elsewhere the days' numbers.

    Example: morgue stats --days 90 --source paper
    """
    from archive.errors import QueryError
    from archive.query import open_reader
    from archive.query import stats as count_all
    from archive.query.stats import source_days

    with closing(open_reader(context.folder.archive_db, time_limit=_SECONDS)) as reader:
        found = source_days(reader, count, source=source)
        if source is not None and not found.sources:
            names = ", ".join(one.name for one in source_days(reader, 1).sources if one.name) or "none"
            raise QueryError(f"there is no article of a source {source!r}. Sources with articles: {names}.")
        counts = count_all(reader, source=source)
    if page is not None:
        from archive.commands.document import write_document
        from archive.commands.statspage import html_page

        write_document(html_page(counts, found, at=context.clock.now(), source=source), page, option="--html")
        say(f"Wrote {plain(page)}.")
    if as_json:
        emit_json(counts | {"days": _as_json(found)})
    elif page is None:
        _print(counts, found)


def _as_json(found: Days) -> dict[str, object]:
    return {
        "from": found.span[0] if found.span else None,
        "to": found.span[-1] if found.span else None,
        "all": {day: number for day, number in found.totals if number},
        "by_source": {
            one.name: {"articles": one.articles, "edited": one.edited, "gone": one.gone, "days": dict(one.days)}
            for one in found.sources
        },
    }


def _print(counts: Mapping[str, object], found: Days) -> None:
    for name, value in counts.items():
        label = name.replace("_", " ")
        if isinstance(value, int):
            click.echo(f"{label}: {value:,}")
        elif not isinstance(value, dict):
            click.echo(f"{label}: {value or 'none'}")
    if found.span:
        click.echo()
        for line in days_table(found, width=_width(), blocks=sys.stdout.isatty() and drawable(sys.stdout.encoding)):
            click.echo(line)
    for name, value in counts.items():
        if isinstance(value, dict) and value and name != "by_source":
            click.echo()
            emit_table([name.removeprefix("by_"), "articles" if name != "refused" else "pages"], value.items())


def days_table(found: Days, *, width: int, blocks: bool) -> list[str]:
    """Return the lines of the table of sources: in all, in these days, most in one day, edited, gone, and each day.

    `width`: cells that a line may take, where days are drawn as blocks; as numbers they take what they take.
    """
    head = ("source", "articles", f"{len(found.span)} days", "most", "edited", "gone")
    rows: list[tuple[str, ...]] = [head]
    drawn: list[list[int]] = []
    for one in found.sources:
        numbers = [one.days.get(day, 0) for day in found.span]
        figures = (one.articles, sum(numbers), max(numbers), one.edited, one.gone)
        rows.append((plain(one.name) or "(no source)", *(f"{number:,}" for number in figures)))
        drawn.append(numbers)
    name = max(_SHORTEST, min(_NAME, width - _FIGURES - len(found.span))) if blocks else _NAME
    lines = columns(rows, right=(False, *[True] * (len(head) - 1)), most=name)
    told = f"{found.span[0]} to {found.span[-1]}" if len(found.span) > 1 else found.span[0]
    if not blocks:
        return [
            f"{lines[0]}  {told}",
            *(f"{line}  {' '.join(map(str, days))}" for line, days in zip(lines[1:], drawn, strict=True)),
        ]
    room = max(_LEAST, width - max(map(_cells, lines)) - 3)
    return [f"{lines[0]}  {told if len(told) <= room else ''}".rstrip(),
            *(f"{line}  {spark(days, room)}" for line, days in zip(lines[1:], drawn, strict=True))]  # fmt: skip


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _width() -> int:
    return shutil.get_terminal_size().columns
