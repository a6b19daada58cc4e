"""The pure parts of a transfer: what is asked, and where a body ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rawserver import chunked

from crawler.transfer.framing import ChunkScanner, split_headers, status_of, transfer_codings
from crawler.transfer.request import UnusableRequestError, make_ask


@pytest.mark.parametrize(
    ("url", "line", "host"),
    [
        ("http://news.example/", b"GET / HTTP/1.1", b"news.example"),
        ("http://news.example", b"GET / HTTP/1.1", b"news.example"),
        ("http://news.example?q=1", b"GET /?q=1 HTTP/1.1", b"news.example"),
        ("http://news.example/a?", b"GET /a? HTTP/1.1", b"news.example"),  # an empty query is another URL
        ("http://news.example/a#x?y", b"GET /a HTTP/1.1", b"news.example"),
        ("http://news.example/a/../b//c;d=e?f=g", b"GET /a/../b//c;d=e?f=g HTTP/1.1", b"news.example"),  # kept
        ("http://news.example/%e4?x=%2F|^`", b"GET /%e4?x=%2F|^` HTTP/1.1", b"news.example"),  # not re-escaped
        ("http://news.example:80/", b"GET / HTTP/1.1", b"news.example"),
        ("http://news.example:443/", b"GET / HTTP/1.1", b"news.example:443"),
        ("https://news.example:443/", b"GET / HTTP/1.1", b"news.example"),
        ("http://user:secret@news.example/", b"GET / HTTP/1.1", b"news.example"),  # never sent
        ("http://[2001:db8::1]:8080/", b"GET / HTTP/1.1", b"[2001:db8::1]:8080"),
        ("http://[2001:db8::1]/", b"GET / HTTP/1.1", b"[2001:db8::1]"),
    ],
)
def test_a_request_is_spelled_out(url: str, line: bytes, host: bytes) -> None:
    assert make_ask(url).head == line + b"\r\nHost: " + host + b"\r\n\r\n"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "news.example/x",
        "//news.example/x",
        "ftp://news.example/",
        "file:///etc/passwd",
        "http:///x",
        "http://:80/",
        "http://news.example:0/",
        "http://news.example:99999/",
        "http://news.example:8x/",
        "http://news.example:²/",  # a digit to str.isdigit
        "http://a\\@127.0.0.1/",  # two parsers, two hosts
        "http://127.0.0.%31/",  # libcurl would decode it
        "http://a b/",
        "http://bücher.example/",  # must come as punycode
        "http://[::1%25eth0]/",
        "http://[::1/",
        "http://[::1]x/",
        "http://news.example/a b",
        "http://news.example/ä",
        "http://" + "a" * 300 + "/",
    ],
)
def test_what_cannot_be_asked(url: str) -> None:
    with pytest.raises(UnusableRequestError):
        make_ask(url)


@pytest.mark.parametrize(
    "pair", [(b"X", b"a\r\nEvil: b"), (b"X", b"a\nb"), (b"X", b"\0"), (b"X: y", b"z"), (b"", b"z"), (b"X\r\nY", b"")]
)
def test_a_header_cannot_smuggle_another(pair: tuple[bytes, bytes]) -> None:
    with pytest.raises(UnusableRequestError, match="cannot be sent"):
        make_ask("http://news.example/", headers=[pair])


def test_headers_keep_their_order_and_leave_framing_to_us() -> None:
    headers = [(b"X-B", b" 1 "), (b"Connection", b"close"), (b"Expect", b"x"), (b"host", b"other"), (b"X-A", b"")]
    assert make_ask("http://news.example/", headers=headers).head == (
        b"GET / HTTP/1.1\r\nHost: other\r\nX-B: 1\r\nX-A:\r\n\r\n"
    )


def test_only_get_and_head() -> None:
    with pytest.raises(UnusableRequestError, match="GET and HEAD"):
        make_ask("http://news.example/", method="POST")


@pytest.mark.parametrize(
    ("head", "codings"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", [b"chunked"]),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding:GZip ,  Chunked\r\n\r\n", [b"gzip", b"chunked"]),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", [b"gzip", b"chunked"]),
        (b"HTTP/1.1 200 OK\r\nX-Transfer-Encoding: chunked\r\n\r\n", []),  # another field
        (b"HTTP/1.1 200 OK\nTransfer-Encoding:\n\tchunked\n\n", [b"chunked"]),  # folded
    ],
)
def test_transfer_codings(head: bytes, codings: list[bytes]) -> None:
    assert transfer_codings(head) == codings


def test_head_parts() -> None:
    head = b"HTTP/1.0  404 Not: Found\r\nA: 1\r\nb:2\r\n junk \r\nno colon\r\n: empty\r\n\r\n"
    assert status_of(head) == 404
    assert split_headers(head) == [(b"A", b"1"), (b"b", b"2 junk")]
    assert status_of(b"ICY 200 OK\r\n\r\n") == 0


pieces = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
tails = st.sampled_from(
    [b"0\r\n\r\n", b"0\n\n", b"000;x=y\r\n\r\n", b"0\r\nX: y\r\nZ: 1\r\n\r\n", b"0\r\n" + b"X: y" * 50 + b"\n\n"]
)


@given(pieces, tails, st.binary(max_size=20), st.lists(st.integers(1, 30), min_size=1, max_size=30))
def test_the_end_is_found_however_the_body_is_cut(
    parts: list[bytes], tail: bytes, after: bytes, cuts: list[int]
) -> None:
    body = chunked(*parts, last=tail)
    wire, scanner, mine, at = body + after, ChunkScanner(), 0, 0
    while at < len(wire) and not scanner.ended:
        size = cuts[at % len(cuts)]
        mine += scanner.feed(wire[at : at + size])
        at += size
    assert (scanner.ended, scanner.broken, mine) == (True, False, len(body))


@given(st.binary(max_size=200), st.integers(1, 20))
def test_any_bytes_pass_through(data: bytes, size: int) -> None:
    whole, cut = ChunkScanner(), ChunkScanner()
    total = whole.feed(data)
    assert total == len(data) or whole.ended
    for at in range(0, len(data), size):
        cut.feed(data[at : at + size])
        if cut.ended or cut.broken:
            break
    assert (cut.ended, cut.broken) == (whole.ended, whole.broken)


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\n",  # no size
        b"\r\n5\r\n",  # an empty line before it
        b" 5\r\nhello\r\n",  # a blank before it
        b"-1\r\n",
        b"0x5\r\nhello\r\n",
        b"fffffffffffffffff\r\n",  # 17 digits
        b"5\r\nhelloX\r\n",  # data longer than announced
    ],
)
def test_broken_framing(body: bytes) -> None:
    scanner = ChunkScanner()
    assert scanner.feed(body) == len(body)
    assert scanner.broken
