"""Features of a page's segments: numbers from which the weights in `blocks.json` judge what is the article's.

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
from importlib import resources

from archive.extract.chrome import is_chrome
from archive.extract.segment import BREAK, Place, Segment
from archive.extract.title import fold
from archive.extract.witness import Witness, squash

_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_END = re.compile(r"[.!?…。！？؟।”\"»:;)’']$")
_STOP = re.compile(r"[.!?…。！？؟।][\"”»’')]*(?:\s|$)")
_DATE = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[:.]\d\d\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b")
_HEADS = {"h1": 1.0, "h2": 2.0, "h3": 3.0, "h4": 4.0, "h5": 5.0, "h6": 6.0}
_LISTS = frozenset({"li", "dd", "dt", "ul", "ol"})
_NEIGHBOURS = (-3, -2, -1, 1, 2, 3)


@dataclass(slots=True)
class Context:
    """What is known of the page besides its segments."""

    witnesses: Mapping[str, Witness]  # precision, resiliparse, json-ld
    titles: Sequence[str] = ()
    description: str = ""
    rescued: bool = False  # the first witness found too little, another stands in its place


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
AROUND = ("size", "precision", "resiliparse", "linked", "head", "stops")
_RAW: dict[str, dict[str, str]] = json.loads(
    resources.files("archive.extract").joinpath("cues.json").read_text(encoding="utf-8")
)
CUES = tuple(_RAW["places"])
_CUE_OF: dict[str, list[int]] = {}
for _n, _words in enumerate(_RAW["places"].values()):
    for _word in _words.split():
        _CUE_OF.setdefault(_word, []).append(_n)
WORDING = tuple(_RAW["wording"])
_WORDING = tuple(re.compile(p, re.IGNORECASE if k != "byline" else 0) for k, p in _RAW["wording"].items())
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


def rows(found: Sequence[Segment], context: Context) -> list[list[float]]:
    """Return a row of numbers for each segment: COLUMNS, then the vocabulary's, then the wording's."""
    if not found:
        return []
    squashed = [squash(s.text) for s in found]
    sizes = [weigh(s.text) for s in found]
    total = max(sum(sizes), 1)
    known: dict[str, dict[str, float]] = {}  # a page says many short things often
    for text in squashed:
        if text not in known:
            known[text] = {name: w.holds(text) for name, w in context.witnesses.items()}
    held = [known[text] for text in squashed]
    places: dict[int, _Group] = defaultdict(_Group)
    parents: dict[int, _Group] = defaultdict(_Group)
    steps: dict[str, _Group] = defaultdict(_Group)
    for segment, size, kept in zip(found, sizes, held, strict=True):
        box = _box(segment.place)
        for group in (places[id(box)], parents[id(box.parent or box)], steps[_step(segment.place)]):
            group.add(segment, size, kept)
    times = Counter(squashed)
    core = [n for n, (kept, size) in enumerate(zip(held, sizes, strict=True)) if kept["precision"] > 0.5 and size >= 80]  # noqa: PLR2004
    first, last = (core[0], core[-1]) if core else (0, len(found) - 1)
    h1 = next((n for n, s in enumerate(found) if s.place.tag == "h1"), -1)
    titles = [fold(t) for t in context.titles if t]
    h1s = 0
    before = 0
    main_depth = found[core[len(core) // 2]].place.depth if core else 0
    out: list[list[float]] = []
    for n, (segment, size, kept) in enumerate(zip(found, sizes, held, strict=True)):
        place = segment.place
        box = _box(place)
        own, up, step = places[id(box)], parents[id(box.parent or box)], steps[_step(place)]
        text = segment.text
        tag = place.tag
        h1s += tag == "h1"
        folded = fold(text) if size <= 400 else ""  # noqa: PLR2004 - headlines
        lead = text[:600]
        values = [
            math.log1p(size), math.log1p(text.count(" ")), before / total, min(n, 200) / 200, min(len(found) - n, 200) / 200,
            segment.linked / max(len(text), 1), min(segment.links, 10), segment.bold / max(len(text), 1),
            math.log1p(len(_STOP.findall(lead))), float(bool(_END.search(text))), min(lead.count(",") + lead.count("，"), 8),
            sum(c.isdigit() for c in lead) / max(len(lead), 1), sum(c.isupper() for c in lead) / max(len(lead), 1),
            float(text[:1] in '"“„«‘»'), float(text.endswith(":")), float(text.endswith("?")),
            float(bool(_DATE.search(lead)) and size < 80), float("©" in lead or "(c)" in lead.lower()),  # noqa: PLR2004
            float(is_chrome(text)), float(folded != "" and folded in titles),
            float(len(folded) > 12 and any(folded in t or t in folded for t in titles if len(t) > 12)),  # noqa: PLR2004
            _description(squashed[n], context.description),
            _HEADS.get(tag, 0.0), float(tag == "p"), float(tag in _LISTS), float(tag in {"td", "th"}),
            float("figure" in place.tags), float("blockquote" in place.tags),
            float("figcaption" in place.tags or "caption" in place.tags), float("pre" in place.tags),
            float("article" in place.tags), float("main" in place.tags), float("aside" in place.tags),
            float("nav" in place.tags), float("footer" in place.tags), float("header" in place.tags),
            float("form" in place.tags), float(bool(place.tags & _LISTS)), float("table" in place.tags),
            float("a" in place.tags), float(place.hidden), min(place.depth, 40), min(abs(place.depth - main_depth), 20),
            kept["precision"], kept["resiliparse"], kept["json-ld"],
            *(math.log1p(context.witnesses[w].size) for w in ("precision", "resiliparse", "json-ld")),
            own.precision / max(own.size, 1), own.resiliparse / max(own.size, 1), math.log1p(own.size),
            own.linked / max(own.size, 1), math.log1p(own.count),
            up.precision / max(up.size, 1), up.resiliparse / max(up.size, 1), up.linked / max(up.size, 1), math.log1p(up.size),
            step.precision / max(step.size, 1), step.resiliparse / max(step.size, 1), math.log1p(step.count),
            step.size / total,
            float(n >= first), float(n <= last), float(first <= n <= last),
            min(max(first - n, n - last, 0), 30), float(h1 >= 0 and n > h1), float(h1s > 1), min(max(h1 - n, 0), 30),
            min(times[squashed[n]] - 1, 5), min(text.count(BREAK), 5),
        ]  # fmt: skip
        before += size
        out.append(values)
    _add_neighbours(out)
    _add_words(out, found, context)
    return out


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


def _add_neighbours(out: list[list[float]]) -> None:
    columns = [BASE.index(name) for name in AROUND]
    nothing = [-1.0] * len(AROUND)
    plain = [[row[c] for c in columns] for row in out]
    for n, row in enumerate(out):
        for step in _NEIGHBOURS:
            row.extend(plain[n + step] if 0 <= n + step < len(plain) else nothing)


def _add_words(out: list[list[float]], found: Sequence[Segment], context: Context) -> None:
    seen: dict[int, list[float]] = {}
    rescued = float(context.rescued)
    for row, segment in zip(out, found, strict=True):
        known = seen.get(id(segment.place))
        if known is None:
            known = seen[id(segment.place)] = _cues(segment.place)
        row.extend(known)
        text = segment.text[:200]
        row.extend([float(p.search(text) is not None) for p in _WORDING])
        row.append(rescued)


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
