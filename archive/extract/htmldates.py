"""htmldate, asked last, and made to keep its hands off the clock.

htmldate 1.11 looks at the clock in three places: its latest day is today unless one is given; dateutil completes
"2022-05" with today's day; dateparser completes "5 May" with this year. And a date that it has to refuse (after
`max_date`) comes back as the 1st of some month that stands elsewhere on the page. So: a latest day is always given,
dateutil gets a fixed day, dateparser (15 ms a string) is not asked, and an answer counts only if that very day stands
on the page.
"""

from __future__ import annotations

import re
from copy import copy
from datetime import MAXYEAR, UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any

from lxml import etree

from archive.extract import dates
from archive.extract.dates import When
from archive.extract.document import Document
from archive.extract.months import MONTHS, plain

_AROUND = 60  # characters before a year in which its day and month stand
_LATEST = datetime(2099, 12, 31)  # noqa: DTZ001 - htmldate compares naive days
_EARLIEST = datetime(dates.EARLIEST, 1, 1)  # noqa: DTZ001 - as above
_FIXED = datetime(1, 1, 1)  # noqa: DTZ001 - what dateutil completes with: a year that is always refused


class _NoParser:
    """Stands in for dateparser, which cannot be told what day it is."""

    def get_date_data(self, _text: str) -> dict[str, None]:
        return {"date_obj": None}


@cache
def _htmldate() -> Any:
    """Load htmldate and close its doors to the clock. Done at first use, once per process."""
    core: Any = import_module("htmldate.core")
    extractors: Any = import_module("htmldate.extractors")
    dateutil_parse = extractors.dateutil_parse

    def parse(text: str, **options: Any) -> datetime:
        moment: datetime = dateutil_parse(text, default=_FIXED, **options)
        other: datetime = dateutil_parse(text, default=_FIXED.replace(month=2, day=2), **options)
        if moment != other:  # something was completed, not read
            raise ValueError(text)
        return moment

    extractors.dateutil_parse = parse
    extractors.get_external_parser = _NoParser
    return core


def search(document: Document) -> When | None:
    """Return the day that htmldate's extensive search finds, if it stands on the page."""
    core = _htmldate()
    captured = document.page.captured_at
    latest = _LATEST
    if captured is not None and captured.year < MAXYEAR:  # a broken clock's WARC: a day later does not exist
        latest = (captured.astimezone(UTC) + dates.ZONE_SLACK).replace(tzinfo=None)
    tree = copy(document.tree)
    # What a page says of its change is no publication date; htmldate would take it when it finds nothing else.
    for meta in tree.xpath(
        "//meta[contains(@property, 'modif') or contains(@property, 'updated') or contains(@name, 'modif')]"
    ):
        meta.getparent().remove(meta)
    for script in tree.xpath("//script[contains(@type, 'ld+json')]"):  # read already, and dateModified stands in it
        script.drop_tree()
    try:
        found = core.find_date(
            tree,
            extensive_search=True,
            original_date=True,
            url=document.page.url,
            min_date=_EARLIEST,
            max_date=latest,
        )
    except (ValueError, TypeError, OverflowError, AttributeError, KeyError, IndexError, RecursionError):
        return None  # a date nobody could read is no reason to lose the page
    if not found:
        return None
    page = f"{document.page.url} {etree.tostring(tree, encoding='unicode')}"
    return When(found, "day") if _stands_there(found, page) else None


def _stands_there(day: str, text: str) -> bool:
    """Say whether year, month and day stand next to one another on the page, in digits or words."""
    year, month, number = (int(x) for x in day.split("-"))
    gap = r"[\s/.,-]{1,4}"
    spelled = (
        rf"(?<!\d){year}[-/._]?0?{month}[-/._]?0?{number}(?!\d)",
        rf"(?<!\d)0?{number}{gap}0?{month}{gap}(?:{year}|{year % 100:02})(?!\d)",
        rf"(?<!\d)0?{month}{gap}0?{number}{gap}(?:{year}|{year % 100:02})(?!\d)",
        rf"(?<!\d){year}\s*[年년]\s*0?{month}\s*[月월]\s*0?{number}(?!\d)",
    )
    if any(re.search(pattern, text) for pattern in spelled):
        return True
    in_words = (
        (
            rf"(?<!\d)0?{number}(?:st|nd|rd|th|er|º)?[\s.,-]{{0,4}}(?:de |of |d’|d')?"
            rf"([^\W\d_]{{3,15}})[\s.,’'-]{{0,4}}(?:de |del )?{year}(?!\d)"
        ),
        rf"([^\W\d_]{{3,15}})[\s.]{{0,3}}0?{number}(?:st|nd|rd|th)?[\s,]{{1,3}}{year}(?!\d)",
    )
    around = (text[max(0, at.start() - _AROUND) : at.end() + 1] for at in re.finditer(str(year), text))
    return any(
        MONTHS.get(plain(m[1])) == month for part in around for pattern in in_words for m in re.finditer(pattern, part)
    )
