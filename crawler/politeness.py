"""Manners: what robots.txt allows (RFC 9309), how long to wait between requests, how long to stay away. Pure.

What protego leaves to its caller and is done here: the byte order mark, the 500 KiB limit of RFC 9309 section 2.5,
encodings, what a status code means (section 2.3.1), and a version behind our name ("User-agent: morgue/1.0").
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus

from protego import Protego

from archive.optout import TOKEN

MAX_ROBOTS_BYTES = 500 * 1024
ROBOTS_FRESH = 86400.0  # RFC 9309 section 2.4: no longer than 24 hours
MAX_ROBOTS_HOPS = 5
DEFAULT_DELAY = 1.0
PAGES_PER_DAY = 10_000  # of one politeness key: more than any paper prints, and a stop for what has no end
SLOWNESS = 5.0  # times the time of an answer
ASSET_DELAY = 0.1  # seconds, at least, behind a style sheet, font or image where nobody sets a delay
LONGEST_GAP = 30.0
_SMOOTHING = 0.25  # weight of the newest answer
MAX_PAUSE = 86400.0
_ROBOTS_RETRY = (600.0, 3600.0, 6 * 3600.0, 86400.0)
_TOO_MANY = HTTPStatus.TOO_MANY_REQUESTS
_HOST_PAUSES = (5.0, 30.0, 300.0, 1800.0, 7200.0)  # after the 1st, 2nd … connection in a row that failed
_BUSY_PAUSES = (60.0, 300.0, 1800.0, 7200.0)  # after the 1st, 2nd … 429 or 503 in a row without a Retry-After
_VERSIONED = re.compile(
    rf"^([ \t]*user-?[ \t]?agent[ \t]*:[ \t]*{TOKEN})[ \t]*/[^\r\n#]*", re.IGNORECASE | re.MULTILINE
)
# Only CR and LF end a line (RFC 9309 section 2.2); str.splitlines knows more.
_OTHER_LINE_ENDS = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]")
# The request never got an answer: trouble of the host, not of the URL.
HOST_ERRORS = frozenset({"dns", "refused", "connect", "tls", "timeout", "disconnect", "protocol"})


class Verdict(StrEnum):
    """What robots.txt says on the whole."""

    RULES = "rules"  # it was read: see the rules
    ALLOW_ALL = "allow-all"  # there is none (4xx)
    DISALLOW_ALL = "disallow-all"  # it could not be asked for (5xx, no answer): disallow for now


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one robots.txt for us."""

    verdict: Verdict
    sitemaps: tuple[str, ...] = ()  # as written; may be relative or of another host
    delay: float | None = None  # Crawl-delay, seconds, for our group
    _parser: Protego | None = field(default=None, repr=False, compare=False)

    def allowed(self, url: str) -> bool:
        """Return whether `url` may be fetched. `/robots.txt` itself always may."""
        if self._parser is None:
            return self.verdict is not Verdict.DISALLOW_ALL
        try:
            return bool(self._parser.can_fetch(url, TOKEN))
        except (ValueError, IndexError):  # a URL that urllib cannot split ("http://[x/"): then we do not ask for it
            return False


ALLOW_ALL = Rules(Verdict.ALLOW_ALL)
DISALLOW_ALL = Rules(Verdict.DISALLOW_ALL)


def rules(status: int | None, body: bytes = b"") -> Rules:
    """Return what a robots.txt answer means (RFC 9309 section 2.3.1). Never raises.

    `status` None: no answer at all, or one that was cut off in the middle of a rule. `body`: content-coding removed.
    A redirect is to be followed by the caller, up to five times; given here it counts as "unavailable" (allow).
    """
    if status is None or status >= HTTPStatus.INTERNAL_SERVER_ERROR or status < HTTPStatus.OK or status == _TOO_MANY:
        # 429 is a 4xx, but it says "not now", not "there is none"; Google reads it as a server error too.
        return DISALLOW_ALL
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        return ALLOW_ALL
    try:
        parser = Protego.parse(_text(body))
        delay = parser.crawl_delay(TOKEN)
        return Rules(
            Verdict.RULES,
            sitemaps=tuple(dict.fromkeys(parser.sitemaps)),
            delay=None if delay is None else min(float(delay), MAX_PAUSE),
            _parser=parser,
        )
    except (ValueError, IndexError, TypeError, RecursionError):  # odd input that protego trips over: we cannot know
        return DISALLOW_ALL


def _text(body: bytes) -> str:
    if len(body) > MAX_ROBOTS_BYTES:
        # A line cut in two may say the opposite ("Disallow: /priv" -> "Disallow: /"): drop it.
        cut = body[:MAX_ROBOTS_BYTES]
        body = cut[: max(cut.rfind(b"\n"), cut.rfind(b"\r")) + 1] or cut
    for bom, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if body.startswith(bom):
            text = body[len(bom) :].decode(encoding, "replace")
            break
    else:
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            text = body.decode("latin-1")
    text = text.replace("\0", "").removeprefix("\ufeff")
    return _VERSIONED.sub(r"\1", _OTHER_LINE_ENDS.sub(" ", text))


def robots_fresh_for(status: int | None, failures: int) -> float:
    """Return how long (seconds) a robots.txt answer holds.

    >>> robots_fresh_for(200, 0), robots_fresh_for(503, 1), robots_fresh_for(None, 9)
    (86400.0, 600.0, 86400.0)
    """
    if rules_verdict(status) is not Verdict.DISALLOW_ALL:
        return ROBOTS_FRESH
    return _ROBOTS_RETRY[min(max(failures, 1), len(_ROBOTS_RETRY)) - 1]


def rules_verdict(status: int | None) -> Verdict:
    """Return what the status code alone says of a robots.txt."""
    return rules(status).verdict


def gap(source_delay: float | None, crawl_delay: float | None, latency: float | None = None) -> float:
    """Return the seconds to leave between two requests of one politeness key.

    The source's own `delay`, but never less than the site's Crawl-delay. Where the source sets none: one second, or
    longer where the server is slow, five times what it takes for an answer (`latency`, seconds), up to half a minute.
    (Heritrix: delay factor 5, at most 30 s.)

    >>> gap(None, None), gap(0, None), gap(0, 5.0), gap(10, 5.0)
    (1.0, 0.0, 5.0, 10.0)
    >>> gap(None, None, 0.1), gap(None, None, 2.0), gap(None, None, 25.0), gap(2, None, 25.0)
    (1.0, 10.0, 30.0, 2.0)
    """
    if source_delay is None:
        own = min(max(DEFAULT_DELAY, SLOWNESS * (latency or 0.0)), LONGEST_GAP)
    else:
        own = max(float(source_delay), 0.0)
    return max(own, crawl_delay or 0.0)


def asset_gap(source_delay: float | None, crawl_delay: float | None, latency: float | None = None) -> float:
    """Return the seconds to leave a key alone after what a page shows: a style sheet, a font, an image.

    What the source or the site asks holds here, too. Where nobody asks anything: as long as the answer took, a tenth of a
    second at least. A browser asks for all of them at once; one after the other, with as long a rest, is a sixth of
    that load or less, and they are files, which no program has to make.

    >>> asset_gap(None, None), asset_gap(None, None, 2.0), asset_gap(0, None), asset_gap(3, None), asset_gap(None, 5.0)
    (0.1, 2.0, 0.0, 3.0, 5.0)
    """
    if source_delay is None:
        return max(min(max(ASSET_DELAY, latency or 0.0), LONGEST_GAP), crawl_delay or 0.0)
    return gap(source_delay, crawl_delay)


def smoothed(latency: float | None, seconds: float) -> float:
    """Return how long a server takes, after one more answer: a mean in which the last few count most.

    >>> smoothed(None, 2.0), smoothed(1.0, 2.0)
    (2.0, 1.25)
    """
    return seconds if latency is None else latency + _SMOOTHING * (seconds - latency)


def retry_after(value: str | None, *, date: str | None = None, now: datetime | None = None) -> float | None:
    """Return the seconds that a Retry-After asks for, or None if it says nothing usable (RFC 9110 section 10.2.3).

    A date is read against the response's own `Date` header, because servers' clocks are wrong and ours may be moved;
    without one against `now` (aware; None: no reading). At most a day: longer ones are asked again then.

    >>> retry_after("120"), retry_after("Wed, 21 Oct 2015 07:28:00 GMT", date="Wed, 21 Oct 2015 07:27:00 GMT")
    (120.0, 60.0)
    """
    if value is None:
        return None
    value = value.strip()
    if re.fullmatch(r"[0-9]{1,18}(\.[0-9]{0,6})?", value):  # decimals are against the RFC, and sent all the same
        return min(float(value), MAX_PAUSE)
    until = _http_date(value)
    since = _http_date(date) if date else None
    since = since or now
    if until is None or since is None:
        return None
    return min(max((until - since).total_seconds(), 0.0), MAX_PAUSE)


def _http_date(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text.strip())
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """How a host did: seconds to stay away from it beyond the usual gap, and failures in a row."""

    seconds: float
    failures: int


def pause(
    status: int | None,
    headers: Iterable[tuple[str, str]] = (),
    *,
    error: str | None = None,
    failures: int = 0,
    now: datetime | None = None,
) -> Pause:
    """Return how long to leave a host alone after an exchange, given its `failures` in a row so far.

    Retry-After is obeyed with any status from 300 on (RFC 9110 gives it for 503 and 3xx, RFC 6585 for 429); a 429 or
    503 without it, and a host that does not answer, are left alone longer each time.
    """
    named = {name.lower(): value for name, value in reversed(list(headers)) if name.lower() in ("retry-after", "date")}
    asked = retry_after(named.get("retry-after"), date=named.get("date"), now=now)
    if status in (_TOO_MANY, HTTPStatus.SERVICE_UNAVAILABLE):
        failures += 1
        return Pause(seconds=_step(_BUSY_PAUSES, failures) if asked is None else asked, failures=failures)
    if status is None and error in HOST_ERRORS:
        failures += 1
        return Pause(seconds=_step(_HOST_PAUSES, failures), failures=failures)
    if status is None:
        return Pause(seconds=0.0, failures=failures)  # too large, private, cancelled: says nothing of the host
    return Pause(seconds=(asked or 0.0) if status >= HTTPStatus.MULTIPLE_CHOICES else 0.0, failures=0)


def _step(series: tuple[float, ...], failures: int) -> float:
    return series[min(failures, len(series)) - 1]
