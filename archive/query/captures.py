"""What was captured of a URL, whether an article came of it or not."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from archive.errors import UrlError
from archive.query.reader import answering
from archive.urls import url_key


@dataclass(frozen=True, slots=True)
class LastCapture:
    """The last capture of a URL."""

    captured_at: str
    status: int | None
    truncated: str | None  # why it is cut: length, time, disconnect …
    reason: str | None  # why no article was found on it


def last_capture(conn: sqlite3.Connection, url: str) -> LastCapture | None:
    """Return the last capture of a URL in any spelling; None if there is none. Raises `QueryError`."""
    try:
        key = url_key(url)
    except UrlError:
        return None
    with answering(conn):
        row = conn.execute(
            "SELECT c.captured_at, c.status, c.truncated, e.reason FROM captures c"
            " LEFT JOIN extractions e ON e.pk = c.extraction WHERE c.url_key = ? ORDER BY c.captured_at DESC LIMIT 1",
            (key,),
        ).fetchone()
    return None if row is None else LastCapture(*row)


def redirected_to(conn: sqlite3.Connection, url: str) -> str | None:
    """Return where a URL led when it was last followed, or None. Raises `QueryError`."""
    with answering(conn):
        row = conn.execute(
            "SELECT d.url FROM captures c JOIN discoveries d ON d.via = 'redirect' AND d.found_on = c.url"
            " WHERE c.url = ? AND c.status BETWEEN 300 AND 399 ORDER BY c.captured_at DESC, d.seen_at DESC LIMIT 1",
            (url,),
        ).fetchone()
    return None if row is None else str(row[0])


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """A capture on which an article was found, and where its record lies."""

    captured_at: str
    warc: str  # path below warc/, without .open
    offset: int
    role: str | None


def last_articles(conn: sqlite3.Connection, source: str, limit: int) -> list[StoredArticle]:
    """Return the last capture of each of a source's articles, newest first. Raises `QueryError`."""
    with answering(conn):
        rows = conn.execute(
            # SQLite takes the other columns of a group from the row that has the max()
            "SELECT max(c.captured_at), w.name, c.offset, c.role FROM captures c"
            " JOIN extractions e ON e.pk = c.extraction JOIN articles a ON a.pk = c.article JOIN warcs w ON w.pk = c.warc"
            " WHERE a.source = ? AND a.hidden = 0 AND e.status = 'article' AND c.record_type <> 'revisit'"
            " GROUP BY c.article ORDER BY 1 DESC, c.url_key LIMIT ?",
            (source, limit),
        ).fetchall()
    return [StoredArticle(*row) for row in rows]


def article_urls(conn: sqlite3.Connection, source: str, limit: int) -> list[str]:
    """Return the addresses of the newest articles of a source. Raises `QueryError`."""
    with answering(conn):
        rows = conn.execute(
            "SELECT url FROM articles WHERE source = ? AND hidden = 0 ORDER BY sort_at DESC LIMIT ?", (source, limit)
        ).fetchall()
    return [str(row[0]) for row in rows]
