"""Broken pages in short: scripts/check-long.d/extract-fuzz.py breaks 20,000."""

from __future__ import annotations

import sqlite3
import time

import pytest

from archive.extract import Page
from archive.extract.authors import split
from archive.extract.extract import extract
from archive.extract.jsonld import read_blocks
from archive.model import Extraction
from tests.extract_fuzz import fuzz, mutant, unfit
from tests.extract_pages import own_pages


def test_broken_pages_cost_nothing_but_themselves() -> None:
    found = fuzz(own_pages(), seed=3, numbers=range(240), jobs=2, heavy=0.0)
    assert found.pages == 240
    assert (found.crashed, found.timeouts, found.raised, found.unfit, found.lost) == ([], [], [], [], [])
    assert found.reasons["article"] > 100, "broken a little, most are still read"


def test_a_mutation_can_be_made_again() -> None:
    pages = own_pages()
    assert mutant(3, 17, pages, heavy=1.0) == mutant(3, 17, pages, heavy=1.0)
    assert mutant(3, 17, pages) != mutant(3, 18, pages)


@pytest.mark.parametrize(
    ("extraction", "wrong"),
    [
        (Extraction(article=True, title="A", text="whole"), None),
        (Extraction.refused("empty"), None),
        (Extraction(article=True, text="half \ud800"), "JSON"),  # UTF-8 has no halves of surrogate pairs
        (Extraction(article=True, text="a\0b"), "NUL"),
        (Extraction(article=True, text="a", keywords=("b\0",)), "NUL"),
        (Extraction(article=True, text="  "), "without a text"),
        (Extraction(article=True, text="a", reason="empty"), "neither"),
        (Extraction(article=False), "neither"),
    ],
)
def test_what_cannot_be_kept_is_seen(extraction: Extraction, wrong: str | None) -> None:
    db = sqlite3.connect(":memory:")
    found = unfit("https://a.example/", extraction, db)
    db.close()
    assert (found is None) if wrong is None else (found is not None and wrong in found)


@pytest.mark.parametrize(
    ("escaped", "title"),
    [
        (r"a \ud800 b", "a \ufffd b"),  # half a pair, as a cut-off emoji leaves it
        (r"a \uDE00 b", "a \ufffd b"),
        (r"a \ud83d\ude00 b", "a \U0001f600 b"),  # a whole one
        (r"a \\ud800 b", r"a \ud800 b"),  # a backslash and letters
        (r"a \\\ud800 b", "a \\\ufffd b"),
        (r"a\u0000b", "a b"),
    ],
)
def test_json_gives_no_half_characters(escaped: str, title: str) -> None:
    assert read_blocks([f'{{"headline": "{escaped}"}}']) == [{"headline": title}]


def test_the_last_year_of_the_calendar_is_a_capture_time_too() -> None:
    from datetime import UTC, datetime

    story = "The harbour board voted on Monday to rebuild the long pier that a storm tore in two last year."
    text = "".join(f"<p>{n}. {story}</p>" for n in range(4))  # the same paragraph twice is kept once
    page = Page(url="https://a.example/news/pier", body=text.encode(), captured_at=datetime.max.replace(tzinfo=UTC))
    assert extract(page).article


def test_a_long_run_where_names_are_looked_for_takes_no_time() -> None:
    begun = time.process_time()
    split("Published " + "+0000" * 100_000)  # an e-mail address' first half, and no "@": it took minutes
    assert time.process_time() - begun < 1
