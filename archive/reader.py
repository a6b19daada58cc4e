"""Reading one capture as the archive asks for it: with its source's selectors, its site profile and what was said of it.

First reading, late facts and reading again come through here, so that they give the same.

A later profile holds from its adoption on, and an article may be captured before and after. If the two readings differ, the
difference may be the profile's and not the publisher's. So the later page is then read with the earlier one's profile too;
if that shows what the earlier capture showed, nobody changed anything, and that reading is kept.

The same holds where one of them left no doubt without trafilatura and the other did (`archive.extract.evidence`): both are read
with it before the publisher is said to have edited anything.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from archive.ballots import Ballots
from archive.dating import LateFacts, Reading
from archive.dedupe.words import content_digest, same_content
from archive.errors import ProfileError, ShelfError
from archive.extract import EXTRACTOR, ExtractionPool, ExtractTask, with_selectors
from archive.extract.page import WITHOUT
from archive.model import DiscoveryFact, Extraction, Signal, Snapshot
from archive.optout import of_headers, opting
from archive.profiles import Profile, Profiles
from archive.sources import SourcesFile
from archive.store import OPTED_OUT, EarlierReading, Store, key_or_raw, stamp
from archive.warc import read_record

# A worker that dies was killed from outside (the system ran out of memory, or is being shut down) more often than by its
# page. The page is then read once more: what a shelf gives must not depend on the weather.
_WORKER_LOST = frozenset({"error-crashed", "error-no-worker"})

Facts = tuple[DiscoveryFact, ...]


@dataclass(frozen=True, slots=True)
class Begun:
    """A page that a worker has."""

    task: ExtractTask
    profile: str | None  # digest
    future: Future[Extraction]


class PageReader:
    """Reads captures of one archive. Reads the store, writes nothing."""

    def __init__(
        self,
        store: Store,
        pool: ExtractionPool,
        sources: SourcesFile,
        *,
        find: Callable[[str], Path],
        renamed: Mapping[str, str] | None = None,
        profiles: Profiles | None = None,
    ) -> None:
        """`find(name)`: the file that the tables call `name`. `renamed`: old names of sources to those of now."""
        self.pool = pool
        self.find = find
        self.renamed = renamed or {}
        self.profiles = profiles or Profiles(Path())
        self.missing: dict[str, ProfileError] = {}  # by digest; what was read without them is to be read again
        self.late_facts = LateFacts(store, find, self.read)
        self._ballots = Ballots()
        self._store = store
        self._sources = sources

    def source_of(self, snapshot: Snapshot) -> str | None:
        """Return the present name of a capture's source; of a foreign capture the one that its address belongs to."""
        return self.named(snapshot.source, snapshot.url)

    def named(self, source: str | None, url: str) -> str | None:
        """Return what `source_of` returns, of a capture that is stored under this name."""
        if source:
            return self._present(source)
        known = self._sources.for_url(url)
        return known.name if known else None

    def _present(self, name: str | None) -> str | None:
        return name and self.renamed.get(name, name)

    def names_of(self, source: str) -> list[str]:
        """Return all the names under which tables may know a source."""
        return sorted({source} | {old for old, new in self.renamed.items() if new == source})

    def facts(self, snapshot: Snapshot) -> Facts:
        """Return what was said of a page up to its capture."""
        return self._store.facts_for(key_or_raw(snapshot.url), snapshot.captured_at)

    def all_facts(self, url: str) -> Facts:
        """Return what was ever said of a page, earliest first."""
        return self._store.facts_for(key_or_raw(url))

    def task(self, snapshot: Snapshot, facts: Facts) -> ExtractTask:
        """Return what a worker needs to read a capture, without a profile."""
        return ExtractTask(snapshot=snapshot, facts=facts, selectors=self.selectors(snapshot.source))

    def selectors(self, source: str | None) -> dict[str, str]:
        """Return a source's selectors as sources.toml has them now."""
        name = self._present(source)
        known = self._sources.by_name(name) if name else None
        return dict(known.selectors) if known else {}

    def begin(self, snapshot: Snapshot, facts: Facts) -> Begun:
        """Hand a page to a worker."""
        task = self.task(snapshot, facts)
        source = self._present(snapshot.source)
        digest = self.profiles.in_force(source, snapshot.captured_at)
        profile = self._profile(digest)
        if profile is not None:
            task = replace(task, profile=profile, known=self._ballots.get(_identity(task)))
            return Begun(task, digest, self.pool.submit(task))
        keep = None if source is None else partial(self._ballots.put, _identity(task))  # it may learn, and ask again
        return Begun(task, None, self.pool.submit(task, keep=keep))

    def teach(self, snapshot: Snapshot, facts: Facts) -> Future[Mapping[str, object] | None]:
        """Hand a page to a worker for what it teaches of its site. None: it is no article, or cannot be read."""
        task = self.task(snapshot, facts)
        return self.pool.teach(replace(task, known=self._ballots.get(_identity(task))))

    def end(self, begun: Begun) -> Reading:
        """Wait for a page. What was captured of its article before must have been placed."""
        extraction = begun.future.result()
        if extraction.reason in _WORKER_LOST:
            extraction = self.pool.submit(begun.task).result()
        reading = Reading(extraction, begun.profile, with_selectors(EXTRACTOR, begun.task.selectors))
        reading = self._if_unchanged(begun.task, reading) or reading
        snapshot = begun.task.snapshot
        if snapshot is None or not self.skips(snapshot.source):
            return reading
        return self.unless_skipped(snapshot.url, snapshot.captured_at, of_headers(snapshot.headers), reading)

    def skips(self, source: str | None) -> bool:
        """Tell whether sources.toml says to skip pages of this source that opt out."""
        name = self._present(source)
        known = self._sources.by_name(name) if name else None
        return known is not None and known.opt_out == "skip"

    def unless_skipped(
        self, url: str, captured_at: datetime, by_headers: tuple[Signal, ...], reading: Reading
    ) -> Reading:
        """Return the reading of a page that is skipped if it opts out; without what it says, if it does."""
        if not reading.extraction.article:
            return reading
        by_robots = self._store.opt_outs.by_robots(url, captured_at)
        signals = (*reading.extraction.signals, *by_headers, *by_robots)
        if not opting(signals, at=stamp(captured_at)):
            return reading
        return replace(reading, extraction=Extraction.refused(OPTED_OUT, signals=reading.extraction.signals))

    def read(self, snapshot: Snapshot, facts: Facts) -> Reading:
        """Read a page now."""
        return self.end(self.begin(snapshot, facts))

    def _if_unchanged(self, task: ExtractTask, reading: Reading) -> Reading | None:
        """Return the reading that the article's preceding capture had, if by that the page says what that one said."""
        snapshot, extraction = task.snapshot, reading.extraction
        if snapshot is None or snapshot.cut or not extraction.article:
            return None
        earlier = self._store.readings.earlier(key_or_raw(snapshot.url), snapshot.captured_at)
        if earlier is None or same_content(earlier.content, _content(extraction)):
            return None
        if earlier.extractor != reading.extractor:
            return self._as_another_extractor(earlier, task, reading)
        if earlier.profile == reading.profile:
            return self._as_read_thoroughly(earlier, task, reading)
        profile = self._profile(earlier.profile)
        if profile is None and earlier.profile is not None:
            return None
        again = self.pool.submit(replace(task, profile=profile)).result()
        same = again.article and same_content(_content(again), earlier.content)
        return Reading(again, earlier.profile, reading.extractor) if same else None

    def _as_read_thoroughly(self, earlier: EarlierReading, task: ExtractTask, reading: Reading) -> Reading | None:
        """Return the reading to keep if this page and the preceding capture say the same once trafilatura is asked of both."""
        kept = self._store.readings.extraction(earlier.capture)
        if _asked(kept) == _asked(reading.extraction):
            return None
        if _asked(kept):
            again = self._thoroughly(task, reading.profile)
            same = again.article and same_content(_content(again), earlier.content)
            return replace(reading, extraction=again) if same else None
        before = self._task_of(earlier.capture)
        then = None if before is None else self._thoroughly(before, reading.profile)
        if then is None or not then.article or not same_content(_content(then), _content(reading.extraction)):
            return None
        return replace(reading, extraction=replace(kept, signals=reading.extraction.signals))

    def _as_another_extractor(self, earlier: EarlierReading, task: ExtractTask, reading: Reading) -> Reading | None:
        """Return what the preceding capture said, if read by the extractor of now it would say what this page says.

        Nobody edited it then: a newer Morgue, or other selectors, read it otherwise. `morgue reextract` reads both anew.
        """
        readings = self._store.readings
        then = readings.by(earlier.capture, reading.extractor)
        if then is None:
            before = self._task_of(earlier.capture)
            if before is None or with_selectors(EXTRACTOR, before.selectors) != reading.extractor:
                return None
            then = self.pool.submit(replace(before, profile=self._profile(reading.profile))).result()
        now = reading.extraction
        if then.article and _asked(then) and not _asked(now):
            now = self._thoroughly(task, reading.profile)
        elif (
            then.article and _asked(now) and not _asked(then) and (before := self._task_of(earlier.capture)) is not None
        ):
            then = self._thoroughly(before, reading.profile)
        if not (then.article and now.article and same_content(_content(then), _content(now))):
            return None
        kept = readings.extraction(earlier.capture)
        return Reading(replace(kept, signals=reading.extraction.signals), earlier.profile, earlier.extractor)

    def _task_of(self, capture: int) -> ExtractTask | None:
        """Return what a worker needs to read a capture that is stored, None if its record cannot be read."""
        stored = self._store.readings.capture(capture)
        try:
            snapshot = read_record(self.find(stored.warc), stored.offset, name=stored.warc)
        except ShelfError:
            return None
        snapshot = replace(snapshot, source=stored.source, role=stored.role)
        return self.task(snapshot, self.facts(snapshot))

    def _thoroughly(self, task: ExtractTask, profile: str | None) -> Extraction:
        """Read a page with all witnesses."""
        thorough = replace(task, profile=self._profile(profile), keep=False, known=None, thorough=True)
        return self.pool.submit(thorough).result()

    def profile(self, digest: str | None) -> Profile | None:
        """Return a profile; None where there is none, or its file is missing or damaged, which is noted."""
        return self._profile(digest)

    def _profile(self, digest: str | None) -> Profile | None:
        if digest is None or digest in self.missing:
            return None
        try:
            return self.profiles.load(digest)
        except ProfileError as error:
            self.missing[digest] = error
            return None


def _identity(task: ExtractTask) -> Hashable:
    """Return what the reading of a capture without a profile depends on."""
    snapshot = task.snapshot
    return snapshot and (snapshot.ref, snapshot.role, task.facts, tuple(sorted(task.selectors.items())))


def _content(extraction: Extraction) -> str:
    return content_digest(extraction.title, extraction.text or "", extraction.description)


def _asked(extraction: Extraction) -> bool:
    """Tell whether trafilatura was asked of a page."""
    return extraction.provenance.get("text") != WITHOUT
