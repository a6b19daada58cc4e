"""Counts of an archive."""

from __future__ import annotations

import sqlite3

from archive.query.reader import answering, need_opt_outs

_COUNTS = {
    "articles": "SELECT count(*) FROM articles WHERE hidden = 0",
    "stories": "SELECT count(*) FROM stories WHERE members > 0",
    "revisions": "SELECT count(*) FROM revisions WHERE cause = 'publisher'",
    "edited": "SELECT count(DISTINCT article) FROM revisions WHERE cause = 'publisher' AND seq > 1",
    "gone": "SELECT count(*) FROM articles WHERE gone_at IS NOT NULL AND hidden = 0",
    "opted_out": "SELECT count(*) FROM opted_out o WHERE (SELECT hidden FROM articles WHERE pk = o.article) = 0",
    "captures": "SELECT count(*) FROM captures",
    "discoveries": "SELECT count(*) FROM discoveries",
    "warcs": "SELECT count(*) FROM warcs",
    "runs": "SELECT count(*) FROM runs",
}


def stats(conn: sqlite3.Connection) -> dict[str, object]:
    """Return counts: in all, by source, by language, by kind, of refused pages by reason, and the times covered."""
    with answering(conn):
        need_opt_outs(conn)
        found: dict[str, object] = {name: conn.execute(sql).fetchone()[0] for name, sql in _COUNTS.items()}
        first, last = conn.execute("SELECT min(captured_at), max(captured_at) FROM captures").fetchone()
        found |= {"first_capture": first, "last_capture": last}
        for name, column in (("by_source", "source"), ("by_language", "language"), ("by_kind", "kind")):
            rows = conn.execute(
                f"SELECT ifnull({column}, ''), count(*) FROM articles WHERE hidden = 0"  # noqa: S608 - names above
                " GROUP BY 1 ORDER BY 2 DESC, 1"
            )
            found[name] = dict(rows.fetchall())
        rows = conn.execute(
            "SELECT ifnull(e.reason, ''), count(*) FROM captures c JOIN extractions e ON e.pk = c.extraction"
            " WHERE e.status = 'refused' GROUP BY 1 ORDER BY 2 DESC, 1"
        )
        found["refused"] = dict(rows.fetchall())
        pages, size = conn.execute("PRAGMA page_count").fetchone()[0], conn.execute("PRAGMA page_size").fetchone()[0]
        found["bytes"] = pages * size
        return found
