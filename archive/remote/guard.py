"""Where a download over http may lead.

The host that a person typed is theirs to choose, on whatever network it is; what a server redirects to is not: from there
on the rules of the crawler hold (`archive.addresses`).
"""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies

from archive.addresses import is_public, literal_private_host

if TYPE_CHECKING:
    import aiohttp

_CONNECT_SECONDS, _READ_SECONDS = 30, 60


class RefusedError(OSError):
    """A redirect leads where a person did not send us."""


def refusal(typed: str, base: str, location: str) -> str | None:
    """Return why a redirect from `base` to `location` is not followed when a person typed `typed`; None if it is.

    >>> refusal("https://a.example/x", "https://a.example/x", "http://b.example/x")
    'it leads from https to http'
    """
    target = urlsplit(urljoin(base, location))
    if target.scheme not in ("http", "https"):
        return f"it leads to {target.scheme[:20]!r}, not to the web"
    if urlsplit(typed).scheme == "https" and target.scheme == "http":
        return "it leads from https to http"
    host = target.hostname or ""
    if host != urlsplit(typed).hostname and literal_private_host(host):
        return f"it leads to {host[:80]!r}, which is no host of the public web"
    return None


async def guarded_client(typed: str, **options: Any) -> aiohttp.ClientSession:
    """Return an HTTP session for the file that a person typed, with time-outs, that follows redirects to public hosts alone."""
    import aiohttp

    theirs = {urlsplit(url).hostname for url in (typed, *getproxies().values())}

    class Resolver(aiohttp.ThreadedResolver):
        async def resolve(self, host: str, port: int = 0, family: Any = 0) -> Any:
            found = await super().resolve(host, port, family)
            if host not in theirs and not all(is_public(one["host"]) for one in found):
                raise RefusedError(errno.EACCES, f"{host[:80]} has an address that is not of the public web")
            return found

    async def on_redirect(_session: Any, _context: Any, params: Any) -> None:
        headers = params.response.headers
        location = headers.get("Location") or headers.get("URI") or ""
        if why := refusal(typed, str(params.response.url), location):
            raise RefusedError(f"a redirect was not followed: {why}")

    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(on_redirect)
    return aiohttp.ClientSession(
        loop=options.get("loop") or asyncio.get_running_loop(),
        connector=aiohttp.TCPConnector(resolver=Resolver()),
        timeout=aiohttp.ClientTimeout(total=None, connect=_CONNECT_SECONDS, sock_read=_READ_SECONDS),
        trace_configs=[trace],
        trust_env=True,
        auto_decompress=False,
        headers={"Accept-Encoding": "identity"},
    )
