"""What became of a page that was asked for by name."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass

from archive.errors import DatabaseError, QueryError
from archive.folder import ArchiveFolder
from archive.model import Role
from archive.query import last_capture, open_reader, redirected_to, show
from archive.urls import canonical_url, origin_of
from crawler.frontier import UrlState, view

_WHY = {
    "robots": "robots.txt disallows it",
    "dns": "its name could not be resolved: check how it is spelt",
    "refused": "nothing answers at its address",
    "timeout": "it did not answer in time",
    "tls": "its certificate could not be verified",
    "private-address": "it leads to a private address; --allow-private is for your own machines",
    "robots-unreachable": "its site's robots.txt could not be had, and without one nothing may be asked for",
    "too-large": "it is larger than the limit; what came up to there is kept, marked as cut",
    "disconnect": "the connection broke off; what came up to there is kept, marked as cut",
    "undecodable": "what came cannot be decoded; it is kept as it was sent, and asked for again",
    "empty": "it has no content; it is asked for again",
    "redirect-loop": "it redirects to itself, as sites do that want a cookie first",
    "too-many-redirects": "it redirects without an end",
    "status-404": "there is no such page (404)",
    "status-410": "it is gone (410)",
    "status-401": "it is only for those who log in (401)",
    "status-403": "the server refuses us (403)",
    "status-429": "the server asks us to come back later (429)",
    "status-503": "the server asks us to come back later (503)",
}
_EMPTY = {
    "empty": "it has no content",
    "too-large": _WHY["too-large"],
    "error-page": "it says that there is nothing here",
    "no-text": "it has no readable text",
    "too-short": "it has too little text",
    "not-html": "it is not HTML",
    "front-page": "it is a front page",
    "listing": "it is a list of links",
    "video": "it is a video with a caption",
    "consent": "it asks for consent first",
    "opted-out": "its site asks not to be kept, and sources.toml says to skip such pages",
    "feed": "it is a feed or sitemap",
}
_MAX_HOPS = 20
_REDIRECT = range(300, 400)


@dataclass(frozen=True, slots=True)
class Saved:
    """One page that was asked for."""

    url: str
    article: str | None  # public id
    title: str | None
    status: int | None
    reason: str | None
    sentence: str

    def as_json(self) -> dict[str, object]:
        """Return it for `--json`."""
        return asdict(self)


def what_became(folder: ArchiveFolder, url: str) -> Saved:
    """Look a page up in the archive and in the frontier. Raises `UrlError`, `DatabaseError`."""
    state, reason = _asked(folder, url)
    status = state.status if state else None
    try:
        with closing(open_reader(folder.archive_db)) as reader:
            end = _followed(reader, state.url if state else canonical_url(url)) if status in _REDIRECT else None
            if end is not None:
                state, reason = _asked(folder, end)
            return _told(reader, url, state, reason, leads=end)
    except DatabaseError as error:
        return Saved(url, None, None, status, reason, str(error))


def _asked(folder: ArchiveFolder, url: str) -> tuple[UrlState | None, str | None]:
    """Return what the frontier knows of a URL, and why its last visit failed: what failed its robots.txt failed it."""
    with view(folder.crawl_db) as frontier:
        state = frontier.look_up(url)
        if state is None or state.reason != "robots-unreachable":
            return state, state.reason if state else None
        robots = frontier.look_up(f"{origin_of(state.url)}/robots.txt", Role.ROBOTS)
        why = robots.reason if robots is not None and robots.reason in _WHY else None
        return state, why if why is not None and not why.startswith("status-") else state.reason


def _followed(reader: sqlite3.Connection, url: str) -> str | None:
    """Return where redirects led in the end; None if they are not read yet or go round in circles."""
    seen = [url]
    while (target := redirected_to(reader, seen[-1])) is not None and len(seen) < _MAX_HOPS:
        if target in seen:
            return None
        seen.append(target)
    return seen[-1] if len(seen) > 1 else None


def _told(
    reader: sqlite3.Connection, url: str, state: UrlState | None, reason: str | None, *, leads: str | None
) -> Saved:
    status = state.status if state else None
    where = f"It leads to {leads}. " if leads else ""
    why = None if reason is None else _WHY.get(reason, reason)
    asked = leads or (state.url if state else url)
    try:
        article = show(reader, asked).article
    except QueryError:
        last = last_capture(reader, asked)
    else:
        name, title = str(article["id"]), str(article["title"] or "(no title)")
        note = f" Note: {why}." if why else ""
        return Saved(url, name, title, status, reason, f"{where}{title} ({name}). `morgue show {name}` reads it.{note}")
    if why is not None:
        sentence = f"No article: {why}."
    elif status is None:
        sentence = "It was not asked for: the run ended before its turn."
    elif status in _REDIRECT:
        sentence = "Kept, but no article: it leads to itself, or to an address that is not followed."
    elif last is None:
        sentence = "Kept, but not read yet: `morgue ingest` reads it."
    else:
        reason = last.reason
        sentence = f"Kept, but no article was found on it: {_EMPTY.get(reason or '', reason or 'no reason given')}."
    return Saved(url, None, None, status, reason, where + sentence)
