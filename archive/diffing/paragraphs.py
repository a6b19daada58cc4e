"""What changed between two texts, paragraph by paragraph: added, removed, changed, moved. Pure.

Paragraphs that read the same are matched first, in order; those that are left and read the same have moved. Between two that
match, what is left is paired by the words it shares: such a pair was changed, the rest was added or removed.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from archive.dedupe.words import as_read
from archive.diffing.matching import Budget, matches
from archive.diffing.words import Op, Span, word_changes
from archive.terms import terms

_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
_ALIKE = 0.4  # share of words, by their characters, from which two paragraphs are versions of one
_ALIKE_ELSEWHERE = 0.6  # the same where they stand in different places
_WEIGHED = 20_000  # characters of a paragraph; two that begin so alike are versions of one
_NEAR = 20  # places that two paragraphs of one gap may lie apart, counted from its beginning or its end


class Kind(StrEnum):
    """What became of a paragraph."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph of either text, or of both. What moved stands where it is now, and once more where it was."""

    kind: Kind
    before: str | None  # None: it was not there
    after: str | None
    number: int  # its place, from 1: in the later text, of what is not there any more in the earlier one
    left: bool = False  # this is the place that it left

    @property
    def shown(self) -> str:
        """The paragraph as it is now, or as it was."""
        return (self.before if self.after is None else self.after) or ""


@dataclass(frozen=True, slots=True)
class Change:
    """All that changed between two texts, and their titles, in the later one's order."""

    title: tuple[Span, ...] | None  # None: it reads the same
    parts: tuple[Part, ...]

    def words(self, part: Part, budget: Budget | None = None) -> tuple[Span, ...]:
        """Return what changed within a paragraph."""
        if part.kind is Kind.CHANGED:
            return word_changes(part.before or "", part.after or "", budget)
        op = {Kind.ADDED: Op.ADDED, Kind.REMOVED: Op.REMOVED}.get(part.kind, Op.EQUAL)
        return (Span(op, part.shown),)

    @property
    def changed(self) -> tuple[Part, ...]:
        """The paragraphs that are not the same; a moved one once."""
        return tuple(part for part in self.parts if part.kind is not Kind.SAME and not part.left)


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text: what stands between blank lines, unless a reader sees nothing there."""
    return [part for part in _BLANK_LINE.split(text.strip()) if as_read(part)]


def compare(before: tuple[str | None, str], after: tuple[str | None, str]) -> Change:
    """Return what changed from one (title, text) to another.

    The cost is bounded: beyond a budget of steps a long stretch counts as removed and added instead of changed.
    """
    budget = Budget()
    title = None
    if as_read(before[0] or "") != as_read(after[0] or ""):
        title = word_changes(before[0] or "", after[0] or "", budget)
    parts = list(_parts(paragraphs(before[1]), paragraphs(after[1]), budget))
    return Change(title, tuple(_with_crossing(parts, budget)))


@dataclass(frozen=True, slots=True)
class _Texts:
    """Both texts as paragraphs, and which of them moved."""

    old: Sequence[str]
    new: Sequence[str]
    went: Mapping[int, int]  # place in the earlier text -> in the later one
    came: Mapping[int, int]  # and back

    def added(self, j: int) -> Part:
        if j in self.came:
            return Part(Kind.MOVED, self.old[self.came[j]], self.new[j], j + 1)
        return Part(Kind.ADDED, None, self.new[j], j + 1)

    def removed(self, i: int) -> Part:
        if i in self.went:
            return Part(Kind.MOVED, self.old[i], self.new[self.went[i]], i + 1, left=True)
        return Part(Kind.REMOVED, self.old[i], None, i + 1)


def _parts(old: Sequence[str], new: Sequence[str], budget: Budget) -> Iterator[Part]:
    reads = {paragraph: as_read(paragraph) for paragraph in {*old, *new}}
    was, now = [reads[p] for p in old], [reads[p] for p in new]
    blocks = matches(was, now, budget)
    texts = _Texts(old, new, went := _moved(was, now, blocks), {j: i for i, j in went.items()})
    i = j = 0
    for next_i, next_j, size in [*blocks, (len(old), len(new), 0)]:
        gone, come = range(i, next_i), range(j, next_j)
        if gone and come and "".join(was[i:next_i]) == "".join(now[j:next_j]):  # only its paragraphs end elsewhere
            yield from (Part(Kind.SAME, None, new[n], n + 1) for n in come)
        else:
            yield from _gap(texts, gone, come, budget)
        yield from (Part(Kind.SAME, old[next_i + n], new[next_j + n], next_j + n + 1) for n in range(size))
        i, j = next_i + size, next_j + size


def _gap(texts: _Texts, gone: range, come: range, budget: Budget) -> Iterator[Part]:
    """Yield what stands between two matches: what is gone before what came, except where they are versions of one."""
    i, j = gone.start, come.start
    pairs = _alike(texts, [n for n in gone if n not in texts.went], [n for n in come if n not in texts.came], budget)
    for next_i, next_j in [*pairs, (gone.stop, come.stop)]:
        yield from map(texts.removed, range(i, next_i))
        yield from map(texts.added, range(j, next_j))
        if next_i < gone.stop and next_j < come.stop:
            yield Part(Kind.CHANGED, texts.old[next_i], texts.new[next_j], next_j + 1)
        i, j = next_i + 1, next_j + 1


def _moved(was: Sequence[str], now: Sequence[str], blocks: Sequence[tuple[int, int, int]]) -> dict[int, int]:
    """Return which paragraphs of the earlier text that match none in order stand elsewhere in the later one."""
    kept = {i + n for i, _, size in blocks for n in range(size)}
    held = {j + n for _, j, size in blocks for n in range(size)}
    places: dict[str, list[int]] = defaultdict(list)
    for j in range(len(now) - 1, -1, -1):
        if j not in held:
            places[now[j]].append(j)
    return {i: places[text].pop() for i, text in enumerate(was) if i not in kept and places.get(text)}


def _alike(texts: _Texts, gone: Sequence[int], come: Sequence[int], budget: Budget) -> list[tuple[int, int]]:
    """Return which paragraphs are versions of one, in order: the most alike first, and none that would cross another."""
    if not gone or not come:
        return []
    budget.left -= sum(min(len(texts.old[i]), _WEIGHED) for i in gone) + sum(
        min(len(texts.new[j]), _WEIGHED) for j in come
    )
    if budget.left < 0:
        return []
    scores = _scores([texts.old[i] for i in gone], [texts.new[j] for j in come], budget)
    taken = [(-1, -1), (len(gone), len(come))]  # in order, between two bounds
    for score, n, m in sorted(scores):
        at = bisect_left(taken, (n, m))
        (x, y), (next_x, next_y) = taken[at - 1], taken[at]
        if -score >= _ALIKE and x < n < next_x and y < m < next_y:
            taken.insert(at, (n, m))
    return [(gone[n], come[m]) for n, m in taken[1:-1]]


def _scores(gone: Sequence[str], come: Sequence[str], budget: Budget) -> list[tuple[float, int, int]]:
    """Return (minus how alike, place, place) of the pairs that stand near each other; nothing if the budget ends."""
    was, now = [_weights(text) for text in gone], [_weights(text) for text in come]
    scores: list[tuple[float, int, int]] = []
    for n, one in enumerate(was):
        first, back = max(0, n - _NEAR), len(now) - len(was) + n  # counted from the beginning, and from the end
        places = {*range(first, n + _NEAR + 1), *range(back - _NEAR, back + _NEAR + 1)}
        for m in sorted(m for m in places if 0 <= m < len(now)):
            budget.left -= min(len(one), len(now[m])) + 1
            if budget.left < 0:
                return []
            scores.append((-_likeness(one, now[m]), n, m))
    return scores


def _with_crossing(parts: Sequence[Part], budget: Budget) -> Iterator[Part]:
    """Take together what was removed in one place and stands, changed, in another."""
    gone = [n for n, part in enumerate(parts) if part.kind is Kind.REMOVED]
    come = [n for n, part in enumerate(parts) if part.kind is Kind.ADDED]
    pairs: dict[int, int] = {}
    budget.left -= sum(min(len(parts[n].shown), _WEIGHED) for n in (*gone, *come))
    if gone and come and budget.left > 0:
        for score, n, m in sorted(_scores([parts[n].shown for n in gone], [parts[m].shown for m in come], budget)):
            if -score >= _ALIKE_ELSEWHERE and gone[n] not in pairs and come[m] not in pairs:
                pairs |= {gone[n]: come[m], come[m]: gone[n]}
    for n, part in enumerate(parts):
        if n in pairs:
            removed, added = (part, parts[pairs[n]]) if part.after is None else (parts[pairs[n]], part)
            yield Part(Kind.CHANGED, removed.before, added.after, part.number, left=part is removed)
        else:
            yield part


def _weights(text: str) -> Counter[str]:
    """Return the words of a text, each counting by its characters."""
    words: Counter[str] = Counter()
    for term in terms(text[:_WEIGHED], None).split(" "):
        words[term] += len(term)
    return words


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    """Return how much of two texts is the same words, 0 to 1 (Dice)."""
    small, large = sorted((one, other), key=len)
    common = sum(min(count, large[word]) for word, count in small.items())
    return 2 * common / max(one.total() + other.total(), 1)
