"""trafilatura's body tree as blocks: the one form from which both text and Markdown are made.

A block is what a reader sees as one: a paragraph, a heading, a list, a quotation, a table, a piece of code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from archive.extract.document import Element, squeeze

_MAX_DEPTH = 60
_BREAK = "\x01"  # stands for a line break until white space is folded
_PARAGRAPH = "\x02"
_BLOCKS = frozenset({"p", "head", "list", "quote", "code", "table", "div", "item", "row", "cell"})
_MARKS = {"#b": "**", "#i": "*", "#t": "`"}
_SPECIAL = re.compile(r"([\\`*_\[\]<])")
_LEADING = re.compile(r"^(\s*)([#>+-]|\d{1,9}[.)])(?=\s)")
_SPACES = re.compile(r"[^\S\x01\x02]+")
_RUN = re.compile(r" ?\x01[\x01 ]*\x01 ?| ?\x02[\x01\x02 ]*")


@dataclass(frozen=True, slots=True)
class Block:
    """One block of an article."""

    kind: str  # p, head, list, quote, code, table
    text: str  # plain; line breaks inside are the article's own
    markdown: str
    level: int = 0  # of a heading, 1 to 6


def blocks(body: Element) -> list[Block]:
    """Return the blocks of a trafilatura body, in order. The tree is not changed."""
    out: list[Block] = []
    _container(body, out, 0)
    return [b for b in out if b.text]


def text_of(parts: Iterable[Block]) -> str:
    """Return plain text, blocks separated by a blank line."""
    return "\n\n".join(b.text for b in parts)


def markdown_of(parts: Iterable[Block]) -> str:
    """Return CommonMark, blocks separated by a blank line."""
    return "\n\n".join(b.markdown for b in parts)


def with_text(block: Block, text: str) -> Block:
    """Return this block with another text, as plain Markdown."""
    return replace(block, text=text, markdown=escape(text))


def escape(text: str) -> str:
    """Return plain text so that Markdown shows it as it is."""
    return _LEADING.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", text))


def _container(element: Element, out: list[Block], depth: int) -> None:
    """Blocks of an element that holds other blocks; loose text between them becomes paragraphs."""
    plain: list[str] = [element.text or ""]
    marked: list[str] = [escape(element.text or "")]

    def flush() -> None:
        out.extend(_paragraphs("".join(plain), "".join(marked)))
        plain.clear()
        marked.clear()

    for child in element:
        if child.tag in _BLOCKS and depth < _MAX_DEPTH:
            flush()
            _block(child, out, depth + 1)
        else:
            _inline(child, plain, marked, depth + 1)
        tail = child.tail or ""
        plain.append(tail)
        marked.append(escape(tail))
    flush()


def _block(element: Element, out: list[Block], depth: int) -> None:
    tag = element.tag
    if tag == "head":
        out.extend(_heading(element, depth))
    elif tag == "list":
        out.extend(_list(element, depth))
    elif tag == "table":
        out.extend(_table(element, depth))
    elif tag == "quote":
        inner: list[Block] = []
        _container(element, inner, depth)
        out.extend(
            Block("quote", b.text, "\n".join(f"> {line}".rstrip() for line in b.markdown.split("\n")))
            for b in inner
            if b.text
        )
    elif tag == "code":
        text = "".join(element.itertext()).strip("\n")
        out.append(Block("code", text.strip(), f"```\n{text}\n```"))
    else:
        _container(element, out, depth)


def _heading(element: Element, depth: int) -> Iterator[Block]:
    plain, marked = _line(element, depth)
    rend = element.get("rend") or "h2"
    level = int(rend[1]) if len(rend) > 1 and rend[1].isdigit() else 2
    level = min(max(level, 1), 6)
    if plain:
        yield Block("head", plain, f"{'#' * level} {marked}", level)


def _list(element: Element, depth: int) -> Iterator[Block]:
    ordered = element.get("rend") == "ol"
    plain: list[str] = []
    marked: list[str] = []
    for item in element:
        if item.tag in {"item", "list"}:
            text, mark = _line(item, depth)
            if text:
                bullet = f"{len(plain) + 1}." if ordered else "-"
                plain.append(f"{bullet} {text}")
                marked.append(f"{bullet} {mark}")
    if plain:
        yield Block("list", "\n".join(plain), "\n".join(marked))


def _table(element: Element, depth: int) -> Iterator[Block]:
    rows: list[list[tuple[str, str]]] = []
    for row in element.iter("row"):
        cells = [_line(cell, depth) for cell in row if cell.tag == "cell"]
        if any(text for text, _ in cells):
            rows.append(cells)
    if not rows:
        return
    width = max(len(r) for r in rows)
    if width == 1:  # a layout table: its cells are paragraphs
        yield from (Block("p", text, mark) for ((text, mark),) in rows)
        return
    plain = "\n".join(" | ".join(text for text, _ in row if text) for row in rows)
    lines = [
        "| " + " | ".join([m.replace("|", "\\|") for _, m in row] + [""] * (width - len(row))) + " |" for row in rows
    ]
    lines.insert(1, "|" + " --- |" * width)
    yield Block("table", plain, "\n".join(lines))


def _line(element: Element, depth: int) -> tuple[str, str]:
    """Return an element's text on one line, plain and marked."""
    plain: list[str] = [element.text or ""]
    marked: list[str] = [escape(element.text or "")]
    for child in element:
        if child.tag in _BLOCKS:
            plain.append(" ")
            marked.append(" ")
        _inline(child, plain, marked, depth + 1)
        plain.append((" " if child.tag in _BLOCKS else "") + (child.tail or ""))
        marked.append((" " if child.tag in _BLOCKS else "") + escape(child.tail or ""))
    return tuple(squeeze(re.sub("[\x01\x02]", " ", "".join(x))) for x in (plain, marked))  # type: ignore[return-value]  # two


def _inline(element: Element, plain: list[str], marked: list[str], depth: int) -> None:
    tag = element.tag
    if tag in {"lb", "br"}:
        plain.append(_BREAK)
        marked.append(_BREAK)
        return
    if tag == "graphic" or not isinstance(tag, str):
        return
    if depth > _MAX_DEPTH:
        text = "".join(element.itertext())
        plain.append(text)
        marked.append(escape(text))
        return
    inner_plain: list[str] = [element.text or ""]
    inner_marked: list[str] = [escape(element.text or "")]
    for child in element:
        if child.tag in _BLOCKS:
            inner_plain.append(_PARAGRAPH)
            inner_marked.append(_PARAGRAPH)
        _inline(child, inner_plain, inner_marked, depth + 1)
        inner_plain.append((_PARAGRAPH if child.tag in _BLOCKS else "") + (child.tail or ""))
        inner_marked.append((_PARAGRAPH if child.tag in _BLOCKS else "") + escape(child.tail or ""))
    plain.extend(inner_plain)
    marked.append(wrap("".join(inner_marked), _MARKS.get(element.get("rend") or "", "") if tag == "hi" else ""))


def wrap(text: str, mark: str) -> str:
    """Put emphasis around text; CommonMark wants it next to the words, not next to spaces."""
    core = text.strip(" \n\t\r\x01\x02\u00a0")
    if not mark or not core or "\x02" in core or "\x01" in core:
        return text
    if mark == "`":
        core = core.replace("\\", "")
    start = text.index(core) if mark != "`" else len(text) - len(text.lstrip())
    end = len(text) - len(text.rstrip(" \n\t\r\x01\x02\u00a0"))
    return f"{text[:start]}{mark}{core}{mark}{text[len(text) - end :] if end else ''}"


def _paragraphs(plain: str, marked: str) -> Iterator[Block]:
    """Split loose text at double line breaks; a single one stays a line break."""
    texts = [_lines(p) for p in _RUN.split(_SPACES.sub(" ", plain))]
    marks = [_lines(p) for p in _RUN.split(_SPACES.sub(" ", marked))]
    if len(texts) != len(marks):
        marks = [escape(t) for t in texts]
    for text, mark in zip(texts, marks, strict=True):
        if text:
            yield Block("p", text, mark.replace("\n", "  \n"))


def _lines(text: str) -> str:
    return "\n".join(line for line in (part.strip() for part in text.split(_BREAK)) if line)
