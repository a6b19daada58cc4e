"""Whose a host is: the registered domain by the Public Suffix List, from the snapshot that tldextract carries."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from archive.errors import UrlError
from archive.urls.hosts import host_error, normal_host
from archive.urls.spelling import canonical_url

if TYPE_CHECKING:
    import tldextract

_MIN_LABELS = 2


@cache
def _extract() -> tldextract.TLDExtract:
    """Return the extractor, once: no network, no cache folder. Private suffixes count as suffixes.

    Two blogs of one host (a.blogspot.com, b.blogspot.com) have two owners, and a source of one must not take in the
    other; the hosting company bears the load of both easily, and `politeness_key` can still join them.
    """
    import tldextract  # it loads requests, which no command needs for its help

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


def host_of(url: str) -> str:
    """Return the host of a URL, in lower case and punycode, without the port. Raises `UrlError`.

    >>> host_of("https://WWW.News.Example:8443/a")
    'www.news.example'
    """
    return _without_port(_netloc(canonical_url(url)))


def origin_of(url: str) -> str:
    """Return scheme, host and port (if not the default) of a URL, as RFC 6454 writes it. Raises `UrlError`.

    >>> origin_of("HTTPS://News.Example:443/a")
    'https://news.example'
    """
    url = canonical_url(url)
    return url[: url.index("/", 8)]


def registered_domain(host_or_url: str) -> str:
    """Return the domain that its owner registered; of IP addresses, localhost and other bare names, host and port.

    >>> registered_domain("https://edition.news.co.uk/a"), registered_domain("me.blogspot.com")
    ('news.co.uk', 'me.blogspot.com')
    >>> registered_domain("http://127.0.0.1:8001/")
    '127.0.0.1:8001'

    A host that is itself a public suffix is returned as it is. Raises `UrlError`.
    """
    netloc = _netloc(canonical_url(host_or_url)) if "://" in host_or_url else _normal_netloc(host_or_url)
    return _registered(netloc)


def without_www(host: str) -> str:
    """Return a canonical host without `www.`, unless the rest would be no site of its own (www.com, www.co.uk)."""
    if not host.startswith("www.") or not _has_owner(host[4:]):
        return host
    return host[4:]


def is_below_registered(host: str) -> bool:
    """Tell whether `host` (without port) has at least one label more than a public suffix."""
    return _has_owner(host)


def _netloc(canonical: str) -> str:
    start = canonical.index("//") + 2
    return canonical[start : canonical.index("/", start)]


def _normal_netloc(netloc: str) -> str:
    """Return `host` or `host:port` in the canonical spelling."""
    host, _, port = netloc.strip().rpartition(":")
    if not host or port.endswith("]") or not port.isdecimal():
        host, port = netloc.strip(), ""
    try:
        return normal_host(host) + (f":{int(port)}" if port else "")
    except ValueError as error:
        raise UrlError(netloc, host_error(netloc, error).why) from None


def _without_port(netloc: str) -> str:
    host, colon, port = netloc.rpartition(":")
    return host if colon and not port.endswith("]") else netloc


@lru_cache(maxsize=16384)
def _registered(netloc: str) -> str:
    host = _without_port(netloc)
    if host[0] == "[" or "." not in host or host.endswith(".localhost") or host.rpartition(".")[2].isdecimal():
        return netloc
    found = _extract()(host)
    if found.suffix and found.domain:
        return f"{found.domain}.{found.suffix}"
    if found.suffix:
        return host  # the host is a public suffix itself
    return ".".join(host.split(".")[-_MIN_LABELS:])  # an unknown top level domain: the list's own rule "*"


@lru_cache(maxsize=16384)
def _has_owner(netloc: str) -> bool:
    host = _without_port(netloc)
    if "." not in host:
        return False
    found = _extract()(host)
    return bool(found.domain) if found.suffix else True
