"""Where ballots of first readings wait (`archive.extract.ballot`): a temporary file that goes with its process."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import weakref
from collections.abc import Hashable
from pathlib import Path

MOST = 256 * 2**20  # bytes: some 20,000 pages; what comes later is read again as if nothing had been kept


class Ballots:
    """Packed ballots by what they were read from. May be used by several threads."""

    def __init__(self, *, most: int = MOST) -> None:
        """`most`: bytes of the file."""
        self._most = most
        self._places: dict[int, tuple[int, int]] = {}  # hash of the key -> offset, length
        self._file: int | None = None  # descriptor
        self._end = 0
        self._lock = threading.Lock()

    def put(self, key: Hashable, ballot: bytes) -> None:
        """Keep a ballot, if there is room. A full disk is no reason to fail: what is not here is read again."""
        with self._lock, contextlib.suppress(OSError):
            if self._end + len(ballot) > self._most:
                return
            if self._file is None:
                self._file, name = tempfile.mkstemp(prefix="morgue-")
                weakref.finalize(self, os.close, self._file)
                Path(name).unlink()  # gone from the folder at once, from the disk with the process
            written = os.pwrite(self._file, ballot, self._end)
            if written < len(ballot):  # all that the disk had room for
                return
            self._places[hash(key)] = self._end, len(ballot)
            self._end += len(ballot)

    def get(self, key: Hashable) -> bytes | None:
        """Return the ballot that was kept under this key, None if there is none."""
        with self._lock:
            place = self._places.get(hash(key))
            if place is None or self._file is None:
                return None
            offset, length = place
            return os.pread(self._file, length, offset)
