"""Pages of a first reading handed to a cluster: the same face as the pool of processes that ingest knows."""

from __future__ import annotations

from concurrent.futures import Executor, Future, wait
from typing import Any

from archive.errors import ClusterError
from archive.executors.lost import WorkerLostError
from archive.extract.pool import Answer, ExtractionPool, ExtractTask, run_task
from archive.model import Extraction


class ExecutorPool(ExtractionPool):
    """Reads pages through an executor. The pages travel: ingest has them in its hands, because it reads the file anyway.

    A future's exception is a `ClusterError`, after which nothing is read any more; any other trouble is its page's reason.
    """

    def __init__(self, executor: Executor) -> None:
        super().__init__(1)
        self._executor = executor
        self._open: set[Future[Any]] = set()

    def _put(self, task: ExtractTask, future: Future[Any]) -> Future[Any]:
        if self._closed:
            raise RuntimeError("the extraction pool is closed; submit pages inside its `with` block")
        asked = self._executor.submit(read_page, task)
        with self._lock:
            self._open.add(asked)
        asked.add_done_callback(lambda done: self._pass_on(done, future))
        return future

    def _pass_on(self, done: Future[Answer], future: Future[Any]) -> None:
        with self._lock:
            self._open.discard(done)
        if done.cancelled():
            future.cancel()
            return
        if not future.set_running_or_notify_cancel():
            return
        error = done.exception()
        if error is None:
            future.set_result(done.result())
        elif isinstance(error, ClusterError):
            future.set_exception(error)
        else:
            future.set_result(
                Extraction.refused(error.reason if isinstance(error, WorkerLostError) else "error-crashed")
            )

    def close(self, *, cancel: bool = False) -> None:
        """Wait for what was submitted, or (`cancel`) drop what has not begun."""
        self._closed = True
        with self._lock:
            waiting = list(self._open)
        if cancel:
            for future in waiting:
                future.cancel()
        else:
            wait(waiting)


def read_page(task: ExtractTask) -> Answer:
    """Read one page; whatever happens on it is its reason. Runs on the worker."""
    try:
        return run_task(task)
    except Exception as error:  # noqa: BLE001 - whatever happens on one page is that page's reason
        return Extraction.refused(f"error-{type(error).__name__}")
