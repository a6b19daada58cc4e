"""What an answer leads to: rules of a robots.txt, a redirect's target, a listing's candidates.

The same code runs live, when an exchange is over, and in `rebuild --frontier`, when it is read back from the WARC files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from archive.errors import PayloadError
from archive.model import Candidate, Exchange, Role, Snapshot, Via
from archive.payload import dechunk, decode_content, header, is_chunked, parse_response_head
from archive.sources import Source
from archive.urls import redirect_url
from crawler.discover import Scope, discover
from crawler.frontier import AddResult, Frontier, Lease
from crawler.politeness import MAX_ROBOTS_BYTES

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK = 200
_OWN = frozenset({Via.CONFIG, Via.REDIRECT, Via.USER})  # what is said of an address alone, not of the page it leads to
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a lease, live or from the shelf."""

    status: int | None  # None: nothing that is HTTP
    headers: Headers
    body: Callable[[], bytes]  # content-coding removed; may raise `PayloadError`
    at: datetime
    whole: bool
    over_limit: bool = False  # cut because it was too large

    def unreadable(self, role: Role) -> str | None:
        """Return why there is no document in an answer that is whole and says 200: "undecodable", "empty", or None.

        Some servers give a broken or an empty body the ETag of the page: asked with that, they would say "not modified"
        for ever. So it is a failure, to be tried again without a condition. An empty robots.txt allows everything.
        """
        if role is Role.ROBOTS or self.status != _OK or not self.whole:
            return None
        try:
            body = self.body()
        except PayloadError:
            return "undecodable"
        return "empty" if not body or body.isspace() else None

    @classmethod
    def of_exchange(cls, exchange: Exchange) -> Answer:
        """Return a live exchange as an answer."""
        whole = exchange.error is None and exchange.truncated is None
        over_limit = exchange.truncated == "length"
        try:
            head = parse_response_head(exchange.response_head)
        except PayloadError:
            return cls(None, (), lambda: b"", exchange.started_at, whole=False)

        @cache
        def body() -> bytes:
            sent = dechunk(exchange.body) if is_chunked(head.headers) else exchange.body
            return decode_content(head.headers, sent, allow_truncated=over_limit)

        return cls(head.status, head.headers, body, exchange.started_at, whole, over_limit)

    @classmethod
    def of_snapshot(cls, snapshot: Snapshot) -> Answer:
        """Return a capture that was read back as an answer."""
        over_limit = snapshot.truncated == "length"
        return cls(
            snapshot.status,
            snapshot.headers,
            cache(lambda: decode_content(snapshot.headers, snapshot.body, allow_truncated=over_limit)),
            snapshot.captured_at,
            snapshot.truncated is None,
            over_limit,
        )


@dataclass(frozen=True, slots=True)
class Consequences:
    """Draws the consequences of answers into a frontier."""

    frontier: Frontier
    sources: Mapping[str, Source]
    on_problem: Callable[[Lease, str], None] = lambda _lease, _what: None

    def draw(self, lease: Lease, answer: Answer) -> AddResult:
        """Put into the frontier what this answer leads to; to be done before the exchange counts as kept."""
        scope = Scope.of(lease, self.sources.get(lease.source))
        if lease.role is Role.ROBOTS:
            candidates = self._robots(lease, answer, scope)
        elif answer.status in REDIRECTS:
            candidates = self._redirect(lease, answer, scope)
        elif lease.role is not Role.PAGE and answer.status == _OK and answer.whole:
            candidates = self._listing(lease, answer, scope)
        else:
            candidates = []
        return self.frontier.add(candidates) if candidates else AddResult()

    def _robots(self, lease: Lease, answer: Answer, scope: Scope) -> list[Candidate]:
        """Store rules. One that was cut at the size limit still speaks (RFC 9309 section 2.5); one cut short does not."""
        status = answer.status if answer.whole or answer.over_limit else None
        body = b""
        if status == _OK:
            try:
                body = answer.body()[: MAX_ROBOTS_BYTES + 1]
            except PayloadError as error:
                self.on_problem(lease, f"robots.txt cannot be decoded: {error}")
                status = None
        moved_to = redirect_url(lease.url, header(answer.headers, "Location") or "") if status in REDIRECTS else None
        rules = self.frontier.store_robots(lease.url, status=status, body=body, moved_to=moved_to)
        facts = scope.robots_sitemaps(rules.sitemaps, answer.at)
        return [scope.candidate(fact, Role.SITEMAP) for fact in facts]

    def _listing(self, lease: Lease, answer: Answer, scope: Scope) -> list[Candidate]:
        try:
            body = answer.body()
        except PayloadError as error:
            self.on_problem(lease, f"cannot be decoded: {error}")
            return []
        found = discover(body, answer.headers, scope, seen_at=answer.at)
        for problem in found.problems:
            self.on_problem(lease, problem)
        return found.candidates

    def _redirect(self, lease: Lease, answer: Answer, scope: Scope) -> list[Candidate]:
        """Propose the target, which takes over what was said of the address that sent us there."""
        written = header(answer.headers, "Location") or ""
        target = redirect_url(lease.url, written)
        if target is None:
            self.on_problem(lease, f"redirects to nowhere we can go ({written[:200]!r})")
            return []
        if lease.role is Role.PAGE and not lease.asked and not scope.wants(target):
            return []
        if lease.role in (Role.HOME, Role.SECTION) and not scope.is_own(target):
            self.on_problem(lease, f"redirects to another site, {target}: if it moved, change its url in sources.toml")
        facts = [scope.fact(target, Via.REDIRECT, answer.at)]
        if lease.asked:  # whoever asked for the old address asked for what lies at the new one
            facts.append(scope.fact(target, Via.USER, answer.at))
        facts += [replace(fact, url=target) for fact in lease.facts if fact.via not in _OWN]
        return [Candidate(fact=fact, role=lease.role, source=lease.source, hops=lease.hops + 1) for fact in facts]
