"""What a page's scripts ask for, fetched by our own transfers: the same guard on addresses, the same proxy, no cookies.

The browser has no other way out. Scripts are kept in memory for the run, so that a site's programme is asked for once and not
with each of its pages.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from archive.errors import PayloadError
from archive.model import Exchange
from archive.payload import (
    ResponseHead,
    dechunk,
    decode_content,
    header,
    is_chunked,
    parse_response_head,
)
from archive.urls import redirect_url
from crawler.consequences import REDIRECTS
from crawler.rendering.rules import Limits, sent_headers, told_headers
from crawler.rendering.wanted import Wanted
from crawler.transfer import Engine

_MAX_HOPS = 5
_MAX_DECODED = 16 * 2**20  # bytes
_SCRIPTS_BYTES = 64 * 2**20  # of scripts kept for the run


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer as the browser gets it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Scripts:
    """Scripts of this run by source and address; the oldest go first when there are too many."""

    def __init__(self, room: int = _SCRIPTS_BYTES) -> None:
        self._kept: OrderedDict[tuple[str, str, str], Fetched] = OrderedDict()
        self._room = room
        self._size = 0

    def get(self, key: tuple[str, str, str]) -> Fetched | None:
        """Return a script, None if it is not here."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: tuple[str, str, str], script: Fetched) -> None:
        """Keep a script."""
        old = self._kept.pop(key, None)
        self._size += len(script.body) - (len(old.body) if old else 0)
        self._kept[key] = script
        while self._size > self._room and self._kept:
            _, dropped = self._kept.popitem(last=False)
            self._size -= len(dropped.body)


class PageFetcher:
    """Fetches for one page, within its limits."""

    def __init__(self, engine: Engine, scripts: Scripts, asked: Wanted, limits: Limits) -> None:
        self._engine, self._scripts, self._asked, self._limits = engine, scripts, asked, limits
        self._at_once = asyncio.Semaphore(limits.at_once)
        self.requests = 0  # that went out
        self.received = 0  # bytes of their bodies
        self.waiting = 0  # answers that are waited for

    async def fetch(self, url: str, of_page: Mapping[str, str], *, script: bool) -> Fetched | None:
        """Return the answer, None if there is none for this page: refused, failed, cut, or over its limits."""
        key = (self._asked.source.name, url, of_page.get("origin", ""))
        if script and (kept := self._scripts.get(key)) is not None:
            return kept
        self.waiting += 1
        try:
            async with self._at_once:
                found, lasting = await self._follow(url, of_page)
        finally:
            self.waiting -= 1
        if script and lasting and found is not None:
            self._scripts.put(key, found)
        return found

    async def _follow(self, url: str, of_page: Mapping[str, str]) -> tuple[Fetched | None, bool]:
        """Return the answer at the end of the redirects, and whether it may be kept for other pages."""
        for _ in range(_MAX_HOPS + 1):
            spent = self.requests >= self._limits.requests or self.received >= self._limits.received
            if spent or self._asked.ending() or not self._asked.allowed(url):
                break
            exchange = await self._ask(url, of_page)
            if exchange.error is not None or exchange.truncated is not None:
                break
            try:
                head = parse_response_head(exchange.response_head)
                target = redirect_url(url, header(head.headers, "Location") or "") if head.status in REDIRECTS else None
                if target is None:
                    return _told(head, exchange), head.status == HTTPStatus.OK and _may_stay(head)
            except PayloadError:
                break
            url = target
        return None, False

    async def _ask(self, url: str, of_page: Mapping[str, str]) -> Exchange:
        self.requests += 1
        sent = sent_headers(self._asked.headers(url), of_page)
        exchange = await self._engine.start(url, headers=sent).wait()
        self.received += len(exchange.body)
        return exchange


def _told(head: ResponseHead, exchange: Exchange) -> Fetched:
    sent = dechunk(exchange.body, _MAX_DECODED) if is_chunked(head.headers) else exchange.body
    body = decode_content(head.headers, sent, limit=_MAX_DECODED)
    return Fetched(head.status, told_headers(head.headers, main=False), body)


def _may_stay(head: ResponseHead) -> bool:
    said = (header(head.headers, "Cache-Control") or "").lower()
    return "no-store" not in said and "private" not in said
