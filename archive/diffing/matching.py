"""What two sequences have in common, in order, at a cost that has a limit. Pure.

First the items that stand once in each are matched (Bram Cohen's patience diff); between two of those the shortest edit is
looked for (Myers, "An O(ND) Difference Algorithm and Its Variations", 1986). Where that would cost more than is left of the
budget, what stands between counts as replaced: a coarser answer, never a wrong one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

Block = tuple[int, int, int]  # where in the first, where in the second, how many items are equal
_DEEPEST = 50  # times that a gap between unique items is looked at for further unique items
_SERIES = 4  # items
_MOST_EDITS = 500  # of one gap; the trail that is kept grows with its square


@dataclass(slots=True)
class Budget:
    """Steps that a comparison may still take; a step is about a fifth of a microsecond."""

    left: int = 2_000_000


def matches(a: Sequence[str], b: Sequence[str], budget: Budget) -> list[Block]:
    """Return the blocks that are equal, in order, none overlapping, none touching its neighbour in both sequences.

    >>> matches("a quick fox".split(), "a quick brown fox".split(), Budget())
    [(0, 0, 2), (2, 3, 1)]
    """
    pairs: list[tuple[int, int]] = []
    stack = [(0, len(a), 0, len(b), 0)]
    while stack:
        low, high, lower, higher, depth = stack.pop()
        while low < high and lower < higher and a[low] == b[lower]:
            pairs.append((low, lower))
            low, lower = low + 1, lower + 1
        while low < high and lower < higher and a[high - 1] == b[higher - 1]:
            high, higher = high - 1, higher - 1
            pairs.append((high, higher))
        if low == high or lower == higher:
            continue
        one, other = a[low:high], b[lower:higher]
        anchors = _anchors(one, other, budget) if depth < _DEEPEST else []
        found = [(low + i, lower + j) for i, j in anchors or _shortest(one, other, budget)]
        if not anchors:
            pairs += found
            continue
        pairs += found
        for (i, j), (next_i, next_j) in zip([(low - 1, lower - 1), *found], [*found, (high, higher)], strict=True):
            stack.append((i + 1, next_i, j + 1, next_j, depth + 1))
    return _blocks(sorted(pairs))


def _anchors(a: Sequence[str], b: Sequence[str], budget: Budget) -> list[tuple[int, int]]:
    """Return the items that stand once in each of two stretches, the longest series of them that is in order.

    Where there is none, those that begin a series of items that stands once: a long text may say each of its words twice.
    """
    for width in (1, _SERIES):
        if len(a) + len(b) > budget.left or min(len(a), len(b)) < width:
            return []
        budget.left -= len(a) + len(b)
        one, other = _series(a, width), _series(b, width)
        once, also = Counter(one), Counter(other)
        places = {item: j for j, item in enumerate(other) if also[item] == 1 and once[item] == 1}
        found = in_order([(i, j) for i, item in enumerate(one) if (j := places.get(item)) is not None])
        if found:
            return found
    return []


def _series(items: Sequence[str], width: int) -> Sequence[str]:
    return items if width == 1 else [" ".join(items[n : n + width]) for n in range(len(items) - width + 1)]


def in_order(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest series of pairs that rises in both; the pairs rise in the first already (patience sorting).

    >>> in_order([(0, 2), (1, 0), (2, 1)])
    [(1, 0), (2, 1)]
    """
    ends: list[int] = []  # of each length the smallest second number that ends a series
    last: list[int] = []  # and whose it is
    before: list[int] = []
    for n, (_, j) in enumerate(pairs):
        at = bisect_left(ends, j)
        before.append(last[at - 1] if at else -1)
        if at == len(ends):
            ends.append(j)
            last.append(n)
        else:
            ends[at] = j
            last[at] = n
    found = []
    n = last[-1] if last else -1
    while n >= 0:
        found.append(pairs[n])
        n = before[n]
    return found[::-1]


def _shortest(a: Sequence[str], b: Sequence[str], budget: Budget) -> list[tuple[int, int]]:
    """Return the equal pairs of a shortest edit; nothing where that takes more than the budget has."""
    n, m = len(a), len(b)
    reach = {1: 0}  # by diagonal how far one gets into the first sequence
    trail: list[dict[int, int]] = []
    for edits in range(min(n + m, _MOST_EDITS) + 1):
        trail.append(dict(reach))
        budget.left -= edits + 1
        if budget.left < 0:
            return []
        for k in range(-edits, edits + 1, 2):
            down = k == -edits or (k != edits and reach[k - 1] < reach[k + 1])
            x = start = reach[k + 1] if down else reach[k - 1] + 1
            while x < n and x - k < m and a[x] == b[x - k]:
                x += 1
            budget.left -= x - start
            reach[k] = x
            if x >= n and x - k >= m:
                return _walk_back(trail, n, m)
    return []


def _walk_back(trail: Sequence[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    """Return the equal pairs on the way that leads to (x, y), the last first."""
    pairs: list[tuple[int, int]] = []
    for edits in range(len(trail) - 1, -1, -1):
        reach, k = trail[edits], x - y
        down = k == -edits or (k != edits and reach[k - 1] < reach[k + 1])
        k_before = k + 1 if down else k - 1
        x_before = reach[k_before]
        y_before = x_before - k_before
        while x > max(x_before, 0) and y > max(y_before, 0):
            x, y = x - 1, y - 1
            pairs.append((x, y))
        if edits:
            x, y = x_before, y_before
    return pairs


def _blocks(pairs: Sequence[tuple[int, int]]) -> list[Block]:
    found: list[Block] = []
    for i, j in pairs:
        if found and found[-1][0] + found[-1][2] == i and found[-1][1] + found[-1][2] == j:
            found[-1] = (*found[-1][:2], found[-1][2] + 1)
        else:
            found.append((i, j, 1))
    return found
