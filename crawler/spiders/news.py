"""The spider: leases in, exchanges kept, candidates back to the frontier. It extracts nothing.

Every exchange, good or bad, comes to one place, in this order: what was discovered goes into the frontier, what was sent goes
to the shelf, and only then is the lease over. A kill between any two of these fetches a page again and loses nothing.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import scrapy
from scrapy.http import Response
from twisted.python.failure import Failure

from archive.errors import MorgueError
from archive.model import Exchange
from crawler.crawl import Crawl
from crawler.frontier import Lease
from crawler.report import RunReport

_TICK_SECONDS = 0.1


class NewsSpider(scrapy.Spider):
    """Fetches what the pump leases. The run itself (frontier, shelf, report) is the `Crawl` it is given."""

    name = "news"

    def __init__(self, crawl: Crawl, on_tick: Callable[[RunReport], None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._crawl = crawl
        self._on_tick = on_tick

    async def start(self) -> AsyncIterator[Any]:
        """Yield a request for each lease, until the pump has no more to give in this run."""
        self._listen_to_signals()
        ticking = asyncio.create_task(self._tick())
        try:
            async for lease in self._crawl.pump.leases():
                yield self._request(lease)
        finally:
            ticking.cancel()

    def _request(self, lease: Lease) -> scrapy.Request:
        return scrapy.Request(
            lease.url,
            headers=self._crawl.request_headers(lease),
            callback=self.over,
            errback=self.failed,
            dont_filter=True,
            meta={"lease": lease, "download_slot": lease.key},
        )

    def _listen_to_signals(self) -> None:
        """SIGINT and SIGTERM stop leasing; what is in flight may end. A second one ends the process as usual."""
        loop = asyncio.get_running_loop()

        def stop(which: signal.Signals) -> None:
            self._crawl.pump.stop(f"signal ({which.name})")
            for each in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(each)

        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, stop, each)

    async def _tick(self) -> None:
        """Commit and tell how far we are, at regular times."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self._guarded(self._crawl.commit_if_due)
            self._on_tick(self._crawl.report)

    def over(self, response: Response) -> None:
        """Take an exchange that brought a response, whole or cut."""
        self._over(response.meta)

    def failed(self, failure: Failure) -> None:
        """Take an exchange that brought none: the handler says in `exchange.error` why."""
        self._over(failure.request.meta)  # type: ignore[attr-defined]  # Scrapy puts it there

    def _over(self, meta: dict[str, Any]) -> None:
        exchange: Exchange | None = meta.get("exchange")
        self._guarded(lambda: self._crawl.over(meta["lease"], exchange))

    def _guarded(self, work: Callable[[], object]) -> None:
        """Let an error of ours end the run in order, instead of vanishing in Scrapy's log."""
        try:
            work()
        except MorgueError as error:
            self._crawl.fail(error)
