"""Features of a page's segments: numbers from which the weights in `blocks*.json` judge what is the article's.

Nothing here names a site. Position, length, punctuation, links, tags, words of class and id, wording, repetition of the
title, neighbours, and what the witnesses keep.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from archive.extract.chrome import is_chrome, is_folded_chrome
from archive.extract.segment import BREAK, Place, Segment
from archive.extract.title import fold
from archive.extract.witness import Witness, squash

Floats = npt.NDArray[np.float64]

_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_END = re.compile(r"[.!?…。！？؟।”\"»:;)’']$")
_STOP = re.compile(r"[.!?…。！？؟।][\"”»’')]*(?:\s|$)")
_DIGIT = re.compile(r"\d")
_UPPER = re.compile("[A-ZÀ-ÖØ-ÞА-ЯΑ-Ω]")
_NOBODY = -1.0
_DATE = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[:.]\d\d\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b")
_HEADS = {"h1": 1.0, "h2": 2.0, "h3": 3.0, "h4": 4.0, "h5": 5.0, "h6": 6.0}
_LISTS = frozenset({"li", "dd", "dt", "ul", "ol"})
_NEIGHBOURS = (-3, -2, -1, 1, 2, 3)
_FAR = 3


@dataclass(slots=True)
class Context:
    """What is known of the page besides its segments."""

    witnesses: Mapping[str, Witness]  # precision, resiliparse, json-ld; the first may be missing
    titles: Sequence[str] = ()
    description: str = ""
    rescued: bool = False  # the first witness found too little, another stands in its place

    def witness(self, name: str) -> Witness:
        """Return a witness; where the first one was not asked, the second stands in its place."""
        return self.witnesses.get(name) or self.witnesses[WITNESSES[1]]

    def held(self, squashed: str) -> dict[str, float]:
        """Return how much of a squashed segment each witness has."""
        said = {name: witness.holds(squashed) for name, witness in self.witnesses.items()}
        return said if WITNESSES[0] in said else {WITNESSES[0]: said[WITNESSES[1]], **said}


BASE = (
    "size", "words", "share_before", "index", "from_end", "linked", "links", "bold", "stops", "ends", "commas", "digits",
    "upper", "quote", "colon", "question", "date", "copyright", "chrome", "title", "title_part", "description",
    "head", "p", "li", "td", "figure", "blockquote", "caption", "pre",
    "in_article", "in_main", "in_aside", "in_nav", "in_footer", "in_header", "in_form", "in_list", "in_table", "in_a",
    "hidden", "depth", "depth_main",
    "precision", "resiliparse", "jsonld", "precision_size", "resiliparse_size", "jsonld_size",
    "place_precision", "place_resiliparse", "place_size", "place_linked", "place_segments",
    "up_precision", "up_resiliparse", "up_linked", "up_size",
    "step_precision", "step_resiliparse", "step_count", "step_size",
    "after_first", "before_last", "in_core", "to_core", "after_h1", "second_h1", "before_h1", "repeated", "breaks",
)  # fmt: skip
AROUND = ("size", "precision", "resiliparse", "linked", "head", "ends")
WITNESSES = ("precision", "resiliparse", "json-ld")
CANDIDATE_SIZE = 80  # weighed characters: a segment that no witness keeps is worth judging from here on
CANDIDATE_LINKS = 0.5  # … with less link text than this share
_RAW: dict[str, dict[str, str]] = json.loads(
    resources.files("archive.extract").joinpath("cues.json").read_text(encoding="utf-8")
)
CUES = tuple(_RAW["places"])
_CUE_OF: dict[str, list[int]] = {}
for _n, _words in enumerate(_RAW["places"].values()):
    for _word in _words.split():
        _CUE_OF.setdefault(_word, []).append(_n)
WORDING = tuple(_RAW["wording"])
_CASED = frozenset({"byline"})
_PLAIN = re.compile(r"[^\\.^$*+?{}\[\]|()]+")


def _split(pattern: str) -> tuple[tuple[str, ...], re.Pattern[str] | None]:
    """Return a pattern's alternatives that are plain text, which is found ten times as fast, and a pattern of the others."""
    alternatives, depth, start = [], 0, 0
    for at, char in enumerate(pattern):
        if at and pattern[at - 1] == "\\":
            continue
        depth += (char == "(") - (char == ")")
        if char == "|" and depth == 0:
            alternatives.append(pattern[start:at])
            start = at + 1
    alternatives.append(pattern[start:])
    plain = tuple(a for a in alternatives if _PLAIN.fullmatch(a))
    rest = [a for a in alternatives if a not in plain]
    return plain, re.compile("|".join(rest)) if rest else None


# Searched in lower-case text: with IGNORECASE the same patterns take three to nine times as long.
_WORDING = tuple((name in _CASED, *_split(p if name in _CASED else p.lower())) for name, p in _RAW["wording"].items())
_NO_WORDING = [0.0] * len(_WORDING)
COLUMNS = (
    *BASE,
    *(f"{name}{n:+d}" for n in _NEIGHBOURS for name in AROUND),
    *(f"near:{cue}" for cue in CUES),
    *(f"own:{cue}" for cue in CUES),
    *(f"says:{word}" for word in WORDING),
    "rescued",
)


def weigh(text: str) -> int:
    """Return a text's length where a character of a script without spaces counts for two and a half."""
    return len(text) if text.isascii() else len(text) + int(1.5 * len(_WIDE.findall(text)))


@dataclass(slots=True)
class _Group:
    """Sums over the segments of one place, or of all places with the same step."""

    size: int = 0
    linked: int = 0
    count: int = 0
    precision: float = 0.0
    resiliparse: float = 0.0

    def add(self, segment: Segment, size: int, held: Mapping[str, float]) -> None:
        self.size += size
        self.linked += segment.linked
        self.count += 1
        self.precision += size * held["precision"]
        self.resiliparse += size * held["resiliparse"]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a page's candidates: the segments that are worth judging."""

    candidates: list[int]  # places in the page's segments
    rows: Floats  # a row of COLUMNS for each
    held: list[dict[str, float]]  # of every segment: witness -> how much of it that one keeps
    sizes: list[int]  # of every segment, weighed characters

    @classmethod
    def judged(cls, likely: Floats, sizes: list[int]) -> Table:
        """Return the table of segments that were judged before, without what they were judged by."""
        unknown = dict.fromkeys(WITNESSES, 0.0)
        return cls([int(n) for n in np.flatnonzero(likely)], np.zeros((0, len(COLUMNS))), [unknown] * len(sizes), sizes)


class Measured:
    """A page's segments, and what is measured of them whoever the witnesses are."""

    def __init__(self, found: Sequence[Segment]) -> None:
        self.found = list(found)
        self.squashed = [squash(s.text) for s in found]
        self.sizes = [weigh(s.text) for s in found]
        self._cues: dict[int, list[float]] = {}
        self._said: dict[int, list[float]] = {}

    def cues_and_wording(self, n: int) -> list[float]:
        """Return the columns of CUES and WORDING of the segment at `n`."""
        known = self._said.get(n)
        if known is None:
            segment = self.found[n]
            said = _says(segment.text[:160]) if len(segment.text) <= 320 else _NO_WORDING  # noqa: PLR2004 - prompts and credits are short
            known = self._said[n] = self._cues_of(segment.place) + said
        return known

    def _cues_of(self, place: Place) -> list[float]:
        known = self._cues.get(id(place))
        if known is None:
            known = self._cues[id(place)] = _cues(place)
        return known


def table(measured: Measured, context: Context) -> Table:
    """Return a row of COLUMNS for each segment that is worth judging.

    Worth it is what a witness keeps, what stands between two long segments that the first witness keeps, and prose: a
    third of a page, with all but 0.3% of the articles' text (measured).
    """
    found, squashed, sizes = measured.found, measured.squashed, measured.sizes
    known: dict[str, dict[str, float]] = {}  # a page says many short things often
    for text in squashed:
        if text not in known:
            known[text] = context.held(text)
    held = [known[text] for text in squashed]
    core = [n for n, (kept, size) in enumerate(zip(held, sizes, strict=True)) if kept["precision"] > 0.5 and size >= 80]  # noqa: PLR2004
    first, last = (core[0], core[-1]) if core else (len(found), -1)
    worth = [
        n
        for n, (segment, size) in enumerate(zip(found, sizes, strict=True))
        if first <= n <= last
        or any(held[n].values())
        or (size >= CANDIDATE_SIZE and segment.linked < CANDIDATE_LINKS * len(segment.text))
    ]
    page = _Page(measured, context, held, (first, last))
    return Table(worth, page.rows(worth), held, sizes)


class _Page:
    """Sums over a page, and the rows made from them."""

    def __init__(
        self, measured: Measured, context: Context, held: Sequence[dict[str, float]], core: tuple[int, int]
    ) -> None:
        """`held`: what witnesses have of each segment. `core`: the first and the last long one that the first of them keeps."""
        first, last = core
        found, sizes = measured.found, measured.sizes
        self.measured, self.context, self.held = measured, context, held
        self.found, self.squashed, self.sizes = found, measured.squashed, sizes
        self.first, self.last = first, last
        self.total = max(sum(sizes), 1)
        self.places: dict[int, _Group] = defaultdict(_Group)
        self.parents: dict[int, _Group] = defaultdict(_Group)
        self.steps: dict[str, _Group] = defaultdict(_Group)
        self.before: list[int] = []
        self.h1s: list[int] = []
        before = h1s = 0
        for segment, size, kept in zip(found, sizes, held, strict=True):
            box = _box(segment.place)
            for group in (
                self.places[id(box)], self.parents[id(box.parent or box)], self.steps[_step(segment.place)],
            ):  # fmt: skip
                group.add(segment, size, kept)
            self.before.append(before)
            before += size
            h1s += segment.place.tag == "h1"
            self.h1s.append(h1s)
        self.times = Counter(self.squashed)
        self.h1 = next((n for n, s in enumerate(found) if s.place.tag == "h1"), -1)
        self.titles = [fold(t) for t in context.titles if t]
        self.depth = found[(first + last) // 2].place.depth if first <= last else 0
        self.witness_sizes = [math.log1p(context.witness(w).size) for w in WITNESSES]

    def rows(self, candidates: Sequence[int]) -> Floats:
        """Return COLUMNS of the segments at these places."""
        if not candidates:
            return np.empty((0, len(COLUMNS)))
        around, at = self._around(), np.array(candidates) + _FAR
        cues = [self.measured.cues_and_wording(n) for n in candidates]
        return np.hstack(
            [
                np.array([self._base(n) for n in candidates]),
                *(around[at + away] for away in _NEIGHBOURS),
                np.array(cues),
                np.full((len(candidates), 1), float(self.context.rescued)),
            ]
        )

    def _around(self) -> Floats:
        """Return AROUND of all segments, between as many rows as a neighbour may be away that say that there is none."""
        found, held = self.found, self.held
        nobody = np.full((_FAR, len(AROUND)), _NOBODY)
        columns = [
            [math.log1p(size) for size in self.sizes],
            [kept["precision"] for kept in held],
            [kept["resiliparse"] for kept in held],
            [s.linked / len(s.text) for s in found],
            [_HEADS.get(s.place.tag, 0.0) for s in found],
            [float(_END.search(s.text[-3:]) is not None) for s in found],
        ]
        return np.vstack([nobody, np.array(columns).T, nobody])

    def _base(self, n: int) -> list[float]:
        """Return BASE of the segment at `n`."""
        context, first, last = self.context, self.first, self.last
        segment, size, kept, squashed = self.found[n], self.sizes[n], self.held[n], self.squashed[n]
        place, text = segment.place, segment.text
        box, tag = _box(place), place.tag
        own, up = self.places[id(box)], self.parents[id(box.parent or box)]
        step = self.steps[_step(place)]
        folded = fold(text) if size <= 400 else ""  # noqa: PLR2004 - headlines
        lead = text[:300]
        return [
            math.log1p(size), math.log1p(text.count(" ")), self.before[n] / self.total, min(n, 200) / 200,
            min(len(self.found) - n, 200) / 200,
            segment.linked / len(text), min(segment.links, 10), segment.bold / len(text),
            math.log1p(len(_STOP.findall(lead))), float(bool(_END.search(text[-3:]))),
            min(lead.count(",") + lead.count("，"), 8),
            len(_DIGIT.findall(lead)) / len(lead), len(_UPPER.findall(lead)) / len(lead),
            float(text[:1] in '"“„«‘»'), float(text.endswith(":")), float(text.endswith("?")),
            float(size < 80 and bool(_DATE.search(lead))), float("©" in lead or "(c)" in lead.lower()),  # noqa: PLR2004
            float(len(text) <= 320 and (is_folded_chrome(folded) if size <= 400 else is_chrome(text))),  # noqa: PLR2004
            float(folded != "" and folded in self.titles),
            float(len(folded) > 12 and any(folded in t or t in folded for t in self.titles if len(t) > 12)),  # noqa: PLR2004
            _description(squashed, context.description),
            _HEADS.get(tag, 0.0), float(tag == "p"), float(tag in _LISTS), float(tag in {"td", "th"}),
            float("figure" in place.tags), float("blockquote" in place.tags),
            float("figcaption" in place.tags or "caption" in place.tags), float("pre" in place.tags),
            float("article" in place.tags), float("main" in place.tags), float("aside" in place.tags),
            float("nav" in place.tags), float("footer" in place.tags), float("header" in place.tags),
            float("form" in place.tags), float(bool(place.tags & _LISTS)), float("table" in place.tags),
            float("a" in place.tags), float(place.hidden), min(place.depth, 40), min(abs(place.depth - self.depth), 20),
            kept["precision"], kept["resiliparse"], kept["json-ld"], *self.witness_sizes,
            own.precision / max(own.size, 1), own.resiliparse / max(own.size, 1), math.log1p(own.size),
            own.linked / max(own.size, 1), math.log1p(own.count),
            up.precision / max(up.size, 1), up.resiliparse / max(up.size, 1), up.linked / max(up.size, 1), math.log1p(up.size),
            step.precision / max(step.size, 1), step.resiliparse / max(step.size, 1), math.log1p(step.count),
            step.size / self.total,
            float(n >= first), float(n <= last), float(first <= n <= last),
            min(max(first - n, n - last, 0), 30), float(0 <= self.h1 < n), float(self.h1s[n] > 1),
            min(max(self.h1 - n, 0), 30),
            min(self.times[squashed] - 1, 5), min(text.count(BREAK), 5),
        ]  # fmt: skip


def _box(place: Place) -> Place:
    """Return the container that a paragraph's siblings share."""
    return place.parent if place.parent and place.tag in {"p", "li", "dd", "dt", *_HEADS} else place


def _step(place: Place) -> str:
    box = place.parent
    return f"{box.step if box else ''}>{place.step}"


def _description(squashed: str, description: str) -> float:
    if len(squashed) < 30 or not description:  # noqa: PLR2004
        return 0.0
    if squashed == description:
        return 1.0
    short, long = sorted((squashed, description), key=len)
    return 0.5 if short[:60] in long else 0.0


@lru_cache(maxsize=8192)  # a site says "Read more" on every page
def _says(said: str) -> list[float]:
    """Return for each kind of wording whether a short text has it."""
    folded = said.lower()
    return [
        float(any(map((text := said if cased else folded).__contains__, plain)) or bool(rest and rest.search(text)))
        for cased, plain, rest in _WORDING
    ]


def _cues(place: Place) -> list[float]:
    """Return for each group of cues whether a word of it stands in the class or id of an ancestor, and in its own."""
    near = [0.0] * len(CUES)
    own = [0.0] * len(CUES)
    at: Place | None = place
    for step in range(6):
        if at is None:
            break
        for word in at.own:
            for column in _CUE_OF.get(word, ()):
                near[column] = max(near[column], 1.0 - step / 10)
                if step <= 1:
                    own[column] = 1.0
        at = at.parent
    return near + own
