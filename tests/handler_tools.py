"""What the tests of the download handler share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from rawserver import RawServer, Route
from scrapy.http import Request, Response
from scrapy.utils.test import get_crawler

from archive.model import Exchange
from crawler.handler import CurlHandler


@asynccontextmanager
async def handler(**settings: Any) -> AsyncIterator[CurlHandler]:
    made = CurlHandler(get_crawler(settings_dict={"MORGUE_ALLOW_PRIVATE": True, "MORGUE_TIMEOUT": 10, **settings}))
    try:
        yield made
    finally:
        await made.close()


async def fetch(made: CurlHandler, url: str, **request: Any) -> tuple[Response | Exception, Exchange]:
    """Return the response or the exception, and the exchange, which must always be there."""
    asked = Request(url, **request)
    result: Response | Exception
    try:
        result = await made.download_request(asked)
    except Exception as error:  # noqa: BLE001 - which one it is is what the tests look at
        result = error
    exchange = asked.meta["exchange"]
    assert isinstance(exchange, Exchange)
    return result, exchange


async def fetch_one(route: Route, path: str = "/", **settings: Any) -> tuple[Response | Exception, Exchange]:
    with RawServer({path: route}) as server:
        async with handler(**settings) as made:
            return await fetch(made, server.url(path))
