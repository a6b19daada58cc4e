"""What `morgue sources check` finds: how each listing and source is, and what mends it. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from archive.model import Role
from archive.sources import Source
from archive.urls import registered_domain
from crawler.past import Past

_KEYS = {Role.HOME: "url", Role.FEED: "feeds", Role.SITEMAP: "sitemaps", Role.SECTION: "sections"}
_LONG_GONE = timedelta(days=14)  # what "may pass" has not for so long will not
_MANY = 5  # failures in a row: the second week's, when visits are days apart


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
    most_on: str | None = None  # home page of the site that more than half of a feed's entries are on
    answered: bool = True  # something came back from its host, if only an error
    past: Past | None = None  # what the archive knows of earlier visits; None: nothing


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
                    "most_on": each.most_on,
                    "last_good": _time(each.past.last_good) if each.past else None,
                    "failures_before": each.past.failures if each.past else None,
                }
                for each in self.listings
            ],
        }


def judge(source: Source, listings: Sequence[Listing], now: datetime, stale_after: timedelta) -> Checked:
    """Return how the source is: as bad as the worst that sources.toml names, as new as its newest entry."""
    useful = [each for each in listings if each.state is not State.DEAD and each.entries]
    # The home page of a source that was made of a feed alone may be none.
    named = [each for each in listings if each.named and not (each.role is Role.HOME and useful)]
    home = [each for each in listings if each.role is Role.HOME and each.state is State.MOVED]
    states = {each.state for each in named + home}
    checked = Checked(source=source, state=State.OK, listings=tuple(listings))
    newest = checked.newest
    feeds = [each for each in listings if each.role is Role.FEED and each.state is not State.DEAD]
    state = State.OK
    if State.DEAD in states or not listings:
        state = State.DEAD
    elif State.MOVED in states:
        state = State.MOVED
    elif newest < now - stale_after if newest else feeds and all(not each.entries for each in feeds):
        state = State.STALE
    return replace(checked, state=state, mend=tuple(_mends(source, state, listings, now, useful=bool(useful))))


def _mends(source: Source, state: State, listings: Sequence[Listing], now: datetime, *, useful: bool) -> Iterable[str]:
    name = shlex.quote(source.name)
    gone = [
        each for each in listings if each.named and each.state is State.DEAD and not (each.role is Role.HOME and useful)
    ]
    passing = [each for each in gone if each.passing and not _gone_long(each, now)]
    if passing:
        yield f"It may pass: ask again later with `morgue sources check {name}`."
    if state is State.DEAD and not useful:
        yield f"Nothing of it can be read. If it stays so: `morgue sources disable {name}`."
    else:
        others = [each.url for each in listings if not each.named and each.role is Role.FEED and each.entries]
        for each in gone:
            instead = f", or write {others[0]} instead" if each.role is Role.FEED and others else ""
            if each not in passing:
                yield f"In sources.toml take {each.url} out of {_KEYS[each.role]!r} of {source.name!r}{instead}."
    for each in listings:
        if each.state is State.MOVED and each.named:
            yield f"In sources.toml write {each.moved_to} instead of {each.url} in {_KEYS[each.role]!r} of {source.name!r}."
    strange = (each.most_on for each in listings if each.named and each.most_on and not is_own(each.most_on, source))
    for home in dict.fromkeys(strange):
        yield (
            f"Most of its entries are on {registered_domain(home)}, and only pages of its own site are kept: "
            f"`morgue sources add {home}` adds that one."
        )
    if state is State.STALE:
        yield f"If it has ended: `morgue sources disable {name}`."


def is_own(url: str, source: Source) -> bool:
    """Return whether an address is on the source's registered domain: only such pages are kept."""
    return registered_domain(url) == registered_domain(source.url)


def is_offline(checked: Sequence[Checked]) -> bool:
    """Return whether it is rather this machine that has no network: several sites were asked, and not one answered.

    One site alone proves nothing: it may be the one that is gone.
    """
    listings = [each for one in checked for each in one.listings]
    sites = {registered_domain(each.url) for each in listings}
    return len(sites) > 1 and not any(each.answered for each in listings)


def sites_of_entries(checked: Sequence[Checked]) -> dict[str, str]:
    """Return the feeds that mostly list pages of another registered domain than their source's: feed -> that home page."""
    return {
        each.url: each.most_on
        for one in checked
        for each in one.listings
        if each.most_on is not None and not is_own(each.most_on, one.source)
    }


def judged_anew(
    checked: Sequence[Checked], sources: Sequence[Source], now: datetime, stale_after: timedelta
) -> tuple[Checked, ...]:
    """Return what was found of these feeds, told of the sources that they belong to now."""
    found = {each.url: each for one in checked for each in one.listings}
    return tuple(
        judge(source, [found[url] for url in source.feeds if url in found], now, stale_after) for source in sources
    )


def since_when(past: Past) -> str:
    """Say since when a listing fails, as far as that is known; empty if it did not fail before."""
    if not past.failures:
        return ""
    times = f"failed in {past.failures:,} visits before" if past.failures > 1 else "failed in the visit before"
    return times if past.last_good is None else f"{times}; the last good answer was on {past.last_good:%Y-%m-%d}"


def _gone_long(listing: Listing, now: datetime) -> bool:
    past = listing.past
    if past is None or past.failures < _MANY:
        return False
    return past.last_good is None or past.last_good < now - _LONG_GONE


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
