"""Records of chosen captures, byte for byte as they lie in the archive's WARC files, with what belongs to them.

One file is walked from its beginning: captures that are not wanted are jumped over (their place and length stand in the
table `captures`), what lies between is read. So a capture's request is found on either side of it, as tools put it, the
conversion record of a rendered page behind it, and the warcinfo that it names.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from archive.errors import BrokenRecordError
from archive.inflate import GZIP_MAGIC
from archive.warc import RawReader, RawRecord
from archive.warc.build import pack

_NEAR = 64  # requests that wait for their response, and responses whose request may still come


@dataclass(frozen=True, slots=True)
class Piece:
    """One record to be copied."""

    data: bytes  # one gzip member
    sha256: str  # of `data`, hex
    capture: int | None  # the chosen capture that it is; None: it belongs to one


class _Walk:
    """What of one file was seen and given out."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._infos: dict[str, RawRecord] = {}
        self._last_info: RawRecord | None = None
        self._told: set[int] = set()  # offsets of the warcinfo records that were given out
        self._requests: deque[RawRecord] = deque(maxlen=_NEAR)
        self._responses: deque[tuple[str, str | None]] = deque(maxlen=_NEAR)  # id, and the id that it is concurrent to
        self._behind: tuple[str, int] | None = None  # a capture's id, and where it ends

    def capture(self, record: RawRecord, capture: int) -> Iterator[Piece]:
        """Give a wanted capture, and before it what came earlier and belongs to it."""
        fields = record.fields
        info = self._infos.get(fields.get("warc-warcinfo-id") or "", self._last_info)
        if info is not None and info.offset not in self._told:
            self._told.add(info.offset)
            yield self._piece(info, None)
        own = (fields.get("warc-record-id") or "", fields.get("warc-concurrent-to"))
        for request in [request for request in self._requests if _belongs(request, own)]:
            self._requests.remove(request)
            yield self._piece(request, None)
        yield self._piece(record, capture)
        self._responses.append(own)
        self._behind = (own[0], record.offset + record.length)

    def other(self, record: RawRecord) -> Iterator[Piece]:
        """Look at what lies between captures."""
        fields, kind = record.fields, record.fields.record_type
        if kind == "warcinfo":
            self._last_info = record
            self._infos[fields.get("warc-record-id") or ""] = record
        elif kind == "request":
            if any(_belongs(record, own) for own in self._responses):
                yield self._piece(record, None)
            else:
                self._requests.append(record)
        elif kind == "conversion" and self._behind == (fields.get("warc-refers-to"), record.offset):
            yield self._piece(record, None)

    def _piece(self, record: RawRecord, capture: int | None) -> Piece:
        self._file.seek(record.offset)
        data = self._file.read(record.length)
        if not data.startswith(GZIP_MAGIC):  # a plain file that was ingested in place
            data = pack(record.head + record.block + b"\r\n\r\n")
        return Piece(data, hashlib.sha256(data).hexdigest(), capture)


def _belongs(request: RawRecord, response: tuple[str, str | None]) -> bool:
    """Say whether a request is that of a response (its id, what it is concurrent to): either may name the other."""
    record_id, concurrent_to = response
    named = request.fields.get("warc-concurrent-to")
    return (bool(record_id) and named == record_id) or (
        concurrent_to is not None and concurrent_to == request.fields.get("warc-record-id")
    )


def pieces(
    path: Path,
    wanted: Mapping[int, int],
    known: Sequence[tuple[int, int]],
    on_broken: Callable[[BrokenRecordError], None],
) -> Iterator[Piece]:
    """Give the records of the captures `wanted` (offset -> number) of a WARC file, in file order.

    `known`: offset and length (bytes) of every capture of the file, sorted. A record that is not where the table says, or is
    damaged, is told to `on_broken` and left out. Raises `ShelfError` if the file cannot be read.
    """
    left = len(wanted)
    with RawReader(path) as reader, path.open("rb") as file:
        walk, at = _Walk(file), 0
        for offset, length in known:
            while at < offset:
                record = reader.read_at(at)
                if record is None:
                    break  # damaged, or no capture's: what is known lies behind it
                at = record.offset + record.length
                if record.offset < offset:
                    yield from walk.other(record)
            if left == 0:
                return
            at = offset + length
            if offset in wanted:
                left -= 1
                record = reader.read_at(offset)
                if record is None or record.offset != offset:
                    on_broken(BrokenRecordError(path, offset, "it is damaged, or not where the database says"))
                else:
                    yield from walk.capture(record, wanted[offset])
        while (record := reader.read_at(at)) is not None and record.length > 0:
            at = record.offset + record.length
            yield from walk.other(record)
