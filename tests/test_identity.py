from __future__ import annotations

import pytest

from archive.dedupe.identity import is_front, names_of, same_words
from archive.errors import UrlError
from archive.urls import url_key


@pytest.mark.parametrize(
    ("url", "canonical", "birth"),
    [
        ("https://n.example/a", None, "n.example/a"),
        ("https://n.example/a?utm_source=x", "https://www.n.example/a/", "n.example/a"),
        ("https://n.example/amp/2026/a-b", "https://n.example/2026/a-b", "n.example/2026/a-b"),  # both say so
        ("https://n.example/amp/2026/a-b", None, "n.example/amp/2026/a-b"),  # a proposal alone is not enough
        ("https://n.example/a", "https://other.example/a", "n.example/a"),  # a copy that names its origin
        ("https://n.example/a", "https://n.example/", "n.example/a"),  # a template that forgot the path
        ("https://n.example/a", "https://n.example/b", "n.example/a"),  # a canonical alone is not enough
        ("https://n.example/a", "javascript:void(0)", "n.example/a"),
        ("https://n.example/a", "http://[", "n.example/a"),
        ("https://m.n.example/2026/a-b", "https://www.n.example/2026/a-b", "n.example/2026/a-b"),
    ],
)
def test_birth_key(url, canonical, birth):
    names = names_of(url, canonical)
    assert names.birth == birth
    assert url_key(names.url) == birth  # what is shown is what it is known by


def test_a_canonical_link_elsewhere_is_recorded():
    names = names_of("https://n.example/a", "https://Other.example/a")
    assert names.canonical_link == "https://other.example/a"
    assert names.canonical is None


def test_a_url_that_is_none():
    with pytest.raises(UrlError):
        names_of("dns:n.example", None)


@pytest.mark.parametrize(
    ("url", "front"),
    [
        ("https://n.example", True),
        ("https://n.example/index.html", True),
        ("https://n.example/?p=1", False),
        ("https://n.example/en", False),
    ],
)
def test_fronts(url, front):
    assert is_front(url_key(url)) == front


def test_a_notice_is_never_the_same_text():
    assert not same_words("Page not found.", ["Page not found."])
    text = "one two three four five six seven eight"
    assert same_words(text.upper() + "!", ["x", text])
    assert not same_words(text, [text + " nine"])
