"""Copies among the replayed pages, through real extraction: what `cluster` joins, against what people who read them say."""

from __future__ import annotations

from pathlib import Path

import pytest
from replayed_texts import LabelledPair, by_label, labelled_pairs, replayed_texts

from archive.dedupe.cluster import cluster

pytestmark = [pytest.mark.corpus, pytest.mark.slow]


@pytest.fixture(scope="module")
def pairs(corpus: Path) -> list[LabelledPair]:
    return labelled_pairs(corpus)


@pytest.fixture(scope="module")
def clusters(corpus: Path, pairs: list[LabelledPair]) -> dict[str, object]:
    lines = replayed_texts(corpus, {name for pair in pairs for name in (pair.one, pair.other)})
    return {str(line["id"]): line["cluster"] for line in cluster(lines)}


def test_pages_that_share_only_boilerplate_are_never_joined(pairs, clusters):
    wrong = [pair for pair in pairs if pair.label == "different" and pair.is_joined(clusters)]
    assert wrong == []


LEAST = {"same": 17, "rewrite": 8}  # of 17 and 10; one of two `related` pairs is joined as well (docs/benchmarks.md)


@pytest.mark.parametrize("label", sorted(LEAST))
def test_copies_are_joined(pairs, clusters, label):
    joined = by_label(pairs, clusters)[label].count(True)
    assert joined >= LEAST[label]
