"""Which capture shows an address at a time, and what it says. Reads archive.db and the shelf, changes nothing."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from archive.errors import QueryError, ShelfError, UrlError
from archive.model import Snapshot
from archive.payload import decode_content, header
from archive.query.reader import answering
from archive.query.show import find_article
from archive.urls import redirect_url, url_key
from archive.warc import read_record

MAX_BYTES = 32 * 2**20  # of one document, decoded
_DIGITS = re.compile(r"\D")
_WHOLE = len("20260501060000000000")
_SHOWN = (
    "SELECT c.url, c.captured_at, c.status, c.mime, c.record_type, c.payload_digest, w.name, c.offset, c.length, c.truncated,"
    " c.refers_to_url, c.refers_to_at FROM captures c JOIN warcs w ON w.pk = c.warc"
)
_MAY_SHOW = "(c.status IS NULL OR c.status < 400 AND c.status <> 304) AND c.record_type <> 'conversion'"


@dataclass(frozen=True, slots=True)
class Kept:
    """One capture that can be shown, and where its record lies."""

    url: str
    captured_at: str
    status: int | None
    mime: str
    record_type: str
    digest: str | None
    warc: str  # path below warc/, without .open
    offset: int
    length: int
    truncated: str | None
    refers_to_url: str | None
    refers_to_at: str | None


@dataclass(frozen=True, slots=True)
class Document:
    """What a capture says. `location`: where it redirects to, absolute; `body` is then of no use."""

    kept: Kept  # the capture that was asked for
    body: bytes  # without codings; what a browser made of it, where that was kept
    content_type: str  # the header's value
    location: str | None
    rendered: bool


def time_of(captured_at: str) -> str:
    """Return a time of `captures` as it stands in an address of the archive: digits, UTC.

    >>> time_of("2026-05-01T06:00:00.000000Z")
    '20260501060000000000'
    """
    return _DIGITS.sub("", captured_at)[:_WHOLE]


def article_captures(conn: sqlite3.Connection, what: str) -> list[Kept]:
    """Return the captures that show an article, by time. Raises `QueryError` if there is no such article."""
    with answering(conn):
        pk = find_article(conn, what)
        sql = f"{_SHOWN} WHERE c.article = ? AND {_MAY_SHOW} ORDER BY c.captured_at, c.pk"
        return [Kept(*row) for row in conn.execute(sql, (pk,))]


def nearest(captures: list[Kept], time: str) -> Kept | None:
    """Return the capture nearest to a time of digits, of any length; the earlier of two."""
    wanted = _instant(time)
    return min(captures, key=lambda kept: abs(_instant(time_of(kept.captured_at)) - wanted), default=None)


def kept_at(conn: sqlite3.Connection, url: str, time: str) -> Kept | None:
    """Return the capture of an address nearest to a time of digits: as it was requested, else in another spelling."""
    with answering(conn):
        rows = conn.execute(f"{_SHOWN} WHERE c.url = ? AND {_MAY_SHOW} ORDER BY c.captured_at", (url,)).fetchall()
        if not rows:
            try:
                key = url_key(url)
            except UrlError:
                return None
            rows = conn.execute(
                f"{_SHOWN} WHERE c.url_key = ? AND {_MAY_SHOW} ORDER BY c.captured_at", (key,)
            ).fetchall()
    return nearest([Kept(*row) for row in rows], time)


def document(conn: sqlite3.Connection, kept: Kept, find: Callable[[str], Path]) -> Document:
    """Read what a capture says from its record; of a revisit from the record that it refers to.

    Raises `ShelfError` if the record is lost or damaged, `PayloadError` if its body cannot be decoded or is too large.
    """
    said = _read(kept, find)
    status, headers = said.status, said.headers
    if status is not None and 300 <= status < 400:  # noqa: PLR2004 - redirects, RFC 9110 15.4
        return Document(kept, b"", "", redirect_url(kept.url, header(headers, "Location") or ""), rendered=False)
    if kept.record_type == "revisit":
        original = _original(conn, kept)
        if original is None:
            raise ShelfError(f"the record that {kept.url} repeats is not in the archive. `morgue fsck` says more.")
        said = _read(original, find)
    if said.rendered is not None:
        return Document(kept, said.rendered.body, "text/html; charset=utf-8", None, rendered=True)
    body = decode_content(said.headers, said.body, limit=MAX_BYTES, allow_truncated=True)
    return Document(kept, body, header(said.headers, "Content-Type") or kept.mime, None, rendered=False)


def _read(kept: Kept, find: Callable[[str], Path]) -> Snapshot:
    return read_record(find(kept.warc), kept.offset, name=kept.warc)


def _original(conn: sqlite3.Connection, kept: Kept) -> Kept | None:
    """Return the capture whose body a revisit repeats: the one it names, else any of the same digest."""
    with answering(conn):
        for where, values in (
            ("c.url = ? AND c.captured_at = ? AND c.payload_digest IS ?",
             (kept.refers_to_url or kept.url, kept.refers_to_at, kept.digest)),
            ("c.url = ? AND c.payload_digest = ?", (kept.refers_to_url or kept.url, kept.digest)),
        ):  # fmt: skip
            row = conn.execute(f"{_SHOWN} WHERE {where} AND c.record_type <> 'revisit' LIMIT 1", values).fetchone()
            if row is not None:
                return Kept(*row)
    return None


def _instant(digits: str) -> float:
    """Return seconds of a time of digits; what is missing counts as its beginning. Raises `QueryError` if it is none."""
    padded = digits + "00000101000000000000"[len(digits) :]
    fault = f"{digits[:40]!r} is no time. Write it like 20260501 or 20260501060000."
    if not digits.isdecimal() or not digits.isascii() or len(digits) > _WHOLE:
        raise QueryError(fault)
    try:
        return datetime.strptime(f"{padded}+0000", "%Y%m%d%H%M%S%f%z").timestamp()
    except (ValueError, OverflowError) as error:
        raise QueryError(fault) from error
