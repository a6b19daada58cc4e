"""What a view is given, and what it gives back. Values; nothing here asks or answers anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from archive.query import Reader
from archive.sources import SavedSearch
from archive.web.links import Query

T = TypeVar("T")
Rows = tuple[Sequence[str], Iterable[Sequence[object]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question of a browser."""

    path: str  # as sent, without a format's ending
    format: str  # html, json, csv, atom
    query: Query = ()
    base: str = ""  # scheme and host as the browser named them; "" where that is nothing to repeat

    def get(self, name: str) -> str | None:
        """Return the last value of a field without white space around it; None if it is empty or not there."""
        found = [value.strip() for key, value in self.query if key == name]
        return found[-1] or None if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a view works with: a reader of archive.db, what may be shown, the time, and what was counted lately."""

    reader: Reader
    public: bool
    now: datetime  # aware, UTC
    remember: Callable[[str, Callable[[Reader], object]], object]
    find: Callable[[str], Path] | None = None  # where a WARC file lies; None: archived pages are not shown
    searches: Callable[[], Sequence[SavedSearch]] | None = None  # of sources.toml; None: saved searches are not shown

    @property
    def opted_out(self) -> bool:
        """Tell whether articles may be shown whose site asks to be left out."""
        return not self.public

    def lately(self, name: str, kind: type[T], count: Callable[[Reader], T]) -> T:
        """Return what `count` gives, or gave a while ago; it gets a reader of its own."""
        found = self.remember(name, count)
        assert isinstance(found, kind)  # noqa: S101 - one name, one kind
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An entry of a feed. Texts are strangers'."""

    name: str  # what makes its id; never changes
    title: str
    path: str
    updated: str  # ISO 8601 with zone
    published: str | None = None  # the same
    summary: str = ""
    authors: tuple[str, ...] = ()
    via: str | None = None  # the live address
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """A list as Atom."""

    name: str
    title: str
    items: Sequence[Item]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer in each form that it may be asked for; only the one that is wanted is made."""

    template: str
    title: str
    values: Mapping[str, object] = field(default_factory=dict)  # for the template
    data: Callable[[], object]
    rows: Callable[[], Rows] | None = None  # None: it is no list
    feed: Callable[[], Feed] | None = None

    @property
    def formats(self) -> tuple[str, ...]:
        """Return the forms that it has besides HTML."""
        return ("json", *(["csv"] if self.rows else []), *(["atom"] if self.feed else []))


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """A publisher's own document, made harmless: served in a sandbox, under a policy that lets it reach nothing else."""

    body: bytes
    content_type: str
    font: bool = False  # a sandboxed page may take fonts of another origin only if that says so


@dataclass(frozen=True, slots=True)
class Redirect:
    """The page has another address."""

    to: str


class Problem(Exception):  # noqa: N818 - what a reader meets is no error of ours
    """A page that says why there is no other: what, why, what to do next."""

    def __init__(self, status: int, title: str, words: str, hint: str = "") -> None:
        self.status = status
        self.title = title
        self.words = words
        self.hint = hint
        super().__init__(words)
