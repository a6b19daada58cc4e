#!/usr/bin/env python3
"""Two hundred readers while a crawl with its ingest writes, and across the swap of a rebuild: nobody sees an error.

Usage: scripts/check-long.d/readers.py [READERS [SECONDS [PAUSE]]]      PAUSE: seconds that a reader rests between two pages
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from tests.line import DAY_1, DAY_2, ended, new_archive  # noqa: E402 - the path comes first
from tests.readers import reading  # noqa: E402
from tests.served import served  # noqa: E402
from tests.site.server import NewsSites  # noqa: E402

MOST = 300  # MB


def main() -> None:
    """Run it."""
    readers, seconds, pause = (float(word) for word in (*sys.argv[1:], *("200", "60", "2")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as name, NewsSites(latency=0.02, crawl_delay=0.2) as sites:
        archive = new_archive(Path(name) / "a", sites.sites, delay=0.2)
        archive.crawl("--max-pages", "40", now=DAY_1)
        sites.set_day(2)
        begun = time.monotonic()
        rebuilt = 0
        with served(archive.path) as server, reading(server, int(readers), pause=pause) as heard:
            done = ended(archive.start("crawl", "--allow-private", "--jobs", "1", "--quiet"), within=600)
            crawled = time.monotonic() - begun
            while not rebuilt or time.monotonic() - begun < seconds:
                archive.run("rebuild", "--jobs", "1", "--quiet", now=DAY_2)
                rebuilt += 1
        print(f"{int(readers)} readers beside {crawled:.0f} s of crawling and {rebuilt} rebuilds: {heard}", flush=True)
        print(f"statuses: {dict(heard.statuses)}", flush=True)
        if heard.wrong or done.code not in {0, 3} or heard.megabytes > MOST:
            sys.exit("\n".join([*heard.wrong[:10], done.err]))


if __name__ == "__main__":
    main()
