#!/usr/bin/env python3
"""Read many generated captures again, and see that memory stays flat: writer and workers under 1 GB in all.

Usage: scripts/check-long.d/reextract-memory.py [CAPTURES [FOLDER]]      (default: 20,000; the measured long form: 200,000)

The archive is filled by a plain reader and without looking for copies, because what is watched is the second reading: by the
installed extractor, with two processes. One page in ten reads otherwise then, so that its article is told, indexed and
compared with all others anew. FOLDER is kept, and used again when it is there.
"""

from __future__ import annotations

import os
import random
import re
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from archive.clock import SystemClock  # noqa: E402 - the path comes first
from archive.dedupe.exact import Placed  # noqa: E402
from archive.extract import ExtractionPool, ExtractTask  # noqa: E402
from archive.folder import ArchiveFolder  # noqa: E402
from archive.ingest import Ingest  # noqa: E402
from archive.model import Extraction, ExtractorId  # noqa: E402
from archive.reading import unread  # noqa: E402
from archive.reextract import Extractor, Wanted, reextract  # noqa: E402
from archive.reextract.main import Rules  # noqa: E402
from archive.schema import open_archive  # noqa: E402
from archive.sources import load_sources  # noqa: E402
from archive.store import Store  # noqa: E402
from archive.warc import find_warc  # noqa: E402
from tests.warc_tools import T0, Clock, exchange, keep, writer  # noqa: E402

MOST = 10**9  # bytes, of writer and workers together
_SITES = 20
_WORDS = [
    "harbour",
    "council",
    "tide",
    "master",
    "ferry",
    "storm",
    "bridge",
    "works",
    "report",
    "minister",
    "market",
    "school",
    "river",
    "quay",
    "lock",
    "fleet",
]
_PARAGRAPH = re.compile(rb"<p>(.*?)</p>", re.DOTALL)
_TITLE = re.compile(rb"<title>(.*?)</title>", re.DOTALL)


def page(number: int) -> bytes:
    """Return a page of some 300 words, no two of which are alike."""
    dice = random.Random(number)  # noqa: S311 - the same page for the same number

    def sentence() -> str:
        words = [
            dice.choice(_WORDS) if dice.random() < 0.6 else f"{dice.choice('bdgklmnprst')}{dice.getrandbits(24):x}"
            for _ in range(14)
        ]
        return " ".join(words).capitalize() + "."

    body = "".join(f"<p>{' '.join(sentence() for _ in range(4))}</p>" for _ in range(5))
    title = f"{sentence()[:40]} {number}"
    return (
        f'<html lang="en"><head><title>{title}</title><meta property="og:type" content="article"></head><body><nav><a href="/">'
        f"Home</a></nav><article><h1>{title}</h1>{body}</article><footer>All rights reserved</footer></body></html>"
    ).encode()


def read_plainly(task: ExtractTask) -> Extraction:
    """Read a generated page by its markup; one in ten without its last paragraph."""
    snapshot = task.snapshot
    if snapshot is None:
        raise ValueError("only captures are read here")
    parts = [part.decode() for part in _PARAGRAPH.findall(snapshot.body)]
    title = _TITLE.search(snapshot.body)
    if snapshot.url.endswith("0"):
        parts.pop()
    return Extraction(article=True, title=title[1].decode() if title else None, text="\n\n".join(parts), language="en")


class _Alone:
    """A deduper to whom every text is new."""

    def place(self, *_: Any, **__: Any) -> Placed:
        return Placed("new")

    def revise(self, *_: Any, **__: Any) -> None:
        pass

    def forget(self, *_: Any) -> None:
        pass

    def clear(self) -> None:
        pass


def fill(folder: ArchiveFolder, captures: int) -> None:
    """Write the shelf and read it once."""
    for path in (folder.root, folder.warc, folder.reports):
        path.mkdir(parents=True, exist_ok=True)
    folder.sources.write_text('contact = "mailto:desk@paper.example"\n', encoding="utf-8")
    folder.decisions.touch()
    clock = Clock()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    with writer(folder.warc, clock, run_id="many") as out:
        for number in range(captures):
            clock.when = T0 + timedelta(seconds=number)
            site = f"paper-{number % _SITES}"
            one = exchange(head, page(number), url=f"https://{site}.example/news/{number}", started_at=clock.when)
            keep(out, one, source=site)
    database = open_archive(folder.archive_db, create=True)
    store = Store(database, clock, deduper=_Alone())
    with ExtractionPool(0, work=read_plainly) as pool:
        ingest = Ingest(store, pool, load_sources(folder.sources), find=lambda name: find_warc(folder.warc, name))
        report = ingest.files(unread(folder, store))
    database.conn.close()
    print(f"{report.captures:,} captures, {report.new:,} articles", flush=True)


def memory_of(root: int) -> int:
    """Return the resident bytes of a process and its children, shared pages counted once (proportional set size)."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
                )
            except OSError:
                continue
    total = 0
    for pid in {root} | {pid for pid, parent in parents.items() if parent == root}:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
        except OSError:
            continue
        found = re.search(r"^Pss:\s+(\d+) kB", lines, re.MULTILINE)
        total += int(found[1]) * 1024 if found else 0
    return total


def main() -> None:
    """Run it."""
    captures = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as name:
        folder = ArchiveFolder(Path(sys.argv[2]) if len(sys.argv) > 2 else Path(name) / "many")
        if not folder.archive_db.exists():
            fill(folder, captures)
        seen: list[tuple[float, int]] = []
        over = threading.Event()
        begun = time.monotonic()

        def watch() -> None:
            while not over.wait(2):
                seen.append((time.monotonic() - begun, memory_of(os.getpid())))

        threading.Thread(target=watch, daemon=True).start()
        extractor = Extractor(identity=ExtractorId(name="morgue", version=f"again-{time.time():.0f}", config=""))
        phases: dict[str, float] = {}

        def on_page(done: int, of: int) -> None:
            if done == of:
                phases["read"] = time.monotonic() - begun

        result = reextract(
            folder, Wanted(), Rules(force=True), clock=SystemClock(), jobs=2, extractor=extractor, on_page=on_page
        )
        over.set()
        read = phases.get("read", 0.0)
        changed = sum(one.changed for one in result.sources)
        print(
            f"{result.done.captures:,} read again in {read:.0f} s, {changed:,} articles changed; "
            f"{time.monotonic() - begun:.0f} s in all"
        )
        tenths = [seen[len(seen) * part // 10 : len(seen) * (part + 1) // 10] for part in range(10)]
        print(
            "MiB at most in each tenth of the time:", [max((b for _, b in each), default=0) // 2**20 for each in tenths]
        )
        most = max(b for _, b in seen)
        if result.done.captures != captures or result.done.failed or most >= MOST:
            raise SystemExit(f"{result.done} of {captures:,}, {most:,} bytes at most")


if __name__ == "__main__":
    main()
