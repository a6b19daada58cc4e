#!/usr/bin/env python3
"""Crawl real pages whose servers misbehave in 35 ways: a long run, each fault alone, and a web that heals.

    MORGUE_CORPUS=… scripts/check-long.d/crawl-soak.py [--part mixed|all|alone|heal|heal-all]… [--minutes 30] [--least 3]

mixed     half of the pages have a fault, all kinds alike; crawls, each a day after the other, until the time is over
all       the same with faults on robots.txt, sitemaps, feeds and home pages too, for a third of that time
alone     one kind at a time on a tenth of the pages, one crawl each, without reading the pages
heal      the mixture, but each page behaves from its third request on: ten crawls, compared with a crawl without faults
heal-all  the same with faults on everything

Exit code 1 if anything that must hold does not; what was seen is printed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.replay import big_hosts  # noqa: E402 - the path comes first
from tests.soak import REASONS, Reasons, Run, Soak, captured, faulty, grown, healed, impolite, unnamed_failures  # noqa: E402

SHARE = 0.5 / len(REASONS)
HEALING_RUNS = 10
MOST = 40  # pages of a host: at a request a second, more would keep each crawl waiting
PARTS = ("mixed", "all", "alone", "heal", "heal-all")


class Check:
    """What is needed by all parts, and what they found wrong."""

    def __init__(self, corpus: Path, folder: Path, options: argparse.Namespace) -> None:
        self.corpus, self.folder, self.options = corpus, folder, options
        counts = big_hosts(corpus, options.least)
        self.hosts = [host for host in sorted(counts) if counts[host] <= MOST]
        self.wrong: list[str] = []

    def found(self, part: str, problems: Iterable[str]) -> None:
        """Note what does not hold."""
        for problem in problems:
            self.wrong.append(f"{part}: {problem}")
            print(f"  WRONG {part}: {problem[:2000]}", flush=True)

    def run(self, part: str, soak: Soak, *words: str) -> Run:
        """Crawl once and tell of it."""
        run = soak.crawl(*words)
        report = run.report
        print(
            f"  {part} run {run.number:2} {' '.join(words) or 'due':9} exit {run.exit_code}  {run.seconds:5.0f} s  "
            f"{report.get('requests', 0):6} requests  crawl {run.peak('crawl'):4.0f} MB, ingest {run.peak('ingest'):4.0f}, "
            f"workers {run.peak('workers'):4.0f}  {dict(Counter(report.get('statuses', {})).most_common(6))}",
            flush=True,
        )
        self.found(part, run.problems())
        return run

    def after(self, part: str, soak: Soak, *, exact: bool = True) -> None:
        """Check what must hold when the crawls are over. `exact`: no listing had a fault."""
        rows, log = soak.rows(), soak.server.requests()
        self.found(part, unnamed_failures(rows))
        faulted: dict[str, Any] = dict(soak.server.control("faults"))
        if exact:
            reasons = Reasons.of(rows, faulted)
            for kind in REASONS:
                if kind in reasons.counts:
                    print(f"  {part} {kind:14} {dict(reasons.counts[kind])}")
            self.found(part, reasons.wrong)
        rude = impolite(log)
        stats: dict[str, Any] = soak.server.control("stats")
        print(
            f"  {part} {len(log):,} requests; impolite: {dict(rude)}; the server counts {stats['gap_violations']} gap, "
            f"{stats['retry_violations']} Retry-After, {stats['requests'].get('robots_violation', 0)} robots violations, "
            f"at most {max(host['maxcur'] for host in stats['hosts'].values())} at once"
        )
        self.found(part, [f"{number} times: {what}" for what, number in rude.items()])


def mixed(check: Check, part: str, minutes: float, *extra: str) -> None:
    """Crawl until the time is over."""
    shares = dict.fromkeys(REASONS, SHARE)
    with faulty(check.corpus, check.folder / part, shares, *extra) as server:
        soak = Soak.make(check.folder / part / "archive", server, check.hosts)
        until = time.monotonic() + minutes * 60
        while time.monotonic() < until:  # every second crawl asks for everything: those can be compared
            run = check.run(part, soak, *(("--due", "all") if len(soak.runs) % 2 else ()))
            if run.exit_code is None:
                break
        alike = [run for run in soak.runs if run.words]
        for process in ("crawl", "ingest"):
            told, more = grown(alike, process)
            print(f"  {part} memory, {told}")
            check.found(part, [f"memory grows, {told}"] if more else [])
        first = [sample.crawl for sample in soak.runs[0].samples]
        if len(first) > 30:
            third = len(first) // 3
            early, late = max(first[:third]), max(first[-third:])
            print(f"  {part} first crawl by itself: {early:.0f} MB at most in its first third, {late:.0f} in its last")
        check.after(part, soak, exact="--fault-all" not in extra)


def alone(check: Check) -> None:
    """Crawl once per kind."""
    counts = big_hosts(check.corpus)
    hosts = [host for host in sorted(counts) if counts[host] <= 8]
    for kind in REASONS:
        folder = check.folder / "alone" / kind
        with faulty(check.corpus, folder, {kind: 0.1}, "--robots", "open", slow=5) as server:
            soak = Soak.make(folder / "archive", server, hosts)
            check.run(kind, soak, "--no-ingest")
            check.after(kind, soak)


def heal(check: Check, part: str, *extra: str) -> None:
    """Crawl a web that heals until nothing may be missing."""
    with faulty(check.corpus, check.folder / part / "calm", {}) as server:
        calm = Soak.make(check.folder / part / "calm" / "archive", server, check.hosts)
        check.run(f"{part} without faults", calm)
        wanted = captured(server.requests(), calm.kept())
    shares = dict.fromkeys(REASONS, SHARE)
    with faulty(check.corpus, check.folder / part, shares, "--heal", "2", *extra) as server:
        soak = Soak.make(check.folder / part / "archive", server, check.hosts)
        for _ in range(HEALING_RUNS):
            check.run(part, soak)
        outcome = healed(soak, wanted, calm.articles())
        print(f"  {part} {outcome.told}")
        check.found(part, outcome.wrong)
        check.after(part, soak, exact=False)


def main() -> int:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=PARTS, help="default: all of them")
    parser.add_argument("--minutes", type=float, default=30.0, help="of the mixed run")
    parser.add_argument("--least", type=int, default=3, help="pages that a host must have to be crawled")
    parser.add_argument("--keep", type=Path, help="work in this folder, and leave it")
    options = parser.parse_args()
    where = os.environ.get("MORGUE_CORPUS")
    if not where:
        print("MORGUE_CORPUS is not set: this check crawls its pages")
        return 1
    with tempfile.TemporaryDirectory() as name:
        check = Check(Path(where), options.keep or Path(name), options)
        parts: dict[str, Callable[[], None]] = {
            "mixed": lambda: mixed(check, "mixed", options.minutes),
            "all": lambda: mixed(check, "all", options.minutes / 3, "--fault-all"),
            "alone": lambda: alone(check),
            "heal": lambda: heal(check, "heal"),
            "heal-all": lambda: heal(check, "heal-all", "--fault-all"),
        }
        for part in options.part or PARTS:
            print(f"{part}: {len(check.hosts)} hosts with at least {options.least} pages", flush=True)
            parts[part]()
    print(f"{len(check.wrong)} things do not hold" if check.wrong else "all holds")
    return 1 if check.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
