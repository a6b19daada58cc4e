"""The full-text index over the view: whatever happens to articles, it holds exactly the live ones."""

from __future__ import annotations

import sqlite3

import pytest
from fts_machine import FtsMachine, counts_check, empty_database, insert, integrity_check
from hypothesis import settings

from archive.schema import FTS_TRIGGERS
from archive.schema_search import COUNT_TRIGGERS

TestHistories = FtsMachine.TestCase
TestHistories.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def history(conn: sqlite3.Connection) -> None:
    """One of everything; raises if the index ever differs from the view, or finds what is not there."""
    for statement in (
        "UPDATE articles SET text_terms = 'gamma delta' WHERE pk = 1",
        "UPDATE articles SET hidden = 1 WHERE pk = 1",
        "UPDATE articles SET text_terms = 'epsilon' WHERE pk = 1",
        "UPDATE articles SET hidden = 0 WHERE pk = 1",
        "UPDATE articles SET hidden = 1, text_terms = 'zeta' WHERE pk = 2",
        "UPDATE articles SET hidden = 0, text_terms = 'eta' WHERE pk = 2",
        "UPDATE articles SET source = 's', sort_at = '2026-05-01T' WHERE pk = 2",
        "UPDATE articles SET sort_at = '2026-05-03T' WHERE pk = 2",
        "UPDATE articles SET hidden = 1, language = 'de' WHERE pk = 2",
        "UPDATE articles SET source = NULL WHERE pk = 2",
        "UPDATE articles SET hidden = 0, sort_at = '2026-06-01T' WHERE pk = 2",
        "UPDATE articles SET domain = 'e' WHERE pk = 2",
        "DELETE FROM articles WHERE pk = 1",
    ):
        conn.execute(statement)
        integrity_check(conn)
        counts_check(conn)
        for word in ("alpha", "beta", "gamma", "epsilon", "zeta", "eta"):
            found = conn.execute("SELECT rowid FROM articles_fts(?) ORDER BY 1", (word,)).fetchall()
            there = conn.execute(
                "SELECT pk FROM articles WHERE hidden = 0 AND ' ' || title_terms || ' ' || text_terms || ' '"
                " LIKE '% ' || ? || ' %' ORDER BY 1",
                (word,),
            ).fetchall()
            assert found == there, (statement, word)


def test_one_of_everything_keeps_the_index():
    conn = empty_database()
    insert(conn, 1, "alpha", "alpha beta")
    insert(conn, 2, "beta", "beta gamma")
    history(conn)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("articles_fts_change_1", "old.text_terms)", "new.text_terms)"),  # the words deleted are not those indexed
        ("articles_fts_change_1", "AND new.hidden = 0", ""),  # hidden and changed at once: deleted twice
        ("articles_fts_change_2", "old.hidden = 0 AND ", ""),  # shown and changed at once: inserted twice
        ("articles_fts_change_2", "old.hidden = 0 AND new.hidden = 0 AND ", ""),  # a hidden row comes in
        ("articles_fts_hide", "old.text_terms)", "new.text_terms)"),  # hidden and changed: the wrong words go
        ("articles_fts_gone", "WHEN old.hidden = 0", "WHEN old.hidden = 1"),  # the row goes, its words stay
        ("articles_fts_show", "new.hidden = 0", "new.hidden = 2"),  # it never comes back
    ],
)
def test_the_histories_notice_a_broken_trigger(name, old, new):
    conn = empty_database()
    body = FTS_TRIGGERS[name]
    assert old in body
    conn.execute(f"DROP TRIGGER {name}")
    conn.execute(f"CREATE TRIGGER {name} {body.replace(old, new)}")
    insert(conn, 1, "alpha", "alpha beta")
    insert(conn, 2, "beta", "beta gamma")
    with pytest.raises((sqlite3.DatabaseError, AssertionError)):
        history(conn)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("articles_count_born", "WHEN new.hidden = 0", ""),  # what is born hidden counts
        ("articles_count_gone", "articles + -1", "articles"),  # what goes still counts
        ("articles_count_gone", "article_days WHERE", "article_days WHERE 0 AND"),  # a day without articles stays
        ("articles_count_from", "WHEN old.hidden = 0 AND", "WHEN"),  # a hidden row that moves is taken off
        ("articles_count_to", "WHEN new.hidden = 0 AND", "WHEN"),  # a row that is hidden counts again
        ("articles_count_to", "OF hidden, sort_at", "OF hidden"),  # another day
        ("articles_count_from", "OR old.domain <> new.domain", ""),
    ],
)
def test_the_histories_notice_a_broken_count(name, old, new):
    conn = empty_database()
    body = COUNT_TRIGGERS[name]
    assert old in body
    conn.execute(f"DROP TRIGGER {name}")
    conn.execute(f"CREATE TRIGGER {name} {body.replace(old, new)}")
    insert(conn, 1, "alpha", "alpha beta")
    insert(conn, 2, "beta", "beta gamma")
    insert(conn, 3, "beta", "beta gamma", hidden=1)
    with pytest.raises((sqlite3.DatabaseError, AssertionError)):
        history(conn)


def test_the_histories_notice_new_words_that_come_before_the_old_ones_go():
    conn = empty_database()
    for name, old, new in (
        ("articles_fts_change_1", "BEFORE", "AFTER"),
        ("articles_fts_change_2", "AFTER", "BEFORE"),
    ):
        conn.execute(f"DROP TRIGGER {name}")
        conn.execute(f"CREATE TRIGGER {name} {FTS_TRIGGERS[name].replace(old, new)}")
    insert(conn, 1, "alpha", "alpha beta")
    insert(conn, 2, "beta", "beta gamma")
    with pytest.raises((sqlite3.DatabaseError, AssertionError)):
        history(conn)


def test_a_word_of_the_title_counts_more_than_many_of_the_text():
    conn = empty_database()
    insert(conn, 1, "other", "alpha other other")
    insert(conn, 2, "alpha", "other other other")
    assert [row[0] for row in conn.execute("SELECT rowid FROM articles_fts('alpha') ORDER BY rank")] == [2, 1]
