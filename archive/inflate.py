"""Deflate, a piece at a time and within limits: what WARC files and HTTP bodies have in common. Pure.

ISA-L inflates twice as fast as zlib (measured: 970 against 450 MB/s on news pages). Its own reading of gzip headers is
not used: isal 1.9.1 loses its place when a piece of input ends between a header with a file name and the data
("Invalid deflate block found"), and such headers are legal and met with. The header is read here instead (RFC 1952).
"""

from __future__ import annotations

from isal import isal_zlib

_FEED = 2**16  # bytes of input at once: what is left over after the end is copied, so keep it small
_STEP = 2**20  # bytes of output at once: by so much may memory pass the limit
_FHCRC, _FEXTRA, _FNAME, _FCOMMENT = 2, 4, 8, 16
_RESERVED = 0xE0  # must be zero, RFC 1952 section 2.3.1.2
_MIN_HEADER = 10

# isal's stub declares the class as if it were an instance.
ISAL_ERROR: type[Exception] = isal_zlib.IsalError  # type: ignore[assignment]

GZIP_MAGIC = b"\x1f\x8b\x08"
GZIP_TRAILER = 8  # bytes: CRC-32 and length


class InflateError(Exception):
    """The data are no deflate stream. Stays within the package: callers turn it into an error of the tree."""


def gzip_header_length(data: bytes, at: int = 0) -> int | None:
    """Return how many bytes the gzip header at `at` has, or None if it is not one or not all of it is there."""
    if not data.startswith(GZIP_MAGIC, at) or len(data) - at < _MIN_HEADER:
        return None
    flags = data[at + 3]
    if flags & _RESERVED:
        return None
    end = at + _MIN_HEADER
    if flags & _FEXTRA:
        if len(data) < end + 2:
            return None
        end += 2 + int.from_bytes(data[end : end + 2], "little")
    for flag in (_FNAME, _FCOMMENT):
        if flags & flag:
            zero = data.find(b"\0", end)
            if zero < 0:
                return None
            end = zero + 1
    if flags & _FHCRC:
        end += 2
    return end - at if end <= len(data) else None


def inflate(data: bytes, start: int, wbits: int, limit: int, *, keep_partial: bool) -> tuple[bytes, int, bool]:
    """Return (bytes, position after the stream, whether its end was reached).

    `wbits`: -15 for raw deflate, 15 for zlib. Stops soon after `limit` bytes of output, which the caller checks.
    Raises `InflateError` for what is no deflate stream; with `keep_partial` only if nothing at all was decoded.
    """
    decoder = isal_zlib.decompressobj(wbits)
    parts: list[bytes] = []
    total, at = 0, start
    try:
        while at < len(data) and not decoder.eof:
            piece = data[at : at + _FEED]
            at += len(piece)
            while True:
                part = decoder.decompress(piece, _STEP)
                parts.append(part)
                total += len(part)
                piece = decoder.unconsumed_tail
                if decoder.eof or total > limit or (not piece and len(part) < _STEP):
                    break
            if total > limit:
                break
    except ISAL_ERROR as error:
        if not (keep_partial and total):
            raise InflateError(str(error)) from None
        return b"".join(parts), at, False
    return b"".join(parts), at - len(decoder.unused_data), bool(decoder.eof)
