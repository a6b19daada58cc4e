"""Promotion and rollback of one source, within the caller's transaction.

What another extractor read is put in force capture by capture, and each article that it reads otherwise is told anew. Whether
that is too bad is known when it is done: the guard is a transaction that is taken back, so what is reported is what would be.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from archive.dedupe.words import same_content
from archive.model import Extraction, ExtractorId
from archive.reader import PageReader
from archive.reextract.reading import How
from archive.reextract.reconcile import Reconciler
from archive.reextract.report import Report, Told
from archive.reextract.wanted import Chosen
from archive.reextract.work import content_of
from archive.store import Store
from archive.store.rows import unpack

MOST_LOST = 0.05  # share of a source's articles that may lose their text; as for what a site profile may cost

_TO_PROMOTE = (
    "SELECT c.pk, e.pk, c.article, e.status, e.digest IS o.digest FROM chosen s JOIN captures c ON c.pk = s.capture"
    " JOIN extractions e ON e.capture = c.pk AND e.extractor = s.extractor JOIN extractions o ON o.pk = c.extraction"
    " WHERE s.source = ? AND (e.status = 'article' OR e.reason NOT LIKE 'error-%')"
    " AND (e.pk <> c.extraction OR (c.article IS NULL AND e.status = 'article'))"
    " ORDER BY c.article, c.captured_at, c.url_key, ifnull(c.payload_digest, ''), c.url, c.record_type"
)
# Of an article, what its whole captures are read by, by time.
_READ = (
    "SELECT c.pk, e.pk, e.extractor, e.profile, x.name, x.version, x.config FROM captures c"
    " JOIN extractions e ON e.pk = c.extraction AND e.status = 'article' JOIN extractors x ON x.pk = e.extractor"
    " WHERE c.article = ? AND c.truncated IS NULL ORDER BY c.captured_at, c.url_key, ifnull(c.payload_digest, '')"
)
_TOLD = "SELECT id, url, title, authors, published, text, NOT hidden FROM articles WHERE pk = ?"


@dataclass(frozen=True, slots=True)
class _Row:
    """A capture whose reading is to be put in force."""

    capture: int
    extraction: int
    article: int | None
    accepted: bool
    same: bool  # as what is in force, to the last byte


class Promoter:
    """Puts readings in force and out of it. Writes within the caller's transaction."""

    def __init__(self, store: Store, reader: PageReader, how: How | None = None) -> None:
        """`how`: with what a page is read once more, where two of its captures were read in different ways."""
        self._store = store
        self._conn: sqlite3.Connection = store.db.conn
        self._reader = reader
        self._reconciler = None if how is None else Reconciler(store, reader, how)
        self._conn.execute(  # once: each new table makes SQLite prepare its statements again
            "CREATE TEMP TABLE IF NOT EXISTS promoting"
            " (capture INTEGER, extraction INTEGER, article INTEGER, accepted TEXT, same INTEGER)"
        )

    def live(self, source: str) -> int:
        """Return how many articles a source shows."""
        if source:
            return self._store.readings.live_articles(self._reader.names_of(source))
        return int(
            self._conn.execute("SELECT count(*) FROM articles WHERE hidden = 0 AND source IS NULL").fetchone()[0]
        )

    def promote(self, chosen: Chosen, report: Report, *, at: str) -> None:
        """Put in force what was chosen of a source and read, and count in the report what that changes."""
        source = report.source
        report.articles = self.live(source)
        self._conn.execute("DELETE FROM promoting")
        self._conn.execute(f"INSERT INTO promoting {_TO_PROMOTE}", (source,))
        report.captures = self._conn.execute("SELECT count(*) FROM promoting").fetchone()[0]
        if not report.captures:
            return
        promotion = self._store.promotions.begin(source, chosen.extractor(source), at)
        new: list[int] = []
        for article, rows in groupby(self._promoting(), key=lambda row: row.article):
            if article is None:
                new += self._switch_alone(promotion, rows, report)
            else:
                self._switch_article(promotion, article, list(rows), report)
        self._place_followers(new)

    def _promoting(self) -> Iterator[_Row]:
        last = 0
        while rows := self._conn.execute(
            "SELECT rowid, * FROM promoting WHERE rowid > ? ORDER BY rowid LIMIT 1000", (last,)
        ).fetchall():
            for number, capture, extraction, article, status, same in rows:
                last = number
                yield _Row(capture, extraction, article, status == "article", bool(same))

    def _switch_article(self, promotion: int, article: int, rows: list[_Row], report: Report) -> None:
        """Put readings of one article's captures in force."""
        for row in rows:
            self._store.promotions.switch(promotion, row.capture, row.extraction, same=row.same)
        if all(row.same for row in rows):
            return
        before = self._told(article)
        if self._reconciler is not None:
            self._reconciler.article(article)
        self._store.reread(article)
        report.take(before, self._told(article))

    def _switch_alone(self, promotion: int, rows: Iterable[_Row], report: Report) -> list[int]:
        """Put readings of captures in force that show no article; returns those that show one now."""
        new = []
        for row in rows:
            if row.extraction != self._in_force(row.capture):
                self._store.promotions.switch(promotion, row.capture, row.extraction, same=row.same)
            if row.accepted:
                before = self._told(self._known(row.capture))
                self._store.place(row.capture)
                shown = self._shows(row.capture)
                if shown is not None:
                    new.append(row.capture)
                    report.take(replace(before, shown=False) if before.id == "" else before, self._told(shown))
        return new

    def _in_force(self, capture: int) -> int:
        return int(self._conn.execute("SELECT extraction FROM captures WHERE pk = ?", (capture,)).fetchone()[0])

    def _shows(self, capture: int) -> int | None:
        found: int | None = self._conn.execute("SELECT article FROM captures WHERE pk = ?", (capture,)).fetchone()[0]
        return found

    def _known(self, capture: int) -> int | None:
        """Return the article that has a capture's address, if there is one."""
        row = self._conn.execute(
            "SELECT a.pk FROM captures c JOIN articles a ON a.url_key = c.url_key"
            " OR a.pk = (SELECT article FROM aliases l WHERE l.key = c.url_key) WHERE c.pk = ?",
            (capture,),
        ).fetchone()
        return None if row is None else int(row[0])

    def _told(self, article: int | None) -> Told:
        row = None if article is None else self._conn.execute(_TOLD, (article,)).fetchone()
        if row is None:
            return Told(id="", url="", shown=False)
        id_, url, title, authors, published, text, shown = row
        return Told(id=id_, url=url, title=title, authors=authors, published=published, text=text, shown=bool(shown))

    def _place_followers(self, captures: Iterable[int]) -> None:
        """Place the revisits of captures that show an article now, and what the server said of it when it was gone."""
        for pk in self._store.readings.followers(captures):
            if self._shows(pk) is None:
                self._store.place(pk)

    def roll_back(self, promotion: int, report: Report, *, at: str) -> None:
        """Put in force again what a promotion replaced, and count in the report what that changes."""
        report.articles = self.live(report.source)
        promoted = self._store.promotions.extractor_of(promotion)
        affected: set[int] = set()
        born: set[int] = set()
        restored: list[int] = []
        for one in self._store.promotions.superseded(promotion):
            report.captures += 1
            same = one.article == one.shows and self._digest(one.extraction) == self._digest(
                self._in_force(one.capture)
            )
            if not same:
                affected |= {article for article in (one.article, one.shows) if article is not None}
            self._store.promotions.put_in_force(one.capture, one.extraction)
            if one.article != one.shows:
                self._store.promotions.show(one.capture, one.article)
                restored.append(one.capture)
                if one.article is None and one.shows is not None:
                    born.add(one.shows)
        for article in sorted(affected):
            before = self._told(article)
            self._follow_back(article, promoted)
            self._store.reread(article)
            report.take(before, self._told(article))
        self._place_again(restored)
        self._place_followers(restored)
        for article in sorted(born):
            if not self._told(article).shown:
                self._store.unplace(article)
        self._store.promotions.undo(promotion, at)

    def _follow_back(self, article: int, promoted: int) -> None:
        """Let captures that came since the promotion say what the capture before them says again, if nobody edited the page.

        They were read by the promoted extractor alone. If it says the same of both, another reading of the later one would
        look like the publisher's edit. The same rule as at first reading (`archive.reader`).
        """
        kept: tuple[int, ExtractorId, str | None, int] | None = None  # capture, extractor, profile, extraction before
        for capture, extraction, extractor, profile, *identity in self._conn.execute(_READ, (article,)).fetchall():
            if extractor != promoted:
                name, version, config = identity
                kept = capture, ExtractorId(name=name, version=version, config=config), profile, extraction
                continue
            if kept is None or self._store.readings.by(capture, kept[1]) is not None:
                continue  # it has a reading of its own, that another promotion replaced
            then, now = self._by(kept[0], promoted), self._by(capture, promoted)
            if then is None or now is None or not same_content(content_of(then), content_of(now)):
                kept = None  # an edit: what follows is read as this is
                continue
            said = unpack(self._result(kept[3]))
            row = self._store.add_extraction(capture, kept[1], replace(said, signals=now.signals), profile=kept[2])
            kept = capture, kept[1], kept[2], row

    def _by(self, capture: int, extractor: int) -> Extraction | None:
        """Return what an extractor read in a capture, in force or not."""
        row = self._conn.execute(
            "SELECT result FROM extractions WHERE capture = ? AND extractor = ? AND status = 'article'",
            (capture, extractor),
        ).fetchone()
        return None if row is None else unpack(row[0])

    def _result(self, extraction: int) -> bytes:
        return bytes(self._conn.execute("SELECT result FROM extractions WHERE pk = ?", (extraction,)).fetchone()[0])

    def _place_again(self, captures: Iterable[int]) -> None:
        """Place captures whose article went with a restory since."""
        for pk in captures:
            if self._shows(pk) is None:
                self._store.place(pk)

    def _digest(self, extraction: int) -> str:
        return str(self._conn.execute("SELECT digest FROM extractions WHERE pk = ?", (extraction,)).fetchone()[0])
