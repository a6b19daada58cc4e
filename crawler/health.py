"""The health of each source, from the frontier, the archive and the last reports."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from archive.clock import Clock
from archive.console import counted
from archive.folder import ArchiveFolder
from archive.query import open_reader
from archive.query.health import LATELY, Readings, arrivals, articles_by_source, last_read, readings
from archive.sources import Source, load_sources
from crawler.frontier import SourceStats, view
from crawler.silence import SHORTEST, WINDOW, Silence, silence, span

_LISTINGS_FAILING = 3  # in a row, of the listing that does best
_ENOUGH_PAGES = 5  # that were read without an article among them, ever: fewer may be chance
_ENOUGH_LATELY = 20  # that were read lately, to judge the share of those that gave no article
_NEARLY_ALL = 0.9  # a site that changed its pages loses all; a site of galleries and videos loses half
_SILENT_DAYS = 2  # a site whose robots.txt fails is asked for nothing; most come back within a day
_REPORT = re.compile(r"run-(\d{14})-")
_SHOWN = 3  # reasons in a sentence
_NOTHING_READ = Readings(0, 0, {}, None)


@dataclass(frozen=True, slots=True)
class Stored:
    """What archive.db says of one source."""

    articles: int = 0
    last_new: datetime | None = None  # when its newest article was first captured
    readings: Readings = _NOTHING_READ
    silence: Silence | None = None


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source. Times are ISO 8601, UTC."""

    name: str
    url: str
    enabled: bool
    last_success: str | None  # last answer with a body or "not modified"
    last_new: str | None  # when its newest article was first captured
    interval: float | None  # seconds between two visits of its busiest listing, as learned
    next_visit: str | None
    articles: int
    known: int  # addresses in the frontier
    due: int  # of them now
    kept: int
    assets: int
    failures: dict[str, int]  # reason -> addresses whose last visit ended so
    pages_read: int  # of the last fifty of the last fourteen days
    no_article: int  # of those
    no_article_reasons: dict[str, int]
    silence: dict[str, float] | None  # seconds, usual, allowed; None: nothing unusual, or too little known
    problem: str | None  # one sentence, if a person should look; it names what to type


@dataclass(frozen=True, slots=True)
class Health:
    """An archive's sources, and what waits."""

    sources: tuple[SourceHealth, ...]
    due: int
    last_run: str | None  # when the last crawl ended, or that with the newest report began

    def as_json(self) -> dict[str, object]:
        """Return it for `--json`."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """Say the whole in one line."""
        if not self.sources:
            return "No sources yet: `morgue sources add URL`."
        last = (
            f"Last crawl {self.last_run[:16].replace('T', ' ')}." if self.last_run else "No crawl yet: `morgue crawl`."
        )
        return f"{last} Due now: {counted(self.due, 'address', 'addresses')}."


def health_of(folder: ArchiveFolder, clock: Clock) -> Health:
    """Return the health of every source. Raises `SourcesError`, `DatabaseError`."""
    sources = load_sources(folder.sources).sources
    now = clock.now()
    crawled: dict[str, SourceStats] = {}
    ended: datetime | None = None
    if folder.crawl_db.exists():
        with view(folder.crawl_db) as frontier:
            crawled = frontier.by_source(now.timestamp())
            ended = frontier.last_run()
    stored = _stored(folder, [source.name for source in sources], crawled, now)
    out = []
    for source in sources:
        stats, kept = crawled.get(source.name, SourceStats()), stored.get(source.name, Stored())
        out.append(
            SourceHealth(
                name=source.name,
                url=source.url,
                enabled=source.enabled,
                last_success=_iso(stats.last_success),
                last_new=kept.last_new.isoformat() if kept.last_new else None,
                interval=stats.interval,
                next_visit=_iso(stats.next_at),
                articles=kept.articles,
                known=stats.urls,
                due=stats.due,
                kept=stats.kept,
                assets=stats.assets,
                failures=stats.reasons,
                pages_read=kept.readings.read,
                no_article=kept.readings.refused,
                no_article_reasons=kept.readings.reasons,
                silence=asdict(kept.silence) if kept.silence else None,
                problem=problem_of(source, stats, kept, now.timestamp()) if source.enabled else None,
            )
        )
    newest = max(filter(None, (ended, last_report(folder.reports))), default=None)
    return Health(tuple(out), sum(s.due for s in out), newest.isoformat() if newest else None)


def ill_before(reports: Path) -> Mapping[str, str]:
    """Return the ill sources of the newest report that names them, with what they lacked: none if there is no report."""
    for name in _newest_first(reports):
        try:
            found = json.loads((reports / name).read_bytes())["ill"]
            return {str(source): str(problem) for source, problem in found.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
    return {}


def _newest_first(reports: Path) -> Iterable[str]:
    return sorted((path.name for path in reports.glob("run-*.json")), reverse=True)


def last_report(reports: Path) -> datetime | None:
    """Return when the last run that wrote a report began, by the names of the reports; other files may lie there too."""
    for name in _newest_first(reports):
        with suppress(ValueError):
            match = _REPORT.match(name)
            return datetime.strptime(match[1] if match else "", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return None


def _stored(
    folder: ArchiveFolder, names: Iterable[str], crawled: Mapping[str, SourceStats], now: datetime
) -> dict[str, Stored]:
    if not folder.archive_db.exists():
        return {}
    found = {}
    with closing(open_reader(folder.archive_db)) as reader:
        articles = articles_by_source(reader)
        for name in names:
            count, last_new = articles.get(name, (0, None))
            read = readings(reader, name, now - LATELY if count else None)
            quiet = None
            if last_new is not None:
                asked, ingested = crawled.get(name, SourceStats()).listing_success, last_read(reader, name)
                if asked is not None and ingested is not None:
                    # What was not read yet, or not asked for (the machine was off), is no silence of the site.
                    heard = min(datetime.fromtimestamp(asked, UTC), ingested)
                    if heard - last_new > SHORTEST:
                        quiet = silence(arrivals(reader, name, last_new - WINDOW), heard)
            found[name] = Stored(count, last_new, read, quiet)
    return found


def problem_of(source: Source, stats: SourceStats, stored: Stored, now: float) -> str | None:
    """Say what a person should look at, with what to type; None if the source is well. `now`: epoch."""
    check = f"`morgue sources check {shlex.quote(source.name)}`"
    if not stats.urls:
        return None  # not asked yet
    if stats.last_success is None:
        return _never(stats, check)
    if "robots-unreachable" in stats.reasons and now - stats.last_success > _SILENT_DAYS * 86400:
        since = (_iso(stats.last_success) or "")[:10]
        return f"nothing was asked for since {since}, because its robots.txt cannot be had: {check} asks again"
    if stats.listing_failures is not None and stats.listing_failures >= _LISTINGS_FAILING:
        reasons = ", ".join(list(stats.listing_reasons or stats.reasons)[:_SHOWN])
        return f"its listings fail ({reasons}): {check} says what mends it"
    return _read_in_vain(stored) or _silent(stored.silence, check)


def _never(stats: SourceStats, check: str) -> str | None:
    """Say why a source never brought anything; None if it was not asked yet."""
    if "private-address" in stats.reasons:
        return "its address leads into this machine's own network: `morgue crawl --allow-private` if the site is yours"
    if "robots-unreachable" in stats.reasons:
        return f"its robots.txt cannot be had, so nothing may be asked for: is its address right? {check}"
    if stats.last_fetched is None:
        return "its robots.txt forbids us to ask for anything" if "robots" in stats.reasons else None
    reasons = ", ".join(list(stats.reasons)[:_SHOWN]) or "redirects only"
    return f"never answered ({reasons}): is its address right? {check}"


def _read_in_vain(stored: Stored) -> str | None:
    """Say that its pages give no articles: none at all, or hardly one of those that were read lately."""
    read = stored.readings
    enough = read.read >= _ENOUGH_LATELY and read.refused >= _NEARLY_ALL * read.read
    if not enough and (stored.articles or read.read < _ENOUGH_PAGES):
        return None
    reasons = ", ".join(f"{count} {reason}" for reason, count in list(read.reasons.items())[:_SHOWN])
    look = f": `morgue save {shlex.quote(read.example)}` looks at one" if read.example else ""
    return f"{read.refused} of the {read.read} pages read last gave no article ({reasons}){look}"


def _silent(quiet: Silence | None, check: str) -> str | None:
    if quiet is None:
        return None
    return f"no new article for {span(quiet.seconds)}; usually one every {span(quiet.usual)}: {check} asks its listings"


def _iso(epoch: float | None) -> str | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC).isoformat()
