"""SURT keys: the sort order of CDX indexes, as pywb, Heritrix and the Wayback Machine compute it. Pure.

A replay tool looks a page up by the key that it computes itself, so a key that differs is a page that is not found. The
rules are those of the Internet Archive's canonicalizer (its Python package `surt` 0.3.1, which pywb and cdxj-indexer call):
first the escapes and dots that Google's Safe Browsing folds, then case, www, default ports, session ids and the order of
the query. They fold more than `archive.urls.url_key`, and are kept apart from it: a key here finds, there it identifies.
"""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from urllib.parse import quote_from_bytes

_MULTIPLE = re.compile(rb"(?:https?://)+(?=https?://)")
_SCHEME = re.compile(rb"[a-zA-Z][a-zA-Z0-9+.\-]*:")
_PARTS = re.compile(rb"(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?", re.DOTALL)
_WWW = re.compile(rb"www[0-9]*\.")
_NUMERIC = re.compile(rb"(?:0[0-7]*|[1-9][0-9]*)(?:\.[0-9]+){0,3}")
_PORTS = {b"http": 80, b"https": 443}
_LAST_PORT = 65_535
_HEX = frozenset(b"0123456789abcdefABCDEF")
_SESSION_WITHIN = 8_192  # bytes of path or query: these patterns may take the square of it
_SAFE = b"!\"$&'()*+,-./:;<=>?@[\\]^_`{|}~"  # what is neither space, control, "#" nor "%"
_IN_PATH = (  # ASP.NET keeps its session in a path segment
    re.compile(rb"(.*/)\((?:[a-z]\([0-9a-z]{24}\))+\)/([^?]+\.aspx.*)", re.IGNORECASE | re.DOTALL),
    re.compile(rb"(.*/)\([0-9a-z]{24}\)/([^?]+\.aspx.*)", re.IGNORECASE | re.DOTALL),
)
_IN_QUERY = tuple(
    re.compile(rb"(.*)" + parameter + rb"(?:&(.*))?", re.IGNORECASE | re.DOTALL)
    for parameter in (
        rb"jsessionid=[0-9a-z]{32}",
        rb"phpsessid=[0-9a-z]{32}",
        rb"sid=[0-9a-z]{32}",
        rb"aspsessionid[a-z]{8}=[a-z]{24}",
        rb"cfid=[^&]+&cftoken=[^&]+",
    )
)


def surt(url: str) -> str:
    """Return the key under which CDX indexes have an http(s) URL; always ASCII, without spaces.

    Its scheme is not in it. Never raises: what has no readable host or port is its own key, with spaces escaped.

    >>> surt("http://www.News.example:80/B/?z=1&A=2#top")
    'example,news)/b?a=2&z=1'
    """
    data = re.sub(rb"[\n\r\t]", b"", url.encode("utf-8", "replace").strip())
    if not _SCHEME.match(data):
        data = b"http://" + data
    parts = _PARTS.match(data[repeated.end() :] if (repeated := _MULTIPLE.match(data)) else data)
    scheme, netloc, path, query = parts.groups() if parts is not None else (b"", None, b"", None)
    try:
        host, port = _authority(netloc or b"")
    except ValueError:
        host, port = b"", None
    if not host:
        return _escaped(url.encode("utf-8", "replace")).decode("ascii")
    key = b",".join(reversed(_host(host).split(b".")))
    if port is not None and port != _PORTS.get((scheme or b"").lower()):
        key += b":%d" % port
    key += b")" + _path(path)
    query = _query(query) if query else b""
    return (key + (b"?" + query if query else b"")).decode("ascii")


def _authority(netloc: bytes) -> tuple[bytes, int | None]:
    """Return host and port without what stands before an @. Raises `ValueError` for a port that is none."""
    netloc = netloc.rpartition(b"@")[2].rstrip(b":")
    if netloc.startswith(b"["):
        host, _, rest = netloc[1:].partition(b"]")
        port = rest.removeprefix(b":") if rest else b""
    else:
        host, _, port = netloc.partition(b":")
    number = int(port) if port else None
    if number is not None and not 0 <= number <= _LAST_PORT:
        raise ValueError(port)
    return host.lower(), number


def _host(host: bytes) -> bytes:
    host = _unescaped(host)
    if not host.isascii():
        with suppress(ValueError):
            host = host.decode("utf-8", "ignore").encode("idna")
    host = host.replace(b"..", b".").strip(b".")
    if _NUMERIC.fullmatch(host):  # 127.1, 2130706433 and 0177.0.0.1 are one address
        with suppress(OSError):
            host = socket.inet_ntoa(socket.inet_aton(host.decode("ascii"))).encode("ascii")
    host = _escaped(host.lower()).lower()
    www = _WWW.match(host)
    return host[www.end() :] if www else host


def _path(path: bytes) -> bytes:
    """Return a path without empty, `.` and `..` segments, lower-cased, without session and last slash."""
    kept: list[bytes] = []
    for segment in _unescaped(path).split(b"/")[1:]:
        if segment == b".." and kept:
            kept.pop()
        elif segment != b".":
            kept.append(segment)
    path = b"/" + b"".join(segment + b"/" for segment in kept[:-1] if segment) + (kept[-1] if kept else b"")
    path = _escaped(path).lower()
    for session in _IN_PATH if len(path) <= _SESSION_WITHIN else ():
        if found := session.fullmatch(path):
            path = found[1] + found[2]
    return path[:-1] if path.endswith(b"/") and len(path) > 1 else path


def _query(query: bytes) -> bytes:
    query = _escaped(_unescaped(query))
    for session in _IN_QUERY if len(query) <= _SESSION_WITHIN else ():
        if found := session.fullmatch(query):
            query = found[1] + (found[2] or b"")
    query = query.lower()
    # By name, then by value: "=" must not count as a character, as it would between a=1 and a-b=1.
    return b"&".join(b"=".join(parts) for parts in sorted(one.split(b"=", 1) for one in query.split(b"&")))


def _unescaped(data: bytes) -> bytes:
    """Decode escapes until there are none: `%2541` is `A`. In one pass, however deep a stranger nested them."""
    if b"%" not in data:
        return data
    out = bytearray()
    for byte in data:
        out.append(byte)
        while len(out) >= 3 and out[-3] == 0x25 and out[-2] in _HEX and out[-1] in _HEX:  # noqa: PLR2004  %XY
            out[-3:] = bytes((int(out[-2:], 16),))
    return bytes(out)


def _escaped(data: bytes) -> bytes:
    return quote_from_bytes(data, safe=_SAFE).encode("ascii")
