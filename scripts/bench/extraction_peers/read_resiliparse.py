"""resiliparse's main content: text and title; it knows neither dates nor authors."""

from __future__ import annotations

from typing import Any

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import detect_encoding
from resiliparse.parse.html import HTMLTree


def read(body: bytes, url: str) -> dict[str, Any]:  # noqa: ARG001 - every reader is asked alike
    """Return the main content as plain text, and the title tag."""
    tree = HTMLTree.parse_from_bytes(body, detect_encoding(body))
    return {"title": tree.title, "text": extract_plain_text(tree, main_content=True, alt_texts=False)}
