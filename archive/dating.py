"""What came late: a feed or sitemap that, after a page was captured, gives its date, or says that it is an article.

Extraction uses what was said of a page up to its capture. Where that leaves an article undated, the earliest later fact
that dates it is used too; and where a page was refused because its address looks like a section's, the earliest later
fact that announces it as an article. Both hold whether the fact is read before the page is placed or long after, so that a
rebuild, which has all facts at hand, gives the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from archive.errors import ShelfError
from archive.extract import EXTRACTOR
from archive.model import ANNOUNCING, DiscoveryFact, Extraction, ExtractorId, Role, Snapshot
from archive.store import Store, Unsettled, key_or_raw
from archive.warc import read_record

Facts = tuple[DiscoveryFact, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a capture says, and the site profile (its digest) and extractor that it was read with."""

    extraction: Extraction
    profile: str | None = None
    extractor: ExtractorId = EXTRACTOR


class LateFacts:
    """Extracts undated and mistaken captures once more. Reads the store, writes nothing."""

    def __init__(self, store: Store, find: Callable[[str], Path], read: Callable[[Snapshot, Facts], Reading]) -> None:
        """`find(name)`: the file that the tables call `name`. `read(snapshot, facts)`: as at first reading."""
        self._store = store
        self._find = find
        self._read = read

    def unsettled_by(self, facts: Iterable[DiscoveryFact]) -> list[tuple[DiscoveryFact, list[Unsettled]]]:
        """Return those facts that may settle placed captures, with these. Ask before the facts are stored.

        What was said before was tried before: feeds announce the same entry again and again.
        """
        found = []
        for fact in facts:
            key = key_or_raw(fact.url)
            captures = [
                *(self._store.undated(key) if fact.published is not None else ()),
                *(self._store.mistaken(key) if fact.via in ANNOUNCING else ()),
            ]
            if not captures:
                continue
            known = self._store.facts_for(key)
            dates, announced = _dates(known), any(f.via in ANNOUNCING for f in known)
            captures = [c for c in captures if not (fact.published in dates if c.undated else announced)]
            if captures:
                found.append((fact, captures))
        return found

    def settled_by_later(self, snapshot: Snapshot, used: Facts, reading: Reading) -> Reading:
        """Return the reading of a page with what was said of it after its capture, where that says more.

        `used`: the facts that `reading` was made with.
        """
        return settled_by_later(
            reading,
            lambda later, undated: self.settled(Unsettled.of(snapshot, undated=undated), later),
            role=snapshot.role,
            used=used,
            known=lambda: self._store.facts_for(key_or_raw(snapshot.url)),
        )

    def settled(self, capture: Unsettled, later: Facts) -> Reading | None:
        """Return the capture's reading with the first of these facts that settles it, None if none does."""
        if not later:
            return None
        try:
            snapshot = read_record(self._find(capture.warc), capture.offset, name=capture.warc)
        except ShelfError:  # its file was taken away or is damaged: the page stays as it is
            return None
        snapshot = replace(snapshot, source=capture.source, role=capture.role)
        earlier = self._store.facts_for(key_or_raw(snapshot.url), snapshot.captured_at)
        for fact in later:
            reading = self._read(snapshot, earlier if fact in earlier else (*earlier, fact))
            if settles(reading.extraction, undated=capture.undated):
                return reading
        return None


def settled_by_later(
    reading: Reading,
    settle: Callable[[Facts, bool], Reading | None],
    *,
    role: Role | None,
    used: Facts,
    known: Callable[[], Facts],
) -> Reading:
    """Return what `LateFacts.settled_by_later` promises. Pure but for what it calls.

    `settle(facts, undated)`: the reading with the first of these later facts that settles the page, None if none does.
    `known()`: all that was ever said of the page.
    """
    if is_mistaken(role, reading.extraction):
        announced = tuple(fact for fact in known() if fact.via in ANNOUNCING)
        reading = settle(announced[:1], False) or reading
    if not reading.extraction.article or reading.extraction.published is not None:
        return reading
    tried = _dates(used)
    later: dict[str, DiscoveryFact] = {}
    for fact in known():
        if fact.published is not None and fact.published not in tried:
            later.setdefault(fact.published, fact)
    return (settle(tuple(later.values()), True) if later else None) or reading


def settles(extraction: Extraction, *, undated: bool) -> bool:
    """Say whether a reading with a later fact is better than the one without."""
    return extraction.article and (extraction.published is not None or not undated)


def is_mistaken(role: Role | None, extraction: Extraction) -> bool:
    """Say whether a page was refused because the crawler took its address for a section's."""
    return role is Role.SECTION and extraction.reason == "listing"


def _dates(facts: Facts) -> set[str | None]:
    return {fact.published for fact in facts}
