"""One run: the frontier, the shelf and the pump, and what happens when an exchange is over. Knows nothing of Scrapy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from archive.clock import Clock
from archive.model import Exchange, Role
from archive.sources import Source
from archive.urls import registered_domain
from crawler.capture import Capture
from crawler.consequences import Answer, Consequences
from crawler.frontier import Frontier, LateFact, Lease
from crawler.pump import Pump
from crawler.report import RunReport

_COUNT_EVERY = 2.0  # seconds; a million addresses take some 20 ms
# Not br, though we read it: warcio (1.8, and with it much else that reads WARC files) fails on a br body where the brotli
# module is installed. A source may ask for it in its `headers`.
ACCEPT_ENCODING = "gzip"
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
    if source and not robots and registered_domain(url) == registered_domain(source.url):
        headers.update(source.headers)  # cookies and keys are for the site alone, not for whom it redirects to
    return headers


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
    failure: BaseException | None = None  # what must end the run: a full disk, a broken crawl.db
    _consequences: Consequences = field(init=False)
    _count_at: float = 0.0  # monotonic: when to count again what is still due

    def __post_init__(self) -> None:
        self._consequences = Consequences(self.frontier, self.sources, self.report.problem)

    def request_headers(self, lease: Lease) -> dict[str, str]:
        """Return the headers to send: who we are, what we can read, what we have already, what the source asks for."""
        headers = headers_for(
            self.sources.get(lease.source), lease.url, self.user_agent, robots=lease.role is Role.ROBOTS
        )
        if lease.etag:
            headers["If-None-Match"] = lease.etag
        if lease.last_modified:
            headers["If-Modified-Since"] = lease.last_modified
        return headers

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

    def over(self, lease: Lease, exchange: Exchange) -> None:
        """Take an exchange that is over, however it went: discover, keep, let its politeness key rest.

        Raises `ShelfError` or `DatabaseError` if what was fetched cannot be kept: the run must end then.
        """
        if exchange.error == "cancelled":
            self.frontier.release([lease.id])
            self.pump.done(lease, error="cancelled")
            return
        answer = Answer.of_exchange(exchange)
        found = self._consequences.draw(lease, answer)
        self.report.found(found, lease.source)
        self.capture.keep(exchange, lease, lease.facts)
        self._keep_late(found.late_facts)
        self.report.exchange(lease, exchange, answer.status)
        error = exchange.error if answer.status is None else None
        self.pump.done(lease, status=answer.status, headers=answer.headers, error=error)
        self.commit_if_due()

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
