"""What extraction reads: one page, with all that was known of it when it was captured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from archive.model import DiscoveryFact, Role

WITHOUT = "resiliparse"  # provenance of a text: the first witness of a page of which trafilatura was not asked …
PRECISION, DEFAULT = "trafilatura:precision", "trafilatura:default"  # … and of one of which it was


@dataclass(frozen=True, slots=True)
class Judged:
    """How an earlier reading of the same page, without a profile, judged its segments."""

    likely: bytes  # a float64 for each segment: how likely it is the article's, 0 for those not worth judging
    base: str  # which extraction stood as first witness


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page's bytes. Everything that may change the result stands here, and nothing else may change it."""

    url: str  # as requested
    body: bytes  # content-coding removed, characters still as sent
    captured_at: datetime | None = None  # aware; None: no date is checked against it
    headers: tuple[tuple[str, str], ...] = ()  # wire order
    facts: tuple[DiscoveryFact, ...] = ()  # what feeds, sitemaps and fronts said of it, up to the capture
    selectors: Mapping[str, str] = field(default_factory=dict)  # of the source: field -> CSS or XPath
    profile: Mapping[str, object] | None = None  # what the site's other pages taught
    role: Role | None = None  # what the crawler took it for
    status: int | None = None  # of the response; None: unknown, taken as 200
    truncated: bool = False  # the body was cut while it was fetched
    judged: Judged | None = None  # saves judging its segments again; changes nothing
    thorough: bool = False  # trafilatura is asked even if the page leaves no doubt (`archive.extract.evidence`)
