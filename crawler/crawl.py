"""One run: the frontier, the shelf and the pump, and what happens when an exchange is over. Knows nothing of Scrapy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from archive.clock import Clock
from archive.model import Exchange, Rendering, Role
from archive.sources import Source
from archive.tombstones import Tombstones
from archive.urls import origin_of, registered_domain
from crawler.assets import MAX_BYTES, Allowance
from crawler.capture import Capture
from crawler.consequences import Answer, Consequences
from crawler.discovery.likeness import ShapeFacts
from crawler.frontier import AddResult, Frontier, LateFact, Lease
from crawler.pump import Pump
from crawler.recheck import LISTINGS
from crawler.redaction import quotes
from crawler.rendering.wanted import ENDED, Wanted, wanted
from crawler.report import RunReport

_LARGE = 128 * 2**10  # bytes of a listing from which it is read in steps
_GRACE = 3.0  # seconds after the end of leasing in which listings may be read to their end
_COUNT_EVERY = 2.0  # seconds; a million addresses take some 20 ms
# Not br, though we read it: warcio (1.8, and with it much else that reads WARC files) fails on a br body where the brotli
# module is installed. A source may ask for it in its `headers`.
ACCEPT_ENCODING = "gzip"
_ACCEPT_ASSET = "*/*"
_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5"


def headers_for(source: Source | None, url: str, user_agent: str, *, robots: bool = False) -> dict[str, str]:
    """Return what is sent to ask for `url`, validators left out. `robots`: it is a robots.txt."""
    headers = {
        "User-Agent": source.user_agent if source and source.user_agent else user_agent,
        "Accept": _ACCEPT,
        "Accept-Encoding": ACCEPT_ENCODING,
    }
    if source and source.language:
        headers["Accept-Language"] = source.language
    headers.update(own_headers(source, url, robots=robots))
    return headers


def own_headers(source: Source | None, url: str, *, robots: bool = False) -> Mapping[str, str]:
    """Return what sources.toml wants sent to ask for `url`: secrets, which no record, message or report may hold.

    Cookies and keys are for the site alone, not for whom it redirects to; and where the source is asked for by https, not for
    whoever reads along when one of its pages or feeds names an address with http.
    """
    if source is None or robots or registered_domain(url) != registered_domain(source.url):
        return {}
    in_clear = url.startswith("http:") and source.url.startswith("https:")
    return {} if in_clear else source.headers


@dataclass(slots=True)
class Crawl:
    """One run over one archive. What is discovered goes to the frontier before the exchange goes to the shelf."""

    frontier: Frontier
    capture: Capture
    pump: Pump
    sources: Mapping[str, Source]
    clock: Clock
    report: RunReport
    user_agent: str
    known: Callable[[str], ShapeFacts | None] = lambda _source: None  # see `Consequences`
    since: datetime | None = None  # as above
    enough_room: Callable[[], bool] = lambda: True  # on the disk
    tombstones: Tombstones = field(default_factory=Tombstones)  # what was taken down
    failure: BaseException | None = None  # what must end the run: a full disk, a broken crawl.db
    _consequences: Consequences = field(init=False)
    _allowance: Allowance = field(init=False)
    _count_at: float = 0.0  # monotonic: when to count again what is still due
    _reading: set[asyncio.Task[None]] = field(default_factory=set)  # large listings

    def __post_init__(self) -> None:
        self._allowance = Allowance(self.sources)
        self._consequences = Consequences(
            self.frontier, self.sources, self.report.problem, known=self.known, since=self.since, show=self._show
        )
        self.pump.refusal = self._allowance.refusal
        self.pump.assets_left = lambda: self._allowance.left

    def request_headers(self, lease: Lease) -> dict[str, str]:
        """Return the headers to send: who we are, what we can read, what we have already, what the source asks for."""
        headers = headers_for(
            self.sources.get(lease.source), lease.url, self.user_agent, robots=lease.role is Role.ROBOTS
        )
        if lease.role is Role.ASSET:
            headers["Accept"] = _ACCEPT_ASSET
        if wanted(self.sources.get(lease.source), lease.role):
            return headers  # that the body is the same says nothing of what its scripts make of it
        if lease.etag:
            headers["If-None-Match"] = lease.etag
        if lease.last_modified:
            headers["If-Modified-Since"] = lease.last_modified
        return headers

    @staticmethod
    def most_bytes(lease: Lease) -> int | None:
        """Return how long a lease's answer may be (bytes on the wire), None for the usual limit."""
        return MAX_BYTES if lease.role is Role.ASSET else None

    def _show(self, lease: Lease, answer: Answer) -> None:
        """Put into the frontier what is needed to show an answer as its readers see it, if its source wants that."""
        if self._allowance.wants(lease):
            candidates, problem = self._allowance.candidates(lease, answer)
            if candidates:
                self.frontier.add(candidates)
            if problem:
                self.report.problem(lease, problem)

    def to_render(self, lease: Lease) -> Wanted | None:
        """Return how a lease's answer is to be rendered, None if it is not."""
        source = self.sources.get(lease.source)
        if source is None or not wanted(source, lease.role):
            return None
        return Wanted(
            source=source,
            user_agent=source.user_agent or self.user_agent,
            headers=lambda url: headers_for(source, url, self.user_agent),
            allowed=self._robots_allow,
            ending=self.pump.ends_now,
        )

    def _robots_allow(self, url: str) -> bool:
        """Say what the host's robots.txt, if the crawl has read it, says of an address that a page's script asks for."""
        rules = self.frontier.robots_rules(f"{origin_of(url)}/robots.txt")
        return rules is None or rules.allowed(url)

    def never_sent(self, lease: Lease, why: BaseException | None) -> Exchange:
        """Return the exchange of a request that did not get as far as the network: it fails as any other, and rests."""
        detail = f"{type(why).__name__}: {why}" if why is not None else "no reason given"
        self.report.problem(lease, f"could not be asked for ({detail})")
        return Exchange(
            url=lease.url,
            started_at=self.clock.now(),
            request_head=b"",
            response_head=b"",
            body=b"",
            peer=None,
            seconds=0.0,
            error="protocol",
            detail=detail,
        )

    def over(self, lease: Lease, exchange: Exchange, rendering: Rendering | None = None) -> None:
        """Take an exchange that is over, however it went: discover, keep, let its politeness key rest.

        `rendering`: what a browser made of it, if it was to be rendered.

        Raises `ShelfError` or `DatabaseError` if what was fetched cannot be kept: the run must end then.
        """
        if exchange.error == "cancelled" or rendering is ENDED:
            self.frontier.release([lease.id])
            self.pump.done(lease, error="cancelled")
            return
        answer = Answer.of_exchange(exchange)
        if rendering is not None:
            answer = replace(answer, dom=rendering.dom)
            self.report.render(lease, rendering)
        error = exchange.error if answer.status is None else None
        self._allowance.spent(lease, len(exchange.body))
        if lease.role in LISTINGS and len(exchange.body) > _LARGE:
            self.pump.done(lease, status=answer.status, headers=answer.headers, error=error, seconds=exchange.seconds)
            task = asyncio.get_running_loop().create_task(self._read_in_steps(lease, exchange, answer, rendering))
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)
            return
        found = self._consequences.draw(lease, answer)
        self._keep(lease, exchange, answer, found, rendering)
        self.pump.done(lease, status=answer.status, headers=answer.headers, error=error, seconds=exchange.seconds)
        self.commit_if_due()

    async def _read_in_steps(
        self, lease: Lease, exchange: Exchange, answer: Answer, rendering: Rendering | None
    ) -> None:
        """Take a large listing without making the others wait; its politeness key has been let go already."""
        try:
            steps = []
            for step in self._consequences.steps(lease, answer):
                steps.append(step)
                await asyncio.sleep(0)
            self._keep(lease, exchange, answer, AddResult.sum(steps), rendering)
            self.commit_if_due()
        except asyncio.CancelledError:  # no time left: what was found so far stays, and the listing is asked for again
            self.frontier.release([lease.id])
            raise
        except Exception as error:  # noqa: BLE001 - nobody awaits this task for its result
            self.fail(error)

    def _keep(
        self, lease: Lease, exchange: Exchange, answer: Answer, found: AddResult, rendering: Rendering | None
    ) -> None:
        """Keep an exchange whose consequences are drawn."""
        if lease.role is not Role.ASSET:
            self.report.found(found, lease.source)
        unreadable = answer.unreadable(lease.role, lease.url)
        secret = own_headers(self.sources.get(lease.source), lease.url, robots=lease.role is Role.ROBOTS)
        kept = replace(exchange, withheld=tuple(secret)) if secret else exchange
        if self.tombstones and quotes(answer, lease, self.tombstones):
            self.capture.keep_redacted(kept, lease, lease.facts, unreadable=unreadable)
        else:
            self.capture.keep(kept, lease, lease.facts, rendering, unreadable=unreadable)
        self._keep_late(found.late_facts)
        self.report.exchange(lease, exchange, answer.status, unreadable=unreadable)

    async def settle(self) -> None:
        """Wait for what is in flight and for listings that are still being read, for these a few seconds at most."""
        await self.pump.drained(lambda: self.failure is not None)
        if self._reading:
            _, late = await asyncio.wait(self._reading, timeout=_GRACE if self.pump.ended_by != "done" else None)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def commit_if_due(self) -> None:
        """Make durable what waits, if it is time. Raises `ShelfError`, `DatabaseError`."""
        if self.capture.due():
            self.commit()

    def count_due(self) -> None:
        """Count now and then how much is still to be asked for, for those who wait."""
        if (now := self.clock.monotonic()) >= self._count_at:
            self._count_at = now + _COUNT_EVERY
            self.report.due = self.frontier.due_count()

    def commit(self) -> None:
        """Make durable what waits, now. Raises `ShelfError`, `DatabaseError`."""
        self.report.kept_exchanges(self.capture.commit())
        if not self.enough_room():
            self.pump.stop("disk")

    def keep_late_facts(self) -> None:
        """Write down facts about kept pages that no record holds yet: learned while they were out, or left by a kill."""
        self._keep_late(self.frontier.late_facts())

    def _keep_late(self, facts: tuple[LateFact, ...]) -> None:
        for late in facts:
            self.capture.keep_facts([late.fact], source=late.source, then=partial(self.frontier.facts_written, [late]))

    def fail(self, error: BaseException) -> None:
        """End the run because of `error`, which `run_crawl` then raises."""
        if self.failure is None:
            self.failure = error
        self.pump.stop("error")
