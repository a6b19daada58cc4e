"""Room: what is free on the archive's disk, and for how many days at the pace of late."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.doctor.database import shelf
from archive.doctor.finding import Finding, note, ok, wrong
from archive.folder import ArchiveFolder
from archive.warc import parse_own_name

LATELY = timedelta(days=14)  # what was begun within is the pace of late
_SOON = 7  # days left
_BEFORE_LONG = 30
_FEW_INODES = 1_000  # files; a day's crawl makes some tens


@dataclass(frozen=True, slots=True)
class Room:
    """A disk and what fills it. Sizes in bytes."""

    free: int
    files_left: int | None  # inodes; None: the file system has no fixed number
    database: int  # size of archive.db: a rebuild or restory needs as much again
    per_day: float | None  # that the archive grew by lately; None: nothing was fetched lately
    keep_free: int  # what a crawl leaves free, and does not begin below


def observe(folder: ArchiveFolder, now: datetime, keep_free: int) -> Room:
    """Look at the disk and at the shelf. Raises `OSError`."""
    disk = os.statvfs(folder.root)
    sizes = []
    for file in shelf(folder, anyhow=True):
        own = parse_own_name(file.name)
        sizes.append((own.begun_at if own else None, file.size))
    databases = [path.stat().st_size for path in (folder.archive_db, folder.crawl_db) if path.exists()]
    return Room(
        free=disk.f_bavail * disk.f_frsize,
        files_left=disk.f_favail if disk.f_files else None,
        database=folder.archive_db.stat().st_size if folder.archive_db.exists() else 0,
        per_day=growth(sizes, sum(databases), now),
        keep_free=keep_free,
    )


def growth(files: list[tuple[datetime | None, int]], databases: int, now: datetime) -> float | None:
    """Return the bytes a day that an archive grew by lately; None if no file was begun lately.

    `files`: when each WARC file was begun (None: it was imported) and its size. The databases are taken to grow with the
    shelf, in the proportion that they have to it now.

    >>> from datetime import UTC
    >>> day = datetime(2026, 5, 1, tzinfo=UTC)
    >>> growth([(day, 1000), (day + timedelta(days=1), 1000)], 500, day + timedelta(days=4))
    625.0
    """
    late = [(begun, size) for begun, size in files if begun is not None and now - LATELY <= begun <= now]
    if not late:
        return None
    days = max(timedelta(days=1), now - min(begun for begun, _ in late)) / timedelta(days=1)
    whole = sum(size for _, size in files)
    share = databases / whole if whole else 0.0
    return sum(size for _, size in late) * (1 + share) / days


def look(room: Room) -> Iterator[Finding]:
    """Check what is left."""
    free = f"{_size(room.free)} free"
    if room.free < room.keep_free:
        why = f"A crawl does not begin where less than {_size(room.keep_free)} are free."
        yield wrong("disk", f"only {free}", why, do="Make room, or move the folder. What fills a disk:", type="df -h .")
    else:
        yield from _days(room, free)
    if room.database > room.free:
        what = f"archive.db has {_size(room.database)}, and {free}"
        yield note("disk", what, "`morgue rebuild` and `morgue restory` need room for a second one.", do="Make room.")
    if room.files_left is not None and room.files_left < _FEW_INODES:
        why = "Each crawl makes files, and a disk without inodes is full."
        yield wrong(
            "inodes", f"room for only {room.files_left:,} more files", why, do="Remove small files.", type="df -i ."
        )


def _days(room: Room, free: str) -> Iterator[Finding]:
    if not room.per_day:
        yield ok("disk", f"{free}; nothing was fetched in the last {LATELY.days} days, so nothing grows")
        return
    days = (room.free - room.keep_free) / room.per_day
    what = f"{free}; at {_size(room.per_day)} a day enough for {_long(days)}"
    why = f"A crawl stops when less than {_size(room.keep_free)} are free. Counted is what was fetched in {LATELY.days} days."
    if days < _SOON:
        yield wrong("disk", what, why, do="Make room, or move the folder to a larger disk.")
    elif days < _BEFORE_LONG:
        yield note("disk", what, why, do="Think of a larger disk.")
    else:
        yield ok("disk", what)


def _long(days: float) -> str:
    if days < 2 * 365:
        return f"{int(days):,} day" + ("" if int(days) == 1 else "s")
    return f"{int(days / 365):,} years" if days < 100 * 365 else "a century"


def _size(size: float) -> str:
    for unit, bytes_ in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size >= bytes_:
            return f"{size / bytes_:,.1f} {unit}"
    return f"{size / 1e3:,.0f} KB"
