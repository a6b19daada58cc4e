"""The three texts that this project started from, as pages without any markup but paragraphs."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.console import Progress
from archive.folder import ArchiveFolder
from archive.model import Exchange, Role
from archive.query import open_reader, search
from archive.reading import ingest_shelf
from archive.warc import WarcWriter
from tests.frontier_kit import HandClock

pytestmark = pytest.mark.corpus
WORDS = {"000": "glitzy leadership summits", "001": "brilliant summits", "002": "Strategic Patience 2.0"}


def test_the_seeds_become_articles_that_search_finds(corpus: Path, tmp_path: Path) -> None:
    seeds = sorted((corpus.parent / "seeds").glob("*.txt"))
    if not seeds:
        pytest.skip("the seeds are not beside the corpus")
    folder = ArchiveFolder(tmp_path)
    folder.sources.write_text("")
    folder.reports.mkdir()
    clock = HandClock()
    with WarcWriter(folder.warc, clock=clock, run_id="0000", software="test") as writer:
        for number, seed in enumerate(seeds):
            lines = [line for line in seed.read_text(encoding="utf-8").splitlines() if line.strip()]
            page = "<html><body>" + "".join(f"<p>{html.escape(line)}</p>\n" for line in lines) + "</body></html>"
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
            writer.append_exchange(
                Exchange(
                    url=f"https://paper.example/news/{seed.stem}",
                    started_at=datetime(2022, 6, 1, 0, number, tzinfo=UTC),
                    request_head=b"GET / HTTP/1.1\r\n\r\n",
                    response_head=head,
                    body=page.encode(),
                    peer=None,
                    seconds=0.1,
                ),
                source=None,
                role=Role.PAGE,
            )
    report = ingest_shelf(folder, clock=clock, jobs=0, progress=Progress("captures", quiet=True))
    assert (report.new, report.kinds["rewrite"]) == (3, 1)
    reader = open_reader(folder.archive_db, heap_limit=None)
    members = "SELECT group_concat(substr(url, -20, 3), ' ') FROM articles GROUP BY story ORDER BY 1"
    stories = [row[0] for row in reader.execute(members)]
    assert stories == ["000 001", "002"]  # one story in other words, and another report of the event
    for name, words in WORDS.items():
        found = search(reader, f'"{words}"')
        assert [hit.url.rpartition("/")[2][:3] for hit in found] == [name]
    reader.close()
