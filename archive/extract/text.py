"""The article's text: the segments of the page that are judged to be its article, without the lines that every page has.

trafilatura with favor_precision is the first witness, without its fallbacks; resiliparse and the JSON-LD body are the
others. `deduplicate` stays off: it remembers other pages and makes the third reading of a page empty. Comments are
never the article's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from resiliparse.extract import html2text
from resiliparse.parse.html import HTMLTree

from archive.extract import authors, dates, jsonld, metadata
from archive.extract.blocks import Block, with_text
from archive.extract.chrome import is_chrome
from archive.extract.document import Document, Element, squeeze
from archive.extract.features import Context, Floats, Table, table, weigh
from archive.extract.judge import AREAS, HEADS, THRESHOLD, choose, forest, judge
from archive.extract.months import MONTHS
from archive.extract.profile import with_site
from archive.extract.render import blocks_of
from archive.extract.segment import Segment, seen, segments_of
from archive.extract.title import MAX_TITLE, fold
from archive.extract.why import Choice, Sifted, Why
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
    choices: tuple[Choice, ...] = ()  # every segment of the page, in its order
    sifted: tuple[Sifted, ...] = ()  # every block of the kept segments, in its order

    def without_first(self, why: Why) -> Body:
        """Return this body without its first block."""
        at = next(n for n, one in enumerate(self.sifted) if one.left is not None)
        gone = replace(self.sifted[at], left=None, why=why)
        return replace(self, blocks=self.blocks[1:], sifted=(*self.sifted[:at], gone, *self.sifted[at + 1 :]))


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


def evidence(document: Document, titles: Sequence[str]) -> tuple[list[Segment], Table, str]:
    """Return the page's segments, a row of features for each, and which extraction stands as first witness.

    Where the first witness found far less than another, trafilatura's default, with its fallbacks, is heard in its place.
    """
    shown = seen(document.tree)
    url = document.page.url
    main = _resiliparse_text(document)
    first, base = _trafilatura_text(shown, url, precision=True, fast=True), "precision"
    if len(first) < TINY or len(first) < _FAR_LESS * len(main):
        better = _trafilatura_text(shown, url, precision=False, fast=document.deep)
        base = "default"
        first = max(better, first, key=len)
    found = segments_of(shown)
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
    return found, table(found, context), base


def clean(
    parts: Sequence[Block], titles: Sequence[str], language: str = ""
) -> tuple[list[Block], dates.When | None, tuple[str, ...]]:
    """Drop the page's own lines, a repeated title, date lines and bylines at the top; return what those two say."""
    done, dated, signed = sift(parts, titles, language)
    return [one.left for one in done if one.left is not None], dated, signed


def sift(
    parts: Sequence[Block], titles: Sequence[str], language: str = ""
) -> tuple[list[Sifted], dates.When | None, tuple[str, ...]]:
    """Say of each block what `clean` leaves of it, and why; return also what date lines and bylines say."""
    done: list[Sifted] = []
    kept: list[Block] = []
    staying: list[int] = []  # where in `done` they stand
    dated: dates.When | None = None
    signed: tuple[str, ...] = ()
    announced = 0  # how much was kept when the last furniture was met
    headlines = frozenset(fold(t) for t in titles if t)
    for block in parts:
        if block.kind == "code":
            left, why = block, None
        elif is_chrome(block.text):
            announced = len(kept)
            left, why = None, Why.FURNITURE
        else:
            left, why = _without_chrome_lines(block), None
            if left is not block:
                why = Why.FURNITURE
            if left is not None and len(kept) < _TOP:
                if len(left.text) <= MAX_TITLE and fold(left.text) in headlines:
                    left, why = None, Why.TITLE
                elif all(len(b.text) <= _HEADING for b in kept):  # still above the first paragraph
                    if (when := date_line(left.text, language)) is not None:
                        dated = dated or when
                        left, why = None, Why.DATE
                    elif names := byline(left.text):
                        signed = signed or names
                        left, why = None, Why.BYLINE
        if left is not None:
            kept.append(left)
            staying.append(len(done))
        done.append(Sifted(block, left, why))
    for n, reason in _idle_end(kept, announced):
        done[staying[n]] = replace(done[staying[n]], left=None, why=reason)
    return done, dated, signed


def _idle_end(kept: Sequence[Block], announced: int) -> Iterator[tuple[int, Why]]:
    """Yield which of the last blocks say nothing of their own; `announced` of all stand before the last furniture."""
    last = len(kept) - 1
    if last > 0 and announced == len(kept) and _is_label(kept[last]):
        yield last, Why.LABEL  # "Politics All" between the last paragraph and the disclaimer
        last -= 1
    while last >= 0 and kept[last].kind == "head":  # a heading with nothing under it announces what was cut off
        yield last, Why.HEADING
        last -= 1


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


def decide(document: Document, titles: Sequence[str]) -> tuple[list[Choice], str]:
    """Return for each segment of the page whether it is kept and why, and which extraction stands as first witness."""
    found, judged, likely, base = _judged(document, titles)
    alone = choose(found, likely)
    heard = with_site(document.page, found, judged, likely, alone)
    keep = alone if heard is likely else choose(found, heard)
    choices = _choices(found, judged, heard, keep)
    return [
        replace(choice, why=Why.PROFILE) if choice.kept != before else choice
        for choice, before in zip(choices, alone, strict=True)
    ], base


def _judged(document: Document, titles: Sequence[str]) -> tuple[list[Segment], Table, Floats, str]:
    """Return the page's segments, what they were judged by and how, and which extraction stands as first witness."""
    before = document.page.judged
    if before is not None:
        found, likely = segments_of(seen(document.tree)), np.frombuffer(before.likely, dtype=np.float64)
        if len(found) == len(likely):
            return found, Table.judged(likely, [weigh(s.text) for s in found]), likely, before.base
    found, judged, base = evidence(document, titles)
    return found, judged, judge(found, judged), base


def _choices(found: Sequence[Segment], judged: Table, likely: Floats, keep: Sequence[bool]) -> list[Choice]:
    """Name what `choose` decided.

    What it dropped although it was likely stands in an area, or stands twice; what it kept although it was not is a
    heading whose kind is kept.
    """
    areas = [_area(segment) for segment in found]
    # A heading may be kept for its kind's sake: it says nothing of the limit, nor whether areas were left out.
    own = [kept and segment.place.tag not in HEADS for segment, kept in zip(found, keep, strict=True)]
    limit = min([THRESHOLD, *(float(p) for p, kept in zip(likely, own, strict=True) if kept)])
    believed = any(kept and area for kept, area in zip(own, areas, strict=True))  # it is the article that is called so
    out = []
    for segment, held, chance, kept, area in zip(found, judged.held, map(float, likely), keep, areas, strict=True):
        why = Why.JUDGED
        if not kept and chance >= limit:
            why = Why.AREA if area and not believed else Why.TWICE
        elif kept and chance < limit:
            why = Why.ALIKE
        named = area if why is Why.AREA else ""
        out.append(Choice(segment, kept, why, chance, named, (held["precision"], held["resiliparse"], held["json-ld"])))
    return out


def _area(segment: Segment) -> str:
    """Return the word of class or id by which a segment stands in an area that is no article's, "" for none."""
    return segment.place.named(AREAS)


def read(document: Document, titles: Sequence[str], language: str = "") -> Body:
    """Return the article's blocks, with every decision that led to them."""
    choices, base = decide(document, titles)
    parts = blocks_of([choice.segment for choice in choices if choice.kept])
    return body_of(choices, parts, base, titles, language)


def body_of(
    choices: Sequence[Choice], parts: Sequence[Block], base: str, titles: Sequence[str], language: str = ""
) -> Body:
    """Return the blocks of what was chosen without the lines that every page has."""
    done, dated, signed = sift(parts, titles, language)
    kept = tuple(one.left for one in done if one.left is not None)
    return Body(kept, base, dated, signed, tuple(choices), tuple(done))


def warm_up() -> None:
    """Load trafilatura now, so that the first page does not pay for it."""
    _trafilatura()
    forest()
