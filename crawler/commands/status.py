"""`morgue status`, `morgue rebuild --frontier`: how the crawling stands."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from archive.commands.make import rebuild as rebuild_archive_command
from archive.console import Context, Progress, counted, cut, emit_json, emit_table, pass_context, plain, say

if TYPE_CHECKING:
    from crawler.health import SourceHealth

_FINDINGS = 3


_NAME = 24  # cells of a name in the table; the whole name stands before what is wrong with it
_SHORT = {"seconds": "s", "second": "s", "minutes": "min", "hours": "h", "days": "d"}


@click.command(short_help="Tell how each source is.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("--problems", is_flag=True, help="Only what is wrong, a line each; print nothing if all is well.")
@pass_context
def status(context: Context, as_json: bool, problems: bool) -> None:
    """Tell how each source is: last success, last new article, how often it is asked, what is wrong. Exit 3: a source is ill.

    Times are how long ago, or how far ahead. "no article" is the share of the pages read lately that gave none. A source is
    ill if it does not answer, if its pages give no articles, or if it is silent for much longer than it ever is.

    Example: morgue status
    """
    from crawler.health import health_of

    health = health_of(context.folder, context.clock)
    ill = [source for source in health.sources if source.problem]
    if as_json:
        emit_json(health.as_json())
    else:
        if not problems and health.sources:
            now = context.clock.now()
            emit_table(
                ["source", "success", "new article", "asked every", "next", "articles", "no article", "due", ""],
                [_row(source, now) for source in health.sources],
            )
        for source in ill:
            click.echo(f"{plain(source.name)}: {plain(source.problem)}")
        if not problems:
            click.echo(health.sentence)
    if ill:
        raise click.exceptions.Exit(_FINDINGS)


def _row(source: SourceHealth, now: datetime) -> tuple[object, ...]:
    mark = "ill" if source.problem else "" if source.enabled else "off"
    return (
        cut(source.name, _NAME),
        _since(source.last_success, now),
        _since(source.last_new, now),
        "" if source.interval is None else _short(source.interval),
        "" if not source.enabled else _until(source.next_visit, now),
        f"{source.articles:,}",
        f"{source.no_article / source.pages_read:.0%}" if source.pages_read else "",
        f"{source.due:,}",
        mark,
    )


def _since(time: str | None, now: datetime) -> str:
    return "never" if time is None else _short((now - datetime.fromisoformat(time)).total_seconds())


def _until(time: str | None, now: datetime) -> str:
    if time is None:
        return "never"
    seconds = (datetime.fromisoformat(time) - now).total_seconds()
    return "now" if seconds <= 0 else _short(seconds)


def _short(seconds: float) -> str:
    """Return a length of time in at most seven characters."""
    from crawler.silence import span

    number, unit = span(seconds).split(" ")
    return f"{number} {_SHORT[unit]}"


@click.command(help=rebuild_archive_command.help, short_help=rebuild_archive_command.short_help)
@click.option("--frontier", is_flag=True, help="Make crawl.db again instead: what is known, kept and due.")
@click.pass_context
def rebuild(ctx: click.Context, /, frontier: bool, **options: object) -> None:
    """Make archive.db, or with --frontier crawl.db, again."""
    if not frontier:
        ctx.invoke(rebuild_archive_command, **options)
        return
    from archive.errors import UsageError
    from crawler.refrontier import rebuild_frontier

    for option in ("jobs", "executor"):
        if options[option] is not None:
            raise UsageError(f"--{option} is for reading pages, and --frontier reads none. Leave one of them out.")
    context: Context = ctx.obj
    with Progress("captures", quiet=bool(options["quiet"])) as progress:
        captures, unreadable = rebuild_frontier(context.folder, clock=context.clock, progress=progress)
    if options["as_json"]:
        emit_json({"captures": captures, "unreadable": [str(error) for error in unreadable]})
    else:
        say(f"Rebuilt crawl.db from {counted(captures, 'capture')}. Pages that never answered are due again.")
    for error in unreadable:
        say(f"morgue: {error}")
    if unreadable:
        raise click.exceptions.Exit(_FINDINGS)


rebuild.params.extend(rebuild_archive_command.params)
