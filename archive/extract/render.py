"""Segments that were kept, as blocks: paragraphs, headings, lists, quotations, tables and code, plain and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from archive.extract.blocks import Block, code_span, escape, fence, wrap
from archive.extract.document import squeeze
from archive.extract.segment import BREAK, Place, Segment

_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*"}
_CODE = frozenset({"code", "tt", "kbd", "samp"})
_HEADS = {f"h{n}": n for n in range(1, 7)}
_ITEMS = frozenset({"li", "dd", "dt"})
_LISTS = frozenset({"ul", "ol", "dl", "menu"})
_CELLS = frozenset({"td", "th"})
_MAX_DEPTH = 40  # nested inline elements; deeper they are plain text
_SHORT_CELL = 200  # characters; a table with longer cells is layout, and its cells are paragraphs
_LONG_HEAD = 200  # characters; longer text in an element of a heading is what follows a heading that was not closed
_INDENT = "  "
_INDENT_NUMBERED = "    "  # CommonMark wants what belongs to "10. " four characters in
_DEEPEST = 6  # levels of a list that are shown


def blocks_of(kept: Sequence[Segment]) -> list[Block]:
    """Return the blocks of these segments, which are in the page's order."""
    return [b for b in _grouped(kept, _group) if b.text]


def _grouped(kept: Sequence[Segment], group: Callable[[Segment], tuple[str, int]]) -> Iterator[Block]:
    for (kind, which), members in groupby(kept, group):
        if kind == "list":
            yield _list(list(members))
        elif kind == "table":
            yield from _table(list(members))
        elif kind == "code":
            yield _code(list(members))
        else:
            yield from (_single(kind, s, which) for s in members)


def _group(segment: Segment) -> tuple[str, int]:
    """Return what kind of block a segment belongs to, and which one (a heading: its level)."""
    place = segment.place
    if not _level(segment) and "table" in place.tags and "pre" not in place.tags and not place.tags.isdisjoint(_CELLS):
        return "table", id(_above(place, frozenset({"table"})))
    return _group_in_cell(segment)


def _group_in_cell(segment: Segment) -> tuple[str, int]:
    """Return the same where tables are nothing but layout."""
    place = segment.place
    if level := _level(segment):
        return "head", level
    if "pre" in place.tags and (pre := _above(place, frozenset({"pre"}))):
        return "code", id(pre)
    item = place if place.tag in _ITEMS else place.parent
    if item is not None and item.tag in _ITEMS:
        return "list", id(_outermost(item))
    if "blockquote" in place.tags:
        return "quote", 0
    return "p", 0


def _level(segment: Segment) -> int:
    """Return the level of the heading that a segment is, 0 for none. `<h2><div>` is one, unless it is never closed."""
    place = segment.place
    if place.tag in _HEADS or place.parent is None or len(segment.text) > _LONG_HEAD or place.tag == "p":
        return _HEADS.get(place.tag, 0)
    return _HEADS.get(place.parent.tag, 0)


def _above(place: Place, tags: frozenset[str]) -> Place | None:
    at: Place | None = place
    while at is not None and at.tag not in tags:
        at = at.parent
    return at


def _outermost(place: Place) -> Place:
    """Return the outermost list that this item is part of, through items and lists alone."""
    top = place
    at = place.parent
    while at is not None and (at.tag in _ITEMS or at.tag in _LISTS):
        top = at
        at = at.parent
    return top


def _single(kind: str, segment: Segment, level: int) -> Block:
    text = segment.text.replace(BREAK, "\n")
    if kind == "head":
        return Block("head", squeeze(text), f"{'#' * level} {squeeze(markdown(segment.run))}", level)
    marked = _lines(markdown(segment.run)).replace("\n", "  \n")
    if kind == "quote":
        return Block("quote", text, "\n".join(f"> {line}".rstrip() for line in marked.split("\n")))
    return Block("p", text, marked)


def _list(members: Sequence[Segment]) -> Block:
    plain: list[str] = []
    marked: list[str] = []
    numbers: dict[int, int] = {}
    known: set[int] = set()
    last: Place | None = None
    for segment in members:
        item = _above(segment.place, _ITEMS)
        text, mark = squeeze(segment.text), squeeze(markdown(segment.run).replace(BREAK, " "))
        if item is not None and item is last:  # a second paragraph of the same item
            plain[-1] += f" {text}"
            marked[-1] += f" {mark}"
            continue
        last = item
        box = _above(item, _LISTS) if item else None
        boxes = _boxes(box)
        bullet = "- "
        if id(item) in known:  # it goes on after a list inside it
            bullet = _INDENT
        elif box is not None and box.tag == "ol":
            numbers[id(box)] = numbers.get(id(box), 0) + 1
            bullet = f"{numbers[id(box)]}. "
        known.add(id(item))
        plain.append(f"{_INDENT * len(boxes)}{bullet}{text}")
        marked.append(f"{''.join(_INDENT_NUMBERED if b.tag == 'ol' else _INDENT for b in boxes)}{bullet}{mark}")
    return Block("list", "\n".join(plain), "\n".join(marked))


def _boxes(box: Place | None) -> list[Place]:
    """Return the lists around a list, through items and lists alone, the nearest ones."""
    found: list[Place] = []
    at = box.parent if box else None
    while at is not None and (at.tag in _LISTS or at.tag in _ITEMS) and len(found) < _DEEPEST:
        if at.tag in _LISTS:
            found.append(at)
        at = at.parent
    return found


def _table(members: Sequence[Segment]) -> Iterator[Block]:
    rows: list[list[list[Segment]]] = []
    last_row: Place | None = None
    last_cell: Place | None = None
    for segment in members:
        cell = _above(segment.place, _CELLS)
        row = _above(segment.place, frozenset({"tr"}))
        if row is not last_row or not rows:
            rows.append([])
        if row is not last_row or cell is not last_cell or not rows[-1]:
            rows[-1].append([])
        rows[-1][-1].append(segment)
        last_row, last_cell = row, cell
    width = max(len(r) for r in rows)
    long = any(len(s.text) > _SHORT_CELL for s in members)
    if width == 1 or long or len(rows) == 1:
        yield from _grouped(members, _group_in_cell)
        return
    texts = [[" ".join(squeeze(s.text) for s in cell) for cell in row] for row in rows]
    marks = [[" ".join(squeeze(markdown(s.run).replace(BREAK, " ")) for s in cell) for cell in row] for row in rows]
    lines = [
        "| " + " | ".join([m.replace("|", "\\|") for m in row] + [""] * (width - len(row))) + " |" for row in marks
    ]
    lines.insert(1, "|" + " --- |" * width)
    yield Block("table", "\n".join(" | ".join(row) for row in texts), "\n".join(lines))


def _code(members: Sequence[Segment]) -> Block:
    text = "\n".join(_raw(s.run) for s in members).replace(BREAK, "\n").strip("\n")
    return Block("code", text.strip(), fence(text.rstrip()))


def _raw(run: Sequence[Any]) -> str:
    return "".join(part if isinstance(part, str) else "".join(part.itertext()) for part in run)


def _lines(marked: str) -> str:
    lines = (" ".join(line.split()) for line in marked.split(BREAK))
    return "\n".join(line for line in lines if line)


def markdown(run: Sequence[Any]) -> str:
    """Return a run as Markdown, line breaks as BREAK; white space is not folded yet."""
    return "".join(_escaped(part) if isinstance(part, str) else _inline(part, 0) for part in run)


def _inline(element: Any, depth: int) -> str:
    if not isinstance(element.tag, str):
        return ""
    if depth > _MAX_DEPTH:
        return _escaped("".join(element.itertext()))
    if element.tag in _CODE:
        text = "".join(element.itertext())
        return code_span(text) if text.strip() and BREAK not in text else _escaped(text)
    parts = [_escaped(element.text or "")]
    for child in element:
        parts.append(_inline(child, depth + 1))
        parts.append(_escaped(child.tail or ""))
    return wrap("".join(parts), _MARKS.get(element.tag, ""))


def _escaped(text: str) -> str:
    return BREAK.join(escape(line) for line in re.split(BREAK, text)) if text else ""
