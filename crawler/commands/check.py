"""Whether what sources.toml names still answers: every listing asked once, and what to do about those that do not.

Reads no database, writes nothing.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from archive.clock import Clock
from archive.extract.dates import after, parse_written
from archive.model import Exchange, Role
from archive.payload import header
from archive.sources import Source
from archive.urls import join_url, registered_domain, url_key
from crawler.commands.probe import why, why_not
from crawler.consequences import Answer
from crawler.discovery.feeds import parse_feed
from crawler.discovery.likeness import article_likeness
from crawler.discovery.links import page_links
from crawler.discovery.sitemaps import parse_sitemap
from crawler.politeness import HOST_ERRORS, Verdict
from crawler.transfer import Engine, Route
from crawler.visits import CONCURRENCY, Visit, Visits

_FOUND = 5  # feeds, and sitemaps, that are looked at though sources.toml does not name them
_KEYS = {Role.HOME: "url", Role.FEED: "feeds", Role.SITEMAP: "sitemaps", Role.SECTION: "sections"}
_PASSING = frozenset({408, 425, 429})  # and all from 500 on: asked again later, they may answer
_SERVER_ERROR = 500


class State(StrEnum):
    """How a listing or a source is; the later, the worse."""

    OK = "ok"
    STALE = "stale"
    MOVED = "moved"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What asking for one listing showed."""

    url: str
    role: Role  # home, feed, sitemap, section
    named: bool  # sources.toml has it; else the site itself names it
    state: State
    why: str | None = None  # what is wrong, or worth knowing
    passing: bool = False  # it may be better another time
    status: int | None = None
    robots: str = "allowed"  # allowed, disallowed, unknown
    kind: str | None = None  # rss, atom, json, rdf; urlset, index, text; page
    entries: int | None = None  # of a feed or sitemap; links to articles of a page; None: it cannot be read
    newest: datetime | None = None  # aware, UTC: of the entries, as far as they are dated
    moved_to: str | None = None
    elsewhere: str | None = None  # registered domain of the entries, where none is on the source's


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """How one source is."""

    source: Source
    state: State
    listings: tuple[Listing, ...]
    mend: tuple[str, ...] = ()  # what to do, each a sentence

    @property
    def newest(self) -> datetime | None:
        """The newest entry of all its listings."""
        return max((each.newest for each in self.listings if each.newest), default=None)

    def as_json(self) -> dict[str, object]:
        """Return what `morgue sources check --json` prints of it."""
        return {
            "name": self.source.name,
            "url": self.source.url,
            "state": self.state.value,
            "newest": _time(self.newest),
            "mend": list(self.mend),
            "listings": [
                {
                    "url": each.url,
                    "role": each.role.value,
                    "named": each.named,
                    "state": each.state.value,
                    "why": each.why,
                    "passing": each.passing,
                    "status": each.status,
                    "robots": each.robots,
                    "kind": each.kind,
                    "entries": each.entries,
                    "newest": _time(each.newest),
                    "moved_to": each.moved_to,
                }
                for each in self.listings
            ],
        }


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
    on_done: Callable[[int], None] = lambda _done: None,
) -> tuple[Checked, ...]:
    """Look at the listings of `chosen` and return how each source is, in that order.

    `known`: all sources, for what they say of politeness. `feeds_only`: what else there is of a source is not asked
    for. `on_done` is told how many sources are done.
    """

    async def run() -> tuple[Checked, ...]:
        engine = Engine(route, clock)
        visits = Visits(engine, clock, sources=known, user_agent=user_agent, concurrency=concurrency)
        done = 0

        async def one(source: Source) -> Checked:
            nonlocal done
            checked = await _Look(source, visits, clock.now(), stale_after).check(feeds_only=feeds_only)
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
        return self._judged(listings)

    async def _home(self, found: list[tuple[Role, str]]) -> Listing:
        """Look at the home page, and put into `found` what it and robots.txt name."""
        visit = await self.visits.visit(self.source.url, self.source)
        if visit.body is not None:
            links = page_links(visit.body, url=visit.url)
            feeds = [feed.url for feed in links.feeds if self._is_own(feed.url)]
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
        if listing.role is Role.FEED and urls and not any(map(self._is_own, urls)):
            listing = replace(listing, elsewhere=registered_domain(urls[0]))
        if listing.role is Role.FEED and not urls:
            return replace(listing, state=State.STALE, why=listing.why or "it has no entries")
        if newest is not None and newest < self.now - self.stale_after:
            return replace(listing, state=State.STALE, why=f"nothing new since {newest:%Y-%m-%d}")
        return listing

    def _is_own(self, url: str) -> bool:
        return registered_domain(url) == registered_domain(self.source.url)

    def _judged(self, listings: list[Listing]) -> Checked:
        """Return how the source is: as bad as the worst that sources.toml names, as new as its newest entry."""
        useful = [each for each in listings if each.state is not State.DEAD and each.entries]
        # The home page of a source that was made of a feed alone may be none.
        named = [each for each in listings if each.named and not (each.role is Role.HOME and useful)]
        home = [each for each in listings if each.role is Role.HOME and each.state is State.MOVED]
        states = {each.state for each in named + home}
        checked = Checked(source=self.source, state=State.OK, listings=tuple(listings))
        newest = checked.newest
        feeds = [each for each in listings if each.role is Role.FEED and each.state is not State.DEAD]
        state = State.OK
        if State.DEAD in states or not listings:
            state = State.DEAD
        elif State.MOVED in states:
            state = State.MOVED
        elif newest < self.now - self.stale_after if newest else feeds and all(not each.entries for each in feeds):
            state = State.STALE
        return replace(checked, state=state, mend=tuple(_mends(self.source, state, listings, bool(useful))))


def _mends(source: Source, state: State, listings: list[Listing], useful: bool) -> Iterable[str]:
    name = shlex.quote(source.name)
    gone = [
        each for each in listings if each.named and each.state is State.DEAD and not (each.role is Role.HOME and useful)
    ]
    if any(each.passing for each in gone):
        yield f"It may pass: ask again later with `morgue sources check {name}`."
    if state is State.DEAD and not useful:
        yield f"Nothing of it can be read. If it stays so: `morgue sources disable {name}`."
    else:
        others = [each.url for each in listings if not each.named and each.role is Role.FEED and each.entries]
        for each in gone:
            instead = f", or write {others[0]} instead" if each.role is Role.FEED and others else ""
            if not each.passing:
                yield f"In sources.toml take {each.url} out of {_KEYS[each.role]!r} of {source.name!r}{instead}."
    for each in listings:
        if each.state is State.MOVED and each.named:
            yield f"In sources.toml write {each.moved_to} instead of {each.url} in {_KEYS[each.role]!r} of {source.name!r}."
    for domain in dict.fromkeys(each.elsewhere for each in listings if each.elsewhere and each.named):
        yield (
            f"Its entries are on {domain}, and only pages of its own site are kept: "
            f"`morgue sources add https://{domain}/` adds that one."
        )
    if state is State.STALE:
        yield f"If it has ended: `morgue sources disable {name}`."


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


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
