#!/usr/bin/env python3
"""CPU per page of a whole crawl process, WARC files included, against stock Scrapy on the same addresses, in one run.

    MORGUE_CORPUS=… scripts/bench/crawl_cpu.py [--least 2] [--rounds 5]

`morgue crawl --no-ingest` crawls the corpus's hosts through the replay server. A plain Scrapy spider then asks for every
address that was asked for in that crawl, robots.txt included, in the same order, through the same server: Scrapy's own
download handler and middlewares, no pipeline, nothing parsed, nothing kept; as many requests at once, one per host, no delay.
Told is the CPU time (user and system) of each whole process, start-up included, per answer: medians over the rounds, and the
ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from result import result  # noqa: E402

from tests.replay import Replay, big_hosts, replay_server, sources_toml  # noqa: E402 - the path comes first

CONCURRENCY = 32  # of `morgue crawl`


def stock(addresses: Path, proxy: str) -> None:
    """Fetch the addresses of a file with Scrapy as it comes, in this process; print how many answers came."""
    from scrapy import Request, Spider
    from scrapy.crawler import AsyncCrawlerProcess
    from scrapy.http import Response

    urls = addresses.read_text(encoding="utf-8").splitlines()
    got = 0

    class Stock(Spider):
        name = "stock"
        handle_httpstatus_all = True

        async def start(self) -> Any:
            for url in urls:
                yield Request(url, meta={"proxy": proxy, "handle_httpstatus_all": True})

        def parse(self, response: Response) -> None:  # noqa: ARG002 - as Scrapy calls it
            nonlocal got
            got += 1

    process = AsyncCrawlerProcess(
        {
            "LOG_LEVEL": "ERROR",  # ours writes no line per page either
            "CONCURRENT_REQUESTS": CONCURRENCY,
            "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
            "DOWNLOAD_DELAY": 0,
            "ROBOTSTXT_OBEY": False,
        }
    )
    process.crawl(Stock)
    process.start()
    print(json.dumps({"answers": got}))


def used(*command: str) -> tuple[float, str]:
    """Run a command to its end; return its CPU seconds and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *command], check=True, capture_output=True, text=True, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def one_round(server: Replay, hosts: list[str], folder: Path) -> tuple[float, float, int]:
    """Return the CPU milliseconds per answer, ours and stock Scrapy's, and the number of answers."""
    code = "from crawler.cli import main; main()"
    archive = folder / "archive"
    used("-c", code, "-a", str(archive), "init")
    (archive / "sources.toml").write_text(sources_toml(hosts), encoding="utf-8")
    seen = len(server.requests())
    crawl = ("crawl", "--no-ingest", "--quiet", "--concurrency", str(CONCURRENCY), "--proxy", server.proxy)
    ours, _ = used("-c", code, "-a", str(archive), *crawl)
    asked = [f"http://{entry['host']}{entry['target']}" for entry in server.requests()[seen:]]
    (folder / "addresses").write_text("\n".join(asked), encoding="utf-8")
    theirs, said = used(__file__, "--stock", str(folder / "addresses"), server.proxy)
    answers = json.loads(said.splitlines()[-1])["answers"]
    if not 0.99 <= answers / len(asked) <= 1:
        sys.exit(f"stock Scrapy got {answers} answers to {len(asked)} addresses: the figures cannot be compared")
    return 1000 * ours / len(asked), 1000 * theirs / answers, len(asked)


def main() -> int:
    """Run the rounds and tell the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--least", type=int, default=2, help="pages that a host must have to be crawled")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stock", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stock:
        stock(Path(options.stock[0]), options.stock[1])
        return 0
    where = os.environ.get("MORGUE_CORPUS")
    if not where:
        print("MORGUE_CORPUS is not set: this bench needs the corpus of real pages")
        return 1
    hosts = sorted(big_hosts(Path(where), options.least))
    rounds = []
    with tempfile.TemporaryDirectory(prefix="morgue-cpu-") as name:
        words = ("--scheme", "http", "--robots", "open", "--no-tls", "--no-brotli")  # the same coding for both: gzip
        with replay_server(Path(where), Path(name), *words) as server:
            for number in range(options.rounds):
                folder = Path(name) / str(number)
                folder.mkdir()
                rounds.append(one_round(server, hosts, folder))
    for who, mine in (("morgue crawl --no-ingest", [r[0] for r in rounds]), ("stock Scrapy", [r[1] for r in rounds])):
        print(f"{who:<26} {statistics.median(mine):.2f} ms CPU per answer   ({min(mine):.2f} to {max(mine):.2f})")
    ratios = [ours / theirs for ours, theirs, _ in rounds]
    print(
        f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); {rounds[0][2]:,} answers a round"
    )
    result(
        {
            "crawl with WARC / stock Scrapy (CPU)": statistics.median(ratios),
            "CPU ms an answer": statistics.median([r[0] for r in rounds]),
        }
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
