"""A Dask cluster as an executor (https://distributed.dask.org/): the one place that imports `distributed`.

A page that hangs or crashes is the worker's own affair (`worker.py`). A worker that is lost as a whole is the cluster's: its
scheduler gives the call to another worker, up to three times, and then raises `KilledWorker`, which is told as any lost
worker. A cluster that is gone as a whole, or has no worker left, would be waited for without end; that is noticed here.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures import wait as wait_for
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from archive.errors import ClusterError, MorgueError, UsageError
from archive.executors.lost import WorkerLostError
from archive.executors.processes import Seconds
from archive.executors.worker import Seen, call, differing, look, versions
from archive.extract.pool import TIMEOUT

_PATIENCE = 60.0  # seconds without any worker, after which a cluster is given up: a nanny starts one again within a few
_WATCH = 2.0  # seconds between two looks
_CONNECT = 10.0  # seconds
_KIND = "dask:"
_SCHEMES = ("tcp", "tls")
_SCHEDULER_GONE = "the cluster's scheduler went away and did not come back"


@dataclass(frozen=True, slots=True)
class Cluster:
    """An open cluster: hand it calls, as many at a time as `jobs` workers need."""

    executor: Executor
    jobs: int


def address_of(spec: str) -> str:
    """Return the address of a cluster's scheduler from what a person typed. Raises `UsageError`.

    >>> address_of("dask:tcp://192.0.2.7:8786")
    'tcp://192.0.2.7:8786'
    """
    kind, address = spec[: len(_KIND)], spec[len(_KIND) :]
    scheme, mark, rest = address.partition("://")
    host, colon, port = rest.rpartition(":")
    named = kind == _KIND and mark and scheme in _SCHEMES
    if not (named and colon and host and port.isascii() and port.isdigit()):
        raise UsageError(
            f"--executor {spec!r} is no cluster. Write it like dask:tcp://192.0.2.7:8786, with the scheduler's address."
        )
    return address


@contextmanager
def open_cluster(
    spec: str,
    *,
    sees: tuple[str, int | None] | None = None,
    seconds: Seconds = lambda _arguments: TIMEOUT,
    patience: float = _PATIENCE,
) -> Iterator[Cluster]:
    """Connect to a cluster, and see that each worker has what this machine has.

    `sees`: a file as the workers find it, and its size in bytes (None: it grows): each must see it. `seconds(arguments)`:
    how long a call may take. `patience`: seconds without any worker, after which the cluster is given up.

    Raises `UsageError`; `ClusterError` where nobody answers, no worker is there, or one is unfit.
    """
    address = address_of(spec)
    connect = _client()
    _keep_quiet()
    try:
        _knock(address)
        client: Any = connect(address, timeout=_CONNECT, name="morgue", set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {address} ({type(error).__name__}). Start one with `dask scheduler`, or give the "
            "address that it printed."
        ) from None
    executor = None
    try:
        executor = DaskExecutor(client, seconds=seconds, patience=patience)
        yield Cluster(executor, _fit_workers(client, address, sees))
    finally:
        if executor is not None:
            executor.shutdown(wait=False, cancel_futures=True)
        with suppress(Exception):
            client.close(timeout=_CONNECT)


def _keep_quiet() -> None:
    """Let Dask's loggers write only what is critical: what matters is said by Morgue.

    Each one, for importing Dask gives some (`distributed.client`) a level of their own; else a scheduler that went away is a
    traceback of some `CancelledError` on the terminal.
    """
    for name in ("distributed", *logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _knock(address: str) -> None:
    """Raise `OSError` where nobody listens: Dask would try again until its time is over."""
    host, _, port = address.partition("://")[2].rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT):
        pass


def _client() -> Callable[..., Any]:
    """Return `distributed.Client`, which is not typed. Raises `ClusterError` where it is not installed."""
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            f"--executor dask:… needs dask.distributed ({error}): `pip install 'newsmorgue[scale]'`."
        ) from None
    return Client


def _fit_workers(client: Any, address: str, sees: tuple[str, int | None] | None) -> int:
    """Return how many calls they make at a time. Raises `ClusterError` if there is none, or one that cannot do this work."""
    with suppress(TimeoutError):
        client.wait_for_workers(1, timeout=_CONNECT)
    workers: dict[str, dict[str, Any]] = client.scheduler_info(n_workers=-1)["workers"]
    if not workers:
        raise ClusterError(
            f"the cluster at {address} has no workers. Start some: `dask worker {address} --nthreads 2`."
        )
    try:
        seen: dict[str, Seen] = client.run(look, sees[0] if sees else None)
    except Exception as error:  # noqa: BLE001 - what the worker raised
        raise ClusterError(
            f"a worker of {address} cannot run Morgue ({type(error).__name__}: {str(error)[:200]}). Install the same Morgue on "
            "each machine, and start the workers from that installation."
        ) from None
    for name, one in sorted(seen.items()):
        _check(name, one, sees)
    return sum(int(worker["nthreads"]) for worker in workers.values())


def _check(name: str, seen: Seen, sees: tuple[str, int | None] | None) -> None:
    if differ := differing(seen.versions, versions()):
        raise ClusterError(
            f"the worker {name} would read pages otherwise: it has {differ}. Install the same there, with the same "
            "constraints.txt."
        )
    if sees is not None and (seen.size is None or sees[1] not in (None, seen.size)):
        what = seen.why or f"it is {seen.size:,} bytes there, and {sees[1]:,} here"
        raise ClusterError(
            f"the worker {name} does not see this archive's file {sees[0]}: {what}. Share the archive's folder with it, and "
            "say with --archive-at where the workers find it."
        )


class DaskExecutor(Executor):
    """Makes calls on a cluster's workers. Futures raise `WorkerLostError` for lost work, `ClusterError` when all is lost.

    Dask's own `Client.get_executor` is not used: where a result is lost with its worker before it was fetched, its futures
    never end (distributed 2026.8, seen).
    """

    def __init__(self, client: Any, *, seconds: Seconds, patience: float) -> None:
        self._client = client
        self._seconds = seconds
        self._patience = patience
        self._versions = versions()
        self._open: dict[Future[Any], Any] = {}  # ours -> the cluster's
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._gone: ClusterError | None = None
        self._watch = threading.Thread(target=self._look_after, name="cluster-watch", daemon=True)
        self._watch.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Queue a call; `fn` must be at the top of a module, and takes no words. Raises `ClusterError` when all is lost."""
        if kwargs:
            raise TypeError("a call on a cluster takes arguments by position")
        if self._gone is not None:
            raise self._gone
        future: Future[Any] = Future()
        asked = self._client.submit(call, fn, args, self._seconds(args), self._versions, pure=False)
        with self._lock:
            if self._gone is not None:  # given up meanwhile: nobody would end this one
                raise self._gone
            self._open[future] = asked
        asked.add_done_callback(lambda done: self._pass_on(done, future))
        future.add_done_callback(self._withdraw)
        return future

    def _withdraw(self, future: Future[Any]) -> None:
        with self._lock:
            asked = self._open.pop(future, None)
        if asked is not None and future.cancelled():
            asked.cancel()

    def _pass_on(self, done: Any, future: Future[Any]) -> None:
        """Hand over what came of a call. Runs in a thread of the client's."""
        with self._lock:
            given_up = future.running() or (future.done() and not future.cancelled())
            if given_up or not future.set_running_or_notify_cancel():
                return
        try:
            result = done.result()
        except MorgueError as error:
            self._settle(future, error)
        except WorkerLostError as error:
            self._settle(future, error)
        except CancelledError:
            if (
                self._is_closed()
            ):  # no lost worker, which would be blamed on the page: no other worker will ever make it
                self._give_up(_SCHEDULER_GONE)
            else:
                self._settle(future, WorkerLostError("error-no-worker"))
        except Exception as error:  # noqa: BLE001 - KilledWorker, what the call raised, or what the network did
            killed = type(error).__name__ == "KilledWorker"
            self._settle(future, WorkerLostError("error-crashed") if killed else error)
        else:
            self._settle(future, None, result)

    def _settle(self, future: Future[Any], error: Exception | None, result: Any = None) -> None:
        """End a future, unless the cluster was given up meanwhile."""
        with self._lock:
            if self._open.pop(future, None) is None:
                return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def _look_after(self) -> None:
        """Give the cluster up when its scheduler is gone, or when it has had no worker for some time."""
        without = 0.0
        while not self._ended.wait(_WATCH):
            without = 0.0 if self._has_workers() else without + _WATCH
            if self._is_closed():
                self._give_up(_SCHEDULER_GONE)
                return
            if without >= self._patience:
                self._give_up(f"the cluster has had no worker for {self._patience:.0f} seconds", "workers")
                return

    def _is_closed(self) -> bool:
        """Tell whether the client has given up reaching the scheduler, after `_CONNECT` seconds: it never tries again."""
        return self._client.status in ("closing", "closed") and not self._ended.is_set()

    def _has_workers(self) -> bool:
        if self._client.status != "running":
            return False
        try:
            return bool(self._client.scheduler_info(n_workers=-1)["workers"])
        except Exception:  # noqa: BLE001 - whatever it is, nobody answered
            return False

    def _give_up(self, why: str, what: str = "scheduler and workers") -> None:
        gone = ClusterError(
            f"{why}. What was read until then is kept. Start its {what} again, then the same command: it goes on from there."
        )
        with self._lock:
            self._gone = self._gone or gone
            left = [future for future in self._open if future.running() or future.set_running_or_notify_cancel()]
            self._open = {}
        for future in left:
            future.set_exception(self._gone)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End it; what has not begun is dropped with `cancel_futures`."""
        self._ended.set()
        with self._lock:
            left = dict(self._open)
        for future, asked in left.items():
            if cancel_futures and future.cancel():
                with suppress(Exception):  # the cluster may be gone
                    asked.cancel()
        if wait:
            wait_for([future for future in left if not future.cancelled()])
        self._watch.join(_CONNECT)
