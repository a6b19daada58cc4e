"""What an export takes: articles by what `morgue search` knows, captures by source and time; and what it leaves out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from archive.query import Filters, matching

BATCH = 500  # articles asked for at a time; SQLite takes 32,766 values in a statement

_NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
_HIDDEN = "SELECT pk FROM articles WHERE hidden = 1"
_LEFT_OUT = f"{_HIDDEN} UNION SELECT article FROM opted_out"  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which articles: those that `morgue search --all` would find for the same words and filters."""

    words: str = ""
    filters: Filters = field(default_factory=Filters)
    include_opted_out: bool = False

    def articles(self, conn: sqlite3.Connection) -> list[int]:
        """Return their `articles.pk`, earliest first (by publication, else first capture). Raises `QueryError`."""
        return matching(conn, self.words, self.filters, opted_out=self.include_opted_out)

    def left_out(self, conn: sqlite3.Connection, taken: int) -> int:
        """Return how many more there are that opt out. `taken`: how many `articles` gave."""
        if self.include_opted_out:
            return 0
        return len(matching(conn, self.words, self.filters, opted_out=True)) - taken

    def told(self) -> str:
        """Say in words what was asked for, for a description.

        >>> Choice(words="ferry", filters=Filters(source="paper", since="2026-05")).told()
        'articles that match ferry, source paper, since 2026-05'
        """
        parts = [f"articles that match {self.words.strip()}" if self.words.strip() else "articles"]
        named = ((name, getattr(self.filters, name)) for name in ("source", "language", "since", "until"))
        parts += [f"{name} {value}" for name, value in named if value is not None]
        return ", ".join(parts)


def batches(pks: Sequence[int]) -> Iterator[tuple[list[int], str]]:
    """Give the numbers in parts, each with the question marks that stand for them."""
    for at in range(0, len(pks), BATCH):
        some = list(pks[at : at + BATCH])
        yield some, ", ".join("?" * len(some))


def allowed_captures(*, include_opted_out: bool) -> str:
    """Return SQL that holds for the captures `c` that an export may show.

    Left out is what shows an article that opts out or is hidden, and whatever else was captured at its addresses (a consent
    wall, a 404). A capture that belongs to no article (a front page, a feed) is left out where it says so itself.
    """
    articles = _HIDDEN if include_opted_out else _LEFT_OUT
    keys = f"SELECT url_key FROM articles WHERE pk IN ({articles}) UNION SELECT key FROM aliases WHERE article IN ({articles})"  # noqa: S608
    parts = [f"(c.article IS NULL OR c.article NOT IN ({articles}))", f"c.url_key NOT IN ({keys})"]
    if not include_opted_out:
        parts.append(
            "(c.article IS NOT NULL OR NOT EXISTS (SELECT 1 FROM opt_out_signals s WHERE s.capture = c.pk AND s.opts_out = 1"  # noqa: S608
            f" AND (s.starts_at IS NULL OR s.starts_at <= {_NOW})"
            " AND NOT EXISTS (SELECT 1 FROM opt_outs_ignored i WHERE i.source = c.source)))"
        )
    return " AND ".join(parts)
