"""Rows of `revision_changes`: which paragraphs a revision changed against the one before it, for SQL.

They are a function of the revisions' titles and texts: whoever writes revisions writes them here, and an archive that is made
again has the same.
"""

from __future__ import annotations

import sqlite3
from itertools import islice

from archive.dedupe.revisions import BY_TIME, preceding
from archive.dedupe.words import content_digest
from archive.diffing import compare
from archive.store.rows import digest_of, unpack

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
        rows = conn.execute(
            f"SELECT cause, seq, seen_from, title, text FROM revisions WHERE article = ? ORDER BY {BY_TIME}",  # noqa: S608 - ours
            (article,),
        ).fetchall()
        for before, (cause, seq, seen_from, title, text) in zip(preceding([row[0] for row in rows]), rows, strict=True):
            if before is not None:
                told = rows[before][3:]
                write_changes(
                    conn, article, cause=cause, seq=seq, seen_from=seen_from, before=told, after=(title, text)
                )


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
