"""A file read by position, through a buffer."""

from __future__ import annotations

import os
from pathlib import Path

from archive.errors import ShelfError

BUFFER = 2**20  # bytes
NEAR = 2**12  # bytes: where the next record is looked for first, since damage is mostly small


class Window:
    """The bytes of a file up to `end` (default: its size when opened). Raises `ShelfError` where it cannot be read."""

    def __init__(self, path: Path, end: int | None) -> None:
        try:
            self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            size = os.fstat(self.fd).st_size
        except OSError as error:
            raise ShelfError(
                f"{path} cannot be opened ({error.strerror}). Check that it is there and readable."
            ) from None
        self.path = path
        self.end = size if end is None else min(size, end)
        self._at = 0
        self._data = b""

    def close(self) -> None:
        """Close the file."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def at(self, position: int, count: int) -> bytes:
        """Return up to `count` bytes from `position`; fewer only at the end."""
        count = max(0, min(count, self.end - position))
        if count == 0:
            return b""
        begin = position - self._at
        if not 0 <= begin <= len(self._data) - count:
            self._data = self._read(position, min(max(count, BUFFER), self.end - position))
            self._at, begin = position, 0
        return self._data[begin : begin + count]

    def _read(self, position: int, count: int) -> bytes:
        try:
            parts = [os.pread(self.fd, count, position)]
            while parts[-1] and sum(map(len, parts)) < count:
                got = sum(map(len, parts))
                parts.append(os.pread(self.fd, count - got, position + got))
        except OSError as error:
            raise ShelfError(f"{self.path} cannot be read at byte {position} ({error.strerror}).") from None
        return b"".join(parts)
