"""Reading one capture as the archive asks for it: with its source's selectors, its site profile and what was said of it.

First reading, late facts and reading again come through here, so that they give the same.

A later profile holds from its adoption on, and an article may be captured before and after. If the two readings differ, the
difference may be the profile's and not the publisher's. So the later page is then read with the earlier one's profile too;
if that shows what the earlier capture showed, nobody changed anything, and that reading is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

from archive.dating import LateFacts, Reading
from archive.dedupe.words import content_digest, same_content
from archive.errors import ProfileError
from archive.extract import ExtractionPool, ExtractTask
from archive.model import DiscoveryFact, Extraction, Snapshot
from archive.optout import of_headers, opting
from archive.profiles import Profile, Profiles
from archive.sources import SourcesFile
from archive.store import OPTED_OUT, Store, key_or_raw, stamp

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
        self._store = store
        self._sources = sources

    def source_of(self, snapshot: Snapshot) -> str | None:
        """Return the present name of a capture's source; of a foreign capture the one that its address belongs to."""
        if snapshot.source:
            return self._present(snapshot.source)
        source = self._sources.for_url(snapshot.url)
        return source.name if source else None

    def _present(self, name: str | None) -> str | None:
        return name and self.renamed.get(name, name)

    def names_of(self, source: str) -> list[str]:
        """Return all the names under which tables may know a source."""
        return sorted({source} | {old for old, new in self.renamed.items() if new == source})

    def facts(self, snapshot: Snapshot) -> Facts:
        """Return what was said of a page up to its capture."""
        return self._store.facts_for(key_or_raw(snapshot.url), snapshot.captured_at)

    def task(self, snapshot: Snapshot, facts: Facts) -> ExtractTask:
        """Return what a worker needs to read a capture, without a profile."""
        name = self._present(snapshot.source)
        source = self._sources.by_name(name) if name else None
        return ExtractTask(snapshot=snapshot, facts=facts, selectors=dict(source.selectors) if source else {})

    def begin(self, snapshot: Snapshot, facts: Facts) -> Begun:
        """Hand a page to a worker."""
        task = self.task(snapshot, facts)
        digest = self.profiles.in_force(self._present(snapshot.source), snapshot.captured_at)
        profile = self._profile(digest)
        task = task if profile is None else replace(task, profile=profile)
        return Begun(task, None if profile is None else digest, self.pool.submit(task))

    def end(self, begun: Begun) -> Reading:
        """Wait for a page. What was captured of its article before must have been placed."""
        extraction = begun.future.result()
        if extraction.reason in _WORKER_LOST:
            extraction = self.pool.submit(begun.task).result()
        reading = Reading(extraction, begun.profile)
        return self._unless_skipped(begun.task, self._if_unchanged(begun.task, reading) or reading)

    def _unless_skipped(self, task: ExtractTask, reading: Reading) -> Reading:
        """Return the reading without what it says, if its page opts out and sources.toml says to skip such pages."""
        snapshot = task.snapshot
        name = self._present(snapshot.source) if snapshot else None
        source = self._sources.by_name(name) if name else None
        if snapshot is None or source is None or source.opt_out != "skip" or not reading.extraction.article:
            return reading
        by_robots = self._store.opt_outs.by_robots(snapshot.url, snapshot.captured_at)
        signals = (*reading.extraction.signals, *of_headers(snapshot.headers), *by_robots)
        if not opting(signals, at=stamp(snapshot.captured_at)):
            return reading
        return Reading(Extraction.refused(OPTED_OUT, signals=reading.extraction.signals), reading.profile)

    def read(self, snapshot: Snapshot, facts: Facts) -> Reading:
        """Read a page now."""
        return self.end(self.begin(snapshot, facts))

    def _if_unchanged(self, task: ExtractTask, reading: Reading) -> Reading | None:
        """Return the reading with the profile of the article's preceding capture, if it says what that one said."""
        snapshot, extraction = task.snapshot, reading.extraction
        if snapshot is None or snapshot.cut or not extraction.article:
            return None
        earlier = self._store.readings.earlier(key_or_raw(snapshot.url), snapshot.captured_at)
        if earlier is None or earlier.profile == reading.profile or same_content(earlier.content, _content(extraction)):
            return None
        profile = self._profile(earlier.profile)
        if profile is None and earlier.profile is not None:
            return None
        again = self.pool.submit(replace(task, profile=profile)).result()
        same = again.article and same_content(_content(again), earlier.content)
        return Reading(again, earlier.profile) if same else None

    def _profile(self, digest: str | None) -> Profile | None:
        if digest is None or digest in self.missing:
            return None
        try:
            return self.profiles.load(digest)
        except ProfileError as error:
            self.missing[digest] = error
            return None


def _content(extraction: Extraction) -> str:
    return content_digest(extraction.title, extraction.text or "", extraction.description)
