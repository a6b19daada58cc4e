"""What runs on a cluster's worker: a call within limits, and a look at what is installed and seen there.

A worker of a cluster has no parent that looks after it page by page, as the processes of this machine have. So a C thread
ends it when one call, or one page of a call, takes too long: that works also while a regular expression or libxml2 holds
the interpreter. The cluster's nanny starts it again, and what it had is done elsewhere.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from archive.errors import ClusterError, ShelfError
from archive.extract.identity import EXTRACTOR
from archive.extract.pool import give_back

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


def call(function: Callable[..., Any], arguments: tuple[Any, ...], wanted: Versions, seconds: float) -> Any:
    """Make a call on a worker that has what the writer has, within that time. Raises `ClusterError` on another worker."""
    if differ := differing(versions(), wanted):
        raise ClusterError(differ)
    with _limited(seconds):
        done = function(*arguments)
    give_back()
    return done


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


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """End this process if what is done within takes longer. One thread per worker: there is one such limit in a process."""
    try:
        faulthandler.dump_traceback_later(seconds, exit=True)
    except (OSError, ValueError, RuntimeError, AttributeError):  # nowhere to write to
        with Path(os.devnull).open("w", encoding="ascii") as nowhere:
            faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
            try:
                yield
            finally:
                faulthandler.cancel_dump_traceback_later()
        return
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
