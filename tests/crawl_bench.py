"""A crawl without a network and without a shelf: leases in, answers by hand, what they lead to in a real frontier."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from archive.model import Exchange, RecordRef, Role
from archive.sources import Source
from crawler.capture import Capture, Kept
from crawler.crawl import Crawl
from crawler.discovery.likeness import ShapeFacts
from crawler.frontier import Frontier, Lease
from crawler.report import RunReport
from tests.frontier_kit import START, HandClock

REPLIES = {Role.ROBOTS: 404}


@dataclass
class Bench:
    """A crawl, its frontier, and what was asked for so far."""

    crawl: Crawl
    frontier: Frontier
    clock: HandClock
    kept: list[Kept] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def lease(self, url: str) -> Lease:
        """Answer what comes before it, and return the lease of `url`."""
        while leases := self.frontier.lease(self.clock.epoch):
            if leases[0].url == url:
                return leases[0]
            self.answer(leases[0], REPLIES.get(leases[0].role, 200))
        raise AssertionError(f"{url} is not due")

    def answer(self, lease: Lease, status: int, *headers: str, body: bytes = b"") -> None:
        """Let an exchange end with this answer, and its lease be completed."""
        self.asked.append(lease.url)
        self.crawl.over(lease, exchange(lease.url, status, *headers, body=body))
        self.frontier.complete([self.kept.pop()], warc="w", length=1)

    def serve(self, pages: Mapping[str, bytes], *, sources: tuple[str, ...] | None = None) -> list[str]:
        """Answer all that is due, what is not in `pages` with 404; return what was asked for, robots.txt left out."""
        before = len(self.asked)
        while leases := self.frontier.lease(self.clock.epoch, sources=sources):
            (lease,) = leases
            body = pages.get(lease.url)
            self.answer(lease, 404 if body is None else 200, body=body or b"")
        return [url for url in self.asked[before:] if not url.endswith("/robots.txt") or url in pages]

    def known(self) -> set[str]:
        """Return every address in the frontier."""
        return {row[0] for row in self.frontier._core.conn.execute("SELECT url FROM urls")}


def exchange(url: str, status: int, *headers: str, body: bytes = b"") -> Exchange:
    """Return a whole exchange."""
    return Exchange(
        url=url,
        started_at=START,
        request_head=b"",
        response_head="\r\n".join([f"HTTP/1.1 {status} X", *headers, "", ""]).encode(),
        body=body,
        peer=None,
        seconds=0.0,
    )


@contextmanager
def open_bench(
    path: Path,
    source: Source,
    *,
    known: Callable[[str], ShapeFacts | None] = lambda _source: None,
    since: datetime | None = None,
) -> Iterator[Bench]:
    """Open a bench on a new or old frontier in `path` with one source."""
    clock = HandClock()
    with Frontier(path / "crawl.db", clock) as frontier:
        frontier.sync_sources([source])
        kept: list[Kept] = []

        def keep(
            exchange: Exchange,
            lease: Lease,
            _facts: object = (),
            _rendering: object = None,
            *,
            undecodable: bool = False,
        ) -> None:
            status = int(exchange.response_head[9:12])
            kept.append(
                Kept(
                    lease_id=lease.id,
                    url=lease.url,
                    status=status,
                    etag=None,
                    last_modified=None,
                    payload_digest=None,
                    captured_at=clock.now(),
                    error="undecodable" if undecodable else None,
                    truncated=None,
                    ref=RecordRef(warc="w", offset=0, length=1),
                )
            )

        shelf = SimpleNamespace(keep=keep, due=lambda: False, keep_facts=lambda *_, **__: None)
        pump: Any = SimpleNamespace(
            done=lambda lease, **how: frontier.exchanged(
                lease, status=how.get("status"), headers=how.get("headers") or (), error=how.get("error")
            )
        )
        crawl = Crawl(
            frontier=frontier,
            capture=cast("Capture", shelf),
            pump=pump,
            sources={source.name: source},
            clock=clock,
            report=RunReport(run_id="r", started_at=START),
            user_agent="Morgue/1 (+mailto:x@y.example)",
            known=known,
            since=since,
        )
        yield Bench(crawl, frontier, clock, kept)
