"""`morgue status`, `morgue rebuild --frontier`: how the crawling stands."""

from __future__ import annotations

import click

from archive.commands.make import rebuild as rebuild_archive_command
from archive.console import Context, Progress, counted, emit_json, emit_table, pass_context, say

_FINDINGS = 3


@click.command(short_help="Tell how each source is.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("--problems", is_flag=True, help="Only the sources that need a look; print nothing if all is well.")
@pass_context
def status(context: Context, as_json: bool, problems: bool) -> None:
    """Tell each source's health: last success, last new article, next visit, failures and why. Exit 3: a source is ill.

    Example: morgue status
    """
    from crawler.health import health_of

    health = health_of(context.folder, context.clock)
    ill = [source for source in health.sources if source.problem]
    if as_json:
        emit_json(health.as_json())
    elif not problems or ill:
        shown = ill if problems else health.sources
        emit_table(
            ["source", "last success", "last new article", "next visit", "articles", "waiting", "problem"],
            [
                (s.name, _ago(s.last_success), _ago(s.last_new), _ago(s.next_visit), s.articles, s.due, s.problem or "")
                for s in shown
            ],
        )
        if not problems:
            click.echo(health.sentence)
    if ill:
        raise click.exceptions.Exit(_FINDINGS)


def _ago(time: str | None) -> str:
    return "never" if time is None else time[:16].replace("T", " ")


@click.command(help=rebuild_archive_command.help, short_help=rebuild_archive_command.short_help)
@click.option("--frontier", is_flag=True, help="Make crawl.db again instead: what is known, kept and due.")
@click.pass_context
def rebuild(ctx: click.Context, /, frontier: bool, **options: object) -> None:
    """Make archive.db, or with --frontier crawl.db, again."""
    if not frontier:
        ctx.invoke(rebuild_archive_command, **options)
        return
    from crawler.refrontier import rebuild_frontier

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
