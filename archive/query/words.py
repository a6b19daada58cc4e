"""What a person types into a search box, as an FTS5 expression. Never raises, whatever is typed. Pure.

    words all of them        "a phrase"       one OR other       -without, NOT without       prefix*       title:word
    (grouping)               a word with punctuation inside is a phrase: covid-19, u.s.
    one NEAR other           NEAR("a phrase" word, 5), one NEAR/5 other: at most so many words between (10 where not said)

OR, AND, NOT and NEAR count in capitals only. In which language the words are is not asked: each is looked up as it is and by
the stem that each language of the archive gives it (mostly one to four different ones), in phrases all words by the
same language. At most 64 words count; a search of more is an article pasted in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from archive.terms import query_terms

_MAX_WORDS = 64
_MAX_PHRASE_TERMS = 64
_MAX_DEPTH = 12
_TOKEN = re.compile(
    r'[()]|(?P<minus>-)?(?:(?P<column>title|text):)?(?:"(?P<phrase>[^"]*)(?:"|$)|(?P<word>[^\s()"]+))(?P<star>\*)?',
    re.IGNORECASE,
)
_NEAR, _FARTHEST = 10, 1000  # words between, where not said; more say nothing
_OPERATOR = re.compile("NEAR(?:/([0-9]{1,4}))?")
_DISTANCE = re.compile(",?([0-9]{1,4})")
_PLAIN = re.compile(r"[^-:\"*][^:\"*]*")
_LONGEST_RUN = 12  # words in a row that are looked for as a phrase too
_SIGNS = frozenset({"(", ")", "OR", "AND", "NOT"})
# Quotes and brackets of other keyboards: typographic, guillemets, full-width.
_QUOTES = str.maketrans("\u201c\u201d\u201e\u00ab\u00bb\uff02\uff08\uff09\0", '""""""() ')


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a text to mark: whole terms, and beginnings of terms."""

    terms: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    known: dict[str | None, dict[str, bool]] = field(default_factory=dict, compare=False, repr=False)  # see `places`

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
        positive: list[tuple[str, str | None]] = []  # expression, and the word where it is one and nothing more
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
            counted = self.words
            expression = self._one(token, depth, negative=negative != turn)
            if expression is None:
                continue
            if turn:
                refused.append(expression)
            else:
                plain = _PLAIN.fullmatch(token[0]) and self.words == counted + 1
                positive.append((expression, token[0] if plain else None))
        match = _joined("AND", list(dict.fromkeys(self._together_first(positive))))
        without = _joined("OR", list(dict.fromkeys(refused)))
        if match is not None and without is not None:
            return f"({match} NOT {without})", None
        return match, without

    def _together_first(self, positive: list[tuple[str, str | None]]) -> Iterator[str]:
        """Yield what all must be there. Words in a row may also stand as they were typed: that counts for rank alone.

        A phrase is rarer than its words, so bm25 puts articles that have it before those that have the words here and there.
        """
        for plain, group in groupby(positive, key=lambda one: one[1] is not None):
            members = list(group)
            expressions = list(dict.fromkeys(expression for expression, _ in members))
            if not plain or not 1 < len(members) <= _LONGEST_RUN:
                yield from expressions
                continue
            typed = query_terms(" ".join(word or "" for _, word in members), self.algorithms)
            phrases = [f'"{" ".join(terms)}"' for terms, is_open in typed if not is_open]
            yield str(_joined("OR", [*phrases, str(_joined("AND", expressions))]))

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
        if token[0] == "NEAR" and self._is("("):
            return self._near(negative=negative)
        near = [token]
        distance = _NEAR
        while (between := self._between()) is not None:
            near.append(self.tokens[self.at + 1])
            self.at += 2
            distance = between
        if len(near) > 1:
            return self._together(near, distance, negative=negative)
        self.words += 1
        text, prefix = _text_of(token)
        return self._term(text, token["column"], prefix=prefix, negative=negative)

    def _between(self) -> int | None:
        """Return the distance if NEAR stands here between two words."""
        if self.at + 1 >= len(self.tokens) or self.tokens[self.at + 1][0] in _SIGNS:
            return None
        found = _OPERATOR.fullmatch(self.tokens[self.at][0])
        return None if found is None else int(found[1] or _NEAR)

    def _near(self, *, negative: bool) -> str | None:
        """Parse what NEAR stands before: `(one other, 5)`. Nested brackets are none; what is left open ends with the search."""
        self.at += 1  # the bracket
        items: list[re.Match[str]] = []
        while self.at < len(self.tokens) and self.tokens[self.at][0] not in {"(", ")"}:
            items.append(self.tokens[self.at])
            self.at += 1
        if self.at < len(self.tokens) and self.tokens[self.at][0] == ")":
            self.at += 1
        distance = _NEAR
        if len(items) > 1 and (number := _DISTANCE.fullmatch(items[-1][0])):
            distance = int(number[1])
            items.pop()
        return self._together(items, distance, negative=negative)

    def _together(self, items: list[re.Match[str]], distance: int, *, negative: bool) -> str | None:
        """Return the expression for words and phrases that stand near each other, all by the stems of one language."""
        items = items[: max(0, _MAX_WORDS - self.words)]
        self.words += len(items)
        ways: dict[str, None] = {}
        for algorithm in (None, *self.algorithms):
            parts = []
            for token in items:
                text, prefix = _text_of(token)
                # The last way is the algorithm's own, where that differs from the word as it stands.
                for found, is_open in query_terms(text[:2000], [algorithm])[-1:]:
                    star = is_open or (prefix and algorithm is None)
                    parts.append(self._phrase(found[:_MAX_PHRASE_TERMS], star=star, negative=negative))
            if parts:
                together = f"NEAR({' '.join(parts)}, {min(distance, _FARTHEST)})" if len(parts) > 1 else parts[0]
                ways[together] = None
        expression = _joined("OR", list(ways))
        column = items[0]["column"] if items else None
        return f"{{{column.lower()}}} : {expression}" if expression and column else expression

    def _term(self, text: str, column: str | None, *, prefix: bool, negative: bool) -> str | None:
        ways = []
        for number, (found, is_open) in enumerate(query_terms(text[:2000], self.algorithms)):
            terms = found[:_MAX_PHRASE_TERMS]
            # The word as it stands is the beginning that was typed; its stems are whole words.
            ways.append(self._phrase(terms, star=is_open or (prefix and number == 0), negative=negative))
        expression = _joined("OR", ways)
        return f"{{{column.lower()}}} : {expression}" if expression and column else expression

    def _phrase(self, terms: tuple[str, ...], *, star: bool, negative: bool) -> str:
        if not negative:
            self.terms.update(terms[:-1] if star else terms)
            if star:
                self.prefixes.add(terms[-1])
        return f'"{" ".join(terms)}"' + (" *" if star else "")

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
    >>> parse_words('NEAR("city council" taxes, 5)', ["english"]).match
    '(NEAR("city council" "taxes", 5) OR NEAR("citi council" "tax", 5))'
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


def _text_of(token: re.Match[str]) -> tuple[str, bool]:
    """Return the words of a token, and whether they are the beginning of longer ones."""
    text = token["phrase"] if token["phrase"] is not None else token["word"]
    return text, bool(token["star"]) or (token["word"] or "").endswith("*")


def _joined(operator: str, expressions: list[str]) -> str | None:
    if not expressions:
        return None
    return expressions[0] if len(expressions) == 1 else f"({f' {operator} '.join(expressions)})"
