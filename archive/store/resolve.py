"""Finding the article that a capture belongs to: `archive.dedupe.identity` asked of the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from archive.dedupe.identity import Names, same_words
from archive.urls import article_id, proposed_key

_TEXTS_COMPARED = 20  # revisions of a candidate, newest first


class Resolver:
    """Looks up articles by key, and notes further keys as aliases. Writes within the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def by_key(self, key: str) -> int | None:
        """Return the article of a key, its own or an alias."""
        row = self._conn.execute("SELECT pk FROM articles WHERE url_key = ?", (key,)).fetchone()
        if row is None:
            row = self._conn.execute("SELECT article FROM aliases WHERE key = ?", (key,)).fetchone()
        return None if row is None else int(row[0])

    def resolve(self, names: Names, text: str) -> int | None:
        """Return the article that a page of these names and this text is; None if it is a new one.

        A name that was confirmed on the way becomes an alias.
        """
        found = self.by_key(names.key)
        if found is None:
            found = next((pk for pk, sure in self._candidates(names) if sure or self._same_words(pk, text)), None)
            if found is not None:
                self.add_alias(names.key, found)
        if found is not None and names.birth != names.key and self.by_key(names.birth) is None:
            self.add_alias(names.birth, found)  # a page first seen without its canonical link
        return found

    def add_alias(self, key: str, article: int) -> None:
        """Note that `key` is a further key of `article`."""
        self._conn.execute(
            "INSERT INTO aliases (key, id, article) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (key, article_id(key), article),
        )

    def _candidates(self, names: Names) -> Iterator[tuple[int, bool]]:
        """Yield articles that this page may be, and whether the names alone say so."""
        if names.canonical is not None and names.canonical != names.key:
            known = self.by_key(names.canonical)
            if known is not None:
                yield known, names.canonical == names.proposed
        if names.proposed not in {names.key, names.canonical}:
            known = self.by_key(names.proposed)
            if known is not None:
                yield known, False
        # Articles that name this page as the one they are a spelling of.
        rows = self._conn.execute(
            "SELECT pk, url FROM articles WHERE canonical_key = ? AND canonical_key <> url_key ORDER BY pk LIMIT 5",
            (names.key,),
        ).fetchall()
        for pk, url in rows:
            yield pk, proposed_key(url) == names.key

    def _same_words(self, article: int, text: str) -> bool:
        rows = self._conn.execute(
            "SELECT text FROM articles WHERE pk = ? UNION ALL SELECT * FROM (SELECT text FROM revisions"
            " WHERE article = ? AND cause = 'publisher' ORDER BY seq DESC LIMIT ?)",
            (article, article, _TEXTS_COMPARED),
        )
        return same_words(text, (row[0] for row in rows))
