"""Readings of one page that differ only by how they were made: those are made alike, for nobody edited the page.

The rules of the first reading (`archive.reader`): if by the earlier capture's site profile a page says what that capture says,
or if both say the same once trafilatura is asked of both, the later one says what the earlier one says.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace

from archive.dedupe.words import same_content
from archive.errors import ShelfError
from archive.extract.page import WITHOUT
from archive.model import Extraction, Role
from archive.reader import PageReader
from archive.reextract.reading import How, path_for, read_once
from archive.reextract.work import Batch, Reference, content_of
from archive.store import Store, instant
from archive.store.rows import pack, unpack

# Of an article, its whole captures that are read as one, by time.
_CAPTURES = (
    "SELECT c.pk, c.url, c.captured_at, w.name, c.offset, c.length, c.source, c.role, e.extractor, e.profile, e.result"
    " FROM captures c JOIN extractions e ON e.pk = c.extraction AND e.status = 'article' JOIN warcs w ON w.pk = c.warc"
    " WHERE c.article = ? AND c.truncated IS NULL ORDER BY c.captured_at, c.url_key, ifnull(c.payload_digest, '')"
)


@dataclass(frozen=True, slots=True)
class _Said:
    """A capture, and what it says."""

    reference: Reference  # with the profile that it was read with
    warc: str
    extractor: int
    extraction: Extraction

    @property
    def content(self) -> str:
        """The digest of what a reader sees."""
        return content_of(self.extraction)

    @property
    def asked(self) -> bool:
        """Whether trafilatura was."""
        return self.extraction.provenance.get("text") != WITHOUT


class Reconciler:
    """Makes readings alike. Writes within the caller's transaction."""

    def __init__(self, store: Store, reader: PageReader, how: How) -> None:
        """`how`: with what a page is read once more."""
        self._store = store
        self._conn: sqlite3.Connection = store.db.conn
        self._reader = reader
        self._how = how

    def article(self, article: int) -> None:
        """Look at all captures of an article, and have those say what the one before says of which that is true."""
        captures = self._captures(article)
        if len({(one.reference.profile, one.asked) for one in captures}) < 2:  # noqa: PLR2004 - all were read alike
            return
        before, kept = captures[0], captures[0]  # the capture before, and what it says now
        for one in captures[1:]:
            alike = self._alike(before, kept, one)
            if alike is not None:
                row = "article", None, *pack(alike.extraction)
                self._store.promotions.add(one.reference.capture, one.extractor, row, alike.reference.profile)
            before, kept = one, alike or one

    def _alike(self, before: _Said, kept: _Said, one: _Said) -> _Said | None:
        """Return a capture with the reading by which it says what the one before says; None if it does, or none does."""
        # What else is in force (a page that fails by now) was read by somebody who is not here to read it again.
        if one.extractor != self._extractor(one) or same_content(one.content, kept.content):
            return None
        earlier = kept.reference.profile
        if one.reference.profile != earlier:
            return self._if_same(self._read(one, profile=earlier), kept)
        if one.asked == kept.asked:
            return None
        if kept.asked:
            return self._if_same(self._read(one, profile=earlier, thorough=True), kept)
        then = self._read(before, profile=earlier, thorough=True)
        if then is None or not same_content(then.content, one.content):
            return None
        return replace(one, extraction=replace(kept.extraction, signals=one.extraction.signals))

    def _if_same(self, again: _Said | None, kept: _Said) -> _Said | None:
        return again if again is not None and same_content(again.content, kept.content) else None

    def _extractor(self, one: _Said) -> int:
        return int(self._store.extractor(self._how.extractor.of(one.reference.selectors)))

    def _captures(self, article: int) -> list[_Said]:
        found = []
        for pk, url, at, warc, offset, length, source, role, extractor, profile, result in self._conn.execute(
            _CAPTURES, (article,)
        ).fetchall():
            present, known, captured = self._reader.named(source, url), self._reader.all_facts(url), instant(at)
            reference = Reference(
                capture=pk, url=url, captured_at=captured, offset=offset, length=length, source=present,
                role=Role(role) if role else None, selectors=self._reader.selectors(present), profile=profile,
                facts=tuple(fact for fact in known if fact.seen_at <= captured),
                later=tuple(fact for fact in known if fact.seen_at > captured),
            )  # fmt: skip
            found.append(_Said(reference, warc, extractor, unpack(result)))
        return found

    def _read(self, one: _Said, *, profile: str | None, thorough: bool = False) -> _Said | None:
        """Read a capture once more; None if it cannot be, or is no article then."""
        try:
            path = path_for(self._reader.find(one.warc), self._how)
        except ShelfError:
            return None
        reference = replace(one.reference, profile=profile, thorough=thorough)
        extractor, profiles = self._how.extractor, self._how.profiles
        batch = Batch(path=path, name=one.warc, references=(reference,), extractor=extractor, profiles=profiles)
        answer = read_once(batch, self._how)
        if answer.result is None or answer.status != "article":
            return None
        return replace(one, reference=reference, extraction=unpack(answer.result))
