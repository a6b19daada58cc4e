"""One run: the frontier, the shelf and the pump, and what happens when an exchange is over. Knows nothing of Scrapy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from archive.clock import Clock
from archive.errors import PayloadError
from archive.model import Candidate, Exchange, Role, Via
from archive.payload import ResponseHead, decode_response, header, parse_response_head
from archive.sources import Source
from archive.urls import join_url
from crawler.capture import Capture, Kept
from crawler.discover import Scope, discover
from crawler.frontier import Frontier, LateFact, Lease
from crawler.politeness import MAX_ROBOTS_BYTES
from crawler.pump import Pump
from crawler.report import RunReport

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5"


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
    proxy: bool = False  # through a proxy the addresses are its affair

    def request_headers(self, lease: Lease) -> dict[str, str]:
        """Return the headers to send: who we are, what we can read, what we have already, what the source asks for."""
        source = self.sources.get(lease.source)
        headers = {
            "User-Agent": (source.user_agent if source and source.user_agent else self.user_agent),
            "Accept": _ACCEPT,
            "Accept-Encoding": "gzip, br",
        }
        if source and source.language:
            headers["Accept-Language"] = source.language
        if lease.etag:
            headers["If-None-Match"] = lease.etag
        if lease.last_modified:
            headers["If-Modified-Since"] = lease.last_modified
        if source and lease.role is not Role.ROBOTS:
            headers.update(source.headers)
        return headers

    def over(self, lease: Lease, exchange: Exchange | None) -> None:
        """Take an exchange that is over, however it went: discover, keep, let its politeness key rest.

        Raises `ShelfError` or `DatabaseError` if what was fetched cannot be kept: the run must end then.
        """
        if exchange is None or exchange.error == "cancelled":
            self.frontier.release([lease.id])
            self.pump.done(lease, error="cancelled")
            return
        head = _head_of(exchange)
        status = head.status if head else None
        whole = exchange.error is None and exchange.truncated is None
        late: tuple[LateFact, ...] = ()
        if lease.role is Role.ROBOTS:
            late = self._robots(lease, exchange, head, whole=whole)
        elif head is not None and head.status in REDIRECTS:
            self._redirect(lease, exchange, head)
        elif lease.role is not Role.PAGE and status == 200 and whole:
            late = self._listing(lease, exchange)
        self.capture.keep(exchange, lease, lease.facts)
        for fact in late:
            self._keep_late(fact)
        self.report.exchange(lease, exchange, status)
        self.pump.done(
            lease, status=status, headers=head.headers if head else (), error=None if status is not None else exchange.error
        )
        self.commit_if_due()

    def commit_if_due(self) -> None:
        """Make durable what waits, if it is time."""
        if self.capture.due():
            self.commit()

    def commit(self) -> None:
        """Make durable what waits, now."""
        done: tuple[Kept, ...] = self.capture.commit()
        self.report.kept_exchanges(done)

    def keep_late_facts(self) -> None:
        """Write down facts about kept pages that no record holds yet: learned while they were out, or left by a kill."""
        for fact in self.frontier.late_facts():
            self._keep_late(fact)

    def _keep_late(self, late: LateFact) -> None:
        self.capture.keep_facts([late.fact], source=late.source, then=lambda: self.frontier.facts_written([late]))

    def _robots(
        self, lease: Lease, exchange: Exchange, head: ResponseHead | None, *, whole: bool
    ) -> tuple[LateFact, ...]:
        """Store rules; a robots.txt that was cut by the size limit still speaks (RFC 9309 section 2.5), others do not."""
        status = head.status if head and (whole or exchange.truncated == "length") else None
        moved_to = None
        if head is not None and head.status in REDIRECTS:
            moved_to = join_url(lease.url, header(head.headers, "Location") or "")
        rules = self.frontier.store_robots(
            lease.url, status=status, body=_robots_body(exchange) if status == 200 else b"", moved_to=moved_to
        )
        candidates = [
            Candidate(fact=fact, role=Role.SITEMAP, source=lease.source)
            for fact in Scope.of(lease, self.sources.get(lease.source)).robots_sitemaps(rules.sitemaps, exchange.started_at)
        ]
        return self._add(candidates)

    def _redirect(self, lease: Lease, exchange: Exchange, head: ResponseHead) -> None:
        """The target becomes a candidate that takes over what was said of the address that sent us there."""
        target = join_url(lease.url, header(head.headers, "Location") or "")
        if target is None:
            return
        scope = Scope.of(lease, self.sources.get(lease.source))
        facts = [scope.fact(target, Via.REDIRECT, exchange.started_at)]
        facts += [replace(fact, url=target) for fact in lease.facts if fact.via not in (Via.CONFIG, Via.REDIRECT)]
        self._add([Candidate(fact=fact, role=lease.role, source=lease.source, hops=lease.hops + 1) for fact in facts])

    def _listing(self, lease: Lease, exchange: Exchange) -> tuple[LateFact, ...]:
        try:
            headers, body = decode_response(exchange.response_head, exchange.body)
        except PayloadError as error:
            self.report.problem(lease, f"cannot be decoded: {error}")
            return ()
        scope = Scope.of(lease, self.sources.get(lease.source))
        found = discover(body, headers, scope, seen_at=exchange.started_at)
        for problem in found.problems:
            self.report.problem(lease, problem)
        return self._add(found.candidates)

    def _add(self, candidates: list[Candidate]) -> tuple[LateFact, ...]:
        if not candidates:
            return ()
        result = self.frontier.add(candidates)
        self.report.found(result)
        return result.late_facts


def _head_of(exchange: Exchange) -> ResponseHead | None:
    try:
        return parse_response_head(exchange.response_head)
    except PayloadError:
        return None


def _robots_body(exchange: Exchange) -> bytes:
    try:
        return decode_response(exchange.response_head, exchange.body)[1][: MAX_ROBOTS_BYTES + 1]
    except PayloadError:
        return b""
