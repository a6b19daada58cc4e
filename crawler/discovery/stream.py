"""A body read in pieces: unzipped, never longer than a limit, its markup put right on the way."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Protocol

from crawler.discovery.markup import entity_escaped

MAX_BYTES = 64 * 2**20  # decoded; the sitemap protocol allows 50 MB
_CHUNK = 65536
_MAX_MEMBERS = 10_000  # of gzip: 20 bytes are an empty one, and each costs as much as a chunk
_ILLEGAL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_MAGIC = 2  # bytes by which a gzip member is told
_ENTITY_TAIL = 40  # bytes that an entity cut by the end of a chunk can have


class Readable(Protocol):
    """A binary stream, of which only this is used."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes; none at the end."""


class ByteStream:
    """A stream read in chunks, unzipped where it is gzip (by its first bytes), never beyond MAX_BYTES."""

    def __init__(self, stream: Readable, problems: list[str]) -> None:
        self._problems = problems
        self._chunks = self._unzipped(stream)
        self._waiting = b""
        self._left = MAX_BYTES

    def peek(self, size: int) -> bytes:
        """Return the first `size` bytes, which stay to be read."""
        while len(self._waiting) < size and (chunk := next(self._chunks, b"")):
            self._waiting += chunk
        return self._waiting[:size]

    def __iter__(self) -> Iterator[bytes]:
        if self._waiting:
            yield self._taken(self._waiting)
        for chunk in self._chunks:
            if chunk := self._taken(chunk):
                yield chunk
            if self._left <= 0:
                self._problems.append(f"longer than {MAX_BYTES} bytes: the rest was not read")
                return

    def read_all(self, limit: int) -> bytes:
        """Return what there is, up to `limit` bytes."""
        parts, size = [], 0
        for chunk in self:
            parts.append(chunk)
            size += len(chunk)
            if size > limit:
                self._problems.append(f"longer than {limit} bytes: the rest was not read")
                break
        return b"".join(parts)[:limit]

    def _taken(self, chunk: bytes) -> bytes:
        chunk = chunk[: self._left]
        self._left -= len(chunk)
        return chunk

    def _unzipped(self, stream: Readable) -> Iterator[bytes]:
        first = stream.read(_CHUNK)
        if not first.startswith(b"\x1f\x8b"):
            yield first
            while chunk := stream.read(_CHUNK):
                yield chunk
            return
        inflate = zlib.decompressobj(31)
        chunk, members = first, 1
        try:
            while chunk:
                data = inflate.decompress(chunk, _CHUNK)
                if data:
                    yield data
                chunk = inflate.unconsumed_tail
                if inflate.eof:
                    chunk = inflate.unused_data  # several gzip members in a row
                    if len(chunk) < _MAGIC:  # the chunk ended with the member, or within the first bytes of the next
                        chunk += stream.read(_CHUNK)
                    if not chunk.startswith(b"\x1f\x8b"):
                        return
                    members += 1
                    if members > _MAX_MEMBERS:
                        self._problems.append(f"more than {_MAX_MEMBERS} gzip members: the rest was not read")
                        return
                    inflate = zlib.decompressobj(31)
                elif not chunk:
                    chunk = stream.read(_CHUNK)
            if not inflate.eof:
                self._problems.append("cut gzip data, read as far as it goes")
        except zlib.error as error:
            self._problems.append(f"broken gzip data, read as far as it goes ({error})")


def escaped(source: ByteStream) -> Iterator[bytes]:
    """Yield chunks with bare ampersands escaped (`?a=1&b=2` in <loc>), HTML entities known, forbidden bytes out.

    Inside CDATA an ampersand is escaped too; readers of the text resolve it again.
    """
    held = b""
    for chunk in source:
        chunk = held + chunk  # noqa: PLW2901 (with what the last one left)
        place = chunk.rfind(b"&", max(0, len(chunk) - _ENTITY_TAIL))
        held = chunk[place:] if place >= 0 else b""
        yield _clean(chunk[:place] if place >= 0 else chunk)
    yield _clean(held)


def _clean(chunk: bytes) -> bytes:
    return _ILLEGAL.sub(b"", entity_escaped(chunk)) if chunk else b" "
