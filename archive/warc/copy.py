"""Copying a WARC file to the shelf: the same records, one gzip member each, so that each can be found again by its place."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from archive.errors import BrokenRecordError, ShelfError
from archive.warc.build import compress
from archive.warc.raw import RawReader

_RECORD_END = b"\r\n\r\n"


def copy_records(
    path: Path,
    target: Path,
    *,
    accept: Callable[[str], bool] = lambda _url: True,
    on_broken: Callable[[BrokenRecordError], None] | None = None,
) -> int:
    """Copy the records of `path` whose target URI is accepted to the new file `target`; return how many.

    Records without a target (warcinfo) are copied too. Heads and blocks stay byte for byte; only the compression is anew.
    `target` is durable at the end. Raises `NotAWarcError` before `target` is made, `ShelfError` if it cannot be written.
    """
    copied = 0
    with RawReader(path, on_broken=on_broken) as reader:
        records = iter(reader)
        first = next(records, None)
        try:
            with target.open("wb") as out:
                record = first
                while record is not None:
                    if not record.fields.target or accept(record.fields.target):
                        out.write(compress(record.head + record.block + _RECORD_END))
                        copied += 1
                    record = next(records, None)
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            target.unlink(missing_ok=True)
            raise ShelfError(f"{target} cannot be written ({error.strerror}). Make room, or check its folder.") from error
    return copied
