"""Looking at crawl.db without touching it: for `status`, and for what became of a page, while a crawl may be running."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from archive.errors import DatabaseError
from archive.model import Role
from archive.urls import url_key
from crawler.frontier.identity import identity
from crawler.frontier.records import UrlState
from crawler.frontier.schema import DONE, READY, WAITING, refuse_newer, steps_missing, unusable

_STATE_COLUMNS = "url, role, status, reason, captured_at, next_at, fetches, failures"
_LISTING = "u.role IN ('feed', 'sitemap', 'home', 'section')"
# What "success" means: the last visit brought something or said "not modified". robots.txt does not count: most answers
# there are 404s, and a site that answers nothing else is not a source that works.
_GOOD = "u.reason IS NULL AND (u.status < 300 OR u.status = 304)"
_BY_SOURCE = f"""
    SELECT q.source,
        count(*),
        sum(u.state = {READY} OR (u.state = {WAITING} AND u.next_at <= :now)),
        sum(u.captured_at IS NOT NULL),
        sum(u.captured_at IS NOT NULL AND u.role = 'page'),
        max(u.last_fetched),
        max(CASE WHEN {_GOOD} THEN u.last_fetched END),
        min(CASE WHEN u.state <> {DONE} THEN u.next_at END),
        min(CASE WHEN {_LISTING} AND u.fetches > 0 THEN u.failures END),
        max(CASE WHEN {_LISTING} AND {_GOOD} THEN u.last_fetched END),
        min(CASE WHEN {_LISTING} AND {_GOOD} AND u.state <> {DONE} THEN u.interval END)
    FROM urls u JOIN queues q ON q.id = u.queue WHERE u.role NOT IN ('robots', 'asset') GROUP BY q.source
"""  # noqa: S608 - constants
# Of robots.txt only what no later answer explains: that its address may not be asked at all.
_REASONS = f"""
    SELECT q.source, u.reason, {_LISTING}, count(*) FROM urls u JOIN queues q ON q.id = u.queue
    WHERE u.reason IS NOT NULL AND (u.role NOT IN ('robots', 'asset') OR (u.role = 'robots' AND u.reason = 'private-address'))
    GROUP BY 1, 2, 3 ORDER BY 4 DESC, 2
"""  # noqa: S608 - constants
_ASSETS = """
    SELECT q.source, sum(u.captured_at IS NOT NULL) FROM urls u JOIN queues q ON q.id = u.queue
    WHERE u.role = 'asset' GROUP BY q.source
"""


@dataclass(slots=True)
class SourceStats:
    """One source in the frontier. Times are epochs of the archive's clock."""

    urls: int = 0
    due: int = 0
    kept: int = 0  # addresses with a whole body on the shelf
    kept_pages: int = 0  # … that are no listings
    last_fetched: float | None = None
    last_success: float | None = None
    next_at: float | None = None
    listing_failures: int | None = None  # failures in a row of the listing that does best
    listing_success: float | None = None
    interval: float | None = None  # seconds between two visits of its busiest listing, as learned
    reasons: dict[str, int] = field(default_factory=dict)  # of all addresses, the commonest first
    listing_reasons: dict[str, int] = field(default_factory=dict)  # of its listings
    assets: int = 0  # kept style sheets, fonts and images of its pages; no part of any other number here


def state_of(conn: sqlite3.Connection, digest: bytes) -> UrlState | None:
    """Return the state of the URL whose identity is `digest`."""
    row = conn.execute(f"SELECT {_STATE_COLUMNS} FROM urls WHERE hash = ?", (digest,)).fetchone()  # noqa: S608 - constants
    if row is None:
        return None
    return UrlState(
        url=row[0],
        role=Role(row[1]),
        status=row[2],
        reason=row[3],
        kept=row[4] is not None,
        next_at=row[5],
        fetches=row[6],
        failures=row[7],
    )


class FrontierView:
    """A crawl.db opened for reading."""

    def __init__(self, path: Path, conn: sqlite3.Connection) -> None:
        self._path = path
        self._conn = conn

    def look_up(self, url: str, role: Role = Role.PAGE) -> UrlState | None:
        """Return what is known of a URL, in any of its spellings; None if nothing is. Raises `UrlError`."""
        return state_of(self._conn, identity(url, role, url_key))

    def by_source(self, now: float) -> dict[str, SourceStats]:
        """Return every source in numbers. `now`: epoch of the archive's clock. Reads every row."""
        try:
            found = {row[0]: SourceStats(*row[1:]) for row in self._conn.execute(_BY_SOURCE, {"now": now})}
            for source, reason, listing, count in self._conn.execute(_REASONS):
                if (stats := found.get(source)) is None:
                    continue  # its robots.txt alone is known
                stats.reasons[reason] = stats.reasons.get(reason, 0) + count
                if listing:
                    stats.listing_reasons[reason] = count
            for source, count in self._conn.execute(_ASSETS):
                if source in found:
                    found[source].assets = count
        except sqlite3.Error as error:
            raise unusable(self._path, error) from error
        return found

    def last_run(self) -> datetime | None:
        """Return when the last crawl ended, aware, UTC; also one that had nothing to do. None if none ended in order."""
        try:
            row = self._conn.execute("SELECT value FROM meta WHERE name = 'now'").fetchone()
            return None if row is None else datetime.fromtimestamp(float(row[0]), UTC)
        except (ValueError, OverflowError):
            return None
        except sqlite3.Error as error:
            raise unusable(self._path, error) from error

    def pending(self) -> int:
        """Return how many steps of its schema the next crawl will make: 0 unless an older Morgue made it."""
        return steps_missing(self._conn, self._path)


@contextmanager
def view(path: Path) -> Iterator[FrontierView]:
    """Open `path` for reading. Raises `DatabaseError` if it is missing, damaged or of a newer Morgue."""
    if not path.exists():
        raise DatabaseError(f"there is no {path} yet: nothing was crawled. `morgue crawl` makes it.")
    try:
        conn = sqlite3.connect(f"file:{quote(os.fsencode(path.absolute()))}?mode=ro", uri=True, timeout=10)
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    try:
        refuse_newer(conn, path)
        yield FrontierView(path, conn)
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    finally:
        conn.close()
