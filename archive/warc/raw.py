"""WARC records as bytes: where each begins and ends, in plain and in gzipped files, sound, growing or broken.

Own code and not fastwarc's iterator, because this must know the exact length of each record, stop before an unfinished
one, tell what is broken and go on at the next member (fastwarc ends without a word at the first broken gzip member). It
is about as fast: the work is inflating and hashing, done in C either way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from archive.errors import BrokenRecordError, NotAWarcError
from archive.inflate import GZIP_MAGIC
from archive.warc.fields import Fields, parse_fields
from archive.warc.member import FEED, BadRecord, Unfinished, glance, inflate_member
from archive.warc.names import OPEN_SUFFIX
from archive.warc.window import BUFFER, NEAR, Window

MAX_RECORD = 256 * 2**20  # bytes: a larger record (a film) is passed over; no page is near it

_MAX_HEAD = 2**16  # bytes of a record's own fields
_HEAD_END = re.compile(rb"\r{0,2}\n\r{0,2}\n")  # two carriage returns: a file that went through Windows once too often
_IN_VAIN = (
    2**30,
    16,
)  # bytes, and times the file's size: how much may be inflated of members that turn out to be damaged
# The second where a record was torn and another appended: it begins anywhere, and is told by its first field.
_NEXT_PLAIN = re.compile(rb"\n(?=WARC/[01]\.[0-9]{1,3}\r{0,2}\n)|(?=WARC/[01]\.[0-9]{1,3}\r{0,2}\n(?:WARC|Content)-)")
_BLANK = b"\r\n"

OnBroken = Callable[[BrokenRecordError], None]


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record: where it lies and what it holds."""

    offset: int  # bytes, of its gzip member or, in a plain file, of the record
    length: int  # bytes on disk
    fields: Fields
    head: bytes  # version line and fields as written, with the empty line
    block: bytes
    alone: bool  # False if its gzip member holds other records too: then `offset` does not find it again


class RawReader:
    """The records of one file, in order. Iterate once; use as a context manager or let the iteration end.

    `searching`: the file may begin with anything (a ZIP whose directory is lost); gzip members with records are looked for.
    `start`: the offset of a record; `end`: read no further (default: the file's size when opened, so that a file which
    grows is read as it was). `position` is where reading got to: the end of the last complete record, or of what was
    passed over as broken before a record that follows.

    Raises `NotAWarcError` for a file without any WARC record, unless its name ends in `.open` (a crawl may just have
    begun it), `ShelfError` if it cannot be read. Broken records go to `on_broken`, and reading goes on at the next
    record that can be found. The file's end within a record is told in the same way, unless the name ends in `.open`.
    """

    def __init__(
        self,
        path: Path,
        *,
        start: int = 0,
        end: int | None = None,
        on_broken: OnBroken | None = None,
        searching: bool = False,
        window: Window | None = None,
    ) -> None:
        """`window`: the file's bytes, where they are not to be opened here; the caller closes them."""
        self.path = path
        self.position = start
        self._growing = path.name.endswith(OPEN_SUFFIX)
        self._on_broken = on_broken
        self._searching = searching
        self._lent = window is not None
        self._window = window or Window(path, end)
        self._headless = (0, 0)  # between these bytes no head ends: it was looked for
        self._plain: bool | None = None
        self._in_vain = 0  # bytes inflated of members that were damaged

    def __enter__(self) -> RawReader:
        return self

    def __exit__(self, *exc: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, unless it was lent."""
        if not self._lent:
            self._window.close()

    def __iter__(self) -> Iterator[RawRecord]:
        try:
            yield from self._records()
        finally:
            self.close()

    def _broken(self, offset: int, why: str) -> None:
        if self._on_broken is not None:
            self._on_broken(BrokenRecordError(self.path, offset, why))

    def _records(self) -> Iterator[RawRecord]:
        window, at, seen = self._window, self.position, self.position > 0
        plain = self._is_plain()
        if not seen and not self._growing and not self._searching:
            self._refuse_others(plain=plain)
        read = self._read_plain if plain else self._read_member
        while at < window.end:
            try:
                records, after = read(at)
            except (Unfinished, BadRecord) as bad:
                if self._growing and isinstance(bad, Unfinished):
                    break  # not searched: its body may be a WARC file itself
                end = bad.end if isinstance(bad, BadRecord) else None
                following = end if end is not None else self._next(at, plain=plain)
                if following is None and self._growing:
                    break  # a torn tail: what the crawl did not finish, or what a power cut left
                self._broken(at, str(bad))
                if following is None:
                    break
                if self._in_vain > max(_IN_VAIN[0], _IN_VAIN[1] * window.end):
                    self._broken(following, "the file is so damaged, or so made, that the rest is not looked through")
                    break
                self.position = at = following
                continue
            for record in records:
                seen = True
                self.position = after
                yield record
            self.position = at = after
        if not seen and not self._growing:
            raise NotAWarcError(self.path, "not one whole WARC record was found in it")

    def _is_plain(self) -> bool:
        if self._plain is None:
            self._plain = self._window.at(0, FEED).lstrip(_BLANK).startswith(b"WAR")
        return self._plain

    def _refuse_others(self, *, plain: bool) -> None:
        """Tell at once what is no WARC, instead of searching a film for records."""
        first = self._window.at(0, len(GZIP_MAGIC))
        if not self._window.end:
            raise NotAWarcError(self.path, "it is empty")
        if plain:
            return
        if not first.startswith(GZIP_MAGIC):
            what = "an ARC file" if first == b"fil" else f"it begins with {self._window.at(0, 16)!r}"
            raise NotAWarcError(self.path, what)
        begin = glance(self._window, 0)
        if begin and not begin.lstrip(_BLANK).startswith(b"WARC/"):
            what = "a gzipped ARC file" if begin.startswith(b"filedesc:") else f"unpacked it begins with {begin[:16]!r}"
            raise NotAWarcError(self.path, what)

    # gzip

    def _read_member(self, at: int) -> tuple[list[RawRecord], int]:
        data, after = self._inflate(at)
        return records_in(data, at, after), after

    def read_at(self, at: int) -> RawRecord | None:
        """Return the record at exactly `at`, or None if none begins there or it is not whole."""
        read = self._read_plain if self._is_plain() else self._read_member
        try:
            records, _ = read(at)
        except (BadRecord, Unfinished):
            return None
        return records[0] if records and records[0].alone else None

    def fields_at(self, at: int) -> Fields | None:
        """Return the named fields of the record at exactly `at`, None if none begins there. Its block is not read."""
        window = self._window
        data = window.at(at, _MAX_HEAD) if self._is_plain() else glance(self._window, at, FEED)
        split = _HEAD_END.search(data)
        return None if split is None else parse_fields(data[: split.end()])

    def _inflate(self, at: int) -> tuple[bytes, int]:
        """Return what the gzip member at `at` holds, and where it ends."""
        parts: list[bytes] = []
        total = 0

        def take(part: bytes) -> None:
            nonlocal total
            total += len(part)
            if total <= MAX_RECORD:
                parts.append(part)
            else:
                parts.clear()

        try:
            after = inflate_member(self._window, at, take)
        except (BadRecord, Unfinished):
            self._in_vain += total
            raise
        if total > MAX_RECORD:
            raise BadRecord(f"its gzip member holds {total} bytes, over the limit of {MAX_RECORD}", after)
        return b"".join(parts), after

    # finding the next record after a broken one

    def _next(self, at: int, *, plain: bool) -> int | None:
        window = self._window
        overlap = 32
        at += 1
        step = NEAR
        while at < window.end:
            data = window.at(at, step)
            if plain:
                found = _NEXT_PLAIN.search(data)
                if found is not None:
                    return at + found.end()
            else:
                hit = data.find(GZIP_MAGIC)
                while hit >= 0:
                    if glance(window, at + hit).startswith(b"WARC/"):
                        return at + hit
                    hit = data.find(GZIP_MAGIC, hit + 1)
            at += max(len(data) - overlap, 1)
            step = BUFFER
        return None

    # plain

    def _plain_head(self, at: int) -> bytes:
        """Return the head of the record at `at`. What was looked through for the end of a head is not looked through again."""
        window = self._window
        since, to = self._headless
        begin = max(at, to - 5) if since <= at < to else at
        data = window.at(begin, at + _MAX_HEAD - begin)
        found = _HEAD_END.search(data)
        if found is not None:
            return window.at(at, begin + found.end() - at)
        self._headless = (since if begin > at else at, begin + len(data))
        first = window.at(at, 5)
        if begin + len(data) == window.end and first.startswith(b"WARC/"[: len(first)]):
            raise Unfinished
        raise BadRecord("it has no head")

    def _read_plain(self, at: int) -> tuple[list[RawRecord], int]:
        window = self._window
        while (lead := window.at(at, 4)) and lead[0] in _BLANK:
            at += len(lead) - len(lead.lstrip(_BLANK))
        if not lead:
            return [], at
        head = self._plain_head(at)
        fields, length = _head(head)
        begin, end = at + len(head), at + len(head) + length
        if end > window.end:
            if self._next(at, plain=True) is None:
                raise Unfinished
            raise BadRecord(f"its Content-Length {length} goes beyond the end of the file")
        after = end
        while (tail := window.at(after, 4)) and tail[0] in _BLANK:
            after += len(tail) - len(tail.lstrip(_BLANK))
        if tail and not tail.startswith(b"WARC"[: len(tail)]):
            raise BadRecord(f"its Content-Length {length} is wrong: no record follows")
        if length > MAX_RECORD:
            raise BadRecord(f"it has {length} bytes, over the limit of {MAX_RECORD}", after)
        block = window.at(begin, length)
        if len(block) < length:
            raise Unfinished  # the file was cut while it was read
        return [RawRecord(at, after - at, fields, head, block, alone=True)], after


def _head(head: bytes) -> tuple[Fields, int]:
    fields = parse_fields(head)
    if fields is None:
        raise BadRecord(f"it begins with {head[:16]!r}, not with WARC/1.1")
    length = fields.content_length
    if length is None:
        raise BadRecord("it has no usable Content-Length")
    return fields, length


def records_in(data: bytes, offset: int, after: int) -> list[RawRecord]:
    """Return the records in one gzip member: one, as the standard recommends, or as many as a plain file has."""
    found: list[tuple[Fields, bytes, bytes]] = []
    at, end = 0, len(data)
    while at < end:
        if data[at] in _BLANK:
            at += 1
            continue
        split = _HEAD_END.search(data, at, at + _MAX_HEAD)
        if split is None:
            raise BadRecord("what its gzip member holds has no head", after)
        head = data[at : split.end()]
        try:
            fields, length = _head(head)
        except BadRecord as bad:
            raise BadRecord(str(bad), after) from None
        begin = split.end()
        block = data[begin : begin + length]
        if len(block) < length:
            raise BadRecord(f"its Content-Length is {length}, but there are {len(block)} bytes", after)
        at = begin + length
        if at < end and data[at] not in _BLANK:
            raise BadRecord(f"its Content-Length {length} is wrong: the block goes on", after)
        found.append((fields, head, block))
    alone = len(found) == 1
    return [RawRecord(offset, after - offset, fields, head, block, alone) for fields, head, block in found]


def complete_length(path: Path, start: int = 0) -> int:
    """Return the offset (bytes) of the end of the last complete record of `path`, reading from `start` on.

    `start` (the offset of a record, or the end of one) is returned if no complete record follows it. Raises
    `ShelfError` if the file cannot be read.
    """
    last = start
    try:
        with RawReader(path, start=start) as reader:
            for record in reader:
                last = record.offset + record.length
    except NotAWarcError:
        return start
    return last
