"""What other extractors, and the page itself, take for the article: witnesses that a segment can be held against.

A witness gives a text; a segment is believed as far as its own text stands in it. Compared are characters without
white space and case, so that line breaks and inline markup do not matter.
"""

from __future__ import annotations

_SHORT = 24  # squeezed characters; a shorter text is found by chance, so its whole line must be there
_PART = 40  # squeezed characters of a part that is looked for when the whole is not found


def squash(text: str) -> str:
    """Return text without white space, lower case."""
    return "".join(text.split()).lower()


class Witness:
    """One text, to be asked how much of a segment it holds."""

    def __init__(self, text: str) -> None:
        self.size = len(text)
        self._all = squash(text)
        self._lines = frozenset(squash(line) for line in text.splitlines()) if text else frozenset()

    def holds(self, squashed: str) -> float:
        """Return how much of a squashed segment stands in the text, 0 to 1."""
        if not squashed or not self._all:
            return 0.0
        if len(squashed) < _SHORT:
            return float(squashed in self._lines)
        if squashed in self._all:
            return 1.0
        if len(squashed) <= _PART:
            return 0.0
        parts = max(2, min(len(squashed) // _PART, 8))
        step = len(squashed) / parts
        size = min(_PART, int(step))
        return sum(squashed[int(n * step) : int(n * step) + size] in self._all for n in range(parts)) / (parts + 1)
