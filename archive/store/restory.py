"""Placing everything anew in contract order: what `morgue restory` does and a rebuild ends with."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from archive.dedupe.exact import Deduper
from archive.schema import clear_articles
from archive.store.placement import GONE, NOT_MODIFIED, Placer

_TELL_EVERY = 500  # placements


class DecisionLike(Protocol):
    """What is read of a line of decisions.jsonl."""

    @property
    def kind(self) -> str:
        """What was decided."""

    @property
    def data(self) -> Mapping[str, object]:
        """Its particulars."""


@dataclass(frozen=True, slots=True)
class RestoryReport:
    """What a restory made."""

    captures: int  # placed
    articles: int
    stories: int


def renames(decisions: Iterable[DecisionLike]) -> dict[str, str]:
    """Return old to present names of sources that people renamed, in the order of `decisions`.

    A decision of kind `source-renamed` has `old` and `new`.
    """
    names: dict[str, str] = {}
    for decision in decisions:
        old, new = decision.data.get("old"), decision.data.get("new")
        if decision.kind != "source-renamed" or not isinstance(old, str) or not isinstance(new, str):
            continue
        names = {name: new if present == old else present for name, present in names.items()} | {old: new}
        names.pop(new, None)  # renamed back
    return names


def restory(
    conn: sqlite3.Connection,
    deduper: Deduper,
    placer: Placer,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> RestoryReport:
    """Clear all articles and place every capture again, within the caller's transaction.

    Order: captured_at, URL key, payload digest. `on_progress(done, of)` is called now and then.
    """
    clear_articles(conn)
    deduper.clear()
    captures = array(
        "q",
        (
            row[0]
            for row in conn.execute(
                "SELECT c.pk FROM captures c LEFT JOIN extractions e ON e.pk = c.extraction AND e.status = 'article'"
                f" WHERE e.pk IS NOT NULL OR c.record_type = 'revisit' OR c.status IN (?, ?, {NOT_MODIFIED})"  # noqa: S608 - a constant number
                " ORDER BY c.captured_at, c.url_key, ifnull(c.payload_digest, ''), c.url, c.record_type",
                GONE,
            )
        ),
    )
    placed = 0
    for done, capture in enumerate(captures, 1):
        placed += placer.place(capture).what != "refused"
        if on_progress is not None and done % _TELL_EVERY == 0:
            on_progress(done, len(captures))
    articles = conn.execute("SELECT count(*) FROM articles").fetchone()[0]
    stories = conn.execute("SELECT count(*) FROM stories").fetchone()[0]
    return RestoryReport(placed, articles, stories)
