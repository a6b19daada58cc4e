"""Options of commands that fetch, and what people may write there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from archive.errors import UsageError

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_SIZES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SHARD_LENGTH = 11  # characters: as many machines as nobody has


def parse_budget(text: str | None) -> float | None:
    """Return seconds.

    >>> parse_budget("10m"), parse_budget("90"), parse_budget("1.5h")
    (600.0, 90.0, 5400.0)

    Raises `UsageError`.
    """
    if text is None:
        return None
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS else (text, "s")
    try:
        seconds = float(number) * _UNITS[unit]
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"--budget {text!r} is no length of time. Write it like 90s, 10m or 1h.")
    return seconds


def parse_size(text: str) -> int:
    """Return bytes.

    >>> parse_size("500M"), parse_size("2G"), parse_size("0")
    (500000000, 2000000000, 0)

    Raises `UsageError`.
    """
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].upper() in _SIZES else (text, "")
    try:
        size = float(number) * _SIZES[unit]
    except ValueError:
        size = -1.0
    if not 0 <= size < float("inf"):
        raise UsageError(f"{text!r} is no size. Write it like 500M or 2G.")
    return int(size)


def parse_shard(text: str | None) -> tuple[int, int] | None:
    """Return which part of how many.

    >>> parse_shard("2/3")
    (2, 3)

    Raises `UsageError`.
    """
    if text is None:
        return None
    number, slash, of = text.partition("/")
    if slash and number.isdecimal() and of.isdecimal() and len(text) <= _SHARD_LENGTH and 1 <= int(number) <= int(of):
        return int(number), int(of)
    raise UsageError(f"--shard {text!r} is no part of a whole. Write 1/3, 2/3 or 3/3 for three machines.")


def parse_since(text: str | None, *, backfill: bool) -> datetime | None:
    """Return the beginning of a day, UTC.

    >>> parse_since("2024-03-01", backfill=True)
    datetime.datetime(2024, 3, 1, 0, 0, tzinfo=datetime.timezone.utc)

    Raises `UsageError`.
    """
    if text is None:
        return None
    if not backfill:
        raise UsageError("--since goes with --backfill: `morgue crawl --backfill --since 2024-03-01`.")
    try:
        since = datetime.fromisoformat(text)
        # An offset may lead out of the years that there are, and the frontier keeps what it is told for runs to come.
        return since.replace(tzinfo=UTC) if since.tzinfo is None else since.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"--since {text!r} is no day. Write it like 2024-03-01.") from None


def network_options(command: click.decorators.FC) -> click.decorators.FC:
    """Add the options that say how a command reaches the network."""
    for option in reversed(
        [
            click.option("--proxy", metavar="URL", help="Fetch through this HTTP proxy; it resolves the names then."),
            click.option(
                "--proxy-ca",
                type=click.Path(path_type=Path, dir_okay=False, exists=True),
                metavar="FILE",
                help="Believe this certificate authority (PEM), for a proxy that opens TLS.",
            ),
            click.option(
                "--allow-private", is_flag=True, help="Allow private and loopback addresses: your own machines."
            ),
        ]
    ):
        command = option(command)
    return command
