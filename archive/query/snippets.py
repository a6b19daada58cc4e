"""The piece of an article to show for a search, with the words marked. Pure.

FTS5's own snippet() would show the index's stems. Here the article's own text is cut, and marked where its terms are
those asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from archive.query.words import Wanted
from archive.terms import composed, places

_WIDTH = 240  # characters
_LEAD = 60  # characters before the first mark
_SCANNED = 200_000  # characters of a text that are looked at
_MARKS = 500


@dataclass(frozen=True, slots=True)
class Marked:
    """A text, and where in it the words asked for stand: (start, end) in characters, in order, not overlapping."""

    text: str
    marks: tuple[tuple[int, int], ...] = ()

    def with_marks(self, before: str, after: str) -> str:
        """Return the text with `before` and `after` around each mark (the text itself is not escaped)."""
        parts, at = [], 0
        for start, end in self.marks:
            parts += [self.text[at:start], before, self.text[start:end], after]
            at = end
        return "".join([*parts, self.text[at:]])


def mark(text: str, language: str | None, wanted: Wanted) -> Marked:
    """Return the whole text with its marks."""
    text = composed(text)
    return Marked(text, tuple(_found(text, language, wanted)))


def snippet(text: str, language: str | None, wanted: Wanted, *, width: int = _WIDTH) -> Marked:
    """Return about `width` characters around the most different words asked for, on one line; `…` where cut."""
    text = composed(text[:_SCANNED])
    found = _found(text, language, wanted)
    start = _best_start(text, found, width)
    end = min(len(text), start + width)
    if end < len(text):
        space = text.rfind(" ", start + width // 2, end)
        end = space if space > 0 else end
    left, right = "… " if start > 0 else "", " …" if end < len(text) else ""
    piece = "".join(" " if char.isspace() else char for char in text[start:end])
    shift = len(left) - start
    marks = tuple((a + shift, b + shift) for a, b in found if a >= start and b <= end)
    return Marked(left + piece + right, marks)


def _found(text: str, language: str | None, wanted: Wanted) -> list[tuple[int, int]]:
    if not wanted.terms and not wanted.prefixes:
        return []
    found: list[tuple[int, int]] = []
    for start, end in islice(places(text, language, wanted.matches, wanted.known), _MARKS):
        if found and start < found[-1][1]:  # overlapping pairs of a script without spaces
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _best_start(text: str, found: list[tuple[int, int]], width: int) -> int:
    """Return where to cut: before the place from which most different words follow within the width."""
    best, best_at = 0, 0
    for number, (start, _) in enumerate(found):
        words = {text[a:b].casefold() for a, b in found[number : number + 30] if b <= start + width - _LEAD}
        if len(words) > best:
            best, best_at = len(words), start
    if best_at <= _LEAD:
        return 0
    space = text.find(" ", best_at - _LEAD, best_at)
    return space + 1 if space >= 0 else best_at - min(_LEAD, 20)
