"""What a run did: counted while it goes, written as JSON at its end, told to people as a table."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

from archive.errors import ShelfError
from archive.model import Exchange, Rendering, Role
from crawler.capture import Kept
from crawler.frontier import AddResult, Lease
from crawler.recheck import is_redirect
from crawler.rendering.wanted import RenderCount

_MAX_PROBLEMS = 200  # a broken site can make a problem of every page; the first few tell it
_PLACED = ("new", "revisions", "gone")


@dataclass(slots=True)
class SourceCount:
    """One source in one run."""

    requests: int = 0
    pages: int = 0  # whole pages kept, 304s not counted
    not_modified: int = 0
    redirects: int = 0
    bytes_received: int = 0  # heads and bodies, as on the wire
    discovered: int = 0  # URLs new to the frontier
    assets: int = (
        0  # whole style sheets, fonts and images of its pages; these are in no other number but requests and bytes
    )
    assets_failed: int = 0
    failures: Counter[str] = field(default_factory=Counter)  # named reason -> exchanges
    refused: Counter[str] = field(default_factory=Counter)  # named reason -> candidates that were not taken
    put_off: Counter[str] = field(default_factory=Counter)  # robots, robots-unreachable -> URLs not asked for

    def as_json(self) -> dict[str, object]:
        """Return it as it stands in a report."""
        return {
            "requests": self.requests,
            "pages": self.pages,
            "not_modified": self.not_modified,
            "redirects": self.redirects,
            "bytes_received": self.bytes_received,
            "discovered": self.discovered,
            **(
                {"assets": self.assets, "assets_failed": self.assets_failed}
                if self.assets or self.assets_failed
                else {}
            ),
            "failures": dict(self.failures.most_common()),
            "refused": dict(self.refused.most_common()),
            "put_off": dict(self.put_off.most_common()),
        }


@dataclass(slots=True)
class RunReport:
    """One run of a crawl, in numbers."""

    run_id: str
    started_at: datetime
    ended_at: datetime | None = None
    ended_by: str = "running"  # done, budget, max-pages, signal, or what went wrong
    requests: int = 0
    kept: int = 0  # exchanges that are durable
    due: int | None = None  # addresses still to be asked for in this run, counted now and then
    bytes_received: int = 0  # heads and bodies, as on the wire
    discovered: int = 0  # URLs new to the frontier
    statuses: Counter[str] = field(default_factory=Counter)
    roles: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)  # candidates not taken, by reason
    sources: dict[str, SourceCount] = field(default_factory=dict)
    problems: list[dict[str, str]] = field(default_factory=list)
    rendered: RenderCount = field(default_factory=RenderCount)
    no_browser: str | None = None  # why pages that a browser was to render were kept without it, and what to do
    waits_for_ingest: int = 0  # WARC files that have more than archive.db when the run ends
    ingest: dict[str, object] = field(default_factory=dict)
    ingest_failed: str | None = None  # why the reading beside the crawl was given up
    ill: dict[str, str] | None = None  # sources that need a person, and why; None: nobody looked
    newly_ill: tuple[str, ...] = ()  # those that an earlier run did not name

    def exchange(self, lease: Lease, exchange: Exchange, status: int | None, *, unreadable: str | None = None) -> None:
        """Count one exchange. `unreadable`: why there is no document in it although it is whole."""
        self.requests += 1
        self.bytes_received += len(exchange.response_head) + len(exchange.body)
        self.statuses[str(status) if status is not None else (exchange.error or "no-response")] += 1
        self.roles[lease.role.value] += 1
        source = self.of_source(lease.source)
        source.requests += 1
        source.bytes_received += len(exchange.response_head) + len(exchange.body)
        if lease.role is Role.ASSET:
            self._asset(source, exchange, status)
        elif status == HTTPStatus.NOT_MODIFIED:
            source.not_modified += 1
        elif exchange.error or exchange.truncated or unreadable:
            source.failures[exchange.error or unreadable or f"truncated-{exchange.truncated}"] += 1
        elif status == HTTPStatus.OK:
            source.pages += lease.role is Role.PAGE
        elif is_redirect(status):
            source.redirects += 1
        elif status is None or status >= (
            HTTPStatus.INTERNAL_SERVER_ERROR if lease.role is Role.ROBOTS else HTTPStatus.BAD_REQUEST
        ):
            # A site without robots.txt (404) is no failure: it allows everything. Nor is a place that was guessed wrong.
            source.failures[f"status-{status}"] += not lease.guess

    @staticmethod
    def _asset(source: SourceCount, exchange: Exchange, status: int | None) -> None:
        """Count what a page shows: apart from the pages."""
        if exchange.error or exchange.truncated or status is None or status >= HTTPStatus.BAD_REQUEST:
            source.assets_failed += 1
        elif not is_redirect(status):
            source.assets += 1

    def kept_exchanges(self, done: Iterable[Kept]) -> None:
        """Count what became durable."""
        self.kept += sum(1 for _ in done)

    def found(self, result: AddResult, source: str | None = None) -> None:
        """Count what discovery brought; `source`: what was asked for it, None for all at a run's begin."""
        self.discovered += len(result.new)
        self.refused.update(result.refused)
        if source is not None:
            count = self.of_source(source)
            count.discovered += len(result.new)
            count.refused.update(result.refused)

    def put_off(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Count what robots.txt kept us from, by source and reason."""
        for (source, reason), count in counts.items():
            self.of_source(source).put_off[reason] += count

    def of_source(self, name: str) -> SourceCount:
        """Return the count of a source, made if there is none."""
        return self.sources.setdefault(name, SourceCount())

    @property
    def seconds(self) -> float:
        """How long it took, by the archive's clock."""
        return ((self.ended_at or self.started_at) - self.started_at).total_seconds()

    @property
    def idle(self) -> bool:
        """Whether nothing was due and nothing came of it: no request, nothing to read, nobody ill who was well before."""
        done = (self.requests, self.discovered, self.problems, self.waits_for_ingest, *self.ingest.values())
        return not any(done) and not self.newly_ill and self.ended_by == "done" and self.ingest_failed is None

    def placed(self, source: str) -> Mapping[str, int | None]:
        """Return how many new articles, revisions and gone articles a source brought; None where ingest did not say."""
        told = self.ingest.get("by_source")
        of_source = told.get(source, {}) if isinstance(told, dict) else None
        return {what: None if of_source is None else of_source.get(what, 0) for what in _PLACED}

    def render(self, lease: Lease, rendering: Rendering) -> None:
        """Count one page that was to be rendered. That there is no browser is told once."""
        self.rendered.add(rendering)
        if rendering.failed is None:
            return
        if not rendering.no_browser:
            self.problem(lease, f"could not be rendered: {rendering.failed}")
        elif self.no_browser is None:
            self.no_browser = rendering.failed
            self.problem(lease, f"pages of sources with render = true are kept as they were sent: {rendering.failed}")

    def problem(self, lease: Lease, what: str) -> None:
        """Note something that a person may want to know of a source."""
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append({"source": lease.source, "url": lease.url, "what": what})

    def as_json(self) -> dict[str, object]:
        """Return the report as it is written to reports/."""
        return {
            "run_id": self.run_id,
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
            "seconds": round(self.seconds, 1),
            "ended_by": self.ended_by,
            "requests": self.requests,
            "kept": self.kept,
            "bytes_received": self.bytes_received,
            "discovered": self.discovered,
            "statuses": dict(self.statuses.most_common()),
            "roles": dict(self.roles.most_common()),
            "refused": dict(self.refused.most_common()),
            "waits_for_ingest": self.waits_for_ingest,
            "ingest_failed": self.ingest_failed,
            "ingest": {name: value for name, value in self.ingest.items() if name != "by_source"},
            "sources": {name: self._source_as_json(name) for name in sorted({*self.sources, *self._ingested()})},
            "problems": self.problems,
            **({"rendered": asdict(self.rendered)} if self.rendered.pages or self.rendered.failed else {}),
            **({} if self.ill is None else {"ill": self.ill, "newly_ill": list(self.newly_ill)}),
        }

    def _source_as_json(self, name: str) -> dict[str, object]:
        return {**self.sources.get(name, SourceCount()).as_json(), **self.placed(name)}

    def _ingested(self) -> Iterable[str]:
        told = self.ingest.get("by_source")
        return told if isinstance(told, dict) else ()


def write_report(folder: Path, report: RunReport) -> Path:
    """Write the report under a name that sorts by time; whole or not at all. Returns its path. Raises `ShelfError`."""
    path = folder / f"run-{report.started_at:%Y%m%d%H%M%S}-{report.run_id}.json"
    part = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", errors="replace") as out:
            json.dump(report.as_json(), out, ensure_ascii=False, indent=1)
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise ShelfError(
            f"{path} cannot be written ({error.strerror}). Look at the disk's free space and the folder's rights; what was "
            "fetched up to then is kept."
        ) from error
    return path
