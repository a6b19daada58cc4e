"""From a listing's body to candidates: what kind of document it is decides who reads it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from archive.model import Candidate, DiscoveryFact, Role, Via
from archive.sources import Source
from archive.urls import join_url, registered_domain
from crawler.discovery.feeds import parse_feed
from crawler.discovery.likeness import article_likeness
from crawler.discovery.links import PageLinks, page_links
from crawler.discovery.sitemaps import parse_sitemap
from crawler.frontier import Lease

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s;\"']+)", re.IGNORECASE)
_MAX_SECTIONS = 40  # of one home page: the navigation, not the tag cloud
_MAX_FEEDS = 10
_MAX_SITEMAPS = 500  # of one index
_WORD_BREAK = re.compile(r"(?<=\w)[-_+](?=\w)")
Headers = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Discovered:
    """What a listing led to."""

    candidates: list[Candidate] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom and from where something was discovered."""

    lease: Lease
    source: Source | None

    @classmethod
    def of(cls, lease: Lease, source: Source | None) -> Scope:
        """Return the scope of a lease."""
        return cls(lease, source)

    def fact(self, url: str, via: Via, seen_at: datetime, title: str | None = None) -> DiscoveryFact:
        """Return the fact that the leased URL names `url`."""
        return DiscoveryFact(url=url, via=via, found_on=self.lease.url, seen_at=seen_at, title=title)

    def robots_sitemaps(self, written: Sequence[str], seen_at: datetime) -> list[DiscoveryFact]:
        """Return the sitemaps that a robots.txt names, absolute."""
        urls = (join_url(self.lease.url, each) for each in written[:_MAX_SITEMAPS])
        return [self.fact(url, Via.ROBOTS, seen_at) for url in dict.fromkeys(urls) if url is not None]

    def wants(self, url: str) -> bool:
        """Return whether the source's include and exclude patterns take `url`."""
        return self.source is None or self.source.allows(url)

    def is_own(self, url: str) -> bool:
        """Return whether `url` belongs to the source's registered domain (or, without a source, to the page's)."""
        try:
            home = self.source.url if self.source else self.lease.url
            return registered_domain(url) == registered_domain(home)
        except ValueError:
            return False

    def candidate(self, fact: DiscoveryFact, role: Role, lastmod: str | None = None) -> Candidate:
        """Return a fact as a candidate of this source."""
        return Candidate(fact=fact, role=role, source=self.lease.source, lastmod=lastmod)


def discover(body: bytes, headers: Headers, scope: Scope, *, seen_at: datetime) -> Discovered:
    """Return what the body of a feed, sitemap, home page or section leads to. Never raises for what strangers sent."""
    match scope.lease.role:
        case Role.FEED:
            return _feed(body, headers, scope, seen_at)
        case Role.SITEMAP:
            return _sitemap(body, headers, scope, seen_at)
        case Role.HOME | Role.SECTION:
            return _page(body, headers, scope, seen_at)
    return Discovered()


def _feed(body: bytes, headers: Headers, scope: Scope, seen_at: datetime) -> Discovered:
    feed = parse_feed(body, url=scope.lease.url, content_type=_content_type(headers), seen_at=seen_at)
    return Discovered(list(_pages(feed.entries, scope)), list(feed.problems))


def _pages(facts: Iterable[DiscoveryFact], scope: Scope) -> Iterable[Candidate]:
    """Yield what a feed names: it is trusted to name pages, if they are the source's own."""
    for fact in facts:
        if scope.is_own(fact.url) and scope.wants(fact.url):
            yield scope.candidate(fact, Role.PAGE)


def _sitemap(body: bytes, headers: Headers, scope: Scope, seen_at: datetime) -> Discovered:
    sitemap = parse_sitemap(body, url=scope.lease.url, seen_at=seen_at, content_type=_content_type(headers))
    found = Discovered(problems=list(sitemap.problems))
    for child in sitemap.children[:_MAX_SITEMAPS]:
        fact = scope.fact(child.url, Via.SITEMAP, seen_at)
        # A sitemap index may stand on a CDN or name one; robots.txt vouched for it.
        found.candidates.append(scope.candidate(fact, Role.SITEMAP, child.lastmod))
    for entry in sitemap.entries:
        if scope.is_own(entry.fact.url) and scope.wants(entry.fact.url):
            found.candidates.append(scope.candidate(entry.fact, Role.PAGE, entry.lastmod))
    return found


def _page(body: bytes, headers: Headers, scope: Scope, seen_at: datetime) -> Discovered:
    links = page_links(body, url=scope.lease.url, charset=_charset(headers))
    found = Discovered(problems=list(links.problems))
    via = Via.HOME if scope.lease.role is Role.HOME else Via.SECTION
    for feed in links.feeds[:_MAX_FEEDS]:
        if scope.is_own(feed.url):
            found.candidates.append(scope.candidate(scope.fact(feed.url, via, seen_at, feed.title), Role.FEED))
    found.candidates += _linked(links, scope, via, seen_at)
    return found


def _linked(links: PageLinks, scope: Scope, via: Via, seen_at: datetime) -> Iterable[Candidate]:
    home = scope.source.url if scope.source else scope.lease.url
    sections = 0
    for link in links.links:
        if not scope.is_own(link.url) or not scope.wants(link.url):
            continue
        like = article_likeness(link.url, home)
        if like == "article":
            fact = replace(scope.fact(link.url, via, seen_at), title=link.text or None)
            yield scope.candidate(fact, Role.PAGE)
        elif like == "section" and scope.lease.role is Role.HOME and sections < _MAX_SECTIONS:
            sections += 1
            yield scope.candidate(scope.fact(link.url, via, seen_at), Role.SECTION)
        elif like == "section" and sections < _MAX_SECTIONS and _is_named_below(link.url, scope.lease.url):
            # Two words under a section are its sub-section or a short headline. Only the page can tell: it is looked at
            # as a page, from which nothing is followed.
            sections += 1
            fact = replace(scope.fact(link.url, via, seen_at), title=link.text or None)
            yield scope.candidate(fact, Role.PAGE)


def _is_named_below(url: str, section: str) -> bool:
    """Return whether `url` lies right below `section` and its last part is more than a word.

    >>> _is_named_below("https://news.example/val/pain-banal", "https://news.example/val/")
    True
    """
    below = urlsplit(url).path.removesuffix("/").removeprefix(urlsplit(section).path.removesuffix("/") + "/")
    return "/" not in below and len(_WORD_BREAK.findall(below)) > 0


def _charset(headers: Headers) -> str | None:
    """Return the charset parameter of the Content-Type header."""
    found = _CHARSET.search(_content_type(headers) or "")
    return found[1] if found else None


def _content_type(headers: Headers) -> str | None:
    for name, value in headers:
        if name.lower() == "content-type":
            return value
    return None
