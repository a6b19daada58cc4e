"""Placing everything anew in contract order: what `morgue restory` does and a rebuild ends with."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable
from dataclasses import dataclass

from archive.dedupe.decided import Groups
from archive.dedupe.exact import Deduper
from archive.schema import clear_articles
from archive.store.optouts import OPTED_OUT
from archive.store.placement import GONE, NOT_MODIFIED, Placer
from archive.store.superseded import bring_back, set_aside

_TELL_EVERY = 500  # placements
_IN_ORDER = (
    "SELECT c.pk FROM captures c LEFT JOIN extractions e ON e.pk = c.extraction AND e.status = 'article'"
    " LEFT JOIN extractions s ON s.pk = c.extraction AND s.reason = ?"  # a word on the article, though no text of it
    " WHERE e.pk IS NOT NULL OR s.pk IS NOT NULL OR c.record_type = 'revisit' OR c.status IN (?, ?, ?)"
    " ORDER BY c.captured_at, c.url_key, ifnull(c.payload_digest, ''), c.url, c.record_type"
)


@dataclass(frozen=True, slots=True)
class RestoryReport:
    """What a restory made."""

    captures: int  # placed
    articles: int
    stories: int
    absent: tuple[str, ...] = ()  # ids that decisions name and no article has; they hold when it comes


def restory(
    conn: sqlite3.Connection,
    deduper: Deduper,
    placer: Placer,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> RestoryReport:
    """Clear all articles and place every capture again, within the caller's transaction.

    Order: captured_at, URL key, payload digest. What people decided about stories is done when all are placed: which
    further ids an article has is known then. `on_progress(done, of)` is called now and then.
    """
    set_aside(conn)
    clear_articles(conn)
    deduper.clear()
    groups, placer.groups = placer.groups, Groups()
    rows = conn.execute(_IN_ORDER, (OPTED_OUT, *GONE, NOT_MODIFIED))
    captures = array("q", (row[0] for row in rows))
    placed = 0
    try:
        for done, capture in enumerate(captures, 1):
            placed += placer.place(capture).what != "refused"
            if on_progress is not None and done % _TELL_EVERY == 0:
                on_progress(done, len(captures))
    finally:
        placer.groups = groups
    bring_back(conn)
    placer.stories.settle(groups, groups.of.keys())
    there = placer.stories.named(groups.of.keys())
    articles = conn.execute("SELECT count(*) FROM articles").fetchone()[0]
    stories = conn.execute("SELECT count(*) FROM stories").fetchone()[0]
    return RestoryReport(placed, articles, stories, tuple(sorted(groups.of.keys() - there.keys())))
