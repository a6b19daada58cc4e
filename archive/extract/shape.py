"""How a page is built: its links, headings, cards, forms. One pass over the elements that matter, and no words.

A listing repeats one card many times: a link of a headline's length at the same place of the same markup. An article
keeps its paragraphs in one element; cards, posts and products have one each.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from archive.extract.blocks import Block
from archive.extract.document import Document, Element

_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_UNSEEN = ("script", "style", "noscript", "template")
_PASS = ("a", "p", "img", "h2", "h3", "h4", "button", "input", "pre", *_UNSEEN)
_HEADINGS = frozenset({"h2", "h3", "h4"})
_NO_FIELD = frozenset({"hidden", "search", "submit", "button", "number"})
_LENGTH: Any = etree.XPath("string-length(normalize-space(string(.)))")

PROSE = 80  # weighed characters: a sentence or two
_HEADLINE = 24  # weighed characters of a link that may be a headline
_SHORT = 10  # characters that even Chinese headlines have
_PROMPT = 40  # characters of a link or button that asks to buy
_MAX_LINKS = 3000  # looked at; a page with more is a listing by that alone
_PROBE = 48  # characters of a block's first line that are looked for in the links
_PLACE = 3  # elements above a link that say where it stands
_REPEATED = 3  # links at one place that make it a list
_SCHEME = 6  # characters of "https:"
# Told the same way by shops and services of the larger languages; lower case.
_BUY = (
    "add to cart", "add to bag", "add to basket", "buy now", "in stock", "out of stock", "free shipping", "checkout",
    "in den warenkorb", "ajouter au panier", "in winkelwagen", "aggiungi al carrello", "al carrito", "ao carrinho",
    "do koszyka", "в корзину", "カートに入れる", "加入购物车", "get a quote", "free trial", "request a demo",
    "contact sales", "get started", "sign up free", "book now",
)  # fmt: skip


def weigh(text: str) -> int:
    """Return a text's length where a character of a script without spaces counts for two and a half."""
    return len(text) if text.isascii() else len(text) + int(1.5 * len(_WIDE.findall(text)))


@dataclass(slots=True)
class Shape:
    """What one pass over the page counts."""

    size: int = 1  # characters that a reader can see
    linked: int = 0  # … in links
    links: int = 0  # with an address of another page
    headlines: int = 0  # … of a headline's length, each address once
    cards: int = 0  # the most of them at one place of the markup
    places: int = 0  # places of the markup with three of them or more
    carded: int = 0  # characters of those at the first place
    below: int = 0  # links to addresses below this page's
    beside: int = 0  # … in the same folder
    away: int = 0  # … on other hosts
    heads: int = 0  # h2 to h4
    linked_heads: int = 0  # … that are links
    paragraphs: int = 0
    prose: int = 0  # characters in those with a sentence or two
    homes: int = 0  # elements that hold such a one
    home: int = 0  # characters in the element that holds most of them
    images: int = 0
    fields: int = 0  # of forms, without hidden ones and search
    codes: int = 0  # pieces of code
    buys: int = 0  # links and buttons that ask to buy
    inside: int = 0  # characters of the article's text that stand in links


class _Address:
    """What of a link's address can be told by comparing texts."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        path = parts.path or "/"
        self.origin = f"//{parts.netloc}"
        self.own = path.rstrip("/") + "/"
        self.folder = path[: path.rstrip("/").rfind("/") + 1]

    def count(self, href: str, shape: Shape) -> None:
        at = href.find(self.origin, 0, _SCHEME + len(self.origin))
        local = href[at + len(self.origin) :] if at >= 0 else href
        if local.startswith("/"):
            shape.beside += self.folder != "/" and local.startswith(self.folder)
            shape.below += self.own != "/" and local.startswith(self.own) and len(local) > len(self.own)
        else:
            shape.away += local.startswith("http")


class _Groups:
    """Links of a headline's length, by their place in the markup; their texts, and what buttons say."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.lengths: Counter[tuple[str, ...]] = Counter()
        self.seen: set[str] = set()
        self.texts: list[str] = []
        self.prompts: list[str] = []

    def add(self, link: Element, href: str, text: str) -> None:
        size = len(text)
        if size <= _PROMPT:
            self.prompts.append(text)
        if href.startswith("#") or size < _SHORT or (size < _HEADLINE and weigh(text) < _HEADLINE):
            return
        self.texts.append(text)
        if href not in self.seen:
            self.seen.add(href)
            place = _place(link)
            self.counts[place] += 1
            self.lengths[place] += size

    def close(self, shape: Shape, parts: Sequence[Block]) -> None:
        shape.headlines = len(self.seen)
        if self.counts:
            place, shape.cards = self.counts.most_common(1)[0]
            shape.carded = self.lengths[place]
            shape.places = sum(n >= _REPEATED for n in self.counts.values())
        asked = "\n".join(self.prompts).lower()
        shape.buys = sum(asked.count(phrase) for phrase in _BUY)
        joined = "\n".join(self.texts)
        for block in parts:
            line = block.text.split("\n", 1)[0].removeprefix("- ")[:_PROBE]
            if len(line) > _SHORT and line in joined:
                shape.inside += len(block.text)


def shape_of(document: Document, parts: Sequence[Block]) -> Shape:
    """Return how this page is built. `parts` is the article's text as it was found. The tree is not changed."""
    body = document.tree.find("body")
    if body is None:
        body = document.tree
    shape = Shape()
    address = _Address(document.page.url)
    groups = _Groups()
    homes: dict[Element, int] = {}
    unseen = 0
    for element in body.iter(*_PASS):
        tag = element.tag
        if tag == "a":
            shape.links += 1
            if shape.links > _MAX_LINKS:
                continue
            text = _text(element)
            shape.linked += len(text)
            href = element.get("href") or ""
            groups.add(element, href, text)
            address.count(href, shape)
        elif tag == "p":
            shape.paragraphs += 1
            if (size := _size(element)) >= PROSE:
                home = element.getparent()
                homes[home] = homes.get(home, 0) + size
        elif tag in _HEADINGS:
            shape.heads += 1
            above = element.getparent()
            shape.linked_heads += element.find(".//a") is not None or (above is not None and above.tag == "a")
        elif tag == "img":
            shape.images += 1
        elif tag in _UNSEEN:
            unseen += int(_LENGTH(element))
        else:
            _count_control(element, tag, shape, groups)
    shape.size = max(int(_LENGTH(body)) - unseen, 1)
    shape.prose, shape.homes, shape.home = sum(homes.values()), len(homes), max(homes.values(), default=0)
    groups.close(shape, parts)
    return shape


def _count_control(element: Element, tag: str, shape: Shape, groups: _Groups) -> None:
    if tag == "pre":
        shape.codes += 1
    elif tag == "button":
        text = _text(element)
        if len(text) <= _PROMPT:
            groups.prompts.append(text)
    else:
        shape.fields += (element.get("type") or "text").lower() not in _NO_FIELD


def _text(element: Element) -> str:
    text = "".join(element.itertext()) if len(element) else element.text
    return " ".join(text.split()) if text else ""


def _size(paragraph: Element) -> int:
    return int(_LENGTH(paragraph)) if len(paragraph) else len(paragraph.text or "")


def _place(element: Element) -> tuple[str, ...]:
    """Return where in the markup an element stands: its first class, tag and first class of those above it."""
    place = [(element.get("class") or "").partition(" ")[0]]
    for _ in range(_PLACE):
        element = element.getparent()
        if element is None:
            break
        place.append(f"{element.tag}.{(element.get('class') or '').partition(' ')[0]}")
    return tuple(place)
