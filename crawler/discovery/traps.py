"""Links that have no end: calendars, sessions in paths, folders inside themselves, filters upon filters. Pure.

Only links of pages are judged so; what a feed or sitemap announces was meant to be found. What `archive.urls` folds away
(`;jsessionid=`, PHPSESSID, a `sid` with a random token beside what names the page, ASP.NET's `/(S(…))/`) is no trap: all such
spellings are one address to us.

A single URL seldom shows that there is no end; how many of its kind a site has shows it. `TrapCounts` counts URLs by
kind, in bounded room: the Misra-Gries summary ("Finding repeated elements", 1982) never counts more than there were, so that
a full table forgets traps rather than invents them, and two of them merge with the same bound (Agarwal et al.,
"Mergeable Summaries", 2012).
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import unquote

from archive.errors import UrlError
from archive.urls import url_key

CALENDAR, SESSION, REPEAT, PARAMETERS = "trap-calendar", "trap-session", "trap-repeat", "trap-parameters"

MAX_KINDS = 256  # kinds of URLs that are counted for a source: 6 KB as JSON
_LIMITS = {CALENDAR: 24, SESSION: 3, PARAMETERS: 50}  # URLs of one kind that are followed before it is a trap
_MAX_DEPTH = 25  # segments; the deepest of 42,000 addresses of news sites has 10
_TWICE = 3  # segments of a block that need stand there only twice to be folders inside themselves
_OFTEN = 4  # times that one word stands in a path
_LOOK = timedelta(days=7)  # before the page that links: what is dated so lately is today's news, not a calendar


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PAGE = re.compile(r"\.(?:s?html?|php\d?|aspx?|jsp|cgi|do)\Z", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_SMALL = re.compile(r"(?:0?[1-9]|[12]\d|3[01])")  # a month or a day
_DATE = re.compile(
    r"((?:19|20)\d\d)(?:[-_.]?(0[1-9]|1[0-2])|[-_.]([1-9]))(?:[-_.]?(0[1-9]|[12]\d|3[01])|[-_.]([1-9]))?"
)
_MAX_PIECES = 3  # year, month, day
# Words behind the date that say how a calendar is to be shown.
_VIEWS = _words("month week day list agenda year monat woche tag liste jour mois semaine ical events")
_DATE_NAMES = _words(
    """
    year month day date week y m d yr mon cal calendar jahr monat tag datum woche annee mois jour ano mes dia fecha
    archive archiv selected_date start_date end_date from to
    """
)
_FACETS = _DATE_NAMES | _words(
    """
    page p paged pg start offset limit per_page perpage count rows size sort order orderby order_by dir direction asc
    desc filter filters facet facets f view layout mode display style color colour price min max brand rating range
    lang locale currency tab seite pagina q query search s tags category cat type
    """
)
_SESSION_NAME = re.compile(r".*(?:sess(?:ion|id)?(?:[_-]?id)?|sid|token|zenid|auth)\Z", re.IGNORECASE)
_TOKEN = re.compile(r"(?=[^0-9]*[0-9])(?=[^a-z]*[a-z])[0-9a-z]{20,64}", re.IGNORECASE)
_ID_NAME = re.compile(r"(?:.*(?:id|idx|no|nr|num)|art(?:icle|ikel|iculo)?|story|news|post|doc|item)\Z")
_NUMBER = re.compile(r"[0-9]{3,}")
_DIGIT = re.compile(r"[0-9]")
_WORD_BREAK = re.compile(r"[-_+. ]+")
_SLUG = 3  # words that rather name a page than filter a list
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrapCounts:
    """How many URLs of each kind a source has. A value: `noted` and `merged` return another.

    `counts`: kind (16 hexadecimal digits) -> URLs. `at`: day of the page whose links are judged, UTC; None: nothing dated is
    taken for today's.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    at: date | None = None

    def noted(self, urls: Iterable[str]) -> TrapCounts:
        """Return the counts with these URLs, each of which must be new to the source. Rebuild them from all its URLs."""
        counts = dict(self.counts)
        for url in urls:
            for _, kind in _kinds(url, self.at):
                if kind in counts or len(counts) < MAX_KINDS:
                    counts[kind] = counts.get(kind, 0) + 1
                else:
                    counts = {each: count - 1 for each, count in counts.items() if count > 1}
        return TrapCounts(counts=counts, at=self.at)

    def merged(self, other: TrapCounts) -> TrapCounts:
        """Return the counts of both, which have no URL in common."""
        total = Counter(self.counts)
        total.update(other.counts)
        days = [each for each in (self.at, other.at) if each is not None]
        if len(total) > MAX_KINDS:
            less = total.most_common(MAX_KINDS + 1)[-1][1]
            total = Counter({kind: count - less for kind, count in total.items() if count > less})
        return TrapCounts(counts=dict(total), at=max(days, default=None))


def trap_of(url: str, seen: TrapCounts) -> str | None:
    """Return the named reason why a page's link is not followed, None if it is. Broken URLs are no traps.

    >>> trap_of("https://paper.example/a/b/a/b/a/b", TrapCounts())
    'trap-repeat'
    >>> months = [f"https://paper.example/calendar/2031/{month}" for month in range(1, 13)]
    >>> months += [url.replace("2031", "2032") for url in months]
    >>> trap_of("https://paper.example/calendar/2033/1", TrapCounts().noted(months))
    'trap-calendar'
    """
    segments, query = _split(url)
    if _repeats(segments):
        return REPEAT
    if any(_SESSION_NAME.match(name) and _TOKEN.fullmatch(value) for name, value in query):
        return SESSION
    for reason, kind in _kinds(url, seen.at):
        if seen.counts.get(kind, 0) >= _LIMITS[reason]:
            return reason
    return None


def _split(url: str) -> tuple[tuple[str, ...], Pairs]:
    """Return host and path segments, and the pairs of the query, in lower case; nothing for a broken URL."""
    try:
        key = url_key(url)
    except UrlError:
        return (), ()
    place, _, query = key.partition("#")[0].partition("?")
    segments = tuple(unquote(segment).lower() for segment in place.split("/") if segment)
    pairs = (piece.partition("=")[::2] for piece in query.split("&") if piece)
    return segments, tuple((unquote(name).lower(), unquote(value).lower()) for name, value in pairs)


def _repeats(place: tuple[str, ...]) -> bool:
    """Tell whether a path is folders inside themselves, as a relative link on a page that answers under any path makes them."""
    path = place[1:]
    if len(path) > _MAX_DEPTH:
        return True
    words = Counter(segment for segment in path if not segment.isdecimal())
    if max(words.values(), default=0) >= _OFTEN:
        return True
    for size in range(1, len(path) // 2 + 1):
        times = 2 if size >= _TWICE else 3
        for start in range(len(path) - size * times + 1):
            block = path[start : start + size]
            if all(path[start + size * n : start + size * (n + 1)] == block for n in range(1, times)) and not all(
                segment.isdecimal() for segment in block
            ):
                return True
    return False


def _kinds(url: str, at: date | None) -> Iterator[tuple[str, str]]:
    """Yield what a URL counts as: for which trap, and of which kind."""
    segments, query = _split(url)
    if not segments:
        return
    place = "/".join(segments)
    names = "&".join(sorted({name for name, _ in query}))
    tail, day = _dated(segments, query)
    if day is not None:
        if at is None or not at - _LOOK <= day <= at + timedelta(days=1):
            yield CALENDAR, _kind(CALENDAR, "/".join(segments[: len(segments) - tail]), names)
    elif query and not any(_identifies(name, value) for name, value in query):
        yield PARAMETERS, _kind(PARAMETERS, place)
    if any(_TOKEN.fullmatch(segment) for segment in segments[1:-1]):
        # A token at the end names the page; one before it, with the same pages behind it, is whose visit this is.
        masked = "/".join("*" if _TOKEN.fullmatch(segment) else segment for segment in segments)
        yield SESSION, _kind(SESSION, masked, names)


def _kind(*parts: str) -> str:
    return hashlib.blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _dated(segments: tuple[str, ...], query: Pairs) -> tuple[int, date | None]:
    """Return how many segments at the end are nothing but a date, and its last day; of the query, if that is one."""
    path = list(segments[1:])
    if path:
        path[-1] = _PAGE.sub("", path[-1])
    views = 0
    while path and path[-1] in _VIEWS:
        views += 1
        path.pop()
    if any(_identifies(name, value) for name, value in query):
        return 0, None
    if path and (day := _day(path[-1])) is not None:
        return views + 1, day
    for size in range(1, _MAX_PIECES + 1):
        pieces = path[-size:]
        if len(pieces) == size and _YEAR.fullmatch(pieces[0]) and all(_SMALL.fullmatch(piece) for piece in pieces[1:]):
            return views + size, _last_day([int(piece) for piece in pieces])
    return 0, _day_asked(query)


def _day_asked(query: Pairs) -> date | None:
    """Return the day that a query asks for: a date, or a year with month and day in parameters of their own."""
    for _, value in query:
        if (day := _day(value)) is not None:
            return day
    parts = {name[0]: value for name, value in query if name in _DATE_NAMES}
    year = next((value for name, value in query if name in _DATE_NAMES and _YEAR.fullmatch(value)), None)
    if year is None:
        return None
    small = [parts[letter] for letter in "md" if _SMALL.fullmatch(parts.get(letter, ""))]
    return _last_day([int(year), *map(int, small)])


def _day(text: str) -> date | None:
    found = _DATE.fullmatch(text)
    return _last_day([int(piece) for piece in found.groups() if piece]) if found else None


def _last_day(pieces: list[int]) -> date | None:
    """Return the last day of a year, month or day; None if the calendar has none such."""
    year, month, day = (*pieces, 0, 0)[:3]
    try:
        if day:
            return date(year, month, day)
        return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1) if month else date(year, 12, 31)
    except ValueError:
        return None


def _identifies(name: str, value: str) -> bool:
    """Tell whether a parameter names a page rather than filters a list: `id=10421`, `story=council-votes-again`."""
    if name in _FACETS or _day(value) is not None:
        return False
    if _ID_NAME.match(name) and _DIGIT.search(value):
        return True
    return bool(_NUMBER.search(value)) or len(_WORD_BREAK.findall(value)) >= _SLUG - 1 or (not value and len(name) > 1)
