"""What a page says of its article, each value with where it came from.

Order of trust: JSON-LD of an Article type, then meta elements (OpenGraph, Dublin Core, publishers' own), microdata and
byline markup, then what feeds and sitemaps said. What nobody says stays None.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from lxml import etree

from archive.extract import authors as names
from archive.extract import jsonld
from archive.extract.document import Document, Element, inner_text, squeeze
from archive.extract.title import site_names

_AUTHOR_METAS = (
    "author", "article:author", "parsely-author", "sailthru.author", "byl", "dc.creator", "dcterms.creator",
    "dc:creator", "citation_author", "og:author", "og:article:author", "article:author_name", "rbauthors", "creator",
    "cxenseparse:author", "article.author", "authors", "dcsext.author", "shareaholic:article_author_name",
)  # fmt: skip
# From the most explicit to the vaguest: the first that names somebody decides.
_BYLINES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^(?=.*\bitemprop=author\b)",
        r"\brel=author\b",
        r"author-?_{0,2}name|byline-?_{0,2}name",
        r"byline",
        r"(?:^|\s)author(?:\s|$)",
        r"author",
    )
)
_NAME_WITHIN: Any = etree.XPath(".//*[@itemprop='name']")
_GUESSED = frozenset({"byline", "author-link"})
_MAX_LINKED = 3  # distinct links to authors; more are other articles' bylines
_MAX_CUES = 300  # characters of class and id
_MAX_BYLINE = 160  # characters
_MAX_HITS = 12  # a page with more bylines than that is a list of articles, or of comments


def authors(document: Document) -> tuple[tuple[str, ...], str] | None:
    """Return the authors' names and where they came from, or None."""
    sites = site_names(document)
    for via, values in _author_sources(document):
        found = names.clean(values, site_names=sites)
        if via in _GUESSED:
            found = tuple(n for n in found if names.looks_like_a_person(n))
        if found:
            return found, via
    # A publisher that names itself as the author in JSON-LD has no other to name.
    itself = names.clean([v for via, values in _author_sources(document) if via == "json-ld" for v in values])
    return (itself, "json-ld") if itself else None


def _author_sources(document: Document) -> Iterable[tuple[str, list[str]]]:
    by_id = {n["@id"]: n for n in document.nodes if isinstance(n.get("@id"), str) and n.get("name")}
    for node in document.articles:
        for key in ("author", "creator"):
            if values := _persons(node.get(key), by_id):
                yield "json-ld", values
    for name in _AUTHOR_METAS:
        if said := document.metas.get(name):
            yield f"meta:{name}", said
    cues = [(_cues(e), e) for e in document.marked.bylines]
    for pattern in _BYLINES:
        hits = [e for cue, e in cues if pattern.search(cue) and 0 < len(inner_text(e)) <= _MAX_BYLINE]
        if 0 < len(hits) <= _MAX_HITS:
            yield "byline", [_byline(hits[0])] if not _is_list(hits) else [_byline(h) for h in hits[:3]]
    signed = [e for _, e in cues if len(text := inner_text(e)) <= _MAX_BYLINE and names.is_signed(text)]
    yield "byline", [_byline(e) for e in signed[:1]]
    linked = list(dict.fromkeys(t for t in (inner_text(e) for e in document.author_links) if 0 < len(t) <= _MAX_BYLINE))
    if len(linked) <= _MAX_LINKED:
        yield "author-link", linked
    yield from ((fact.via.value, [fact.author]) for fact in document.page.facts if fact.author)


def _cues(element: Element) -> str:
    said = [f"{name}={word}" for name in ("itemprop", "rel") for word in (element.get(name) or "").split()]
    return " ".join([*said, element.get("class") or "", element.get("id") or ""])[:_MAX_CUES]


def _is_list(hits: list[Element]) -> bool:
    """Say whether these are the names of one byline: siblings, one after another."""
    return 1 < len(hits) <= 3 and len({h.getparent() for h in hits}) == 1  # noqa: PLR2004


def _byline(element: Element) -> str:
    within = _NAME_WITHIN(element)
    return inner_text(within[0] if within else element)


def _persons(value: object, by_id: dict[str, jsonld.Node], depth: int = 0) -> list[str]:
    if depth > 4:  # noqa: PLR2004 - author lists are flat; deeper is a loop of references
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [name for item in value for name in _persons(item, by_id, depth + 1)]
    if isinstance(value, dict):
        name = value.get("name")
        if not name and value.get("@id") in by_id:
            name = by_id[str(value["@id"])].get("name")
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
        parts = values[0].split(",") if len(values) == 1 else values
        found = dict.fromkeys(p for p in (squeeze(x) for x in parts) if p)
        if found:
            return tuple(found)[:50], via
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
