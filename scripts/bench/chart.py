"""A bar chart as PNG, with nothing but the standard library: for figures that say more as a picture.

Colours are few and flat, so the picture has a palette and compresses to a few kilobytes. PNG: https://www.w3.org/TR/png-3/
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PALETTE = (  # white, ink, grid, and the parts of a bar from below
    (255, 255, 255), (40, 44, 52), (222, 226, 230),
    (172, 184, 198), (70, 130, 180), (230, 159, 0), (0, 140, 110), (190, 90, 110),
)  # fmt: skip
WHITE, INK, GRID, FIRST = 0, 1, 2, 3
_SCALE = 2  # pixels of a font's dot
_LETTER = 6 * _SCALE  # width of a letter with its space
# Five columns of seven dots, the lowest bit on top; the common 5x7 dot-matrix letters.
_FONT = {
    " ": "0000000000", "%": "2313086462", "(": "001c224100", ")": "0041221c00", ",": "0050300000", "-": "0808080808",
    ".": "0060600000", "/": "2010080402", "0": "3e5149453e", "1": "00427f4000", "2": "4261514946", "3": "2141454b31",
    "4": "1814127f10", "5": "2745454539", "6": "3c4a494930", "7": "0171090503", "8": "3649494936", "9": "064949291e",
    ":": "0036360000", "A": "7e1111117e", "C": "3e41414122", "P": "7f09090906", "U": "3f4040403f", "a": "2054545478",
    "b": "7f48444438", "c": "3844444420", "d": "384444487f", "e": "3854545418", "f": "087e090102", "g": "0c5252523e",
    "h": "7f08040478", "i": "00447d4000", "j": "2040443d00", "k": "7f10284400", "l": "00417f4000", "m": "7c04180478",
    "n": "7c08040478", "o": "3844444438", "p": "7c14141408", "q": "081414187c", "r": "7c08040408", "s": "4854545420",
    "t": "043f444020", "u": "3c4040207c", "v": "1c2040201c", "w": "3c4030403c", "x": "4428102844", "y": "0c5050503c",
    "z": "4464544c44",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """What is drawn: one bar per name, of parts on top of each other."""

    title: str
    upward: str  # what the upward axis measures, with its unit
    along: str  # what the names are
    parts: Sequence[str]  # names of the parts, from below
    bars: Mapping[str, Sequence[float]]  # name -> one value per part


class _Canvas:
    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._rows = [bytearray(width) for _ in range(height)]

    def fill(self, x: int, y: int, width: int, height: int, colour: int) -> None:
        for row in self._rows[max(y, 0) : max(y + height, 0)]:
            row[x : x + width] = bytes([colour]) * len(row[x : x + width])

    def write(self, x: int, y: int, text: str) -> None:
        """Write a text from its upper left corner on; a letter that the font has not is left empty."""
        for n, letter in enumerate(text):
            for column, bits in enumerate(bytes.fromhex(_FONT.get(letter, _FONT[" "]))):
                for line in range(7):
                    if bits >> line & 1:
                        self.fill(x + n * _LETTER + column * _SCALE, y + line * _SCALE, _SCALE, _SCALE, INK)

    def png(self) -> bytes:
        """Return the picture: eight bits a pixel into a palette, no filter."""

        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 3, 0, 0, 0)
        pixels = zlib.compress(b"".join(b"\0" + bytes(row) for row in self._rows), 9)
        palette = bytes(value for colour in PALETTE for value in colour)
        return (
            b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", head)
            + chunk(b"PLTE", palette)
            + chunk(b"IDAT", pixels)
            + chunk(b"IEND", b"")
        )


def draw(wanted: Bars, *, width: int = 860, height: int = 460) -> bytes:
    """Return the chart as the bytes of a PNG file. Raises `ValueError` for more parts than there are colours."""
    if len(wanted.parts) > len(PALETTE) - FIRST:
        raise ValueError(f"{len(wanted.parts)} parts, but {len(PALETTE) - FIRST} colours")
    canvas = _Canvas(width, height)
    left, top, right, bottom = 90, 90, width - 20, height - 70
    highest = max(sum(values) for values in wanted.bars.values())
    step = next(s * 10**p for p in range(-6, 12) for s in (1, 2, 5) if s * 10**p * 6 >= highest)
    lines = int(highest * 1.08 / step) + 1  # room for the number on the highest bar
    canvas.write(20, 14, wanted.title)
    canvas.write(20, 42, wanted.upward)
    canvas.write(left + (right - left - len(wanted.along) * _LETTER) // 2, height - 26, wanted.along)
    for n in range(lines + 1):
        y = bottom - (bottom - top) * n // lines
        canvas.fill(left, y, right - left, 2 if n == 0 else 1, INK if n == 0 else GRID)
        label = f"{n * step:g}"
        canvas.write(left - 12 - len(label) * _LETTER, y - 7, label)
    x = left
    for n, name in enumerate(wanted.parts):
        canvas.fill(x, 68, 14, 14, FIRST + n)
        canvas.write(x + 20, 68, name)
        x += 44 + len(name) * _LETTER
    room = (right - left) // len(wanted.bars)
    for n, (name, values) in enumerate(wanted.bars.items()):
        x, y, sofar = left + n * room + room // 4, bottom, 0.0
        for part, value in enumerate(values):
            sofar += value
            high = bottom - round((bottom - top) * sofar / (lines * step))
            canvas.fill(x, high, room // 2, y - high, FIRST + part)
            y = high
        said = f"{sofar:.3g}"
        canvas.write(x + (room // 2 - len(said) * _LETTER) // 2, y - 20, said)
        canvas.write(x + (room // 2 - len(name) * _LETTER) // 2, bottom + 10, name)
    return canvas.png()


def save(path: Path, wanted: Bars) -> None:
    """Write the chart to a file, whose folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(draw(wanted))
