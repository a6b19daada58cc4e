"""Reading sources.toml: every mistake is named with file, entry, key and what is allowed."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

from archive.errors import SourcesError, UrlError
from archive.model import COPY_KINDS
from archive.sources.model import ASSETS, OPT_OUTS, SavedSearch, Source, SourcesFile
from archive.sources.selector import SELECTOR_FIELDS, SelectorError, xpath_of
from archive.urls import canonical_url, join_url

_T = TypeVar("_T")

_MAX_DELAY = 86400.0
# Of one exchange: least, most, unit. What is above a gigabyte or an hour is no news page.
LIMITS: dict[str, tuple[int, int, str]] = {
    "body": (1024, 2**30, "bytes"),
    "head": (1024, 2**20, "bytes"),
    "connect": (1, 3600, "seconds"),
    "first_byte": (1, 3600, "seconds"),
    "total": (1, 3600, "seconds"),
}
_MAX_COUNT = 10**9
_MAX_WORDS = 10_000  # characters of a saved search: more is an article pasted in
_YEAR_OR_MONTH = re.compile(r"\d{4}(?:-\d{2})?")
_REST_OF_A_DAY = "0000-01-01"
_NAME = re.compile(r"\w(?:[\w .-]{0,98}[\w.])?")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\U0010ffff]*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_SOURCE_LINE = re.compile(r"\s*\[\[\s*source\s*\]\]")
_MAILTO = re.compile(r"mailto:[^@\s<>]+@[^@\s<>]+\.?[^@\s<>]*")
_SECRET = frozenset({"headers"})  # their values stand in no message
# Set by the fetcher itself; a value of one's own would break the exchange or the record of it.
_OWN_HEADERS = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "user-agent", "te", "upgrade"}
    | {"if-none-match", "if-modified-since", "range", "proxy-authorization"}
)


class _WrongValueError(Exception):
    """What is wrong with a value; the caller knows where it stands."""


def load_sources(path: Path) -> SourcesFile:
    """Return what the file says. Raises `SourcesError` naming file, entry, key and what is allowed."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise SourcesError(path, f"there is no such file. Make one with `morgue init {path.parent}`.") from None
    except OSError as error:
        raise SourcesError(path, f"cannot be read ({error.strerror or error}).") from None
    try:
        text = data.decode("utf-8-sig")  # Windows' editors put a byte order mark before it
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourcesError(path, f"line {line} is not UTF-8 text. Save the file as UTF-8.") from None
    return parse_sources(text, path=path)


def parse_sources(text: str, *, path: Path | str = "sources.toml") -> SourcesFile:
    """Return what a text in the form of sources.toml says; `path` is for the messages. Raises `SourcesError`."""
    try:
        top = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise SourcesError(
            path,
            f"is not valid TOML: {error}. Texts stand in quotes, lists in [ ], each source begins with [[source]].",
        ) from None
    _known(top, _TOP_KEYS, path=path, entry=None)
    contact = top.get("contact")
    if contact is not None:
        contact = _checked(_contact, contact, path=path, entry=None, key="contact")
    limits = _checked(_limits, top.get("limits", {}), path=path, entry=None, key="limits")
    entries = _entries(top, "source", path)
    sources = tuple(_source(entry, number, path, text) for number, entry in enumerate(entries, 1))
    _no_duplicates(sources, path)
    searches = tuple(_search(entry, number, path) for number, entry in enumerate(_entries(top, "search", path), 1))
    _no_name_twice(searches, path)
    return SourcesFile(contact=contact, limits=limits, sources=sources, searches=searches)


def _entries(top: Mapping[str, Any], key: str, path: Path | str) -> list[dict[str, object]]:
    entries = top.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SourcesError(path, f"write each {key} under a line [[{key}]], with two brackets.", key=key)
    return entries


def _source(entry: Mapping[str, object], number: int, path: Path | str, text: str) -> Source:
    name = entry.get("name")
    label = name if isinstance(name, str) and name else f"number {number}"
    _known(entry, _KEYS, path=path, entry=label)
    for key, example in (("name", "paper.example"), ("url", "https://paper.example/")):
        if key not in entry:
            raise SourcesError(path, f'is missing. Add {key} = "{example}".', entry=label, key=key)
    values: dict[str, Any] = {}  # by key, each as its check returns it
    for key, value in entry.items():
        try:
            values[key] = _checked(_KEYS[key], value, path=path, entry=label, key=key)
        except SourcesError as error:
            line = _line(text, number, key)
            raise SourcesError(path, f"{line}{error.why}", entry=label, key=key) from None
    for key in ("feeds", "sitemaps", "sections"):
        if key in values:
            values[key] = tuple(
                _checked(lambda ref: _below(values["url"], ref), ref, path=path, entry=label, key=key)
                for ref in values[key]
            )
    return Source(**values)


def _search(entry: Mapping[str, object], number: int, path: Path | str) -> SavedSearch:
    name = entry.get("name")
    label = name if isinstance(name, str) and name else f"number {number}"
    _known(entry, _SEARCH_KEYS, path=path, entry=label, what="search")
    if "name" not in entry:
        raise SourcesError(path, 'is missing. Add name = "harbour".', entry=label, key="name", what="search")
    values: dict[str, Any] = {
        key: _checked(_SEARCH_KEYS[key], value, path=path, entry=label, key=key, what="search")
        for key, value in entry.items()
    }
    return SavedSearch(**values)


def _line(text: str, number: int, key: str) -> str:
    """Return "line 12: " where a key stands in the file's n-th source, "" if it is written in another form."""
    entry = 0
    for at, line in enumerate(text.splitlines(), 1):
        entry += bool(_SOURCE_LINE.match(line))
        if entry == number and re.match(rf"\s*(?:{re.escape(key)}\s*=|\[\s*source\s*\.\s*{re.escape(key)}\s*\])", line):
            return f"line {at}: "
    return ""


def _known(
    table: Mapping[str, object],
    known: Mapping[str, object],
    *,
    path: Path | str,
    entry: str | None,
    what: str = "source",
) -> None:
    for key in table:
        if key in known:
            continue
        near = difflib.get_close_matches(key.lower().replace("-", "_"), known, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]!r}? " if near else ""
        elsewhere = ""
        if entry is None and key in _KEYS:
            hint, elsewhere = "", "It belongs under a line [[source]]. "
        elif entry is None and key in _SEARCH_KEYS:
            hint, elsewhere = "", "It belongs under a line [[search]]. "
        elif entry is not None and key in _TOP_KEYS:
            hint, elsewhere = "", "It belongs at the top of the file, before the first [[source]]. "
        raise SourcesError(
            path,
            f"is not known; {hint}{elsewhere}Known here: {', '.join(sorted(known))}.",
            entry=entry,
            key=key,
            what=what,
        )


def _checked(
    check: Callable[[object], _T], value: object, *, path: Path | str, entry: str | None, key: str, what: str = "source"
) -> _T:
    try:
        return check(value)
    except _WrongValueError as error:
        shown = "what stands there" if key in _SECRET else _shown(value)
        raise SourcesError(path, f"{shown} is not allowed: {error}", entry=entry, key=key, what=what) from None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"  # noqa: PLR2004 (a line's worth)


def _no_duplicates(sources: tuple[Source, ...], path: Path | str) -> None:
    names: set[str] = set()
    urls: dict[str, str] = {}
    for source in sources:
        if source.name in names:
            raise SourcesError(path, "two sources have this name; rename one.", entry=source.name, key="name")
        names.add(source.name)
        other = urls.setdefault(canonical_url(source.url), source.name)
        if other != source.name:
            raise SourcesError(
                path, f"source {other!r} has this address already; remove one.", entry=source.name, key="url"
            )


def _no_name_twice(searches: tuple[SavedSearch, ...], path: Path | str) -> None:
    names: set[str] = set()
    for search in searches:
        if search.name in names:
            raise SourcesError(
                path, "two searches have this name; rename one.", entry=search.name, key="name", what="search"
            )
        names.add(search.name)


# One check per kind of value: returns the value as it is used, or says what is allowed.


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or any(ord(char) < 0x20 or char == "\x7f" for char in value):  # noqa: PLR2004 (control characters)
        raise _WrongValueError("it must be a text in quotes, not empty, on one line.")
    return value.strip()


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise _WrongValueError("a name is 1 to 100 letters, digits, dots, dashes, underscores or blanks between them.")
    return value


def _url(value: object) -> str:
    try:
        return canonical_url(_text(value))
    except UrlError as error:
        raise _WrongValueError(f"{error.why}. Write it in full, like https://paper.example/.") from None


def _below(base: object, ref: object) -> str:
    url = join_url(str(base), _text(ref))
    if url is None:
        raise _WrongValueError("it must be a web address (https://…), or a path on this source (/rss.xml).")
    return url


def as_contact(text: str, *, path: Path | str) -> str:
    """Return `text` as sources.toml may have it for `contact`; a bare mail address becomes a mailto: one.

    Raises `SourcesError` naming `path`.

    >>> as_contact("desk@paper.example", path="sources.toml")
    'mailto:desk@paper.example'
    """
    text = text.strip()
    if ":" not in text and _MAILTO.fullmatch(f"mailto:{text}"):
        text = f"mailto:{text}"
    return _checked(_contact, text, path=path, entry=None, key="contact")


def _contact(value: object) -> str:
    text = _text(value)
    if not _MAILTO.fullmatch(text):
        try:
            if text.lower().startswith(("http://", "https://")):
                return canonical_url(text)
        except UrlError:
            pass
        raise _WrongValueError(
            "write mailto:name@paper.example, or the https:// address of a page that says who you are."
        )
    return text


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _WrongValueError('it must be a list of texts, like ["…", "…"].')
    return tuple(_text(item) for item in value)


def _patterns(value: object) -> tuple[str, ...]:
    patterns = _texts(value)
    for pattern in patterns:
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            raise _WrongValueError(
                f"{pattern!r} is no regular expression ({error}). Single quotes keep backslashes: '/\\d{{4}}/'."
            ) from None
    return patterns


def _delay(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _WrongValueError("it must be a number of seconds, like 2 or 0.5, without quotes.")
    if not 0 <= value <= _MAX_DELAY:
        raise _WrongValueError("it must be 0 to 86400 seconds.")
    return float(value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MAX_COUNT:
        raise _WrongValueError("it must be a whole number from 1 on, without quotes.")
    return value


def _language(value: object) -> str:
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value):
        raise _WrongValueError('it must be a language code, like "de" or "pt-BR".')
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise _WrongValueError("it must be true or false, without quotes.")
    return value


def _opt_out(value: object) -> str:
    if value not in OPT_OUTS:
        raise _WrongValueError(f"it must be one of {', '.join(OPT_OUTS)}, in quotes.")
    return str(value)


def _assets(value: object) -> str:
    if value not in ASSETS:
        raise _WrongValueError(f"it must be one of {', '.join(ASSETS)}, in quotes.")
    return str(value)


def _table(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise _WrongValueError('it must be a table, like { name = "value" }.')
    return {key: _text(item) for key, item in value.items()}


def _headers(value: object) -> Mapping[str, str]:
    headers = _table(value)
    for name, text in headers.items():
        if not _TOKEN.fullmatch(name):  # which may hold the value: "Cookie: key=1"
            raise _WrongValueError('a name in it is no HTTP header. Write it like { Cookie = "…" }.')
        if not _HEADER_VALUE.fullmatch(text):
            raise _WrongValueError(f"the value of {name!r} cannot be sent.")
        if name.lower() == "user-agent":
            raise _WrongValueError("the User-Agent has a key of its own: user_agent.")
        if name.lower() in _OWN_HEADERS:
            raise _WrongValueError(f"{name!r} is set by the crawler itself.")
    return headers


def _selectors(value: object) -> Mapping[str, str]:
    table = _table(value)
    for name, selector in table.items():
        if name not in SELECTOR_FIELDS:
            near = difflib.get_close_matches(name.lower(), SELECTOR_FIELDS, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise _WrongValueError(f"{name!r} is no field; {hint}Known here: {', '.join(SELECTOR_FIELDS)}.")
        try:
            xpath_of(selector)
        except SelectorError as error:
            raise _WrongValueError(f"the selector for {name!r}, {selector!r}: {error}") from None
    return table


def _limits(value: object) -> Mapping[str, float]:
    if not isinstance(value, dict):
        raise _WrongValueError("write it as a table: [limits], and below it body = 16777216.")
    limits: dict[str, float] = {}
    for name, number in value.items():
        if name not in LIMITS:
            near = difflib.get_close_matches(str(name).lower(), LIMITS, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise _WrongValueError(f"{name!r} is no limit; {hint}Known here: {', '.join(LIMITS)}.")
        least, most, unit = LIMITS[name]
        if isinstance(number, bool) or not isinstance(number, int | float) or not least <= number <= most:
            raise _WrongValueError(f"{name} must be a number of {unit}, {least:,} to {most:,}, without quotes.")
        limits[name] = number
    return limits


def _words(value: object) -> str:
    if value == "":
        return ""
    words = _text(value)
    if len(words) > _MAX_WORDS:
        raise _WrongValueError(f"it must be {_MAX_WORDS:,} characters at most.")
    return words


def _kind(value: object) -> str:
    if value not in COPY_KINDS:
        raise _WrongValueError(f"it must be one of {', '.join(COPY_KINDS)}, in quotes.")
    return str(value)


def _moment(value: object) -> str:
    """Return a time as `morgue search --since` takes it; TOML's own dates and times will do, too."""
    if isinstance(value, date):  # a time is one, too
        return value.isoformat()
    text = _text(value)
    whole = text + _REST_OF_A_DAY[len(text) :] if _YEAR_OR_MONTH.fullmatch(text) else text
    try:
        datetime.fromisoformat(whole)
    except ValueError:
        raise _WrongValueError("write it like 2026-05-01, 2026-05, 2026 or 2026-05-01T06:00:00Z.") from None
    return text


_TOP_KEYS: dict[str, object] = {"contact": _contact, "limits": None, "source": None, "search": None}
_KEYS: dict[str, Callable[[object], object]] = {
    "name": _name,
    "url": _url,
    "feeds": _texts,
    "sitemaps": _texts,
    "sections": _texts,
    "delay": _delay,
    "include": _patterns,
    "exclude": _patterns,
    "language": _language,
    "headers": _headers,
    "user_agent": _text,
    "render": _truth,
    "assets": _assets,
    "selectors": _selectors,
    "politeness_key": _text,
    "opt_out": _opt_out,
    "pages_per_day": _count,
    "enabled": _truth,
}
_SEARCH_KEYS: dict[str, Callable[[object], object]] = {
    "name": _name,
    "words": _words,
    "source": _text,
    "language": _language,
    "author": _text,
    "kind": _kind,
    "since": _moment,
    "until": _moment,
    "all": _truth,
}
