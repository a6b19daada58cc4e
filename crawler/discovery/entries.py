"""One entry of an XML feed, field by field: RSS, Atom, Dublin Core and the extensions that name an address."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from crawler.discovery.markup import element_text, names_of, plain_text

SHORT = 1_000  # characters of titles, authors, ids
_MOST = 50  # links and authors of one entry
WEB = re.compile(r"\s*(?:https?:)?//\S+\Z", re.IGNORECASE)


@dataclass(slots=True, kw_only=True)
class Entry:
    """An entry while it is read. Texts as they stand in the feed, markup and all."""

    original: str | None = None  # where `link` only counts clicks
    links: list[str] = field(default_factory=list)  # best first
    other_links: list[str] = field(default_factory=list)  # guid, rdf:about, other media types
    title: str | None = None
    published: str | None = None
    updated: str | None = None
    authors: list[str] = field(default_factory=list)
    entry_id: str | None = None
    summary: str | None = None
    language: str | None = None
    base: str = ""


_ATOM_SPACES = ("http://www.w3.org/2005/atom", "http://purl.org/atom/ns#", "atom", "a10")
_ALTERNATE = ("alternate", "http://www.iana.org/assignments/relation/alternate")
_CORE_SPACES = (
    "",
    "http://purl.org/rss/1.0/",
    "http://my.netscape.com/rdf/simple/0.9/",
    "http://channel.netscape.com/rdf/simple/0.9/",
    "http://backend.userland.com/rss2",
    "http://backend.userland.com/rss",
    "http://blogs.law.harvard.edu/tech/rss",
    "http://cyber.law.harvard.edu/rss/rss.html",
    "http://cyber.law.harvard.edu/rss/",
    "rss",
)


def read_field(entry: Entry, element: etree._Element, dialect: str, own_space: str) -> None:
    """Take one child of an entry (or of the feed's head) into `entry`; later children do not overwrite earlier ones.

    `own_space`: the namespace of the entry itself, whatever its generator called it.
    """
    space, name = names_of(element)
    if len(entry.links) + len(entry.other_links) > _MOST and name in {"link", "guid", "identifier"}:
        return
    if space.startswith(_ATOM_SPACES) or (dialect == "atom" and space in _CORE_SPACES):
        _read_atom(entry, element, name)
    elif space in _CORE_SPACES or space == own_space:
        _read_rss(entry, element, name)
    elif name == "origlink":  # FeedBurner and Pheedo: `link` counts clicks, this is the article
        entry.original = entry.original or element_text(element).strip()
    elif "purl.org/dc/" in space or space in {"dc", "dcterms"}:
        _read_dublin_core(entry, element, name)
    elif name == "encoded" and entry.summary is None:
        entry.summary = element_text(element)
    elif name == "author" and "itunes" in space:
        _add_author(entry, element_text(element))


def _read_rss(entry: Entry, element: etree._Element, name: str) -> None:
    if name == "title":
        entry.title = entry.title or element_text(element)
    elif name == "link":
        link = element_text(element).strip() or element.get("href", "")
        if link and element.get("rel", "alternate") == "alternate":
            entry.links.insert(0, link)  # several links: the last one, as other readers do
    elif name == "guid":
        text = element_text(element).strip()
        entry.entry_id = entry.entry_id or text
        if element.get("isPermaLink", element.get("ispermalink", "true")).strip().lower() != "false" and WEB.match(
            text
        ):
            entry.other_links.append(text)
    elif name in {"pubdate", "published", "issued", "date"}:
        entry.published = entry.published or element_text(element)
    elif name in {"lastbuilddate", "updated", "modified"}:
        entry.updated = entry.updated or element_text(element)
    elif name in {"description", "summary"}:
        # a description is the summary even when the whole article came before it in content:encoded
        entry.summary = element_text(element) or entry.summary
    elif name in {"author", "managingeditor", "creator"}:
        _add_author(entry, element_text(element))
    elif name == "language":
        entry.language = entry.language or element_text(element)


def _read_atom(entry: Entry, element: etree._Element, name: str) -> None:
    if name == "title":
        entry.title = entry.title or _atom_text(element)
    elif name == "link":
        href = element.get("href") or element_text(element).strip()
        if href and element.get("rel", "alternate").lower() in _ALTERNATE:
            # several alternates: the web page before the PDF
            page = element.get("type", "").lower() in {"", "text/html", "application/xhtml+xml"}
            (entry.links if page else entry.other_links).append(href)
    elif name == "id":
        entry.entry_id = entry.entry_id or element_text(element)
    elif name in {"published", "issued", "created"}:
        entry.published = entry.published or element_text(element)
    elif name in {"updated", "modified"}:
        entry.updated = entry.updated or element_text(element)
    elif name == "summary" or (name in {"content", "tagline", "subtitle"} and not entry.summary):
        entry.summary = _atom_text(element)
    elif name == "author":
        for child in element:
            if names_of(child)[1] == "name":
                _add_author(entry, element_text(child))
        if len(element) == 0:
            _add_author(entry, element_text(element))


def _read_dublin_core(entry: Entry, element: etree._Element, name: str) -> None:
    text = element_text(element)
    if name in {"date", "issued", "created", "available"}:
        entry.published = entry.published or text
    elif name == "modified":
        entry.updated = entry.updated or text
    elif name in {"creator", "author"}:
        _add_author(entry, text)
    elif name == "title":
        entry.title = entry.title or text
    elif name == "description" and entry.summary is None:
        entry.summary = text
    elif name == "language":
        entry.language = entry.language or text
    elif name == "identifier" and WEB.match(text):
        entry.other_links.append(text)


def _atom_text(element: etree._Element) -> str:
    """Return an Atom text construct as HTML source, whatever its type (RFC 4287 section 3.1)."""
    text = element_text(element)
    if element.get("type", "text").lower() in {"text", "text/plain", "xhtml", "application/xhtml+xml"}:
        # already plain: keep a < or & that is meant, through the later reading as HTML
        return text.replace("&", "&amp;").replace("<", "&lt;")
    return text


def _add_author(entry: Entry, text: str) -> None:
    text = plain_text(text, SHORT)
    if text and len(entry.authors) < _MOST and text not in entry.authors:
        entry.authors.append(text)
