"""Ours, as the bench asks it: `archive.extract` without a site profile."""

from __future__ import annotations

from archive.extract import Page
from archive.extract.extract import extract


def without_profile(body: bytes, url: str) -> dict[str, object]:
    """Return what one page says by itself."""
    found = extract(Page(url=url, body=body))
    return {
        "article": found.article,
        "title": found.title,
        "authors": list(found.authors),
        "date": found.published,
        "text": found.text,
    }
