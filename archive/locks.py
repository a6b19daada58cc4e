"""The locks of an archive: `crawl.lock` (one crawl), `archive.lock` (one writer of archive.db), `backup.lock` (one backup).

They are kernel locks (flock) on files that stay: a process that dies, even by kill -9, lets go of its lock. The file's
text names the holder, for the message of whoever comes second.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from archive.errors import LockHeldError, MorgueError, UnfinishedTakedownError

UNFINISHED = "takedown.pending"  # beside the locks while a takedown is not done, or was killed: nobody else writes then
TAKEDOWN = "morgue takedown"  # purpose of the one who may
_POLL_SECONDS = 0.2


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(text: bytes) -> str:
    """Return the first line of a lock file."""
    return text.decode("utf-8", "replace").partition("\n")[0].strip() or "another process"


@contextmanager
def lock(
    path: Path,
    purpose: str,
    *,
    wait: float = 0.0,
    on_wait: Callable[[str], None] | None = None,
    given_up: Callable[[], bool] = lambda: False,
    finishing: bool = False,
) -> Iterator[None]:
    """Hold the lock file `path` for the length of the `with` block.

    `purpose` is what others are told ("a crawl"). `wait`: seconds to wait for the holder (0: not at all, inf: for
    ever); `on_wait(holder)` is called once if waiting is needed; once `given_up()`, nobody waits any longer. Raises
    `LockHeldError` naming the holder, `UnfinishedTakedownError` if a takedown was killed (not to one who is `finishing` it),
    `MorgueError` if the file cannot be made.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise MorgueError(
            f"{path} cannot be opened ({error.strerror}). Check that the archive's folder is there and that you may write "
            "to it."
        ) from None
    try:
        end = time.monotonic() + wait
        told = False
        while not _try_lock(fd):
            holder = _holder(os.pread(fd, 500, 0))
            if time.monotonic() >= end or given_up():
                raise LockHeldError(path, holder)
            if not told and on_wait is not None:
                on_wait(holder)
            told = True
            time.sleep(_POLL_SECONDS)
        if purpose != TAKEDOWN and not finishing and (path.parent / UNFINISHED).exists():
            raise UnfinishedTakedownError(path.parent / UNFINISHED)
        # Written before it is cut: whoever reads in between finds our whole line, and at worst the end of an older one.
        text = f"{purpose} (process {os.getpid()})\n".encode()
        with suppress(OSError):  # a full disk: the lock is held all the same, only nobody can read by whom
            os.pwrite(fd, text, 0)
            os.ftruncate(fd, len(text))
        yield
    finally:
        os.close(fd)


@contextmanager
def lock_strange(path: Path) -> Iterator[None]:
    """Hold the lock file of an archive that is not ours to change, for the length of the `with` block; do not wait.

    Nothing is written into it and no link is followed: who made that folder is not known. It is made where it is missing; on
    a disk that can only be read there is nobody to lock out. Raises `LockHeldError` naming the holder, `MorgueError` for what
    is no lock file.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(path, flags | os.O_CREAT, 0o644)
    except OSError as error:
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM) and not os.path.lexists(path):
            yield
            return
        try:
            fd = os.open(path, flags)
        except OSError:
            raise MorgueError(
                f"{path} cannot be opened ({error.strerror}). It must be a file that you may read, and no link. Nothing was "
                "changed."
            ) from None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise MorgueError(f"{path} is no file: that folder was not made by Morgue alone. Nothing was changed.")
        if not _try_lock(fd):
            raise LockHeldError(path, _holder(os.pread(fd, 500, 0)))
        yield
    finally:
        os.close(fd)
