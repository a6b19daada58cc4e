"""The union of several `decisions.jsonl`, by time. Pure.

Each file's own order is kept, also where a clock went back: a line counts as if made no earlier than those before it. What is
in several files is one line. So a union with a part of itself is itself.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from archive.backup.registry import FORGOTTEN, MADE, TARGET
from archive.decisions import Decision, parse_decision
from archive.errors import DecisionsError

# Whose backups they are is an archive's own affair: another one would let them go as its own.
OWN_KINDS = frozenset({TARGET, MADE, FORGOTTEN})
_MOST_LINE = 64 * 2**20  # bytes; the takedown of a host with a million addresses


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file."""

    text: bytes  # as it stands there, without its end
    decision: Decision

    @property
    def same_as(self) -> str:
        """What two lines have in common that say the same, however they are spelled."""
        told = self.decision
        return json.dumps([told.at.isoformat(), told.kind, told.reason, told.data], sort_keys=True)


def lines_of(data: bytes, path: Path) -> tuple[Line, ...]:
    """Return a file's whole lines; a torn last one is passed over. `path` is for messages. Raises `DecisionsError`."""
    *lines, _torn = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        if len(line) > _MOST_LINE:
            raise DecisionsError(
                f"{path}, line {number}: it has {len(line):,} bytes, and {_MOST_LINE:,} are read. Morgue writes no such line: "
                "look where this folder comes from."
            )
    return tuple(
        Line(line.rstrip(b"\r"), parse_decision(path, number, line))
        for number, line in enumerate(lines, 1)
        if line.strip()
    )


def union(files: Sequence[Sequence[Line]]) -> list[Line]:
    """Return all lines by time, those of the first file first where times are equal; of equal ones the first file's.

    A line that stands twice in one file stands twice in the union.
    """
    taken: Counter[str] = Counter()
    parts: list[list[Line]] = []
    for lines in files:
        here: Counter[str] = Counter()
        new: list[Line] = []
        for line in lines:
            name = line.same_as
            here[name] += 1
            if here[name] > taken[name]:
                new.append(line)
        taken |= here
        parts.append(new)
    # It compares heads alone: where a file's times go back, those lines come right behind the one before them.
    return list(heapq.merge(*parts, key=lambda line: line.decision.at))


def others(lines: Iterable[Line]) -> list[Line]:
    """Return what another archive takes over of these lines: all but those about an archive's own backups."""
    return [line for line in lines if line.decision.kind not in OWN_KINDS]


def as_bytes(lines: Iterable[Line]) -> bytes:
    """Return lines as a file has them."""
    return b"".join(line.text + b"\n" for line in lines)


def without(lines: Iterable[Line], known: Iterable[Line]) -> Iterator[Line]:
    """Yield the lines that say what no known one says."""
    there = {line.same_as for line in known}
    return (line for line in lines if line.same_as not in there)
