"""What an HTML page names that it needs to look like itself: style sheets, fonts, images. Pure.

Not scripts, frames, films, sound: they make no look, or need a whole browser. A page's lazy images are taken where its
markup names them (`data-src`, `noscript`). Images of one pixel are counters of visits, and nobody's look.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from lxml import etree

from archive.assets.css import css_refs
from archive.assets.media import applies, chosen, shows
from archive.assets.refs import Kind, Ref, Refs
from archive.charsets import document_codec
from archive.tags import has_overlong_tag
from archive.urls import redirect_url

MAX_PAGE = 4 * 2**20  # characters that are looked into
MAX_ELEMENTS = 100_000
_END = re.compile("</html\\s*>|\0", re.IGNORECASE)
_LAZY_SRC = (
    "data-src",
    "data-lazy-src",
    "data-lazy",
    "data-original",
    "data-original-src",
    "data-hi-res-src",
    "data-image",
)
_LAZY_SET = ("data-srcset", "data-lazy-srcset", "data-original-set")
_LAZY_BACK = ("data-bg", "data-background", "data-background-image", "data-bgset")
_ICONS = frozenset({"icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon"})
_PRELOADED = {"style": Kind.STYLE, "font": Kind.FONT, "image": Kind.IMAGE}
_DOTS = frozenset({"0", "1", "0px", "1px"})
_HEAD = 4_096  # bytes
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_XLINK = "{http://www.w3.org/1999/xlink}href"


def html_refs(page: bytes, url: str, content_type: str = "") -> tuple[Ref, ...]:
    """Return what a page at `url` needs, each address once, in the page's order. Never raises on what a server sent.

    `content_type`: the header's value. A `base href` counts. What stands behind 4 MiB is not looked at, nor
    a page with a tag of thousands of attributes.
    """
    text = _END.sub("", page_text(page, content_type)[:MAX_PAGE]).encode("utf-8", "replace")
    if has_overlong_tag(text):
        return ()
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        return ()
    base = next((redirect_url(url, each.get("href", "")) for each in root.iter("base") if each.get("href")), None)
    page_refs = _Page(Refs(base or url))
    for number, element in enumerate(root.iter(etree.Element)):
        if page_refs.refs.full or number > MAX_ELEMENTS:
            break
        page_refs.take(element)
    return page_refs.refs.found()


def page_text(page: bytes, content_type: str) -> str:
    """Return a page's characters: byte order mark, header, meta, UTF-8. Addresses are ASCII nearly always."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if page.startswith(mark):
            return page[len(mark) :].decode(name, "replace")
    for said in (content_type.encode("ascii", "replace"), page[:_HEAD]):
        if (match := _CHARSET.search(said)) is not None:
            name = match[1].decode("ascii").lower()
            if (codec := document_codec(name)) is not None:
                return page.decode("utf-8" if codec.startswith("utf-16") else codec, "replace")
    return page.decode("utf-8", "replace")


class _Page:
    """One walk over a page."""

    def __init__(self, refs: Refs) -> None:
        self.refs = refs
        self._sourced: set[etree._Element] = set()  # images whose `picture` says which file is taken

    def take(self, element: etree._Element) -> None:
        """Take what one element names."""
        tag = element.tag
        match tag:
            case "link":
                self._link(element)
            case "style":
                self._styles(element.text)
            case "img" | "amp-img":
                self._image(element)
            case "picture":
                self._picture(element)
            case "video":
                self.refs.add(element.get("poster"), Kind.IMAGE)
            case "input" if element.get("type", "").strip().lower() == "image":
                self.refs.add(element.get("src"), Kind.IMAGE)
            case "image" | "use" | "feimage":
                self.refs.add(element.get("href") or element.get("xlink:href") or element.get(_XLINK), Kind.IMAGE)
            case "body" | "table" | "td" | "th":
                self.refs.add(element.get("background"), Kind.IMAGE)
        if (style := element.get("style")) and "(" in style:
            self._styles(style)
        for name in _LAZY_BACK:
            if value := element.get(name):
                self._lazy_background(value)

    def _styles(self, text: str | None) -> None:
        if text:
            self.refs.take(css_refs(text, self.refs.base))

    def _lazy_background(self, value: str) -> None:
        if "url(" in value.lower():
            self._styles(value)
        else:
            self.refs.add(chosen(value) if "," in value or " " in value.strip() else value, Kind.IMAGE)

    def _link(self, element: etree._Element) -> None:
        rel = frozenset(element.get("rel", "").lower().split())
        if "stylesheet" in rel:
            # Not by its `media`: many pages load what they show with media="print", and switch it on by a script.
            if "alternate" not in rel:
                self.refs.add(element.get("href"), Kind.STYLE)
        elif rel & _ICONS:
            self.refs.add(element.get("href"), Kind.IMAGE)
        elif "preload" in rel and applies(element.get("media")):
            kind = _PRELOADED.get(element.get("as", "").strip().lower())
            if kind is not None:
                self.refs.add(element.get("href"), kind)
                self.refs.add(chosen(element.get("imagesrcset"), element.get("imagesizes")), kind)

    def _picture(self, element: etree._Element) -> None:
        source = next((each for each in element.iter("source") if _usable(each)), None)  # libxml2 nests them
        if source is None:
            return
        sizes = source.get("sizes") or source.get("data-sizes")
        for srcset in _of(source, ("srcset", *_LAZY_SET)):
            self.refs.add(chosen(srcset, sizes), Kind.IMAGE)
        self._sourced.update(element.iter("img"))

    def _image(self, element: etree._Element) -> None:
        if element.get("width", "").strip() in _DOTS and element.get("height", "").strip() in _DOTS:
            return
        for written in _of(element, ("src", *_LAZY_SRC)):
            self.refs.add(written, Kind.IMAGE)
        if element in self._sourced:
            return
        sizes = element.get("sizes") or element.get("data-sizes")
        for srcset in _of(element, ("srcset", *_LAZY_SET)):
            self.refs.add(chosen(srcset, sizes), Kind.IMAGE)


def _usable(source: etree._Element) -> bool:
    named = any(True for _ in _of(source, ("srcset", *_LAZY_SET)))
    return named and shows(source.get("type")) and applies(source.get("media"))


def _of(element: etree._Element, names: tuple[str, ...]) -> Iterator[str]:
    return (value for name in names if (value := element.get(name)))
