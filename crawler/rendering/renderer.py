"""All rendering of one run: one browser, started when the first page needs it, a few pages at once, and what went wrong."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping

from archive.clock import Clock
from archive.model import Exchange, Rendering
from crawler.rendering.browser import Browser, BrowserError
from crawler.rendering.fetching import PageFetcher, Scripts
from crawler.rendering.page import PageVisit
from crawler.rendering.rules import Limits, first_line
from crawler.rendering.wanted import ENDED, Document, Wanted, document_of
from crawler.transfer import Engine
from crawler.transfer import Limits as TransferLimits
from crawler.transfer.easy import Route

PAGES_AT_ONCE = 2  # some 150 MB each
_STARTS = 3  # of a browser that dies, in one run
_CLOSE_SECONDS = 5.0


class Renderer:
    """Renders whole HTML answers. For one asyncio loop; to be closed."""

    def __init__(
        self,
        route: Route,
        clock: Clock,
        *,
        limits: Limits | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`route`: how what pages ask for leaves the machine. `environment`: where Chromium is looked for."""
        self._route, self._clock, self._limits = route, clock, limits or Limits()
        self._environment = os.environ if environment is None else environment
        self._browser: Browser | None = None
        self._starting = asyncio.Lock()
        self._starts = 0
        self._engine: Engine | None = None
        self._scripts = Scripts()
        self._at_once = asyncio.Semaphore(PAGES_AT_ONCE)
        self._gone: str | None = None  # why there is no browser in this run

    async def render(self, exchange: Exchange, asked: Wanted) -> Rendering | None:
        """Return what a browser makes of an answer; None: it is nothing to render. Never raises for what a page is."""
        document = document_of(exchange)
        if document is None:
            return None
        if isinstance(document, str):
            return Rendering(failed=document)
        async with self._at_once:
            if asked.ending():
                return ENDED
            try:
                browser = await self._have_browser()
            except BrowserError as error:
                return Rendering(failed=str(error), no_browser=True)
            return await self._visit(browser, document, asked)

    async def _visit(self, browser: Browser, document: Document, asked: Wanted) -> Rendering:
        fetcher = PageFetcher(self._have_engine(), self._scripts, asked, self._limits)
        visit = PageVisit(browser, document, asked, fetcher, self._limits)
        why = ""
        try:
            async with asyncio.timeout(self._limits.most):
                return await visit.render() or ENDED
        except TimeoutError:
            why = "the browser did not answer in time"
            if browser.alive and self._browser is browser:  # its other pages may be well: only the next start tells
                await self._drop(browser)
        except Exception as error:  # noqa: BLE001 - whatever happens in a browser on one page is that page's reason
            why = f"the browser gave it up: {first_line([str(error)])}"
        return Rendering(failed=why, browser=browser.name, requests=fetcher.requests, received=fetcher.received)

    async def _have_browser(self) -> Browser:
        """Return the browser, started if it does not run. Raises `BrowserError`."""
        async with self._starting:
            if self._browser is not None and self._browser.alive:
                return self._browser
            if self._browser is not None:
                await self._drop(self._browser)
            if self._gone is None and self._starts >= _STARTS:
                self._gone = f"the browser died {_STARTS} times in this run"
            if self._gone is not None:
                raise BrowserError(self._gone)
            self._starts += 1
            try:
                self._browser = await Browser.start(self._environment)
            except BrowserError as error:
                self._gone = str(error)  # it will not appear while we wait
                raise
            return self._browser

    def _have_engine(self) -> Engine:
        if self._engine is None:
            limits = TransferLimits(body=self._limits.answer, total=self._limits.answer_seconds)
            route = Route(
                limits=limits,
                allow_private=self._route.allow_private,
                proxy=self._route.proxy,
                ca_file=self._route.ca_file,
            )
            self._engine = Engine(route, self._clock)
        return self._engine

    async def _drop(self, browser: Browser) -> None:
        if self._browser is browser:
            self._browser = None
        with contextlib.suppress(Exception):  # it is dead or hangs: its pipe is closed with its driver
            await asyncio.wait_for(browser.close(), _CLOSE_SECONDS)

    async def close(self) -> None:
        """End the browser and what is still being asked."""
        if self._browser is not None:
            await self._drop(self._browser)
        if self._engine is not None:
            await self._engine.close()
