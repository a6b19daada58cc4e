"""Reading again: captures that another site profile holds for now, extracted and placed once more.

Their extractions are replaced, and an article's history is told anew from all its captures: what only the profile changed
makes no revision and no new article.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from archive.dating import Reading
from archive.dedupe.words import content_digest
from archive.errors import ProfileError, ShelfError
from archive.model import Extraction, ExtractorId, Snapshot
from archive.reader import Begun, Facts, PageReader
from archive.report import IngestReport
from archive.store import Before, Store, StoredCapture
from archive.warc import read_record

_AHEAD = 8  # pages that workers have or will have next; bounds memory


class OutOfTimeError(Exception):
    """It was told to stop before it was through; stays inside this package."""


@dataclass(slots=True)
class Changes:
    """What reading a source's captures again changed."""

    captures: int = 0  # read again
    lost: int = 0  # whose record cannot be read; they stay as they were
    changed: set[int] = field(default_factory=set)  # articles.pk with another title or text
    withdrawn: set[int] = field(default_factory=set)  # articles.pk of which a capture is no article any more
    touched: set[int] = field(default_factory=set)  # captures.pk that show something else now


def read_again(
    store: Store,
    reader: PageReader,
    source: str,
    *,
    since: datetime | None = None,
    stop: Callable[[], bool] = lambda: False,
    keep: bool = False,
) -> Changes:
    """Read those captures of a source (`since` then) again that were read with another profile than holds now.

    `keep`: what articles said before is kept as revisions of cause extractor. What an extractor reads that was rolled back for
    this source stands beside what is in force: only a person brings it forth again.

    Inside a transaction. Raises `OutOfTimeError` when told to stop: the transaction must not be committed.
    """
    changes = Changes()
    before = store.before() if keep else None
    profiles = reader.profiles
    names = reader.names_of(source)
    captures = store.readings.by_text(names, lambda at, used: profiles.in_force(source, at) != used, since=since)
    for stored, snapshot, facts, begun in _begun(store, reader, captures, changes):
        if stop():
            raise OutOfTimeError
        reading = reader.late_facts.settled_by_later(snapshot, facts, reader.end(begun))
        if store.readings.read_by(stored.pk) != reading.extractor and _is_rolled_back(store, names, reading.extractor):
            changes.captures += 1
            if not (reading.extraction.reason or "").startswith("error-"):
                store.add_extraction(
                    stored.pk, reading.extractor, reading.extraction, profile=reading.profile, in_force=False
                )
            continue
        _take(store, stored, reading, changes, before)
    for pk in store.readings.followers(changes.touched):  # a revisit shows what the capture shows that it repeats
        store.place(pk)
    if before is not None:
        before.keep()
    return changes


def _is_rolled_back(store: Store, names: Collection[str], extractor: ExtractorId) -> bool:
    last = store.promotions.last(names, store.extractor(extractor))
    return last is not None and last.rolled_back_at is not None


def _begun(
    store: Store, reader: PageReader, captures: Sequence[int], changes: Changes
) -> Iterator[tuple[StoredCapture, Snapshot, Facts, Begun]]:
    """Yield captures in order, with some pages ahead in the workers' hands."""
    ahead: deque[tuple[StoredCapture, Snapshot, Facts, Begun]] = deque()
    for pk in captures:
        stored = store.readings.capture(pk)
        try:
            snapshot = snapshot_of(reader, stored)
        except ShelfError:  # its file was taken away or is damaged
            changes.lost += 1
            continue
        facts = reader.facts(snapshot)
        ahead.append((stored, snapshot.without_bodies(), facts, reader.begin(snapshot, facts)))
        if len(ahead) > _AHEAD:
            yield ahead.popleft()
    yield from ahead


def snapshot_of(reader: PageReader, stored: StoredCapture) -> Snapshot:
    """Return a capture read from its record, under its source's present name. Raises `ShelfError`."""
    snapshot = read_record(reader.find(stored.warc), stored.offset, name=stored.warc)
    snapshot = replace(snapshot, source=stored.source, role=stored.role)
    return replace(snapshot, source=reader.source_of(snapshot))


def _take(
    store: Store, stored: StoredCapture, reading: Reading, changes: Changes, before: Before | None = None
) -> None:
    changes.captures += 1
    new = reading.extraction
    if not new.article and (new.reason or "").startswith("error-"):
        return  # a time limit, a worker that died: the old reading is better than none
    old = store.readings.extraction(stored.pk)
    if before is not None and stored.article is not None and _content(old) != _content(new):
        before.note(stored.article)
    store.add_extraction(stored.pk, reading.extractor, new, profile=reading.profile)
    if old == new:
        return  # it was placed by what it says, and says the same: its profile alone is another
    store.place(stored.pk)
    if (old.article, _content(old)) == (new.article, _content(new)):
        return
    changes.touched.add(stored.pk)
    if stored.article is not None:
        (changes.changed if new.article else changes.withdrawn).add(stored.article)


def _content(extraction: Extraction) -> str:
    return content_digest(extraction.title, extraction.text or "", extraction.description)


def catch_up(
    store: Store, reader: PageReader, report: IngestReport, *, stop: Callable[[], bool] = lambda: False
) -> None:
    """Carry out what decisions.jsonl adopted and this database has not done: a kill came between, or it was copied here.

    A source whose profile cannot be loaded is named in the report and left for the next time.
    """
    done = store.readings.carried_out()
    for source in sorted({adoption.source for adoption in reader.profiles.adoptions if adoption.key not in done}):
        try:
            for adoption in reader.profiles.of(source):
                reader.profiles.load(adoption.digest)
        except ProfileError as error:
            report.unreadable.append(error)
            reader.missing[adoption.digest] = error
            continue
        try:
            with store.transaction():
                read_again(store, reader, source, stop=stop)
                note_carried_out(store, reader, source)
        except OutOfTimeError:
            return


def note_carried_out(store: Store, reader: PageReader, source: str) -> None:
    """Note that a source's captures have been read with the profiles that hold for them."""
    adopted = [(adoption.digest, adoption.start, adoption.at) for adoption in reader.profiles.of(source)]
    store.readings.set_carried_out(source, adopted, names=reader.names_of(source))
