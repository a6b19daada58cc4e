"""`morgue extractors`: which have read what, what they read otherwise, and which is in force."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from archive.console import Context, counted, emit_json, emit_table, pass_context, plain

_NAMED = 5  # sources in a row of the list


@click.group(short_help="What read the pages; promote another, or roll it back.")
def extractors() -> None:
    """Tell what read the pages. An extractor has a name, a version and settings; readings stand beside one another.

    Example: morgue extractors list
    """


@extractors.command("list", short_help="Which extractors have read what.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@pass_context
def list_(context: Context, as_json: bool) -> None:
    """List extractors: how much each has read, how much of that is in force, for which sources it was promoted.

    Example: morgue extractors list
    """
    from archive.query.reader import open_reader
    from archive.reextract.extractors import extractors as known

    with closing(open_reader(context.folder.archive_db)) as reader:
        found = known(reader)
    if as_json:
        emit_json([one.as_json() for one in found])
        return
    emit_table(
        ("extractor", "readings", "articles", "in force", "promoted for"),
        [
            (
                one.extractor + (" (installed)" if one.installed else ""),
                f"{one.readings:,}",
                f"{one.articles:,}",
                f"{one.in_force:,}",
                _some(one.sources),
            )
            for one in found
        ],
    )


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


@extractors.command(short_help="What another extractor reads otherwise.")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Captures of this source (may be repeated).")
@click.option("--html", "html", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this page.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@pass_context
def compare(
    context: Context, before: str, after: str, sources: tuple[str, ...], html: Path | None, as_json: bool
) -> None:
    """Tell what extractor B reads otherwise than A, over the captures that both have read.

    A and B as `morgue extractors list` names them: morgue:2, or morgue:2:SETTINGS.

    Example: morgue extractors compare morgue:1 morgue:2 --html changes.html
    """
    from archive.commands.document import write_document
    from archive.commands.reextract import tell_source
    from archive.commands.reextractpage import html_page
    from archive.decisions import read_decisions, renames
    from archive.query.reader import open_reader
    from archive.reextract.extractors import compare as compared

    names = renames(read_decisions(context.folder.decisions))
    with closing(open_reader(context.folder.archive_db)) as reader:
        reports = compared(reader, before, after, sources=sources, names=names)
    if html is not None:
        write_document(html_page(reports), html, option="--html")
    if as_json:
        emit_json([one.as_json() for one in reports])
        return
    for one in reports:
        click.echo(plain(f"{counted(one.captures, 'capture')} read by both."))
        tell_source(one, samples=True)
    if not reports:
        click.echo("No capture was read by both.")


@extractors.command(short_help="Put in force what the extractor of now has read.")
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Of this source (may be repeated).")
@click.option("--force", is_flag=True, help="However many texts would be lost.")
@click.option(
    "--most-lost",
    type=click.FloatRange(0, 1),
    default=None,
    metavar="SHARE",
    help="Refuse a source that would lose the texts of more than this share of its articles (default: 0.05).",
)
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
@pass_context
def promote(context: Context, sources: tuple[str, ...], force: bool, most_lost: float | None, as_json: bool) -> None:
    """Put in force what the extractor of now has read already, also for sources where it was rolled back.

    Exit 1: a source was refused, because too many of its articles would lose their text.

    Example: morgue extractors promote --source paper
    """
    from archive.commands.reextract import end, tell_result
    from archive.reextract import MOST_LOST
    from archive.reextract import promote as run
    from archive.reextract.main import Rules

    how = "morgue extractors promote --force" if force else "morgue extractors promote"
    rules = Rules(force=force, most_lost=MOST_LOST if most_lost is None else most_lost, reason=how)
    result = run(context.folder, sources, rules, clock=context.clock, jobs=1)
    tell_result(result, as_json=as_json)
    end(result)


@extractors.command(short_help="Take the last promotion back.")
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Of this source (may be repeated).")
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
@pass_context
def rollback(context: Context, sources: tuple[str, ...], as_json: bool) -> None:
    """Take the last promotion of each source back: what it put out of force is in force again, and the articles as before.

    A capture that came since says what the one before it says again, if the page had not changed; else it stays as it was
    read. `morgue reextract` leaves such a source alone until `morgue extractors promote` brings it forth again, or another
    version comes.

    Example: morgue extractors rollback --source paper
    """
    from archive.commands.reextract import tell_result
    from archive.reextract import rollback as run

    result = run(context.folder, sources, clock=context.clock)
    tell_result(result, as_json=as_json)
