"""Asking for a few listings without keeping them: as politely as a crawl, and with the same guards.

One request at a time per politeness key, with the delays of sources.toml and robots.txt and the rest that a host asks for;
robots.txt of every host first; several hosts at once. Nothing of it is remembered: crawl.db is neither read nor written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from archive.clock import Clock
from archive.errors import PayloadError
from archive.model import Exchange
from archive.payload import header
from archive.sources import Source
from archive.urls import origin_of, redirect_url, registered_domain
from crawler.consequences import REDIRECTS, Answer
from crawler.crawl import headers_for
from crawler.politeness import ALLOW_ALL, DISALLOW_ALL, MAX_ROBOTS_BYTES, MAX_ROBOTS_HOPS, Rules, gap, pause, rules
from crawler.transfer import Engine

CONCURRENCY = 32
PATIENCE = 120.0  # seconds that a host's rest is waited for; as the pump does
_MAX_HOPS = 20
_PERMANENT = frozenset({301, 308})
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What asking for one address came to. `body` is there only if the answer can be read."""

    url: str  # where the redirects ended
    rules: Rules  # of that host
    forbidden: bool = False  # robots.txt does not let us ask
    resting: float | None = None  # seconds that the host wants to be left alone: it was not asked
    looped: bool = False  # redirects without an end
    exchange: Exchange | None = None  # the last one
    answer: Answer | None = None
    body: bytes | None = None
    undecodable: str | None = None
    moved_to: str | None = None  # where it is for good: the end of the permanent redirects that it began with

    @property
    def status(self) -> int | None:
        """The last answer's status code, None if there was none."""
        return self.answer.status if self.answer else None


@dataclass(slots=True)
class _Host:
    """What is asked one request at a time."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    ready: float = 0.0  # monotonic
    failures: int = 0


class Visits:
    """Visits addresses of sources. For one asyncio loop; the engine is the caller's to close."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        *,
        sources: Iterable[Source],
        user_agent: str,
        concurrency: int = CONCURRENCY,
        patience: float = PATIENCE,
    ) -> None:
        """Take `sources`, all of sources.toml, for what they say of politeness."""
        self._engine, self._clock, self._user_agent, self._patience = engine, clock, user_agent, patience
        self._keys = {
            registered_domain(source.url): source.politeness_key for source in sources if source.politeness_key
        }
        self._hosts: dict[str, _Host] = {}
        self._robots: dict[str, asyncio.Task[tuple[Rules, Exchange | None]]] = {}
        self._at_once = asyncio.Semaphore(concurrency)

    async def visit(self, url: str, source: Source) -> Visit:
        """Ask for `url`, follow its redirects, and return what came of it. Never raises for what strangers sent."""
        seen: list[str] = []
        moved_to: str | None = None
        while True:
            here, unheard = await self.rules(origin_of(url), source)
            if not here.allowed(url):
                return Visit(url=url, rules=here, forbidden=True, exchange=unheard, moved_to=moved_to)
            got = await self._ask(url, source, here)
            if isinstance(got, float):
                return Visit(url=url, rules=here, resting=got, moved_to=moved_to)
            answer = Answer.of_exchange(got)
            seen.append(url)
            target = self._target(url, answer)
            if target is None:
                break
            if target in seen or len(seen) > _MAX_HOPS:
                return Visit(url=url, rules=here, looped=True, exchange=got, answer=answer)
            if answer.status in _PERMANENT and moved_to == (url if len(seen) > 1 else None):
                moved_to = target
            url = target
        body, undecodable = None, None
        if answer.status == _OK and (answer.whole or answer.over_limit):
            try:
                body = answer.body()
            except PayloadError as error:
                undecodable = str(error)
        return Visit(
            url=url, rules=here, exchange=got, answer=answer, body=body, undecodable=undecodable, moved_to=moved_to
        )

    async def rules(self, origin: str, source: Source) -> tuple[Rules, Exchange | None]:
        """Return the rules of a host, asked for once, and the exchange that failed where they cannot be had."""
        if origin not in self._robots:
            self._robots[origin] = asyncio.ensure_future(self._ask_rules(f"{origin}/robots.txt", source))
        return await asyncio.shield(self._robots[origin])

    async def close(self) -> None:
        """End what is still being asked."""
        for task in self._robots.values():
            task.cancel()
        await asyncio.gather(*self._robots.values(), return_exceptions=True)

    async def _ask_rules(self, url: str, source: Source) -> tuple[Rules, Exchange | None]:
        for _ in range(MAX_ROBOTS_HOPS + 1):
            got = await self._ask(url, source, ALLOW_ALL, robots=True)
            if isinstance(got, float):
                return DISALLOW_ALL, None
            answer = Answer.of_exchange(got)
            target = self._target(url, answer)
            if target is None:
                break
            url = target
        else:
            return ALLOW_ALL, None  # more than five redirects: as if there were none (RFC 9309 section 2.3.1.2)
        status, body = answer.status if answer.whole or answer.over_limit else None, b""
        if status == _OK:
            try:
                body = answer.body()[: MAX_ROBOTS_BYTES + 1]
            except PayloadError:
                status = None
        read = rules(status, body)
        host = self._host(url, source)
        host.ready = max(host.ready, self._clock.monotonic() + gap(self._delay(url, source), read.delay))
        return read, got if read is DISALLOW_ALL else None

    def _target(self, url: str, answer: Answer) -> str | None:
        if answer.status not in REDIRECTS:
            return None
        return redirect_url(url, header(answer.headers, "Location") or "")

    async def _ask(self, url: str, source: Source, here: Rules, *, robots: bool = False) -> Exchange | float:
        """Return the exchange when its turn came, or the seconds that its host still rests, if those are too many."""
        host = self._host(url, source)
        async with host.lock:
            for again in (True, False):
                rest = host.ready - self._clock.monotonic()
                if rest > self._patience:
                    return rest
                await asyncio.sleep(max(rest, 0.0))
                async with self._at_once:
                    exchange = await self._transfer(url, source, robots=robots)
                self._let_rest(host, exchange, gap(self._delay(url, source), here.delay))
                # A connection that was kept open and closed at this moment says nothing of the address.
                if exchange.error != "disconnect" or exchange.response_head or not again:
                    return exchange
        raise AssertionError("unreachable")

    async def _transfer(self, url: str, source: Source, *, robots: bool) -> Exchange:
        headers = headers_for(source, url, self._user_agent, robots=robots)
        sent = [(name.encode(), value.encode()) for name, value in headers.items()]
        return await self._engine.start(url, headers=sent, once=True).wait()

    def _let_rest(self, host: _Host, exchange: Exchange, usual: float) -> None:
        answer = Answer.of_exchange(exchange)
        error = exchange.error if answer.status is None else None
        asked = pause(answer.status, answer.headers, error=error, failures=host.failures, now=self._clock.now())
        host.failures = asked.failures
        host.ready = self._clock.monotonic() + max(usual, asked.seconds)

    def _host(self, url: str, source: Source) -> _Host:
        domain = registered_domain(url)
        own = source.politeness_key if domain == registered_domain(source.url) else None
        return self._hosts.setdefault(own or self._keys.get(domain) or domain, _Host())

    def _delay(self, url: str, source: Source) -> float | None:
        return source.delay if registered_domain(url) == registered_domain(source.url) else None
