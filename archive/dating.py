"""Dates that came late: a page without a date of its own, and a feed or sitemap that gives one after it was captured.

Extraction uses what was said of a page up to its capture. Where that leaves an article undated, the earliest later fact
that dates it is used too, whether the fact is read before the page is placed or long after, so that a rebuild, which has
all facts at hand, gives the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from archive.errors import ShelfError
from archive.model import DiscoveryFact, Extraction, Snapshot
from archive.store import Store, Undated, key_or_raw
from archive.warc import read_record

Facts = tuple[DiscoveryFact, ...]


class LateDates:
    """Extracts undated captures once more. Reads the store, writes nothing."""

    def __init__(
        self, store: Store, find: Callable[[str], Path], extract: Callable[[Snapshot, Facts], Extraction]
    ) -> None:
        """`find(name)`: the file that the tables call `name`. `extract(snapshot, facts)`: as at first reading."""
        self._store = store
        self._find = find
        self._extract = extract

    def undated_by(self, facts: Iterable[DiscoveryFact]) -> list[tuple[DiscoveryFact, list[Undated]]]:
        """Return those facts that may date placed articles, with the captures of these. Ask before they are stored.

        A date that was said before was tried before: feeds announce the same entry again and again.
        """
        found = []
        for fact in facts:
            if fact.published is None or not (captures := self._store.undated(key_or_raw(fact.url))):
                continue
            if fact.published not in _dates(self._store.facts_for(key_or_raw(fact.url))):
                found.append((fact, captures))
        return found

    def dated_by_later(self, snapshot: Snapshot, used: Facts) -> Extraction | None:
        """Return the extraction of an undated page with what was said of it later, None if nothing dates it.

        `used`: the facts that left it undated.
        """
        tried = _dates(used)
        later: dict[str, DiscoveryFact] = {}
        for fact in self._store.facts_for(key_or_raw(snapshot.url)):
            if fact.published is not None and fact.published not in tried:
                later.setdefault(fact.published, fact)
        if not later:
            return None
        return self.dated(Undated.of(snapshot), tuple(later.values()))

    def dated(self, undated: Undated, later: Facts) -> Extraction | None:
        """Return the capture's extraction with the first of these facts that dates it, None if none does."""
        try:
            snapshot = read_record(self._find(undated.warc), undated.offset, name=undated.warc)
        except ShelfError:  # its file was taken away or is damaged: the page stays undated
            return None
        snapshot = replace(snapshot, source=undated.source, role=undated.role)
        earlier = self._store.facts_for(key_or_raw(snapshot.url), snapshot.captured_at)
        for fact in later:
            extraction = self._extract(snapshot, earlier if fact in earlier else (*earlier, fact))
            if extraction.article and extraction.published is not None:
                return extraction
        return None


def _dates(facts: Facts) -> set[str | None]:
    return {fact.published for fact in facts}
