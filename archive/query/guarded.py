"""SQL functions of SQLite's own that can run for hours within one call, where neither a clock nor an interrupt reaches them.

instr() and replace() compare the second text at every place of the first, trim() every sign with every other, and printf()
writes a width sign by sign (SQLite 3.40, func.c and printf.c). They are answered by SQLite as ever, but not above a size.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

MAX_WORK = 200_000_000  # comparisons of one call: about a tenth of a second
MAX_WIDTH = 1_000_000  # of one place in a format
# Bytes of a LIKE or GLOB pattern: each place of a text is compared with all of it within one call (patternCompare in func.c).
# With 2,000 bytes a text of 4 MB took 20 seconds. A limit of the connection: functions of ours would switch indexes off.
PATTERN_LIMIT = 200
_WIDTH = re.compile(r"%[^%a-zA-Z]*?(\d{7,})")
_COMPARING = {"instr": (2,), "replace": (3,), "trim": (2,), "ltrim": (2,), "rtrim": (2,)}
_WRITING = ("printf", "format")
_own = threading.local()


def guard_functions(conn: sqlite3.Connection) -> None:
    """Put bounded functions in the place of the endless ones, on one connection."""
    sqlite3.enable_callback_tracebacks(False)  # Datasette switches them on: a refusal is no mistake of ours
    for name, counts in _COMPARING.items():
        for count in counts:
            conn.create_function(name, count, _comparing(name, count), deterministic=True)
    for name in _WRITING:
        conn.create_function(name, -1, _writing(name), deterministic=True)


def _comparing(name: str, count: int) -> Callable[..., Any]:
    sql = f"SELECT {name}({', '.join('?' * count)})"

    def called(*values: Any) -> Any:
        if _size(values[0]) * _size(values[1]) > MAX_WORK:
            raise OverflowError(name)  # "string or blob too big"
        return _sqlite().execute(sql, values).fetchone()[0]

    return called


def _writing(name: str) -> Callable[..., Any]:
    def called(*values: Any) -> Any:
        form = values[0] if values else None
        if isinstance(form, str):
            stars = "*" in form
            if _WIDTH.search(form) or (stars and any(isinstance(v, int) and abs(v) > MAX_WIDTH for v in values[1:])):
                raise OverflowError(name)
            if stars and any(isinstance(v, str | float) for v in values[1:]) and _numbers(values[1:]) > MAX_WIDTH:
                raise OverflowError(name)
        return _sqlite().execute(f"SELECT {name}({', '.join('?' * len(values))})", values).fetchone()[0]

    return called


def _numbers(values: tuple[Any, ...]) -> float:
    """Return the largest number that SQLite could read out of texts and fractions, as a width would be."""
    largest = 0.0
    for value in values:
        if isinstance(value, float):
            largest = max(largest, abs(value))
        elif isinstance(value, str) and (found := re.match(r"\s*[+-]?(\d+)", value[:60])):
            largest = max(largest, float(found[1]))
    return largest


def _size(value: object) -> int:
    return len(value) if isinstance(value, str | bytes) else 20


def _sqlite() -> sqlite3.Connection:
    """Return this thread's connection to an empty database, whose functions are SQLite's."""
    found = getattr(_own, "connection", None)
    if found is None:
        found = _own.connection = sqlite3.connect(":memory:", isolation_level=None)
    return found
