"""From the bytes of an HTTP message to the bytes of the document: heads, chunks, content-codings. Pure.

Servers do not keep to the specification, and captures are read decades later, so everything here reads what browsers
read: bare line feeds, folded headers, `gzip` on bodies that are plain, chunked framing that an archive tool has removed
already. What is not readable even so raises `PayloadError`; nothing else leaves these functions. Sources: RFC 9110
section 8.4 (content-codings), RFC 9112 sections 2.2, 4, 5.2 and 7.1 (line ends, status line, obs-fold, chunks).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from isal import isal_zlib

from archive.errors import PayloadError, PayloadTooLargeError
from archive.inflate import GZIP_TRAILER, ISAL_ERROR, InflateError, gzip_header_length, inflate

Headers = Sequence[tuple[str, str]]

DEFAULT_LIMIT = 64 * 2**20  # bytes of decoded body: the largest real news page seen had 12 MB

MOST_INTERIM = 4  # heads that are looked at for the final one
_MAX_CODINGS = 4  # nested codings beyond two are attacks or accidents
_MAX_MEMBERS = 10_000  # of one gzip body: 20 bytes are an empty one, and 16 MiB of those take ten seconds
_STEP = 2**20  # bytes: how much a decoder may give at once, and so by how much memory passes the limit
_FEED = 2**16

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE = re.compile(r"\s*(HTTP/[0-9](?:\.[0-9])?)[ \t]+([0-9]{3})(?:[ \t]+(.*))?\s*", re.IGNORECASE)
_CHUNK_LINE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r?\n")

# Words that servers write into Content-Encoding though they name no coding: charsets, transfer encodings of e-mail,
# and the S3 upload framing that S3 never sends back.
_NO_CODING = frozenset(
    (
        *("identity", "none", "null", "utf-8", "utf8", "iso-8859-1", "windows-1252"),
        *("binary", "7bit", "8bit", "text", "html", "text/html", "aws-chunked"),
    )
)


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """Status line and headers of an HTTP response, as sent."""

    version: str  # "HTTP/1.1"
    status: int
    reason: str  # "" where the server sent none
    headers: tuple[tuple[str, str], ...]  # wire order, repeats kept


def split_head(message: bytes) -> tuple[bytes, bytes]:
    r"""Return the head of an HTTP message with its empty line, and what follows it.

    A message that ends before the empty line is all head.

    >>> split_head(b"HTTP/1.1 200 OK\r\n\r\nbody")
    (b'HTTP/1.1 200 OK\r\n\r\n', b'body')
    """
    found = _HEAD_END.search(message)
    return (message, b"") if found is None else (message[: found.end()], message[found.end() :])


def split_final(message: bytes) -> tuple[bytes, bytes]:
    r"""Return the head of the final response in an HTTP message, and what follows it.

    Some tools keep interim responses (RFC 9110 section 15.2: 100, 103) before it. Where their row does not end with a
    response within `MOST_INTERIM` heads, the first head counts.

    >>> split_final(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\nbody")
    (b'HTTP/1.1 200 OK\r\n\r\n', b'body')
    """
    first = head, rest = split_head(message)
    for _ in range(MOST_INTERIM):
        status_line = _STATUS_LINE.fullmatch(head.decode("latin-1").replace("\r\n", "\n").partition("\n")[0])
        if status_line is None:
            break
        if not status_line[2].startswith("1") or rest[:5].upper() != b"HTTP/":
            return head, rest
        head, rest = split_head(rest)
    return first


def parse_response_head(head: bytes) -> ResponseHead:
    r"""Return the parsed head of an HTTP response.

    Bytes are read as Latin-1, as RFC 9110 section 5.5 leaves them: nothing is lost, and a caller that knows better can
    encode them back. Folded lines are joined with one space, lines without a colon are passed over. Raises
    `PayloadError` if the first line is no status line.

    >>> parse_response_head(b"HTTP/1.1 404 Not Found\nContent-Type: text/html\n\n").status
    404
    """
    lines = head.decode("latin-1").replace("\r\n", "\n").split("\n")
    status_line = _STATUS_LINE.fullmatch(lines[0])
    if status_line is None:
        raise PayloadError(f"no HTTP response: it begins with {head[:40]!r}, not with a status line")
    found: list[tuple[str, list[str]]] = []  # names, and the lines of each value
    for line in lines[1:]:
        if not line:
            break
        if line[0] in " \t":
            if found:
                found[-1][1].append(line.strip())
            continue
        name, colon, value = line.partition(":")
        if colon and name.strip():
            found.append((name.strip(), [value.strip()]))
    version, status, reason = status_line.groups()
    headers = tuple((name, " ".join(filter(None, parts))) for name, parts in found)
    return ResponseHead(version.upper(), int(status), (reason or "").strip(), headers)


def header(headers: Headers, name: str) -> str | None:
    """Return the first value of the header `name` in whatever case, or None."""
    wanted = name.lower()
    for key, value in headers:
        if key.lower() == wanted:
            return value
    return None


def _tokens(headers: Headers, name: str) -> list[str]:
    """Return the comma-separated words of all headers `name`, lower-cased, in order."""
    wanted = name.lower()
    joined = ",".join(value for key, value in headers if key.lower() == wanted)
    return [word.strip().strip('"').lower() for word in joined.split(",") if word.strip()]


def is_chunked(headers: Headers) -> bool:
    """Say whether the headers claim chunked framing. Archive tools often remove the framing and leave the claim."""
    return "chunked" in _tokens(headers, "Transfer-Encoding")


def media_type(headers: Headers) -> str:
    """Return the media type without parameters, lower-cased, or "".

    >>> media_type([("content-type", "Text/HTML; charset=utf-8")])
    'text/html'
    """
    return (header(headers, "Content-Type") or "").split(";")[0].split(",")[0].strip().lower()


def dechunk(body: bytes, limit: int = DEFAULT_LIMIT) -> bytes:
    r"""Return `body` without its chunked framing.

    A body that does not begin like a chunk is returned as it is: Common Crawl, wget and others store it dechunked and
    keep the header. A body that ends within a chunk gives what came; where the framing breaks later on, the rest is
    kept as it is. Raises `PayloadTooLargeError` beyond `limit` bytes.

    >>> dechunk(b"3\r\nabc\r\n0\r\n\r\n")
    b'abc'
    """
    parts: list[bytes] = []
    at = total = 0
    while line := _CHUNK_LINE.match(body, at):
        size, start = int(line[1], 16), line.end()
        if size == 0:
            break
        data = body[start : start + size]
        at = start + len(data)
        after = body[at : at + 2]
        if len(data) == size and after and not (after == b"\r\n" or after[:1] == b"\n" or after == b"\r"):
            if not parts:
                return _within(body, limit)  # its first line only looks like a chunk's size
            at = line.start()
            parts.append(body[at:])
            break
        parts.append(data)
        total += len(data)
        if total > limit:
            raise PayloadTooLargeError(limit)
        at += len(after) if after in (b"\r\n", b"\r") else min(len(after), 1)
    else:
        if not parts:
            return _within(body, limit)
        parts.append(body[at:])
    return _within(b"".join(parts), limit)


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise PayloadTooLargeError(limit)
    return body


def decode_content(
    headers: Headers, body: bytes, *, limit: int = DEFAULT_LIMIT, allow_truncated: bool = False
) -> bytes:
    """Return `body` (transfer-coding already removed) without its content-codings.

    gzip, x-gzip, deflate (zlib or raw: browsers take both, since servers send both), br and zstd. A body that is not
    coded although the header says so is returned as it is. Decoding stops at `limit` bytes while it runs, so that a bomb
    costs `limit` plus one step of memory. `allow_truncated`: give what decodes of a body that was cut (a capture marked
    truncated), instead of an error.

    Raises `PayloadTooLargeError` beyond `limit`, `PayloadError` for anything else that cannot be decoded.
    """
    codings = [word for word in _tokens(headers, "Content-Encoding") if word not in _NO_CODING]
    if len(codings) > _MAX_CODINGS:
        raise PayloadError(f"{len(codings)} content-codings on one body; at most {_MAX_CODINGS} are undone")
    for coding in reversed(codings):
        if not body:
            break
        decoder = _DECODERS.get(coding)
        if decoder is None:
            raise PayloadError(f"unknown content-coding {coding[:40]!r}; the body is kept as it was sent")
        body = decoder(body, limit, allow_truncated)
    return _within(body, limit)


def content_beginning(headers: Headers, body: bytes, keep: int, *, limit: int = DEFAULT_LIMIT) -> tuple[bytes, int]:
    """Return the first `keep` bytes of what `decode_content` gives, and how many there are in all.

    The whole body is decoded and checked, but where it is gzip in one member, as nearly all are, not kept: a bomb costs a
    step of memory. Raises as `decode_content`.
    """
    codings = [word for word in _tokens(headers, "Content-Encoding") if word not in _NO_CODING]
    if codings not in (["gzip"], ["x-gzip"]) or (begin := gzip_header_length(body)) is None:
        data = decode_content(headers, body, limit=limit)
        return data[:keep], len(data)
    decoder = isal_zlib.decompressobj(-15)
    head, total, checksum, at = b"", 0, 0, begin
    try:
        while at < len(body) and not decoder.eof:
            piece = body[at : at + _FEED]
            at += len(piece)
            while piece or total == 0:
                part = decoder.decompress(piece, _STEP)
                head += part[: max(keep - len(head), 0)]
                total += len(part)
                checksum = isal_zlib.crc32(part, checksum)
                piece = decoder.unconsumed_tail
                if total > limit:
                    raise PayloadTooLargeError(limit)
                if decoder.eof or (not piece and len(part) < _STEP):
                    break
    except ISAL_ERROR as error:
        raise PayloadError(f"the gzip body cannot be decoded ({error})") from None
    rest = decoder.unused_data + body[at:]
    if not decoder.eof or rest[GZIP_TRAILER:].startswith(b"\x1f\x8b"):
        data = decode_content(headers, body, limit=limit)  # several members, or what only `decode_content` can judge
        return data[:keep], len(data)
    said = int.from_bytes(rest[:4], "little")
    if len(rest) >= GZIP_TRAILER and said not in (0, checksum):
        raise PayloadError("the gzip body is damaged: it does not fit its own checksum")
    return head, total


def _looks_plain(body: bytes) -> bool:
    """Say whether the body is a document as it stands: br and deflate have no magic number that would say it better."""
    return body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"<", b"{", b"[")


def _gunzip(body: bytes, limit: int, allow_truncated: bool) -> bytes:
    if not body.startswith(b"\x1f\x8b"):
        return body  # proxies decode and forget the header
    parts: list[bytes] = []
    at = total = 0
    while body.startswith(b"\x1f\x8b", at):
        begin = gzip_header_length(body, at)
        if begin is None:
            if parts:
                break
            raise PayloadError("the gzip header is cut off or wrong")
        try:
            data, end, complete = inflate(body, at + begin, -15, limit - total, keep_partial=allow_truncated)
        except InflateError as error:
            if parts:
                break  # what follows the first member is not gzip after all
            raise PayloadError(f"the gzip body cannot be decoded ({error})") from None
        total += len(data)
        _refuse_too_much(total, limit, len(parts))
        if not complete and not allow_truncated:
            if parts:
                break  # garbage that begins like a member
            raise PayloadError("the gzip body is cut off")
        parts.append(data)
        if not complete:
            break
        if complete and not _sum_fits(data, body[end : end + GZIP_TRAILER]) and not allow_truncated:
            raise PayloadError("the gzip body is damaged: it does not fit its own checksum")
        at = end + GZIP_TRAILER
    return b"".join(parts)


def _refuse_too_much(total: int, limit: int, members: int) -> None:
    if total > limit:
        raise PayloadTooLargeError(limit)
    if members >= _MAX_MEMBERS:
        raise PayloadError(f"the gzip body has more than {_MAX_MEMBERS:,} members")


def _sum_fits(data: bytes, trailer: bytes) -> bool:
    """Return whether what was decoded fits the gzip trailer (CRC-32, length: RFC 1952 section 2.3.1).

    Browsers do not look, and show garbage; an archive would keep it as an article. Servers that write no checksum write
    zeros or leave the trailer away: then there is nothing to compare.
    """
    said = int.from_bytes(trailer[:4], "little")
    return len(trailer) < GZIP_TRAILER or said == 0 or said == isal_zlib.crc32(data)


def _undeflate(body: bytes, limit: int, allow_truncated: bool) -> bytes:
    zlib_wrapped = len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0  # noqa: PLR2004  RFC 1950 2.2
    for wbits in (15, -15) if zlib_wrapped else (-15,):
        try:
            data, _, complete = inflate(body, 0, wbits, limit, keep_partial=allow_truncated)
        except InflateError:
            continue
        if len(data) > limit:
            raise PayloadTooLargeError(limit)
        if _looks_plain(body) and not complete:
            return body
        if complete or allow_truncated:
            return data
        raise PayloadError("the deflate body is cut off")
    if _looks_plain(body):
        return body
    raise PayloadError("the deflate body is neither zlib nor raw deflate")


def _unbrotli(body: bytes, limit: int, allow_truncated: bool) -> bytes:
    import brotli

    decoder = brotli.Decompressor()
    return _drain(
        "br",
        body,
        limit,
        allow_truncated,
        feed=lambda piece: decoder.process(piece, output_buffer_limit=_STEP),
        hungry=decoder.can_accept_more_data,
        finished=decoder.is_finished,
        failure=brotli.error,
    )


def _unzstd(body: bytes, limit: int, allow_truncated: bool) -> bytes:
    if not body.startswith(b"\x28\xb5\x2f\xfd"):
        return body
    from archive.zstandard import zstd

    # RFC 9659: the coding "zstd" uses windows of at most 8 MB; more would let a small body claim much memory.
    decoder = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: 23})
    return _drain(
        "zstd",
        body,
        limit,
        allow_truncated,
        feed=lambda piece: decoder.decompress(piece, max_length=_STEP),
        hungry=lambda: decoder.needs_input,
        finished=lambda: decoder.eof,
        failure=zstd.ZstdError,
    )


def _drain(
    coding: str,
    body: bytes,
    limit: int,
    allow_truncated: bool,
    *,
    feed: Callable[[bytes], Any],
    hungry: Callable[[], bool],
    finished: Callable[[], bool],
    failure: type[Exception],
) -> bytes:
    """Run a streaming decoder over `body`, a step at a time, never beyond `limit`."""
    parts: list[bytes] = []
    at = total = 0
    try:
        while not finished():
            piece = body[at : at + _FEED] if hungry() else b""
            at += len(piece)
            part = bytes(feed(piece))
            if not part and at >= len(body) and not piece:
                break  # asked once more with nothing: brotli may have taken all input and still hold output
            parts.append(part)
            total += len(part)
            if total > limit:
                raise PayloadTooLargeError(limit)
    except failure as error:
        if allow_truncated and total:
            return b"".join(parts)
        if _looks_plain(body):
            return body
        raise PayloadError(f"the {coding} body cannot be decoded ({error})") from None
    if not finished():
        if not total and _looks_plain(body):
            return body
        if not allow_truncated:
            raise PayloadError(f"the {coding} body is cut off")
    return b"".join(parts)


_DECODERS: dict[str, Callable[[bytes, int, bool], bytes]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
