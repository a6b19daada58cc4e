"""WACZ: a ZIP file with WARC files in `archive/`. Indexes, pages and logs in it are not needed and not read.

Source: WACZ 1.1.1 (Webrecorder): the archive files lie below `archive/`, usually stored, sometimes deflated.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import BinaryIO

from isal import isal_zlib

from archive.errors import NotAWarcError

_ARCHIVE = re.compile(r".+\.(?:w?arc)(?:\.gz|\.zst)?", re.IGNORECASE)
_END, _END_SIZE = b"PK\x05\x06", 22
_END_64, _END_64_SIZE = b"PK\x06\x06", 56
_MOST_COMMENT = 2**16
_MOST_DIRECTORY = 2**26  # bytes: half a million entries; zipfile reads it whole
_LEAST, _TIMES = 2**30, 200  # bytes, and times the file's size: what may be taken out of it in all
_CHUNK = 2**20
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, EOFError, ValueError)


class Wacz:
    """The archive files of one WACZ. Raises `DirectoryLostError` if its ZIP directory cannot be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._left = max(_LEAST, _TIMES * path.stat().st_size)
        _check_directory(path)
        try:
            self._zip = zipfile.ZipFile(path)
        except _ZIP_ERRORS as error:
            raise DirectoryLostError(str(error)) from None
        names = [entry for entry in self._zip.infolist() if not entry.is_dir() and _ARCHIVE.fullmatch(entry.filename)]
        self.entries = [entry for entry in names if entry.filename.startswith("archive/")] or names
        if not self.entries:
            self._zip.close()
            raise NotAWarcError(path, "a ZIP file without WARC files, so no WACZ")

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def take_out(self, entry: zipfile.ZipInfo, out: BinaryIO) -> str | None:
        """Write an entry to `out`; return why it is not whole, None if it is. What could be read before is written."""
        unchecked = copy(entry)
        del (
            unchecked.CRC
        )  # zipfile keeps back the last piece of what has another checksum; here each record has its own
        check = 0
        try:
            with self._zip.open(unchecked) as packed:
                while chunk := packed.read(_CHUNK):
                    check = isal_zlib.crc32(chunk, check)
                    self._left -= len(chunk)
                    if self._left < 0:
                        return f"the file unpacks to more than {_TIMES} times its size"
                    out.write(chunk)
        except _ZIP_ERRORS as error:
            return f"it cannot be taken out of the ZIP file whole: {error}"
        return None if check == entry.CRC else "its checksum in the ZIP file is wrong"


class DirectoryLostError(Exception):
    """The ZIP's directory, at its end, is missing or damaged. Stays within the package."""


@contextmanager
def open_wacz(path: Path) -> Iterator[Wacz]:
    """Open a WACZ. Raises `NotAWarcError`, `DirectoryLostError`, `OSError`."""
    wacz = Wacz(path)
    try:
        yield wacz
    finally:
        wacz.close()


def _check_directory(path: Path) -> None:
    """Refuse a directory that would fill the memory, before it is read."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_SIZE - _MOST_COMMENT - 2 * _END_64_SIZE))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise DirectoryLostError("it has no directory at its end")
    length = int.from_bytes(tail[at + 12 : at + 16], "little")
    at_64 = tail.rfind(_END_64, 0, at)
    if at_64 >= 0 and at - at_64 >= _END_64_SIZE:
        length = max(length if length < 2**32 - 1 else 0, int.from_bytes(tail[at_64 + 40 : at_64 + 48], "little"))
    if length > _MOST_DIRECTORY and length != 2**32 - 1:
        raise DirectoryLostError(f"its directory claims {length} bytes, over the limit of {_MOST_DIRECTORY}")
