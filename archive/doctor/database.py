"""archive.db, as far as it takes no time: can it be opened, whose version is it, what of the shelf has it not read yet."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from archive.console import counted
from archive.database import MIGRATION_SET, MIGRATIONS, database_error
from archive.doctor.examine import Place
from archive.doctor.finding import Finding, in_two, note, ok, wrong
from archive.errors import DatabaseError, SchemaTooNewError, ShelfError
from archive.folder import ArchiveFolder
from archive.query import open_reader
from archive.warc import OPEN_SUFFIX, shelf_name, warc_files

_TRIED = ("captures", "extractions", "articles", "revisions", "stories", "warcs", "runs")


@dataclass(frozen=True, slots=True)
class Database:
    """What archive.db says of itself."""

    there: bool
    fault: str = ""  # why it cannot be used; a sentence
    too_new: bool = False
    damaged: bool = False
    pending: Sequence[str] = ()  # migrations of this Morgue that it has not
    read_to: Mapping[str, int] | None = None  # bytes of each WARC file that it has read; None: it cannot tell


@dataclass(frozen=True, slots=True)
class OnShelf:
    """A WARC file."""

    name: str  # as tables have it
    size: int
    is_open: bool


def observe(folder: ArchiveFolder) -> Database:
    """Open archive.db for reading, and look."""
    path = folder.archive_db
    if not path.exists():
        return Database(there=False)
    try:
        with closing(open_reader(path, time_limit=5)) as reader:
            for table in _TRIED:
                reader.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()  # noqa: S608 - constants
            rows = reader.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = ?", (MIGRATION_SET,))
            known = {name for (name,) in rows.fetchall()}
            read_to = dict(reader.execute("SELECT name, ingested_to FROM warcs").fetchall())
    except SchemaTooNewError as error:
        return Database(there=True, fault=str(error), too_new=True)
    except DatabaseError as error:
        return Database(there=True, fault=str(error), damaged=_says_damaged(str(error)))
    except sqlite3.Error as error:
        return Database(there=True, fault=str(database_error(error, path)), damaged=_says_damaged(str(error)))
    return Database(there=True, pending=tuple(m for m in MIGRATIONS if m not in known), read_to=read_to)


def shelf(folder: ArchiveFolder, *, anyhow: bool = False) -> list[OnShelf]:
    """Return the WARC files. `anyhow`: none if the folder cannot be read, which another check tells. Raises `ShelfError`."""
    found: list[OnShelf] = []
    if anyhow:
        try:
            return shelf(folder)
        except ShelfError:
            return found
    for path in warc_files(folder.warc):
        try:
            size = path.stat().st_size
        except FileNotFoundError:  # sealed meanwhile
            continue
        found.append(OnShelf(shelf_name(path, folder.warc), size, path.name.endswith(OPEN_SUFFIX)))
    return found


def look(place: Place, database: Database, files: Sequence[OnShelf]) -> Iterator[Finding]:
    """Check the database."""
    if not database.there:
        if files:
            what = f"there is no archive.db, and {counted(len(files), 'WARC file')} that it is made from"
            why = "Nothing can be searched. It is a copy, and can be made again."
            yield wrong("archive.db", what, why, type=f"{place.morgue} rebuild")
        else:
            yield note("archive.db", "there is none yet", type=f"{place.morgue} init")
    elif database.fault:
        yield _fault(place, database)
    elif database.pending:
        what = f"an older Morgue made it ({counted(len(database.pending), 'change')} to its tables to come)"
        yield note("archive.db", what, "The next ingest or crawl makes them.", type=f"{place.morgue} ingest")
    else:
        yield ok("archive.db", "can be read, and is of this version (`morgue fsck` looks into it)")


def look_at_shelf(place: Place, database: Database, files: Sequence[OnShelf], *, crawling: bool) -> Iterator[Finding]:
    """Check what waits to be read. `crawling`: a crawl or an ingest is at work, and reads it."""
    if not os.path.lexists(place.folder.warc):
        known = database.read_to or {}
        what = f"there is no folder {place.folder.warc}"
        if known or database.fault:
            lay = counted(len(known), "WARC file") if known else "files"
            why = f"{lay[0].upper()}{lay[1:]} lay there: the original of everything."
            yield wrong("shelf", what, why, do="Bring it back from a backup.", type="morgue restore BACKUP FOLDER")
        else:
            yield note("shelf", what, "The first crawl makes it.", type=f"{place.morgue} init")
        return
    read_to = database.read_to or {}
    gone = sorted(name for name in read_to if not name.startswith("/") and name not in {f.name for f in files})
    opened = [file for file in files if file.is_open]
    waiting = [file for file in files if file.size > read_to.get(file.name, 0)] if database.read_to is not None else []
    told = f"{counted(len(files), 'WARC file')}, {len(opened):,} still open" if files else "empty yet"
    if waiting and not crawling:
        size = sum(file.size - read_to.get(file.name, 0) for file in waiting)
        what = f"{counted(len(waiting), 'WARC file')} ({size / 1e6:,.1f} MB) not read to the end"
        yield note("shelf", what, "Pages in it cannot be searched before.", type=f"{place.morgue} ingest")
    else:
        yield ok("shelf", told + (", read while we speak" if waiting else ""))
    if gone:
        yield from _gone(place, gone)


def _gone(place: Place, gone: Sequence[str]) -> Iterator[Finding]:
    what = f"{counted(len(gone), 'WARC file')} that archive.db knows {'is' if len(gone) == 1 else 'are'} not in warc/"
    why = f"The first is {gone[0]}. What only it held cannot be made again."
    yield wrong("shelf", what, why, do="Bring back what is missing from a backup, then:", type=f"{place.morgue} fsck")


def _fault(place: Place, database: Database) -> Finding:
    first, rest = in_two(database.fault)
    if database.too_new:
        why = "No command of this version touches it."
        return wrong("archive.db", first, why, type="python3 -m pip install -U newsmorgue")
    if database.damaged:
        why = "It is a copy: what it was made from lies in warc/."
        return wrong("archive.db", first, why, do="Move it away, then:", type=f"{place.morgue} rebuild")
    return wrong("archive.db", first, do=rest)


def _says_damaged(text: str) -> bool:
    lower = text.lower()
    return any(
        word in lower for word in ("malformed", "not a database", "corrupt", "damaged", "no database of an archive")
    )
