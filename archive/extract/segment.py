"""A page as segments: every run of text that a reader sees as one, with where in the page it stands.

Segments cover the whole page, furniture too: what is the article's is for others to judge. A run belongs to the block
element whose child it is; inline elements (a, b, span …) are part of their run unless they hold blocks themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree

from archive.extract.document import Element, squeeze

BREAK = "\u2028"  # LINE SEPARATOR: stands for a <br>, which no page can write any other way and mean something else
MAX_SEGMENTS = 20_000  # a live blog of a whole election night has 6,000
_MAX_TOKENS = 12  # words of class and id that one element may have; utility classes come in hundreds
_MAX_CUES = 240  # characters of class and id
_MAX_NAMED = 1000  # characters of each that are looked at; utility classes fill hundreds
_NEAR = 4  # ancestors of which a signature is made
_UNSEEN = (
    "script", "style", "noscript", "template", "head", "svg", "math", "iframe", "object", "embed", "select", "button",
    "textarea", "canvas", "audio", "video", "map", "input", "option", "datalist", "dialog", "progress", "meter", "title",
)  # fmt: skip
_INLINE = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd",
    "label", "mark", "nobr", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time",
    "tt", "u", "var", "wbr", "img", "picture", "source", "link", "meta", "blink", "center-inline",
})  # fmt: skip
# What is remembered of a place's ancestors; a page may nest thousands of tags that nobody knows.
_TELLING = frozenset({
    "article", "main", "aside", "nav", "footer", "header", "form", "figure", "figcaption", "blockquote", "pre", "table",
    "caption", "td", "th", "ul", "ol", "li", "dl", "dd", "dt", "menu", "a", "h1", "h2", "h3", "h4", "h5", "h6",
})  # fmt: skip
_WORD = re.compile(r"[a-z]{2,20}|[A-Z][a-z]{1,19}|[A-Z]{2,20}")
_DIGITS = re.compile(r"[0-9a-f]*\d[0-9a-f]*|\d+", re.IGNORECASE)
_STRING: Any = etree.XPath("string()")


@dataclass(slots=True)
class Place:
    """An element that holds segments, with what is known from its ancestors."""

    tag: str
    parent: Place | None
    depth: int
    own: tuple[str, ...]  # words of its class and id
    step: str  # tag, up to two classes and id, without digits and hashes
    tags: frozenset[str]  # of itself and its ancestors, those of _TELLING
    hidden: bool
    element: Element

    def near(self) -> tuple[str, ...]:
        """Return the steps of itself and its next ancestors, at most four."""
        steps: list[str] = []
        place: Place | None = self
        while place is not None and len(steps) < _NEAR:
            steps.append(place.step)
            place = place.parent
        return tuple(steps)

    def named(self, words: frozenset[str]) -> str:
        """Return which of these words stands in class or id of itself or its next ancestors, the first by the alphabet."""
        found: list[str] = []
        place: Place | None = self
        for _ in range(_NEAR):
            if place is None:
                break
            if place.own and not words.isdisjoint(place.own):
                found.extend(words.intersection(place.own))
            place = place.parent
        return min(found, default="")


@dataclass(slots=True)
class Segment:
    """One run of text."""

    index: int  # in the page's order, 0 …
    text: str  # white space folded; BREAK for a line break
    linked: int  # characters of it that are link text
    links: int
    bold: int  # characters of it that are emphasised
    place: Place
    run: list[Any]  # text and inline elements it is made of, for rendering


def seen(tree: Element) -> Element:
    """Return a copy of a page without what no reader sees."""
    shown = copy(tree)
    etree.strip_elements(shown, *_UNSEEN, with_tail=False)
    return shown


def segments(tree: Element) -> list[Segment]:
    """Return the page's segments in its order. The tree is not changed; at most MAX_SEGMENTS, the rest is left out."""
    return segments_of(seen(tree))


def segments_of(shown: Element) -> list[Segment]:
    """Return the segments of what `seen` returned. Its line breaks are gone afterwards."""
    body = shown.find("body")
    root = body if body is not None else shown
    for br in root.iter("br"):
        br.tail = BREAK + (br.tail or "")
    etree.strip_tags(root, "br", "wbr")
    found: list[Segment] = []
    for segment in _walk(root):
        found.append(segment)
        if len(found) >= MAX_SEGMENTS:
            break
    return found


def _walk(root: Element) -> Iterator[Segment]:
    index = 0
    holding: set[Element] = set()
    top = _place(root, None)
    stack: list[tuple[Place, Iterator[Any], list[Any]]] = [(top, iter(root), [root.text] if root.text else [])]
    while stack:
        place, children, run = stack[-1]
        into: Element | None = None
        for child in children:
            tag = child.tag
            if not isinstance(tag, str):  # an entity that the parser did not know
                run.append(child.tail or "")
                continue
            if tag in _INLINE and (len(child) == 0 or not _holds_block(child, holding)):
                run.append(child)
                if child.tail:
                    run.append(child.tail)
                continue
            into = child
            break
        if len(run) == 1 and isinstance(run[0], str) and not run[0].strip():  # between two blocks: most runs are
            run.clear()
        elif run:
            for piece in _split(run):
                if (segment := _segment(index, piece, place)) is not None:
                    yield segment
                    index += 1
            run.clear()
        if into is None:
            stack.pop()
            if stack and place.element.tail:
                stack[-1][2].append(place.element.tail)
            continue
        stack.append((_place(into, place), iter(into), [into.text] if into.text else []))


def _holds_block(element: Element, holding: set[Element]) -> bool:
    """Say whether a block stands in an inline element. `holding`: those known to; what stands between is added.

    So each element is looked at twice at most; nested inline elements would cost their square.
    """
    if element in holding:
        return True
    for inner in element.iterdescendants():
        if inner.tag not in _INLINE:
            for outer in inner.iterancestors():
                if outer is element:
                    break
                holding.add(outer)
            return True
    return False


def _place(element: Element, parent: Place | None) -> Place:
    tag = element.tag
    said = element.get("class") or ""
    ident = element.get("id") or ""
    own, step = _named(tag, said[:_MAX_NAMED], ident[:_MAX_NAMED]) if said or ident else ((), tag)
    tags = parent.tags if parent else frozenset()
    if tag in _TELLING and tag not in tags:
        tags = tags | {tag}
    hidden = bool(parent and parent.hidden)
    if not hidden and (element.get("hidden") is not None or element.get("aria-hidden") == "true"):
        hidden = True
    if not hidden and (style := element.get("style")):
        hidden = "none" in style and "display" in style
    return Place(tag, parent, parent.depth + 1 if parent else 0, own, step, tags, hidden, element)


@lru_cache(maxsize=4096)  # a page says the same names hundreds of times
def _named(tag: str, said: str, ident: str) -> tuple[tuple[str, ...], str]:
    """Return the words of class and id, and the step they make."""
    cues = f"{said} {ident}"[:_MAX_CUES]
    own = tuple(dict.fromkeys(w.lower() for w in _WORD.findall(cues)))[:_MAX_TOKENS]
    # cut first: _DIGITS takes the square of what it looks at
    classes = ".".join(_DIGITS.sub("", c[:_MAX_CUES]) for c in said.split(None, 2)[:2])
    return own, f"{tag}.{classes}#{_DIGITS.sub('', ident[:_MAX_CUES])}"[:_MAX_CUES]


def _split(run: list[Any]) -> Iterator[list[Any]]:
    """Split a run where two line breaks follow each other in its loose text: old pages write paragraphs so."""
    if not any(isinstance(part, str) and BREAK in part for part in run):
        yield run
        return
    piece: list[Any] = []
    for part in run:
        if isinstance(part, str) and BREAK in part:
            lines = part.split(BREAK)
            for n, line in enumerate(lines):
                blank = not line.strip()
                if n and (blank and n < len(lines) - 1):
                    yield piece
                    piece = []
                elif n:
                    # a break directly before: this line begins after it
                    if not piece or (isinstance(piece[-1], str) and piece[-1].endswith(BREAK)):
                        yield piece
                        piece = [line]
                    else:
                        piece.append(BREAK + line)
                else:
                    piece.append(line)
        else:
            piece.append(part)
    yield piece


def _segment(index: int, run: list[Any], place: Place) -> Segment | None:
    texts: list[str] = []
    linked = links = bold = 0
    for part in run:
        if isinstance(part, str):
            texts.append(part)
            continue
        text = part.text or "" if len(part) == 0 else str(_STRING(part))
        texts.append(text)
        if not text:
            continue
        tag = part.tag
        if tag == "a":
            linked += len(text)
            links += 1
        elif len(part):
            for link in part.iter("a"):
                linked += len(str(_STRING(link)))
                links += 1
        if tag in {"b", "strong"} or (len(part) == 1 and part[0].tag in {"b", "strong"}):
            bold += len(text)
    raw = "".join(texts)
    text = squeeze(raw) if BREAK not in raw else _fold(raw)
    if not text:
        return None
    return Segment(index, text, min(linked, len(text)), links, min(bold, len(text)), place, list(run))


def _fold(raw: str) -> str:
    """Fold white space, but keep single line breaks as BREAK."""
    lines = [" ".join(line.split()) for line in raw.split(BREAK)]
    return BREAK.join(line for line in lines if line)
