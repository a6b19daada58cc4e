"""What is asked for, checked and spelled before any library sees it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])\Z")
_PLAIN = re.compile(r"[\x21-\x7e]*\Z")
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_DEFAULT_PORTS = {"http": 80, "https": 443}
# The connection is libcurl's affair, and a request without a body needs none of the others: sent on, they would break
# the framing or make the server answer with what the archive does not want.
_FRAMING = frozenset(
    {
        b"connection", b"proxy-connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade",
        b"http2-settings", b"expect", b"content-length",
    }
)  # fmt: skip


class UnusableRequestError(ValueError):
    """A request that cannot be sent as it is; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one exchange may take; bytes and seconds."""

    body: int = 16 * 2**20  # bytes on the wire, framing included
    head: int = 64 * 2**10  # bytes of all heads of one response, interim ones included
    connect: float = 10.0  # DNS, TCP, proxy and TLS together
    first_byte: float = 30.0  # from the start until the first byte of an answer
    total: float = 30.0

    @classmethod
    def of(cls, said: Mapping[str, float]) -> Limits:
        """Return the limits that sources.toml sets (`archive.sources.SourcesFile.limits`), over the usual ones."""
        usual = cls()
        return cls(
            body=int(said.get("body", usual.body)),
            head=int(said.get("head", usual.head)),
            connect=said.get("connect", usual.connect),
            first_byte=said.get("first_byte", usual.first_byte),
            total=said.get("total", usual.total),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request, spelled out: what is connected to, and the exact bytes that are sent."""

    url: str  # as requested
    scheme: str
    host: str  # IPv6 in brackets
    authority: str  # host, and the port where it is not the default
    port: int
    target: str  # origin form (RFC 9112 section 3.2.1)
    method: str
    fields: tuple[tuple[bytes, bytes], ...] = field(default=())  # Host first
    once: bool = False  # not to be sent again by itself when a connection that was used before dies
    most: int | None = None  # bytes of the body, where the route allows more

    @property
    def head(self) -> bytes:
        """The request line and header fields in origin form, with the empty line."""
        lines = [f"{self.method} {self.target} HTTP/1.1".encode("ascii")]
        lines += [name + b": " + value if value else name + b":" for name, value in self.fields]
        return b"\r\n".join(lines) + b"\r\n\r\n"


def make_ask(
    url: str,
    *,
    method: str = "GET",
    headers: Iterable[tuple[bytes, bytes]] = (),
    once: bool = False,
    most: int | None = None,
) -> Ask:
    """Return the request for `url` with exactly these header fields, after Host (taken from the URL unless given).

    Fields that frame a message (Connection, Content-Length, Expect, Upgrade, …) are left out. A user name in the URL is
    not sent: credentials belong in the headers that a person configured, not in what a page linked to.

    Raises `UnusableRequestError`.
    """
    if method not in ("GET", "HEAD"):
        raise UnusableRequestError(f"method {method!r}: an archive asks with GET and HEAD only")
    # urlsplit drops line breaks and tabs, and a backslash is a slash to browsers alone: not for us to guess.
    if not _PLAIN.match(url) or "\\" in url.partition("#")[0].partition("?")[0]:
        raise UnusableRequestError("not a usable URL (plain ASCII without blanks and backslashes is needed)")
    try:
        parts = urlsplit(url)
        host, port = _host_and_port(parts.netloc.rpartition("@")[2], parts.scheme)
    except ValueError as error:
        raise UnusableRequestError(f"not a usable URL ({error})") from None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query or url.partition("#")[0].endswith("?") else "")
    authority = host if port == _DEFAULT_PORTS[parts.scheme] else f"{host}:{port}"
    given = [(name, value.strip(b" \t")) for name, value in headers if name.lower() not in _FRAMING]
    for name, value in given:
        if not _TOKEN.match(name) or any(byte in value for byte in (b"\r", b"\n", b"\0")):
            raise UnusableRequestError(f"header {name!r} cannot be sent: a line break, NUL or odd name in it")
    hosts = [value for name, value in given if name.lower() == b"host"] or [authority.encode("ascii")]
    fields = ((b"Host", hosts[0]), *(pair for pair in given if pair[0].lower() != b"host"))
    return Ask(
        url=url, scheme=parts.scheme, host=host, authority=authority, port=port, target=target, method=method,
        fields=fields, once=once, most=most,
    )  # fmt: skip


def _host_and_port(netloc: str, scheme: str) -> tuple[str, int]:
    if scheme not in _DEFAULT_PORTS:
        raise UnusableRequestError(f"scheme {scheme!r}: only http and https are fetched")
    host, colon, port = netloc.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = netloc, ""
    if not _HOST.match(host):
        raise UnusableRequestError(f"not a usable URL (host {host[:80]!r})")
    if port and not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 2**16):  # noqa: PLR2004 - 65535
        raise UnusableRequestError(f"not a usable URL (port {port[:20]!r})")
    return host, int(port) if port else _DEFAULT_PORTS[scheme]
