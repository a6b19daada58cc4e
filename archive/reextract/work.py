"""What a worker does: read records of one WARC file, by reference, and send back what they say. Pure but for reading files.

Nothing of an archive crosses but references, what was said of each page (feeds, sitemaps) and the answers, packed as the
database keeps them; so a worker may be another process or another machine that sees the same folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from archive.dating import Reading, settled_by_later, settles
from archive.dedupe.words import content_digest
from archive.errors import ProfileError, ShelfError
from archive.extract import ExtractTask
from archive.extract.pool import TIMEOUT
from archive.model import DiscoveryFact, Extraction, Role, Signal, Snapshot
from archive.optout import of_headers
from archive.profiles import Profile, Profiles, checked_profile
from archive.reextract.extractor import Extractor
from archive.remote.window import is_url, open_window
from archive.store.rows import pack, status_of
from archive.warc import OPEN_SUFFIX, read_record
from archive.warc.window import Window

Facts = tuple[DiscoveryFact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A capture to be read: where its record lies, and what it is read with."""

    capture: int  # captures.pk
    url: str
    captured_at: datetime
    offset: int  # byte in the batch's file
    length: int
    source: str | None
    role: Role | None
    selectors: Mapping[str, str] = field(default_factory=dict)
    profile: str | None = None  # digest
    facts: Facts = ()  # said up to the capture
    later: Facts = ()  # said after it
    thorough: bool = False  # all witnesses are heard (`archive.extract.page.Page`)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records of one file, in its order."""

    path: str  # of the file, as workers find it: local, or a URL for fsspec
    name: str  # in tables
    references: tuple[Reference, ...]
    extractor: Extractor
    profiles: str  # folder of the profiles, likewise
    trial: Profile | None = None  # instead of any other profile


def batch_seconds(arguments: tuple[Any, ...]) -> float:
    """Return how long a call of `read_batch` may take."""
    return TIMEOUT * len(arguments[0].references)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a capture says, packed as a row of `extractions`. Without `result` its record could not be read."""

    reference: Reference
    result: bytes | None = None
    digest: str = ""
    status: str = "refused"
    reason: str | None = None
    asks: tuple[Signal, ...] = ()  # of the page's headers
    lost: str | None = None  # why the record could not be read

    @property
    def failed(self) -> bool:
        """Whether reading the page failed by itself: a time limit, a worker that died."""
        return (self.reason or "").startswith("error-")


def read_batch(batch: Batch) -> list[Answer]:
    """Read each record of a batch. Never raises for what a page contains."""
    return [_read(batch, reference) for reference in batch.references]


def _read(batch: Batch, reference: Reference) -> Answer:
    profile = batch.trial
    try:
        snapshot = _record(batch.path, reference.offset, batch.name)
        if profile is None and reference.profile is not None:
            profile = _profile(batch.profiles, reference.profile)
    except (ShelfError, ProfileError) as error:  # its file was taken away or is damaged
        return Answer(reference=reference, lost=str(error))
    snapshot = replace(snapshot, source=reference.source, role=reference.role)
    task = ExtractTask(
        snapshot=snapshot,
        facts=reference.facts,
        selectors=reference.selectors,
        profile=profile,
        thorough=reference.thorough,
    )

    def read(facts: Facts) -> Reading:
        try:
            return Reading(batch.extractor.read(replace(task, facts=facts)))
        except Exception as error:  # noqa: BLE001 - whatever happens on one page is that page's reason
            return Reading(Extraction.refused(f"error-{type(error).__name__}"))

    def settle(later: Facts, undated: bool) -> Reading | None:
        facts = reference.facts
        found = (read(facts if fact in facts else (*facts, fact)) for fact in later)
        return next((one for one in found if settles(one.extraction, undated=undated)), None)

    said = settled_by_later(
        read(reference.facts),
        settle,
        role=snapshot.role,
        used=reference.facts,
        known=lambda: (*reference.facts, *reference.later),
    )
    return answer_of(reference, snapshot, said.extraction)


def answer_of(reference: Reference, snapshot: Snapshot | None, extraction: Extraction) -> Answer:
    """Return what an extraction says as a row. `snapshot` is only asked for its headers."""
    result, digest = pack(extraction)
    status, reason = status_of(extraction)
    return Answer(
        reference=reference,
        result=result,
        digest=digest,
        status=status,
        reason=reason,
        asks=of_headers(snapshot.headers) if snapshot is not None else (),
    )


def content_of(extraction: Extraction) -> str:
    """Return the digest of what a reader sees."""
    return content_digest(extraction.title, extraction.text or "", extraction.description)


def _record(path: str, offset: int, name: str) -> Snapshot:
    if is_url(path):
        return read_record(Path(name), offset, name=name, window=_remote(path))
    try:
        return read_record(Path(path), offset, name=name)
    except ShelfError:
        if not path.endswith(OPEN_SUFFIX):
            raise
        return read_record(Path(path.removesuffix(OPEN_SUFFIX)), offset, name=name)  # a crawl has sealed it meanwhile


@lru_cache(maxsize=4)
def _remote(url: str) -> Window:
    """Return a remote file, kept open from record to record."""
    return open_window(url)


@lru_cache(maxsize=64)
def _profile(folder: str, digest: str) -> Profile:
    if not is_url(folder):
        return Profiles(Path(folder)).load(digest)
    with closing(open_window(f"{folder}/{digest}.json")) as window:
        return checked_profile(window.path, window.at(0, window.end), digest)
