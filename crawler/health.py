"""The health of each source, from the frontier, the archive and the last reports."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from archive.clock import Clock
from archive.folder import ArchiveFolder
from archive.query import open_reader
from archive.query.reader import answering
from archive.sources import load_sources
from crawler.frontier import SourceStats, view

_LISTINGS_FAILING = 3  # in a row, of the listing that does best


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
    return Health(tuple(out), sum(s.due for s in out), _last_run(folder))


def _last_run(folder: ArchiveFolder) -> str | None:
    """Return when the last crawl began, by the names of the reports; other files may lie there too."""
    for path in sorted(folder.reports.glob("run-*.json"), reverse=True):
        with suppress(ValueError):
            return datetime.strptime(path.name[4:18], "%Y%m%d%H%M%S").replace(tzinfo=UTC).isoformat()
    return None


def _articles(folder: ArchiveFolder) -> dict[str, tuple[int, str | None]]:
    if not folder.archive_db.exists():
        return {}
    with closing(open_reader(folder.archive_db)) as reader, answering(reader):
        rows = reader.execute(
            "SELECT source, count(*), max(first_seen) FROM articles WHERE hidden = 0 AND source IS NOT NULL GROUP BY 1"
        ).fetchall()
    return {name: (count, last) for name, count, last in rows}


def _problem(stats: SourceStats, articles: int) -> str | None:
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
