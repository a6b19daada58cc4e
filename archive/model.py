"""The records that pass through the house. Frozen, no I/O, no third-party import.

Times are aware datetimes in UTC unless a field says "as written": then it is the text that the page or feed gave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

# How an article came into its story; `joined`: a person said so.
COPY_KINDS = ("new", "exact", "near", "rewrite", "related", "joined")


class Role(StrEnum):
    """What the crawler took a URL for when it asked for it; kept with the capture."""

    PAGE = "page"  # a candidate for an article
    HOME = "home"  # the source's front page
    SECTION = "section"  # a listing of the source
    FEED = "feed"
    SITEMAP = "sitemap"
    ROBOTS = "robots"
    ASSET = "asset"  # what a page needs to look like itself: a style sheet, a font, an image


class Via(StrEnum):
    """How a URL became known."""

    FEED = "feed"
    SITEMAP = "sitemap"
    NEWS_SITEMAP = "news-sitemap"
    HOME = "home"
    SECTION = "section"
    ROBOTS = "robots"
    REDIRECT = "redirect"
    CANONICAL = "canonical"  # an AMP, mobile or print page of the site names it as the page it is of
    GUESS = "guess"  # a usual place for a feed or sitemap, tried once because nothing names one
    CONFIG = "config"  # sources.toml names it
    USER = "user"  # `morgue save`
    ASSET = "asset"  # a page, or a style sheet of it, shows it; `found_on` is the page
    LINK = "link"  # any other page's link


ANNOUNCING = frozenset({Via.FEED, Via.NEWS_SITEMAP})  # what they list are articles; other sitemaps list sections too


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRef:
    """Where one WARC record lies."""

    warc: str  # path below warc/, without the .open suffix
    offset: int  # bytes, of the record's gzip member
    length: int  # bytes on disk


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryFact:
    """What a feed, sitemap or front page said of a URL. Nothing here was checked; texts are as written there."""

    url: str
    via: Via
    found_on: str  # URL of the feed, sitemap or page that said it; "" for config and user
    seen_at: datetime
    title: str | None = None
    published: str | None = None  # as written
    author: str | None = None
    entry_id: str | None = None
    summary: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A URL that discovery proposes to the frontier, with what was said of it."""

    fact: DiscoveryFact
    role: Role
    source: str
    hops: int = 0  # redirects followed so far
    lastmod: str | None = None  # of a sitemap entry, as written: it hints at "when next", not at a publication date
    past_until: datetime | None = None  # end of the past period that a sitemap is of: asked for by a backfill alone

    @property
    def url(self) -> str:
        """The URL proposed."""
        return self.fact.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One HTTP exchange as it went over the wire. A redirect chain of three hops is three exchanges.

    `error` names why it is incomplete or failed (None: complete): dns, refused, connect, tls, timeout, disconnect,
    too-large, headers-too-large, private-address, proxy, protocol, cancelled.
    """

    url: str  # as requested
    started_at: datetime
    # Request line and headers as sent (origin form), with the empty line at the end; may hold secrets, hence in no repr.
    request_head: bytes = field(repr=False)
    response_head: bytes  # status line and headers as received, with the empty line; b"" if none came
    body: bytes  # as transferred: chunked framing and content-coding still on
    peer: str | None  # IP address of the other end
    seconds: float  # from first byte out to last byte in
    truncated: str | None = None  # WARC-Truncated: length, time, disconnect, unspecified
    error: str | None = None
    detail: str | None = None  # the library's own words for `error`
    withheld: tuple[str, ...] = ()  # headers of the request, in any case, whose values must not be kept


RENDERED_TYPE = "text/html; charset=utf-8"  # of the document that a browser made, whatever the body was written in


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """What a browser made of a whole answer. Without a `dom` it made nothing, and `failed` says why."""

    dom: bytes | None = None  # the document after its scripts ran, as HTML in UTF-8
    truncated: str | None = None  # WARC-Truncated: length (cut), time (it never settled, and is as it was at the limit)
    browser: str = ""  # its name and version
    failed: str | None = None
    no_browser: bool = False  # it failed because there is none: the page is not to blame
    seconds: float = 0.0
    requests: int = 0  # that went out for what the page's scripts asked for
    received: int = 0  # bytes of those answers' bodies

    def __post_init__(self) -> None:
        if (self.dom is None) is (self.failed is None):
            raise ValueError("a rendering has either a document or a reason why there is none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The conversion record of a capture: the document that a browser made of its body."""

    body: bytes  # HTML in UTF-8
    ref: RecordRef
    truncated: str | None = None  # as in `Rendering`


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One capture read back from a WARC file of whatever origin: what extraction, import and rebuild all read."""

    url: str  # as requested (WARC-Target-URI)
    captured_at: datetime
    record_type: str  # response, revisit, resource, conversion
    status: int | None  # None for resource and conversion records
    headers: tuple[tuple[str, str], ...]  # wire order, repeats kept; names as sent
    body: bytes  # transfer-coding removed, still content-encoded; b"" for a revisit
    payload_digest: str | None  # as the record says ("sha1:…"), or computed where it says nothing
    ref: RecordRef
    truncated: str | None = None
    source: str | None = None  # name of the source that asked for it, where the WARC is our own
    role: Role | None = None  # the same
    refers_to_url: str | None = None  # revisit: the capture whose body this repeats
    refers_to_at: datetime | None = None
    rendered: Rendered | None = None  # what a browser made of it, where its conversion record follows
    unrendered: bool = False  # a browser was to read it, and could not: what it says is not all that readers see

    @property
    def end(self) -> int:
        """Byte of its WARC file at which its last record ends."""
        last = self.ref if self.rendered is None else self.rendered.ref
        return last.offset + last.length

    @property
    def cut(self) -> str | None:
        """Why not all was seen that a reader sees: the body's or the rendered document's WARC-Truncated, or "unrendered"."""
        rendered = None if self.rendered is None else self.rendered.truncated
        return self.truncated or rendered or ("unrendered" if self.unrendered else None)

    def without_bodies(self) -> Snapshot:
        """Return it without what takes memory."""
        rendered = None if self.rendered is None else replace(self.rendered, body=b"")
        return replace(self, body=b"", rendered=rendered)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRecord:
    """Discovery facts read back from a WARC metadata record."""

    facts: tuple[DiscoveryFact, ...]
    source: str | None
    recorded_at: datetime  # WARC-Date
    ref: RecordRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One thing that a site asks of those who keep its page (`archive.optout`)."""

    name: str  # noindex, noarchive, unavailable-after, tdm-reservation, content-usage, content-signal
    via: str  # where it stands: header:x-robots-tag, meta:robots, meta:morgue, robots.txt:content-usage …
    value: str = ""  # as written, cut: the word, the date, the address of a policy, the preferences
    opts_out: bool = True  # False: what it forbids is nothing that this archive does
    starts_at: str | None = None  # UTC, sorts as text: it holds from then on; None: at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """What one capture says, or why it says nothing: `reason` is set exactly when `article` is false."""

    article: bool
    reason: str | None = None  # one word of a fixed list, see archive.extract
    title: str | None = None
    authors: tuple[str, ...] = ()
    published: str | None = None  # ISO 8601 with the offset the page gave, never converted; or a date
    published_precision: str | None = None  # second, minute, day, month
    published_via: str | None = None  # json-ld, meta, feed, text, url, htmldate …
    modified: str | None = None
    language: str | None = None  # ISO 639-1
    text: str | None = None  # paragraphs separated by a blank line
    markdown: str | None = None
    canonical: str | None = None  # absolute URL of link rel=canonical, else og:url; not judged
    image: str | None = None
    section: str | None = None
    keywords: tuple[str, ...] = ()
    description: str | None = None
    paywall: bool | None = None  # whether the page says that one must pay; None: it does not say
    live_blog: bool = False
    provenance: Mapping[str, str] = field(default_factory=dict)  # field -> where it came from
    signals: tuple[Signal, ...] = ()  # what the page's own markup asks of those who keep it; of a refused page too

    @classmethod
    def refused(cls, reason: str, *, canonical: str | None = None, signals: tuple[Signal, ...] = ()) -> Extraction:
        """Return the extraction of a capture that is no article."""
        return cls(article=False, reason=reason, canonical=canonical, signals=signals)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractorId:
    """How a text came to be."""

    name: str
    version: str
    config: str  # digest of the settings, "" for the defaults
