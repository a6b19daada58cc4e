"""Ingest beside a crawl: a process of its own that follows the shelf, so that extraction never slows fetching.

    python -m archive.follow DIR [--jobs N] [--wait SECONDS]

It speaks lines of JSON on standard output: {"event": "ready"}, {"event": "progress", …counts}, {"event": "end", "waits": N,
…counts}, or {"event": "locked", "holder": …} (exit 75). On standard input it takes "finish SECONDS" (the crawl is over: read
what is left, for so long at most) and "stop" (end after this batch). When standard input closes the crawl has died: it stops
after the present batch, so that a killed crawl leaves nobody behind.

archive.db may have another writer when we begin: the ingest that a killed crawl left behind and that ends its batch, or a long
re-extraction. While the crawl goes on we wait for its end ({"event": "waiting", "holder": …}), so that the crawl's own pages
are read in this run if they can be.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from archive.clock import clock_from_environment
from archive.errors import LockHeldError, MorgueError
from archive.folder import ArchiveFolder
from archive.ingest import Ingest
from archive.learning import Learning
from archive.locks import lock
from archive.reading import open_ingest, take_reports, unread
from archive.report import IngestReport

_LOOK_SECONDS = 0.3
_MOST_NAMED = 20  # broken records
_PURPOSE = "the ingest beside a crawl"
_ORPHAN_SECONDS = 30.0  # within these a predecessor whose crawl was killed has ended: one batch, one page's time limit


@dataclass(slots=True)
class _Orders:
    """What the crawl told us. Set by the thread that reads standard input."""

    finishing: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    deadline: float | None = None  # monotonic

    def listen(self) -> None:
        for line in sys.stdin:
            word, _, rest = line.strip().partition(" ")
            if word == "finish":
                self.deadline = time.monotonic() + _seconds(rest)
                self.finishing.set()
            elif word == "stop":
                break
        self.stopped.set()
        self.finishing.set()

    def is_over(self) -> bool:
        return self.stopped.is_set() or (self.deadline is not None and time.monotonic() >= self.deadline)


def _seconds(text: str) -> float:
    """Return the seconds of an order; one that cannot be read leaves all the time there is."""
    try:
        seconds = float(text or "inf")
    except ValueError:
        return float("inf")
    return float("inf") if math.isnan(seconds) else seconds


def _tell(event: str, **facts: object) -> None:
    with contextlib.suppress(BrokenPipeError):  # the crawl was killed: standard input has closed, too, and ends us
        sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
        sys.stdout.flush()


@contextlib.contextmanager
def _locked(folder: ArchiveFolder, orders: _Orders, wait: float) -> Iterator[None]:
    """Hold archive.lock, waited for as long as the crawl goes on and `wait` seconds. Raises `LockHeldError`.

    There is one crawl at a time: another ingest beside a crawl is what a killed one left. It ends by itself, and is
    waited for also when our crawl is over.
    """
    begun = time.monotonic()
    told = False
    with contextlib.ExitStack() as stack:
        while True:
            try:
                stack.enter_context(lock(folder.archive_lock, _PURPOSE))
                break
            except LockHeldError as error:
                enough = max(wait, _ORPHAN_SECONDS if error.holder.startswith(_PURPOSE) else 0.0)
                over = orders.finishing.is_set() and time.monotonic() - begun >= enough
                if over or orders.is_over():
                    raise
                if not told:
                    _tell("waiting", holder=error.holder)
                told = True
            time.sleep(_LOOK_SECONDS)
        yield


def follow(folder: ArchiveFolder, *, jobs: int | None, wait: float) -> None:
    """Ingest what comes onto the shelf until told to end. Raises `LockHeldError` if archive.db has another writer."""
    orders = _Orders()
    clock = clock_from_environment()
    threading.Thread(target=orders.listen, daemon=True).start()
    with (
        _locked(folder, orders, wait),
        open_ingest(folder, clock=clock, jobs=jobs, stop=orders.is_over) as ingest,
    ):
        ingest.on_progress = lambda report: _tell("progress", **report.counts())
        ended = take_reports(folder, ingest.store)  # of earlier runs; this one's is written when it is over
        learning = Learning(folder, ingest, clock, stop=orders.is_over)
        # What a run that came to its end had no time to learn. After one that was killed we wait for our own end, so that
        # what is learned is what it would have been.
        owed = learning.due() if ended else []
        _tell("ready")
        _loop(folder, ingest, orders, lambda: learning.learn_due([owed.pop(0)]) if owed else None)
        if not orders.is_over():
            learning.learn_due()
        _tell("end", waits=len(unread(folder, ingest.store)), **_shortened(ingest.report))


def _shortened(report: IngestReport) -> dict[str, object]:
    """Return the report with the first broken records only: it goes into the crawl's own report."""
    told = report.as_json()
    return {name: value[:_MOST_NAMED] if isinstance(value, list) else value for name, value in told.items()}


def _loop(folder: ArchiveFolder, ingest: Ingest, orders: _Orders, when_idle: Callable[[], None]) -> None:
    looked: dict[str, int] = {}
    while not orders.is_over():
        finishing = orders.finishing.is_set()  # asked before looking: what is there now is then all there will be
        files = unread(folder, ingest.store, looked)
        if files:
            ingest.files(files)
        elif finishing:
            return
        else:
            when_idle()
            orders.finishing.wait(_LOOK_SECONDS)


def main(arguments: Sequence[str]) -> int:
    """Run as a process; returns the exit code."""
    # Ctrl-C on a terminal reaches the whole process group; the crawl decides when we end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(5)  # fetching goes first
    parser = argparse.ArgumentParser(prog="python -m archive.follow")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--wait", type=float, default=0.0, metavar="SECONDS")
    options = parser.parse_args(arguments)
    try:
        follow(ArchiveFolder(options.directory).check(), jobs=options.jobs, wait=options.wait)
    except LockHeldError as error:
        _tell("locked", holder=error.holder)
        return error.exit_code
    except MorgueError as error:
        _tell("failed", why=str(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
