"""A source is called silent by its own habits alone: nights, weekends and weekly papers are no alarm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.silence import silence, span

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def hours(*days: int, at: tuple[int, ...] = (7, 10, 13, 16, 19)) -> list[datetime]:
    """Return these hours of these days after the Monday."""
    return [MONDAY + day * DAY + timedelta(hours=hour) for day in days for hour in at]


DAILY = hours(*range(28))
WEEKDAYS = hours(*(day for day in range(28) if day % 7 < 5))  # the last one a Friday
SUNDAY_TO_THURSDAY = hours(*(day for day in range(28) if day % 7 not in {4, 5}))
WEEKLY = hours(*range(3, 60, 7), at=(9,))
SELDOM = hours(0, 1, 9, 11, 24, 31, 33, 48, 55, at=(9,))
FIRST_CRAWL = [*hours(0, at=(6,)), *DAILY[5:]]


@pytest.mark.parametrize(
    ("arrived", "days", "unusual"),
    [
        (DAILY, 1.5, False),
        (DAILY, 2.1, True),
        (WEEKDAYS, 2.6, False),  # until Monday morning
        (WEEKDAYS, 4.6, False),  # Easter
        (WEEKDAYS, 5.2, True),
        (SUNDAY_TO_THURSDAY, 2.6, False),
        (SUNDAY_TO_THURSDAY, 5.2, True),
        (WEEKLY, 13, False),
        (WEEKLY, 22, True),
        (SELDOM, 25, False),
        (DAILY[:7], 30, False),  # two days are no habit
        (WEEKLY[:7], 60, False),  # seven articles neither
        (hours(0, 14, at=(7, 8, 9, 10)), 30, False),  # it paused so long once; twice two days would be two weeks
        (FIRST_CRAWL, 2.1, True),
        ([], 9, False),
    ],
)
def test_silence_is_measured_by_what_is_usual(arrived: list[datetime], days: float, unusual: bool) -> None:
    asked = (arrived[-1] if arrived else MONDAY) + days * DAY
    assert (silence(arrived, asked) is not None) is unusual


def test_the_figures_are_those_of_the_source() -> None:
    found = silence(DAILY, DAILY[-1] + 6 * DAY)
    assert found is not None
    assert (found.seconds, found.usual, found.allowed) == (6 * 86400, 3 * 3600, 2 * 86400)


def test_one_long_pause_does_not_excuse_the_next() -> None:
    arrived = hours(*range(14), *range(34, 48))  # three weeks were missed once
    assert silence(arrived, arrived[-1] + 3 * DAY) is not None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (-5, "0 seconds"),  # the clock was set back
        (1, "1 second"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (7199, "119 minutes"),
        (7200, "2 hours"),
        (2 * 86400, "2 days"),
        (4000 * 86400, "4,000 days"),
    ],
)
def test_a_length_of_time_in_words(seconds: float, words: str) -> None:
    assert span(seconds) == words
