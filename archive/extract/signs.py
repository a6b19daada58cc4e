"""What tells an article from a front, a listing, a shop or a forum: signs with a weight each.

The weights in `verdict.json` are a logistic regression by `scripts/train-verdict` over pages of both kinds, validated
on hosts that it had not seen. No sign names a site. A sum above 0 says: not an article.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from archive.extract import jsonld
from archive.extract.blocks import Block
from archive.extract.document import Document, squeeze

_SHOP = {
    "Product", "Offer", "ProductGroup", "AggregateOffer", "Brand", "SoftwareApplication", "Service", "LocalBusiness",
}  # fmt: skip
_LIST = {"CollectionPage", "ItemList", "SearchResultsPage", "OfferCatalog", "Blog", "DataCatalog"}
_FORUM = {"DiscussionForumPosting", "QAPage", "Question", "Answer"}
_LISTING_PATH = re.compile(
    r"/(?:tags?|topics?|categor\w+|kategori\w+|authors?|search|archives?|label|rubri\w+|sections?|page/\d+|hub|"
    r"collections?|c|cat|departments?|products?|shop|store|list|issues|courses?|catalogs?)(?:/|$)",
    re.IGNORECASE,
)
_FORUM_PATH = re.compile(
    r"/(?:forums?|threads?|t|questions|viewtopic|showthread|discussions?|community|boards?)[/.?]", re.IGNORECASE
)
_DOCS = re.compile(
    r"/(?:docs?|documentation|manual|reference|api|wiki|man|guide|tutorial|help|support)[/.-]|^https?://docs?\.",
    re.IGNORECASE,
)
_SLUG = re.compile(r"[^/]*?(?:[^\W_]+[-_]){3,}[^\W_]+")
_NUMBER = re.compile(r"\d{5,}|/\d{4}/\d{1,2}/")
_PRICE = re.compile(r"[$€£¥₹]\s?\d{1,5}(?:[.,]\d{2})?\b|\b\d{1,5}[.,]\d{2}\s?(?:€|EUR|USD|zł|kr)\b")
_BUY = re.compile(
    r"add to (?:cart|bag|basket)|buy now|in stock|out of stock|free shipping|checkout|in den warenkorb|"
    r"ajouter au panier|"
    r"get (?:a )?quote|"
    r"free trial|request a demo|contact sales|get started|sign up free",
    re.IGNORECASE,
)
_TALK = re.compile(
    r"\b(?:joined|members? since|posts?:|replies|quote|reply|last edited by|likes?|upvote)\b", re.IGNORECASE
)
_PROSE = 80  # weighed characters: a sentence or two
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_SAMPLE = 20000
_UNSEEN = ("script", "style", "noscript", "template")
_LENGTH: Any = etree.XPath("string-length(normalize-space(string(.)))")
_PROMPT = 40  # characters of a link or button that asks to buy


def weigh(text: str) -> int:
    """Return a text's length where a character of a script without spaces counts for two and a half."""
    return len(text) if text.isascii() else len(text) + int(1.5 * len(_WIDE.findall(text)))


def claims_article(document: Document) -> bool:
    """Say whether the page itself claims to be an article."""
    return bool(
        document.articles
        or (document.meta("og:type") or "").lower() in {"article", "news", "newsarticle", "blog:post"}
        or document.meta("article:published_time")
    )


def signs(document: Document, parts: Sequence[Block], *, dated: str | None, authors: bool) -> dict[str, float]:
    """Return this page's signs, each between about -3 and 3."""
    url = document.page.url
    path = urlsplit(url).path
    types = {t for n in document.nodes for t in jsonld.types_of(n)}
    kind = (document.meta("og:type") or "").lower()
    strong = any(set(jsonld.types_of(n)) & (jsonld.ARTICLE_TYPES - _FORUM) for n in document.articles)
    sizes = [weigh(b.text) for b in parts]
    size = max(sum(sizes), 1)
    prose = [s for b, s in zip(parts, sizes, strict=True) if b.kind in {"p", "quote"} and s >= _PROSE]
    sample = " ".join(b.text for b in parts)[:_SAMPLE]
    page_size, linked, links, buys = _links(document)
    last = path.rstrip("/").rsplit("/", 1)[-1]
    return {
        "bias": 1.0,
        "article-type": float(strong),
        "og-article": float(kind in {"article", "news", "newsarticle", "blog:post"}),
        "og-other": float(bool(kind) and kind not in {"article", "news", "newsarticle", "blog:post"}),
        "published-meta": float(bool(document.meta("article:published_time"))),
        "shop-type": float(bool(types & _SHOP)),
        "list-type": float(bool(types & _LIST)),
        "forum-type": float(bool(types & _FORUM)),
        "dated": float(dated is not None and dated not in {"htmldate", "visible"}),
        "undated": float(dated is None),
        "authors": float(authors),
        "listing-path": float(bool(_LISTING_PATH.search(path))),
        "forum-path": float(bool(_FORUM_PATH.search(url))),
        "docs-path": float(bool(_DOCS.search(url))),
        "slug": float(bool(_SLUG.fullmatch(last))),
        "number": float(bool(_NUMBER.search(path))),
        "short-path": float(len(path.strip("/")) < 12),  # noqa: PLR2004 - "/technology"
        "root": float(path.strip("/") == ""),
        "size": math.log10(size) - 3.2,
        "prose": math.log1p(len(prose)) - 1.8,
        "prose-share": sum(prose) / size,
        "longest": math.log10(max(prose, default=10)) - 2.5,
        "lists": sum(s for b, s in zip(parts, sizes, strict=True) if b.kind in {"list", "table"}) / size,
        "code": float(any(b.kind == "code" for b in parts)),
        "heads": sum(b.kind == "head" for b in parts) / max(len(parts), 1),
        "prices": min(len(_PRICE.findall(sample)), 6) / 3,
        "buy": min(buys, 6) / 3,
        "talk": min(len(_TALK.findall(sample)), 6) / 3,
        "link-share": min(linked / page_size, 1.0),
        "links": math.log10(1 + links) - 2,
        "coverage": min(sum(len(b.text) for b in parts) / page_size, 1.0),
        "h1s": min(len(document.h1_texts), 6) / 3,
        "times": math.log1p(min(len(document.times), 60)) / 2,
    }


def _links(document: Document) -> tuple[int, int, int, int]:
    """Return the length of the page's visible text and of its link text, the number of links, and of buying prompts."""
    body = document.tree.find("body")
    if body is None:
        body = document.tree
    unseen = sum(len(squeeze(e.text)) for e in body.iter(*_UNSEEN))
    page = max(int(_LENGTH(body)) - unseen, 1)
    linked = links = buys = 0
    for link in body.iter("a", "button"):
        text = "".join(link.itertext()).strip()
        if link.tag == "a":
            links += 1
            linked += len(text)
        if len(text) <= _PROMPT and _BUY.search(text):
            buys += 1
    return page, linked, links, buys


@cache
def _weights() -> Mapping[str, float]:
    raw = json.loads(resources.files("archive.extract").joinpath("verdict.json").read_text(encoding="utf-8"))
    return {str(name): float(value) for name, value in raw["weights"].items()}


def score(found: Mapping[str, float]) -> float:
    """Return the weighed sum of these signs; above 0: not an article."""
    weights = _weights()
    return sum(weights.get(name, 0.0) * value for name, value in found.items())
