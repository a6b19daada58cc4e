"""An archive.db of as many made-up articles as wanted, filled past ingest as `Store` would have filled it.

All tables that placing an article reads or writes have their rows: captures, extractions, articles with their full-text index,
revisions, stories, and what copies are told by (digests, pairs, terms, lines). What nothing here reads again (an extraction's
bytes, digests of rows) has its length and no meaning, so such a file is for measuring only.
"""

from __future__ import annotations

import multiprocessing
import random
import sqlite3
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
from growth_mill import BATCH, Batch, Mill
from growth_place import APART, SITES, START, address, extraction, published

from archive.dedupe.candidates import FLOOR
from archive.dedupe.furniture import line_ids
from archive.dedupe.story import Known
from archive.schema import open_archive
from archive.store.rows import pack, stamp
from archive.terms import terms
from archive.urls import article_id

SAMPLE = 4  # batches from which the weights of terms are told
COUNT_ALL, EVERY = 4_000, 8  # as archive.dedupe.candidates.Terms counts
_SPREAD = 0x9E3779B97F4A7C15F39CC0605CEDC835  # odd: neighbours' digests lie far apart, as real ones do

mill: Mill  # of this process and its workers
_noise = random.Random(3).randbytes(1 << 20)  # noqa: S311 - stands for compressed bytes


def begin(words: list[str]) -> None:
    """Make the mill of this process; workers inherit it."""
    global mill  # noqa: PLW0603 - a process's one state
    mill = Mill(words)


def articles(batch: int) -> list[Known]:
    """Return a thousand articles as their extractions give them."""
    made = mill.batch(batch)
    first = batch * BATCH
    return [
        Known(text, title, "en", address(n))
        for n, (title, text) in enumerate(zip(made.titles, made.texts, strict=True), first)
    ]


@dataclass
class Rows:
    """What a worker makes of some articles."""

    captures: list[tuple[object, ...]]
    extractions: list[tuple[object, ...]]
    articles: list[tuple[object, ...]]
    revisions: list[tuple[object, ...]]
    exact: list[tuple[object, ...]]
    pairs: array[int]  # pair and article in turn
    lines: array[int]  # line and article in turn
    terms: Counter[int]  # with how much each counts


def rows_of(story: int, batch: int) -> Rows:
    """Return the rows of a batch of made articles. `story`: the row of an article's story, less the article's number."""
    first = batch * BATCH
    made, text = Rows([], [], [], [], [], array("q"), array("q"), Counter()), mill.batch(batch)
    for pair, at in zip(text.pairs.tolist(), text.of_pair.tolist(), strict=True):
        made.pairs.extend((pair, first + at + 1))
    _count(made.terms, text, first)
    known = Known(text.texts[0], text.titles[0], "en", "")
    packed = len(pack(extraction(first, known))[0]) / len(known.text)
    for number, (title, body, folded) in enumerate(zip(text.titles, text.texts, text.folded, strict=True), first):
        pk, source = number + 1, f"site{number % SITES}"
        site = f"{source}.example"
        for line in set(line_ids(site, [each for each in body.split("\n") if each]).values()):
            made.lines.extend((line, pk))
        key = f"{site}/2026/story-{number}"
        url, at = f"https://{key}", stamp(START + timedelta(seconds=APART * number))
        digest = f"{(number + 1) * _SPREAD % (1 << 128):032x}"
        start = number * 7919 % (len(_noise) // 2)
        made.captures.append(
            (
                pk,
                url,
                key,
                at,
                200,
                "text/html",
                "response",
                f"sha1:{digest}",
                number * 20_000,
                20_000,
                source,
                pk,
                pk,
                digest,
            )
        )
        made.extractions.append((pk, pk, _noise[start : start + int(packed * len(body))], digest))
        made.articles.append(
            (pk, article_id(key), url, key, source, site, title, '["Ann Author"]', published(number), "en",
             folded.count(" ") + 1, at, at, stamp(START + timedelta(seconds=APART * number - 3600)), story + number, pk,
             digest, terms(title, "en"), body, folded)
        )  # fmt: skip
        made.revisions.append((pk, at, at, pk, title, body, digest, digest))
        made.exact.append((bytes.fromhex(digest), at, pk))
    return made


def _count(counted: Counter[int], text: Batch, first: int) -> None:
    """Count in how many texts each term is, as `Terms.count` does; term 0: texts."""
    every = np.ones(BATCH, dtype=bool) if first < COUNT_ALL else (np.arange(BATCH) + first + 1) % EVERY == 0
    counted[0] += int(every.sum()) * (1 if first < COUNT_ALL else EVERY)
    here = every[text.of_text]
    once = np.unique(np.stack([text.of_text[here], text.terms[here]]), axis=1)[1]
    for term, texts in zip(*(each.tolist() for each in np.unique(once, return_counts=True)), strict=True):
        counted[term] += texts * (1 if first < COUNT_ALL else EVERY)


_CAPTURES = (
    "INSERT INTO captures (pk, url, url_key, captured_at, status, mime, record_type, payload_digest, offset, length, source,"
    " extraction, article, content, warc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)"
)
_EXTRACTIONS = (
    "INSERT INTO extractions (pk, capture, result, digest, extractor, status) VALUES (?, ?, ?, ?, 1, 'article')"
)
_ARTICLES = (
    "INSERT INTO articles (pk, id, url, url_key, source, domain, title, authors, published, language, word_count, first_seen,"
    " last_seen, sort_at, story, capture, digest, title_terms, text, text_terms, published_precision, published_via, kind,"
    " provenance) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'second', 'json-ld', 'new',"
    """ '{"text": "trafilatura", "title": "json-ld"}')"""
)
_REVISIONS = (
    "INSERT INTO revisions (article, seen_from, seen_to, capture, title, text, content, digest, seq, cause)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, 'publisher')"
)


def fill(path: Path, size: int, workers: int, say: Callable[[str], None]) -> None:
    """Add made articles to an archive.db, made if it is not there, until it has `size` of them: thousands."""
    db = open_archive(path, create=True)
    conn: sqlite3.Connection = db.conn
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -2000000"):
        conn.execute(f"PRAGMA {pragma}")
    first = conn.execute("SELECT ifnull(max(pk), 0) FROM articles").fetchone()[0]
    if first < size:
        conn.execute("INSERT OR IGNORE INTO warcs (pk, name) VALUES (1, 'growth.warc.gz')")
        conn.execute("INSERT OR IGNORE INTO extractors (pk, name, version, config) VALUES (1, 'growth', '1', '')")
        conn.execute("INSERT INTO articles_fts(articles_fts, rank) VALUES ('hashsize', 268435456)")  # fewer merges
        _fill(conn, range(first // BATCH, size // BATCH), workers, say)
        conn.execute("INSERT INTO articles_fts(articles_fts, rank) VALUES ('hashsize', 1048576)")  # as it is by itself
    conn.close()


def _fill(conn: sqlite3.Connection, batches: range, workers: int, say: Callable[[str], None]) -> None:
    story = conn.execute("SELECT ifnull(max(pk), 0) FROM stories").fetchone()[0] + 1 - batches.start * BATCH
    mill.weigh(*_weights(batches, batches.stop * BATCH))
    pairs, lines = [], []
    counted: Counter[int] = Counter()
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
        for done, rows in enumerate(_ahead(pool, partial(rows_of, story), list(batches), 3 * workers), 1):
            conn.execute("BEGIN")
            conn.executemany(
                "INSERT INTO stories (pk, id, head, members) VALUES (?, ?, ?, 1)",
                [(each[14], each[1], each[0]) for each in rows.articles],
            )
            conn.executemany(_CAPTURES, rows.captures)
            conn.executemany(_EXTRACTIONS, rows.extractions)
            conn.executemany(_ARTICLES, rows.articles)
            conn.executemany(_REVISIONS, rows.revisions)
            conn.executemany("INSERT INTO dedupe_exact VALUES (?, ?, ?)", rows.exact)
            conn.execute("COMMIT")
            pairs.append(np.frombuffer(rows.pairs, dtype=np.int64).reshape(-1, 2))
            lines.append(np.frombuffer(rows.lines, dtype=np.int64).reshape(-1, 2))
            counted.update(rows.terms)
            if done % 20 == 0:
                say(f"  {done * BATCH:,} of {len(batches) * BATCH:,} articles")
    conn.execute("BEGIN")
    conn.executemany("INSERT OR IGNORE INTO dedupe_pairs VALUES (?, ?)", _sorted(pairs))
    conn.executemany(
        "INSERT INTO dedupe_lines VALUES (?, 1, ?) ON CONFLICT DO UPDATE SET stories = stories + 1, article = excluded.article",
        _sorted(lines),
    )
    conn.executemany(
        "INSERT INTO dedupe_terms VALUES (?, ?) ON CONFLICT DO UPDATE SET texts = texts + excluded.texts",
        sorted(counted.items()),
    )
    conn.execute("COMMIT")


def _weights(batches: range, size: int) -> tuple[dict[int, float], float]:
    """Return what terms weigh in an archive of that size, and what one weighs that none of a sample of it has."""
    counted: Counter[int] = Counter()
    sample = batches[:SAMPLE]
    for batch in sample:
        text = mill.batch(batch)
        counted.update(np.unique(np.stack([text.of_text, text.terms]), axis=1)[1].tolist())
    whole, each = np.log(size + FLOOR), size / (len(sample) * BATCH)
    return {t: float(whole - np.log(max(n * each, 2))) for t, n in counted.items()}, float(whole - np.log(2))


def _ahead(pool: ProcessPoolExecutor, work: Callable[[int], Rows], chunks: list[int], most: int) -> Iterator[Rows]:
    """Yield results in order, with at most `most` on the way: a million articles are 12 GB."""
    waiting = [pool.submit(work, chunk) for chunk in chunks[:most]]
    for chunk in chain(chunks[most:], [None] * most):
        if not waiting:
            return
        yield waiting.pop(0).result()
        if chunk is not None:
            waiting.append(pool.submit(work, chunk))


def _sorted(rows: list[np.ndarray[tuple[int, int], np.dtype[np.int64]]]) -> Iterator[tuple[int, int]]:
    """Yield rows in the order of the table, which is many times faster than any other."""
    every = np.concatenate(rows)
    order = np.lexsort((every[:, 1], every[:, 0]))
    for at in range(0, len(order), 1 << 16):
        yield from map(tuple, every[order[at : at + (1 << 16)]].tolist())
