"""`morgue learn`: what sources' pages teach of their furniture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archive.console import Context, Progress, counted, emit_json, pass_context, plain, say

if TYPE_CHECKING:  # what it imports is heavy, and `morgue --help` is not
    from archive.learning import Learned


@click.command(short_help="Learn what every page of a source repeats.")
@click.argument("sources", nargs=-1, required=False, metavar="[SOURCE]...")
@click.option("--all-captures", is_flag=True, help="Use it for earlier captures too: they are read again.")
@click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
@click.option("--force", is_flag=True, help="Use it however many articles would lose their text.")
@click.option("--jobs", type=click.IntRange(0), default=None, help="Extraction processes (default: one per core).")
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
@click.option("--quiet", is_flag=True, help="No progress.")
@pass_context
def learn(
    context: Context,
    sources: tuple[str, ...],
    all_captures: bool,
    dry_run: bool,
    force: bool,
    jobs: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Learn from each source's pages what is no article's own text, and read its pages without it from now on.

    Without SOURCE, from every source. Crawls and `morgue ingest` do this by themselves when a source has enough new pages. A
    source's first profile holds for its earlier pages too; they are read again. Nothing is adopted that leaves more than 5% of
    a source's articles without a text (exit 1), unless with --force.

    Example: morgue learn paper --all-captures --dry-run
    """
    from archive.learning import How
    from archive.reading import learn_sources

    how = How(
        all_captures=all_captures,
        dry_run=dry_run,
        force=force,
        reason="morgue learn --all-captures" if all_captures else "morgue learn",
    )
    with Progress("pages", quiet=quiet) as progress:
        report = learn_sources(context.folder, sources, how, clock=context.clock, jobs=jobs, progress=progress)
    for trouble in report.missing:
        say(plain(f"morgue: {trouble}"))
    if as_json:
        emit_json([learned.as_json() for learned in report.learned])
    else:
        for learned in report.learned:
            click.echo(plain(_told(learned)))
        if not report.learned:
            say("No source has an article yet, so there is nothing to learn from: `morgue crawl`.")
    if any(learned.outcome == "refused" for learned in report.learned):
        raise click.exceptions.Exit(1)
    if report.missing:
        raise click.exceptions.Exit(3)


def _told(learned: Learned) -> str:
    """Return one source's line."""
    from archive.learning import refusal

    pages = f"{learned.source}: {counted(learned.pages, 'page')} used"
    if learned.outcome == "too-few-pages":
        return f"{pages}, too few to learn from."
    held = ", ".join(f"{number:,} {name}" for name, number in learned.sizes.items()) or "nothing"
    if learned.outcome == "unchanged":
        return f"{pages}, {held} learned: as before."
    changed = f"{pages}, {held} learned; {counted(learned.read_again, 'capture')} read again, {learned.changed:,} texts changed"
    changed += f", {learned.emptied:,} lost." if learned.emptied else "."
    if learned.outcome == "refused":
        return f"{changed}\n{refusal(learned)}"
    if learned.outcome == "dry-run":
        return f"{changed} Nothing was changed."
    return f"{changed} In use for {'all captures' if learned.holds == 'all' else 'captures from now on'}."
