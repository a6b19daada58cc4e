"""Which addresses a crawler of the public web may talk to.

A page can name any host, and a name can resolve to anything, so a crawler that follows links is a way into the
network it runs in (SSRF). The guard that counts asks `is_public` at connect, after DNS, with the address the socket
will really use: no spelling and no rebinding gets around that. `literal_private_host` looks at the spelling alone; it
is for requests that leave through a proxy, where the name is resolved out of our sight, and errs on the side of
refusing.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote

# IANA IPv4 Special-Purpose Address Registry, and what is not unicast at all. `ipaddress` knows most of them, but which
# ones `is_global` calls global has changed between point releases of Python: the list here does not.
_V4_REFUSED = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # "this network"; 0.0.0.0 connects to the machine itself on Linux
        "10.0.0.0/8",  # RFC 1918
        "100.64.0.0/10",  # RFC 6598, carrier-grade NAT; cloud providers put their metadata services there too
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, the metadata service of most clouds
        "172.16.0.0/12",  # RFC 1918
        "192.0.0.0/24",  # RFC 6890, protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # RFC 7526, the dead 6to4 relay
        "192.168.0.0/16",  # RFC 1918
        "198.18.0.0/15",  # RFC 2544, benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_V6_GLOBAL = ipaddress.IPv6Network("2000::/3")  # RFC 4291 section 2.4: the only unicast space given out so far
_V6_REFUSED = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # RFC 2928, protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # RFC 7526, 6to4: carries any IPv4 address, and nothing lives there any more
        "3fff::/20",  # RFC 9637, documentation
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: on IPv6-only networks every IPv4 host looks like this

# RFC 6761 (localhost), RFC 6762 (local), RFC 8375 (home.arpa), ICANN 2024 (internal), and what /etc/hosts has.
_PRIVATE_NAMES = frozenset(
    {"localhost", "localdomain", "local", "internal", "home.arpa", "ip6-localhost", "ip6-loopback"}
)
_IGNORED = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))  # UTS 46 maps them to nothing
_DOTS = str.maketrans({"\u3002": ".", "\uff0e": ".", "\uff61": "."})  # UTS 46 reads these as a full stop
_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)\Z")


def is_public(ip: str) -> bool:
    """Return whether `ip`, as text, is a unicast address of the public internet.

    IPv4-mapped and NAT64 addresses are judged by the IPv4 address inside. What cannot be parsed is not public.

    >>> is_public("1.1.1.1"), is_public("::ffff:10.0.0.1"), is_public("100.64.0.1")
    (True, False, False)

    Source: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890).
    """
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _V4_REFUSED)
    if address.scope_id is not None:
        return False
    inner = address.ipv4_mapped
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return not any(inner in network for network in _V4_REFUSED)
    return address in _V6_GLOBAL and not any(address in network for network in _V6_REFUSED)


@lru_cache(maxsize=4096)
def literal_private_host(host: str) -> bool:
    """Return whether a URL's host (brackets allowed) is by its spelling alone not a public one.

    True for local names (`localhost`, `*.localhost`, `*.local`, …), for every spelling of a non-public address that
    `inet_aton`, browsers or proxies accept (decimal, octal, hex, short forms, trailing dots, percent-escapes,
    full-width digits), and for numbers that are no address at all: no public name looks like that. An octet with a
    leading zero is read both as octal and as decimal, because programs differ. False says only that the spelling is
    innocent: a name can still resolve to anything.

    >>> literal_private_host("0x7f.1"), literal_private_host("LOCALHOST."), literal_private_host("1.1.1.1")
    (True, True, False)

    Source: WHATWG URL Standard, host parsing and IPv4 parser; RFC 6761 section 6.3.
    """
    name = unquote(host).translate(_DOTS).translate(_IGNORED)
    name = unicodedata.normalize("NFKC", name).lower().strip().rstrip(".")
    if name.startswith("[") or ":" in name:
        return not is_public(name.strip("[]"))
    if not name:
        return True
    labels = name.split(".")
    if labels[-1] in _PRIVATE_NAMES or ".".join(labels[-2:]) in _PRIVATE_NAMES:
        return True
    if not _NUMERIC.match(labels[-1]):
        return False
    return not all(is_public(reading) for reading in _readings(labels))


def _readings(labels: list[str]) -> list[str]:
    """Return what different programs take a numeric host for; "" where it is no address."""
    return [_ipv4(labels, octal=True), _ipv4(labels, octal=False)]


def _ipv4(labels: list[str], *, octal: bool) -> str:
    if len(labels) > 4:  # noqa: PLR2004 - an IPv4 address has at most four parts
        return ""
    parts: list[int] = []
    for label in labels:
        if not _NUMERIC.match(label) or len(label) > 64:  # noqa: PLR2004 - keeps int() cheap, far above any real one
            return ""
        try:
            if label.startswith("0x"):
                parts.append(int(label[2:] or "0", 16))
            else:
                parts.append(int(label, 8 if octal and label.startswith("0") else 10))
        except ValueError:  # 08 in octal
            return ""
    *front, last = parts
    if any(part > 0xFF for part in front) or last >= 256 ** (4 - len(front)):  # noqa: PLR2004 - one octet
        return ""
    value = last + sum(part << (8 * (3 - index)) for index, part in enumerate(front))
    return str(ipaddress.IPv4Address(value))
