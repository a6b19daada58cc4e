"""Rows of stories: founding, joining, and which member leads."""

from __future__ import annotations

import sqlite3


class Stories:
    """A story has the id of its founding article; its head is the earliest published member, then earliest seen."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def found(self, article: int, article_id: str) -> int:
        """Make the story of an article that is like no other, and return it."""
        cursor = self._conn.execute("INSERT INTO stories (id, head, members) VALUES (?, ?, 1)", (article_id, article))
        return int(cursor.lastrowid or 0)

    def story_of(self, article: int) -> int:
        """Return the story of an article that has been placed."""
        return int(self._conn.execute("SELECT story FROM articles WHERE pk = ?", (article,)).fetchone()[0])

    def joined(self, story: int) -> None:
        """Count one more member; its row is there already."""
        self._conn.execute("UPDATE stories SET members = members + 1 WHERE pk = ?", (story,))
        self.choose_head(story)

    def changed(self, article: int) -> None:
        """Choose the head again after the dates of a member changed."""
        row = self._conn.execute(
            "SELECT s.pk FROM articles a JOIN stories s ON s.pk = a.story WHERE a.pk = ? AND s.members > 1", (article,)
        ).fetchone()
        if row is not None:
            self.choose_head(int(row[0]))

    def choose_head(self, story: int) -> None:
        """Choose the head: published before unpublished, then earliest, then first seen, then by id."""
        self._conn.execute(
            "UPDATE stories SET head = (SELECT pk FROM articles WHERE story = ?"
            " ORDER BY hidden, published IS NULL, sort_at, first_seen, id LIMIT 1) WHERE pk = ?",
            (story, story),
        )
