#!/usr/bin/env python3
"""Crawl, ingest, search, serve, fsck and back up at once, round after round; then fsck finds nothing, also in what is restored.

Usage: scripts/check-long.d/together.py [ROUNDS]
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from together import together  # noqa: E402 - the path comes first

from tests.line import DAY_1, DAY_2, Archive, new_archive  # noqa: E402
from tests.site.server import NewsSites  # noqa: E402

BESIDE = ("search", "sql", "status", "serve", "fsck", "backup")


def main() -> None:
    """Run it."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as name:
        for number in range(rounds):
            folder = Path(name) / str(number)
            with NewsSites(latency=0.02, crawl_delay=0.05) as sites:
                archive = new_archive(folder / "a", sites.sites, delay=0.05)
                archive.crawl("--max-pages", "5", now=DAY_1)
                sites.set_day(2)
                archive = replace(archive, now=DAY_2)
                figures = together(archive, ("--allow-private",), folder / "b", beside=BESIDE)
            print(f"round {number + 1}: {figures}", flush=True)
            if figures.wrong:
                sys.exit("\n".join(figures.wrong[:10]))
            archive.run("fsck", "--full", "--quiet")
            archive.run("restore", folder / "b", folder / "again")
            again = Archive(folder / "again", DAY_2)
            again.run("ingest", "--jobs", "1", "--quiet")
            again.run("fsck", "--full", "--quiet")


if __name__ == "__main__":
    main()
