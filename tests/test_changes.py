"""What revisions changed, as rows that SQL can ask for; and what is no revision."""

from __future__ import annotations

import pytest

from archive.dedupe.words import content_digest, same_content
from archive.model import Extraction
from archive.query import open_reader, run_sql
from archive.store.changes import MOST_ROWS, fill_changes, fold_anew
from archive.store.rows import REVISION_DIGEST, digest_of, stamp
from tests.store_helpers import EXTRACTOR, article, at, new_store, put, snapshot, state, text_of

A = "https://a.example/2026/harbour"
QUAY = "A second ferry sails from the old quay on Tuesdays."
MAYOR = "The mayor said that \u201cferries sail\u201d as planned \u2014 this week."
STORM = "Two weeks of storms had closed the harbour of Eastport."
PORT = "Nothing is known of the two boats that were lost."
TIDE = "High water comes at noon and shortly after midnight."
LEAD = "Ferries sail again after two weeks of storms."


def text(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs)


FIRST = text(QUAY, MAYOR, STORM)


@pytest.fixture
def store(tmp_path):
    store = new_store(tmp_path / "archive.db")
    yield store
    store.close()


def asked(store, columns="kind, paragraph, before, after"):
    return store.db.conn.execute(
        f"SELECT {columns} FROM revision_changes ORDER BY article, cause, seq, number"  # noqa: S608 - columns of ours
    ).fetchall()


def test_added_removed_changed_moved_and_titles_can_be_asked_for(store, tmp_path):
    with store.transaction():
        put(store, snapshot(A, 0), article(text(QUAY, PORT, MAYOR, TIDE, STORM), title="Harbour opens"))
        later = text(STORM, QUAY.replace("Tuesdays", "Mondays"), MAYOR, TIDE, "Correction: a day was wrong.")
        put(store, snapshot(A, 9), article(later, title="Harbour opens again"))
    assert asked(store) == [
        ("title", None, "Harbour opens", "Harbour opens again"),
        ("moved", 1, STORM, STORM),
        ("changed", 2, QUAY, QUAY.replace("Tuesdays", "Mondays")),
        ("removed", 2, PORT, None),
        ("added", 5, None, "Correction: a day was wrong."),
    ]
    reader = open_reader(tmp_path / "archive.db", heap_limit=None)
    answer = run_sql(
        reader,
        "SELECT a.url, c.seen_from, c.after FROM revision_changes c JOIN articles a ON a.pk = c.article"
        " WHERE c.kind = 'added' AND c.after LIKE 'correction%'",
    )
    assert answer.rows == ((A, stamp(at(9)), "Correction: a day was wrong."),)
    reader.close()


@pytest.mark.parametrize(
    ("later", "changes"),
    [
        ({"keywords": ("x",), "image": "https://a.example/i.png", "section": "Sea"}, "furniture"),
        ({"text": FIRST.replace(" ", "  ").replace("\n\n", "\n\n\n")}, "white space"),
        ({"text": FIRST.replace("\n\n", " ")}, "where paragraphs end"),
        ({"text": FIRST.replace("\u201c", '"').replace("\u201d", '"').replace("\u2014", "-")}, "typography"),
        ({"text": FIRST.replace("A second", "A\u00a0sec\u00adond")}, "a hard space, a soft hyphen"),
        ({"text": FIRST.replace("Two weeks", "T wo weeks")}, "a drop cap"),
        ({"text": text(LEAD, FIRST), "description": LEAD}, "a standfirst is read as the article's"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_revision(store, later, changes):
    standfirst = {"description": LEAD} if "standfirst" in changes else {}
    with store.transaction():
        put(store, snapshot(A, 0), article(FIRST, **standfirst))
        now = {"text": FIRST, **later}
        assert put(store, snapshot(A, 9), article(**now)).what == "unchanged"
        assert put(store, snapshot(A, 12), article(FIRST, **standfirst)).what == "unchanged"
    assert store.db.conn.execute("SELECT count(*), max(seen_to) FROM revisions").fetchone() == (1, stamp(at(12)))
    assert asked(store) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((text(LEAD, FIRST), LEAD), (text("Corrected.", FIRST), "Corrected.")),  # a standfirst was edited
        ((text(LEAD, FIRST), LEAD), (FIRST, "Another summary.")),
        ((text(LEAD, FIRST), LEAD), (FIRST, None)),
        ((text(LEAD, FIRST), LEAD), (text(QUAY, STORM), LEAD)),  # and something else besides
        ((FIRST, QUAY[:20]), (FIRST.removeprefix(QUAY[:20]), QUAY[:20])),  # the summary is no paragraph
    ],
)
def test_a_standfirst_hides_no_edit(one, other):
    assert not same_content(content_digest("t", *one), content_digest("t", *other))


def test_a_page_that_is_another_each_time_does_not_fill_the_disk(store):
    with store.transaction():
        for minute in (0, 9):
            many = (f"{minute} p{n} q{n * minute} r{minute}{n}" for n in range(MOST_ROWS))
            put(store, snapshot(A, minute), article(text(*many), title=f"T {minute}"))
    assert len(asked(store)) == MOST_ROWS
    assert asked(store)[0] == ("title", None, "T 0", "T 9")


def test_a_truncated_capture_between_changes_nothing(store):
    edited = text(QUAY, MAYOR.replace("week", "month"), STORM)
    with store.transaction():
        put(store, snapshot(A, 0), article(FIRST))
        assert put(store, snapshot(A, 5, truncated="length"), article(QUAY)).what == "unchanged"
        put(store, snapshot(A, 9), article(edited))
        assert put(store, snapshot(A, 12, truncated="time"), article(edited[:80])).what == "unchanged"
    assert asked(store, "kind, paragraph, seen_from") == [("changed", 2, stamp(at(9)))]


def test_a_late_capture_cuts_the_changes_anew(store):
    with store.transaction():
        put(store, snapshot(A, 0), article(text(QUAY)))
        put(store, snapshot(A, 9), article(text(QUAY, MAYOR, STORM)))
        assert asked(store, "seq, kind, after") == [(2, "added", MAYOR), (2, "added", STORM)]
        put(store, snapshot(A, 5), article(text(QUAY, MAYOR)))
        assert asked(store, "seq, kind, after") == [(2, "added", MAYOR), (3, "added", STORM)]
        before = state(store)
        store.restory()
        assert state(store) == before


def test_a_capture_that_is_read_again_without_an_article_takes_its_change_along(store):
    with store.transaction():
        put(store, snapshot(A, 0), article(text(QUAY)))
        put(store, snapshot(A, 9), article(text(QUAY, MAYOR)))
        store.add_extraction(2, EXTRACTOR, Extraction.refused("listing"))
        store.place(2)
    assert asked(store) == []


def test_what_an_older_archive_has_is_filled_in_and_folded_anew(store):
    with store.transaction():
        put(store, snapshot(A, 0), article(text_of("a"), description="D"))
        put(store, snapshot(A, 2, record_type="revisit", status=304, refers_to_url=A, refers_to_at=at(0)), None)
        put(store, snapshot(A, 5), article(text_of("b")))
        put(store, snapshot(A, 9), article(text(text_of("b"), QUAY), title="Other"))
        before = state(store)
        conn = store.db.conn
        conn.execute("UPDATE captures SET content = 'old' || content")
        conn.execute("UPDATE revisions SET content = (SELECT content FROM captures c WHERE c.pk = revisions.capture)")
        for pk, *values in conn.execute(f"SELECT pk, {', '.join(REVISION_DIGEST)} FROM revisions").fetchall():  # noqa: S608
            conn.execute("UPDATE revisions SET digest = ? WHERE pk = ?", (digest_of(values), pk))
        conn.execute("DELETE FROM revision_changes")
        assert state(store) != before
        fold_anew(conn)
        fill_changes(conn)
    assert state(store) == before
    assert [row[0] for row in asked(store, "seq")] == [2, 3, 3]


def test_our_own_change_of_reading_is_not_laid_to_the_publisher(store):
    with store.transaction():
        put(store, snapshot(A, 0), article(text(QUAY)))
        put(store, snapshot(A, 9), article(text(QUAY, MAYOR)))
        conn = store.db.conn
        conn.execute(
            "INSERT INTO revisions (article, seq, seen_from, seen_to, title, text, cause, content, digest)"
            " SELECT article, 1, ?, ?, title, ?, 'extractor', 'x', 'x' FROM revisions WHERE seq = 1",
            (stamp(at(3)), stamp(at(3)), text(STORM, QUAY)),
        )
        conn.execute("DELETE FROM revision_changes")
        fill_changes(conn)
    # The extractor's holds what an earlier reading said: what took its place has the storm no more.
    assert asked(store, "cause, kind, before, after") == [
        ("extractor", "removed", STORM, None),
        ("publisher", "added", None, MAYOR),
    ]
