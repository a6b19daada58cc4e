"""`morgue extract`, `cluster`: the archive's eyes without an archive."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO

import click

from archive.console import json_text
from archive.errors import PayloadError, UsageError


@click.command(short_help="Read saved pages without an archive.")
@click.argument("file", required=False, default="-", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--url", metavar="U", help="Where the page came from.")
@click.option("--captured-at", metavar="TIME", help="When it was captured (ISO 8601); dates after it are not believed.")
@click.option("--content-type", metavar="TYPE", help="The Content-Type that the server sent, with its charset.")
@click.option(
    "--jsonl",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Many pages: lines {path, url, captured_at?, source?}.",
)
@click.option(
    "--profile",
    "profile_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Read with this site profile: a file of an archive's profiles/, or one of --profiles-out.",
)
@click.option("--learn", is_flag=True, help="With --jsonl: learn a profile of each site from its pages first.")
@click.option(
    "--learn-from-others",
    "others",
    is_flag=True,
    help="The same, but each page is read with what the other pages of its site taught: to measure what learning is worth.",
)
@click.option(
    "--profiles-out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="With --learn: write each site's profile to DIR, by the site's name.",
)
@click.option(
    "--explain", is_flag=True, help="Print why each piece of the page's text stayed or went, instead of JSON."
)
@click.option(
    "--explain-html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the same to FILE as an HTML page, the page's text with what was kept and dropped in colours.",
)
@click.option("--jobs", type=click.IntRange(0), default=None, help="Processes for --jsonl (default: one per core).")
def extract(
    file: Path,
    url: str | None,
    captured_at: str | None,
    content_type: str | None,
    jsonl: Path | None,
    profile_path: Path | None,
    learn: bool,
    others: bool,
    profiles_out: Path | None,
    explain: bool,
    explain_html: Path | None,
    jobs: int | None,
) -> None:
    """Read one saved page (FILE or standard input) and print what it says as JSON. Needs no archive.

    With --jsonl, one line of JSON for each line of input, in order. With --learn a site is a line's "source", else its
    host; the file is read twice. A line with "learn": false teaches nothing, and is read all the same.

    With --explain, a table of the page's segments (runs of text): what was kept or dropped, how likely it is the article's,
    which other extractors have it, where it stands, and the reason.

    Example: morgue extract page.html --url https://news.example/a
    """
    from archive.commands.explain import print_explanation, write_page
    from archive.extract import to_json
    from archive.pages import explain_file
    from archive.urls import canonical_url

    if (learn or others) and (jsonl is None or profile_path is not None):
        raise UsageError(
            "--learn goes with --jsonl FILE, and not with --profile: it learns the profiles from the pages of FILE. For one "
            "page give a profile: `morgue extract page.html --url https://news.example/a --profile FILE`."
        )
    if profiles_out is not None and not (learn or others):
        raise UsageError("--profiles-out goes with --learn: without it there is no profile to write.")
    if jsonl is not None and (explain or explain_html is not None):
        raise UsageError(
            "--explain tells of one page, not of --jsonl FILE. For example "
            "`morgue extract page.html --url https://news.example/a --explain`."
        )
    profile = None if profile_path is None else _read_profile(profile_path)
    if jsonl is not None:
        for result in _extract_list(jsonl, jobs, profile, learn=learn, others=others, profiles_out=profiles_out):
            click.echo(json_text(result, indent=None))
        return
    if url is None:
        raise UsageError(
            "extract needs --url U: where the page came from (its date and title are judged by it). For example "
            "`morgue extract page.html --url https://news.example/a`."
        )
    canonical_url(url)  # says what is wrong with it
    body = read_page(file)
    told = explain_file(body, url=url, captured_at=parse_time(captured_at), content_type=content_type, profile=profile)
    if explain_html is not None:
        write_page(told, explain_html)
    if explain:
        print_explanation(told)
    else:
        click.echo(json_text(to_json(url, told.extraction)))


def _extract_list(
    path: Path,
    jobs: int | None,
    profile: Mapping[str, object] | None,
    *,
    learn: bool,
    others: bool,
    profiles_out: Path | None,
) -> Iterator[dict[str, object]]:
    """Yield what each page of a list says; with `learn` or `others` after a first reading for what they teach."""
    from archive.lessons import LessonBook
    from archive.pages import extract_lines, learn_lines, page_key, site_of

    with ExitStack() as stack:
        lines = stack.enter_context(open_lines(path))
        if not learn and not others:
            yield from extract_lines(_json_lines(lines, str(path)), jobs=jobs, profile_for=lambda _line: profile)
            return
        if not lines.seekable():  # standard input: it is read twice
            lines = stack.enter_context(_kept(lines))
        book = stack.enter_context(LessonBook())
        learn_lines(_json_lines(lines, str(path)), book, jobs=jobs)
        if profiles_out is not None:
            book.write_profiles(profiles_out)
        lines.seek(0)

        def profile_for(line: Mapping[str, Any]) -> Mapping[str, object] | None:
            site = site_of(line)
            return book.profile_without(site, page_key(line)) if others else book.profile(site)

        yield from extract_lines(_json_lines(lines, str(path)), jobs=jobs, profile_for=profile_for)


def _kept(lines: IO[str]) -> IO[str]:
    """Return the lines in a file of their own, which goes when it is closed."""
    kept = tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogateescape")  # noqa: SIM115 - the caller closes it
    shutil.copyfileobj(lines, kept)
    kept.seek(0)
    return kept


def _read_profile(path: Path) -> Mapping[str, object]:
    from archive.extract.profile import PROFILE_VERSION
    from archive.profiles import read_profile

    return read_profile(path, version=PROFILE_VERSION)


def read_page(path: Path) -> bytes:
    """Return a file's bytes, or standard input's for `-`; `.gz` is unpacked. Raises `UsageError` if there is none."""
    if str(path) == "-":
        stream: BinaryIO = sys.stdin.buffer
        return stream.read()
    try:
        from archive.pages import unpacked

        return unpacked(path)
    except PayloadError as error:
        raise UsageError(f"cannot unpack {path}: {error}. Give a whole .gz file, or the page itself.") from error
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror or error}. Give a saved page, or - for standard input."
        ) from error


def open_lines(path: Path) -> IO[str]:
    """Return a file of lines, or standard input for `-`. Raises `UsageError` if there is none."""
    try:
        return click.open_file(str(path), encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror or error}. Give a file of lines of JSON, or - for standard input."
        ) from error


def parse_time(text: str | None) -> datetime | None:
    """Return an aware time from ISO 8601; without an offset it is UTC. Raises `UsageError`."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a time. Write it like 2026-05-01T06:00:00Z or 2026-05-01.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _json_lines(lines: Iterable[str], name: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{name}, line {number}: not JSON ({error}). Each line is one object.") from None
        if not isinstance(value, dict):
            raise UsageError(f'{name}, line {number}: a JSON object is wanted, like {{"path": …, "url": …}}.')
        yield value


@click.command(short_help="Tell which texts are copies, without an archive.")
@click.option(
    "--jsonl",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Lines {id, title, text, url}.",
)
def cluster(jsonl: Path) -> None:
    """Tell which of many texts are one story, in the order given. Needs no archive.

    One line of JSON for each: id, cluster, kind (new, exact), of, score.

    Example: morgue cluster --jsonl texts.jsonl
    """
    from archive.dedupe.cluster import cluster as place

    with open_lines(jsonl) as lines:
        for result in place(_json_lines(lines, str(jsonl))):
            click.echo(json_text(result, indent=None))
