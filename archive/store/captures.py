"""Rows of captures, WARC files, discovery facts, extractions and run reports."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from archive.decisions import Decision
from archive.errors import UrlError
from archive.imported import Imported
from archive.model import DiscoveryFact, Extraction, ExtractorId, FactRecord, Role, Snapshot, Via
from archive.store.optouts import OptOutRows
from archive.store.rows import clean, clean_or_none, fact_digest, instant, pack, stamp, status_of
from archive.tombstones import TAKEDOWN
from archive.tombstones.hashes import hashes_of
from archive.urls import url_key

# Columns of captures that follow from the record alone: what fsck holds against it.
COMPARED = (
    "url", "captured_at", "record_type", "payload_digest", "url_key", "status", "mime", "length", "role", "truncated",
    "refers_to_url", "refers_to_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A capture to be read again, because a later fact may date it or tell that it is an article."""

    capture: int  # its row; 0 while it has none
    warc: str
    offset: int
    source: str | None
    role: Role | None
    undated: bool = False  # an article without a date; otherwise a page refused for its role

    @classmethod
    def of(cls, snapshot: Snapshot, *, undated: bool = False) -> Unsettled:
        """Return a capture that has no row yet."""
        return cls(0, snapshot.ref.warc, snapshot.ref.offset, snapshot.source, snapshot.role, undated)


class CaptureRows:
    """What the WARC files hold, as rows. Writes within the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self.opt_outs = OptOutRows(conn)
        self._warcs: dict[str, int] = {}
        self._extractors: dict[ExtractorId, int] = {}

    def warc(self, name: str) -> int:
        """Return the row of a WARC file (path below warc/, without .open), made if new."""
        pk = self._warcs.get(name)
        if pk is None:
            self._conn.execute("INSERT INTO warcs (name) VALUES (?) ON CONFLICT DO NOTHING", (clean(name),))
            pk = self._conn.execute("SELECT pk FROM warcs WHERE name = ?", (clean(name),)).fetchone()[0]
            self._warcs[name] = pk
        return int(pk)

    def forget_cached(self) -> None:
        """Forget row numbers that a rolled back transaction may have taken back."""
        self._warcs.clear()
        self._extractors.clear()
        self.opt_outs.forget_cached()

    def add(self, snapshot: Snapshot) -> int | None:
        """Add a capture and return its row; None if it is known (URL as requested, time, payload digest, type)."""
        cursor = self._conn.execute(
            f"INSERT INTO captures ({', '.join(COMPARED)}, warc, offset, source)"  # noqa: S608 - constants
            f" VALUES ({', '.join('?' * len(COMPARED))}, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                *compared_values(snapshot),
                self.warc(snapshot.ref.warc),
                snapshot.ref.offset,
                clean_or_none(snapshot.source),
            ),
        )
        if cursor.rowcount != 1 or cursor.lastrowid is None:
            return None
        self.opt_outs.add_capture(cursor.lastrowid, snapshot)
        return cursor.lastrowid

    def knows(self, snapshot: Snapshot) -> bool:
        """Return whether a capture is there: same URL as requested, time, payload digest and type."""
        found = self._conn.execute(
            "SELECT 1 FROM captures WHERE url = ? AND captured_at = ? AND ifnull(payload_digest, '') = ?"
            " AND record_type = ?",
            (
                clean(snapshot.url),
                stamp(snapshot.captured_at),
                clean(snapshot.payload_digest or ""),
                clean(snapshot.record_type),
            ),
        )
        return found.fetchone() is not None

    def add_facts(self, record: FactRecord) -> int:
        """Add discovery facts and return how many were new. Facts of unusable URLs are left in their WARC record."""
        added = 0
        warc = self.warc(record.ref.warc)
        for fact in record.facts:
            try:
                key = url_key(clean(fact.url))
            except UrlError:
                continue
            texts = (fact.title, fact.published, fact.author, fact.entry_id, fact.summary, fact.language, record.source)
            added += self._conn.execute(
                "INSERT INTO discoveries (url, url_key, via, found_on, seen_at, title, published, author, entry_id,"
                " summary, language, source, warc, offset, digest)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (
                    clean(fact.url),
                    key,
                    str(fact.via),
                    clean(fact.found_on),
                    stamp(fact.seen_at),
                    *map(clean_or_none, texts),
                    warc,
                    record.ref.offset,
                    fact_digest(fact, record.source),
                ),
            ).rowcount
        return added

    def facts_for(self, key: str, until: datetime | None = None) -> tuple[DiscoveryFact, ...]:
        """Return what was said of a URL key, earliest first; with `until`, seen at that time or before."""
        rows = self._conn.execute(
            "SELECT url, via, found_on, seen_at, title, published, author, entry_id, summary, language"
            " FROM discoveries WHERE url_key = ? AND seen_at <= ? ORDER BY seen_at, digest",
            (key, "9" if until is None else stamp(until)),
        )
        return tuple(
            DiscoveryFact(
                url=row[0], via=Via(row[1]), found_on=row[2], seen_at=instant(row[3]), title=row[4], published=row[5],
                author=row[6], entry_id=row[7], summary=row[8], language=row[9],
            )
            for row in rows
        )  # fmt: skip

    def extractor(self, extractor: ExtractorId) -> int:
        """Return the row of an extractor, made if new."""
        pk = self._extractors.get(extractor)
        if pk is None:
            values = (extractor.name, extractor.version, extractor.config)
            self._conn.execute(
                "INSERT INTO extractors (name, version, config) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", values
            )
            pk = self._conn.execute(
                "SELECT pk FROM extractors WHERE name = ? AND version = ? AND config = ?", values
            ).fetchone()[0]
            self._extractors[extractor] = pk
        return int(pk)

    def add_extraction(
        self,
        capture: int,
        extractor: ExtractorId,
        extraction: Extraction,
        *,
        profile: str | None = None,
        in_force: bool = True,
    ) -> int:
        """Add an extraction, or replace that of the same extractor; `in_force`: placement reads this one now."""
        result, digest = pack(extraction)
        status, reason = status_of(extraction)
        row = self._conn.execute(
            "INSERT INTO extractions (capture, extractor, status, reason, result, digest, profile)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (capture, extractor) DO UPDATE SET status = excluded.status, reason = excluded.reason,"
            " result = excluded.result, digest = excluded.digest, profile = excluded.profile RETURNING pk",
            (capture, self.extractor(extractor), status, reason, result, digest, profile),
        ).fetchone()
        if in_force:
            self._conn.execute("UPDATE captures SET extraction = ? WHERE pk = ?", (row[0], capture))
            self.opt_outs.set_markup(capture, extraction.signals)
        return int(row[0])

    def undated(self, key: str) -> list[Unsettled]:
        """Return what `Store.undated` promises."""
        rows = self._conn.execute(
            "SELECT c.pk, w.name, c.offset, c.source, c.role FROM articles a JOIN captures c ON c.article = a.pk"
            " JOIN extractions e ON e.pk = c.extraction AND e.status = 'article' JOIN warcs w ON w.pk = c.warc"
            " WHERE a.published IS NULL AND a.pk = (SELECT pk FROM articles WHERE url_key = ?"
            " UNION ALL SELECT article FROM aliases WHERE key = ? LIMIT 1) ORDER BY c.captured_at, c.pk",
            (key, key),
        )
        return [
            Unsettled(pk, warc, offset, source, Role(role) if role else None, undated=True)
            for pk, warc, offset, source, role in rows
        ]

    def mistaken(self, key: str) -> list[Unsettled]:
        """Return what `Store.mistaken` promises."""
        rows = self._conn.execute(
            "SELECT c.pk, w.name, c.offset, c.source, c.role FROM captures c"
            " JOIN extractions e ON e.pk = c.extraction AND e.status = 'refused' AND e.reason = 'listing'"
            " JOIN warcs w ON w.pk = c.warc WHERE c.url_key = ? AND c.role = 'section' ORDER BY c.captured_at, c.pk",
            (key,),
        )
        return [Unsettled(pk, warc, offset, source, Role(role)) for pk, warc, offset, source, role in rows]

    def ingested_to(self, warc: str) -> int:
        """Return up to which byte every record of a WARC file is in the database; 0 for an unknown file."""
        row = self._conn.execute("SELECT ingested_to FROM warcs WHERE name = ?", (clean(warc),)).fetchone()
        return 0 if row is None else int(row[0])

    def sealed_size(self, warc: str) -> int | None:
        """Return the size of a WARC file that was read to its end and will not grow; None for any other."""
        row = self._conn.execute("SELECT size FROM warcs WHERE name = ? AND sealed = 1", (clean(warc),)).fetchone()
        return None if row is None else int(row[0])

    def runs(self) -> frozenset[str]:
        """Return the names of the reports that are kept."""
        return frozenset(row[0] for row in self._conn.execute("SELECT id FROM runs"))

    def set_ingested(
        self,
        warc: str,
        length: int,
        *,
        sealed_size: int | None = None,
        sha256: str | None = None,
    ) -> None:
        """Note up to which byte a WARC file was read; `sealed_size`: its bytes, if it will not grow. None leaves a value."""
        self._conn.execute(
            "UPDATE warcs SET ingested_to = ?, sealed = max(sealed, ? IS NOT NULL), size = coalesce(?, size),"
            " sha256 = coalesce(?, sha256) WHERE pk = ?",
            (length, sealed_size, sealed_size, sha256, self.warc(warc)),
        )

    def note_import(self, imported: Imported) -> None:
        """Note what `Store.note_import` promises; made if the file is new."""
        self._conn.execute(
            "UPDATE warcs SET imported_from = ?, imported_sha256 = ?, in_place = ?, filter = ? WHERE pk = ?",
            (
                clean(imported.origin),
                imported.sha256,
                imported.in_place,
                imported.filter_text(),
                self.warc(imported.name),
            ),
        )

    def note_tombstones(self, decisions: Iterable[Decision]) -> None:
        """Write what `Store.note_tombstones` promises, if it is not there already."""
        rows: dict[str, tuple[str | None, ...]] = {}
        for line in decisions:
            if line.kind == TAKEDOWN:
                scope, reference = _text(line.data.get("scope")) or "", clean_or_none(_text(line.data.get("reference")))
                for one in hashes_of(line):
                    rows[one] = (one, scope, line.reason or "", reference, stamp(line.at))
        there = {row[0]: row for row in self._conn.execute("SELECT hash, scope, reason, reference, at FROM tombstones")}
        if there != rows:
            self._conn.execute("DELETE FROM tombstones")
            self._conn.executemany(
                "INSERT INTO tombstones (hash, scope, reason, reference, at) VALUES (?, ?, ?, ?, ?)", rows.values()
            )

    def add_run(self, name: str, report: Mapping[str, object]) -> bool:
        """Keep a crawl's report under the name of its file; returns whether it was new."""
        times = [
            value if isinstance(value, str) else None for value in (report.get("started_at"), report.get("ended_at"))
        ]
        return (
            self._conn.execute(
                "INSERT INTO runs (id, started_at, ended_at, report) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (clean(name), *times, json.dumps(report, sort_keys=True)),
            ).rowcount
            == 1
        )


def compared_values(snapshot: Snapshot) -> tuple[str | int | None, ...]:
    """Return what a capture's row says in the columns `COMPARED`."""
    return (
        clean(snapshot.url),
        stamp(snapshot.captured_at),
        clean(snapshot.record_type),
        clean_or_none(snapshot.payload_digest),
        key_or_raw(snapshot.url),
        snapshot.status,
        _mime(snapshot.headers),
        snapshot.ref.length,
        None if snapshot.role is None else str(snapshot.role),
        clean_or_none(snapshot.cut) or None,
        clean_or_none(snapshot.refers_to_url),
        None if snapshot.refers_to_at is None else stamp(snapshot.refers_to_at),
    )


def key_or_raw(url: str) -> str:
    """Return the key of a URL; the URL itself where it has none (dns:, urn:, junk): every capture has its row."""
    url = clean(url)
    try:
        return url_key(url)
    except UrlError:
        return url


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _mime(headers: tuple[tuple[str, str], ...]) -> str:
    value = next((value for name, value in headers if name.lower() == "content-type"), "")
    return clean(value.partition(";")[0].strip().lower()[:200])
