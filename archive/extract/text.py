"""The article's text: the segments of the page that are judged to be its article, without the lines that every page has.

trafilatura with favor_precision is the first witness, without its fallbacks; resiliparse and the JSON-LD body are the
others. `deduplicate` stays off: it remembers other pages and makes the third reading of a page empty. Comments are
never the article's.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import Any

from resiliparse.extract import html2text
from resiliparse.parse.html import HTMLTree

from archive.extract import authors, dates, jsonld, metadata
from archive.extract.blocks import Block, with_text
from archive.extract.chrome import is_chrome
from archive.extract.document import Document, Element, squeeze
from archive.extract.features import Context, rows
from archive.extract.judge import choose, forest, judge
from archive.extract.months import MONTHS
from archive.extract.render import blocks_of
from archive.extract.segment import Segment, segments
from archive.extract.title import MAX_TITLE, fold
from archive.extract.witness import Witness, squash

TINY = 120  # characters: below, the default extraction is asked too
_FAR_LESS = 0.6  # share of another witness's length below which the first one is doubted
_TOP = 6  # blocks at the top in which a repeated title or a date line is looked for
_HEADING = 120  # characters; a longer block is the first paragraph, and nothing after it is a date or byline
_LABEL = 3  # words
_TEXT_TAGS = ("p", "head", "item", "cell", "quote", "code")  # of trafilatura's output that hold text
_BYLINE = 80  # characters
_DATE_LINE = 60  # characters
_DATE_WORDS = 4  # words beside the date itself: "Published on Saturday"


@dataclass(frozen=True, slots=True)
class Body:
    """What is left of a page when all that is not the article's is gone."""

    blocks: tuple[Block, ...]
    base: str  # which extraction it comes from: precision, default
    dated: dates.When | None = None  # a line of the text that is nothing but a date
    signed: tuple[str, ...] = ()  # the names of a line that is nothing but a byline


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


def evidence(document: Document, titles: Sequence[str]) -> tuple[list[Segment], list[list[float]], str]:
    """Return the page's segments, a row of features for each, and which extraction stands as first witness.

    Where the first witness found far less than another, trafilatura's default, with its fallbacks, is heard in its place.
    """
    found = segments(document.tree)
    url = document.page.url
    main = _resiliparse_text(document)
    first, base = _trafilatura_text(document.tree, url, precision=True, fast=True), "precision"
    if len(first) < TINY or len(first) < _FAR_LESS * len(main):
        better = _trafilatura_text(document.tree, url, precision=False, fast=document.deep)
        base = "default"
        first = max(better, first, key=len)
    bodies = [body for node in document.articles if (body := jsonld.text_of(node.get("articleBody")))]
    said = metadata.description(document)
    context = Context(
        witnesses={
            "precision": Witness(first), "resiliparse": Witness(main), "json-ld": Witness(" \n".join(bodies))
        },
        titles=titles,
        description=squash(said[0]) if said else "",
        rescued=base == "default",
    )  # fmt: skip
    return found, rows(found, context), base


def clean(
    parts: Sequence[Block], titles: Sequence[str], language: str = ""
) -> tuple[list[Block], dates.When | None, tuple[str, ...]]:
    """Drop the page's own lines, a repeated title, date lines and bylines at the top; return what those two say."""
    kept: list[Block] = []
    dated: dates.When | None = None
    signed: tuple[str, ...] = ()
    announced = 0  # how much was kept when the last furniture was met
    headlines = frozenset(fold(t) for t in titles if t)
    for block in parts:
        if block.kind == "code":
            kept.append(block)
            continue
        if is_chrome(block.text):
            announced = len(kept)
            continue
        trimmed = _without_chrome_lines(block)
        if trimmed is None:
            continue
        if len(kept) < _TOP:
            if len(trimmed.text) <= MAX_TITLE and fold(trimmed.text) in headlines:
                continue
            if all(len(b.text) <= _HEADING for b in kept):  # still above the first paragraph
                if (when := date_line(trimmed.text, language)) is not None:
                    dated = dated or when
                    continue
                if names := byline(trimmed.text):
                    signed = signed or names
                    continue
        kept.append(trimmed)
    if len(kept) > 1 and announced == len(kept) and _is_label(kept[-1]):
        kept.pop()  # "Politics All" between the last paragraph and the disclaimer
    while kept and kept[-1].kind == "head":  # a heading with nothing under it announces what was cut off
        kept.pop()
    return kept, dated, signed


def _without_chrome_lines(block: Block) -> Block | None:
    if "\n" not in block.text or block.kind in {"table", "code"}:
        return block
    lines = block.text.split("\n")
    left = [line for line in lines if not is_chrome(line.removeprefix("- "))]
    if len(left) == len(lines):
        return block
    if not left:
        return None
    marked = block.markdown.split("\n")
    if len(marked) != len(lines):
        return with_text(block, "\n".join(left))
    shown = [m for line, m in zip(lines, marked, strict=True) if not is_chrome(line.removeprefix("- "))]
    return replace(block, text="\n".join(left), markdown="\n".join(shown).rstrip())


def date_line(line: str, language: str = "") -> dates.When | None:
    """Return the date of a line that is nothing else, else None.

    >>> date_line(" date 2022-05-21").text
    '2022-05-21'
    >>> date_line("Saturday") is None and date_line("On 21 May 2022 the council met again.") is None
    True
    """
    line = squeeze(line)
    if not line or len(line) > _DATE_LINE:
        return None
    words = [w for w in fold(line).split() if not any(c.isdigit() for c in w) and w not in MONTHS]
    if len(words) > _DATE_WORDS or line.endswith((".", "!", "?")):
        return None
    start = line
    while start and not start[0].isdigit() and " " in start:
        when = dates.parse_written(start, language)
        if when is not None and when.precision != "month":
            return when
        start = start.split(" ", 1)[1]
    when = dates.parse_written(start, language)
    return when if when is not None and when.precision != "month" else None


def _is_label(block: Block) -> bool:
    """Say whether a block is a few bare words: a category, a tag, a source."""
    words = block.text.split()
    return block.kind == "p" and len(words) <= _LABEL and all(w[0].isupper() and w.isalpha() for w in words)


def byline(line: str) -> tuple[str, ...]:
    """Return the names of a line that is nothing but a byline, else nothing.

    >>> byline("By Jane Roe and John Doe"), byline("By the river")
    (('Jane Roe', 'John Doe'), ())
    """
    if len(line) > _BYLINE or line.endswith((".", "!", "?", ":")) or not authors.is_signed(line):
        return ()
    names = tuple(authors.split(line))
    return names if all(len(n.split()) > 1 and authors.looks_like_a_person(n) for n in names) else ()


def read(document: Document, titles: Sequence[str], language: str = "") -> Body:
    """Return the article's blocks."""
    found, table, base = evidence(document, titles)
    keep = choose(found, judge(found, table))
    parts = blocks_of([s for s, kept in zip(found, keep, strict=True) if kept])
    kept, dated, signed = clean(parts, titles, language)
    return Body(tuple(kept), base, dated, signed)


def warm_up() -> None:
    """Load trafilatura now, so that the first page does not pay for it."""
    _trafilatura()
    forest()
