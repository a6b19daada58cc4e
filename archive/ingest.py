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
from datetime import datetime
from pathlib import Path

from archive.errors import BrokenRecordError
from archive.extract import ExtractionPool, ExtractTask, extract_inline_reason
from archive.model import DiscoveryFact, Extraction, FactRecord, Snapshot
from archive.sources import SourcesFile
from archive.store import Store
from archive.urls import url_key
from archive.warc import End, read_record, read_records

_BATCH_ITEMS = 200  # a commit costs about 2 ms: at 200 items it is lost in the rest
_BATCH_SECONDS = 2.0  # … and an article is searchable at most this long after it was read
_PENDING_PER_JOB = 4  # pages waiting for or in a worker; bounds memory


@dataclass(slots=True)
class IngestReport:
    """What an ingest did. Counts of captures and articles, and each broken record."""

    captures: int = 0
    known: int = 0  # captures that were there already
    facts: int = 0
    new: int = 0
    revisions: int = 0
    unchanged: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # reason -> captures that are no article
    kinds: Counter[str] = field(default_factory=Counter)  # kind -> new articles
    broken: list[BrokenRecordError] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """Return the report for `--json`."""
        return {
            "captures": self.captures,
            "known": self.known,
            "facts": self.facts,
            "new": self.new,
            "revisions": self.revisions,
            "unchanged": self.unchanged,
            "refused": dict(self.refused.most_common()),
            "kinds": dict(self.kinds),
            "broken": [{"path": b.path, "offset": b.offset, "why": b.why} for b in self.broken],
        }


@dataclass(frozen=True, slots=True)
class ShelfFile:
    """One file to read: where it lies, under which name it is known, and from where to where."""

    path: Path
    name: str
    start: int = 0
    end: int | None = None  # None: to its last complete record


@dataclass(slots=True)
class _Waiting:
    """One item between reading and placing."""

    name: str
    upto: int  # offset after the item: the file is ingested up to here once this is placed
    capture: int | None = None
    future: Future[Extraction] | None = None
    extraction: Extraction | None = None
    key: str | None = None


class Ingest:
    """One ingest run into one store. Not for use by two threads."""

    def __init__(
        self,
        store: Store,
        pool: ExtractionPool,
        sources: SourcesFile,
        *,
        on_progress: Callable[[IngestReport], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
        accept: Callable[[str], bool] = lambda _url: True,
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        """`accept(url)`: which captures to take (an import of one host); `stop()`: end after the present batch."""
        self._store = store
        self._pool = pool
        self._sources = sources
        self._progress = on_progress or (lambda _report: None)
        self._stop = stop
        self._accept = accept
        self._renamed = renamed or {}
        self._waiting: deque[_Waiting] = deque()
        self._most_waiting = max(1, pool.jobs) * _PENDING_PER_JOB
        self.report = IngestReport()

    def files(self, files: Iterable[ShelfFile]) -> IngestReport:
        """Read files together, merged by capture time, as the order of placement asks. Returns the report.

        Raises `NotAWarcError` before anything of that file is written.
        """
        streams = [self._stream(file) for file in files]
        merged = heapq.merge(*streams, key=lambda step: step[0])
        steps = iter(merged)
        finished = False
        while not finished and not self._stop():
            finished = self._batch(steps)
        return self.report

    def _stream(self, file: ShelfFile) -> Iterator[tuple[str, ShelfFile, Snapshot | FactRecord | End]]:
        """Yield one file's items with a sort key; the key never goes back, so that a file's own order is kept."""
        last = ""
        for item in read_records(file.path, name=file.name, start=file.start, end=file.end, on_broken=self._broken):
            last = max(last, _time_key(item))
            yield last, file, item

    def _broken(self, error: BrokenRecordError) -> None:
        self.report.broken.append(error)

    def _batch(self, steps: Iterator[tuple[str, ShelfFile, Snapshot | FactRecord | End]]) -> bool:
        """Take one batch and commit it. Returns True when there is nothing more."""
        begun = time.monotonic()
        taken = 0
        finished = False
        with self._store.transaction():
            while taken < _BATCH_ITEMS and time.monotonic() - begun < _BATCH_SECONDS:
                step = next(steps, None)
                if step is None:
                    finished = True
                    break
                _, file, item = step
                self._take(file, item)
                taken += 1
                self._settle(down_to=self._most_waiting)
            self._settle(down_to=0)
        self._progress(self.report)
        return finished

    def _take(self, file: ShelfFile, item: Snapshot | FactRecord | End) -> None:
        if isinstance(item, End):
            self._waiting.append(_Waiting(file.name, item.offset))
            return
        upto = item.ref.offset + item.ref.length
        if isinstance(item, FactRecord):
            if facts := tuple(fact for fact in item.facts if self._accept(fact.url)):
                self.report.facts += self._store.add_facts(replace(item, facts=facts))
                self._date_later(facts)
            self._waiting.append(_Waiting(file.name, upto))
            return
        if not self._accept(item.url):
            self._waiting.append(_Waiting(file.name, upto))
            return
        snapshot = replace(item, source=self._source_of(item))
        capture = self._store.add_capture(snapshot)
        if capture is None:
            self.report.known += 1
            self._waiting.append(_Waiting(file.name, upto))
            return
        self.report.captures += 1
        self._waiting.append(self._begin(snapshot, capture, file.name, upto))

    def _source_of(self, snapshot: Snapshot) -> str | None:
        if snapshot.source is not None:
            return self._renamed.get(snapshot.source, snapshot.source)
        source = self._sources.for_url(snapshot.url)
        return source.name if source else None

    def _begin(self, snapshot: Snapshot, capture: int, name: str, upto: int) -> _Waiting:
        """Send a capture to a worker, unless one look at its head says that it is no article."""
        key = url_key(snapshot.url)
        waiting = _Waiting(name, upto, capture=capture, key=key)
        if snapshot.record_type == "revisit":
            return waiting
        if reason := extract_inline_reason(snapshot):
            waiting.extraction = Extraction.refused(reason)
            return waiting
        waiting.future = self._pool.submit(self._task(snapshot, self._store.facts_for(key, snapshot.captured_at)))
        return waiting

    def _task(self, snapshot: Snapshot, facts: tuple[DiscoveryFact, ...]) -> ExtractTask:
        source = self._sources.by_name(snapshot.source) if snapshot.source else None
        return ExtractTask(snapshot=snapshot, facts=facts, selectors=dict(source.selectors) if source else {})

    def _settle(self, *, down_to: int) -> None:
        """Place what was read first, until at most `down_to` items wait."""
        while len(self._waiting) > down_to:
            waiting = self._waiting.popleft()
            if waiting.capture is not None:
                self._place(waiting)
            self._store.set_ingested(waiting.name, waiting.upto)

    def _place(self, waiting: _Waiting) -> None:
        assert waiting.capture is not None
        extraction = waiting.future.result() if waiting.future is not None else waiting.extraction
        if extraction is not None:
            self._store.add_extraction(waiting.capture, extraction)
            if not extraction.article:
                self.report.refused[extraction.reason or "unknown"] += 1
        placed = self._store.place(waiting.capture)
        match placed.what:
            case "new":
                self.report.new += 1
                self.report.kinds[placed.kind or "new"] += 1
            case "revision":
                self.report.revisions += 1
            case "unchanged":
                self.report.unchanged += 1

    def _date_later(self, facts: tuple[DiscoveryFact, ...]) -> None:
        """Extract an undated article once more when a later fact may date it (the earliest such fact decides)."""
        for fact in facts:
            if fact.published is None:
                continue
            self._settle(down_to=0)
            for capture, snapshot_ref in self._store.undated_captures(url_key(fact.url), fact.seen_at):
                path = self._store.path_of(snapshot_ref.warc)
                snapshot = read_record(path, snapshot_ref.offset, name=snapshot_ref.warc)
                earlier = self._store.facts_for(url_key(fact.url), snapshot.captured_at)
                extraction = self._pool.submit(self._task(snapshot, (*earlier, fact))).result()
                if extraction.published is not None:
                    self._store.replace_extraction(capture, extraction)
                    self._store.place(capture)


def _time_key(item: Snapshot | FactRecord | End) -> str:
    if isinstance(item, End):
        return ""
    at: datetime = item.captured_at if isinstance(item, Snapshot) else item.recorded_at
    return at.isoformat()
