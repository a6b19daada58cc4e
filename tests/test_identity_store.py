"""The promises of identity, kept by the store whatever comes in: names confirm each other, articles are never merged."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_helpers import article, new_store, put, snapshot, state, text_of

from archive.dedupe.identity import Names, is_front, names_of, same_words
from archive.query.show import show
from archive.urls import article_id, registered_domain, url_key

A = "https://www.n.example/2026/a-b"
AMP = "https://amp.n.example/2026/a-b"
PRINT = "http://n.example/2026/a-b/print?utm_source=x"
MOVED = "https://n.example/story-77"
SECTION = "https://n.example/mobile/2026/a-b"  # looks like a mobile spelling of A, and may be a section
ORIGIN = "https://o.example/2026/a-b"  # another owner
FRONT = "https://www.n.example/"
URLS = [A, A + "/?utm_source=x", AMP, PRINT, MOVED, SECTION, ORIGIN]
NOTICE = "This story moved."  # too short to be the same by its words

_captures = st.lists(
    st.tuples(
        st.sampled_from(URLS),
        st.sampled_from([text_of("a"), text_of("b"), NOTICE]),
        st.sampled_from([None, A, AMP, MOVED, ORIGIN, FRONT, "http://["]),
    ),
    min_size=1,
    max_size=10,
)


@pytest.fixture
def store(tmp_path):
    store = new_store(tmp_path / "archive.db")
    yield store
    store.close()


def _rows(store, sql, *values):
    return store.db.conn.execute(sql, values).fetchall()


def _keys(store) -> dict[str, str]:
    """Return the article of each key, its own or an alias."""
    return dict(_rows(store, "SELECT url_key, id FROM articles")) | dict(
        _rows(store, "SELECT key, a.id FROM aliases l JOIN articles a ON a.pk = l.article")
    )


@settings(max_examples=50)
@given(_captures)
def test_no_capture_changes_what_another_belongs_to(captures):
    with tempfile.TemporaryDirectory() as folder:
        store = new_store(Path(folder) / "archive.db")
        known: dict[str, str] = {}  # article by key
        placed: dict[int, str] = {}  # article by capture
        said: dict[str, list[tuple[Names, str]]] = {}  # names and text of the captures of an article
        try:
            for minute, (url, text, canonical) in enumerate(captures):
                with store.transaction():
                    put(store, snapshot(url, minute), article(text, canonical=canonical))
                of = dict(_rows(store, "SELECT c.pk, a.id FROM captures c JOIN articles a ON a.pk = c.article"))
                assert placed.items() <= of.items()  # nothing moves: two known articles are never merged
                name, names = of[max(of)], names_of(url, canonical)
                if names.key in known:
                    assert known[names.key] == name
                elif name in said:
                    assert _confirmed(names, text, said[name], {key for key in known if known[key] == name})
                else:
                    assert name == article_id(names.birth)
                said.setdefault(name, []).append((names, text))
                placed, before, known = of, known, _keys(store)
                assert before.items() <= known.items()  # no key is taken away, born with or confirmed
            own = _rows(store, "SELECT url_key, id FROM articles UNION ALL SELECT key, id FROM aliases")
            assert len(own) == len(known)  # no key stands twice
            assert all(name == article_id(key) for key, name in own)
            _check_that_placing_again_changes_nothing(store)
        finally:
            store.close()


def _confirmed(names: Names, text: str, said: list[tuple[Names, str]], keys: set[str]) -> bool:
    """Tell whether a page is the article of `keys`: spelling and link name it, or one of them does and the text agrees.

    Either page may be the one that names the other.
    """
    if any(other.canonical == other.proposed == names.key for other, _ in said):
        return True
    if names.canonical == names.proposed and names.proposed in keys:
        return True
    named = bool({names.canonical, names.proposed} & keys) or any(other.canonical == names.key for other, _ in said)
    return named and same_words(text, (other for _, other in said))


def _check_that_placing_again_changes_nothing(store) -> None:
    before = state(store)
    with store.transaction():
        for (capture,) in _rows(store, "SELECT pk FROM captures ORDER BY pk"):
            store.place(capture)
    assert state(store) == before
    with store.transaction():
        store.restory()
    assert state(store) == before


def test_a_canonical_link_to_another_domain_is_recorded_and_not_followed(store):
    with store.transaction():
        put(store, snapshot(ORIGIN, 1), article(text_of("a")))
        put(store, snapshot(A, 2), article(text_of("a"), canonical=ORIGIN))
    assert _rows(store, "SELECT url_key, canonical_url, canonical_key FROM articles ORDER BY pk") == [
        (url_key(ORIGIN), None, None),
        (url_key(A), ORIGIN, None),
    ]
    assert _rows(store, "SELECT key FROM aliases") == []
    assert _rows(store, "SELECT count(*) FROM stories") == [(1,)]  # it is a copy, by its words


@pytest.mark.parametrize(
    ("canonical", "text", "confirmed"),
    [
        (A, "b", True),  # spelling and link agree
        (None, "a", True),  # spelling and text agree
        (None, "b", False),  # a spelling alone proposes
        (MOVED, "b", False),  # a link to another page does not confirm it
        (ORIGIN, "b", False),
        (FRONT, "b", False),
    ],
)
@pytest.mark.parametrize("url", [AMP, PRINT, SECTION])
def test_a_spelling_is_taken_when_the_page_agrees(store, url, canonical, text, confirmed):
    with store.transaction():
        put(store, snapshot(A, 1), article(text_of("a")))
        put(store, snapshot(url, 2), article(text_of(text), canonical=canonical))
    assert _rows(store, "SELECT count(*) FROM articles") == [(1 if confirmed else 2,)]
    assert _rows(store, "SELECT key FROM aliases") == ([(url_key(url),)] if confirmed else [])


def test_a_notice_confirms_nothing(store):
    with store.transaction():
        put(store, snapshot(A, 1), article(NOTICE))
        put(store, snapshot(AMP, 2), article(NOTICE))
        put(store, snapshot(MOVED, 3), article(NOTICE, canonical=A))
    assert _rows(store, "SELECT count(*) FROM articles") == [(3,)]


def test_an_article_keeps_the_key_it_was_born_with(store):
    """A page that later names another address, in its own words, is found by both; its id stays."""
    with store.transaction():
        put(store, snapshot(AMP, 1), article(text_of("a")))
        put(store, snapshot(AMP, 2), article(text_of("b"), canonical=A))
        put(store, snapshot(A, 3), article(text_of("c")))
    assert _rows(store, "SELECT id, url_key FROM articles") == [(article_id(url_key(AMP)), url_key(AMP))]
    assert _rows(store, "SELECT key, id FROM aliases") == [(url_key(A), article_id(url_key(A)))]
    for name in (AMP, A, article_id(url_key(AMP)), article_id(url_key(A))):
        assert show(store.db.conn, name).article["id"] == article_id(url_key(AMP))


@given(st.sampled_from(URLS), st.one_of(st.none(), st.text(), st.sampled_from([*URLS, FRONT])))
def test_any_canonical_link_gives_names(url, canonical):
    names = names_of(url, canonical)
    assert names.birth in {names.key, names.proposed}
    assert url_key(names.url) == names.birth
    if names.canonical is not None:
        assert not is_front(names.canonical)
        assert registered_domain("https://" + names.canonical) == registered_domain(url)
