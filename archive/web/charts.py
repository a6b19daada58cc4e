"""Bars in time, as numbers for a template to draw. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

_GAP = 0.2  # of a bar's place


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, in units of the drawing: x, y of its upper left corner."""

    label: str  # the day, month or year: 2026-05-01, 2026-05, 2026
    number: int
    x: float
    y: float
    width: float
    height: float
    slot: float  # where its place begins; a place is as wide as `Chart.step`


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars that stand on the lower edge, and what the tallest of them is."""

    bars: tuple[Bar, ...]
    width: int
    height: int
    step: float
    top: int
    total: int

    @property
    def first(self) -> str:
        """The first label, "" for none."""
        return self.bars[0].label if self.bars else ""

    @property
    def last(self) -> str:
        """The last label, "" for none."""
        return self.bars[-1].label if self.bars else ""

    @property
    def some(self) -> tuple[Bar, ...]:
        """The bars that are not empty."""
        return tuple(bar for bar in self.bars if bar.number)


def chart(numbers: Sequence[tuple[str, int]], *, width: int = 600, height: int = 80, top: int | None = None) -> Chart:
    """Return a bar for each label; `top`: the number of a bar of full height, None: the largest.

    >>> [bar.height for bar in chart([("2026-05-01", 2), ("2026-05-02", 1)], height=10).bars]
    [10.0, 5.0]
    """
    largest = top if top is not None else max((number for _, number in numbers), default=0)
    step = width / max(1, len(numbers))
    bars = []
    for place, (label, number) in enumerate(numbers):
        tall = round(max(height * number / largest, 1.0), 2) if number and largest else 0.0
        bars.append(
            Bar(
                label=label,
                number=number,
                x=round(step * (place + _GAP / 2), 2),
                y=round(height - tall, 2),
                width=round(step * (1 - _GAP), 2),
                height=tall,
                slot=round(step * place, 2),
            )
        )
    return Chart(tuple(bars), width, height, round(step, 2), largest, sum(number for _, number in numbers))


def days(end: date, count: int) -> list[str]:
    """Return so many days in order, the last of them `end`."""
    return [str(end - timedelta(days=back)) for back in range(count - 1, -1, -1)]


def filled(
    numbers: Mapping[str, int] | Sequence[tuple[str, int]], unit: str, *, least: int = 1, most: int = 400
) -> list[tuple[str, int]]:
    """Return counts with the empty days, months or years between them; as they are where there would be more than `most`.

    Where there are fewer than `least`, further ones stand after them: a few bars are not to be as wide as the drawing.

    >>> filled([("2026-11", 1), ("2027-01", 2)], "month")
    [('2026-11', 1), ('2026-12', 0), ('2027-01', 2)]
    """
    known = dict(numbers)
    if not known:
        return []
    found: list[str] = []
    for label in _between(min(known), max(known), unit):
        found.append(label)
        if len(found) > most:
            return sorted(known.items())
    while len(found) < least and (following := _next(found[-1], unit)) > found[-1]:
        found.append(following)
    return [(label, known.get(label, 0)) for label in found]


def _between(first: str, last: str, unit: str) -> Iterator[str]:
    label = first
    while label < last:
        yield label
        following = _next(label, unit)
        if following == label:
            break
        label = following
    yield last


def _next(label: str, unit: str) -> str:
    """Return the label after one; the same at the calendar's end."""
    if label[:4] == "9999":
        return label
    if unit == "day":
        return str(date.fromisoformat(label) + timedelta(days=1))
    if unit == "month":
        year, month = int(label[:4]), int(label[5:7])
        return f"{year + month // 12:04}-{month % 12 + 1:02}"
    return f"{int(label) + 1:04}"
