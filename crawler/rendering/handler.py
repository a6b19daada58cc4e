"""The download handler of a crawl: every request through libcurl, and what a source wants rendered then through a browser.

    DOWNLOAD_HANDLERS = {"http": "crawler.rendering.handler.RenderingHandler", …}

`request.meta["render"]` (a `Wanted`) asks for it; `request.meta["rendering"]` then holds a `Rendering`, or None if the
answer is nothing to render. The response and `request.meta["exchange"]` are what `crawler.handler.CurlHandler` makes of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.clock import SystemClock
from crawler.handler import CurlHandler, route_from
from crawler.rendering.renderer import Renderer

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Request, Response


class RenderingHandler(CurlHandler):
    """Downloads http and https for Scrapy 2.19 on an asyncio loop, and renders what is asked to be."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        settings = crawler.settings
        self._renderer = Renderer(route_from(settings), settings.get("MORGUE_CLOCK") or SystemClock())

    async def download_request(self, request: Request) -> Response:
        """Return the response to `request`, or raise what Scrapy expects of a failed download."""
        response = await super().download_request(request)
        asked = request.meta.get("render")
        if asked is not None:
            request.meta["rendering"] = await self._renderer.render(request.meta["exchange"], asked)
        return response

    async def close(self) -> None:
        """End what is in flight and free everything, the browser too."""
        await self._renderer.close()
        await super().close()
