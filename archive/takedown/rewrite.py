"""A WARC file written anew, record by record, and put in the place of the old one in one step.

What is not changed is copied as it lies there, compressed bytes and all: the rest of the file stays byte-identical.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from archive.errors import ShelfError
from archive.takedown.gone import Gone
from archive.takedown.records import as_response, pointing, redacted, without_facts, without_lines
from archive.takedown.survey import Act, Change, Place, fact_tells, line_tells
from archive.warc import OPEN_SUFFIX, RawReader, RawRecord
from archive.warc.build import pack
from archive.warc.tail import sync_folder

PART = ".takedown"  # behind the name of a file that is not whole yet
_BLOCK = 2**20


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What became of a file."""

    records: int  # that it has now
    size: int  # bytes; 0: nothing was left, and the file is gone


def rewrite(
    path: Path,
    changes: Mapping[int, Change],
    gone: Gone,
    *,
    record_at: Callable[[Place], RawRecord],
    before_replacing: Callable[[], None],
) -> Rewritten:
    """Write `path` anew with these changes (by offset) and put it in the old one's place, durably.

    `record_at`: reads a record of another file. `before_replacing()` is called when the new file is on the disk and the old one
    is not touched yet. What cannot be read as a record is copied as it is, unless its head names what is to go; a torn tail of
    an `.open` file is left out. Raises `ShelfError`.
    """
    part = path.with_name(path.name + PART)
    records = 0
    try:
        with (
            part.open("wb") as out,
            path.open("rb") as source,
            RawReader(path) as reader,
            RawReader(path) as beside,
        ):
            os.fchmod(out.fileno(), path.stat().st_mode & 0o777)
            plain = source.read(3) == b"WAR"
            copied = 0  # bytes of the old file that are dealt with
            for record in reader:
                if record.offset > copied and not _names_gone(beside, copied, gone):
                    _copy(source, out, copied, record.offset - copied)
                copied = max(copied, record.offset + record.length)
                change = changes.get(record.offset) if record.alone else None
                if record.alone and change is None:
                    _copy(source, out, record.offset, record.length)
                    records += 1
                    continue
                new: bytes | None = record.head + record.block + b"\r\n\r\n"
                if record.alone and change is not None:
                    new = _changed(record, change, gone, record_at)
                if new is not None:
                    out.write(new if plain else pack(new))
                    records += 1
            size = path.stat().st_size
            if size > copied and not path.name.endswith(OPEN_SUFFIX) and not _names_gone(beside, copied, gone):
                _copy(source, out, copied, size - copied)
            out.flush()
            os.fsync(out.fileno())
            length = out.tell()
        before_replacing()
        if length:
            part.replace(path)
        else:
            path.unlink()
            part.unlink()
        sync_folder(path.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ShelfError(
            f"{path} cannot be written anew ({error.strerror}). It is as it was. Make room on the disk or correct the folder's "
            "rights, and run the same command again: it goes on where it was."
        ) from None
    return Rewritten(records, length)


def _changed(record: RawRecord, change: Change, gone: Gone, record_at: Callable[[Place], RawRecord]) -> bytes | None:
    match change.act:
        case Act.DROP:
            return None
        case Act.REDACT:
            return redacted(record)
        case Act.BODY if change.other is not None:
            return as_response(record, record_at(change.other))
        case Act.POINT:
            return pointing(record, change.to)
        case Act.FACTS:
            return without_facts(record, lambda fact: fact_tells(gone, fact))
        case Act.LINES:
            return without_lines(record, lambda line: line_tells(gone, line))
    raise AssertionError(f"a change without what it needs: {change}")


def _copy(source: BinaryIO, out: BinaryIO, start: int, length: int) -> None:
    source.seek(start)
    while length > 0 and (block := source.read(min(_BLOCK, length))):
        out.write(block)
        length -= len(block)


def _names_gone(reader: RawReader, start: int, gone: Gone) -> bool:
    """Return whether the head of what is no whole record names what is to go; what else it holds nobody can say."""
    fields = reader.fields_at(start)
    return fields is not None and bool(fields.about) and gone.covers(fields.about)
