"""What stands around a page's headline: the short pieces of text among which a date line and a byline are found.

Most templates print both there, many without any class or microdata that says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from archive.extract.document import Document, Element, squeeze

_AFTER = 60  # pieces of text after the headline
_TEXT = 1500  # characters after the headline: by then the article has begun
_PIECE = 400  # characters; a longer piece is a paragraph and is cut
_SKIP = frozenset(
    {"script", "style", "noscript", "template", "aside", "nav", "footer", "select", "button", "form", "svg", "iframe"}
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One run of text between two tags."""

    text: str  # one line
    element: Element  # in which it stands
    moment: str = ""  # the datetime attribute of the <time> in which it stands


def around(document: Document, title: str | None = None) -> Sequence[Piece]:
    """Return the pieces of text that follow the headline; none if the page has no heading or is too deep to be walked."""
    start = _headline(document, title)
    if start is None or document.deep:
        return ()
    found: list[Piece] = []
    size = 0
    for piece in _following(start):
        found.append(piece)
        size += len(piece.text)
        if len(found) >= _AFTER or size >= _TEXT:
            break
    return found


def _headline(document: Document, title: str | None) -> Element | None:
    """Return the h1 that says the title, else the first that says anything."""
    said = [h for h in document.h1s if "".join(h.itertext()).strip()]
    if title and len(said) > 1:
        for element in said:
            if title in squeeze("".join(element.itertext())):
                return element
    return said[0] if said else None


def _following(element: Element) -> Iterator[Piece]:
    node = element
    while node is not None:
        parent = node.getparent()
        if parent is None:
            return
        if piece := _piece(node.tail, parent):
            yield piece
        sibling = node.getnext()
        if sibling is not None:
            yield from _within(sibling)
            node = sibling
        else:
            node = parent


def _within(element: Element) -> Iterator[Piece]:
    if not isinstance(element.tag, str) or element.tag in _SKIP:
        return
    if piece := _piece(element.text, element):
        yield piece
    elif element.tag == "time" and element.get("datetime") and not len(element):
        yield Piece("", element, element.get("datetime"))
    for child in element:
        yield from _within(child)
        if piece := _piece(child.tail, element):
            yield piece


def _piece(text: str | None, element: Element) -> Piece | None:
    said = squeeze(text[:_PIECE]) if text else ""
    if not said:
        return None
    holder = element if element.tag == "time" else element.getparent()
    moment = holder.get("datetime") if holder is not None and holder.tag == "time" else None
    return Piece(said, element, moment or "")
