"""Extraction in worker processes that may hang, crash or swell without harm to more than one page.

One thread in the parent looks after one worker process: it sends a task down a pipe, waits for the answer at most
`timeout` seconds, and kills and replaces a worker that hangs, dies or has grown. Workers are started afresh ("spawn"):
a fork of a process with threads can deadlock.

How many tasks wait in the queue is the caller's affair: submit some hundred ahead, not a whole archive, because each
holds its page.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import multiprocessing
import os
import queue
import resource
import signal
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

from archive.extract.page import Page
from archive.model import DiscoveryFact, Extraction, Snapshot

TIMEOUT = 20.0  # seconds a page may take; the slowest of the measured pages took 4
MAX_PAGES = 2000  # pages after which a worker is replaced
MAX_RSS = 250 * 10**6  # bytes of resident memory after which a worker is replaced; 200 MB after 5,000 pages are usual
TRIM = 20  # pages after which a worker gives free memory back: glibc keeps 50 MB between large pages; 2 ms each time
ADDRESS_SPACE = 2 * 2**30  # bytes: a page that wants more gets a MemoryError; 50 MB of elements want 2.5 GB
_START = 60.0  # seconds in which a worker must have loaded its libraries
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractTask:
    """One page to read: a capture with what is known of it, or a page as it is."""

    snapshot: Snapshot | None = None
    page: Page | None = None
    facts: tuple[DiscoveryFact, ...] = ()
    selectors: Mapping[str, str] = field(default_factory=dict)
    profile: Mapping[str, object] | None = None
    lesson: bool = False  # asks for what the page teaches of its site, instead of what it says
    keep: bool = False  # asks for a ballot as well (`archive.extract.ballot`); the task has no profile then
    known: bytes | None = None  # the ballot of an earlier reading of the same task without a profile
    thorough: bool = False  # all witnesses are heard, whether or not the page leaves a doubt


@dataclass(frozen=True, slots=True)
class Taught:
    """What a page teaches of its site; None: nothing."""

    lesson: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Kept:
    """What a page says, and its ballot, packed."""

    extraction: Extraction
    ballot: bytes


Answer = Extraction | Taught | Kept
Work = Callable[[ExtractTask], Answer]


def run_task(task: ExtractTask) -> Answer:
    """Read one page in this process."""
    from archive.extract.ballot import Ballot
    from archive.extract.extract import extract, extract_snapshot, first_reading, read_with, snapshot_lesson
    from archive.extract.profile import lesson

    if task.page is not None:
        return Taught(lesson(task.page)) if task.lesson else extract(task.page)
    if task.snapshot is None:
        raise ValueError("an ExtractTask needs a snapshot or a page")
    if task.known is not None:
        ballot = Ballot.unpacked(task.known)
        if task.lesson:
            return Taught(ballot.lesson())
        return read_with(ballot, task.profile, task.snapshot, task.facts, task.selectors)
    if task.lesson:
        return Taught(snapshot_lesson(task.snapshot, task.facts, task.selectors))
    if task.keep and task.profile is None:
        extraction, new = first_reading(task.snapshot, task.facts, task.selectors)
        return extraction if new is None else Kept(extraction, new.packed())
    return extract_snapshot(task.snapshot, task.facts, task.selectors, task.profile, thorough=task.thorough)


def _guarded(work: Work, task: ExtractTask) -> Answer:
    try:
        return work(task)
    except Exception as error:  # noqa: BLE001 - whatever happens on one page is that page's reason
        return Extraction.refused(f"error-{type(error).__name__}")


class ExtractionPool:
    """A pool of extracting processes; a context manager.

    `jobs` workers are started when the first task needs them; with `jobs=0` pages are read at once in this process,
    without time or memory limits (for tests and for commands that read one page). Results may be awaited in any order.
    Leaving the context waits for what was submitted; after an exception what has not begun is cancelled.
    """

    def __init__(
        self,
        jobs: int,
        *,
        timeout: float | Callable[[ExtractTask], float] = TIMEOUT,
        max_pages: int = MAX_PAGES,
        max_rss: int = MAX_RSS,
        work: Work = run_task,
        warm: bool | None = None,
    ) -> None:
        """`warm`: workers load what reads pages before they begin, so that no page pays for it."""
        self._warm = work is run_task if warm is None else warm
        self._timeout = timeout
        self._max_pages = max_pages
        self._max_rss = max_rss
        self._work = work
        self._jobs = jobs
        self._queue: queue.SimpleQueue[tuple[ExtractTask, Future[Any]] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._waiting = 0
        self._lock = threading.Lock()
        self._closed = False
        self._stopping = threading.Event()

    def __enter__(self) -> ExtractionPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(cancel=kind is not None)

    def submit(self, task: ExtractTask, *, keep: Callable[[bytes], None] | None = None) -> Future[Extraction]:
        """Queue one page. The future never holds an exception: what went wrong is the extraction's reason.

        `keep(ballot)` is called, by any thread, before the future is done, where the page was read without a profile and
        has a ballot (`ExtractTask.known`).
        """
        future: Future[Extraction] = Future()
        task = replace(task, lesson=False) if task.lesson else task
        if keep is None:
            return self._put(task, future)

        def pass_on(asked: Future[Any]) -> None:
            if asked.cancelled():
                future.cancel()
                return
            if (error := asked.exception()) is not None:  # of another kind of pool: all is lost, not this page
                future.set_exception(error)
                return
            answer = asked.result()
            if isinstance(answer, Kept):
                keep(answer.ballot)
                answer = answer.extraction
            future.set_result(answer)

        self._put(replace(task, keep=True), Future()).add_done_callback(pass_on)
        return future

    def teach(self, task: ExtractTask) -> Future[Mapping[str, object] | None]:
        """Queue one page for what it teaches of its site. None: it is no article, or could not be read."""
        taught: Future[Mapping[str, object] | None] = Future()

        def pass_on(asked: Future[Any]) -> None:
            if asked.cancelled():
                taught.cancel()
            elif (error := asked.exception()) is not None:
                taught.set_exception(error)
            else:
                answer = asked.result()
                taught.set_result(answer.lesson if isinstance(answer, Taught) else None)

        self._put(replace(task, lesson=True), Future()).add_done_callback(pass_on)
        return taught

    def _put(self, task: ExtractTask, future: Future[Any]) -> Future[Any]:
        if self._closed:
            raise RuntimeError("the extraction pool is closed; submit pages inside its `with` block")
        if self._jobs <= 0:
            future.set_running_or_notify_cancel()
            future.set_result(_guarded(self._work, task))
            return future
        with self._lock:
            self._waiting += 1
            if self._waiting > len(self._threads) and len(self._threads) < self._jobs:
                thread = threading.Thread(target=self._look_after, name=f"extract-{len(self._threads)}", daemon=True)
                self._threads.append(thread)
                thread.start()
        self._queue.put((task, future))
        return future

    def close(self, *, cancel: bool = False) -> None:
        """Wait for what was submitted, or (`cancel`) drop what has not begun, then end the workers."""
        self._closed = True
        if cancel:
            self._stopping.set()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _look_after(self) -> None:
        worker: _Worker | None = None
        try:
            while (item := self._queue.get()) is not None:
                task, future = item
                if self._stopping.is_set():
                    future.cancel()
                if not future.set_running_or_notify_cancel():
                    self._done()
                    continue
                if worker is None or not worker.fit():
                    if worker is not None:
                        worker.end()
                    worker = self._start()
                result, worker = self._ask(worker, task)
                self._done()
                future.set_result(result)
        finally:
            if worker is not None:
                worker.end()

    def _done(self) -> None:
        with self._lock:
            self._waiting -= 1

    def _start(self) -> _Worker | None:
        worker = _Worker(self._work, max_pages=self._max_pages, max_rss=self._max_rss, warm=self._warm)
        if worker.ready(_START):
            return worker
        worker.kill()
        return None

    def _ask(self, worker: _Worker | None, task: ExtractTask) -> tuple[Answer, _Worker | None]:
        if worker is None:
            return Extraction.refused("error-no-worker"), None
        try:
            limit = self._timeout(task) if callable(self._timeout) else self._timeout
            answer = worker.ask(task, limit)
        except (EOFError, OSError):
            worker.kill()
            return Extraction.refused("error-crashed"), None
        except Exception as error:  # noqa: BLE001 - a task or a result that cannot be pickled
            worker.kill()
            return Extraction.refused(f"error-{type(error).__name__}"), None
        if answer is None:
            worker.kill()
            return Extraction.refused("error-timeout"), None
        return answer, worker


class _Worker:
    """One process and the pipe to it; used by one thread."""

    def __init__(self, work: Work, *, max_pages: int, max_rss: int, warm: bool) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, work, os.getpid(), warm), name="morgue-extract", daemon=True
        )
        self._process.start()
        theirs.close()
        self._pages = 0
        self._max_pages = max_pages
        self._max_rss = max_rss

    def ready(self, seconds: float) -> bool:
        """Wait until the worker has loaded its libraries."""
        try:
            return self._pipe.poll(seconds) and self._pipe.recv() == "ready"
        except (EOFError, OSError):
            return False

    def ask(self, task: ExtractTask, timeout: float) -> Answer | None:
        """Return the answer, None if it took too long. Raises EOFError or OSError if the worker died."""
        self._pipe.send(task)
        if not self._pipe.poll(timeout):
            return None
        answer: Answer = self._pipe.recv()
        self._pages += 1
        return answer

    def fit(self) -> bool:
        """Say whether this worker may read another page."""
        return self._process.is_alive() and self._pages < self._max_pages and _rss(self._process.pid) < self._max_rss

    def end(self) -> None:
        """Let the worker go; it ends when its pipe does."""
        self._pipe.close()
        self._process.join(2)
        self.kill()

    def kill(self) -> None:
        """End the worker now."""
        with contextlib.suppress(OSError, ValueError):
            self._pipe.close()
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self._process.close()


def _rss(pid: int | None) -> int:
    """Return a process's resident memory in bytes, 0 where /proc does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()


def _serve(pipe: Connection, work: Work, parent: int, warm: bool) -> None:
    """Answer tasks until the pipe ends. Runs in the worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the parent decides what it means
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with contextlib.suppress(OSError, AttributeError):  # Linux: go when the parent goes, even in the middle of a page
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    if warm:
        import archive.extract.deciding
        import archive.extract.extract

        archive.extract.deciding.warm_up()
    try:
        pipe.send("ready")
        for number in itertools.count(1):
            pipe.send(_guarded(work, pipe.recv()))
            if number % TRIM == 0:
                give_back()
    except (EOFError, OSError):
        return


def give_back() -> None:
    """Return free memory to the kernel; where the C library is not glibc there is nothing to call."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
