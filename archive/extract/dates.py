"""Dates as a page wrote them: parsed, never converted to another zone, never completed from the clock.

A value is ISO 8601 with as much as was written: "2022-05-21T10:00:00+02:00" (second), "2022-05-21T10:00" (minute),
"2022-05-21" (day), "2022-05" (month). An offset stands there only if the page gave one.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone

from archive.extract.months import MONTHS, plain

EARLIEST = 1990  # nothing on the web is older; older dates are those of a photo or a form's default
# The first places to see a day are 14 hours ahead of UTC: a page of theirs may be dated that much after the capture.
ZONE_SLACK = timedelta(hours=14)
_QUARTER = timedelta(minutes=15)  # every zone in use is a multiple of it from UTC
_MAX_WRITTEN = 120  # characters of a string that is taken for a date
_MINUTES = 60
_EPOCH = re.compile(r"^(?:\d{10}|\d{13})$")
_EPOCH_MS_DIGITS = 13
_NOON = 12
_MONTHS_IN_YEAR = 12
_MIN_YEAR, _MAX_YEAR = 1000, 2200

_ISO = re.compile(
    r"^\W{0,3}(\d{4})-(\d{1,2})(?:-(\d{1,2}))?(?:(?:T|\s+|,\s*|\s*-\s*)(\d{1,2})[:h.](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?"
    r"\s*(Z\b|UTC|GMT|[+-]\d{2}:?\d{2}\b|[+-]\d{2}\b)?)?",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?(Z|[+-]\d{2}:?\d{2})?)?$")
_YMD = re.compile(r"(?<!\d)(\d{4})[./](\d{1,2})[./](\d{1,2})(?!\d)")
_CJK = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]?")
_DOTTED = re.compile(r"(?<![\d.])(\d{1,2})\s?([./-])\s?(\d{1,2})\s?\2\s?(\d{4})(?!\d)")
_DAY_MONTH = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|º|ª|°|\.|ος|η|го|-го)?[\s\u00a0.,-]+(?:de\s+|d[’']|of\s+)?([^\W\d_]{3,15})\.?,?[\s\u00a0.,’'-]*(?:de[l]?\s+|г\.?\s*)?(\d{4})(?!\d)"
)
_MONTH_DAY = re.compile(
    r"(?<![^\W\d_])([^\W\d_]{3,15})\.?[\s\u00a0-]+(\d{1,2})(?:st|nd|rd|th)?(?:,|\s)[\s\u00a0]*(?:at\s+)?(\d{4})(?!\d)"
)
_MONTH_DAY_TIME_YEAR = re.compile(r"([A-Z][a-z]{2}) (\d{1,2}) (\d{2}:\d{2}:\d{2}) (?:([A-Z]{3,4}|[+-]\d{4}) )?(\d{4})")
_MONTH_YEAR = re.compile(r"^\W*([^\W\d_]{3,15})\.?,?\s+(\d{4})\W*$")
_TIME = re.compile(
    r"(?<![\d:])(\d{1,2})\s?[:h.時시]\s?(\d{2})(?:\s?[:.分]\s?(\d{2})(?:\.\d+)?)?\s*(a\.?m\.?|p\.?m\.?)?"
    r"\s*(?:\(?\s*(Z\b|(?:UTC|GMT)?\s?[+-]\d{2}:?\d{2}\b|UTC\b|GMT\b|E[SD]T\b|C[SD]T\b|M[SD]T\b|P[SD]T\b))?",
    re.IGNORECASE,
)
# RFC 822 section 5.1: the only zone names with one meaning there; "CST" is also China's, so it counts in a date
# that is written in English only.
_ZONES = {
    "Z": 0,
    "UTC": 0,
    "GMT": 0,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
}


@dataclass(frozen=True, slots=True)
class When:
    """A date as the page wrote it."""

    text: str  # ISO 8601
    precision: str  # second, minute, day, month

    @property
    def day(self) -> str:
        """The calendar day as written (or the month)."""
        return self.text[:10]

    @property
    def year(self) -> int:
        """The year as written."""
        return int(self.text[:4])

    def earliest(self) -> datetime:
        """Return the first instant that this can mean, in UTC, taking an absent offset for UTC."""
        text = self.text if self.precision != "month" else self.text + "-01"
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def after(when: When, captured_at: datetime | None) -> bool:
    """Say whether this date lies after the capture, whatever the zone; without a capture time nothing does."""
    if captured_at is None:
        return False
    if captured_at.tzinfo is None:
        captured_at = captured_at.replace(tzinfo=UTC)
    # A page that labels its local time "Z" is common, so an offset gives no right to a smaller slack.
    try:
        return when.earliest() > captured_at + ZONE_SLACK
    except (OverflowError, ValueError):
        return True


def parse_written(text: str | None, language: str = "") -> When | None:
    """Return the date that this string states, or None. `language` (BCP 47) says how 03/04/2022 is read.

    >>> parse_written("Sat, 21 May 2022 10:00:00 +0200")
    When(text='2022-05-21T10:00:00+02:00', precision='second')
    >>> parse_written("Saturday") is None
    True
    """
    if not text:
        return None
    text = unicodedata.normalize("NFKC", text).translate(_DIGITS).strip()[:_MAX_WRITTEN].strip(" \"'")
    if not any(c.isdigit() for c in text):
        return None
    if _EPOCH.match(text):
        seconds = int(text[:10]) if len(text) == _EPOCH_MS_DIGITS else int(text)
        return When(datetime.fromtimestamp(seconds, UTC).isoformat(), "second")
    if match := _ISO.match(text):
        year, month, day, *clock, zone = match.groups()
        return _make(year, month, day, clock, zone)
    if match := _COMPACT.match(text):
        year, month, day, *clock, zone = match.groups()
        return _make(year, month, day, clock, zone)
    return _in_words(text, language)


_DIGITS = {base + i: str(i) for base in (0x0660, 0x06F0, 0x0966, 0x09E6) for i in range(10)}


def _in_words(text: str, language: str) -> When | None:
    # The order matters: what is least ambiguous first.
    if match := _MONTH_DAY_TIME_YEAR.search(text):  # asctime and JavaScript's Date
        month = _month(match[1])
        return _make(match[5], month, match[2], match[3].split(":"), match[4])
    for pattern in (_CJK, _YMD):
        if match := pattern.search(text):
            return _with_time(_make(match[1], match[2], match[3]), text[match.end() :])
    if match := _DAY_MONTH.search(text):
        found = _with_time(_make(match[3], _month(match[2]), match[1]), text[match.end() :], text[: match.start()])
        if found:
            return found
    for match in _MONTH_DAY.finditer(text):
        found = _with_time(_make(match[3], _month(match[1]), match[2]), text[match.end() :], text[: match.start()])
        if found:
            return found
    if match := _DOTTED.search(text):
        day, month = _order(match[1], match[3], match[2], language)
        return _with_time(_make(match[4], month, day), text[match.end() :], text[: match.start()])
    if match := _MONTH_YEAR.match(text):
        return _make(match[2], _month(match[1]), None)
    return None


def _order(first: str, second: str, separator: str, language: str) -> tuple[str | None, str | None]:
    """Return (day, month) of two numbers before a year; (None, None) where it cannot be known."""
    if int(first) > _MONTHS_IN_YEAR or first == second or separator == ".":
        return first, second
    if int(second) > _MONTHS_IN_YEAR:
        return second, first
    tag = language.lower().replace("_", "-")
    if tag.startswith("en-us"):
        return second, first
    if not tag or tag in {"en", "en-ca"}:
        return None, None  # 03/04/2022 in English without a country: a coin toss
    return first, second


def _month(name: str) -> str | None:
    number = MONTHS.get(plain(name))
    return str(number) if number else None


def _with_time(when: When | None, after_it: str, before_it: str = "") -> When | None:
    """Add the time of day that stands beside a date."""
    if when is None or when.precision != "day":
        return when
    for text in (after_it[:40], before_it[-16:]):
        if match := _TIME.search(text):
            hour, minute, second, half, zone = match.groups()
            if half:
                hour = str(int(hour) % _NOON + (_NOON if half.lower().startswith("p") else 0))
            year, month, day = when.text.split("-")
            timed = _make(year, month, day, [hour, minute, second], zone)
            if timed is not None:
                return timed
    return when


def _offset(zone: str | None) -> timezone | None:
    if not zone:
        return None
    name = zone.upper().replace(" ", "")
    if name in _ZONES:
        return timezone(timedelta(hours=_ZONES[name]))
    match = re.search(r"([+-])(\d{2}):?(\d{2})?$", name)
    if not match:
        return None
    delta = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    if delta > timedelta(hours=15):
        return None
    return timezone(-delta if match[1] == "-" else delta)


def _make(
    year: str,
    month: str | None,
    day: str | None,
    clock: list[str | None] | list[str] | None = None,
    zone: str | None = None,
) -> When | None:
    if month is None or not _MIN_YEAR <= int(year) <= _MAX_YEAR:
        return None
    try:
        if day is None:
            return When(f"{datetime(int(year), int(month), 1, tzinfo=UTC):%Y-%m}", "month")
        moment = datetime(int(year), int(month), int(day), tzinfo=UTC)
    except ValueError:
        return None
    whole_day = When(f"{moment:%Y-%m-%d}", "day")
    if not clock or clock[0] is None or clock[1] is None:
        return whole_day
    second = clock[2] if len(clock) > 2 else None  # noqa: PLR2004 - hour, minute and, perhaps, second
    try:
        moment = moment.replace(
            hour=int(clock[0]), minute=int(clock[1]), second=min(int(second or 0), 59), tzinfo=_offset(zone)
        )
    except ValueError:
        return whole_day
    spec = "seconds" if second is not None else "minutes"
    return When(moment.isoformat(timespec=spec), spec.removesuffix("s"))


def finer(coarse: When, other: When) -> When:
    """Return `other`'s time for `coarse` if both name the same day and `other` says more of it."""
    order = ("month", "day", "minute", "second")
    if order.index(other.precision) > order.index(coarse.precision) and other.text.startswith(coarse.text):
        return replace(other)
    return coarse


def days_apart(one: When, other: When) -> int | None:
    """Return how many calendar days lie between two dates as written; None if one names no day."""
    if "month" in {one.precision, other.precision}:
        return None
    return abs((date.fromisoformat(one.day) - date.fromisoformat(other.day)).days)


def is_utc(when: When) -> bool:
    """Say whether a time stands in UTC, as content systems write it whatever the place."""
    return when.text.endswith("+00:00")


def local(moment: When, other: When) -> When | None:
    """Return the same instant in the page's own zone if `other` shows it there; None if it does not.

    Both times must be on the page: nothing is converted. A time without an offset counts if it is the same minute and
    second of some zone's clock (the offset is then the difference of the two).

    >>> local(When("2023-12-24T01:06:51+00:00", "second"), When("2023-12-23T17:06:51", "second"))
    When(text='2023-12-23T17:06:51-08:00', precision='second')
    """
    if not is_utc(moment) or is_utc(other) or not {moment.precision, other.precision} <= {"second", "minute"}:
        return None
    instant, shown = datetime.fromisoformat(moment.text), datetime.fromisoformat(other.text)
    if other.precision == "minute":
        instant = instant.replace(second=0)
    if shown.tzinfo is not None:
        offset = shown.utcoffset() or timedelta()
        if shown != instant:
            return None
    else:
        offset = shown.replace(tzinfo=UTC) - instant
        if offset % _QUARTER or not offset or abs(offset) > ZONE_SLACK:
            return None
    stated = datetime.fromisoformat(moment.text).astimezone(timezone(offset))
    return When(stated.isoformat(timespec="seconds" if moment.precision == "second" else "minutes"), moment.precision)


_URL_SLASHED = re.compile(r"/(19[9]\d|20[0-4]\d)[/-](0?[1-9]|1[0-2])[/-](0?[1-9]|[12]\d|3[01])(?=[/_-]|$)")
_URL_MONTH = re.compile(r"/(19[9]\d|20[0-4]\d)[/-](0[1-9]|1[0-2])(?=/)")


def in_url(url: str) -> When | None:
    """Return the date that a page's address states: /2022/05/21/ or /20220521/, else the month of /2022/05/."""
    path = url.split("?", 1)[0].split("#", 1)[0]
    if match := _URL_SLASHED.search(path):
        return _make(match[1], match[2], match[3])
    if match := re.search(r"[/_-](19[9]\d|20[0-4]\d)-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])(?=[/_.-]|$)", path):
        return _make(match[1], match[2], match[3])
    if match := _URL_MONTH.search(path):
        return _make(match[1], match[2], None)
    return None
