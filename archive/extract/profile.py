"""What a site's other pages teach of this one: the lines that stand on every page are not the article's.

A lesson is made from one page and is small; a profile is learned from the lessons of several pages of one site, whatever
their order. Lines are remembered by a short hash, so that a profile holds nothing that could be read.

This first version knows one rule: a line that stands in the text of two pages of the site is furniture.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from archive.extract.blocks import Block
from archive.extract.page import Page
from archive.extract.title import fold

PROFILE_VERSION = 1

Lesson = Mapping[str, object]

_HASH = 5  # bytes: of a million lines of a site two collide by chance, which costs one line of one page
_LEAST_PAGES = 2  # of one page alone nothing recurs
_MOST_DROPPED = 0.65  # share of the characters; measured on pages whose truth is known, see docs/benchmarks.md


def lesson(page: Page) -> Lesson | None:
    """Return what one page teaches, JSON-able; None if it is no article."""
    from archive.extract.extract import extract  # it asks this module in turn

    found = extract(replace(page, profile=None))
    if not found.article or not found.text:
        return None
    return {"url": page.url, "lines": sorted({_hash(line) for line in found.text.split("\n") if line.strip()})}


def learn(lessons: Sequence[Lesson]) -> Mapping[str, object] | None:
    """Return the profile that these lessons give, in whatever order they come; None if they are of too few pages."""
    pages: dict[str, set[str]] = {}
    for each in lessons:
        lines = each.get("lines")
        pages.setdefault(str(each.get("url")), set()).update(lines if isinstance(lines, list) else ())
    if len(pages) < _LEAST_PAGES:
        return None
    seen = Counter(line for lines in pages.values() for line in lines)
    furniture = sorted(line for line, count in seen.items() if count > 1)
    return {"version": PROFILE_VERSION, "pages": len(pages), "lines": furniture}


def without_furniture(parts: Sequence[Block], profile: Mapping[str, object] | None) -> list[Block]:
    """Return the blocks without those that the profile knows; all of them where too little would be left."""
    if profile is None or profile.get("version") != PROFILE_VERSION:
        return list(parts)
    lines = profile.get("lines")
    known = frozenset(lines if isinstance(lines, list) else ())
    kept = [part for part in parts if not all(_hash(line) in known for line in part.text.split("\n"))]
    dropped = sum(len(part.text) for part in parts) - sum(len(part.text) for part in kept)
    return kept if dropped <= _MOST_DROPPED * sum(len(part.text) for part in parts) else list(parts)


def _hash(line: str) -> str:
    return hashlib.blake2b(fold(line).encode("utf-8", "replace"), digest_size=_HASH).hexdigest()
