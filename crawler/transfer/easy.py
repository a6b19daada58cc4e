"""One libcurl easy handle and what it collects; used again for the next transfer when one is done."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

import pycurl

from crawler.addresses import is_public
from crawler.transfer.framing import ChunkScanner, status_of, transfer_codings
from crawler.transfer.outcome import Failure
from crawler.transfer.request import Ask, Limits

_SENDS = 2  # of one request where the site wants no delay: once more, if a connection that was used before had died
# CURLOPT_SUPPRESS_CONNECT_HEADERS (7.54): what a proxy says to CONNECT is no part of the exchange. pycurl 7.49 has no
# name for it, and takes the number.
_SUPPRESS_CONNECT_HEADERS = 265


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How transfers leave the machine: the same for all of one engine."""

    limits: Limits = field(default_factory=Limits)
    allow_private: bool = False
    proxy: str = ""  # http://, https:// or socks5h:// URL; "" connects directly, whatever the environment says
    ca_file: str  # PEM file of the certificate authorities that are believed


class _LentSocket:
    """A new socket for libcurl: pycurl duplicates the descriptor and lets go of this object, which closes its own."""

    __slots__ = ("_socket",)

    def __init__(self, family: int, kind: int, protocol: int) -> None:
        self._socket = socket.socket(family, kind, protocol)

    def fileno(self) -> int:
        return self._socket.fileno()

    def __del__(self) -> None:
        self._socket.close()


class Easy:
    """A `pycurl.Curl` with every option set that no transfer changes, and the callbacks that collect one exchange."""

    __slots__ = (
        "_asked", "_first_byte", "_head_size", "_lines", "_most", "_once", "_only_ours", "_opened", "_refused", "_route",
        "_scanner", "_size", "chunks", "curl", "ended", "failure", "head",
    )  # fmt: skip

    def __init__(self, route: Route) -> None:
        self._route = route
        self.curl = pycurl.Curl()
        self._clear()
        curl, limits = self.curl, route.limits
        for option, value in (
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),  # HTTP/2 has no bytes that a WARC could keep
            (pycurl.HTTP_TRANSFER_DECODING, 0),
            (pycurl.HTTP_CONTENT_DECODING, 0),
            (pycurl.HTTP09_ALLOWED, 0),
            (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.FOLLOWLOCATION, 0),
            (pycurl.NETRC, pycurl.NETRC_IGNORED),
            (pycurl.NOSIGNAL, 1),
            (pycurl.USERAGENT, ""),
            (pycurl.PROXY, route.proxy),  # "" also keeps http_proxy and its kin out
            (pycurl.NOPROXY, ""),  # the same for no_proxy, which would go around the proxy
            (pycurl.PROXYHEADER, ["Proxy-Connection:"]),
            (_SUPPRESS_CONNECT_HEADERS, 1),
            (pycurl.SSL_VERIFYPEER, 1),
            (pycurl.SSL_VERIFYHOST, 2),
            (pycurl.CAINFO, route.ca_file),
            (pycurl.PROXY_CAINFO, route.ca_file),
            (pycurl.CONNECTTIMEOUT_MS, round(limits.connect * 1000)),
            (pycurl.TIMEOUT_MS, round(limits.total * 1000)),
            (pycurl.HEADERFUNCTION, self._on_header),
            (pycurl.WRITEFUNCTION, self._on_body),
            (pycurl.PREREQFUNCTION, self._on_request),
        ):
            curl.setopt(option, value)
        if not route.allow_private and not route.proxy:
            curl.setopt(pycurl.OPENSOCKETFUNCTION, self._on_socket)

    def _clear(self) -> None:
        self.chunks: list[bytes] = []
        self.head = b""  # the final head, once it is complete
        self.failure: Failure | None = None  # why we stopped the transfer ourselves
        self.ended = False  # the body's end came, whatever libcurl thinks
        self._lines: list[bytes] = []
        self._head_size = 0
        self._size = 0
        self._scanner: ChunkScanner | None = None
        self._only_ours = False
        self._asked = 0
        self._once = False
        self._most = 0
        self._opened = 0
        self._refused: list[str] = []
        self._first_byte: Callable[[], None] | None = None

    def begin(self, ask: Ask, first_byte: Callable[[], None] | None) -> None:
        """Make ready for one transfer; `first_byte` is called when an answer begins."""
        self._clear()
        self._first_byte = first_byte
        self._once = ask.once
        limit = self._route.limits.body
        self._most = limit if ask.most is None else min(ask.most, limit)
        curl = self.curl
        base = f"{ask.scheme}://{ask.authority}"
        # libcurl gets a URL that holds nothing but the host, and the target as text: two URL parsers that disagree
        # (on a backslash, an @, an escape) are how guards are got around.
        curl.setopt(pycurl.URL, base + "/")
        plain_proxy = ask.scheme == "http" and self._route.proxy.startswith("http")
        curl.setopt(pycurl.REQUEST_TARGET, base + ask.target if plain_proxy else ask.target)
        lines = [name + b": " + value if value else name + b";" for name, value in ask.fields]
        if not any(name.lower() == b"accept" for name, _ in ask.fields):
            lines.append(b"Accept:")
        curl.setopt(pycurl.HTTPHEADER, lines)
        curl.setopt(pycurl.NOBODY, int(ask.method == "HEAD"))
        if ask.method != "HEAD":
            curl.setopt(pycurl.HTTPGET, 1)

    def end(self) -> None:
        """Let go of what the last transfer collected."""
        self._clear()

    def close(self) -> None:
        """Free the handle."""
        self._clear()
        self.curl.close()

    @property
    def guard_failure(self) -> Failure | None:
        """Set when there was no address that we were allowed to connect to."""
        if self._refused and not self._opened:
            return Failure("private-address", f"not a public address: {', '.join(self._refused)}")
        return None

    def _on_request(self, *_addresses: object) -> int:
        """Let a request go out once where the site wants a delay between two, else twice at most.

        libcurl sends it again by itself, at once, when a connection that it used again dies before an answer began: two
        requests without a delay, and one exchange on the shelf for both. It does so up to five times as long as there are
        more such connections, and to a proxy there always are: a page that resets them was asked for six times within
        milliseconds. The frontier tries again in its time.
        """
        if self._asked >= (1 if self._once else _SENDS):
            self.failure = Failure("disconnect", "the connection ended before an answer began")
            refused: int = pycurl.PREREQFUNC_ABORT
            return refused
        self._asked += 1
        going: int = pycurl.PREREQFUNC_OK
        return going

    def _on_header(self, line: bytes) -> int | None:
        if self._first_byte is not None:
            self._first_byte()
            self._first_byte = None
        self._head_size += len(line)
        if self._head_size > self._route.limits.head:
            limit = self._route.limits.head
            self.failure = Failure("headers-too-large", f"more than {limit} bytes of headers")
            return 0
        self._lines.append(line)
        if line not in (b"\r\n", b"\n"):
            return None
        head = b"".join(self._lines)
        self._lines.clear()
        status = status_of(head)
        if status == 101:  # noqa: PLR2004 - Switching Protocols
            self.failure = Failure("protocol", "the server switched protocols (status 101) without being asked")
            return 0
        if status >= 200:  # noqa: PLR2004 - below: 100 Continue, 103 Early Hints: not the answer yet
            self.head = head
            codings = transfer_codings(head)
            if codings and codings[-1] == b"chunked":
                self._scanner = ChunkScanner()
                self._only_ours = codings != [b"chunked"]
        return None

    def _on_body(self, data: bytes) -> int | None:
        stop = False
        scanner = self._scanner
        if scanner is not None:
            mine = scanner.feed(data)
            if scanner.ended:
                self.ended = True
                # Bytes after the end: nobody asked for them, and the connection cannot be trusted any more.
                stop = self._only_ours or mine < len(data)
                data = data[:mine]
            elif scanner.broken:
                self.failure = Failure("protocol", "the chunked framing of the body is broken")
                stop = True
        room = self._most - self._size
        if len(data) > room:
            self.ended = False
            self.failure = Failure("too-large", f"more than {self._most} bytes of body")
            data = data[:room]
            stop = True
        self.chunks.append(data)
        self._size += len(data)
        return 0 if stop else None

    def _on_socket(self, _purpose: int, address: tuple[int, int, int, tuple[str, int]]) -> _LentSocket | int:
        family, kind, protocol, where = address
        if family not in (socket.AF_INET, socket.AF_INET6) or not is_public(where[0]):
            self._refused.append(str(where[0]))
            refused: int = pycurl.SOCKET_BAD
            return refused
        self._opened += 1
        return _LentSocket(family, kind, protocol)


def peer_of(curl: pycurl.Curl) -> str | None:
    """Return the address of the other end of the last transfer's connection; None if there was none."""
    text: str = curl.getinfo(pycurl.PRIMARY_IP)
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
