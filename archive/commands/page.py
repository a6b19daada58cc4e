"""`morgue extract`, `cluster`: the archive's eyes without an archive."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
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
@click.option("--jobs", type=click.IntRange(0), default=None, help="Processes for --jsonl (default: one per core).")
def extract(
    file: Path, url: str | None, captured_at: str | None, content_type: str | None, jsonl: Path | None, jobs: int | None
) -> None:
    """Read one saved page (FILE or standard input) and print what it says as JSON. Needs no archive.

    With --jsonl, one line of JSON for each line of input, in order.

    Example: morgue extract page.html --url https://news.example/a
    """
    from archive.reading import extract_file, extract_lines
    from archive.urls import canonical_url

    if jsonl is not None:
        with open_lines(jsonl) as lines:
            for result in extract_lines(_json_lines(lines, str(jsonl)), jobs=jobs):
                click.echo(json_text(result, indent=None))
        return
    if url is None:
        raise UsageError(
            "extract needs --url U: where the page came from (its date and title are judged by it). For example "
            "`morgue extract page.html --url https://news.example/a`."
        )
    canonical_url(url)  # says what is wrong with it
    body = read_page(file)
    result = extract_file(body, url=url, captured_at=parse_time(captured_at), content_type=content_type)
    click.echo(json_text(result))


def read_page(path: Path) -> bytes:
    """Return a file's bytes, or standard input's for `-`; `.gz` is unpacked. Raises `UsageError` if there is none."""
    if str(path) == "-":
        stream: BinaryIO = sys.stdin.buffer
        return stream.read()
    try:
        from archive.reading import unpacked

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
