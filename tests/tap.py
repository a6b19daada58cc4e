"""A relay on loopback that keeps every byte that passes it, by connection: what a client really sent and really got."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType

_PIECE = 2**16  # bytes


@dataclass(slots=True)
class Asked:
    """One request on the wire: no body, so it ends with its head."""

    at: float  # monotonic seconds, when its last byte came
    head: bytes


@dataclass(slots=True)
class Wire:
    """One connection of a client."""

    asked: list[Asked] = field(default_factory=list)
    answered: bytearray = field(default_factory=bytearray)  # all that the server sent, in one piece
    _begun: bytes = b""

    def take(self, data: bytes) -> None:
        """Take bytes of the client."""
        *heads, self._begun = (self._begun + data).split(b"\r\n\r\n")
        self.asked += [Asked(time.monotonic(), head + b"\r\n\r\n") for head in heads]


@dataclass
class Tap:
    """`with Tap(port_of_the_server) as tap: … tap.port`."""

    server: int
    port: int = 0
    wires: list[Wire] = field(default_factory=list)

    def __enter__(self) -> Tap:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stop, self._tasks = asyncio.get_running_loop(), asyncio.Event(), set[asyncio.Task[None]]()
        listening = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=500)
        self.port = listening.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        listening.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        wire = Wire()
        self.wires.append(wire)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self.server)
            there = asyncio.create_task(_pass(reader, to_server, wire.take))
            await _pass(from_server, writer, wire.answered.extend)
            there.cancel()
            to_server.close()
        writer.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, keep: object) -> None:
    assert callable(keep)
    with contextlib.suppress(OSError):
        while data := await reader.read(_PIECE):
            keep(data)
            writer.write(data)
            await writer.drain()
        writer.write_eof()
