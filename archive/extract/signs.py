"""What tells an article from a front, a listing, a shop, a manual or a forum: signs, with a number each.

Most are of the page's structure, which is the same in all languages. No sign names a site. What they say together
stands in `verdict.json`, which `scripts/train-verdict` makes; a sign that is not named there is not asked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from archive.extract import jsonld
from archive.extract.blocks import Block
from archive.extract.document import Document
from archive.extract.shape import PROSE, Shape, shape_of, weigh
from archive.extract.title import fold

# schema.org 28, as JSON-LD or microdata
_SHOP = {
    "Product", "Offer", "ProductGroup", "AggregateOffer", "Brand", "SoftwareApplication", "Service", "LocalBusiness",
    "FAQPage", "Course", "JobPosting",
}  # fmt: skip
_LIST = {"CollectionPage", "ItemList", "SearchResultsPage", "OfferCatalog", "Blog", "DataCatalog", "ProfilePage"}
_FORUM = {"DiscussionForumPosting", "QAPage", "Question", "Answer"}
_ARTICLE = jsonld.ARTICLE_TYPES - _FORUM
_ARTICLE_KINDS = frozenset({"article", "news", "newsarticle", "blog:post"})
_LISTING_PATH = re.compile(
    r"/(?:tags?|topics?|categor\w+|kategori\w+|authors?|search|archives?|label|rubri\w+|sections?|page/\d+|hub|"
    r"collections?|c|cat|departments?|products?|shop|store|list|issues|courses?|catalogs?|browse|trending|all|"
    r"latest|themen?|temas?|tagged)(?:/|$)",
    re.IGNORECASE,
)
_FORUM_PATH = re.compile(
    r"/(?:forums?|threads?|t|questions|viewtopic|showthread|discussions?|community|boards?)[/.?]", re.IGNORECASE
)
_DOCS = re.compile(
    r"/(?:docs?|documentation|manual|reference|api|wiki|man|guide|tutorial|help|support|learn|develop\w*)[/.-]|"
    r"^https?://(?:docs?|developers?|support|help|wiki|learn)\.",
    re.IGNORECASE,
)
_SERVICE_PATH = re.compile(
    r"/(?:services?|solutions?|pricing|about(?:-us)?|contact(?:-us)?|careers?|features?|platform|industries|"
    r"leistungen|servicios|servizi|products?)(?:[/.-]|$)",
    re.IGNORECASE,
)
_SLUG = re.compile(r"[^/]*?(?:[^\W_]+[-_]){3,}[^\W_]+(?:\.\w{3,5})?")
_NUMBER = re.compile(r"\d{5,}|/\d{4}/\d{1,2}/")
_PRICE = re.compile(r"[$€£¥₹]\s?\d{1,5}(?:[.,]\d{2})?\b|\b\d{1,5}[.,]\d{2}\s?(?:€|EUR|USD|zł|kr)\b")
_SENTENCE_END = tuple(".!?。！？”\"»'’)؟।…")
_QUOTES = tuple('“”„«»"「」')
_US = (" we ", " our ", " us ")
_YOU = (" you ", " your ")
# What content management systems write into the classes of <body> and <html> of a listing.
_BODY_LIST = re.compile(
    r"(?:^|\s)(?:archive|category|tag|tax-\S+|search|home|front|frontpage|blog|hub|section|landing|listing|index|"
    r"page-(?:section|tag|topic|taxonomy|front|home)\S*|term-\S+|path-(?:taxonomy|frontpage)|section-?(?:page|front)\S*|"
    r"template-(?:collection|search|index|list-collections)|woocommerce-shop)(?:\s|$)",
    re.IGNORECASE,
)
# Class names are English words all over the world: what the parts of a page are called by those who built it.
_CLASS_WORDS = (
    "price", "cart", "product", "filter", "breadcrumb", "btn", "button", "comment", "author", "article", "share", "excerpt",
)  # fmt: skip
_CLASSES: Any = etree.XPath("//@class", smart_strings=False)
_ITEMTYPES: Any = etree.XPath("//@itemtype", smart_strings=False)
_SAMPLE = 6000  # characters of the text that are looked at for words
_DIGITS = 4000  # … for digits
_MAX_CLASS = 600  # characters of the classes of <html> and <body>
_SHORT_PATH = 12  # "/technology"


def claims_article(document: Document) -> bool:
    """Say whether the page itself claims to be an article."""
    return bool(
        document.articles
        or (document.meta("og:type") or "").lower() in _ARTICLE_KINDS
        or document.meta("article:published_time")
    )


def signs(
    document: Document, parts: Sequence[Block], *, dated: str | None, authors: bool, title: str | None
) -> dict[str, float]:
    """Return this page's signs, each between about -3 and 6. `dated` is who said the date, None if nobody did."""
    shape = shape_of(document, parts)
    return {
        **_said(document, dated, authors),
        **_addressed(document, title),
        **_written(parts, shape),
        **_built(document, shape),
    }


def _said(document: Document, dated: str | None, authors: bool) -> dict[str, float]:
    """Return what the page says of itself."""
    types = {t for n in document.nodes for t in jsonld.types_of(n)}
    types.update(str(t).rstrip("/").rsplit("/", 1)[-1] for t in _ITEMTYPES(document.tree))
    kind = (document.meta("og:type") or "").lower()
    body = document.tree.find("body")
    classes = f"{document.tree.get('class') or ''} {(body.get('class') or '') if body is not None else ''}"
    return {
        "article-type": float(any(set(jsonld.types_of(n)) & _ARTICLE for n in document.articles)),
        "articles-said": math.log1p(len(document.articles)),
        "og-article": float(kind in _ARTICLE_KINDS),
        "og-other": float(bool(kind) and kind not in _ARTICLE_KINDS),
        "published-meta": float(bool(document.meta("article:published_time"))),
        "shop-type": float(bool(types & _SHOP)),
        "list-type": float(bool(types & _LIST)),
        "forum-type": float(bool(types & _FORUM)),
        "dated": float(dated is not None and dated not in {"htmldate", "visible"}),
        "authors": float(authors),
        "body-list": float(bool(_BODY_LIST.search(classes[:_MAX_CLASS]))),
    }


def _addressed(document: Document, title: str | None) -> dict[str, float]:
    """Return what its addresses and its title look like."""
    url = document.page.url
    path = urlsplit(url).path
    canonical = next((document.absolute(link.get("href")) for link in document.links.get("canonical", ())), None)
    named = urlsplit(canonical or document.absolute(document.meta("og:url")) or url).path
    last = path.rstrip("/").rsplit("/", 1)[-1]
    return {
        "listing-path": float(bool(_LISTING_PATH.search(path) or _LISTING_PATH.search(named))),
        "forum-path": float(bool(_FORUM_PATH.search(url))),
        "docs-path": float(bool(_DOCS.search(url))),
        "service-path": float(bool(_SERVICE_PATH.search(path))),
        "slug": float(bool(_SLUG.fullmatch(last))),
        "slug-words": min(len(re.split(r"[-_]", last)), 12) / 6,
        "number": float(bool(_NUMBER.search(path))),
        "short-path": float(len(path.strip("/")) < _SHORT_PATH),
        "root": float(named.strip("/") == ""),
        "title-words": math.log1p(len(fold(title or "").split())) - 1.9,
        "title-size": math.log1p(weigh(title or "")) - 3.9,
    }


ADDRESS_SIGNS = (
    "listing-path", "forum-path", "docs-path", "service-path", "slug", "slug-words", "number", "short-path", "root",
)  # fmt: skip


def _written(parts: Sequence[Block], shape: Shape) -> dict[str, float]:
    """Return what the text reads like."""
    sizes = [weigh(b.text) for b in parts]
    size = max(sum(sizes), 1)
    pairs = list(zip(parts, sizes, strict=True))
    prose = [s for b, s in pairs if b.kind in {"p", "quote"} and s >= PROSE]
    ended = sum(s for b, s in pairs if b.kind in {"p", "quote"} and b.text.endswith(_SENTENCE_END))
    sample = " ".join(b.text for b in parts)[:_SAMPLE]
    lower = sample.lower()
    thousands = max(len(sample), 500) / 1000
    digits = sum(map(sample[:_DIGITS].count, "0123456789"))
    plain = sum(len(b.text) for b in parts)
    return {
        "size": math.log10(size) - 3.2,
        "blocks": math.log1p(len(parts)) - 2.7,
        "prose": math.log1p(len(prose)) - 1.8,
        "prose-share": sum(prose) / size,
        "longest": math.log10(max(prose, default=10)) - 2.5,
        "mean": math.log10(size / max(len(parts), 1)) - 2.0,
        "ended": ended / size,
        "lists": sum(s for b, s in pairs if b.kind in {"list", "table"}) / size,
        "code": min(sum(b.kind == "code" for b in parts), 6) / 3,
        "heads": sum(b.kind == "head" for b in parts) / max(len(parts), 1),
        "prices": min(len(_PRICE.findall(sample)), 6) / 3,
        "quotes": min(_count(sample, _QUOTES) / thousands, 12) / 4,
        "us": min(_count(lower, _US) / thousands, 12) / 4,
        "you": min(_count(lower, _YOU) / thousands, 12) / 4,
        "digits": min(digits / max(len(sample[:_DIGITS]), 1), 0.2) * 10,
        "linked-text": min(shape.inside / max(plain, 1), 1.0),
        "coverage": min(plain / shape.size, 1.0),
    }


def _built(document: Document, shape: Shape) -> dict[str, float]:
    """Return what the markup is like."""
    names = "\n".join(set(_CLASSES(document.tree))).lower()
    return {
        "link-share": min(shape.linked / shape.size, 1.0),
        "links": math.log10(1 + shape.links) - 2,
        "headlines": math.log1p(shape.headlines) - 2.5,
        "cards": math.log1p(shape.cards) - 1.8,
        "card-share": min(shape.carded / shape.size, 1.0),
        "places": math.log1p(shape.places),
        "h-heads": math.log1p(shape.heads) - 2,
        "linked-heads": shape.linked_heads / max(shape.heads, 1),
        "below": math.log1p(shape.below),
        "beside": math.log1p(shape.beside),
        "away": shape.away / max(shape.links, 1),
        "homes": math.log1p(shape.homes),
        "home-share": shape.home / max(shape.prose, 1),
        "home-cover": min(shape.home / shape.size, 1.0),
        "paragraphs": math.log1p(shape.paragraphs) - 2.5,
        "images": math.log1p(shape.images) - 2.5,
        "fields": math.log1p(min(shape.fields, 40)),
        "pre": math.log1p(min(shape.codes, 40)),
        "buy": min(shape.buys, 6) / 3,
        "h1s": min(len(document.h1_texts), 6) / 3,
        "page-size": math.log10(shape.size) - 3.7,
        **{f"class-{word}": math.log1p(names.count(word)) for word in _CLASS_WORDS},
    }


def _count(text: str, words: Sequence[str]) -> int:
    return sum(map(text.count, words))
