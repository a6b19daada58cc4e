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


# What people who read the pairs say; scripts/train_dedupe.py prints the same by folds. These pages taught the weights.
LEAST = {"exact": 1.0, "near": 0.99, "rewrite": 0.98, "revision": 1.0}
MOST = {"related": 0.01, "boilerplate": 0.0}


@pytest.mark.corpus
@pytest.mark.slow
def test_on_the_corpus_copies_are_joined_and_nothing_else(corpus):
    folder = corpus / "dedup"
    docs = [json.loads(line) for line in (folder / "docs.jsonl").read_text(encoding="utf-8").splitlines()]
    found = {line["id"]: line for line in cluster(docs)}
    pairs = [json.loads(line) for line in (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    same = {}
    for label in (*LEAST, *MOST):
        joined = [found[p["a"]]["cluster"] == found[p["b"]]["cluster"] for p in pairs if p["label"] == label]
        same[label] = sum(joined) / len(joined)
    assert {label: share for label, share in same.items() if label in LEAST and share < LEAST[label]} == {}
    assert {label: share for label, share in same.items() if label in MOST and share > MOST[label]} == {}
    later = {doc["id"]: number for number, doc in enumerate(docs)}
    agree = [
        found[name]["kind"] == pair["label"]
        for pair in pairs
        for name, other in [sorted((pair["a"], pair["b"]), key=later.__getitem__, reverse=True)]
        if pair["label"] in LEAST and found[name]["of"] == other
    ]
    assert sum(agree) >= 0.95 * len(agree) > 1000
