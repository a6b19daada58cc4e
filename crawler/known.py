"""What a source's known articles look like, read from archive.db: the crawl works without it too."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from archive.errors import MorgueError
from archive.query import open_reader
from archive.query.captures import article_urls
from crawler.discovery.likeness import ShapeFacts

_ARTICLES = 300  # of one source: the newest, because sites change the form of their addresses


def known_shapes(archive_db: Path) -> Callable[[str], ShapeFacts | None]:
    """Return a function that tells the shapes of a source's article addresses, None if nothing is known of it.

    Each source is read once: what a run itself brings counts in the next one.
    """
    known: dict[str, ShapeFacts | None] = {}

    def shapes(source: str) -> ShapeFacts | None:
        if source not in known:
            known[source] = _read(archive_db, source)
        return known[source]

    return shapes


def _read(archive_db: Path, source: str) -> ShapeFacts | None:
    try:
        with closing(open_reader(archive_db)) as reader:
            urls = article_urls(reader, source, _ARTICLES)
    except MorgueError:
        return None
    return ShapeFacts.of(urls) if urls else None
