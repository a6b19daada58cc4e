"""Whether a source is silent for longer than it usually is. Pure: times in, a judgement out.

No calendar is needed to know of weekends: a pause that a source has made before, at least twice in the time that is
looked at, is usual for it, be it the weekend (Friday and Saturday in Amman), the night or the week of a magazine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

WINDOW = timedelta(days=60)  # before the newest article: what is usual now, holidays of last season forgotten
_ENOUGH = 8  # arrivals; fewer say nothing of what is usual
_LONG_ENOUGH = timedelta(days=14)  # two weekends
SHORTEST = timedelta(days=2)  # that may be unusual
_TIMES_P95 = 3
_TIMES_REPEATED = 2  # a bank holiday makes a weekend twice as long
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))


@dataclass(frozen=True, slots=True)
class Silence:
    """A source brought nothing new for longer than usual. All in seconds."""

    seconds: float
    usual: float  # median of the gaps between its arrivals
    allowed: float  # longest silence that would not have been called unusual


def silence(arrived: Sequence[datetime], asked: datetime) -> Silence | None:
    """Return the unusual silence of a source, None if there is none or too little is known.

    `arrived`: when new articles were first captured, in order, aware, those of `WINDOW` before the newest. `asked`:
    when its listings were last asked with success and the answer read; a time in which we did not ask is no silence.
    """
    if len(arrived) < _ENOUGH or arrived[-1] - arrived[0] < _LONG_ENOUGH:
        return None
    gaps = sorted((after - before).total_seconds() for before, after in pairwise(arrived))
    allowed = max(
        SHORTEST.total_seconds(),
        _TIMES_P95 * gaps[min(len(gaps) - 1, len(gaps) * 95 // 100)],
        _TIMES_REPEATED * gaps[-2],
    )
    seconds = (asked - arrived[-1]).total_seconds()
    return Silence(seconds, median(gaps), allowed) if seconds > allowed else None


def span(seconds: float) -> str:
    """Return a length of time in words, whole units of the largest that it has two of.

    >>> span(3 * 3600), span(6.4 * 86400), span(3600), span(1)
    ('3 hours', '6 days', '60 minutes', '1 second')
    """
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return f"{int(seconds / size):,} {unit}s"
    return f"{max(0, int(seconds))} second" + ("" if int(seconds) == 1 else "s")
