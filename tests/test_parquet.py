"""`morgue export parquet`: what stands in SQLite stands in the files, and a second run writes what changed alone."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from click.testing import CliRunner

from archive.errors import LockHeldError, NothingToExportError, UsageError
from archive.export.parquet import files as files_module
from archive.export.parquet.folder import LOCK, MARK
from archive.export.parquet.places import NULL, place, source_values, value
from archive.export.parquet.tables import CHANGE, FORMAT, TABLES
from archive.locks import lock
from archive.query import open_reader
from archive.query.reader import one_moment
from archive.regroup import propose_join, propose_split
from archive.store import Store
from archive.urls import article_id, url_key
from crawler.cli import group
from tests.line import AFTER_DAY_2, ROOT, Archive, Days
from tests.parquet_kit import DAY, A, B, C, D, export, identities, see, small_archive, table, tree
from tests.store_helpers import EXTRACTOR, article, at, new_store, put, snapshot, text_of

pytest.importorskip("pyarrow", reason="of the extra scale: pip install 'newsmorgue[scale]'")

MAY, JUNE = "month=2026-05", "month=2026-06"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def store(root: Path) -> Iterator[Store]:
    with closing(small_archive(root)) as store:
        yield store


def id_of(url: str) -> str:
    return article_id(url_key(url))


# What stands in SQLite stands in the files

TIMES = {name for columns in TABLES.values() for name, kind in columns if kind == "timestamp"}
MADE = {"host", "published_at", "modified_at"}
AS_STORED = {  # column -> how SQLite says it; those that are made of another are tested by themselves
    "articles": {
        name: f"a.{name}" for name, _ in TABLES["articles"] if name not in {"host", "published_at", "modified_at"}
    }
    | {
        "aliases": "(SELECT json_group_array(key) FROM (SELECT key FROM aliases l WHERE l.article = a.pk ORDER BY key))",
        "story": "(SELECT s.id FROM stories s WHERE s.pk = a.story)",
        "of": '(SELECT t."of" FROM story_timeline t WHERE t.article = a.id)',
        "score": "(SELECT t.score FROM story_timeline t WHERE t.article = a.id)",
        "capture_url": "(SELECT c.url FROM captures c WHERE c.pk = a.capture)",
        "warc": "(SELECT w.name FROM warcs w JOIN captures c ON c.warc = w.pk WHERE c.pk = a.capture)",
        "source": "a.source",
        "month": "substr(a.first_seen, 1, 7)",
    }
    | {
        name: f"(SELECT c.{name} FROM captures c WHERE c.pk = a.capture)"  # noqa: S608 - of the line below
        for name in ("captured_at", "status", "payload_digest", "record_type", "offset", "length")
    },
    "revisions": {name: f"r.{name}" for name, _ in TABLES["revisions"]}
    | {
        "article": "a.id",
        "changes": "(SELECT json_group_array(json_object('kind', kind, 'paragraph', paragraph, 'before', before,"
        " 'after', after))"
        " FROM (SELECT * FROM revision_changes h WHERE h.article = r.article AND h.cause = r.cause AND h.seq = r.seq"
        " ORDER BY number))",
        "source": "a.source",
        "month": "substr(a.first_seen, 1, 7)",
    },
    "captures": {name: f"c.{name}" for name, _ in TABLES["captures"]}
    | {
        "article": "a.id",
        "warc": "(SELECT w.name FROM warcs w WHERE w.pk = c.warc)",
        "source": "a.source",
        "month": "substr(a.first_seen, 1, 7)",
    },
    "stories": {
        "story": "s.id",
        "head": "(SELECT id FROM articles h WHERE h.pk = s.head)",
        "members": "s.members",
        "sites": "(SELECT count(DISTINCT domain) FROM articles a WHERE a.story = s.pk)",
        "first_at": "(SELECT min(sort_at) FROM articles a WHERE a.story = s.pk)",
        "last_at": "(SELECT max(sort_at) FROM articles a WHERE a.story = s.pk)",
        "month": "(SELECT substr(min(first_seen), 1, 7) FROM articles a WHERE a.story = s.pk)",
    },
}
FROM = {
    "articles": "articles a WHERE a.hidden = 0",
    "revisions": "revisions r JOIN articles a ON a.pk = r.article WHERE a.hidden = 0",
    "captures": "captures c JOIN articles a ON a.pk = c.article WHERE a.hidden = 0",
    "stories": "stories s WHERE s.members > 0",
}
PUBLISHED = [  # as given -> the instant
    ("2026-05-01T23:30:00-11:30", datetime(2026, 5, 2, 11, 0, tzinfo=UTC)),
    ("2026-05-01T00:30:00+14:00", datetime(2026, 4, 30, 10, 30, tzinfo=UTC)),
    ("2026-05-01T06:00:00.123456+05:45", datetime(2026, 5, 1, 0, 15, 0, 123456, tzinfo=UTC)),
    ("2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),  # what is left open counts as zero
    ("2026-05", datetime(2026, 5, 1, tzinfo=UTC)),
    ("0001-01-01", datetime(1, 1, 1, tzinfo=UTC)),
    ("0001-01-01T00:00:00+14:00", None),  # before the first day that there is
    ("9999-12-31T23:59:59-12:00", None),
    ("yesterday", None),
    (None, None),
]
ALIASES = ("https://a.example/amp/2026/a-b", "https://a.example/z-further", "https://a.example/a-further")
NASTY: list[dict[str, Any]] = [
    {"seed": "nul\0in a text", "title": "nul\0in a title", "authors": ("nul\0", "")},
    {"seed": "half \ud800 a character", "title": "\udfff", "authors": ("A \ud800",), "keywords": ("\udc00",)},
    {"seed": "مرحبا \u202e reversed", "title": "新聞 \U0001f4f0 \x9b2J\r\n\u2028", "language": "ar"},
    {"seed": "empty lists", "authors": (), "keywords": (), "description": "", "section": None},
    {"seed": "long " * 20_000, "description": "d" * 100_000, "image": "https://a.example/" + "i" * 5000},
    {"seed": "quotes", "title": "'; DROP TABLE articles; --", "provenance": {"title": "json-ld", "ti\ud800tle": "h1"}},
    {"seed": "NaN", "title": "NULL", "language": None, "modified": "2026-05-01T05:00:00+02:00"},
]


def stored(root: Path, name: str) -> list[dict[str, Any]]:
    """Return a table as SQLite has it, its values as Python's own types."""
    columns = ", ".join(f'{sql} AS "{column}"' for column, sql in AS_STORED[name].items())
    with closing(sqlite3.connect(root / "archive.db")) as db:
        db.row_factory = sqlite3.Row
        sql = f"SELECT {columns} FROM {FROM[name]}"  # noqa: S608 - of this module
        rows = [dict(row) for row in db.execute(sql)]
    lists = {column for column, kind in TABLES[name] if kind.startswith("list")}
    flags = {column for column, kind in TABLES[name] if kind == "bool"}
    for row in rows:
        row |= {column: datetime.fromisoformat(row[column]) for column in TIMES & row.keys() if row[column] is not None}
        row |= {column: json.loads(row[column]) for column in lists}
        row |= {column: bool(row[column]) for column in flags}
    return rows


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: repr(sorted((key, repr(said)) for key, said in row.items() if key != "text")))


@pytest.mark.parametrize("name", TABLES)
def test_every_column_says_what_sqlite_says(root: Path, store: Store, tmp_path: Path, name: str) -> None:
    for number, (published, _) in enumerate(PUBLISHED):
        see(store, f"https://e.example/{number}", 100 + number, f"published{number}", published=published)
    for number, facts in enumerate(NASTY):
        see(store, f"https://f.example/{number}", 200 + number, source="näs ty/..", **facts)
    see(store, A, 300, "w", title="Another title")  # a second revision, with changes
    for number, alias in enumerate(ALIASES):
        see(store, alias, 400 + number, "w", title="Another title", canonical=A)
    see(store, "https://g.example/1", 410, "y")  # a copy of C, while B is no copy any more
    decide(propose_split, B)(store)
    with store.transaction():
        put(store, snapshot(A, 500, status=404), None)
        put(store, snapshot(C, 500, record_type="revisit", refers_to_url=C, refers_to_at=at(20)), None)
    export(root, tmp_path / "out")
    expected = stored(root, name)
    found = table(tmp_path / "out", name)
    assert len(found) == len(expected) > 3
    assert {column for row in found for column in row} - AS_STORED[name].keys() <= {
        "host",
        "published_at",
        "modified_at",
    }
    known = [{column: row[column] for column in AS_STORED[name]} for row in found]
    assert in_order(known) == in_order(expected)


def test_what_the_nasty_archive_has_is_nasty(root: Path, store: Store, tmp_path: Path) -> None:
    """Say that the comparison above compares something: aliases, changes, copies, refusals of dates."""
    see(store, A, 300, "w", title="Another title")
    for number, alias in enumerate(ALIASES):
        see(store, alias, 400 + number, "w", title="Another title", canonical=A)
    with store.transaction():
        put(store, snapshot(C, 500, status=404), None)
    export(root, tmp_path / "out")
    rows = {row["id"]: row for row in table(tmp_path / "out", "articles")}
    assert len(rows[id_of(A)]["aliases"]) >= 2
    assert rows[id_of(B)]["of"] == rows[id_of(B)]["story"] == id_of(A)
    assert (rows[id_of(B)]["kind"], rows[id_of(B)]["score"], rows[id_of(B)]["source"]) == ("exact", 1.0, None)
    assert rows[id_of(C)]["gone_at"] == at(500)
    assert rows[id_of(A)]["host"] == "a.example"
    changes = [row["changes"] for row in table(tmp_path / "out", "revisions") if row["article"] == id_of(A)]
    assert [change["kind"] for change in changes[1]] == ["title", "changed"]
    assert len([row for row in table(tmp_path / "out", "captures") if row["article"] == id_of(C)]) == 2


@pytest.mark.parametrize(("given", "instant"), PUBLISHED)
def test_a_date_is_kept_as_given_and_as_an_instant(
    root: Path, tmp_path: Path, given: str | None, instant: datetime | None
) -> None:
    with closing(small_archive(root)) as store:
        see(store, "https://e.example/1", 100, "e", published=given, modified=given)
    export(root, tmp_path / "out")
    (row,) = (row for row in table(tmp_path / "out", "articles") if row["url"].startswith("https://e."))
    assert (row["published"], row["published_at"], row["modified_at"]) == (given, instant, instant)
    assert row["sort_at"] == instant or (instant is None and row["sort_at"] == at(100))


def test_half_a_character_in_a_list_is_no_reason_to_stop(root: Path, store: Store, tmp_path: Path) -> None:
    store.db.conn.execute("UPDATE articles SET authors = ? WHERE url = ?", ['["\\ud800", "Ada"]', C])
    export(root, tmp_path / "out")
    (row,) = (row for row in table(tmp_path / "out", "articles") if row["url"] == C)
    assert row["authors"] == ["\ufffd", "Ada"]


def test_rows_stand_by_id_in_groups_that_are_bounded(
    root: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyarrow import parquet

    for number in range(10):
        see(store, f"https://e.example/{number}", 100 + number, f"e{number}", source="many")
    monkeypatch.setattr(files_module, "ROW_GROUP_BYTES", 1000)  # characters; a text has about 300
    export(root, tmp_path / "out")
    file = parquet.ParquetFile(tmp_path / "out" / "articles" / MAY / "source=many" / "articles.parquet")
    groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    assert len(groups) >= 3
    assert {group.column(0).compression for group in groups} == {"ZSTD"}
    ids = file.read()["id"].to_pylist()
    assert ids == sorted(ids)
    assert len(ids) == 10


# What is written again


def hide(store: Store) -> None:
    store.db.conn.execute("UPDATE articles SET hidden = 1 WHERE url = ?", [C])


def opt_out(store: Store) -> None:
    store.db.conn.execute("INSERT INTO opt_outs SELECT pk, capture, NULL, '[]' FROM articles WHERE url = ?", [B])


def reread(store: Store) -> None:
    store.db.conn.execute(
        "INSERT INTO revisions (article, seq, seen_from, seen_to, capture, title, text, cause, content, digest)"
        " SELECT article, 9, seen_from, seen_to, capture, title, 'as read before', 'extractor', content, 'd'"
        " FROM revisions WHERE seq = 1 AND cause = 'publisher' AND article = (SELECT pk FROM articles WHERE url = ?)",
        [C],
    )


def rewrite_change(store: Store) -> None:
    see(store, C, 36, "u")
    store.db.conn.execute("UPDATE revision_changes SET after = 'other'")


def decide(propose: Callable[..., Any], *urls: str) -> Callable[[Store], None]:
    def act(store: Store) -> None:
        proposal = propose(store.db.conn, [id_of(url) for url in urls], [])
        with store.transaction():
            store.regroup([proposal.decision], proposal.ids)

    return act


def take_down(store: Store) -> None:
    """Take out all rows of an article, as a takedown does."""
    conn = store.db.conn
    (pk,) = conn.execute("SELECT pk FROM articles WHERE url = ?", [D]).fetchone()
    conn.execute("UPDATE captures SET article = NULL WHERE article = ?", [pk])
    conn.execute("DELETE FROM captures WHERE url = ?", [D])
    conn.execute("DELETE FROM revisions WHERE article = ?", [pk])
    conn.execute("DELETE FROM stories WHERE head = ?", [pk])
    conn.execute("DELETE FROM articles WHERE pk = ?", [pk])


def restory(store: Store) -> None:
    with store.transaction():
        store.restory()


def read_otherwise(store: Store) -> None:
    """Let an extractor read the same capture otherwise: no time and no title changes, only the text."""
    conn = store.db.conn
    pk, capture = conn.execute("SELECT pk, capture FROM articles WHERE url = ?", [C]).fetchone()
    with store.transaction():
        store.add_extraction(capture, EXTRACTOR, article(text_of("q"), published="2026-05-01"))
        store.reread(pk)


def gone(store: Store) -> None:
    with store.transaction():
        put(store, snapshot(C, 90, status=404), None)


def of(month: str, source: str, *tables: str) -> set[str]:
    return {
        f"{name}/{month}/source={source}/{name}.parquet" for name in tables or ("articles", "revisions", "captures")
    }


STORIES_MAY, STORIES_JUNE = f"stories/{MAY}/stories.parquet", f"stories/{JUNE}/stories.parquet"
ACTS: list[tuple[str, Callable[[Store], None], set[str], set[str]]] = [  # what happens, files written, files removed
    ("nothing", lambda _: None, set(), set()),
    ("restory", restory, set(), set()),
    (
        "a new article",
        lambda s: see(s, "https://e.example/e", 41 * DAY, "e") and None,
        of(JUNE, "paper") | {STORIES_JUNE},
        set(),
    ),
    (
        "… of a new source",
        lambda s: see(s, "https://e.example/e", 50, "e", source="e") and None,
        of(MAY, "e") | {STORIES_MAY},
        set(),
    ),
    ("an edit", lambda s: see(s, C, 30, "v") and None, of(MAY, "bote"), set()),
    ("an edit in June of an article of May", lambda s: see(s, C, 45 * DAY, "v") and None, of(MAY, "bote"), set()),
    ("seen again", lambda s: see(s, C, 35, "y", source="bote") and None, of(MAY, "bote"), set()),
    ("gone", gone, of(MAY, "bote", "articles", "captures"), set()),
    ("a copy taken out of its story", decide(propose_split, B), of(MAY, NULL, "articles") | {STORIES_MAY}, set()),
    (
        "two stories joined",
        decide(propose_join, A, D),
        of(JUNE, "paper", "articles") | {STORIES_MAY},
        {STORIES_JUNE},
    ),
    ("read otherwise", read_otherwise, of(MAY, "bote", "articles", "revisions"), set()),
    ("an earlier reading kept", reread, of(MAY, "bote", "revisions"), set()),
    (
        "a revision's text mended",
        lambda s: s.db.conn.execute("UPDATE revisions SET text = 'mended', digest = 'm' WHERE capture = 1") and None,
        of(MAY, "paper", "revisions"),
        set(),
    ),
    ("what a revision changed", rewrite_change, of(MAY, "bote"), set()),
    ("hidden", hide, {STORIES_MAY}, of(MAY, "bote")),
    ("opted out", opt_out, {STORIES_MAY}, of(MAY, NULL)),
    ("taken down", take_down, set(), of(JUNE, "paper") | {STORIES_JUNE}),
    (
        "a source renamed",
        lambda s: s.db.conn.execute("UPDATE articles SET source = 'new' WHERE source = 'bote'") and None,
        of(MAY, "new"),
        of(MAY, "bote"),
    ),
]


@pytest.mark.parametrize(("act", "written", "removed"), [pytest.param(*rest, id=name) for name, *rest in ACTS])
def test_only_what_changed_is_written_and_what_is_no_more_is_removed(  # noqa: PLR0917
    root: Path, store: Store, tmp_path: Path, act: Callable[[Store], None], written: set[str], removed: set[str]
) -> None:
    out = tmp_path / "out"
    first = export(root, out)
    before = identities(out)
    assert first.written == len(before)
    act(store)
    done = export(root, out)
    after = identities(out)
    assert {name for name, said in after.items() if before.get(name) != said} == written
    assert before.keys() - after.keys() == removed
    assert (done.written, done.removed) == (len(written), len(removed))
    assert [path for path in out.rglob("*") if path.is_dir() and not any(path.iterdir())] == []  # no empty folders
    export(root, tmp_path / "fresh")
    assert tree(out) == tree(tmp_path / "fresh")


def test_all_that_happens_one_after_the_other_leaves_what_a_fresh_export_has(
    root: Path, store: Store, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for number, (_, act, _, _) in enumerate(ACTS):
        act(store)
        export(root, out)
        export(root, tmp_path / str(number))
        assert tree(out) == tree(tmp_path / str(number))


def test_files_do_not_tell_in_which_order_an_archive_came(tmp_path: Path) -> None:
    """Row numbers are of one database alone: a rebuild may give others, and writes nothing anew."""
    pages = [
        (f"https://{host}.example/{number}", 10 * number, f"{host}{number}") for number in range(4) for host in "abc"
    ]
    for name, order in (("one", pages), ("other", pages[::-1])):
        (tmp_path / name).mkdir()
        with closing(new_store(tmp_path / name / "archive.db")) as store:
            for url, minute, seed in order:
                see(store, url, minute, seed)
    numbers = []
    for name in ("one", "other"):
        with closing(sqlite3.connect(tmp_path / name / "archive.db")) as db:
            numbers.append(db.execute("SELECT id, pk FROM articles").fetchall())
    assert sorted(numbers[0]) != sorted(numbers[1])
    export(tmp_path / "one", tmp_path / "out")
    assert export(tmp_path / "other", tmp_path / "out").written == 0


def test_the_counts_are_those_of_the_files(root: Path, store: Store, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for done in (export(root, out), export(root, out)):
        for name, told in done.tables.items():
            assert told.rows == len(table(out, name))
            paths = list((out / name).rglob("*.parquet"))
            assert (told.files, told.bytes) == (len(paths), sum(path.stat().st_size for path in paths))


def test_a_choice_holds_for_every_table(root: Path, store: Store, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(root, out, source="bote")
    assert [row["url"] for row in table(out, "articles")] == [C]
    assert {row["article"] for name in ("revisions", "captures") for row in table(out, name)} == {id_of(C)}
    assert [row["story"] for row in table(out, "stories")] == [id_of(C)]


def test_what_opts_out_is_taken_where_asked_for_and_gives_no_story_its_head(
    root: Path, store: Store, tmp_path: Path
) -> None:
    store.db.conn.execute("INSERT INTO opt_outs SELECT pk, capture, NULL, '[]' FROM articles WHERE url = ?", [A])
    assert export(root, tmp_path / "public").left_out == 1
    assert export(root, tmp_path / "desk", opted_out=True).left_out == 0
    said = {
        name: [(row["head"], row["members"]) for row in table(tmp_path / name, "stories") if row["story"] == id_of(A)]
        for name in ("public", "desk")
    }
    assert said == {"public": [(None, 1)], "desk": [(id_of(A), 2)]}
    assert A not in [row["url"] for row in table(tmp_path / "public", "articles")]
    assert A in [row["url"] for row in table(tmp_path / "desk", "articles")]


def test_an_export_is_of_one_moment_whatever_is_written_meanwhile(root: Path, store: Store, tmp_path: Path) -> None:
    out = tmp_path / "out"
    calls: list[int] = []

    def tell(done: int, share: float) -> None:
        calls.append(done)
        if len(calls) == 1:  # June has still to come
            see(store, D, 41 * DAY, "edited")

    export(root, tmp_path / "before")
    export(root, out, tell=tell)
    assert calls == [1, 2, 3, 4]
    assert tree(out) == tree(tmp_path / "before")
    assert export(root, out).written == 3


def test_a_moment_lets_nobody_write(root: Path, store: Store) -> None:
    with closing(open_reader(root / "archive.db")) as reader:
        for _ in range(2):
            with one_moment(reader), pytest.raises(sqlite3.DatabaseError, match="not authorized"):
                reader.execute("DELETE FROM articles")
            with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
                reader.execute("BEGIN")


# Names of sources

NAMES = ["a/b", "..", ".", "x=y", "%2F", "100% news", "Ünï 新聞", "a\nb", NULL, "2026", "Paper", "paper", "PAPER", "null",
         "'; --", "~", "a~b", "Ж" * 30, " lead", "C:\\x", "*.parquet", "مرحبا"]  # fmt: skip


def test_every_name_of_a_source_comes_back_as_it_was(root: Path, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="of the extra dev")
    with closing(small_archive(root)) as store:
        for number, name in enumerate(NAMES):
            see(store, f"https://e.example/{number}", 100 + number, f"e{number}", source=name)
    out = tmp_path / "out"
    export(root, out)
    expected = {f"https://e.example/{number}": name for number, name in enumerate(NAMES) if name != NULL}
    theirs = {row["url"]: row["source"] for row in table(out, "articles") if row["url"] in expected}
    assert theirs == expected
    sql = "SELECT url, source FROM read_parquet(?, hive_types = {'source': VARCHAR})"
    with duckdb.connect() as db:
        found = dict(db.execute(sql, [f"{out}/articles/*/*/*.parquet"]).fetchall())
    assert {url: found[url] for url in expected} == expected
    names = [path.name for path in (out / "articles" / MAY).iterdir()]
    assert len({name.casefold() for name in names}) == len(names) == len(NAMES) + 2


@pytest.mark.parametrize("name", [*NAMES, "x" * 300, "新" * 100, "Ж" * 300, "\0", "\ud800", "a" * 182 + "新" * 20])
def test_a_name_is_one_harmless_part_of_a_path(name: str) -> None:
    made = place("articles", "2026-05", value(name))
    assert len(made.parts) == 4
    assert made.parts[2].isascii()
    assert made.parts[2].isprintable()
    assert not set(made.parts[2]) & set("/\\ '\"*?:<>|")
    assert len(made.parts[2]) <= 255
    assert unquote(value(name)).encode("utf-8", "replace") == name.encode("utf-8", "replace") or "~" in value(name)


def test_names_that_are_cut_stay_different() -> None:
    names = [letter * 200 + end for letter in ("x", "新") for end in ("", "1", "2")]
    made = source_values(names)
    assert len(set(made.values())) == len(names)
    assert value(made[names[1]]) != made[names[1]]  # a name that is spelled like a cut one
    assert value(NULL) != value(None) == NULL


# What stops in the middle


@pytest.mark.parametrize(
    ("call", "number"),
    [("fsync", 1), ("fsync", 2), ("fsync", 5), ("fsync", 10), ("rename", 1), ("replace", 1), ("replace", 2), ("replace", 6),
     ("unlink", 1), ("rmdir", 1)],
)  # fmt: skip
def test_after_a_kill_the_next_run_makes_it_whole(
    root: Path, store: Store, tmp_path: Path, call: str, number: int
) -> None:
    for name in ("new", "old"):
        out = tmp_path / name
        if name == "old":  # an older export, in which files have to be written and removed
            export(root, out)
            hide(store)
            see(store, A, 60, "edited")
        words = [root, out, call, str(number)]
        done = subprocess.run(
            [sys.executable, "-m", "tests.parquet_kit", *map(str, words)], cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == -9 or "alive" in done.stdout, done.stderr
        export(root, out)
        export(root, tmp_path / f"fresh-{name}")
        assert tree(out) == tree(tmp_path / f"fresh-{name}")


def test_a_kill_after_which_the_archive_is_as_before_leaves_no_file_of_the_time_between(
    root: Path, store: Store, tmp_path: Path
) -> None:
    """A list of what was written would still say what was there before the kill; files say themselves what they hold."""
    out = tmp_path / "out"
    export(root, out)
    before = tree(out)
    hide(store)
    done = subprocess.run(
        [sys.executable, "-m", "tests.parquet_kit", str(root), str(out), "unlink", "2"], cwd=ROOT, capture_output=True
    )
    assert done.returncode == -9
    assert tree(out) != before
    store.db.conn.execute("UPDATE articles SET hidden = 0")
    export(root, out)
    assert tree(out) == before


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-20]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"PAR1 nothing of the kind PAR1"),
        lambda path: path.unlink(),
        lambda path: path.with_name(path.name + ".part").write_bytes(b"half"),
        lambda path: shutil.copy(path, path.parent.parent / "source=other.parquet"),
        lambda path: shutil.copytree(path.parent, path.parent.parent / "source=other"),
        lambda path: shutil.copytree(path.parent, path.parent.parent.parent / "month=2020-01" / "source=other"),
    ],
    ids=["cut", "empty", "garbage", "missing", "half", "stranger", "other source", "other month"],
)
def test_what_is_damaged_or_left_over_is_put_right(
    root: Path, store: Store, tmp_path: Path, harm: Callable[[Path], object]
) -> None:
    out = tmp_path / "out"
    export(root, out)
    before = tree(out)
    harm(out / "articles" / MAY / "source=paper" / "articles.parquet")
    export(root, out)
    stranger = f"articles/{MAY}/source=other.parquet"
    assert {name: data for name, data in tree(out).items() if name != stranger} == before


def test_who_reads_a_file_while_it_is_written_anew_reads_the_old_one_to_its_end(
    root: Path, store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "out" / "articles" / MAY / "source=paper" / "articles.parquet"
    export(root, tmp_path / "out")
    before = path.read_bytes()
    with path.open("rb") as reading:
        see(store, A, 60, "edited")
        export(root, tmp_path / "out")
        assert reading.read() == before != path.read_bytes()


def test_a_full_disk_leaves_no_half_file(
    root: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    out = tmp_path / "out"
    export(root, out)
    before = tree(out)
    see(store, A, 60, "edited")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        export(root, out)
    assert tree(out) == before


# Whose folder it is


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda out: (out.mkdir(), (out / "notes.txt").touch()), "is not empty"),
        (lambda out: out.touch(), "is a file"),
        (lambda out: (out.mkdir(), (out / MARK).write_text("{")), "cannot be read"),
        (lambda out: (out.mkdir(), (out / MARK).write_text("[]")), "cannot be read"),
        (
            lambda out: (out.mkdir(), (out / MARK).write_text('{"format": "morgue-parquet-9", "choice": {}}')),
            "'morgue-parquet-9'",
        ),
    ],
)
def test_a_folder_that_is_not_ours_is_refused_and_stays_as_it_was(
    root: Path, store: Store, tmp_path: Path, prepare: Callable[[Path], object], said: str
) -> None:
    out = tmp_path / "out"
    prepare(out)
    before = sorted(path.read_bytes() for path in tmp_path.glob("out/*") if path.name != LOCK)
    with pytest.raises(UsageError, match=said):
        export(root, out)
    assert sorted(path.read_bytes() for path in tmp_path.glob("out/*") if path.name != LOCK) == before


@pytest.mark.parametrize("name", ["", "warc", "warc/tables", "profiles", "reports/x"])
def test_the_archive_s_own_places_are_refused(root: Path, store: Store, name: str) -> None:
    (root / "warc").mkdir()
    with pytest.raises(UsageError):
        export(root, root / name)
    assert not (root / name / MARK).exists()


def test_another_choice_is_refused_by_name(root: Path, store: Store, tmp_path: Path) -> None:
    export(root, tmp_path / "out", source="bote", since="2026-05")
    before = tree(tmp_path / "out")
    with pytest.raises(UsageError, match=r"holds another choice of articles \(source bote, since 2026-05\)"):
        export(root, tmp_path / "out")
    assert tree(tmp_path / "out") == before


def test_one_export_at_a_time(root: Path, store: Store, tmp_path: Path) -> None:
    export(root, tmp_path / "out")
    with lock(tmp_path / "out" / LOCK, "morgue export parquet"), pytest.raises(LockHeldError):
        export(root, tmp_path / "out")


def test_where_nothing_matches_nothing_is_made_but_an_older_export_is_emptied(
    root: Path, store: Store, tmp_path: Path
) -> None:
    with pytest.raises(NothingToExportError):
        export(root, tmp_path / "out", source="nobody")
    assert not (tmp_path / "out").exists()
    export(root, tmp_path / "out")
    store.db.conn.execute("UPDATE articles SET hidden = 1")
    assert export(root, tmp_path / "out").removed == 14
    assert tree(tmp_path / "out") == {}


# The columns stay

GOLDEN = {  # of morgue-parquet-1: never changed; what was added since stands behind
    "articles": "id string, url string, canonical_url string, aliases list<string>, host string, domain string, title string,"
    " authors list<string>, published string, published_at timestamp, published_precision string, published_via string,"
    " modified string, modified_at timestamp, sort_at timestamp, language string, section string, keywords list<string>,"
    " description string, image string, word_count int64, truncated bool, first_seen timestamp, last_seen timestamp,"
    " gone_at timestamp, story string, kind string, of string, score double, provenance string, capture_url string,"
    " captured_at timestamp, status int64, payload_digest string, record_type string, warc string, offset int64,"
    " length int64, text string",
    "revisions": "article string, seen_from timestamp, seen_to timestamp, cause string, seq int64, title string, text string,"
    " changes list<change>",
    "captures": "article string, url string, captured_at timestamp, status int64, mime string, record_type string,"
    " payload_digest string, truncated string, refers_to_url string, refers_to_at timestamp, warc string, offset int64,"
    " length int64",
    "stories": "story string, head string, members int64, sites int64, first_at timestamp, last_at timestamp",
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_column_may_be_added_but_none_changes(name: str) -> None:
    assert FORMAT == "morgue-parquet-1"
    golden = [tuple(column.split(" ", 1)) for column in GOLDEN[name].split(", ")]
    assert list(TABLES[name])[: len(golden)] == golden
    assert CHANGE == (("kind", "string"), ("paragraph", "int64"), ("before", "string"), ("after", "string"))


def test_a_new_column_makes_every_file_anew(
    root: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = export(root, tmp_path / "out")
    monkeypatch.setitem(TABLES, "captures", (*TABLES["captures"], ("source", "string")))
    assert export(root, tmp_path / "out").written == first.tables["captures"].files


@pytest.mark.parametrize("name", TABLES)
def test_the_files_have_the_types_that_the_tables_say(root: Path, store: Store, tmp_path: Path, name: str) -> None:
    from pyarrow import parquet

    export(root, tmp_path / "out")
    kinds = {"timestamp": "timestamp[us, tz=UTC]",
             "list<string>": "list<element: string>",
             "list<change>": "list<element: struct<"
             "kind: string, paragraph: int64, before: string, after: string>>"}  # fmt: skip
    for path in (tmp_path / "out" / name).rglob("*.parquet"):
        found = parquet.ParquetFile(path).schema_arrow
        assert [(field.name, str(field.type)) for field in found] == [
            (column, kinds.get(kind, kind)) for column, kind in TABLES[name]
        ]


# The command


def test_without_pyarrow_the_command_says_what_to_type(
    root: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = CliRunner().invoke(group, ["-a", str(root), "export", "parquet", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert "pip install 'newsmorgue[scale]'" in done.output
    assert not (tmp_path / "out").exists()


def test_help_and_other_exports_do_not_need_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert CliRunner().invoke(group, ["export", "parquet", "--help"]).exit_code == 0


def test_the_command_tells_what_it_did_and_a_takedown_reaches_the_tables(days: Days, tmp_path: Path) -> None:
    archive = Archive(days.second.copy(tmp_path / "archive").path, AFTER_DAY_2)
    out = tmp_path / "tables"
    done = archive.run("export", "parquet", out, "--json")
    said = done.json
    assert said["folder"] == str(out)
    assert said["tables"]["articles"]["rows"] == archive.values("SELECT count(*) FROM public_articles")[0]
    assert said["written"] == len(tree(out))
    again = archive.run("export", "parquet", out)
    assert "nothing had changed, and nothing was written" in again.err
    assert again.out == ""
    assert archive.run("export", "parquet", out, "--quiet").err == ""
    assert archive.run("export", "parquet", out, "--source", "bote", code=2).out == ""
    (gone,) = archive.rows("SELECT id, url, source FROM public_articles WHERE url LIKE '%/market-hall-fire'")
    archive.run("takedown", gone["id"], "--reason", "personal-data", "--reference", "2026-17", "--jobs", "1")
    archive.run("export", "parquet", out)
    assert gone["id"] not in [row["id"] for row in table(out, "articles")]
    left = {json.dumps(row, default=str) for name in TABLES for row in table(out, name)}
    assert len(left) > 20
    assert [row for row in left if "market-hall-fire" in row and gone["url"] in row] == []
    archive.run("export", "parquet", tmp_path / "fresh", "--quiet")
    assert tree(out) == tree(tmp_path / "fresh")


def test_without_an_archive_nothing_is_made(tmp_path: Path) -> None:
    done = CliRunner().invoke(group, ["-a", str(tmp_path), "export", "parquet", str(tmp_path / "out")])
    assert (done.exit_code, (tmp_path / "out").exists()) == (1, False)
