"""Segments that were kept, as blocks: paragraphs, headings, lists, quotations, tables and code, plain and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from archive.extract.blocks import Block, escape, wrap
from archive.extract.document import squeeze
from archive.extract.segment import BREAK, Place, Segment

_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "code": "`", "tt": "`", "kbd": "`", "samp": "`"}
_HEADS = {f"h{n}": n for n in range(1, 7)}
_ITEMS = frozenset({"li", "dd", "dt"})
_LISTS = frozenset({"ul", "ol", "dl", "menu"})
_CELLS = frozenset({"td", "th"})
_MAX_DEPTH = 40  # nested inline elements; deeper they are plain text
_SHORT_CELL = 200  # characters; a table with longer cells is layout, and its cells are paragraphs
_INDENT = "  "


def blocks_of(kept: Sequence[Segment]) -> list[Block]:
    """Return the blocks of these segments, which are in the page's order."""
    out: list[Block] = []
    for (kind, _), group in groupby(kept, _group):
        members = list(group)
        if kind == "list":
            out.append(_list(members))
        elif kind == "table":
            out.extend(_table(members))
        elif kind == "code":
            out.append(_code(members))
        else:
            out.extend(_single(kind, s) for s in members)
    return [b for b in out if b.text]


def _group(segment: Segment) -> tuple[str, int]:
    """Return what kind of block a segment belongs to, and which one."""
    place = segment.place
    if place.tag in _HEADS:
        return "head", 0
    if "pre" in place.tags and (pre := _above(place, frozenset({"pre"}))):
        return "code", id(pre)
    if (table := _above(place, frozenset({"table"}))) is not None and _above(place, _CELLS) is not None:
        return "table", id(table)
    item = place if place.tag in _ITEMS else place.parent
    if item is not None and item.tag in _ITEMS:
        return "list", id(_outermost(item))
    if "blockquote" in place.tags:
        return "quote", 0
    return "p", 0


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


def _single(kind: str, segment: Segment) -> Block:
    text = segment.text.replace(BREAK, "\n")
    if kind == "head":
        level = _HEADS[segment.place.tag]
        return Block("head", squeeze(text), f"{'#' * level} {squeeze(markdown(segment.run))}", level)
    marked = _lines(markdown(segment.run)).replace("\n", "  \n")
    if kind == "quote":
        return Block("quote", text, "\n".join(f"> {line}".rstrip() for line in marked.split("\n")))
    return Block("p", text, marked)


def _list(members: Sequence[Segment]) -> Block:
    plain: list[str] = []
    marked: list[str] = []
    numbers: dict[int, int] = {}
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
        depth = _nesting(box)
        bullet = "-"
        if box is not None and box.tag == "ol":
            numbers[id(box)] = numbers.get(id(box), 0) + 1
            bullet = f"{numbers[id(box)]}."
        plain.append(f"{_INDENT * depth}{bullet} {text}")
        marked.append(f"{_INDENT * depth}{bullet} {mark}")
    return Block("list", "\n".join(plain), "\n".join(marked))


def _nesting(box: Place | None) -> int:
    depth = -1
    while box is not None and (box.tag in _LISTS or box.tag in _ITEMS):
        depth += box.tag in _LISTS
        box = box.parent
    return min(max(depth, 0), 6)


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
        yield from (_single("p", s) for s in members)
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
    return Block("code", text.strip(), f"```\n{text}\n```")


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
    parts = [_escaped(element.text or "")]
    for child in element:
        parts.append(_inline(child, depth + 1))
        parts.append(_escaped(child.tail or ""))
    return wrap("".join(parts), _MARKS.get(element.tag, ""))


def _escaped(text: str) -> str:
    return BREAK.join(escape(line) for line in re.split(BREAK, text)) if text else ""
