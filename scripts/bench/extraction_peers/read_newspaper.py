"""newspaper4k, fed with the page, without its images."""

from __future__ import annotations

from typing import Any

from newspaper import Article
from serve import decode


def read(body: bytes, url: str) -> dict[str, Any]:
    """Return what newspaper4k makes of the page."""
    article = Article(url, fetch_images=False)
    article.download(input_html=decode(body))
    article.parse()
    return {"title": article.title, "authors": article.authors, "date": article.publish_date, "text": article.text}
