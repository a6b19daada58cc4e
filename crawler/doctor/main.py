"""The checks of the crawler's room, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from archive.clock import Clock
from archive.doctor.database import shelf
from archive.doctor.examine import Check, Place
from archive.doctor.finding import Finding
from archive.doctor.main import at_work
from archive.warc import parse_own_name
from crawler.doctor import browser, libcurl, network, runs, schedule

_HEALTH_SECONDS = 60.0  # every address and the last pages of every source are looked at
_BROWSER_SECONDS = browser.START_SECONDS + 10


def machine_checks(place: Place | None, environ: Mapping[str, str], *, reach: bool) -> list[Check]:
    """Return what is looked at without an archive; with one, its sources say what is needed. `reach`: try the network."""
    checks = [
        Check("libcurl", libcurl.look),
        Check("Chromium", lambda: browser.look(environ, place), _BROWSER_SECONDS),
    ]
    return [*checks, Check("network", lambda: network.look(place), network.SECONDS)] if reach else checks


def archive_checks(place: Place, clock: Clock, environ: Mapping[str, str]) -> list[Check]:
    """Return what is looked at in an archive."""
    folder = place.folder

    def frontier() -> Iterator[Finding]:
        fetched = any(parse_own_name(file.name) for file in shelf(folder, anyhow=True))
        yield from runs.look_at_frontier(place, runs.observe_frontier(folder), fetched=fetched)

    def scheduled() -> Iterator[Finding]:
        yield from schedule.look(
            schedule.observe(place, environ),
            last_run=runs.last_run(folder),
            now=clock.now().astimezone(),
            crawling=at_work(folder),
            changed=_edited(place),
        )

    return [
        Check("crawl.db", frontier),
        Check("schedule", scheduled),
        Check("last crawl", lambda: runs.look(place, runs.observe(folder, clock), clock.now()), _HEALTH_SECONDS),
    ]


def _edited(place: Place) -> datetime | None:
    """Return when sources.toml was last changed: who has just made an archive has missed no crawl."""
    try:
        return datetime.fromtimestamp(place.folder.sources.stat().st_mtime, UTC)
    except OSError:
        return None
