"""JSON-LD blocks as they are found on real pages: several, nested, broken.

What breaks them: HTML comments and CDATA around the JSON, raw control characters inside strings, trailing commas,
two objects after another, a script cut in the middle.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

MAX_BLOCK = 2 * 2**20  # characters; larger blocks are product catalogues
MAX_NODES = 5000
_MAX_DEPTH = 12

Node = dict[str, Any]

# schema.org 28: Article and everything below it, and what publishers use in its place.
ARTICLE_TYPES: frozenset[str] = frozenset(
    {
        "Article",
        "NewsArticle",
        "ReportageNewsArticle",
        "AnalysisNewsArticle",
        "AskPublicNewsArticle",
        "BackgroundNewsArticle",
        "OpinionNewsArticle",
        "ReviewNewsArticle",
        "AdvertiserContentArticle",
        "SatiricalArticle",
        "ScholarlyArticle",
        "TechArticle",
        "APIReference",
        "Report",
        "SocialMediaPosting",
        "BlogPosting",
        "LiveBlogPosting",
        "DiscussionForumPosting",
        "Blogposting",
        "CriticReview",
        "Review",
        "ClaimReview",
    }
)
# Only trusted when no Article stands on the page.
_WEAK_TYPES = frozenset({"DiscussionForumPosting", "SocialMediaPosting", "Review", "ClaimReview", "CriticReview"})

_WRAPPING = re.compile(
    r"^\s*(?:/\*\s*)?(?:<!--|<!\[CDATA\[|//\s*<!\[CDATA\[)(?:\s*\*/)?|(?:/\*\s*|//\s*)?(?:-->|\]\]>)(?:\s*\*/)?\s*;?\s*$"
)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_JOINED = re.compile(r"}\s*,?\s*{")
# JSON may name halves of surrogate pairs and NUL (RFC 8259 section 8.2), which neither UTF-8 nor SQLite's functions hold.
# Escaped backslashes and whole pairs are passed over.
_NO_TEXT = re.compile(
    r"\\(?:\\|ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|(?P<half>ud[89a-f][0-9a-f]{2})|(?P<nul>u0000))", re.IGNORECASE
)
_DECODER = json.JSONDecoder(strict=False)  # strict=False: raw tabs and newlines inside strings


def read_blocks(texts: Iterable[str]) -> list[Node]:
    """Return every object of these script texts, outermost first, in the page's order; the unreadable is left out."""
    nodes: list[Node] = []
    for text in texts:
        if not text or len(text) > MAX_BLOCK:
            continue
        for value in _load(text):
            for node in _walk(value, 0):
                nodes.append(node)
                if len(nodes) >= MAX_NODES:
                    return nodes
    return nodes


def types_of(node: Node) -> tuple[str, ...]:
    """Return the node's types without their vocabulary: "http://schema.org/NewsArticle" is "NewsArticle"."""
    value = node.get("@type", node.get("type"))
    names = value if isinstance(value, list) else [value]
    return tuple(re.split(r"[/#:]", name.strip())[-1] for name in names if isinstance(name, str))


def articles(nodes: Iterable[Node]) -> list[Node]:
    """Return the nodes that are articles, the believable ones first, else in the page's order."""
    found = [n for n in nodes if any(t in ARTICLE_TYPES for t in types_of(n)) and _says_something(n)]
    strong = [n for n in found if not all(t in _WEAK_TYPES for t in types_of(n))]
    return strong or [n for n in found if n.get("headline") or n.get("articleBody")]


def _says_something(node: Node) -> bool:
    return any(node.get(k) for k in ("headline", "datePublished", "articleBody", "author", "name"))


def text_of(value: object) -> str | None:
    """Return a plain string of a JSON-LD value: a string, a list's first, {"@value": …}, {"name": …}."""
    for _ in range(_MAX_DEPTH):
        if isinstance(value, str):
            return value.strip() or None
        if isinstance(value, list):
            value = next((v for v in value if v), None)
        elif isinstance(value, dict):
            value = value.get("@value") or value.get("name") or value.get("url")
        else:
            return None
    return None


def _load(text: str) -> Iterator[Any]:
    text = text.strip()
    if not (text.startswith(("{", "[")) and text.endswith(("}", "]"))):
        text = _WRAPPING.sub("", text).strip().rstrip(";").strip()
        text = _WRAPPING.sub("", text)
    text = _NO_TEXT.sub(_writable, text)
    try:
        yield _DECODER.decode(text)
    except (ValueError, RecursionError):
        yield from _mend(text)


def _writable(escape: re.Match[str]) -> str:
    return "\ufffd" if escape["half"] else " " if escape["nul"] else escape[0]


def _mend(text: str) -> Iterator[Any]:
    mended = _TRAILING_COMMA.sub(r"\1", text)
    at = 0
    while at < len(mended):
        start = min((i for i in (mended.find("{", at), mended.find("[", at)) if i >= 0), default=-1)
        if start < 0:
            return
        try:
            value, at = _DECODER.raw_decode(mended, start)
        except (ValueError, RecursionError):
            yield from _fragment(mended[start:])
            return
        yield value


_STRING_FIELD = re.compile(
    r'"(@type|headline|datePublished|dateModified|inLanguage|articleSection|isAccessibleForFree)"\s*:\s*"?((?<=")(?:[^"\\\n]|\\.){1,400}(?=")|true|false)'
)
_AUTHOR = re.compile(r'"author"\s*:\s*[\[{]{0,2}[^\]}]{0,200}?"name"\s*:\s*"((?:[^"\\\n]|\\.){1,100})"')


def _fragment(text: str) -> Iterator[Node]:
    """Rescue the plain fields of one object whose JSON is beyond mending (a quote inside a description)."""
    node: Node = {}
    for match in _STRING_FIELD.finditer(text[:20000]):
        if match[1] == "@type" and match[2] not in ARTICLE_TYPES and "@type" in node:
            continue
        if match[1] not in node or (match[1] == "@type" and match[2] in ARTICLE_TYPES):
            node[match[1]] = _unquote(match[2])
    if named := _AUTHOR.search(text[:20000]):
        node["author"] = {"@type": "Person", "name": _unquote(named[1])}
    if node:
        yield node


def _unquote(text: str) -> str:
    try:
        value = json.loads(f'"{text}"', strict=False)
    except ValueError:
        return text
    return str(value)


def _walk(value: object, depth: int) -> Iterator[Node]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, depth + 1)
    elif isinstance(value, dict):
        yield value
        for key, item in value.items():
            # other articles named inside an article are not this page's
            if isinstance(item, (dict, list)) and key not in _FOREIGN:
                yield from _walk(item, depth + 1)


_FOREIGN = frozenset(
    {
        "isPartOf",
        "hasPart",
        "mentions",
        "citation",
        "relatedLink",
        "isBasedOn",
        "author",
        "publisher",
        "comment",
        "review",
        "itemListElement",
        "significantLink",
        "blogPost",
        "liveBlogUpdate",
        "creator",
        "video",
        "image",
        "potentialAction",
    }
)
