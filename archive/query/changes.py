"""What changed between the revisions of an article."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from archive.dedupe.revisions import compared
from archive.diffing import Change, compare
from archive.errors import QueryError
from archive.query.show import Row, show

_NUMBER = re.compile(r"\d{1,9}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One text that an article had. Links name it by its article and `seen_from`: numbers move when a late capture comes."""

    number: int  # from 1, by time
    seq: int  # within its cause
    seen_from: str  # UTC
    seen_to: str
    cause: str  # publisher, extractor
    title: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """From one revision to a later one."""

    before: Revision
    after: Revision
    cause: str  # of the change; of several: publisher, extractor
    change: Change


@dataclass(frozen=True, slots=True)
class Changes:
    """An article with what changed in it."""

    article: Row  # as in `Shown`
    revisions: tuple[Revision, ...]
    steps: tuple[Step, ...]  # empty: it has one revision, or none


def changes(
    conn: sqlite3.Connection, what: str, *, start: str | None = None, end: str | None = None, every: bool = False
) -> Changes:
    """Return the last change of an article; with `start` and `end` what lies between these; with `every` step by step.

    `what`: an id, a URL, or `ID@SEEN_FROM`, the step that led to that revision. `start`, `end`: a revision's number, the time
    that it was seen from, or any time: the text of then (a date alone: of its beginning for `start`, of its end for `end`).
    Raises `QueryError` if there is no such article or revision.
    """
    name, _, time = what.strip().partition("@") if what.strip().startswith("a-") else (what.strip(), "", "")
    shown = show(conn, name)
    revisions = [_revision(number, row) for number, row in enumerate(shown.revisions, 1)]
    end = end or time or None
    if not revisions:
        return Changes(shown.article, (), ())
    pairs = compared([(revision.cause, revision.seen_from) for revision in revisions])
    last = len(revisions) - 1 if end is None else _find(revisions, end, name, first=False)
    if start is not None or every:
        first = _find(revisions, start, name, first=True) if start is not None else 0
    else:
        pair = pairs[last] or _read_otherwise(pairs, last)
        if pair is None:
            return Changes(shown.article, tuple(revisions), ())
        first, last = pair
    if first == last and start is None:
        return Changes(shown.article, tuple(revisions), ())
    if start is not None and first >= last:
        raise QueryError(
            f"--from names revision {first + 1} of {name} and --to revision {last + 1}: the first must be earlier. "
            f"{_known(revisions)}"
        )
    steps = (
        [pair for pair in pairs if pair is not None and first <= min(pair) and max(pair) <= last]
        if every
        else [(first, last)]
    )
    return Changes(shown.article, tuple(revisions), tuple(_step(revisions, pairs, *pair) for pair in steps))


def _read_otherwise(pairs: Sequence[tuple[int, int] | None], revision: int) -> tuple[int, int] | None:
    """Return the step from an earlier reading to a publisher's revision that has none before it."""
    return next((pair for pair in reversed(pairs) if pair is not None and pair[1] == revision), None)


def _revision(number: int, row: Row) -> Revision:
    return Revision(
        number=number,
        seq=int(str(row["seq"])),
        seen_from=str(row["seen_from"]),
        seen_to=str(row["seen_to"]),
        cause=str(row["cause"]),
        title=None if row["title"] is None else str(row["title"]),
        text=str(row["text"]),
    )


def _step(revisions: Sequence[Revision], pairs: Sequence[tuple[int, int] | None], first: int, last: int) -> Step:
    one, other = revisions[first], revisions[last]
    if (first, last) in pairs:
        cause = revisions[pairs.index((first, last))].cause
    else:
        between = {one.cause for one in revisions[first:last] if one.cause == "extractor"}
        between |= {other.cause for other in revisions[first + 1 : last + 1] if other.seen_from > one.seen_from}
        cause = ", ".join(sorted(between, reverse=True))
    return Step(one, other, cause, compare((one.title, one.text), (other.title, other.text)))


def _find(revisions: Sequence[Revision], wanted: str, name: str, *, first: bool) -> int:
    """Return which revision a person means; `first`: the earliest that fits, else the latest."""
    wanted = wanted.strip()
    if _NUMBER.fullmatch(wanted):
        if 1 <= int(wanted) <= len(revisions):
            return int(wanted) - 1
        raise QueryError(f"{name} has no revision {wanted}. {_known(revisions)}")
    if "~" in wanted:
        time, _, number = wanted.partition("~")
        readings = [n for n, one in enumerate(revisions) if one.cause == "extractor" and one.seen_from == time]
        at = int(number) if _NUMBER.fullmatch(number) else 0
        found = [n for n in readings if revisions[n].seq == at]
        if not found:
            raise QueryError(f"{name} has no earlier reading {wanted}. {_known(revisions)}")
        return found[0]
    if not _DAY.fullmatch(wanted):
        start = wanted.replace(" ", "T").rstrip("Zz")
        fitting = [n for n, revision in enumerate(revisions) if start and revision.seen_from.startswith(start)]
        fitting = [n for n in fitting if revisions[n].cause == "publisher"] or fitting  # a time names how it reads now
        if fitting and len(start) > len("2026-05-01"):
            return fitting[0] if first else fitting[-1]
    moment = _moment(wanted, name, end=not first)
    held = [n for n, revision in enumerate(revisions) if revision.seen_from <= moment]
    if held:
        return held[-1]
    if first and _DAY.fullmatch(wanted):
        return 0  # nothing is known from before
    raise QueryError(f"{name} was not yet known at {wanted}. {_known(revisions)}")


def _moment(text: str, name: str, *, end: bool) -> str:
    try:
        at = datetime.fromisoformat(text)
        if end and _DAY.fullmatch(text):
            at = at.replace(hour=23, minute=59, second=59, microsecond=999_999)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):  # the first and the last day of the calendar may have no time in UTC
        raise QueryError(
            f"{text!r} is neither a revision's number nor a time of {name}. Write it like 2, 2026-05-01 or 2026-05-01T06:00Z."
        ) from None
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")  # as it is stored: a year has four digits


def _known(revisions: Sequence[Revision]) -> str:
    return "It has " + ", ".join(f"{revision.number} (from {revision.seen_from})" for revision in revisions[:20]) + "."
