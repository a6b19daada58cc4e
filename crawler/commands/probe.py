"""What a site offers, before it becomes a source: robots.txt, feeds, sitemaps, sections, and an example article extracted.

Nothing is kept: these few requests are made one after another, a second apart, as any first visit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from archive.clock import Clock
from archive.errors import MorgueError, PayloadError
from archive.extract import Page
from archive.extract.extract import extract
from archive.model import Exchange, Extraction
from archive.payload import header
from archive.urls import canonical_url, join_url, origin_of, redirect_url, registered_domain
from crawler.consequences import REDIRECTS, Answer
from crawler.crawl import ACCEPT_ENCODING
from crawler.discover import USUAL_FEEDS, USUAL_SITEMAPS
from crawler.discovery.feeds import parse_feed
from crawler.discovery.likeness import article_likeness
from crawler.discovery.links import page_links
from crawler.discovery.sitemaps import parse_sitemap
from crawler.politeness import Rules, Verdict, rules
from crawler.transfer import Engine, Route

_MAX_HOPS = 5
_OK = 200


class ProbeError(MorgueError):
    """The site cannot be asked."""

    def __init__(self, url: str, why: str) -> None:
        self.url = url
        self.why = why
        super().__init__(
            f"{url} was not added: {why}. Check the address; `--unchecked` adds it without asking the site."
        )


@dataclass(slots=True)
class Probe:
    """What was found. URLs are absolute."""

    url: str  # the home page, after redirects
    rules: Rules
    feeds: list[tuple[str, int]] = field(default_factory=list)  # URL, number of entries
    sitemaps: list[str] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)
    articles: list[str] = field(default_factory=list)  # links and feed entries that look like articles
    example_url: str | None = None
    example: Extraction | None = None


def probe_site(
    url: str, *, route: Route, user_agent: str, clock: Clock, pause: float, say: Callable[[str], None]
) -> Probe:
    """Look at a site. `pause`: seconds between two requests; `say` is told each request.

    Raises `ProbeError` if its home page cannot be had or its robots.txt forbids it, `UrlError` for no URL.
    """
    return asyncio.run(_probe(canonical_url(url), route, user_agent, clock, pause, say))


async def _probe(
    url: str, route: Route, user_agent: str, clock: Clock, pause: float, say: Callable[[str], None]
) -> Probe:
    engine = Engine(route, clock)
    visitor = _Visitor(engine, user_agent, pause, say)
    try:
        return await _look(url, visitor)
    finally:
        await engine.close()


async def _look(url: str, visitor: _Visitor) -> Probe:
    rules_here = await _rules(url, visitor)
    home, answer, body = await visitor.get(url, rules_here)
    if registered_domain(home) != registered_domain(url):
        raise ProbeError(url, f"it leads to {home}, another site. Add that one if it is what you mean")
    if origin_of(home) != origin_of(url):
        rules_here = await _rules(home, visitor)
    found = Probe(url=home, rules=rules_here)
    found.sitemaps = [s for each in rules_here.sitemaps if (s := join_url(home, each)) is not None]
    links = page_links(body, url=home)
    for feed in links.feeds[:2]:
        if not rules_here.allowed(feed.url):
            continue
        try:
            where, _, feed_body = await visitor.get(feed.url, rules_here)
        except ProbeError:
            continue
        entries = parse_feed(feed_body, url=where, content_type=None, seen_at=answer.at).entries
        found.feeds.append((feed.url, len(entries)))
        found.articles += [entry.url for entry in entries]
    found.feeds += [(feed.url, 0) for feed in links.feeds[2:]]
    if not links.feeds:
        await _guess_feed(found, visitor, answer.at)
    if not found.sitemaps:
        await _guess_sitemap(found, visitor, answer.at)
    for link in links.links:
        match article_likeness(link.url, home):
            case "article":
                found.articles.append(link.url)
            case "section":
                found.sections.append(link.url)
    await _example(found, visitor)
    return found


async def _guess_feed(found: Probe, visitor: _Visitor, at: datetime) -> None:
    """Look at the usual places, as the first crawl will."""
    for url in (origin_of(found.url) + path for path in USUAL_FEEDS):
        body = await visitor.try_one(url, found.rules)
        if body and (entries := parse_feed(body, url=url, content_type=None, seen_at=at).entries):
            found.feeds.append((url, len(entries)))
            found.articles += [entry.url for entry in entries]
            return


async def _guess_sitemap(found: Probe, visitor: _Visitor, at: datetime) -> None:
    for url in (origin_of(found.url) + path for path in USUAL_SITEMAPS):
        body = await visitor.try_one(url, found.rules)
        if body and parse_sitemap(body, url=url, seen_at=at, limit=1).kind:
            found.sitemaps.append(url)
            return


async def _rules(url: str, visitor: _Visitor) -> Rules:
    where = origin_of(url) + "/robots.txt"
    try:
        _, answer, body = await visitor.get(where, None)
    except ProbeError as error:
        if visitor.last_status is None:  # no answer at all: the site's own affair, not its robots.txt's
            raise ProbeError(url, error.why) from error
        return rules(visitor.last_status, b"")
    return rules(answer.status, body)


async def _example(found: Probe, visitor: _Visitor) -> None:
    """Read the first of a few pages that is an article."""
    for url in list(dict.fromkeys(found.articles))[:3]:
        if registered_domain(url) != registered_domain(found.url) or not found.rules.allowed(url):
            continue
        try:
            where, answer, body = await visitor.get(url, found.rules)
        except ProbeError:
            continue
        extraction = extract(Page(url=where, body=body, captured_at=answer.at, headers=answer.headers))
        if extraction.article:
            found.example_url, found.example = where, extraction
            return


@dataclass(slots=True)
class _Visitor:
    """Asks for one thing after another."""

    engine: Engine
    user_agent: str
    pause: float
    say: Callable[[str], None]
    last_status: int | None = None
    asked: bool = False

    async def get(self, url: str, allowed: Rules | None) -> tuple[str, Answer, bytes]:
        """Return a page after its redirects: its URL, the answer, its decoded body. Raises `ProbeError`."""
        for _ in range(_MAX_HOPS + 1):
            if allowed is not None and not allowed.allowed(url):
                raise ProbeError(url, why_not(allowed, url))
            exchange = await self._ask(url)
            answer = Answer.of_exchange(exchange)
            self.last_status = answer.status
            if answer.status in REDIRECTS and (target := redirect_url(url, header(answer.headers, "Location") or "")):
                url = target
                continue
            if answer.status != _OK:
                raise ProbeError(url, why(exchange, answer))
            try:
                return url, answer, answer.body()
            except PayloadError as error:
                raise ProbeError(url, str(error)) from error
        raise ProbeError(url, f"more than {_MAX_HOPS} redirects")

    async def try_one(self, url: str, allowed: Rules) -> bytes | None:
        """Return the decoded body of a page that may not be there."""
        try:
            return (await self.get(url, allowed))[2]
        except ProbeError:
            return None

    async def _ask(self, url: str) -> Exchange:
        if self.asked:
            await asyncio.sleep(self.pause)
        self.asked = True
        self.say(url)
        headers = [
            (b"User-Agent", self.user_agent.encode()),
            (b"Accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5"),
            (b"Accept-Encoding", ACCEPT_ENCODING.encode()),
        ]
        transfer = self.engine.start(url, headers=headers)
        return await transfer.wait()


def why_not(here: Rules, url: str) -> str:
    """Return in words why robots.txt keeps us from asking for `url`."""
    if here.verdict is Verdict.DISALLOW_ALL:
        return "its robots.txt cannot be had just now, and until it can, nothing is asked (RFC 9309 section 2.3.1.4)"
    return f"its robots.txt forbids us to ask for {url}"


def why(exchange: Exchange, answer: Answer) -> str:
    """Return in words why an answer is no use."""
    if answer.status is not None:
        return f"it answers with status {answer.status}"
    words = {
        "dns": "its name cannot be resolved",
        "refused": "nothing answers there",
        "timeout": "it did not answer in time",
        "tls": "its certificate cannot be verified",
        "private-address": "it leads to a private address (--allow-private is for your own machines)",
    }
    return words.get(exchange.error or "", f"it could not be fetched ({exchange.error}: {exchange.detail})")
