"""One article with everything that is known of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from archive.dedupe.revisions import BY_TIME
from archive.errors import QueryError, UrlError
from archive.query.reader import answering, need_opt_outs, need_timeline
from archive.urls import url_key

Row = dict[str, object]
_ARTICLE = (
    "SELECT a.*, s.id AS story_id, h.id AS head_id, s.members FROM articles a JOIN stories s ON s.pk = a.story"
    " JOIN articles h ON h.pk = s.head WHERE a.pk = ?"
)
_INNER = frozenset({"pk", "url_key", "canonical_key", "story", "story_id", "head_id", "capture", "digest", "hidden"})
_JSON = ("authors", "keywords", "provenance")
_ID_LENGTH = len("a-") + 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An article as `morgue show` prints it. Rows are plain dicts, ready for JSON."""

    # The columns of `articles` that mean something to people; authors, keywords, provenance decoded; `of`, `score`: the
    # article of the same story that it copies; `opt_out`: None, or by what its site asks to be left out.
    article: Row
    revision: Row | None  # the one asked for by `ID@TIME`
    revisions: tuple[Row, ...]  # by time; title, text, cause, seen_from, seen_to
    copies: tuple[Row, ...]  # the other members of the story, earliest first
    captures: tuple[Row, ...]  # of this article and of its URL, by time


def show(conn: sqlite3.Connection, what: str) -> Shown:
    """Return the article of an id, of a URL (any spelling that was confirmed), or of a revision `ID@SEEN_FROM`.

    Ids of aliases and stories count as ids (a story's is its head). Raises `QueryError` if there is none, saying what
    is known of the URL.
    """
    name, _, time = what.strip().partition("@") if what.strip().startswith("a-") else (what.strip(), "", "")
    with answering(conn):
        need_timeline(conn)
        need_opt_outs(conn)
        pk = _find(conn, name)
        if pk is None:
            raise QueryError(_nothing(conn, name))
        row = _rows(conn, _ARTICLE, (pk,))[0]
        revisions = _rows(
            conn,
            f"SELECT seq, seen_from, seen_to, title, text, cause FROM revisions WHERE article = ? ORDER BY {BY_TIME}",  # noqa: S608
            (pk,),
        )
        article: Row = {
            name: value for name, value in row.items() if name not in _INNER and not name.endswith("_terms")
        }
        for column in _JSON:
            article[column] = json.loads(str(row[column]))
        article |= {"story": row["story_id"], "story_head": row["head_id"], "of": None, "score": None}
        for match in _rows(conn, 'SELECT "of", score FROM story_timeline WHERE article = ?', (row["id"],)):
            article |= match
        article["opt_out"] = _opt_out(conn, pk)
        return Shown(
            article=article,
            revision=_at(revisions, time, name) if time else None,
            revisions=tuple(revisions),
            copies=tuple(_copies(conn, row)),
            captures=tuple(_captures(conn, pk, str(row["url_key"]))),
        )


def _opt_out(conn: sqlite3.Connection, pk: int) -> Row | None:
    """Return by what an article's site asks to be left out, None if it does not; and whether that is heeded, and holds yet.

    `url`, `captured_at`: of the capture that decided. `from_at` (UTC): it holds from then on; None: at once.
    """
    for row in _rows(
        conn,
        "SELECT c.url, c.captured_at, o.from_at, o.signals, EXISTS (SELECT 1 FROM opt_outs_ignored i WHERE i.source = a.source)"
        " AS ignored, EXISTS (SELECT 1 FROM opted_out x WHERE x.article = o.article) AS holds"
        " FROM opt_outs o JOIN captures c ON c.pk = o.capture JOIN articles a ON a.pk = o.article WHERE o.article = ?",
        (pk,),
    ):
        told = {
            "signals": json.loads(str(row["signals"])),
            "ignored": bool(row["ignored"]),
            "holds": bool(row["holds"]),
        }
        return row | told
    return None


def find_article(conn: sqlite3.Connection, what: str) -> int:
    """Return `articles.pk` of an id, a story's id or a URL. Raises `QueryError` as `show` does."""
    name = what.strip()
    name = name.partition("@")[0] if name.startswith("a-") else name
    pk = _find(conn, name)
    if pk is None:
        raise QueryError(_nothing(conn, name))
    return pk


def _find(conn: sqlite3.Connection, name: str) -> int | None:
    questions = [
        ("SELECT pk FROM articles WHERE id = ?", name),
        ("SELECT article FROM aliases WHERE id = ?", name),
        ("SELECT head FROM stories WHERE id = ?", name),
    ]
    if not (name.startswith("a-") and len(name) == _ID_LENGTH and name.isascii()):  # SQLite takes no half characters
        key = _key(name)
        if key is None:
            return None
        questions = [
            ("SELECT pk FROM articles WHERE url_key = ?", key),
            ("SELECT article FROM aliases WHERE key = ?", key),
        ]
    for sql, value in questions:
        row = conn.execute(sql, (value,)).fetchone()
        if row is not None:
            return int(row[0])
    return None


def _key(name: str) -> str | None:
    try:
        return url_key(name if "://" in name else f"https://{name}")
    except UrlError:
        return None


def _nothing(conn: sqlite3.Connection, name: str) -> str:
    key = _key(name)
    row = conn.execute("SELECT count(*), max(c.captured_at) FROM captures c WHERE c.url_key = ?", (key,)).fetchone()
    if key is None or not row[0]:
        return f"nothing is known of {name!r}. `morgue search WORDS` finds articles, `morgue save URL` fetches a page."
    last = conn.execute(
        "SELECT c.status, e.reason FROM captures c LEFT JOIN extractions e ON e.pk = c.extraction"
        " WHERE c.url_key = ? ORDER BY c.captured_at DESC LIMIT 1",
        (key,),
    ).fetchone()
    why = f"no article was found on it ({last[1]})" if last[1] else f"it answered with status {last[0]}"
    return f"{name} was captured (times: {row[0]}, last {row[1]}), but {why}."


def _at(revisions: list[Row], time: str, name: str) -> Row:
    found = revisions_at(revisions, time)
    if not found:
        known = ", ".join(str(row["seen_from"]) for row in revisions[:20])
        raise QueryError(f"{name} has no revision seen from {time}. Known: {known or 'none'}.")
    return next((row for row in found if row["cause"] == "publisher"), found[0])  # how it reads now


def revisions_at(revisions: Sequence[Row], time: str) -> list[Row]:
    """Return the revisions first seen at a time, or at one that begins like it; `TIME~2`: of then the earlier reading 2."""
    time, tilde, number = time.partition("~")
    found = [row for row in revisions if str(row["seen_from"]).startswith(time.rstrip("Z"))]
    if tilde:
        return [row for row in found if row["cause"] == "extractor" and str(row["seq"]) == number]
    return found


def _copies(conn: sqlite3.Connection, row: Row) -> list[Row]:
    return _rows(
        conn,
        'SELECT article AS id, url, title, source, domain, published, first_seen, kind, "of", score, seconds_after_of'
        " FROM story_timeline WHERE story = ? AND article <> ? ORDER BY sort_at, first_seen, article",
        (row["story_id"], row["id"]),
    )


def _captures(conn: sqlite3.Connection, pk: int, key: str) -> list[Row]:
    return _rows(
        conn,
        "SELECT c.url, c.captured_at, c.status, c.mime, c.record_type, c.payload_digest, c.truncated, w.name AS warc,"
        " CASE WHEN w.in_place THEN w.imported_from END AS path, c.offset, c.length, e.status AS extraction, e.reason"
        " FROM captures c JOIN warcs w ON w.pk = c.warc"
        " LEFT JOIN extractions e ON e.pk = c.extraction WHERE c.pk IN (SELECT pk FROM captures WHERE article = ?"
        " UNION SELECT pk FROM captures WHERE url_key = ?) ORDER BY c.captured_at, c.pk",
        (pk, key),
    )


def _rows(conn: sqlite3.Connection, sql: str, values: tuple[object, ...]) -> list[Row]:
    cursor = conn.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
