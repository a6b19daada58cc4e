"""A page parsed once: one tree, and the parts of it that metadata is read from, collected in one pass."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree, html

from archive.extract import charset, jsonld
from archive.extract.page import Page

_PARSER: Any = etree.HTMLParser  # the stubs do not know default_doctype
# lxml.html chooses an element's class by its tag, in Python, each time that an element is touched: 300 microseconds a
# thousand. Nobody asks for the methods of forms here; trafilatura wants HtmlElement's.
_CLASSES = etree.ElementDefaultClassLookup(
    element=html.HtmlElement, comment=html.HtmlComment, pi=html.HtmlProcessingInstruction, entity=html.HtmlEntity
)
Element = Any  # lxml's elements: the stubs know neither HtmlElement's methods nor the parser's options

MAX_ELEMENTS = 250_000  # a live blog of a whole election night has 60,000
MAX_H1 = 64  # h1 elements that are read; a broken page nests thousands, and the text of each holds all that follow
_MAX_URI = 8192  # characters; RFC 9110 section 4.1 asks for 8,000
# libxml2 writes an address that holds comments in the square of its length (htmlAttrDumpOutput); pages have some dozens.
_MANY_COMMENTS = 500
MAX_BLANK = 64  # bytes below which a body is not worth parsing
# What XML 1.0 cannot hold (section 2.2), as characters and as references: lxml takes "&#1;" from a page, and refuses it
# when somebody sets it as text again. Looked for in the bytes: five times as fast as in the characters.
_CONTROL = bytes([*range(9), 11, 12, *range(14, 32), 127])
_NO_CHARACTERS = ("\ufffe".encode(), "\uffff".encode())
_END = re.compile(rb"</(?:html|body)\s*>", re.IGNORECASE)
_CONTROL_REFERENCE = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])(?!\d)|x0*(?:[0-8bcef]|1[0-9a-f])(?![0-9a-f])|x0*d[89a-f][0-9a-f]{2}(?![0-9a-f])|"
    rb"x0*fff[ef](?![0-9a-f]));?",
    re.IGNORECASE,
)
_SPACE = re.compile(r"\s+")
_AUTHOR_HREF = re.compile(
    r"/(?:authors?|staff|writers?|reporters?|columnists?|contributors?|bios?|by|profiles?|people|journalists?|"
    r"autor(?:es|en|in)?|auteurs?|autori|redacteurs?|signature|firmas?)/[^/?#]{3,}",
    re.IGNORECASE,
)
_MAX_CUES = 300  # characters of class and id; utility-class pages have hundreds, hostile ones millions
_ASIDE = frozenset({"aside", "nav", "footer"})
_DATE_CUES = re.compile(
    r"publish|entry-date|post-?date|article[-_]{1,2}date|pubdate|dateline|timestamp|posted-on|datecreated"
)  # in lower case: with IGNORECASE it takes three times as long
_EXCESSIVE_DEPTH = "Excessive depth"


class TooLargeError(Exception):
    """The page has more elements than a page can have; stays inside this package."""


def squeeze(text: str | None) -> str:
    """Return `text` on one line, with single spaces."""
    return _SPACE.sub(" ", text).strip() if text else ""


def inner_text(element: Element) -> str:
    """Return an element's text on one line."""
    return squeeze("".join(element.itertext()))


@dataclass
class Marked:
    """Elements that call themselves a byline or a date, in the page's order; not those in nav, aside or footer."""

    bylines: list[Element]
    dates: list[Element]


@dataclass
class Document:
    """The parsed page. The tree is shared: whoever changes it works on a copy."""

    page: Page
    tree: Element
    raw: bytes  # the page's characters as UTF-8, as the tree was made from
    encoding: str
    encoding_via: str
    metas: dict[str, list[str]]  # lower-case name, property, itemprop or http-equiv -> contents, in the page's order
    links: dict[str, list[Element]]  # lower-case rel -> link elements
    title_tag: str
    h1s: list[Element]
    times: list[Element]
    scripts: list[str]  # JSON-LD blocks
    base: str  # what relative addresses are relative to
    deep: bool  # more than 256 elements deep: steps that look at all ancestors of an element cost their square

    @cached_property
    def nodes(self) -> list[jsonld.Node]:
        """Every JSON-LD object."""
        return jsonld.read_blocks(self.scripts)

    @cached_property
    def articles(self) -> list[jsonld.Node]:
        """The JSON-LD objects that are articles."""
        return jsonld.articles(self.nodes)

    @cached_property
    def h1_texts(self) -> list[str]:
        """The texts of the h1 elements that have one."""
        return [t for t in (inner_text(h) for h in self.h1s) if t]

    @cached_property
    def declared_language(self) -> str:
        """The root element's language as written, "" if there is none."""
        return (self.tree.get("lang") or self.tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "").strip()

    @cached_property
    def marked(self) -> Marked:
        """The elements whose class or microdata marks them as a byline or a date; one pass over the tree."""
        marked = Marked([], [])
        known: dict[str, tuple[bool, bool]] = {}  # a page has few classes and many elements of each
        for element in self.tree.iter("a", "span", "time", "div", "p", "abbr", "address", "li", "ul", "meta"):
            get = element.get
            cues = f"{get('itemprop') or get('rel') or ''} {get('class') or ''} {get('id') or ''}"
            hit = known.get(cues)
            if hit is None:
                start = cues[:_MAX_CUES].lower()
                hit = known[cues] = ("author" in start or "byline" in start, bool(_DATE_CUES.search(start)))
            if True not in hit or any(a.tag in _ASIDE for a in element.iterancestors()):
                continue
            if hit[0]:
                marked.bylines.append(element)
            if hit[1]:
                marked.dates.append(element)
        return marked

    @cached_property
    def author_links(self) -> list[Element]:
        """The links to a person's page: /author/jane-roe, /staff/jane-roe; not those in nav, aside or footer."""
        return [
            link
            for link in self.tree.iter("a")
            if _AUTHOR_HREF.search((link.get("href") or "")[:_MAX_CUES])
            and not any(a.tag in _ASIDE for a in link.iterancestors())
        ]

    @property
    def host(self) -> str:
        """The host of the page's address, without a leading www."""
        host = (urlsplit(self.page.url).hostname or "").lower()
        return host.removeprefix("www.")

    def meta(self, *names: str) -> str | None:
        """Return the first content of the first of these names that has one."""
        for name in names:
            for value in self.metas.get(name, ()):
                if value:
                    return value
        return None

    def metas_of(self, names: Sequence[str]) -> list[tuple[str, str]]:
        """Return all (name, content) of these names, in the order of `names`."""
        return [(name, value) for name in names for value in self.metas.get(name, ()) if value]

    def absolute(self, ref: str | None) -> str | None:
        """Return an absolute http(s) address, or None."""
        if not ref or not ref.strip():
            return None
        try:
            url = urljoin(self.base, ref.strip())
            parts = urlsplit(url)
        except ValueError:
            return None
        return url if parts.scheme in {"http", "https"} and parts.hostname else None


def content_type(page: Page) -> str:
    """Return the Content-Type header as sent, "" if there was none."""
    for name, value in page.headers:
        if name.lower() == "content-type":
            return value
    return ""


def parse(page: Page) -> Document | None:
    """Parse a page; None if there is no element in it.

    Raises `TooLargeError` for more than MAX_ELEMENTS elements.
    """
    decoded = charset.decode(page.body, content_type(page))
    raw = _printable(decoded.text)
    tree, deep = _tree(raw)
    if tree is None:
        return None
    if len(page.body) > MAX_ELEMENTS and tree.xpath("count(//*)") > MAX_ELEMENTS:
        raise TooLargeError
    if raw.count(b"<!--") > _MANY_COMMENTS:
        _cut_addresses(tree)
    document = Document(
        page=page,
        tree=tree,
        raw=raw,
        encoding=decoded.encoding,
        encoding_via=decoded.via,
        metas={},
        links={},
        title_tag="",
        h1s=[],
        times=[],
        scripts=[],
        base=page.url,
        deep=deep,
    )
    _collect(document)
    return document


def _printable(text: str) -> bytes:
    """Return a page in UTF-8, without what XML cannot hold and what would end the reading too early."""
    raw = text.encode("utf-8", "ignore").translate(None, _CONTROL)  # "ignore": lone surrogates
    for encoded in _NO_CHARACTERS:
        raw = raw.replace(encoded, b"")
    # libxml2 2.14 stops at the first end of <html>, and makes a second <body>; browsers go on with the one there is.
    return _END.sub(b"", _CONTROL_REFERENCE.sub(b"", raw))


def _tree(raw: bytes) -> tuple[Element | None, bool]:
    """Return the root, or None if there is no element, and whether the page is deeper than 256 elements.

    Raises `MemoryError` where libxml2 says that it could not get memory.
    """
    for huge in (False, True):
        # Without huge_tree libxml2 stops 256 elements deep, with it 2048: pages with hundreds of unclosed <font> exist.
        parser = _PARSER(
            encoding="utf-8",
            remove_comments=True,
            remove_pis=True,
            collect_ids=False,
            default_doctype=False,
            huge_tree=huge,
        )
        parser.set_element_class_lookup(_CLASSES)
        try:
            tree = html.document_fromstring(raw, parser=parser, ensure_head_body=False)
        except (html.etree.ParserError, html.etree.XMLSyntaxError, ValueError) as error:
            if _out_of_memory(parser):
                raise MemoryError from error
            return None, huge
        if _out_of_memory(parser):  # half a page is none
            raise MemoryError
        if not any(_EXCESSIVE_DEPTH in (entry.message or "") for entry in parser.error_log):
            break
    return (tree if tree is not None and len(tree) else None), huge


def _out_of_memory(parser: Any) -> bool:
    return any(entry.type == html.etree.ErrorTypes.ERR_NO_MEMORY for entry in parser.error_log)


def _cut_addresses(tree: Element) -> None:
    """Cut addresses longer than any server takes."""
    long = f"[string-length() > {_MAX_URI}]"
    for value in tree.xpath(" | ".join(f"//@{name}{long}" for name in ("href", "src", "action", "name"))):
        value.getparent().set(value.attrname, value[:_MAX_URI])


def _collect(document: Document) -> None:
    for element in document.tree.iter("meta", "link", "title", "script", "h1", "time", "base"):
        tag = element.tag
        if tag == "meta":
            _collect_meta(document, element)
        elif tag == "link":
            for rel in (element.get("rel") or "").lower().split():
                document.links.setdefault(rel, []).append(element)
        elif tag == "script":
            kind = (element.get("type") or "").lower()
            if "ld+json" in kind and element.text:
                document.scripts.append(element.text)
        elif tag == "h1":
            document.h1s.append(element)
        elif tag == "time":
            document.times.append(element)
        elif tag == "title":
            # an <svg> has titles too ("Close", "Menu")
            if not document.title_tag and not any(a.tag == "svg" for a in element.iterancestors()):
                document.title_tag = inner_text(element)
        elif element.get("href"):
            document.base = urljoin_safe(document.page.url, element.get("href"))
    del document.h1s[MAX_H1:]


def _collect_meta(document: Document, element: Element) -> None:
    content = element.get("content")
    if content is None:
        content = element.get("datetime") or element.get("value")
    if not content or not (content := squeeze(content)):
        return
    for attribute in ("property", "name", "itemprop", "http-equiv"):
        for key in (element.get(attribute) or "").lower().split():
            document.metas.setdefault(key, []).append(content)


def urljoin_safe(base: str, ref: str) -> str:
    """Return `ref` made absolute, or `base` where that is not possible."""
    try:
        return urljoin(base, ref.strip())
    except ValueError:
        return base
