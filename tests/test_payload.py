"""Heads, chunks and content-codings: what servers send, including what they should not."""

from __future__ import annotations

import contextlib
import gzip
import sys
import time
import tracemalloc
import zlib

import brotli
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import PayloadError, PayloadTooLargeError
from archive.inflate import gzip_header_length
from archive.payload import (
    content_beginning,
    dechunk,
    decode_content,
    header,
    is_chunked,
    media_type,
    parse_response_head,
    split_head,
)

PAGE = b"<!DOCTYPE html><title>Tide turns</title>" + b"<p>The harbour reopened on Monday.</p>" * 400


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def named_gzip(data: bytes) -> bytes:
    """Return a gzip member with every optional header field there is (RFC 1952 section 2.3.1)."""
    head = b"\x1f\x8b\x08" + bytes([2 | 4 | 8 | 16]) + b"\0\0\0\0\0\x03" + b"\x02\0ab" + b"page.html\0" + b"comment\0"
    head += (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little")
    return head + raw_deflate(data) + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")


CODED = {
    "identity": PAGE,
    "gzip": gzip.compress(PAGE, mtime=0),
    "X-GZip": gzip.compress(PAGE, mtime=0),
    "deflate": zlib.compress(PAGE),
    " br ": brotli.compress(PAGE),
    "zstd": zstd.compress(PAGE),
    "gzip, br": brotli.compress(gzip.compress(PAGE, mtime=0)),
    "br, gzip, deflate": zlib.compress(gzip.compress(brotli.compress(PAGE), mtime=0)),
}


@pytest.mark.parametrize(("coding", "body"), CODED.items())
def test_a_coded_body_is_decoded(coding: str, body: bytes) -> None:
    assert decode_content([("content-encoding", coding)], body) == PAGE


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("deflate", raw_deflate(PAGE)),  # IIS sent raw deflate for years; RFC 9110 8.4.1.2 notes it
        ("gzip", PAGE),  # a proxy decoded and left the header
        ("br", PAGE),  # the same; br has no magic number
        ("deflate", PAGE),
        ("zstd", PAGE),
        ("gzip", gzip.compress(PAGE, mtime=0) + b"\0" * 12),  # padding after the end
        ("gzip", gzip.compress(PAGE, mtime=0) + b"<!-- served by cache -->"),  # a footer appended by a cache
        ("gzip", gzip.compress(PAGE, mtime=0) + b"\x1f\x8b\x08 not a member"),  # garbage that begins like one
        ("gzip", gzip.compress(PAGE[:100], mtime=0) + gzip.compress(PAGE[100:], mtime=0)),  # two members: RFC 1952 2.2
        ("gzip", gzip.compress(PAGE, mtime=0)[:-8] + b"\0" * 8),  # no checksum: some servers write zeros
        ("gzip", gzip.compress(PAGE, mtime=0)[:-5]),  # the trailer is cut, the data are whole
        ("gzip", named_gzip(PAGE)),  # all optional header fields
        ("utf-8", PAGE),  # a charset in the wrong header
        ("none, identity", PAGE),
        ("aws-chunked", PAGE),  # S3's upload framing, never sent back
        ("", PAGE),
    ],
)
def test_what_servers_get_wrong_is_decoded_all_the_same(coding: str, body: bytes) -> None:
    assert decode_content([("Content-Encoding", coding)], body) == PAGE


def test_codings_in_repeated_headers_are_one_list() -> None:
    headers = [("Content-Encoding", "gzip"), ("X", "y"), ("content-encoding", "br")]
    assert decode_content(headers, brotli.compress(gzip.compress(PAGE))) == PAGE


def test_brotli_that_holds_output_back_is_not_taken_for_cut() -> None:
    # All input is taken long before all output is given when a few bytes stand for megabytes.
    page = b"".join(b"<p>%d</p>" % (number % 977) for number in range(600_000))
    assert decode_content([("Content-Encoding", "br")], brotli.compress(page, quality=5)) == page


@pytest.mark.parametrize("coding", ["gzip", "deflate", " br ", "zstd"])
def test_a_cut_body_is_an_error_unless_allowed(coding: str) -> None:
    noise = bytes(range(256)) * 40 + PAGE[::-1] + bytes((i * 7919 >> 3) & 255 for i in range(20_000))
    packed = {"gzip": gzip.compress, "deflate": zlib.compress, " br ": brotli.compress, "zstd": zstd.compress}[coding](
        noise
    )
    cut = packed[: len(packed) * 3 // 4]
    with pytest.raises(PayloadError):
        decode_content([("Content-Encoding", coding)], cut)
    partial = decode_content([("Content-Encoding", coding)], cut, allow_truncated=True)
    assert noise.startswith(partial)
    assert partial or coding == "zstd"  # zstd gives whole blocks only


def test_a_gzip_body_that_was_damaged_on_its_way_is_no_page() -> None:
    """Flipped bits decode to other letters: only the checksum tells, and an article of garbage must not come of it."""
    page = b"<p>" + b"".join(b"%d " % (i * 7919) for i in range(9000))
    packed = bytearray(gzip.compress(page, 1, mtime=0))
    for at in range(len(packed) // 2, len(packed) - 9):
        damaged = bytes(packed[:at]) + bytes([packed[at] ^ 1]) + bytes(packed[at + 1 :])
        with contextlib.suppress(zlib.error):
            if zlib.decompressobj(-15).decompress(damaged[10:]) != page:
                break  # it decodes, to something else
    with pytest.raises(PayloadError, match="checksum"):
        decode_content([("Content-Encoding", "gzip")], damaged)
    assert decode_content([("Content-Encoding", "gzip")], damaged, allow_truncated=True).startswith(b"<p>0 7919 ")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "br, gzip"])
def test_a_bomb_is_stopped_while_decoding(coding: str) -> None:
    bomb = bytes(300 * 2**20 if sys.gettrace() is None else 2**24)
    for word in coding.split(", "):
        packers = {"gzip": gzip.compress, "deflate": zlib.compress, "br": _quick_brotli, "zstd": zstd.compress}
        bomb = packers[word](bomb)
    tracemalloc.start()
    try:
        with pytest.raises(PayloadTooLargeError) as caught:
            decode_content([("Content-Encoding", coding)], bomb, limit=2**20)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.limit == 2**20
    assert peak < 12 * 2**20


def _quick_brotli(data: bytes) -> bytes:
    return brotli.compress(data, quality=1)


def test_a_body_of_exactly_the_limit_is_allowed() -> None:
    assert decode_content([("Content-Encoding", "gzip")], gzip.compress(PAGE), limit=len(PAGE)) == PAGE
    with pytest.raises(PayloadTooLargeError):
        decode_content([("Content-Encoding", "gzip")], gzip.compress(PAGE), limit=len(PAGE) - 1)
    with pytest.raises(PayloadTooLargeError):
        decode_content([], PAGE, limit=len(PAGE) - 1)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("lzma", PAGE),  # nobody sends it
        ("gzip," * 9, gzip.compress(PAGE, mtime=0)),  # a tower of codings
        ("br", b"\xff\xfe not brotli, not a document either"),
        ("deflate", b"\xff\xff\xff\xff"),
        ("gzip", b"\x1f\x8b\x08\x08\0\0\0\0\0\0name without an end"),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\0\xff\xff\xff\xff\xff"),
    ],
)
def test_what_cannot_be_decoded_is_a_payload_error(coding: str, body: bytes) -> None:
    with pytest.raises(PayloadError):
        decode_content([("Content-Encoding", coding)], body)


@given(
    coding=st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip, br", "x"]),
    body=st.one_of(
        st.binary(max_size=300),
        st.binary(max_size=60).map(lambda tail: CODED["gzip"][:40] + tail),
        st.binary(max_size=60).map(lambda tail: CODED["zstd"][:20] + tail),
    ),
    allow=st.booleans(),
)
def test_any_bytes_decode_or_raise_within_the_tree(coding: str, body: bytes, allow: bool) -> None:
    with contextlib.suppress(PayloadError):
        decode_content([("Content-Encoding", coding)], body, limit=10_000, allow_truncated=allow)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde"),
        (b"3;name=value\r\nabc\r\n0\r\nTrailer: x\r\n\r\n", b"abc"),  # extension and trailer
        (b"003 \r\nabc\r\n0\r\n\r\n", b"abc"),  # padded sizes, as old IIS and Netscape wrote
        (b"A\n0123456789\n0\n\n", b"0123456789"),  # bare line feeds
        (b"0\r\n\r\n", b""),
        (b"", b""),
        (b"<html>plain</html>", b"<html>plain</html>"),  # dechunked by the archive tool, header left
        (b"dead\nbeef is a poem", b"beef is a poem"),  # ambiguous; a cut transfer is commoner than such a page
        (b"3\r\nabcdef", b"3\r\nabcdef"),  # looks like a size, but no line end follows the data
        (b"3\r\nabc\r\n5\r\nde", b"abcde"),  # cut within a chunk
        (b"3\r\nabc", b"abc"),  # cut after a chunk
        (b"3\r\nabc\r", b"abc"),  # cut within the line end
        (b"3\r\nabc\r\n5", b"abc5"),  # cut within a size: what came is kept
        (b"3\r\nabc\r\nzz\r\nrest", b"abczz\r\nrest"),  # the framing is lost: the rest as it is
        (b"3\r\nabc\r\n2\r\nxyz\r\n", b"abc2\r\nxyz\r\n"),  # the same, by a wrong size
        (b"ffffffffffffffff\r\nabc", b"abc"),  # a size beyond all memory
    ],
)
def test_dechunk(body: bytes, expected: bytes) -> None:
    assert dechunk(body) == expected


@given(st.lists(st.binary(min_size=1, max_size=40)), st.integers(0, 400))
def test_dechunk_undoes_chunking_and_never_invents(chunks: list[bytes], cut: int) -> None:
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    assert dechunk(framed) == b"".join(chunks)
    assert len(dechunk(framed[:cut])) <= len(framed)


def test_dechunk_has_a_limit() -> None:
    with pytest.raises(PayloadTooLargeError):
        dechunk(b"5\r\nabcde\r\n0\r\n\r\n", 4)
    with pytest.raises(PayloadTooLargeError):
        dechunk(b"plain", 4)


@pytest.mark.parametrize(
    ("head", "status", "reason", "headers"),
    [
        (b"HTTP/1.1 200 OK\r\nA: b\r\na:c\r\n\r\n", 200, "OK", (("A", "b"), ("a", "c"))),  # order, case, repeats
        (b"HTTP/1.0 200\nA: b\n\n", 200, "", (("A", "b"),)),  # bare line feeds, no reason
        (b"http/1.1 404  Not   Found \r\n\r\n", 404, "Not   Found", ()),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n  c\r\n\td\r\n\r\n", 200, "OK", (("A", "b c d"),)),  # obs-fold
        (b"HTTP/1.1 200 OK\r\n folded\r\nnonsense\r\n: x\r\nA:\r\n\r\n", 200, "OK", (("A", ""),)),
        (b"HTTP/1.1 200 OK\r\nA: \xe9\r\n\r\n", 200, "OK", (("A", "\xe9"),)),  # Latin-1
        (b"HTTP/2 204 \r\n\r\n", 204, "", ()),
        (b"HTTP/1.1 200 OK\r\nA: b\r\nTrunc", 200, "OK", (("A", "b"),)),  # cut within a header
        (b"HTTP/1.1 200 OK\r\nA: b:c\r\n\r\nB: not a header", 200, "OK", (("A", "b:c"),)),
    ],
)
def test_response_heads(head: bytes, status: int, reason: str, headers: tuple[tuple[str, str], ...]) -> None:
    parsed = parse_response_head(head)
    assert (parsed.status, parsed.reason, parsed.headers) == (status, reason, headers)


@pytest.mark.parametrize(
    "head", [b"", b"\r\n", b"ICY 200 OK\r\n\r\n", b"HTTP/1.1 2x0 OK\r\n\r\n", b"HTTP/1.1\r\n\r\n", b"\xff"]
)
def test_what_is_no_response_head(head: bytes) -> None:
    with pytest.raises(PayloadError):
        parse_response_head(head)


@given(st.binary(max_size=200))
def test_any_head_is_parsed_or_refused(head: bytes) -> None:
    parse_response_head(b"HTTP/1.1 200 OK\r\n" + head)
    with contextlib.suppress(PayloadError):
        parse_response_head(head)
    before, after = split_head(head)
    assert before + after == head


def test_looking_into_headers() -> None:
    headers = [
        ("content-TYPE", " Text/HTML ; charset=x"),
        ("Transfer-Encoding", "gzip, Chunked"),
        ("X", "1"),
        ("x", "2"),
    ]
    assert header(headers, "X") == "1"
    assert header(headers, "Y") is None
    assert media_type(headers) == "text/html"
    assert media_type([]) == ""
    assert is_chunked(headers)
    assert not is_chunked([("Transfer-Encoding", "identity")])


def test_a_gzip_header_with_reserved_flags_is_none() -> None:
    """A damaged flag byte must not send the reader looking for a file name that never ends."""
    assert gzip_header_length(b"\x1f\x8b\x08\x00" + bytes(20)) == 10
    assert gzip_header_length(b"\x1f\x8b\x08\x20" + bytes(20)) is None


@pytest.mark.parametrize("cut", range(len(named_gzip(b""))))
def test_a_gzip_header_is_whole_or_not_there(cut: int) -> None:
    whole = named_gzip(b"")
    length = gzip_header_length(whole)
    assert length == 34
    assert gzip_header_length(whole[:cut]) == (length if cut >= length else None)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(st.binary(max_size=3000), st.binary(max_size=4).map(lambda part: part * 20_000)),
    st.sampled_from(["as it is", "cut", "flipped", "two members", "junk behind", "no checksum", "not coded"]),
    st.integers(0, 10_000),
)
def test_the_beginning_of_a_body_is_that_of_the_whole_and_fails_as_the_whole(data: bytes, how: str, at: int) -> None:
    sent = gzip.compress(data, mtime=0)
    at %= len(sent)
    sent = {
        "as it is": sent,
        "cut": sent[:at],
        "flipped": sent[:at] + bytes([sent[at] ^ 4]) + sent[at + 1 :],
        "two members": sent + gzip.compress(b"more", mtime=0),
        "junk behind": sent + b"junk behind it",
        "no checksum": sent[:-8],
        "not coded": data,
    }[how]
    headers = [("Content-Encoding", "gzip")]
    results: list[object] = []
    for read in (decode_content, lambda *given: content_beginning(*given, 100)):
        try:
            results.append(read(headers, sent))
        except PayloadError as error:
            results.append(type(error))
    whole, beginning = results
    assert beginning == ((whole[:100], len(whole)) if isinstance(whole, bytes) else whole)


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip"])
def test_a_body_of_empty_gzip_members_costs_little(coding: str) -> None:
    members = gzip.compress(b"", mtime=0) * 800_000  # 16 MiB
    body = gzip.compress(members) if coding == "gzip, gzip" else members
    started = time.process_time()
    with pytest.raises(PayloadError, match="more than 10,000 members"):
        decode_content([("Content-Encoding", coding)], body)
    assert time.process_time() - started < 3


def test_a_body_of_many_gzip_members_is_read() -> None:
    body = b"".join(gzip.compress(bytes([65 + n % 26]), mtime=0) for n in range(5_000))
    assert len(decode_content([("Content-Encoding", "gzip")], body)) == 5_000


def test_a_header_folded_without_end_costs_linear_time() -> None:
    """A foreign WARC may hold a head of many megabytes; it is small when packed."""
    started = time.process_time()
    head = parse_response_head(b"HTTP/1.1 200 OK\r\nA: b\r\n" + b" x\r\n" * 500_000)
    assert len(head.headers[0][1]) == len("b") + 500_000 * len(" x")
    assert time.process_time() - started < 3
