"""The history of one article: a fold over everything that was seen of it, in order of time. Pure.

Revisions are the run-length compression of (time, content): A A B B A is three revisions. So they depend on what was
seen and not on the order in which it arrived; a late capture re-cuts the runs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from archive.dedupe.words import same_content

BY_TIME = (
    "seen_from, cause, seq"  # the order of an article's rows of `revisions`: earlier readings before the present one
)


class SightKind(StrEnum):
    """What a capture tells of an article."""

    TEXT = "text"  # its text
    AGAIN = "again"  # it is as an earlier capture showed it (a revisit)
    GONE = "gone"  # the server says 404 or 410


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A publication date as the page gave it, with how exact it is and where it stood."""

    value: str
    precision: str | None
    via: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One capture, as the history of its article sees it."""

    capture: int
    at: str  # UTC, sorts as text
    kind: SightKind
    content: str | None = None  # digest of what was shown; None: it came cut off, or is gone
    published: Published | None = None
    modified: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One revision: the same content from its first to its last sight."""

    content: str
    seen_from: str
    seen_to: str
    capture: int  # the one that its text is taken from


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is known of an article after its sights so far."""

    first_seen: str
    last_seen: str  # last time it was there
    gone_at: str | None = None  # since when the server says it is gone; None if it came back
    shown: int  # the capture whose text is current
    truncated: bool = False  # that capture was cut off: no whole one is known
    published: Published | None = None  # the first that was given
    modified: str | None = None  # the last that was given
    source: str | None = None  # the first that asked for it
    runs: tuple[Run, ...] = ()


def step(history: History | None, sight: Sight) -> History | None:
    """Return the history after one more sight, which must not be earlier than those before.

    A capture that was cut off makes no revision, and is shown only while no whole one is known. What is no text tells
    nothing of an article not yet seen: the history stays None.
    """
    if sight.kind is SightKind.GONE:
        return history and replace(history, gone_at=history.gone_at or sight.at)
    if history is None:
        if sight.kind is not SightKind.TEXT:
            return None
        history = History(first_seen=sight.at, last_seen=sight.at, shown=sight.capture, truncated=True)
    runs = _run_on(history.runs, sight)
    shown = runs[-1].capture if runs else history.shown
    if not runs and sight.kind is SightKind.TEXT:
        shown = sight.capture
    return replace(
        history,
        last_seen=max(history.last_seen, sight.at),
        gone_at=None,
        shown=shown,
        truncated=not runs,
        published=history.published or sight.published,
        modified=sight.modified or history.modified,
        source=history.source or sight.source,
        runs=runs,
    )


def history_of(sights: Iterable[Sight]) -> History | None:
    """Return the history of an article from all its sights in order; None if none of them shows it."""
    history: History | None = None
    for sight in sights:
        history = step(history, sight)
    return history


def compared(rows: Sequence[tuple[str, str]]) -> list[tuple[int, int] | None]:
    """Return for each of an article's revisions, given as (cause, seen_from) in order of time, which two its step compares.

    A publisher's: the publisher's before it with itself, so that what another reading changed is not laid to the publisher's
    charge. An extractor's holds what an earlier reading said: it is compared with the reading that took its place, the next
    of the same time, or the publisher's revision of then.

    >>> compared([("extractor", "1"), ("publisher", "1"), ("publisher", "2")])
    [(0, 1), None, (1, 2)]
    """
    publishers = [n for n, (cause, _) in enumerate(rows) if cause == "publisher"]
    times = [rows[n][1] for n in publishers]
    found: list[tuple[int, int] | None] = []
    publisher: int | None = None
    for n, (cause, seen_from) in enumerate(rows):
        if cause == "publisher":
            found.append(None if publisher is None else (publisher, n))
            publisher = n
        elif n + 1 < len(rows) and rows[n + 1] == (cause, seen_from):
            found.append((n, n + 1))
        else:
            at = bisect_right(times, seen_from)
            found.append((n, publishers[at - 1]) if at else None)
    return found


def _run_on(runs: tuple[Run, ...], sight: Sight) -> tuple[Run, ...]:
    if sight.content is None:
        return runs
    if runs and same_content(runs[-1].content, sight.content):
        return (*runs[:-1], replace(runs[-1], seen_to=sight.at))
    if sight.kind is SightKind.TEXT:
        return (*runs, Run(sight.content, sight.at, sight.at, sight.capture))
    # The page went back to what it was. Where nothing earlier had that content (odd clocks), nothing is known of it.
    earlier = next((run for run in reversed(runs) if same_content(run.content, sight.content)), None)
    return runs if earlier is None else (*runs, Run(sight.content, sight.at, sight.at, earlier.capture))
