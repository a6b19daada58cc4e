"""A thread that interrupts what runs too long.

SQLite looks at its clock (the progress handler) after some thousand steps of its machine. One step may be a full-text search
or a function over megabytes; an interrupt is seen at the next row, and within a full-text search.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

_EVERY = 0.1  # seconds
_IDLE = 50  # looks at nothing, after which the thread ends


class Watched(Protocol):
    """A connection that knows when its time is up."""

    def interrupt_if_late(self) -> None:
        """Interrupt what runs, if its time is up."""


_lock = threading.Lock()
_watched: list[Watched] = []
_thread: threading.Thread | None = None


@contextmanager
def watching(connection: Watched) -> Iterator[None]:
    """Watch a connection while the block runs.

    Not longer: an interrupt of a connection with a half-read cursor holds for its next statement, too.
    """
    global _thread  # noqa: PLW0603 - one thread for the whole process
    with _lock:
        _watched.append(connection)
        if _thread is None:
            _thread = threading.Thread(target=_look, name="clock of queries", daemon=True)
            _thread.start()
    try:
        yield
    finally:
        with _lock:
            _watched.remove(connection)


def _look() -> None:
    global _thread  # noqa: PLW0603
    idle = 0
    while True:
        time.sleep(_EVERY)
        with _lock:  # so that nobody is interrupted who has just ended
            for connection in _watched:
                with suppress(sqlite3.ProgrammingError):
                    connection.interrupt_if_late()
            idle = 0 if _watched else idle + 1
            if idle > _IDLE:
                _thread = None
                return
