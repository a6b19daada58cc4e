"""The spider: leases in, exchanges kept, candidates back to the frontier. It extracts nothing.

Every exchange, good or bad, comes to one place, in this order: what was discovered goes into the frontier, what was sent goes
to the shelf, and only then is the lease over. A kill between any two of these fetches a page again and loses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import scrapy
from scrapy.http import Response
from twisted.python.failure import Failure

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
        self._ticking: asyncio.Task[None] | None = None

    async def start(self) -> AsyncIterator[Any]:
        """Yield a request for each lease, until the pump has no more to give in this run."""
        self._ticking = asyncio.create_task(self._tick())
        try:
            async for lease in self._crawl.pump.leases():
                request = self._request(lease)
                if request is not None:
                    yield request
            await self._crawl.settle()
        except Exception as error:  # noqa: BLE001 - Scrapy would log it and end the run as if all were well
            self._crawl.fail(error)

    def closed(self, reason: str) -> None:  # noqa: ARG002 - as Scrapy calls it
        """Stop the clock: the last exchange is over."""
        if self._ticking is not None:
            self._ticking.cancel()

    def _request(self, lease: Lease) -> scrapy.Request | None:
        try:
            return scrapy.Request(
                lease.url,
                headers=self._crawl.request_headers(lease),
                callback=self.over,
                errback=self.failed,
                dont_filter=True,
                meta={
                    "lease": lease,
                    "download_slot": lease.key,
                    "send_once": lease.gap > 0,
                    "render": self._crawl.to_render(lease),
                    "most_bytes": self._crawl.most_bytes(lease),
                },
            )
        except ValueError as error:  # an address that Scrapy will not take must not end every run that meets it
            self._crawl.over(lease, self._crawl.never_sent(lease, error))
            return None

    async def _tick(self) -> None:
        """Commit and tell how far we are, at regular times."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self._guarded(self._look)

    def _look(self) -> None:
        self._crawl.commit_if_due()
        self._crawl.count_due()
        self._on_tick(self._crawl.report)

    def over(self, response: Response) -> None:
        """Take an exchange that brought a response, whole or cut."""
        meta = response.meta
        self._guarded(lambda: self._crawl.over(meta["lease"], meta["exchange"], meta.get("rendering")))

    def failed(self, failure: Failure) -> None:
        """Take an exchange that brought none: the handler says in `exchange.error` why."""
        meta = failure.request.meta  # type: ignore[attr-defined]  # Scrapy puts it there
        lease: Lease = meta["lease"]
        self._guarded(
            lambda: self._crawl.over(lease, meta.get("exchange") or self._crawl.never_sent(lease, failure.value))
        )

    def _guarded(self, work: Callable[[], object]) -> None:
        """Let any error end the run in order, instead of vanishing in Scrapy's log with its lease out for ever."""
        if self._crawl.failure is not None:
            return  # what still comes in cannot be kept; its leases are free again at the next run
        try:
            work()
        except Exception as error:  # noqa: BLE001 - as above
            self._crawl.fail(error)
