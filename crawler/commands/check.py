"""Whether what sources.toml names still answers: every listing asked once, and what to do about those that do not.

Writes nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from archive.clock import Clock
from archive.extract.dates import after, parse_written
from archive.model import Exchange, Role
from archive.payload import header
from archive.sources import Source
from archive.urls import join_url, origin_of, registered_domain, url_key
from crawler.commands.checked import Checked, Listing, State, is_own, judge, since_when
from crawler.commands.probe import why, why_not
from crawler.consequences import Answer
from crawler.discovery.feeds import parse_feed
from crawler.discovery.likeness import article_likeness
from crawler.discovery.links import page_links
from crawler.discovery.sitemaps import parse_sitemap
from crawler.past import Remembers, knows_nothing
from crawler.politeness import HOST_ERRORS, Verdict
from crawler.transfer import Engine, Route
from crawler.visits import CONCURRENCY, Visit, Visits

_FOUND = 5  # feeds, and sitemaps, that are looked at though sources.toml does not name them
_PASSING = frozenset({408, 425, 429})  # and all from 500 on: asked again later, they may answer
_SERVER_ERROR = 500
_NOBODY = frozenset({"dns", "connect", "timeout", "proxy"})  # what an unplugged cable looks like


def check_sources(
    chosen: Sequence[Source],
    *,
    known: Iterable[Source],
    route: Route,
    user_agent: str,
    clock: Clock,
    stale_after: timedelta,
    feeds_only: bool = False,
    concurrency: int = CONCURRENCY,
    past: Remembers = knows_nothing,
    on_done: Callable[[int], None] = lambda _done: None,
) -> tuple[Checked, ...]:
    """Look at the listings of `chosen` and return how each source is, in that order.

    `known`: all sources, for what they say of politeness. `feeds_only`: what else there is of a source is not asked
    for. `past` says what crawls before found of a listing. `on_done` is told how many sources are done.
    """

    async def run() -> tuple[Checked, ...]:
        engine = Engine(route, clock)
        visits = Visits(engine, clock, sources=known, user_agent=user_agent, concurrency=concurrency)
        done = 0

        async def one(source: Source) -> Checked:
            nonlocal done
            checked = await _Look(source, visits, clock.now(), stale_after, past).check(feeds_only=feeds_only)
            done += 1
            on_done(done)
            return checked

        try:
            return tuple(await asyncio.gather(*(one(source) for source in chosen)))
        finally:
            await visits.close()
            await engine.close()

    return asyncio.run(run())


@dataclass(slots=True)
class _Look:
    """Looks at one source."""

    source: Source
    visits: Visits
    now: datetime
    stale_after: timedelta
    past: Remembers

    async def check(self, *, feeds_only: bool) -> Checked:
        named = [(Role.FEED, url) for url in self.source.feeds]
        if not feeds_only:
            named += [(Role.SITEMAP, url) for url in self.source.sitemaps]
            named += [(Role.SECTION, url) for url in self.source.sections]
        seen = {url_key(url) for _, url in named}
        asking = [self._listing(role, url) for role, url in named]
        found: list[tuple[Role, str]] = []
        if not feeds_only:
            asking.insert(0, self._home(found))
        listings = await asyncio.gather(*asking)
        fresh = [(role, url) for role, url in found if url_key(url) not in seen]
        listings += await asyncio.gather(*(self._listing(role, url, named=False) for role, url in fresh))
        return judge(self.source, [self._with_past(each) for each in listings], self.now, self.stale_after)

    async def _home(self, found: list[tuple[Role, str]]) -> Listing:
        """Look at the home page, and put into `found` what it and robots.txt name."""
        visit = await self.visits.visit(self.source.url, self.source)
        if visit.body is not None:
            links = page_links(visit.body, url=visit.url)
            feeds = [feed.url for feed in links.feeds if is_own(feed.url, self.source)]
            found += [(Role.FEED, url) for url in feeds[:_FOUND]]
        sitemaps = (join_url(visit.url, written) for written in visit.rules.sitemaps)
        found += [(Role.SITEMAP, url) for url in list(dict.fromkeys(filter(None, sitemaps)))[:_FOUND]]
        return self._read(Role.HOME, self.source.url, visit, named=True)

    async def _listing(self, role: Role, url: str, *, named: bool = True) -> Listing:
        return self._read(role, url, await self.visits.visit(url, self.source), named=named)

    def _read(self, role: Role, url: str, visit: Visit, *, named: bool) -> Listing:
        listing = Listing(
            url=url,
            role=role,
            named=named,
            state=State.OK,
            status=visit.status,
            robots=_robots(visit),
            moved_to=visit.moved_to,
            answered=_answered(visit),
        )
        problem, passing = _problem(visit)
        if problem is None and visit.body is not None:
            listing = self._parsed(listing, visit, visit.body)
        else:
            listing = replace(listing, state=State.DEAD, why=problem, passing=passing)
        if listing.state is not State.DEAD and visit.moved_to and url_key(visit.moved_to) != url_key(url):
            listing = replace(listing, state=State.MOVED, why=f"moved for good to {visit.moved_to}")
        return listing

    def _parsed(self, listing: Listing, visit: Visit, body: bytes) -> Listing:
        dates: list[str | None]
        headers = visit.answer.headers if visit.answer else ()
        content_type = header(headers, "Content-Type")
        if listing.role is Role.FEED:
            feed = parse_feed(body, url=visit.url, content_type=content_type, seen_at=self.now)
            kind, problems, urls = feed.kind, feed.problems, [entry.url for entry in feed.entries]
            dates = [entry.published or feed.updated.get(entry.url) for entry in feed.entries]
        elif listing.role is Role.SITEMAP:
            sitemap = parse_sitemap(body, url=visit.url, content_type=content_type, seen_at=self.now)
            kind, problems = sitemap.kind, sitemap.problems
            urls = [*(entry.url for entry in sitemap.entries), *(child.url for child in sitemap.children)]
            dates = [entry.fact.published or entry.lastmod for entry in sitemap.entries]
            dates += [child.lastmod for child in sitemap.children]
        else:
            links = page_links(body, url=visit.url).links
            urls = [link.url for link in links if article_likeness(link.url, self.source.url) == "article"]
            kind, problems, dates = "page", () if urls else ("no link in it looks like an article's",), []
        listing = replace(listing, kind=kind)
        if kind is None:
            return replace(listing, state=State.DEAD, why=problems[0] if problems else "it cannot be read")
        newest = _newest(dates, self.now)
        listing = replace(listing, entries=len(urls), newest=newest, why=problems[0] if problems else None)
        if listing.role is Role.FEED:
            listing = replace(listing, most_on=_most_on(urls))
        if listing.role is Role.FEED and not urls:
            return replace(listing, state=State.STALE, why=listing.why or "it has no entries")
        if newest is not None and newest < self.now - self.stale_after:
            return replace(listing, state=State.STALE, why=f"nothing new since {newest:%Y-%m-%d}")
        return listing

    def _with_past(self, listing: Listing) -> Listing:
        """Add what is known of earlier visits; since when it fails belongs to why it is dead."""
        past = self.past(listing.url, listing.role)
        if past is None:
            return listing
        since = since_when(past) if listing.state is State.DEAD else ""
        return replace(listing, past=past, why="; ".join(filter(None, (listing.why, since))) or None)


def _most_on(urls: Sequence[str]) -> str | None:
    """Return the home page of the site that more than half of these addresses are on, None if there is none such.

    >>> _most_on(["https://www.paper.example/a", "https://paper.example/b", "https://www.paper.example/c", "https://b.example/"])
    'https://www.paper.example/'
    """
    domains = Counter(registered_domain(url) for url in urls)
    for domain, count in domains.most_common(1):
        if 2 * count > len(urls):
            return (
                Counter(origin_of(url) for url in urls if registered_domain(url) == domain).most_common(1)[0][0] + "/"
            )
    return None


def _problem(visit: Visit) -> tuple[str | None, bool]:
    """Return in words why there is nothing to read, and whether that may pass; (None, False) if there is."""
    if visit.body is not None:
        return None, False
    if visit.resting is not None:
        return f"not asked: its host wants to be left alone for {visit.resting:.0f} s", True
    exchange = visit.exchange
    if visit.forbidden and (exchange is None or exchange.error is None):
        return why_not(visit.rules, visit.url), visit.rules.verdict is Verdict.DISALLOW_ALL
    if visit.looped or visit.undecodable is not None or exchange is None:
        return visit.undecodable or "its redirects never end", False
    answer = Answer.of_exchange(exchange)  # that for robots.txt, where that was all
    if answer.status is not None and not answer.whole:
        return f"its answer was cut ({exchange.error or exchange.truncated})", True
    return why(exchange, answer), _may_pass(exchange, answer.status)


def _may_pass(exchange: Exchange, status: int | None) -> bool:
    if status is not None:
        return status >= _SERVER_ERROR or status in _PASSING
    return exchange.error in HOST_ERRORS - {"dns", "tls"}


def _answered(visit: Visit) -> bool:
    """Return whether anything came back from its host, if only an error or a closed door."""
    exchange = visit.exchange
    return exchange is not None and (bool(exchange.response_head) or exchange.error not in _NOBODY)


def _robots(visit: Visit) -> str:
    if visit.rules.verdict is Verdict.DISALLOW_ALL:
        return "unknown"
    return "disallowed" if visit.forbidden else "allowed"


def _newest(dates: Iterable[str | None], now: datetime) -> datetime | None:
    """Return the newest of these dates as written; what is announced for later, or unreadable, does not count."""
    newest = None
    for text in dates:
        when = parse_written(text)
        if when is None or after(when, now):
            continue
        try:
            moment = when.earliest()
        except (OverflowError, ValueError):
            continue
        newest = moment if newest is None or moment > newest else newest
    return newest
