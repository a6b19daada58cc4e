"""Addresses of the pages, and which of strangers' addresses may become links. Pure.

Names of sources stand in paths. What a path cannot hold whole (a slash, a name that is only dots or ends like a format) is
written with a tilde and two hexadecimal digits: servers in between decode %2F, and browsers take %2E%2E for a step upwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode, urlsplit

FORMATS = ("json", "csv", "atom")
Query = tuple[tuple[str, str], ...]
_FIELDS = 100  # of a query; more is no question of a person
_WEB = re.compile(r"https?://[^\s\x00-\x20\x7f-\x9f\u202a-\u202e\u2066-\u2069<>\"`\\]+", re.IGNORECASE)
_TILDE = re.compile(rb"~([0-9A-F]{2})")
_LIKE_A_FORMAT = re.compile(r"\.+|.*\.(?:json|csv|atom)", re.DOTALL)


def article(name: str, seen_from: str | None = None) -> str:
    """Return the path of an article, or of one of its revisions.

    >>> article("a-abc", "2026-05-01T06:00:00.000000Z")
    '/article/a-abc@2026-05-01T06:00:00.000000Z'
    """
    return f"/article/{quote(name, safe='')}" + (f"@{quote(seen_from, safe=':')}" if seen_from else "")


def diff(name: str, start: str | None = None, end: str | None = None) -> str:
    """Return the path of what changed between two revisions, by the times they were first seen."""
    asked = with_query((), ("from", start), ("to", end))
    return f"{article(name)}/diff{asked}"


def archived(name: str, captured_at: str | None = None) -> str:
    """Return the path of the archived page of an article, as it was captured last or at one time."""
    return f"{article(name)}/archived" + (f"/{quote(captured_at, safe=':')}" if captured_at else "")


def kept(url: str, time: str) -> str:
    """Return the path of an address as it was kept at about a time (digits, UTC).

    >>> kept("https://p.example/a?b=1", "20260501")
    '/archived/20260501/https%3A%2F%2Fp.example%2Fa%3Fb%3D1'
    """
    return f"/archived/{time}/{quote(url, safe='', errors='replace')}"


def story(name: str) -> str:
    """Return the path of a story."""
    return f"/story/{quote(name, safe='')}"


def source(name: str) -> str:
    """Return the path of a source, whatever its name is made of.

    >>> source("Evening Paper"), source("a/b.json"), source("..")
    ('/source/Evening%20Paper', '/source/a~2Fb~2Ejson', '/source/~2E~2E')
    """
    return f"/source/{_segment(name)}"


def saved(name: str) -> str:
    """Return the path of a saved search."""
    return f"/saved/{_segment(name)}"


def _segment(name: str) -> str:
    text = name.replace("~", "~7E").replace("/", "~2F").replace("\\", "~5C")
    if _LIKE_A_FORMAT.fullmatch(name):
        text = text.replace(".", "~2E")
    return quote(text, safe="~", errors="replace")


def name_of(segment: str) -> str:
    """Return the name that a segment of a path stands for.

    >>> name_of("a~2Fb~2Ejson"), name_of("%D8%B3")
    ('a/b.json', 'س')
    """
    raw = _TILDE.sub(lambda found: bytes([int(found[1], 16)]), unquote_to_bytes(segment))
    return raw.decode("utf-8", "replace")


def web(url: object) -> str | None:
    """Return an address that may become a link, None for any other: javascript:, data:, what holds white space or quotes.

    >>> web("https://news.example/a"), web("javascript:alert(1)"), web("https://a b/")
    ('https://news.example/a', None, None)
    """
    text = str(url or "")
    if not _WEB.fullmatch(text):
        return None
    try:
        return text if urlsplit(text).hostname else None
    except ValueError:
        return None


def query_of(text: str) -> Query:
    """Return the fields of a query in order, empty ones left out. Raises `ValueError` for more than a person would send."""
    return tuple(parse_qsl(text, max_num_fields=_FIELDS, errors="replace"))


def with_query(query: Iterable[tuple[str, str]], *changes: tuple[str, str | None]) -> str:
    """Return a query with some fields set, or left out where None; "" if nothing is left.

    >>> with_query([("q", "tide mill"), ("page", "3")], ("page", None), ("source", "a&b"))
    '?q=tide+mill&source=a%26b'
    """
    changed = dict(changes)
    kept = [(name, value) for name, value in query if name not in changed]
    kept += [(name, value) for name, value in changes if value is not None]
    return f"?{urlencode(kept, errors='replace')}" if kept else ""
