#!/usr/bin/env python3
"""Whether an article costs the same in a large archive as in a small one: placing, storing and indexing, at several sizes.

    MORGUE_CORPUS=… scripts/bench/growth.py [--sizes 1000,10000,100000,1000000] [--keep FOLDER] [--json FILE] [--image FILE]

Each size is filled in bulk with made-up articles, all that copies are told by included (growth_fill.py, growth_mill.py). Then
--measured further ones, one in ten a cut copy of an earlier one, are placed through the real store. The sizes take turns, a
slice at a time, and between them real pages are extracted: what else the machine does meets all of them alike. Told are medians
over the slices, in CPU time. Extraction costs what it costs whatever there is already, so the whole of an article is its mean
plus the rest. Without MORGUE_CORPUS all words are made up and extraction is left out.

A million articles take 20 GB and some 40 minutes of CPU time. --keep keeps the archives, and fills only what is not there.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import growth_fill  # noqa: E402 - the path comes first
from chart import Bars, save  # noqa: E402
from growth_mill import BATCH  # noqa: E402
from news_mill import real_texts  # noqa: E402
from result import result  # noqa: E402
from store import Texts  # noqa: E402

PARTS = ("telling copies", "article and index", "capture and extraction", "placing, the rest", "commit")
BASE = 10_000  # the size that others are compared with


def say(line: str) -> None:
    """Tell what is going on, beside the figures."""
    print(f"{time.strftime('%T')} {line}", file=sys.stderr, flush=True)


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000,100000,1000000", help="articles, in thousands each")
    parser.add_argument("--measured", type=int, default=5000, help="articles that are placed then")
    parser.add_argument("--slice", type=int, default=250, help="articles of a turn")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--pages", type=int, default=200, help="real pages that are extracted")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--image", type=Path, metavar="FILE", help="draw a chart (PNG)")
    asked = parser.parse_args(words)
    asked.sizes = [int(each) for each in asked.sizes.split(",")]
    if any(size < BATCH or size % BATCH for size in asked.sizes):
        parser.error(f"--sizes: archives are filled by the {BATCH:,} articles: say 1000,10000")
    return asked


class Child:
    """A process that holds one archive open."""

    def __init__(self, stack: ExitStack, archive: Path, texts: Path) -> None:
        script = Path(__file__).with_name("growth_place.py")
        self._process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, script, archive, texts, "10"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        )
        stack.callback(self._process.kill)

    def ask(self, command: str, count: int) -> dict[str, Any]:
        """Return what the child answers. Raises `RuntimeError` if it has died."""
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("both are pipes")
        self._process.stdin.write(f"{command} {count}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"growth_place.py died on `{command} {count}`: its last words stand above")
        return dict(json.loads(line))


def write_texts(path: Path, first: int, count: int) -> None:
    """Write the articles that will be placed: those that follow `first`."""
    with path.open("w", encoding="utf-8") as out:
        for batch in range(first // BATCH, -(-(first + count) // BATCH)):
            for known in growth_fill.articles(batch):
                out.write(json.dumps([known.text, known.title, known.language, known.url]) + "\n")


def pages_of(corpus: Path, most: int) -> Iterator[tuple[str, bytes]]:
    """Yield real pages, from all over the corpus."""
    rows = [json.loads(line) for line in (corpus / "replay/manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in rows[:: max(1, len(rows) // most)][:most]:
        yield row["url"], gzip.decompress((corpus / "replay" / row["revs"][0]["path"]).read_bytes())


def extract_all(pages: Sequence[tuple[str, bytes]]) -> list[float]:
    """Return the CPU seconds of each page's extraction in this process."""
    from archive.extract import Page
    from archive.extract.extract import extract

    spent = []
    for url, body in pages:
        began = time.process_time()
        extract(Page(url=url, body=body))
        spent.append(time.process_time() - began)
    return spent


def figures(slices: Sequence[dict[str, float]], asked: dict[str, Any], extraction: float | None) -> dict[str, Any]:
    """Return what one size cost: milliseconds an article, medians over its slices."""

    def each(name: str) -> float:
        return 1e3 * statistics.median(one[name] / one["articles"] for one in slices)

    articles = sum(one["articles"] for one in slices)
    costs = sorted(1e3 * one["cpu"] / one["articles"] for one in slices)
    found = {
        "articles": asked["rows"],
        "cpu_ms": each("cpu"),
        "cpu_ms_range": [costs[0], costs[-1]],
        "per_cpu_second": 1e3 / each("cpu"),
        "parts_ms": {name: each(name) for name in PARTS},
        "looking_up_ms": each("looking up"),
        "texts_read": sum(one["texts read"] for one in slices) / articles,
        "copies_found": sum(one["copies found"] for one in slices) / max(1, sum(one["copies"] for one in slices)),
        "others_joined": sum(one["others joined"] for one in slices) / articles,
        "search_p50_ms": statistics.median(asked["search"]),
        "search_p95_ms": statistics.quantiles(asked["search"], n=20)[-1],
        "bytes": asked["bytes"] / asked["rows"],
        "peak_mb": max(one["peak"] for one in slices) / 1e6,
    }
    if extraction is not None:
        found["with_extraction_ms"] = found["cpu_ms"] + extraction
    return found


def told(size: int, found: dict[str, Any]) -> None:
    """Print the figures of one size."""
    parts = ", ".join(f"{name} {value:.2f}" for name, value in found["parts_ms"].items())
    whole = f"; with extraction {found['with_extraction_ms']:.1f} ms" if "with_extraction_ms" in found else ""
    low, high = found["cpu_ms_range"]
    print(
        f"{size:>9,} articles: {found['cpu_ms']:.2f} ms CPU an article ({low:.2f} to {high:.2f}), that is"
        f" {found['per_cpu_second']:.0f} a CPU second{whole}\n"
        f"          {parts}; looking up {found['looking_up_ms']:.2f}, {found['texts_read']:.2f} texts read; copies found"
        f" {found['copies_found']:.1%}, others joined {found['others_joined']:.1%}\n"
        f"          two words p50 {found['search_p50_ms']:.1f} ms, p95 {found['search_p95_ms']:.1f} ms; archive.db"
        f" {found['bytes'] / 1e3:.1f} KB an article; peak memory {found['peak_mb']:.0f} MB",
        flush=True,
    )


def chart(path: Path, sizes: dict[str, dict[str, Any]], extraction: float | None) -> None:
    """Draw what an article costs at each size."""
    parts = ["telling copies", "article and index", "the rest"]
    bars = {}
    for size, found in sizes.items():
        copies, index = (found["parts_ms"][name] for name in parts[:2])
        bars[f"{int(size):,}"] = [copies, index, found["cpu_ms"] - copies - index]
        if extraction is not None:
            bars[f"{int(size):,}"].insert(0, extraction)
    save(
        path,
        Bars(
            title="what an article costs in archives of several sizes",
            upward="CPU ms per article",
            along="articles in the archive",
            parts=parts if extraction is None else ["extraction", *parts],
            bars=bars,
        ),
    )


def measure(asked: argparse.Namespace, folder: Path, corpus: Path | None) -> dict[str, Any]:
    """Fill, place in turns, ask; returns all figures."""
    for size in asked.sizes:
        say(f"filling {size:,} articles")
        path = folder / f"{size}.db"
        if not path.exists():
            unfinished = folder / f"{size}.open"
            unfinished.unlink(missing_ok=True)  # of a run that was ended: filled without a journal, it may be torn
            growth_fill.fill(unfinished, size, asked.workers, say)
            unfinished.rename(path)
    pages = list(pages_of(corpus, asked.pages)) if corpus else []
    extract_all(pages[:3])  # libraries load their parts with the first pages
    slices: dict[int, list[dict[str, float]]] = {size: [] for size in asked.sizes}
    extracted: list[float] = []
    answers = {}
    with ExitStack() as stack:
        children = {}
        for size in asked.sizes:
            conn = sqlite3.connect(folder / f"{size}.db")
            first = conn.execute("SELECT max(pk) FROM articles").fetchone()[0]
            conn.close()
            write_texts(texts := folder / f"{size}.jsonl", first, asked.measured)
            children[size] = Child(stack, folder / f"{size}.db", texts)
        turns = -(-asked.measured // asked.slice)
        for turn in range(turns):
            for size, child in children.items():
                slices[size].append(child.ask("place", min(asked.slice, asked.measured - turn * asked.slice)))
            extracted += extract_all(pages[turn::turns])
            say(f"turn {turn + 1} of {turns}")
        for size, child in children.items():
            answers[size] = child.ask("search", asked.questions)
    mean = 1e3 * statistics.mean(extracted) if extracted else None
    sizes = {str(size): figures(slices[size], answers[size], mean) for size in asked.sizes}
    found: dict[str, Any] = {"measured": asked.measured, "extraction_ms": mean, "pages": len(pages), "sizes": sizes}
    return found


def main() -> int:
    """Measure and print."""
    asked = arguments()
    corpus = Path(os.environ["MORGUE_CORPUS"]) if "MORGUE_CORPUS" in os.environ else None
    made = Texts()
    words = [known.text for known in real_texts(corpus)] if corpus else [made.text() for _ in range(300)]
    growth_fill.begin(words)
    with ExitStack() as stack:
        folder = asked.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="morgue-growth-")))
        folder.mkdir(parents=True, exist_ok=True)
        found = measure(asked, folder, corpus)
    for size, each in found["sizes"].items():
        told(int(size), each)
    if found["extraction_ms"] is not None:
        print(f"extraction: {found['extraction_ms']:.1f} ms CPU a page, mean of {found['pages']}")
    ratios = {}
    base = found["sizes"].get(str(BASE))
    for size, each in found["sizes"].items():
        if base is not None and int(size) > BASE:
            cost = "cpu_ms" if found["extraction_ms"] is None else "with_extraction_ms"
            ratios[size] = each[cost] / base[cost]
            print(
                f"an article at {int(size):,} costs {ratios[size]:.2f} of one at {BASE:,}"
                f" ({each['cpu_ms'] / base['cpu_ms']:.2f} without extraction)"
            )
    found |= {"ratios": ratios, "python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    if asked.image:
        chart(asked.image, found["sizes"], found["extraction_ms"])
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    last = str(max(asked.sizes))
    result(
        {f"cost of an article at {int(size):,}, times that at {BASE:,}": ratio for size, ratio in ratios.items()}
        | {
            f"place, store, index at {int(last):,}: CPU ms an article": found["sizes"][last]["cpu_ms"],
            f"two words at {int(last):,}: p50 ms": found["sizes"][last]["search_p50_ms"],
            "archive.db: KB an article": found["sizes"][last]["bytes"] / 1e3,
        }
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
