"""One page in the browser: given its document, watched until it settles, and read."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archive.model import Rendering
from crawler.rendering.browser import Browser
from crawler.rendering.fetching import PageFetcher
from crawler.rendering.rules import Deed, Limits, Look, Settling, deed, told_headers
from crawler.rendering.wanted import MAX_DOCUMENT, Document, Wanted

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, CDPSession, Page, Request, Route

_LOOK_EVERY = 0.15  # seconds
_CLOSE_SECONDS = 2.0
_NO_NETWORK = """for (const name of ["WebSocket", "WebSocketStream", "WebTransport", "RTCPeerConnection",
"webkitRTCPeerConnection", "EventSource"]) { try { delete globalThis[name]; } catch {} }"""
# Asked in a world of their own, where nothing that the page's scripts replaced is seen (CDP Page.createIsolatedWorld).
_HOW_IT_LOOKS = """[document.getElementsByTagName("*").length, (document.body?.textContent ?? "").length,
document.readyState !== "loading"]"""
# Lone halves of surrogate pairs, which strings of JavaScript may have, become U+FFFD here: UTF-8 cannot hold them.
_DOCUMENT = f"""(() => {{ const type = document.doctype; const html = (type ? new XMLSerializer().serializeToString(type) +
"\\n" : "") + (document.documentElement?.outerHTML ?? ""); return html.slice(0, {MAX_DOCUMENT}).toWellFormed(); }})()"""


class PageError(Exception):
    """The page cannot be rendered; stays inside this package."""


@dataclass  # without slots: Playwright writes into the object whose method it calls back
class PageVisit:
    """One visit of one page. Its context (cookies, storage, cache) ends with it."""

    browser: Browser
    document: Document
    asked: Wanted
    fetcher: PageFetcher
    limits: Limits
    _given: bool = False
    _crashed: bool = False
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def render(self) -> Rendering | None:
        """Return what came of the page; None: the run is ending, and the page had not settled.

        Raises `PageError`, Playwright's errors and TimeoutError.
        """
        began = time.monotonic()
        context = await self.browser.playwright.new_context(
            service_workers="block",
            accept_downloads=False,
            user_agent=self.asked.source.user_agent or self.asked.user_agent,
            locale=self.asked.source.language or "en",
            timezone_id="UTC",  # what a script prints of a time must not depend on the machine
        )
        try:
            return await self._render(context, began)
        finally:
            for task in self._running:
                task.cancel()
            with contextlib.suppress(Exception):  # it went with its browser
                await asyncio.wait_for(context.close(), _CLOSE_SECONDS)

    async def _render(self, context: BrowserContext, began: float) -> Rendering | None:
        await context.add_init_script(_NO_NETWORK)
        await context.route("**/*", self._answer)
        page = await context.new_page()
        context.on("page", lambda other: self._start(other.close()))  # what a page opens is not looked at
        page.on("crash", self._note_crash)
        session = await context.new_cdp_session(page)
        with contextlib.suppress(
            TimeoutError
        ):  # a script that never ends may stop it: what was parsed is there all the same
            await self._soon(page.goto(self.document.url, wait_until="commit", timeout=self.limits.settle * 1000))
        world = _World(session)
        settling = Settling(self.limits, time.monotonic)
        settled = False
        while not settled and time.monotonic() - began < self.limits.settle:
            if self._crashed:
                raise PageError("the page crashed the browser: it asks for too much memory, or for what it cannot do")
            if self.asked.ending():
                return None
            await asyncio.sleep(_LOOK_EVERY)
            with contextlib.suppress(TimeoutError):
                elements, characters, complete = await self._soon(world.ask(_HOW_IT_LOOKS))
                settled = settling.settled(
                    Look(int(elements), int(characters)), complete=bool(complete), busy=self.fetcher.waiting > 0
                )
        html = await self._read(session, world)
        dom = html.encode("utf-8", "replace")
        too_long = len(html) >= MAX_DOCUMENT or len(dom) > MAX_DOCUMENT
        return Rendering(
            dom=dom[:MAX_DOCUMENT].decode("utf-8", "ignore").encode() if too_long else dom,
            truncated="length" if too_long else None if settled else "time",
            browser=self.browser.name,
            seconds=time.monotonic() - began,
            requests=self.fetcher.requests,
            received=self.fetcher.received,
        )

    async def _read(self, session: CDPSession, world: _World) -> str:
        """Return the document; a script that runs for ever is ended first."""
        try:
            return str(await self._soon(world.ask(_DOCUMENT)))
        except TimeoutError:
            await self._soon(session.send("Runtime.terminateExecution"))
            return str(await self._soon(world.ask(_DOCUMENT)))

    async def _answer(self, route: Route) -> None:
        """Answer one request of the page."""
        request = route.request
        with contextlib.suppress(Exception):  # the page or its browser is gone: nobody waits for the answer
            if not self._given and request.is_navigation_request():
                self._given = True
                await route.fulfill(
                    status=200, headers=told_headers(self.document.headers, main=True), body=self.document.body
                )
                return
            what = deed(request.method, request.url, request.resource_type)
            if what is Deed.FETCH:
                await self._fetch(route, request)
            elif what is Deed.EMPTY:
                await route.fulfill(status=200, headers={"content-type": "text/css"}, body=b"")
            else:
                # "aborted", because any other word puts the browser's own error page in the place of a page that moves on.
                await route.abort("aborted")

    async def _fetch(self, route: Route, request: Request) -> None:
        script = request.resource_type == "script"
        found = await self.fetcher.fetch(request.url, request.headers, script=script)
        if found is None:
            await route.abort("failed")
        else:
            await route.fulfill(status=found.status, headers=dict(found.headers), body=found.body)

    async def _soon(self, work: Any) -> Any:
        """Return what `work` gives, or raise TimeoutError if the page does not answer."""
        return await asyncio.wait_for(work, self.limits.patience)

    def _note_crash(self, _page: Page) -> None:
        self._crashed = True

    def _start(self, work: Any) -> None:
        async def quietly() -> None:
            with contextlib.suppress(Exception):
                await work

        task = asyncio.ensure_future(quietly())
        self._running.add(task)
        task.add_done_callback(self._running.discard)


class _World:
    """Questions to a page's main frame that its own scripts cannot answer in its stead."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session

    async def ask(self, expression: str) -> Any:
        """Return the value of an expression. Raises `PageError`."""
        tree = await self._session.send("Page.getFrameTree")
        frame = tree["frameTree"]["frame"]["id"]
        made = await self._session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "morgue"})
        given = await self._session.send(
            "Runtime.evaluate",
            {"expression": expression, "contextId": made["executionContextId"], "returnByValue": True},
        )
        if "value" not in given.get("result", {}):
            raise PageError("its document cannot be read")
        return given["result"]["value"]
