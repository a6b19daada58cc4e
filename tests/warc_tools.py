"""What the tests of the WARC shelf share: a clock that stands, small exchanges, a writer with counted ids."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archive.errors import BrokenRecordError
from archive.model import DiscoveryFact, Exchange, FactRecord, RecordRef, Role, Snapshot, Via
from archive.warc import Offset, WarcWriter, read_records

T0 = datetime(2026, 5, 1, 6, 0, 0, 250_000, tzinfo=UTC)
URL = "https://news.example/2026/05/tide?id=2"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nX-Odd:  caf\xe9\r\n\r\n"
PAGE = b"<!DOCTYPE html><title>Tide turns</title><p>The harbour reopened on Monday.</p>" * 20
REQUEST = b"GET /2026/05/tide?id=2 HTTP/1.1\r\nHost: news.example\r\n\r\n"


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    when: datetime = T0

    def now(self) -> datetime:
        return self.when

    def monotonic(self) -> float:
        return self.when.timestamp()

    def real(self) -> float:
        return self.when.timestamp()


def exchange(head: bytes = OK, body: bytes = PAGE, **more: Any) -> Exchange:
    known: dict[str, Any] = {
        "url": URL,
        "started_at": T0,
        "request_head": REQUEST,
        "response_head": head,
        "body": body,
        "peer": "192.0.2.7",
        "seconds": 0.25,
    }
    return Exchange(**(known | more))


def fact(url: str = URL, **more: Any) -> DiscoveryFact:
    known: dict[str, Any] = {"url": url, "via": Via.FEED, "found_on": "https://news.example/feed", "seen_at": T0}
    return DiscoveryFact(**(known | more))


def writer(folder: Path, clock: Clock | None = None, **more: Any) -> WarcWriter:
    numbers = itertools.count(1)
    known: dict[str, Any] = {
        "run_id": "k3f9",
        "software": "Morgue/0.1",
        "contact": "mailto:desk@paper.example",
        "new_id": lambda: f"00000000-0000-4000-8000-{next(numbers):012d}",
    }
    return WarcWriter(folder, clock=clock or Clock(), **(known | more))


def keep(to: WarcWriter, what: Exchange, **more: Any) -> RecordRef:
    known: dict[str, Any] = {"source": "Example News", "role": Role.PAGE, "facts": (), "revisit_of": None}
    return to.append_exchange(what, **(known | more))


def read(path: Path, **more: Any) -> tuple[list[Snapshot], list[FactRecord], int, list[BrokenRecordError]]:
    """Return captures, facts, the last offset and what was broken."""
    broken: list[BrokenRecordError] = []
    items = list(read_records(path, on_broken=broken.append, **more))
    assert isinstance(items[-1], Offset)
    snapshots = [item for item in items if isinstance(item, Snapshot)]
    return snapshots, [item for item in items if isinstance(item, FactRecord)], items[-1].position, broken
