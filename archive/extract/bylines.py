"""Names where a page shows them: in elements that call themselves a byline, beside a headline, in links to a person."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from lxml import etree

from archive.extract import authors as names
from archive.extract.document import Document, Element, inner_text, squeeze
from archive.extract.near import Piece

# From the most explicit to the vaguest: the first that names somebody decides.
_BYLINES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^(?=.*\bitemprop=author\b)",
        r"\brel=author\b",
        r"author-?_{0,2}name|byline-?_{0,2}name",
        r"byline",
        r"(?:^|\s)author(?:\s|$)",
        r"author",
    )
)
_NAME_WITHIN: Any = etree.XPath(".//*[@itemprop='name']")
_MAX_LINKED = 3  # distinct links to authors; more are other articles' bylines
_MAX_CUES = 300  # characters of class and id
_MAX_BYLINE = 160  # characters
_MAX_HITS = 12  # a page with more bylines than that is a list of articles, or of comments
_MAX_SIGNED = 3  # lines that begin with "By"; more are a list of books or articles
_MAX_JOINED = 12  # pieces of one byline
_JOINS = re.compile(r"^(?:and|und|et|y|e|en|og|och|&|,|;|/)$|^, \w+|,$", re.IGNORECASE)
_MAX_LABELLED = 100  # characters of a piece of text that begins with "By"


def marked(document: Document) -> Iterator[list[str]]:
    """Return what stands in the elements that call themselves a byline, most explicit first."""
    cues = [(_cues(e), e) for e in document.marked.bylines]
    for pattern in _BYLINES:
        hits = [e for cue, e in cues if pattern.search(cue) and 0 < len(_said(e)) <= _MAX_BYLINE]
        if 0 < len(hits) <= _MAX_HITS:
            if _is_list(hits):
                yield [_said(h) for h in hits[:3]]
            else:
                whole, first = _said(hits[0]), _lines(hits[0])
                yield from ([first, [whole]] if _says_more(whole, first) else [[whole], first])
    signed = [e for _, e in cues if len(text := inner_text(e)) <= _MAX_BYLINE and names.is_signed(text)]
    yield [_said(e) for e in signed[:1]]


def linked(document: Document) -> list[str]:
    """Return the texts of the links to a person's page, unless there are many."""
    texts = list(dict.fromkeys(t for t in (inner_text(e) for e in document.author_links) if 0 < len(t) <= _MAX_BYLINE))
    return texts if len(texts) <= _MAX_LINKED else []


def signed(pieces: Sequence[Piece]) -> list[str]:
    """Return the line beside the headline that begins with "By"; its names may stand in pieces of their own."""
    found = []
    for at, piece in enumerate(pieces):
        if len(piece.text) > _MAX_LABELLED or piece.text.endswith("."):
            continue
        if names.is_label(piece.text):
            found.append(_joined(pieces, at + 1))
        elif names.is_signed(piece.text):
            found.append(_joined(pieces, at))
    return found if len(found) <= _MAX_SIGNED else []


def _joined(pieces: Sequence[Piece], at: int) -> str:
    """Return the piece at this place, with what "and" or a comma joins to it."""
    texts = [p.text for p in pieces[at : at + _MAX_JOINED]]
    line = texts[:1]
    for text in texts[1:]:
        if not (_JOINS.search(text) or _JOINS.search(line[-1])):
            break
        line.append(text)
    return " ".join(line)[:_MAX_BYLINE]


def _cues(element: Element) -> str:
    said = [f"{name}={word}" for name in ("itemprop", "rel") for word in (element.get(name) or "").split()]
    return " ".join([*said, element.get("class") or "", element.get("id") or ""])[:_MAX_CUES]


def _is_list(hits: list[Element]) -> bool:
    """Say whether these are the names of one byline: siblings, one after another."""
    return 1 < len(hits) <= 3 and len({h.getparent() for h in hits}) == 1  # noqa: PLR2004


def _said(element: Element) -> str:
    """Return what an element names: its itemprop=name if there is one, also where that is a <meta> or <link>."""
    within = _NAME_WITHIN(element)
    chosen = within[0] if within else element
    return inner_text(chosen) or squeeze(chosen.get("content") or chosen.get("value"))


def _says_more(whole: str, first: list[str]) -> bool:
    """Say whether a byline is one name with more after it: "Jane Roe", and in the next element "Battle Creek Herald"."""
    long, short = names.split(whole), names.split(" ".join(first))
    return len(short) == 1 and " " in short[0] and bool(long) and long[0].startswith(short[0]) and long[0] != short[0]


def _lines(element: Element) -> list[str]:
    """Return the first piece of text that is more than a label: a name's job and date stand in pieces of their own."""
    pieces = [t for t in (squeeze(text) for text in element.itertext()) if t]
    while pieces and (names.is_label(pieces[0]) or not any(c.isalpha() for c in pieces[0])):
        pieces.pop(0)
    return pieces[:1]
