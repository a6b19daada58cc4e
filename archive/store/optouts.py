"""Opt-outs in archive.db: the signals of each capture, what robots.txt files say of use, and what holds for each article.

The rows of `opt_outs` depend on the captures that are placed and their signals, not on the order in which they came.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from archive.errors import UrlError
from archive.model import Signal, Snapshot
from archive.optout import Kind, Sighting, UseRule, of_headers, of_robots, standing
from archive.store.rows import clean, instant, stamp
from archive.urls import origin_of

OPTED_OUT = "opted-out"  # the reason of a page that sources.toml says to skip
_NOT_MODIFIED = 304
_SIGHTS = (
    "SELECT c.pk, c.record_type, c.status, c.url_key = a.url_key, c.truncated IS NULL, e.status = 'article' OR e.reason = :skip"
    " FROM captures c JOIN articles a ON a.pk = :article LEFT JOIN extractions e ON e.pk = c.extraction WHERE c.pk IN"
    " (SELECT pk FROM captures WHERE article = :article"
    " UNION SELECT k.pk FROM captures k JOIN extractions x ON x.pk = k.extraction AND x.reason = :skip"
    " WHERE k.url_key IN"
    " (SELECT url_key FROM articles WHERE pk = :article UNION SELECT key FROM aliases WHERE article = :article))"
    " ORDER BY c.captured_at DESC, c.url_key DESC, ifnull(c.payload_digest, '') DESC, c.url DESC, c.record_type DESC"
)
# When the next robots.txt of an origin was read that tells of its rules, and when the next that told something new.
_FOLLOWING = (
    "SELECT (SELECT min(captured_at) FROM captures WHERE url = :origin || '/robots.txt' AND captured_at > :at"
    " AND record_type = 'response' AND truncated IS NULL AND (status BETWEEN 200 AND 299 OR status BETWEEN 400 AND 499"
    " AND status <> 429)), (SELECT min(captured_at) FROM robots_uses WHERE origin = :origin AND captured_at > :at)"
)
_PLACED = (
    "SELECT c.article, CASE WHEN e.reason = ? THEN (SELECT pk FROM articles WHERE url_key = c.url_key"
    " UNION ALL SELECT article FROM aliases WHERE key = c.url_key LIMIT 1) END"
    " FROM captures c LEFT JOIN extractions e ON e.pk = c.extraction WHERE c.pk = ?"
)


class OptOutRows:
    """Reads and writes what sites ask. Writes within the caller's transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._with_rules: set[str] | None = None  # origins that have, or had, rules of use

    def forget_cached(self) -> None:
        """Forget what a rolled back transaction may have taken back."""
        self._with_rules = None

    # signals of captures

    def add_capture(self, capture: int, snapshot: Snapshot) -> None:
        """Keep what a new capture's headers ask, and what the robots.txt of its time says of it."""
        self._add(capture, (*of_headers(snapshot.headers), *self.by_robots(snapshot.url, snapshot.captured_at)))

    def set_markup(self, capture: int, signals: Iterable[Signal]) -> None:
        """Keep what a capture's markup asks, in the place of what an earlier reading found."""
        self._conn.execute(
            "DELETE FROM opt_out_signals WHERE capture = ? AND via >= 'meta:' AND via < 'meta;'", (capture,)
        )
        self._add(capture, signals)

    def _add(self, capture: int, signals: Iterable[Signal]) -> None:
        for one in signals:
            self._conn.execute(
                "INSERT INTO opt_out_signals (capture, via, name, value, opts_out, starts_at) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (capture, one.via, one.name, clean(one.value), int(one.opts_out), one.starts_at),
            )

    # robots.txt

    def by_robots(self, url: str, at: datetime) -> tuple[Signal, ...]:
        """Return what the robots.txt that held at a time says of the use of a page."""
        known = self._origins()
        origin = _origin(url) if known else None
        if origin is None or origin not in known or url.endswith("/robots.txt"):
            return ()
        return of_robots(self._in_force(origin, stamp(at)), url)

    def add_robots(self, url: str, at: datetime, rules: tuple[UseRule, ...]) -> None:
        """Keep what a robots.txt says of use, where that is new; captures after it that are there already are told anew."""
        origin = _origin(url)
        if origin is None or (not rules and origin not in self._origins()):
            return
        when = stamp(at)
        before = self._in_force(origin, when)
        if rules == before:
            return
        self._put_rules(origin, when, rules)
        following, stored = self._conn.execute(_FOLLOWING, {"origin": origin, "at": when}).fetchone()
        if following is not None and (stored is None or following < stored):  # it told nothing new when it was read
            self._put_rules(origin, following, before)
        elif stored is not None and self._in_force(origin, stored) == rules:
            self._conn.execute("DELETE FROM robots_uses WHERE origin = ? AND captured_at = ?", (origin, stored))
        later = self._conn.execute(
            "SELECT pk, url, captured_at, article FROM captures WHERE url >= ? AND url < ? AND captured_at >= ?",
            (origin + "/", origin + "0", when),
        ).fetchall()
        for pk, asked, captured_at, article in later:
            self._conn.execute("DELETE FROM opt_out_signals WHERE capture = ? AND via >= 'robots.txt:'", (pk,))
            self._add(pk, self.by_robots(asked, instant(captured_at)))
            if article is not None:
                self.settle(article)

    def _in_force(self, origin: str, at: str) -> tuple[UseRule, ...]:
        row = self._conn.execute(
            "SELECT rules FROM robots_uses WHERE origin = ? AND captured_at <= ? ORDER BY captured_at DESC LIMIT 1",
            (origin, at),
        ).fetchone()
        return () if row is None else tuple(UseRule(*rule) for rule in json.loads(row[0]))

    def _put_rules(self, origin: str, at: str, rules: tuple[UseRule, ...]) -> None:
        self._conn.execute(
            "INSERT INTO robots_uses (origin, captured_at, rules) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET rules = excluded.rules",
            (origin, at, json.dumps([[clean(text) for text in rule] for rule in rules], ensure_ascii=False)),
        )
        self._origins().add(origin)

    def _origins(self) -> set[str]:
        if self._with_rules is None:
            self._with_rules = {row[0] for row in self._conn.execute("SELECT DISTINCT origin FROM robots_uses")}
        return self._with_rules

    # articles

    def ignore(self, sources: Collection[str]) -> None:
        """Note whose opt-outs sources.toml says to ignore. It holds at once."""
        self._conn.execute("DELETE FROM opt_outs_ignored")
        self._conn.executemany(
            "INSERT INTO opt_outs_ignored (source) VALUES (?)", [(name,) for name in sorted(sources)]
        )

    def follow(self, capture: int, *, before: int | None) -> None:
        """Settle what the placing of a capture may have changed. `before`: the article that it showed until then."""
        now, skipped = self._conn.execute(_PLACED, (OPTED_OUT, capture)).fetchone()
        concerned = {skipped} if before == now else {skipped, before}
        if now is not None and self._concerns(capture, now):
            concerned.add(now)
        for article in concerned - {None}:
            self.settle(article)

    def _concerns(self, capture: int, article: int) -> bool:
        """Say whether there is anything to settle: most captures ask nothing, and most articles are free."""
        found = self._conn.execute(
            "SELECT EXISTS (SELECT 1 FROM opt_out_signals WHERE capture = ?) OR EXISTS"
            " (SELECT 1 FROM opt_outs WHERE article = ?)",
            (capture, article),
        )
        return bool(found.fetchone()[0])

    def settle(self, article: int) -> None:
        """Write what holds for an article now."""
        rows = self._conn.execute(_SIGHTS, {"article": article, "skip": OPTED_OUT}).fetchall()
        held = standing([self._sighting(row) for row in rows if row[5] or _is_again(row)])
        if held is None:
            self._conn.execute("DELETE FROM opt_outs WHERE article = ?", (article,))
            return
        told = [{"name": one.name, "via": one.via, "value": one.value} for one in held.signals]
        self._conn.execute(
            "INSERT INTO opt_outs (article, capture, from_at, signals) VALUES (?, ?, ?, ?) ON CONFLICT (article)"
            " DO UPDATE SET capture = excluded.capture, from_at = excluded.from_at, signals = excluded.signals",
            (article, held.capture, held.from_at, json.dumps(told, ensure_ascii=False)),
        )

    def _sighting(self, row: tuple[Any, ...]) -> Sighting:
        pk, _, status, own, whole, shows = row
        kind = Kind.PAGE if shows else Kind.NOTHING if status in (None, _NOT_MODIFIED) else Kind.HEADERS
        signals = self._conn.execute(
            "SELECT name, via, value, opts_out, starts_at FROM opt_out_signals WHERE capture = ?", (pk,)
        )
        return Sighting(
            capture=pk,
            kind=kind,
            own=bool(own),
            whole=bool(whole),
            signals=tuple(
                Signal(name=name, via=via, value=value, opts_out=bool(opts_out), starts_at=starts_at)
                for name, via, value, opts_out, starts_at in signals
            ),
        )


def _is_again(row: tuple[Any, ...]) -> bool:
    return bool(row[1] == "revisit" or row[2] == _NOT_MODIFIED)


def _origin(url: str) -> str | None:
    with suppress(UrlError):
        return origin_of(url)
    return None
