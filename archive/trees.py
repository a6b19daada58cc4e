"""Small decision trees, read from JSON and asked in plain Python: no learning library is needed to read a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Node: TypeAlias = "float | tuple[int, float, Node, Node]"  # a value, or (sign, threshold, at most, above)


@dataclass(frozen=True, slots=True)
class Trees:
    """Trees that are summed up. A sign that a page does not have counts as 0."""

    names: tuple[str, ...]
    base: float
    trees: tuple[Node, ...]

    def score(self, signs: Mapping[str, float]) -> float:
        """Return the sum of what the trees say.

        >>> Trees(("size",), 0.5, ((0, 1.0, -1.0, 2.0),)).score({"size": 1.5})
        2.5
        """
        return self.score_of([signs.get(name, 0.0) for name in self.names])

    def score_of(self, values: Sequence[float]) -> float:
        """Return the sum of what the trees say of values in the order of `names`."""
        total = self.base
        for tree in self.trees:
            node = tree
            while isinstance(node, tuple):
                node = node[2] if values[node[0]] <= node[1] else node[3]
            total += node
        return total


def node_of(raw: float | Sequence[object]) -> Node:
    """Return a tree of nested lists [sign, threshold, at most, above]. Raises `TypeError` or `ValueError`."""
    if isinstance(raw, (int, float)):
        return float(raw)
    sign, threshold, left, right = raw
    if not isinstance(sign, int) or not isinstance(threshold, (int, float)):
        raise TypeError("a tree's node is [sign, threshold, at most, above]")
    return sign, float(threshold), node_of(left), node_of(right)  # type: ignore[arg-type]  # checked there
