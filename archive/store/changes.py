"""Rows of `revision_changes`: which paragraphs a revision changed against the one before it, for SQL.

They are a function of the revisions' titles and texts: whoever writes revisions writes them here, and an archive that is made
again has the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import islice
from typing import Any

from archive.dedupe.revisions import BY_TIME, compared
from archive.dedupe.words import content_digest
from archive.diffing import compare
from archive.store.rows import digest_of, unpack

# What an article's revisions say, in order of time.
REVISIONS = f"SELECT cause, seq, seen_from, title, text FROM revisions WHERE article = ? ORDER BY {BY_TIME}"  # noqa: S608 - ours
MOST_ROWS = 1000  # of one revision: a live blog has some hundreds; a page that is another each time would fill the disk
Told = tuple[str | None, str]  # title and text as a revision has them


def write_changes(
    conn: sqlite3.Connection, article: int, *, cause: str, seq: int, seen_from: str, before: Told, after: Told
) -> None:
    """Write what a revision changed against the one before it, within the caller's transaction."""
    change = compare(before, after)
    rows: list[tuple[str, int | None, str | None, str | None]] = []
    if change.title is not None:
        rows.append(("title", None, before[0], after[0]))
    rows += [
        (str(part.kind), part.number, part.before, part.after) for part in islice(change.changed, MOST_ROWS - len(rows))
    ]
    conn.executemany(
        "INSERT INTO revision_changes (article, seen_from, cause, seq, number, kind, paragraph, before, after)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(article, seen_from, cause, seq, number, *row) for number, row in enumerate(rows, 1)],
    )


def clear_changes(conn: sqlite3.Connection, article: int, cause: str) -> None:
    """Take out the changes of an article's revisions of one cause, before these are written anew."""
    conn.execute("DELETE FROM revision_changes WHERE article = ? AND cause = ?", (article, cause))


def fill_changes(conn: sqlite3.Connection) -> None:
    """Write the changes of all revisions of an archive that has none yet, within the caller's transaction."""
    edited = conn.execute("SELECT article FROM revisions GROUP BY article HAVING count(*) > 1").fetchall()
    for (article,) in edited:
        tell_changes(conn, article, conn.execute(REVISIONS, (article,)).fetchall())


def tell_changes(conn: sqlite3.Connection, article: int, rows: Sequence[tuple[Any, ...]], *, cause: str = "") -> None:
    """Write the changes of an article's revisions, given as rows of `REVISIONS`; of one cause alone, if it is named."""
    pairs = compared([(row[0], row[2]) for row in rows])
    for pair, (why, seq, seen_from, *_) in zip(pairs, rows, strict=True):
        if pair is not None and cause in ("", why):
            before, after = (rows[n][3:] for n in pair)
            write_changes(conn, article, cause=why, seq=seq, seen_from=seen_from, before=before, after=after)


def follow_readings(conn: sqlite3.Connection, article: int) -> None:
    """Write anew what took the place of an article's earlier readings, after its publisher's revisions were written anew."""
    if has_readings(conn, article):
        clear_changes(conn, article, "extractor")
        tell_changes(conn, article, conn.execute(REVISIONS, (article,)).fetchall(), cause="extractor")


def has_readings(conn: sqlite3.Connection, article: int) -> bool:
    """Tell whether an article was once read otherwise."""
    asked = "SELECT 1 FROM revisions WHERE article = ? AND cause = 'extractor' LIMIT 1"
    return conn.execute(asked, (article,)).fetchone() is not None


def fold_anew(conn: sqlite3.Connection) -> None:
    """Compute all content digests again, because what counts as the same text changed; within the caller's transaction.

    Neighbouring revisions that are the same by now stay two until the next restory.
    """
    known: dict[tuple[int, str], str] = {}
    seen = conn.execute(
        "SELECT c.pk, c.article, c.content, e.result FROM captures c LEFT JOIN extractions e ON e.pk = c.extraction"
        " AND e.status = 'article' WHERE c.article IS NOT NULL AND c.content IS NOT NULL ORDER BY e.pk IS NULL"
    )
    for pk, article, content, result in seen:
        if result is None:  # a revisit: what it repeats came before
            folded = known.get((article, content), content)
        else:
            said = unpack(result)
            folded = content_digest(said.title, said.text or "", said.description)
            known.setdefault((article, content), folded)
        conn.execute("UPDATE captures SET content = ? WHERE pk = ?", (folded, pk))
    for pk, title, text, content in conn.execute(
        "SELECT r.pk, r.title, r.text, c.content FROM revisions r JOIN captures c ON c.pk = r.capture"
        " WHERE r.cause = 'publisher' AND c.content IS NOT NULL"
    ).fetchall():
        row = (content, digest_of([title, text, content]), pk)
        conn.execute("UPDATE revisions SET content = ?, digest = ? WHERE pk = ?", row)
