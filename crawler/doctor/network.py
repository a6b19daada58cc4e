"""Does this machine reach anybody: names are looked up and connections made, only if asked, and nothing is sent."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from archive.doctor.examine import Place
from archive.doctor.finding import Finding, note, ok, wrong
from archive.errors import MorgueError
from archive.sources import load_sources

SECONDS = 30.0  # for all together
_SITES = 3
_CONNECT = 5.0  # seconds
_SLOW = 2.0
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Reached:
    """What came of one site."""

    host: str
    resolved: bool
    connected: bool
    seconds: float  # that both took
    why: str = ""  # of a failure


def observe(urls: Sequence[str]) -> list[Reached]:
    """Look up and connect to each address's host, one after the other."""
    found = []
    for url in urls:
        parts = urlsplit(url)
        found.append(_reach(parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 443)))
    return found


def look(place: Place | None, observed: Callable[[Sequence[str]], list[Reached]] = observe) -> Iterator[Finding]:
    """Try the first sources that are switched on."""
    urls: list[str] = []
    if place is not None:
        try:
            urls = [s.url for s in load_sources(place.folder.sources).sources if s.enabled][:_SITES]
        except MorgueError:  # another check's finding
            urls = []
    if not urls:
        yield note("network", "not tried: there is no source to try it with")
        return
    yield from judge(observed(urls))


def judge(reached: Sequence[Reached]) -> Iterator[Finding]:
    """Say whether it is the machine that is offline, or a site that is gone."""
    hosts = ", ".join(site.host for site in reached)
    why = f"{reached[0].host}: {reached[0].why}." if reached[0].why else ""
    if not any(site.resolved for site in reached):
        do = "Look at the cable or the wireless, and at the name server in /etc/resolv.conf."
        yield wrong(
            "network", f"no name could be looked up ({hosts})", why, do=do, type=f"getent hosts {reached[0].host}"
        )
    elif not any(site.connected for site in reached):
        do = "A firewall, or a network that wants a proxy: then give --proxy to `morgue crawl`."
        yield wrong("network", f"names can be looked up, but nobody can be connected to ({hosts})", why, do=do)
    else:
        for site in reached:
            if not site.connected:
                yield note("network", f"{site.host} cannot be reached: {site.why}", type="morgue sources check")
            elif site.seconds > _SLOW:
                yield note(
                    "network",
                    f"{site.host} answers after {site.seconds:.1f} s",
                    "A slow name server makes crawls slow.",
                )
            else:
                yield ok("network", f"{site.host} answers after {site.seconds * 1000:.0f} ms")


def _reach(host: str, port: int) -> Reached:
    begun = time.monotonic()
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return Reached(host, False, False, time.monotonic() - begun, str(getattr(error, "strerror", None) or error))
    why = "it has no address"
    for family, kind, protocol, _, address in addresses[:2]:
        try:
            with socket.socket(family, kind, protocol) as tried:
                tried.settimeout(_CONNECT)
                tried.connect(address)
                return Reached(host, True, True, time.monotonic() - begun)
        except OSError as error:
            why = str(error.strerror or error)
    return Reached(host, True, False, time.monotonic() - begun, why)
