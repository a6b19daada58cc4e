"""`morgue cluster`: place texts without an archive, by the same code."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping

from archive.dedupe.exact import EXACT_SCHEMA, Placed
from archive.dedupe.story import STORY_SCHEMA, Known, StoryDeduper
from archive.errors import UrlError, UsageError
from archive.urls import url_key


def cluster(lines: Iterable[Mapping[str, object]]) -> Iterator[dict[str, object]]:
    """Place texts `{"id", "text", "title"?, "url"?, "language"?}` in the given order, one answer each.

    Yields `{"id", "cluster", "kind", "of", "score"}`; `cluster` is the id of the text that founded it. A further text
    of a page (by its URL key) that is no exact copy is a revision of its first. Raises `UsageError` naming the line (from 1)
    that lacks an id or a text, or whose id came before.
    """
    conn = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for statement in (*EXACT_SCHEMA, *STORY_SCHEMA):
            conn.execute(statement)
        texts: list[Known] = []
        deduper = StoryDeduper(conn, lambda number: texts[number])
        ids: list[object] = []
        clusters: list[int] = []
        known: set[str] = set()
        pages: dict[str, int] = {}
        for number, line in enumerate(lines):
            name, text = line.get("id"), line.get("text")
            if not isinstance(name, str | int) or not isinstance(text, str):
                raise UsageError(f'line {number + 1}: each line needs "id" (text or number) and "text" (text).')
            if repr(name) in known:
                raise UsageError(f'line {number + 1}: the "id" {name!r} came before; ids must differ.')
            known.add(repr(name))
            url = _text(line.get("url")) or ""
            of_page = pages.setdefault(key, number) if (key := _key(url)) else number
            language, title, at = _text(line.get("language")), _text(line.get("title")), f"{number:015d}"
            texts.append(Known(text, title, language, url))
            placed = deduper.place(number, text=text, title=title, language=language, url=url, at=at)
            if of_page != number and placed.kind != "exact":
                placed = Placed("revision", of_page)
            joined = placed.of if placed.joins or placed.kind == "revision" else None
            ids.append(name)
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


def _key(url: str) -> str | None:
    try:
        return url_key(url)
    except UrlError:
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
