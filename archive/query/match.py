"""What a person typed, as an FTS5 expression: for SQL, where the archive's languages cannot be asked first."""

from __future__ import annotations

from archive.query.words import parse_words
from archive.terms import ALGORITHMS

_EVERY = tuple(sorted(set(ALGORITHMS.values())))


def match_expression(words: str) -> str | None:
    """Return the expression for `articles_fts MATCH`, with the stems of every language; None if nothing is wanted."""
    return parse_words(words, _EVERY).match
