#!/usr/bin/env python3
"""Measure how quickly an archive of a million articles answers, against bare FTS5 on the same texts in the same run.

    MORGUE_CORPUS=… scripts/bench/search.py [--articles 1000000] [--queries 200] [--keep archive.db]

The articles are made up with the words of real ones (search_archive.py; a million take half an hour and 8 GB). Words are drawn
by the share of articles that hold them: .01% to 1%, and about 10%. A question is timed by the clock, in the process: a search
brings 20 hits with marks and snippets, one per story. Bare FTS5 brings the rowids of the same match in its own order. Each is
asked twice: the first time what is not in the machine's memory comes from its disk, and that is what is measured then.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from result import result
from search_archive import make

from archive.query import Reader, count, facets, open_reader, search
from archive.query.reader import TIME_LIMIT
from archive.query.words import parse_words
from archive.terms import algorithm_for

_SAMPLE = 4000  # articles whose words are drawn from
_ALGORITHMS = sorted(filter(None, map(algorithm_for, ("en", "de"))))


def words_by_share(conn: Reader, articles: int, drawn: random.Random) -> dict[str, list[str]]:
    """Return words by how many articles hold them: `rare` (.01% to 1%) and `frequent` (8% to 12%)."""
    held: Counter[str] = Counter()
    for _ in range(_SAMPLE):
        row = conn.execute("SELECT text_terms FROM articles WHERE pk = ?", (drawn.randint(1, articles),)).fetchone()
        held.update(set(row[0].split()))
    shares = {"rare": (0.0001, 0.01), "frequent": (0.08, 0.12)}
    found: dict[str, list[str]] = {name: [] for name in shares}
    candidates = [word for word in sorted(held) if word.isalpha() and len(word) > 2]
    drawn.shuffle(candidates)
    for word in candidates:
        for name, (least, most) in shares.items():
            about = held[word] / _SAMPLE
            if len(found[name]) < 120 and (about <= most * 1.5) and (about >= least / 2 or least * _SAMPLE < 3):
                there = conn.execute(
                    "SELECT count(*) FROM articles_fts WHERE articles_fts MATCH ?", (f'"{word}"',)
                ).fetchone()[0]
                if least <= there / articles <= most:
                    found[name].append(word)
    return found


def timed(asked: Sequence[str], ask: Callable[[str], object]) -> tuple[list[float], list[float]]:
    """Return milliseconds of each question, asked for the first time and at once again."""
    spent: tuple[list[float], list[float]] = ([], [])
    for words in asked:
        for times in spent:
            began = time.perf_counter()
            ask(words)
            times.append(1e3 * (time.perf_counter() - began))
    return spent


def told(
    name: str,
    spent: tuple[list[float], list[float]],
    limit: float | None,
    bare: tuple[list[float], list[float]] | None = None,
) -> float:
    """Print one line of figures; returns the median of the second times."""
    first, again = (statistics.quantiles(times, n=20)[-1] for times in spent)
    line = f"{name}: p50 {statistics.median(spent[1]):.1f} ms, p95 {again:.1f} ms, p95 of first times {first:.1f} ms"
    if limit is not None:
        line += f" (asked: under {limit:g})"
    if bare is not None:
        line += f"; {statistics.median(a / b for a, b in zip(spent[1], bare[1], strict=True)):.2f} times bare FTS5"
    print(line, flush=True)
    return statistics.median(spent[1])


def measure(path: Path, count_of: int, queries: int) -> dict[str, float]:
    """Ask and print; returns the medians of the main questions."""
    figures = {}
    conn = open_reader(path, heap_limit=None)
    drawn = random.Random(5)  # noqa: S311 - a sample
    conn.time_limit = 600.0  # words are counted, on a disk that may be cold
    began = time.perf_counter()
    conn.execute("SELECT sum(length(authors)) FROM articles INDEXED BY articles_found WHERE hidden = 0").fetchall()
    print(
        f"the short rows were read once, in {time.perf_counter() - began:.1f} s", flush=True
    )  # as a server has them soon
    words = words_by_share(conn, count_of, drawn)
    conn.time_limit = TIME_LIMIT
    print({name: len(found) for name, found in words.items()}, "words drawn from", flush=True)

    def bare(asked: str) -> object:
        match = parse_words(asked, _ALGORITHMS).match
        return conn.execute(
            "SELECT rowid FROM articles_fts WHERE articles_fts MATCH ? ORDER BY rank LIMIT 20", (match,)
        ).fetchall()

    for name, limit, facet_limit in (("rare", 60, 150), ("frequent", 400, None)):
        pairs = [" ".join(drawn.sample(words[name], 2)) for _ in range(queries)]
        singles = [drawn.choice(words[name]) for _ in range(queries)]
        for kind, asked in (("two words", pairs), ("one word", singles)):
            by_itself = timed(asked, bare)
            figures[f"{name} words, {kind}: p50 ms"] = told(
                f"{name}, {kind}, with snippets", timed(asked, lambda one: search(conn, one)), limit, by_itself
            )
            told(
                f"{name}, {kind}, newest first",
                timed(asked, lambda one: search(conn, one, sort="newest")),
                None,
                by_itself,
            )
            told(
                f"{name}, {kind}, one source",
                timed(asked, lambda one: search(conn, one, source="paper3")),
                None,
                by_itself,
            )
            told(f"{name}, {kind}, count", timed(asked, lambda one: count(conn, one)), None, by_itself)
            told(f"{name}, {kind}, facets", timed(asked, lambda one: facets(conn, one)), facet_limit, by_itself)
    nothing = [""] * queries
    told("newest first without words", timed(nothing, lambda one: search(conn, one, sort="newest")), 10)
    told("newest of one source", timed(nothing, lambda one: search(conn, one, source="paper3", sort="newest")), 10)
    told("page 50 of the newest", timed(nothing[:20], lambda one: search(conn, one, sort="newest", offset=1000)), None)
    told("facets without words", timed(nothing[:40], lambda one: facets(conn, one)), 150)
    told("facets of one source", timed(nothing[:40], lambda one: facets(conn, one, None)), 150)
    return figures


def main() -> int:
    """Measure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--articles", type=int, default=1_000_000)
    options.add_argument("--queries", type=int, default=200)
    options.add_argument("--keep", type=Path, help="keep the database here, or ask the one that is there")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = asked.keep or Path(folder) / "archive.db"
        if not path.exists():
            make(path, asked.articles)
        result(measure(path, asked.articles, asked.queries))
    return 0


if __name__ == "__main__":
    sys.exit(main())
