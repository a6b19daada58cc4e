#!/usr/bin/env python3
"""CPU per fetched page: Morgue's libcurl handler against Scrapy's own, on loopback, in one run.

    .venv/bin/python scripts/bench/fetch.py [--pages 2000] [--rounds 5] [--size 20000]

A server in a process of its own answers with chunked pages. Each handler fetches the same number of them, in turn, each
round in a fresh process: once called directly, once through a whole Scrapy crawl with the other parts as they are. Told
are the medians of the CPU time (user and system) per page, and the ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from result import result

ROOT = Path(__file__).resolve().parents[2]
HANDLERS = {"libcurl": "crawler.handler.CurlHandler", "stock": ""}
CONCURRENCY = 16


class _Pages(asyncio.Protocol):
    """Answers every request with the same page."""

    answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._head = b""

    def data_received(self, data: bytes) -> None:
        self._head += data
        while b"\r\n\r\n" in self._head:
            self._head = self._head.partition(b"\r\n\r\n")[2]
            self._transport.write(self.answer)  # type: ignore[attr-defined]  # a TCP transport writes


def serve(size: int, tell: Connection) -> None:
    """Serve until killed; `tell` gets the port."""
    half = os.urandom(size // 2).hex().encode()[: size // 2]
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (half, half)) + b"0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nDate: Sat, 01 Jan 2022 00:00:00 GMT\r\nServer: bench\r\nContent-Type: text/html\r\n"
    head += b'Cache-Control: max-age=60\r\nVary: Accept-Encoding\r\nETag: "1"\r\nX-Cache: HIT\r\n'
    _Pages.answer = head + b"Transfer-Encoding: chunked\r\n\r\n" + body

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(_Pages, "127.0.0.1", 0)
        tell.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def child(handler: str, mode: str, url: str, pages: int) -> None:
    """Fetch `pages` pages in this process and print the CPU seconds it took."""
    from scrapy import Request, Spider
    from scrapy.crawler import AsyncCrawlerProcess
    from scrapy.http import Response
    from scrapy.utils.defer import maybe_deferred_to_future
    from scrapy.utils.misc import build_from_crawler, load_object

    begun = 0.0
    got = 0

    class Bench(Spider):
        name = "bench"

        async def start(self) -> Any:
            nonlocal begun
            if mode == "crawl":
                begun = time.process_time()
                for number in range(pages):
                    yield Request(f"{url}/{number}")
                return
            kind = HANDLERS[handler] or "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler"
            made = build_from_crawler(load_object(kind), self.crawler)
            todo = iter(range(pages))
            begun = time.process_time()

            async def worker() -> None:
                for number in todo:
                    answer = made.download_request(Request(f"{url}/{number}"))
                    if not asyncio.iscoroutine(answer):
                        answer = maybe_deferred_to_future(answer)
                    self.parse(await answer)

            await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
            print(json.dumps({"cpu": time.process_time() - begun, "pages": got}))
            await made.close()

        def parse(self, response: Response) -> None:
            nonlocal got
            got += response.status == 200

    settings: dict[str, Any] = {
        "LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False, "ROBOTSTXT_OBEY": False, "COOKIES_ENABLED": False,
        "CONCURRENT_REQUESTS": CONCURRENCY, "CONCURRENT_REQUESTS_PER_DOMAIN": CONCURRENCY, "RETRY_ENABLED": False,
        "DOWNLOAD_DELAY": 0, "MORGUE_ALLOW_PRIVATE": True,
    }  # fmt: skip
    if HANDLERS[handler]:
        settings["DOWNLOAD_HANDLERS"] = dict.fromkeys(("http", "https"), HANDLERS[handler])
    process = AsyncCrawlerProcess(settings)
    process.crawl(Bench)
    process.start()
    if mode == "crawl":
        print(json.dumps({"cpu": time.process_time() - begun, "pages": got}))


def main() -> None:
    """Run the rounds and tell the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=20_000, help="bytes of a page")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if options.child:
        child(*options.child, pages=options.pages)
        return
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(options.size, theirs), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{ours.recv()}"
    figures: dict[str, float] = {}
    for mode in ("direct", "crawl"):
        costs: dict[str, list[float]] = {handler: [] for handler in HANDLERS}
        for _ in range(options.rounds):
            for handler, seen in costs.items():
                words = [sys.executable, __file__, "--pages", str(options.pages), "--child", handler, mode, url]
                env = {**os.environ, "PYTHONPATH": str(ROOT)}
                said = subprocess.run(words, check=True, capture_output=True, text=True, env=env).stdout
                found = json.loads(said.splitlines()[-1])
                if found["pages"] != options.pages:
                    sys.exit(f"{handler} got {found['pages']} of {options.pages} pages")
                seen.append(1e6 * found["cpu"] / options.pages)
        middle = {handler: statistics.median(seen) for handler, seen in costs.items()}
        spread = {handler: f"{min(seen):.0f}-{max(seen):.0f}" for handler, seen in costs.items()}
        told = ", ".join(f"{handler} {middle[handler]:.0f} us ({spread[handler]})" for handler in HANDLERS)
        print(f"{mode}: {told} CPU per page of {options.size} bytes; ratio {middle['libcurl'] / middle['stock']:.2f}")
        figures[f"{mode}: ours / Scrapy's handler (CPU)"] = middle["libcurl"] / middle["stock"]
        figures[f"{mode}: CPU us a page"] = middle["libcurl"]
    server.terminate()
    result(figures)


if __name__ == "__main__":
    main()
