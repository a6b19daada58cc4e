"""The full-text index against the texts, without writing a byte to archive.db.

FTS5 checks itself by an INSERT, which a read-only connection refuses and which beside a writer would hold it up for as long as
the check takes. So the index's own tables are copied into a temporary database, where an FTS5 table of the same making, over
the same texts, is asked. That takes the index's size on the disk of the temporary folder (a third of archive.db), no memory.
"""

from __future__ import annotations

import sqlite3

from archive.fsck.faults import Level
from archive.fsck.look import Look

_PARTS = ("data", "idx", "docsize", "config")
_OF_THE_COPY = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_NOMEM")
_CONTENT = "SELECT pk, title_terms AS title, text_terms AS text FROM main.articles WHERE hidden = 0"


def check_index(look: Look) -> None:
    """Compare numbers; from the usual level on have FTS5 compare every word."""
    if look.conn is None:
        return
    with look.reading("articles_fts"):
        live = look.conn.execute("SELECT count(*) FROM articles WHERE hidden = 0").fetchone()[0]
        held = look.conn.execute("SELECT count(*) FROM articles_fts_docsize").fetchone()[0]
        if live != held:
            what = f"it holds {held:,} articles, and there are {live:,}"
            look.fault("index", what, file="archive.db", table="articles_fts")
            return
    if look.findings.level >= Level.USUAL:
        _compare(look, look.conn)


def _compare(look: Look, conn: sqlite3.Connection) -> None:
    try:
        conn.execute("BEGIN")  # one state of the index and of the texts, whoever writes meanwhile
        try:
            conn.execute(f"CREATE TEMP VIEW articles_live AS {_CONTENT}")
            conn.execute(
                "CREATE VIRTUAL TABLE temp.articles_fts USING fts5("
                "title, text, content = 'articles_live', content_rowid = 'pk', tokenize = 'ascii')"
            )
            for part in _PARTS:
                conn.execute(f"DELETE FROM temp.articles_fts_{part}")  # noqa: S608 - constants
                conn.execute(f"INSERT INTO temp.articles_fts_{part} SELECT * FROM main.articles_fts_{part}")  # noqa: S608
            look.count("index")
            conn.execute("INSERT INTO temp.articles_fts(articles_fts, rank) VALUES ('integrity-check', 1)")
        finally:
            if conn.in_transaction:
                conn.execute("ROLLBACK")
    except sqlite3.Error as error:
        if (getattr(error, "sqlite_errorname", "") or "").startswith(_OF_THE_COPY):
            what = f"it could not be copied to the temporary folder to be compared ({error})"
            look.fault("unreadable", what, file="archive.db", table="articles_fts")
            return
        what = f"it does not fit the texts ({error})"
        look.fault("index", what, file="archive.db", table="articles_fts")
