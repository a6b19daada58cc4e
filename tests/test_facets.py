"""What a search counts beside its hits, against what it finds."""

from __future__ import annotations

import shutil
import sqlite3

import pytest
from store_helpers import article, new_store, put, snapshot, text_of

from archive.errors import QueryError
from archive.query import Filters, count, facets, open_reader, search


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("facets") / "archive.db"
    store = new_store(path)
    with store.transaction():
        for number in range(12):
            host = ("a", "b", "c")[number % 3]
            put(
                store,
                snapshot(f"https://{host}.example/{number}", number, source="" if host == "c" else host.upper()),
                article(
                    f"harbour {'ferry' if number % 2 else 'bridge'} " + text_of(f"t{number}x"),
                    f"Story {number}",
                    published=f"2026-{number % 4 + 1:02}-{number + 1:02}",
                    language="de" if host == "b" else "en",
                    authors=("Ann Lee", "Bo Ek") if number < 3 else ("Ann Lee",) if number < 6 else (),
                ),
            )
        for minute, host in enumerate("ab"):  # one story on two sites
            put(
                store,
                snapshot(f"https://{host}.example/wire", 50 + minute, source=host.upper()),
                article("harbour wire " + text_of("w"), "Wire", published="2026-05-01", authors=("Ann Lee",)),
            )
    store.close()
    return path


@pytest.fixture
def reader(path):
    reader = open_reader(path, heap_limit=None)
    yield reader
    reader.close()


def test_a_story_counts_once_in_all_and_once_for_each_value_of_its_members(reader):
    found = facets(reader, "harbour")
    assert (found.total, found.counted, found.unit) == (13, "stories", "month")
    assert found.sources == (("A", 5), ("B", 5), ("c.example", 4))  # without a source the domain stands
    assert found.languages == (("en", 9), ("de", 4))
    assert found.authors == (("Ann Lee", 7), ("Bo Ek", 3))
    assert found.days == (("2026-01", 3), ("2026-02", 3), ("2026-03", 3), ("2026-04", 3), ("2026-05", 1))
    assert dict(found.kinds) == {"new": 13, "exact": 1}


def test_every_copy_counts_where_all_are_asked_for(reader):
    found = facets(reader, "harbour", all=True)
    assert (found.total, found.counted) == (14, "articles")
    assert found.days[-1] == ("2026-05", 2)
    assert found.authors == (("Ann Lee", 8), ("Bo Ek", 3))


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"source": "A"},
        {"source": "c.example"},
        {"language": "de"},
        {"since": "2026-03", "until": "2026-04"},  # whole months: counted already
        {"since": "2026-03-05"},  # within a month: counted anew
        {"author": "bo"},
        {"kind": "exact"},
        {"opted_out": False},
        {"since": "2027"},
    ],
)
@pytest.mark.parametrize("every", [True, False])
@pytest.mark.parametrize("words", ["", "harbour", "ferry", "-ferry", "harbour NOT bridge", "nowhere", "!!!"])
def test_what_is_counted_is_what_is_found(reader, words, filters, every):
    told = facets(reader, words, Filters(**filters), all=every)
    all_found = told.counted == "articles"
    hits = search(reader, words, **filters, all=all_found, limit=100)
    assert told.total == len(hits) == count(reader, words, Filters(**filters), all=all_found)
    assert sum(number for _, number in told.days) >= told.total
    if all_found:
        assert sum(number for _, number in told.languages) == told.total
        for name, number in told.sources:
            assert len([hit for hit in hits if (hit.source or hit.domain) == name]) == number
    for value, number in told.sources if not filters.get("source") else ():
        assert count(reader, words, Filters(**filters | {"source": value}), all=all_found) == number


@pytest.mark.parametrize(
    ("first", "last", "unit", "bars"),
    [
        ("2026-05-01", "2026-07-31", "day", 2),
        ("2026-05-01", "2026-08-01", "month", 2),
        ("2020-01-01", "2026-01-01", "year", 2),
        ("2026-05-01", "2026-05-01", "day", 1),
    ],
)
def test_times_are_told_in_as_many_bars_as_can_be_told_apart(tmp_path, first, last, unit, bars):
    store = new_store(tmp_path / "archive.db")
    with store.transaction():
        for number, day in enumerate((first, last)):
            put(
                store,
                snapshot(f"https://a.example/{number}", number),
                article(f"tide {text_of(str(number))}", published=day),
            )
    store.close()
    reader = open_reader(tmp_path / "archive.db", heap_limit=None)
    found = facets(reader, "tide")
    assert (found.unit, len(found.days)) == (unit, bars)
    reader.close()


def test_without_words_days_are_told_too_where_they_are_few(reader):
    found = facets(reader, "", Filters(since="2026-03", until="2026-05"))
    assert (found.unit, found.counted) == ("day", "articles")
    assert dict(found.days)["2026-05-01"] == 2
    assert facets(reader, "", Filters(since="2026-03", until="2026-05", source="A")).unit == "month"


def test_a_date_that_is_none_is_said(reader):
    with pytest.raises(QueryError, match="2026-05-01"):
        facets(reader, "harbour", Filters(since="soon"))


def test_a_database_of_an_older_morgue_answers_the_same(path, reader, tmp_path):
    older = tmp_path / "archive.db"
    shutil.copy(path, older)
    with sqlite3.connect(older) as conn:
        conn.executescript(
            "DROP INDEX articles_found; DROP VIEW source_days; DROP TABLE article_days; DROP TABLE article_months"
        )
    conn.close()
    before = open_reader(older, heap_limit=None)
    for words in ("", "harbour", "harbour NOT wire"):
        assert search(before, words) == search(reader, words)
        assert count(before, words) == count(reader, words)
        assert facets(before, words, all=True).days == facets(reader, words, all=True).days
    before.close()
