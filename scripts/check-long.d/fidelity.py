#!/usr/bin/env python3
"""Crawl 50 hosts of real pages, each as gzip, br, identity and in chunks, twice, and hold the WARC files against the wire.

    MORGUE_CORPUS=DIR scripts/check-long.d/fidelity.py [HOSTS [CODING…]]

A relay before the server keeps every byte; the server's log has the SHA-256 of every body. Exit 1 if anything differs.
Short form: tests/test_fidelity.py.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.fidelity import CODINGS, crawled  # noqa: E402
from tests.replay import big_hosts  # noqa: E402


def main(hosts: int, codings: list[str]) -> int:
    """Crawl and compare, once for each coding."""
    corpus = os.environ.get("MORGUE_CORPUS")
    if not corpus:
        print("fidelity: skipped: MORGUE_CORPUS names no corpus to crawl")
        return 0
    pages = big_hosts(Path(corpus))
    chosen = sorted(sorted(pages, key=lambda host: -pages[host])[:hosts])
    wrong = 0
    for coding in codings:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as scratch:
            told = crawled(Path(corpus), Path(scratch), chosen, coding)
        print(f"fidelity: {coding}: {told}, in {time.monotonic() - began:.0f} s", flush=True)
        for line in told.wrong[:20]:
            print(f"fidelity: WRONG: {line[:1000]}")
        wrong += len(told.wrong) + (len(told.hosts) < hosts)
    return 1 if wrong else 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50, sys.argv[2:] or list(CODINGS)))
