"""Keeping: exchanges go into the WARC file in batches, and a lease is done only once its batch is durable.

One fsync costs milliseconds, so up to 64 exchanges or one second of them share it (group commit). The order is fixed:
WARC first, made durable, then one transaction in `crawl.db`. A kill in between fetches that batch again; the other
order could lose it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from archive.clock import Clock
from archive.errors import PayloadError, ShelfError
from archive.model import DiscoveryFact, Exchange, RecordRef, Rendering, Role
from archive.payload import ResponseHead, header, parse_response_head, split_head
from archive.warc import IDENTICAL_PAYLOAD, NOT_MODIFIED, RevisitOf, WarcWriter, sha1_digest

MAX_BATCH = 64  # exchanges
MAX_WAIT = 1.0  # seconds from the first exchange of a batch to its commit
_MAX_VALIDATOR = 1_000  # characters: a longer ETag is not sent back (request heads have limits, about 8 KB in all)
_OK, _NOT_MODIFIED = 200, 304


class PreviousLike(Protocol):
    """The last whole capture of a URL that stands on the shelf as a response: what a revisit refers to."""

    @property
    def url(self) -> str: ...  # noqa: D102  as requested then
    @property
    def captured_at(self) -> datetime: ...  # noqa: D102  aware: its WARC-Date
    @property
    def payload_digest(self) -> str | None: ...  # noqa: D102  as `Kept.payload_digest`


class LeaseLike(Protocol):
    """What is read of a lease (`crawler.frontier.Lease`)."""

    @property
    def id(self) -> int: ...  # noqa: D102  what `Kept.lease_id` repeats
    @property
    def source(self) -> str: ...  # noqa: D102  name of the source that asks
    @property
    def role(self) -> Role: ...  # noqa: D102  what the URL is taken for
    @property
    def previous(self) -> PreviousLike | None: ...  # noqa: D102  None: nothing whole is kept yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One exchange that lies in the WARC file: what the frontier needs to know of it."""

    lease_id: int
    url: str  # as requested
    status: int | None  # None: no response, or none that is HTTP
    # The validators for the next visit; set only if the body is whole (200, not cut, no error), so that a capture that
    # was cut is fetched whole next time. After a 304 they are None and the old ones stay.
    etag: str | None
    last_modified: str | None
    payload_digest: str | None  # see `visit_digest`; None for a 304 and without a whole body
    captured_at: datetime
    error: str | None  # as in `Exchange`, or why a whole body holds no document: undecodable, empty, redirect-loop
    truncated: str | None  # as in `Exchange`
    ref: RecordRef  # of the response or revisit, else of the request


class FrontierLike(Protocol):
    """What is asked of the frontier (`crawler.frontier.Frontier`)."""

    def complete(self, results: Sequence[Kept], *, warc: str, length: int) -> object:
        """In one transaction: the file `warc` is durable up to `length` bytes, and these leases are done."""


class Capture:
    """Keeps exchanges in batches. The caller asks `due()` (on a timer and after each `keep`), then calls `commit()`."""

    def __init__(self, writer: WarcWriter, frontier: FrontierLike, clock: Clock) -> None:
        self._writer = writer
        self._frontier = frontier
        self._clock = clock
        self._pending: list[Kept] = []
        self._then: list[Callable[[], None]] = []
        self._since: float | None = None  # monotonic seconds of the first record that waits

    @property
    def waiting(self) -> int:
        """Exchanges that are not committed yet."""
        return len(self._pending)

    def keep(
        self,
        exchange: Exchange,
        lease: LeaseLike,
        facts: Sequence[DiscoveryFact] = (),
        rendering: Rendering | None = None,
        *,
        unreadable: str | None = None,
    ) -> RecordRef:
        """Append an exchange to the WARC file and remember its lease's result for the next `commit`.

        A 304 to a URL that we hold becomes a revisit, as does a whole 200 with the very body held already, if a browser
        made the very same of it. `facts` are kept with it. `unreadable` says why there is no document in a whole
        body: such an answer is kept as any other, but the visit failed, and its validators are not sent back. Raises
        `ShelfError`; then the whole batch counts as not kept, and its leases stay open.
        """
        kept_already = lease.previous
        head = _head(exchange)
        digest = _whole_digest(exchange, head)
        if digest is not None and rendering is not None:
            digest = visit_digest(digest, dom=rendering.dom, unrendered=rendering.dom is None)
        self._touch()
        try:
            ref = self._writer.append_exchange(
                exchange,
                source=lease.source,
                role=lease.role,
                facts=facts,
                revisit_of=_revisit_of(exchange, head, digest, kept_already),
                rendering=rendering,
            )
        except ShelfError:
            self._forget()
            raise
        whole = digest is not None and head is not None and head.status == _OK and unreadable is None
        self._pending.append(
            Kept(
                lease_id=lease.id,
                url=exchange.url,
                status=None if head is None else head.status,
                etag=_validator(head, "ETag") if whole else None,
                last_modified=_validator(head, "Last-Modified") if whole else None,
                payload_digest=digest,
                captured_at=exchange.started_at,
                error=exchange.error or unreadable,
                truncated=exchange.truncated,
                ref=ref,
            )
        )
        return ref

    def keep_redacted(
        self,
        exchange: Exchange,
        lease: LeaseLike,
        facts: Sequence[DiscoveryFact] = (),
        *,
        unreadable: str | None = None,
    ) -> RecordRef:
        """Append an exchange whose answer tells of what was taken down: without its body, marked, nothing of it sent back.

        The visit counts as any other. Raises `ShelfError` as `keep` does.
        """
        head = _head(exchange)
        self._touch()
        try:
            ref = self._writer.append_exchange(
                exchange, source=lease.source, role=lease.role, facts=facts, redacted=True
            )
        except ShelfError:
            self._forget()
            raise
        self._pending.append(
            Kept(
                lease_id=lease.id,
                url=exchange.url,
                status=None if head is None else head.status,
                etag=None,
                last_modified=None,
                payload_digest=None,
                captured_at=exchange.started_at,
                error=exchange.error or unreadable,
                truncated=exchange.truncated,
                ref=ref,
            )
        )
        return ref

    def keep_facts(
        self, facts: Sequence[DiscoveryFact], *, source: str | None, then: Callable[[], None] | None = None
    ) -> RecordRef:
        """Append facts learned after the fetch. `then` is called once they are committed. Raises `ShelfError`."""
        self._touch()
        try:
            ref = self._writer.append_facts(facts, source=source)
        except ShelfError:
            self._forget()
            raise
        if then is not None:
            self._then.append(then)
        return ref

    def due(self) -> bool:
        """Say whether the batch should be committed now: it is full, or it has waited long enough."""
        if self._since is None:
            return False
        return len(self._pending) >= MAX_BATCH or self._clock.monotonic() - self._since >= MAX_WAIT

    def commit(self) -> tuple[Kept, ...]:
        """Make the batch durable, then tell the frontier; return what was committed.

        Raises `ShelfError` if the WARC file cannot be written: the batch is not kept. Raises what the frontier raises
        if its transaction fails: the batch is durable, and the next `commit` tells the frontier again.
        """
        if self._since is None:
            return ()
        try:
            warc, length = self._writer.flush()
        except ShelfError:
            self._forget()
            raise
        done, then = tuple(self._pending), self._then
        self._frontier.complete(done, warc=warc, length=length)
        self._forget()
        for call in then:
            call()
        return done

    def _touch(self) -> None:
        if self._since is None:
            self._since = self._clock.monotonic()

    def _forget(self) -> None:
        self._pending, self._then, self._since = [], [], None


def visit_digest(body: str, *, dom: bytes | None = None, unrendered: bool = False) -> str:
    """Return what tells whether two visits brought the same: the body's digest, and that of what a browser made of it.

    >>> visit_digest("sha1:A", dom=b"")
    'sha1:A sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ'
    """
    if dom is not None:
        return f"{body} {sha1_digest(dom)}"
    return f"{body} unrendered" if unrendered else body


def _head(exchange: Exchange) -> ResponseHead | None:
    try:
        return parse_response_head(exchange.response_head)
    except PayloadError:
        return None


def _whole_digest(exchange: Exchange, head: ResponseHead | None) -> str | None:
    """Return the payload digest of a whole body, None for one that is cut, failed or not there (304)."""
    if head is None or head.status == _NOT_MODIFIED or exchange.error is not None or exchange.truncated is not None:
        return None
    # As a reader will split the record: after the first empty line.
    return sha1_digest(split_head(exchange.response_head + exchange.body)[1])


def _revisit_of(
    exchange: Exchange, head: ResponseHead | None, digest: str | None, kept: PreviousLike | None
) -> RevisitOf | None:
    if head is None or kept is None or exchange.error is not None or exchange.truncated is not None:
        return None
    if head.status == _NOT_MODIFIED:
        profile = NOT_MODIFIED
    elif head.status == _OK and exchange.body and digest is not None and digest == kept.payload_digest:
        profile = IDENTICAL_PAYLOAD
    else:
        return None
    body_digest = (kept.payload_digest or "").partition(" ")[0] or None
    return RevisitOf(url=kept.url, captured_at=kept.captured_at, digest=body_digest, profile=profile)


def _validator(head: ResponseHead | None, name: str) -> str | None:
    """Return a header that can be sent back as it is: short, and printable Latin-1."""
    value = header(head.headers, name) if head is not None else None
    if not value or len(value) > _MAX_VALIDATOR or any(c < " " or "\x7f" <= c < "\xa0" for c in value):
        return None
    return value
