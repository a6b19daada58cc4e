"""Which files of a sitemap index are the past."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from crawler.discovery.past import past_children, period_of

SEEN = date(2026, 11, 22)
SITE = "https://paper.example"
MONTHS = [f"{SITE}/sitemap-{year}-{month:02}.xml" for year in range(2010, 2027) for month in range(1, 13)][:-1]


@pytest.mark.parametrize(
    ("path", "kind", "first"),
    [
        ("/sitemap-2014-02.xml", "month", date(2014, 2, 1)),
        ("/sitemap_201402.xml.gz", "month", date(2014, 2, 1)),
        ("/sitemaps/2014/2/", "month", date(2014, 2, 1)),
        ("/sitemap.xml?year=2014&month=02", "month", date(2014, 2, 1)),
        ("/sitemap.xml?year=2014&amp;month=2", "month", date(2014, 2, 1)),
        ("/sitemap/2014-march.xml", "month", date(2014, 3, 1)),
        ("/sitemap-mar-2014.xml", "month", date(2014, 3, 1)),
        ("/sitemap-20140203.xml", "day", date(2014, 2, 3)),
        ("/sitemap/2014/2/3.xml", "day", date(2014, 2, 3)),
        ("/sitemap.xml?yyyy=2014&mm=02&dd=03", "day", date(2014, 2, 3)),
        ("/post-sitemap2014.xml", "year", date(2014, 1, 1)),
        ("/sitemap-2014-1.xml", "year", date(2014, 1, 1)),  # the first file of that year as well may be
    ],
)
def test_a_files_period_is_read_from_its_address(path: str, kind: str, first: date) -> None:
    period = period_of(SITE + path)
    assert period is not None
    assert period[:2] == (kind, first)


@pytest.mark.parametrize("path", ["/sitemap-12.xml", "/sitemap.xml", "/post-sitemap3.xml", "/sitemap-1234567.xml", ""])
def test_other_files_have_no_period(path: str) -> None:
    assert period_of(SITE + path) is None


def test_all_but_the_newest_months_are_the_past() -> None:
    past = past_children(MONTHS, SEEN)
    assert [url for url in MONTHS if url not in past] == MONTHS[-2:]
    assert past[f"{SITE}/sitemap-2014-02.xml"] == datetime(2014, 3, 1, tzinfo=UTC)


def test_of_daily_files_a_week_is_not_past() -> None:
    days = [f"{SITE}/news/2026/11/{day}.xml" for day in range(1, 23)]
    assert len(past_children(days, SEEN)) == 22 - 8


def test_the_index_of_a_sleeping_site_is_read_to_its_newest_month() -> None:
    assert f"{SITE}/sitemap-2013-12.xml" not in past_children(MONTHS[:48], SEEN)


def test_a_month_in_the_future_does_not_make_today_the_past() -> None:
    assert MONTHS[-1] not in past_children([*MONTHS, f"{SITE}/sitemap-2049-01.xml"], SEEN)


def test_several_files_a_month_are_one_series() -> None:
    parts = [url.replace(".xml", f"-{part}.xml") for url in MONTHS for part in (1, 2)]
    assert len(parts) - len(past_children(parts, SEEN)) == 4


def test_a_few_files_with_a_year_in_their_name_are_no_series() -> None:
    assert past_children([f"{SITE}/election-{year}.xml" for year in (2012, 2016, 2020)], SEEN) == {}


def test_each_section_has_its_own_past() -> None:
    old = [f"{SITE}/chess/2009-{month:02}.xml" for month in range(1, 13)]
    assert f"{SITE}/chess/2009-12.xml" not in past_children([*MONTHS, *old], SEEN)


def test_numbers_of_any_length_cost_no_time() -> None:
    assert past_children(["https://paper.example/" + "2014-" * 10_000] * 100, SEEN) == {}
