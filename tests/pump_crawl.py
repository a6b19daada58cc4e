"""A tiny crawl in a process of its own: a Scrapy spider over the pump, for the proof that the pump keeps its word.

Called as `pump_crawl.py CRAWL_DB LOG BUDGET`: hosts are the addresses 127.0.0.2, .3 …; the server that the test runs
answers for all of them. Each exchange is "kept" as a line in LOG, synced before its lease is completed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import scrapy  # noqa: E402 - the path comes first
from frontier_kit import Names, TestKept, TestSource  # noqa: E402 - the path comes first
from scrapy.crawler import AsyncCrawlerProcess  # noqa: E402 - the path comes first

from archive.clock import SystemClock  # noqa: E402 - the path comes first
from archive.model import Role  # noqa: E402 - the path comes first
from crawler.frontier import Frontier, Lease  # noqa: E402 - the path comes first
from crawler.pump import Pump  # noqa: E402 - the path comes first

BATCH = 16
SETTINGS = {
    "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
    "DOWNLOADER_MIDDLEWARES_BASE": {},
    "SPIDER_MIDDLEWARES_BASE": {},
    "EXTENSIONS_BASE": {},
    "TELNETCONSOLE_ENABLED": False,
    "CONCURRENT_ITEMS": 4,
    "CONCURRENT_REQUESTS": 64,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 64,  # were the pump wrong, Scrapy would not hide it
    "DOWNLOAD_DELAY": 0,
    "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",
    "LOG_LEVEL": "ERROR",
}


class Shelf:
    """Stands in for the WARC writer: lines, synced in batches, before their leases are completed."""

    def __init__(self, path: Path, frontier: Frontier) -> None:
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.frontier = frontier
        self.batch: list[TestKept] = []

    def keep(self, lease: Lease, status: int | None, error: str | None) -> None:
        self.batch.append(TestKept(lease.id, lease.url, status=status, error=error, payload_digest=f"sha1:{lease.url}"))
        if len(self.batch) >= BATCH:
            self.commit()

    def commit(self) -> None:
        if self.batch:
            lines = "".join(f"{kept.url}\n" for kept in self.batch if kept.status is not None)
            os.write(self.fd, lines.encode())
            os.fsync(self.fd)
            self.frontier.complete(self.batch, warc="log", length=os.fstat(self.fd).st_size)
            self.batch = []


class PumpSpider(scrapy.Spider):
    name = "pump"

    def __init__(self, pump: Pump, shelf: Shelf, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pump = pump
        self.shelf = shelf

    async def start(self) -> AsyncIterator[Any]:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.pump.stop)
        async for lease in self.pump.leases():
            yield scrapy.Request(
                lease.url, callback=self.over, errback=self.failed, dont_filter=True,
                meta={"lease": lease, "handle_httpstatus_all": True},
            )  # fmt: skip

    def over(self, response: scrapy.http.Response) -> None:
        lease: Lease = response.meta["lease"]
        if lease.role is Role.ROBOTS:
            self.shelf.frontier.store_robots(lease.url, status=response.status, body=response.body)
        self.shelf.keep(lease, response.status, None)
        headers = [(name.decode(), value[0].decode()) for name, value in response.headers.items()]
        self.pump.done(lease, status=response.status, headers=headers)

    def failed(self, failure: Any) -> None:
        lease: Lease = failure.request.meta["lease"]
        self.shelf.keep(lease, None, "disconnect")
        self.pump.done(lease, error="disconnect")


def sources(count: int, port: int, delay: float) -> list[TestSource]:
    return [TestSource(f"s{n}", f"http://127.0.0.{n + 2}:{port}/", delay=delay) for n in range(count)]


def main() -> None:
    database, log, budget = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    clock = SystemClock()
    with Frontier(database, clock, names=Names()) as frontier:
        shelf = Shelf(log, frontier)
        pump = Pump(frontier, clock, budget=budget, on_idle=shelf.commit)
        process = AsyncCrawlerProcess(SETTINGS)
        started = time.monotonic()
        process.crawl(PumpSpider, pump=pump, shelf=shelf)
        process.start(install_signal_handlers=False)
        shelf.commit()
        print(pump.ended_by, round(time.monotonic() - started, 2), flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main()
