"""Pages of the corpus that were captured more than once: no revision where only furniture changed, one where the text did."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.console import Progress
from archive.folder import ArchiveFolder
from archive.reading import ingest_shelf
from archive.sources import SOURCES_TEMPLATE
from tests.replay import manifest
from tests.warc_tools import T0, Clock, exchange, keep, writer

pytestmark = [pytest.mark.corpus, pytest.mark.slow]


def archived(corpus: Path, pages: Sequence[dict[str, Any]], folder: ArchiveFolder) -> None:
    """Keep each page's captures as a crawl would have, and read them."""
    types = {rev["path"]: rev["content_type"] for page in manifest(corpus) for rev in page["revs"]}  # type: ignore[attr-defined]
    for path in (folder.root, folder.warc, folder.reports):
        path.mkdir()
    folder.sources.write_text(SOURCES_TEMPLATE)
    clock = Clock()
    with writer(folder.warc, clock, run_id="one") as out:
        for page in pages:
            for n, rev in enumerate(page["revs"]):
                body = gzip.decompress((corpus / "replay" / rev["path"]).read_bytes())
                clock.when = when(rev, n)
                head = f"HTTP/1.1 200 OK\r\nContent-Type: {types[rev['path']]}\r\n\r\n".encode()
                keep(out, exchange(head, body, url=page["url"], started_at=clock.when))
    ingest_shelf(folder, clock=Clock(T0 + timedelta(days=9999)), jobs=2, progress=Progress("x", quiet=True))


def when(rev: dict[str, Any], n: int) -> datetime:
    """Return when a capture was made: of the day is known, and its place among the others."""
    return datetime.fromisoformat(rev["captured"][:10]).replace(hour=n, tzinfo=UTC)


def test_a_revision_where_the_text_was_edited_and_nowhere_else(corpus: Path, tmp_path: Path) -> None:
    with (corpus / "replay" / "revisions.jsonl").open(encoding="utf-8") as lines:
        pages = [json.loads(line) for line in lines]
    folder = ArchiveFolder(tmp_path / "archive")
    archived(corpus, pages, folder)
    with closing(sqlite3.connect(folder.archive_db)) as conn:
        begun = "SELECT c.url, c.captured_at FROM revisions r JOIN captures c ON c.pk = r.capture WHERE r.seq > 1"
        edited = {(url, at[:13]) for url, at in conn.execute(begun)}
        kinds = [row[0] for row in conn.execute("SELECT DISTINCT kind FROM revision_changes ORDER BY 1")]
    wrong, seen = [], {"same-text": 0, "edited": 0}
    for page in pages:
        for pair in page["pairs"]:
            seen[pair["label"]] += 1
            at = when(page["revs"][pair["to"]], pair["to"])
            if ((page["url"], at.strftime("%Y-%m-%dT%H")) in edited) != (pair["label"] == "edited"):
                wrong.append((page["url"], pair["label"]))
    assert wrong == []
    assert seen == {"same-text": 28, "edited": 1}
    assert kinds == ["added", "changed", "title"]
