"""`morgue takedown`: something gone from the archive for good."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import click

from archive.console import Context, Progress, counted, emit_json, pass_context, plain, say
from archive.errors import UsageError
from archive.tombstones import REASONS

if TYPE_CHECKING:  # what it imports is heavy, and `morgue --help` is not
    from archive.takedown.main import FrontierPart, TakenDown

_BACKUPS = 3
_MOST_NAMED = 20
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")


@click.command(short_help="Remove something for good.")
@click.argument("name", metavar="URL_OR_ID_OR_HOST")
@click.option("--reason", type=click.Choice(REASONS), required=True, help="Why; kept with the decision.")
@click.option(
    "--reference",
    metavar="TEXT",
    help="Your own number for the case, like 2026-17: letters, digits, . _ / -. It must not say what it is about.",
)
@click.option("--dry-run", is_flag=True, help="Say what would go; change nothing.")
@click.option("--jobs", type=click.IntRange(0), default=None, help="Extraction processes (default: one per core).")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@click.option("--quiet", is_flag=True, help="No progress.")
@pass_context
def takedown(
    context: Context,
    name: str,
    reason: str,
    reference: str | None,
    dry_run: bool,
    jobs: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Remove an address, an article (with all its addresses) or a host from the archive, and keep it from coming back.

    It leaves the WARC files (written anew, the rest byte for byte), both databases and the reports. Feeds, front pages and
    sitemaps that quote it lose their body. Captures of other articles that link to it or quote its title are named, and stay. A
    host is that name alone, not its subdomains. There is no way back. A run that was killed is finished by the same command.

    Exit 3: done, but backups or files imported with --in-place still hold it. `morgue backup` to the same target cleans the
    first; the others, and copies made elsewhere, are yours to clean.

    Example: morgue takedown https://news.example/2026/05/tide --reason personal-data --reference 2026-17
    """
    run(context, name, reason, reference, dry_run=dry_run, jobs=jobs, as_json=as_json, quiet=quiet)


def run(
    context: Context,
    name: str,
    reason: str,
    reference: str | None,
    *,
    dry_run: bool,
    jobs: int | None,
    as_json: bool,
    quiet: bool,
    frontier: FrontierPart | None = None,
) -> None:
    """Take something down and tell. `frontier`: what is done in crawl.db."""
    from archive.takedown.main import Request, take_down

    if reference is not None and not _REFERENCE.fullmatch(reference):
        raise UsageError(
            f"--reference {reference!r} cannot be kept: it goes into a file that is never rewritten, and must not say what it "
            "is about. Give a number of your own, like 2026-17 (letters, digits, . _ / -; at most 64)."
        )
    request = Request(name=name, reason=reason, reference=reference, dry_run=dry_run)
    with Progress("records", quiet=quiet) as progress:
        done = take_down(context.folder, request, clock=context.clock, jobs=jobs, progress=progress, frontier=frontier)
    if as_json:
        emit_json(done.as_json())
    else:
        _tell(done)
    _warn(done)
    if done.in_place or done.backups:
        raise click.exceptions.Exit(_BACKUPS)


def _tell(done: TakenDown) -> None:
    would = "would be " if done.dry_run else ""
    if not done.records:
        known = "It was taken down before. " if done.known else ""
        click.echo(
            f"{known}Nothing of it is in the WARC files. {'' if done.dry_run else 'It will not be taken in.'}".strip()
        )
        return
    parts = ", ".join(f"{number:,} {_WORDS[name]}" for name, number in done.records.items())
    click.echo(f"In {counted(len(done.files), 'WARC file')}: records {would}{parts}.")
    if done.articles:
        click.echo(f"{counted(len(done.articles), 'article')}: {_named(done.articles)}.")
    for url in done.redacted[:_MOST_NAMED]:
        click.echo(plain(f"{'Would lose' if done.dry_run else 'Lost'} its body, because it quotes it: {url}"))
    for who, why in list(done.quoting.items())[:_MOST_NAMED]:
        click.echo(plain(f"Stays, though it {why}: {who}"))
    if len(done.redacted) > _MOST_NAMED or len(done.quoting) > _MOST_NAMED:
        click.echo(
            f"In all {len(done.redacted):,} of the first, {len(done.quoting):,} of the second; --json names each."
        )


_WORDS = {
    "drop": "removed",
    "redact": "blanked",
    "body": "given the body that they referred to",
    "point": "made to refer elsewhere",
    "facts": "without what they said of it",
    "lines": "without the lines that name it",
    "split": "in gzip members of several, which are parted first",
}


def _warn(done: TakenDown) -> None:
    if done.finished:
        say("A takedown that was interrupted was finished first.")
    for one in done.unread[:_MOST_NAMED]:
        say(plain(f"morgue: cannot be read, so nobody knows what it holds: {one}"))
    for path in done.in_place:
        say(plain(f"morgue: {path} was imported with --in-place and still holds it: it is not ours to change."))
    for held in done.backups:
        will = "will still hold it" if done.dry_run else "still holds it"
        target = shlex.quote(held.target)
        say(
            plain(
                f"morgue: the backup {held} {will}. `morgue backup {target}` makes a new one there and lets those go."
            )
        )
        if not held.reached:
            say(plain(f"If that place is no more: `morgue backup {target} --forget`."))
    if not done.dry_run:
        if done.log:
            say(f"Kept in decisions.jsonl; what was done stands in reports/{done.log}.")
        say(
            "Copies made elsewhere (by other programs, exports, other machines) are not reached: clean or replace them."
        )


def _named(ids: tuple[str, ...]) -> str:
    return ", ".join(ids[:_MOST_NAMED]) + (", …" if len(ids) > _MOST_NAMED else "")
