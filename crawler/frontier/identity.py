"""What makes two URLs one row of crawl.db."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from archive.errors import UrlError
from archive.model import Role

_EXACT = frozenset({Role.ROBOTS, Role.HOME, Role.FEED, Role.SITEMAP, Role.ASSET})


def identity(url: str, role: Role, url_key: Callable[[str], str]) -> bytes:
    """Return the identity of a URL as crawl.db keeps it, 16 bytes. Raises `UrlError`.

    A robots.txt is its exact URL: http and https, with and without www, each have one of their own (RFC 9309
    section 2.3), although their pages share a key. So are the listings that name a site's pages: a home page, feed
    or sitemap of the host without www may name others than the one with it. So is what a page shows: a style sheet's address
    often tells its version in what a page's key leaves out.
    """
    if role in _EXACT:
        return hashlib.sha256(f"{role} {url}".encode("utf-8", "surrogatepass")).digest()[:16]
    try:
        key = url_key(url)
    except UrlError:
        raise
    except ValueError as error:
        raise UrlError(url, str(error)) from error
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:16]
