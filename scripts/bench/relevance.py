#!/usr/bin/env python3
"""Measure known-item search: whether an article is found by what a person remembers of it.

    MORGUE_CORPUS=… scripts/bench/relevance.py [--queries 300] [--seed 1] [--keep archive.db] [--misses]

All replay pages are read and placed as ingest does it. Of randomly drawn articles three kinds of queries are made, a third
each: five words in a row of the text's middle, one of them rare, typed without quotes; two words of the title; a name of
two words that stands in the text (capital letters within a sentence). Words of fewer than four letters are not drawn alone.
What is told: in how many cases the article's story is the first hit, and among the first ten; and the same with FTS5 by itself
(the same stems, title and text alike, no phrases).
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from result import result

from archive.clock import SystemClock
from archive.extract.extract import extract
from archive.extract.page import Page
from archive.model import ExtractorId, RecordRef, Snapshot
from archive.query import open_reader, search
from archive.schema import open_archive
from archive.store import Store
from archive.terms import ALGORITHMS, SPACELESS, query_terms, words_of

_RARE = 20  # articles that a rare word stands in, at most
_LEAST = 4  # letters of a word that is drawn alone
_SPACELESS = re.compile(f"[{SPACELESS}]")
_NAME = re.compile(r"(?<=[a-z,] )([A-Z][a-z]{2,} [A-Z][a-z]{2,})(?=[ ,.])")
_STEMMERS = sorted(set(ALGORITHMS.values()))
_EXTRACTOR = ExtractorId(name="bench", version="1", config="")


def fill(corpus: Path, path: Path) -> None:
    """Read and place the replay pages."""
    store = Store(open_archive(path, create=True), SystemClock())
    replay = corpus / "replay"
    rows = [json.loads(line) for line in (replay / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    for number, row in enumerate(rows):
        kept = row["revs"][-1]
        body = gzip.decompress((replay / kept["path"]).read_bytes())
        at = datetime.fromisoformat(kept["captured"]) if kept.get("captured") else datetime(2026, 1, 1, tzinfo=UTC)
        said = extract(
            Page(url=row["url"], body=body, headers=(("Content-Type", kept.get("content_type") or "text/html"),))
        )
        with store.transaction():
            capture = store.add_capture(
                Snapshot(
                    url=row["url"],
                    captured_at=at if at.tzinfo else at.replace(tzinfo=UTC),
                    record_type="response",
                    status=200,
                    headers=(("Content-Type", "text/html"),),
                    body=b"",
                    payload_digest=f"sha1:{number:032}",
                    ref=RecordRef(warc="bench.warc.gz", offset=number * 9000, length=9000),
                    source=row["host"],
                )
            )
            if capture is not None:
                store.add_extraction(capture, _EXTRACTOR, said)
                store.place(capture)
        if number % 500 == 499:
            print(f"{number + 1} of {len(rows)} pages read", file=sys.stderr, flush=True)
    store.close()


def queries(conn: Connection, count: int, seed: int) -> list[tuple[str, str, str]]:
    """Return (kind, what is typed, id of the story's founding article), as many as asked for."""
    drawn = random.Random(seed)  # noqa: S311 - a sample
    rows = conn.execute(
        "SELECT a.title, a.text, s.id FROM articles a JOIN stories s ON s.pk = a.story WHERE a.hidden = 0 ORDER BY a.id"
    ).fetchall()
    common: Counter[str] = Counter()
    for _, text, _ in rows:
        common.update({word.casefold() for word in words_of(text)})
    drawn.shuffle(rows)
    made: list[tuple[str, str, str]] = []
    wanted = {"phrase": count // 3, "title": count // 3, "name": count - 2 * (count // 3)}
    for title, text, story in rows:
        kind = max(wanted, key=lambda name: wanted[name])
        typed = {"phrase": _phrase, "title": _title, "name": _name}[kind](title or "", text, common, drawn)
        if typed:
            made.append((kind, typed, story))
            wanted[kind] -= 1
        if len(made) == count:
            break
    return made


def _phrase(_title: str, text: str, common: Counter[str], drawn: random.Random) -> str | None:
    middle = text[len(text) // 3 : 2 * len(text) // 3]
    if len(_SPACELESS.findall(middle)) > len(middle) // 4:
        at = drawn.randrange(max(1, len(middle) - 12))
        return middle[at : at + 8].strip() or None
    words = words_of(middle)[1:-1]
    rare = [n for n, word in enumerate(words) if common[word.casefold()] <= _RARE and len(word) >= _LEAST]
    if len(words) < 10 or not rare:
        return None
    at = max(0, min(drawn.choice(rare) - drawn.randrange(5), len(words) - 5))
    return " ".join(words[at : at + 5])


def _title(title: str, _text: str, _common: Counter[str], drawn: random.Random) -> str | None:
    if _SPACELESS.search(title):
        at = drawn.randrange(max(1, len(title) - 6))
        return title[at : at + 5].strip() or None
    words = sorted({word for word in words_of(title) if len(word) >= _LEAST})
    return " ".join(drawn.sample(words, 2)) if len(words) > 1 else None


def _name(_title: str, text: str, _common: Counter[str], drawn: random.Random) -> str | None:
    names = sorted(set(_NAME.findall(text)))
    return drawn.choice(names) if names else None


def bare(conn: Connection, typed: str) -> list[str]:
    """Return the stories of the first ten articles that FTS5 finds by itself: all words by their stems, each counting once."""
    match = " AND ".join(
        "(" + " OR ".join(f'"{" ".join(terms)}"' for terms, _ in query_terms(word, _STEMMERS)) + ")"
        for word in words_of(typed)
    )
    sql = (
        "SELECT s.id FROM articles_fts f JOIN articles a ON a.pk = f.rowid JOIN stories s ON s.pk = a.story"
        " WHERE articles_fts MATCH ? ORDER BY bm25(articles_fts, 1.0, 1.0) LIMIT 10"
    )
    return [row[0] for row in conn.execute(sql, (match,))] if match else []


def main() -> int:
    """Measure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--queries", type=int, default=300)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--keep", type=Path, help="keep the database here, or ask the one that is there")
    options.add_argument("--misses", action="store_true", help="print what was not found first")
    asked = options.parse_args()
    corpus = os.environ.get("MORGUE_CORPUS")
    with tempfile.TemporaryDirectory() as folder:
        path = asked.keep or Path(folder) / "archive.db"
        if not path.exists():
            if not corpus:
                print("MORGUE_CORPUS is not set: there are no pages to look for", file=sys.stderr)
                return 1
            fill(Path(corpus), path)
        conn = open_reader(path, time_limit=600, heap_limit=None)
        ranks: dict[str, list[int]] = {}
        for kind, typed, story in queries(conn, asked.queries, asked.seed):
            found = [hit.story for hit in search(conn, typed, limit=10)]
            place = found.index(story) + 1 if story in found else 0
            ranks.setdefault(kind, []).append(place)
            others = bare(conn, typed)
            ranks.setdefault(f"{kind}, bare FTS5", []).append(others.index(story) + 1 if story in others else 0)
            if asked.misses and place != 1:
                print(f"{kind}: {typed!r} at {place or 'more than 10'}, {len(found)} hits on the first page")
        for kind in ("", ", bare FTS5"):
            ranks[f"all{kind}"] = [
                place for name in ("phrase", "title", "name") for place in ranks.get(f"{name}{kind}", [])
            ]
        figures = {}
        for kind, places in ranks.items():
            first, ten = sum(place == 1 for place in places), sum(place > 0 for place in places)
            print(
                f"{kind}: {len(places)} queries, first {first / len(places):.1%}, in the first ten {ten / len(places):.1%}"
            )
            figures[f"{kind}: first"] = first / len(places)
        result({name: value for name, value in figures.items() if name.startswith("all")})
    return 0


if __name__ == "__main__":
    sys.exit(main())
