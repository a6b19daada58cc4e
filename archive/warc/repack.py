"""Taking in other people's web archives: the same records, one gzip member each, so that each has its own offset."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from archive.errors import BrokenRecordError, ShelfError
from archive.warc.build import pack
from archive.warc.fields import Fields
from archive.warc.foreign import PART, foreign_records
from archive.warc.raw import OnBroken
from archive.warc.read import fault_of
from archive.warc.tail import sync_folder

_BLOCK = 2**20
_TELL_EVERY = 64  # records
_CAPTURES = frozenset({"response", "revisit", "resource", "conversion"})
_KINDS = _CAPTURES | {"warcinfo", "request", "metadata", "continuation"}  # WARC 1.1 section 6


@dataclass(frozen=True, slots=True)
class Repacked:
    """What `repack` did."""

    records: int  # copied
    matched: int  # … of those: what is about a URL
    passed_over: int  # whole, but not wanted
    length: int  # bytes of the new file
    source_sha256: str  # hex, of the whole original file
    no_pages: Counter[str] = field(
        default_factory=Counter
    )  # of those copied, what is no capture of a page: kind -> records


def repack(
    source: Path,
    target: Path,
    *,
    wanted: Callable[[str], bool] | None = None,
    on_broken: OnBroken | None = None,
    on_progress: Callable[[int], None] = lambda _records: None,
    label: str | None = None,
) -> Repacked:
    """Copy the records of `source`, a web archive's file of any form (`foreign_records`), to the new file `target`, durably.

    Heads and blocks of WARC stay byte for byte; only the packing changes. Records of ARC get a WARC head, their blocks stay.
    `wanted` is asked for each record's target URI; records without one (warcinfo) are always copied. `target` appears only
    when it is whole, and not at all if nothing of what was wanted is in it (`matched` is 0 then). Broken records are told to
    `on_broken` and left out, also those whose digests are wrong: they could never be read. `on_progress` hears now and then
    how many were copied. `label`: what errors call `source`.

    Raises `NotAWarcError`, and `ShelfError` if a file cannot be read or written, or `target` exists.
    """
    if target.exists():
        raise ShelfError(f"{target} exists already; nothing was copied. Remove it, or give the copy another name.")
    part = target.with_name(target.name + PART)
    records = matched = passed_over = 0
    no_pages: Counter[str] = Counter()
    try:
        try:
            found = foreign_records(source, scratch=target.parent, on_broken=on_broken, label=label)
            with part.open("wb") as out, closing(found):
                for record in found:
                    uri = record.fields.about
                    if uri and wanted is not None and not wanted(uri):
                        passed_over += 1
                        continue
                    if why := fault_of(record):
                        if on_broken is not None:
                            on_broken(BrokenRecordError(label or source, record.offset, why))
                        continue
                    out.write(pack(record.head + record.block + b"\r\n\r\n"))
                    records += 1
                    matched += bool(uri)
                    if kind := _no_page(record.fields):
                        no_pages[kind] += 1
                    if records % _TELL_EVERY == 0:
                        on_progress(records)
                out.flush()
                os.fsync(out.fileno())
                length = out.tell()
            digest = _sha256(source)
            if matched or not passed_over:
                part.rename(target)
                sync_folder(target.parent)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ShelfError(
            f"{source} cannot be copied to {target} ({error.strerror}). Check room and modes there; nothing was kept."
        ) from None
    return Repacked(records, matched, passed_over, length, digest, no_pages)


def _no_page(fields: Fields) -> str:
    """Return what a record is that is no capture of a web page, "" for one that is."""
    kind = fields.record_type
    if kind not in _CAPTURES:
        return kind if kind in _KINDS else "of other kinds"
    if kind == "conversion" and fields.content_type == "text/plain":
        return "plain text"  # a WET file's
    target = fields.target[:8].lower()
    return "" if target.startswith(("http://", "https://")) else "not of the web"


def _sha256(path: Path) -> str:
    hasher = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            hasher.update(block)
    return hasher.hexdigest()
