"""Ingest: WARC files in, rows of archive.db out. First reading, import and rebuild all come through here.

Captures are read in order, extracted in worker processes, and placed by this one process in the order in which they were
read. A batch's rows are committed together with how far into each file they reach, so that a kill at any moment loses
nothing and repeats nothing: what was not committed is read again, and what is known is passed over. What is still with the
workers when a batch ends is no part of it: a capture gets its row when it is placed.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from archive.dating import Reading
from archive.errors import PayloadError, ShelfError
from archive.extract import ExtractionPool, reason_by_head
from archive.imported import sha256_of
from archive.merge import merged
from archive.model import DiscoveryFact, Extraction, FactRecord, Snapshot
from archive.optout import UseRule, use_rules
from archive.payload import decode_content
from archive.profiles import Profiles
from archive.reader import Begun, PageReader
from archive.report import IngestReport
from archive.sources import SourcesFile
from archive.store import Store
from archive.tombstones import Tombstones
from archive.warc import OPEN_SUFFIX, Offset, read_records

_BATCH_ITEMS = 200  # a commit costs about 2 ms: at 200 items it is lost in the rest
_BATCH_SECONDS = 2.0  # … and an article is searchable at most this long after it was read
_OK, _ABSENT = range(200, 300), frozenset({*range(400, 500)} - {429})  # as RFC 9309 section 2.3.1 reads them
_ROBOTS = re.compile(r"https?://[^/?#]+/robots\.txt", re.IGNORECASE)
_MAX_ROBOTS = 4 * 2**20  # bytes; 500 KB of them are read
_PENDING_PER_JOB = 4  # pages waiting for or in a worker; bounds memory


@dataclass(frozen=True, slots=True)
class ShelfFile:
    """One file to read: where it lies, under which name it is known, from and to where (bytes), and what of it."""

    path: Path
    name: str
    start: int = 0
    end: int | None = None  # None: to its last complete record
    accept: Callable[[str], bool] = lambda _url: True  # by URL: an import of one host takes only its captures


@dataclass(frozen=True, slots=True)
class _End:
    """The file was read to its end, and will not grow: its size (bytes) and SHA-256."""

    size: int
    sha256: str
    start: int  # byte from which this run read


_Item = Snapshot | FactRecord | Offset | _End
_Step = tuple[ShelfFile, _Item]


@dataclass(slots=True)
class _Waiting:
    """One item between reading and placing."""

    name: str
    upto: int | None = None  # the file is ingested up to here once this is placed
    end: _End | None = None
    snapshot: Snapshot | None = None  # without its body
    facts: tuple[DiscoveryFact, ...] = ()  # what it is extracted with
    begun: Begun | None = None
    extraction: Extraction | None = None  # of a page that no worker need look at
    uses: tuple[UseRule, ...] | None = None  # of a robots.txt: what it says of the use of pages


@dataclass(slots=True)
class _Reached:
    """How far a batch got in one file."""

    upto: int
    end: _End | None = None


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
        profiles: Profiles | None = None,
        tombstones: Tombstones | None = None,
    ) -> None:
        """Set a run up.

        `find(name)`: the file that the tables call `name`. `stop()`: end after the present batch. `renamed`: old names of
        sources to those of now. `profiles`: what sources taught. `tombstones`: what was taken down, and is not taken in.
        """
        self.store = store
        self.reader = PageReader(store, pool, sources, find=find, renamed=renamed, profiles=profiles)
        self._find = find
        self._stop = stop
        self._tombstones = tombstones or Tombstones()
        self._waiting: deque[_Waiting] = deque()
        self._reached: dict[str, _Reached] = {}  # in this batch
        self._upto: dict[str, int] = {}  # file -> byte up to which this run placed what it read
        self._bytes: dict[str, tuple[int, int]] = {}  # file -> read so far, to be read in all
        self._most_waiting = max(1, jobs) * _PENDING_PER_JOB
        self.on_progress: Callable[[IngestReport], None] = lambda _report: None
        self.report = IngestReport()

    def files(self, files: Iterable[ShelfFile]) -> IngestReport:
        """Read files together, merged by capture time, as the order of placement asks. Returns the report.

        A file that cannot be read (no WARC, gone, a bad disk) is named in the report; the others are read.
        """
        files = list(files)
        self._measure(files)
        steps = merged(files, self._first_time, self._stream)
        finished = False
        while not finished and not self._stop():
            finished = self._batch(steps)
        if self._waiting:  # told to stop: what the workers have is taken
            with self._committing():
                self._settle(down_to=0)
        self.note_missing()
        return self.report

    def note_missing(self) -> None:
        """Name the profiles whose files are missing, and see to it that their captures are read again with them."""
        new = [(digest, error) for digest, error in self.reader.missing.items() if error not in self.report.unreadable]
        if new:
            with self.store.transaction():
                for digest, error in new:
                    self.store.readings.forget_carried_out(digest)
                    self.report.unreadable.append(error)

    def _measure(self, files: Iterable[ShelfFile]) -> None:
        """Note how much there is to read, for those who wait."""
        for file in files:
            with contextlib.suppress(OSError):  # it may have been sealed meanwhile; then it does not count
                size = file.path.stat().st_size if file.end is None else file.end
                self._bytes[file.name] = (file.start, size)

    def _share(self) -> float | None:
        """Return what share of the bytes has been read."""
        total = sum(size for _, size in self._bytes.values())
        return min(1.0, sum(done for done, _ in self._bytes.values()) / total) if total else None

    # reading

    def _first_time(self, file: ShelfFile) -> str | None:
        try:
            first = next(read_records(self._path(file), start=file.start, end=file.end))
            return _time_key(first)
        except (ShelfError, OSError) as error:
            self._note_unreadable(file, error)
            return None

    def _path(self, file: ShelfFile) -> Path:
        """Return where the file lies now: it may have been sealed, and so renamed, since we looked."""
        return file.path if file.path.exists() else self._find(file.name)

    def _stream(self, file: ShelfFile) -> Iterator[tuple[str, _Step]]:
        """Yield one file's items with a sort key that never goes back, so that a file keeps its own order."""
        last = ""
        try:
            file = replace(file, path=self._path(file))
            for item in read_records(
                file.path, start=file.start, end=file.end, on_broken=self.report.note_broken, name=file.name
            ):
                last = max(last, _time_key(item))
                yield last, (file, item)
            if not file.path.name.endswith(OPEN_SUFFIX) and file.end is None:
                yield last, (file, _End(file.path.stat().st_size, sha256_of(file.path), file.start))
        except (ShelfError, OSError) as error:
            self._note_unreadable(file, error)

    def _note_unreadable(self, file: ShelfFile, error: ShelfError | OSError) -> None:
        if isinstance(error, OSError):
            error = ShelfError(f"{file.path} cannot be read ({error.strerror or error}). Check its owner and mode.")
        self.report.unreadable.append(error)

    # batches

    def _batch(self, steps: Iterator[_Step]) -> bool:
        """Take one batch and commit it. Returns True when there is nothing more."""
        begun = time.monotonic()
        with self._committing():
            for _ in range(_BATCH_ITEMS):
                step = next(steps, None)
                if step is None:
                    self._settle(down_to=0)
                    return True
                self._take(*step)
                self._settle(down_to=self._most_waiting)
                if time.monotonic() - begun >= _BATCH_SECONDS:
                    break
        return False

    @contextlib.contextmanager
    def _committing(self) -> Iterator[None]:
        """Commit what is placed in the block together with how far it reaches."""
        with self.store.transaction():
            yield
            for name, reached in self._reached.items():
                if reached.end is None:
                    self.store.set_ingested(name, reached.upto)
                else:
                    self.store.set_ingested(name, reached.upto, sealed_size=reached.end.size, sha256=reached.end.sha256)
                done, size = self._bytes.get(name, (0, 0))
                self._bytes[name] = (max(done, reached.upto), size)
            self._reached.clear()
        self.report.share = self._share()
        self.on_progress(self.report)

    def _take(self, file: ShelfFile, item: _Item) -> None:
        match item:
            case Snapshot():
                self._take_snapshot(file, item)
            case FactRecord():
                self._take_facts(file, item)
            case Offset():
                self._waiting.append(_Waiting(file.name, item.position))
            case _End():
                self._waiting.append(_Waiting(file.name, end=item))

    def _take_snapshot(self, file: ShelfFile, item: Snapshot) -> None:
        waiting = _Waiting(file.name, item.end)
        self._waiting.append(waiting)
        if not file.accept(item.url):
            return
        if self._tombstones.covers(item.url):
            self.report.taken_down += 1
            return
        if self.store.knows(item):
            self.report.known += 1
            return
        snapshot = replace(item, source=self.reader.source_of(item))
        waiting.snapshot = snapshot.without_bodies()
        if snapshot.record_type == "revisit":
            return
        waiting.uses = _uses(snapshot)
        # One look at status and role spares a worker what is no page at all.
        if reason := reason_by_head(snapshot.status, snapshot.role):
            waiting.extraction = Extraction.refused(reason)
        else:
            waiting.facts = self.reader.facts(snapshot)
            waiting.begun = self.reader.begin(snapshot, waiting.facts)

    # placing

    def _settle(self, *, down_to: int) -> None:
        """Place what was read first, until at most `down_to` items wait."""
        while len(self._waiting) > down_to:
            waiting = self._waiting.popleft()
            if waiting.snapshot is not None:
                self._place(waiting, waiting.snapshot)
            if waiting.upto is not None:
                self._upto[waiting.name] = waiting.upto
                self._reached[waiting.name] = _Reached(waiting.upto)
            if waiting.end is not None:  # its last record may have gone with the batch before
                upto = self._upto.get(waiting.name, waiting.end.start)
                self._reached.setdefault(waiting.name, _Reached(upto)).end = waiting.end

    def _place(self, waiting: _Waiting, snapshot: Snapshot) -> None:
        reading = Reading(waiting.extraction) if waiting.extraction is not None else None
        if waiting.begun is not None:
            reading = self.reader.end(waiting.begun)
        capture = self.store.add_capture(snapshot)
        if capture is None:  # twice in the files of one run
            self.report.known += 1
            return
        self.report.captures += 1
        if waiting.uses is not None:
            self.store.opt_outs.add_robots(snapshot.url, snapshot.captured_at, waiting.uses)
        if reading is not None:
            reading = self.reader.late_facts.settled_by_later(snapshot, waiting.facts, reading)
            self.store.add_extraction(capture, reading.extractor, reading.extraction, profile=reading.profile)
            if not reading.extraction.article:
                self.report.refused[reading.extraction.reason or "unknown"] += 1
        placed = self.store.place(capture)
        match placed.what:
            case "new":
                self.report.new += 1
                self.report.kinds[placed.kind or "new"] += 1
                self.report.note_source(snapshot.source, "new")
            case "revision":
                self.report.revisions += 1
                self.report.note_source(snapshot.source, "revisions")
            case "unchanged":
                self.report.unchanged += 1
            case "gone":
                self.report.gone += 1
                self.report.note_source(snapshot.source, "gone")

    # facts

    def _take_facts(self, file: ShelfFile, record: FactRecord) -> None:
        gone = self._tombstones
        facts = tuple(
            fact
            for fact in record.facts
            if file.accept(fact.url) and not gone.covers(fact.url) and not gone.covers(fact.found_on)
        )
        unsettled = self.reader.late_facts.unsettled_by(facts)
        self.report.facts += self.store.add_facts(replace(record, facts=facts))
        settled: set[int] = set()  # the first fact of a record that settles a capture does
        for fact, captures in unsettled:
            for capture in captures:
                if capture.capture in settled:
                    continue
                reading = self.reader.late_facts.settled(capture, (fact,))
                if reading is not None:
                    settled.add(capture.capture)
                    self.store.add_extraction(
                        capture.capture, reading.extractor, reading.extraction, profile=reading.profile
                    )
                    self.store.place(capture.capture)


def _uses(snapshot: Snapshot) -> tuple[UseRule, ...] | None:
    """Return what a robots.txt says of the use of pages; None for what is no robots.txt, or tells nothing of it just now."""
    if not _ROBOTS.fullmatch(snapshot.url) or snapshot.truncated or snapshot.status is None:
        return None
    if snapshot.status in _ABSENT:
        return ()
    if snapshot.status not in _OK:
        return None
    try:
        return use_rules(decode_content(snapshot.headers, snapshot.body, limit=_MAX_ROBOTS))
    except PayloadError:
        return None


def _time_key(item: Snapshot | FactRecord | Offset) -> str:
    if isinstance(item, Offset):
        return ""
    at = item.captured_at if isinstance(item, Snapshot) else item.recorded_at
    return at.isoformat()
