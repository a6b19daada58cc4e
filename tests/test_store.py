from __future__ import annotations

import dataclasses
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from fts_machine import integrity_check
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_helpers import EXTRACTOR, article, at, new_store, put, snapshot, state, text_of

from archive.database import MIGRATIONS
from archive.decisions import renames
from archive.errors import DatabaseError, SchemaTooNewError
from archive.model import DiscoveryFact, Extraction, FactRecord, RecordRef, Via
from archive.schema import open_archive
from archive.store.rows import ARTICLE_DIGEST, REVISION_DIGEST, digest_of, pack, sort_instant, stamp, unpack
from archive.urls import article_id, url_key

A, B, AMP = "https://n.example/2026/a-b", "https://o.example/b", "https://n.example/amp/2026/a-b"


@pytest.fixture
def store(tmp_path):
    store = new_store(tmp_path / "archive.db")
    yield store
    store.close()


def one(store, sql, *values):
    return store.db.conn.execute(sql, values).fetchone()


# Captures


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        ({}, True),
        ({"ref": RecordRef(warc="other.warc.gz", offset=7, length=9)}, True),  # the same capture in another file
        ({"url": A.replace("https", "http")}, False),  # as requested: one key, two captures
        ({"captured_at": at(1.001)}, False),
        ({"payload_digest": "sha1:OTHER"}, False),
        ({"payload_digest": None}, False),
        ({"record_type": "revisit"}, False),
    ],
)
def test_a_capture_is_known_by_url_time_digest_and_type(store, changes, known):
    with store.transaction():
        assert store.add_capture(snapshot(A, 1)) is not None
        again = dataclasses.replace(snapshot(A, 1), **changes)
        assert (store.add_capture(again) is None) == known


def test_two_captures_without_digest_are_one(store):
    with store.transaction():
        assert store.add_capture(snapshot(A, 1, payload_digest=None)) is not None
        assert store.add_capture(snapshot(A, 1, payload_digest=None)) is None


@pytest.mark.parametrize("url", ["dns:n.example", "urn:x:1", "http://", "https://n.example/\ud800", "\0"])
def test_a_capture_without_usable_url_has_a_row_and_no_article(store, url):
    with store.transaction():
        placed = put(store, snapshot(url, 1), article(text_of("a")))
    assert one(store, "SELECT count(*) FROM captures")[0] == 1
    assert placed.what == ("new" if url.startswith("https://n.") and placed.article else "refused")


def test_times_sort_as_text():
    moments = [at(0), at(0) + timedelta(microseconds=1), at(0) + timedelta(seconds=1), datetime(900, 1, 1, tzinfo=UTC)]
    assert [stamp(m) for m in sorted(moments)] == sorted(stamp(m) for m in moments)
    assert stamp(datetime(2026, 5, 1, 8, tzinfo=timezone(timedelta(hours=2)))) == "2026-05-01T06:00:00.000000Z"


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ("2026-05-01T08:00:00+02:00", "2026-05-01T06:00:00.000000Z"),
        ("2026-05-01T08:00", "2026-05-01T08:00:00.000000Z"),
        ("2026-05-01", "2026-05-01T00:00:00.000000Z"),
        ("2026-05", "2026-05-01T00:00:00.000000Z"),
        ("0001-01-01T00:00:00+14:00", None),  # before year 1 in UTC
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_sort_instant(published, expected):
    assert sort_instant(published) == expected


def test_facts_are_kept_once_and_read_up_to_a_time(store):
    def fact(minute, title="T"):
        return DiscoveryFact(url=A, via=Via.FEED, found_on="https://n.example/feed", seen_at=at(minute), title=title)

    ref = RecordRef(warc="a.warc.gz", offset=1, length=1)
    facts = (fact(1), fact(2, "\ud800"), dataclasses.replace(fact(1), url="nonsense"))
    record = FactRecord(facts=facts, source="Example", recorded_at=at(2), ref=ref)
    with store.transaction():
        assert store.add_facts(record) == 2
        assert store.add_facts(record) == 0
    key = url_key("http://www.n.example/2026/a-b/")
    assert store.facts_for(key, at(1)) == (fact(1),)
    assert [found.title for found in store.facts_for(key)] == ["T", "\ufffd"]


def test_ingested_to(store):
    assert store.ingested_to("x.warc.gz") == 0
    with store.transaction():
        store.set_ingested("x.warc.gz", 10)
        store.set_ingested("x.warc.gz", 20, sealed_size=24, sha256="ab")
        store.set_ingested("x.warc.gz", 20)
    assert store.ingested_to("x.warc.gz") == 20
    assert one(store, "SELECT size, sealed, sha256 FROM warcs") == (24, 1, "ab")
    assert (store.sealed_size("x.warc.gz"), store.sealed_size("y.warc.gz")) == (24, None)


def test_nothing_of_a_failed_transaction_stays(store):
    def fail():
        with store.transaction():
            put(store, snapshot(A, 1), article(text_of("a")))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert one(store, "SELECT count(*) FROM captures")[0] == 0
    with store.transaction():  # row numbers remembered from then are forgotten
        put(store, snapshot(A, 1), article(text_of("a")))
    assert one(store, "SELECT w.name FROM captures c JOIN warcs w ON w.pk = c.warc")[0] == "a.warc.gz"


def test_sqlite_errors_come_as_ours(store):
    with pytest.raises(DatabaseError, match=r"archive\.db"), store.transaction():
        store.db.conn.execute("SELECT * FROM nowhere")


# Extractions and digests


@given(
    st.builds(
        Extraction,
        article=st.just(True),
        title=st.none() | st.text(),
        authors=st.lists(st.text(min_size=1), max_size=3).map(tuple),
        text=st.text(),
        published=st.none() | st.just("2026-05-01"),
        provenance=st.dictionaries(st.text(), st.text(), max_size=2),
    )
)
def test_an_extraction_comes_back_as_it_was(extraction):
    back = unpack(pack(extraction)[0])
    empty_is_none = dataclasses.replace(extraction, title=extraction.title or None, text=extraction.text or None)
    assert back == empty_is_none


def test_rows_of_text_carry_the_digest_of_their_columns(store):
    with store.transaction():
        put(store, snapshot(A, 1), article(text_of("a"), authors=("Ann",), published="2026-05-01"))
        put(store, snapshot(A, 2), article(text_of("b")))
        put(store, snapshot(A, 3, status=404), None)
    for table, columns in (("articles", ARTICLE_DIGEST), ("revisions", REVISION_DIGEST)):
        for row in store.db.conn.execute(f"SELECT digest, {', '.join(columns)} FROM {table}"):  # noqa: S608 - our own names
            assert row[0] == digest_of(row[1:]), table


# Articles


def test_an_article_is_born_with_what_the_page_says(store):
    with store.transaction():
        placed = put(
            store,
            snapshot(A + "?utm_source=x", 1),
            article(text_of("a"), authors=("Ann", "Bea"), published="2026-05-01T08:00:00+02:00", canonical=A),
        )
    assert placed == (placed.__class__)(article_id(url_key(A)), "new", article_id(url_key(A)), "new")
    row = one(store, "SELECT url, domain, source, authors, published, sort_at, word_count FROM articles")
    assert row == (
        A, "n.example", "Example", '["Ann", "Bea"]', "2026-05-01T08:00:00+02:00", "2026-05-01T06:00:00.000000Z", 60,
    )  # fmt: skip


def test_a_refused_page_makes_nothing(store):
    with store.transaction():
        assert put(store, snapshot(A, 1), Extraction.refused("listing")).what == "refused"
        assert put(store, snapshot(A, 2), Extraction(article=True, text="")).what == "refused"
        assert put(store, snapshot(A, 3), None).what == "refused"
        assert store.place(4711).what == "refused"
    assert one(store, "SELECT count(*) FROM articles")[0] == 0


def test_a_change_is_a_revision_and_furniture_is_not(store):
    with store.transaction():
        put(store, snapshot(A, 1), article(text_of("a")))
        assert put(store, snapshot(A, 2), article(text_of("a"), keywords=("x",))).what == "unchanged"
        assert put(store, snapshot(A, 3), article(text_of("a"), title="Corrected: a title")).what == "revision"
    assert one(store, "SELECT title, title_terms FROM articles") == ("Corrected: a title", "correct a titl")
    rows = store.db.conn.execute("SELECT seq, seen_from, seen_to FROM revisions").fetchall()
    assert rows == [(1, stamp(at(1)), stamp(at(2))), (2, stamp(at(3)), stamp(at(3)))]


def test_a_late_capture_cuts_the_runs_anew(store):
    with store.transaction():
        put(store, snapshot(A, 1), article(text_of("a")))
        put(store, snapshot(A, 5), article(text_of("a")))
        assert put(store, snapshot(A, 3), article(text_of("b"))).what == "revision"
    assert one(store, "SELECT group_concat(substr(text, 1, 1), '') FROM revisions")[0] == "aba"
    assert one(store, "SELECT substr(text, 1, 1), last_seen FROM articles") == ("a", stamp(at(5)))


@pytest.mark.parametrize(
    "revisit",
    [
        {"record_type": "revisit", "status": 304, "refers_to_url": A, "refers_to_at": at(1)},
        {"record_type": "revisit", "status": 200, "refers_to_url": A, "refers_to_at": at(1)},
        {"record_type": "revisit", "status": 304, "payload_digest": None},  # writers that do not say of what
        {"record_type": "response", "status": 304, "payload_digest": None},  # a 304 kept as a response
        {"record_type": "revisit", "payload_digest": f"sha1:{A}@1"},  # known by its digest
        {"record_type": "revisit", "refers_to_url": A, "refers_to_at": at(1) + timedelta(milliseconds=300)},  # seconds
    ],
)
def test_a_revisit_moves_last_seen(store, revisit):
    with store.transaction():
        put(store, snapshot(A, 1), article(text_of("a")))
        assert put(store, snapshot(A, 2, **revisit), None).what == "unchanged"
    assert one(store, "SELECT last_seen FROM articles")[0] == stamp(at(2))
    assert one(store, "SELECT count(*), max(seen_to) FROM revisions") == (1, stamp(at(2)))


def test_a_revisit_may_say_that_an_older_text_is_back(store):
    with store.transaction():
        put(store, snapshot(A, 1), article(text_of("a")))
        put(store, snapshot(A, 2), article(text_of("b")))
        put(store, snapshot(A, 3), article(text_of("c")))
        back = snapshot(A, 4, record_type="revisit", refers_to_url=A, refers_to_at=at(1))
        assert put(store, back, None).what == "revision"
    assert one(store, "SELECT group_concat(substr(text, 1, 1), '') FROM revisions")[0] == "abca"
    assert one(store, "SELECT substr(text, 1, 1), last_seen FROM articles") == ("a", stamp(at(4)))


def test_a_revisit_of_something_else_is_not_taken_for_the_article(store):
    with store.transaction():
        put(store, snapshot(A, 1), article(text_of("a")))
        other = snapshot(A, 2, record_type="revisit", refers_to_url="https://x.example/", refers_to_at=at(1))
        assert put(store, other, None).what == "refused"
    assert one(store, "SELECT last_seen FROM articles")[0] == stamp(at(1))


@pytest.mark.parametrize(
    ("statuses", "gone"),
    [([404], 2), ([410], 2), ([404, 404], 2), ([404, 200], None), ([500], None), ([301], None), ([403], None)],
)
def test_gone(store, statuses, gone):
    with store.transaction():
        put(store, snapshot(A, 1), article(text_of("a")))
        for minute, status in enumerate(statuses, 2):
            put(store, snapshot(A, minute, status=status), article(text_of("a")) if status == 200 else None)
    assert one(store, "SELECT gone_at FROM articles")[0] == (gone and stamp(at(gone)))


def test_an_amp_page_that_goes_does_not_take_the_article_along(store):
    with store.transaction():
        put(store, snapshot(AMP, 1), article(text_of("a"), canonical=A))
        assert put(store, snapshot(AMP, 2, status=404), None).what == "gone"  # all that was ever seen of it
        put(store, snapshot(A, 3), article(text_of("a")))
        assert put(store, snapshot(AMP, 4, status=404), None).what == "refused"
        assert one(store, "SELECT gone_at FROM articles")[0] is None
        assert put(store, snapshot(A, 5, status=404), None).what == "gone"


def test_undated_articles_are_found_for_a_fact_that_comes_late(store):
    with store.transaction():
        put(store, snapshot(A, 1), article(text_of("a")))
        put(store, snapshot(A, 2, record_type="revisit", status=304), None)
        put(store, snapshot(B, 3), article(text_of("b"), published="2026-05-01"))
    [found] = store.undated(url_key(A))
    assert (found.capture, found.warc, found.offset) == (1, snapshot(A, 1).ref.warc, snapshot(A, 1).ref.offset)
    assert store.undated(url_key(B)) == store.undated("nowhere.example/") == []


def test_a_cut_capture_makes_an_article_only_where_no_whole_one_is(store):
    with store.transaction():
        put(store, snapshot(A, 1, truncated="length"), article(text_of("a", 50)))
        assert one(store, "SELECT truncated, (SELECT count(*) FROM revisions) FROM articles") == (1, 0)
        assert put(store, snapshot(A, 2), article(text_of("a"))).what == "revision"
        assert put(store, snapshot(A, 3, truncated="time"), article(text_of("a", 20))).what == "unchanged"
    assert one(store, "SELECT truncated, word_count, last_seen FROM articles") == (0, 60, stamp(at(3)))


def test_dates_the_first_stays_and_a_later_one_fills(store):
    with store.transaction():
        put(store, snapshot(A, 1), article(text_of("a")))
        put(store, snapshot(A, 2), article(text_of("a"), published="2026-04-30", published_via="meta"))
        put(store, snapshot(A, 3), article(text_of("b"), published="2026-04-01", published_via="text"))
    assert one(store, "SELECT published, published_via FROM articles") == ("2026-04-30", "meta")


def test_an_extraction_made_again_is_placed_again(store):
    # Why: a discovery fact that comes later dates an article, which is then extracted once more.
    with store.transaction():
        put(store, snapshot(A, 1), article(text_of("a")))
        capture = one(store, "SELECT pk FROM captures")[0]
        store.add_extraction(capture, EXTRACTOR, article(text_of("a"), published="2026-04-30"))
        assert store.place(capture).what == "unchanged"
        assert store.place(capture).what == "unchanged"
    assert one(store, "SELECT published, (SELECT count(*) FROM revisions) FROM articles") == ("2026-04-30", 1)


def test_an_article_that_is_found_no_more_is_hidden_and_comes_back(store):
    with store.transaction():
        put(store, snapshot(A, 1), article(text_of("a")))
        capture = one(store, "SELECT pk FROM captures")[0]
        store.add_extraction(capture, EXTRACTOR, Extraction.refused("listing"))
        store.place(capture)
    assert one(store, "SELECT hidden, (SELECT count(*) FROM articles_fts) FROM articles") == (1, 0)
    with store.transaction():
        store.add_extraction(capture, EXTRACTOR, article(text_of("a")))
        assert store.place(capture).article == article_id(url_key(A))
    assert one(store, "SELECT hidden, (SELECT count(*) FROM articles_fts) FROM articles") == (0, 1)
    integrity_check(store.db.conn)


# Identity


def keys(store):
    return [row[0] for row in store.db.conn.execute("SELECT url_key FROM articles ORDER BY pk")], [
        row[0] for row in store.db.conn.execute("SELECT key FROM aliases ORDER BY key")
    ]


OTHER = "https://n.example/story-77"


@pytest.mark.parametrize(
    ("captures", "articles", "aliases"),
    [
        ([(A, "a", None), (AMP, "b", A)], [A], [AMP]),  # spelling and canonical link agree
        ([(AMP, "a", A), (A, "b", None)], [A], [AMP]),  # born with the canonical's key
        ([(A, "a", None), (AMP, "a", None)], [A], [AMP]),  # spelling and text agree
        ([(A, "a", None), (AMP, "b", None)], [A, AMP], []),  # the spelling alone: two articles
        ([(A, "a", None), (OTHER, "a", A)], [A], [OTHER]),  # canonical link and text agree
        ([(A, "a", None), (OTHER, "b", A)], [A, OTHER], []),  # the canonical link alone: two articles
        ([(OTHER, "a", A), (A, "a", None)], [OTHER], [A]),  # it named this one before, and the text agrees
        ([(OTHER, "a", A), (A, "b", None)], [OTHER, A], []),
        ([(AMP, "a", None), (AMP, "a", A)], [AMP], [A]),  # the canonical link came later
        ([(A, "a", None), (AMP, "b", None), (AMP, "a", A)], [A, AMP], []),  # two known articles are never merged
        ([(A, "a", None), (B, "a", A)], [A, B], []),  # another domain is never the same article
        ([(B, "a", A), (A, "a", None)], [B, A], []),  # in either order: the copy that names its origin came first
        ([(A, "a", None), (OTHER, "a", None)], [A, OTHER], []),  # the same text alone is a copy
    ],
)
def test_identity(store, captures, articles, aliases):
    with store.transaction():
        for minute, (url, seed, canonical) in enumerate(captures):
            put(store, snapshot(url, minute), article(text_of(seed), canonical=canonical))
    assert keys(store) == ([url_key(url) for url in articles], [url_key(url) for url in aliases])


# Stories


def test_a_copy_joins_the_story_and_the_earliest_published_leads(store):
    with store.transaction():
        first = put(store, snapshot(A, 1), article(text_of("a"), published="2026-05-01T05:00:00Z"))
        copy = put(store, snapshot(B, 2), article(text_of("a").upper() + "!", published="2026-05-01T04:00:00Z"))
        third = put(store, snapshot("https://p.example/c", 3), article(text_of("a")))
    assert (copy.kind, copy.story, third.story) == ("exact", first.story, first.story)
    row = one(store, "SELECT s.id, s.members, h.id FROM stories s JOIN articles h ON h.pk = s.head")
    assert row == (first.article, 3, copy.article)
    links = store.db.conn.execute('SELECT article, "of", kind, score FROM links ORDER BY article').fetchall()
    assert links == [(2, 1, "exact", 1.0), (3, 1, "exact", 1.0)]


@pytest.mark.parametrize(
    ("dates", "head"),
    [
        ([None, "2026-05-02"], 1),  # a date that is known comes before none, even if that one was seen first
        (["2026-05-02", "2026-05-01"], 1),
        (["2026-05-01", "2026-05-02"], 0),
        (["2026-05-01T23:00:00-04:00", "2026-05-02T01:00:00Z"], 1),  # by the instant, not by the text
        ([None, None], 0),
    ],
)
def test_who_leads_a_story(store, dates, head):
    with store.transaction():
        for minute, (url, published) in enumerate(zip((A, B), dates, strict=True)):
            put(store, snapshot(url, minute), article(text_of("a"), published=published))
    assert one(store, "SELECT head - 1 FROM stories")[0] == head


def test_a_copy_of_an_earlier_revision_is_a_copy(store):
    with store.transaction():
        put(store, snapshot(A, 1), article(text_of("a")))
        put(store, snapshot(A, 2), article(text_of("b")))
        assert put(store, snapshot(B, 3), article(text_of("a"))).kind == "exact"
        assert put(store, snapshot("https://p.example/c", 4), article(text_of("b"))).kind == "exact"


def test_short_texts_are_equal_by_accident(store):
    with store.transaction():
        put(store, snapshot(A, 1), article("This video is no longer available."))
        assert put(store, snapshot(B, 2), article("This video is no longer available.")).kind == "new"


# Restory

URLS = [A, AMP, OTHER, B, "https://p.example/c"]
LEAD = "Ferries sail again after two weeks of storms."
texts = st.sampled_from("abcA")  # A: as a, but its standfirst was read as the article's
what = st.one_of(
    st.tuples(st.just("text"), texts, st.sampled_from([None, A, OTHER, B]), st.booleans()),
    st.tuples(st.just("cut"), texts, st.none(), st.booleans()),
    st.tuples(st.sampled_from(["gone", "304", "refused"])),
    st.tuples(st.just("revisit"), st.integers(0, 11)),  # of the capture of that minute, which may be of another page
)
captures_of_a_site = st.lists(st.tuples(st.sampled_from(URLS), what), min_size=1, max_size=12)


def arrive(store, minute, url, kind):
    if kind[0] in {"text", "cut"}:
        cut = "length" if kind[0] == "cut" else None
        published = f"2026-04-{minute + 1:02}" if kind[3] else None
        text = f"{LEAD}\n\n{text_of(kind[1].lower())}" if kind[1].isupper() else text_of(kind[1])
        extraction = article(text, canonical=kind[2], published=published, description=LEAD)
        return put(store, snapshot(url, minute, truncated=cut), extraction)
    if kind[0] == "revisit":
        changes = {"refers_to_url": url, "refers_to_at": at(kind[1]), "payload_digest": None}
        return put(store, snapshot(url, minute, record_type="revisit", **changes), None)
    if kind[0] == "304":
        return put(store, snapshot(url, minute, record_type="revisit", status=304, payload_digest=None), None)
    if kind[0] == "gone":
        return put(store, snapshot(url, minute, status=404), None)
    return put(store, snapshot(url, minute), Extraction.refused("listing"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(captures=captures_of_a_site, data=st.data())
def test_after_restory_the_order_of_arrival_does_not_matter(tmp_path_factory, captures, data):
    order = data.draw(st.permutations(range(len(captures))))
    folder = tmp_path_factory.mktemp("restory")
    in_order, mixed = new_store(folder / "a.db"), new_store(folder / "b.db")
    try:
        with in_order.transaction():
            for minute, (url, kind) in enumerate(captures):
                arrive(in_order, minute, url, kind)
        with mixed.transaction():
            for minute in order:
                arrive(mixed, minute, *captures[minute])
        integrity_check(mixed.db.conn)
        with mixed.transaction():
            mixed.restory()
        integrity_check(mixed.db.conn)
        assert state(mixed) == state(in_order)
        with in_order.transaction():
            in_order.restory()  # and it changes nothing where everything came in order
        assert state(mixed) == state(in_order)
        heads = "SELECT count(*) FROM stories s WHERE s.members <> (SELECT count(*) FROM articles WHERE story = s.pk)"
        assert one(mixed, heads)[0] == 0
    finally:
        in_order.close()
        mixed.close()


@dataclasses.dataclass
class Decision:
    kind: str
    data: dict


def renamed(*pairs):
    return [Decision("source-renamed", {"old": old, "new": new}) for old, new in pairs]


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        (renamed(("A", "B")), {"A": "B"}),
        (renamed(("A", "B"), ("B", "C")), {"A": "C", "B": "C"}),
        (renamed(("A", "B"), ("B", "A")), {"B": "A"}),  # renamed back
        ([Decision("story-split", {"old": "A", "new": "B"}), Decision("source-renamed", {})], {}),
    ],
)
def test_renames(decisions, expected):
    assert renames(decisions) == expected


def test_a_renamed_source_is_shown_under_its_present_name(tmp_path):
    store = new_store(tmp_path / "archive.db")
    with store.transaction():
        put(store, snapshot(A, 1), article(text_of("a")))
        store.restory(renamed(("Example", "The Example")))
        put(store, snapshot(B, 2), article(text_of("b")))  # a crawl that began before
    assert store.db.conn.execute("SELECT DISTINCT source FROM articles").fetchall() == [("The Example",)]
    store.close()


# The file


def test_a_database_of_a_newer_version_is_refused(tmp_path):
    store = new_store(tmp_path / "archive.db")
    row = {"migration_set": "morgue", "name": "m999_future", "applied_at": "later"}
    store.db["_sqlite_migrations"].insert(row)
    store.close()
    with pytest.raises(SchemaTooNewError, match="m999_future"):
        open_archive(tmp_path / "archive.db")


@pytest.mark.parametrize("content", [b"this is no database at all, but long enough to be one " * 20, b"\0" * 4096])
def test_a_file_that_is_no_database(tmp_path, content):
    path = tmp_path / "archive.db"
    path.write_bytes(content)
    with pytest.raises(DatabaseError, match="morgue rebuild"):
        open_archive(path)


def test_a_missing_database(tmp_path):
    with pytest.raises(DatabaseError, match="morgue rebuild"):
        open_archive(tmp_path / "archive.db")


def test_opening_twice_changes_nothing(tmp_path):
    new_store(tmp_path / "archive.db").close()
    store = new_store(tmp_path / "archive.db")
    assert store.db["_sqlite_migrations"].count == len(MIGRATIONS)
    assert one(store, "PRAGMA journal_mode")[0] == "wal"
    strict = store.db.conn.execute("SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict").fetchall()
    assert {name for (name,) in strict} <= {"_sqlite_migrations", "sqlite_schema", "sqlite_temp_schema"}
    store.close()


def test_public_ids_do_not_depend_on_rows(tmp_path):
    assert sqlite3.sqlite_version_info >= (3, 37)  # STRICT
    ids = []
    for name, urls in (("a", [A, B]), ("b", [B, A])):
        store = new_store(tmp_path / f"{name}.db")
        with store.transaction():
            for minute, url in enumerate(urls):
                put(store, snapshot(url, minute), article(text_of(url[-1])))
        ids.append({row[0] for row in store.db.conn.execute("SELECT id FROM articles")})
        store.close()
    assert ids[0] == ids[1]


def test_readers_know_the_migrations_that_the_writer_makes():
    from archive.database import MIGRATIONS
    from archive.schema import migrations

    assert tuple(migration.name for migration in migrations._migrations) == MIGRATIONS


def test_asking_loads_no_sqlite_utils():
    code = (
        "import archive.query, sys; print([m for m in ('sqlite_utils', 'trafilatura', 'scrapy') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
