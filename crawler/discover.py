"""From a body to candidates: what kind of document it is decides who reads it. Pure.

Listings are read in parts, so that whoever reads a sitemap of 50,000 pages can do other things in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from archive.model import Candidate, DiscoveryFact, Role, Via
from archive.sources import Source
from archive.urls import join_url, origin_of, proposed_key, registered_domain, url_key
from crawler.discovery.feeds import parse_feed
from crawler.discovery.likeness import ShapeFacts, article_likeness
from crawler.discovery.links import PageLinks, page_links
from crawler.discovery.past import past_children
from crawler.discovery.sitemaps import SitemapRef, sitemap_parts
from crawler.frontier import Lease
from crawler.frontier.facts import epoch_as_written

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s;\"']+)", re.IGNORECASE)
_MAX_SECTIONS = 40  # of one home page: the navigation, not the tag cloud
_MAX_FEEDS = 10
_MAX_SITEMAPS = 500  # of one index, its past not counted
_MAX_PAST = 20_000  # of one index: a file a day for fifty years
_OWN = frozenset({Via.CONFIG, Via.REDIRECT, Via.USER, Via.CANONICAL, Via.GUESS})  # said of an address, not of a page
_AMP = re.compile(rb"<html\s(?:[^<>]{0,300}\s)?(?:amp|\xe2\x9a\xa1)[\s>=]", re.IGNORECASE)
_HEAD = 1024  # bytes in which a page says that it is AMP
BEGINNING = 4096  # bytes: longer than a page that does nothing but send its reader on
# Where feeds and sitemaps mostly are when nobody names one. Few, and each is tried once.
USUAL_FEEDS = ("/feed/", "/rss.xml", "/feed.xml")
USUAL_SITEMAPS = ("/sitemap.xml", "/news-sitemap.xml")
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
    known: ShapeFacts | None = None  # what the source's known articles look like
    since: datetime | None = None  # a backfill goes back to here

    @property
    def home(self) -> str:
        """The source's home page; without a source, the page's own address."""
        return self.source.url if self.source else self.lease.url

    def fact(self, url: str, via: Via, seen_at: datetime, title: str | None = None) -> DiscoveryFact:
        """Return the fact that the leased URL names `url`."""
        return DiscoveryFact(url=url, via=via, found_on=self.lease.url, seen_at=seen_at, title=title)

    def robots_sitemaps(self, written: Sequence[str], seen_at: datetime) -> list[DiscoveryFact]:
        """Return the sitemaps that a robots.txt names, absolute; where the site's own names none, the usual places."""
        urls = (join_url(self.lease.url, each) for each in written[:_MAX_SITEMAPS])
        facts = [self.fact(url, Via.ROBOTS, seen_at) for url in dict.fromkeys(urls) if url is not None]
        if facts or self.source is None or self.source.sitemaps or origin_of(self.lease.url) != origin_of(self.home):
            return facts
        return self.usual(USUAL_SITEMAPS, seen_at)

    def sitemaps(self, facts: Sequence[DiscoveryFact], seen_at: datetime) -> list[Candidate]:
        """Return sitemaps as candidates, those of the past marked: some robots.txt files name one for each month."""
        past = past_children((fact.url for fact in facts), seen_at.date())
        candidates = [self.candidate(fact, Role.SITEMAP) for fact in facts]
        return [replace(each, past_until=past[each.url]) if each.url in past else each for each in candidates]

    def usual(self, paths: Iterable[str], seen_at: datetime) -> list[DiscoveryFact]:
        """Return guesses: usual places on the host of the leased URL."""
        return [self.fact(origin_of(self.lease.url) + path, Via.GUESS, seen_at) for path in paths]

    def wants(self, url: str) -> bool:
        """Return whether the source's include and exclude patterns take `url`."""
        return self.source is None or self.source.allows(url)

    def is_own(self, url: str) -> bool:
        """Return whether `url` belongs to the source's registered domain (or, without a source, to the page's)."""
        try:
            return registered_domain(url) == registered_domain(self.home)
        except ValueError:
            return False

    def candidate(self, fact: DiscoveryFact, role: Role, lastmod: str | None = None) -> Candidate:
        """Return a fact as a candidate of this source."""
        return Candidate(fact=fact, role=role, source=self.lease.source, lastmod=lastmod)


def discover(body: bytes, headers: Headers, scope: Scope, *, seen_at: datetime) -> Iterator[Discovered]:
    """Yield what the body of a feed, sitemap, home page, section or page leads to, some hundred candidates at a time.

    Never raises for what strangers sent.
    """
    match scope.lease.role:
        case Role.FEED:
            yield _feed(body, headers, scope, seen_at)
        case Role.SITEMAP:
            yield from _sitemap(body, headers, scope, seen_at)
        case Role.HOME | Role.SECTION:
            yield _page(body, headers, scope, seen_at)
        case Role.PAGE:
            yield Discovered(list(_onward(body, headers, scope, seen_at)))


def _feed(body: bytes, headers: Headers, scope: Scope, seen_at: datetime) -> Discovered:
    feed = parse_feed(body, url=scope.lease.url, content_type=_content_type(headers), seen_at=seen_at)
    return Discovered(list(_pages(feed.entries, scope)), list(feed.problems))


def _pages(facts: Iterable[DiscoveryFact], scope: Scope) -> Iterable[Candidate]:
    """Yield what a feed names: it is trusted to name pages, if they are the source's own."""
    for fact in facts:
        if scope.is_own(fact.url) and scope.wants(fact.url):
            yield scope.candidate(fact, Role.PAGE)


def _sitemap(body: bytes, headers: Headers, scope: Scope, seen_at: datetime) -> Iterator[Discovered]:
    children: list[SitemapRef] = []
    for part in sitemap_parts(body, url=scope.lease.url, seen_at=seen_at, content_type=_content_type(headers)):
        children += part.children
        entries = [
            scope.candidate(entry.fact, Role.PAGE, entry.lastmod)
            for entry in part.entries
            if scope.is_own(entry.fact.url)
            and scope.wants(entry.fact.url)
            and not _before(scope, entry.fact, entry.lastmod)
        ]
        yield Discovered(entries, list(part.problems))
    if children:
        yield _children(children, scope, seen_at)


def _children(children: Sequence[SitemapRef], scope: Scope, seen_at: datetime) -> Discovered:
    """Propose an index's children; its past is remembered, and asked for by a backfill alone."""
    past = past_children((child.url for child in children), seen_at.date())
    found = Discovered()
    present = 0
    for child in children:
        until = past.get(child.url)
        present += until is None
        if present > _MAX_SITEMAPS or len(found.candidates) >= _MAX_PAST + _MAX_SITEMAPS:
            found.problems.append(f"names more than {_MAX_SITEMAPS} sitemaps: the rest was not taken")
            break
        # A sitemap index may stand on a CDN or name one; robots.txt vouched for it.
        fact = scope.fact(child.url, Via.SITEMAP, seen_at)
        candidate = scope.candidate(fact, Role.SITEMAP, child.lastmod)
        found.candidates.append(candidate if until is None else replace(candidate, past_until=until))
    return found


def _before(scope: Scope, fact: DiscoveryFact, lastmod: str | None) -> bool:
    """Return whether a sitemap's page is older than what a backfill wants. What nobody dated is taken."""
    if scope.since is None or not scope.lease.past:
        return False
    written = epoch_as_written(fact.published) or epoch_as_written(lastmod)
    return written is not None and written < scope.since.timestamp()


def _page(body: bytes, headers: Headers, scope: Scope, seen_at: datetime) -> Discovered:
    links = page_links(body, url=scope.lease.url, charset=_charset(headers))
    found = Discovered(problems=list(links.problems))
    via = Via.HOME if scope.lease.role is Role.HOME else Via.SECTION
    feeds = [feed for feed in links.feeds[:_MAX_FEEDS] if scope.is_own(feed.url)]
    for feed in feeds:
        found.candidates.append(scope.candidate(scope.fact(feed.url, via, seen_at, feed.title), Role.FEED))
    if not feeds and via is Via.HOME and scope.source is not None and not scope.source.feeds:
        found.candidates += [scope.candidate(fact, Role.FEED) for fact in scope.usual(USUAL_FEEDS, seen_at)]
    found.candidates += _linked(links, scope, via, seen_at)
    return found


def sends_on(url: str, beginning: bytes, size: int) -> bool:
    """Return whether a page is worth a look for where it sends its reader: a variant's, or one that says nothing else.

    `beginning`: the first BEGINNING bytes of its body, which has `size` of them. Looked at are the address (AMP, mobile,
    print), an AMP page's own word, and small bodies with a meta refresh.
    """
    if _AMP.search(beginning, 0, _HEAD) or (size <= BEGINNING and b"refresh" in beginning.lower()):
        return True
    try:
        return proposed_key(url) != url_key(url)
    except ValueError:
        return False


def _onward(body: bytes, headers: Headers, scope: Scope, seen_at: datetime) -> Iterable[Candidate]:
    """Yield the page that an AMP, mobile or print page is of, and where an empty page sends its reader.

    Only on the site itself: a canonical link to another domain is recorded with the page, not followed.
    """
    lease = scope.lease
    links = page_links(body, url=lease.url, charset=_charset(headers))
    targets = [(Via.CANONICAL, links.canonical)]
    if len(body) <= BEGINNING:
        targets.append((Via.REDIRECT, links.meta_refresh))
    for via, target in targets:
        if target is None or not scope.is_own(target) or not scope.wants(target):
            continue
        if url_key(target) in (url_key(lease.url), url_key(scope.home)):
            continue
        facts = [scope.fact(target, via, seen_at), *(replace(fact, url=target) for fact in said(lease.facts))]
        for fact in facts:
            yield Candidate(fact=fact, role=Role.PAGE, source=lease.source, hops=lease.hops + 1)


def said(facts: Iterable[DiscoveryFact]) -> Iterable[DiscoveryFact]:
    """Yield what was said of the page, leaving out what was said of one address alone."""
    return (fact for fact in facts if fact.via not in _OWN)


def _linked(links: PageLinks, scope: Scope, via: Via, seen_at: datetime) -> Iterable[Candidate]:
    sections = 0
    for link in links.links:
        if not scope.is_own(link.url) or not scope.wants(link.url):
            continue
        like = article_likeness(link.url, scope.home, scope.known)
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
