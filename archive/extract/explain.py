"""What became of each segment of a page, and why: the decisions of one reading, never a second opinion.

    told = explain(page)
    [one.reason for one in told.decisions if not one.kept]

`explain` reads the page as `extract` does, with the same functions and once; here its decisions are only put into words.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from archive.extract.blocks import Block
from archive.extract.extract import read
from archive.extract.page import Page
from archive.extract.segment import Place, Segment
from archive.extract.why import Choice, Sifted, Why
from archive.model import Extraction

_HELD = 0.5  # share of a segment that a witness must have to be named
_LETTERS = "trj"  # trafilatura, resiliparse, JSON-LD
_STEPS = 3  # of a path that are shown
_CLASS = 24  # characters of a step that are shown
_BULLET = 40  # characters without white space that a list or a table may put between two segments


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What became of one segment. All its texts are the page's: whoever shows them must escape them."""

    number: int  # 1 …, in the page's order
    text: str  # white space folded; U+2028 for a line break
    kept: bool  # it stands in the article's text, or all but a line of it
    why: Why
    reason: str  # the same in words
    likely: float | None  # probability that it is the article's; 0.0: no candidate; None: it was not judged
    size: int  # characters
    where: str  # its element and the next ones around it, outermost first
    tag: str
    witnesses: str  # of t r j, those that have at least half of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What a page says, and what became of each of its segments."""

    url: str
    extraction: Extraction
    decisions: tuple[Decision, ...]  # none where the page was refused before its text was read
    base: str | None  # first witness (`archive.extract.evidence`), or selector

    @property
    def share_kept(self) -> float:
        """Return how much of the page's characters was kept, 0 to 1."""
        total = sum(one.size for one in self.decisions)
        return sum(one.size for one in self.decisions if one.kept) / total if total else 0.0

    def facts(self) -> tuple[tuple[str, str, str], ...]:
        """Return title, date, authors and language as (name, value, where it comes from); "" for what is not known."""
        said = self.extraction
        told = {
            "title": said.title,
            "published": f"{said.published} ({said.published_precision})" if said.published else None,
            "authors": ", ".join(said.authors),
            "language": said.language,
        }
        return tuple((name, value or "", said.provenance.get(name, "")) for name, value in told.items())


def explain(page: Page) -> Explanation:
    """Return what `extract` says of this page, with its reasons. Pure; never raises for what a page contains."""
    reading = read(page)
    body = reading.body
    told = _decisions(body.choices, body.sifted) if body else ()
    return Explanation(
        url=page.url, extraction=reading.extraction, decisions=tuple(told), base=body.base if body else None
    )


def _decisions(choices: Sequence[Choice], sifted: Sequence[Sifted]) -> Iterator[Decision]:
    fates = iter(_fates([choice.segment for choice in choices if choice.kept], sifted))
    for number, choice in enumerate(choices, 1):
        kept, why, reason = choice.kept, choice.why, _in_words(choice)
        if kept:
            lines = next(fates)
            gone = [line for line in lines if line is not None]
            if gone and len(gone) == len(lines):
                kept, why, reason = False, gone[0], gone[0].value
            elif gone:
                reason += f", less a {gone[0].value}"
        yield Decision(
            number=number,
            text=choice.segment.text,
            kept=kept,
            why=why,
            reason=reason,
            likely=choice.likely,
            size=len(choice.segment.text),
            where=where(choice.segment.place),
            tag=choice.segment.place.tag,
            witnesses="".join(c for c, held in zip(_LETTERS, choice.held, strict=True) if held >= _HELD),
        )


def _in_words(choice: Choice) -> str:
    if choice.why is Why.AREA:
        return f"area: {choice.area}"
    if choice.why is Why.JUDGED and choice.likely is not None:
        return f"judged {probability(choice.likely)}" if choice.likely else "no candidate"
    return choice.why.value


def probability(likely: float | None) -> str:
    """Return a probability with two digits, "" for none.

    >>> probability(0.974), probability(1.0), probability(None)
    ('.97', '1.00', '')
    """
    return "" if likely is None else f"{likely:.2f}".removeprefix("0")


def where(place: Place) -> str:
    """Return an element's path, the next two elements around it before it, with class and id."""
    return " > ".join(_short(step) for step in reversed(place.near()[:_STEPS]))


def _short(step: str) -> str:
    step = step.rstrip("#").replace(".#", "#")
    return step if len(step) <= _CLASS else f"{step[:_CLASS]}…"


def _fates(kept: Sequence[Segment], sifted: Sequence[Sifted]) -> Iterator[list[Why | None]]:
    """Yield for each kept segment what became of its lines, None for a line that stays.

    The blocks hold the segments' texts in their order, with bullets and bars between them: a segment is found by reading on.
    """
    told = [line for one in sifted for line in _lines(one.block, one.left, one.why)]
    dense = [_dense(line) for line, _ in told]
    starts = list(accumulate(map(len, dense), initial=0))[:-1]
    whole = "".join(dense)
    at = 0
    for segment in kept:
        text = _dense(segment.text)
        found = whole.find(text, at, at + len(text) + _BULLET)
        start = found if found >= 0 else at
        at = start + len(text)
        first, last = bisect_right(starts, start) - 1, bisect_right(starts, max(start, at - 1)) - 1
        yield [fate for _, fate in told[first : last + 1]]


def _lines(block: Block, left: Block | None, why: Why | None) -> Iterator[tuple[str, Why | None]]:
    """Yield a block's lines, each with why it went; what is left of a block are lines of it."""
    staying = iter(left.text.split("\n") if left else ())
    expected = next(staying, None)
    for line in block.text.split("\n"):
        if not _dense(line):
            continue
        if line == expected:
            expected = next(staying, None)
            yield line, None
        else:
            yield line, why


def _dense(text: str) -> str:
    return "".join(text.split())
