"""Below which byte a WARC file must not be cut: up to there the archive has read it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from archive.errors import MorgueError
from archive.query import open_reader


def ingested_floor(archive_db: Path) -> Callable[[str], int]:
    """Return a function that tells how far a WARC file was ingested (bytes); 0 without a database that can be read."""

    def floor(name: str) -> int:
        try:
            reader = open_reader(archive_db)
        except MorgueError:
            return 0
        try:
            row = reader.execute("SELECT ingested_to FROM warcs WHERE name = ?", (name,)).fetchone()
        finally:
            reader.close()
        return int(row[0]) if row else 0

    return floor
