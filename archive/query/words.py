"""What a person types into a search box, as an FTS5 expression. Never raises, whatever is typed. Pure.

    words all of them        "a phrase"       one OR other       -without, NOT without       prefix*       title:word
    (grouping)               a word with punctuation inside is a phrase: covid-19, u.s.

OR, AND and NOT count in capitals only. In which language the words are is not asked: each is looked up as it is and by
the stem that each language of the archive gives it (mostly one to four different ones), in phrases all words by the
same language. At most 64 words count; a search of more is an article pasted in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from archive.terms import query_terms

_MAX_WORDS = 64
_MAX_PHRASE_TERMS = 64
_MAX_DEPTH = 12
_TOKEN = re.compile(r'[()]|(?P<minus>-)?(?:(?P<column>title|text):)?(?:"(?P<phrase>[^"]*)(?:"|$)|(?P<word>[^\s()"]+))(?P<star>\*)?', re.I)
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "＂": '"', "（": "(", "）": ")", "\0": " "})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a text to mark: whole terms, and beginnings of terms."""

    terms: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()

    def matches(self, term: str) -> bool:
        """Tell whether a term of the text was asked for."""
        return term in self.terms or (bool(self.prefixes) and term.startswith(self.prefixes))


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as FTS5 expressions: articles that match `match` and not `without`. Both None: no word was typed."""

    match: str | None
    without: str | None
    wanted: Wanted
    empty: bool  # nothing but white space was typed: everything is asked for


@dataclass(slots=True)
class _Parser:
    algorithms: tuple[str | None, ...]
    tokens: list[re.Match[str]]
    at: int = 0
    words: int = 0
    terms: set[str] = field(default_factory=set)
    prefixes: set[str] = field(default_factory=set)

    def alternatives(self, depth: int, *, negative: bool) -> tuple[str | None, str | None]:
        """Parse `a b OR c d`; return (expression, what must not be there)."""
        match, without = self._all_of(depth, negative=negative)
        others = []
        while self._is("OR"):
            self.at += 1
            other, _ = self._all_of(depth, negative=negative)
            if other is not None:
                others.append(other)
        if others:
            return _joined("OR", [expression for expression in (match, *others) if expression]), None
        return match, without

    def _all_of(self, depth: int, *, negative: bool) -> tuple[str | None, str | None]:
        positive: list[str] = []
        refused: list[str] = []
        turned = False
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if self._is("OR"):
                if positive or refused or self._ends_with_operator():
                    break
                self.at += 1
                continue
            if token[0] == ")":
                if depth > 0:
                    break
                self.at += 1
                continue
            self.at += 1
            if token[0] in {"AND", "NOT"}:
                turned = token[0] == "NOT"
                continue
            turn = turned or bool(token["minus"])
            turned = False
            expression = self._one(token, depth, negative=negative != turn)
            if expression is not None:
                (refused if turn else positive).append(expression)
        match = _joined("AND", list(dict.fromkeys(positive)))
        without = _joined("OR", list(dict.fromkeys(refused)))
        if match is not None and without is not None:
            return f"({match} NOT {without})", None
        return match, without

    def _one(self, token: re.Match[str], depth: int, *, negative: bool) -> str | None:
        if token[0] == "(":
            if depth >= _MAX_DEPTH:
                return None
            expression, _ = self.alternatives(depth + 1, negative=negative)
            if self.at < len(self.tokens) and self.tokens[self.at][0] == ")":
                self.at += 1
            return expression
        if self.words >= _MAX_WORDS:
            return None
        self.words += 1
        text = token["phrase"] if token["phrase"] is not None else token["word"]
        prefix = bool(token["star"]) or (token["word"] or "").endswith("*")
        return self._term(text, token["column"], prefix=prefix, negative=negative)

    def _term(self, text: str, column: str | None, *, prefix: bool, negative: bool) -> str | None:
        ways = []
        for number, (terms, is_open) in enumerate(query_terms(text[:2000], self.algorithms)):
            terms = terms[:_MAX_PHRASE_TERMS]
            # The word as it stands is the beginning that was typed; its stems are whole words.
            star = is_open or (prefix and number == 0)
            ways.append(f'"{" ".join(terms)}"' + (" *" if star else ""))
            if not negative:
                self.terms.update(terms[:-1] if star else terms)
                if star:
                    self.prefixes.add(terms[-1])
        expression = _joined("OR", ways)
        return f"{{{column.lower()}}} : {expression}" if expression and column else expression

    def _is(self, operator: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at][0] == operator

    def _ends_with_operator(self) -> bool:
        return self.at + 1 >= len(self.tokens)


def parse_words(words: str, algorithms: Iterable[str | None] = ()) -> Asked:
    """Return what was asked for; `algorithms`: the stemmers of the languages in the archive.

    >>> parse_words('covid-19 "u.s."', ["english"]).match
    '("covid 19" AND "u s")'
    >>> parse_words("taxes -income title:vot*", ["english"]).match
    '((("taxes" OR "tax") AND {title} : "vot" *) NOT ("income" OR "incom"))'
    """
    text = words[:10_000].translate(_QUOTES)
    parser = _Parser(tuple(algorithms), list(_TOKEN.finditer(text)))
    match, without = parser.alternatives(0, negative=False)
    while parser.at < len(parser.tokens):  # what follows a stray operator
        before = parser.at
        more, more_without = parser.alternatives(0, negative=False)
        match = _joined("AND", [expression for expression in (match, more) if expression])
        without = without or more_without
        if parser.at == before:
            parser.at += 1
    return Asked(match, without, Wanted(frozenset(parser.terms), tuple(sorted(parser.prefixes))), not words.strip())


def _joined(operator: str, expressions: list[str]) -> str | None:
    if not expressions:
        return None
    return expressions[0] if len(expressions) == 1 else f"({f' {operator} '.join(expressions)})"
