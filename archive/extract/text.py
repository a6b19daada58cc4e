"""The article's text: the segments that were decided to be its article, without the lines that every page has.

Comments are never the article's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from archive.extract import authors, dates
from archive.extract.blocks import Block, with_text
from archive.extract.chrome import is_chrome
from archive.extract.deciding import decide
from archive.extract.document import Document, squeeze
from archive.extract.months import MONTHS
from archive.extract.render import blocks_of
from archive.extract.title import MAX_TITLE, fold
from archive.extract.why import Choice, Sifted, Why

_TOP = 6  # blocks at the top in which a repeated title or a date line is looked for
_HEADING = 120  # characters; a longer block is the first paragraph, and nothing after it is a date or byline
_LABEL = 3  # words
_BYLINE = 80  # characters
_DATE_LINE = 60  # characters
_DATE_WORDS = 4  # words beside the date itself: "Published on Saturday"


@dataclass(frozen=True, slots=True)
class Body:
    """What is left of a page when all that is not the article's is gone."""

    blocks: tuple[Block, ...]
    base: str  # the first witness (`archive.extract.evidence`), or selector
    dated: dates.When | None = None  # a line of the text that is nothing but a date
    signed: tuple[str, ...] = ()  # the names of a line that is nothing but a byline
    choices: tuple[Choice, ...] = ()  # every segment of the page, in its order
    sifted: tuple[Sifted, ...] = ()  # every block of the kept segments, in its order

    def without_first(self, why: Why) -> Body:
        """Return this body without its first block."""
        at = next(n for n, one in enumerate(self.sifted) if one.left is not None)
        gone = replace(self.sifted[at], left=None, why=why)
        return replace(self, blocks=self.blocks[1:], sifted=(*self.sifted[:at], gone, *self.sifted[at + 1 :]))


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


def read(document: Document, titles: Sequence[str], *, thorough: bool = False) -> Body:
    """Return the article's blocks, with every decision that led to them. `thorough`: all witnesses are heard."""
    choices, base = decide(document, titles, thorough=thorough)
    parts = blocks_of([choice.segment for choice in choices if choice.kept])
    return body_of(choices, parts, base, titles, document.declared_language)


def body_of(
    choices: Sequence[Choice], parts: Sequence[Block], base: str, titles: Sequence[str], language: str = ""
) -> Body:
    """Return the blocks of what was chosen without the lines that every page has."""
    done, dated, signed = sift(parts, titles, language)
    kept = tuple(one.left for one in done if one.left is not None)
    return Body(kept, base, dated, signed, tuple(choices), tuple(done))
