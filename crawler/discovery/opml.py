"""OPML, the lists of feeds that feed readers export: 1.0 and 2.0 as they are written in the wild. Pure: bytes in, lines out.

Source: http://opml.org/spec2.opml. Element and attribute names are taken in any case, as readers write them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from lxml import etree

from archive.errors import OpmlError
from crawler.discovery.markup import decode, names_of, parse_xml, without_forbidden

MAX_BYTES = 10 * 2**20
_TITLE = 200  # characters
_START = re.compile(r"<(?:\?xml|(?:[\w.-]+:)?opml(?=[\s>/]))", re.IGNORECASE)
_OPML = re.compile(r"<(?:[\w.-]+:)?opml[\s>/]", re.IGNORECASE)
_ENTITY_DECLARED = re.compile(r"<!ENTITY", re.IGNORECASE)
_XML_URL = re.compile(r"\sxmlurl\s*=", re.IGNORECASE)
_OUTLINE = re.compile(r"<(?:[\w.-]+:)?outline(?=[\s/>])", re.IGNORECASE)
# What a list that is no XML still has: addresses hold neither quotes nor angle brackets, titles end where the next
# attribute begins.
_LOOSE = {
    "xmlurl": re.compile(r"\sxmlurl\s*=\s*[\"']([^\"'<>]*)", re.IGNORECASE),
    "htmlurl": re.compile(r"\shtmlurl\s*=\s*[\"']([^\"'<>]*)", re.IGNORECASE),
    "text": re.compile(r"\s(?:text|title)\s*=\s*[\"']([^\"'<>]*)", re.IGNORECASE),
}
_AT_LINE = re.compile(r"\bline ([0-9]+)")
_LONGEST = 65536  # characters of one outline that is no XML
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_FEED_TYPES = frozenset({"rss", "atom", "rdf", "rss1", "rss2", "feed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """An outline that names a feed, or that names nothing and holds nothing. Texts as written."""

    line: int  # 1 is the first
    title: str = ""  # blanks folded, at most 200 characters
    xml_url: str | None = None
    html_url: str | None = None
    commented: bool = False  # isComment on it or on one that holds it (OPML 2.0, "Common attributes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opml:
    """What one list says, in its order, nested or not."""

    outlines: tuple[Outline, ...] = ()
    problems: tuple[str, ...] = ()  # the list was read all the same


def parse_opml(body: bytes, *, where: str) -> Opml:
    """Read a list of feeds. `where`: what to call it in messages.

    Raises `OpmlError` for what is no OPML, larger than `MAX_BYTES`, or declares entities: no reader writes those, and
    bombs are made of them.
    """
    if len(body) > MAX_BYTES:
        raise OpmlError(where, f"it has more than {MAX_BYTES:,} bytes. Cut it into several lists.")
    text = without_forbidden(decode(body)).replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise OpmlError(where, "it is empty. Export the list again.")
    if declared := _ENTITY_DECLARED.search(text):
        line = text.count("\n", 0, declared.start()) + 1
        raise OpmlError(where, f"line {line} declares entities, which no list of feeds needs. Take its DOCTYPE out.")
    if _OPML.search(text) is None:
        raise OpmlError(
            where, "it is no OPML: there is no <opml>. Feed readers write one with Export, or Subscriptions."
        )
    start = _START.search(text)
    skipped = text.count("\n", 0, start.start()) if start else 0
    text = text[start.start() :] if start else text
    root, problem = parse_xml(text)
    outlines = [] if root is None else list(_outlines(root, skipped))
    problems: list[str] = []
    if problem:
        at = _AT_LINE.search(problem)
        broken = "broken XML" + (f" in line {int(at[1]) + skipped}" if at else "")
        problems = [f"{broken}, read as far as it goes"]
        # The repaired tree ends, or loses attributes, where a title has a quote or an angle bracket of its own.
        loose = list(_loose_outlines(text, skipped))
        if _feeds(loose) > _feeds(outlines):
            outlines, problems = loose, [f"{broken}, read outline by outline"]
    return Opml(outlines=tuple(outlines), problems=tuple(problems))


def _feeds(outlines: list[Outline]) -> int:
    return sum(outline.xml_url is not None for outline in outlines)


def _outlines(root: etree._Element, skipped: int) -> Iterator[Outline]:
    commented: set[etree._Element] = set()
    for element in root.iter():
        if names_of(element)[1] != "outline":
            continue
        values = {_local(name): str(value) for name, value in element.attrib.items()}
        parent = element.getparent()
        if parent in commented or values.get("iscomment", "").strip().lower() == "true":
            commented.add(element)
        xml_url = values.get("xmlurl", "").strip()
        if not xml_url and values.get("type", "").strip().lower() in _FEED_TYPES:
            xml_url = values.get("url", "").strip()  # as OPML 1.0 of some readers has it
        if not xml_url and any(names_of(child)[1] == "outline" for child in element):
            continue  # a folder
        yield Outline(
            line=_line(element) + skipped,
            title=_title(values.get("title", "").strip() or values.get("text", "")),
            xml_url=xml_url or None,
            html_url=values.get("htmlurl", "").strip() or None,
            commented=element in commented,
        )


def _line(element: etree._Element) -> int:
    line: object = element.sourceline
    return line if isinstance(line, int) else 1


def _local(name: str | bytes) -> str:
    """Return an attribute's local name in lower case."""
    return str(name).rpartition("}")[2].lower()


def _loose_outlines(text: str, skipped: int) -> Iterator[Outline]:
    """Yield the outlines of a text that is no XML, as far as they name a feed."""
    text = _without_comments(text)
    line, counted_to = 1 + skipped, 0
    starts = [match.start() for match in _OUTLINE.finditer(text)]
    for start, end in pairwise([*starts, len(text)]):
        line += text.count("\n", counted_to, start)
        counted_to = start
        tag = text[start : min(end, start + _LONGEST)]
        if not _XML_URL.search(tag):
            continue
        found = {key: match[1] for key, pattern in _LOOSE.items() if (match := pattern.search(tag))}
        yield Outline(
            line=line,
            title=_title(_resolved(found.get("text", ""))),
            xml_url=_resolved(found.get("xmlurl", "")).strip() or None,
            html_url=_resolved(found.get("htmlurl", "")).strip() or None,
        )


def _without_comments(text: str) -> str:
    """Return the text with its comments out, each line where it was."""
    kept, at = [], 0
    while (first := text.find("<!--", at)) >= 0 and (last := text.find("-->", first)) >= 0:
        kept += [text[at:first], "\n" * text.count("\n", first, last)]
        at = last + 3
    return "".join([*kept, text[at:]])


def _resolved(text: str) -> str:
    return _REFERENCE.sub(lambda match: html.unescape(match[0]), text)


def _title(text: str) -> str:
    return " ".join(text.split())[:_TITLE]
