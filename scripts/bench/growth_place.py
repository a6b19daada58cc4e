#!/usr/bin/env python3
"""The child of growth.py: places articles in an archive.db slice by slice and tells what each slice cost; asks it at the end.

    growth_place.py ARCHIVE.DB ARTICLES.JSONL COPIES-ONE-IN

Each line of standard input is a command: `place N` places the next N articles in transactions of 64 and prints their CPU
seconds; `search N` asks N questions of two words. One line of JSON is the answer. A process of its own, so that its memory is
that of an archive at work and nothing else.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from archive.clock import SystemClock  # noqa: E402
from archive.dedupe.story import Known  # noqa: E402
from archive.model import Extraction, ExtractorId, RecordRef, Snapshot  # noqa: E402
from archive.query import open_reader, search  # noqa: E402
from archive.schema import open_archive  # noqa: E402
from archive.store import Store  # noqa: E402

EXTRACTOR = ExtractorId(name="growth", version="1", config="")
APART, SITES = 60, 500  # seconds between two articles; sites they are of
START = datetime(2024, 1, 1, tzinfo=UTC)
_BATCH = 64  # articles of a transaction, as ingest commits
_AUTHORS = ("Ann Author",)
_VIA = {"text": "trafilatura", "title": "json-ld"}


def address(number: int) -> str:
    """Return the address of an article."""
    return f"https://site{number % SITES}.example/2026/story-{number}"


def published(number: int) -> str:
    """Return when an article says it was published: an hour before its capture."""
    return (START + timedelta(seconds=APART * number - 3600)).isoformat()


def snapshot(number: int, url: str) -> Snapshot:
    """Return the capture of an article."""
    return Snapshot(
        url=url,
        captured_at=START + timedelta(seconds=APART * number),
        record_type="response",
        status=200,
        headers=(("Content-Type", "text/html"),),
        body=b"",
        payload_digest=f"sha1:{number:032}",
        ref=RecordRef(warc="growth.warc.gz", offset=number * 20_000, length=20_000),
        source=f"site{number % SITES}",
    )


def extraction(number: int, known: Known) -> Extraction:
    """Return what is read from that capture."""
    return Extraction(
        article=True,
        title=known.title,
        authors=_AUTHORS,
        published=published(number),
        published_precision="second",
        published_via="json-ld",
        language=known.language,
        text=known.text,
        markdown=known.text,
        provenance=_VIA,
    )


def peak_memory() -> int:
    """Return the most bytes that this process has held; of ru_maxrss a child inherits its parent's."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


class Meter:
    """Adds up the CPU seconds of some calls, and how often they were made."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self.calls: dict[str, int] = {}

    def watch(self, thing: Any, method: str, name: str) -> None:
        """Count what a method of this object costs as `name`."""
        inner = getattr(thing, method)

        def timed(*words: Any, **more: Any) -> Any:
            began = time.process_time()
            try:
                return inner(*words, **more)
            finally:
                self.spent[name] = self.spent.get(name, 0.0) + time.process_time() - began
                self.calls[name] = self.calls.get(name, 0) + 1

        setattr(thing, method, timed)


class Placing:
    """An archive that articles are placed in."""

    def __init__(self, path: Path, texts: Path, copies: int) -> None:
        self._conn = (db := open_archive(path)).conn
        self._store, self._meter = Store(db, SystemClock()), Meter()
        deduper = self._store._deduper  # noqa: SLF001 - what is measured here are parts of it
        self._meter.watch(deduper, "place", "telling copies")
        self._meter.watch(deduper._pairs, "find", "looking up")  # type: ignore[attr-defined]  # noqa: SLF001
        self._meter.watch(deduper, "_known", "reading")
        self._meter.watch(self._store._placer._articles, "insert", "article and index")  # noqa: SLF001
        self._number = self._filled = self._conn.execute("SELECT max(pk) FROM articles").fetchone()[0]
        self._copies, self._chance = copies, random.Random(11)  # noqa: S311 - texts, not secrets
        self._texts = self._read(texts)

    def _read(self, texts: Path) -> Iterator[Known]:
        with texts.open(encoding="utf-8") as lines:
            for line in lines:
                yield Known(*json.loads(line))

    def _next(self) -> tuple[int, Known, bool]:
        """Return the next article: a new one, or one in so many an earlier one as another paper takes it over."""
        from news_mill import trimmed

        number, known = self._number, next(self._texts)
        self._number += 1
        if self._chance.randrange(self._copies):
            return number, Known(known.text, known.title, known.language, address(number)), False
        row = self._conn.execute(
            "SELECT text, title, language, url FROM articles WHERE pk = ?", (self._chance.randint(1, self._filled),)
        ).fetchone()
        return number, trimmed(Known(*row), self._chance, number), True

    def place(self, count: int) -> dict[str, float]:
        """Place so many articles; returns CPU seconds by part, and counts."""
        todo = [self._next() for _ in range(count)]
        self._meter.spent.clear()
        self._meter.calls.clear()
        rows = commits = wall = 0.0
        found = joined = 0
        began, clock = time.process_time(), time.perf_counter()
        for at in range(0, count, _BATCH):
            with self._store.transaction():
                for number, known, copied in todo[at : at + _BATCH]:
                    start = time.process_time()
                    capture = self._store.add_capture(snapshot(number, known.url)) or 0
                    self._store.add_extraction(capture, EXTRACTOR, extraction(number, known))
                    rows += time.process_time() - start
                    joins = self._store.place(capture).kind in {"exact", "near", "rewrite"}
                    found += joins and copied
                    joined += joins and not copied
                start = time.process_time()
            commits += time.process_time() - start
        cpu, wall = time.process_time() - began, time.perf_counter() - clock
        spent = self._meter.spent
        return {
            "articles": count,
            "cpu": cpu,
            "wall": wall,
            "capture and extraction": rows,
            "commit": commits,
            "placing, the rest": cpu - rows - commits - spent["telling copies"] - spent["article and index"],
            **{name: spent.get(name, 0.0) for name in ("telling copies", "looking up", "reading", "article and index")},
            "texts read": self._meter.calls.get("reading", 0),
            "copies": sum(copied for *_, copied in todo),
            "copies found": found,
            "others joined": joined,
            "peak": peak_memory(),
        }

    def close(self) -> None:
        """Write the log into the file, and close it."""
        self._conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._store.close()


def ask(path: Path, count: int) -> dict[str, Any]:
    """Ask questions of two words that .01 to 1% of the articles hold, twice each; returns milliseconds of the second times."""
    from search import timed, words_by_share

    reader = open_reader(path, heap_limit=None)
    reader.time_limit = 600.0
    articles = reader.execute("SELECT max(pk) FROM articles").fetchone()[0]
    reader.execute("SELECT sum(length(authors)) FROM articles INDEXED BY articles_found WHERE hidden = 0").fetchall()
    drawn = random.Random(5)  # noqa: S311 - a sample
    words = words_by_share(reader, articles, drawn)["rare"]
    pairs = [" ".join(drawn.sample(words, 2)) for _ in range(count)]
    times = timed(pairs, lambda one: search(reader, one))[1]
    size = path.stat().st_size
    return {"search": times, "bytes": size, "rows": articles}


def main() -> None:
    """Do what standard input says."""
    path = Path(sys.argv[1])
    placing = Placing(path, Path(sys.argv[2]), int(sys.argv[3]))
    commands: dict[str, Callable[[int], dict[str, Any]]] = {"place": placing.place}
    for line in sys.stdin:
        name, count = line.split()
        if name == "search":
            placing.close()
            commands["search"] = lambda count: ask(path, count)
        print(json.dumps(commands[name](int(count))), flush=True)


if __name__ == "__main__":
    main()
