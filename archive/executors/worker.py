"""What runs on a cluster's worker: a call within limits, and a look at what is installed and seen there.

A call is made in a process of the worker's, with the limits of time and memory that it would have on one machine: a page that
hangs costs itself and not the worker, and has the same reason in the archive wherever it was read.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import platform
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from archive.errors import ClusterError, ShelfError
from archive.executors.processes import ProcessExecutor
from archive.extract.identity import EXTRACTOR

# What decides how a page reads: two machines whose answers are to stand in one archive must have the same of each.
Versions = tuple[tuple[str, str], ...]
_DECIDING = (
    "newsmorgue",
    "trafilatura",
    "htmldate",
    "py3langid",
    "lxml",
    "charset-normalizer",
    "resiliparse",
    "PyStemmer",
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a worker has and sees."""

    versions: Versions
    size: int | None = None  # bytes of the file that it was asked for; None: it does not see it
    why: str | None = None


@cache
def versions() -> Versions:
    """Return what reads pages in this process, each with its version."""
    found = [("Python", platform.python_version().rpartition(".")[0]), ("extractor", EXTRACTOR.version)]
    for name in _DECIDING:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            found.append((name, "none"))
    return tuple(found)


def look(path: str | None) -> Seen:
    """Return what this worker has, and whether it sees the file at `path`."""
    from archive.remote.window import open_window

    if path is None:
        return Seen(versions())
    try:
        window = open_window(path)
    except ShelfError as error:
        return Seen(versions(), why=str(error))
    with contextlib.closing(window):
        return Seen(versions(), size=window.end)


def call(function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float, wanted: Versions) -> Any:
    """Make a call in a process of this worker's own, which may take that long.

    Raises `ClusterError` on a worker that has not what the writer has, `WorkerLostError` if the call hangs or dies.
    """
    if differ := differing(versions(), wanted):
        raise ClusterError(
            f"a worker would read pages otherwise: it has {differ}. Install the same there, and try again."
        )
    return _processes().submit(_timed, seconds, function, *arguments).result()


def _timed(_seconds: float, function: Callable[..., Any], *arguments: Any) -> Any:
    """Make a call whose time `_processes` looks at."""
    return function(*arguments)


_starting = threading.Lock()  # a worker's threads may have their first calls together


def _processes() -> ProcessExecutor:
    """Return this worker's own processes, started when the first call comes; they end with it."""
    with _starting:
        return _started()


@cache
def _started() -> ProcessExecutor:
    from distributed import get_worker

    # Dask marks a worker under a nanny as a daemon so that it ends with the nanny, and Python lets no daemon start
    # processes. Ours end with their parent by themselves.
    multiprocessing.current_process().daemon = False
    return ProcessExecutor(get_worker().state.nthreads, seconds=lambda arguments: float(arguments[0]))


def differing(here: Versions, wanted: Versions) -> str | None:
    """Return a sentence for what two machines have in different versions; None if they have the same.

    >>> differing((("lxml", "6.0"),), (("lxml", "6.1"),))
    'lxml 6.0, and the writer has 6.1'
    """
    theirs = dict(wanted)
    differ = [
        f"{name} {value}, and the writer has {theirs.get(name)}" for name, value in here if theirs.get(name) != value
    ]
    return "; ".join(differ) or None
