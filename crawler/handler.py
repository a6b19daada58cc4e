"""The Scrapy download handler: libcurl underneath, the exact bytes of every exchange in `request.meta["exchange"]`.

Settings, all optional (sizes in bytes, times in seconds):

    MORGUE_CLOCK                an `archive.clock.Clock`; the machine's by default
    MORGUE_ALLOW_PRIVATE        False: connect to public addresses only
    MORGUE_PROXY                "" : http://, https:// or socks5h:// URL; the environment is never asked
    MORGUE_CA_FILE              "" : PEM file of the certificate authorities to believe; certifi's by default
    MORGUE_MAX_BODY             16777216: body on the wire; what came up to here is kept
    MORGUE_MAX_HEAD             65536: all response heads of one exchange
    MORGUE_CONNECT_TIMEOUT      10
    MORGUE_FIRST_BYTE_TIMEOUT   30
    MORGUE_TIMEOUT              30: the whole transfer

Known limits of libcurl 8.23: a folded header (obsolete, RFC 9112 section 5.2) is kept on one line, its white space
folded to one blank; a head with a NUL or a line without colon is refused (error "protocol"). Names are resolved by at
most 20 threads (libcurl's default; pycurl cannot set it), so that 20 names whose servers do not answer delay the next
ones until the system's resolver gives up on them.

    DOWNLOAD_HANDLERS = {"http": "crawler.handler.CurlHandler", "https": "crawler.handler.CurlHandler"}
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import certifi
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)
from scrapy.http import Request, Response

from archive.clock import SystemClock
from archive.errors import UsageError
from crawler.transfer import Engine, Limits, Route
from crawler.transfer.framing import split_headers, status_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

    from archive.model import Exchange

_RAISED: dict[str, type[Exception]] = {
    "dns": CannotResolveHostError,
    "refused": DownloadConnectionRefusedError,
    "connect": DownloadConnectionRefusedError,
    "timeout": DownloadTimeoutError,
    "cancelled": DownloadCancelledError,
}


class CurlHandler(BaseDownloadHandler):
    """Downloads http and https for Scrapy 2.19 on an asyncio loop.

    `request.meta["exchange"]` holds the `Exchange` after every request, also a failed or cancelled one. A response
    whose head came is returned, its body raw (chunked framing and content-coding still on), also if the body was cut:
    then `exchange.error` and `exchange.truncated` say how. Without a head one of Scrapy's download exceptions is
    raised. With `request.meta["send_once"]` libcurl does not send it again by itself when a connection that was used
    before dies: for sites that want a delay between two requests. `request.meta["most_bytes"]`: a smaller limit for this body.
    """

    lazy = False

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._engine = Engine(route_from(crawler.settings), crawler.settings.get("MORGUE_CLOCK") or SystemClock())

    async def download_request(self, request: Request) -> Response:
        """Return the response to `request`, or raise what Scrapy expects of a failed download."""
        headers = [(name, value) for name, values in request.headers.items() for value in values]
        once = bool(request.meta.get("send_once"))
        most = request.meta.get("most_bytes")
        transfer = self._engine.start(request.url, method=request.method, headers=headers, once=once, most=most)
        try:
            exchange = await transfer.wait()
        finally:
            request.meta["exchange"] = transfer.exchange
        request.meta["download_latency"] = transfer.latency
        if not exchange.response_head or exchange.error == "cancelled":
            raise _exception_for(exchange)
        return Response(
            request.url,
            status=status_of(exchange.response_head),
            headers=_headers_of(exchange.response_head),
            body=exchange.body,
            protocol="HTTP/1.1",
        )

    async def close(self) -> None:
        """End what is in flight and free everything."""
        await self._engine.close()


def make_route(
    *,
    proxy: str | None = None,
    ca_file: Path | str | None = None,
    allow_private: bool = False,
    limits: Limits | None = None,
) -> Route:
    """Return how transfers leave the machine. Raises `UsageError` for a proxy or CA file that cannot be used."""
    proxy = (proxy or "").strip()
    try:
        parts = urlsplit(proxy)
        usable = not proxy or (parts.scheme in ("http", "https", "socks5h") and bool(parts.hostname))
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            f"proxy {proxy!r} is not usable. Write it like http://127.0.0.1:8080 (or https://, socks5h://)."
        )
    believed = str(ca_file or certifi.where())
    if not Path(believed).is_file():
        raise UsageError(f"{believed} is not a file. Name a PEM file with the certificate authorities to believe.")
    if ca_file:
        _check_authorities(believed)
    return Route(limits=limits or Limits(), allow_private=allow_private, proxy=proxy, ca_file=believed)


def _check_authorities(path: str) -> None:
    """Raise `UsageError` for a file without certificates: each request would fail with it, as if the sites were at fault."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        raise UsageError(
            f"{path} holds no certificate authority ({getattr(error, 'reason', None) or error.strerror or error}). Name a PEM "
            "file: text between lines -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----."
        ) from None


def route_from(settings: BaseSettings) -> Route:
    """Return the route that the settings name. Raises `UsageError`, as `make_route` does."""
    standard = Limits()
    return make_route(
        proxy=settings.get("MORGUE_PROXY"),
        ca_file=settings.get("MORGUE_CA_FILE"),
        allow_private=settings.getbool("MORGUE_ALLOW_PRIVATE", False),
        limits=Limits(
            body=settings.getint("MORGUE_MAX_BODY", standard.body),
            head=settings.getint("MORGUE_MAX_HEAD", standard.head),
            connect=settings.getfloat("MORGUE_CONNECT_TIMEOUT", standard.connect),
            first_byte=settings.getfloat("MORGUE_FIRST_BYTE_TIMEOUT", standard.first_byte),
            total=settings.getfloat("MORGUE_TIMEOUT", standard.total),
        ),
    )


def limit_settings(limits: Limits) -> dict[str, float]:
    """Return limits as the settings that `route_from` reads."""
    return {
        "MORGUE_MAX_BODY": limits.body,
        "MORGUE_MAX_HEAD": limits.head,
        "MORGUE_CONNECT_TIMEOUT": limits.connect,
        "MORGUE_FIRST_BYTE_TIMEOUT": limits.first_byte,
        "MORGUE_TIMEOUT": limits.total,
    }


def _exception_for(exchange: Exchange) -> Exception:
    return _RAISED.get(exchange.error or "", DownloadFailedError)(
        f"{exchange.url}: {exchange.error}: {exchange.detail}"
    )


def _headers_of(head: bytes) -> dict[bytes, list[bytes]]:
    headers: dict[bytes, list[bytes]] = {}
    for name, value in split_headers(head):
        headers.setdefault(name.lower(), []).append(value)
    return headers
