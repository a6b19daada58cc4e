"""Answers as JSON, CSV and Atom."""

from __future__ import annotations

import re
import uuid
from xml.etree import ElementTree as ET  # it only writes here

from archive.console import csv_text, json_text, plain
from archive.web.links import with_query
from archive.web.request import Feed, Item, Page, Request
from archive.web.words import instant, language_tag

TYPES = {
    "html": "text/html; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
}
_ATOM = "http://www.w3.org/2005/Atom"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_NOT_XML = re.compile("[\ufffe\uffff\ud800-\udfff]")  # what `plain` lets pass and XML 1.0 does not
_NEVER = "1970-01-01T00:00:00Z"


def written(page: Page, request: Request) -> bytes:
    """Return a page in the form asked for, which is not HTML and which it has."""
    if request.format == "json":
        return json_text(page.data()).encode("utf-8", "replace") + b"\n"
    if request.format == "csv" and page.rows is not None:
        return csv_text(*page.rows()).encode("utf-8", "replace")
    if request.format == "atom" and page.feed is not None:
        asked = with_query(request.query)
        here = f"{request.base}{request.path}{asked}"
        return atom(
            page.feed(), base=request.base, self_url=f"{request.base}{_file(request.path)}.atom{asked}", page_url=here
        )
    raise AssertionError(request.format)


def atom(feed: Feed, *, base: str | None, self_url: str | None = None, page_url: str | None = None) -> bytes:
    """Return an Atom feed (RFC 4287). Ids are made of names that never change: a rebuilt archive gives the same.

    `base`: what goes before the paths of entries; None: they lead to the live addresses alone. `self_url`: where the feed lies,
    `page_url`: the page that it is of; None where nobody knows.
    """
    top = ET.Element("feed", {"xmlns": _ATOM})
    _add(top, "id", _id(feed.name))
    _add(top, "title", feed.title)
    _add(top, "updated", max((found for item in feed.items if (found := instant(item.updated))), default=_NEVER))
    if self_url is not None:
        ET.SubElement(top, "link", {"rel": "self", "href": self_url})
    if page_url is not None:
        ET.SubElement(top, "link", {"rel": "alternate", "type": "text/html", "href": page_url})
    _add(_add(top, "author"), "name", "Morgue")  # an entry without authors takes this one (section 4.1.1)
    for item in feed.items:
        top.append(_entry(item, base))
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(top, encoding="unicode")}\n'.encode()


def _file(path: str) -> str:
    return "/index" if path == "/" else path


def _entry(item: Item, base: str | None) -> ET.Element:
    entry = ET.Element("entry")
    tag = language_tag(item.language)
    if tag:
        entry.set(f"{_XML}lang", tag)
    _add(entry, "id", _id(item.name))
    _add(entry, "title", item.title or "(no title)")
    _add(entry, "updated", instant(item.updated) or _NEVER)
    if published := instant(item.published):
        _add(entry, "published", published)
    for name in item.authors:
        _add(_add(entry, "author"), "name", name)
    page = item.via if base is None else f"{base}{item.path}"
    if page:
        ET.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": page})
    if item.via and item.via != page:
        ET.SubElement(entry, "link", {"rel": "via", "href": item.via})
    if item.summary:
        _add(entry, "summary", item.summary)
    if not page:  # one of the two there must be (section 4.1.2)
        _add(entry, "content", item.summary)
    return entry


def _add(parent: ET.Element, name: str, text: str | None = None) -> ET.Element:
    found = ET.SubElement(parent, name)
    if text is not None:
        found.text = _NOT_XML.sub("�", plain(text))
    return found


def _id(name: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"morgue:{name}").urn
