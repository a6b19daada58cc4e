"""Lines that a site prints under several stories: disclaimers, prompts, the names of its sections.

Two pages that share only those are no copies. A line is remembered by site (registered domain) and a short hash of its
letters; it is furniture when it stood in two other stories, or in one and is no sentence. Copies of one story on the site do
not make its lines furniture.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence, Set
from itertools import chain

from archive.dedupe.prepared import Prepared, line_id

FURNITURE_SCHEMA: tuple[str, ...] = (
    # `stories`: other stories that had the line; `article`: the last one counted, so that its revisions count once
    "CREATE TABLE dedupe_lines (line INTEGER PRIMARY KEY, stories INTEGER NOT NULL, article INTEGER NOT NULL) STRICT",
)
_EDGE = 12  # lines at either end of a text that are remembered
_LONGEST = 400  # characters; a longer line is nobody's furniture
_SENTENCE = 60  # characters from which a line that ends like a sentence is one
_ENDS = tuple('.!?\u2026\u3002\uff01\uff1f"\u201d\u00bb')
_LEAST_LEFT = 0.3  # share of a text; where less would be left, its lines are its own (a story told again on its site)


class Furniture:
    """The lines of all sites. Not for use by two threads."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def of(self, article: int, text: Prepared, ids: Mapping[int, int]) -> frozenset[int]:
        """Return the numbers of a text's lines that are its site's and not its own. `ids`: of its `line_ids`."""
        if not ids:
            return frozenset()
        known = {
            line: (stories, last)
            for line, stories, last in self._conn.execute(
                "SELECT l.line, l.stories, l.article FROM json_each(?) j JOIN dedupe_lines l ON l.line = j.value",
                (json.dumps(sorted(set(ids.values()))),),
            )
        }
        found = set()
        for number, line in ids.items():
            stories, last = known.get(line, (0, article))
            others = stories - (last == article)
            if others >= 2 or (others == 1 and not _is_sentence(text.lines[number])):  # noqa: PLR2004 - one may be a quotation
                found.add(number)
        left = sum(len(line) for n, line in enumerate(text.lines) if n not in found)
        whole = sum(map(len, text.lines))
        return frozenset(found) if left >= _LEAST_LEFT * whole else frozenset()

    def count(self, article: int, ids: Set[int]) -> None:
        """Count lines of a text for its site, by their ids, but for those that stand in a copy of it: they are the story's."""
        self._conn.executemany(
            "INSERT INTO dedupe_lines VALUES (?, 1, ?) ON CONFLICT DO UPDATE SET"
            " stories = stories + (article <> excluded.article), article = excluded.article",
            [(line, article) for line in sorted(ids)],
        )


def line_ids(site: str, lines: Sequence[str]) -> Mapping[int, int]:
    """Return the ids of the lines at either end of a text, by their numbers."""
    near = range(len(lines)) if len(lines) <= 2 * _EDGE else chain(range(_EDGE), range(len(lines) - _EDGE, len(lines)))
    return {n: line_id(site, lines[n]) for n in near if len(lines[n]) <= _LONGEST}


def _is_sentence(line: str) -> bool:
    return len(line) >= _SENTENCE and line.endswith(_ENDS)
