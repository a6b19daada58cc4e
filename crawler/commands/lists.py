"""`morgue sources import`, `morgue sources check`: many sources at once."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.console import Context, Progress, counted, emit_json, emit_table, pass_context, plain, say
from crawler.commands.options import network_options

if TYPE_CHECKING:  # what they import is heavy, and `morgue --help` is not
    from archive.sources import Source, SourcesFile
    from crawler.commands.checked import Checked
    from crawler.subscriptions import Plan

_FINDINGS = 3
_stale_option = click.option(
    "--stale-days",
    type=click.IntRange(1, 36_500),
    default=30,
    show_default=True,
    metavar="DAYS",
    help="Call a source stale when its newest entry is older.",
)


@click.command("import", short_help="Import the feeds of an OPML list.")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--check", is_flag=True, help="Ask for each feed of the list, as `morgue sources check` does.")
@_stale_option
@network_options
@click.option("--json", "as_json", is_flag=True, help="Print what became of each line as JSON.")
@pass_context
def import_list(
    context: Context,
    file: Path,
    dry_run: bool,
    check: bool,
    stale_days: int,
    proxy: str | None,
    proxy_ca: Path | None,
    allow_private: bool,
    as_json: bool,
) -> None:
    """Take the feeds of an OPML list, as feed readers export it, into sources.toml. `-` reads standard input.

    Each feed goes to the source of its site, which is made and named after the site's host if there is none. What is
    there already stays as it is, so that importing twice changes nothing. No site is asked without --check, which
    also puts a feed that mostly lists another site's pages to that site, and ends with the exit codes of
    `morgue sources check`. Lines that are of no use are named with the reason.

    Example: morgue sources import subscriptions.opml
    """
    from archive.sources import add_feeds, load_sources
    from crawler.commands.checked import judged_anew, sites_of_entries
    from crawler.discovery.opml import parse_opml
    from crawler.run import need_contact
    from crawler.subscriptions import as_listed, plan_import

    folder = context.folder
    known = load_sources(folder.sources)
    if check:
        need_contact(known, folder.sources, allow_private=allow_private)
    name = "standard input" if str(file) == "-" else str(file)
    opml = parse_opml(_read_list(file, name), where=name)
    plan = plan_import(opml.outlines, known)
    checked: tuple[Checked, ...] = ()
    sites: dict[str, str] = {}
    if check:
        network = {"proxy": proxy, "proxy_ca": proxy_ca, "allow_private": allow_private}
        listed = as_listed(known, plan)
        checked = _check(context, listed, known, stale_days=stale_days, feeds_only=True, network=network)
        sites = sites_of_entries(checked)
        if sites:
            plan = plan_import(opml.outlines, known, sites)
            settled = as_listed(known, plan)
            checked = judged_anew(checked, settled, context.clock.now(), timedelta(days=stale_days))
    if not dry_run:
        add_feeds(folder.sources, plan.new, plan.feeds)
    if as_json:
        emit_json(_import_as_json(plan, opml.problems, dry_run=dry_run, checked=checked if check else None))
    else:
        for problem in opml.problems:
            say(f"{name}: {problem}")
        for skipped in plan.skipped:
            called = " ".join(filter(None, (skipped.title, skipped.address)))
            say(f"{name}, line {skipped.line}: skipped, {skipped.why}" + (f": {called}" if called else ""))
        for taken in plan.added:
            if taken.url in sites:
                say(
                    f"{taken.url}: most of its entries are on {sites[taken.url]}, so it goes to the source of that site"
                )
        _print_import(plan, folder.sources, dry_run=dry_run)
        _print_checked(checked)
    _end(checked)


def _read_list(path: Path, name: str) -> bytes:
    """Return the list, or as much as shows that it is too large. Raises `OpmlError`."""
    from archive.errors import OpmlError
    from crawler.discovery.opml import MAX_BYTES

    if str(path) == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise OpmlError(name, f"it cannot be read ({error.strerror or error}).") from None


def _print_import(plan: Plan, path: Path, *, dry_run: bool) -> None:
    for source in plan.new:
        click.echo(f"{'new source' if dry_run else 'added'}  {plain(source.name)}  {plain(source.url)}")
        for url in source.feeds:
            click.echo(f"    feed  {plain(url)}")
    for name, urls in plan.feeds.items():
        click.echo(f"{'existing source' if dry_run else 'extended'}  {plain(name)}")
        for url in urls:
            click.echo(f"    feed  {plain(url)}")
    done = "would be added to" if dry_run else "added to"
    feeds = f"{counted(len(plan.added), 'feed')} {done} {path}" if plan.added else f"Nothing to write to {path}"
    click.echo(
        f"{feeds}: {counted(len(plan.new), 'new source')}, {len(plan.feeds):,} extended, "
        f"{len(plan.known):,} of the feeds there already, {counted(len(plan.skipped), 'line')} skipped."
    )


def _import_as_json(
    plan: Plan, problems: tuple[str, ...], *, dry_run: bool, checked: tuple[Checked, ...] | None
) -> dict[str, object]:
    new = {source.name for source in plan.new}
    told: dict[str, object] = {
        "written": bool(plan.added) and not dry_run,
        "new": [{"name": source.name, "url": source.url, "feeds": list(source.feeds)} for source in plan.new],
        "added": [
            {"line": each.line, "title": each.title, "url": each.url, "source": each.source, "new": each.source in new}
            for each in plan.added
        ],
        "known": [
            {"line": each.line, "title": each.title, "url": each.url, "source": each.source} for each in plan.known
        ],
        "skipped": [
            {"line": each.line, "title": each.title, "address": each.address, "why": each.why} for each in plan.skipped
        ],
        "problems": list(problems),
    }
    if checked is not None:
        told["checked"] = [each.as_json() for each in checked]
    return told


@click.command("check", short_help="Ask whether the sources still answer.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_stale_option
@network_options
@click.option("--json", "as_json", is_flag=True, help="Print every listing as JSON.")
@pass_context
def check_command(
    context: Context,
    names: tuple[str, ...],
    stale_days: int,
    proxy: str | None,
    proxy_ca: Path | None,
    allow_private: bool,
    as_json: bool,
) -> None:
    """Ask for each feed, sitemap, section and home page of the sources that are on, or of those named, and tell how they do.

    A source is ok, stale (nothing new for long), moved (an address answers from another for good) or dead (an address
    gives nothing that can be read), and what mends it stands below. Nothing is written or kept. Exit 3: a source is
    dead, stale or moved.

    Example: morgue sources check
    """
    from archive.errors import SourcesError
    from archive.sources import load_sources
    from crawler.run import need_contact

    path = context.folder.sources
    known = load_sources(path)
    for name in names:
        if known.by_name(name) is None:
            there = ", ".join(source.name for source in known.sources) or "none"
            raise SourcesError(path, f"there is no source {name!r}. There are: {there}.")
    chosen = tuple(each for each in known.sources if (each.name in names if names else each.enabled))
    if chosen:
        need_contact(known, path, allow_private=allow_private)
    network = {"proxy": proxy, "proxy_ca": proxy_ca, "allow_private": allow_private}
    checked = _check(context, chosen, known, stale_days=stale_days, feeds_only=False, network=network)
    if as_json:
        emit_json([each.as_json() for each in checked])
    elif not checked:
        say("No source is on. `morgue sources list` names them, `morgue sources add https://news.example/` adds one.")
    else:
        _print_checked(checked)
    _end(checked)


def _check(
    context: Context,
    chosen: tuple[Source, ...],
    known: SourcesFile,
    *,
    stale_days: int,
    feeds_only: bool,
    network: dict[str, Any],
) -> tuple[Checked, ...]:
    from archive.errors import OfflineError
    from crawler.commands.check import check_sources
    from crawler.commands.checked import is_offline
    from crawler.handler import make_route
    from crawler.past import memory
    from crawler.run import user_agent
    from crawler.transfer import Limits

    route = make_route(
        proxy=network["proxy"],
        ca_file=network["proxy_ca"],
        allow_private=network["allow_private"],
        limits=Limits.of(known.limits),
    )
    with memory(context.folder) as remembered, Progress("sources") as progress:
        checked = check_sources(
            chosen,
            known=known.sources,
            route=route,
            user_agent=user_agent(known.contact),
            clock=context.clock,
            stale_after=timedelta(days=stale_days),
            feeds_only=feeds_only,
            past=remembered,
            on_done=lambda done: progress.update(done, done / len(chosen)),
        )
    if is_offline(checked):
        raise OfflineError(len(checked))
    return checked


def _print_checked(checked: tuple[Checked, ...]) -> None:
    if not checked:
        return
    emit_table(
        ["source", "state", "newest entry", "asked for"],
        [
            (each.source.name, each.state, f"{each.newest:%Y-%m-%d}" if each.newest else "", _asked(each))
            for each in checked
        ],
    )
    for each in checked:
        noted = [listing for listing in each.listings if listing.why]
        if each.mend or any(listing.named for listing in noted):
            click.echo(f"{plain(each.source.name)}: {each.state}")
            for listing in noted:
                click.echo(f"  {listing.role} {plain(listing.url)}: {listing.state}, {plain(listing.why)}")
            for mend in each.mend:
                click.echo(f"  {plain(mend)}")
    states = Counter(each.state.value for each in checked)
    click.echo(", ".join(f"{count} {state}" for state, count in states.most_common()) + ".")


def _asked(checked: Checked) -> str:
    roles = Counter(listing.role.value for listing in checked.listings)
    return ", ".join(counted(count, role) for role, count in roles.items())


def _end(checked: tuple[Checked, ...]) -> None:
    """End with 3 if there is anything to look at."""
    if {each.state.value for each in checked} - {"ok"}:
        raise click.exceptions.Exit(_FINDINGS)
