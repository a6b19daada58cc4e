#!/usr/bin/env python3
"""What an article takes on the disk: its WARC records and its share of archive.db, against the page's HTML.

    MORGUE_CORPUS=DIR scripts/bench/storage.py [--pages 1000] [--json FILE]

Pages from all over the corpus's replay part are put into an archive, one capture each with request, response and metadata
records, and read as an ingest reads them. Bytes are per article: pages that are refused count with the articles, as on a real
shelf. Beside it: the same pages as files, raw and gzipped one by one (level 6).
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import reextract  # noqa: E402 - the path comes first
from result import result  # noqa: E402

from archive.folder import ArchiveFolder  # noqa: E402

_GROUPS = {  # table -> what it is for
    "articles": "articles",
    "revisions": "revisions",
    "extractions": "extractions",
    "captures": "captures",
    "articles_fts": "full-text index",
    "dedupe": "telling copies",
}


def spread(pages: int) -> None:
    """Let `reextract.make` take pages from all over the corpus."""
    rows = reextract._rows  # noqa: SLF001 - the same pages, every n-th of them

    def some(corpus: Path) -> Iterator[dict[str, Any]]:
        every = list(rows(corpus))
        yield from every[:: max(1, len(every) // pages)]

    reextract._rows = some  # noqa: SLF001 - see above


def by_use(database: Path) -> dict[str, int]:
    """Return the bytes of archive.db by what they are for; indexes count with their table."""
    found = dict.fromkeys([*_GROUPS.values(), "the rest"], 0)
    with closing(sqlite3.connect(database)) as conn:
        tables = dict(conn.execute("SELECT name, tbl_name FROM sqlite_master").fetchall())
        for name, size in conn.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall():
            table = tables.get(name, name)
            prefix = next((p for p in ("articles_fts", "dedupe") if table.startswith(p)), table)
            found[_GROUPS.get(prefix, "the rest")] += size
    return found


def measure(corpus: Path, folder: Path, most: int) -> dict[str, float]:
    """Make the archive, read it, and weigh it; returns bytes, and the number of pages and articles."""
    archive, pages = ArchiveFolder(folder / "archive"), folder / "pages"
    spread(most)
    found: dict[str, float] = {"pages": reextract.make(corpus, archive, pages, most)}
    reextract.read_once(archive)
    with closing(sqlite3.connect(archive.archive_db)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        found["articles"], found["text"] = conn.execute(
            "SELECT count(*), sum(length(CAST(text AS BLOB))) FROM articles WHERE hidden = 0"
        ).fetchone()
    bodies = [path.read_bytes() for path in pages.iterdir()]
    found["HTML"] = sum(map(len, bodies))
    found["HTML, gzip"] = sum(len(zlib.compress(body, 6)) + 12 for body in bodies)  # gzip's frame is 12 bytes longer
    found["WARC"] = sum(path.stat().st_size for path in archive.warc.rglob("*") if path.is_file())
    found["archive.db"] = archive.archive_db.stat().st_size
    try:
        found |= {f"archive.db: {name}": size for name, size in by_use(archive.archive_db).items()}
    except sqlite3.OperationalError as error:  # this SQLite was built without dbstat
        print(f"archive.db is not taken apart: {error}", file=sys.stderr)
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    where = os.environ.get("MORGUE_CORPUS")
    if not where:
        print("MORGUE_CORPUS is not set: this bench needs the corpus of real pages", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="morgue-storage-") as name:
        found = measure(Path(where), Path(name), options.pages)
    articles, html = found["articles"], found["HTML"]
    for what, size in found.items():
        if what not in {"pages", "articles"}:
            print(f"{what:<32} {size / articles / 1e3:>8.1f} KB an article   {size / html:>6.1%} of the HTML")
    both = (found["WARC"] + found["archive.db"]) / html
    print(
        f"WARC and archive.db together: {both:.2f} of the HTML, {both * html / found['HTML, gzip']:.2f} of it gzipped"
    )
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    result(
        {
            "WARC / raw HTML": found["WARC"] / html,
            "archive.db / raw HTML": found["archive.db"] / html,
            "both / HTML gzipped": (found["WARC"] + found["archive.db"]) / found["HTML, gzip"],
            "WARC: KB an article": found["WARC"] / articles / 1e3,
            "archive.db: KB an article": found["archive.db"] / articles / 1e3,
        }
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
