"""What a site profile decides about a page that was read before there was one, without reading the page again.

A source's first profile holds for its earlier pages too (`archive.learning`), and most of them it leaves as they are. What
is kept of a page is decided by its segments, how likely each is the article's, and what the profile says of them: so these
are kept from the first reading, and the functions that decide are asked once more. If they keep the same segments, the page
says what it said; if not, it has to be read again.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from archive.extract.features import Table, weigh
from archive.extract.judge import HEADS, choose
from archive.extract.page import Judged, Page
from archive.extract.profile import lesson_from, with_site
from archive.extract.segment import Place, Segment
from archive.extract.why import Choice
from archive.model import Extraction

_FAST = 1  # zlib: a fifth of the size for a millisecond

_Step = tuple[str, int, tuple[str, ...], str]  # tag, number of the parent (-1: none), words, step
_Run = tuple[str, int, int]  # text, characters of it that are link text, number of the place


@dataclass(frozen=True, slots=True)
class Ballot:
    """A page's reading without a profile, and what a profile would be heard about."""

    url: str
    extraction: Extraction
    places: Sequence[_Step]
    runs: Sequence[_Run]  # every segment; of those that nothing depends on without its text
    judged: Judged | None  # None: no profile is heard (selectors, or refused before its text was read)
    kept: Sequence[bool]

    @classmethod
    def of(cls, url: str, extraction: Extraction, choices: Sequence[Choice], base: str) -> Ballot:
        """Return the ballot of a page that was read without a profile, `base` standing as first witness."""
        numbers: dict[int, int] = {}
        places: list[_Step] = []
        runs: list[_Run] = []
        for choice in choices:
            segment = choice.segment
            telling = choice.likely or choice.kept or segment.place.tag in HEADS
            runs.append((segment.text if telling else "", segment.linked, _number(segment.place, numbers, places)))
        chances = [choice.likely for choice in choices if choice.likely is not None]
        judged = Judged(np.array(chances, dtype=np.float64).tobytes(), base) if chances else None
        return cls(url, extraction, places, runs, judged, [choice.kept for choice in choices])

    def packed(self) -> bytes:
        """Return it as bytes, for `unpacked` of this process or its children alone."""
        return zlib.compress(pickle.dumps(self, pickle.HIGHEST_PROTOCOL), _FAST)

    @staticmethod
    def unpacked(data: bytes) -> Ballot:
        """Return what was packed."""
        found: Ballot = pickle.loads(zlib.decompress(data))  # noqa: S301 - packed by our own worker, never stored
        return found

    def moved_by(self, profile: Mapping[str, object]) -> bool:
        """Tell whether other segments would be kept if this profile were heard."""
        if self.judged is None:
            return False
        found, likely = self._segments(), np.frombuffer(self.judged.likely, dtype=np.float64)
        table = Table.judged(likely, [weigh(text) for text, _, _ in self.runs])
        heard = with_site(Page(url=self.url, body=b"", profile=profile), found, table, likely, self.kept)
        return heard is not likely and choose(found, heard) != list(self.kept)

    def lesson(self) -> Mapping[str, object] | None:
        """Return what the page teaches of its site, as `archive.extract.profile.lesson` does."""
        if not self.extraction.article:
            return None
        chances = np.frombuffer(self.judged.likely, dtype=np.float64) if self.judged else np.zeros(len(self.runs))
        pieces = zip(self._segments(), map(float, chances), self.kept, strict=True)
        return lesson_from(self.url, ((s, weigh(s.text), chance, kept) for s, chance, kept in pieces))

    def _segments(self) -> list[Segment]:
        """Return the segments without what they were made of."""
        places: list[Place] = []
        for tag, parent, own, step in self.places:
            above = places[parent] if parent >= 0 else None
            places.append(Place(tag, above, 0, own, step, frozenset(), False, None))
        return [Segment(n, text, linked, 0, 0, places[at], []) for n, (text, linked, at) in enumerate(self.runs)]


def _number(place: Place, numbers: dict[int, int], places: list[_Step]) -> int:
    """Return a place's number in `places`, after it and what is above it were put there."""
    chain: list[Place] = []
    at: Place | None = place
    while at is not None and id(at) not in numbers:
        chain.append(at)
        at = at.parent
    for one in reversed(chain):
        numbers[id(one)] = len(places)
        above = -1 if one.parent is None else numbers[id(one.parent)]
        places.append((one.tag, above, one.own, one.step))
    return numbers[id(place)]
