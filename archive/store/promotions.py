"""Rows of promotions: which extractor's readings were put in force, and what was in force before."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from archive.model import ExtractorId
from archive.store.optouts import OptOutRows
from archive.store.rows import unpack


@dataclass(frozen=True, slots=True)
class Promotion:
    """One source's promotion."""

    pk: int
    source: str  # its name then; "" for captures of no source
    extractor: ExtractorId
    promoted_at: str  # UTC
    rolled_back_at: str | None


@dataclass(frozen=True, slots=True)
class Before:
    """A capture as it was before a promotion."""

    capture: int
    extraction: int
    article: int | None  # articles.pk of the article that it showed
    shows: int | None  # articles.pk of the one that it shows now


class PromotionRows:
    """Which readings are in force. Writes within the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection, opt_outs: OptOutRows) -> None:
        self._conn = conn
        self._opt_outs = opt_outs

    def add(self, capture: int, extractor: int, row: tuple[str, str | None, bytes, str], profile: str | None) -> int:
        """Keep a reading (status, reason, result, digest, as `pack` and `status_of` give them) beside the others.

        That of the same capture and extractor is replaced, also where it is in force: a page that had failed.
        """
        found = self._conn.execute(
            "INSERT INTO extractions (capture, extractor, status, reason, result, digest, profile)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (capture, extractor) DO UPDATE SET status = excluded.status, reason = excluded.reason,"
            " result = excluded.result, digest = excluded.digest, profile = excluded.profile RETURNING pk",
            (capture, extractor, *row, profile),
        ).fetchone()
        extraction = int(found[0])
        in_force = self._conn.execute("SELECT 1 FROM captures WHERE pk = ? AND extraction = ?", (capture, extraction))
        if in_force.fetchone() is not None:
            self._opt_outs.set_markup(capture, unpack(row[2]).signals)
        return extraction

    def begin(self, source: str, extractor: int, at: str) -> int:
        """Note a promotion and return its row."""
        cursor = self._conn.execute(
            "INSERT INTO promotions (source, extractor, promoted_at) VALUES (?, ?, ?)", (source, extractor, at)
        )
        return int(cursor.lastrowid or 0)

    def switch(self, promotion: int, capture: int, extraction: int, *, same: bool = False) -> None:
        """Put an extraction in force for its capture, and remember which one was; `same`: it says the same."""
        self._conn.execute(
            "INSERT INTO superseded (promotion, capture, extraction, article) SELECT ?, c.pk, c.extraction, a.id"
            " FROM captures c LEFT JOIN articles a ON a.pk = c.article WHERE c.pk = ?",
            (promotion, capture),
        )
        if same:
            self._conn.execute("UPDATE captures SET extraction = ? WHERE pk = ?", (extraction, capture))
        else:
            self.put_in_force(capture, extraction)

    def put_in_force(self, capture: int, extraction: int) -> None:
        """Let placement read this extraction from now on."""
        self._conn.execute("UPDATE captures SET extraction = ? WHERE pk = ?", (extraction, capture))
        row = self._conn.execute("SELECT result FROM extractions WHERE pk = ?", (extraction,)).fetchone()
        self._opt_outs.set_markup(capture, unpack(row[0]).signals)

    def last(self, names: Collection[str], extractor: int | None = None) -> Promotion | None:
        """Return the last promotion of a source, by all the names it has had.

        That holds, or (`extractor`) of this one whether it holds or not.
        """
        which = "p.rolled_back_at IS NULL" if extractor is None else "p.extractor = ?"
        row = self._conn.execute(
            "SELECT p.pk, p.source, x.name, x.version, x.config, p.promoted_at, p.rolled_back_at FROM promotions p"  # noqa: S608 - marks
            f" JOIN extractors x ON x.pk = p.extractor WHERE p.source IN ({', '.join('?' * len(names))}) AND {which}"
            " ORDER BY p.pk DESC LIMIT 1",
            (*names,) if extractor is None else (*names, extractor),
        ).fetchone()
        if row is None:
            return None
        return Promotion(row[0], row[1], ExtractorId(name=row[2], version=row[3], config=row[4]), *row[5:])

    def extractor_of(self, promotion: int) -> int:
        """Return `extractors.pk` of what a promotion put in force."""
        return int(self._conn.execute("SELECT extractor FROM promotions WHERE pk = ?", (promotion,)).fetchone()[0])

    def sources(self) -> list[str]:
        """Return the sources that have a promotion that holds, by the names they had then."""
        rows = self._conn.execute("SELECT DISTINCT source FROM promotions WHERE rolled_back_at IS NULL ORDER BY source")
        return [row[0] for row in rows]

    def superseded(self, promotion: int) -> Iterator[Before]:
        """Yield what a promotion put out of force, the captures of one article together. Rows may change meanwhile."""
        self._conn.execute("DROP TABLE IF EXISTS temp.rolling_back")
        self._conn.execute(
            "CREATE TEMP TABLE rolling_back AS SELECT s.capture, s.extraction, a.pk AS article, c.article AS shows"
            " FROM superseded s JOIN captures c ON c.pk = s.capture LEFT JOIN articles a ON a.id = s.article"
            " WHERE s.promotion = ? ORDER BY ifnull(a.pk, c.article), c.captured_at, c.pk",
            (promotion,),
        )
        for row in self._conn.execute("SELECT capture, extraction, article, shows FROM rolling_back ORDER BY rowid"):
            yield Before(*row)

    def show(self, capture: int, article: int | None) -> None:
        """Give a capture back to the article that it showed; its content is told when that is read again."""
        self._conn.execute("UPDATE captures SET article = ?, content = NULL WHERE pk = ?", (article, capture))

    def undo(self, promotion: int, at: str) -> None:
        """Note that a promotion was rolled back; what it replaced is in force again."""
        self._conn.execute("UPDATE promotions SET rolled_back_at = ? WHERE pk = ?", (at, promotion))
        self._conn.execute("DELETE FROM superseded WHERE promotion = ?", (promotion,))
