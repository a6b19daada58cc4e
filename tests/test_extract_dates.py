"""Dates as written: parsed, never converted, never completed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.extract.dates import When, after, finer, in_url, local, parse_written
from archive.extract.text import date_line


@pytest.mark.parametrize(
    ("written", "language", "value", "precision"),
    [
        ("2022-05-21T10:00:00+02:00", "", "2022-05-21T10:00:00+02:00", "second"),  # kept, not made UTC
        ("2022-05-21T10:00:00.123456-0430", "", "2022-05-21T10:00:00-04:30", "second"),  # no colon in the offset
        ("2022-05-21T10:00:00Z", "", "2022-05-21T10:00:00+00:00", "second"),
        ("2022-05-21 10:00", "", "2022-05-21T10:00", "minute"),  # no offset said, none invented
        ("2022-05-21", "", "2022-05-21", "day"),
        ("2022-05", "", "2022-05", "month"),  # dateutil would add today's day
        ("May 2022", "en", "2022-05", "month"),
        ("20220521", "", "2022-05-21", "day"),
        ("20220521T101500Z", "", "2022-05-21T10:15:00+00:00", "second"),
        ("1653127200", "", "2022-05-21T10:00:00+00:00", "second"),  # Unix seconds
        ("1653127200000", "", "2022-05-21T10:00:00+00:00", "second"),  # … milliseconds
        ("Sat, 21 May 2022 10:00:00 +0200", "", "2022-05-21T10:00:00+02:00", "second"),  # RSS
        ("Sat, 21 May 2022 10:00:00 GMT", "", "2022-05-21T10:00:00+00:00", "second"),
        ("Sat May 21 2022 10:00:00 GMT+0200 (CEST)", "", "2022-05-21T10:00:00+02:00", "second"),  # JavaScript
        ("Sat May 21 10:00:00 CEST 2022", "", "2022-05-21T10:00:00", "second"),  # a zone name nobody can be sure of
        ("May 21, 2022 at 3:05 p.m. EDT", "en", "2022-05-21T15:05-04:00", "minute"),
        ("12:30 AM, 21 May 2022", "en", "2022-05-21T00:30", "minute"),  # half past midnight
        ("21. Mai 2022, 14.30 Uhr", "de", "2022-05-21T14:30", "minute"),
        ("21 de mayo de 2022", "es", "2022-05-21", "day"),
        ("21 мая 2022 г., 14:05", "ru", "2022-05-21T14:05", "minute"),
        ("2022年5月21日 14時05分", "ja", "2022-05-21T14:05", "minute"),
        ("٢١ مايو ٢٠٢٢", "ar", "2022-05-21", "day"),  # Arabic digits
        ("21.05.2022", "", "2022-05-21", "day"),  # dots are always day first
        ("05/21/2022", "", "2022-05-21", "day"),  # there is no month 21
        ("03/04/2022", "en-US", "2022-03-04", "day"),
        ("03/04/2022", "fr", "2022-04-03", "day"),
    ],
)
def test_what_is_read(written: str, language: str, value: str, precision: str) -> None:
    assert parse_written(written, language) == When(value, precision)


@pytest.mark.parametrize(
    "written",
    [
        "Saturday",
        "yesterday at 5",  # relative to a clock that nobody knows
        "5 May",  # which year?
        "2022",
        "03/04/2022",  # no language: a coin toss
        "2022-02-30",
        "2022-13-01",
        "0000-00-00 00:00:00",  # MySQL's nothing
        "",
        None,
        "x" * 10000,
    ],
)
def test_what_is_not_a_date(written: str | None) -> None:
    assert parse_written(written) is None


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2099, 1, 1)), st.integers(-12, 14))  # noqa: DTZ001 - the zone is drawn
def test_iso_round_trip(moment: datetime, hours: int) -> None:
    text = moment.replace(microsecond=0).isoformat() + f"{hours:+03}:00"
    assert parse_written(text) == When(text, "second")


@given(st.text(max_size=60))
def test_any_text_is_read_without_error(text: str) -> None:
    found = parse_written(text)
    assert found is None or found.earliest().tzinfo is not None


@pytest.mark.parametrize(
    ("value", "precision", "refused"),
    [
        ("2024-06-02", "day", False),  # it is the 2nd already in Auckland
        ("2024-06-03", "day", True),  # nowhere; and still before any day on which this test runs
        ("2024-06-01T12:00:00+00:00", "second", False),
        ("2024-06-02T12:00:00+00:00", "second", True),
        ("2024-06", "month", False),
        ("2024-07", "month", True),
    ],
)
def test_dates_after_the_capture(value: str, precision: str, refused: bool) -> None:
    captured = datetime(2024, 6, 1, 12, tzinfo=UTC)
    assert after(When(value, precision), captured) is refused
    assert not after(When(value, precision), None)  # without a capture time nothing is checked, not even against today
    assert not after(When(value, precision), captured + timedelta(days=60))


@pytest.mark.parametrize(
    ("url", "value"),
    [
        ("https://a.example/2022/05/21/pier", "2022-05-21"),
        ("https://a.example/news/pier-20220521.html", "2022-05-21"),
        ("https://a.example/2022/05/pier/", "2022-05"),
        ("https://a.example/p/20229921/x", None),  # no such day
        ("https://a.example/id/202205213344", None),  # a longer number
        ("https://a.example/x?d=2022/05/21/", None),  # a query may be anything
    ],
)
def test_dates_in_addresses(url: str, value: str | None) -> None:
    found = in_url(url)
    assert (found.text if found else None) == value


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (" date 2022-05-21 ", "2022-05-21"),
        ("Published: 21 May 2022 | 10:30", "2022-05-21T10:30"),
        ("Veröffentlicht am 9. März 2026 um 18:40 Uhr", "2026-03-09T18:40"),
        ("Saturday", None),
        ("On 21 May 2022 the council met.", None),  # a sentence
        ("In the spring of 2022 the council of 21 members met again", None),
        ("May 2022", None),  # a month is a heading
    ],
)
def test_lines_that_are_dates(line: str, value: str | None) -> None:
    found = date_line(line)
    assert (found.text if found else None) == value


def test_a_finer_witness_of_the_same_day_wins() -> None:
    day, second = When("2022-05-21", "day"), When("2022-05-21T10:00:00+02:00", "second")
    assert finer(day, second) == second
    assert finer(day, When("2022-05-22T10:00:00", "second")) == day
    assert finer(second, day) == second


@pytest.mark.parametrize(
    ("stated", "shown", "expected"),
    [
        ("2023-12-24T01:06:51+00:00", "2023-12-23T17:06:51-08:00", "2023-12-23T17:06:51-08:00"),
        ("2023-12-24T01:06:51+00:00", "2023-12-23T17:06", "2023-12-23T17:06:51-08:00"),
        ("2023-12-24T01:06:51+00:00", "2023-12-24T06:51:51", "2023-12-24T06:51:51+05:45"),  # Nepal
        ("2023-12-24T01:06:51+00:00", "2023-12-23T17:06:50", None),  # another second
        ("2023-12-24T01:06:51+00:00", "2023-12-22T17:06:51", None),  # 32 hours: no zone is that far
        ("2023-12-24T01:06:51+00:00", "2023-12-23", None),
        ("2023-12-24T01:06:51+01:00", "2023-12-23T17:06:51-08:00", None),  # it has a zone already
    ],
)
def test_the_same_instant_on_the_page_s_own_clock(stated: str, shown: str, expected: str | None) -> None:
    one, other = parse_written(stated), parse_written(shown)
    assert one is not None
    assert other is not None
    found = local(one, other)
    assert (found.text if found else None) == expected
