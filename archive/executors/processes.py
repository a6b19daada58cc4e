"""The executor that is used where none is given: worker processes on this machine, with limits of time and memory."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from archive.executors.lost import WorkerLostError
from archive.extract import ExtractionPool, ExtractTask
from archive.extract.pool import TIMEOUT, Work, give_back

Seconds = Callable[[tuple[Any, ...]], float]
_MAX_CALLS = 200  # after which a worker is replaced


@dataclass(frozen=True, slots=True)
class _Call:
    """A function with what it is called with."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    lesson: bool = False  # as the pool asks of its tasks


@dataclass(frozen=True, slots=True)
class _Made:
    """What a call returned: what is not wrapped so is the pool's own word for what went wrong."""

    result: Any


def _call(call: _Call) -> _Made:
    """Make a call. Runs in the worker."""
    made = _Made(call.function(*call.arguments))
    give_back()  # a call reads many pages: what large ones left would have the worker replaced
    return made


class ProcessExecutor(Executor):
    """Runs calls in processes that may hang, crash or swell: then their futures raise `WorkerLostError`.

    `jobs=0`: at once, in this process. `seconds(arguments)`: how long a call may take.
    """

    def __init__(self, jobs: int, *, seconds: Seconds = lambda _arguments: TIMEOUT) -> None:
        self._pool = ExtractionPool(
            jobs,
            timeout=lambda task: seconds(cast("_Call", task).arguments),
            max_pages=_MAX_CALLS,
            work=cast("Work", _call),
            warm=True,
        )

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Queue a call."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()

        def pass_on(done: Future[Any]) -> None:
            if done.cancelled():
                future.set_exception(WorkerLostError("error-no-worker"))
            elif isinstance(made := cast("object", done.result()), _Made):
                future.set_result(made.result)
            else:
                future.set_exception(WorkerLostError(getattr(made, "reason", None) or "error-crashed"))

        self._pool.submit(cast("ExtractTask", _Call(partial(fn, **kwargs) if kwargs else fn, args))).add_done_callback(
            pass_on
        )
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - the interface
        """End the workers."""
        self._pool.close(cancel=cancel_futures)
