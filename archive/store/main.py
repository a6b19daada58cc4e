"""The store: one object through which everything is written to archive.db."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from sqlite_utils import Database

from archive.clock import Clock
from archive.database import database_error
from archive.decisions import Decision, DecisionLike, renames
from archive.dedupe.decided import Groups, groups_of
from archive.dedupe.exact import Deduper
from archive.dedupe.story import Known, StoryDeduper
from archive.imported import Imported
from archive.model import DiscoveryFact, Extraction, ExtractorId, FactRecord, Snapshot
from archive.schema import count_articles
from archive.store.captures import CaptureRows, Unsettled
from archive.store.placement import Placement, Placer
from archive.store.promotions import PromotionRows
from archive.store.readings import ReadingRows
from archive.store.restory import RestoryReport, restory
from archive.store.superseded import Before


class Store:
    """Writes archive.db. Every change stands in a `with store.transaction():`; one batch, one transaction.

    `decisions`: those of decisions.jsonl that placement heeds (renamed sources, stories). SQLite's errors leave `transaction`
    as `DatabaseError`.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        deduper: Deduper | None = None,
        decisions: Iterable[DecisionLike] = (),
    ) -> None:
        self.db = db
        self.clock = clock
        self._conn: sqlite3.Connection = db.conn
        self._deduper = deduper or StoryDeduper(self._conn, self._known)
        self._rows = CaptureRows(self._conn)
        self.opt_outs = self._rows.opt_outs  # what sites ask of those who keep their pages
        self.readings = ReadingRows(self._conn)  # which profile was used where
        self.promotions = PromotionRows(self._conn, self.opt_outs)  # which extractor's readings were put in force
        self._placer = Placer(self._conn, self._deduper)
        self._heed(decisions)

    def _heed(self, decisions: Iterable[DecisionLike]) -> None:
        decisions = tuple(decisions)
        self._placer.renamed = renames(decisions)
        self._placer.groups = groups_of(decisions)

    def _known(self, article: int) -> Known | None:
        """Return what an article says now; None if it is hidden."""
        row = self._conn.execute(
            "SELECT text, title, language, url FROM articles WHERE pk = ? AND hidden = 0", (article,)
        ).fetchone()
        return None if row is None else Known(*row)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all that is written in the block, or nothing of it."""
        try:
            self._conn.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._rows.forget_cached()
                if self._conn.in_transaction:
                    self._conn.execute("ROLLBACK")
                raise
            self._conn.execute("COMMIT")
        except sqlite3.Error as error:
            self._rows.forget_cached()
            if self._conn.in_transaction:
                self._conn.execute("ROLLBACK")
            path = self._conn.execute("PRAGMA database_list").fetchone()[2] or "archive.db"
            raise database_error(error, path) from error

    def add_capture(self, snapshot: Snapshot) -> int | None:
        """Add a capture and return its row, or None if it is known: same URL as requested, time, digest and type."""
        return self._rows.add(snapshot)

    def knows(self, snapshot: Snapshot) -> bool:
        """Return whether a capture is there: same URL as requested, time, digest and type."""
        return self._rows.knows(snapshot)

    def add_facts(self, record: FactRecord) -> int:
        """Add what feeds, sitemaps and front pages said; returns how many of the facts were new."""
        return self._rows.add_facts(record)

    def facts_for(self, url_key: str, until: datetime | None = None) -> tuple[DiscoveryFact, ...]:
        """Return what was said of a URL key, earliest first, up to `until` (included)."""
        return self._rows.facts_for(url_key, until)

    def add_extraction(
        self,
        capture: int,
        extractor: ExtractorId,
        extraction: Extraction,
        *,
        profile: str | None = None,
        in_force: bool = True,
    ) -> int:
        """Keep an extraction; that of the same capture and extractor is replaced.

        `profile`: digest of the site profile that the page was read with. `in_force`: placement reads this one from
        now on (the default, and what promotion does); otherwise it only stands beside.
        """
        return self._rows.add_extraction(capture, extractor, extraction, profile=profile, in_force=in_force)

    def replace_extraction(
        self, capture: int, extractor: ExtractorId, extraction: Extraction, *, profile: str | None = None
    ) -> None:
        """Keep an extraction in the place of the one in force, which is damaged and goes, whichever extractor made it."""
        old = self._conn.execute("SELECT extraction FROM captures WHERE pk = ?", (capture,)).fetchone()[0]
        new = self._rows.add_extraction(capture, extractor, extraction, profile=profile)
        if old != new:
            self.drop_extraction(old)

    def drop_extraction(self, extraction: int) -> None:
        """Take out an extraction that is not in force; a rollback leaves its capture as it is then."""
        self._conn.execute("DELETE FROM superseded WHERE extraction = ?", (extraction,))
        self._conn.execute("DELETE FROM extractions WHERE pk = ?", (extraction,))

    def place(self, capture: int) -> Placement:
        """Place a capture by the extraction in force for it; a revisit or a 404 by what it says of a known article.

        Idempotent. A capture that comes late is placed as the archive now stands; `restory` settles it.
        """
        return self._placer.place(capture)

    def reread(self, article: int) -> None:
        """Tell an article (`articles.pk`) anew after extractions of its captures were put in force or out of it.

        What it said before is kept as revisions of cause extractor; it is hidden if no capture shows it any more.
        """
        self._placer.reread(article)

    def before(self) -> Before:
        """Return what remembers how articles read, so that it is kept as revisions of cause extractor."""
        return Before(self._conn)

    def unplace(self, article: int) -> bool:
        """Take out a hidden article that no capture shows, as if it had never been; False if something still needs it."""
        return self._placer.unplace(article)

    def extractor(self, extractor: ExtractorId) -> int:
        """Return the row of an extractor, made if new."""
        return self._rows.extractor(extractor)

    def restory(
        self,
        decisions: Iterable[DecisionLike] | None = None,
        *,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> RestoryReport:
        """Place everything anew in contract order: (captured_at, URL key, payload digest). Inside a transaction.

        The result depends on the captures, extractions and decisions alone, not on the order in which they came.
        """
        if decisions is not None:
            self._heed(decisions)
        report = restory(self._conn, self._deduper, self._placer, on_progress=on_progress)
        self._note_decided(self._placer.groups)
        return report

    def regroup(self, decisions: Iterable[DecisionLike], ids: Collection[str] | None = None) -> None:
        """Do what `decisions` (all there are) say of stories, with the articles as they are placed now. In a transaction.

        With the articles of these public ids and what is tied to them; without `ids` with all that the decisions name,
        unless that is done already. What came late is settled by `restory`.
        """
        self._heed(decisions)
        groups = self._placer.groups
        if ids is None:
            done = self._conn.execute("SELECT digest FROM decided WHERE what = 'stories'").fetchone()
            if (done[0] if done else "") == groups.digest:
                return
        self._placer.stories.settle(groups, groups.of.keys() if ids is None else ids)
        self._note_decided(groups)

    def _note_decided(self, groups: Groups) -> None:
        self._conn.execute("INSERT OR REPLACE INTO decided (what, digest) VALUES ('stories', ?)", (groups.digest,))

    def note_tombstones(self, decisions: Iterable[Decision]) -> None:
        """Write what was taken down into its table, as `decisions` (all there are) say. Inside a transaction."""
        self._rows.note_tombstones(decisions)

    def undated(self, url_key: str) -> list[Unsettled]:
        """Return the captures, earliest first, of the article with this URL key if it is undated.

        What a discovery fact that came later may date: the caller extracts them once more and places them again.
        """
        return self._rows.undated(url_key)

    def mistaken(self, url_key: str) -> list[Unsettled]:
        """Return the captures, earliest first, of this URL key that were refused for looking like a section's.

        What a feed or news sitemap that came later may clear: extract once more and place again.
        """
        return self._rows.mistaken(url_key)

    def ingested_to(self, warc: str) -> int:
        """Return up to which byte every record of a WARC file (its name without .open) was read; 0 if unknown."""
        return self._rows.ingested_to(warc)

    def sealed_size(self, warc: str) -> int | None:
        """Return the size of a WARC file that was read to its end and will not grow; None for any other."""
        return self._rows.sealed_size(warc)

    def runs(self) -> frozenset[str]:
        """Return the names of the reports that are kept."""
        return self._rows.runs()

    def set_ingested(
        self,
        warc: str,
        length: int,
        *,
        sealed_size: int | None = None,
        sha256: str | None = None,
    ) -> None:
        """Note up to which byte a WARC file was read, in the transaction that holds those records' rows.

        `sealed_size`: the file's bytes, once it was read to its end and will not grow. None leaves a value as it is.
        """
        self._rows.set_ingested(warc, length, sealed_size=sealed_size, sha256=sha256)

    def read_anew(self, warc: str) -> None:
        """Forget how far a WARC file was read: the next ingest reads it from its beginning, and passes over what is known."""
        self._conn.execute("UPDATE warcs SET ingested_to = 0, sealed = 0, size = NULL WHERE name = ?", (warc,))

    def make_index(self) -> None:
        """Make the full-text index again from the articles' terms. Inside a transaction."""
        self._conn.execute("INSERT INTO articles_fts(articles_fts) VALUES ('rebuild')")

    def count_articles(self) -> None:
        """Count the articles again that searches and statistics tell, by day and by month. Inside a transaction."""
        count_articles(self._conn)

    def note_import(self, imported: Imported) -> None:
        """Note where an imported file came from, whether it lies there still, and what of it was taken."""
        self._rows.note_import(imported)

    def add_run(self, name: str, report: Mapping[str, object]) -> bool:
        """Keep a crawl's report, `name` being that of its file; returns whether it was new."""
        return self._rows.add_run(name, report)

    def close(self) -> None:
        """Close the database."""
        self._conn.close()
