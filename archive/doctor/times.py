"""The clock: does it run behind what the archive holds, is it set at all, and is its zone known."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archive.clock import Clock
from archive.doctor.finding import Finding, note, ok, wrong
from archive.errors import MorgueError, ShelfError
from archive.folder import ArchiveFolder
from archive.query import open_reader
from archive.warc import parse_own_name, warc_files

WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)  # no machine that runs this lives before it
_SLACK = timedelta(minutes=5)
_SET = "sudo timedatectl set-ntp true"
# One step into the index captures_source for each source, however many captures it has.
_NEWEST = """
    WITH RECURSIVE l(x) AS (SELECT min(source) FROM captures UNION ALL
     SELECT (SELECT min(source) FROM captures WHERE source > x) FROM l WHERE x IS NOT NULL)
    SELECT max(t) FROM (SELECT (SELECT max(captured_at) FROM captures WHERE source = x) AS t FROM l
     UNION ALL SELECT max(captured_at) FROM captures WHERE source IS NULL)
"""


@dataclass(frozen=True, slots=True)
class Times:
    """The clock, and what it is held against. Aware, UTC."""

    now: datetime  # the command's: MORGUE_NOW moves it
    zone: str  # the machine's, as its C library names it
    offset: timedelta  # of it from UTC
    tz: str  # the environment variable TZ
    tz_known: bool
    moved: str  # the environment variable MORGUE_NOW
    synchronised: bool | None  # as systemd-timesyncd says; None: it does not run here
    newest: datetime | None = None  # record that the archive has


def observe(clock: Clock, environ: Mapping[str, str], folder: ArchiveFolder | None) -> Times:
    """Look at the clock, and at the archive's newest record."""
    local = time.localtime()
    tz = environ.get("TZ", "")
    timesync = Path("/run/systemd/timesync")
    return Times(
        now=clock.now(),
        zone=local.tm_zone,
        offset=timedelta(seconds=local.tm_gmtoff),
        tz=tz,
        tz_known=_known(tz),
        moved=environ.get("MORGUE_NOW", ""),
        synchronised=(timesync / "synchronized").exists() if timesync.is_dir() else None,
        newest=newest(folder) if folder is not None else None,
    )


def look(times: Times) -> Iterator[Finding]:
    """Check the clock."""
    now = f"{times.now:%Y-%m-%d %H:%M} UTC"
    if times.now < WRITTEN:
        why = "Every record is kept under the time at which it was fetched, and certificates are checked against it."
        yield wrong("clock", f"it says {now}: it was never set", why, type=_SET)
    elif times.newest is not None and times.newest > times.now + _SLACK:
        ahead = f"{times.newest:%Y-%m-%d %H:%M} UTC"
        why = "Either the clock is behind now, or it was ahead when that was fetched: new pages would sort before old ones."
        yield wrong(
            "clock", f"it says {now}, and the newest record is from {ahead}", why, do=_compare(times), type=_SET
        )
    elif times.synchronised is False:
        yield note("clock", f"it says {now}, and is not synchronised", do="Wait a minute after a start.", type=_SET)
    else:
        yield ok("clock", f"{now}; here {_offset(times)}")
    if times.moved:
        what = f"MORGUE_NOW={times.moved!r} moves the clock of each command"
        yield note("clock", what, "It is for trying schedules.", type="unset MORGUE_NOW")
    if not times.tz_known:
        what = f"TZ={times.tz!r} names no time zone that this machine has, so that its times are UTC's"
        yield note("clock", what, "cron keeps the machine's zone; archives keep UTC.", do="Correct TZ, or unset it.")


def newest(folder: ArchiveFolder) -> datetime | None:
    """Return the time of the newest record: the last that archive.db knows, or the begin of a WARC file; None without any.

    What cannot be read is another check's finding.
    """
    found = []
    with suppress(ShelfError):
        found += [own.begun_at for path in warc_files(folder.warc) if (own := parse_own_name(path.name)) is not None]
    try:
        with closing(open_reader(folder.archive_db, time_limit=5)) as reader:
            (last,) = reader.execute(_NEWEST).fetchone()
        if last is not None:
            found.append(datetime.fromisoformat(last))
    except (MorgueError, sqlite3.Error, ValueError, TypeError):
        pass
    return max(found, default=None)


def _known(tz: str) -> bool:
    from zoneinfo import ZoneInfo

    if not tz or tz[0] in ":/<" or any(letter.isdigit() or letter == "," for letter in tz):
        return True  # nothing, a file, or a POSIX rule like CET-1CEST
    try:
        ZoneInfo(tz)
    except (OSError, ValueError, KeyError):
        return False
    return True


def _compare(times: Times) -> str:
    return f"Compare with a clock you trust; here it is {_offset(times)}."


def _offset(times: Times) -> str:
    local = times.now + times.offset
    minutes = int(times.offset.total_seconds() // 60)
    sign = "+" if minutes >= 0 else "-"
    return f"{local:%H:%M} {times.zone} (UTC{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d})"
