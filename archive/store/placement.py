"""Placing one capture: which article, which revision, which story. Ingest, rebuild and restory all come through here.

What placement reads is the capture's row, the stored extraction that is in force for it, and the captures placed
before it; so the same captures in the same order give the same articles, whoever asks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from archive.dedupe.decided import Groups
from archive.dedupe.exact import Deduper
from archive.dedupe.identity import names_of
from archive.dedupe.revisions import History, Published, Sight, SightKind, step
from archive.dedupe.words import content_digest, same_content
from archive.errors import UrlError
from archive.model import Extraction, Role
from archive.store.articles import Articles
from archive.store.changes import Told
from archive.store.optouts import OptOutRows
from archive.store.resolve import Resolver
from archive.store.rows import clean, clean_or_none, unpack
from archive.store.stories import Stories
from archive.store.superseded import keep_superseded, publisher_rows
from archive.urls import article_id

GONE = (404, 410)
NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class Placement:
    """What became of a capture. `article`, `story`: public ids."""

    article: str | None
    what: str  # new, revision, unchanged, gone; refused: it shows no article
    story: str | None = None
    kind: str | None = None  # how the article stands to its story: new, exact, near, rewrite, related, joined


REFUSED = Placement(None, "refused")


@dataclass(frozen=True, slots=True)
class Seen:
    """A capture's row as placement needs it."""

    pk: int
    url: str
    url_key: str
    at: str
    digest: str
    status: int | None
    record_type: str
    truncated: bool
    source: str | None
    refers_to: tuple[str | None, str | None]
    article: int | None
    result: bytes | None  # the accepted extraction in force
    asset: bool = False  # asked for to show a page: says nothing of any article, whatever address it has

    @property
    def order(self) -> tuple[str, str, str]:
        """Its place in the contract's order."""
        return self.at, self.url_key, self.digest


SEEN_SQL = (
    "SELECT c.pk, c.url, c.url_key, c.captured_at, ifnull(c.payload_digest, ''), c.status, c.record_type,"
    " c.truncated IS NOT NULL, c.source, c.refers_to_url, c.refers_to_at, c.article, e.result, c.content, c.role"
    " FROM captures c LEFT JOIN extractions e ON e.pk = c.extraction AND e.status = 'article'"
)
CONTRACT_ORDER = " ORDER BY c.captured_at, c.url_key, ifnull(c.payload_digest, ''), c.url, c.record_type"


def seen_from(row: tuple[Any, ...]) -> Seen:
    """Return a row of `SEEN_SQL`."""
    (
        pk,
        url,
        url_key,
        at,
        digest,
        status,
        record_type,
        truncated,
        source,
        refers_url,
        refers_at,
        article,
        result,
        _,
        role,
    ) = row
    return Seen(
        pk=pk,
        url=url,
        url_key=url_key,
        at=at,
        digest=digest,
        status=status,
        record_type=record_type,
        truncated=bool(truncated),
        source=source,
        refers_to=(refers_url, refers_at),
        article=article,
        result=result,
        asset=role == Role.ASSET,
    )


class Placer:
    """Places captures. Writes within the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection, deduper: Deduper) -> None:
        self._conn = conn
        self._deduper = deduper
        self._resolver = Resolver(conn)
        self.stories = Stories(conn)
        self._articles = Articles(conn, deduper)
        self._opt_outs = OptOutRows(conn)
        self.renamed: Mapping[str, str] = {}  # sources that people renamed
        self.groups = Groups()  # what people decided about stories

    def place(self, capture: int) -> Placement:
        """Place one capture; again, if its extraction was replaced. Idempotent."""
        row = self._conn.execute(f"{SEEN_SQL} WHERE c.pk = ?", (capture,)).fetchone()
        return REFUSED if row is None else self.place_seen(seen_from(row))

    def place_seen(self, seen: Seen) -> Placement:
        """Place one capture whose row was read already."""
        placed = self._place(self._with_present_name(seen))
        self._opt_outs.follow(seen.pk, before=seen.article)
        return placed

    def _place(self, seen: Seen) -> Placement:
        if seen.asset:
            return REFUSED
        if seen.result is not None:
            return self._place_text(seen, unpack(seen.result))
        if seen.record_type == "revisit" or seen.status == NOT_MODIFIED:
            return self._place_revisit(seen)
        if seen.status in GONE:
            article = self._resolver.by_key(seen.url_key)
            if article is None or not self._speaks_for(seen, article):
                return REFUSED
            return self._continue(seen, article, SightKind.GONE, None, None)
        if seen.article is not None:  # it showed an article once; read again, it does not
            return self._withdraw(seen)
        return REFUSED

    def _place_text(self, seen: Seen, extraction: Extraction) -> Placement:
        try:
            names = names_of(seen.url, extraction.canonical)
        except UrlError:
            return REFUSED
        text = extraction.text or ""
        content = None if seen.truncated else content_digest(extraction.title, text, extraction.description)
        article = seen.article if seen.article is not None else self._resolver.resolve(names, text)
        if article is not None:
            return self._continue(seen, article, SightKind.TEXT, content, extraction)
        article = self._articles.next_pk()
        if names.birth != names.key:
            self._resolver.add_alias(names.key, article)
        history = step(None, sight_of(seen, SightKind.TEXT, content, extraction))
        if history is None:
            raise AssertionError("a text always begins a history")
        placed = self._deduper.place(
            article, text=text, title=extraction.title, language=extraction.language, url=names.url, at=seen.at
        )
        public = article_id(names.birth)
        joins = placed.of if placed.joins else None
        story = self.stories.found(article, public) if joins is None else self.stories.story_of(joins)
        self._articles.insert(article, public, names, history, extraction, story=story, kind=placed.kind)
        if placed.of is not None:
            self._conn.execute(
                'INSERT INTO links (article, "of", kind, score, evidence) VALUES (?, ?, ?, ?, ?)',
                (article, placed.of, placed.kind, placed.score, placed.evidence),
            )
        self._mark(seen, article, content)
        if joins is not None:
            self.stories.changed(article)
        if named := {name for name in (public, article_id(names.key)) if name in self.groups.of}:
            self.stories.settle(self.groups, named)
        return self._placement(article, "new")

    def _place_revisit(self, seen: Seen) -> Placement:
        """Take a revisit for a sight of its article as the capture that it refers to showed it."""
        article = self._resolver.by_key(seen.url_key)
        row = None if article is None else self._repeated(seen, article)
        if article is None or row is None:
            return REFUSED
        return self._continue(seen, article, SightKind.AGAIN, row[0], None)

    def _repeated(self, seen: Seen, article: int) -> tuple[str | None] | None:
        """Return the content of the capture that a revisit repeats; None if none of the article's is it."""
        url, at = seen.refers_to
        row = None
        if url is not None and at is not None:
            row = self._conn.execute(
                "SELECT content FROM captures WHERE url = ? AND substr(captured_at, 1, 19) = substr(?, 1, 19)"
                " AND article = ? ORDER BY captured_at LIMIT 1",  # many writers give WARC-Refers-To-Date in seconds
                (url, at, article),
            ).fetchone()
        if row is None and seen.digest and seen.status != NOT_MODIFIED:
            row = self._conn.execute(
                "SELECT content FROM captures WHERE article = ? AND payload_digest = ? AND captured_at <= ?"
                " AND pk <> ? ORDER BY captured_at DESC LIMIT 1",
                (article, seen.digest, seen.at, seen.pk),
            ).fetchone()
        if row is None and seen.status == NOT_MODIFIED and url is None:
            row = self._conn.execute(
                "SELECT content FROM captures WHERE article = ? AND url = ? AND captured_at <= ? AND pk <> ?"
                " AND content IS NOT NULL ORDER BY captured_at DESC LIMIT 1",
                (article, seen.url, seen.at, seen.pk),
            ).fetchone()
        return None if row is None else (row[0],)

    def _continue(
        self, seen: Seen, article: int, kind: SightKind, content: str | None, extraction: Extraction | None
    ) -> Placement:
        """Add a sight to an article that is known: at its end, or by telling its whole history anew."""
        newest = self._newest(article)
        self._mark(seen, article, content)
        before = self._articles.history(article)
        hidden = self._articles.is_hidden(article)
        at_end = seen.article is None and newest is not None and seen.order > newest and not hidden
        if at_end and not _goes_back(before, kind, content):
            after = step(before, sight_of(seen, kind, content, extraction)) or before
            if after != before:
                self._articles.extend(article, before, after, extraction)
            changed = len(after.runs) != len(before.runs) or after.shown != before.shown
        else:
            before, told = self._articles.history(article, whole=True), self._retell(article)
            if told is None:  # nothing shows it, this capture neither
                return self._placement(article, "gone" if kind is SightKind.GONE else "unchanged")
            after = told
            self._articles.rewrite(article, after)
            changed = len(after.runs) != len(before.runs) or not all(
                same_content(one.content, other.content) for one, other in zip(after.runs, before.runs, strict=True)
            )
        if hidden or (after.published, after.first_seen) != (before.published, before.first_seen):
            self.stories.changed(article)
        if kind is SightKind.GONE:
            return self._placement(article, "gone")
        return self._placement(article, "revision" if changed else "unchanged")

    def reread(self, article: int) -> None:
        """Tell an article anew as the extractions in force now read its captures; those that show none leave it.

        What its revisions said before and do not say now is kept as revisions of cause extractor. An article that no
        capture shows any more is hidden.
        """
        before, said = self._articles.history(article, whole=True), publisher_rows(self._conn, article)
        texts: dict[int, Told] = {}  # captures.pk -> what it says now
        history: History | None = None
        for row in self._conn.execute(f"{SEEN_SQL} WHERE c.article = ?{CONTRACT_ORDER}", (article,)).fetchall():
            seen, content, kind, extraction = self._with_present_name(seen_from(row)), row[13], SightKind.GONE, None
            if seen.result is not None:
                kind, extraction = SightKind.TEXT, unpack(seen.result)
                text = extraction.text or ""
                content = None if seen.truncated else content_digest(extraction.title, text, extraction.description)
                texts[seen.pk] = (clean_or_none(extraction.title), clean(text))
            elif seen.record_type == "revisit" or seen.status == NOT_MODIFIED:
                again = self._repeated(seen, article)
                kind, content = SightKind.AGAIN, again and again[0]
                if again is None:
                    self._leave(seen.pk)
                    continue
            elif seen.status not in GONE:
                self._leave(seen.pk)
                continue
            if content != row[13]:
                self._mark(seen, article, content)
            history = step(history, sight_of(seen, kind, content, extraction))
        if history is None:
            self._articles.hide(article)
        elif history.runs == before.runs and [texts.get(run.capture) for run in history.runs] == [
            (one.title, one.text) for one in said
        ]:
            self._articles.show(article, history)
        else:
            self._articles.rewrite(article, history)
            keep_superseded(self._conn, article, said)
        self.stories.changed(article)
        self._opt_outs.settle(article)

    def _leave(self, capture: int) -> None:
        self._conn.execute("UPDATE captures SET article = NULL, content = NULL WHERE pk = ?", (capture,))

    def unplace(self, article: int) -> bool:
        """Take out an article that no capture shows and nothing else needs, as if it had never been; tells whether it went.

        Its id may be a person's or a copy's: then it stays, hidden. Captures that only say that it is gone show nothing.
        """
        needed = self._conn.execute(
            "SELECT EXISTS (SELECT 1 FROM captures WHERE article = :pk AND ifnull(status, 0) NOT IN (404, 410))"
            ' OR EXISTS (SELECT 1 FROM links WHERE "of" = :pk)'
            " OR EXISTS (SELECT 1 FROM articles b JOIN stories s ON s.pk = b.story JOIN articles a ON a.story = s.pk"
            " WHERE b.pk = :pk AND s.head = :pk AND a.pk <> :pk)"
            " OR EXISTS (SELECT 1 FROM articles a JOIN stories s ON s.pk = a.story, articles b WHERE b.pk = :pk"
            " AND s.id = b.id AND a.pk <> :pk)",
            {"pk": article},
        ).fetchone()[0]
        if needed:
            return False
        self._deduper.forget(article)
        story, alone = self._conn.execute(
            "SELECT story, NOT EXISTS (SELECT 1 FROM articles b WHERE b.story = a.story AND b.pk <> a.pk) FROM articles a"
            " WHERE a.pk = ?",
            (article,),
        ).fetchone()
        self._conn.execute("UPDATE captures SET article = NULL, content = NULL WHERE article = ?", (article,))
        for table in ("links", "aliases", "revision_changes", "revisions", "opt_outs"):
            self._conn.execute(f"DELETE FROM {table} WHERE article = ?", (article,))  # noqa: S608 - the names stand above
        self._conn.execute("DELETE FROM articles WHERE pk = ?", (article,))
        if alone:
            self._conn.execute("DELETE FROM stories WHERE pk = ?", (story,))
        else:
            self.stories.recount(story)
        return True

    def _retell(self, article: int) -> History | None:
        history: History | None = None
        for row in self._conn.execute(f"{SEEN_SQL} WHERE c.article = ?{CONTRACT_ORDER}", (article,)):
            seen, content = self._with_present_name(seen_from(row)), row[13]
            extraction = None if seen.result is None else unpack(seen.result)
            without = SightKind.GONE if seen.status in GONE else SightKind.AGAIN
            kind = without if extraction is None else SightKind.TEXT
            history = step(history, sight_of(seen, kind, content, extraction))
        return history

    def _withdraw(self, seen: Seen) -> Placement:
        """Take back a capture whose new extraction finds no article. The article's other captures still show it."""
        article = seen.article
        if article is None:
            return REFUSED
        self._conn.execute("UPDATE captures SET article = NULL, content = NULL WHERE pk = ?", (seen.pk,))
        after = self._retell(article)
        if after is None:  # nothing shows it any more: hidden, not lost
            self._articles.hide(article)
            self.stories.changed(article)
        else:
            self._articles.rewrite(article, after)
            self.stories.changed(article)
        return REFUSED

    def _speaks_for(self, seen: Seen, article: int) -> bool:
        """Tell whether a URL that is gone means that its article is: an AMP page may go where the plain one stays."""
        return (
            self._conn.execute(
                "SELECT 1 FROM articles a WHERE a.pk = ? AND a.url_key <> ? AND EXISTS"
                " (SELECT 1 FROM captures c WHERE c.article = a.pk AND c.url_key = a.url_key AND c.content IS NOT NULL)",
                (article, seen.url_key),
            ).fetchone()
            is None
        )

    def _with_present_name(self, seen: Seen) -> Seen:
        """Return the row with its source's name of today."""
        name = self.renamed.get(seen.source or "")
        return seen if name is None else replace(seen, source=name)

    def _newest(self, article: int) -> tuple[str, str, str] | None:
        row = self._conn.execute(
            "SELECT captured_at, url_key, ifnull(payload_digest, '') FROM captures WHERE article = ?"
            " ORDER BY captured_at DESC, url_key DESC, ifnull(payload_digest, '') DESC LIMIT 1",
            (article,),
        ).fetchone()
        return None if row is None else (row[0], row[1], row[2])

    def _mark(self, seen: Seen, article: int, content: str | None) -> None:
        self._conn.execute("UPDATE captures SET article = ?, content = ? WHERE pk = ?", (article, content, seen.pk))

    def _placement(self, article: int, what: str) -> Placement:
        row = self._conn.execute(
            "SELECT a.id, s.id, a.kind FROM articles a JOIN stories s ON s.pk = a.story WHERE a.pk = ?", (article,)
        ).fetchone()
        return Placement(row[0], what, row[1], row[2])


def _goes_back(before: History, kind: SightKind, content: str | None) -> bool:
    """Tell whether a revisit shows an older text again: which one, only the whole history knows."""
    if kind is not SightKind.AGAIN or content is None:
        return False
    return not before.runs or not same_content(before.runs[-1].content, content)


def sight_of(seen: Seen, kind: SightKind, content: str | None, extraction: Extraction | None) -> Sight:
    """Return a capture as the history of its article sees it."""
    published = modified = None
    if extraction is not None:
        modified = extraction.modified
        if extraction.published:
            published = Published(
                value=extraction.published, precision=extraction.published_precision, via=extraction.published_via
            )
    return Sight(
        capture=seen.pk,
        at=seen.at,
        kind=kind,
        content=content,
        published=published,
        modified=modified,
        source=seen.source,
    )
