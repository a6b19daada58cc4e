"""The article's text: trafilatura's choice of blocks, without the lines that every page has.

favor_precision is the better base for news: on the pages measured it loses less than it spares. Only where it finds
(nearly) nothing the default is asked. `deduplicate` stays off: it remembers other pages and makes the third reading of
a page empty. Comments are never the article's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from archive.extract import dates
from archive.extract.blocks import Block, blocks, with_text
from archive.extract.chrome import is_chrome
from archive.extract.document import Document, Element, squeeze
from archive.extract.months import MONTHS
from archive.extract.title import fold, same_line

TINY = 120  # characters: below, the default extraction is asked too
_TOP = 6  # blocks at the top in which a repeated title or a date line is looked for
_DATE_LINE = 60  # characters
_DATE_WORDS = 4  # words beside the date itself: "Published on Saturday"


@dataclass(frozen=True, slots=True)
class Body:
    """What is left of a page when all that is not the article's is gone."""

    blocks: tuple[Block, ...]
    base: str  # which extraction it comes from: precision, default
    dated: dates.When | None = None  # a line of the text that is nothing but a date


@cache
def _trafilatura() -> Any:
    import trafilatura
    from trafilatura import baseline, core, settings

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it reports every page it finds nothing on
    return trafilatura, core, settings, baseline


def _options(url: str, *, precision: bool) -> Any:
    _, _, settings, _ = _trafilatura()
    return settings.Extractor(precision=precision, comments=False, formatting=True, url=url, output_format="python")


def raw_body(tree: Element, url: str) -> tuple[list[Block], str]:
    """Return trafilatura's blocks and the name of the extraction they come from. The tree is not changed."""
    trafilatura, *_ = _trafilatura()
    found: list[Block] = []
    for precision, name in ((True, "precision"), (False, "default")):
        document = trafilatura.bare_extraction(tree, options=_options(url, precision=precision))
        better = blocks(document.body) if document is not None and document.body is not None else []
        if not precision and _size(better) <= _size(found):
            return found, "precision"
        found = better
        if _size(found) >= TINY:
            return found, name
    return found, "default"


def _size(parts: Iterable[Block]) -> int:
    return sum(len(b.text) for b in parts)


def clean(parts: Sequence[Block], titles: Sequence[str], language: str = "") -> tuple[list[Block], dates.When | None]:
    """Drop the page's own lines, a repeated title and date lines at the top; return the date of such a line."""
    kept: list[Block] = []
    dated: dates.When | None = None
    for block in parts:
        if block.kind == "code":
            kept.append(block)
            continue
        if is_chrome(block.text):
            continue
        trimmed = _without_chrome_lines(block)
        if trimmed is None:
            continue
        if len(kept) < _TOP:
            if same_line(trimmed.text, titles) and not (kept and trimmed.kind == "list"):
                continue
            if not kept and (when := date_line(trimmed.text, language)) is not None:
                dated = dated or when
                continue
        kept.append(trimmed)
    while kept and kept[-1].kind == "head":  # a heading with nothing under it announces what was cut off
        kept.pop()
    return kept, dated


def _without_chrome_lines(block: Block) -> Block | None:
    if "\n" not in block.text or block.kind in {"table", "code"}:
        return block
    lines = block.text.split("\n")
    left = [line for line in lines if not is_chrome(line.removeprefix("- "))]
    if len(left) == len(lines):
        return block
    return with_text(block, "\n".join(left)) if left else None


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


def read(document: Document, titles: Sequence[str], language: str = "") -> Body:
    """Return the article's blocks."""
    parts, base = raw_body(document.tree, document.page.url)
    kept, dated = clean(parts, titles, language)
    return Body(tuple(kept), base, dated)


def warm_up() -> None:
    """Load trafilatura now, so that the first page does not pay for it."""
    _trafilatura()
