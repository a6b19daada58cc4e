"""Which segments of a page are its article's, by the weights in `blocks.json` and `blocks-few.json`.

The weights are small decision trees, learned by `scripts/train_blocks.py` from pages whose article is known. They are asked
with numpy, all segments and trees at once; no learning library is needed to read a page.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from archive.extract.features import CANDIDATE_SIZE, COLUMNS, Floats, Table, weigh
from archive.extract.segment import Segment

ALL, FEW = "blocks", "blocks-few"  # weights for pages of which all witnesses were heard, and all but trafilatura
THRESHOLD = 0.5
AREAS = frozenset(
    [
        "comment",
        "comments",
        "disqus",
        "kommentar",
        "kommentare",
        "commentaires",
        "comentarios",
        "reacties",
        "cookie",
        "cookies",
        "consent",
        "gdpr",
        "privacy",
        "modal",
        "popup",
        "overlay",
    ]
)
_MOST_OF_PAGE = 0.5  # share of the kept text that stands in such areas; above, the page calls its article so
_LEAST = 0.15  # probability below which nothing is an article's, even where nothing better is there
# Headings of one kind, each with kept text after it, stand or fall together: "10:12, update" without
# "8:12, update" makes no sense. Their median decides, a little below the threshold, since their text is kept.
_ALIKE = 3
_ALIKE_LIKELY = 0.4  # measured on 85 pages: from .35 to .45 the same four headings more, all the article's
HEADS = frozenset({"h2", "h3", "h4", "h5", "h6"})
_DUPLICATE = 40  # weighed characters from which a text that stands twice is kept once


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees as arrays, one row a tree: a node's column, threshold, and its two children; a leaf is its own child."""

    base: float
    column: npt.NDArray[np.int32]
    threshold: Floats
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    value: Floats
    depth: int

    @classmethod
    def of(cls, raw: dict[str, Any]) -> Forest:
        """Read what `scripts/train_blocks.py` wrote. Raises `ValueError` for weights of other columns."""
        if raw["columns"] != list(COLUMNS):
            raise ValueError("these weights were trained on other columns; run scripts/train_blocks.py")
        trees = raw["trees"]
        most = max(len(t) for t in trees)
        shape = (len(trees), most)
        column, left, right = (np.zeros(shape, np.int32) for _ in range(3))
        threshold, value = np.zeros(shape), np.zeros(shape)
        for n, tree in enumerate(trees):
            for m, node in enumerate(tree):
                if len(node) == 1:
                    left[n, m] = right[n, m] = m
                    value[n, m] = node[0]
                else:
                    column[n, m], threshold[n, m], left[n, m], right[n, m] = node
        return cls(float(raw["base"]), column, threshold, left, right, value, int(raw["depth"]))

    def probabilities(self, rows: Floats) -> Floats:
        """Return for each row of COLUMNS how likely it is the article's, 0 to 1."""
        count, nodes = self.column.shape
        columns, thresholds = self.column.ravel(), self.threshold.ravel()
        left, right = self.left.ravel(), self.right.ravel()
        start = np.arange(count, dtype=np.int64)[None, :] * nodes  # where each tree begins
        at = np.arange(len(rows), dtype=np.int64)[:, None] * rows.shape[1]  # where each row begins
        flat = rows.ravel()
        node = np.broadcast_to(start, (len(rows), count))
        for _ in range(self.depth):
            goes_left = flat.take(at + columns.take(node)) <= thresholds.take(node)
            node = start + np.where(goes_left, left.take(node), right.take(node))
        total: Floats = self.base + self.value.ravel().take(node).sum(axis=1)
        return 1.0 / (1.0 + np.exp(-np.clip(total, -40, 40)))


@cache
def forest(witnesses: str) -> Forest:
    """Return the weights that are shipped for pages of which ALL or FEW witnesses were heard."""
    written = resources.files("archive.extract").joinpath(f"{witnesses}.json").read_text(encoding="utf-8")
    return Forest.of(json.loads(written))


def judge(found: Sequence[Segment], judged: Table, witnesses: str = ALL) -> Floats:
    """Return for each segment how likely it is the article's; those that are no candidates get 0."""
    result = np.zeros(len(found))
    if judged.candidates:
        result[judged.candidates] = forest(witnesses).probabilities(judged.rows)
    return result


def choose(found: Sequence[Segment], likely: Floats) -> list[bool]:
    """Return which segments are kept.

    Areas that call themselves comments or consent are left out, unless they hold most of what would be kept. A text that
    stands twice is kept once. Headings of one kind over kept text are kept together. Where nothing reaches the
    threshold, what comes nearest to it is taken.
    """
    if not len(found):
        return []
    sizes = np.array([weigh(s.text) for s in found], dtype=np.float64)
    top = float((likely * (sizes >= CANDIDATE_SIZE)).max(initial=0.0))
    limit = THRESHOLD if top >= THRESHOLD else max(top * 0.6, _LEAST)
    kept = likely >= limit
    area = np.array([s.place.named(AREAS) != "" for s in found])
    if (sizes * (kept & area)).sum() < _MOST_OF_PAGE * (sizes * kept).sum():
        kept &= ~area
    kept[_headings(found, likely, kept)] = True
    seen: set[str] = set()
    for n in map(int, np.flatnonzero(kept)):
        if sizes[n] >= _DUPLICATE:
            if found[n].text in seen:
                kept[n] = False
            seen.add(found[n].text)
    return [bool(k) for k in kept]


def _headings(found: Sequence[Segment], likely: Floats, kept: npt.NDArray[np.bool_]) -> list[int]:
    """Return the headings over kept text that are kept because most headings of their kind are likely."""
    kinds: dict[tuple[str, str], list[int]] = defaultdict(list)
    for n, segment in enumerate(found[:-1]):
        place = segment.place
        if place.tag in HEADS and kept[n + 1]:
            kinds[place.step, place.parent.step if place.parent else ""].append(n)
    together = [alike for alike in kinds.values() if len(alike) >= _ALIKE and np.median(likely[alike]) >= _ALIKE_LIKELY]
    return [n for alike in together for n in alike]
