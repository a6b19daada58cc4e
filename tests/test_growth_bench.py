"""The growth bench in short: what is filled in bulk is what the store would have written, and a run tells its figures."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from archive.clock import SystemClock
from archive.dedupe.candidates import PAIRS
from archive.schema import open_archive
from archive.store import Store

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "scripts" / "bench"
sys.path.insert(0, str(BENCH))

import growth_fill  # noqa: E402 - the path comes first
import growth_place  # noqa: E402
from chart import PALETTE, Bars, draw  # noqa: E402
from store import Texts  # noqa: E402

COMPARED = 100  # articles
ALIKE = {  # the columns that a bulk fills as the store does
    "captures": "pk, url, url_key, captured_at, status, mime, record_type, offset, length, source, extraction, article, warc",
    "extractions": "pk, capture, extractor, status, reason",
    "articles": "pk, id, url, url_key, canonical_url, source, domain, title, authors, published, published_precision,"
    " published_via, modified, language, word_count, first_seen, last_seen, gone_at, sort_at, story, kind, capture, truncated,"
    " section, keywords, provenance, hidden, title_terms, text, text_terms",
    "revisions": "pk, article, seq, seen_from, seen_to, capture, title, text, cause",
    "stories": "pk, id, head, members",
}


@pytest.fixture(scope="module")
def bulk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fill an archive in bulk, with made-up words."""
    made, path = Texts(), tmp_path_factory.mktemp("growth") / "1000.db"
    growth_fill.begin([made.text() for _ in range(200)])
    growth_fill.fill(path, 1000, 2, lambda _: None)
    return path


@pytest.fixture(scope="module")
def both(bulk: Path) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    """Open that archive, and another with its first articles through the store."""
    store = Store(db := open_archive(bulk.with_name("store.db"), create=True), SystemClock())
    with store.transaction():
        for number, known in enumerate(growth_fill.articles(0)[:COMPARED]):
            capture = store.add_capture(growth_place.snapshot(number, known.url)) or 0
            store.add_extraction(capture, growth_place.EXTRACTOR, growth_place.extraction(number, known))
            assert store.place(capture).kind == "new"
    return open_archive(bulk).conn, db.conn


@pytest.mark.parametrize("table", ALIKE)
def test_the_rows_of_a_bulk_are_those_of_the_store(
    both: tuple[sqlite3.Connection, sqlite3.Connection], table: str
) -> None:
    sql = f"SELECT {ALIKE[table]} FROM {table} WHERE pk <= {COMPARED} ORDER BY pk"  # noqa: S608
    bulk, store = (conn.execute(sql).fetchall() for conn in both)
    assert len(store) == COMPARED
    assert bulk == store


def test_copies_of_a_bulk_are_told_by_what_the_store_would_have_kept(
    both: tuple[sqlite3.Connection, sqlite3.Connection],
) -> None:
    sql = "SELECT article, pair FROM dedupe_pairs WHERE article <= ?"
    bulk, store = (set(conn.execute(sql, (COMPARED,)).fetchall()) for conn in both)
    assert len(bulk) == len(store) == COMPARED * PAIRS
    # What terms weigh is told from all texts in a bulk, and from those before it in the store: the ranks of some pairs differ.
    assert len(bulk & store) > 0.5 * len(store)
    texts = both[0].execute("SELECT texts FROM dedupe_terms WHERE term = 0").fetchone()[0]
    assert texts == 1000
    sql = "SELECT count(*) FROM dedupe_lines WHERE article <= ?"
    lines = [conn.execute(sql, (COMPARED,)).fetchone()[0] for conn in both]
    assert lines[0] == lines[1] > 0


def test_the_index_of_a_bulk_is_whole(both: tuple[sqlite3.Connection, sqlite3.Connection]) -> None:
    bulk, _ = both
    bulk.execute("INSERT INTO articles_fts(articles_fts) VALUES ('integrity-check')")  # raises where it is not
    assert bulk.execute("PRAGMA quick_check").fetchone() == ("ok",)
    assert bulk.execute("PRAGMA foreign_key_check").fetchall() == []
    assert bulk.execute("SELECT sum(articles) FROM article_days").fetchone() == (1000,)


def test_a_run_tells_what_an_article_costs_and_draws_it(bulk: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    shutil.copy(bulk, tmp_path / "kept")
    env = {name: value for name, value in os.environ.items() if name != "MORGUE_CORPUS"}
    command = [sys.executable, str(BENCH / "growth.py"), "--sizes", "1000", "--measured", "60", "--slice", "20"]
    command += ["--questions", "20", "--workers", "1", "--keep", str(tmp_path / "kept")]
    command += ["--json", str(tmp_path / "out.json"), "--image", str(tmp_path / "a" / "out.png")]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=240)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert found["extraction_ms"] is None
    assert list(found["sizes"]) == ["1000"]
    for size, each in found["sizes"].items():
        assert each["articles"] == int(size) + 60
        assert sum(each["parts_ms"].values()) == pytest.approx(each["cpu_ms"], rel=0.5)  # medians do not add up
        assert each["copies_found"] > 0.5
        assert each["others_joined"] == 0
        assert 5_000 < each["bytes"] < 100_000
        assert 20 < each["peak_mb"] < 400  # of the child alone: the mill of the parent is larger
    assert (tmp_path / "a" / "out.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in (tmp_path / "kept").glob("*.db")) == ["1000.db"]


def test_a_size_that_is_no_thousands_is_refused() -> None:
    done = subprocess.run([sys.executable, BENCH / "growth.py", "--sizes", "1500"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "say 1000,10000" in done.stderr


def test_a_chart_is_a_png_whose_bars_are_as_high_as_their_values() -> None:
    def column(picture: bytes, colour: int) -> int:
        """Return how many pixels of the picture have this colour."""
        at, data = 8, b""
        while at < len(picture):
            (length,) = struct.unpack(">I", picture[at : at + 4])
            body = picture[at + 8 : at + 8 + length]
            assert struct.unpack(">I", picture[at + 8 + length :][:4])[0] == zlib.crc32(picture[at + 4 : at + 8] + body)
            data += body if picture[at + 4 : at + 8] == b"IDAT" else b""
            at += length + 12
        return zlib.decompress(data).count(colour)

    def chart(first: float, second: float) -> bytes:
        return draw(Bars(title="t", upward="ms", along="size", parts=["a", "b"], bars={"1": [first, second]}))

    key = 14 * 14  # pixels of a part's sign in the key
    low, high = (column(chart(10, each), 4) - key for each in (10, 30))
    assert high > low > 0
    assert column(chart(20, 30), 4) - key == pytest.approx(1.5 * (column(chart(20, 30), 3) - key), rel=0.02)
    with pytest.raises(ValueError, match="colours"):
        draw(Bars(title="t", upward="ms", along="size", parts=["x"] * len(PALETTE), bars={"1": [1.0]}))
