#!/usr/bin/env python3
"""What telling copies costs, at several sizes of an archive, beside datasketch's MinHash LSH on the same texts.

    MORGUE_CORPUS=… scripts/bench/dedupe.py [--sizes 5000,1000000] [--measured 1000] [--peers all|none] [--json FILE]

The first 5,000 texts are placed one by one: real news texts as far as there are, one in ten a copy that lost a third of its
sentences; beyond, the index is filled in bulk with texts made of the same words (news_mill.py). Then --measured are placed:
half real, half made, one in ten of each such a copy. CPU is this process's without making the texts; a look-up is timed by the
clock. The index is all that StoryDeduper keeps: digests, pairs, terms, lines. Without MORGUE_CORPUS all words are made up.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from environments import InstallError, default_folder, python_of  # noqa: E402
from news_mill import Mill, real_texts, trimmed  # noqa: E402
from result import result  # noqa: E402
from store import Texts  # noqa: E402

from archive.dedupe.candidates import FLOOR, Candidates, pairs_of  # noqa: E402
from archive.dedupe.cluster import cluster  # noqa: E402
from archive.dedupe.exact import EXACT_SCHEMA, Placed  # noqa: E402
from archive.dedupe.furniture import line_ids  # noqa: E402
from archive.dedupe.prepared import prepare  # noqa: E402
from archive.dedupe.story import STORY_SCHEMA, Known, StoryDeduper  # noqa: E402
from archive.urls import registered_domain  # noqa: E402

PEERS = Path(__file__).resolve().parent / "dedupe_peers"
COPIES = 10  # one text in so many
BATCH = 64  # texts of a transaction, as ingest commits
CHUNK = 2_000  # texts of a worker's task
SAMPLE = 10_000  # made texts from which the weights of a bulk's terms are told
EVERY = 8  # as Terms.count does

mill: Mill  # of this process and its workers


def say(line: str) -> None:
    """Tell what is going on, beside the figures."""
    print(line, file=sys.stderr, flush=True)


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="5000,1000000")
    parser.add_argument("--measured", type=int, default=1000, help="texts that are placed then")
    parser.add_argument(
        "--one-by-one", type=int, default=5000, help="texts that are placed before the index is filled in bulk"
    )
    parser.add_argument("--peers", choices=("all", "none"), default="all")
    parser.add_argument("--envs", type=Path, default=default_folder())
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args(words)


class Stock:
    """The texts of a run: number -> text. Real ones first, then made ones; one in ten is a copy of an earlier one."""

    def __init__(self, real: Sequence[Known], size: int, measured: int, one_by_one: int) -> None:
        self._one_by_one = min(size, one_by_one)
        self._kept = list(real[measured // 2 :])[: self._one_by_one]
        self._fresh = list(real[: measured // 2])
        self._size = size

    def known(self, number: int) -> Known:
        """Return a text. From the size of the archive on those that are measured: real and made in turn."""
        if number < self._one_by_one or number >= self._size:
            chance = random.Random(number)  # noqa: S311 - texts, not secrets
            if number and chance.randrange(COPIES) == 0:
                return trimmed(self._plain(chance.randrange(min(number, self._size))), chance, number)
        return self._plain(number)

    def _plain(self, number: int) -> Known:
        if number < len(self._kept):
            return self._kept[number]
        half, odd = divmod(number - self._size, 2)
        if number >= self._size and odd and half < len(self._fresh):
            return self._fresh[half]
        return mill.known(number)


@dataclass
class Spent:
    """What is measured of a placement."""

    reading: float = 0.0  # CPU seconds that making texts took, in all
    lookups: list[float] = field(default_factory=list)  # seconds by the clock
    compared: int = 0


def watched(conn: sqlite3.Connection, known: Callable[[int], Known], spent: Spent) -> StoryDeduper:
    """Return a deduper of which is known what look-ups and reading texts take."""

    def read(article: int) -> Known:
        started = time.process_time()
        try:
            return known(article)
        finally:
            spent.reading += time.process_time() - started
            spent.compared += 1

    class Timed(Candidates):
        def find(self, *words: Any) -> Any:
            started = time.perf_counter()
            try:
                return super().find(*words)
            finally:
                spent.lookups.append(time.perf_counter() - started)

    deduper = StoryDeduper(conn, read)
    deduper._pairs = Timed(conn)  # noqa: SLF001 - what is measured here is a part of it
    return deduper


def place(deduper: StoryDeduper, conn: sqlite3.Connection, texts: Sequence[tuple[int, Known]]) -> list[Placed]:
    """Place texts in batches of a transaction each."""
    found = []
    for at in range(0, len(texts), BATCH):
        conn.execute("BEGIN")
        for number, known in texts[at : at + BATCH]:
            found.append(
                deduper.place(
                    number,
                    text=known.text,
                    title=known.title,
                    language=known.language,
                    url=known.url,
                    at=f"{number:020d}",
                )
            )
        conn.execute("COMMIT")
    return found


def begin(texts: Sequence[str]) -> None:
    """Start a worker."""
    global mill  # noqa: PLW0603 - a worker's one state
    mill = Mill(texts)


def terms_in(numbers: range) -> Counter[int]:
    """Count in how many of these made texts a term occurs."""
    found: Counter[int] = Counter()
    for number in numbers:
        found.update(prepare(mill.known(number).text, "en").terms)
    return found


def rows_in(weights: dict[int, float], top: float, numbers: range) -> tuple[array[int], array[int], Counter[int]]:
    """Return the rows of made texts: pairs and articles in turn, lines and articles in turn, and terms with counts."""
    pairs, lines = array("q"), array("q")
    terms: Counter[int] = Counter()
    for number in numbers:
        known = mill.known(number)
        text = prepare(known.text, known.language)
        mine = text.terms
        for pair in pairs_of(text, {t: weights.get(t, top) for t in mine}):
            pairs.extend((pair, number))
        for line in set(line_ids(registered_domain(known.url), text.lines).values()):
            lines.extend((line, number))
        if number % EVERY == 0:
            terms.update(mine)
    return pairs, lines, terms


def bulk(conn: sqlite3.Connection, texts: Sequence[str], start: int, size: int) -> None:
    """Fill the index with made texts from `start` up to `size`, as if they had been placed."""
    chunks = [range(at, min(at + CHUNK, size)) for at in range(start, size, CHUNK)]
    conn.execute("PRAGMA temp_store = FILE")
    conn.execute("CREATE TEMP TABLE more_pairs (pair INTEGER, article INTEGER)")
    conn.execute("CREATE TEMP TABLE more_lines (line INTEGER, article INTEGER)")
    terms: Counter[int] = Counter()
    with ProcessPoolExecutor(os.cpu_count(), initializer=begin, initargs=(texts,)) as pool:
        sample, sampled = Counter[int](), min(SAMPLE, size - start)
        for each in pool.map(terms_in, [range(start + n, start + sampled, 4) for n in range(4)]):
            sample.update(each)
        weight = partial(idf_of, size)
        weights = {t: weight(n * size / sampled) for t, n in sample.items()}
        conn.execute("BEGIN")
        for done, (pairs, lines, counted) in enumerate(pool.map(partial(rows_in, weights, weight(0)), chunks), 1):
            conn.executemany("INSERT INTO more_pairs VALUES (?, ?)", zip(pairs[::2], pairs[1::2], strict=True))
            conn.executemany("INSERT INTO more_lines VALUES (?, ?)", zip(lines[::2], lines[1::2], strict=True))
            terms.update(counted)
            if done % 50 == 0:
                say(f"  {done * CHUNK:,} of {size - start:,} texts")
        conn.execute("COMMIT")
    conn.execute("BEGIN")
    conn.execute("INSERT OR IGNORE INTO dedupe_pairs SELECT pair, article FROM more_pairs ORDER BY pair, article")
    conn.execute(
        "INSERT INTO dedupe_lines SELECT line, count(*), max(article) FROM more_lines GROUP BY line ORDER BY line"
        " ON CONFLICT DO UPDATE SET stories = stories + excluded.stories"
    )
    conn.executemany(
        "INSERT INTO dedupe_terms VALUES (?, ?) ON CONFLICT DO UPDATE SET texts = texts + excluded.texts",
        [(0, size - start), *((t, n * EVERY) for t, n in sorted(terms.items()))],
    )
    chance = random.Random(size)  # noqa: S311 - digests of no text
    conn.executemany(
        "INSERT INTO dedupe_exact VALUES (?, ?, ?)",
        ((chance.randbytes(16), f"{n:020d}", n) for n in range(start, size)),
    )
    conn.execute("COMMIT")
    conn.execute("DROP TABLE temp.more_pairs")
    conn.execute("DROP TABLE temp.more_lines")


def idf_of(texts: int, having: float) -> float:
    """Return a weight as `Terms.idf` has it."""
    return math.log(texts + FLOOR) - math.log(max(having, 2))


def measure(
    real: Sequence[Known], words: Sequence[str], size: int, options: argparse.Namespace, folder: Path
) -> dict[str, float]:
    """Fill an archive's index and place more texts; return the figures."""
    path = folder / f"{size}.db"
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("PRAGMA journal_mode = WAL")
    conn.execute("PRAGMA synchronous = NORMAL")
    conn.execute("PRAGMA cache_size = -65536")
    for statement in (*EXACT_SCHEMA, *STORY_SCHEMA):
        conn.execute(statement)
    measured, first = options.measured, min(size, options.one_by_one)
    stock, spent = Stock(real, size, measured, first), Spent()
    deduper = watched(conn, stock.known, spent)
    say(f"{size:,} texts:")
    place(deduper, conn, [(number, stock.known(number)) for number in range(first)])
    if size > first:
        bulk(conn, words, first, size)
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages, free, page = (
        conn.execute(f"PRAGMA {n}").fetchone()[0] for n in ("page_count", "freelist_count", "page_size")
    )
    spent.reading, spent.compared = 0.0, 0
    spent.lookups.clear()
    texts = [(number, stock.known(number)) for number in range(size, size + measured)]
    started = time.process_time()
    placed = place(deduper, conn, texts)
    cpu = time.process_time() - started - spent.reading
    conn.close()
    copies = [n for n, (_, known) in enumerate(texts) if known.url.startswith("https://taker")]
    kinds = Counter(each.kind for each in placed)
    say(f"  {dict(kinds)}")
    return {
        "texts": size,
        "cpu_ms": cpu / measured * 1000,
        "lookup_ms": statistics.median(spent.lookups) * 1000,
        "lookup_p95_ms": statistics.quantiles(spent.lookups, n=20)[-1] * 1000,
        "compared": spent.compared / measured,
        "index_bytes": (pages - free) * page / size,
        "copies_found": sum(placed[n].joins for n in copies) / max(len(copies), 1),
        "others_joined": (sum(each.joins for each in placed) - sum(placed[n].joins for n in copies)) / measured,
        "characters": statistics.mean(len(known.text) for _, known in texts),
    }


def against_lsh(real: Sequence[Known], corpus: Path | None, envs: Path) -> dict[str, float]:
    """Place the same texts by both, and tell how well each clusters texts whose story is known."""
    size = len(real) or 500
    stock = Stock(real, size, 0, size)
    texts = [stock.known(number) for number in range(size)]
    rows = [
        {"id": n, "text": t.text, "title": t.title, "language": t.language, "url": t.url} for n, t in enumerate(texts)
    ]
    python = python_of(PEERS / "datasketch.txt", envs, say)
    _, ours = clustered(rows)
    found = {"texts": len(rows), "ours_cpu_ms": ours, "lsh_cpu_ms": lsh(python, rows)[1]}
    found["ratio"] = found["ours_cpu_ms"] / found["lsh_cpu_ms"]
    if corpus is not None:
        docs = [json.loads(line) for line in (corpus / "dedup/docs.jsonl").read_text(encoding="utf-8").splitlines()]
        gold = [d["cluster"] for d in docs]
        found["ours_f1"], found["lsh_f1"] = f1(gold, clustered(docs)[0]), f1(gold, lsh(python, docs)[0])
    return found


def clustered(rows: Sequence[Mapping[str, Any]]) -> tuple[list[object], float]:
    """Return the clusters by ours, and the CPU ms of a text."""
    started = time.process_time()
    found = [line["cluster"] for line in cluster(rows)]
    return found, (time.process_time() - started) / len(rows) * 1000


def lsh(python: Path, rows: Sequence[Mapping[str, Any]]) -> tuple[list[object], float]:
    """Return the clusters by the peer, and the CPU ms of a text."""
    words = "".join(json.dumps({"id": row["id"], "text": row["text"]}) + "\n" for row in rows)
    run = subprocess.run(
        [python, PEERS / "lsh.py"], input=words, capture_output=True, text=True, timeout=1800, check=True
    )
    said = json.loads(run.stdout)
    return said["clusters"], said["cpu_ms"]


def f1(gold: Sequence[object], mine: Sequence[object]) -> float:
    """Return pairwise F1."""

    def pairs(names: Iterator[object]) -> int:
        return sum(n * (n - 1) // 2 for n in Counter(names).values())

    both = pairs(zip(gold, mine, strict=True))
    return 2 * both / (pairs(iter(gold)) + pairs(iter(mine)))


def main() -> None:
    """Print the figures."""
    options = arguments()
    corpus = Path(os.environ["MORGUE_CORPUS"]) if "MORGUE_CORPUS" in os.environ else None
    if corpus:
        real = real_texts(corpus)
        words = [known.text for known in real]
    else:
        real, made = [], Texts()
        words = [made.text() for _ in range(300)]
    begin(words)
    say(f"{len(real)} real texts, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}")
    figures: dict[str, Any] = {"sizes": []}
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        for size in map(int, options.sizes.split(",")):
            found = measure(real, words, size, options, Path(folder))
            figures["sizes"].append(found)
            print(
                f"{size:>9,} texts: {found['cpu_ms']:.2f} ms CPU a text of {found['characters']:.0f} characters, look-up"
                f" {found['lookup_ms']:.2f} ms (p95 {found['lookup_p95_ms']:.2f}), {found['compared']:.2f} texts read,"
                f" index {found['index_bytes']:.0f} bytes a text; copies found {found['copies_found']:.1%},"
                f" others joined {found['others_joined']:.1%}",
                flush=True,
            )
    if options.peers == "all":
        try:
            figures["lsh"] = found = against_lsh(real, corpus, options.envs)
        except (InstallError, OSError, subprocess.SubprocessError) as error:
            say(f"datasketch left out: {error}")
        else:
            print(
                f"{found['texts']} texts: ours {found['ours_cpu_ms']:.2f} ms CPU a text, datasketch's MinHash LSH"
                f" {found['lsh_cpu_ms']:.2f} ms: {found['ratio']:.2f} times"
            )
            if corpus:
                print(f"texts of known stories: F1 ours {found['ours_f1']:.3f}, LSH {found['lsh_f1']:.3f}")
    last = figures["sizes"][-1]
    told = {
        f"{last['texts']:,} texts: CPU ms a text": last["cpu_ms"],
        f"{last['texts']:,} texts: copies found": last["copies_found"],
    }
    if "lsh" in figures:
        told["ours / MinHash LSH (CPU)"] = figures["lsh"]["ratio"]
    result(told)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
