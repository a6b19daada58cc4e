"""The JSON that `morgue extract` prints: exactly the keys that the command line promises."""

from __future__ import annotations

from archive.model import Extraction

_FIELDS = (
    "title",
    "authors",
    "published",
    "published_precision",
    "published_via",
    "modified",
    "language",
    "text",
    "markdown",
    "image",
    "section",
    "keywords",
    "paywall",
    "live_blog",
    "provenance",
)


def to_json(url: str, extraction: Extraction) -> dict[str, object]:
    """Return what `morgue extract` prints for one page; when it is no article, all but the reason is None.

    >>> to_json("https://news.example/", Extraction.refused("front-page"))["reason"]
    'front-page'
    """
    out: dict[str, object] = {"url": url, "article": extraction.article, "reason": extraction.reason}
    for name in _FIELDS:
        out[name] = getattr(extraction, name) if extraction.article else None
    if extraction.article:
        out["authors"] = list(extraction.authors)
        out["keywords"] = list(extraction.keywords)
        out["provenance"] = dict(extraction.provenance)
    return out
