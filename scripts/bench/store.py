"""What placing, storing and indexing costs per article, and how large an article is in archive.db.

    .venv/bin/python scripts/bench/store.py [1000 20000]

Texts are made from a Zipf distribution of 40,000 made-up words, 500 words an article (a news article's median), one in
ten an exact copy; batches of 64 a transaction, as ingest commits. Prints one line per size; times are CPU.
"""

from __future__ import annotations

import bisect
import itertools
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from result import result

from archive.clock import SystemClock
from archive.model import Extraction, ExtractorId, RecordRef, Snapshot
from archive.query import open_reader, search
from archive.schema import open_archive
from archive.store import Store

WORDS, LENGTH, BATCH = 40_000, 500, 64
EXTRACTOR = ExtractorId(name="bench", version="1", config="")
START = datetime(2026, 1, 1, tzinfo=UTC)
SYLLABLES = [a + b for a in "bcdfglmnprstv" for b in ("a", "e", "i", "o", "u", "er", "ing")]


class Texts:
    """Made-up articles, the same for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)  # noqa: S311 - texts, not secrets
        self.words = ["".join(self.random.choices(SYLLABLES, k=self.random.randint(1, 4))) for _ in range(WORDS)]
        self.weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(WORDS)))
        self.kept: list[str] = []

    def text(self) -> str:
        """Return a new text, or one in ten times an old one."""
        if self.kept and self.random.random() < 0.1:
            return self.random.choice(self.kept)
        top = self.weights[-1]
        words = [self.words[bisect.bisect(self.weights, self.random.random() * top)] for _ in range(LENGTH)]
        text = "\n\n".join(" ".join(words[at : at + 60]).capitalize() + "." for at in range(0, LENGTH, 60))
        if len(self.kept) < 1000:
            self.kept.append(text)
        return text


def capture(number: int) -> Snapshot:
    """Return the capture of an article of one of 50 sites."""
    return Snapshot(
        url=f"https://site{number % 50}.example/2026/story-{number}",
        captured_at=START + timedelta(seconds=number),
        record_type="response",
        status=200,
        headers=(("Content-Type", "text/html"),),
        body=b"",
        payload_digest=f"sha1:{number:032}",
        ref=RecordRef(warc="bench.warc.gz", offset=number * 9000, length=9000),
        source=f"site{number % 50}",
    )


def measure(size: int, folder: Path) -> dict[str, float]:
    """Fill an archive and print what it cost; returns the figures of the last line."""
    texts = Texts()
    path = folder / f"{size}.db"
    store = Store(open_archive(path, create=True), SystemClock())
    spent = {"capture": 0.0, "extraction": 0.0, "place": 0.0, "commit": 0.0}
    last_part = 0.0
    for start in range(0, size, BATCH):
        batch = [
            (capture(number), texts.text(), " ".join(texts.random.choices(texts.words, k=8)))
            for number in range(start, min(size, start + BATCH))
        ]
        began = time.process_time()
        with store.transaction():
            for snapshot, text, title in batch:
                marks = [time.process_time()]
                pk = store.add_capture(snapshot)
                marks.append(time.process_time())
                extraction = Extraction(
                    article=True,
                    title=title,
                    authors=("Ann Author",),
                    published="2026-01-01T06:00:00+01:00",
                    published_precision="second",
                    language="en",
                    text=text,
                    markdown=text,
                    provenance={"title": "json-ld", "text": "trafilatura"},
                )
                store.add_extraction(pk or 0, EXTRACTOR, extraction)
                marks.append(time.process_time())
                store.place(pk or 0)
                marks.append(time.process_time())
                for name, a, b in zip(("capture", "extraction", "place"), marks, marks[1:], strict=False):
                    spent[name] += b - a
            inside = time.process_time()
        spent["commit"] += time.process_time() - inside
        if start >= size * 0.8:
            last_part += time.process_time() - began
    began = time.process_time()
    with store.transaction():
        store.restory()
    restory = time.process_time() - began
    store.close()
    each = {name: round(1e6 * seconds / size) for name, seconds in spent.items()}
    began = time.perf_counter()
    reader = open_reader(path)
    pairs = [" ".join(texts.random.sample(texts.words[50:4000], 2)) for _ in range(50)]
    found = sum(len(search(reader, words)) for words in pairs)
    asked = 1e3 * (time.perf_counter() - began) / len(pairs)
    reader.close()
    print(
        f"{size} articles: {sum(each.values())} us an article ({each}), last fifth "
        f"{1e6 * last_part / (size * 0.2):.0f} us; restory {1e6 * restory / size:.0f} us; "
        f"{path.stat().st_size / size / 1024:.1f} KB an article; "
        f"a two-word search with snippets {asked:.1f} ms ({found} hits)",
        flush=True,
    )
    return {
        f"{size:,} articles: place, store, index, CPU ms each": sum(each.values()) / 1e3,
        f"{size:,} articles: restory, CPU ms each": 1e3 * restory / size,
        f"{size:,} articles: archive.db, KB each": path.stat().st_size / size / 1024,
    }


def main() -> None:
    """Measure the sizes named on the command line."""
    with tempfile.TemporaryDirectory() as folder:
        figures: dict[str, float] = {}
        for size in [int(argument) for argument in sys.argv[1:]] or [1000, 20_000]:
            figures |= measure(size, Path(folder))
    result(figures)


if __name__ == "__main__":
    main()
