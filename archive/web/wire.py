"""HTTP as `morgue serve` speaks it: uvicorn's, with an end to those who ask or read too slowly, and room for who comes next."""

from __future__ import annotations

import asyncio
import resource
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

ASKING = 20.0  # seconds in which a question must have come whole, and that a connection may be silent
READING = 60.0  # seconds in which something of an answer must have been taken
CONNECTIONS = 1_000  # at once; then the one that has been silent longest is closed
MAX_HEAD = 64 * 1024  # bytes of a request's line and fields together
FILES = 4_096  # file descriptors; a connection takes one, each open database two or three
_LOOK = 2.0  # seconds


class Connection(H11Protocol):
    """One connection, that somebody looks at every two seconds."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; make room if there are too many."""
        super().connection_made(transport)
        self.since = self.loop.time()  # when it last did something: asked, or took something of an answer
        self._unsent = 0
        self._looking = self.loop.call_later(_LOOK, self._look)
        if len(self.connections) > CONNECTIONS:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._looking.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Begin to wait for the next question."""
        self.since = self.loop.time()
        super().on_response_complete()

    @property
    def waiting(self) -> bool:
        """Tell whether no question is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _look(self) -> None:
        now = self.loop.time()
        unsent = self.transport.get_write_buffer_size()
        if 0 < unsent < self._unsent:
            self.since = now
        self._unsent = unsent
        if (unsent and now - self.since > READING) or (not unsent and self.waiting and now - self.since > ASKING):
            self.transport.abort()
            return
        self._looking = self.loop.call_later(_LOOK, self._look)

    def _make_room(self) -> None:
        silent: list[Any] = [each for each in self.connections if isinstance(each, Connection) and each.waiting]
        oldest = min(silent, key=lambda each: each.since, default=None)
        (oldest or self).transport.abort()


def allow_files() -> None:
    """Let this process open as many files as it may, up to `FILES`: 1,024 is usual, and few where many read."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
