#!/usr/bin/env python3
"""Measure `morgue export parquet`: seconds, memory and bytes, the first time, with nothing changed, and with 1% changed.

    MORGUE_CORPUS=… scripts/bench/parquet.py [--articles 20000] [--longer 1] [--folder DIR]

The articles are made up with the words of real ones (search_archive.py), of 20 sources within two months; each has two
captures, every tenth a second revision. Sizes are held against archive.db and JSON lines of the same articles with their
revisions. Memory is the peak of the whole process (VmHWM), Python and pyarrow included.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import search_archive  # noqa: E402
from result import result  # noqa: E402

from archive.dedupe.words import content_digest  # noqa: E402
from archive.store.rows import digest_of, stamp  # noqa: E402

_SOURCES, _DAYS = 20, 60
_BEGIN = datetime(2026, 4, 1, tzinfo=UTC)
_MORGUE = (
    "import sys\nfrom crawler.cli import main\n"
    "try:\n    main()\nfinally:\n"
    "    peak = [line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')]\n"
    "    print('peak', *peak, file=sys.stderr)\n"
)


def fill(path: Path) -> None:
    """Give each article two captures and one or two revisions, as ingest would have."""
    with closing(sqlite3.connect(path)) as db, db:
        # Rows of an archive lie in the order of capture; made-up ones come with any date.
        (count,) = db.execute("SELECT max(pk) FROM articles").fetchone()
        db.executemany(
            "UPDATE articles SET first_seen = ?, last_seen = ? WHERE pk = ?",
            (
                (seen, seen, pk)
                for pk in range(1, count + 1)
                for seen in [stamp(_BEGIN + pk * timedelta(days=_DAYS) / count)]
            ),
        )
        db.execute("INSERT INTO warcs (pk, name) VALUES (1, '2026/a.warc.gz')")
        rows = db.execute("SELECT pk, url, url_key, first_seen, source, title, text FROM articles ORDER BY pk")
        for pk, url, key, seen, source, title, text in rows.fetchall():
            for capture in (2 * pk, 2 * pk + 1):
                db.execute(
                    "INSERT INTO captures (pk, url, url_key, captured_at, status, mime, record_type, payload_digest, warc,"
                    " offset, length, source, article) VALUES (?, ?, ?, ?, 200, 'text/html', 'response', ?, 1, ?, 9000, ?, ?)",
                    (capture, url, key, f"{seen[:-4]}{capture % 2}00Z", f"sha1:{capture}", 9000 * capture, source, pk),
                )
            for seq in (1, 2) if pk % 10 == 0 else (1,):
                said = text if seq == 1 else text + " And one sentence more."
                content = content_digest(title, said)
                db.execute(
                    "INSERT INTO revisions (article, seq, seen_from, seen_to, capture, title, text, cause, content, digest)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, 'publisher', ?, ?)",
                    (pk, seq, seen, seen, 2 * pk, title, said, content, digest_of([title, said, content])),
                )
            db.execute("UPDATE articles SET capture = ?, digest = ? WHERE pk = ?", (2 * pk, digest_of([text]), pk))


def change(path: Path, pks: Iterable[int]) -> None:
    """Edit articles, as a publisher would."""
    with closing(sqlite3.connect(path)) as db, db:
        for pk in list(pks):
            (text,) = db.execute("SELECT text FROM articles WHERE pk = ?", (pk,)).fetchone()
            text += " Changed."
            db.execute("UPDATE articles SET text = ?, digest = ? WHERE pk = ?", (text, digest_of([text]), pk))


def run(archive: Path, *words: str) -> tuple[str, str]:
    """Run `morgue WORDS`; return what it cost, in words, and what it printed."""
    began, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", _MORGUE, "-a", str(archive), *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - began
    if done.returncode:
        sys.exit(f"morgue {' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    peak = int(done.stderr.split("peak")[-1].split()[0]) / 1024
    return f"{seconds:.1f} s, {cpu:.1f} s CPU, peak {peak:.0f} MB", done.stdout


def size(path: Path) -> float:
    """Return MB of a file, or of all files in a folder."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files) / 1e6


def measure(root: Path, articles: int, longer: int) -> None:
    """Make, export, print."""
    words, counts, lengths = search_archive.frequencies()
    search_archive.frequencies = lambda: (words, counts, lengths * longer)
    search_archive.SOURCES, search_archive.DAYS = _SOURCES, _DAYS
    (root / "sources.toml").touch()
    database = root / "archive.db"
    search_archive.make(database, articles)
    fill(database)
    with closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        text = db.execute("SELECT avg(length(CAST(text AS BLOB))) FROM articles").fetchone()[0]
    print(f"{articles:,} articles of {text / 1e3:.1f} KB on average; archive.db {size(database):.1f} MB", flush=True)
    out = str(root / "tables")

    figures = {"archive.db: MB": size(database)}

    def told(name: str) -> None:
        cost, said = run(root, "export", "parquet", out, "--quiet", "--json")
        done = json.loads(said)
        files = sum(table["files"] for table in done["tables"].values())
        print(f"{name}: {cost}, {done['written']} of {files} files written", flush=True)
        figures[f"{name}: files written"] = done["written"]

    told("first")
    figures["tables: MB"] = size(root / "tables")
    for table in ("articles", "revisions", "captures", "stories"):
        print(f"  {table}: {size(root / 'tables' / table):.1f} MB", flush=True)
    told("again, nothing changed")
    with closing(sqlite3.connect(database)) as db:
        by_time = [pk for (pk,) in db.execute("SELECT pk FROM articles ORDER BY first_seen DESC")]
    change(database, by_time[::100])
    told("1% changed, all over the archive")
    change(database, by_time[: articles // 100])
    told("1% changed, the newest")
    cost, _ = run(root, "export", "jsonl", str(root / "a.jsonl"), "--revisions", "--quiet")
    print(f"JSON lines with revisions: {cost}, {size(root / 'a.jsonl'):.1f} MB", flush=True)
    result(figures | {"JSON lines: MB": size(root / "a.jsonl")})


def main() -> int:
    """Measure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--articles", type=int, default=20_000)
    options.add_argument("--longer", type=int, default=1, help="so many times the words of a real article in each")
    options.add_argument("--folder", type=Path, help="make the archive here (a folder that is removed afterwards)")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        measure(Path(folder), asked.articles, asked.longer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
