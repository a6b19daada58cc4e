"""What a page's segments are judged by: their features, held against what other extractors take for the article.

resiliparse and the JSON-LD body are heard of every page. trafilatura with favor_precision, without its fallbacks, is the best
witness and costs two thirds of all the rest; it is heard of the pages that are doubtful without it. Its `deduplicate` stays
off: it remembers other pages and makes the third reading of a page empty.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from copy import copy
from functools import cache
from importlib import import_module
from typing import Any

from resiliparse.extract import html2text
from resiliparse.parse.html import HTMLTree

from archive.extract import jsonld, metadata
from archive.extract.document import Document, Element
from archive.extract.features import Context, Measured, Table, table
from archive.extract.page import DEFAULT, PRECISION
from archive.extract.segment import seen, segments_of
from archive.extract.witness import Witness, squash

TINY = 120  # characters: below, an extractor found nothing
_FAR_LESS = 0.6  # share of another witness's length below which the first one is doubted
_TEXT_TAGS = ("p", "head", "item", "cell", "quote", "code")  # of trafilatura's output that hold text


@cache
def _trafilatura() -> tuple[Any, Any]:
    core: Any = import_module("trafilatura.core")
    settings: Any = import_module("trafilatura.settings")
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it reports every page it finds nothing on
    return core, settings


def _trafilatura_text(tree: Element, url: str, *, precision: bool, fast: bool) -> str:
    """Return what trafilatura keeps of a copy of the tree, a line a block. The tree is not changed.

    `bare_extraction` would read metadata and render too. The function is trafilatura's own; that is why its version is
    pinned to 2.3. `fast` leaves out its fallbacks, readability and jusText, which need a second per thousand levels of nesting.
    """
    core, settings = _trafilatura()
    options = settings.Extractor(precision=precision, fast=fast, comments=False, url=url, output_format="python")
    try:
        body, *_ = core.trafilatura_sequence(copy(tree), options, url)
    except (TypeError, ValueError, RecursionError):  # bytes that no XML can hold, lists nested without end
        return ""
    return "\n".join("".join(e.itertext()) for e in body.iter(*_TEXT_TAGS)) if body is not None else ""


def _resiliparse_text(document: Document) -> str:
    """Return what resiliparse takes for the main content, "" for a page so deep that it would need minutes."""
    if document.deep:
        return ""
    tree = HTMLTree.parse_from_bytes(document.raw, "utf-8")
    return str(html2text.extract_plain_text(tree, main_content=True, alt_texts=False))


class Evidence:
    """The segments of one page, and tables of their features; trafilatura reads the page when a table needs it."""

    def __init__(self, document: Document, titles: Sequence[str]) -> None:
        """`titles`: what the page may be called, because a headline in its text is no paragraph."""
        self._document = document
        self._measured = Measured(segments_of(seen(document.tree)))
        self.found = self._measured.found
        self._main = _resiliparse_text(document)
        bodies = [body for node in document.articles if (body := jsonld.text_of(node.get("articleBody")))]
        self._witnesses = {"resiliparse": Witness(self._main), "json-ld": Witness(" \n".join(bodies))}
        self._titles = titles
        said = metadata.description(document)
        self._description = squash(said[0]) if said else ""

    def without_trafilatura(self) -> Table | None:
        """Return the table whose first witness is resiliparse; None where that found nothing."""
        if len(self._main) < TINY:
            return None
        return table(self._measured, Context(self._witnesses, self._titles, self._description))

    def with_trafilatura(self) -> tuple[Table, str]:
        """Return the table whose first witness is trafilatura, and which of its extractions that is.

        Where the precise one found far less than another, its default, with its fallbacks, is heard in its place.
        """
        shown = seen(self._document.tree)  # anew: cutting it into segments took the line breaks out
        url = self._document.page.url
        first, base = _trafilatura_text(shown, url, precision=True, fast=True), PRECISION
        if len(first) < TINY or len(first) < _FAR_LESS * len(self._main):
            better = _trafilatura_text(shown, url, precision=False, fast=self._document.deep)
            base = DEFAULT
            first = max(better, first, key=len)
        witnesses = {"precision": Witness(first), **self._witnesses}
        return table(self._measured, Context(witnesses, self._titles, self._description, base == DEFAULT)), base


def warm_up() -> None:
    """Load trafilatura now, so that the first page does not pay for it."""
    _trafilatura()
