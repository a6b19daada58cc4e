"""The file that the writer appends to: whole records or nothing, whatever the disk says."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

from archive.errors import ShelfError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done at start to a file that a crash or a power cut had left unfinished."""

    name: str  # of the file, without `.open`
    length: int  # bytes it had
    kept: int  # bytes it has now
    why: str


def sync_folder(folder: Path) -> None:
    """Make a rename or a new file in `folder` survive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _why(path: Path, error: OSError, doing: str) -> ShelfError:
    what = (
        "Make room on the disk (or raise the quota)"
        if error.errno in _NO_ROOM
        else "Check the disk and the folder's owner and mode"
    )
    return ShelfError(
        f"{path} cannot be {doing} ({error.strerror}). What was flushed before is safe; the pages since then are not "
        f"kept and will be fetched again. {what}, then run the crawl again."
    )


class TailFile:
    """A file that only ever ends with a whole record. Keeps what it is given until `write` or `sync`."""

    def __init__(self, path: Path, *, create: bool) -> None:
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT | os.O_EXCL if create else 0)
        self.path = path
        try:
            self._fd = os.open(path, flags, 0o644)
            if create:
                sync_folder(path.parent)
            self._written = os.fstat(self._fd).st_size
        except OSError as error:
            raise _why(path, error, "opened") from None
        self._pending: list[bytes] = []
        self._size = self._written
        self._poisoned = False

    @property
    def size(self) -> int:
        """Bytes, with what still waits to be written."""
        return self._size

    @property
    def waiting(self) -> int:
        """Bytes that wait to be written."""
        return self._size - self._written

    def append(self, record: bytes) -> int:
        """Take a record; return its offset."""
        if self._poisoned:
            raise ShelfError(f"{self.path} failed before and takes no more. Check the disk, then run the crawl again.")
        offset = self._size
        self._pending.append(record)
        self._size += len(record)
        return offset

    def write(self) -> None:
        """Hand what waits to the system.

        Raises `ShelfError`; then what waited is forgotten, and the file is cut after the last record that was wholly
        written: a reader may have read that far already, and the next record must not follow half of one.
        """
        data = b"".join(self._pending)
        done = 0
        try:
            while done < len(data):
                done += os.pwrite(self._fd, memoryview(data)[done:], self._written + done)
        except OSError as error:
            self._cut_after_whole_records(done)
            raise _why(self.path, error, "written") from None
        self._written += len(data)
        self._pending.clear()

    def _cut_after_whole_records(self, done: int) -> None:
        whole = 0
        for record in self._pending:
            if whole + len(record) > done:
                break
            whole += len(record)
        self._pending.clear()
        self._written += whole
        self._size = self._written
        try:
            os.ftruncate(self._fd, self._written)
        except OSError:
            self._poisoned = True

    def sync(self) -> int:
        """Write what waits and make it durable; return the file's length (bytes). Raises `ShelfError`.

        After a failed fsync the system may have thrown away what it could not write, so the file takes no more.
        """
        self.write()
        try:
            os.fsync(self._fd)
        except OSError as error:
            self._poisoned = True
            raise _why(self.path, error, "made durable") from None
        return self._written

    def close(self) -> None:
        """Close without writing: what waits is lost."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def cut(path: Path, length: int) -> None:
    """Cut the file `path` to `length` bytes, durably. Raises `ShelfError`."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            os.ftruncate(fd, length)
            os.fsync(fd)
        finally:
            os.close(fd)
    except OSError as error:
        raise _why(path, error, "cut to its last whole record") from None


def seal(path: Path, sealed: Path) -> None:
    """Make `path` durable and give it its final name. Raises `ShelfError`, also if that name is taken."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        if sealed.exists():
            raise ShelfError(f"both {sealed} and {path.name} exist. Move one away; `morgue ingest` reads it again.")
        path.rename(sealed)
        sync_folder(path.parent)
    except OSError as error:
        raise _why(path, error, "sealed") from None
