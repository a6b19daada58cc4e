#!/usr/bin/env python3
"""20,000 transfers of every kind through the download handler, with flat memory. Fails (exit 1) if it grows.

.venv/bin/python scripts/check-long.d/handler-20000.py [--transfers 20000]
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from rawserver import CLOSE, HANG, RESET, RawServer, Step, certificates, chunked  # noqa: E402 - the path is needed first
from scrapy.http import Request  # noqa: E402
from scrapy.utils.test import get_crawler  # noqa: E402

from crawler.handler import CurlHandler  # noqa: E402

ALLOWED = 8 * 2**20  # bytes of growth over the last three quarters
CONCURRENCY = 16
OK = b"HTTP/1.1 200 OK\r\n"
ROUTES: dict[str, list[Step]] = {
    "/chunked": [OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"x" * 10_000, b"y" * 10_000)],
    "/length": [OK + b"Content-Length: 20000\r\n\r\n" + b"x" * 20_000],
    "/until-close": [OK + b"\r\n" + b"x" * 20_000, CLOSE],
    "/304": [b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"],
    "/hints": [b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 5 + OK + b"Content-Length: 2\r\n\r\nok"],
    "/cut": [OK + b"Content-Length: 20000\r\n\r\n" + b"x" * 10_000, CLOSE],
    "/reset": [RESET],
    "/after": [OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"x") + b"junk"],
    "/head": [OK + b"X: y\r\n" * 20_000],
    "/large": [OK + b"\r\n" + b"x" * 300_000, CLOSE],
    "/junk": [b"no http\r\n\r\n", CLOSE],
    "/cancel": [OK + b"Content-Length: 20000\r\n\r\n" + b"x" * 10_000, HANG],
}
# Most of a crawl is pages that come whole; the rest is every eighth.
MIX = [*["/chunked"] * 7, "/length", *["/chunked"] * 6, "/304", *(path for path in ROUTES for _ in range(1))]


def serve(folder: str, tell: Connection) -> None:
    """Serve plain and over TLS until killed; `tell` gets the base URLs and the CA file."""
    context, ca_file = certificates(Path(folder), "127.0.0.1")
    with RawServer(dict(ROUTES)) as plain, RawServer(dict(ROUTES), tls=context) as tls:
        tell.send((plain.url(""), tls.url(""), str(ca_file)))
        while True:
            time.sleep(1)
            plain.seen.clear()
            tls.seen.clear()


def rss() -> int:
    """Return this process's resident memory in bytes."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def run(transfers: int, bases: tuple[str, str], ca_file: str) -> list[int]:
    """Make the transfers; return the memory after each tenth of them."""
    settings = {"MORGUE_ALLOW_PRIVATE": True, "MORGUE_CA_FILE": ca_file, "MORGUE_MAX_BODY": 100_000}
    handler = CurlHandler(get_crawler(settings_dict=settings))
    outcomes: collections.Counter[str] = collections.Counter()
    sizes: list[int] = []
    done = 0

    def urls() -> Iterator[tuple[str, str]]:
        for number in range(transfers):
            path = MIX[number % len(MIX)]
            yield path, bases[number // len(MIX) % 2] + path

    async def worker() -> None:
        nonlocal done
        for path, url in todo:
            request = Request(url)
            task = asyncio.ensure_future(handler.download_request(request))
            if path == "/cancel":
                await asyncio.sleep(0.01)
                task.cancel()
            # What became of it stands in the exchange, which must be there in any case.
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await task
            outcomes[f"{path} {request.meta['exchange'].error}"] += 1
            done += 1
            if done % (transfers // 10) == 0:
                files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a plain count
                sizes.append(rss())
                print(
                    f"{done:6} transfers, {sizes[-1] / 2**20:.1f} MiB, {files} files, {time.process_time():.1f} s CPU",
                    flush=True,
                )

    todo = urls()
    await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
    await handler.close()
    for outcome, count in sorted(outcomes.items()):
        print(f"       {count:6} {outcome}")
    return sizes


def main() -> None:
    """Run, judge, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transfers", type=int, default=20_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = multiprocessing.Pipe()
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(folder, theirs), daemon=True)
        server.start()
        plain, tls, ca_file = ours.recv()
        sizes = asyncio.run(run(options.transfers, (plain, tls), ca_file))
        server.terminate()
    grown = max(sizes[3:]) - sizes[2]
    print(f"grown by {grown / 2**20:.1f} MiB over the last three quarters; {ALLOWED / 2**20:.0f} allowed")
    if grown > ALLOWED:
        sys.exit("the download handler's memory is not flat")


if __name__ == "__main__":
    main()
