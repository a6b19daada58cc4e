"""What a site's other pages teach of this one: which lines stand on several pages, and which places are the article's.

A lesson is made from one page and is small; a profile is learned from the lessons of several pages of one site, whatever
their order. Lines and places are remembered by short hashes, so that a profile holds nothing that could be read. A page
never teaches itself: what came from the page that is read is taken out before the profile is asked.

- A line that was kept on two other pages is the site's and is dropped; one that was kept on one other page is dropped unless
  it was judged to be the article's beyond doubt, because articles quote each other.
- Where a place (an element and the next three above it: tag, two classes, id) occurs on two other pages, what was judged there
  has a share in what is judged here.

Tried and worse on top of the trained judge: dropping places that trafilatura or resiliparse mostly leave out, and places
with few different texts (both help trafilatura alone). docs/benchmarks.md has the figures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from archive.extract.page import Page
from archive.extract.title import fold

if TYPE_CHECKING:
    from archive.extract.features import Floats, Table
    from archive.extract.segment import Segment

PROFILE_VERSION = 2

Lesson = Mapping[str, object]

_HASH = 5  # bytes: of a million lines of a site two collide by chance, which costs one line of one page
_LEAST_PAGES = 2  # of one page alone nothing recurs
_MOST_DROPPED = 0.65  # share of the characters; more only where a text is left
_A_TEXT = 400  # weighed characters: an article, if a short one
_LINKED = 0.8  # share of link text from which a place is another place
_OTHERS = 2  # other pages on which a place must have occurred
_SHARE = 0.3  # of what was judged at this place elsewhere; .5 and .7 were worse
_CERTAIN = 0.95  # a line of one other page that is judged higher stays
_MAX_PLACES = 400  # places of one page that are remembered
_MAX_LINES = 400  # lines of one page


def lesson(page: Page) -> Lesson | None:
    """Return what one page teaches, JSON-able; None if it is no article."""
    from archive.extract.extract import lesson_of  # it asks this module in turn

    return lesson_of(page)


Piece = tuple[
    "Segment", int, float, bool
]  # a segment, its weighed size, how likely it is the article's, whether it is kept


def lesson_from(url: str, pieces: Iterable[Piece]) -> Lesson:
    """Return the lesson of a page whose segments were judged; what was not worth judging has likelihood 0."""
    lines: set[str] = set()
    places: dict[str, list[int]] = {}
    for segment, size, likely, kept in pieces:
        if kept:
            lines.add(line_hash(segment.text))
        if likely <= 0:
            continue
        key = place_hash(segment)
        if key not in places and len(places) >= _MAX_PLACES:
            continue
        known = places.setdefault(key, [0, 0])
        known[0] += size
        known[1] += round(size * float(likely))
    return {"url": _hash(url), "lines": sorted(lines)[:_MAX_LINES], "places": places}


def learn(lessons: Sequence[Lesson]) -> Mapping[str, object] | None:
    """Return the profile that these lessons give, in whatever order they come; None if they are of too few pages."""
    by_page: dict[str, Lesson] = {}
    for each in sorted(lessons, key=lambda one: (str(one.get("url")), str(one.get("lines")))):
        by_page.setdefault(str(each.get("url")), each)  # a page captured twice counts once
    if len(by_page) < _LEAST_PAGES:
        return None
    urls = sorted(by_page)
    lines: dict[str, int] = {}
    places: dict[str, list[int]] = {}
    for number, url in enumerate(urls):
        for line in _texts(by_page[url].get("lines")):
            # the page's number while it is the only one; then how many there are, as a negative number
            before = lines.get(line)
            lines[line] = number if before is None else -2 if before >= 0 else before - 1
        for key, (size, kept) in _places(by_page[url], 2).items():
            known = places.setdefault(key, [0, 0, 0])
            known[0] += 1
            known[1] += size
            known[2] += kept
    return {
        "version": PROFILE_VERSION,
        "urls": urls,
        "lines": dict(sorted(lines.items())),
        "places": {key: known for key, known in sorted(places.items()) if known[0] >= _OTHERS},
    }


def with_site(page: Page, found: Sequence[Segment], judged: Table, likely: Floats, keep: Sequence[bool]) -> Floats:
    """Return how likely each segment is the article's when the page's profile is heard too; `likely` if it has none.

    `keep`: what is kept without the profile. Where the profile would drop most of that, it is not believed.
    """
    profile = page.profile
    if profile is None or profile.get("version") != PROFILE_VERSION:
        return likely
    urls, lines, places = _texts(profile.get("urls")), profile.get("lines"), _places(profile, 3)
    mine = _hash(page.url)
    own = urls.index(mine) if mine in urls else None
    mine_too = zip(found, judged.sizes, likely, keep, strict=True)
    taught = _places(lesson_from(page.url, mine_too), 2) if own is not None else {}
    heard = likely.copy()
    recurring = 0
    for n in judged.candidates:
        key = place_hash(found[n])
        pages, size, kept = places.get(key, [0, 0, 0])
        if key in taught:
            pages, size, kept = pages - 1, size - taught[key][0], kept - taught[key][1]
        if pages >= _OTHERS and size > 0:
            heard[n] = (1 - _SHARE) * likely[n] + _SHARE * min(max(kept / size, 0.0), 1.0)
        number = lines.get(line_hash(found[n].text)) if isinstance(lines, dict) else None
        number = number if isinstance(number, int) else None
        others = _others(number, own, kept=keep[n])
        if others > 1 or (others == 1 and likely[n] < _CERTAIN):
            heard[n] = 0.0
            recurring += judged.sizes[n] if keep[n] else 0
    whole = sum(size for size, kept in zip(judged.sizes, keep, strict=True) if kept)
    return heard if recurring <= _MOST_DROPPED * whole or whole - recurring >= _A_TEXT else likely


def _others(number: int | None, own: int | None, *, kept: bool) -> int:
    """Return on how many other pages a line stands; `own`: this page's number, if it is one of those that taught."""
    if number is None or number == own:
        return 0
    if number >= 0:
        return 1
    return -number - int(own is not None and kept)


def line_hash(text: str) -> str:
    """Return the short hash by which a line is remembered: without case, accents and punctuation."""
    return _hash(fold(text))


def place_hash(segment: Segment) -> str:
    """Return the short hash by which a segment's place is remembered."""
    linked = segment.linked > _LINKED * len(segment.text)
    return _hash(f"{'|'.join(segment.place.near())}{'!' if linked else ''}")


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=_HASH).hexdigest()


def _texts(value: object) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _places(each: Mapping[str, object], width: int) -> dict[str, list[int]]:
    """Return the places of a lesson (width 2) or a profile (3); a file that a person gave may hold anything."""
    places = each.get("places")
    if not isinstance(places, dict):
        return {}
    return {
        k: v
        for k, v in places.items()
        if isinstance(v, list) and len(v) == width and all(isinstance(n, int) for n in v)
    }
