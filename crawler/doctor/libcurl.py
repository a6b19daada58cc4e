"""libcurl: its version, and what was built into it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from archive.doctor.finding import Finding, note, ok, wrong

OLDEST = (7, 88, 0)  # Debian 12's; older ones were never tried
_NEW_WHEEL = "python3 -m pip install --force-reinstall --only-binary :all: pycurl"


@dataclass(frozen=True, slots=True)
class Libcurl:
    """What pycurl was built with."""

    pycurl: str
    version: str
    tls: str  # the library and its version; "": none
    resolver: str  # "c-ares 1.34", "threads"; "": names are looked up while everything waits
    features: tuple[str, ...]  # of HTTP/2, brotli, zstd, IPv6
    authorities: str  # path of the certificate authorities
    authorities_there: bool


def observe() -> Libcurl:
    """Ask pycurl. Raises `ImportError` if it, or the libcurl it wants, is not there."""
    import certifi
    import pycurl

    has = pycurl.version_info()
    flags, ares = has[4], has[10] if len(has) > 10 else None  # noqa: PLR2004 - as pycurl numbers them
    names = (("HTTP2", "HTTP/2"), ("BROTLI", "brotli"), ("ZSTD", "zstd"), ("IPV6", "IPv6"))
    threads = "threads" if flags & pycurl.VERSION_ASYNCHDNS else ""
    path = certifi.where()
    return Libcurl(
        pycurl=str(pycurl.version).partition(" ")[0].partition("/")[2],
        version=str(has[1]),
        tls=str(has[5] or "") if flags & pycurl.VERSION_SSL else "",
        resolver=f"c-ares {ares}" if ares else threads,
        features=tuple(name for flag, name in names if flags & getattr(pycurl, f"VERSION_{flag}", 0)),
        authorities=path,
        authorities_there=os.access(path, os.R_OK),
    )


def look(observed: Callable[[], Libcurl] = observe) -> Iterator[Finding]:
    """Check what fetching stands on."""
    try:
        has = observed()
    except ImportError as error:
        why = "Nothing can be fetched."
        yield wrong("libcurl", f"pycurl cannot be loaded ({error})", why, type=_NEW_WHEEL)
        return
    yield from judge(has)


def judge(has: Libcurl) -> Iterator[Finding]:
    """Say what is wrong with a libcurl. What it can beyond that is told, and not needed: we ask in HTTP/1.1, for gzip."""
    named = f"libcurl {has.version}"
    numbers = tuple(int(part) for part in has.version.split("-")[0].split(".") if part.isdigit())
    faults = []
    if not has.tls:
        why = "No https:// address can be asked."
        faults.append(wrong("libcurl", f"{named} was built without TLS", why, type=_NEW_WHEEL))
    if not has.resolver:
        why = "While one name is looked up, all transfers wait: a slow name server stops the crawl."
        faults.append(wrong("libcurl", f"{named} looks up names without threads or c-ares", why, type=_NEW_WHEEL))
    if numbers < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        faults.append(note("libcurl", f"{named} is older than {oldest}, the oldest tried", type=_NEW_WHEEL))
    yield from faults
    if not faults:
        parts = [has.tls, f"names by {has.resolver}", *has.features]
        yield ok("libcurl", f"{has.version} (pycurl {has.pycurl}): {', '.join(parts)}")
    if not has.authorities_there:
        why = "Every certificate would be refused."
        what = f"the certificate authorities cannot be read ({has.authorities})"
        yield wrong("libcurl", what, why, type="python3 -m pip install --force-reinstall certifi")
