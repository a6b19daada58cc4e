"""Where an HTTP/1.1 message ends, read from the bytes alone. Pure.

What was measured with libcurl 8.23 and transfer decoding off (HTTP_TRANSFER_DECODING=0):

- It still follows chunked framing, finds the end (extensions, trailers, bare LF included), passes the raw bytes on,
  trailers with them, and keeps the connection for the next request.
- But it passes on whole reads: bytes that a server sent *after* the end, in the same read, arrive as if they were body,
  and the connection is used again all the same.
- With `Transfer-Encoding: gzip, chunked` it does not follow the chunks at all: it waits for the close, or the time-out.

So `ChunkScanner` runs beside libcurl and says where the message ends.
"""

from __future__ import annotations

import re

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_CODINGS = re.compile(rb"(?im)^transfer-encoding[ \t]*:([^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*)")
_HEX = re.compile(rb"[0-9A-Fa-f]{1,16}")
_LONGEST_SIZE = 32  # bytes of a size line that are looked at: 16 hex digits, and what ends them


def status_of(head: bytes) -> int:
    """Return the status of a response head, 0 if it has none."""
    found = _STATUS.match(head)
    return int(found[1]) if found else 0


def split_headers(head: bytes) -> list[tuple[bytes, bytes]]:
    """Return the header fields of a head in wire order: names as sent, values stripped, junk lines left out."""
    fields = []
    for line in _FOLD.sub(b" ", head).split(b"\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon and name.strip():
            fields.append((name.strip(), value.strip()))
    return fields


def transfer_codings(head: bytes) -> list[bytes]:
    """Return the transfer-codings of a head in the order they were applied, lower case (RFC 9112 section 6.1)."""
    values = b",".join(_CODINGS.findall(head))
    return [coding for coding in (part.strip().lower() for part in values.split(b",")) if coding]


class ChunkScanner:
    """Follows chunked framing (RFC 9112 section 7.1) through the pieces in which a body arrives.

    As lenient as libcurl, so that both see the same end: bare LF, extensions and trailers of any form pass.
    `broken` is set when the framing cannot be followed any further.
    """

    __slots__ = ("_left", "_line", "_state", "broken", "ended")

    def __init__(self) -> None:
        self._state = self._size
        self._left = 0  # bytes of chunk data still to come
        self._line = b""  # the beginning of a line that is not complete
        self.broken = False
        self.ended = False

    def feed(self, data: bytes) -> int:
        """Take the next bytes; return how many of them belong to the message: all of them until its end came."""
        at = 0
        while at < len(data) and not (self.ended or self.broken):
            at = self._state(data, at)
        return at if self.ended else len(data)

    def _take_line(self, data: bytes, at: int) -> tuple[bytes | None, int]:
        """Return the beginning of the next line (None: it is not complete yet), and where its line feed stands."""
        end = data.find(b"\n", at)
        if end < 0:
            self._line = (self._line + data[at : at + _LONGEST_SIZE])[:_LONGEST_SIZE]
            return None, len(data)
        line = (self._line + data[at : min(end, at + _LONGEST_SIZE)])[:_LONGEST_SIZE]
        self._line = b""
        return line, end + 1

    def _size(self, data: bytes, at: int) -> int:
        line, at = self._take_line(data, at)
        if line is None:
            return at
        digits = _HEX.match(line)
        if not digits or line[digits.end() : digits.end() + 1].isalnum():
            self.broken = True
            return at
        self._left = int(digits[0], 16)
        self._state = self._data if self._left else self._trailer
        return at

    def _data(self, data: bytes, at: int) -> int:
        taken = min(self._left, len(data) - at)
        self._left -= taken
        if not self._left:
            self._state = self._data_end
        return at + taken

    def _data_end(self, data: bytes, at: int) -> int:
        line, at = self._take_line(data, at)
        if line is not None:
            self._state = self._size
            self.broken = line not in (b"", b"\r")
        return at

    def _trailer(self, data: bytes, at: int) -> int:
        line, at = self._take_line(data, at)
        self.ended = line in (b"", b"\r")
        return at
