"""Takedown in archive.db: rows follow the files, what is to go leaves every table, and its bytes leave the file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from archive.decisions import Decision
from archive.model import FactRecord, Snapshot
from archive.store import Store
from archive.store.rows import clean, fact_digest, stamp
from archive.takedown.gone import Gone
from archive.takedown.reports import cleaned
from archive.takedown.survey import Row
from archive.tombstones import Tombstones
from archive.warc import read_records


def rows_of(conn: sqlite3.Connection, name: str) -> dict[int, Row]:
    """Return what is known of the captures of a file, by offset."""
    rows = conn.execute(
        "SELECT c.offset, a.id, e.reason FROM captures c JOIN warcs w ON w.pk = c.warc LEFT JOIN articles a"
        " ON a.pk = c.article LEFT JOIN extractions e ON e.pk = c.extraction WHERE w.name = ?",
        (name,),
    )
    return {offset: Row(article, reason) for offset, article, reason in rows}


def settle(store: Store, gone: Gone, files: Mapping[str, Path | None], decisions: Iterable[Decision]) -> int:
    """Make the rows follow the files that were changed, and take out what is to go; in one transaction.

    `files`: name -> where it lies now, None where nothing was left of it. They are to be ingested once more afterwards: that
    adds what became another capture. Returns how many captures went. Repeating it changes nothing.
    """
    conn = store.db.conn
    with store.transaction():
        before = conn.execute("SELECT count(*) FROM captures").fetchone()[0]
        for name, path in files.items():
            _follow_file(conn, name, path)
        _drop_captures(conn, gone)
        _drop_facts(conn, gone)
        _drop_rules(conn, gone.tombstones)
        _clean_runs(conn, gone)
        after = conn.execute("SELECT count(*) FROM captures").fetchone()[0]
        store.restory(decisions)
    return int(before - after)


def follow(store: Store, files: Mapping[str, Path | None]) -> None:
    """Make the rows follow the files that were changed, in one transaction; articles stay for `settle` to place again."""
    with store.transaction():
        for name, path in files.items():
            _follow_file(store.db.conn, name, path)


def _follow_file(conn: sqlite3.Connection, name: str, path: Path | None) -> None:
    """Set offsets and lengths of a file's captures and facts; what it has no more leaves the tables."""
    row = conn.execute("SELECT pk FROM warcs WHERE name = ?", (clean(name),)).fetchone()
    if row is None:
        return
    warc = int(row[0])
    captures: dict[tuple[str, str, str, str], tuple[int, int]] = {}
    facts: dict[str, int] = {}
    for item in read_records(path, name=name) if path is not None else ():
        if isinstance(item, Snapshot):
            identity = (
                clean(item.url),
                stamp(item.captured_at),
                clean(item.payload_digest or ""),
                clean(item.record_type),
            )
            captures.setdefault(identity, (item.ref.offset, item.ref.length))
        elif isinstance(item, FactRecord):
            for fact in item.facts:
                facts.setdefault(fact_digest(fact, item.source), item.ref.offset)
    missing = []
    rows = conn.execute(
        "SELECT pk, url, captured_at, ifnull(payload_digest, ''), record_type FROM captures WHERE warc = ?", (warc,)
    ).fetchall()
    for pk, *identity in rows:
        place = captures.get((identity[0], identity[1], identity[2], identity[3]))
        if place is None:
            missing.append(pk)
        else:
            conn.execute("UPDATE captures SET offset = ?, length = ? WHERE pk = ?", (*place, pk))
    _delete_captures(conn, missing)
    for pk, digest in conn.execute("SELECT pk, digest FROM discoveries WHERE warc = ?", (warc,)).fetchall():
        if digest in facts:
            conn.execute("UPDATE discoveries SET offset = ? WHERE pk = ?", (facts[digest], pk))
        else:
            conn.execute("DELETE FROM discoveries WHERE pk = ?", (pk,))
    if path is None:
        conn.execute("DELETE FROM warcs WHERE pk = ?", (warc,))
    else:
        conn.execute("UPDATE warcs SET ingested_to = 0, sealed = 0, size = NULL, sha256 = NULL WHERE pk = ?", (warc,))


def _delete_captures(conn: sqlite3.Connection, captures: Iterable[int]) -> None:
    rows = [(pk,) for pk in captures]
    conn.executemany("DELETE FROM opt_out_signals WHERE capture = ?", rows)
    conn.executemany("DELETE FROM superseded WHERE capture = ?", rows)
    conn.executemany("DELETE FROM extractions WHERE capture = ?", rows)
    conn.executemany("DELETE FROM captures WHERE pk = ?", rows)


def _drop_captures(conn: sqlite3.Connection, gone: Gone) -> None:
    """Drop captures of what is to go in files that are not ours to change (imported in place)."""
    covers = cache(gone.covers)
    rows = conn.execute("SELECT pk, url, refers_to_url FROM captures").fetchall()
    _delete_captures(conn, [pk for pk, url, _ in rows if covers(url)])
    for pk, url, refers_to in rows:
        if refers_to is not None and not covers(url) and covers(refers_to):
            conn.execute("UPDATE captures SET refers_to_url = NULL, refers_to_at = NULL WHERE pk = ?", (pk,))


def _drop_facts(conn: sqlite3.Connection, gone: Gone) -> None:
    covers = cache(gone.covers)
    rows = conn.execute("SELECT pk, url, found_on FROM discoveries").fetchall()
    doomed = [(pk,) for pk, url, found_on in rows if covers(url) or covers(found_on)]
    conn.executemany("DELETE FROM discoveries WHERE pk = ?", doomed)


def _drop_rules(conn: sqlite3.Connection, stones: Tombstones) -> None:
    for (origin,) in conn.execute("SELECT DISTINCT origin FROM robots_uses").fetchall():
        if stones.covers(f"{origin}/"):
            conn.execute("DELETE FROM robots_uses WHERE origin = ?", (origin,))


def _clean_runs(conn: sqlite3.Connection, gone: Gone) -> None:
    for name, text in conn.execute("SELECT id, report FROM runs").fetchall():
        told = json.loads(text)
        new = cleaned(told, gone.tells)
        if new != told:
            conn.execute("UPDATE runs SET report = ? WHERE id = ?", (json.dumps(new, sort_keys=True), name))


def in_place_holding(conn: sqlite3.Connection, gone: Gone) -> list[str]:
    """Return the paths of files that were imported in place and hold captures of it: they are not changed."""
    rows = conn.execute(
        "SELECT DISTINCT w.imported_from, c.url FROM captures c JOIN warcs w ON w.pk = c.warc WHERE w.in_place = 1"
    ).fetchall()
    return sorted({path for path, url in rows if path and gone.covers(url)})
