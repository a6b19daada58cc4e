"""readability-lxml: text and title; it knows neither dates nor authors."""

from __future__ import annotations

from typing import Any

from lxml import html
from readability import Document
from serve import decode

_INLINE = frozenset(
    {
        "a", "abbr", "b", "bdi", "cite", "code", "em", "font", "i", "mark", "q", "s", "small", "span", "strong", "sub",
        "sup", "time", "u",
    }
)  # fmt: skip


def read(body: bytes, url: str) -> dict[str, Any]:
    """Return the summary's text, a line for each block, and the title."""
    document = Document(decode(body), url=url)
    tree = html.fromstring(document.summary(html_partial=True))
    parts: list[str] = []
    for event, element in html.etree.iterwalk(tree, events=("start", "end")):
        if not isinstance(element.tag, str):
            continue
        if element.tag not in _INLINE:
            parts.append("\n")
        parts.append((element.text if event == "start" else element.tail if element is not tree else "") or "")
    return {"title": document.short_title(), "text": "".join(parts)}
