"""The spider: leases in, exchanges kept, candidates back to the frontier. It extracts nothing.

Every response, good or bad, comes to one place (`_over`), in this order: what was discovered goes into the frontier, what was
sent goes to the shelf, and only then is the lease over. A kill between any two of these fetches a page again and loses
nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import scrapy
from scrapy.http import Response
from twisted.python.failure import Failure

from archive.model import Exchange
from crawler.crawl import Crawl

logger = logging.getLogger(__name__)

_COMMIT_CHECK_SECONDS = 0.1


class NewsSpider(scrapy.Spider):
    """Fetches what the pump leases. The run itself (frontier, shelf, report) is the `Crawl` it is given."""

    name = "news"

    def __init__(self, crawl: Crawl, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._crawl = crawl

    async def start(self) -> AsyncIterator[Any]:
        """Yield a request for each lease, until the pump has no more to give in this run."""
        committer = asyncio.create_task(self._commit_regularly())
        try:
            async for lease in self._crawl.pump.leases():
                yield scrapy.Request(
                    lease.url,
                    headers=self._crawl.request_headers(lease),
                    callback=self.over,
                    errback=self.failed,
                    dont_filter=True,
                    meta={"lease": lease, "download_slot": lease.key, **self._crawl.request_meta(lease)},
                )
        finally:
            committer.cancel()

    async def _commit_regularly(self) -> None:
        while True:
            await asyncio.sleep(_COMMIT_CHECK_SECONDS)
            self._crawl.commit_if_due()

    def over(self, response: Response) -> None:
        """Take an exchange that brought a response, whole or cut."""
        self._over(response.meta)

    def failed(self, failure: Failure) -> None:
        """Take an exchange that brought none: the handler says in `exchange.error` why."""
        request: scrapy.Request = failure.request  # type: ignore[attr-defined]
        if "exchange" not in request.meta:
            logger.error("no exchange for %s", request.url, exc_info=failure.value)
        self._over(request.meta)

    def _over(self, meta: dict[str, Any]) -> None:
        exchange: Exchange | None = meta.get("exchange")
        self._crawl.over(meta["lease"], exchange)
