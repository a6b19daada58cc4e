"""What another reading changes, source by source. Pure.

An article counts as lost if it would have no text any more, or keep less than three quarters of its words: a reading that drops
furniture takes some lines, one that drops paragraphs takes more.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from archive.dedupe.words import as_read

KEPT = 0.75  # share of a text's words, by their characters, below which it counts as lost
MOST_SAMPLES = 6  # of one source
_WORD = re.compile(r"\w+")
_MOST_TEXT = 20_000  # characters of a sample: thousands of sources have some each


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an article says."""

    id: str
    url: str
    title: str | None = None
    authors: str = "[]"  # JSON
    published: str | None = None
    text: str = ""
    shown: bool = True  # False: it is hidden, or no article


class What(StrEnum):
    """The most that happened to an article, worst first."""

    EMPTIED = "emptied"
    CUT = "cut"
    CHANGED = "changed"  # title or text
    DATED = "dated"
    AUTHORS = "authors"
    FOUND = "found"


_WORST = tuple(What)


@dataclass(frozen=True, slots=True)
class Sample:
    """One article before and after."""

    what: What
    kept: float  # share of its words
    before: Told
    after: Told

    @property
    def rank(self) -> tuple[int, float, str]:
        """Worst first; by address where that is alike, so that two runs show the same."""
        return _WORST.index(self.what), self.kept, self.before.url


class Outcome(StrEnum):
    """What became of a source."""

    PROMOTED = "promoted"
    UNCHANGED = "unchanged"  # what was read is in force already
    REFUSED = "refused"
    HELD = "rolled-back"  # somebody rolled this extractor back: only a person brings it forth again
    READ = "read"  # rows only: --no-promote
    DRY = "dry-run"
    ROLLED_BACK = "taken-back"


@dataclass(slots=True, kw_only=True)
class Report:
    """What changed in one source."""

    source: str  # "" for captures of no source
    extractor: str = ""  # who read it: name, version, settings
    outcome: Outcome = Outcome.UNCHANGED
    refusable: bool = False  # of a dry run: promotion would refuse it
    articles: int = 0  # that it has, shown
    captures: int = 0  # whose reading is another row now
    changed: int = 0  # articles with another title or text
    titles: int = 0
    emptied: int = 0
    cut: int = 0  # that keep less than `KEPT`
    found: int = 0
    dated: int = 0  # whose date moved, came or went
    authors: int = 0
    words_before: int = 0  # of the texts that changed or went
    words_after: int = 0
    kept: int = 0  # characters of words that stand in both
    of: int = 0  # characters of words before
    samples: list[Sample] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Articles that lost their text, all or much of it."""
        return self.emptied + self.cut

    @property
    def share(self) -> float:
        """Share of the source's articles that lost their text."""
        return self.lost / self.articles if self.articles else 0.0

    def take(self, before: Told, after: Told) -> None:
        """Count one article."""
        if not before.shown and not after.shown:
            return
        if not before.shown:
            self.found += 1
            self._sample(Sample(What.FOUND, 1.0, _cut(before), _cut(after)))
            return
        was, now = words_of(before.text), words_of(after.text if after.shown else "")
        kept, of = common(was, now), weight(was)
        share = kept / of if of else 1.0
        title, text = before.title != after.title, as_read(before.text) != as_read(after.text)
        dated, authors = before.published != after.published, before.authors != after.authors
        what = None
        if not after.shown:
            self.emptied += 1
            what = What.EMPTIED
        else:
            self.dated += dated
            self.authors += authors
            self.titles += title
            self.changed += title or text
            if text and share < KEPT:
                self.cut += 1
                what = What.CUT
            elif title or text:
                what = What.CHANGED
            elif dated or authors:
                what = What.DATED if dated else What.AUTHORS
        if text or not after.shown:
            self.words_before += was.total()
            self.words_after += now.total()
            self.kept += kept
            self.of += of
        if what is not None:
            self._sample(Sample(what, round(share, 3), _cut(before), _cut(after)))

    def _sample(self, sample: Sample) -> None:
        """Keep the worst, and at least one of each kind that there is room for."""
        self.samples.append(sample)
        self.samples.sort(key=lambda one: one.rank)
        if len(self.samples) > MOST_SAMPLES:
            counts = Counter(one.what for one in self.samples)
            most = max(counts.values())
            last = max(n for n, one in enumerate(self.samples) if counts[one.what] == most)
            del self.samples[last]

    def as_json(self) -> dict[str, object]:
        """Return it for `--json`."""
        return {
            "source": self.source or None,
            "extractor": self.extractor,
            "outcome": str(self.outcome),
            "would_be_refused": self.refusable,
            "articles": self.articles,
            "captures": self.captures,
            "changed": self.changed,
            "titles": self.titles,
            "emptied": self.emptied,
            "cut": self.cut,
            "lost_share": round(self.share, 4),
            "found": self.found,
            "dates_moved": self.dated,
            "authors_changed": self.authors,
            "words_before": self.words_before,
            "words_after": self.words_after,
            "words_kept": round(self.kept / self.of, 4) if self.of else None,
            "samples": [
                {
                    "what": str(one.what),
                    "kept": one.kept,
                    "url": one.before.url,
                    "before": told(one.before),
                    "after": told(one.after),
                }
                for one in self.samples
            ],
        }


def _cut(one: Told) -> Told:
    return one if len(one.text) <= _MOST_TEXT else replace(one, text=f"{one.text[:_MOST_TEXT]}…")


def told(one: Told) -> dict[str, object] | None:
    """Return what an article says for `--json`; None for none."""
    if not one.shown:
        return None
    return {"title": one.title, "authors": one.authors, "published": one.published, "text": one.text}


def words_of(text: str) -> Counter[str]:
    """Return the words of a text, each with how often it stands there.

    >>> words_of("tide by tide")["tide"]
    2
    """
    return Counter(_WORD.findall(text))


def weight(words: Mapping[str, int]) -> int:
    """Return how many characters words have: scripts without spaces have few, long ones."""
    return sum(len(word) * number for word, number in words.items())


def common(one: Mapping[str, int], other: Mapping[str, int]) -> int:
    """Return the characters of the words that stand in both.

    >>> common(words_of("the tide came"), words_of("the storm came"))
    7
    """
    return sum(len(word) * min(number, other.get(word, 0)) for word, number in one.items())
