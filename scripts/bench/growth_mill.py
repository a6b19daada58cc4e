"""Made-up articles by the million: the walk of news_mill.py for a thousand texts at once, and what they are found by.

`Batch` has of each text what the archive's own code would make of it: its terms as the full-text index has them, and the pairs
by which copies are found. Sentences are those of the walk; quotations, abbreviations and a name that begins a sentence are
not looked at, so that a few pairs in a hundred differ from those of `archive.dedupe.candidates.pairs_of`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from news_mill import name_of

from archive.dedupe.candidates import APART, PAIRS, PER_SENTENCE
from archive.dedupe.prepared import term_id
from archive.terms import terms_of, words_of

BATCH = 1_000  # texts
NAMES, OWN, NAME_SHARE, JUMP = 2_000_000, 8, 0.03, 0.25  # as in news_mill.py
SENTENCE, LONGEST, PARAGRAPH = 40, 100, 3  # words, sentences, sentences
_END = re.compile(r"(?<=[.!?])\s+")
_SPACELESS = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
_MIX_LOW, _MIX_HIGH, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(64 - 45)
_NAME_WEIGHT = 1.5
_UPPER, _DIGIT = 1, 2  # what a word begins with

Ints = np.ndarray[tuple[int], np.dtype[np.int64]]
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Batch:
    """A thousand texts. Flat arrays have one row per occurrence."""

    titles: list[str]
    texts: list[str]  # paragraphs separated by a blank line
    folded: list[str]  # texts as terms
    terms: Ints  # term ids, text by text
    of_text: Ints  # the text of each
    pairs: Ints
    of_pair: Ints  # the text of each pair


class Mill:
    """Makes batches; their number and the words decide each."""

    def __init__(self, texts: Iterable[str], seed: int = 1) -> None:
        numbers: dict[str, int] = {"": 0}
        walk, sizes = [0], []
        for text in texts:
            if _SPACELESS.search(text):
                continue
            sentences = [words for line in text.split("\n") for each in _END.split(line) if (words := each.split())]
            sizes.append(min(len(sentences), LONGEST))
            for words in sentences:
                walk += [numbers.setdefault(word, len(numbers)) for word in words]
                walk.append(0)
        self._seed, self._sizes = seed, np.array(sizes)
        self._tokens = list(numbers)
        sequence = np.array(walk)
        order = np.argsort(sequence[:-1], kind="stable")
        self._after = sequence[order + 1]
        self._first = np.searchsorted(sequence[order], np.arange(len(numbers) + 1))
        self._all = sequence[sequence > 0]
        said = [_read(token) for token in self._tokens]
        self._folded = [each[0] for each in said]
        self._counts = np.array([len(each[1]) for each in said])
        self._terms = np.array([t for each in said for t in each[1]], dtype=np.int64)
        self._flags = np.array([f for each in said for f in each[2]], dtype=np.int8)
        self.weights: Mapping[int, float] = {}
        self._weights = np.zeros(len(self._terms))
        self._top = 1.0

    def weigh(self, weights: Mapping[int, float], top: float) -> None:
        """Let pairs be chosen by these weights of terms; `top` for all others."""
        self.weights, self._top = weights, top
        self._weights = np.array([weights.get(t, top) for t in self._terms.tolist()])

    def batch(self, number: int) -> Batch:
        """Return the texts of a batch."""
        chance = np.random.default_rng([self._seed, number])
        sizes = chance.choice(self._sizes, BATCH)
        text_of = np.repeat(np.arange(BATCH), sizes)  # of each sentence
        said, names = self._walk(chance, text_of)
        tokens = self._tokens + [name_of(n) for n in names]
        read = [_read(token) for token in tokens[len(self._tokens) :]]
        folded = self._folded + [each[0] for each in read]
        lines, terms = [], []
        for row, length in zip(said.tolist(), (said > 0).sum(axis=1).tolist(), strict=True):
            line = " ".join([tokens[n] for n in row[:length]])
            lines.append(line if line.endswith((".", "!", "?")) else line + ".")
            terms.append(" ".join([each for n in row[:length] if (each := folded[n])]))
        texts, titles, indexed = [], [], []
        at = 0
        for size in sizes.tolist():
            mine = lines[at : at + size]
            titles.append(" ".join(mine[0].split()[:9]).rstrip("."))
            texts.append("\n\n".join(" ".join(mine[n : n + PARAGRAPH]) for n in range(0, size, PARAGRAPH)))
            indexed.append(" ".join(terms[at : at + size]))
            at += size
        sentence, flat, weight = self._flat(said, read)
        pairs, of_pair = _pairs(sentence, flat, weight, text_of)
        return Batch(titles, texts, indexed, flat, text_of[sentence], pairs, of_pair)

    def _walk(
        self, chance: np.random.Generator, text_of: Ints
    ) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.int64]], list[int]]:
        """Return the words of all sentences, 0 after the last, and the numbers of the names, which follow the words."""
        own = (float(NAMES) ** chance.random((BATCH, OWN))).astype(np.int64)
        names, place = np.unique(own, return_inverse=True)
        own = place.reshape(own.shape) + len(self._tokens)
        said = np.zeros((len(text_of), SENTENCE), dtype=np.int64)
        word, alive = np.zeros(len(text_of), dtype=np.int64), np.ones(len(text_of), dtype=bool)
        for step in range(SENTENCE):
            lot, draw = chance.random(len(word)), chance.random(len(word))
            named = lot < NAME_SHARE
            first, last = self._first[word], self._first[word + 1]
            following = self._after[first + (draw * (last - first)).astype(np.int64)]
            anything = self._all[(draw * len(self._all)).astype(np.int64)]
            following = np.where((lot < NAME_SHARE + JUMP) & (word > 0), anything, following)
            alive &= named | (following > 0)
            name = own[text_of, np.minimum((lot / NAME_SHARE * OWN).astype(np.int64), OWN - 1)]
            said[:, step] = np.where(alive, np.where(named, name, following), 0)
            word = np.where(named, word, following)
        return said, names.tolist()

    def _flat(
        self, said: np.ndarray[tuple[int, int], np.dtype[np.int64]], read: list[tuple[str, list[int], list[int]]]
    ) -> tuple[Ints, Ints, Floats]:
        """Return of each term, in order: its sentence, its number, what it weighs."""
        counts = np.concatenate([self._counts, np.array([len(each[1]) for each in read], dtype=np.int64)])
        more = [t for each in read for t in each[1]]
        terms = np.concatenate([self._terms, np.array(more, dtype=np.int64)])
        flags = np.concatenate([self._flags, np.array([f for each in read for f in each[2]], dtype=np.int8)])
        weights = np.concatenate([self._weights, np.array([self.weights.get(t, self._top) for t in more])])
        starts = np.concatenate([[0], np.cumsum(counts)])
        sentence, step = np.nonzero(said)
        words = said[sentence, step]
        times = counts[words]
        occurrence = np.repeat(np.arange(len(words)), times)
        at = starts[words][occurrence] + np.arange(len(occurrence)) - np.repeat(np.cumsum(times) - times, times)
        flag = flags[at]
        named = (flag == _DIGIT) | ((flag == _UPPER) & (step[occurrence] > 0))
        return sentence[occurrence], terms[at], weights[at] * np.where(named, _NAME_WEIGHT, 1.0)


def _pairs(sentence: Ints, terms: Ints, weights: Floats, text_of: Ints) -> tuple[Ints, Ints]:
    """Return the pairs of all texts and the text of each; as `pairs_of` chooses them."""
    found: list[tuple[Ints, Floats, Ints, Ints]] = []
    place = np.arange(len(sentence)) - np.searchsorted(sentence, sentence)  # in its sentence
    table = np.full((len(text_of), (int(place.max()) + 1) * APART), -1.0, dtype=np.float32)
    for apart in range(1, APART + 1):
        here = np.flatnonzero((sentence[:-apart] == sentence[apart:]) & (terms[:-apart] != terms[apart:]))
        low, high = np.minimum(terms[here], terms[here + apart]), np.maximum(terms[here], terms[here + apart])
        mixed = (low.astype(np.uint64) * _MIX_LOW + high.astype(np.uint64) * _MIX_HIGH) >> _SHIFT
        weight = weights[here] + weights[here + apart]
        table[sentence[here], place[here] * APART + apart - 1] = weight
        found.append((sentence[here], weight, mixed.astype(np.int64), text_of[sentence[here]]))
    least = np.partition(table, table.shape[1] - PER_SENTENCE, axis=1)[:, table.shape[1] - PER_SENTENCE]
    groups, weight, pair, text = (np.concatenate(each) for each in zip(*found, strict=True))
    best = np.flatnonzero(weight.astype(np.float32) >= least[groups])
    best = best[_first(groups[best], weight[best], pair[best], PER_SENTENCE)]
    chosen = _of_texts(text[best], weight[best], pair[best])
    few = np.bincount(chosen[1], minlength=BATCH) < PAIRS
    rest = np.flatnonzero(few[text])
    others = _of_texts(text[rest], weight[rest], pair[rest])
    keep = ~few[chosen[1]]
    return np.concatenate([chosen[0][keep], others[0]]), np.concatenate([chosen[1][keep], others[1]])


def _of_texts(text: Ints, weight: Floats, pair: Ints) -> tuple[Ints, Ints]:
    """Return the pairs of each text that weigh most, each once, and their texts."""
    order = np.lexsort((-weight, pair, text))
    text, weight, pair = text[order], weight[order], pair[order]
    new = np.flatnonzero(np.concatenate([[True], (text[1:] != text[:-1]) | (pair[1:] != pair[:-1])]))
    text, weight, pair = text[new], weight[new], pair[new]
    best = _first(text, weight, pair, PAIRS)
    return pair[best], text[best]


def _first(group: Ints, weight: Floats, pair: Ints, most: int) -> Ints:
    """Return where the `most` of each group stand that weigh most; among equals the smaller pair."""
    order = np.lexsort((pair, -weight, group))
    sorted_group = group[order]
    rank = np.arange(len(order)) - np.searchsorted(sorted_group, sorted_group)
    return order[rank < most]


@lru_cache(maxsize=1 << 18)
def _read(token: str) -> tuple[str, list[int], list[int]]:
    """Return of what stands between spaces: its terms as the index has them, their numbers, what their words begin with."""
    folded: list[str] = []
    flags: list[int] = []
    for word in words_of(token):
        found = terms_of(word, "english")
        folded += found
        flags += [_DIGIT if word[0].isdigit() else _UPPER * word[0].isupper()] * len(found)
    return " ".join(folded), [term_id(term) for term in folded], flags
