"""Random histories of `articles`, with the full-text index checked after every step.

Short in tests/test_fts.py, long in scripts/check-long.d/fts-histories.py.
"""

from __future__ import annotations

import sqlite3

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlite_utils import Database

from archive.schema import clear_articles, migrations

WORDS = ["alpha", "beta", "gamma", "東京", "ünlü"]
terms_lists = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)
hidden_flags = st.sampled_from([0, 0, 1])


def empty_database() -> sqlite3.Connection:
    db = Database(sqlite3.connect(":memory:", isolation_level=None), execute_plugins=False)
    migrations.apply(db)
    return db.conn


def insert(conn: sqlite3.Connection, pk: int, title: str, text: str, hidden: int = 0) -> None:
    conn.execute(
        "INSERT INTO articles (pk, id, url, url_key, domain, word_count, first_seen, last_seen, sort_at, kind, digest,"
        " hidden, title_terms, text, text_terms) VALUES (?, ?, ?, ?, 'd', 1, 't', 't', 't', 'new', '', ?, ?, '', ?)",
        (pk, f"a{pk}", f"a{pk}", f"a{pk}", hidden, title, text),
    )


def integrity_check(conn: sqlite3.Connection) -> None:
    """Raise `sqlite3.DatabaseError` if the index differs from the view (rank 1: compares external content too)."""
    conn.execute("INSERT INTO articles_fts(articles_fts, rank) VALUES ('integrity-check', 1)")


def counts_check(conn: sqlite3.Connection) -> None:
    """Fail if the counts by day and month are not those of the rows that are shown."""
    for table, columns in (
        ("article_days", "substr(sort_at, 1, 10), ifnull(source, '')"),
        ("article_months", "substr(sort_at, 1, 7), ifnull(source, ''), domain, ifnull(language, '')"),
    ):
        groups = "1, 2" if table == "article_days" else "1, 2, 3, 4"
        counted = conn.execute(
            f"SELECT {columns}, count(*) FROM articles WHERE hidden = 0 GROUP BY {groups} ORDER BY {groups}"  # noqa: S608
        ).fetchall()
        assert conn.execute(f"SELECT * FROM {table} ORDER BY {groups}").fetchall() == counted, table  # noqa: S608


class FtsMachine(RuleBasedStateMachine):
    """`rows` says what is in the table: pk -> [title_terms, text_terms, hidden]."""

    def __init__(self) -> None:
        super().__init__()
        self.conn = empty_database()
        self.rows: dict[int, list] = {}
        self.last = 0

    def teardown(self) -> None:
        self.conn.close()

    @initialize(texts=st.lists(terms_lists, max_size=4))
    def begin_with(self, texts):
        for text in texts:
            self.insert(text, text, 0)

    @rule(title=terms_lists, text=terms_lists, hidden=hidden_flags)
    def insert(self, title, text, hidden):
        self.last += 1
        insert(self.conn, self.last, title, text, hidden)
        self.rows[self.last] = [title, text, hidden]

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), title=terms_lists, text=terms_lists)
    def change(self, data, title, text):  # also while hidden
        pk = data.draw(st.sampled_from(sorted(self.rows)))
        self.conn.execute("UPDATE articles SET title_terms = ?, text_terms = ? WHERE pk = ?", (title, text, pk))
        self.rows[pk][:2] = [title, text]

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), text=terms_lists, hidden=hidden_flags)
    def change_and_hide_at_once(self, data, text, hidden):
        pk = data.draw(st.sampled_from(sorted(self.rows)))
        self.conn.execute("UPDATE articles SET hidden = ?, text_terms = ? WHERE pk = ?", (hidden, text, pk))
        self.rows[pk][1:] = [text, hidden]

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), hidden=hidden_flags)
    def hide_or_show(self, data, hidden):
        pk = data.draw(st.sampled_from(sorted(self.rows)))
        self.conn.execute("UPDATE articles SET hidden = ? WHERE pk = ?", (hidden, pk))
        self.rows[pk][2] = hidden

    @rule(rest=st.integers(0, 1), word=st.sampled_from(WORDS))
    def change_many(self, rest, word):
        self.conn.execute("UPDATE articles SET text_terms = text_terms || ' ' || ? WHERE pk % 2 = ?", (word, rest))
        for pk, row in self.rows.items():
            if pk % 2 == rest:
                row[1] += " " + word

    @rule()
    def turn_all(self):
        self.conn.execute("UPDATE articles SET hidden = 1 - hidden, title_terms = text_terms")
        for row in self.rows.values():
            row[0], row[2] = row[1], 1 - row[2]

    @rule(rest=st.integers(0, 1), value=st.sampled_from([None, "2026-05-01T", "2026-05-02T", "2026-06-01T"]))
    def move(self, rest, value):
        self.conn.execute(
            "UPDATE articles SET source = ?1, language = ?1, domain = ifnull(?1, 'd'), sort_at = ifnull(?1, 't')"
            " WHERE pk % 2 = ?2",
            (value, rest),
        )

    @rule(hidden=hidden_flags, value=st.sampled_from([None, "2026-05-01T", "2026-06-01T"]))
    def move_and_hide_at_once(self, hidden, value):
        self.conn.execute("UPDATE articles SET source = ?, hidden = ? WHERE pk % 3 = 0", (value, hidden))
        for pk, row in self.rows.items():
            if pk % 3 == 0:
                row[2] = hidden

    @rule()
    def change_something_else(self):
        self.conn.execute("UPDATE articles SET gone_at = 'now', last_seen = 'later', text_terms = text_terms")

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def remove(self, data):
        pk = data.draw(st.sampled_from(sorted(self.rows)))
        self.conn.execute("DELETE FROM articles WHERE pk = ?", (pk,))
        del self.rows[pk]

    @rule(rest=st.integers(0, 1))
    def remove_many(self, rest):
        self.conn.execute("DELETE FROM articles WHERE pk % 2 = ?", (rest,))
        self.rows = {pk: row for pk, row in self.rows.items() if pk % 2 != rest}

    @rule(text=terms_lists)
    def roll_back(self, text):
        self.conn.execute("BEGIN")
        insert(self.conn, self.last + 1, text, text)
        self.conn.execute("UPDATE articles SET text_terms = ?, hidden = 1 - hidden", (text,))
        self.conn.execute("DELETE FROM articles WHERE pk % 3 = 0")
        self.conn.execute("ROLLBACK")

    @rule()
    def clear(self):
        self.conn.execute("BEGIN")
        clear_articles(self.conn)
        self.conn.execute("COMMIT")
        self.rows = {}

    @rule()
    def merge(self):
        self.conn.execute("INSERT INTO articles_fts(articles_fts) VALUES ('optimize')")

    @invariant()
    def index_is_the_view(self):
        integrity_check(self.conn)

    @invariant()
    def counts_are_the_rows(self):
        counts_check(self.conn)

    @invariant()
    def search_finds_what_is_there(self):
        live = {pk: row for pk, row in self.rows.items() if not row[2]}
        for word in WORDS:
            found = {row[0] for row in self.conn.execute("SELECT rowid FROM articles_fts(?)", (f'"{word}"',))}
            assert found == {pk for pk, row in live.items() if word in f"{row[0]} {row[1]}".split()}, word
