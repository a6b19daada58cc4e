"""Which kept articles a text may be a copy of: an index of rare pairs of words that stand near each other.

Two texts of one story share names, numbers and rare words, and a few of those keep standing side by side however the
sentence between them is put. So a text is known by those unordered pairs of terms, at most three apart in a sentence, that
weigh most (idf). What shares two of them (three in a large archive) is worth comparing. Rows of the connection; they
commit with the article.
"""

from __future__ import annotations

import heapq
import json
import math
import operator
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice

from archive.dedupe.prepared import Prepared, Sentence

CANDIDATES_SCHEMA: tuple[str, ...] = (
    """CREATE TABLE dedupe_pairs (
        pair INTEGER NOT NULL, article INTEGER NOT NULL, PRIMARY KEY (pair, article)
    ) STRICT, WITHOUT ROWID""",
    "CREATE TABLE dedupe_terms (term INTEGER PRIMARY KEY, texts INTEGER NOT NULL) STRICT",  # term 0: texts counted
)
PAIRS = 40  # of one text
APART = 3  # terms
MOST_OF_PAIR = 80  # articles; a pair that more have tells nothing, and is not read further
LEAST_HITS = 2
_LARGE = 20_000  # texts; from there on three are asked for: two are shared by chance with ever more of them
BEST = 12  # candidates that are compared
FLOOR = 200  # texts that an archive counts as having beyond those it has: an almost empty one knows no rare words
_NAME = 1.5
_COUNT_ALL = 4_000  # texts; beyond, every eighth is counted: the weights hardly move any more
_EVERY = 8
_COUNTS_KEPT = 200_000  # terms in memory
PER_SENTENCE = 3
_MIX_LOW, _MIX_HIGH = (
    0x9E3779B97F4A7C15,
    0xC2B2AE3D27D4EB4F,
)  # odd, from splitmix64 and xxHash: the upper bits depend on all
_WORD = (1 << 64) - 1
_KEPT = 64 - 45  # 45 bits are kept


@dataclass(frozen=True, slots=True)
class Hits:
    """How many pairs an article shares, and what they weigh."""

    article: int
    count: int
    weight: float


class Terms:
    """In how many texts a term occurs. Not for use by two threads.

    Counts that were read are kept in memory and written through. They are dropped when another connection has written, and when
    the number of texts is not the one that is remembered: then a transaction was rolled back.
    """

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._kept: dict[int, int] = {}
        self._state = (-1, -1)  # the database's version, and texts counted

    def idf(self, terms: Set[int]) -> dict[int, float]:
        """Return the weight of terms: ln((N + 200) / max(df, 2))."""
        texts, kept = self._checked(), self._kept
        missing = [t for t in terms if t not in kept]
        if missing:
            if len(kept) > _COUNTS_KEPT:  # the oldest go; what is common comes back with the next text
                for term in [t for t in islice(kept, len(kept) // 4) if t not in terms]:
                    del kept[term]
            kept.update(dict.fromkeys(missing, 0))
            ask = "SELECT t.term, t.texts FROM json_each(?) j JOIN dedupe_terms t ON t.term = j.value"
            kept.update(self._conn.execute(ask, (json.dumps(missing),)))
        top = math.log(texts + FLOOR)
        return {t: top - _log(kept[t]) for t in terms}

    def count(self, terms: Iterable[int], article: int) -> None:
        """Count a text's terms; from 4,000 texts on those of one article in eight, for eight."""
        step, texts = 1, self._checked()
        if texts > _COUNT_ALL:
            if article % _EVERY:
                return
            step = _EVERY
        mine = sorted(terms)
        self._conn.executemany(
            "INSERT INTO dedupe_terms VALUES (?, ?) ON CONFLICT DO UPDATE SET texts = texts + excluded.texts",
            [(0, step), *((t, step) for t in mine)],
        )
        for term in mine:
            if term in self._kept:
                self._kept[term] += step
        self._state = (self._state[0], texts + step)

    @property
    def least_hits(self) -> int:
        """How many pairs an article must share with another to be worth reading."""
        return LEAST_HITS + (self._checked() >= _LARGE)

    def _checked(self) -> int:
        """Return how many texts are counted; forget what is kept if it is of another state of the database."""
        row = self._conn.execute("SELECT texts FROM dedupe_terms WHERE term = 0").fetchone()
        state = (self._conn.execute("PRAGMA data_version").fetchone()[0], row[0] if row else 0)
        if state != self._state:
            self._kept.clear()
            self._state = state
        return int(state[1])


@lru_cache(maxsize=1 << 12)
def _log(texts: int) -> float:
    return math.log(max(texts, 2))


def pairs_of(text: Prepared, idf: Mapping[int, float]) -> dict[int, float]:
    """Return the pairs by which a text is known, with their weights.

    Of each sentence the few that weigh most, of those the best: a list of names at the head of a page does not crowd out the
    text. Among equals a hash decides, the same for every text.
    """
    found: dict[int, float] = {}
    for sentence in text.sentences:
        for weight, pair in _pairs(sentence, idf, PER_SENTENCE):
            found[pair] = max(found.get(pair, 0.0), weight)
    chosen = heapq.nsmallest(PAIRS, ((-weight, pair) for pair, weight in found.items()))
    if len(chosen) < PAIRS:
        rest = {(-weight, pair) for sentence in text.sentences for weight, pair in _pairs(sentence, idf, PAIRS)}
        chosen = heapq.nsmallest(PAIRS, rest.union(chosen))
    return {pair: -weight for weight, pair in chosen}


def _pairs(sentence: Sentence, idf: Mapping[int, float], most: int | None = None) -> list[tuple[float, int]]:
    """Return pairs of terms that stand near each other, as (what they weigh, pair), the `most` that weigh most or all."""
    terms = sentence.terms
    weights = [idf[t] * _NAME if t in sentence.names else idf[t] for t in terms]
    sums = [list(map(operator.add, weights, weights[apart:])) for apart in range(1, APART + 1)]
    least = 0.0
    if most is not None:
        # A term beside itself is no pair; it is seldom among the first, and then the rest are looked at again.
        ranked = sorted(chain.from_iterable(sums), reverse=True)
        least = ranked[most - 1] if len(ranked) > most else 0.0
    found = [
        (weight, _pair(terms[at], terms[at + apart]))
        for apart, row in enumerate(sums, 1)
        for at, weight in enumerate(row)
        if weight >= least and terms[at] != terms[at + apart]
    ]
    if most is None:
        return found
    if len(found) < most and least > 0.0:
        found = _pairs(sentence, idf)
    return heapq.nsmallest(most, found, key=lambda each: (-each[0], each[1])) if len(found) > most else found


def _pair(a: int, b: int) -> int:
    low, high = (a, b) if a < b else (b, a)
    return (low * _MIX_LOW + high * _MIX_HIGH & _WORD) >> _KEPT


class Candidates:
    """The index. Not for use by two threads."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def add(self, article: int, pairs: Iterable[int]) -> None:
        """Note by which pairs an article is known."""
        self._conn.executemany(
            "INSERT OR IGNORE INTO dedupe_pairs VALUES (?, ?)", [(p, article) for p in sorted(pairs)]
        )

    def find(self, article: int, pairs: Mapping[int, float], least: int = LEAST_HITS) -> list[Hits]:
        """Return the articles that share most pairs with a text, `least` of them, best first; not the article itself."""
        counts: dict[int, int] = defaultdict(int)
        weights: dict[int, float] = defaultdict(float)
        ask = "SELECT article FROM dedupe_pairs WHERE pair = ? LIMIT ?"
        for pair, weight in pairs.items():
            rows = self._conn.execute(ask, (pair, MOST_OF_PAIR + 1)).fetchall()
            if len(rows) > MOST_OF_PAIR:
                continue
            for (other,) in rows:
                counts[other] += 1
                weights[other] += weight
        counts.pop(article, None)
        found = [Hits(a, n, weights[a]) for a, n in counts.items() if n >= least]
        return heapq.nsmallest(BEST, found, key=lambda h: (-h.weight, h.article))
