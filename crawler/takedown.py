"""Takedown in crawl.db: the addresses that are to go, what was said of them, and the validators of captures that went."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from contextlib import closing
from pathlib import Path

from archive.scrub import scrub
from archive.takedown.gone import Gone
from crawler.frontier.schema import open_database, unusable

_FORGET = (
    "UPDATE urls SET etag = NULL, last_modified = NULL, payload_digest = NULL, captured_at = NULL, captured_url = NULL"
    " WHERE id = ?"
)


def clean_frontier(path: Path, gone: Gone, validators: Collection[str], lengths: Mapping[str, int | None]) -> int:
    """Take what is to go out of crawl.db, and out of its bytes; returns how many addresses went. Repeatable.

    `validators`: URLs whose captures were removed or redacted: what the server said of them must not be sent back, or it would
    answer "not modified". `lengths`: WARC files that were written anew -> bytes, None for one of
    which nothing was left. Raises `DatabaseError`, `SchemaTooNewError`.
    """
    if not path.exists():
        return 0
    with closing(open_database(path)) as conn:
        try:
            conn.execute("PRAGMA secure_delete = ON")
            conn.execute("BEGIN IMMEDIATE")
            went = _clean(conn, gone, frozenset(validators))
            for name, length in lengths.items():
                if length is None:
                    conn.execute("DELETE FROM warcs WHERE name = ?", (name,))
                else:
                    conn.execute("UPDATE warcs SET length = ? WHERE name = ?", (length, name))
            conn.execute("COMMIT")
        except sqlite3.Error as error:
            raise unusable(path, error) from error
    scrub(path)
    return went


def _clean(conn: sqlite3.Connection, gone: Gone, validators: frozenset[str]) -> int:
    doomed, forget = [], []
    for url_id, url, captured_url in conn.execute("SELECT id, url, captured_url FROM urls").fetchall():
        if gone.covers(url):
            doomed.append((url_id,))
        elif (
            url in validators or captured_url in validators or (captured_url is not None and gone.covers(captured_url))
        ):
            forget.append((url_id,))
    conn.executemany("DELETE FROM facts WHERE url_id = ?", doomed)
    conn.executemany("DELETE FROM urls WHERE id = ?", doomed)
    conn.executemany(_FORGET, forget)
    facts = conn.execute("SELECT url_id, digest, fact FROM facts WHERE fact IS NOT NULL").fetchall()
    told = [(url_id, digest) for url_id, digest, fact in facts if gone.tells(fact)]
    conn.executemany("DELETE FROM facts WHERE url_id = ? AND digest = ?", told)
    for url, moved_to in conn.execute("SELECT url, moved_to FROM robots").fetchall():
        if gone.covers(url) or (moved_to is not None and gone.covers(moved_to)):
            conn.execute("DELETE FROM robots WHERE url = ?", (url,))
    return len(doomed)
