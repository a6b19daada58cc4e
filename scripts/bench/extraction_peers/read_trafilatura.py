"""trafilatura: its default, favor_precision, and fast; all with metadata."""

from __future__ import annotations

from typing import Any

from htmldate.extractors import get_external_parser
from trafilatura import bare_extraction


def warm() -> None:
    """Load every language of dateparser: the first page with an odd date would pay seconds for all others."""
    get_external_parser().get_date_data("no date 99 in any language")


def _read(body: bytes, url: str, **options: bool) -> dict[str, Any]:
    found = bare_extraction(body, url=url, with_metadata=True, **options)
    if found is None:
        return {}
    names = (found.author or "").split("; ")
    return {"title": found.title, "authors": [n for n in names if n], "date": found.date, "text": found.text}


def default(body: bytes, url: str) -> dict[str, Any]:
    """Return the default extraction: what CPU figures are told against."""
    return _read(body, url)


def precision(body: bytes, url: str) -> dict[str, Any]:
    """Return the extraction with favor_precision."""
    return _read(body, url, favor_precision=True)


def fast(body: bytes, url: str) -> dict[str, Any]:
    """Return the extraction without the fallbacks."""
    return _read(body, url, fast=True)
