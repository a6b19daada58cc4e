"""A block of an article is what a reader sees as one: a paragraph, a heading, a list, a quotation, a table, a piece of code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

_SPECIAL = re.compile(r"([\\`*_\[\]<])")
_LEADING = re.compile(r"^(\s*)([#>+-]|\d{1,9}[.)])(?=\s)")
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
    return _LEADING.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", text))


def wrap(text: str, mark: str) -> str:
    """Put emphasis around text; CommonMark wants it next to the words, not next to spaces."""
    core = text.strip(_EDGE)
    if not mark or not core or "\u2028" in core:
        return text
    if mark == "`":
        core = core.replace("\\", "")
    start = text.index(core) if mark != "`" else len(text) - len(text.lstrip())
    end = len(text) - len(text.rstrip(_EDGE))
    return f"{text[:start]}{mark}{core}{mark}{text[len(text) - end :] if end else ''}"
