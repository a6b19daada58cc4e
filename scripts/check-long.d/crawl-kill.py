#!/usr/bin/env python3
"""Kill -9 a crawl, its ingest, rebuilds and restories 20 times at random moments, and compare with an undisturbed crawl.

Usage: scripts/check-long.d/crawl-kill.py [KILLS] [SEED]

With MORGUE_CORPUS set, real pages of many hosts are crawled, otherwise the project's own papers.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from kill_crawl import crawled, loop  # noqa: E402 - the path comes first
from kill_web import corpus_web, own_web  # noqa: E402


def main() -> None:
    """Run it."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    corpus = os.environ.get("MORGUE_CORPUS")
    print(f"{kills} kills, seed {seed}, {'pages of the corpus' if corpus else 'our own papers'}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with corpus_web(Path(corpus), folder, hosts=68, latency=0.3) if corpus else own_web(latency=1.0) as web:
            print(loop(web, folder, calm=crawled(web, folder), kills=kills, seed=seed))


if __name__ == "__main__":
    main()
