"""What a person adds to a library that keeps nothing: one SQLite table with full-text search. The standard library's alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS articles (url TEXT PRIMARY KEY, title TEXT, authors TEXT, date TEXT, text TEXT);
CREATE VIRTUAL TABLE IF NOT EXISTS found USING fts5(title, text, content=articles);
CREATE TRIGGER IF NOT EXISTS added AFTER INSERT ON articles BEGIN
    INSERT INTO found (rowid, title, text) VALUES (new.rowid, new.title, new.text);
END;
"""


class Shelf:
    """The articles of one tool, in `articles.db` of its folder."""

    def __init__(self, folder: Path) -> None:
        self._db = sqlite3.connect(folder / "articles.db", isolation_level=None)  # each article is kept at once
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(_TABLES)

    def known(self) -> set[str]:
        """Return the addresses that are kept."""
        return {url for (url,) in self._db.execute("SELECT url FROM articles")}

    def add(self, url: str, title: object, authors: object, date: object, text: str | None) -> None:
        """Keep an article that has a text and is not there yet."""
        if text:
            values = (url, *(None if value is None else str(value) for value in (title, authors, date)), text)
            self._db.execute("INSERT OR IGNORE INTO articles VALUES (?, ?, ?, ?, ?)", values)
