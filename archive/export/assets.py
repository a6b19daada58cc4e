"""What the pages of an export need to be shown: found in the pages themselves, so that others' archives have it, too.

A page's HTML and its style sheets are read from the shelf, and each file that they name is looked up among the captures: the
one nearest in time to the page's. A redirect is followed. What was never captured stays missing, as it is in the archive.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from archive.assets import is_style_sheet, needed_by
from archive.errors import PayloadError, ShelfError
from archive.model import Snapshot
from archive.payload import decode_content, header
from archive.urls import redirect_url
from archive.warc import read_record

_MAX_FILES = 1_000  # of one page
_MAX_BYTES = 16 * 2**20  # of a page or style sheet, decoded
_PAGES = frozenset({"text/html", "application/xhtml+xml", ""})
_OK = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ANY = (
    "SELECT 1 FROM captures WHERE article IS NULL AND"
    " (role = 'asset' OR (role IS NULL AND (mime = 'text/css' OR mime LIKE 'image/%'))) LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class PlacedCapture:
    """A capture, and where its record lies."""

    pk: int
    url: str
    captured_at: str
    status: int | None
    mime: str
    warc: str  # name of the file
    offset: int


class Assets:
    """Finds what pages need."""

    def __init__(self, conn: sqlite3.Connection, find: Callable[[str], Path], allowed: str) -> None:
        """`find` says where a WARC file lies; `allowed`: SQL that holds for captures `c` that may be shown."""
        self._conn = conn
        self._find = find
        self._allowed = allowed
        self._known: dict[str, list[PlacedCapture]] = {}  # by address
        self._names: dict[int, tuple[str, ...]] = {}  # capture -> what it names

    def any(self) -> bool:
        """Return whether the archive holds anything that a page could show: if not, no page need be read for it."""
        return self._conn.execute(_ANY).fetchone() is not None

    def of(self, page: PlacedCapture) -> set[int]:
        """Return the captures (`captures.pk`) that a page needs; none for what is no page, or cannot be read."""
        found: set[int] = set()
        if page.status not in (_OK, None) or page.mime not in _PAGES:
            return found
        waiting, met = list(reversed(self._named_by(page))), {page.url}
        while waiting and len(found) < _MAX_FILES:
            url = waiting.pop()
            if url in met:
                continue
            met.add(url)
            capture = _nearest(self._captures(url), page.captured_at)
            if capture is None:
                continue
            found.add(capture.pk)
            if capture.status in _REDIRECTS or is_style_sheet(capture.mime):
                if capture.pk not in self._names:
                    self._names[capture.pk] = self._named_by(capture)
                waiting += reversed(self._names[capture.pk])
        return found

    def _captures(self, url: str) -> list[PlacedCapture]:
        if url not in self._known:
            rows = self._conn.execute(
                "SELECT c.pk, c.url, c.captured_at, c.status, c.mime, w.name, c.offset FROM captures c"  # noqa: S608 - ours
                " JOIN warcs w ON w.pk = c.warc WHERE c.url = ? AND c.record_type IN ('response', 'resource')"
                f" AND c.article IS NULL AND {self._allowed} ORDER BY c.captured_at, c.pk",
                (url,),
            )
            captures = [PlacedCapture(*row) for row in rows]
            self._known[url] = [each for each in captures if each.status in {_OK, None, *_REDIRECTS}]
        return self._known[url]

    def _named_by(self, capture: PlacedCapture) -> tuple[str, ...]:
        try:
            snapshot = read_record(self._find(capture.warc), capture.offset, name=capture.warc)
            return tuple(dict.fromkeys(_names(snapshot, capture)))
        except (ShelfError, PayloadError):
            return ()  # told when its record is copied


def _names(snapshot: Snapshot, capture: PlacedCapture) -> Iterator[str]:
    if capture.status in _REDIRECTS:
        target = redirect_url(capture.url, header(snapshot.headers, "Location") or "")
        yield from [target.partition("#")[0]] if target is not None else []
        return
    said = header(snapshot.headers, "Content-Type") or capture.mime
    body = decode_content(snapshot.headers, snapshot.body, limit=_MAX_BYTES)
    yield from (ref.url for ref in needed_by(body, url=capture.url, content_type=said))
    if snapshot.rendered is not None:
        shown = needed_by(snapshot.rendered.body, url=capture.url, content_type="text/html; charset=utf-8")
        yield from (ref.url for ref in shown)


def _nearest(captures: Iterable[PlacedCapture], at: str) -> PlacedCapture | None:
    """Return the capture nearest in time; the earlier of two."""
    moment = datetime.fromisoformat(at)
    return min(captures, key=lambda each: abs(datetime.fromisoformat(each.captured_at) - moment), default=None)
