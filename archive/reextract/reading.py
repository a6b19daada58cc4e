"""Reading captures again: references go out in batches, in the order of the files; rows come back beside the old ones.

What is done is in the database: a kill at any moment costs the batches that were not committed. A batch whose worker was lost
is done again, record by record, so that one page costs one page.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from archive.dating import Reading
from archive.errors import MorgueError, ShelfError
from archive.executors import WorkerLostError
from archive.model import Extraction
from archive.profiles import Profile
from archive.reader import PageReader
from archive.reextract.extractor import Extractor
from archive.reextract.wanted import Chosen, Place
from archive.reextract.work import Answer, Batch, Reference, answer_of, read_batch
from archive.store import Store
from archive.store.rows import unpack

BATCH = 16  # records: some hundred milliseconds of work for a few kilobytes of references
_AHEAD = 6  # batches waiting per worker: one slow page shall not leave the others idle; bounds memory
_COMMIT_SECONDS = 2.0
_COMMIT_ROWS = 1000
_TRIES = 3  # of one record whose worker died: killed from outside more often than by its page


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """With what captures are read."""

    extractor: Extractor
    executor: Executor
    jobs: int
    shelf: Path  # the archive's warc/
    profiles: str  # folder, as workers find it
    at: str | None = None  # where workers find the archive; None: where it is
    trial: Profile | None = None


@dataclass(slots=True)
class Done:
    """What was read."""

    captures: int = 0
    lost: int = 0  # whose record cannot be read: they stay as they were
    why_lost: str | None = None  # the first reason
    failed: int = 0  # pages that took too long, or crashed a worker


def read_all(
    store: Store,
    reader: PageReader,
    chosen: Chosen,
    how: How,
    *,
    committing: Callable[[], AbstractContextManager[None]],
    on_page: Callable[[int, int], None] = lambda _done, _of: None,
    stop: Callable[[], bool] = lambda: False,
) -> Done:
    """Read what was chosen and is not read yet, in the order of the files.

    `committing()`: a block whose rows are kept together. `stop()`: end after the present block. `on_page(done, of)`.
    """
    with committing():
        total = chosen.to_read()
    done = Done()
    answers = _answers(_batches(reader, chosen, how, done), how, stop)
    more = True
    while more:
        begun, rows = time.monotonic(), 0
        with committing():
            for answer in answers:
                _write(store, reader, chosen, answer, done)
                rows += 1
                on_page(done.captures + done.lost, total)
                if rows >= _COMMIT_ROWS or time.monotonic() - begun >= _COMMIT_SECONDS:
                    break
            else:
                more = False
    return done


def _batches(reader: PageReader, chosen: Chosen, how: How, done: Done) -> Iterator[Batch]:
    """Yield batches of records that lie in one file."""
    waiting: list[tuple[Place, Reference]] = []
    for place, profile in chosen.places():
        if waiting and (waiting[0][0].warc != place.warc or len(waiting) == BATCH):
            yield from _batch(reader, waiting, how, done)
            waiting = []
        waiting.append((place, _reference(reader, place, profile)))
    if waiting:
        yield from _batch(reader, waiting, how, done)


def _batch(reader: PageReader, waiting: list[tuple[Place, Reference]], how: How, done: Done) -> Iterator[Batch]:
    name = waiting[0][0].warc
    try:
        path = path_for(reader.find(name), how)
    except ShelfError as error:  # the file was taken away
        done.lost += len(waiting)
        done.why_lost = done.why_lost or str(error)
        return
    yield Batch(
        path=path,
        name=name,
        references=tuple(reference for _, reference in waiting),
        extractor=how.extractor,
        profiles=how.profiles,
        trial=how.trial,
    )


def path_for(path: Path, how: How) -> str:
    """Return where workers find a file; one outside the archive (an import in place) lies where it lies for all."""
    if how.at is None or not path.is_relative_to(how.shelf):
        return str(path.absolute())
    return f"{how.at}/{how.shelf.name}/{path.relative_to(how.shelf).as_posix()}"


def _reference(reader: PageReader, place: Place, profile: str | None) -> Reference:
    known = reader.all_facts(place.url)
    return Reference(
        capture=place.capture,
        url=place.url,
        captured_at=place.captured_at,
        offset=place.offset,
        length=place.length,
        source=place.chosen_as or place.source,
        role=place.role,
        selectors=reader.selectors(place.chosen_as or None),
        profile=profile,
        facts=tuple(fact for fact in known if fact.seen_at <= place.captured_at),
        later=tuple(fact for fact in known if fact.seen_at > place.captured_at),
    )


def _answers(batches: Iterator[Batch], how: How, stop: Callable[[], bool]) -> Iterator[Answer]:
    """Yield answers in the order of the batches, with some of them ahead in the workers' hands."""
    ahead: deque[tuple[Batch, Future[list[Answer]]]] = deque()

    def fill() -> None:
        while len(ahead) < max(1, how.jobs) * _AHEAD and not stop():
            batch = next(batches, None)
            if batch is None:
                return
            ahead.append((batch, how.executor.submit(read_batch, batch)))

    fill()
    while ahead:
        batch, future = ahead.popleft()
        if stop() and future.cancel():
            continue
        answers = _result(batch, future, how)
        fill()
        yield from answers


def _result(batch: Batch, future: Future[list[Answer]], how: How) -> list[Answer]:
    """Return a batch's answers; where its worker was lost, of its records one by one."""
    try:
        return future.result()
    except MorgueError:  # the cluster is gone, or unfit: nothing that another try would mend
        raise
    except Exception as error:  # noqa: BLE001 - whichever executor it is has errors of its own for a lost worker
        if len(batch.references) == 1:
            return [_one(batch, how, _reason(error))]
    singles = [replace(batch, references=(reference,)) for reference in batch.references]
    futures = [how.executor.submit(read_batch, single) for single in singles]
    return [answer for single, asked in zip(singles, futures, strict=True) for answer in _result(single, asked, how)]


def _one(batch: Batch, how: How, reason: str) -> Answer:
    """Return the answer for one record whose worker was lost: after some tries, that it cannot be read."""
    for _ in range(_TRIES - 1 if reason != "error-timeout" else 0):
        try:
            [answer] = how.executor.submit(read_batch, batch).result()
        except MorgueError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            reason = _reason(error)
        else:
            return answer
    return answer_of(batch.references[0], None, Extraction.refused(reason))


def _reason(error: Exception) -> str:
    return error.reason if isinstance(error, WorkerLostError) else "error-crashed"


def _write(store: Store, reader: PageReader, chosen: Chosen, answer: Answer, done: Done) -> None:
    """Keep an answer beside the readings that are there."""
    reference = answer.reference
    if answer.result is None:
        done.lost += 1
        done.why_lost = done.why_lost or answer.lost
        return
    done.captures += 1
    done.failed += answer.failed
    row = (answer.status, answer.reason, answer.result, answer.digest)
    if answer.status == "article" and reader.skips(reference.source):
        said = unpack(answer.result)
        kept = reader.unless_skipped(reference.url, reference.captured_at, answer.asks, Reading(said)).extraction
        if kept is not said:
            skipped = answer_of(reference, None, kept)
            row = (skipped.status, skipped.reason, skipped.result or b"", skipped.digest)
    store.promotions.add(reference.capture, chosen.extractor(reference.source or ""), row, reference.profile)


def read_once(batch: Batch, how: How) -> Answer:
    """Return the answer for a batch of one record, now."""
    [answer] = _result(batch, how.executor.submit(read_batch, batch), how)
    return answer
