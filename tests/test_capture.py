"""Group commit: WARC first, then the frontier; what becomes a revisit; which validators are kept."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from warc_tools import OK, PAGE, T0, URL, Clock, exchange, fact, read, writer

from archive.errors import ShelfError
from archive.model import Exchange, Role
from archive.warc import WarcWriter, sha1_digest, tail
from crawler.capture import MAX_BATCH, Capture, Kept

VALIDATORS = b'HTTP/1.1 200 OK\r\nETag: "a1"\r\nLast-Modified: Fri, 01 May 2026 05:00:00 GMT\r\n\r\n'
NOT_MODIFIED = b'HTTP/1.1 304 Not Modified\r\nETag: "a2"\r\n\r\n'
BEFORE = T0 - timedelta(days=1)


@dataclass(frozen=True)
class Previous:
    url: str = URL
    captured_at: datetime = BEFORE
    payload_digest: str | None = sha1_digest(PAGE)


@dataclass(frozen=True)
class Lease:
    id: int = 7
    source: str = "Example News"
    role: Role = Role.PAGE
    previous: Previous | None = None


@dataclass
class Frontier:
    """Notes what it is told, and how long the WARC file was then."""

    shelf: Path
    commits: list[tuple[list[int], str, int]] = field(default_factory=list)
    results: list[Kept] = field(default_factory=list)
    fails: int = 0

    def complete(self, results: Sequence[Kept], *, warc: str, length: int) -> None:
        if self.fails:
            self.fails -= 1
            raise RuntimeError("database is locked")
        assert (self.shelf / (warc + ".open")).stat().st_size == length
        self.commits.append(([kept.lease_id for kept in results], warc, length))
        self.results += results


@dataclass
class Desk:
    shelf: Path
    clock: Clock
    to: WarcWriter
    frontier: Frontier
    capture: Capture

    def kept(self, what: Exchange, previous: Previous | None = None) -> Kept:
        self.capture.keep(what, Lease(previous=previous))
        (result,) = self.capture.commit()
        return result


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    shelf = tmp_path / "warc"
    clock = Clock()
    to = writer(shelf, clock)
    frontier = Frontier(shelf)
    return Desk(shelf, clock, to, frontier, Capture(to, frontier, clock))


def test_a_batch_is_committed_once_and_in_order(desk: Desk) -> None:
    for number in range(3):
        desk.capture.keep(exchange(body=b"%d" % number), Lease(id=number))
    assert desk.capture.waiting == 3
    assert desk.frontier.commits == []
    done = desk.capture.commit()
    assert [kept.lease_id for kept in done] == [0, 1, 2]
    assert [ids for ids, _, _ in desk.frontier.commits] == [[0, 1, 2]]
    assert desk.capture.commit() == ()
    assert desk.capture.waiting == 0
    snapshots, _, _, _ = read(next(desk.shelf.iterdir()))
    assert [(s.body, s.ref) for s in snapshots] == [(b"%d" % kept.lease_id, kept.ref) for kept in done]
    assert {s.source for s in snapshots} == {"Example News"}


def test_a_batch_is_due_after_a_second_or_when_full(desk: Desk) -> None:
    assert not desk.capture.due()
    desk.capture.keep(exchange(), Lease())
    assert not desk.capture.due()
    desk.clock.when += timedelta(seconds=0.9)
    desk.capture.keep(exchange(), Lease())
    assert not desk.capture.due()
    desk.clock.when += timedelta(seconds=0.1)
    assert desk.capture.due()  # a second after the first, not after the last
    desk.capture.commit()
    assert not desk.capture.due()
    for _ in range(MAX_BATCH - 1):
        desk.capture.keep(exchange(body=b""), Lease())
    assert not desk.capture.due()
    desk.capture.keep(exchange(body=b""), Lease())
    assert desk.capture.due()


@pytest.mark.parametrize(
    ("what", "previous", "kind"),
    [
        (exchange(), None, "response"),
        (exchange(), Previous(), "revisit"),  # the very same body
        (exchange(body=PAGE + b" "), Previous(), "response"),
        (exchange(), Previous(payload_digest=None), "response"),
        (exchange(truncated="length"), Previous(), "response"),  # cut: only looks the same
        (exchange(error="timeout", truncated="time"), Previous(), "response"),
        (exchange(b"HTTP/1.1 404 Not Found\r\n\r\n"), Previous(), "response"),  # another status with that body
        (exchange(body=b""), Previous(payload_digest=sha1_digest(b"")), "response"),  # nothing to save
        (exchange(NOT_MODIFIED, b""), Previous(), "revisit"),
        (exchange(NOT_MODIFIED, b""), None, "response"),  # a server that answers 304 unasked
        (exchange(NOT_MODIFIED, b"", truncated="disconnect", error="disconnect"), Previous(), "response"),
    ],
)
def test_what_becomes_a_revisit(desk: Desk, what: Exchange, previous: Previous | None, kind: str) -> None:
    desk.kept(what, previous)
    ((snapshot,), _, _, broken) = read(next(desk.shelf.iterdir()))
    assert broken == []
    assert snapshot.record_type == kind
    if kind == "revisit":
        assert (snapshot.refers_to_url, snapshot.refers_to_at) == (URL, BEFORE)
        assert snapshot.payload_digest == sha1_digest(PAGE)


@pytest.mark.parametrize(
    ("what", "status", "etag", "digest"),
    [
        (exchange(VALIDATORS), 200, '"a1"', sha1_digest(PAGE)),
        (exchange(VALIDATORS, truncated="length"), 200, None, None),  # so that the next visit asks for the whole
        (exchange(VALIDATORS, error="disconnect"), 200, None, None),
        (exchange(NOT_MODIFIED, b""), 304, None, None),  # the old ones stay
        (exchange(VALIDATORS.replace(b"200 OK", b"404 X")), 404, None, sha1_digest(PAGE)),
        (exchange(VALIDATORS.replace(b'"a1"', b'"a\x0b1"')), 200, None, sha1_digest(PAGE)),  # not to be sent back
        (exchange(VALIDATORS.replace(b'"a1"', b'"' + b"a" * 2_000 + b'"')), 200, None, sha1_digest(PAGE)),
        (exchange(VALIDATORS.replace(b'"a1"', b"")), 200, None, sha1_digest(PAGE)),
        (exchange(b"", b"", error="dns"), None, None, None),
        (exchange(b"ICY 200 OK\r\n\r\n"), None, None, None),
    ],
)
def test_what_the_frontier_is_told(
    desk: Desk, what: Exchange, status: int | None, etag: str | None, digest: str | None
) -> None:
    kept = desk.kept(what, Previous(payload_digest="sha1:OTHER"))
    assert (kept.status, kept.etag, kept.payload_digest) == (status, etag, digest)
    assert (kept.last_modified is not None) == (status == 200 and digest is not None)
    assert (kept.lease_id, kept.url, kept.captured_at) == (7, URL, T0)
    assert (kept.error, kept.truncated) == (what.error, what.truncated)


def test_the_digest_told_is_the_digest_written(desk: Desk) -> None:
    kept = desk.kept(exchange(OK[:-2] + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n"))
    ((snapshot,), _, _, _) = read(next(desk.shelf.iterdir()))
    assert kept.payload_digest == snapshot.payload_digest


def test_if_the_file_cannot_be_written_no_lease_is_done(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(fd: int) -> None:
        raise OSError(28, "No space left on device")

    desk.capture.keep(exchange(), Lease(id=1))
    with monkeypatch.context() as patch:
        patch.setattr(tail.os, "fsync", fail)
        with pytest.raises(ShelfError):
            desk.capture.commit()
    assert desk.frontier.commits == []
    assert not desk.capture.due()
    assert desk.capture.commit() == ()


def test_if_keeping_fails_the_whole_batch_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> int:
        raise OSError(28, "No space left on device")

    desk.capture.keep(exchange(), Lease(id=1))
    with monkeypatch.context() as patch:
        patch.setattr(tail.os, "pwrite", full)
        with pytest.raises(ShelfError):
            desk.capture.keep(exchange(body=os.urandom(2**21)), Lease(id=2))
    desk.capture.keep(exchange(), Lease(id=3))
    desk.capture.commit()
    assert [ids for ids, _, _ in desk.frontier.commits] == [[3]]


def test_if_the_frontier_fails_it_is_told_again(desk: Desk) -> None:
    desk.frontier.fails = 1
    called: list[str] = []
    desk.capture.keep(exchange(), Lease(id=1))
    desk.capture.keep_facts([fact()], source=None, then=lambda: called.append("x"))
    with pytest.raises(RuntimeError):
        desk.capture.commit()
    assert called == []
    desk.capture.commit()
    assert [ids for ids, _, _ in desk.frontier.commits] == [[1]]
    assert called == ["x"]


def test_late_facts_alone_are_committed_too(desk: Desk) -> None:
    desk.capture.keep_facts([fact(title="later")], source="s")
    assert not desk.capture.due()
    desk.clock.when += timedelta(seconds=1)
    assert desk.capture.due()
    desk.capture.commit()
    assert [ids for ids, _, _ in desk.frontier.commits] == [[]]
    _, (record,), _, _ = read(next(desk.shelf.iterdir()))
    assert record.facts[0].title == "later"


@pytest.mark.parametrize("unreadable", ["undecodable", "empty"])
def test_an_answer_without_a_document_is_kept_but_fetched_again_without_a_condition(
    desk: Desk, unreadable: str
) -> None:
    """Some servers give a broken body the ETag of the page: asked with that, they would say "not modified" for ever."""
    sent = b"\x1f\x8bnot gzip"
    desk.capture.keep(exchange(VALIDATORS, sent), Lease(), unreadable=unreadable)
    (kept,) = desk.capture.commit()
    assert (kept.error, kept.etag, kept.last_modified) == (unreadable, None, None)
    (path,) = desk.shelf.iterdir()
    snapshots, *_ = read(path)
    assert [snapshot.body for snapshot in snapshots] == [sent]
