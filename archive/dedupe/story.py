"""The `Deduper` that tells copies also when they are trimmed, reordered, spun or translated back.

One article at a time: lines that its site prints under other stories are taken out; the articles that share rare pairs of words
with it are looked up; the best of them are read and compared sentence by sentence. The state is rows of the connection, so
it costs no memory and commits with the article; the decisions depend on the order of the calls alone.

A translation into another language is no copy here: it shares names and numbers only, as every report of the same event does.
"""

from __future__ import annotations

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from archive.dedupe.candidates import CANDIDATES_SCHEMA, Candidates, Terms, pairs_of
from archive.dedupe.compare import Comparison, Side, compare, may_be_alike, share_furniture_only
from archive.dedupe.exact import JOINING, ExactDeduper, Placed
from archive.dedupe.form import FORM, same_form
from archive.dedupe.furniture import FURNITURE_SCHEMA, Furniture, line_ids
from archive.dedupe.judge import kind_of, probability
from archive.dedupe.language import stemmer_language
from archive.dedupe.prepared import Prepared, prepare, terms_in
from archive.errors import UrlError
from archive.urls import registered_domain

STORY_SCHEMA = (*CANDIDATES_SCHEMA, *FURNITURE_SCHEMA)
LEAST_WORDS = 25  # own words of a text; fewer are equal by accident
_REMEMBERED = 256  # texts kept ready, about 40 KB each: copies come within hours of each other
_MATCHES_SHOWN = 12
_SHOWN = 300  # characters of a sentence that a person is shown


@dataclass(frozen=True, slots=True)
class Known:
    """A kept article's text, as it is now."""

    text: str
    title: str | None
    language: str | None
    url: str


@dataclass(frozen=True, slots=True)
class _Ready:
    """What a text says whatever else is kept."""

    site: str  # registered domain
    whole: Prepared
    lines: Mapping[int, int]  # number of a line -> its id
    title: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Read:
    """A text ready for comparing."""

    article: int
    ready: _Ready
    text: Prepared  # the whole without its site's furniture


class StoryDeduper:
    """See the module. `known(article)`: what is kept of an article, None if it is hidden or gone from the database.

    `conn` must have the tables of `EXACT_SCHEMA` and `STORY_SCHEMA`. Not for use by two threads.
    """

    def __init__(self, conn: sqlite3.Connection, known: Callable[[int], Known | None]) -> None:
        self._conn = conn
        self._known = known
        self._exact = ExactDeduper(conn)
        self._terms = Terms(conn)
        self._pairs = Candidates(conn)
        self._furniture = Furniture(conn)
        self._ready: OrderedDict[Known, _Ready] = OrderedDict()

    def place(self, article: int, *, text: str, title: str | None, language: str | None, url: str, at: str) -> Placed:
        """Return where a new article stands to those placed before, and remember its text."""
        known = Known(text, title, language, url)
        placed = self._exact.place(article, text=text, title=title, language=language, url=url, at=at)
        mine = self._read(article, known)
        terms = mine.text.terms
        weights = self._terms.idf(terms)
        pairs = pairs_of(mine.text, weights)
        if placed.kind == "new" and mine.text.words >= LEAST_WORDS:
            hits = self._pairs.find(article, pairs, self._terms.least_hits)
            placed = self._best(mine, [hit.article for hit in hits], weights)
        self._remember(mine, pairs, self._lines_of(placed.of if placed.joins else None))
        self._terms.count(terms, article)
        return placed

    def revise(self, article: int, *, text: str, title: str | None, language: str | None, url: str, at: str) -> None:
        """Remember a further text of an article that was placed already; it stays where it was placed."""
        self._exact.revise(article, text=text, title=title, language=language, url=url, at=at)
        mine = self._read(article, Known(text, title, language, url))
        self._remember(mine, pairs_of(mine.text, self._terms.idf(mine.text.terms)))

    def forget(self, article: int) -> None:
        """Forget all texts of an article.

        Its pairs stay until all placements are made again: what they name is asked for (`known`) before it counts.
        """
        self._exact.forget(article)

    def clear(self) -> None:
        """Forget everything, before all placements are made again."""
        self._exact.clear()
        for table in ("dedupe_pairs", "dedupe_terms", "dedupe_lines"):
            self._conn.execute(f"DELETE FROM {table}")  # noqa: S608 - the names stand in the line above

    def _read(self, article: int, known: Known) -> _Read:
        ready = self._ready.pop(known, None) or _ready(known)
        self._ready[known] = ready  # the last read is the last to go
        if len(self._ready) > _REMEMBERED:
            self._ready.popitem(last=False)
        return _Read(article, ready, ready.whole.without(self._furniture.of(article, ready.whole, ready.lines)))

    def _best(self, mine: _Read, articles: Sequence[int], weights: dict[int, float]) -> Placed:
        """Compare with each of these articles; return the best match that is one story, else what comes nearest.

        `weights`: of the text's own terms; those of the others are added.
        """
        terms = mine.text.terms
        others = []
        for article in articles:
            known = self._known(article)
            if known is None:
                continue
            theirs = terms_in(known.text, stemmer_language(known.text, known.language))
            weights |= self._terms.idf(theirs - weights.keys())
            if may_be_alike(terms, theirs, weights):
                others.append(self._read(article, known))
        if not others:
            return Placed("new")
        titles = mine.ready.title.union(*(o.ready.title for o in others))
        weights |= self._terms.idf(titles - weights.keys())
        here = Side(mine.text, weights, mine.ready.title)
        best: tuple[tuple[bool, float, float, float], float, str, _Read, Comparison] | None = None
        for other in others:
            found = compare(here, Side(other.text, weights, other.ready.title), weights)
            likely = probability(found)
            one_site = mine.ready.site == other.ready.site
            kind = kind_of(found, likely, one_site=one_site and mine.ready.site != "")
            if kind in JOINING and found.grams >= FORM and _same_form(mine, other, found):
                kind = "related"
            if one_site and kind in JOINING and share_furniture_only(mine.text, other.text, weights):
                continue
            # Of several copies the one it is nearest to in words, then in length: whom it copied. The likelihood decides by
            # the hundredth only: the rest of it changes with what else was placed.
            rank = (kind in JOINING, round(likely, 2), round(found.grams, 3), found.features[1])
            if best is None or rank > best[0]:
                best = (rank, likely, kind, other, found)
        if best is None or best[2] == "new":
            return Placed("new")
        _, likely, kind, other, found = best
        return Placed(kind, other.article, round(likely, 4), _evidence(mine, other, found))

    def _lines_of(self, article: int | None) -> frozenset[str]:
        known = None if article is None else self._known(article)
        return frozenset(line.strip() for line in known.text.split("\n")) if known else frozenset()

    def _remember(self, mine: _Read, pairs: Mapping[int, float], shared: frozenset[str] = frozenset()) -> None:
        """Note a text's pairs and lines. `shared`: lines that stand in a copy of it: they are the story's."""
        self._pairs.add(mine.article, pairs)
        ids, lines = mine.ready.lines, mine.ready.whole.lines
        self._furniture.count(mine.article, set(ids.values()) - {each for n, each in ids.items() if lines[n] in shared})


def _ready(known: Known) -> _Ready:
    language = stemmer_language(known.text, known.language)
    whole = prepare(known.text, language)
    site = _site(known.url)
    title = prepare(known.title, language).terms if known.title else frozenset[int]()
    return _Ready(site, whole, line_ids(site, whole.lines), title)


def _same_form(mine: _Read, other: _Read, found: Comparison) -> bool:
    short, long = (other, mine) if found.swapped else (mine, other)
    return same_form(short.text.sentences, long.text.sentences, found.matches)


def _site(url: str) -> str:
    try:
        return registered_domain(url)
    except UrlError:
        return ""


def _evidence(mine: _Read, other: _Read, found: Comparison) -> str:
    """Return what a person is shown: the numbers, and the sentences that are most alike, of this text and the other."""
    matches = sorted(found.matches, key=lambda m: (-m.alike, m.here))[:_MATCHES_SHOWN]
    sentences = []
    for match in sorted(matches, key=lambda m: m.here):
        here, there = (match.there, match.here) if found.swapped else (match.here, match.there)
        sentences.append(
            [mine.text.sentences[here].text[:_SHOWN], other.text.sentences[there].text[:_SHOWN], round(match.alike, 2)]
        )
    soft, soft_long, *_ = found.features
    shown = {"share": round(soft, 3), "share_of_longer": round(soft_long, 3), "same_words": round(found.grams, 3)}
    return json.dumps({**shown, "sentences": sentences}, ensure_ascii=False)
