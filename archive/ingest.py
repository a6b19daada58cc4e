"""Ingest: WARC files in, rows of archive.db out. First reading, import and rebuild all come through here.

Captures are read in order, extracted in worker processes, and placed by this one process in the order in which they were
read. A batch's rows are committed together with how far into each file they reach, so that a kill at any moment loses
nothing and repeats nothing: what was not committed is read again, and what is known is passed over.
"""

from __future__ import annotations

import heapq
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path

from archive.errors import BrokenRecordError, ShelfError, UrlError
from archive.extract import EXTRACTOR, ExtractionPool, ExtractTask, reason_by_head
from archive.model import DiscoveryFact, Extraction, FactRecord, Snapshot
from archive.sources import SourcesFile
from archive.store import Store
from archive.urls import url_key
from archive.warc import Offset, read_record, read_records

_BATCH_ITEMS = 200  # a commit costs about 2 ms: at 200 items it is lost in the rest
_BATCH_SECONDS = 2.0  # … and an article is searchable at most this long after it was read
_PENDING_PER_JOB = 4  # pages waiting for or in a worker; bounds memory

Item = Snapshot | FactRecord | Offset


@dataclass(slots=True)
class IngestReport:
    """What an ingest did: counts of captures and articles, each broken record, each file that could not be read."""

    captures: int = 0
    known: int = 0  # captures that were there already
    facts: int = 0
    new: int = 0
    revisions: int = 0
    unchanged: int = 0
    gone: int = 0  # captures that say that an article is gone
    refused: Counter[str] = field(default_factory=Counter)  # reason -> captures that are no article
    kinds: Counter[str] = field(default_factory=Counter)  # kind -> new articles
    broken: list[BrokenRecordError] = field(default_factory=list)
    unreadable: list[ShelfError] = field(default_factory=list)  # files that are no WARC files, missing or locked away
    missing: list[str] = field(default_factory=list)  # sentences: a file that was not copied is not there any more

    def as_json(self) -> dict[str, object]:
        """Return the report for `--json`."""
        return {
            "captures": self.captures,
            "known": self.known,
            "facts": self.facts,
            "new": self.new,
            "revisions": self.revisions,
            "unchanged": self.unchanged,
            "gone": self.gone,
            "refused": dict(self.refused.most_common()),
            "kinds": dict(self.kinds),
            "broken": [{"path": b.path, "offset": b.offset, "why": b.why} for b in self.broken],
            "unreadable": [str(error) for error in self.unreadable],
            "missing": self.missing,
        }


@dataclass(frozen=True, slots=True)
class ShelfFile:
    """One file to read: where it lies, under which name it is known, and from where to where (bytes)."""

    path: Path
    name: str
    start: int = 0
    end: int | None = None  # None: to its last complete record
    accept: Callable[[str], bool] = lambda _url: True  # which captures to take (an import of one host)


@dataclass(slots=True)
class _Waiting:
    """One item between reading and placing."""

    name: str
    upto: int | None  # the file is ingested up to here once this is placed; None: not a place to go on from
    capture: int | None = None
    future: Future[Extraction] | None = None
    extraction: Extraction | None = None


class Ingest:
    """One ingest run into one store. Not for use by two threads."""

    def __init__(
        self,
        store: Store,
        pool: ExtractionPool,
        sources: SourcesFile,
        *,
        find: Callable[[str], Path],
        jobs: int = 1,
        stop: Callable[[], bool] = lambda: False,
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        """Set a run up.

        `find(name)`: the file that the tables call `name`. `stop()`: end after the present batch. `renamed`: old names of
        sources to those of now.
        """
        self.store = store
        self._pool = pool
        self._sources = sources
        self._find = find
        self._stop = stop
        self._renamed = renamed or {}
        self._waiting: deque[_Waiting] = deque()
        self._most_waiting = max(1, jobs) * _PENDING_PER_JOB
        self.on_progress: Callable[[IngestReport], None] = lambda _report: None
        self.report = IngestReport()

    def files(self, files: Iterable[ShelfFile]) -> IngestReport:
        """Read files together, merged by capture time, as the order of placement asks. Returns the report.

        A file that cannot be read, or is no WARC file, goes into `report.unreadable`; the others are read.
        """
        steps = heapq.merge(*(self._stream(file) for file in files), key=lambda step: step[0])
        finished = False
        while not finished and not self._stop():
            finished = self._batch(steps)
        return self.report

    def _stream(self, file: ShelfFile) -> Iterator[tuple[str, ShelfFile, Item]]:
        """Yield one file's items with a sort key that never goes back, so that a file keeps its own order."""
        last = ""
        try:
            for item in read_records(
                file.path, start=file.start, end=file.end, on_broken=self.report.broken.append, name=file.name
            ):
                last = max(last, _time_key(item))
                yield last, file, item
        except ShelfError as error:
            self.report.unreadable.append(error)

    def _batch(self, steps: Iterator[tuple[str, ShelfFile, Item]]) -> bool:
        """Take one batch and commit it. Returns True when there is nothing more."""
        begun = time.monotonic()
        finished = False
        with self.store.transaction():
            for _ in range(_BATCH_ITEMS):
                step = next(steps, None)
                if step is None:
                    finished = True
                    break
                self._take(step[1], step[2])
                self._settle(down_to=self._most_waiting)
                if time.monotonic() - begun >= _BATCH_SECONDS:
                    break
            self._settle(down_to=0)
        self.on_progress(self.report)
        return finished

    def _take(self, file: ShelfFile, item: Item) -> None:
        if isinstance(item, Offset):
            self._waiting.append(_Waiting(file.name, item.position))
        elif isinstance(item, FactRecord):
            if facts := tuple(fact for fact in item.facts if file.accept(fact.url)):
                self.report.facts += self.store.add_facts(replace(item, facts=facts))
                self._date_later(facts)
        else:
            self._take_snapshot(file, item)

    def _take_snapshot(self, file: ShelfFile, item: Snapshot) -> None:
        upto = item.ref.offset + item.ref.length
        waiting = _Waiting(file.name, upto)
        self._waiting.append(waiting)
        if not file.accept(item.url):
            return
        snapshot = replace(item, source=self._source_of(item))
        capture = self.store.add_capture(snapshot)
        if capture is None:
            self.report.known += 1
            return
        self.report.captures += 1
        waiting.capture = capture
        if snapshot.record_type == "revisit":
            return
        # One look at status and role spares a worker what is no page at all.
        if reason := reason_by_head(snapshot.status, snapshot.role):
            waiting.extraction = Extraction.refused(reason)
        else:
            facts = self.store.facts_for(_key(snapshot.url), snapshot.captured_at)
            waiting.future = self._pool.submit(self._task(snapshot, facts))

    def _source_of(self, snapshot: Snapshot) -> str | None:
        if snapshot.source:
            return self._renamed.get(snapshot.source, snapshot.source)
        source = self._sources.for_url(snapshot.url)
        return source.name if source else None

    def _task(self, snapshot: Snapshot, facts: tuple[DiscoveryFact, ...]) -> ExtractTask:
        source = self._sources.by_name(snapshot.source) if snapshot.source else None
        return ExtractTask(snapshot=snapshot, facts=facts, selectors=dict(source.selectors) if source else {})

    def _settle(self, *, down_to: int) -> None:
        """Place what was read first, until at most `down_to` items wait."""
        while len(self._waiting) > down_to:
            waiting = self._waiting.popleft()
            if waiting.capture is not None:
                self._place(waiting, waiting.capture)
            if waiting.upto is not None:
                self.store.set_ingested(waiting.name, waiting.upto)

    def _place(self, waiting: _Waiting, capture: int) -> None:
        extraction = waiting.future.result() if waiting.future is not None else waiting.extraction
        if extraction is not None:
            self.store.add_extraction(capture, EXTRACTOR, extraction)
            if not extraction.article:
                self.report.refused[extraction.reason or "unknown"] += 1
        placed = self.store.place(capture)
        match placed.what:
            case "new":
                self.report.new += 1
                self.report.kinds[placed.kind or "new"] += 1
            case "revision":
                self.report.revisions += 1
            case "unchanged":
                self.report.unchanged += 1
            case "gone":
                self.report.gone += 1

    def _date_later(self, facts: tuple[DiscoveryFact, ...]) -> None:
        """Extract an undated article once more when a later fact may date it (the earliest such fact decides)."""
        for fact in facts:
            if fact.published is None:
                continue
            self._settle(down_to=0)
            for undated in self.store.undated(_key(fact.url), fact.seen_at):
                try:
                    snapshot = read_record(self._find(undated.warc), undated.offset, name=undated.warc)
                except ShelfError as error:  # its file was taken away: it stays undated
                    self.report.unreadable.append(error)
                    continue
                snapshot = replace(snapshot, source=undated.source, role=undated.role)
                earlier = self.store.facts_for(_key(fact.url), snapshot.captured_at)
                extraction = self._pool.submit(self._task(snapshot, (*earlier, fact))).result()
                if extraction.published is not None:
                    self.store.add_extraction(undated.capture, EXTRACTOR, extraction)
                    self.store.place(undated.capture)


def _key(url: str) -> str:
    """Return a URL's key; strangers' WARCs hold targets that are no web addresses (urn:, dns:), which have none."""
    try:
        return url_key(url)
    except UrlError:
        return url


def _time_key(item: Item) -> str:
    if isinstance(item, Offset):
        return ""
    at = item.captured_at if isinstance(item, Snapshot) else item.recorded_at
    return at.isoformat()
