"""Serve the papers on loopback: HTTP/1.1 with keep-alive, gzip, chunks, conditional requests, and a log.

Each paper has a loopback address of its own (127.0.0.11, .12, ...), so that a crawler sees different hosts; where the
system answers only on 127.0.0.1 (macOS), they differ by port. `/__control/day?n=2`, `/__control/log` and
`/__control/reset` steer a server that runs in another process; they are not logged.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gzip
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from tests.site import routes
from tests.site.content import LAST_DAY, now, papers
from tests.site.pages import http_date
from tests.site.reply import Reply

HEAD_LIMIT = 64 * 1024
IDLE = 20.0  # seconds that an idle connection is kept open


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One request as the server saw it."""

    time: float  # time.time() when its head was complete
    site: str
    host: str  # Host header
    method: str
    path: str  # with the query
    status: int
    conditional: bool  # came with If-None-Match or If-Modified-Since
    concurrent: int  # requests being answered by this site at that moment, this one included
    user_agent: str


class NewsSites:
    """The papers, being served. `start` and `stop` it, or use it as a context manager; it runs in a thread."""

    def __init__(
        self, *, port: int = 0, day: int = 1, latency: float = 0.003, crawl_delay: float | None = None
    ) -> None:
        self.sites: dict[str, str] = {}  # name -> base URL, with a slash at the end
        self.log: list[LogEntry] = []
        self.latency = latency  # seconds before each answer, so that requests at the same time can be seen
        self.day = day
        self.crawl_delay = crawl_delay  # seconds that robots.txt asks for instead of its one second; None: as it is
        self._port = port
        self._busy: dict[str, int] = {}
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="news-sites", daemon=True)

    def __enter__(self) -> NewsSites:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> NewsSites:
        """Listen, and return when every site answers. Raises `OSError` if no port can be had."""
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure
        return self

    def stop(self) -> None:
        """Stop listening and close every connection."""
        if self._loop is not None and self._stopping is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it has stopped already
                self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout=10)

    def set_day(self, day: int) -> None:
        """Let it be day 1, 2 or 3 from the next request on."""
        if not 1 <= day <= LAST_DAY:
            raise ValueError(f"the sites know the days 1 to {LAST_DAY}, not {day}")
        self.day = day

    def reset(self) -> None:
        """Back to day 1 with an empty log."""
        self.day = 1
        self.log.clear()

    def url(self, site: str, path: str) -> str:
        """Return the absolute URL of a path."""
        return self.sites[site].rstrip("/") + path

    def paths(self, site: str) -> list[str]:
        """Return the paths asked for at a site, in order."""
        return [entry.path for entry in self.log if entry.site == site]

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that called start()
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        servers: list[asyncio.Server] = []
        try:
            for number, paper in enumerate(papers().values()):
                server = await self._listen(paper.name, paper.address, number)
                servers.append(server)
                host, port = server.sockets[0].getsockname()[:2]
                self.sites[paper.name] = f"http://{host}:{port}/"
            self._ready.set()
            await self._stopping.wait()
        finally:
            for server in servers:
                server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(self, site: str, address: str, number: int) -> asyncio.Server:
        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.get_running_loop().create_task(self._converse(site, reader, writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        try:
            return await asyncio.start_server(connected, address, self._port, limit=HEAD_LIMIT)
        except OSError:
            port = self._port + number if self._port else 0
            return await asyncio.start_server(connected, "127.0.0.1", port, limit=HEAD_LIMIT)

    async def _converse(self, site: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), IDLE)
                if not await self._exchange(site, head, writer):
                    break
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ConnectionError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _exchange(self, site: str, head: bytes, writer: asyncio.StreamWriter) -> bool:
        """Answer one request. Returns whether the connection stays open."""
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, target, *_ = [*first.split(" "), "", ""]
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if not target.startswith("/"):  # absolute form, as a proxy would be asked
            parts = urlsplit(target)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if target.startswith("/__control/"):
            await _send(writer, self._control(target), method, {}, paper_gzip=False, day=self.day, chunked=False)
            return True
        day, paper = self.day, papers()[site]
        self._busy[site] = self._busy.get(site, 0) + 1
        concurrent, when = self._busy[site], time.time()
        try:
            reply = routes.answer(site, day, self.sites[site].rstrip("/"), target)
            if target == "/robots.txt" and self.crawl_delay is not None:
                body = reply.body.replace(b"Crawl-delay: 1", b"Crawl-delay: %g" % self.crawl_delay)
                reply = dataclasses.replace(reply, body=body)
            if method not in ("GET", "HEAD"):
                reply = Reply(status=405, headers=(("Allow", "GET, HEAD"),))
            reply = conditional(reply, headers)
            self.log.append(
                LogEntry(
                    time=when,
                    site=site,
                    host=headers.get("host", ""),
                    method=method,
                    path=target,
                    status=reply.status,
                    conditional="if-none-match" in headers or "if-modified-since" in headers,
                    concurrent=concurrent,
                    user_agent=headers.get("user-agent", ""),
                )
            )
            await asyncio.sleep(self.latency + reply.wait)
            chunked = site == "bote" and reply.status == 200
            whole = await _send(writer, reply, method, headers, paper_gzip=paper.gzip, day=day, chunked=chunked)
        finally:
            self._busy[site] -= 1
        return whole and method in ("GET", "HEAD") and headers.get("connection", "").lower() != "close"

    def _control(self, target: str) -> Reply:
        parts = urlsplit(target)
        match parts.path.removeprefix("/__control/"):
            case "day":
                with contextlib.suppress(ValueError):
                    self.set_day(int(parse_qs(parts.query).get("n", [""])[0]))
                answer: object = {"day": self.day}
            case "log":
                answer = [dataclasses.asdict(entry) for entry in self.log]
            case "reset":
                self.reset()
                answer = {"day": self.day}
            case _:
                return Reply(status=404)
        return Reply(body=json.dumps(answer).encode(), content_type="application/json")


def conditional(reply: Reply, headers: Mapping[str, str]) -> Reply:
    """Return 304 where the client's copy is still good.

    If-None-Match goes before If-Modified-Since and is compared weakly (RFC 9110 sections 13.1.2, 13.1.3 and 13.2.2).
    """
    if reply.status != 200 or reply.changed is None:
        return reply
    ours = dict(reply.headers)
    wanted = headers.get("if-none-match")
    if wanted is not None:
        tags = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
        fresh = "ETag" in ours and (wanted == "*" or ours["ETag"].removeprefix("W/") in tags)
    else:
        fresh = "Last-Modified" in ours and _not_since(headers.get("if-modified-since"), reply.changed)
    return Reply(status=304, headers=reply.headers) if fresh else reply


def _not_since(text: str | None, changed: datetime) -> bool:
    try:
        since = parsedate_to_datetime(text or "")
    except ValueError:
        return False
    return since.replace(tzinfo=since.tzinfo or UTC) >= changed.replace(microsecond=0)


async def _send(
    writer: asyncio.StreamWriter,
    reply: Reply,
    method: str,
    asked: Mapping[str, str],
    *,
    paper_gzip: bool,
    day: int,
    chunked: bool,
) -> bool:
    """Write the answer. Returns False where the connection must be closed because the body fell short."""
    body = reply.body
    fields = [("Date", http_date(now(day))), ("Server", "presses/1.0"), *reply.headers]
    if reply.status != 304:
        fields.append(("Content-Type", reply.content_type))
        compress = paper_gzip and len(body) > 500 and reply.length is None and "svg" not in reply.content_type
        if compress and "gzip" in asked.get("accept-encoding", "") and "gzip" not in reply.content_type:
            body = gzip.compress(body, 6, mtime=0)
            fields.append(("Content-Encoding", "gzip"))
        if paper_gzip:
            fields.append(("Vary", "Accept-Encoding"))
        if chunked:
            fields.append(("Transfer-Encoding", "chunked"))
        else:
            fields.append(("Content-Length", str(len(body) if reply.length is None else reply.length)))
    lines = [
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}",
        *(f"{name}: {value}" for name, value in fields),
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    if method != "HEAD" and reply.status != 304:
        if reply.stream is not None:
            for part in reply.stream():
                writer.write(part)
                await writer.drain()
        elif chunked:
            for start in range(0, len(body), 4000):
                part = body[start : start + 4000]
                writer.write(b"%x\r\n%b\r\n" % (len(part), part))
            writer.write(b"0\r\n\r\n")
        else:
            writer.write(body)
    await writer.drain()
    return method == "HEAD" or reply.stream is not None or reply.length is None
