"""CDXJ: the index that pywb and ReplayWeb.page look captures up in, one line each, sorted by its bytes.

    com,example)/a 20260501060000 {"url": …, "mime": …, "status": …, "digest": …, "length": …, "offset": …, "filename": …}

All of it stands in the table `captures`, so no WARC file is read. A revisit's mime is `warc/revisit`. Left out are a 304
(replayed, it is an empty page: docs/decisions.md) and conversions, which are no answers of a server.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from archive.export.choose import allowed_captures
from archive.export.surt import surt
from archive.query.filters import Moment, moment
from archive.query.reader import answering, need_opt_outs

NOT_MODIFIED = 304
_STAMP = len("20260501060000")
# What replay tools take for a page: an answer, another's body again, or a file that was put there as it is.
SHOWN = "c.record_type IN ('response', 'revisit', 'resource') AND c.status IS NOT 304"


@dataclass(frozen=True, slots=True, kw_only=True)
class Captures:
    """Which captures: of a source, of a time (of capture), in UTC; by default all."""

    source: str | None = None
    since: Moment | None = None
    until: Moment | None = None
    include_opted_out: bool = False


def timestamp(at: str) -> str:
    """Return the 14 digits of a stored time; the rest of the second is dropped, as everywhere in CDX.

    >>> timestamp("2026-05-01T06:00:00.250000Z")
    '20260501060000'
    """
    return "".join(char for char in at[:19] if char.isdigit())[:_STAMP]


def cdxj_line(  # noqa: PLR0917 - SQLite calls it, by place
    url: str,
    at: str,
    status: int | None,
    mime: str,
    record_type: str,
    digest: str | None,
    length: int,
    offset: int,
    filename: str,
    record_digest: str | None = None,
) -> str:
    """Return a capture's line, without its line feed; ASCII. Fields that are not known are left out, as pywb does."""
    fields = {
        "url": url,
        "mime": "warc/revisit" if record_type == "revisit" else mime or None,
        "status": None if status is None else str(status),
        "digest": digest,
        "length": str(length),
        "offset": str(offset),
        "filename": filename,
        "recordDigest": record_digest,
    }
    return f"{surt(url)} {timestamp(at)} {json.dumps({name: value for name, value in fields.items() if value is not None})}"


def cdxj_lines(conn: sqlite3.Connection, captures: Captures) -> Iterator[str]:
    """Give the lines, sorted as `LC_ALL=C sort` sorts them; file names are paths below `warc/`, without `.open`.

    SQLite sorts them, on disk where they are many. Raises `QueryError` for dates that are none, and `DatabaseError`.
    """
    with answering(conn):
        need_opt_outs(conn)
        where, values = [SHOWN, allowed_captures(include_opted_out=captures.include_opted_out)], list[object]()
        for clause, value in (
            ("c.source = ?", captures.source),
            ("c.captured_at >= ?", captures.since and moment(captures.since, end=False)),
            ("c.captured_at <= ?", captures.until and moment(captures.until, end=True)),
        ):
            if value:
                where.append(clause)
                values.append(value)
        conn.create_function("cdxj_line", 9, cdxj_line, deterministic=True)
        rows = conn.execute(
            "SELECT cdxj_line(c.url, c.captured_at, c.status, c.mime, c.record_type, c.payload_digest, c.length, c.offset,"  # noqa: S608
            f" w.name) AS line FROM captures c JOIN warcs w ON w.pk = c.warc WHERE {' AND '.join(where)} ORDER BY line",
            values,
        )
        for row in rows:
            yield row[0]
