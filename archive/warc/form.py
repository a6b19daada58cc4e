"""What form a web archive's file has: told by its first bytes, never by its name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from archive.errors import NotAWarcError
from archive.inflate import GZIP_MAGIC
from archive.warc.arc import begins_arc
from archive.warc.frames import ZSTD_MAGIC, Frames, is_skippable
from archive.warc.member import FEED, BadRecord, Unfinished, glance, inflate_member
from archive.warc.raw import records_in
from archive.warc.window import Window

_BLANK = b"\r\n"
_FIRST = 2**24  # bytes: what the first gzip member may hold to be taken for one record's, a description of the crawl


class Packing(Enum):
    """How the records are packed."""

    PLAIN = "not packed"
    MEMBERS = "gzip, one member per record"
    WHOLE = "gzip as a whole"
    ZSTD = "zstd"
    ZIP = "a ZIP file"


@dataclass(frozen=True, slots=True)
class Form:
    """A file's form."""

    packing: Packing
    arc: bool = False  # ARC, not WARC

    @property
    def can_stay(self) -> bool:
        """Whether each record can be found again by its place in the file: what `--in-place` needs."""
        return not self.arc and self.packing in (Packing.PLAIN, Packing.MEMBERS)

    def __str__(self) -> str:
        return f"{'ARC' if self.arc else 'WARC'}, {self.packing.value}" if self.packing is not Packing.ZIP else "WACZ"


def form_of(path: Path) -> Form:
    """Return the form of a file. Raises `NotAWarcError` if it is no web archive's, `ShelfError` if it cannot be read."""
    window = Window(path, None)
    try:
        return _form(window, path)
    finally:
        window.close()


def _form(window: Window, path: Path) -> Form:
    first = window.at(0, FEED)
    if not first:
        raise NotAWarcError(path, "it is empty")
    if first.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Form(Packing.ZIP)
    if first.startswith(ZSTD_MAGIC) or is_skippable(first):
        return Form(Packing.ZSTD, arc=_arc_within(path, _zstd_begin(window)))
    if first.startswith(GZIP_MAGIC):
        begin = glance(window, 0, FEED).lstrip(_BLANK)
        if not begin or begin.startswith(b"WARC/"):
            return Form(Packing.MEMBERS if _holds_one_record(window) else Packing.WHOLE)
        return Form(Packing.WHOLE, arc=_arc_within(path, begin))
    begin = first.lstrip(_BLANK)
    return Form(Packing.PLAIN, arc=not begin.startswith(b"WARC/") and _arc_within(path, begin, unpacked=""))


def _arc_within(path: Path, begin: bytes, *, unpacked: str = "unpacked ") -> bool:
    """Say whether what begins so is ARC and not WARC; raise `NotAWarcError` if it is neither."""
    if begins_arc(begin):
        return True
    if begin and not begin.lstrip(_BLANK).startswith(b"WAR"):
        raise NotAWarcError(path, f"{unpacked}it begins with {begin[:16]!r}")
    return False


def _zstd_begin(window: Window) -> bytes:
    """Return the first bytes in a zstd file's first frame that holds any; b"" where that is damaged."""
    try:
        frames = Frames(window)
        at = 0
        while is_skippable(window.at(at, 4)):
            at = frames.inflate(at, lambda _part: None)
        return frames.glance(at, FEED).lstrip(_BLANK)
    except (BadRecord, Unfinished):
        return b""


class _LargeError(Exception):
    """The first member holds more than one record's worth."""


def _holds_one_record(window: Window) -> bool:
    """Say whether the first gzip member holds one record, or was meant to: then, likely, each of the others does."""
    held = bytearray()

    def take(part: bytes) -> None:
        held.extend(part)
        if len(held) > _FIRST:
            raise _LargeError

    try:
        after = inflate_member(window, 0, take)
    except (_LargeError, Unfinished):
        return False
    except BadRecord:
        return held.count(b"\nWARC/") == 0
    try:
        return len(records_in(bytes(held), 0, after)) == 1
    except BadRecord:
        return after != window.end and held.count(b"\nWARC/") == 0 and not _goes_on(window, after)


def _goes_on(window: Window, at: int) -> bool:
    """Say whether the member at `at` goes on with a record instead of beginning one."""
    begin = glance(window, at)
    return bool(begin) and not begin.lstrip(_BLANK).startswith(b"WARC/")
