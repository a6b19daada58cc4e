"""`morgue sources …`: what is crawled."""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.console import Context, counted, emit_json, emit_table, pass_context, plain, say
from crawler.commands.options import network_options

if TYPE_CHECKING:  # what it imports is heavy, and `morgue --help` is not
    from archive.sources import SourcesFile
    from crawler.commands.probe import Probe


@click.group(short_help="Add, import, check, switch off and remove what is crawled.")
def sources() -> None:
    """Add, import, check, switch off and remove what is crawled. It all stands in sources.toml, which is yours to edit.

    Example: morgue sources list
    """


def _finite(_ctx: click.Context, _option: click.Parameter, value: float | None) -> float | None:
    """Refuse nan, which is in every range, and infinity: the pause between two requests would never end."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter("it must be a number of seconds, like 2 or 0.5.")
    return value


@sources.command(short_help="Look at sites and add them.")
@click.argument("urls", nargs=-1, required=True)
@click.option("--name", help="What to call it (default: made from its address). With one URL only.")
@click.option(
    "--delay",
    type=click.FloatRange(0),
    callback=_finite,
    help="Seconds between two requests (default: 1, or what robots.txt asks).",
)
@click.option("--language", metavar="CODE", help="Language of pages that do not say theirs.")
@click.option("--dry-run", is_flag=True, help="Look and show, write nothing.")
@click.option("--unchecked", is_flag=True, help="Write it without asking the site.")
@network_options
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@pass_context
def add(
    context: Context,
    urls: tuple[str, ...],
    name: str | None,
    delay: float | None,
    language: str | None,
    dry_run: bool,
    unchecked: bool,
    proxy: str | None,
    proxy_ca: Path | None,
    allow_private: bool,
    as_json: bool,
) -> None:
    """Look at sites, show what they offer, and write them into sources.toml.

    Feeds, sitemaps and sections are found again at the first crawl; nothing of them needs to be written down.

    Example: morgue sources add https://www.paper.example/
    """
    from archive.errors import UsageError
    from archive.sources import Source, add_source, load_sources, name_for
    from crawler.commands.probe import probe_site
    from crawler.handler import make_route
    from crawler.run import need_contact, user_agent
    from crawler.transfer import Limits

    if name is not None and len(urls) > 1:
        raise UsageError("--name goes with one URL. Add the sites one by one, or leave --name out.")
    folder = context.folder
    file = load_sources(folder.sources)
    if not unchecked:
        need_contact(file, folder.sources, allow_private=allow_private)
    homes = _homes(urls, file, folder.sources)
    found = []
    for address in homes:
        home, probe = address, None
        if not unchecked:
            probe = probe_site(
                home,
                route=make_route(
                    proxy=proxy, ca_file=proxy_ca, allow_private=allow_private, limits=Limits.of(file.limits)
                ),
                user_agent=user_agent(file.contact),
                clock=context.clock,
                pause=1.0 if delay is None else delay,
                say=lambda asked: say(f"asking {plain(asked)}"),
            )
            home = probe.url
        source = Source(name=name or name_for(home), url=home, delay=delay, language=language)
        found.append({"name": source.name, "url": home, **(_as_json(probe) if probe else {})})
        if probe and not as_json:
            _print(probe)
        if dry_run:
            continue
        add_source(folder.sources, source)
        if not as_json:
            click.echo(f"Added {source.name} to {folder.sources}.")
    if as_json:
        emit_json(found)
    elif dry_run:
        say("Nothing was written; without --dry-run it is.")
    else:
        if file.contact is None:
            say(
                'Tip: contact = "mailto:you@paper.example" at the top of sources.toml tells site owners how to reach you.'
            )
        say(f"Next: `{context.morgue} crawl`.")


def _homes(urls: tuple[str, ...], file: SourcesFile, path: Path) -> list[str]:
    """Return the sites' addresses as they are kept; all are looked at before the first is written.

    Raises `UsageError` for one that is a source already or named twice, `UrlError` for what is no address.
    """
    from archive.errors import UsageError
    from archive.urls import canonical_url

    known = {source.url: source.name for source in file.sources}
    homes = [canonical_url(url if "://" in url else f"https://{url}") for url in urls]
    for number, home in enumerate(homes):
        if home in known:
            raise UsageError(f"{home} is a source already: {known[home]!r} in {path}. Nothing was changed.")
        if home in homes[:number]:
            raise UsageError(f"{home} is named twice. Leave one out. Nothing was changed.")
    return homes


def _as_json(probe: Probe) -> dict[str, object]:
    return {
        "robots": probe.rules.verdict.value,
        "crawl_delay": probe.rules.delay,
        "feeds": [{"url": url, "entries": entries} for url, entries in probe.feeds],
        "sitemaps": probe.sitemaps,
        "sections": probe.sections,
        "example": None
        if probe.example is None
        else {
            "url": probe.example_url,
            "title": probe.example.title,
            "published": probe.example.published,
            "authors": list(probe.example.authors),
            "words": len((probe.example.text or "").split()),
        },
    }


def _print(probe: Probe) -> None:
    delay = f", one request every {probe.rules.delay:g} s" if probe.rules.delay else ""
    click.echo(f"{plain(probe.url)}")
    click.echo(f"  robots.txt: {probe.rules.verdict.value}{delay}")
    for url, entries in probe.feeds:
        click.echo(f"  feed:       {plain(url)}" + (f" ({counted(entries, 'entry', 'entries')})" if entries else ""))
    for url in probe.sitemaps[:5]:
        click.echo(f"  sitemap:    {plain(url)}")
    sections = ", ".join(plain(url.rstrip("/").rpartition("/")[2]) for url in probe.sections[:12])
    click.echo(f"  sections:   {len(probe.sections)}" + (f" ({sections})" if sections else ""))
    if probe.example is None:
        click.echo("  example:    no article found among the first links; the first crawl will tell more")
        return
    example = probe.example
    words = len((example.text or "").split())
    click.echo(f"  example:    {plain(example.title)}")
    click.echo(f"              {example.published or 'undated'}, {', '.join(map(plain, example.authors)) or 'no author'}, "
               f"{counted(words, 'word')}")  # fmt: skip


@sources.command("list", short_help="List the sources.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@pass_context
def list_sources(context: Context, as_json: bool) -> None:
    """List what sources.toml names. `morgue status` tells how they do.

    Example: morgue sources list
    """
    from archive.profiles import adopted_at
    from archive.sources import load_sources

    known = load_sources(context.folder.sources).sources
    learned = {name: at.isoformat().replace("+00:00", "Z") for name, at in adopted_at(context.folder.decisions).items()}
    if as_json:
        hidden = "[withheld]"  # cookies and keys are for the site alone
        emit_json(
            [
                {
                    "name": source.name,
                    "url": source.url,
                    "enabled": source.enabled,
                    "delay": source.delay,
                    "language": source.language,
                    "feeds": list(source.feeds),
                    "sitemaps": list(source.sitemaps),
                    "sections": list(source.sections),
                    "include": list(source.include),
                    "exclude": list(source.exclude),
                    "opt_out": source.opt_out,
                    "headers": dict.fromkeys(source.headers, hidden),
                    "profile_adopted_at": learned.get(source.name),
                }
                for source in known
            ]
        )
        return
    if not known:
        say("No sources yet. Add one: `morgue sources add https://news.example/`.")
        return
    emit_table(
        ["name", "address", "state", "learned from"],
        [(s.name, s.url, "on" if s.enabled else "off", learned.get(s.name, "")[:10]) for s in known],
    )


@sources.command(short_help="Stop crawling a source.")
@click.argument("name")
@pass_context
def disable(context: Context, name: str) -> None:
    """Stop crawling a source. What was kept stays, and is still searched.

    Example: morgue sources disable paper
    """
    from archive.sources import set_enabled

    set_enabled(context.folder.sources, name, enabled=False)
    click.echo(f"{name} is off. `{context.morgue} sources enable {shlex.quote(name)}` switches it on again.")


@sources.command(short_help="Crawl a source again.")
@click.argument("name")
@pass_context
def enable(context: Context, name: str) -> None:
    """Crawl a source again that was switched off.

    Example: morgue sources enable paper
    """
    from archive.sources import set_enabled

    set_enabled(context.folder.sources, name, enabled=True)
    click.echo(f"{name} is on.")


@sources.command(short_help="Take a source out.")
@click.argument("name")
@pass_context
def remove(context: Context, name: str) -> None:
    """Take a source out of sources.toml. What was kept stays, and is still searched.

    Example: morgue sources remove paper
    """
    from archive.sources import remove_source

    remove_source(context.folder.sources, name)
    click.echo(f"{name} is no longer crawled. Its articles stay.")


@sources.command(short_help="Give a source another name.")
@click.argument("old")
@click.argument("new")
@pass_context
def rename(context: Context, old: str, new: str) -> None:
    """Give a source another name; its articles go by the new one after `morgue restory`.

    Example: morgue sources rename paper evening-paper
    """
    from archive.decisions import append_decision
    from archive.sources import rename_source

    folder = context.folder
    rename_source(folder.sources, old, new)
    append_decision(folder.decisions, "source-renamed", {"old": old, "new": new}, at=context.clock.now())
    click.echo(f"{old} is called {new} now. `morgue restory` gives its articles the new name.")
