"""Readings: which captures teach a source's profile, which were read with which, and what of the decisions is done."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from archive.model import Extraction, ExtractorId, Role
from archive.store.rows import instant, stamp, unpack

# A profile changes what is taken for text. Reasons that are given before there is a text do not depend on it.
_BY_TEXT = ("no-text", "too-short", "consent", "error-page", "listing")
_NEWEST = 10  # times as many as are wanted: among them those are chosen that spread over time


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCapture:
    """A capture with where it lies: to be read once more."""

    pk: int
    url_key: str
    captured_at: datetime
    warc: str
    offset: int
    source: str | None  # as ingested; may have been renamed since
    role: Role | None
    profile: str | None  # digest, of the extraction in force
    article: int | None  # articles.pk


@dataclass(frozen=True, slots=True)
class EarlierReading:
    """How an article's preceding capture was read: with which profile and extractor, and what it showed (a content digest)."""

    profile: str | None
    content: str
    capture: int
    extractor: ExtractorId


_STORED = (
    "SELECT c.pk, c.url_key, c.captured_at, w.name, c.offset, c.source, c.role, e.profile, c.article"
    " FROM captures c JOIN warcs w ON w.pk = c.warc JOIN extractions e ON e.pk = c.extraction"
)


class ReadingRows:
    """What learning asks of captures and extractions. Writes within the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def articles_by_source(self) -> dict[str, int]:
        """Return how many articles each source has, by the names in the table."""
        rows = self._conn.execute("SELECT source, count(*) FROM articles WHERE source IS NOT NULL GROUP BY source")
        return dict(rows.fetchall())

    def live_articles(self, names: Collection[str]) -> int:
        """Return how many articles that are not hidden a source has under these names."""
        query = f"SELECT count(*) FROM articles WHERE hidden = 0 AND source IN ({_marks(names)})"  # noqa: S608 - marks
        return int(self._conn.execute(query, [*names]).fetchone()[0])

    def hidden(self, articles: Iterable[int]) -> int:
        """Return how many of these articles are hidden."""
        query = "SELECT count(*) FROM articles WHERE hidden = 1 AND pk IN (SELECT value FROM json_each(?))"
        return int(self._conn.execute(query, (json.dumps(sorted(articles)),)).fetchone()[0])

    def teachers(self, names: Collection[str], most: int) -> list[StoredCapture]:
        """Return up to `most` captures of a source to learn from, oldest first: the newest whole one of each article.

        Of the newest articles those are taken that spread over time, always the newest among them.
        """
        marks = _marks(names)
        newest = self._conn.execute(
            "SELECT a.url_key, max(c.captured_at || ' ' || c.pk) FROM articles a JOIN captures c ON c.article = a.pk"  # noqa: S608 - marks
            " JOIN extractions e ON e.pk = c.extraction AND e.status = 'article'"
            f" WHERE a.source IN ({marks}) AND c.source IN ({marks}) AND a.hidden = 0 AND c.truncated IS NULL"
            " GROUP BY a.pk ORDER BY 2 DESC, 1 LIMIT ?",
            [*names, *names, most * _NEWEST],
        ).fetchall()
        chosen = [int(newest[at][1].rpartition(" ")[2]) for at in spread(len(newest), most)]
        found = [self.capture(pk) for pk in chosen]
        return sorted(found, key=lambda one: (one.captured_at, one.url_key, one.pk))

    def capture(self, pk: int) -> StoredCapture:
        """Return a capture by its row."""
        row = self._conn.execute(f"{_STORED} WHERE c.pk = ?", (pk,)).fetchone()
        return _stored(row)

    def by_text(
        self, names: Collection[str], wanted: Callable[[datetime, str | None], bool], *, since: datetime | None
    ) -> list[int]:
        """Return a source's captures whose reading depends on a profile, in contract order.

        `wanted(captured_at, profile)`: by when it was captured and with which profile it was read. `since`: no earlier.
        """
        rows = self._conn.execute(
            "SELECT c.pk, c.captured_at, e.profile FROM captures c JOIN extractions e ON e.pk = c.extraction"  # noqa: S608 - marks
            f" WHERE c.source IN ({_marks(names)}) AND (e.status = 'article' OR e.reason IN ({_marks(_BY_TEXT)}))"
            " AND NOT (e.status = 'refused' AND e.reason = 'listing' AND c.role IS 'section') AND c.captured_at >= ?"
            " ORDER BY c.captured_at, c.url_key, ifnull(c.payload_digest, ''), c.url, c.record_type",
            [*names, *_BY_TEXT, "" if since is None else stamp(since)],
        )
        return [pk for pk, at, profile in rows if wanted(instant(at), profile)]

    def followers(self, captures: Iterable[int]) -> list[int]:
        """Return the captures without a text of their own (revisits, gone) of the pages of these, in contract order."""
        rows = self._conn.execute(
            "SELECT DISTINCT r.pk, r.captured_at, r.url_key, ifnull(r.payload_digest, '') FROM captures c JOIN captures r"
            " ON r.article = c.article OR r.url_key = c.url_key WHERE c.pk IN (SELECT value FROM json_each(?))"
            " AND (r.record_type = 'revisit' OR r.status IN (304, 404, 410)) ORDER BY 2, 3, 4",
            (json.dumps(sorted(captures)),),
        )
        return [row[0] for row in rows]

    def extraction(self, capture: int) -> Extraction:
        """Return the extraction in force of a capture that has one."""
        row = self._conn.execute(
            "SELECT e.result FROM captures c JOIN extractions e ON e.pk = c.extraction WHERE c.pk = ?", (capture,)
        ).fetchone()
        return unpack(row[0])

    def read_by(self, capture: int) -> ExtractorId:
        """Return who made the extraction in force of a capture that has one."""
        row = self._conn.execute(
            "SELECT x.name, x.version, x.config FROM captures c JOIN extractions e ON e.pk = c.extraction"
            " JOIN extractors x ON x.pk = e.extractor WHERE c.pk = ?",
            (capture,),
        ).fetchone()
        return ExtractorId(name=row[0], version=row[1], config=row[2])

    def earlier(self, url_key: str, before: datetime) -> EarlierReading | None:
        """Return how the last whole capture of an article with this URL key before that time was read."""
        row = self._conn.execute(
            "SELECT e.profile, c.content, c.pk, x.name, x.version, x.config FROM captures c"
            " JOIN extractions e ON e.pk = c.extraction JOIN extractors x ON x.pk = e.extractor"
            " WHERE c.url_key = ? AND c.captured_at < ? AND e.status = 'article' AND c.content IS NOT NULL"
            " ORDER BY c.captured_at DESC, ifnull(c.payload_digest, '') DESC LIMIT 1",
            (url_key, stamp(before)),
        ).fetchone()
        if row is None:
            return None
        profile, content, capture, name, version, config = row
        return EarlierReading(profile, content, capture, ExtractorId(name=name, version=version, config=config))

    def by(self, capture: int, extractor: ExtractorId) -> Extraction | None:
        """Return what an extractor read in a capture, in force or not; None if it did not read it."""
        row = self._conn.execute(
            "SELECT e.result FROM extractions e JOIN extractors x ON x.pk = e.extractor"
            " WHERE e.capture = ? AND x.name = ? AND x.version = ? AND x.config = ?",
            (capture, extractor.name, extractor.version, extractor.config),
        ).fetchone()
        return None if row is None else unpack(row[0])

    # what of the decisions is done

    def carried_out(self) -> frozenset[tuple[str, str, datetime]]:
        """Return the adoptions whose captures have been read: source, digest, when it was adopted."""
        rows = self._conn.execute("SELECT source, digest, adopted_at FROM profiles")
        return frozenset((source, digest, instant(at)) for source, digest, at in rows)

    def set_carried_out(
        self, source: str, adopted: Sequence[tuple[str, datetime | None, datetime]], *, names: Collection[str]
    ) -> None:
        """Note which adoptions of a source (digest, from, when) hold, and that its captures have been read with them.

        `names`: all that it had.
        """
        self._conn.execute(f"DELETE FROM profiles WHERE source IN ({_marks(names)})", [*names])  # noqa: S608 - marks
        self._conn.executemany(
            "INSERT INTO profiles (source, digest, from_at, adopted_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(source, digest, start and stamp(start), stamp(at)) for digest, start, at in adopted],
        )

    def forget_carried_out(self, digest: str) -> None:
        """Note that captures were read without this profile, because its file was missing."""
        self._conn.execute("DELETE FROM profiles WHERE digest = ?", (digest,))

    def learned(self) -> dict[str, tuple[int, int]]:
        """Return for each source how many articles it had when it was last learned from, and by which version."""
        rows = self._conn.execute("SELECT source, articles, version FROM learned")
        return {source: (articles, version) for source, articles, version in rows}

    def set_learned(self, source: str, articles: int, version: int) -> None:
        """Note that a source was learned from, whether anything came of it or not."""
        self._conn.execute(
            "INSERT INTO learned (source, articles, version) VALUES (?, ?, ?) ON CONFLICT (source)"
            " DO UPDATE SET articles = excluded.articles, version = excluded.version",
            (source, articles, version),
        )


def spread(available: int, most: int) -> list[int]:
    """Return up to `most` places among 0 to `available` - 1, evenly spread, the first and the last among them.

    >>> spread(3, 5), spread(10, 4)
    ([0, 1, 2], [0, 3, 6, 9])
    """
    if available <= most:
        return list(range(available))
    if most <= 1:
        return [0] * most
    return [round(at * (available - 1) / (most - 1)) for at in range(most)]


def _stored(row: tuple[int, str, str, str, int, str | None, str | None, str | None, int | None]) -> StoredCapture:
    pk, url_key, at, warc, offset, source, role, profile, article = row
    return StoredCapture(
        pk=pk,
        url_key=url_key,
        captured_at=instant(at),
        warc=warc,
        offset=offset,
        source=source,
        role=Role(role) if role else None,
        profile=profile,
        article=article,
    )


def _marks(values: Collection[str]) -> str:
    return ", ".join("?" * len(values))
