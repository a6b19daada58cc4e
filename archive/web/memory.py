"""Memory that is free, and still the process's: glibc is told to give it back."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # glibc's malloc.h


def give_memory_back() -> None:
    """Have glibc give memory back as soon as it is free; other libraries do, or do not know the words (mallopt(3)).

    By default each thread has heaps of its own, and what a large answer once needed stays with the process.
    """
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, 2)
        library.mallopt(_M_MMAP_THRESHOLD, 128 * 1024)
        library.mallopt(_M_TRIM_THRESHOLD, 1024 * 1024)


def give_back_now() -> None:
    """Give back what is free between what is held; some milliseconds (malloc_trim(3))."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
