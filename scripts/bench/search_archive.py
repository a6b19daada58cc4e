"""An archive.db of as many made-up articles as wanted, written past ingest: for measuring how it is asked.

Words come as often as in real news texts (those of MORGUE_CORPUS in English; without it from Zipf's law), three in a hundred
are names of two million. One article in eight is a copy in another's story. Rows are written with the triggers in place, so
that the index is as ingest leaves it; captures, extractions and revisions, which a search does not read, are left out.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from archive.schema import open_archive
from archive.store.rows import stamp
from archive.terms import terms, words_of

sys.path.insert(0, str(Path(__file__).resolve().parent))

from news_mill import real_texts

NAMES, NAME_SHARE = 2_000_000, 0.03
SOURCES, DAYS, AUTHORS = 200, 3650, 4000
_CHUNK = 20_000
_BEGIN = datetime(2016, 11, 20, tzinfo=UTC)
_COLUMNS = (
    "pk", "id", "url", "url_key", "source", "domain", "title", "authors", "published", "published_precision", "published_via",
    "language", "word_count", "first_seen", "last_seen", "sort_at", "story", "kind", "digest", "title_terms", "text",
    "text_terms",
)  # fmt: skip
_INSERT = f"INSERT INTO articles ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608
_SYLLABLES = [a + b for a in "bcdfghklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "in")]


def frequencies() -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return words, how often each is used, and lengths of texts in words."""
    corpus = os.environ.get("MORGUE_CORPUS")
    if not corpus:
        words = [name(number) for number in range(60_000)]
        return words, 1 / (np.arange(60_000) + 2.7), np.full(1, 420)
    counted: Counter[str] = Counter()
    lengths = []
    for text in real_texts(Path(corpus)):
        if text.language == "en":
            found = words_of(text.text)
            counted.update(found)
            lengths.append(len(found))
    return list(counted), np.array(list(counted.values()), dtype=float), np.array(lengths)


def name(number: int) -> str:
    """Return the made-up name of a number, with a capital."""
    found = ""
    number += 20_000
    while number:
        number, at = divmod(number, len(_SYLLABLES))
        found += _SYLLABLES[at]
    return found.capitalize()


class Mill:
    """Makes texts and their terms as the index holds them."""

    def __init__(self, seed: int = 7) -> None:
        self._random = np.random.default_rng(seed)
        words, counts, self._lengths = frequencies()
        self._sums = np.cumsum(counts / counts.sum())
        self._names = np.cumsum(1 / (np.arange(NAMES) + 50.0))
        self._names /= self._names[-1]
        self._words, self._terms = words, [terms(word, "en") for word in words]

    def chunk(self, count: int) -> Iterator[tuple[str, str, str, str]]:
        """Yield `count` titles, texts, and both as terms."""
        lengths = self._random.choice(self._lengths, count) + 8
        total = int(lengths.sum())
        at = np.minimum(np.searchsorted(self._sums, self._random.random(total)), len(self._words) - 1)
        own = np.flatnonzero(self._random.random(total) < NAME_SHARE)
        numbers = np.searchsorted(self._names, self._random.random(len(own)))
        words = [self._words[number] for number in at.tolist()]
        folded = [self._terms[number] for number in at.tolist()]
        for place, number in zip(own.tolist(), numbers.tolist(), strict=True):
            words[place] = made = name(number)
            folded[place] = made.lower()
        start = 0
        for length in lengths.tolist():
            end = start + length
            title, text = " ".join(words[start : start + 8]), _set(words[start + 8 : end])
            yield title, text, " ".join(folded[start : start + 8]), " ".join(folded[start + 8 : end])
            start = end

    def draw(self, high: int) -> int:
        """Return a number below `high`."""
        return int(self._random.integers(high))


def _set(words: list[str]) -> str:
    """Return words as sentences of 20 in paragraphs of 60."""
    sentences = [" ".join(words[at : at + 20]) + "." for at in range(0, len(words), 20)]
    return "\n\n".join(" ".join(sentences[at : at + 3]) for at in range(0, len(sentences), 3))


def make(path: Path, count: int) -> None:
    """Write an archive.db of `count` articles. An older file of that name is removed."""
    for beside in ("", "-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    db = open_archive(path, create=True)
    conn: sqlite3.Connection = db.conn
    conn.execute("PRAGMA synchronous = OFF")
    conn.execute("PRAGMA foreign_keys = OFF")
    conn.execute("PRAGMA cache_size = -1000000")
    conn.execute("INSERT INTO articles_fts(articles_fts, rank) VALUES ('hashsize', 268435456)")  # fewer merges
    mill = Mill()
    heads: dict[int, int] = {}
    began = time.monotonic()
    for start in range(1, count + 1, _CHUNK):
        conn.execute("BEGIN")
        rows = []
        for pk, made in enumerate(mill.chunk(min(_CHUNK, count + 1 - start)), start):
            story = 1 + mill.draw(pk) if mill.draw(8) == 0 else pk
            story = story if story in heads else pk
            heads[story] = heads.get(story, 0) + 1
            rows.append(_row(pk, story, mill, made))
        conn.executemany(_INSERT, rows)
        conn.execute("COMMIT")
        if start // _CHUNK % 5 == 0:
            print(
                f"{start - 1 + len(rows):,} articles in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True
            )
    conn.execute("BEGIN")
    conn.executemany(
        "INSERT INTO stories (pk, id, head, members) VALUES (?, ?, ?, ?)",
        ((story, f"a-{story:012}", story, members) for story, members in heads.items()),
    )
    conn.execute("COMMIT")
    conn.execute("INSERT INTO articles_fts(articles_fts, rank) VALUES ('hashsize', 1048576)")  # as it is by itself
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    conn.close()


def _row(pk: int, story: int, mill: Mill, made: tuple[str, str, str, str]) -> list[object]:
    title, text, title_terms, text_terms = made
    source = min(mill.draw(SOURCES), mill.draw(SOURCES))
    at = stamp(_BEGIN + timedelta(days=mill.draw(DAYS), seconds=mill.draw(86400)))
    url = f"https://paper{source}.example/{at[:10]}/{pk}"
    authors = json.dumps([name(mill.draw(AUTHORS)) + " " + name(mill.draw(AUTHORS))]) if mill.draw(3) else "[]"
    return [
        pk, f"a-{pk:012}", url, url.removeprefix("https://"), f"paper{source}", f"paper{source}.example", title, authors, at,
        "second", "json-ld", "en" if source % 5 else "de", text_terms.count(" ") + 1, at, at, at, story,
        "new" if story == pk else "rewrite", "", title_terms, text, text_terms,
    ]  # fmt: skip


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
