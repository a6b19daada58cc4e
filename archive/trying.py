"""Selectors tried on stored pages before they are kept: each page read without and with them. Nothing is written."""

from __future__ import annotations

import difflib
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace

from archive.decisions import read_decisions
from archive.errors import QueryError
from archive.extract import extract_snapshot
from archive.folder import ArchiveFolder
from archive.imported import find_file, imported_files
from archive.model import DiscoveryFact, Extraction, Role
from archive.query.captures import StoredArticle, last_articles
from archive.query.reader import open_reader
from archive.store.captures import CaptureRows
from archive.store.rows import instant
from archive.urls import url_key
from archive.warc.read import read_record

_DIFF_LINES = 12  # shown of one page's text


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One stored page, read twice."""

    url: str
    captured_at: str
    before: Extraction
    after: Extraction

    @property
    def missed(self) -> str | None:
        """The fields whose selector found nothing on this page."""
        said = self.after.provenance.get("selectors") if self.after.article else None
        return None if said is None else said.partition(": ")[2]


def try_selectors(
    folder: ArchiveFolder, source: str, before: Mapping[str, str], after: Mapping[str, str], *, limit: int
) -> Iterator[Tried]:
    """Yield a source's last stored articles, newest first, read with one set of selectors and with another.

    Raises `QueryError` if the archive holds no article of this source, `DatabaseError`, `ShelfError`.
    """
    imported = imported_files(read_decisions(folder.decisions))
    with closing(open_reader(folder.archive_db)) as reader:
        found = last_articles(reader, source, limit)
        if not found:
            raise QueryError(
                f"the archive holds no article of source {source!r} to try selectors on. "
                f"Fetch some: `morgue crawl --source {source}`."
            )
        for one in found:
            path = find_file(folder.warc, imported, one.warc)
            snapshot = replace(
                read_record(path, one.offset, name=one.warc), source=source, role=Role(one.role) if one.role else None
            )
            facts = _facts(reader, one, snapshot.url)
            yield Tried(
                url=snapshot.url,
                captured_at=one.captured_at,
                before=extract_snapshot(snapshot, facts, before),
                after=extract_snapshot(snapshot, facts, after),
            )


def _facts(reader: sqlite3.Connection, one: StoredArticle, url: str) -> tuple[DiscoveryFact, ...]:
    return CaptureRows(reader).facts_for(url_key(url), instant(one.captured_at))


def changed_lines(before: str, after: str, *, limit: int = _DIFF_LINES) -> list[str]:
    r"""Return the paragraphs that came ("+ ") and went ("- "), in the page's order; what is over `limit` is counted.

    >>> changed_lines("a\n\nb", "a\n\nc")
    ['- b', '+ c']
    """
    lines = difflib.ndiff(before.split("\n\n"), after.split("\n\n"), linejunk=None, charjunk=None)
    changed = [" ".join(line.split()) for line in lines if line[:2] in {"- ", "+ "} and line[2:].strip()]
    return changed if len(changed) <= limit else [*changed[:limit], f"… and {len(changed) - limit} more"]
