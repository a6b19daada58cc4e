"""Articles as JSON lines, for data pipelines: one object each, with what is known of it and where that came from.

The fields are documented in docs/interchange.md and stay: a new one may come, `format` changes if one goes or changes its
meaning.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence

from archive.console import json_text
from archive.dedupe.revisions import BY_TIME
from archive.export.choose import Choice, batches
from archive.query.reader import answering, need_timeline

FORMAT = "morgue-article-1"
Row = dict[str, object]

_ARTICLES = (
    "SELECT a.pk, a.id, a.url, a.canonical_url, a.source, a.domain, a.title, a.authors, a.published, a.published_precision,"
    " a.published_via, a.modified, a.language, a.section, a.keywords, a.description, a.image, a.word_count, a.truncated,"
    " a.first_seen, a.last_seen, a.gone_at, a.provenance, a.kind, s.id AS story, s.members,"
    " c.url AS capture_url, c.captured_at, c.status, c.payload_digest, w.name AS warc, c.offset, c.length, a.text"
    " FROM articles a JOIN stories s ON s.pk = a.story LEFT JOIN captures c ON c.pk = a.capture"
    " LEFT JOIN warcs w ON w.pk = c.warc WHERE a.hidden = 0 AND a.pk IN"
)
_AS_JSON = ("authors", "keywords", "provenance")
_CAPTURE = ("captured_at", "status", "payload_digest", "warc", "offset", "length")
_COPIES = (
    'SELECT article AS id, url, domain, published, kind, "of", score FROM story_timeline WHERE story = ? AND article <> ?'
    " ORDER BY sort_at, first_seen, article"
)
_PUBLIC_COPIES = _COPIES.replace(
    "ORDER",
    "AND NOT EXISTS (SELECT 1 FROM opted_out o JOIN articles x ON x.pk = o.article WHERE x.id = story_timeline.article) ORDER",
)
_REVISIONS = f"SELECT seen_from, seen_to, cause, title, text FROM revisions WHERE article = ? ORDER BY {BY_TIME}"  # noqa: S608


def article_lines(
    conn: sqlite3.Connection, pks: Sequence[int], choice: Choice, *, revisions: bool = False
) -> Iterator[str]:
    """Give one line of JSON for each article, in the order given, without line feeds; what has gone since is passed over."""
    with answering(conn):
        need_timeline(conn)
        for some, marks in batches(pks):
            rows = {row["pk"]: row for row in _rows(conn, f"{_ARTICLES} ({marks})", some)}
            for pk in some:
                if (row := rows.get(pk)) is not None:
                    yield line(_article(conn, row, choice, revisions=revisions))


def line(value: object) -> str:
    r"""Return JSON on one line, whatever a reader takes for the end of one.

    >>> line({"title": "a\u2028b"})
    '{"title": "a\\u2028b"}'
    """
    return json_text(value, indent=None).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _article(conn: sqlite3.Connection, row: Row, choice: Choice, *, revisions: bool) -> Row:
    pk, members, text = row.pop("pk"), row.pop("members"), row.pop("text")
    capture: Row = {"url": row.pop("capture_url")}
    capture |= {name: row.pop(name) for name in _CAPTURE}
    article: Row = {"format": FORMAT, **row}
    for name in _AS_JSON:
        article[name] = json.loads(str(row[name]))
    article["truncated"] = bool(row["truncated"])
    copies: list[Row] = []
    if isinstance(members, int) and members > 1:
        copies = _rows(conn, _COPIES if choice.include_opted_out else _PUBLIC_COPIES, (row["story"], row["id"]))
    article |= {"copies": copies, "capture": None if capture["url"] is None else capture, "text": text}
    if revisions:
        article["revisions"] = _rows(conn, _REVISIONS, (pk,))
    return article


def _rows(conn: sqlite3.Connection, sql: str, values: Sequence[object]) -> list[Row]:
    cursor = conn.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
