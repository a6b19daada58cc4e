"""Where a new text stands to those already kept: the interface, and the rule for exact copies.

`Deduper` is what the store and `morgue cluster` talk to; its state is rows of the connection that it was given, so it
costs no memory and commits with the article. The rule here: texts of the same words (`words_digest`) are copies.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Protocol

from archive.dedupe.words import words_digest

JOINING = ("exact", "near", "rewrite")  # kinds of a match whose story the article joins
LEAST_WORDS = 40  # shorter texts are equal by accident ("This video is no longer available.")

EXACT_SCHEMA: tuple[str, ...] = (
    # One row per text an article ever had. The first by time is the one that others are copies of.
    """CREATE TABLE dedupe_exact (
        digest BLOB NOT NULL, at TEXT NOT NULL, article INTEGER NOT NULL, PRIMARY KEY (digest, at, article)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX dedupe_exact_article ON dedupe_exact (article)",
)


@dataclass(frozen=True, slots=True)
class Placed:
    """How a new article stands to the others: `of` is the best match, whose story it joins unless `kind` is new."""

    kind: str  # new, exact, near, rewrite; related: a story of its own
    of: int | None = None
    score: float | None = None  # probability of the same story, 0 to 1
    evidence: str | None = None  # JSON: why, for people

    @property
    def joins(self) -> bool:
        """Whether the article belongs to the story of `of`."""
        return self.of is not None and self.kind in JOINING


class Deduper(Protocol):
    """Decides and remembers. `article` is the caller's own integer, new to the deduper at `place`."""

    def place(self, article: int, *, text: str, title: str | None, language: str | None, url: str, at: str) -> Placed:
        """Return where a new article stands to those placed before, and remember its text.

        `at`: ISO 8601 UTC, sorts as text. Deterministic in the order of the calls.
        """

    def revise(self, article: int, *, text: str, title: str | None, language: str | None, url: str, at: str) -> None:
        """Remember a further text of an article that was placed already; it stays where it was placed."""

    def forget(self, article: int) -> None:
        """Forget all texts of an article."""

    def clear(self) -> None:
        """Forget everything, before all placements are made again."""


class ExactDeduper:
    """The `Deduper` that knows exact copies only. `conn` must have the tables of `EXACT_SCHEMA`."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def place(
        self,
        article: int,
        *,
        text: str,
        title: str | None,  # noqa: ARG002 - part of the interface
        language: str | None,  # noqa: ARG002 - part of the interface
        url: str,  # noqa: ARG002 - part of the interface
        at: str,
    ) -> Placed:
        """Return `exact` with the article that had these words first, else `new`."""
        digest = words_digest(text, least=LEAST_WORDS)
        if digest is None:
            return Placed("new")
        row = self._conn.execute(
            "SELECT article FROM dedupe_exact WHERE digest = ? AND article <> ? ORDER BY at, article LIMIT 1",
            (digest, article),
        ).fetchone()
        self._remember(digest, at, article)
        return Placed("new") if row is None else Placed("exact", row[0], 1.0)

    def revise(
        self,
        article: int,
        *,
        text: str,
        title: str | None,  # noqa: ARG002 - part of the interface
        language: str | None,  # noqa: ARG002 - part of the interface
        url: str,  # noqa: ARG002 - part of the interface
        at: str,
    ) -> None:
        """Remember a later text: whoever copies that one is a copy of this article too."""
        digest = words_digest(text, least=LEAST_WORDS)
        if digest is not None:
            self._remember(digest, at, article)

    def forget(self, article: int) -> None:
        """Forget all texts of an article."""
        self._conn.execute("DELETE FROM dedupe_exact WHERE article = ?", (article,))

    def clear(self) -> None:
        """Forget everything."""
        self._conn.execute("DELETE FROM dedupe_exact")

    def _remember(self, digest: bytes, at: str, article: int) -> None:
        self._conn.execute("INSERT OR IGNORE INTO dedupe_exact VALUES (?, ?, ?)", (digest, at, article))
