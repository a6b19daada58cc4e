"""What an answer is worth before anything is drawn from it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from frontier_kit import HandClock
from warc_tools import PAGE, exchange, keep, writer

from archive.console import Progress
from archive.folder import ArchiveFolder
from archive.model import Role
from crawler.consequences import Answer
from crawler.frontier import view
from crawler.refrontier import rebuild_frontier

PLAIN = b"HTTP/1.1 200 OK\r\n\r\n"
URL = "https://paper.example/a"
GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
ZIPPED = gzip.compress(PAGE, mtime=0)
DAMAGED = ZIPPED[:20] + bytes(byte ^ 0x5A for byte in ZIPPED[20:40]) + ZIPPED[40:]
BOMB = gzip.compress(bytes(65 * 2**20), mtime=0)


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        (PLAIN, PAGE, None),
        (GZIP, ZIPPED, None),
        (CHUNKED, b"%x\r\n%s\r\n0\r\n\r\n" % (len(ZIPPED), ZIPPED), None),
        (GZIP, PAGE, None),  # proxies decode and forget the header
        (GZIP, DAMAGED, "undecodable"),
        (GZIP, BOMB, "undecodable"),  # more than 64 MiB once decoded
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: x-ours\r\n\r\n", PAGE, "undecodable"),
        (PLAIN, b"", "empty"),
        (PLAIN, b"\r\n \t\n", "empty"),
        (GZIP, gzip.compress(b""), "empty"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", b"", None),  # the status says enough
        (b"HTTP/1.1 301 Moved\r\nLocation: /b\r\n\r\n", b"", None),
        (b"HTTP/1.1 302 Found\r\nLocation: /a\r\n\r\n", b"", "redirect-loop"),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", b"", None),
    ],
)
@pytest.mark.parametrize("role", [Role.PAGE, Role.FEED])
def test_a_whole_answer_without_a_document_has_a_reason(
    head: bytes, body: bytes, expected: str | None, role: Role
) -> None:
    assert Answer.of_exchange(exchange(head, body)).unreadable(role, URL) == expected


def test_an_empty_robots_txt_says_something() -> None:
    assert Answer.of_exchange(exchange(PLAIN, b"")).unreadable(Role.ROBOTS, URL) is None


def test_what_was_cut_has_its_reason_already() -> None:
    cut = exchange(GZIP, ZIPPED[:30], truncated="disconnect", error="disconnect")
    assert Answer.of_exchange(cut).unreadable(Role.PAGE, URL) is None


def test_a_frontier_made_again_from_the_shelf_says_the_same(tmp_path: Path) -> None:
    folder = ArchiveFolder(tmp_path)
    folder.sources.write_text('[[source]]\nname = "news"\nurl = "https://news.example/"\n', encoding="utf-8")
    with writer(folder.warc) as shelf:
        for name, head, body in (("whole", GZIP, ZIPPED), ("damaged", GZIP, DAMAGED), ("blank", PLAIN, b" ")):
            keep(shelf, exchange(head, body, url=f"https://news.example/2026/05/{name}"), source="news")
    captures, unreadable = rebuild_frontier(folder, clock=HandClock(), progress=Progress("captures", quiet=True))
    assert (captures, unreadable) == (3, [])
    with view(folder.crawl_db) as frontier:
        states = [frontier.look_up(f"https://news.example/2026/05/{name}") for name in ("whole", "damaged", "blank")]
    told = [(state.reason, state.kept) for state in states if state is not None]
    assert told == [(None, True), ("undecodable", False), ("empty", False)]
