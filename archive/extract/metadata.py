"""What a page says of its article, each value with where it came from.

Order of trust: JSON-LD of an Article type, then meta elements (OpenGraph, Dublin Core, publishers' own), microdata and
byline markup, then what feeds and sitemaps said. What nobody says stays None.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape

from archive.extract import authors as names
from archive.extract import bylines, jsonld, near
from archive.extract.document import Document, squeeze
from archive.extract.title import is_site, site_names

_AUTHOR_METAS = (
    "author", "article:author", "parsely-author", "sailthru.author", "byl", "dc.creator", "dcterms.creator",
    "dc:creator", "citation_author", "og:author", "og:article:author", "article:author_name", "rbauthors", "creator",
    "cxenseparse:author", "article.author", "authors", "dcsext.author", "shareaholic:article_author_name",
)  # fmt: skip
_WRITTEN_BY = re.compile(
    r"^(?:(?:written|posted)\s*by|verfasst von|[ée]crit par|escrito por|geschreven door|scritto da|autor)$",
    re.IGNORECASE,
)
_MAX_KEYWORDS = 50
_MAX_KEYWORD = 100  # characters; a longer one is a sentence
_PERSONS_ONLY = frozenset({"byline", "author-link", "headline"})
_NAMED = ("json-ld", "meta:", "microdata")  # sources that mean what they say, also where that is the site itself


def authors(document: Document, title: str | None = None) -> tuple[tuple[str, ...], str] | None:
    """Return the authors' names and where they came from, or None. `title`: of the headline that a byline stands beside."""
    sites = site_names(document)
    itself: tuple[tuple[str, ...], str] | None = None
    is_article = bool(document.articles) or "article" in (document.meta("og:type") or "").lower()
    for via, values in _author_sources(document, title):
        said = names.clean(values)
        found = names.clean(values, site_names=sites)
        if via.startswith(_NAMED):
            found = tuple(n for n in found if not names.is_company(n) and not is_site(n, sites, document.host))
        elif via in _PERSONS_ONLY:
            found = tuple(n for n in found if names.looks_like_a_person(n))
        if via == "headline":
            found = tuple(n for n in found if names.has_first_and_last(n))
        elif itself and via in _PERSONS_ONLY:
            continue  # what merely looks like a byline does not overrule a site that signs itself
        if found:
            # "Jane Roe, Associated Press" in a byline is where she works; a list of authors means what it says.
            return names.without_agencies(found) if via in _PERSONS_ONLY else found, via
        if said and itself is None and is_article and via.startswith(_NAMED):
            itself = said, via
    return itself  # a publisher that names itself as the author has no other to name


def _author_sources(document: Document, title: str | None) -> Iterable[tuple[str, list[str]]]:
    by_id = {n["@id"]: n for n in document.nodes if isinstance(n.get("@id"), str) and n.get("name")}
    for node in document.articles:
        for key in ("author", "creator"):
            if values := _persons(node.get(key), by_id):
                yield "json-ld", values
    for name in _AUTHOR_METAS:
        if said := document.metas.get(name):
            yield f"meta:{name}", said
    if labelled := _labelled(document):
        yield "meta:twitter:label", [labelled]
    for texts in bylines.marked(document):
        yield "byline", texts
    yield from (("headline", [text]) for text in bylines.signed(near.around(document, title)))
    yield "author-link", bylines.linked(document)
    yield from ((fact.via.value, [fact.author]) for fact in document.page.facts if fact.author)


def _labelled(document: Document) -> str | None:
    """Return the value that a page labels "Written by" for the card of a shared link (twitter:label1, twitter:data1)."""
    for number in ("1", "2"):
        label = document.meta(f"twitter:label{number}")
        if label and _WRITTEN_BY.match(label):
            return document.meta(f"twitter:data{number}")
    return document.meta(
        "twitter:misc:written"
    )  # "twitter:misc:Written by", of which the document keeps the words apart


def _persons(value: object, by_id: dict[str, jsonld.Node], depth: int = 0) -> list[str]:
    if depth > 4:  # noqa: PLR2004 - author lists are flat; deeper is a loop of references
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [name for item in value for name in _persons(item, by_id, depth + 1)]
    if isinstance(value, dict):
        name = value.get("name")
        if not name and isinstance(value.get("@id"), str) and value["@id"] in by_id:
            name = by_id[value["@id"]].get("name")
        if isinstance(name, list):
            return [n for n in name if isinstance(n, str)]
        given, family = value.get("givenName"), value.get("familyName")
        if not name and isinstance(given, str) and isinstance(family, str):
            name = f"{given} {family}"
        return [name] if isinstance(name, str) else []
    return []


def canonical(document: Document) -> str | None:
    """Return the absolute address that the page names as its own: link rel=canonical, else og:url. Not judged."""
    for link in document.links.get("canonical", ()):
        if url := document.absolute(link.get("href")):
            return url
    return document.absolute(document.meta("og:url"))


def image(document: Document) -> tuple[str, str] | None:
    """Return the absolute address of the article's picture and where it came from."""
    for name in ("og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src"):
        if url := document.absolute(document.meta(name)):
            return url, f"meta:{name}"
    for node in document.articles:
        value = node.get("image")
        value = value[0] if isinstance(value, list) and value else value
        value = value.get("url") or value.get("contentUrl") if isinstance(value, dict) else value
        if isinstance(value, str) and (url := document.absolute(value)):
            return url, "json-ld"
    return None


def section(document: Document) -> tuple[str, str] | None:
    """Return the section that the page puts its article in."""
    for node in document.articles:
        if text := jsonld.text_of(node.get("articleSection")):
            return squeeze(text), "json-ld"
    for name in ("article:section", "section", "parsely-section", "sailthru.section", "cxenseparse:section"):
        if text := document.meta(name):
            return text, f"meta:{name}"
    return None


def keywords(document: Document) -> tuple[tuple[str, ...], str] | None:
    """Return the page's keywords in its order, each once."""
    sources: list[tuple[str, list[str]]] = []
    for node in document.articles:
        value = node.get("keywords")
        values = value if isinstance(value, list) else [value]
        sources.append(("json-ld", [v for item in values if (v := jsonld.text_of(item))]))
    sources.extend(
        (f"meta:{n}", document.metas.get(n, [])) for n in ("article:tag", "news_keywords", "keywords", "parsely-tags")
    )
    for via, values in sources:
        # one value with commas is a list; several values are one keyword each
        parts = re.split(r"[,;|，、；]", values[0]) if len(values) == 1 else values
        each: dict[str, str] = {}
        for text in (squeeze(unescape(part)) for part in parts):
            if text and len(text) <= _MAX_KEYWORD:
                each.setdefault(text.casefold(), text)
        if each:
            return tuple(each.values())[:_MAX_KEYWORDS], via
    return None


def description(document: Document) -> tuple[str, str] | None:
    """Return the page's own summary."""
    for name in ("og:description", "description", "twitter:description", "dc.description"):
        if text := document.meta(name):
            return text, f"meta:{name}"
    for node in document.articles:
        if text := jsonld.text_of(node.get("description")):
            return squeeze(text), "json-ld"
    return None
