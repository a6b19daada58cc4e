"""Rows of text against their digests, and what follows from a row against that row.

SQLite has no checksum of its own: a flipped bit in a text passes its integrity check.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from archive.errors import MorgueError
from archive.fsck.faults import Level
from archive.fsck.look import Look
from archive.model import DiscoveryFact, Via
from archive.store import (
    ARTICLE_DIGEST,
    REVISIONS,
    digest_of,
    digest_of_result,
    fact_digest,
    instant,
    status_of,
    tell_changes,
    unpack,
)
from archive.urls import registered_domain

_MOST = 2**28  # bytes of one extraction, unpacked
_FACT = "url, via, found_on, seen_at, title, published, author, entry_id, summary, language"
_CHANGES = "cause, seq, number, seen_from, kind, paragraph, before, after"


def check_texts(look: Look) -> None:
    """Check articles, revisions, extractions and discovery facts; on the full level also what revisions changed."""
    for table, check in (
        ("articles", _articles),
        ("revisions", _revisions),
        ("extractions", _extractions),
        ("discoveries", _discoveries),
    ):
        with look.reading(table):
            check(look)
    if look.findings.level >= Level.FULL and "m004_changes" not in look.behind:
        with look.reading("revision_changes"):
            _changes(look)


def _wrong(look: Look, table: str, row: str, what: str = "its digest does not fit what it says") -> None:
    look.fault("text-digest", what, file="archive.db", table=table, row=row)


def _articles(look: Look) -> None:
    columns = ", ".join(ARTICLE_DIGEST)
    for public, digest, words, domain, *values in look.rows(
        f"SELECT id, digest, word_count, domain, {columns} FROM articles"  # noqa: S608 - constants
    ):
        look.count("articles")
        row = dict(zip(ARTICLE_DIGEST, values, strict=True))
        terms = str(row["text_terms"])
        if digest_of(values) != digest:
            _wrong(look, "articles", public)
        elif words != terms.count(" ") + bool(terms) or domain != _domain(str(row["url"])):
            _wrong(look, "articles", public, "its word_count or domain does not follow from its text and address")


def _domain(url: str) -> str | None:
    try:
        return registered_domain(url)
    except MorgueError:
        return None


def _revisions(look: Look) -> None:
    for public, seen_from, digest, *values in look.rows(
        "SELECT a.id, r.seen_from, r.digest, r.title, r.text, r.content FROM revisions r"
        " LEFT JOIN articles a ON a.pk = r.article"
    ):
        look.count("revisions")
        if digest_of(values) != digest:
            _wrong(look, "revisions", f"{public} {seen_from}")


def _extractions(look: Look) -> None:
    for pk, capture, in_force, url, at, status, reason, result, digest in look.rows(
        "SELECT e.pk, e.capture, c.extraction IS e.pk, c.url, c.captured_at, e.status, e.reason, e.result, e.digest"
        " FROM extractions e LEFT JOIN captures c ON c.pk = e.capture"
    ):
        look.count("extractions")
        if _is_extraction(result, digest, status, reason):
            continue
        if in_force:
            look.findings.unsound.append(capture)
        else:
            look.findings.aside.append(pk)
        _wrong(look, "extractions", f"{at} {url}")


def _is_extraction(result: bytes, digest: str, status: str, reason: str | None) -> bool:
    try:
        decoder = zlib.decompressobj()
        data = decoder.decompress(result, _MOST)
        if not decoder.eof or digest_of_result(data) != digest:
            return False
        return status_of(unpack(result)) == (status, reason)
    except (zlib.error, ValueError, TypeError, AttributeError, KeyError):
        return False


def _discoveries(look: Look) -> None:
    for digest, source, *values in look.rows(f"SELECT digest, source, {_FACT} FROM discoveries"):  # noqa: S608 - constants
        look.count("discoveries")
        if not _is_fact(digest, source, values):
            _wrong(look, "discoveries", str(values[0]))


def _is_fact(digest: str, source: str | None, values: Sequence[Any]) -> bool:
    url, via, found_on, seen_at, title, published, author, entry_id, summary, language = values
    try:
        fact = DiscoveryFact(
            url=url, via=Via(via), found_on=found_on, seen_at=instant(seen_at), title=title, published=published,
            author=author, entry_id=entry_id, summary=summary, language=language,
        )  # fmt: skip
    except (ValueError, TypeError):
        return False
    return fact_digest(fact, source) == digest


def _changes(look: Look) -> None:
    """Make the changes of each article's revisions again, in memory, and compare."""
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.execute(
            "CREATE TABLE revision_changes (article, seen_from, cause, seq, number, kind, paragraph, before, after)"
        )
        asked = f"SELECT {_CHANGES} FROM revision_changes WHERE article = ? ORDER BY cause, seq, number"  # noqa: S608
        for article, public in look.rows(
            "SELECT r.article, min(a.id) FROM revisions r LEFT JOIN articles a ON a.pk = r.article"
            " GROUP BY r.article HAVING count(*) > 1"
        ):
            look.count("articles with revisions")
            memory.execute("DELETE FROM revision_changes")
            try:
                _fill(look, memory, article)
            except (UnicodeError, sqlite3.Error):
                continue  # a damaged text, that its digest tells
            if list(look.rows(asked, (article,))) != memory.execute(asked, (article,)).fetchall():
                what = "they are not what its revisions changed"
                look.fault("derived", what, file="archive.db", table="revision_changes", row=public)


def _fill(look: Look, memory: sqlite3.Connection, article: int) -> None:
    tell_changes(memory, article, list(look.rows(REVISIONS, (article,))))


def check_reports(look: Look) -> None:
    """Hold the reports that ingest took against their files."""
    with look.reading("runs"):
        for name, report in look.rows("SELECT id, report FROM runs"):
            look.count("reports")
            path = look.folder.reports / f"{name}.json"
            try:
                kept = json.loads(path.read_bytes())
            except FileNotFoundError:
                continue  # only history is lost, and the row has it
            except (OSError, ValueError) as error:
                look.fault("report", f"it cannot be read ({error})", file=f"reports/{path.name}")
                continue
            if report != json.dumps(kept, sort_keys=True):
                what = "the row and the report's file differ"
                look.fault("row-differs", what, file=f"reports/{path.name}", table="runs", row=name)
