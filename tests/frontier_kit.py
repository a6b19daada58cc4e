"""What the tests of the frontier, the pump and their long forms share: a clock in the hand, names, sources, results."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from archive.errors import UrlError
from archive.model import Candidate, DiscoveryFact, Role, Via

START = datetime(2026, 5, 1, 6, 0, tzinfo=UTC)


@dataclass
class HandClock:
    """A clock that moves only by hand. `jump` moves the wall alone, as MORGUE_NOW does."""

    wall: datetime = START
    mono: float = 1000.0
    unix: float = 1_800_000_000.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.mono

    def real(self) -> float:
        return self.unix

    def pass_time(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.mono += seconds
        self.unix += seconds

    def jump(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)

    @property
    def epoch(self) -> float:
        return self.wall.timestamp()


class Names:
    """Stands in for archive.urls: folds scheme, www and the trailing slash; the domain is the last two labels."""

    def url_key(self, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UrlError(url, "no web address")
        query = f"?{parts.query}" if parts.query else ""
        return self._host(parts.netloc).removeprefix("www.") + parts.path.rstrip("/") + query

    def registered_domain(self, host_or_url: str) -> str:
        host = self._host(urlsplit(host_or_url).netloc or host_or_url)
        if not host:
            raise UrlError(host_or_url, "no host")
        name = host.partition(":")[0]
        return host if name.replace(".", "").isdigit() else ".".join(host.split(".")[-2:])

    def origin_of(self, url: str) -> str:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}"

    @staticmethod
    def _host(netloc: str) -> str:
        return netloc.rpartition("@")[2].lower()


@dataclass(frozen=True)
class TestSource:
    """As archive.sources.Source, as far as the frontier reads it."""

    __test__ = False
    name: str
    url: str
    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    delay: float | None = 0.0
    politeness_key: str | None = None
    pages_per_day: int | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    enabled: bool = True


@dataclass(frozen=True)
class TestKept:
    """As crawler.capture.Kept."""

    __test__ = False
    lease_id: int
    url: str = ""
    status: int | None = 200
    etag: str | None = None
    last_modified: str | None = None
    payload_digest: str | None = None
    captured_at: datetime = START
    error: str | None = None
    truncated: str | None = None
    ref: object = field(default=None)


def candidate(
    url: str,
    *,
    source: str = "news",
    role: Role = Role.PAGE,
    via: Via = Via.FEED,
    found_on: str = "https://news.example/feed",
    published: str | None = None,
    title: str | None = None,
    hops: int = 0,
    seen_at: datetime = START,
    lastmod: str | None = None,
) -> Candidate:
    fact = DiscoveryFact(url=url, via=via, found_on=found_on, seen_at=seen_at, title=title, published=published)
    return Candidate(fact=fact, role=role, source=source, hops=hops, lastmod=lastmod)
