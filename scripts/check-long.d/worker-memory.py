#!/usr/bin/env python3
"""One extracting process reads 5,000 pages without being replaced: its memory must stay under 250 MB.

Usage: scripts/check-long.d/worker-memory.py [PAGES]

With MORGUE_CORPUS set the pages are real ones of thousands of hosts, each read once before any is read again; otherwise
the project's own papers. A real pool replaces its workers by MAX_PAGES and MAX_RSS; here both are lifted.
"""

from __future__ import annotations

import itertools
import multiprocessing
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from archive.extract import ExtractionPool, ExtractTask  # noqa: E402 - the path comes first
from archive.extract.pool import MAX_RSS  # noqa: E402
from tests.extract_pages import all_pages  # noqa: E402

MOST = 250 * 10**6  # bytes
EVERY = 500


def memory() -> tuple[int, int, int]:
    """Return the resident bytes of the one worker now, at most so far, and its process id."""
    (worker,) = (p for p in multiprocessing.active_children() if p.name == "morgue-extract")
    said = dict(line.split(":", 1) for line in Path(f"/proc/{worker.pid}/status").read_text().splitlines())
    return int(said["VmRSS"].split()[0]) * 1024, int(said["VmHWM"].split()[0]) * 1024, worker.pid or 0


def main() -> int:
    """Read the pages; 1 if the worker grew over MOST or had to be replaced."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    pages, what = all_pages()
    print(f"{wanted} readings of {len(pages)} {what}", flush=True)
    reasons: Counter[str] = Counter()
    resident, top, pids = 0, 0, set()
    begun = time.monotonic()
    with ExtractionPool(1, max_pages=10**9, max_rss=2**60) as pool:
        for number, stored in enumerate(itertools.islice(itertools.cycle(pages), wanted), 1):
            result = pool.submit(ExtractTask(page=stored.page())).result()
            reasons["article" if result.article else result.reason or "?"] += 1
            if number in {1, 100} or number % EVERY == 0:
                resident, most, pid = memory()
                top = max(top, resident)
                pids.add(pid)
                print(
                    f"{number:6} pages  {resident / 1e6:6.0f} MB  (at most {most / 1e6:.0f})  "
                    f"{time.monotonic() - begun:5.0f} s",
                    flush=True,
                )
    print(", ".join(f"{name} {count}" for name, count in reasons.most_common()))
    bad = [name for name in reasons if name.startswith("error-") and name != "error-page"]
    if top > MOST or len(pids) > 1 or bad:
        print(f"WRONG: {top / 1e6:.0f} MB where {MOST / 1e6:.0f} are allowed; {len(pids)} workers; {bad}")
        return 1
    print(f"worker-memory: right, {top / 1e6:.0f} MB at most; a pool replaces a worker above {MAX_RSS / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
