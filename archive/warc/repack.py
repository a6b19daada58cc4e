"""Taking in other people's WARC files: the same records, one gzip member each, so that each has its own offset."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archive.errors import ShelfError
from archive.warc.build import pack
from archive.warc.raw import OnBroken, RawReader
from archive.warc.tail import sync_folder

_BLOCK = 2**20


@dataclass(frozen=True, slots=True)
class Repacked:
    """What `repack` did."""

    records: int  # copied
    passed_over: int  # whole, but not wanted
    length: int  # bytes of the new file
    source_sha256: str  # hex, of the whole original file


def repack(
    source: Path,
    target: Path,
    *,
    wanted: Callable[[str], bool] | None = None,
    on_broken: OnBroken | None = None,
) -> Repacked:
    """Copy the records of `source` (plain, gzipped by record or as a whole) to the new file `target`, durably.

    Heads and blocks stay byte for byte; only the packing changes. `wanted` is asked for each record's target URI;
    records without one (warcinfo) are always copied. `target` appears only when it is whole. Broken records are told
    to `on_broken` and left out.

    Raises `NotAWarcError`, and `ShelfError` if a file cannot be read or written, or `target` exists.
    """
    if target.exists():
        raise ShelfError(f"{target} exists already; nothing was copied. Remove it, or give the copy another name.")
    part = target.with_name(target.name + ".part")
    records = passed_over = 0
    try:
        try:
            with part.open("wb") as out, RawReader(source, on_broken=on_broken) as reader:
                for record in reader:
                    uri = record.fields.about
                    if uri and wanted is not None and not wanted(uri):
                        passed_over += 1
                        continue
                    out.write(pack(record.head + record.block + b"\r\n\r\n"))
                    records += 1
                out.flush()
                os.fsync(out.fileno())
                length = out.tell()
            digest = _sha256(source)
            part.rename(target)
            sync_folder(target.parent)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ShelfError(
            f"{source} cannot be copied to {target} ({error.strerror}). Check room and modes there; nothing was kept."
        ) from None
    return Repacked(records, passed_over, length, digest)


def _sha256(path: Path) -> str:
    hasher = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            hasher.update(block)
    return hasher.hexdigest()
