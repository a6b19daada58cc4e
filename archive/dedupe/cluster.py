"""`morgue cluster`: place texts without an archive, by the same code."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping

from archive.dedupe.exact import EXACT_SCHEMA, ExactDeduper
from archive.errors import UsageError


def cluster(lines: Iterable[Mapping[str, object]]) -> Iterator[dict[str, object]]:
    """Place texts `{"id", "text", "title"?, "url"?, "language"?}` in the given order, one answer each.

    Yields `{"id", "cluster", "kind", "of", "score"}`; `cluster` is the id of the text that founded it. Raises
    `UsageError` naming the line (from 1) that lacks an id or a text, or whose id came before.
    """
    conn = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for statement in EXACT_SCHEMA:
            conn.execute(statement)
        deduper = ExactDeduper(conn)
        ids: list[object] = []
        clusters: list[int] = []
        known: set[str] = set()
        for number, line in enumerate(lines):
            name, text = line.get("id"), line.get("text")
            if not isinstance(name, str | int) or not isinstance(text, str):
                raise UsageError(f'line {number + 1}: each line needs "id" (text or number) and "text" (text).')
            if repr(name) in known:
                raise UsageError(f'line {number + 1}: the "id" {name!r} came before; ids must differ.')
            known.add(repr(name))
            placed = deduper.place(
                number,
                text=text,
                title=_text(line.get("title")),
                language=_text(line.get("language")),
                url=_text(line.get("url")) or "",
                at=f"{number:015d}",
            )
            ids.append(name)
            joined = placed.of if placed.joins else None
            clusters.append(number if joined is None else clusters[joined])
            yield {
                "id": name,
                "cluster": ids[clusters[number]],
                "kind": placed.kind,
                "of": None if placed.of is None else ids[placed.of],
                "score": placed.score,
            }
    finally:
        conn.close()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
