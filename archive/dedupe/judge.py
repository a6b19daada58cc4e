"""How likely two texts tell one story, by the weights in `copies.json`, and what kind of copy the later one is.

The weights are small decision trees that `scripts/train_dedupe.py` learns from pairs whose relation is known; each
number but the ratio of lengths can only speak for a copy the larger it is (monotone), so that a pair unlike all that were
learned from is judged by the nearest of them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from importlib import resources

from archive.dedupe.compare import FEATURES, NO_TITLE, Comparison
from archive.trees import Trees, node_of

SAME = 0.9  # probability from which two texts are one story
RELATED = 0.05  # … from which they are about the same event
NEAR = (
    0.75  # share of the shorter text's three-word sequences that stand in the other: a near copy, and below a rewrite
)
_TITLE, _SOFT_LONG = FEATURES.index("title"), FEATURES.index("soft_long")
_MOST = 0.75
_MOST_OF_BOTH = 0.65


@cache
def copy_trees() -> Trees:
    """Return the trees of `copies.json`. Raises `ValueError` for weights of other features."""
    raw = json.loads(resources.files("archive.dedupe").joinpath("copies.json").read_text(encoding="utf-8"))
    if raw["features"] != list(FEATURES):
        raise ValueError("copies.json was learned from other features; run scripts/train_dedupe.py")
    return Trees(FEATURES, float(raw["base"]), tuple(node_of(tree) for tree in raw["trees"]))


def asked(features: Sequence[float]) -> list[float]:
    """Return the features as the trees are asked.

    Papers that take a text over write headlines of their own; in the pairs that were learned from they seldom do. So another
    headline speaks no more against a copy than none where most of the longer text stands in the shorter.
    """
    values = list(features)
    if values[_SOFT_LONG] >= _MOST:
        values[_TITLE] = max(values[_TITLE], NO_TITLE)
    return values


def probability(comparison: Comparison) -> float:
    """Return how likely two compared texts are one story, 0 to 1."""
    score = copy_trees().score_of(asked(comparison.features))
    return 1.0 / (1.0 + math.exp(-max(min(score, 40.0), -40.0)))


def kind_of(comparison: Comparison, likely: float, *, one_site: bool) -> str:
    """Return near, rewrite, related or new.

    A site seldom rewords its own reports: what shares half of its sentences with an earlier one there is mostly the next report
    of the same event, with the same background. So on `one_site` a rewrite must stand in the longer text for the
    most part. Of 2,092 reports of one broadcaster 50 were joined to one of another day without this rule.
    """
    if likely >= SAME:
        if comparison.grams >= NEAR:
            return "near"
        return "related" if one_site and comparison.features[_SOFT_LONG] < _MOST_OF_BOTH else "rewrite"
    return "related" if likely >= RELATED else "new"
