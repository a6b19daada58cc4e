"""What a page needs to look like itself: references of HTML pages and style sheets. Pure, and without any request.

    from archive.assets import by_need, needed_by

    by_need(needed_by(page, url="https://paper.example/a", content_type="text/html"))

The crawler asks for them (`assets = "page"` in sources.toml), an export finds with them what belongs to a page. Loads
lxml: to be imported where it is needed.
"""

from __future__ import annotations

from archive.assets.css import css_refs
from archive.assets.html import html_refs
from archive.assets.refs import Kind, Ref, by_need

__all__ = ["Kind", "Ref", "by_need", "css_refs", "html_refs", "is_style_sheet", "needed_by"]

_PAGES = frozenset({"text/html", "application/xhtml+xml", ""})
_STYLES = frozenset({"text/css"})


def is_style_sheet(content_type: str) -> bool:
    """Return whether a document of this type names further files as a style sheet does."""
    return _kind(content_type) in _STYLES


def needed_by(body: bytes, *, url: str, content_type: str) -> tuple[Ref, ...]:
    """Return what a page or a style sheet names; nothing for anything else. `content_type`: the header's value.

    `body`: without codings. Never raises on what a server sent.
    """
    kind = _kind(content_type)
    if kind in _STYLES:
        return css_refs(_text(body), url)
    return html_refs(body, url, content_type) if kind in _PAGES else ()


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _text(body: bytes) -> str:
    """Return a sheet's characters. Its addresses are ASCII nearly always, so that no more is asked than for UTF-8."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    return body.decode("utf-8", "replace")
