"""Why a segment or a line of a page stayed in the article's text or went: the words of `morgue extract --explain`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from archive.extract.blocks import Block
from archive.extract.segment import Segment


class Why(StrEnum):
    """What decided. JUDGED, PROFILE and SELECTOR keep or drop, ALIKE keeps; all others drop."""

    JUDGED = "judged"  # by the trees of blocks.json or blocks-few.json
    ALIKE = "as its like"  # most headings of its kind are kept
    AREA = "area"  # it stands in what calls itself comments or consent
    TWICE = "stands twice"
    PROFILE = "site profile"  # what the site's other pages taught decided otherwise than this page alone
    FURNITURE = "furniture line"
    TITLE = "repeats the title"
    DATE = "date line"
    BYLINE = "byline"
    LABEL = "label before furniture"
    HEADING = "heading of nothing"
    HEADLINE = "taken for the title"
    SELECTOR = "selector"  # sources.toml names it


@dataclass(frozen=True, slots=True)
class Choice:
    """One segment of the page, kept or dropped before its lines are looked at one by one."""

    segment: Segment
    kept: bool
    why: Why
    likely: float | None = None  # probability that it is the article's; None: it was not judged
    area: str = ""  # of AREA: what the area calls itself
    held: tuple[float, float, float] = (0.0, 0.0, 0.0)  # how much of it trafilatura, resiliparse and JSON-LD have


@dataclass(frozen=True, slots=True)
class Sifted:
    """One block of what was kept, after its lines were looked at."""

    block: Block
    left: Block | None  # what stays of it; None: nothing
    why: Why | None = None  # why something of it went
