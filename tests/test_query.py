from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_helpers import article, at, new_store, put, snapshot, text_of

from archive.errors import DatabaseError, QueryError, SchemaTooNewError
from archive.model import Extraction
from archive.query import Filters, count, open_reader, run_sql, search, show, stats
from archive.query.filters import moment
from archive.query.snippets import mark, snippet
from archive.query.words import Wanted, parse_words
from archive.urls import article_id, url_key

TEXTS = {  # name: host, language, title, text, published, authors
    "vote": (
        "n.example",
        "en",
        "Parliament votes",
        "Ministers agreed on taxes after covid-19 in the u.s. today",
        "2026-03-01",
        ("Ann O\u2019Hara",),
    ),
    "tax": (
        "o.example",
        "en",
        "Income tax",
        "The organisation of income taxes. Parliament was silent.",
        "2026-03-02T10:00:00+02:00",
        ('Bea %_"x',),
    ),
    "de": (
        "p.example",
        "de",
        "Bundesregierung",
        "Die Minister der Bundesregierung tagten in München",
        "2026-03-03",
        (),
    ),
    "ja": ("q.example", "ja", "東京都知事選", "東京都の知事選挙が行われた", "2026-03-04", ()),
    "ar": ("r.example", "ar", "مُدَرِّسٌ", "قال المدرسون إن التعليم مهم", None, ()),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("query") / "archive.db"
    store = new_store(path)
    with store.transaction():
        for minute, (name, (host, language, title, text, published, authors)) in enumerate(TEXTS.items()):
            put(
                store,
                snapshot(f"https://{host}/{name}", minute, source=host[0].upper()),
                article(text, title, language=language, published=published, authors=authors),
            )
        for minute, host in enumerate(("c1", "c2", "c3")):
            text = "Wire story about elephants. " + text_of("w")
            put(store, snapshot(f"https://{host}.example/2026/e-w", 50 + minute), article(text, f"Elephants {host}"))
        put(
            store,
            snapshot("https://c1.example/2026/e-w", 60),
            article(text_of("z") + " giraffes", "Elephants corrected"),
        )
        put(store, snapshot("https://c1.example/2026/list", 61), Extraction.refused("listing"))
        amp = article(text_of("z") + " giraffes", "Elephants corrected", canonical="https://c1.example/2026/e-w")
        put(store, snapshot("https://c1.example/amp/2026/e-w", 62), amp)
    store.close()
    return path


@pytest.fixture
def reader(path):
    reader = open_reader(path, heap_limit=None)
    yield reader
    reader.close()


def ids(hits):
    return [hit.url.rsplit("/", 1)[1] if "example/2026/e-w" not in hit.url else hit.url[8:10] for hit in hits]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("taxes", {"vote", "tax"}),
        ("tax", {"vote", "tax"}),  # by its stem
        ("TAXES parliament", {"vote", "tax"}),
        ("taxes silent", {"tax"}),  # all words
        ("taxes OR bundesregierung", {"vote", "tax", "de"}),
        ("silent OR covid parliament", {"vote", "tax"}),
        ("taxes -silent", {"vote"}),
        ("taxes NOT silent", {"vote"}),
        ("taxes NOT (silent OR covid)", set()),
        ("taxes or silent", set()),  # operators count in capitals only
        ('covid-19 "u.s."', {"vote"}),
        ("“income taxes”", {"tax"}),
        ('"taxes income"', set()),
        ('"income taxes', {"tax"}),  # a quote that is not closed
        ("title:parliament", {"vote"}),
        ("title:(parliament)", set()),  # a bracket belongs to no column: the word `title` is not there
        ("text:parliament", {"tax"}),
        ("title:tax*", {"tax"}),
        ("organisations", {"tax"}),
        ("organisation*", {"tax"}),  # longer than the stem in the index
        ("bundes*", {"de"}),  # German compounds by their beginning
        ("munchen", {"de"}),
        ("ministers", {"vote", "de"}),  # by the stem of the article's own language
        ("東京", {"ja"}),
        ("知事選", {"ja"}),
        ("都", {"ja"}),  # a single character
        ("挙", {"ja"}),
        ("京東", set()),
        ("المدرسون", {"ar"}),
        ("o'hara", set()),
        ("elephants", {"c1"}),  # one hit per story
        ("elephants giraffes", {"c1"}),
        ("title:corrected", {"c1"}),
        ("taxes NEAR silent", {"tax"}),
        ("taxes NEAR/2 silent", {"tax"}),  # parliament was
        ("taxes NEAR/1 silent", set()),
        ('NEAR(ministers "income taxes")', set()),
        ('NEAR("income tax" silent, 3)', {"tax"}),  # by the stem of the article's language, in phrases too
        ("NEAR(silent tax organisation, 9)", {"tax"}),  # in any order
        ("minist* NEAR tagt*", {"de"}),
        ("title:income NEAR tax", {"tax"}),
        ("text:covid NEAR votes", set()),
        ("parliament NOT (income NEAR silent)", {"vote"}),
        ("taxes near silent", set()),  # small letters: a word like any other
        ("near", set()),
        ("wire", {"c2"}),  # the head says it no more: the best match that does
    ],
)
def test_search(reader, words, found):
    hits = search(reader, words)
    assert set(ids(hits)) == found
    assert count(reader, words) == len(found)


@pytest.mark.parametrize(
    "words",
    [
        'covid-19 "u.s."', '"', '""', '"""', "AND", "OR", "NOT", "AND AND", "a OR", "OR a", "NOT a", "-", "--", "-a",
        "*", "**", "a**", "^", "^a", "NEAR(", "NEAR(a b, 2)", "NEAR", "(", ")", "())(", "(((((((((((((((((((((((((a",
        "(" * 5000, ")" * 5000, "😀", "a😀b", "\0", "a\0b", "\ud800", "a" * 10_000, "a " * 5_000, "東" * 10_000,
        "a AND (b",
        "title:", "title:*", "title:a*", 'title:"a b"', "title :a", "{title}: a", "a:b:c", "rowid:1", "-title:a",
        "a + b",
        "!@#$%^&*()_+-=[]{}|;':,./<>?`~\\", "'; DROP TABLE articles; --", 'a -"b c" OR -d', "-(a OR b)", "NOT NOT a",
        "(a) (b) OR (c) NOT (d)", "a NOT b OR c", "\u202eabc", "A\u0300" * 500, "١٢٣", "½", "_", "a_b", "x" * 70,
    ],
)  # fmt: skip
@pytest.mark.parametrize("every", [False, True])
def test_no_words_raise(reader, words, every):
    hits = search(reader, words, all=every)
    assert count(reader, words, all=every) == len(hits)  # fewer than 20


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.text()
    | st.lists(st.sampled_from(['"', "(", ")", "-", "*", "OR", "AND", "NOT", "title:", "a", "東", " "])).map("".join)
)
def test_nothing_typed_raises(reader, words):
    assert isinstance(search(reader, words), list)


@pytest.mark.parametrize("words", ["", "   ", "\n"])
def test_no_words_are_everything_newest_first(reader, words):
    hits = search(reader, words)
    assert ids(hits) == ["w", "c1", "ar", "ja", "de", "tax", "vote"] or ids(hits)[-4:] == ["ja", "de", "tax", "vote"]
    assert count(reader, words) == len(hits)
    assert all(hit.score is None for hit in hits)


@pytest.mark.parametrize("words", ["***", "!!!", "AND"])
def test_words_that_are_none_find_nothing(reader, words):
    assert search(reader, words) == []


def test_only_what_must_not_be_there(reader):
    assert {"vote", "tax"}.isdisjoint(ids(search(reader, "-taxes")))
    assert "de" in ids(search(reader, "-taxes"))


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"since": "2026-03-02", "until": "2026-03-02"}, {"tax"}),
        ({"since": "2026-03-02T08:00:00Z", "until": "2026-03-02T10:00:00+02:00"}, {"tax"}),  # by the instant
        ({"since": "2026-03-02T08:00:01Z", "until": "2026-03-03"}, {"de"}),
        ({"since": date(2026, 3, 3), "until": datetime(2026, 3, 4, tzinfo=UTC)}, {"de", "ja"}),
        ({"until": "2026-03"}, {"vote", "tax", "de", "ja"}),
        ({"until": "2025"}, set()),
        ({"source": "O"}, {"tax"}),
        ({"source": "o.example"}, {"tax"}),
        ({"language": "de"}, {"de"}),
        ({"author": "ann"}, {"vote"}),
        ({"author": '%_"x'}, {"tax"}),  # no wildcards
        ({"author": "%"}, {"tax"}),
        ({"author": '%_"' * 300}, set()),  # longer than SQLite takes a pattern
        ({"author": "O\u2019H"}, {"vote"}),
    ],
)
@pytest.mark.parametrize("words", ["", "-nowhere"])
def test_filters(reader, filters, found, words):
    assert set(ids(search(reader, words, **filters))) == found
    assert count(reader, words, Filters(**filters)) == len(found)


def test_filters_with_words(reader):
    assert ids(search(reader, "taxes", since="2026-03-02")) == ["tax"]
    assert ids(search(reader, "minister", language="de")) == ["de"]


@pytest.mark.parametrize("value", ["soon", "2026-13-01", "", "99999-01-01", "2026-02-30T00:00:00"])
def test_a_date_that_is_none(reader, value):
    if not value:
        assert search(reader, "taxes", since=value)
        return
    with pytest.raises(QueryError, match="2026-05-01"):
        search(reader, "taxes", since=value)


@pytest.mark.parametrize(
    ("value", "end", "expected"),
    [
        ("2026", True, "2026-12-31T23:59:59.999999Z"),
        ("2026-12", True, "2026-12-31T23:59:59.999999Z"),
        ("2024-02", True, "2024-02-29T23:59:59.999999Z"),
        ("2026-05-01", False, "2026-05-01T00:00:00.000000Z"),
        ("2026-05-01T10:00:00+02:00", True, "2026-05-01T08:00:00.000000Z"),
    ],
)
def test_moment(value, end, expected):
    assert moment(value, end=end) == expected


def test_order_and_pages(reader):
    assert ids(search(reader, "taxes", sort="newest")) == ["tax", "vote"]
    assert ids(search(reader, "taxes", sort="oldest")) == ["vote", "tax"]
    assert ids(search(reader, "parliament")) == ["vote", "tax"]  # the title weighs more
    assert ids(search(reader, "taxes", sort="oldest", limit=1, offset=1)) == ["tax"]
    everything = search(reader, "", limit=100)
    assert [search(reader, "", limit=1, offset=n)[0].id for n in range(len(everything))] == [h.id for h in everything]
    assert search(reader, "", limit=0) == search(reader, "taxes", limit=-1) == []


def test_words_in_a_row_come_before_the_same_words_here_and_there(tmp_path):
    store = new_store(tmp_path / "archive.db")
    with store.transaction():
        for minute, (name, text) in enumerate(
            {
                "apart": "propulsion of a jet, a jet and its propulsion, propulsion without a jet " + text_of("a"),
                "row": "the institute for jet propulsion " + text_of("b"),
                "one": "a jet " + text_of("c"),
                **{f"other{n}": text_of(f"o{n}x") for n in range(20)},
            }.items()
        ):
            put(store, snapshot(f"https://{name}.example/{name}", minute), article(text, "A title"))
    store.close()
    reader = open_reader(tmp_path / "archive.db", heap_limit=None)
    assert ids(search(reader, "jet propulsion")) == ["row", "apart"]
    assert ids(search(reader, "propulsion jet")) == ["apart", "row"]
    assert ids(search(reader, "jet propulsion -institute")) == ["apart"]
    reader.close()


def test_an_order_that_is_none(reader):
    with pytest.raises(QueryError, match="relevance, newest, oldest"):
        search(reader, "taxes", sort="best")


def test_a_cursor_has_a_time_limit_of_its_own(reader):
    reader.time_limit = 0.2
    with pytest.raises(QueryError, match="longer"):
        run_sql(reader, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT count(*) FROM c")
    cursor = reader.cursor()
    assert cursor.execute("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 20000) "
                          "SELECT count(*) FROM c").fetchone() == (20000,)  # fmt: skip


def test_one_hit_per_story_with_its_copies(reader):
    [hit] = search(reader, "elephants")
    assert (hit.copies, hit.kind, hit.story) == (2, "new", hit.id)
    assert len(search(reader, "elephants", all=True)) == count(reader, "elephants", all=True) == 3
    [other] = search(reader, "wire")
    assert (other.kind, other.story) == ("exact", hit.id)


def test_marks_are_on_the_articles_own_words(reader):
    [hit] = search(reader, "ministers covid-19")
    assert hit.snippet.with_marks("[", "]") == "[Ministers] agreed on taxes after [covid]-[19] in the u.s. today"
    [hit] = search(reader, "bundes* -nothing")
    assert hit.title.with_marks("[", "]") == "[Bundesregierung]"
    [hit] = search(reader, "知事選")
    assert hit.title.with_marks("[", "]") == "東京都[知事選]"
    [hit] = search(reader, "silent -covid")
    assert "[" not in hit.title.with_marks("[", "]")


def test_a_snippet_is_cut_where_the_words_are():
    text = "word " * 500 + "needle in\n\nthe haystack " + "word " * 500
    cut = snippet(text, "en", Wanted(frozenset({"needl", "haystack"})))
    assert len(cut.text) < 260
    assert "\n" not in cut.text
    assert [cut.text[a:b] for a, b in cut.marks] == ["needle", "haystack"]
    assert cut.text.startswith("… ")
    assert cut.text.endswith(" …")


@given(st.text(), st.text(max_size=3), st.integers(10, 300))
def test_marks_are_inside_and_in_order(text, word, width):
    wanted = parse_words(word).wanted
    for marked in (mark(text, None, wanted), snippet(text, None, wanted, width=width)):
        ends = [place for pair in marked.marks for place in pair]
        assert ends == sorted(ends)
        assert not ends or ends[-1] <= len(marked.text)


# Show


@pytest.mark.parametrize(
    "what",
    [
        "https://c1.example/2026/e-w",
        "http://www.c1.example/2026/e-w/?utm_source=x#top",
        "c1.example/2026/e-w",
        article_id(url_key("https://c1.example/2026/e-w")),
        "https://c1.example/amp/2026/e-w",  # an alias
        article_id(url_key("https://c1.example/amp/2026/e-w")),
        " https://c1.example/2026/e-w ",
    ],
)
def test_show(reader, what):
    shown = show(reader, what)
    assert shown.article["title"] == "Elephants corrected"
    assert shown.article["url"] == "https://c1.example/2026/e-w"
    assert len(shown.revisions) == 2
    assert [copy["kind"] for copy in shown.copies] == ["exact", "exact"]
    assert shown.copies[0]["of"] == shown.article["id"]
    assert len(shown.captures) == 3
    assert shown.revision is None
    assert not {"pk", "text_terms", "digest"} & set(shown.article)


def test_show_a_revision_by_its_time(reader):
    name = article_id(url_key("https://c1.example/2026/e-w"))
    assert show(reader, f"{name}@2026-05-01T06:50").revision["title"] == "Elephants c1"
    with pytest.raises(QueryError, match="no revision seen from 2020"):
        show(reader, f"{name}@2020")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("https://c1.example/2026/list", r"no article was found on it \(listing\)"),
        ("https://nowhere.example/", "nothing is known"),
        ("a-aaaaaaaaaaaa", "nothing is known"),
        ("", "nothing is known"),
        ("\0\ud800", "nothing is known"),
        ("http://[", "nothing is known"),
    ],
)
def test_show_nothing(reader, what, message):
    with pytest.raises(QueryError, match=message):
        show(reader, what)


def test_stats(reader):
    found = stats(reader)
    assert found["articles"] == 8
    assert found["stories"] == 6
    assert found["refused"] == {"listing": 1}
    assert found["by_kind"] == {"new": 6, "exact": 2}


# SQL


def test_sql_answers(reader):
    result = run_sql(reader, "SELECT id, copies FROM articles_view WHERE copies > ? ORDER BY 1", (1,))
    assert result.columns == ("id", "copies")
    assert [row[1] for row in result.rows] == [2, 2, 2]
    assert run_sql(reader, "SELECT 1 UNION SELECT 2", limit=1).truncated
    assert run_sql(reader, "SELECT CAST(x'61ff' AS TEXT)").rows == (("a\ufffd",),)
    assert run_sql(reader, "EXPLAIN SELECT 1").rows
    assert run_sql(reader, "PRAGMA table_info(articles)").rows
    assert run_sql(reader, "SELECT :a", {"a": 5}).rows == ((5,),)
    assert len(run_sql(reader, "SELECT rowid FROM articles_fts('tax')").rows) == 2


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("DELETE FROM articles", "changes something"),
        ("INSERT INTO articles_fts(articles_fts) VALUES ('rebuild')", "changes something"),
        ("UPDATE articles SET title = 'x'", "changes something"),
        ("UPDATE sqlite_master SET sql = ''", "changes something"),
        ("DROP TABLE articles", "changes something"),
        ("CREATE TEMP TABLE t (x)", "changes something"),
        ("ATTACH '/etc/passwd' AS x", "changes something"),
        ("ATTACH ':memory:' AS x", "changes something"),
        ("VACUUM", "changes something"),
        ("VACUUM INTO 'x.db'", "changes something"),
        ("BEGIN", "changes something"),
        ("PRAGMA query_only = 0", "changes something"),
        ("PRAGMA writable_schema = 1", "changes something"),
        ("PRAGMA journal_mode = delete", "changes something"),
        ("PRAGMA hard_heap_limit = 0", "changes something"),
        ("SELECT load_extension('x')", "changes something"),
        ("SELECT zeroblob(900000000)", "too large"),
        ("SELECT length(replace(hex(zeroblob(9000000)), '00', 'abcdefgh'))", "too large"),
        ("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT count(*) FROM c", "longer than 0.5"),
        ("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT x, zeroblob(9000000) FROM c", "64 MiB"),
        ("SELECT 1; DELETE FROM articles", "one SQL statement"),
        ("SELEC 1", "syntax error"),
        ("SELECT * FROM nowhere", "nowhere"),
        ("SELECT rowid FROM articles_fts('\"')", "SQL error"),
        ("", "no SQL"),
        (" -- nothing\n", "answers nothing"),
        ("SELECT '\0'", "null character"),
        ("SELECT '\ud800'", "cannot be put"),
        ("SELECT ?", "SQL error"),
    ],
)
def test_sql_that_is_refused(reader, sql, message):
    reader.time_limit = 0.5
    with pytest.raises(QueryError, match=message):
        run_sql(reader, sql)
    reader.time_limit = 10.0
    assert run_sql(reader, "SELECT count(*) FROM articles").rows == ((8,),)  # and it goes on


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells a process's peak memory")
def test_one_row_cannot_take_all_memory(path):
    """In a process of its own: SQLite's heap limit holds for a whole process and cannot be taken back."""
    import subprocess
    import sys

    code = (
        "import re, sys; from pathlib import Path\n"
        "from archive.query import open_reader, run_sql; from archive.errors import QueryError\n"
        "reader = open_reader(Path(sys.argv[1]))\n"
        "try: run_sql(reader, 'SELECT ' + ', '.join(['randomblob(30000000)'] * 100)); print('answered')\n"
        "except QueryError as error: print(error)\n"
        # Not getrusage: its maximum is inherited from whoever started us.
        "print(int(re.search(r'VmHWM:\\s*(\\d+)', Path('/proc/self/status').read_text())[1]) // 1024)\n"
    )
    out = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True).stdout
    message, megabytes = out.splitlines()
    assert "needs more memory" in message
    assert int(megabytes) < 400


# The reader


def test_a_reader_beside_a_writer(tmp_path):
    path = tmp_path / "archive.db"
    store = new_store(path)
    reader = open_reader(path, heap_limit=None)
    assert search(reader, "walks") == []
    with store.transaction():
        put(store, snapshot("https://n.example/a", 1), article(text_of("a")))
        assert search(reader, "walks") == []  # not committed
    assert len(search(reader, "walks")) == 1  # never a stale copy
    with store.transaction():
        store.restory()  # makes the triggers anew: the reader reads the schema again, index included
    assert len(search(reader, "walks")) == 1
    reader.close()
    store.close()


def test_a_reader_in_many_threads_of_a_server(path):
    errors = []

    def ask():
        try:
            with_own = open_reader(path, heap_limit=None)
            for _ in range(5):
                assert search(with_own, "ministers")
            with_own.close()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told below
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@pytest.mark.parametrize("content", [b"", b"no database " * 1000, b"\0" * 8192])
def test_a_file_that_is_no_archive(tmp_path, content):
    path = tmp_path / "archive.db"
    path.write_bytes(content)
    with pytest.raises(DatabaseError, match="morgue rebuild"):
        open_reader(path, heap_limit=None)


def test_a_missing_file(tmp_path):
    with pytest.raises(DatabaseError, match="morgue rebuild"):
        open_reader(tmp_path / "archive.db", heap_limit=None)
    assert not list(tmp_path.iterdir())


def read_everything(path):
    reader = open_reader(path, heap_limit=None)
    for (table,) in run_sql(reader, "SELECT name FROM sqlite_master WHERE type = 'table'").rows:
        run_sql(reader, f"SELECT * FROM {table}")  # noqa: S608 - names of our own tables


def test_a_damaged_page_is_a_database_error(tmp_path):
    path = tmp_path / "archive.db"
    store = new_store(path)
    with store.transaction():
        for minute in range(50):
            put(store, snapshot(f"https://n.example/{minute}", minute), article(text_of(str(minute), 600)))
    store.close()
    data = bytearray(path.read_bytes())
    data[40 * 4096 :] = b"\xff" * (len(data) - 40 * 4096)
    path.write_bytes(data)
    with pytest.raises(DatabaseError, match="morgue rebuild"):
        read_everything(path)


def test_a_newer_database(tmp_path):
    path = tmp_path / "archive.db"
    new_store(path).close()
    conn = sqlite3.connect(path)
    conn.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('morgue', 'm999', '')")
    conn.commit()
    conn.close()
    with pytest.raises(SchemaTooNewError, match="m999"):
        open_reader(path, heap_limit=None)


def test_a_path_with_odd_characters(tmp_path):
    folder = tmp_path / "a?b#c %41"
    folder.mkdir()
    new_store(folder / "archive.db").close()
    open_reader(folder / "archive.db", heap_limit=None).close()


def test_times_of_the_fixture_are_what_the_tests_believe():
    assert at(50).isoformat() == "2026-05-01T06:50:00+00:00"
