from __future__ import annotations

import json

import pytest
from store_helpers import text_of

from archive.dedupe.cluster import cluster
from archive.errors import UsageError


def test_texts_of_the_same_words_are_one_cluster():
    lines = [
        {"id": "a", "text": text_of("x")},
        {"id": 2, "text": text_of("y"), "title": None, "url": "https://n.example/"},
        {"id": "c", "text": text_of("x").upper().replace(" ", "\n")},
        {"id": "d", "text": "too short to say"},
        {"id": "e", "text": "too short to say"},
    ]
    assert list(cluster(lines)) == [
        {"id": "a", "cluster": "a", "kind": "new", "of": None, "score": None},
        {"id": 2, "cluster": 2, "kind": "new", "of": None, "score": None},
        {"id": "c", "cluster": "a", "kind": "exact", "of": "a", "score": 1.0},
        {"id": "d", "cluster": "d", "kind": "new", "of": None, "score": None},
        {"id": "e", "cluster": "e", "kind": "new", "of": None, "score": None},
    ]


def test_a_further_text_of_a_page_is_a_revision():
    lines = [
        {"id": 1, "text": text_of("x"), "url": "https://n.example/a"},
        {"id": 2, "text": text_of("y"), "url": "http://www.n.example/a?utm_source=z"},
        {"id": 3, "text": text_of("y"), "url": "https://o.example/b"},  # a copy of the later text
        {"id": 4, "text": text_of("z"), "url": "nonsense"},
        {"id": 5, "text": text_of("w"), "url": "nonsense"},
    ]
    assert [(line["kind"], line["of"], line["cluster"]) for line in cluster(lines)] == [
        ("new", None, 1),
        ("revision", 1, 1),
        ("exact", 2, 1),
        ("new", None, 4),
        ("new", None, 5),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"id": "b"}, "line 2"),
        ({"text": "t"}, "line 2"),
        ({"id": "b", "text": 3}, "line 2"),
        ({"id": "a", "text": "t"}, "came before"),
    ],
)
def test_a_line_that_is_none(line, message):
    with pytest.raises(UsageError, match=message):
        list(cluster([{"id": "a", "text": "t"}, line]))


def test_odd_texts_do_not_stop_it():
    texts = ["", "\0" * 100, "\ud800 " * 100, "😀 " * 100, "a " * 100_000]
    assert len(list(cluster({"id": number, "text": text} for number, text in enumerate(texts)))) == len(texts)


@pytest.mark.corpus
def test_on_the_corpus_every_exact_copy_is_found_and_nothing_else_is_merged(corpus):
    folder = corpus / "dedup"
    docs = [json.loads(line) for line in (folder / "docs.jsonl").read_text().splitlines()]
    found = {line["id"]: line for line in cluster(docs)}
    pairs = [json.loads(line) for line in (folder / "pairs.jsonl").read_text().splitlines()]
    same = {
        label: [found[p["a"]]["cluster"] == found[p["b"]]["cluster"] for p in pairs if p["label"] == label]
        for label in ("exact", "related", "boilerplate")
    }
    assert same["exact"]
    assert all(same["exact"])
    assert not any(same["related"] + same["boilerplate"])
    true = {doc["id"]: doc["cluster"] for doc in docs}
    joined = [line for line in found.values() if line["of"] is not None]
    assert all(true[line["id"]] == true[line["of"]] for line in joined)
