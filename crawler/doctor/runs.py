"""What became of the last crawls, which sources need a person, and whether crawl.db can be used."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from archive.clock import Clock
from archive.console import counted
from archive.doctor.examine import Place
from archive.doctor.finding import Finding, in_two, note, ok, wrong
from archive.errors import DatabaseError, MorgueError, SchemaTooNewError, SourcesError
from archive.folder import ArchiveFolder
from crawler.frontier import view
from crawler.health import Health, health_of, last_report
from crawler.silence import span

_LAST = 3  # reports that are read
_MOST_BYTES = 32 * 2**20
_IN_ORDER = frozenset({"done", "budget", "max-pages", "signal"})  # the first word of `ended_by`
_NAMED = 3
_LONG_AGO = timedelta(days=2)
_FAILING = 0.5  # of the requests
_ENOUGH = 10  # requests, to judge their share


@dataclass(frozen=True, slots=True)
class Report:
    """What a report in reports/ says, as far as it is asked here."""

    name: str
    unreadable: str = ""
    ended_by: str = ""
    requests: int = 0
    failures: int = 0
    ingest_failed: str = ""


@dataclass(frozen=True, slots=True)
class Runs:
    """The last crawls and the state of the sources."""

    last_run: datetime | None  # when the last crawl ended
    reports: Sequence[Report] = ()  # the newest first
    health: Health | None = None
    fault: str = ""  # why the health cannot be told
    unknown: str = ""  # … where that is what another check finds: of which file


@dataclass(frozen=True, slots=True)
class Frontier:
    """What crawl.db says of itself."""

    there: bool
    fault: str = ""
    too_new: bool = False
    pending: int = 0  # steps of its schema to come


def observe(folder: ArchiveFolder, clock: Clock) -> Runs:
    """Read the last reports and each source's health."""
    reports = [read(path) for path in sorted(folder.reports.glob("run-*.json"), reverse=True)[:_LAST]]
    try:
        health = health_of(folder, clock)
    except SourcesError:
        return Runs(last_run(folder), reports, unknown="sources.toml")
    except DatabaseError:
        return Runs(last_run(folder), reports, unknown="archive.db and crawl.db")
    except (MorgueError, OSError, sqlite3.Error) as error:
        return Runs(last_run(folder), reports, fault=str(error))
    found = datetime.fromisoformat(health.last_run) if health.last_run else None
    return Runs(found, reports, health)


def last_run(folder: ArchiveFolder) -> datetime | None:
    """Return when the last crawl ended, or that with the newest report began; what cannot be read tells nothing."""
    ended = None
    if folder.crawl_db.exists():
        try:
            with view(folder.crawl_db) as frontier:
                ended = frontier.last_run()
        except DatabaseError:
            pass
    return max(filter(None, (ended, last_report(folder.reports))), default=None)


def read(path: Path) -> Report:
    """Return a report; one that cannot be read says so."""
    try:
        with path.open("rb") as file:
            told = json.loads(file.read(_MOST_BYTES))
        sources = told["sources"].values() if isinstance(told["sources"], dict) else ()
        return Report(
            path.name,
            ended_by=str(told["ended_by"]),
            requests=int(told["requests"]),
            failures=sum(_failures(source) for source in sources),
            ingest_failed=str(told.get("ingest_failed") or ""),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return Report(path.name, unreadable=f"{type(error).__name__}: {error}"[:200])


def _failures(source: object) -> int:
    failures = source.get("failures") if isinstance(source, Mapping) else None
    counts = failures.values() if isinstance(failures, Mapping) else ()
    return sum(count for count in counts if isinstance(count, int))


def look(place: Place, runs: Runs, now: datetime) -> Iterator[Finding]:
    """Check the last crawls. `now`: aware."""
    if runs.last_run is None:
        yield note("last crawl", "none yet", type=f"{place.morgue} crawl")
    else:
        ago = max(timedelta(0), now - runs.last_run)
        said = runs.reports[0].ended_by if runs.reports else ""
        what = f"{span(ago.total_seconds())} ago" + (f"; the newest report says: {said}" if said else "")
        if ago > _LONG_AGO:
            yield note("last crawl", what, "What sites published since is not kept.", type=f"{place.morgue} crawl")
        else:
            yield ok("last crawl", what)
    if runs.reports:
        yield from _newest(place, runs.reports[0])
    if runs.unknown:
        yield note("health", f"how the sources are cannot be told before {runs.unknown} can be read", do="See above.")
    elif runs.fault:
        first, rest = in_two(runs.fault)
        yield wrong("health", first, "How the sources are cannot be told.", do=rest, type=f"{place.morgue} status")
    elif runs.health is not None:
        yield from _health(place, runs.health)


def _newest(place: Place, report: Report) -> Iterator[Finding]:
    where = f"reports/{report.name}"
    if report.unreadable:
        what = f"{where} cannot be read ({report.unreadable})"
        why = "Only history is lost."
        yield note("last crawl", what, why, do="Delete it, or bring it back from a backup.")
        return
    if report.ingest_failed:
        what = f"the reading beside it was given up: {report.ingest_failed.rstrip('.')}"
        why = "Its pages lie on the shelf and cannot be searched yet."
        yield wrong("last crawl", what, why, type=f"{place.morgue} ingest")
    if report.ended_by == "disk":
        why = "What was kept is safe; nothing more is fetched before there is room."
        what = f"it ended because the disk is nearly full ({where})"
        yield wrong("last crawl", what, why, do="Make room. What fills a disk:", type="df -h .")
    elif report.ended_by.partition(" ")[0] not in _IN_ORDER:
        yield wrong(
            "last crawl",
            f"it did not end in order: {report.ended_by.rstrip('.')} ({where})",
            "What was kept up to then is safe, and the next one goes on there.",
            type=f"{place.morgue} crawl",
        )
    if report.requests >= _ENOUGH and report.failures >= _FAILING * report.requests:
        what = f"{report.failures:,} of its {report.requests:,} requests failed ({where})"
        why = "So many at once: more likely this machine's network than that many sites."
        yield wrong("last crawl", what, why, type=f"{place.morgue} doctor --network")


def _health(place: Place, health: Health) -> Iterator[Finding]:
    ill = [source for source in health.sources if source.problem]
    if not ill:
        if health.sources:
            yield ok("health", f"{counted(len(health.sources), 'source')}, none that needs a person")
        return
    named = ", ".join(source.name for source in ill[:_NAMED]) + (" …" if len(ill) > _NAMED else "")
    what = f"{counted(len(ill), 'source needs', 'sources need')} a person: {named}"
    why = f"{ill[0].name}: {ill[0].problem}".rstrip(".") + "."
    yield wrong("health", what, why, type=f"{place.morgue} status --problems")


def observe_frontier(folder: ArchiveFolder) -> Frontier:
    """Open crawl.db for reading, and look."""
    path = folder.crawl_db
    if not path.exists():
        return Frontier(there=False)
    try:
        with view(path) as frontier:
            frontier.last_run()
            return Frontier(there=True, pending=frontier.pending())
    except SchemaTooNewError as error:
        return Frontier(there=True, fault=str(error), too_new=True)
    except DatabaseError as error:
        return Frontier(there=True, fault=str(error))


def look_at_frontier(place: Place, frontier: Frontier, *, fetched: bool) -> Iterator[Finding]:
    """Check crawl.db. `fetched`: there are files of crawls."""
    if not frontier.there:
        if fetched:
            why = "Without it the next crawl asks for everything anew. It can be made again from the WARC files."
            yield wrong(
                "crawl.db", "there is none, though crawls left files", why, type=f"{place.morgue} rebuild --frontier"
            )
        else:
            yield ok("crawl.db", "none yet: the first crawl makes it")
    elif frontier.too_new:
        why = "No command of this version touches it."
        yield wrong("crawl.db", in_two(frontier.fault)[0], why, type="python3 -m pip install -U newsmorgue")
    elif frontier.fault:
        first, rest = in_two(frontier.fault)
        yield wrong("crawl.db", first, do=rest, type=f"{place.morgue} rebuild --frontier")
    elif frontier.pending:
        what = f"an older Morgue made it ({counted(frontier.pending, 'change')} to its tables to come)"
        yield note("crawl.db", what, "The next crawl makes them.", type=f"{place.morgue} crawl")
    else:
        yield ok("crawl.db", "can be read, and is of this version")
