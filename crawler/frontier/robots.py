"""The robots.txt files that are known, and what they say of a URL now."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from dataclasses import dataclass
from http import HTTPStatus

from crawler.politeness import (
    ALLOW_ALL,
    MAX_ROBOTS_BYTES,
    MAX_ROBOTS_HOPS,
    Rules,
    Verdict,
    robots_fresh_for,
    rules,
)

_CACHE_BYTES = 8 * 2**20  # of robots.txt text; parsed it takes a few times as much
_ENTRY_BYTES = 500  # what an entry costs beside its text


@dataclass(frozen=True, slots=True)
class _Entry:
    fetched_at: float
    expires: float
    status: int | None
    failures: int
    moved_to: str | None
    rules: Rules
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to do with a URL: go, leave it until a time for a reason, or ask for a robots.txt first."""

    reason: str | None = None  # "robots" or "robots-unreachable"
    until: float | None = None  # epoch of the archive's clock, with `reason`
    ask: str | None = None  # URL of the robots.txt that must be fetched first
    delay: float = 0.0  # Crawl-delay


class RobotsBook:
    """robots.txt by URL; each may send us on to another, whose rules then hold (RFC 9309 section 2.3.1.2)."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._cache: OrderedDict[str, _Entry] = OrderedDict()
        self._bytes = 0

    def advice(self, origin: str, url: str, now: float) -> Advice:
        """Return what the robots.txt of `origin` says of `url`; `now`: epoch of the archive's clock."""
        asked = f"{origin}/robots.txt"
        for _ in range(MAX_ROBOTS_HOPS + 1):
            entry = self._get(asked)
            # An answer from the future is one from before the clock was set back: ask again.
            if entry is None or not entry.fetched_at <= now < entry.expires:
                return Advice(ask=asked)
            if entry.moved_to is None:
                return _judge(entry, url, now)
            asked = entry.moved_to
        return Advice()  # more than five redirects: as if there were none

    def has_body(self, url: str) -> bool:
        """Return whether the text of this robots.txt is here, so that a "not modified" would do."""
        entry = self._get(url)
        return entry is not None and entry.rules.verdict is Verdict.RULES and entry.moved_to is None

    def rules_for(self, url: str) -> Rules | None:
        """Return the rules last read from this robots.txt, fresh or not."""
        entry = self._get(url)
        return None if entry is None else entry.rules

    def store(self, url: str, *, status: int | None, body: bytes, moved_to: str | None, now: float) -> Rules:
        """Keep an answer (inside a transaction of the caller's) and return its rules."""
        before = self._get(url)
        if status == HTTPStatus.NOT_MODIFIED and before is not None:
            status, moved_to = before.status, before.moved_to
            row = self._conn.execute("SELECT body FROM robots WHERE url = ?", (url,)).fetchone()
            body = row[0] if row else b""
        read = ALLOW_ALL if moved_to else rules(status, body)
        failed = moved_to is None and read.verdict is Verdict.DISALLOW_ALL
        failures = (before.failures if before else 0) + 1 if failed else 0
        # 304 without a text of ours, or a text that cannot be parsed: ask again soon.
        fresh = robots_fresh_for(None if failed else 200, failures)
        kept = body[: MAX_ROBOTS_BYTES + 1] if read.verdict is Verdict.RULES else b""
        self._conn.execute(
            "INSERT OR REPLACE INTO robots(url, fetched_at, expires, status, failures, moved_to, body)"
            " VALUES(?,?,?,?,?,?,?)",
            (url, now, now + fresh, status, failures, moved_to, kept),
        )
        self._put(url, _Entry(now, now + fresh, status, failures, moved_to, read, len(kept) + _ENTRY_BYTES))
        return read

    def forget_cache(self) -> None:
        """Read everything from the disk again (after a transaction that failed)."""
        self._cache.clear()
        self._bytes = 0

    def _get(self, url: str) -> _Entry | None:
        entry = self._cache.get(url)
        if entry is not None:
            self._cache.move_to_end(url)
            return entry
        row = self._conn.execute(
            "SELECT fetched_at, expires, status, failures, moved_to, body FROM robots WHERE url = ?", (url,)
        ).fetchone()
        if row is None:
            return None
        fetched_at, expires, status, failures, moved_to, body = row
        read = ALLOW_ALL if moved_to else rules(status, body)
        entry = _Entry(fetched_at, expires, status, failures, moved_to, read, len(body) + _ENTRY_BYTES)
        self._put(url, entry)
        return entry

    def _put(self, url: str, entry: _Entry) -> None:
        old = self._cache.pop(url, None)
        self._bytes += entry.size - (old.size if old else 0)
        self._cache[url] = entry
        while self._bytes > _CACHE_BYTES and len(self._cache) > 1:
            _, dropped = self._cache.popitem(last=False)
            self._bytes -= dropped.size


def _judge(entry: _Entry, url: str, now: float) -> Advice:
    if entry.rules.verdict is Verdict.DISALLOW_ALL:
        return Advice(reason="robots-unreachable", until=entry.expires)
    if not entry.rules.allowed(url):
        return Advice(reason="robots", until=now + 86400.0)
    return Advice(delay=entry.rules.delay or 0.0)
