"""`morgue reextract`: captures read again, and what that changes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.commands.cluster import at_option, cluster_for, executor_option, placed
from archive.console import Context, Progress, counted, cut, emit_json, pass_context, plain, say
from archive.errors import UsageError

if TYPE_CHECKING:  # what it imports is heavy, and `morgue --help` is not
    from archive.reextract import Report
    from archive.reextract.main import Result
    from archive.reextract.report import Sample

_MOST_LOST = click.FloatRange(0, 1)
_SHOWN = 3  # samples of a source on the terminal; the page has all
_WIDE = 400  # cells of a paragraph
_OUTCOMES = {
    "promoted": "now in force",
    "unchanged": "nothing new",
    "refused": "refused: the articles stay as they were",
    "rolled-back": "left as it was rolled back; `morgue extractors promote` brings it forth again",
    "read": "read; `morgue extractors promote` puts it in force",
    "dry-run": "nothing was changed",
    "taken-back": "taken back",
}


@click.command(short_help="Read captures again with the extractor of now.")
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Captures of this source (may be repeated).")
@click.option("--since", metavar="DATE", help="Captured then or later: 2026-05-01, or a time with its zone.")
@click.option("--until", metavar="DATE", help="Captured before then.")
@click.option("--only-failed", is_flag=True, help="Pages that gave no article, or could not be read.")
@click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
@click.option("--no-promote", is_flag=True, help="Keep what was read beside the old readings; leave the articles.")
@click.option("--force", is_flag=True, help="Promote however many texts would be lost.")
@click.option(
    "--most-lost",
    type=_MOST_LOST,
    default=None,
    metavar="SHARE",
    help="Refuse a source that would lose the texts of more than this share of its articles (default: 0.05).",
)
@click.option(
    "--profile",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --dry-run: try this site profile instead of those that hold.",
)
@click.option(
    "--html", "html", type=click.Path(path_type=Path, dir_okay=False), help="Write what changed to this page."
)
@click.option("--jobs", type=click.IntRange(0), default=None, help="Extraction processes (default: one per core).")
@executor_option
@at_option
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
@click.option("--quiet", is_flag=True, help="No progress.")
@pass_context
def reextract(
    context: Context,
    sources: tuple[str, ...],
    since: str | None,
    until: str | None,
    only_failed: bool,
    dry_run: bool,
    no_promote: bool,
    force: bool,
    most_lost: float | None,
    profile: Path | None,
    html: Path | None,
    jobs: int | None,
    executor: str | None,
    archive_at: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Read captures again that the extractor of now, with the selectors of sources.toml, has not read; then promote that.

    New readings stand beside the old ones. Promotion puts them in force, source by source; a source that would lose the
    texts of more than 5% of its articles is refused (exit 1). A text that our reading changed is no edit of the publisher's:
    `morgue show` and `morgue diff` say so. Interrupted, it goes on where it was; repeated, it changes nothing.

    Example: morgue reextract --source paper --dry-run --html changes.html
    """
    from archive.commands.document import write_document
    from archive.extract.profile import PROFILE_VERSION
    from archive.profiles import read_profile
    from archive.reextract import MOST_LOST, Wanted
    from archive.reextract import reextract as run
    from archive.reextract.main import Rules

    if dry_run and (no_promote or force):
        raise UsageError("--dry-run changes nothing, so it goes with neither --no-promote nor --force.")
    wanted = Wanted(
        sources=tuple(dict.fromkeys(sources)),
        since=_moment(since, "--since"),
        until=_moment(until, "--until"),
        only_failed=only_failed,
    )
    rules = Rules(
        dry_run=dry_run,
        promote=not no_promote,
        force=force,
        most_lost=MOST_LOST if most_lost is None else most_lost,
        reason="morgue reextract --force" if force else "morgue reextract",
    )
    trial = None if profile is None else read_profile(profile, version=PROFILE_VERSION)
    with (
        cluster_for(executor, context.folder, jobs=jobs, reads_files=True, archive_at=archive_at) as cluster,
        Progress("captures", quiet=quiet) as progress,
    ):
        result = run(
            context.folder,
            wanted,
            rules,
            clock=context.clock,
            jobs=cluster.jobs if cluster else jobs,
            executor=cluster.executor if cluster else None,
            at=placed(archive_at),
            trial=trial,
            on_page=lambda done, of: progress.update(done, done / of if of else None),
        )
    if html is not None:
        from archive.commands.reextractpage import html_page

        write_document(html_page(result.sources), html, option="--html")
    tell_result(result, as_json=as_json, dry_run=dry_run)
    end(result, dry_run=dry_run)


def end(result: Result, *, dry_run: bool = False) -> None:
    """End the command: 1 if a source was refused, 3 if something could not be read."""
    refused = [one for one in result.sources if one.outcome == "refused"]
    for one in () if dry_run else refused:
        say(plain(f"morgue: {refusal(one)}"))
    if refused:
        raise click.exceptions.Exit(1)
    if result.missing or result.done.lost:
        raise click.exceptions.Exit(3)


def refusal(report: Report) -> str:
    """Return the sentence for a source that was not promoted."""
    name = named(report)
    return (
        f"{name}: {report.emptied:,} of {report.articles:,} articles would have no text any more and {report.cut:,} less than "
        f"three quarters of it, so what {report.extractor} reads was not promoted. `morgue reextract --dry-run --html FILE` "
        "shows them, `morgue extractors promote --force` promotes it."
    )


def named(report: Report) -> str:
    """Return a source's name for people."""
    return report.source or "(no source)"


def tell_result(result: Result, *, as_json: bool, dry_run: bool = False) -> None:
    """Print what came of it."""
    for trouble in result.missing:
        say(plain(f"morgue: {trouble}"))
    if result.done.lost:
        say(plain(f"morgue: {counted(result.done.lost, 'capture')} could not be read again. {result.done.why_lost}"))
    if as_json:
        emit_json(
            {
                "read": result.done.captures,
                "failed": result.done.failed,
                "lost": result.done.lost,
                "sources": [one.as_json() for one in result.sources],
            }
        )
        return
    if result.done.captures or not result.sources:
        click.echo(f"{counted(result.done.captures, 'capture')} read again.")
    for one in result.sources:
        tell_source(one, samples=dry_run or one.outcome == "refused")


def tell_source(report: Report, *, samples: bool) -> None:
    """Print one source's lines."""
    outcome = str(report.outcome)
    told = "promotion would be refused; nothing was changed" if report.refusable else _OUTCOMES[outcome]
    click.echo(plain(f"{named(report)}: {', '.join(facts(report)) or 'no article changes'}: {told}."))
    if samples:
        for sample in report.samples[:_SHOWN]:
            _tell_sample(sample)


def facts(report: Report) -> list[str]:
    """Return what changed, in words.

    >>> from archive.reextract import Report
    >>> facts(Report(source="paper", articles=40, emptied=3, dated=1))
    ['3 of 40 articles emptied', '1 date moved']
    """
    said = []
    if report.changed:
        said.append(f"{report.changed:,} of {report.articles:,} articles changed")
    if report.emptied:
        said.append(f"{report.emptied:,} of {report.articles:,} articles emptied")
    if report.cut:
        said.append(f"{report.cut:,} cut by more than a quarter")
    if report.of:
        words = f"{report.words_before:,} words became {report.words_after:,}"
        said.append(f"{words} ({report.kept / report.of:.0%} kept)")
    if report.found:
        said.append(f"{report.found:,} newly found")
    if report.dated:
        said.append(f"{counted(report.dated, 'date')} moved")
    if report.authors:
        said.append(f"{counted(report.authors, 'author line')} changed")
    return said


def _tell_sample(sample: Sample) -> None:
    from archive.commands.diff import marked
    from archive.diffing import Kind, compare

    before, after = sample.before, sample.after
    click.echo(f"\n  {plain(before.url or after.url)}  ({sample.what})")
    for label, old, new in fields(sample):
        click.echo(f"    {label}: {plain(old or 'none')} -> {plain(new or 'none')}")
    if not (before.shown and after.shown):
        return
    change = compare((before.title, before.text), (after.title, after.text))
    if change.title is not None:
        click.echo(f"    T {cut(marked(change.title, colours=False), _WIDE)}")
    for part in change.changed[:_SHOWN]:
        sign = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.CHANGED: "~"}.get(part.kind, ">")
        click.echo(f"    {sign} {cut(marked(change.words(part), colours=False), _WIDE)}")
    if len(change.changed) > _SHOWN:
        click.echo(f"    … and {counted(len(change.changed) - _SHOWN, 'more paragraph')}")


def fields(sample: Sample) -> list[tuple[str, str | None, str | None]]:
    """Return the facts besides title and text that differ: label, before, after."""
    before, after = sample.before, sample.after
    if not (before.shown and after.shown):
        return []
    pairs = [("published", before.published, after.published), ("authors", before.authors, after.authors)]
    return [(label, old, new) for label, old, new in pairs if old != new]


def _moment(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text!r} is no date. Write it like 2026-05-01 or 2026-05-01T06:00Z.") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
