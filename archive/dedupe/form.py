"""Reports that are filled into one form: earthquakes, results of companies and matches, weather. Pure.

They share most of their words and are no copies: their sentences are the same but for names and numbers. What a person
edits or a machine translates back keeps those, at most spelt another way (Plahotniuc, Plakhotniuk).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from archive.dedupe.compare import Match
from archive.dedupe.prepared import Sentence
from archive.terms import words_of

FORM = 0.6  # share of the shorter text's three-word sequences in the other from which it is looked at
_ALIKE = 0.45  # weighted Jaccard of two sentences that are compared
_LEAST_SHARE = 0.09  # of the names and numbers; of 419 copies with most words in common four had as much
_LEAST = 2  # names or numbers; one may be a correction


def same_form(short: Sequence[Sentence], long: Sequence[Sentence], matches: Iterable[Match]) -> bool:
    """Tell whether sentences that are alike disagree in names and numbers; a name too much on one side is no disagreement."""
    against = whole = 0
    for match in matches:
        if match.alike < _ALIKE:
            continue
        here, there = words_of(short[match.here].text), words_of(long[match.there].text)
        mine, theirs = _names(here), _names(there)
        against += _disagree(mine - _folded(there), theirs - _folded(here))
        whole += max(len(mine), len(theirs))
    return against >= _LEAST and against >= _LEAST_SHARE * whole


def _names(words: Sequence[str]) -> set[str]:
    return {w.casefold() for n, w in enumerate(words) if w[0].isdigit() or (n and w[0].isupper())}


def _folded(words: Iterable[str]) -> set[str]:
    return {word.casefold() for word in words}


def _disagree(mine: Iterable[str], theirs: Iterable[str]) -> int:
    """Return how many of these have no other spelling on the other side: names may share the first letter, numbers nothing."""
    here, there = (Counter(n if n[0].isdigit() else n[0] for n in names) for names in (mine, theirs))
    return min((here - there).total(), (there - here).total())
