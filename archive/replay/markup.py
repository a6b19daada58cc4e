"""A kept HTML page that can run nothing and reach nothing, with its look as far as the archive holds it. Pure.

Only elements and attributes that are known to do nothing are written; every address of a style sheet, image or link leads into
the archive. The page is served in a sandbox under a policy that says the same once more (`archive/web`): what a browser made of
this markup that we did not foresee can still load nothing and run nothing.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from archive.assets.media import applies, chosen
from archive.extract.charset import decode
from archive.replay.sheet import Address, sheet_into_archive
from archive.urls import redirect_url

MAX_PAGE = 8 * 2**20  # characters; what stands behind is left out
MAX_ELEMENTS = 200_000
_MAX_VALUE = 65_536  # characters of an attribute
_END = re.compile("</html\\s*>|\0", re.IGNORECASE)
_CDO = re.compile("<!--|-->")
_TAG = re.compile("<(?=[A-Za-z/!?])")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,60}")
_DATA_IMAGE = re.compile(r"data:image/(?:png|jpe?g|gif|webp|avif|svg\+xml)[;,]", re.IGNORECASE)

# What would run, load, send or show another document; gone with all it holds.
_GONE = frozenset({
    "script", "iframe", "frame", "frameset", "object", "embed", "applet", "template", "svg", "math", "audio", "video", "track",
    "base", "meta", "param", "portal", "noembed", "noframes", "xml", "fencedframe", "area", "map",
})  # fmt: skip
_PLAIN = {"form": "div", "xmp": "pre", "listing": "pre", "plaintext": "pre", "marquee": "div", "blink": "span"}
_UNWRAPPED = frozenset({"noscript", "picture", "source"})  # libxml2 takes what follows a source for its content
# What goes is marked and taken out at the end, all at once: taken out one by one, each would copy the text before it, which
# grows with every one.
_OUT, _BARE = "morgue-out", "morgue-bare"  # with all it holds; alone
_NO_ELEMENTS = (etree.Comment, etree.ProcessingInstruction, etree.Entity)
_KEPT = frozenset({
    "abbr", "align", "alt", "bgcolor", "border", "cellpadding", "cellspacing", "checked", "cite", "class", "color", "cols",
    "colspan", "datetime", "dir", "disabled", "face", "for", "headers", "height", "hidden", "hspace", "id", "label", "lang",
    "nowrap", "open", "placeholder", "reversed", "role", "rows", "rowspan", "scope", "size", "span", "start", "summary",
    "title", "type", "valign", "value", "vspace", "width",
})  # fmt: skip
_LAZY = (
    "data-src",
    "data-lazy-src",
    "data-lazy",
    "data-original",
    "data-original-src",
    "data-hi-res-src",
    "data-image",
)
_SETS = ("srcset", "data-srcset", "data-lazy-srcset", "data-original-set")
_BLANK = re.compile(r"data:image/(?:gif|svg\+xml)|.*\b(?:blank|spacer|placeholder|pixel|transparent)\b", re.IGNORECASE)


def page_into_archive(page: bytes, url: str, content_type: str, *, asset: Address, link: Address) -> bytes:
    """Return a page captured at `url` as UTF-8 that a browser may show. Never raises on what a server sent.

    `asset`: where an image or style sheet of an absolute address is to be had; `link`: the same of a page linked to.
    `page`: without codings; `content_type`: the header's value.
    """
    text = _END.sub("", decode(page, content_type).text[:MAX_PAGE])
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        return b"<!DOCTYPE html><title>empty</title>"
    base = next((redirect_url(url, each.get("href", "")) for each in root.iter("base") if each.get("href")), None)
    _Shown(base or url, asset, link).clean(root)
    modern = text.lstrip()[:9].lower() == "<!doctype"
    return (b"<!DOCTYPE html>\n" if modern else b"") + etree.tostring(root, method="html", encoding="utf-8")


class _Shown:
    """One page on its way."""

    def __init__(self, base: str, asset: Address, link: Address) -> None:
        self._base, self._asset, self._link = base, asset, link

    def clean(self, root: Any) -> None:
        """Clean a tree in place."""
        for number, element in enumerate(list(root.iter(etree.Element))):
            if number > MAX_ELEMENTS:
                element.tag = _OUT
            elif element is not root:
                self._one(element, element.tag.lower())
        root.tag = "html"
        self._attributes(root, {})
        etree.strip_elements(root, _OUT, *_NO_ELEMENTS, with_tail=False)
        etree.strip_tags(root, _BARE)

    def _one(self, element: Any, tag: str) -> None:
        if tag in _GONE:
            element.tag = _OUT
            return
        if tag in _UNWRAPPED:
            if tag == "picture":
                self._choose(element)
            element.tag = _BARE
            return
        if tag == "link":
            sheet = self._sheet(element)
            if sheet is None:
                element.tag = _OUT
            else:
                self._attributes(element, {"rel": "stylesheet", "href": sheet})
            return
        set_to: dict[str, str] = {}
        if tag == "style":
            element.text = _no_tag(sheet_into_archive(element.text or "", self._base, self._asset))
            del element[:]
        elif tag in {"img", "amp-img", "input", "image"}:
            tag = "img" if tag != "input" else tag
            set_to = self._image(element)
        elif tag == "a":
            set_to = self._anchor(element.get("href") or "")
        element.tag = _PLAIN.get(tag, tag) if _NAME.fullmatch(tag) else "div"
        self._attributes(element, set_to)

    def _anchor(self, written: str) -> dict[str, str]:
        if written.startswith("#"):
            return {"href": written[:200]}
        target = redirect_url(self._base, written) if written else None
        return {} if target is None else {"href": self._link(target), "rel": "nofollow"}

    def _attributes(self, element: Any, set_to: dict[str, str]) -> None:
        attributes = dict(element.attrib)
        element.attrib.clear()
        for name, value in attributes.items():
            if (name in _KEPT or name.startswith("aria-")) and _NAME.fullmatch(name) and len(value) <= _MAX_VALUE:
                element.set(name, value)
        style, background = attributes.get("style"), attributes.get("background")
        if style and len(style) <= _MAX_VALUE:
            element.set("style", sheet_into_archive(style, self._base, self._asset))
        if background and (url := redirect_url(self._base, background)) is not None:
            element.set("background", self._asset(url))
        for name, value in set_to.items():
            element.set(name, value)

    def _sheet(self, element: Any) -> str | None:
        rel = frozenset((element.get("rel") or "").lower().split())
        if "stylesheet" not in rel or "alternate" in rel or not element.get("href"):
            return None
        # Many pages load what they show with media="print", and switch it on by a script.
        if not applies(element.get("media")) and not element.get("onload"):
            return None
        url = redirect_url(self._base, element.get("href"))
        return None if url is None else self._asset(url)

    def _choose(self, picture: Any) -> None:
        """Give a picture's image the file that a browser would take of its sources."""
        image = next(iter(picture.iter("img")), None)
        for source in picture.iter("source"):
            taken = chosen(source.get("srcset") or source.get("data-srcset"), source.get("sizes"))
            if image is not None and taken and applies(source.get("media")):
                if not image.get("src") or _BLANK.match(image.get("src")):
                    image.set("src", taken)
                return

    def _image(self, element: Any) -> dict[str, str]:
        written = element.get("src")
        if not written or _BLANK.match(written[:200]):
            lazy = next((element.get(name) for name in _LAZY if element.get(name)), None)
            sets = next((taken for name in _SETS if (taken := chosen(element.get(name), element.get("sizes")))), None)
            written = lazy or sets or written
        if not written or _DATA_IMAGE.match(written):
            return {"src": written} if written else {}
        url = redirect_url(self._base, written) if len(written) <= _MAX_VALUE else None
        return {} if url is None else {"src": self._asset(url)}


def _no_tag(sheet: str) -> str:
    """Return a style sheet in which no browser sees a tag, wherever it stands: within select, some read no style element."""
    return _TAG.sub("< ", _CDO.sub(" ", sheet))
