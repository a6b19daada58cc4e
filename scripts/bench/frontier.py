#!/usr/bin/env python3
"""Measure the frontier: URLs added, leases and completions per second, memory.

    scripts/bench/frontier.py [--urls 100000] [--hosts 2000] [--delay 0] [--path DIR]

Every host has a fresh robots.txt with rules. Completions come in batches of 64, as in a crawl. With --delay above 0 the
gap of each host is kept on the disk too; the bench's monotonic clock runs faster then, so that it does not wait.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from frontier_kit import Names, TestKept, TestSource, candidate  # noqa: E402 - the path comes first
from result import result  # noqa: E402

from crawler.frontier import Frontier  # noqa: E402 - the path comes first

BATCH = 64
ROBOTS = b"User-agent: *\nDisallow: /private/\nDisallow: /*?print=\nAllow: /\n"


class FastClock:
    """The machine's clock; monotonic time runs `speed` times as fast."""

    def __init__(self, speed: float) -> None:
        self.speed = speed

    def now(self) -> datetime:
        """Return the machine's time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return fast seconds."""
        return time.monotonic() * self.speed

    def real(self) -> float:
        """Return the machine's time."""
        return time.time()


def memory() -> float:
    """Return the most memory used so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--urls", type=int, default=100_000)
    parser.add_argument("--hosts", type=int, default=2_000)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--lease-at-once", type=int, default=1)
    parser.add_argument("--path", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.path) as folder:
        run(Path(folder) / "crawl.db", options)


def run(path: Path, options: argparse.Namespace) -> None:
    """Fill a frontier and empty it."""
    print(f"{options.urls:,} URLs on {options.hosts:,} hosts, delay {options.delay}; memory at start {memory():.0f} MB")
    clock = FastClock(1000.0 if options.delay else 1.0)
    frontier = Frontier(path, clock, names=Names())
    frontier.sync_sources(
        [TestSource(f"s{n}", f"https://site{n}.example{n}/", delay=options.delay) for n in range(options.hosts)]
    )
    for n in range(options.hosts):
        frontier.store_robots(f"https://site{n}.example{n}/robots.txt", status=200, body=ROBOTS)
    start, cpu = time.monotonic(), time.process_time()
    for first in range(0, options.urls, 500):
        frontier.add(
            candidate(
                f"https://site{n % options.hosts}.example{n % options.hosts}/2026/05/01/a-story-of-some-length-{n}",
                source=f"s{n % options.hosts}",
                found_on=f"https://site{n % options.hosts}.example{n % options.hosts}/feed",
                published=f"2026-0{1 + n % 4}-{1 + n % 28:02d}T06:00:00Z",
                title=f"A story of some length, number {n}",
            )
            for n in range(first, min(first + 500, options.urls))
        )
    adding = time.process_time() - cpu
    took = time.monotonic() - start
    print(f"added      {options.urls / took:10,.0f} URLs/s   memory {memory():.0f} MB")
    start, cpu = time.monotonic(), time.process_time()
    done = 0
    while done < options.urls:
        leases = []
        while len(leases) < BATCH and (
            more := frontier.lease(clock.now().timestamp(), limit=min(options.lease_at_once, BATCH - len(leases)))
        ):
            for lease in more:
                frontier.exchanged(lease, status=200)
            leases += more
        if not leases:
            break
        kept = [TestKept(lease.id, status=200, etag='"x"', payload_digest=f"sha1:{lease.id:032d}") for lease in leases]
        frontier.complete(kept, warc="a.warc.gz", length=done)
        done += len(leases)
    took = time.monotonic() - start
    used = time.process_time() - cpu
    print(
        f"leased and completed {done / took:,.0f} URLs/s ({used / max(done, 1) * 1e6:.0f} us CPU each), {done:,} URLs"
    )
    print(f"memory     {memory():.0f} MB   crawl.db {path.stat().st_size / 2**20:.0f} MiB")
    start = time.monotonic()
    frontier.close()
    Frontier(path, clock, names=Names()).close()
    print(f"closed and opened again in {time.monotonic() - start:.2f} s")
    result(
        {
            f"added, of {options.urls:,}: CPU us a URL": adding / options.urls * 1e6,
            f"leased and completed, of {options.urls:,}: CPU us a URL": used / max(done, 1) * 1e6,
            "memory: MB": memory(),
        }
    )


if __name__ == "__main__":
    main()
