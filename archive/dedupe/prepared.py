"""A text made ready for comparing: its lines as sentences, each sentence as stems with what is a name in it. Pure.

Everything is a number (`term_id`): the same stem has the same number in every process and archive.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain

from archive.terms import algorithm_for, composed, terms_of, words_of

MAX_TEXT = 200_000  # characters that are looked at; a copy of more is known by its first
MAX_SENTENCES = 250  # of one text; comparing two costs their product where strangers repeat themselves
MAX_WORDS = 120  # of one sentence; what is longer is a table or a text without full stops, and is cut into pieces
_LONGEST_KEPT = 64  # characters of a word that is kept; a page may be one of 200 KB
_WORDS_KEPT = 100_000  # of one stemmer, and as many that are older
# Runs are taken whole and looked at once: else a hundred thousand full stops in a row take minutes.
_STOPS, _WIDE_STOPS = ".!?\u2026\u06d4\u061f\u0964", "\u3002\uff01\uff1f"
_END = re.compile(  # one class first: the engine skips to its characters
    f"[{_STOPS}{_WIDE_STOPS}](?:(?<=[{_STOPS}])[{_STOPS}]*+[\"'\u201d\u2019\u00bb)\\]]*+|((?<=[{_WIDE_STOPS}])[{_WIDE_STOPS}]*+[\u300d\u300f\u201d\u2019]*+))"
)
_ABBREVIATED = re.compile(r"(?:^|[\s(\"'])(?:[A-Z]|Mr|Mrs|Ms|Dr|St|Gen|Gov|Sen|Rep|Sgt|Col|Lt|Prof|No|vs|Jr|Sr)\.$")
_NO_LETTERS = re.compile(r"[\W\d_]+")
_QUOTED = re.compile(
    '["\u201c\u201e\u00ab\u300c\u300e][^"\u201c\u201d\u201e\u00ab\u00bb\u300c\u300d\u300e\u300f]{12,2000}["\u201d\u201c\u00bb\u300d\u300f]'
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: its terms in order, which of them are names or numbers, and how much of it is quoted."""

    text: str
    terms: tuple[int, ...]
    names: frozenset[int]
    quoted: float  # share of its characters between quotation marks
    line: int  # number of the line that it stands in


@dataclass(frozen=True, slots=True)
class Prepared:
    """A text, ready to be compared."""

    lines: tuple[str, ...]
    sentences: tuple[Sentence, ...]

    def without(self, lines: frozenset[int]) -> Prepared:
        """Return this text without some of its lines, by their numbers."""
        if not lines:
            return self
        return Prepared(self.lines, tuple(s for s in self.sentences if s.line not in lines))

    @property
    def words(self) -> int:
        """How many words it has."""
        return sum(len(s.terms) for s in self.sentences)

    @property
    def terms(self) -> frozenset[int]:
        """All terms, each once."""
        return frozenset[int]().union(*(s.terms for s in self.sentences))


def prepare(text: str, language: str | None) -> Prepared:
    """Return a text ready for comparing. `language`: ISO 639-1, decides the stemmer; None: words as they are."""
    lines = tuple(line for line in (raw.strip() for raw in text[:MAX_TEXT].split("\n")) if line)
    sentences: list[Sentence] = []
    ids = _ids(algorithm_for(language))
    for number, line in enumerate(map(composed, lines)):
        quotes = [m.span() for m in _QUOTED.finditer(line)]
        for start, end in _cut(line):
            said = line[start:end].strip()
            if said:
                sentences.extend(_sentences(said, ids, number, _quoted(start, end, quotes) if quotes else 0.0))
        if len(sentences) >= MAX_SENTENCES:
            break
    return Prepared(lines, tuple(sentences[:MAX_SENTENCES]))


def terms_in(text: str, language: str | None) -> frozenset[int]:
    """Return all terms of a text, each once: what `prepare(…).terms` has, but for texts beyond its limits."""
    ids = _ids(algorithm_for(language))
    return frozenset(chain.from_iterable([ids[word] for word in set(words_of(text[:MAX_TEXT]))]))


def _cut(line: str) -> Iterator[tuple[int, int]]:
    """Yield where the sentences of a line begin and end."""
    start = 0
    for match in _END.finditer(line):
        if match.lastindex is None and not line[match.end() : match.end() + 1].isspace():
            continue
        if _ABBREVIATED.search(line[max(start, match.end() - 8) : match.end()]):
            continue
        yield start, match.end()
        start = match.end()
    if start < len(line):
        yield start, len(line)


def _quoted(start: int, end: int, quotes: Iterable[tuple[int, int]]) -> float:
    inside = sum(max(0, min(end, b) - max(start, a)) for a, b in quotes)
    return inside / max(end - start, 1)


def _sentences(text: str, ids: _Ids, line: int, quoted: float) -> Iterator[Sentence]:
    """Yield a sentence, in pieces if it is too long to be one."""
    words = words_of(text)
    for at in range(0, len(words), MAX_WORDS):
        piece = words[at : at + MAX_WORDS]
        found = [ids[word] for word in piece]
        # A capital letter inside a sentence marks a name in most languages that have any; digits do in all.
        names = [
            each
            for n, (word, each) in enumerate(zip(piece, found, strict=True), at)
            if not word[0].islower() and (word[0].isdigit() or (n and word[0].isupper()))
        ]
        terms = tuple(chain.from_iterable(found))
        yield Sentence(text if at == 0 else "", terms, frozenset(chain.from_iterable(names)), quoted, line)


class _Ids(dict[str, tuple[int, ...]]):
    """The numbers of the terms of words, by one stemmer, kept for the words that come again.

    Two generations: when it is full all become old, and the old ones that are asked for again stay.
    """

    def __init__(self, algorithm: str | None) -> None:
        super().__init__()
        self._algorithm = algorithm
        self._old: dict[str, tuple[int, ...]] = {}

    def __missing__(self, word: str) -> tuple[int, ...]:
        if len(self) >= _WORDS_KEPT:
            self._old = dict(self)
            self.clear()
        found = self._old.get(word)
        if found is None:
            found = tuple(term_id(term) for term in terms_of(word, self._algorithm))
        if len(word) <= _LONGEST_KEPT:
            self[word] = found
        return found


@cache
def _ids(algorithm: str | None) -> _Ids:
    return _Ids(algorithm)


def term_id(text: str) -> int:
    """Return a number of 40 bits for a term: two of a million terms share one in half of all archives, which costs nothing."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=5).digest(), "big")


def line_id(site: str, line: str) -> int:
    """Return a number of 40 bits for a line of a site, without case, digits and punctuation."""
    return term_id(f"{site}\n{_NO_LETTERS.sub('', line.casefold())}")
