"""What a source's selectors pick from a page, before the general extraction is asked.

A selector that finds nothing on a page leaves its field to the general extraction, and the provenance says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree

from archive.extract import authors, dates
from archive.extract.blocks import Block
from archive.extract.dates import When
from archive.extract.document import Document, Element, inner_text, squeeze
from archive.extract.render import blocks_of
from archive.extract.segment import Segment, segments
from archive.extract.title import MAX_TITLE
from archive.sources.selector import is_costly, xpath_of

_MAX_FOUND = 500  # elements of one selector
# What a costly selector is asked of: "p + p" takes a second on 3,000 siblings and minutes on 20,000 (libxml2 2.14).
_MAX_ELEMENTS = 8000
_MAX_CHILDREN = 1000
_MAX_DATE = 200  # characters of an element that holds a date


@dataclass(frozen=True, slots=True)
class Selected:
    """What the selectors found; an empty field is the general extraction's."""

    text: tuple[Block, ...] = ()
    title: str | None = None
    authors: tuple[str, ...] = ()
    published: When | None = None
    segments: tuple[Segment, ...] = ()  # what `text` is made of
    missed: tuple[str, ...] = ()  # fields whose selector found nothing that can be used

    def provenance(self) -> dict[str, str]:
        """Return what the provenance says of selectors that found nothing.

        >>> Selected(missed=("text",)).provenance()
        {'selectors': 'nothing found: text'}
        """
        return {"selectors": f"nothing found: {', '.join(self.missed)}"} if self.missed else {}


def apply(document: Document) -> Selected:
    """Take out of the page what `remove` names, and return what the other selectors pick.

    The one step that changes the page's tree: it must come before anything else has read it. Raises `SelectorError`
    for a selector that sources.toml would not have let in.
    """
    selectors = document.page.selectors
    if not selectors:
        return Selected()
    missed = []
    if "remove" in selectors and not _remove(document, _find(document, selectors["remove"])):
        missed.append("remove")
    found = {name: _find(document, selectors[name]) for name in selectors if name != "remove"}
    pieces = _segments(found.get("text", ()))
    text = tuple(blocks_of(pieces))
    headline = next((t[:MAX_TITLE] for t in map(_value, found.get("title", ())) if t), None)
    names = authors.clean(map(_value, found.get("authors", ())))
    when = _date(document, found.get("published", ()))
    got: Mapping[str, object] = {"text": text, "title": headline, "authors": names, "published": when}
    missed.extend(name for name in found if not got.get(name))
    return Selected(text, headline, names, when, tuple(pieces), tuple(missed))


@lru_cache(maxsize=256)
def _compiled(selector: str) -> tuple[Any, bool]:
    path = xpath_of(selector)
    return etree.XPath(path, regexp=False, smart_strings=False), is_costly(path)


def _find(document: Document, selector: str) -> list[Any]:
    """Return elements, or texts and attribute values, in the page's order."""
    evaluate, costly = _compiled(selector)
    if costly and _is_enormous(document.tree):
        return []
    found = evaluate(document.tree)
    return found[:_MAX_FOUND] if isinstance(found, list) else []


def _is_enormous(tree: Element) -> bool:
    widths = [len(element) for element in tree.iter()]
    return len(widths) > _MAX_ELEMENTS or max(widths) > _MAX_CHILDREN


def _remove(document: Document, found: Iterable[Any]) -> bool:
    """Drop these elements; what was collected of them when the page was parsed goes too."""
    elements: list[Element] = [e for e in found if etree.iselement(e) and e.getparent() is not None and e.tag != "body"]
    for element in elements:
        element.drop_tree()  # the text after it stays
    if elements:
        for kept in (document.h1s, document.times):
            kept[:] = [e for e in kept if any(a is document.tree for a in e.iterancestors())]
    return bool(elements)


def _value(found: Any) -> str:
    """Return what an element says on one line: a meta's content, else its text."""
    if not etree.iselement(found):
        return squeeze(str(found))
    return squeeze(found.get("content")) if found.tag == "meta" else inner_text(found)


def _date(document: Document, found: Iterable[Any]) -> When | None:
    """Return the first date that can be read and does not lie after the capture."""
    language = document.declared_language or document.meta("og:locale", "content-language") or ""
    for one in found:
        written = [_value(one)[:_MAX_DATE]]
        if etree.iselement(one):
            written[:0] = [one.get(name) or "" for name in ("datetime", "content", "title")]
        for text in written:
            when = dates.parse_written(text, language)
            if when is not None and when.year >= dates.EARLIEST and not dates.after(when, document.page.captured_at):
                return when
    return None


def _segments(found: Iterable[Any]) -> list[Segment]:
    """Return the segments of these elements, in order; an element inside another one counts once."""
    body = etree.Element("body")
    taken: set[Any] = set()
    for element in found:
        if not etree.iselement(element) or any(a in taken for a in element.iterancestors()):
            continue
        taken.add(element)
        copy = deepcopy(element)
        copy.tail = None
        wrapper = etree.SubElement(body, "div")
        wrapper.append(copy)
    return segments(body)
