"""How much of one text stands in another: the numbers from which a same story is told. Pure.

Sentences are aligned by the weight (idf) of the terms that they share: that survives translation by a machine, synonyms,
another order and trimming, where shingles do not (docs/decisions.md, "A copy is told by its sentences").
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

from archive.dedupe.prepared import Prepared, Sentence

Weights = Mapping[int, float]  # term -> idf

FEATURES = (
    "soft", "soft_long", "strict", "jaccard", "contained", "names", "grams", "ratio", "order", "unquoted", "title", "shared",
    "evenness",
)  # fmt: skip
_STRICT = 0.45  # weighted Jaccard of two sentences from which they say the same
_ALIGNED = 0.3  # … from which they may
_LEAST_CONTAINED = 0.3
_LEAST_NAMES = 3
_COMMON = 0.7  # idf: what stands in half of the texts tells nothing of this one
_TINY = 1e-9
_LEAST_BESIDE = 8  # words
_BESIDE = 0.4  # share of what is beside the common lines that two versions of one text have in common at least
_MOST_OF_TITLE = 0.6  # papers that report one event choose one headline often enough; those who copy choose their own
NO_TITLE = 0.4  # what a missing title counts: neither for nor against


@dataclass(frozen=True, slots=True)
class Match:
    """One sentence and the one of the other text that is most like it."""

    here: int
    there: int
    alike: float  # weighted Jaccard, 0 to 1


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found."""

    features: tuple[float, ...]  # FEATURES
    matches: tuple[Match, ...]  # of the shorter text's sentences, in their order
    swapped: bool  # the first text is the longer one
    grams: float  # share of the shorter text's three-word sequences that stand in the other


class Side:
    """One text with its weights; made once, compared often. Terms that stand in most texts are left out."""

    def __init__(self, text: Prepared, weights: Weights, title: frozenset[int] = frozenset()) -> None:
        self.sentences: Sequence[Sentence] = text.sentences
        self.title = title
        self.sizes: list[float] = []
        self.places: dict[int, list[int]] = {}  # term -> the sentences that have it
        places = self.places
        for n, each in enumerate(text.sentences):
            size = 0.0
            for term in set(each.terms):
                weight = weights[term]
                if weight > _COMMON:
                    size += weight
                    if term in places:
                        places[term].append(n)
                    else:
                        places[term] = [n]
            self.sizes.append(size)
        self.total = sum([weights[t] for t in places])
        self.size = sum(self.sizes)
        self.names = frozenset[int]().union(*(s.names for s in text.sentences))
        self._grams: set[tuple[int, ...]] | None = None

    @property
    def grams(self) -> set[tuple[int, ...]]:
        """Three-word sequences within sentences."""
        if self._grams is None:
            self._grams = set()
            for each in self.sentences:
                self._grams.update(zip(each.terms, each.terms[1:], each.terms[2:], strict=False))
        return self._grams


def compare(one: Side, other: Side, weights: Weights) -> Comparison:
    """Compare two texts."""
    swapped = one.size > other.size
    short, long = (other, one) if swapped else (one, other)
    shared = short.places.keys() & long.places.keys()
    weight = sum([weights[t] for t in shared])
    rows, soft_long = _shared(short, long, shared, weights)
    soft = strict = unquoted = 0.0
    matches: list[Match] = []
    for n in sorted(rows):
        there, alike, most = _nearest(rows[n], short.sizes[n], long.sizes)
        soft += most
        unquoted += most * (1.0 - short.sentences[n].quoted)
        if alike >= _STRICT:
            strict += short.sizes[n]
        if alike >= _ALIGNED:
            matches.append(Match(n, there, alike))
    spoken = sum([size * (1.0 - s.quoted) for size, s in zip(short.sizes, short.sentences, strict=True)])
    names = len(short.names & long.names) / len(short.names) if len(short.names) >= _LEAST_NAMES else -1.0
    grams = len(short.grams & long.grams) / len(short.grams) if short.grams else 0.0
    features = (
        soft / max(short.size, _TINY),
        soft_long / max(long.size, _TINY),
        strict / max(short.size, _TINY),
        weight / max(short.total + long.total - weight, _TINY),
        weight / max(short.total, _TINY),
        names,
        grams,
        math.log(max(long.size, _TINY) / max(short.size, _TINY)),
        _order(matches),
        unquoted / max(spoken, _TINY),
        _titles(one.title, other.title, weights),
        math.log1p(weight),
        len(matches) / max(len(short.sentences), 1),
    )
    return Comparison(features, tuple(matches), swapped, grams)


def may_be_alike(one: Set[int], other: Set[int], weights: Weights) -> bool:
    """Tell from the terms alone whether two texts are worth comparing by the sentence.

    A lower bound of `contained`: four of 7,412 comparisons of copies were below it, and 70% of those of strangers.
    """
    mine, theirs, both = (sum([w for t in each if (w := weights[t]) > _COMMON]) for each in (one, other, one & other))
    return both >= _LEAST_CONTAINED * min(mine, theirs)


def share_furniture_only(one: Prepared, other: Prepared, weights: Weights) -> bool:
    """Tell whether two texts of a site have lines in common, and beside those nothing: a disclaimer longer than the news.

    What was trimmed has nothing beside them; what was edited still shares words there.
    """
    lines = {line.strip() for line in one.lines} & {line.strip() for line in other.lines}
    mine, theirs = (
        t.without(frozenset(n for n, line in enumerate(t.lines) if line.strip() in lines)) for t in (one, other)
    )
    if min(mine.words, theirs.words) < _LEAST_BESIDE:
        return False
    found = compare(Side(mine, weights), Side(theirs, weights), weights)
    return found.features[0] < _BESIDE


def _shared(
    short: Side, long: Side, shared: Iterable[int], weights: Weights
) -> tuple[dict[int, dict[int, float]], float]:
    """Return for each sentence of the shorter text what it shares with each of the longer, and how much of that is found."""
    rows: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for term in shared:
        weight = weights[term]
        there = long.places[term]
        for here in short.places[term]:
            row = rows[here]
            for at in there:
                row[at] += weight
    most: dict[int, float] = {}
    for row in rows.values():
        for at, weight in row.items():
            if weight > most.get(at, 0.0):
                most[at] = weight
    return rows, sum([most[at] for at in sorted(most)])


def _nearest(row: Mapping[int, float], size: float, sizes: Sequence[float]) -> tuple[int, float, float]:
    """Return the sentence that is most like this one, how much, and the most that any sentence shares with it."""
    best, alike, most = -1, 0.0, 0.0
    for at, weight in row.items():
        jaccard = weight / (size + sizes[at] - weight)
        if jaccard > alike or (jaccard == alike and at < best):
            best, alike = at, jaccard
        most = max(most, weight)
    return best, alike, most


def _titles(one: frozenset[int], other: frozenset[int], weights: Weights) -> float:
    """Return how much of the shorter title stands in the other, .6 at most."""
    if not one or not other:
        return NO_TITLE
    mine, theirs, both = (sum([weights[t] for t in sorted(each)]) for each in (one, other, one & other))
    return min(both / max(min(mine, theirs), _TINY), _MOST_OF_TITLE)


def _order(matches: Sequence[Match]) -> float:
    """Return which share of neighbouring matches keeps its order; -1 for fewer than three."""
    if len(matches) < 3:  # noqa: PLR2004 - two matches have an order by chance
        return -1.0
    return sum(b.there >= a.there for a, b in pairwise(matches)) / (len(matches) - 1)
