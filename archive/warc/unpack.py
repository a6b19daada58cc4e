"""A packed file made plain: gzip as a whole, gzipped ARC, zstd.

The plain bytes go to a file of their own, because a reader that is to go on behind damage must be able to look back; where
they came from in the packed file is remembered.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable
from typing import BinaryIO, Protocol

from archive.inflate import GZIP_MAGIC
from archive.warc.arc import may_begin_arc
from archive.warc.frames import ZSTD_MAGIC, Frames
from archive.warc.member import BadRecord, Unfinished, glance, inflate_member
from archive.warc.window import BUFFER, NEAR, Window

_BLANK = b"\r\n"
_LEAST, _TIMES = 2**30, 200  # bytes, and times the packed size: what a file may hold; real ones hold 3 to 30 times


class Packing(Protocol):
    """How a file is packed."""

    magic: bytes

    def inflate(self, at: int, take: Callable[[bytes], None]) -> int:
        """Hand over what the piece at `at` holds; return its end."""

    def glance(self, at: int) -> bytes:
        """Return the first bytes of the piece at `at`."""


class Gzip:
    """Gzip members, of whatever size."""

    magic = GZIP_MAGIC

    def __init__(self, window: Window) -> None:
        self._window = window

    def inflate(self, at: int, take: Callable[[bytes], None]) -> int:
        """Hand over what the member at `at` holds; return its end."""
        return inflate_member(self._window, at, take)

    def glance(self, at: int) -> bytes:
        """Return the first bytes of the member at `at`."""
        return glance(self._window, at)


class Zstd(Frames):
    """Zstd frames, with the dictionary that the file may begin with."""

    magic = ZSTD_MAGIC


class Origins:
    """Which piece of the packed file each plain byte came from."""

    def __init__(self) -> None:
        self._plain, self._packed = array("Q"), array("Q")
        self._damaged: set[int] = set()
        self.end = 0  # plain bytes in all

    def begin(self, plain: int, packed: int) -> None:
        """Note that a piece begins."""
        self._plain.append(plain)
        self._packed.append(packed)

    def damaged(self) -> None:
        """Note that the piece begun last is damaged, and that this has been told."""
        self._damaged.add(len(self._plain) - 1)

    def of(self, plain: int) -> int:
        """Return where the piece that holds a plain byte begins in the packed file."""
        return self._packed[max(bisect_right(self._plain, plain) - 1, 0)] if self._packed else 0

    def begins(self, plain: int) -> bool:
        """Return whether a piece begins with this plain byte."""
        return not self._plain or self._plain[max(bisect_right(self._plain, plain) - 1, 0)] == plain

    def is_damaged(self, plain: int, *, end: int | None = None) -> bool:
        """Return whether a byte lies in a damaged piece; with `end`, whether the bytes up to there are all that it holds."""
        at = bisect_right(self._plain, plain) - 1
        if at not in self._damaged:
            return False
        if end is None:
            return True
        following = self._plain[at + 1] if at + 1 < len(self._plain) else self.end
        return self._plain[at] == plain and following <= end


def unpack(window: Window, packing: Packing, out: BinaryIO, told: Callable[[int, str], None]) -> Origins:
    """Write what a packed file holds to `out`; `told` hears of what is damaged: where in the packed file (byte) and why.

    What could be inflated of a damaged piece is kept: it may hold a thousand sound records. Unpacking goes on at the next
    piece that begins with a record. It ends where the plain bytes are out of all proportion.
    """
    origins = Origins()
    most = max(_LEAST, _TIMES * window.end)
    at = total = 0

    def take(part: bytes) -> None:
        nonlocal total
        if not total:
            part = part.lstrip(_BLANK)
        total += len(part)
        if total > most:
            raise _TooMuchError
        out.write(part)

    while at < window.end:
        origins.begin(total, at)
        try:
            at = packing.inflate(at, take)
        except _TooMuchError:
            told(at, f"the file unpacks to more than {most} bytes, {_TIMES} times its size: the rest is not read")
            break
        except (BadRecord, Unfinished) as bad:
            told(at, str(bad))
            origins.damaged()
            if total:
                take(b"\r\n\r\n")  # so that the next record begins a line
            following = _next(window, packing, at)
            if following is None:
                break
            at = following
    out.flush()
    origins.end = total
    return origins


class _TooMuchError(Exception):
    """A bomb."""


def _next(window: Window, packing: Packing, at: int) -> int | None:
    at += 1
    step = NEAR
    while at < window.end:
        data = window.at(at, step)
        hit = data.find(packing.magic)
        while hit >= 0:
            begin = packing.glance(at + hit)
            if begin.startswith(b"WARC/") or may_begin_arc(begin):
                return at + hit
            hit = data.find(packing.magic, hit + 1)
        at += max(len(data) - len(packing.magic) + 1, 1)
        step = BUFFER
    return None
