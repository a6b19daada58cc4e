"""A server that sends exactly what a test says, byte by byte, over plain TCP or TLS, in a thread of its own.

A script is a sequence of steps: bytes to send, seconds to wait (a number), or one of the words `CLOSE`, `CUT` (close
without TLS's farewell), `RESET` and `HANG`, or `Tls(context)`. After a script without such a word the connection waits
for the next request.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CLOSE, CUT, RESET, HANG = "close", "cut", "reset", "hang"


@dataclass(frozen=True, slots=True)
class Tls:
    """Go on with TLS on this connection, as after a proxy's 200 to CONNECT."""

    context: ssl.SSLContext


Step = bytes | float | str | Tls
Script = Sequence[Step]
Route = Script | Callable[[bytes], Script]


@dataclass(slots=True)
class Seen:
    """One request as it arrived."""

    connection: int  # 1 for the first connection that was accepted
    head: bytes


def page(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> list[Step]:
    """Return the script of a plain answer with a Content-Length."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return [b"\r\n".join(lines) + b"\r\n\r\n" + body]


@dataclass
class RawServer:
    """`with RawServer({"/path": script}) as server: … server.url("/path")`. Unknown paths get a 404."""

    routes: dict[str, Route] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    ended: int = 0  # connections that are gone, by whichever side
    port: int = 0

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def __enter__(self) -> RawServer:
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
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self.tls, backlog=2000)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        self.open_now += 1
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._converse(self.connections, reader, writer)
        finally:
            self.open_now -= 1
            self.ended += 1
            with contextlib.suppress(Exception):
                writer.close()

    async def _converse(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            self.seen.append(Seen(number, head))
            path = head.split(b" ", 2)[1].decode("latin-1")
            route = self.routes.get(path, page(b"", status=b"404 Not Found"))
            for step in route(head) if callable(route) else route:
                if isinstance(step, bytes):
                    writer.write(step)
                    await writer.drain()
                elif isinstance(step, Tls):
                    await writer.start_tls(step.context)
                elif step == CLOSE:
                    return
                elif step == CUT:
                    writer.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
                    return
                elif step == RESET:
                    sock = writer.get_extra_info("socket")
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    writer.transport.abort()
                    return
                elif step == HANG:
                    await reader.read()  # until the client goes away
                    return
                else:
                    await asyncio.sleep(float(step))  # type: ignore[arg-type]  # a number: everything else was handled


def chunked(*pieces: bytes, last: bytes = b"0\r\n\r\n") -> bytes:
    """Return `pieces` in chunked framing."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + last


def certificates(folder: Path, *names: str) -> tuple[ssl.SSLContext, Path]:
    """Return a server's context with a certificate for `names` (hosts or IP addresses), and the CA file to trust."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
    now = datetime.now(UTC)

    def certificate(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))

    authority = certificate(issuer, ca_key.public_key()).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), True
    )
    ca = authority.sign(ca_key, hashes.SHA256())
    alternatives: list[x509.GeneralName] = []
    for name in names:
        try:
            alternatives.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            alternatives.append(x509.DNSName(name))
    leaf = certificate(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "site")]), key.public_key())
    signed = leaf.add_extension(x509.SubjectAlternativeName(alternatives), False).sign(ca_key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    ca_file, leaf_file, key_file = folder / "ca.pem", folder / "site.pem", folder / "site.key"
    ca_file.write_bytes(ca.public_bytes(pem))
    leaf_file.write_bytes(signed.public_bytes(pem))
    key_file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf_file, key_file)
    return context, ca_file
