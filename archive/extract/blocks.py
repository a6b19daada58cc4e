"""A block of an article is what a reader sees as one: a paragraph, a heading, a list, a quotation, a table, a piece of code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

_SPECIAL = re.compile(r"([\\`*_\[\]<])")
# What CommonMark 0.31 takes for the start of a block: headings, lists, quotations, rules and fences (sections 4 and 5).
_LEADING = re.compile(r"^(\s*)(?=#{1,6}(?:\s|$)|[+-](?:\s|$)|>|~~~|-[- ]*$|=+\s*$)|^(\s*\d{1,9})(?=[.)](?:\s|$))")
_ENTITY = re.compile(r"&(?=#?\w{1,32};)")  # section 6.2
_TICKS = re.compile("`+")
_EDGE = " \n\t\r\u00a0\u2028"


@dataclass(frozen=True, slots=True)
class Block:
    """One block of an article."""

    kind: str  # p, head, list, quote, code, table
    text: str  # plain; line breaks inside are the article's own
    markdown: str
    level: int = 0  # of a heading, 1 to 6


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
    marked = _ENTITY.sub(r"\\&", _SPECIAL.sub(r"\\\1", text))
    return _LEADING.sub(lambda m: f"{m[1] or m[2] or ''}\\", marked)


def wrap(text: str, mark: str) -> str:
    """Put emphasis around text; CommonMark wants it next to the words, not next to spaces."""
    core = text.strip(_EDGE)
    if not mark or not core or "\u2028" in core:
        return text
    start = text.index(core)
    return f"{text[:start]}{mark}{core}{mark}{text[start + len(core) :]}"


def code_span(text: str) -> str:
    r"""Return text as code within a line; nothing in it is Markdown (CommonMark 0.31, section 6.1).

    >>> code_span("a`b"), code_span(" C:\\dir ")
    ('``a`b``', ' `C:\\dir` ')
    """
    core = text.strip(_EDGE)
    ticks = "`" * _beyond(core, 1)
    pad = " " if core[:1] == "`" or core[-1:] == "`" else ""
    return wrap(text, "`") if ticks == "`" else text.replace(core, f"{ticks}{pad}{core}{pad}{ticks}")


def fence(text: str) -> str:
    """Return text as a block of code, between longer rows of backticks than it holds."""
    ticks = "`" * _beyond(text, 3)
    return f"{ticks}\n{text}\n{ticks}"


def _beyond(text: str, least: int) -> int:
    """Return how many backticks no run of them in a text has, at least so many."""
    return max(least, max((len(run) + 1 for run in _TICKS.findall(text)), default=0))
