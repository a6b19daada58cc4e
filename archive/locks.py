"""The two locks of an archive: `crawl.lock` (one crawl) and `archive.lock` (one writer of archive.db).

They are kernel locks (flock) on files that stay: a process that dies, even by kill -9, lets go of its lock. The file's
text names the holder, for the message of whoever comes second.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from archive.errors import LockHeldError

_POLL_SECONDS = 0.2


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def lock(
    path: Path,
    purpose: str,
    *,
    wait: float = 0.0,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold the lock file `path` for the length of the `with` block.

    `purpose` is what others are told ("a crawl"). `wait`: seconds to wait for the holder (0: not at all, inf: for
    ever); `on_wait(holder)` is called once if waiting is needed. Raises `LockHeldError` naming the holder.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        end = time.monotonic() + wait
        told = False
        while not _try_lock(fd):
            holder = os.pread(fd, 500, 0).decode("utf-8", "replace").strip() or "another process"
            if time.monotonic() >= end:
                raise LockHeldError(path, holder)
            if not told and on_wait is not None:
                on_wait(holder)
            told = True
            time.sleep(_POLL_SECONDS)
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{purpose} (process {os.getpid()})\n".encode(), 0)
        yield
    finally:
        os.close(fd)
