"""From a list of feeds to sources: which source each feed belongs to, and which lines are of no use. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from archive.errors import UrlError
from archive.sources import Source, SourcesFile, name_for
from archive.urls import canonical_url, origin_of, registered_domain, url_key
from crawler.discovery.opml import Outline

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_FEED_SCHEME = re.compile(r"feed:(?://(?=https?://)|(?=https?:)|(//))", re.IGNORECASE)
_SHOWN = 200  # characters of an address


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A feed of the list, and the source that has it, or will have it."""

    line: int
    title: str
    url: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A line of the list that is of no use."""

    line: int
    title: str
    address: str  # as written, without user name and password
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a list of feeds asks for. In the list's order."""

    new: tuple[Source, ...] = ()  # sources to append
    feeds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # existing source -> feeds to add to it
    added: tuple[Taken, ...] = ()
    known: tuple[Taken, ...] = ()  # in sources.toml already
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class _Wish:
    """A feed that is not known yet. `site`: the page that the list says it is of, if it says so."""

    outline: Outline
    url: str
    site: str | None


def plan_import(outlines: Iterable[Outline], file: SourcesFile, sites: Mapping[str, str] | None = None) -> Plan:
    """Return what to write so that `file` has the feeds of the list; nothing to write if it has them all.

    A feed goes to the source that its site belongs to (`SourcesFile.for_url`), else to a new one named after the
    site's host. The site is what the list calls the feed's page; where it names none, the feed's own host, or the one
    site of the list with the same registered domain. `sites`: feed -> home page of the site that its entries are on, where
    somebody looked: that holds before what the list says, because a source keeps pages of its own domain alone.
    """
    known = {_key(url): source.name for source in file.sources for url in source.feeds}
    lines: dict[str, int] = {}
    wishes: list[_Wish] = []
    had: list[Taken] = []
    skipped: list[Skipped] = []
    for outline in outlines:
        url, why = _feed_url(outline)
        key = _key(url) if url else ""
        if key in lines:
            why = f"the same feed as in line {lines[key]}"
        if url is None or why is not None:
            shown = _shown(outline.xml_url or "")
            skipped.append(Skipped(line=outline.line, title=outline.title, address=shown, why=why or ""))
            continue
        lines[key] = outline.line
        if key in known:
            had.append(Taken(line=outline.line, title=outline.title, url=url, source=known[key]))
        else:
            wishes.append(_Wish(outline, url, (sites or {}).get(url) or _web_address(outline.html_url)))
    new, feeds, added = _Homes(file).settle(wishes)
    return Plan(new=new, feeds=feeds, added=added, known=tuple(had), skipped=tuple(skipped))


class _Homes:
    """Finds a source for each feed, and makes those that are missing."""

    def __init__(self, file: SourcesFile) -> None:
        self._file = file
        self._names = {source.name for source in file.sources}
        self._made: dict[str, tuple[str, str]] = {}  # host -> name and home page of a new source
        self._domains: dict[str, str] = {}  # registered domain -> name of the first new source whose site was named

    def settle(self, wishes: list[_Wish]) -> tuple[tuple[Source, ...], dict[str, tuple[str, ...]], tuple[Taken, ...]]:
        """Return new sources with their feeds, the feeds of existing ones, and where each feed went."""
        # Those whose site is named come first: feeds.paper.example is then a feed of paper.example, wherever it stands.
        order = sorted(range(len(wishes)), key=lambda at: wishes[at].site is None)
        names = {at: self._home(wishes[at]) for at in order}
        feeds: dict[str, tuple[str, ...]] = {}
        for at, wish in enumerate(wishes):
            feeds[names[at]] = (*feeds.get(names[at], ()), wish.url)
        made = dict(self._made.values())
        new = tuple(Source(name=name, url=made[name], feeds=urls) for name, urls in feeds.items() if name in made)
        old = {name: urls for name, urls in feeds.items() if name not in made}
        added = tuple(
            Taken(line=wish.outline.line, title=wish.outline.title, url=wish.url, source=names[at])
            for at, wish in enumerate(wishes)
        )
        return new, old, added

    def _home(self, wish: _Wish) -> str:
        page = wish.site or wish.url
        if (existing := self._file.for_url(page)) is not None:
            return existing.name
        home = origin_of(page) + "/"
        host = url_key(home).partition("/")[0]
        if host in self._made:
            return self._made[host][0]
        domain = registered_domain(home)
        if wish.site is None and domain in self._domains:
            return self._domains[domain]
        name = self._free_name(name_for(home) or "source")
        self._names.add(name)
        self._made[host] = (name, home)
        if wish.site is not None:
            self._domains.setdefault(domain, name)
        return name

    def _free_name(self, name: str) -> str:
        if name not in self._names:
            return name
        number = 2
        while f"{name}-{number}" in self._names:
            number += 1
        return f"{name}-{number}"


def as_listed(file: SourcesFile, plan: Plan) -> tuple[Source, ...]:
    """Return the sources that have the list's feeds, each with these feeds and no other listing: what to look at."""
    sources = {source.name: source for source in (*file.sources, *plan.new)}
    feeds: dict[str, tuple[str, ...]] = {}
    for taken in sorted((*plan.added, *plan.known), key=lambda taken: taken.line):
        feeds[taken.source] = (*feeds.get(taken.source, ()), taken.url)
    return tuple(replace(sources[name], feeds=urls, sitemaps=(), sections=()) for name, urls in feeds.items())


def _feed_url(outline: Outline) -> tuple[str | None, str | None]:
    """Return the feed's address, or None and why there is none."""
    if outline.commented:
        return None, "the list has it commented out (isComment)"
    written = (outline.xml_url or "").strip()
    if not written:
        return None, "it names no feed (no xmlUrl)"
    # feed://paper.example/rss and feed:https://paper.example/rss: how browsers once handed feeds to readers
    text = _FEED_SCHEME.sub(lambda match: "http://" if match[1] else "", written, count=1)
    if text.startswith("//"):
        text = "https:" + text
    scheme = _SCHEME.match(text)
    if scheme is None:
        return None, "it is a relative address, and the list does not say of what"
    if scheme[1].lower() not in {"http", "https"}:
        return None, f"{scheme[1].lower()[:20]}: is no web address; only http and https are fetched"
    try:
        return canonical_url(text), None
    except UrlError as error:
        return None, error.why


def _web_address(url: str | None) -> str | None:
    try:
        return canonical_url(url) if url else None
    except UrlError:
        return None


def _key(url: str) -> str:
    """Return what makes two feeds one; of an address in sources.toml too, which may be anything that can be read."""
    try:
        return url_key(url)
    except UrlError:
        return url


def _shown(address: str) -> str:
    """Return an address for a message: a password must not get into a log."""
    before, at, after = address.rpartition("@")
    return (("…@" + after) if at and before else address)[:_SHOWN]
