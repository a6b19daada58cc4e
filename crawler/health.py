"""The health of each source, from the frontier, the archive and the last reports."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from archive.clock import Clock
from archive.errors import DatabaseError
from archive.folder import ArchiveFolder
from archive.query import open_reader
from archive.sources import load_sources
from crawler.frontier import SourceStats, view

_LISTINGS_FAILING = 3  # in a row, of the listing that does best; also of robots.txt


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
    articles = _articles(folder)
    reports = sorted(folder.reports.glob("run-*.json"))
    crawled: dict[str, SourceStats] = {}
    if folder.crawl_db.exists():
        with view(folder.crawl_db) as frontier:
            crawled = frontier.by_source(clock.now().timestamp())
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
                problem=_problem(stats, count) if source.enabled else None,
            )
        )
    last = datetime.strptime(reports[-1].name[4:18], "%Y%m%d%H%M%S").replace(tzinfo=UTC) if reports else None
    return Health(tuple(out), sum(s.due for s in out), last.isoformat() if last else None)


def _articles(folder: ArchiveFolder) -> dict[str, tuple[int, str | None]]:
    try:
        with closing(open_reader(folder.archive_db)) as reader:
            rows = reader.execute(
                "SELECT source, count(*), max(first_seen) FROM articles WHERE hidden = 0 AND source IS NOT NULL GROUP BY 1"
            ).fetchall()
    except DatabaseError:
        return {}
    return {name: (count, last) for name, count, last in rows}


def _problem(stats: SourceStats, articles: int) -> str | None:
    if "robots-unreachable" in stats.reasons and (
        stats.last_success is None or stats.robots_failures >= _LISTINGS_FAILING
    ):
        why = stats.robots_reason or "no answer"
        return f"its robots.txt cannot be had ({why}), and without one nothing may be asked for: is its address right?"
    if not stats.urls or stats.last_fetched is None:
        return None  # not asked yet
    if stats.last_success is None:
        reasons = ", ".join(stats.reasons) or "no answer"
        return f"never answered ({reasons}): is its address right?"
    if stats.listing_failures is not None and stats.listing_failures >= _LISTINGS_FAILING:
        return f"its listings fail ({', '.join(list(stats.reasons)[:3])})"
    if stats.kept_pages and not articles:
        return "its pages give no articles: `morgue stats` counts the reasons"
    return None


def _iso(epoch: float | None) -> str | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC).isoformat()
