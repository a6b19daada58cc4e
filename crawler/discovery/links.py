"""Links of a page: where its feeds, its canonical address and its articles are. Pure: bytes in, links out."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from html import unescape
from itertools import islice

from lxml import etree

from archive.tags import MAX_ATTRIBUTES, has_overlong_tag
from archive.urls import join_url
from crawler.discovery.likeness import Likeness, ShapeFacts, article_likeness, shape_of
from crawler.discovery.markup import MAX_TAGS

__all__ = [
    "MAX_BODY",
    "MAX_LINKS",
    "FeedLink",
    "Likeness",
    "Link",
    "PageLinks",
    "ShapeFacts",
    "article_likeness",
    "page_links",
    "shape_of",
]

MAX_BODY = 30 * 2**20  # bytes
MAX_LINKS = 5_000
_MAX_ANCHORS = 50_000  # that are looked at, though all may lead to one place
_MAX_NAMED = 2_000  # `link` and `meta` elements that are looked at
_TEXT = 300  # characters of a link's text
_TEXT_NODES = 100  # text nodes looked at for it: broken pages have links around half the page
_NODES = 500  # elements looked at for it, which need not have any text
_ALL_NODES = 500_000  # … for all links of a page; those behind have no text
_MAX_REF = 8192
_MAX_BASE = 2_000  # characters: the frontier takes no longer address

_END = re.compile(rb"</html\s*>", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_HEAD = 4096
_FEED_TYPES = re.compile(r"application/(?:rss|atom|rdf|feed)\+(?:xml|json)|application/json\+feed", re.IGNORECASE)
_COMMENTS = re.compile(r"/comments?(?:/|\?|\Z)|[?&]withcomments=", re.IGNORECASE)
# Blanks are given back by none of its parts: else a value of nothing but blanks takes cubic time.
_REFRESH = re.compile(
    r"\s*+[0-9.]*+(?:\s*+[;,]|\s|(?<=\s))\s*+(?:url\s*+=\s*+)?+[\"']?([^\"'\s][^\"']*)", re.IGNORECASE
)
_ANCHOR = re.compile(r"<a\s(?:[^<>]{0,500}\s)?href\s*=\s*[\"']([^\"'<>]{1,2000})[\"']", re.IGNORECASE)
_NOT_WEB = ("#", "javascript:", "mailto:", "tel:", "data:", "whatsapp:", "sms:", "about:", "blob:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link of a page to another."""

    url: str  # canonical
    text: str  # what a reader sees of it, blanks folded, at most 300 characters; "" for a picture
    rel: tuple[str, ...] = ()  # lower case; of the first link to that URL

    @property
    def nofollow(self) -> bool:
        """Tell whether the page does not vouch for it."""
        return not {"nofollow", "ugc", "sponsored"}.isdisjoint(self.rel)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLink:
    """A feed that a page names with `link rel=alternate`."""

    url: str
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLinks:
    """What one page links to. In the page's order, one per URL."""

    feeds: tuple[FeedLink, ...] = ()  # without those of comments
    canonical: str | None = None  # link rel=canonical, not judged
    amphtml: str | None = None
    meta_refresh: str | None = None  # URL that the page sends its reader on to
    nofollow: bool = False  # robots meta: nofollow for the whole page
    links: tuple[Link, ...] = ()
    problems: tuple[str, ...] = ()


def page_links(html: bytes, *, url: str, charset: str | None = None) -> PageLinks:
    """Return the links of an HTML page. `url`: where it was fetched; `charset`: what the HTTP header says.

    A `base href` counts. Only http(s) addresses; not what scripts or styles contain. Never raises on what a server
    sent: nesting of any depth, any bytes.
    """
    if len(html) > MAX_BODY:
        return PageLinks(problems=(f"the page has more than {MAX_BODY} bytes",))
    if html.count(b"<") > MAX_TAGS:
        return PageLinks(problems=(f"the page has more than {MAX_TAGS:,} tags",))
    if has_overlong_tag(html):
        return PageLinks(problems=(f"a tag of the page has more than {MAX_ATTRIBUTES} attributes",))
    encoding = _encoding(html, charset)
    # huge_tree lifts libxml2's limit of 256 levels to 2048; what is nested deeper it drops. The tree is walked and
    # freed without recursion.
    parser = etree.HTMLParser(encoding=encoding, huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        # libxml2 2.14 stops at the first end of <html>; browsers go on, and pages put together from parts have several
        root = etree.fromstring(_END.sub(b"", html), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        return PageLinks(problems=("no HTML element in it",))
    collector = _Collector(url)
    collector.walk(root)
    if any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log):
        collector.scan(html.decode(encoding, "replace"))
    return collector.found()


def _encoding(html: bytes, charset: str | None) -> str:
    """Return a charset that libxml2 can read the page in: byte order mark, header, meta, UTF-8 if it is, else 1252."""
    if html.startswith(b"\xef\xbb\xbf"):
        return "utf-8"
    if html.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    inside = _META_CHARSET.search(html[:_HEAD])
    for name in (charset, inside[1].decode("ascii") if inside else None):
        known = _known_encoding(name)
        if known:
            return known
    try:
        html.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def _known_encoding(name: str | None) -> str | None:
    if not name:
        return None
    try:
        name = codecs.lookup(name.strip("\"' ")).name
        etree.HTMLParser(encoding=name)
    except (LookupError, ValueError):
        return None
    # a meta element that could be read is not in UTF-16, whatever it says (WHATWG HTML, "prescan")
    return "utf-8" if name.startswith("utf-16") else name


class _Collector:
    """One walk over a page."""

    def __init__(self, url: str) -> None:
        self._base = url
        self._links: dict[str, Link] = {}
        self._feeds: dict[str, FeedLink] = {}
        self._named: dict[str, str] = {}
        self._nofollow = False
        self._nodes = _ALL_NODES  # that may still be looked at
        self._problems: list[str] = []

    def walk(self, root: etree._Element) -> None:
        """Take what the tree has."""
        for element in root.iter("base"):
            if (base := join_url(self._base, element.get("href", ""))) and len(base) <= _MAX_BASE:
                self._base = base
            break  # the first counts (WHATWG HTML section 4.2.3)
        for element in islice(root.iter("link", "meta"), _MAX_NAMED):
            if element.tag == "link":
                self._take_link(element)
            else:
                self._take_meta(element)
        for number, element in enumerate(root.iter("a", "area")):
            if len(self._links) >= MAX_LINKS or number >= _MAX_ANCHORS:
                most = f"{MAX_LINKS}" if len(self._links) >= MAX_LINKS else f"{_MAX_ANCHORS}"
                self._problems.append(f"more than {most} links: the rest was not read")
                break
            self._take_anchor(element)

    def scan(self, text: str) -> None:
        """Take links straight from the source, where the tree ends early; without their text."""
        self._problems.append("nested too deeply: links below that were read without their text")
        for match in _ANCHOR.finditer(text):
            url = self._target(unescape(match[1]))
            if url and len(self._links) < MAX_LINKS:
                self._links.setdefault(url, Link(url=url, text=""))

    def found(self) -> PageLinks:
        """Return what was taken."""
        return PageLinks(
            feeds=tuple(self._feeds.values()),
            canonical=self._named.get("canonical"),
            amphtml=self._named.get("amphtml"),
            meta_refresh=self._named.get("refresh"),
            nofollow=self._nofollow,
            links=tuple(self._links.values()),
            problems=tuple(self._problems),
        )

    def _target(self, ref: str) -> str | None:
        ref = ref.strip()
        if not ref or len(ref) > _MAX_REF or ref.lower().startswith(_NOT_WEB):
            return None
        return join_url(self._base, ref)

    def _take_anchor(self, element: etree._Element) -> None:
        url = self._target(element.get("href", ""))
        if url is None:
            return
        text = self._text(element)
        known = self._links.get(url)
        if known is None:
            rel = tuple(element.get("rel", "").lower().split())
            self._links[url] = Link(url=url, text=text, rel=rel)
        elif len(text) > len(known.text):  # the picture links first, the headline after it
            self._links[url] = Link(url=url, text=text, rel=known.rel)

    def _take_link(self, element: etree._Element) -> None:
        rel = element.get("rel", "").lower().split()
        ref = element.get("href", "").strip()
        if not rel or not ref or len(ref) > _MAX_REF:
            return
        kind = element.get("type", "").strip()
        if ("alternate" in rel and _FEED_TYPES.match(kind)) or "feed" in rel:
            url = join_url(self._base, ref)
            if url and not _COMMENTS.search(url):
                title = " ".join(element.get("title", "").split())[:_TEXT] or None
                self._feeds.setdefault(url, FeedLink(url=url, title=title))
        for name in ("canonical", "amphtml"):
            if name in rel and (url := join_url(self._base, ref)):
                self._named.setdefault(name, url)

    def _take_meta(self, element: etree._Element) -> None:
        content = element.get("content", "")[:_MAX_REF]
        if element.get("http-equiv", "").strip().lower() == "refresh":
            match = _REFRESH.match(content)
            if match and (url := join_url(self._base, match[1])):
                self._named.setdefault("refresh", url)
        elif element.get("name", "").strip().lower() == "robots":
            self._nofollow = self._nofollow or not {"nofollow", "none"}.isdisjoint(re.split(r"[\s,]+", content.lower()))

    def _text(self, element: etree._Element) -> str:
        """Return what a reader sees of a link: its text, else its title, else the first picture's description."""
        parts: list[str] = []
        picture: etree._Element | None = None
        for event, node in islice(etree.iterwalk(element, events=("start", "end")), min(2 * _NODES, self._nodes)):
            self._nodes -= 1
            if event == "start" and node.tag == "img" and picture is None:
                picture = node
            part = _seen(event, node, element)
            if part:
                parts.append(part)
            if len(parts) > _TEXT_NODES:
                break
        text = " ".join("".join(parts).split())[:_TEXT]
        if text:
            return text
        named = element.get("title") or element.get("aria-label") or ""
        if not named and picture is not None:
            named = picture.get("alt", "")
        return " ".join(named.split())[:_TEXT]


_HIDDEN = frozenset({"script", "style", "noscript", "template"})


def _seen(event: str, node: etree._Element, link: etree._Element) -> str | None:
    """Return the text that stands where a walk through `link` has come to."""
    if event == "start":
        return node.text if node.tag not in _HIDDEN else None
    return node.tail if node is not link else None
