"""Rows of archive.db for the tables of an export, and what tells whether they changed.

A row is asked for without its text, which has a digest beside it in the database: so what did not change costs no reading of
texts. `finished` makes of it what is written; the fingerprint of a file is that of its rows as they were asked for.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import xxhash

from archive.dedupe.revisions import BY_TIME
from archive.errors import UrlError
from archive.export.choose import batches
from archive.export.parquet.tables import ARTICLES, CAPTURES, CHANGE, FORMAT, REVISIONS, TABLES
from archive.store.rows import clean, instant, sort_instant
from archive.urls import host_of

Row = dict[str, Any]

_ARTICLES = (
    "SELECT a.pk, a.digest, a.id, a.url, a.canonical_url, a.source, a.domain, a.title, a.authors, a.published,"
    " a.published_precision, a.published_via, a.modified, a.sort_at, a.language, a.section, a.keywords, a.description, a.image,"
    ' a.word_count, a.truncated, a.first_seen, a.last_seen, a.gone_at, s.id AS story, a.kind, b.id AS "of",'
    " CASE WHEN b.pk IS NOT NULL THEN l.score END AS score, a.provenance, c.url AS capture_url, c.captured_at, c.status,"
    " c.payload_digest, c.record_type, w.name AS warc, c.offset, c.length"
    " FROM articles a LEFT JOIN stories s ON s.pk = a.story LEFT JOIN links l ON l.article = a.pk"
    ' LEFT JOIN articles b ON b.pk = l."of" AND b.story = a.story'
    " LEFT JOIN captures c ON c.pk = a.capture LEFT JOIN warcs w ON w.pk = c.warc WHERE a.pk IN"
)
_ALIASES = "SELECT article, key FROM aliases WHERE article IN"
_REVISIONS = "SELECT pk, digest, article, seen_from, seen_to, cause, seq, title FROM revisions WHERE article IN"
_CHANGES = "SELECT article, cause, seq, kind, paragraph, before, after FROM revision_changes WHERE article IN"
_CAPTURES = (
    "SELECT c.article, c.url, c.captured_at, c.status, c.mime, c.record_type, c.payload_digest, c.truncated, c.refers_to_url,"
    " c.refers_to_at, w.name AS warc, c.offset, c.length FROM captures c JOIN warcs w ON w.pk = c.warc WHERE c.article IN"
)
_CAPTURE_ORDER = "c.captured_at, c.url, ifnull(c.payload_digest, ''), c.record_type"
_STORIES = (
    "SELECT s.pk, substr(min(a.first_seen), 1, 7) AS month, s.id AS story, max(CASE WHEN a.pk = s.head THEN a.id END) AS head,"
    " count(*) AS members, count(DISTINCT a.domain) AS sites, min(a.sort_at) AS first_at, max(a.sort_at) AS last_at"
    " FROM stories s JOIN articles a ON a.story = s.pk WHERE {shown} GROUP BY s.pk ORDER BY month, s.id"
)
_TEXTS = {ARTICLES: "SELECT text FROM articles WHERE pk = ?", REVISIONS: "SELECT text FROM revisions WHERE pk = ?"}
_CHANGE = tuple(name for name, _ in CHANGE)
_LOCAL = ("pk",)  # of this database alone


def article_rows(conn: sqlite3.Connection, pks: Sequence[int]) -> Iterator[Row]:
    """Give the rows of articles, in the order of `pks`, without their texts."""
    for some, marks in batches(pks):
        aliases: defaultdict[int, list[str]] = defaultdict(list)
        for article, key in conn.execute(f"{_ALIASES} ({marks}) ORDER BY article, key", some):
            aliases[article].append(key)
        rows = {row["pk"]: row for row in asked(conn, f"{_ARTICLES} ({marks})", some)}
        for pk in some:
            yield {**rows[pk], "aliases": aliases[pk]}


def revision_rows(conn: sqlite3.Connection, pks: Sequence[int]) -> Iterator[Row]:
    """Give every revision of these articles, by time within each, without its text."""
    for some, marks in batches(pks):
        changes: defaultdict[tuple[object, ...], list[Row]] = defaultdict(list)
        for article, cause, seq, *change in conn.execute(f"{_CHANGES} ({marks}) ORDER BY number", some):
            changes[article, cause, seq].append(dict(zip(_CHANGE, change, strict=True)))
        for row in _of_articles(conn, f"{_REVISIONS} ({marks}) ORDER BY {BY_TIME}", some):
            yield {**row, "changes": changes[row["_article"], row["cause"], row["seq"]]}


def capture_rows(conn: sqlite3.Connection, pks: Sequence[int]) -> Iterator[Row]:
    """Give every capture that showed one of these articles or said that it is gone, by time within each."""
    for some, marks in batches(pks):
        yield from _of_articles(conn, f"{_CAPTURES} ({marks}) ORDER BY {_CAPTURE_ORDER}", some)


def story_rows(conn: sqlite3.Connection, shown: str) -> Iterator[Row]:
    """Give the stories of articles `a` for which the condition `shown` holds, by the month of their first capture."""
    return asked(conn, _STORIES.format(shown=shown), ())


OF_ARTICLES: dict[str, Callable[[sqlite3.Connection, Sequence[int]], Iterator[Row]]] = {
    ARTICLES: article_rows,
    REVISIONS: revision_rows,
    CAPTURES: capture_rows,
}


def _of_articles(conn: sqlite3.Connection, sql: str, pks: Sequence[int]) -> Iterator[Row]:
    """Give rows that name an article, article after article in the order of `pks`, with its public id."""
    marks = ", ".join("?" * len(pks))
    ids = dict(conn.execute(f"SELECT pk, id FROM articles WHERE pk IN ({marks})", pks))  # noqa: S608 - question marks
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in asked(conn, sql, pks):
        found[row["article"]].append(row)
    for pk in pks:
        for row in found[pk]:
            yield {**row, "_article": pk, "article": ids[pk]}


def asked(conn: sqlite3.Connection, sql: str, values: Sequence[object]) -> Iterator[Row]:
    """Give the rows of an answer as dicts."""
    cursor = conn.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)


def fingerprint(table: str, rows: Iterable[Row]) -> tuple[str, int]:
    """Return what changes when a file has to be written again, and how many rows it has. XXH3-128, hex.

    Of the rows, and of the columns of the table: one more, and every file is written anew.
    """
    hashed = xxhash.xxh3_128(json.dumps([FORMAT, table, TABLES[table]]).encode())
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007 - it is returned
        said = {name: value for name, value in row.items() if name not in _LOCAL and not name.startswith("_")}
        hashed.update(json.dumps(said, sort_keys=True).encode())
        hashed.update(b"\n")
    return hashed.hexdigest(), count


def finished(conn: sqlite3.Connection, table: str, row: Row) -> Row:
    """Return a row as it is written: with its text, times as times (aware, UTC), lists as lists."""
    made = dict(row)
    if table in _TEXTS:
        made["text"] = conn.execute(_TEXTS[table], (row["pk"],)).fetchone()[0]
    if table == ARTICLES:
        made |= {
            "host": _host(row["url"]),
            "authors": names_in(row["authors"]),
            "keywords": names_in(row["keywords"]),
            "truncated": bool(row["truncated"]),
            "published_at": sort_instant(row["published"]),
            "modified_at": sort_instant(row["modified"]),
        }
    for name, kind in TABLES[table]:
        if kind == "timestamp" and made[name] is not None:
            made[name] = instant(made[name])
    return made


def names_in(text: str) -> list[str]:
    r"""Return a column's JSON list as texts that UTF-8 can hold.

    >>> names_in('["A. Author", "\\ud800"]')
    ['A. Author', '\ufffd']
    """
    return [clean(str(name)) for name in json.loads(text)]


def _host(url: str) -> str | None:
    try:
        return host_of(url)
    except UrlError:
        return None
