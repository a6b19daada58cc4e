"""Which children of a sitemap index are the past: one file a month, a day or a year, back to the site's first. Pure.

A paper's index may name hundreds of such files. The newest are worth watching; the others say the same for ever, and are
asked for only when a person wants the past (`morgue crawl --backfill`). What counts is the distance to the newest of
the same series, not to today: the index of a site that sleeps is read to its newest month as well.
"""

from __future__ import annotations

import calendar
import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

_SERIES = 4  # files of one series from which it is one: two or three may be sections that a year is part of
_MARGIN = {"year": timedelta(days=28), "month": timedelta(days=28), "day": timedelta(days=7)}
_MONTHS = {
    name[:length].lower(): number for number, name in enumerate(calendar.month_name) if name for length in (3, 9)
}
_YEAR = r"(?<![0-9])(?P<year>(?:19[89]|20[0-4])[0-9])"
_DAY_PART = r"(?P<day>0[1-9]|[12][0-9]|3[01])(?![0-9])"
_MONTH_PART = r"(?P<month>0[1-9]|1[0-2])"
_BETWEEN = r"(?:[-_./]|[&?;]?(?:amp;)?(?:mm|month|m|dd|day|d)=)?"
_PATH = r"(?:/|[&?;](?:amp;)?(?:mm|month|m|dd|day|d)=)"  # where one digit is a month, not the second file of a year
_PERIODS = (
    re.compile(_YEAR + _PATH + r"(?P<month>1[0-2]|0?[1-9])" + _PATH + r"(?P<day>[12][0-9]|3[01]|0?[1-9])(?![0-9])"),
    re.compile(_YEAR + _PATH + r"(?P<month>1[0-2]|0?[1-9])(?![0-9])(?!" + _PATH + "[0-9])"),
    re.compile(_YEAR + _BETWEEN + _MONTH_PART + _BETWEEN + _DAY_PART, re.IGNORECASE),
    re.compile(_YEAR + _BETWEEN + _MONTH_PART + r"(?![0-9])", re.IGNORECASE),
    re.compile(_YEAR + r"[-_./](?P<name>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b", re.IGNORECASE),
    re.compile(
        r"\b(?P<name>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")[-_./]" + _YEAR[10:] + "(?![0-9])",
        re.IGNORECASE,
    ),
    re.compile(_YEAR + r"(?![0-9])"),
)


def period_of(url: str) -> tuple[str, date, date] | None:
    """Return the period that a sitemap's address names: its kind (year, month, day), first day, last day.

    >>> period_of("https://paper.example/sitemap-2014-02.xml")
    ('month', datetime.date(2014, 2, 1), datetime.date(2014, 2, 28))
    >>> period_of("https://paper.example/sitemap.xml?yyyy=2014&mm=02&dd=03")[1]
    datetime.date(2014, 2, 3)
    """
    found = _period(url)
    return None if found is None else found[0]


def past_children(urls: Iterable[str], seen: date) -> dict[str, datetime]:
    """Return those of an index's children that are its past, with the end of their period (UTC, the next midnight).

    A child is past if its period ended a month (for daily files: a week) before the newest of its series began; one
    that begins after `seen`, when the index was read, is an accident and does not count as the newest.
    """
    series: dict[tuple[str, str], list[tuple[date, date, str]]] = defaultdict(list)
    for url in urls:
        if (found := _period(url)) is not None:
            (kind, first, last), form = found
            series[kind, form].append((first, last, url))
    past = {}
    for (kind, _), members in series.items():
        begins = {first for first, _, _ in members if first <= seen}
        if len(begins) < _SERIES:
            continue
        edge = max(begins) - _MARGIN[kind]
        for _, last, url in members:
            if last < edge:
                past[url] = datetime.combine(last + timedelta(days=1), time(), UTC)
    return past


def _period(url: str) -> tuple[tuple[str, date, date], str] | None:
    """Return the period and the address without it: what the files of one series share."""
    path = url.partition("://")[2].partition("/")[2][:500]
    for pattern in _PERIODS:
        match = pattern.search(path)
        if match is None:
            continue
        parts = match.groupdict()
        year = int(parts["year"])
        month = _MONTHS[parts["name"].lower()] if parts.get("name") else int(parts.get("month") or 0)
        try:
            period = _span(year, month, int(parts.get("day") or 0))
        except ValueError:  # 31 February
            continue
        # "sitemap-2014-02-1.xml" and "-2.xml" are one month in two files
        return period, re.sub(r"[0-9]+", "#", path[: match.start()] + "@" + path[match.end() :])
    return None


def _span(year: int, month: int, day: int) -> tuple[str, date, date]:
    if day:
        return "day", date(year, month, day), date(year, month, day)
    if month:
        return "month", date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
    return "year", date(year, 1, 1), date(year, 12, 31)
