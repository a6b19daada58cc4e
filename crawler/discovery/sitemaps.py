"""Sitemaps: index, urlset, news fields, plain text, gzip; read as a stream, so that 50 MB cost little memory. Pure.

Sources: https://www.sitemaps.org/protocol.html and Google's news sitemaps. Their namespaces are not asked for: many
sites write them wrong, and the local names are plain enough.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from lxml import etree

from archive.model import DiscoveryFact, Via
from archive.urls import join_url
from crawler.discovery.feeds import parse_feed
from crawler.discovery.markup import decode, element_text, names_of, plain_text
from crawler.discovery.stream import ByteStream, Readable, escaped

MAX_ENTRIES = 50_000  # of the protocol, for one file
_MAX_ELEMENTS = 2_000_000  # of one file: fifty thousand pages with forty each
_MAX_VAIN = 100_000  # elements in a row that bring no new address
_MAX_LINES = 4 * MAX_ENTRIES  # of a text: empty, none, or told twice
_HEAD = 4096
_MAX_FEED = 8 * 2**20
_MAX_TEXT = 16 * 2**20
_SHORT = 1_000

_TAIL = 16384  # bytes in which the last entry lies
_LOC_EDGE = re.compile(rb"<(/?)(?:[\w.-]+:)?loc[\s>]", re.IGNORECASE)
_ROOT = re.compile(rb"<(?![?!])(?:[\w.-]+:)?([\w.-]+)")
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapRef:
    """A sitemap that a sitemap index names."""

    url: str
    lastmod: str | None = None  # as written


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapEntry:
    """A page that a sitemap names."""

    fact: DiscoveryFact
    lastmod: str | None = None  # as written: it hints at "when next", not at a publication date

    @property
    def url(self) -> str:
        """The page's URL."""
        return self.fact.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitemap:
    """What one sitemap said. One that could not be read has nothing but a problem."""

    kind: str | None  # index, urlset, text, feed; None: no sitemap
    children: tuple[SitemapRef, ...] = ()
    entries: tuple[SitemapEntry, ...] = ()
    news: bool = False  # has Google News fields: names the last two days, worth asking often
    problems: tuple[str, ...] = ()


def parse_sitemap(
    stream: bytes | Readable, *, url: str, seen_at: datetime, content_type: str | None = None, limit: int = MAX_ENTRIES
) -> Sitemap:
    """Read a sitemap in one go: what `sitemap_parts` gives, put together."""
    parts = tuple(sitemap_parts(stream, url=url, seen_at=seen_at, content_type=content_type, limit=limit))
    return Sitemap(
        kind=next((part.kind for part in reversed(parts) if part.kind), None),
        children=tuple(child for part in parts for child in part.children),
        entries=tuple(entry for part in parts for entry in part.entries),
        news=any(part.news for part in parts),
        problems=tuple(problem for part in parts for problem in part.problems),
    )


def sitemap_parts(
    stream: bytes | Readable, *, url: str, seen_at: datetime, content_type: str | None = None, limit: int = MAX_ENTRIES
) -> Iterator[Sitemap]:
    """Read a sitemap from its bytes or from a binary stream, gzipped or not, some hundred entries at a time.

    Never raises on what a server sent. `url`: where it was fetched; `seen_at`: aware, when; `limit`: most entries (or
    children) to give in all. Relative addresses are joined to `url`. What is cut or broken is given as far as it goes.
    The problems come with the last part; there is always one.
    """
    problems: list[str] = []
    source = ByteStream(BytesIO(stream) if isinstance(stream, bytes) else stream, problems)
    head = source.peek(_HEAD)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        yield Sitemap(kind=None, problems=(*problems, "the body is empty"))
        return
    if head.startswith(_UTF16):
        text = decode(source.read_all(_MAX_FEED))
        source = ByteStream(BytesIO(re.sub(r"^\s*<\?xml[^>]*>", "", text).encode("utf-8")), problems)
        head = source.peek(_HEAD)
        start = head.lstrip()
        if not start:
            yield Sitemap(kind=None, problems=(*problems, "the body is empty"))
            return
    if not start.startswith(b"<"):
        root = _ROOT.search(start)
        if root is None or root[1].lower() not in {b"urlset", b"sitemapindex", b"rss", b"feed"}:
            yield _text_sitemap(source, url, seen_at, limit, problems)
            return
    root = _ROOT.search(head)
    name = root[1].decode("ascii", "replace").lower() if root else ""
    if name in {"rss", "feed", "rdf"}:
        yield _feed(source, problems, url=url, seen_at=seen_at, content_type=content_type, limit=limit)
    elif name in {"html", "head", "body"} or b"<!doctype html" in head.lower():
        yield Sitemap(kind=None, problems=(*problems, "not a sitemap: this is an HTML page"))
    else:
        yield from _Reader(url, seen_at, limit, problems).read(source)


class _Reader:
    """One pass over an XML sitemap."""

    def __init__(self, url: str, seen_at: datetime, limit: int, problems: list[str]) -> None:
        self._url, self._seen_at, self._limit, self._problems = url, seen_at, limit, problems
        self._seen: set[bytes] = set()  # digests of the addresses given, a fifth of what the addresses would take
        self._entries: list[SitemapEntry] = []
        self._children: list[SitemapRef] = []
        self._kind: str | None = None
        self._news = False
        self._unusable = 0
        self._elements = 0
        self._in_vain = 0  # since the last new address
        self._told = 0  # addresses, when that was

    def read(self, source: ByteStream) -> Iterator[Sitemap]:
        parser = etree.XMLPullParser(
            events=("end",),
            recover=True,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
        )
        tail = b""
        try:
            for chunk in escaped(source):
                tail = (tail + chunk)[-_TAIL:]
                parser.feed(chunk)
                full = self._take(parser)
                if self._entries or self._children:
                    yield self._part()
                most = f"{self._limit} entries" if full else self._too_many()
                if most is not None:
                    self._problems.append(f"more than {most}: the rest was not read")
                    break
            else:
                edges = _LOC_EDGE.findall(tail)
                try:
                    parser.close()
                finally:
                    self._take(parser, cut=bool(edges) and edges[-1] == b"")
        except etree.XMLSyntaxError as error:
            self._problems.append(f"broken XML, read as far as it goes ({str(error)[:120]})")
        if self._unusable:
            self._problems.append(f"{self._unusable} entries without a usable address")
        if self._kind is None and not self._problems:
            self._problems.append("no sitemap: neither <urlset> nor <sitemapindex>")
        yield self._part(*self._problems)

    def _too_many(self) -> str | None:
        """Return of what there is too much."""
        if self._in_vain > _MAX_VAIN:
            return f"{_MAX_VAIN} elements in a row without a new address"
        return f"{_MAX_ELEMENTS} elements" if self._elements > _MAX_ELEMENTS else None

    def _part(self, *problems: str) -> Sitemap:
        """Return what was read since the last part."""
        part = Sitemap(
            kind=self._kind,
            children=tuple(self._children),
            entries=tuple(self._entries),
            news=self._news,
            problems=problems,
        )
        self._children.clear()
        self._entries.clear()
        return part

    def _is_new(self, url: str) -> bool:
        digest = hashlib.blake2b(url.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if digest in self._seen:
            return False
        self._seen.add(digest)
        return True

    def _take(self, parser: etree.XMLPullParser, *, cut: bool = False) -> bool:
        """Take what is complete; tell whether the limit is reached. `cut`: the stream ended inside an address."""
        for _, element in parser.read_events():
            self._elements += 1
            self._in_vain += 1
            if cut and not self._problems:
                self._problems.append("cut: the last entry was left out")
            if not isinstance(element, etree._Element):  # noqa: SLF001 (lxml's only name for the type)
                continue
            name = names_of(element)[1]
            if name == "url":
                self._kind = self._kind or "urlset"
                if not cut:  # half an address is a wrong address
                    self._page(element)
            elif name == "sitemap":
                self._kind = self._kind or "index"
                if not cut:
                    self._child(element)
            elif name in {"urlset", "sitemapindex"}:  # an empty one
                self._kind = self._kind or ("urlset" if name == "urlset" else "index")
                continue
            else:
                continue
            if len(self._seen) > self._told:
                self._told, self._in_vain = len(self._seen), 0
            element.clear()
            parent = element.getparent()
            while parent is not None and (before := element.getprevious()) is not None:
                parent.remove(before)  # or the root would hold every empty element of the file
            if len(self._seen) >= self._limit:
                return True
        return False

    def _page(self, element: etree._Element) -> None:
        values: dict[str, str] = {}
        for child in element.iter():
            space, name = names_of(child)
            if "image" in space or "video" in space:
                continue
            if name in _FIELDS and name not in values:
                values[name] = element_text(child)
        url = (
            join_url(self._url, html.unescape(values.get("loc", "").strip())) if values.get("loc", "").strip() else None
        )
        if url is None:
            self._unusable += 1
            return
        news = "publication_date" in values or "title" in values
        self._news = self._news or news
        if not self._is_new(url):
            return
        title = plain_text(values.get("title", ""), _SHORT)
        self._entries.append(
            SitemapEntry(
                fact=DiscoveryFact(
                    url=url,
                    via=Via.NEWS_SITEMAP if news else Via.SITEMAP,
                    found_on=self._url,
                    seen_at=self._seen_at,
                    title=title or None,
                    published=_short(values.get("publication_date")),
                    language=_short(values.get("language")),
                ),
                lastmod=_short(values.get("lastmod")),
            )
        )

    def _child(self, element: etree._Element) -> None:
        values = {names_of(child)[1]: element_text(child) for child in element}
        loc = html.unescape(values.get("loc", "").strip())
        url = join_url(self._url, loc) if loc else None
        if url is None:
            self._unusable += 1
        elif url != self._url and self._is_new(url):
            self._children.append(SitemapRef(url=url, lastmod=_short(values.get("lastmod"))))


# of the protocol, and of Google's news extension inside <news:news>
_FIELDS = frozenset({"loc", "lastmod", "publication_date", "title", "language"})


def _text_sitemap(source: ByteStream, url: str, seen_at: datetime, limit: int, problems: list[str]) -> Sitemap:
    """Read one address a line (sitemaps.org, "Text file")."""
    entries: dict[str, SitemapEntry] = {}
    unusable = 0
    for number, line in enumerate(decode(source.read_all(_MAX_TEXT)).splitlines()):
        if number >= _MAX_LINES:
            problems.append(f"more than {_MAX_LINES} lines: the rest was not read")
            break
        line = line.strip()  # noqa: PLW2901 (the line itself)
        if not line or line.startswith("#"):
            continue
        page = join_url("", line)  # whole addresses only: any text would be a relative one
        if page is None:
            unusable += 1
            continue
        if len(entries) >= limit:
            problems.append(f"more than {limit} entries: the rest was not read")
            break
        fact = DiscoveryFact(url=page, via=Via.SITEMAP, found_on=url, seen_at=seen_at)
        entries.setdefault(page, SitemapEntry(fact=fact))
    if unusable:
        problems.append(f"{unusable} lines that are no web address")
    if not entries and not problems:
        problems.append("no web address in it")
    return Sitemap(kind="text" if entries else None, entries=tuple(entries.values()), problems=tuple(problems))


def _feed(
    source: ByteStream, problems: list[str], *, url: str, seen_at: datetime, content_type: str | None, limit: int
) -> Sitemap:
    """Read a feed that serves as a sitemap, which the protocol allows."""
    feed = parse_feed(source.read_all(_MAX_FEED), url=url, content_type=content_type, seen_at=seen_at)
    entries = tuple(SitemapEntry(fact=fact, lastmod=feed.updated.get(fact.url)) for fact in feed.entries[:limit])
    return Sitemap(kind="feed" if feed.kind else None, entries=entries, problems=(*problems, *feed.problems))


def _short(text: str | None) -> str | None:
    text = " ".join(text.split())[:100] if text else None
    return text or None
