"""The health of each source, from the frontier, the archive and the last reports."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from archive.clock import Clock
from archive.errors import DatabaseError
from archive.folder import ArchiveFolder
from archive.query import open_reader
from archive.query.reader import answering
from archive.sources import load_sources
from crawler.frontier import SourceStats, view

_LISTINGS_FAILING = 3  # in a row, of the listing that does best
_ENOUGH_PAGES = 5  # that were read without an article among them: fewer may be chance
_SILENT_DAYS = 2  # a site whose robots.txt fails is asked for nothing; most come back within a day
_REPORT = re.compile(r"run-(\d{14})-")


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source. Times are ISO 8601, UTC."""

    name: str
    url: str
    enabled: bool
    last_success: str | None  # last answer with a body or "not modified"
    last_new: str | None  # when its newest article was first captured
    next_visit: str | None
    articles: int
    known: int  # addresses in the frontier
    due: int  # of them now
    kept: int
    failures: dict[str, int]  # reason -> addresses whose last visit ended so
    problem: str | None  # one sentence, if a person should look


@dataclass(frozen=True, slots=True)
class Health:
    """An archive's sources, and what waits."""

    sources: tuple[SourceHealth, ...]
    due: int
    last_run: str | None

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
        return f"{last} {self.due:,} addresses are due now."


def health_of(folder: ArchiveFolder, clock: Clock) -> Health:
    """Return the health of every source. Raises `SourcesError`, `DatabaseError`."""
    sources = load_sources(folder.sources)
    now = clock.now()
    crawled: dict[str, SourceStats] = {}
    if folder.crawl_db.exists():
        with view(folder.crawl_db) as frontier:
            crawled = frontier.by_source(now.timestamp())
    articles = _articles(folder)
    barren = _barren(folder, [n for n, s in crawled.items() if s.kept_pages >= _ENOUGH_PAGES and n not in articles])
    out = []
    for source in sources.sources:
        stats = crawled.get(source.name, SourceStats())
        count, last_new = articles.get(source.name, (0, None))
        out.append(
            SourceHealth(
                name=source.name,
                url=source.url,
                enabled=source.enabled,
                last_success=_iso(stats.last_success),
                last_new=last_new,
                next_visit=_iso(stats.next_at),
                articles=count,
                known=stats.urls,
                due=stats.due,
                kept=stats.kept,
                failures=stats.reasons,
                problem=_problem(stats, now.timestamp(), barren=source.name in barren) if source.enabled else None,
            )
        )
    return Health(tuple(out), sum(s.due for s in out), _last_run(folder.reports))


def ill_before(reports: Path) -> Mapping[str, str]:
    """Return the ill sources of the newest report that names them, with what they lacked: none if there is no report."""
    for path in sorted(reports.glob("run-*.json"), reverse=True):
        try:
            found = json.loads(path.read_bytes())["ill"]
            return {str(name): str(problem) for name, problem in found.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return {}


def _last_run(reports: Path) -> str | None:
    """Return when the last crawl began, by the names of the reports; other files may lie there too."""
    for path in sorted(reports.glob("run-*.json"), reverse=True):
        with suppress(ValueError):
            match = _REPORT.match(path.name)
            return datetime.strptime(match[1] if match else "", "%Y%m%d%H%M%S").replace(tzinfo=UTC).isoformat()
    return None


def _articles(folder: ArchiveFolder) -> dict[str, tuple[int, str | None]]:
    if not folder.archive_db.exists():
        return {}
    with closing(open_reader(folder.archive_db)) as reader, answering(reader):
        rows = reader.execute(
            "SELECT source, count(*), max(first_seen) FROM articles WHERE hidden = 0 AND source IS NOT NULL GROUP BY 1"
        ).fetchall()
    return {name: (count, last) for name, count, last in rows}


def _barren(folder: ArchiveFolder, names: Iterable[str]) -> frozenset[str]:
    """Return those of the sources without articles of which enough pages were read: what waits on the shelf says nothing."""
    try:
        with closing(open_reader(folder.archive_db)) as reader:
            read = "SELECT 1 FROM captures WHERE source = ? AND role = 'page' AND status = 200 LIMIT ?"
            return frozenset(
                name for name in names if len(reader.execute(read, (name, _ENOUGH_PAGES)).fetchall()) == _ENOUGH_PAGES
            )
    except DatabaseError:
        return frozenset()


def _problem(stats: SourceStats, now: float, *, barren: bool) -> str | None:
    if not stats.urls:
        return None  # not asked yet
    if stats.last_success is None:
        return _never(stats)
    if "robots-unreachable" in stats.reasons and now - stats.last_success > _SILENT_DAYS * 86400:
        return (
            f"nothing was asked for since {(_iso(stats.last_success) or '')[:10]}, because its robots.txt cannot be had"
        )
    if stats.listing_failures is not None and stats.listing_failures >= _LISTINGS_FAILING:
        return f"its listings fail ({', '.join(list(stats.reasons)[:3])})"
    if barren:
        return "its pages give no articles: `morgue stats` counts the reasons"
    return None


def _never(stats: SourceStats) -> str | None:
    """Say why a source never brought anything; None if it was not asked yet."""
    if "robots-unreachable" in stats.reasons:
        return "its robots.txt cannot be had, so nothing may be asked for: is its address right?"
    if stats.last_fetched is None:
        return "its robots.txt forbids us to ask for anything" if "robots" in stats.reasons else None
    return f"never answered ({', '.join(stats.reasons) or 'redirects only'}): is its address right?"


def _iso(epoch: float | None) -> str | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC).isoformat()
