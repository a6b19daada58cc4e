"""The records that the frontier takes and gives. Frozen, no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, Self

from archive.model import DiscoveryFact, Role, Via


class UrlNames(Protocol):
    """What the frontier needs of `archive.urls`."""

    def url_key(self, url: str) -> str:
        """Return the URL's identity; raises `UrlError`."""

    def registered_domain(self, host_or_url: str) -> str:
        """Return the domain that one owner holds."""

    def origin_of(self, url: str) -> str:
        """Return scheme, host and port."""


class SourceLike(Protocol):
    """What the frontier needs of `archive.sources.Source`."""

    @property
    def name(self) -> str: ...  # noqa: D102 - the names say it, and archive.sources documents them
    @property
    def url(self) -> str: ...  # noqa: D102 - as above
    @property
    def feeds(self) -> Sequence[str]: ...  # noqa: D102 - as above
    @property
    def sitemaps(self) -> Sequence[str]: ...  # noqa: D102 - as above
    @property
    def sections(self) -> Sequence[str]: ...  # noqa: D102 - as above
    @property
    def delay(self) -> float | None: ...  # noqa: D102 - as above
    @property
    def politeness_key(self) -> str | None: ...  # noqa: D102 - as above
    @property
    def pages_per_day(self) -> int | None: ...  # noqa: D102 - as above
    @property
    def include(self) -> Sequence[str]: ...  # noqa: D102 - as above
    @property
    def exclude(self) -> Sequence[str]: ...  # noqa: D102 - as above
    @property
    def enabled(self) -> bool: ...  # noqa: D102 - as above


class KeptLike(Protocol):
    """One exchange that is safely on the shelf (`crawler.capture.Kept`)."""

    @property
    def lease_id(self) -> int: ...  # noqa: D102 - `Lease.id`
    @property
    def status(self) -> int | None: ...  # noqa: D102 - None: no response
    @property
    def etag(self) -> str | None: ...  # noqa: D102 - as sent
    @property
    def last_modified(self) -> str | None: ...  # noqa: D102 - as sent
    @property
    def payload_digest(self) -> str | None: ...  # noqa: D102 - "sha1:…" of the body as stored
    @property
    def captured_at(self) -> datetime: ...  # noqa: D102 - aware, UTC: the record's WARC-Date
    @property
    def error(self) -> str | None: ...  # noqa: D102 - as in archive.model.Exchange
    @property
    def truncated(self) -> str | None: ...  # noqa: D102 - as in archive.model.Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """The last whole body kept of a URL: what a revisit record refers to."""

    url: str
    captured_at: datetime
    payload_digest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """One URL to fetch now. Nobody else gets its politeness key until the exchange is over."""

    id: int
    url: str
    source: str
    role: Role
    key: str  # politeness key
    hops: int
    depth: int
    attempt: int  # 1 for the first, counts failures in a row
    fetches: int  # exchanges kept so far
    etag: str | None = None  # to send as If-None-Match; never set after a cut capture
    last_modified: str | None = None
    previous: Previous | None = None
    facts: tuple[DiscoveryFact, ...] = ()  # to be kept with the capture
    asked: bool = False  # a person asked for it by name: first, and whatever the source includes
    gap: float = 0.0  # seconds between two requests of its key
    past: bool = False  # a sitemap of a past period: its pages are what a backfill is for

    @property
    def guess(self) -> bool:
        """Tell whether nobody named it: a usual place, tried once."""
        return bool(self.facts) and all(fact.via is Via.GUESS for fact in self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFact:
    """A fact learned of a URL that is on the shelf already: to be kept as a record of its own."""

    url_id: int
    source: str
    fact: DiscoveryFact
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AddResult:
    """What became of candidates."""

    new: tuple[str, ...] = ()  # URLs
    known: int = 0
    new_facts: int = 0  # about known URLs
    late_facts: tuple[LateFact, ...] = ()
    refused: dict[str, int] = field(default_factory=dict)  # reason -> how many

    @classmethod
    def sum(cls, results: Iterable[Self]) -> AddResult:
        """Put the results of several steps together."""
        parts = tuple(results)
        refused: Counter[str] = Counter()
        for part in parts:
            refused.update(part.refused)
        return AddResult(
            new=tuple(url for part in parts for url in part.new),
            known=sum(part.known for part in parts),
            new_facts=sum(part.new_facts for part in parts),
            late_facts=tuple(late for part in parts for late in part.late_facts),
            refused=dict(refused),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlState:
    """What the frontier knows of one URL."""

    url: str  # the spelling that is asked for
    role: Role
    status: int | None  # of the last visit
    reason: str | None  # why the last visit brought nothing whole, or why there was none
    kept: bool  # a whole body lies on the shelf
    next_at: float | None  # epoch, archive clock; None: never again
    fetches: int  # exchanges kept
    failures: int = 0  # in a row, up to the last visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """The frontier in numbers."""

    urls: int
    due: int  # at this moment
    waiting: int  # due later
    done: int  # never again
    leased: int
    kept: int  # URLs with a whole body on the shelf
    reasons: dict[str, int]  # of URLs whose last visit failed or that must not be visited
    sources: dict[str, int]  # URLs
