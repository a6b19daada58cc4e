"""What an answer leads to: rules of a robots.txt, a redirect's target, a listing's candidates.

The same code runs live, when an exchange is over, and in `rebuild --frontier`, when it is read back from the WARC files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from archive.errors import PayloadError
from archive.model import RENDERED_TYPE, Candidate, Exchange, Role, Snapshot, Via
from archive.payload import content_beginning, dechunk, decode_content, header, is_chunked, parse_response_head
from archive.sources import Source
from archive.urls import redirect_url
from crawler.discover import BEGINNING, Scope, discover, said, sends_on
from crawler.discovery.likeness import ShapeFacts
from crawler.frontier import AddResult, Frontier, Lease
from crawler.politeness import MAX_ROBOTS_BYTES

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK = 200
Headers = tuple[tuple[str, str], ...]


class Body:
    """A body without its content-codings, decoded when it is asked for and then remembered."""

    __slots__ = ("_beginning", "_cut", "_decoded", "_headers", "_sent")

    def __init__(self, headers: Headers, sent: Callable[[], bytes], *, cut: bool = False) -> None:
        """Take what was `sent`, transfer-coding removed. `cut`: it was cut at the size limit, and may end anywhere."""
        self._headers, self._sent, self._cut = headers, sent, cut
        self._decoded: bytes | PayloadError | None = None
        self._beginning: tuple[bytes, int] | PayloadError | None = None

    def __call__(self) -> bytes:
        """Return all of it. Raises `PayloadError`."""
        if self._decoded is None:
            try:
                self._decoded = decode_content(self._headers, self._sent(), allow_truncated=self._cut)
            except PayloadError as error:
                self._decoded = error
        if isinstance(self._decoded, PayloadError):
            raise self._decoded
        return self._decoded

    def beginning(self) -> tuple[bytes, int]:
        """Return its first bytes and how many there are; all is decoded, and nothing else kept. Raises `PayloadError`."""
        if self._beginning is None:
            try:
                self._beginning = content_beginning(self._headers, self._sent(), BEGINNING)
            except PayloadError as error:
                self._beginning = error
        if isinstance(self._beginning, PayloadError):
            raise self._beginning
        return self._beginning


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a lease, live or from the shelf."""

    status: int | None  # None: nothing that is HTTP
    headers: Headers
    body: Body
    at: datetime
    whole: bool
    over_limit: bool = False  # cut because it was too large
    dom: bytes | None = None  # what a browser made of it

    @classmethod
    def of_exchange(cls, exchange: Exchange) -> Answer:
        """Return a live exchange as an answer."""
        whole = exchange.error is None and exchange.truncated is None
        over_limit = exchange.truncated == "length"
        try:
            head = parse_response_head(exchange.response_head)
        except PayloadError:
            return cls(None, (), Body((), lambda: b""), exchange.started_at, whole=False)

        def sent() -> bytes:
            return dechunk(exchange.body) if is_chunked(head.headers) else exchange.body

        body = Body(head.headers, sent, cut=over_limit)
        return cls(head.status, head.headers, body, exchange.started_at, whole, over_limit)

    @classmethod
    def of_snapshot(cls, snapshot: Snapshot) -> Answer:
        """Return a capture that was read back as an answer."""
        over_limit = snapshot.truncated == "length"
        return cls(
            snapshot.status,
            snapshot.headers,
            Body(snapshot.headers, lambda: snapshot.body, cut=over_limit),
            snapshot.captured_at,
            snapshot.truncated is None,
            over_limit,
            None if snapshot.rendered is None else snapshot.rendered.body,
        )

    def unreadable(self, role: Role, url: str) -> str | None:
        """Return why a whole answer brings nothing: "undecodable", "empty", "redirect-loop" (to itself), or None.

        Some servers give a broken or an empty body the ETag of the page: asked with that, they would say "not modified"
        for ever. So it is a failure, to be tried again without a condition. An empty robots.txt allows everything.
        """
        if self.status in REDIRECTS and self.whole:
            return "redirect-loop" if redirect_url(url, header(self.headers, "Location") or "") == url else None
        if role is Role.ROBOTS or self.status != _OK or not self.whole:
            return None
        try:
            beginning, size = self.body.beginning() if role is Role.PAGE else (body := self.body(), len(body))
        except PayloadError:
            return "undecodable"
        return "empty" if size == len(beginning) and not beginning.strip() else None

    @property
    def headers_of_dom(self) -> Headers:
        """The header fields with the type of the browser's document, whatever the body was written in."""
        others = tuple(field for field in self.headers if field[0].lower() != "content-type")
        return (*others, ("Content-Type", RENDERED_TYPE))


@dataclass(frozen=True, slots=True)
class Consequences:
    """Draws the consequences of answers into a frontier."""

    frontier: Frontier
    sources: Mapping[str, Source]
    on_problem: Callable[[Lease, str], None] = lambda _lease, _what: None
    known: Callable[[str], ShapeFacts | None] = lambda _source: None  # what a source's known articles look like
    since: datetime | None = None  # how far back a backfill goes
    show: Callable[[Lease, Answer], None] = lambda _lease, _answer: None  # puts in what is needed to show the answer

    def draw(self, lease: Lease, answer: Answer) -> AddResult:
        """Put into the frontier what this answer leads to; to be done before the exchange counts as kept."""
        return AddResult.sum(self.steps(lease, answer))

    def steps(self, lease: Lease, answer: Answer) -> Iterator[AddResult]:
        """Do what `draw` does in steps of some ten milliseconds, for whoever has other things to do in between."""
        scope = Scope(lease, self.sources.get(lease.source), since=self.since)
        self.show(lease, answer)
        if lease.role is Role.ROBOTS:
            yield self.frontier.add(self._robots(lease, answer, scope))
        elif answer.status in REDIRECTS:
            yield self.frontier.add(self._redirect(lease, answer, scope))
        elif answer.status == _OK and answer.whole:
            for candidates in self._body(lease, answer, scope):
                if candidates:
                    yield self.frontier.add(candidates)

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
        if not scope.is_own(lease.url) and not lease.hops:
            # Of a host that only lends pictures: its sitemaps list pages that are not the source's.
            return []
        return scope.sitemaps(scope.robots_sitemaps(rules.sitemaps, answer.at), answer.at)

    def _body(self, lease: Lease, answer: Answer, scope: Scope) -> Iterator[list[Candidate]]:
        if lease.role is Role.ASSET:
            return
        if lease.role in (Role.HOME, Role.SECTION):
            scope = replace(scope, known=self.known(lease.source))
        if answer.dom is not None and lease.role is not Role.PAGE:  # a page that scripts make has its links there alone
            shown = list(discover(answer.dom, answer.headers_of_dom, scope, seen_at=answer.at))
            if any(found.candidates for found in shown):
                yield from (found.candidates for found in shown)
                return
        try:
            if lease.role is Role.PAGE and not sends_on(lease.url, *answer.body.beginning()):
                return
            body = answer.body()
        except PayloadError as error:
            self.on_problem(lease, f"cannot be decoded: {error}")
            return
        for found in discover(body, answer.headers, scope, seen_at=answer.at):
            for problem in found.problems:
                self.on_problem(lease, problem)
            yield found.candidates

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
        facts = [scope.fact(target, Via.GUESS if lease.guess else Via.REDIRECT, answer.at)]
        if lease.asked:  # whoever asked for the old address asked for what lies at the new one
            facts.append(scope.fact(target, Via.USER, answer.at))
        facts += [replace(fact, url=target) for fact in said(lease.facts)]
        return [Candidate(fact=fact, role=lease.role, source=lease.source, hops=lease.hops + 1) for fact in facts]
