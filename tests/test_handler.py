"""The download handler, against a server that sends exactly what a test says."""

from __future__ import annotations

import asyncio
import gzip
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from handler_tools import fetch, fetch_one, handler
from rawserver import CLOSE, HANG, RESET, RawServer, Route, chunked, page
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)
from scrapy.http import Request, Response

from archive.clock import SystemClock

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


GZIPPED = gzip.compress(b"<p>news</p>" * 500, mtime=0)


@pytest.mark.parametrize(
    ("wire_body", "headers", "steps"),
    [
        (b"hello", b"Content-Length: 5\r\n", 1),  # the plain case
        (b"", b"Content-Length: 0\r\n", 1),
        (b"\x00\xff" * 40_000, b"Content-Length: 80000\r\n", 7),  # several reads, no text
        (GZIPPED, b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % len(GZIPPED), 3),  # not decoded
        (chunked(b"hello"), b"Transfer-Encoding: chunked\r\n", 1),  # not dechunked
        (chunked(), b"Transfer-Encoding: chunked\r\n", 1),  # an empty body has framing too
        (chunked(b"hel", b"lo" * 9000), b"Transfer-Encoding: chunked\r\n", 40),  # cut anywhere
        (chunked(GZIPPED[:50], GZIPPED[50:]), b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n", 5),
        (b"5;a=b;c\r\nhello\r\n0;x\r\n\r\n", b"Transfer-Encoding: chunked\r\n", 9),  # extensions
        (b"5\r\nhello\r\n0\r\nExpires: 0\r\nX: y\r\n\r\n", b"Transfer-Encoding: chunked\r\n", 12),  # trailers
        (b"005\r\nhello\r\n0000\r\n\r\n", b"Transfer-Encoding: Chunked\r\n", 4),  # padded sizes, other case
        (b"5\nhello\n0\n\n", b"Transfer-Encoding: chunked\r\n", 4),  # bare line feeds, as old CGI programs send
        (b"5 \r\nhello\r\n0 \r\n\r\n", b"Transfer-Encoding: chunked\r\n", 4),  # blanks after the size (old Apache)
        (chunked(b"hello"), b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", 1),  # RFC 9112 6.3: chunked wins
    ],
)
async def test_bytes_are_kept_as_sent_and_the_connection_is_used_again(
    wire_body: bytes, headers: bytes, steps: int
) -> None:
    head = OK + headers + b"X-Odd:   spaces kept  \r\nx-odd: twice\r\n\r\n"
    wire = head + wire_body
    size = max(1, len(wire) // steps)
    script: list[Any] = []
    for at in range(0, len(wire), size):
        script += [wire[at : at + size], 0.003]
    with RawServer({"/": script}) as server:
        async with handler() as made:
            for _ in range(3):
                response, exchange = await fetch(made, server.url("/"))
                assert exchange.response_head == head
                assert exchange.body == wire_body
                assert (exchange.error, exchange.truncated, exchange.peer) == (None, None, "127.0.0.1")
                assert isinstance(response, Response)
                assert response.body == wire_body
                assert response.headers.getlist("x-odd") == [b"spaces kept", b"twice"]
        assert server.connections == 1
        assert len(server.seen) == 3


@pytest.mark.parametrize(
    ("wire_body", "after", "headers"),
    [
        (b"hello", b"GARBAGE", b"Content-Length: 5"),
        (chunked(b"hello"), b"GARBAGE", b"Transfer-Encoding: chunked"),  # libcurl alone takes it for body
        (chunked(b"hello"), b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", b"Transfer-Encoding: chunked"),
        (chunked(b"hello"), b"\r\n", b"Transfer-Encoding: chunked"),
    ],
)
async def test_what_comes_after_the_end_is_not_kept_and_ends_the_connection(
    wire_body: bytes, after: bytes, headers: bytes
) -> None:
    with RawServer({"/": [OK + headers + b"\r\n\r\n" + wire_body + after]}) as server:
        async with handler() as made:
            for _ in range(2):
                response, exchange = await fetch(made, server.url("/"))
                assert isinstance(response, Response)
                assert (exchange.body, exchange.error, exchange.truncated) == (wire_body, None, None)
        assert server.connections == 2


async def test_two_transfer_codings_end_with_the_last_chunk() -> None:
    body = chunked(GZIPPED)
    script = [OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + body]
    _, exchange = await fetch_one(script)  # libcurl alone waits for the time-out here
    assert (exchange.body, exchange.error) == (body, None)


@pytest.mark.parametrize("version", [b"HTTP/1.0 200 OK\r\n\r\n", OK + b"Connection: close\r\n\r\n", OK + b"\r\n"])
async def test_a_body_that_ends_with_the_connection(version: bytes) -> None:
    _, exchange = await fetch_one([version + b"hel", 0.01, b"lo", CLOSE])
    assert (exchange.response_head, exchange.body, exchange.error) == (version, b"hello", None)


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("HEAD", OK + b"Content-Length: 5000\r\n\r\n"),
        ("HEAD", CHUNKED),
        ("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\nETag: x\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ],
)
async def test_answers_that_have_no_body_whatever_their_headers_say(method: str, head: bytes) -> None:
    with RawServer({"/": [head]}) as server:
        async with handler() as made:
            for _ in range(2):
                response, exchange = await fetch(made, server.url("/"), method=method)
                assert isinstance(response, Response)
                assert (exchange.response_head, exchange.body, exchange.error) == (head, b"", None)
        assert server.connections == 1
        assert server.seen[1].head.startswith(method.encode() + b" / HTTP/1.1\r\n")


async def test_interim_answers_are_not_the_answer() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    script = [b"HTTP/1.1 100 Continue\r\n\r\n", early, 0.01, early, *page(b"hello")]
    response, exchange = await fetch_one(script)
    assert isinstance(response, Response)
    assert (response.status, response.headers.get("Link")) == (200, None)
    assert exchange.response_head == OK + b"Content-Length: 5\r\n\r\n"
    assert exchange.body == b"hello"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n",  # no reason phrase, not even its blank
        b"HTTP/1.1 999 Request denied\r\nContent-Length: 2\r\n\r\n",  # LinkedIn's
        b"HTTP/1.1 404 Nicht gefunden \xe4\xff\r\nContent-Length: 2\r\n\r\n",  # latin-1
        b"HTTP/1.1 200 OK\nContent-Length: 2\nX:1\n\n",  # bare line feeds
        b"HTTP/1.1 301 Moved\r\nLocation: /x\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\n",  # not followed
        b"HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\n",
        b'HTTP/1.0 200 OK\r\nContent-Length: 2\r\nAlt-Svc: h2=":1"\r\nConnection: keep-alive\r\n\r\n',
    ],
)
async def test_odd_heads_are_kept(head: bytes) -> None:
    with RawServer({"/": [head + b"ok"]}) as server:
        async with handler() as made:
            for _ in range(2):
                response, exchange = await fetch(made, server.url("/"))
                assert (exchange.response_head, exchange.body, exchange.error) == (head, b"ok", None)
                assert isinstance(response, Response)
                assert response.status == int(head.split()[1])
        assert b"Cookie" not in server.seen[1].head
        assert len(server.seen) == 2


async def test_a_folded_header_comes_unfolded() -> None:
    """The one place where libcurl 8.23 does not give the bytes as sent; obsolete since 2014 (RFC 9112 section 5.2)."""
    _, exchange = await fetch_one([OK + b"X: a\r\n\t  b\r\n c\r\nContent-Length: 2\r\n\r\nok"])
    assert exchange.response_head == OK + b"X: a b c\r\nContent-Length: 2\r\n\r\n"
    assert exchange.body == b"ok"


@pytest.mark.parametrize(
    ("script", "error", "kind"),
    [
        ([b"not http at all\r\n\r\n", CLOSE], "protocol", DownloadFailedError),  # HTTP/0.9
        ([b"HTTP/2 200 OK\r\n\r\n", CLOSE], "protocol", DownloadFailedError),
        (
            [b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n", HANG],
            "protocol",
            DownloadFailedError,
        ),
        ([OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"], "protocol", DownloadFailedError),
        ([OK + b"Content-Length: -1\r\n\r\nabcd"], "protocol", DownloadFailedError),
        ([OK + b"no colon here\r\nContent-Length: 2\r\n\r\nok"], "protocol", DownloadFailedError),  # libcurl's rule
        ([OK + b"X: a\0b\r\nContent-Length: 2\r\n\r\nok"], "protocol", DownloadFailedError),  # the same
        ([CLOSE], "disconnect", DownloadFailedError),  # nothing at all
        ([RESET], "disconnect", DownloadFailedError),
        ([OK + b"X: y\r\n", CLOSE], "disconnect", DownloadFailedError),  # libcurl calls this a success
        ([b"HTTP/1.1 103 Early Hints\r\n\r\n", CLOSE], "disconnect", DownloadFailedError),
        ([OK + b"X: " + b"y" * 70_000 + b"\r\n\r\n"], "headers-too-large", DownloadFailedError),
        ([OK + b"X: " + b"y" * 200_000], "headers-too-large", DownloadFailedError),  # one line without end
        ([OK + b"X: yyyy\r\n" * 8000 + b"\r\n"], "headers-too-large", DownloadFailedError),
        ([b"HTTP/1.1 103 Early Hints\r\n\r\n" * 9000], "headers-too-large", DownloadFailedError),  # no end of hints
        ([HANG], "timeout", DownloadTimeoutError),
        ([OK + b"X: y\r\n", HANG], "timeout", DownloadTimeoutError),
    ],
)
async def test_without_a_head_there_is_an_error(script: Route, error: str, kind: type[Exception]) -> None:
    result, exchange = await fetch_one(script, MORGUE_TIMEOUT=0.5 if error == "timeout" else 10)
    assert type(result) is kind
    assert exchange.error == error
    assert exchange.detail
    assert (exchange.response_head, exchange.body, exchange.truncated) == (b"", b"", None)
    assert exchange.request_head.startswith(b"GET / HTTP/1.1\r\nHost: 127.0.0.1:")


@pytest.mark.parametrize(
    ("script", "body", "error", "truncated"),
    [
        ([OK + b"Content-Length: 9\r\n\r\nhello", CLOSE], b"hello", "disconnect", "disconnect"),
        ([OK + b"Content-Length: 9\r\n\r\n", CLOSE], b"", "disconnect", "disconnect"),  # not a byte of body
        ([OK + b"Content-Length: 9\r\n\r\nhello", 0.1, RESET], b"hello", "disconnect", "disconnect"),
        ([CHUNKED + b"9\r\nhello", CLOSE], b"9\r\nhello", "disconnect", "disconnect"),
        ([CHUNKED + b"5\r\nhello\r\n", CLOSE], b"5\r\nhello\r\n", "disconnect", "disconnect"),  # no last chunk
        ([CHUNKED + b"5\r\nhello\r\n0\r\n", CLOSE], b"5\r\nhello\r\n0\r\n", "disconnect", "disconnect"),  # no end of it
        ([CHUNKED + b"5\r\nhello\r\nzz\r\n"], b"5\r\nhello\r\nzz\r\n", "protocol", "unspecified"),
        ([CHUNKED + b"5\r\nhello, world\r\n0\r\n\r\n"], b"5\r\nhello, world\r\n0\r\n\r\n", "protocol", "unspecified"),
        ([OK + b"Content-Length: 9\r\n\r\nhello", HANG], b"hello", "timeout", "time"),
        ([CHUNKED + b"5\r\nhello\r\n", HANG], b"5\r\nhello\r\n", "timeout", "time"),
        ([OK + b"\r\nhello", HANG], b"hello", "timeout", "time"),
        ([OK + b"Content-Length: 99\r\n\r\n", *[b"x", 0.2] * 8], None, "timeout", "time"),  # a slow drip
        ([OK + b"Content-Length: 1001\r\n\r\n" + b"x" * 1001], b"x" * 1000, "too-large", "length"),
        ([OK + b"\r\n" + b"x" * 100_000, CLOSE], b"x" * 1000, "too-large", "length"),
        ([CHUNKED + chunked(b"x" * 994)], chunked(b"x" * 994)[:1000], "too-large", "length"),  # framing counts
    ],
)
async def test_a_cut_body_is_returned_and_marked(script: Route, body: bytes | None, error: str, truncated: str) -> None:
    result, exchange = await fetch_one(script, MORGUE_TIMEOUT=0.5 if error == "timeout" else 10, MORGUE_MAX_BODY=1000)
    assert isinstance(result, Response)
    assert result.status == 200
    assert (exchange.error, exchange.truncated) == (error, truncated)
    assert exchange.body == result.body
    assert exchange.body == body if body is not None else 1 <= len(exchange.body) < 99


@pytest.mark.parametrize(
    "script", [page(b"x" * 1000), [CHUNKED + chunked(b"x" * 988)], [OK + b"\r\n" + b"x" * 1000, CLOSE]]
)
async def test_a_body_of_exactly_the_limit_is_whole(script: Route) -> None:
    _, exchange = await fetch_one(script, MORGUE_MAX_BODY=1000)
    assert (len(exchange.body), exchange.error, exchange.truncated) == (1000, None, None)


async def test_the_first_byte_has_a_limit_of_its_own() -> None:
    with RawServer({"/slow": [HANG], "/drip": [OK, *[0.2] * 4, b"Content-Length: 2\r\n\r\nok"]}) as server:
        async with handler(MORGUE_FIRST_BYTE_TIMEOUT=0.5) as made:
            (result, exchange), (_, other) = await asyncio.gather(
                fetch(made, server.url("/slow")), fetch(made, server.url("/drip"))
            )
    assert isinstance(result, DownloadTimeoutError)
    assert (exchange.error, exchange.detail) == ("timeout", "no answer began within 0.5 seconds")
    assert (other.body, other.error) == (b"ok", None)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("url", "error", "kind"),
    [
        ("http://127.0.0.1:{free}/", "refused", DownloadConnectionRefusedError),
        ("http://nothing.onion/", "dns", CannotResolveHostError),  # refused without a query (RFC 7686)
        ("http://exa%mple.test/", "protocol", DownloadFailedError),
        ("ftp://127.0.0.1/x", "protocol", DownloadFailedError),
        ("file:///etc/passwd", "protocol", DownloadFailedError),
    ],
)
async def test_what_never_reaches_a_server(url: str, error: str, kind: type[Exception]) -> None:
    async with handler() as made:
        result, exchange = await fetch(made, url.format(free=free_port()))
    assert type(result) is kind
    assert exchange.error == error
    assert exchange.body == b""
    assert exchange.url == Request(url.format(free=0)).url or "{free}" in url


async def test_started_at_is_the_clock_that_was_given() -> None:
    clock = SystemClock(timedelta(days=365))
    _, exchange = await fetch_one(page(b"x"), MORGUE_CLOCK=clock)
    assert abs(exchange.started_at - datetime.now(UTC) - timedelta(days=365)) < timedelta(minutes=1)
    assert 0 <= exchange.seconds < 5
