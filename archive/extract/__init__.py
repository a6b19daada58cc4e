"""Extraction: one capture in, one article (or a reason) out. A pure function.

    page = Page(url="https://news.example/a", body=b"<html>...")
    extract(page).title

An `Extraction` with `article` false carries one of these reasons, which is stored with the capture:

    status       the answer was not a 2xx
    not-html     an image, a PDF, plain data
    feed         a feed, a sitemap, robots.txt
    empty        no bytes, or no element
    too-large    more than 64 MiB once decoded, or more elements than a page can have
    front-page   a home page
    listing      a section, tag or search page, a forum, a shop, a manual
    error-page   an error page that was sent with status 200
    video        a video or a recording with a caption
    consent      a consent wall, a login wall, a robot check
    no-text      markup without any text of its own
    too-short    some text, but not an article's
    error-…      the page could not be read: error-timeout, error-crashed, error-<name of the exception>

What is named here is loaded when it is first used: importing this package loads neither lxml nor trafilatura.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archive.extract.head import reason_by_head
from archive.extract.identity import EXTRACTOR
from archive.extract.page import Page
from archive.extract.to_json import to_json

if TYPE_CHECKING:
    from archive.extract.extract import extract, extract_snapshot, read
    from archive.extract.pool import ExtractionPool, ExtractTask

__all__ = [
    "EXTRACTOR",
    "ExtractTask",
    "ExtractionPool",
    "Page",
    "extract",
    "extract_snapshot",
    "read",
    "reason_by_head",
    "to_json",
]

_HOMES = {
    "extract": "archive.extract.extract",
    "extract_snapshot": "archive.extract.extract",
    "read": "archive.extract.extract",
    "ExtractionPool": "archive.extract.pool",
    "ExtractTask": "archive.extract.pool",
}


def __getattr__(name: str) -> Any:
    """Load what is heavy when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(_HOMES[name])
    for each, home in _HOMES.items():  # from now on the function `extract`, not the submodule of the same name
        if home == _HOMES[name]:
            globals()[each] = getattr(module, each)
    return globals()[name]
