"""The clock that everything takes as an argument.

`MORGUE_NOW=2026-05-01T06:00:00Z` sets a command's wall clock at its start, and it runs on from there, so that schedules
can be tried without waiting. Monotonic time stays real: delays between two requests are never shortened by it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from archive.errors import UsageError

_FIRST_YEAR, _LAST_YEAR = 1970, 2999  # schedules reach months ahead, and calendars end with the year 9999


class Clock(Protocol):
    """Wall time (aware, UTC) for the record, monotonic seconds for waiting, real time for manners."""

    def now(self) -> datetime:
        """Return the wall clock, aware, in UTC; MORGUE_NOW moves it."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow within this process."""

    def real(self) -> float:
        """Return the real Unix time in seconds, whatever MORGUE_NOW says."""


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock, moved by a fixed offset."""

    offset: timedelta = timedelta(0)

    def now(self) -> datetime:
        """Return the machine's time plus the offset."""
        return datetime.now(UTC) + self.offset

    def monotonic(self) -> float:
        """Return `time.monotonic()`."""
        return time.monotonic()

    def real(self) -> float:
        """Return `time.time()`."""
        return time.time()


def clock_from_environment(environ: Mapping[str, str] | None = None) -> SystemClock:
    """Return the clock that a command uses: the machine's, or one that starts at MORGUE_NOW.

    Raises `UsageError` if MORGUE_NOW is not an ISO 8601 time; without an offset it is taken as UTC.
    """
    text = (os.environ if environ is None else environ).get("MORGUE_NOW", "").strip()
    if not text:
        return SystemClock()
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"MORGUE_NOW={text!r} is not a time. Write it like 2026-05-01T06:00:00Z, or unset it."
        ) from None
    if start.tzinfo is None:
        start = start.replace(tzinfo=UTC)
    if not _FIRST_YEAR <= start.year <= _LAST_YEAR:
        raise UsageError(f"MORGUE_NOW={text!r} is outside the years {_FIRST_YEAR} to {_LAST_YEAR}.")
    return SystemClock(start.astimezone(UTC) - datetime.now(UTC))
