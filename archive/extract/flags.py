"""Yes and no: whether a page says that its article costs money, and whether it is a live blog. Nothing is guessed.

Sources: schema.org 28, `isAccessibleForFree` (with Google's "paywalled content" markup, where a part of the article says
it) and `LiveBlogPosting`; Facebook's `article:content_tier` (free, metered, locked); the meta elements of subscription and
analytics systems, which share a handful of words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from lxml import etree

from archive.extract import jsonld
from archive.extract.document import Document

_YES = frozenset({"true", "yes", "1"})
_NO = frozenset({"false", "no", "0"})
_TIERS = {"free": False, "metered": True, "locked": True, "paid": True, "premium": True, "subscriber": True}
_TIER_NAMES = (
    "article:content_tier", "og:article:content_tier", "og:content_tier", "content_tier", "content-tier",
    "article.access",
)  # fmt: skip
# "recs-ispaidcontent", "is_free", "subscriber_only" as the last words of a meta's name
_PAID_NAME = re.compile(
    r"(?:^|[:._-])(?:is[_-]?)?(?:paid(?:[_-]?content)?|premium|paywall(?:ed)?|subscribers?[_-]only|locked)$",
    re.IGNORECASE,
)
_FREE_NAME = re.compile(r"(?:^|[:._-])(?:is[_-]?(?:accessible[_-]?for[_-]?)?free)$", re.IGNORECASE)
_LIVE_WORDS = (b"LiveBlogPosting", b"liveBlogUpdate")
_LIVE_ITEMS: Any = etree.XPath("boolean(//*[contains(@itemtype, 'LiveBlogPosting') or @itemprop='liveBlogUpdate'])")


def paywall(document: Document) -> tuple[bool, str] | None:
    """Return whether the page says that one must pay to read all of it, and where; None if it does not say."""
    for nodes in (document.articles, document.nodes):
        for node in nodes:
            free = _yes_or_no(node.get("isAccessibleForFree"))
            if free is None:
                free = _of_parts(node.get("hasPart"))
            if free is not None and (nodes is document.articles or "WebPage" in jsonld.types_of(node)):
                return not free, "json-ld"
    for name in _TIER_NAMES:
        tier = (document.meta(name) or "").lower()
        if tier in _TIERS:
            return _TIERS[tier], f"meta:{name}"
    for name, values in document.metas.items():
        paid = bool(_PAID_NAME.search(name))
        if (paid or _FREE_NAME.search(name)) and (said := _yes_or_no(values[0])) is not None:
            return said if paid else not said, f"meta:{name}"
    return None


def live_blog(document: Document) -> tuple[bool, str] | None:
    """Return True and where the page says that its article is a live blog; None if it does not say."""
    for node in document.articles:
        if "LiveBlogPosting" in jsonld.types_of(node) or node.get("coverageStartTime"):
            return True, "json-ld"
    # The bytes first: to ask the tree costs most of a millisecond, and hardly any page is one. (In UTF-16 none is found.)
    if any(word in document.page.body for word in _LIVE_WORDS) and _LIVE_ITEMS(document.tree):
        return True, "microdata"
    return None


def _of_parts(parts: object) -> bool | None:
    """Return False if some part of an article is not free."""
    listed: Iterable[object] = parts if isinstance(parts, list) else [parts]
    said = [_yes_or_no(p.get("isAccessibleForFree")) for p in listed if isinstance(p, dict)]
    return False if False in said else None


def _yes_or_no(value: object) -> bool | None:
    """Return a truth value as pages write it: true, "False", "http://schema.org/True", 1."""
    word = re.split(r"[/#]", str(value).strip())[-1].lower()
    if word in _YES:
        return True
    return False if word in _NO else None
