"""A source and the file of sources, as values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from archive.errors import UrlError
from archive.urls import registered_domain, url_key

OPT_OUTS = ("record", "skip", "ignore")
ASSETS = ("none", "page")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One site, or one part of a site. Everything but name and url has a default that is right for most."""

    name: str
    url: str  # the home page
    feeds: tuple[str, ...] = ()  # absolute URLs; beside those that are found
    sitemaps: tuple[str, ...] = ()  # the same
    sections: tuple[str, ...] = ()  # the same: listings worth watching
    delay: float | None = None  # seconds between two requests; None: as robots.txt and the server's speed suggest
    include: tuple[str, ...] = ()  # regular expressions, searched in the URL; if any are given, one must match
    exclude: tuple[str, ...] = ()  # … and none of these may
    language: str | None = None  # BCP 47, of pages that do not say theirs
    # Sent with every request: a consent, a subscription. Secrets, hence in no repr, message, report or record.
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    user_agent: str | None = None  # instead of Morgue's own
    render: bool = False  # through a browser
    assets: str = "none"  # page: also the style sheets, fonts and images of each page
    selectors: Mapping[str, str] = field(default_factory=dict)  # part of the page -> CSS selector
    politeness_key: str | None = None  # sources with one key are asked one request at a time; None: registered domain
    # What a page's wish not to be kept means: record (not shown in public), skip (not extracted), ignore.
    opt_out: str = "record"
    pages_per_day: int | None = None  # of its politeness key, at most; None: 10,000
    enabled: bool = True

    def allows(self, url: str) -> bool:
        """Tell whether include and exclude let this URL pass."""
        if self.include and not any(re.search(pattern, url) for pattern in self.include):
            return False
        return not any(re.search(pattern, url) for pattern in self.exclude)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """A question that is asked again and again: words and filters, as `morgue search` takes them. No words: everything."""

    name: str
    words: str = ""
    source: str | None = None  # a source's name, or a registered domain
    language: str | None = None  # ISO 639-1
    author: str | None = None  # a part of any author's name
    kind: str | None = None  # of COPY_KINDS
    since: str | None = None  # ISO 8601, a time or a day, month or year
    until: str | None = None  # the same; its end
    all: bool = False  # every copy, not one hit per story


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a source lives: its key's host and path."""

    path: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesFile:
    """What sources.toml says. Sources in the file's order, disabled ones too."""

    contact: str | None = None  # mailto: or https:, sent in the User-Agent
    limits: Mapping[str, float] = field(
        default_factory=dict
    )  # of one exchange: body, head (bytes), connect, … (seconds)
    sources: tuple[Source, ...] = ()
    searches: tuple[SavedSearch, ...] = ()
    _hosts: dict[str, list[_Place]] = field(init=False, repr=False, compare=False, default_factory=dict)
    _domains: dict[str, list[_Place]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for source in self.sources:
            host, path = _host_and_path(source.url)
            place = _Place(path=path, source=source)
            self._hosts.setdefault(host, []).append(place)
            self._domains.setdefault(registered_domain(source.url), []).append(place)

    def by_name(self, name: str) -> Source | None:
        """Return the source of that name, or None."""
        return next((source for source in self.sources if source.name == name), None)

    def search_by_name(self, name: str) -> SavedSearch | None:
        """Return the saved search of that name, or None."""
        return next((search for search in self.searches if search.name == name), None)

    def for_url(self, url: str) -> Source | None:
        """Return the source that a URL belongs to, or None; also for a broken URL.

        Sources on the same host come first, then those on the same registered domain. Among several the one whose
        URL's path is the longest prefix of this path; where none is a prefix, the one with the shortest path (the
        site's own home), and the first of those in the file.
        """
        try:
            host, path = _host_and_path(url)
            places = self._hosts.get(host) or self._domains.get(registered_domain(url))
        except UrlError:
            return None
        if not places:
            return None
        inside = [place for place in places if _is_below(path, place.path)]
        if inside:
            return max(inside, key=lambda place: len(place.path)).source  # max keeps the first of equals
        return min(places, key=lambda place: len(place.path)).source


def name_for(url: str) -> str:
    """Return a name for a source at `url`: its host without www, and what of the path tells it from its neighbours.

    >>> name_for("https://www.paper.example/en/index.html"), name_for("http://localhost:8001/")
    ('paper.example-en', 'localhost-8001')

    Raises `UrlError`.
    """
    host, path = _host_and_path(url)
    text = re.sub(r"[^\w.]+", "-", f"{host}{path}".partition("?")[0]).strip("-.")
    return text[:80].rstrip("-.")


def _host_and_path(url: str) -> tuple[str, str]:
    host, slash, rest = url_key(url).partition("/")
    return host, slash + rest.partition("?")[0]


def _is_below(path: str, prefix: str) -> bool:
    return prefix in {"/", path} or path.startswith(prefix + "/")
