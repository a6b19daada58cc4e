"""Pages of the corpus that were captured more than once: no revision where only furniture changed, one where the text did."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.diffing import compare
from archive.extract import Page
from archive.extract.extract import extract
from archive.model import Extraction
from tests.replay import manifest
from tests.store_helpers import new_store, put, snapshot

pytestmark = [pytest.mark.corpus, pytest.mark.slow]


def captures(corpus: Path, row: dict[str, object], types: dict[str, str]) -> list[Extraction]:
    found = []
    for rev in row["revs"]:  # type: ignore[attr-defined]
        body = gzip.decompress((corpus / "replay" / rev["path"]).read_bytes())
        at = datetime.fromisoformat(rev["captured"][:10]).replace(tzinfo=UTC)
        headers = (("Content-Type", types[rev["path"]]),)
        found.append(extract(Page(url=str(row["url"]), body=body, headers=headers, captured_at=at)))
    return found


def test_a_revision_where_the_text_was_edited_and_nowhere_else(corpus: Path, tmp_path: Path) -> None:
    with (corpus / "replay" / "revisions.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    types = {rev["path"]: rev["content_type"] for page in manifest(corpus) for rev in page["revs"]}  # type: ignore[attr-defined]
    store = new_store(tmp_path / "archive.db")
    wrong, placed = [], {"same-text": 0, "edited": 0}
    with store.transaction():
        for row in rows:
            read = captures(corpus, row, types)
            what = [put(store, snapshot(row["url"], n), extraction).what for n, extraction in enumerate(read)]
            for pair in row["pairs"]:
                one, other = read[pair["from"]], read[pair["to"]]
                placed[pair["label"]] += 1
                if what[pair["to"]] not in ({"revision"} if pair["label"] == "edited" else {"unchanged", "refused"}):
                    change = compare((one.title, one.text or ""), (other.title, other.text or ""))
                    wrong.append((row["url"], pair["label"], what, change.title, change.changed))
    kinds = [row[0] for row in store.db.conn.execute("SELECT DISTINCT kind FROM revision_changes ORDER BY 1")]
    store.close()
    assert wrong == []
    assert placed == {"same-text": 28, "edited": 1}
    assert kinds == ["added", "changed", "title"]
