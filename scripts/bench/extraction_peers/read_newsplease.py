"""news-please, fed with the page, without its images."""

from __future__ import annotations

from typing import Any

from newsplease import NewsPlease
from serve import decode


def read(body: bytes, url: str) -> dict[str, Any]:
    """Return what news-please makes of the page."""
    found = NewsPlease.from_html(decode(body), url, fetch_images=False)
    if not found:
        return {}
    return {"title": found.title, "authors": found.authors, "date": found.date_publish, "text": found.maintext}
