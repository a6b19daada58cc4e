"""What rendering decides without a browser, and how a response and its rendering are read back as one capture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from archive.clock import SystemClock
from archive.extract import extract_snapshot
from archive.model import Exchange, Rendering, Role, Snapshot
from archive.sources import Source
from archive.warc import WarcWriter, read_records
from archive.warc.read import read_record
from crawler.rendering.fetching import PageFetcher, Scripts
from crawler.rendering.rules import Limits, Look, Settling, deed, sent_headers, told_headers
from crawler.rendering.wanted import Wanted, document_of

LINE = "<p>Sentence number {} tells of the harbour, its bridge and the people who walk over it.</p>"
TEXT = "".join(LINE.format(number) for number in range(12))
HEADLINE = "Harbour bridge reopens"
DOM = f"<html><head><title>{HEADLINE}</title></head><body><article><h1>{HEADLINE}</h1>{TEXT}</article></body></html>"
URL = "https://paper.example/2026/05/04/harbour-bridge-reopens"


def exchange(body: bytes = b"<title>Paper</title><div id=app></div>", **changes: Any) -> Exchange:
    whole = Exchange(
        url=URL,
        started_at=datetime(2026, 5, 4, 9, tzinfo=UTC),
        request_head=b"GET / HTTP/1.1\r\n\r\n",
        response_head=b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n",
        body=body,
        peer=None,
        seconds=0.1,
    )
    return replace(whole, **changes)


def kept(folder: Path, *renderings: Rendering | None) -> Path:
    """Write an exchange for each rendering and return the file, still open."""
    with WarcWriter(folder, clock=SystemClock(), run_id="12345678", software="Morgue/test") as writer:
        for rendering in renderings:
            writer.append_exchange(exchange(), source="paper", role=Role.PAGE, rendering=rendering)
    (path,) = folder.iterdir()
    return path


def captures(path: Path) -> list[Snapshot]:
    return [item for item in read_records(path) if isinstance(item, Snapshot)]


def test_a_response_and_its_rendering_are_one_capture(tmp_path: Path) -> None:
    path = kept(tmp_path, Rendering(dom=DOM.encode()), None)
    first, second = captures(path)
    assert first.rendered is not None
    assert (first.rendered.body, first.cut, second.rendered) == (DOM.encode(), None, None)
    assert first.end == first.rendered.ref.offset + first.rendered.ref.length < second.ref.offset
    again = read_record(path, first.ref.offset)  # as reading again does
    assert again == replace(first, source=None, role=None)


def test_a_follower_waits_for_the_rendering_that_is_announced(tmp_path: Path) -> None:
    path = kept(tmp_path, Rendering(dom=DOM.encode()))
    (whole,) = captures(path)
    assert whole.rendered is not None
    with path.open("r+b") as file:  # the crawl has come as far as the response
        file.truncate(whole.rendered.ref.offset)
    assert captures(path) == []
    sealed = path.rename(path.with_suffix(""))  # it will not come any more
    (alone,) = captures(sealed)
    assert (alone.rendered, alone.unrendered, alone.cut) == (None, True, "unrendered")


@pytest.mark.parametrize(
    ("dom", "body", "article", "read_from"),
    [
        (DOM, "<div id=app></div>", True, "rendered"),
        (DOM, DOM.replace("harbour", "station"), True, "rendered"),  # both make one: readers see the document
        ("<html><head></head><body></body></html>", DOM, True, "response"),  # its script emptied the page
        ("<html><body>Loading</body></html>", "<div id=app></div>", False, None),
    ],
)
def test_the_document_is_read_first(tmp_path: Path, dom: str, body: str, article: bool, read_from: str | None) -> None:
    (snapshot,) = captures(kept(tmp_path, Rendering(dom=dom.encode())))
    extraction = extract_snapshot(replace(snapshot, body=body.encode()))
    assert extraction.article is article
    assert extraction.provenance.get("body") == read_from
    assert "station" not in (extraction.text or "")


@pytest.mark.parametrize(
    ("rendering", "cut"),
    [
        (Rendering(dom=b"<p>x", truncated="time"), "time"),
        (Rendering(dom=b"<p>x", truncated="length"), "length"),
        (Rendering(failed="it crashed"), "unrendered"),
        (None, None),
    ],
)
def test_what_was_not_seen_whole_is_marked(tmp_path: Path, rendering: Rendering | None, cut: str | None) -> None:
    (snapshot,) = captures(kept(tmp_path, rendering))
    assert snapshot.cut == cut
    assert snapshot.without_bodies().cut == cut


@pytest.mark.parametrize(
    ("changes", "rendered"),
    [
        ({}, True),
        ({"truncated": "length", "error": "too-large"}, False),
        ({"response_head": b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n"}, False),
        ({"response_head": b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n"}, False),
        ({"body": b""}, False),
    ],
)
def test_only_whole_pages_are_rendered(changes: dict[str, Any], rendered: bool) -> None:
    assert (document_of(exchange(**changes)) is not None) is rendered


@pytest.mark.parametrize(
    ("method", "url", "kind", "what"),
    [
        ("GET", "https://a.example/app.js", "script", "fetch"),
        ("GET", "https://a.example/data", "xhr", "fetch"),
        ("GET", "https://a.example/look.css", "stylesheet", "empty"),
        ("GET", "https://a.example/a.png", "image", "refuse"),
        ("GET", "https://a.example/frame", "document", "refuse"),
        ("POST", "https://a.example/data", "fetch", "refuse"),
        ("GET", "ftp://a.example/data", "fetch", "refuse"),
        ("GET", "file:///etc/passwd", "script", "refuse"),
    ],
)
def test_what_a_page_may_ask_for(method: str, url: str, kind: str, what: str) -> None:
    assert deed(method, url, kind) == what


def test_a_script_does_not_say_who_we_are() -> None:
    asked = {"user-agent": "Mozilla", "cookie": "a=1", "x-key": "7", "accept": "application/json", "if-none-match": "x"}
    sent = dict(sent_headers({"User-Agent": "Morgue/1", "Accept": "*/*"}, asked))
    assert sent == {b"User-Agent": b"Morgue/1", b"accept": b"application/json", b"x-key": b"7"}


def test_the_browser_is_not_told_what_would_move_or_mark_it() -> None:
    sent = (("Content-Type", "text/html; charset=iso-8859-1"), ("Set-Cookie", "a=1"), ("Refresh", "0"), ("Link", "<a>"))
    assert told_headers(sent, main=True) == {"content-type": "text/html; charset=iso-8859-1"}


@pytest.mark.parametrize(
    ("looks", "settled_at"),
    [
        ([(0.0, 10, True, False)] * 1 + [(1.1, 10, True, False)], 1.1),
        (
            [(0.0, 10, True, True), (1.1, 10, True, True), (1.5, 10, True, False), (2.6, 10, True, False)],
            2.6,
        ),  # an answer
        ([(0.0, 10, True, True), (3.1, 10, True, True)], 3.1),  # an answer that never comes
        ([(0.0, 10, False, False), (5.0, 10, False, False)], None),  # it is still being parsed
        ([(0.0, 10, True, False), (0.9, 99, True, False), (1.8, 200, True, False)], None),  # it grows
        ([(0.0, 1000, True, False), (0.6, 1001, True, False), (1.2, 999, True, False)], 1.2),  # a clock ticks in it
    ],
)
def test_when_a_page_has_settled(looks: list[tuple[float, int, bool, bool]], settled_at: float | None) -> None:
    now = [0.0]
    settling = Settling(Limits(), lambda: now[0])
    found = None
    for at, size, complete, busy in looks:
        now[0] = at
        if found is None and settling.settled(Look(size, size * 20), complete=complete, busy=busy):
            found = at
    assert found == settled_at


@dataclass
class Line:
    """A line that answers at once, as an engine does."""

    asked: list[str]

    def start(self, url: str, **_: Any) -> Line:
        self.asked.append(url)
        return self

    async def wait(self) -> Exchange:
        url = self.asked[-1]
        moved = b"HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n"
        script = b"HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\n\r\n"
        return exchange(b"1", url=url, response_head=moved if url.endswith("/a") else script)


async def test_what_pages_ask_for_is_limited_followed_and_kept_for_the_run() -> None:
    line, scripts = Line([]), Scripts()
    asked = Wanted(
        source=Source(name="paper", url="https://paper.example/"),
        user_agent="Morgue/1",
        headers=lambda _url: {},
        allowed=lambda url: not url.endswith("/private"),
        ending=lambda: False,
    )

    def page() -> PageFetcher:
        return PageFetcher(line, scripts, asked, Limits(requests=3))  # type: ignore[arg-type]

    first, second = page(), page()
    got = await first.fetch("https://paper.example/a", {}, script=True)
    assert got is not None
    assert (got.status, got.body) == (200, b"1")
    assert await second.fetch("https://paper.example/a", {}, script=True) == got
    assert line.asked == ["https://paper.example/a", "https://paper.example/b"]
    assert await first.fetch("https://paper.example/private", {}, script=False) is None
    assert await first.fetch("https://paper.example/c", {}, script=False) is not None
    assert await first.fetch("https://paper.example/d", {}, script=False) is None  # it would be the fourth
    assert (first.requests, second.requests, len(line.asked)) == (3, 0, 3)
