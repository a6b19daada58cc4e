"""SQLite's own checks of archive.db, its schema against a fresh one's, and what must be equal in number."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from functools import lru_cache
from pathlib import Path

from archive.fsck.faults import Level
from archive.fsck.look import Look
from archive.schema_search import COUNTED

_MOST_MESSAGES = 20
_SCHEMA = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name"
# Each: what it asks, what is told of a row (id, has, must have).
# `+story`: the table once in its own order, instead of each article by its story, which is a seek a row on a cold disk.
_MEMBERS = (
    "SELECT s.id, s.members, ifnull(a.n, 0) FROM stories s LEFT JOIN"
    " (SELECT story, count(*) AS n FROM articles WHERE hidden = 0 GROUP BY +story) a ON a.story = s.pk"
    " WHERE s.members <> ifnull(a.n, 0)"
)
_IN_FORCE = (
    "SELECT c.captured_at || ' ' || c.url, c.extraction, 0 FROM captures c WHERE c.extraction IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM extractions e WHERE e.pk = c.extraction AND e.capture = c.pk)"
)


_ARTICLES = "it counts {} articles, and there are {}"


def _counted(table: str, *names: str) -> str:
    """Ask which rows of a table of counts are not what the articles come to. `names`: its columns but the count."""
    columns, row = ", ".join(names), " || ' ' || ".join(names)
    return (
        f"SELECT {row}, sum(has), sum(must) FROM (SELECT {columns}, articles AS has, 0 AS must FROM {table}"  # noqa: S608
        f" UNION ALL SELECT {columns}, 0, articles FROM ({COUNTED[table]})) GROUP BY {columns} HAVING sum(has) <> sum(must)"
    )


# … and the migration from which on it holds.
_COUNTS = (
    ("article_days", _counted("article_days", "day", "source"), _ARTICLES, "m008_search"),
    (
        "article_months",
        _counted("article_months", "month", "source", "domain", "language"),
        _ARTICLES,
        "m008_search",
    ),
    ("stories", _MEMBERS, "it counts {} members, and there are {}", "m005_timeline"),
    ("captures", _IN_FORCE, "its extraction in force is not one of its own", "m001_foundation"),
)


# What holds the texts, nine tenths of the file: a fast look leaves their pages alone, the usual one reads them anyway.
_LARGE = frozenset({"articles", "revisions", "extractions", "revision_changes", "articles_fts_data"})
_COUNTERS = "dedupe_"  # begins the names of the tables that copies are looked up by
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE 'CREATE VIRTUAL%'"


def check_database(look: Look) -> None:
    """Check the file, its schema and its counts."""
    if look.conn is None:
        return
    found = (
        _of_small_tables(look.conn)
        if look.findings.level == Level.FAST
        else messages(look.conn, full=look.findings.level >= Level.FULL)
    )
    for message in found:
        look.fault("database", f"SQLite finds: {message}", file="archive.db")
    with look.reading("sqlite_master"):
        _check_schema(look, look.conn)
    if look.findings.level >= Level.USUAL:
        with look.reading("sqlite_master"):
            for table, rowid, parent, _ in look.rows("PRAGMA foreign_key_check"):
                what = f"its row {rowid} refers to a row of {parent} that is not there"
                look.fault("database", what, file="archive.db", table=table)
        for table, query, what, since in _COUNTS:
            kind = "counts" if table in COUNTED else "derived"
            if since in look.behind:
                continue
            with look.reading(table):
                for public, has, must in look.rows(query):
                    look.fault(kind, what.format(has, must), file="archive.db", table=table, row=public)


def _of_small_tables(conn: sqlite3.Connection) -> list[str]:
    """Return what a quick check finds in all tables but the large ones, and in their indexes."""
    found: list[str] = []
    try:
        for (name,) in conn.execute(_TABLES).fetchall():
            if name not in _LARGE and not name.startswith(_COUNTERS):
                found += _lines(conn.execute(f"PRAGMA quick_check('{name.replace(chr(39), chr(39) * 2)}')").fetchall())
    except sqlite3.Error as error:
        found.append(str(error))
    return found[:_MOST_MESSAGES]


def messages(conn: sqlite3.Connection, *, full: bool) -> list[str]:
    """Return what SQLite finds wrong with a database; nothing if all is well."""
    try:
        rows = conn.execute(f"PRAGMA {'integrity_check' if full else 'quick_check'}({_MOST_MESSAGES})").fetchall()
    except sqlite3.Error as error:
        return [str(error)]
    return _lines(rows)[:_MOST_MESSAGES]


def _lines(rows: list[tuple[object]]) -> list[str]:
    found = [line for (text,) in rows for line in str(text).splitlines()]
    return [] if found == ["ok"] else [line for line in found if not line.startswith("***")]


def _check_schema(look: Look, conn: sqlite3.Connection) -> None:
    """Compare tables, indexes, views and triggers with those of a fresh database, if this version wrote it last."""
    if look.behind:
        return  # an older Morgue's: the next writer brings it up to date
    there = {(kind, name): sql for kind, name, sql in conn.execute(_SCHEMA)}
    must = _fresh_schema()
    for kind, name in sorted(must.keys() | there.keys()):
        if (kind, name) not in there:
            look.fault("schema", f"the {kind} {name} is missing", file="archive.db")
        elif (kind, name) in must and there[kind, name] != must[kind, name]:
            look.fault("schema", f"the {kind} {name} is not defined as this version defines it", file="archive.db")


@lru_cache(maxsize=1)
def _fresh_schema() -> dict[tuple[str, str], str | None]:
    from archive.schema import open_archive

    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_archive(Path(folder) / "a.db", create=True).conn) as conn,
    ):
        return {(kind, name): sql for kind, name, sql in conn.execute(_SCHEMA)}
