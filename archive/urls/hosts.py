"""The host of a URL, as the WHATWG URL standard (section 3.5, host parsing) reads it, but stricter where DNS is."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import unquote

import idna

from archive.errors import UrlError

_MAX_HOST = 253  # RFC 1035 section 2.3.4, without the final dot
_MAX_LABEL = 63
_MAX_RAW_HOST = 1000  # a host longer than this is refused before any work is done on it

# Underscores are no host name by RFC 952, but blogs and test servers have them and resolvers answer.
_PLAIN_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
# "Ends in a number" of the WHATWG standard: such a host is an IPv4 address in some spelling, or nothing.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_IPV4_PARTS = 4


@lru_cache(maxsize=4096)
def normal_host(host: str) -> str:
    """Return `host` in lower case and punycode, without a final dot; IPv4 as four decimals, IPv6 in brackets.

    Raises `ValueError` with a few words if no server can have that name.
    """
    if not host:
        raise ValueError("there is no host")
    if len(host) > _MAX_RAW_HOST:
        raise ValueError("the host is too long")
    if host[0] == "[":
        return _ipv6(host)
    if "%" in host:
        host = unquote(host, errors="strict")  # UnicodeDecodeError is a ValueError
    host = host.lower() if host.isascii() else _to_ascii(host)
    host = host.removesuffix(".")  # the DNS root: the same server, and certificates never name it
    if not host:
        raise ValueError("there is no host")
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4(labels)
    if len(host) > _MAX_HOST:
        raise ValueError("the host is too long")
    for label in labels:
        if not _PLAIN_LABEL.fullmatch(label):
            raise ValueError("the host has a part that no server can have" if label else "the host has an empty part")
    return host


def _to_ascii(host: str) -> str:
    """Return an international host name in punycode (UTS 46, non-transitional: what browsers do)."""
    try:
        mapped = idna.uts46_remap(host, std3_rules=False, transitional=False)
    except (idna.IDNAError, UnicodeError, IndexError) as error:
        raise ValueError("the host name is not a valid international name") from error
    labels = []
    for label in re.split("[.\u3002\uff0e\uff61]", mapped):
        if label.isascii():
            labels.append(label)
            continue
        try:
            labels.append(idna.alabel(label).decode("ascii"))
        except (idna.IDNAError, UnicodeError):
            # IDNA 2008 refuses emoji and symbols; registries sold them under IDNA 2003 and browsers still go there.
            try:
                labels.append("xn--" + label.encode("punycode").decode("ascii"))
            except UnicodeError as error:
                raise ValueError("the host name is not a valid international name") from error
    return ".".join(labels).lower()


def _ipv4(labels: list[str]) -> str:
    """Return four decimals for any spelling that browsers and libc take for an address (0x7f.1, 017700000001)."""
    if len(labels) > _IPV4_PARTS:
        raise ValueError("the host is neither a name nor an address")
    numbers = []
    for label in labels:
        if not _NUMBER.fullmatch(label) or len(label) > _MAX_LABEL:
            raise ValueError("the host is neither a name nor an address")
        if label.startswith("0x"):
            numbers.append(int(label[2:] or "0", 16))
        elif label.startswith("0") and label != "0":
            numbers.append(int(label, 8))  # ValueError for 08 and 09
        else:
            numbers.append(int(label))
    *head, last = numbers
    if any(number > 255 for number in head) or last >= 256 ** (_IPV4_PARTS + 1 - len(numbers)):  # noqa: PLR2004 (a byte)
        raise ValueError("the host is no address: a part is too large")
    value = last + sum(number << (8 * (3 - place)) for place, number in enumerate(head))
    return str(ipaddress.IPv4Address(value))


def _ipv6(host: str) -> str:
    if not host.endswith("]") or "%" in host:
        raise ValueError("the IPv6 address is not complete, or names a zone of this machine")
    return f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"


def host_error(url: str, error: ValueError) -> UrlError:
    """Return the `UrlError` for what `normal_host` said of the host of `url`."""
    text = str(error)
    # Messages of `ipaddress` and of decoders repeat the input and say little to a person.
    return UrlError(url, text if text.startswith("the ") else "the host is neither a name nor an address")
