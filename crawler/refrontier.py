"""`morgue rebuild --frontier`: crawl.db made again from what our own WARC files hold.

Each capture is read back in the order in which it was made, with the clock set to that moment, and goes through the same code
as a live answer: listings are read again, redirects followed, next times computed. What was never kept (failures without an
answer, promises to hosts) is not known any more: such pages are due.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from archive.clock import Clock
from archive.console import Progress
from archive.decisions import read_decisions
from archive.errors import ShelfError, UrlError
from archive.folder import ArchiveFolder
from archive.locks import lock
from archive.merge import merged
from archive.model import Candidate, DiscoveryFact, FactRecord, Role, Snapshot, Via
from archive.payload import header
from archive.sources import SourcesFile, load_sources
from archive.tombstones import tombstones_of
from archive.urls import url_key
from archive.warc import OPEN_SUFFIX, Offset, complete_length, parse_own_name, read_records, shelf_name, warc_files
from crawler.capture import visit_digest
from crawler.consequences import Answer, Consequences
from crawler.frontier import Frontier, Lease

_OK = 200
_SUFFIXES = ("", "-wal", "-shm")
_NAMED = 100  # files and records that cannot be read: more are not told


@dataclass(slots=True)
class _ReplayClock:
    """A clock that stands at the capture being read back."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return time.monotonic()

    def real(self) -> float:
        return time.time()


@dataclass(frozen=True, slots=True)
class _Kept:
    """A capture as the frontier takes it (`crawler.frontier.KeptLike`)."""

    lease_id: int
    status: int | None
    etag: str | None
    last_modified: str | None
    payload_digest: str | None
    captured_at: datetime
    truncated: str | None
    error: str | None = None


@dataclass(slots=True)
class _Replay:
    """Reads captures back into a frontier."""

    frontier: Frontier
    consequences: Consequences
    sources: SourcesFile
    clock: _ReplayClock
    facts: dict[str, tuple[DiscoveryFact, ...]] = field(default_factory=dict)  # URL key -> said before its capture
    captures: int = 0

    def take(self, item: Snapshot | FactRecord, name: str) -> None:
        """Take one item of the shelf."""
        if isinstance(item, FactRecord):
            self._take_facts(item)
        else:
            self.clock.at = max(self.clock.at, item.captured_at)
            self._take_capture(item, name)

    def _take_facts(self, record: FactRecord) -> None:
        for fact in record.facts:
            try:
                known = self.frontier.look_up(fact.url)
            except UrlError:
                continue
            if known is None:
                key = url_key(fact.url)
                self.facts[key] = (*self.facts.get(key, ()), fact)
            else:
                added = self.frontier.add([Candidate(fact=fact, role=known.role, source=record.source or "")])
                self.frontier.facts_written(added.late_facts)

    def _take_capture(self, snapshot: Snapshot, name: str) -> None:
        role, source = snapshot.role or Role.PAGE, self._source_of(snapshot)
        try:
            said = self.facts.pop(url_key(snapshot.url), ())
        except UrlError:
            return
        guessed = bool(said) and all(fact.via is Via.GUESS for fact in said)
        via = Via.GUESS if guessed else Via.CONFIG
        bare = DiscoveryFact(url=snapshot.url, via=via, found_on="", seen_at=snapshot.captured_at)
        candidates = [Candidate(fact=fact, role=role, source=source) for fact in (*said, bare)]
        self.frontier.add(candidates[:-1])
        lease = self.frontier.adopt(candidates[-1])
        if lease is None:
            return
        answer = Answer.of_snapshot(snapshot)
        drawn = self.consequences.draw(lease, answer)
        self.frontier.facts_written(drawn.late_facts)
        # The body of a revisit lies elsewhere, and was readable: else nothing would refer to it.
        unreadable = answer.unreadable(role, snapshot.url) if snapshot.record_type == "response" else None
        whole = snapshot.truncated is None and snapshot.status == _OK and unreadable is None
        kept = _Kept(
            lease_id=lease.id,
            status=snapshot.status,
            etag=header(snapshot.headers, "ETag") if whole else None,
            last_modified=header(snapshot.headers, "Last-Modified") if whole else None,
            payload_digest=_digest(snapshot, lease) if whole else None,
            captured_at=snapshot.captured_at,
            truncated=snapshot.truncated,
            error=unreadable,
        )
        self.frontier.complete([kept], warc=name, length=snapshot.end)
        self.captures += 1

    def _source_of(self, snapshot: Snapshot) -> str:
        """Return the name of the source that asked, or of the one whose page it is now: sources are renamed."""
        if snapshot.source and self.sources.by_name(snapshot.source) is not None:
            return snapshot.source
        source = self.sources.for_url(snapshot.url)
        return source.name if source is not None else snapshot.source or ""


def _digest(snapshot: Snapshot, lease: Lease) -> str | None:
    """Return what the next visit is compared with; a revisit repeats also what a browser made of the body."""
    digest = snapshot.payload_digest
    if digest is None:
        return None
    if snapshot.record_type == "revisit":
        before = lease.previous.payload_digest if lease.previous else None
        return before if before and before.partition(" ")[0] == digest else digest
    dom = None if snapshot.rendered is None else snapshot.rendered.body
    return visit_digest(digest, dom=dom, unrendered=snapshot.unrendered)


def rebuild_frontier(folder: ArchiveFolder, *, clock: Clock, progress: Progress) -> tuple[int, list[ShelfError]]:
    """Fill a new crawl.db and put it in the old one's place.

    Returns how many captures it was made from, and which files and records could not be read (the others were), at most 100.
    Raises `LockHeldError`, `SourcesError`, `ShelfError`.
    """
    sources = load_sources(folder.sources)
    part = folder.crawl_db.with_name("crawl.db.rebuild")
    unreadable: list[ShelfError] = []
    with (
        lock(folder.crawl_lock, "morgue rebuild --frontier"),
        lock(folder.archive_lock, "morgue rebuild --frontier"),
    ):
        for suffix in _SUFFIXES:
            part.with_name(part.name + suffix).unlink(missing_ok=True)
        replaying = _ReplayClock(datetime(1990, 1, 1, tzinfo=UTC))
        tombstones = tombstones_of(read_decisions(folder.decisions))
        with Frontier(part, replaying, tombstones=tombstones) as frontier:
            consequences = Consequences(frontier, {source.name: source for source in sources.sources})
            replay = _Replay(frontier, consequences, sources, replaying)
            started = False
            for name, item in _items(folder, unreadable):
                if not started:  # the sources' own pages count as found when the archive began
                    replaying.at = _at(item)
                    frontier.sync_sources(sources.sources)
                    started = True
                replay.take(item, name)
                progress.update(replay.captures)
            for path in _open_files(folder):  # known, also if nothing of it is taken: its sources may be gone
                frontier.complete([], warc=shelf_name(path, folder.warc), length=complete_length(path))
            replaying.at = clock.now()
            frontier.sync_sources(sources.sources)
        for suffix in _SUFFIXES[1:]:
            folder.crawl_db.with_name(folder.crawl_db.name + suffix).unlink(missing_ok=True)
        part.replace(folder.crawl_db)
    return replay.captures, unreadable


def _open_files(folder: ArchiveFolder) -> list[Path]:
    files = warc_files(folder.warc)
    return [path for path in files if path.name.endswith(OPEN_SUFFIX) and parse_own_name(path.name) is not None]


def _items(folder: ArchiveFolder, unreadable: list[ShelfError]) -> Iterator[tuple[str, Snapshot | FactRecord]]:
    """Yield what our own files hold, merged by time; a file that cannot be read is noted, and the others are read."""
    files = [path for path in warc_files(folder.warc) if parse_own_name(path.name) is not None]

    def steps(path: Path) -> Iterator[tuple[str, tuple[str, Snapshot | FactRecord]]]:
        name = shelf_name(path, folder.warc)
        last = ""
        for item in read_records(path, name=name, on_broken=note):
            if not isinstance(item, Offset):
                last = max(last, _at(item).isoformat())
                yield last, (name, item)

    def note(error: ShelfError) -> None:
        if len(unreadable) < _NAMED and str(error) not in map(str, unreadable):  # the first of a file are read twice
            unreadable.append(error)

    def begin(path: Path) -> str | None:
        try:
            return next((key for key, _ in steps(path)), None)
        except ShelfError as error:
            note(error)
            return None

    return merged(files, begin, steps)


def _at(item: Snapshot | FactRecord) -> datetime:
    return item.captured_at if isinstance(item, Snapshot) else item.recorded_at
