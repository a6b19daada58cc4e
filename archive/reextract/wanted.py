"""Which captures are read again: chosen once into a temporary table, so that memory does not grow with the archive.

An article is read again whole: if one of its captures is chosen, all are. Otherwise two readings would stand side by side in
one history, and what only the reading changed would look like the publisher's edit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from archive.extract import reason_by_head
from archive.model import ExtractorId, Role
from archive.reader import PageReader
from archive.reextract.extractor import Extractor
from archive.store import Store, instant, stamp

_PIECE = 1000  # rows that are held at a time
NO_PAGE = ("image/%", "video/%", "audio/%", "font/%")  # media types whose captures no extractor need look at


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person asked for."""

    sources: tuple[str, ...] = ()  # by their present names; () is all
    since: datetime | None = None  # captured then or later
    until: datetime | None = None  # captured before
    only_failed: bool = False  # pages that gave no article, or could not be read


@dataclass(frozen=True, slots=True)
class Place:
    """A capture to be read, and where its record lies."""

    number: int  # in the order of reading
    capture: int
    url: str
    url_key: str
    captured_at: datetime
    warc: str
    offset: int
    length: int
    source: str | None
    role: Role | None
    chosen_as: str  # its source's present name, "" for none


class Chosen:
    """The captures that were chosen, each with its source's present name and the extractor that reads it."""

    def __init__(self, store: Store, reader: PageReader, extractor: Extractor) -> None:
        self._conn: sqlite3.Connection = store.db.conn
        self._store = store
        self._reader = reader
        self._extractor = extractor
        self._rows: dict[str, int] = {}  # source -> extractors.pk

    def choose(self, wanted: Wanted) -> int:
        """Choose captures and return how many; those that are read already are among them. Inside a transaction."""
        conn = self._conn
        for table in ("chosen", "reading"):
            conn.execute(f"DROP TABLE IF EXISTS temp.{table}")
        conn.execute(
            "CREATE TEMP TABLE chosen (capture INTEGER PRIMARY KEY, source TEXT NOT NULL, extractor INTEGER NOT NULL,"
            " profile TEXT, failed INTEGER NOT NULL)"
        )
        conn.execute("CREATE INDEX temp.chosen_source ON chosen (source)")
        conn.execute(
            "CREATE TEMP TABLE reading (number INTEGER PRIMARY KEY, capture INTEGER NOT NULL, source TEXT NOT NULL)"
        )
        where, values = _conditions(wanted)
        for row in conn.execute(f"{_CAPTURES} WHERE {where}", values):
            self._take(row, wanted.sources, failed=wanted.only_failed)
        self._whole_articles()
        return int(conn.execute("SELECT count(*) FROM chosen").fetchone()[0])

    def _whole_articles(self) -> None:
        """Choose also the other captures of the articles and addresses that were chosen, whoever asked for them."""
        for column in ("article", "url_key"):
            rows = self._conn.execute(
                f"{_CAPTURES} WHERE c.{column} IN (SELECT d.{column} FROM chosen s JOIN captures d ON d.pk = s.capture"  # noqa: S608
                f" WHERE d.{column} IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM chosen s WHERE s.capture = c.pk)"
            )
            for row in rows.fetchall():  # it is asked of what is written
                self._take(row, (), failed=False)

    def _take(self, row: tuple[object, ...], sources: tuple[str, ...], *, failed: bool) -> None:
        pk, url, at, status, mime, role, source = row
        if reason_by_head(None if status is None else int(str(status)), Role(str(role)) if role else None):
            return
        if str(mime).startswith(_MEDIA):
            return
        present = self._reader.named(None if source is None else str(source), str(url)) or ""
        if sources and present not in sources:
            return
        profile = self._reader.profiles.in_force(present or None, instant(str(at)))
        if self._reader.profile(profile) is None:
            profile = None
        self._conn.execute(
            "INSERT OR IGNORE INTO chosen VALUES (?, ?, ?, ?, ?)", (pk, present, self._row(present), profile, failed)
        )

    def _row(self, source: str) -> int:
        if source not in self._rows:
            self._rows[source] = self._store.extractor(self.identity(source))
        return self._rows[source]

    def identity(self, source: str) -> ExtractorId:
        """Return who reads a source's pages."""
        return self._extractor.of(self._reader.selectors(source or None))

    def sources(self) -> list[str]:
        """Return the sources of what was chosen, by name."""
        return [row[0] for row in self._conn.execute("SELECT DISTINCT source FROM chosen ORDER BY source")]

    def extractor(self, source: str) -> int:
        """Return `extractors.pk` of who reads a source's pages."""
        return self._row(source)

    def to_read(self) -> int:
        """Put what is not read yet in the order of the files, and return how much that is. Inside a transaction."""
        self._conn.execute("DELETE FROM reading")
        self._conn.execute(
            "INSERT INTO reading (capture, source) SELECT c.pk, s.source FROM chosen s JOIN captures c ON c.pk = s.capture"
            " JOIN warcs w ON w.pk = c.warc WHERE NOT EXISTS (SELECT 1 FROM extractions e WHERE e.capture = c.pk"
            " AND e.extractor = s.extractor AND (e.pk = c.extraction OR e.profile IS s.profile)"
            " AND NOT (s.failed AND e.status = 'refused' AND e.reason LIKE 'error-%')) ORDER BY w.name, c.offset"
        )
        return int(self._conn.execute("SELECT count(*) FROM reading").fetchone()[0])

    def places(self) -> Iterator[tuple[Place, str | None]]:
        """Yield what is to be read and with which profile, in the order of the files. Rows may be written meanwhile."""
        last = 0
        while rows := self._conn.execute(_PLACES, (last, _PIECE)).fetchall():
            for row in rows:
                number, pk, url, key, at, warc, offset, length, source, role, chosen_as, profile = row
                last = number
                role = Role(role) if role else None
                yield Place(number, pk, url, key, instant(at), warc, offset, length, source, role, chosen_as), profile


_MEDIA = tuple(pattern.rstrip("%") for pattern in NO_PAGE)
_CAPTURES = (
    "SELECT c.pk, c.url, c.captured_at, c.status, c.mime, c.role, c.source FROM captures c"
    " JOIN extractions e ON e.pk = c.extraction"
)
_PLACES = (
    "SELECT r.number, c.pk, c.url, c.url_key, c.captured_at, w.name, c.offset, c.length, c.source, c.role, r.source, s.profile"
    " FROM reading r JOIN captures c ON c.pk = r.capture JOIN warcs w ON w.pk = c.warc JOIN chosen s ON s.capture = c.pk"
    " WHERE r.number > ? ORDER BY r.number LIMIT ?"
)


def _conditions(wanted: Wanted) -> tuple[str, list[str]]:
    parts, values = ["1"], []
    if wanted.since is not None:
        parts.append("c.captured_at >= ?")
        values.append(stamp(wanted.since))
    if wanted.until is not None:
        parts.append("c.captured_at < ?")
        values.append(stamp(wanted.until))
    if wanted.only_failed:
        parts.append("e.status = 'refused'")
    return " AND ".join(parts), values
