"""Extraction: one capture in, one article (or a reason) out. A pure function.

    from archive.extract import Page
    from archive.extract.extract import extract  # not from here: a package's submodule hides a function of its name

    page = Page(url="https://news.example/a", body=b"<html>...")
    extract(page).title

An `Extraction` with `article` false carries one of these reasons, which is stored with the capture:

    status       the answer was not a 2xx
    not-html     an image, a PDF, plain data
    feed         a feed, a sitemap, robots.txt
    asset        a style sheet, a font, an image of a page
    empty        no bytes, or no element
    too-large    more than 64 MiB once decoded, or more elements than a page can have
    front-page   a home page
    listing      a section, tag or search page, a forum, a shop, a manual
    error-page   an error page that was sent with status 200
    video        a video or a recording with a caption
    consent      a consent wall, a login wall, a robot check
    no-text      markup without any text of its own
    too-short    some text, but not an article's
    opted-out    its site asks not to be kept, and sources.toml says to skip such pages (given by the reader of an archive)
    error-…      the page could not be read: error-timeout, error-crashed, error-<name of the exception>

What is named here is loaded when it is first used: importing this package loads neither lxml nor trafilatura.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archive.extract.head import reason_by_head
from archive.extract.identity import EXTRACTOR, with_selectors
from archive.extract.page import Page
from archive.extract.to_json import to_json

if TYPE_CHECKING:
    from archive.extract.extract import extract_snapshot
    from archive.extract.pool import ExtractionPool, ExtractTask

__all__ = [
    "EXTRACTOR",
    "ExtractTask",
    "ExtractionPool",
    "Page",
    "extract_snapshot",
    "reason_by_head",
    "to_json",
    "with_selectors",
]

_HOMES = {
    "extract_snapshot": "archive.extract.extract",
    "ExtractionPool": "archive.extract.pool",
    "ExtractTask": "archive.extract.pool",
}


def __getattr__(name: str) -> Any:
    """Load what is heavy when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
