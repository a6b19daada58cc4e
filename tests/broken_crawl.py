"""A process of its own for tests/test_run.py: `morgue` with one thing broken, named by the first argument."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from archive.errors import DatabaseError, ShelfError
from crawler import beside
from crawler.cli import main
from crawler.consequences import Consequences
from crawler.frontier import Frontier
from crawler.transfer import Engine


def _after(times: int, work: Callable[..., Any], error: Exception) -> Callable[..., Any]:
    """Return `work`, which raises from the call after `times` on."""
    calls = 0

    def broken(*words: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > times:
            raise error
        return work(*words, **named)

    return broken


def _break(what: str) -> None:
    from archive.warc import WarcWriter

    match what:
        case "consequences":  # a defect of ours in a callback
            Consequences.draw = _after(2, Consequences.draw, RuntimeError("a defect"))  # type: ignore[method-assign]
        case "lease":
            Frontier.lease = _after(3, Frontier.lease, DatabaseError("crawl.db is malformed"))  # type: ignore[method-assign]
        case "keep":
            broken = _after(3, WarcWriter.append_exchange, ShelfError("no space left"))
            WarcWriter.append_exchange = broken  # type: ignore[method-assign]
        case "flush":
            WarcWriter.flush = _after(0, WarcWriter.flush, ShelfError("no space left"))  # type: ignore[method-assign]
        case "ingest":  # one that never ends by itself
            beside._FOLLOW = (sys.executable, "-c", "import sys, time; print('{}', flush=True); time.sleep(60)")
        case "engine":  # one that never gets as far as an exchange
            Engine.start = _after(2, Engine.start, UnicodeError("an odd header"))  # type: ignore[method-assign]


if __name__ == "__main__":
    _break(sys.argv.pop(1))
    main()
