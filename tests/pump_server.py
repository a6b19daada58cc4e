"""A loopback server that counts: how many requests at once and how soon after each other, per host."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass
class HostLog:
    now: int = 0
    at_once: int = 0
    times: list[float] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def smallest_gap(self) -> float:
        return min((b - a for a, b in zip(self.times, self.times[1:], strict=False)), default=float("inf"))


class CountingServer:
    """Answers any path on any 127.x after `latency` seconds; /robots.txt with `robots`; /retry with 503 once."""

    def __init__(self, *, latency: float = 0.01, robots: bytes = b"", retry_after: int = 2) -> None:
        self.latency = latency
        self.robots = robots
        self.retry_after = retry_after
        self.hosts: dict[str, HostLog] = {}
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "0.0.0.0", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head.decode("latin-1"), writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: str, writer: asyncio.StreamWriter) -> None:
        path = head.split(" ")[1]
        host = head.lower().partition("\r\nhost: ")[2].partition("\r\n")[0].partition(":")[0]
        log = self.hosts.setdefault(host, HostLog())
        log.times.append(time.monotonic())
        first = path not in log.paths
        log.paths.append(path)
        log.now += 1
        log.at_once = max(log.at_once, log.now)
        try:
            await asyncio.sleep(self.latency)
        finally:
            log.now -= 1
        status, extra, body = "200 OK", "", f"<p>{path}</p>".encode()
        if path == "/robots.txt":
            body = self.robots
        elif path == "/retry" and first:
            status, extra = "503 Busy", f"Retry-After: {self.retry_after}\r\n"
        writer.write(f"HTTP/1.1 {status}\r\n{extra}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
