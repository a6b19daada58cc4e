"""`morgue takedown` that is killed at its n-th step: each fsync, rename, transaction and rewrite of a database is one.

    python tests/takedown_kill.py N -a DIR takedown …

N = 0: it is not killed, and says at its end how many steps there were.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from archive import scrub as scrubbing
from archive.store import Store
from archive.takedown import main as takedown
from crawler import takedown as frontier
from crawler.cli import group

wanted, steps = int(sys.argv[1]), 0


def step() -> None:
    """Die, if it is time."""
    global steps  # noqa: PLW0603 - a counter of this process
    steps += 1
    if steps == wanted:
        os.kill(os.getpid(), signal.SIGKILL)


def before(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function with a step before it."""

    def stepped(*args: Any, **more: Any) -> Any:
        step()
        return function(*args, **more)

    return stepped


transaction = Store.transaction


@contextmanager
def stepped_transaction(store: Store) -> Iterator[None]:
    """Step before the commit and after it."""
    with transaction(store):
        yield
        step()
    step()


def main() -> None:
    """Run the command line with the steps in it."""
    os.fsync = before(os.fsync)
    for name in ("replace", "unlink"):
        setattr(Path, name, before(getattr(Path, name)))
    Store.transaction = stepped_transaction  # type: ignore[method-assign]
    scrub = before(scrubbing.scrub)
    takedown.scrub = frontier.scrub = scrub
    try:
        group(sys.argv[2:], prog_name="morgue")
    finally:
        if not wanted:
            sys.stderr.write(f"steps: {steps} {sqlite3.sqlite_version}\n")


if __name__ == "__main__":
    main()
