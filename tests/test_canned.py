"""The ready questions of `morgue serve`: each answers, and says what happened."""

from __future__ import annotations

import re

import pytest
from store_helpers import article, new_store, put, snapshot, text_of

from archive.model import Extraction
from archive.query import match_expression, open_reader, run_sql
from archive.web.queries import QUERIES

BODY = text_of("w", 400)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Let A write about the harbour and correct it after an hour, B copy it within the day, and A's page go."""
    path = tmp_path_factory.mktemp("canned") / "archive.db"
    store = new_store(path)

    def keep(host, name, minutes, text, title, **said):
        said = {"published": "2026-05-01T06:00:00Z", "authors": ("Ann Lee",)} | said
        shot = snapshot(f"https://{host}.example/{name}", minutes, source=host.upper())
        put(store, shot, article(text, title, **said))

    with store.transaction():
        keep("a", "harbour", 0, f"The harbour reopens.\n\n{BODY}", "Harbour reopens")
        keep("a", "harbour", 60, f"The harbour reopens on Monday.\n\n{BODY}", "Harbour to reopen")
        keep("b", "copy", 90, f"The harbour reopens on Monday.\n\n{BODY}", "Harbour", published="2026-05-01T07:30:00Z")
        keep("a", "bridge", 100, text_of("q", 200), "A bridge", published="2026-05-09")
        put(store, snapshot("https://b.example/list", 110, source="B"), Extraction.refused("listing"))
        put(store, snapshot("https://a.example/harbour", 120, source="A", status=410), None)
    store.close()
    return path


def ask(path, name, **parameters):
    reader = open_reader(path, heap_limit=None)
    reader.create_function("morgue_match", 1, lambda words: match_expression(words) or '""', deterministic=True)
    answer = run_sql(reader, QUERIES[name]["sql"], parameters)
    reader.close()
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


@pytest.mark.parametrize("name", QUERIES)
def test_each_has_a_title_asks_only_what_its_form_can_and_answers(path, name):
    wanted = set(re.findall(r":([a-z]+)", QUERIES[name]["sql"]))
    assert wanted <= {"words", "source"}
    assert QUERIES[name]["title"]
    rows = ask(path, name, **dict.fromkeys(wanted, "harbour") | ({"source": "A"} if "source" in wanted else {}))
    assert rows or name == "opt_outs"


def test_there_are_twelve_and_more():
    assert len(QUERIES) >= 12


def test_what_a_source_wrote_about_something_by_week(path):
    assert ask(path, "written_by_week", words="reopen", source="A") == [
        {"week": "2026-04-27", "articles": 1, "titles": "Harbour to reopen"}
    ]


def test_edits_tell_when_and_what(path):
    (edited,) = ask(path, "edited_after_publication")
    assert (edited["title"], edited["edits"], edited["hours_after_publication"]) == ("Harbour to reopen", 1, 1)
    assert [(row["before"], row["after"]) for row in ask(path, "changed_headlines")] == [
        ("Harbour reopens", "Harbour to reopen")
    ]
    (longest,) = ask(path, "longest_corrections")
    assert (longest["characters_before"], longest["characters_after"]) == (20, 30)


def test_copies_within_a_day_name_the_copy_and_its_delay(path):
    (copied,) = ask(path, "copied_within_a_day", source="A")
    assert (copied["copied_by"], copied["minutes_later"], copied["kind"]) == ("B", 90, "exact")
    assert ask(path, "copied_within_a_day", source="B") == []


def test_gone_and_silent(path):
    assert [(row["title"], row["gone_at"][:16]) for row in ask(path, "gone")] == [
        ("Harbour to reopen", "2026-05-01T08:00")
    ]
    silent = ask(path, "silent_sources")
    assert [(row["source"], row["last_day"], row["in_30_days"]) for row in silent] == [
        ("B", "2026-05-01", 1),
        ("A", "2026-05-09", 2),
    ]


def test_people_see_days_revisions_and_stories(path):
    reader = open_reader(path, heap_limit=None)
    assert run_sql(reader, "SELECT * FROM source_days ORDER BY day, source").rows == (
        ("2026-05-01", "A", 1, 1, 1),
        ("2026-05-01", "B", 1, 0, 0),
        ("2026-05-09", "A", 1, 0, 0),
    )
    assert run_sql(
        reader,
        "SELECT seq, title, title_changed, added, removed, changed FROM revisions_view WHERE source = 'A' AND seq > 1",
    ).rows == ((2, "Harbour to reopen", 1, 0, 0, 1),)
    assert run_sql(
        reader, "SELECT title, members, sites, first_at < last_at FROM stories_view WHERE members > 1"
    ).rows == (("Harbour to reopen", 2, 2, 1),)
    reader.close()
