"""Numbers as a row of blocks in a terminal, and tables of fixed width. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from archive.console import cut

BLOCKS = "▁▂▃▄▅▆▇█"
NONE = "·"


def spark(numbers: Sequence[int], width: int | None = None) -> str:
    """Return a character for each number, its height by the largest; `width`: at most so many, neighbours added up.

    A number that is not 0 is never drawn as none.

    >>> spark([0, 1, 4, 8]), spark([1, 1, 4, 4], width=2)
    ('·▁▄█', '▂█')
    """
    numbers = gathered(numbers, width)
    top = max(numbers, default=0)
    return "".join(BLOCKS[max(0, -(-number * len(BLOCKS) // top) - 1)] if number else NONE for number in numbers)


def gathered(numbers: Sequence[int], width: int | None) -> list[int]:
    """Return at most `width` numbers: sums of neighbours, as many in each; the first may have fewer.

    >>> gathered([1, 2, 3, 4, 5], 3)
    [1, 5, 9]
    """
    if width is None or len(numbers) <= max(1, width):
        return list(numbers)
    step = -(-len(numbers) // max(1, width))
    first = len(numbers) % step or step
    ends = range(first, len(numbers) + 1, step)
    return [sum(numbers[max(0, end - step) : end]) for end in ends]


def drawable(encoding: str | None) -> bool:
    """Tell whether an encoding has the blocks.

    >>> drawable("utf-8"), drawable("latin-1"), drawable(None)
    (True, False, False)
    """
    try:
        (BLOCKS + NONE).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def columns(rows: Sequence[Sequence[str]], *, right: Sequence[bool], most: int | None = None) -> list[str]:
    """Return rows as lines with their cells below each other; `right`: which stand on the right; `most`: cells of the first.

    >>> columns([("paper", "7"), ("a", "12")], right=(False, True))
    ['paper   7', 'a      12']
    """
    from rich.cells import cell_len

    shown = [[cut(row[0], most) if most else row[0], *row[1:]] for row in rows]
    widths = [max(cell_len(row[at]) for row in shown) for at in range(len(right))] if shown else []
    lines = []
    for row in shown:
        cells = []
        for cell, width, on_right in zip(row, widths, right, strict=True):
            gap = " " * (width - cell_len(cell))
            cells.append(gap + cell if on_right else cell + gap)
        lines.append("  ".join(cells).rstrip())
    return lines
