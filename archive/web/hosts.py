"""Which names of this server a browser may use, and which other sites' questions are answered. Pure.

A page of the internet can give its own name our address (DNS rebinding) and would then read the archive as its own site. It
cannot do so with an address, nor with a name that browsers resolve themselves (RFC 6761 section 6.3: localhost).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address

_HOST = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


def name_in(host: str) -> str | None:
    """Return the name in a Host field, small, without port, brackets and last dot; None if it is none.

    >>> name_in("News.Example.:8001"), name_in("[::1]:8001"), name_in("a b")
    ('news.example', '::1', None)
    """
    found = _HOST.fullmatch(host)
    return None if found is None else found["name"].strip("[]").lower().removesuffix(".") or None


def is_ours(host: str, names: Iterable[str] = ()) -> bool:
    """Tell whether a Host field names this server: an address, localhost, or one of `names`.

    >>> [is_ours(host, ["desk.example"]) for host in ("127.0.0.1:8001", "localhost", "Desk.example:80", "evil.example", "")]
    [True, True, True, False, False]
    """
    name = name_in(host)
    return name is not None and (name == "localhost" or _is_address(name) or name in names)


def asked_by_another_site(headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a page of another site asks, by other means than a link that a person follows in a tab of its own.

    Source: Fetch Metadata Request Headers (W3C, 2025-04-01). Browsers send them to addresses of this machine and over
    https; whoever sends none is no browser, or an old one.
    """
    if headers.get(b"sec-fetch-site") != b"cross-site":
        return False
    return headers.get(b"sec-fetch-mode") != b"navigate" or headers.get(b"sec-fetch-dest") not in {b"document", None}


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
