"""One gzip member of a file, inflated a piece at a time: what readers of single records and of whole files share."""

from __future__ import annotations

from collections.abc import Callable

from isal import isal_zlib

from archive.inflate import GZIP_MAGIC, GZIP_TRAILER, ISAL_ERROR, gzip_header_length
from archive.warc.window import Window

FEED = 2**16  # bytes of input at once
_STEP = 2**22  # bytes of output at once
_MAX_GZIP_HEADER = 1_024  # bytes: a file name and a length or two
_GLANCE = 2_048  # bytes of a member that surely hold its header and the code tables of its first block


class BadRecord(Exception):  # noqa: N818  a signal within the package
    """What is at hand cannot be read; `end` is where the next record begins, if that is known."""

    def __init__(self, why: str, end: int | None = None) -> None:
        self.end = end
        super().__init__(why)


class Unfinished(Exception):  # noqa: N818  a signal within the package
    """The file ends within what is at hand."""

    def __init__(self) -> None:
        super().__init__("the file ends within it")


def inflate_member(window: Window, at: int, take: Callable[[bytes], None]) -> int:
    """Hand what the gzip member at `at` holds to `take`, piece by piece; return where the member ends (bytes).

    Raises `BadRecord` or `Unfinished`, then after `take` had what could be inflated; with a wrong checksum the end is known.
    """
    piece = window.at(at, FEED)
    begin = _begin(piece)
    decoder = isal_zlib.decompressobj(-15)
    at += begin
    piece = piece[begin:]
    check = 0
    while True:
        at += len(piece)
        while True:
            try:
                part = decoder.decompress(piece, _STEP)
            except ISAL_ERROR as error:
                raise BadRecord(f"its gzip member is damaged: {error}") from None
            check = isal_zlib.crc32(part, check)
            take(part)
            piece = decoder.unconsumed_tail
            if decoder.eof or (not piece and len(part) < _STEP):
                break
        if decoder.eof:
            break
        piece = window.at(at, FEED)
        if not piece:
            raise Unfinished
    at -= len(decoder.unused_data)
    trailer = window.at(at, GZIP_TRAILER)
    if len(trailer) < GZIP_TRAILER:
        raise Unfinished
    if int.from_bytes(trailer[:4], "little") != check:
        raise BadRecord("the checksum of its gzip member is wrong")
    return at + GZIP_TRAILER


def glance(window: Window, at: int, count: int = 64) -> bytes:
    """Return the first bytes of the gzip member at `at`, up to `count`; b"" if it is none."""
    piece = window.at(at, max(_GLANCE, count))
    begin = gzip_header_length(piece)
    if begin is None:
        return b""
    try:
        return bytes(isal_zlib.decompressobj(-15).decompress(piece[begin:], count))
    except ISAL_ERROR:
        return b""


def _begin(piece: bytes) -> int:
    begin = gzip_header_length(piece)
    if begin is None:
        if len(piece) < _MAX_GZIP_HEADER and (piece.startswith(GZIP_MAGIC) or GZIP_MAGIC.startswith(piece)):
            raise Unfinished
        raise BadRecord("no gzip member begins here")
    return begin
