"""What changed between two versions of one paragraph, word by word; by the character in scripts without spaces. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from archive.dedupe.words import as_read
from archive.diffing.matching import Budget, matches
from archive.terms import MARKS

# Han, kana, Thai, Lao, Burmese, Khmer. Korean is written with spaces: a change there is one of words.
_ALONE = "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u1000-\u1049\u1050-\u109f\u1780-\u17d3\u3005-\u3007\u3041-\u30ff"
_ALONE += "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LETTER = f"(?:[^\\W{_ALONE}]|[{MARKS}])"
_TOKEN = re.compile(
    f"{_LETTER}+(?:[.,:'\u2019\u00ad-](?={_LETTER}){_LETTER}+)*\\s*"  # 3.5, 10:30, it's, well-known: one word
    f"|[{_ALONE}][{MARKS}]*\\s*|[^\\w\\s]\\s*|\\s+|."
)
_ISLAND = 2  # equal words between two changes that say nothing by themselves


class Op(StrEnum):
    """What became of a stretch of text."""

    EQUAL = "equal"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text. What is equal is spelled as in the later version."""

    op: Op
    text: str


def tokens(text: str) -> list[str]:
    """Return the words and marks of a text, each with the white space after it: joined they are the text.

    >>> tokens("It's 3.5% of 東京, no?")
    ["It's ", '3.5', '% ', 'of ', '東', '京', ', ', 'no', '?']
    """
    return _TOKEN.findall(text)


def word_changes(before: str, after: str, budget: Budget | None = None) -> tuple[Span, ...]:
    """Return one version turned into the other: what is equal or removed reads as `before`, equal or added is `after`.

    Neighbours differ in `op`; where something was replaced, what was removed comes first. What a reader does not see
    (`archive.dedupe.words.as_read`) is no change.
    """
    if before == after:
        return (Span(Op.EQUAL, after),) if after else ()
    old, new = tokens(before), tokens(after)
    keys = {token: as_read(token) for token in {*old, *new}}
    blocks = matches([keys[t] for t in old], [keys[t] for t in new], budget or Budget())
    return tuple(_joined(_spans(old, new, _without_islands(blocks, keys, old, new))))


def share_kept(spans: Sequence[Span]) -> float:
    """Return how much of the longer version stands in both, 0 to 1, by characters."""
    sizes = dict.fromkeys(Op, 0)
    for span in spans:
        sizes[span.op] += len(span.text)
    return sizes[Op.EQUAL] / max(sizes[Op.EQUAL] + max(sizes[Op.REMOVED], sizes[Op.ADDED]), 1)


def _without_islands(
    blocks: Sequence[tuple[int, int, int]], keys: dict[str, str], old: Sequence[str], new: Sequence[str]
) -> list[tuple[int, int, int]]:
    """Leave out equal words that stand alone between longer changes: [-a-]{+b+} the [-c-]{+d+} reads worse than one change."""
    left: list[tuple[int, int, int]] = []
    for n, (i, j, size) in enumerate(blocks):
        at_i, at_j = (left[-1][0] + left[-1][2], left[-1][1] + left[-1][2]) if left else (0, 0)
        next_i, next_j = blocks[n + 1][:2] if n + 1 < len(blocks) else (len(old), len(new))
        inner = at_i < i or at_j < j
        outer = next_i > i + size or next_j > j + size
        words = sum(any(c.isalnum() for c in keys[token]) for token in new[j : j + size])
        before = min(i - at_i, j - at_j)  # words that were replaced, not only added or removed
        after = min(next_i - i - size, next_j - j - size)
        if inner and outer and words <= _ISLAND and min(before, after) > size:
            continue
        left.append((i, j, size))
    return left


def _spans(old: Sequence[str], new: Sequence[str], blocks: Sequence[tuple[int, int, int]]) -> Iterator[Span]:
    i = j = 0
    gap = ""  # white space that the last equal word had before and has no more: it goes with what followed it
    for next_i, next_j, size in [*blocks, (len(old), len(new), 0)]:
        gone, come = "".join(old[i:next_i]), "".join(new[j:next_j])
        gone = gap + gone if gone else ""
        if as_read(gone) == as_read(come):  # "N a" and "Na": other tokens, the same to read
            yield Span(Op.EQUAL, come)
        else:
            yield Span(Op.REMOVED, gone)
            yield Span(Op.ADDED, come)
        yield Span(Op.EQUAL, "".join(new[next_j : next_j + size]))
        i, j = next_i + size, next_j + size
        gap = _end(old[i - 1]) if size and not _end(new[j - 1]) else ""


def _end(token: str) -> str:
    return token[len(token.rstrip()) :]


def _joined(spans: Iterator[Span]) -> Iterator[Span]:
    for op, group in groupby((span for span in spans if span.text), lambda span: span.op):
        yield Span(op, "".join(span.text for span in group))
