"""Facts in words: times with where they come from, delays, kinds of copies. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip
_VIA = {
    "json-ld": "as the page says in its structured data",
    "microdata": "as the page says in its structured data",
    "meta": "as the page says in its metadata",
    "time": "as the page says in its markup",
    "feed": "as the site's feed says",
    "news-sitemap": "as the site's news sitemap says",
    "sitemap": "as the site's sitemap says",
    "home": "as the site's front page says",
    "section": "as a section page of the site says",
    "url": "read from the address",
    "visible": "as printed on the page",
    "text": "as printed in the text",
    "byline": "as printed beside the authors",
    "h1": "the page's main heading",
    "title": "the title of the browser's window",
    "html-lang": "as the page says in its markup",
    "htmldate": "found by searching the page for dates",
    "selector": "picked by the rule that sources.toml has for this source",
    "trafilatura": "as found on the page",
    "resiliparse": "as found on the page",
}
KINDS = {
    "new": "the first of its story",
    "exact": "word for word the same",
    "near": "nearly the same words",
    "rewrite": "told in other words",
    "related": "about the same matter",
    "joined": "put together by a person",
}
COPY_OF = {
    "exact": "an exact copy of",
    "near": "a near copy of",
    "rewrite": "a rewritten copy of",
    "related": "related to",
    "joined": "put by a person with",
}
COPIES = {
    "exact": ("exact copy", "exact copies"),
    "near": ("near copy", "near copies"),
    "rewrite": ("rewritten copy", "rewritten copies"),
    "joined": ("article joined by a person", "articles joined by a person"),
}
_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"))
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MONTH = re.compile(r"\d{4}-\d\d")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}")


def via(where: object) -> str:
    """Say where a fact comes from; a source that has no words of its own is named.

    >>> via("feed"), via("meta:article:published_time"), via("odd")
    ("as the site's feed says", 'as the page says in its metadata', 'from: odd')
    """
    name = str(where or "")
    found = _VIA.get(name) or _VIA.get(name.partition(":")[0])
    return found or (f"from: {name}" if name else "where from was not recorded")


def when(value: object, precision: object = None) -> str:
    """Return a time as people write it, in the zone that it has; what is no time comes back as it is.

    >>> when("2026-05-20T09:10:00+03:00"), when("2026-05-20"), when("2026-05-01", "month")
    ('20 May 2026, 09:10 (UTC+03:00)', '20 May 2026', 'May 2026')
    """
    text = str(value or "")
    day = day_of(text)
    if day is None:
        return text
    if precision == "month" or _MONTH.fullmatch(text):
        return f"{_MONTHS[day.month - 1]} {day.year}"
    said = f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
    if _DAY.fullmatch(text) or precision == "day":
        return said
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return said
    zone = ""
    if at.tzinfo is not None:
        zone = " UTC" if not at.utcoffset() else f" ({at.tzname()})"
    return f"{said}, {at:%H:%M}{zone}"


def day_of(value: object) -> date | None:
    """Return the day of a time as it is written, without regard to zones; None where there is none."""
    text = str(value or "")
    try:
        return date.fromisoformat(f"{text}-01" if _MONTH.fullmatch(text) else text[:10])
    except ValueError:
        return None


def day(value: object, precision: object = None) -> str:
    """Return the day of a time as people write it.

    >>> day("2026-05-20T09:10:00+03:00"), day("")
    ('20 May 2026', '')
    """
    found = day_of(value)
    return when(str(found), precision) if found else str(value or "")


def brief(value: object) -> str:
    """Return a day, month or year as short as a chart's edge has room for.

    >>> brief("2026-05-20"), brief("2026-05"), brief("2026")
    ('20 May 2026', 'May 2026', '2026')
    """
    found = day_of(value)
    if found is None:
        return str(value or "")
    month = f"{_MONTHS[found.month - 1][:3]} {found.year}"
    return month if _MONTH.fullmatch(str(value)) else f"{found.day} {month}"


def machine(value: object, precision: object = None) -> str | None:
    """Return a time for the datetime attribute of <time>; None for what is none, or less than a day."""
    text = str(value or "")
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if precision == "month" else text


def instant(value: object) -> str | None:
    """Return a time as RFC 3339 has it, in UTC; None for a date alone, for a time without zone, for what is neither.

    >>> instant("2026-05-20T09:10:00+03:00"), instant("2026-05-20")
    ('2026-05-20T06:10:00Z', None)
    """
    try:
        at = datetime.fromisoformat(str(value or ""))
        if at.tzinfo is None:
            return None
        return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}".rjust(20, "0")
    except (ValueError, OverflowError):
        return None


def span(seconds: float) -> str:
    """Return a length of time in the largest unit that it has two of.

    >>> span(3 * 3600), span(-86400 * 2.5), span(59), span(0)
    ('3 hours', '2 days', 'less than a minute', 'less than a minute')
    """
    seconds = abs(seconds)
    for size, unit in _UNITS:
        if seconds >= 2 * size or (unit == "minute" and seconds >= size):
            number = int(seconds / size)
            return f"{number:,} {unit}{'' if number == 1 else 's'}"
    return "less than a minute"


def delay(seconds: object, precision: object = None) -> str:
    """Say how much later something came than something else.

    >>> delay(7200), delay(-7200), delay(0), delay(86400 * 2, "day"), delay(3600, "day")
    ('2 hours later', '2 hours earlier', 'at the same time', 'about 2 days later', 'on about the same day')
    """
    if not isinstance(seconds, int | float):
        return ""
    if precision in {"day", "month"}:  # midnight counts, or the first of the month
        if abs(seconds) < timedelta(days=1).total_seconds():
            return "on about the same day"
        return f"about {span(seconds)} {'later' if seconds > 0 else 'earlier'}"
    if seconds == 0:
        return "at the same time"
    return f"{span(seconds)} {'later' if seconds > 0 else 'earlier'}"


def percent(share: object) -> str:
    """Return a probability as people say it; never quite certain.

    >>> percent(0.973), percent(0.9999), percent(None)
    ('97%', 'over 99%', '')
    """
    if not isinstance(share, int | float):
        return ""
    return "over 99%" if share > 0.99 else f"{share:.0%}"  # noqa: PLR2004 - as it is said


def language_tag(value: object) -> str | None:
    """Return a language for the lang attribute, None for what is no tag (BCP 47, the part that pages use)."""
    text = str(value or "")
    return text if _LANGUAGE.fullmatch(text) else None
