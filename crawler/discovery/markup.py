"""Bytes that call themselves XML, made into a tree or a text: what feeds and sitemaps share.

Nothing here follows a reference: no DTD is loaded, no entity is expanded (the classic bombs are never built), no
network is touched.
"""

from __future__ import annotations

import html
import re
from html.entities import html5

from lxml import etree

from archive.charsets import document_codec

MAX_TAGS = 750_000  # angle brackets: each may become an element of 120 to 400 bytes, whatever the document's length
_HEAD = 4096  # bytes or characters in which a document says what it is
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']\s*([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_UNKNOWN_BYTE = re.compile("[\udc80-\udcff]+")

# What XML 1.0 (section 2.2) does not allow; some CMSs let it through from Word.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ROOT = re.compile(
    r"<(?:\?xml|(?:[\w.-]+:)?(?:rss|feed|rdf|channel|urlset|sitemapindex|opml)(?=[\s>/]))", re.IGNORECASE
)
_ENTITY = re.compile(r"&(#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)?")
_START_TAG = re.compile(r"<[A-Za-z][^<>]*>")
# A name is tried from its first letter alone, and once: else a tag with one long word takes quadratic time.
_ATTRIBUTE = re.compile(r"(?<![\w:.-])([\w:.-]++\s*+)=\s*+(\"[^\"]*\"|'[^']*'|[^\s\"'<>]+)")
_LEAF = re.compile(
    r"<(title|description|summary|link|guid|pubdate|content:encoded|dc:[a-z]{1,20})(?:\s[^<>]*[^/<>])?>", re.IGNORECASE
)
_ENTRY = re.compile(r"<(?:item|entry|channel)\b", re.IGNORECASE)
# As numbers: after an error libxml2 drops references by name, even those of XML itself, when told to expand none.
_XML_ENTITIES = {"amp;": "&#38;", "lt;": "&#60;", "gt;": "&#62;", "quot;": "&#34;", "apos;": "&#39;"}

_TAG = re.compile(r"<(?:/?[A-Za-z]|[!?])[^<>]*>")
# What stands between these is not seen by a reader. Searched one after the other: one expression for it all would
# take quadratic time on a text of nothing but beginnings.
_UNSEEN = (
    (re.compile("<!--"), re.compile("-->")),
    (re.compile(r"<script\b", re.IGNORECASE), re.compile(r"</script\s*>", re.IGNORECASE)),
    (re.compile(r"<style\b", re.IGNORECASE), re.compile(r"</style\s*>", re.IGNORECASE)),
)
_BLANK = re.compile(r"\s+")


def decode(body: bytes, content_type: str | None = None) -> str:
    """Return the text of an XML or JSON body: by its byte order mark, else as UTF-8 if it is, else as it says.

    Valid UTF-8 with anything beyond ASCII is hardly ever something else, whatever header or declaration say (both are
    often copied from a template). Then the declaration inside comes before the header, which servers send for all
    files alike. Bytes that are not in the declared charset are read as windows-1252.
    """
    for mark, name in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if body.startswith(mark):
            return body.decode(name, "replace").lstrip("\ufeff")
    head = body[:_HEAD]
    if head.startswith((b"<\x00", b"{\x00")):
        return body.decode("utf-16-le", "replace")
    if head.startswith((b"\x00<", b"\x00{")):
        return body.decode("utf-16-be", "replace")
    inside = _DECLARED.search(head)
    outside = _CHARSET.search(content_type or "")
    declared = [*([inside[1].decode("ascii")] if inside else []), *([outside[1]] if outside else [])]
    if not any(name.lower().startswith(("iso-2022", "utf-7", "hz")) for name in declared):  # ASCII bytes, other text
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            pass
    for name in declared:
        if name.lower().replace("_", "-") in {"utf-8", "utf8", "us-ascii", "ascii"}:
            continue  # it is not: see above
        codec = document_codec(name)
        if codec is not None:
            # browsers read Latin-1 as windows-1252: the bytes between are quotes and dashes, never control characters
            return body.decode("cp1252" if codec == "iso8859-1" else codec, "replace")
    return _UNKNOWN_BYTE.sub(_as_windows_1252, body.decode("utf-8", "surrogateescape"))


def _as_windows_1252(match: re.Match[str]) -> str:
    return match[0].encode("utf-8", "surrogateescape").decode("cp1252", "replace")


def parse_xml(text: str) -> tuple[etree._Element | None, str | None]:
    """Return the root of an XML text and None, or what was wrong with it; (None, why) where there is no tree at all.

    A sound document is read strictly; otherwise it is repaired (junk before the root, HTML entities, bare `&`,
    characters that XML forbids) and read as far as it goes.
    """
    if text.count("<") > MAX_TAGS:
        return None, f"it has more than {MAX_TAGS:,} tags"
    start = _ROOT.search(text[: 16 * _HEAD])
    if start is not None and start.start():
        text = text[start.start() :]
    text = _without_doctype(text)
    strict = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True, encoding="utf-8"
    )
    try:
        return etree.fromstring(text.encode("utf-8"), strict), None
    except (etree.XMLSyntaxError, UnicodeEncodeError, ValueError) as error:
        problem = f"broken XML, read as far as it goes ({str(error)[:120]})"
    lenient = etree.XMLParser(
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )
    try:
        root = etree.fromstring(repaired(text).encode("utf-8"), lenient)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    return root, problem


def without_forbidden(text: str) -> str:
    """Return the text without the characters that XML forbids."""
    return _ILLEGAL.sub("", text)


def repaired(text: str) -> str:
    """Return XML text with what generators most often get wrong put right, in linear time.

    Forbidden characters go; HTML left unescaped in a title or description is escaped; outside CDATA bare ampersands
    and HTML entities are escaped and attributes quoted.
    """
    text = _with_leaves_escaped(without_forbidden(text))
    parts = text.split("<![CDATA[")
    parts[0] = _repaired_markup(parts[0])
    for number in range(1, len(parts)):
        inside, close, outside = parts[number].partition("]]>")
        parts[number] = inside + close + _repaired_markup(outside)
    return "<![CDATA[".join(parts)


def _repaired_markup(text: str) -> str:
    text = _ENTITY.sub(_entity, text)
    return _START_TAG.sub(lambda tag: _ATTRIBUTE.sub(_quoted, tag[0]) if "=" in tag[0] else tag[0], text)


def _quoted(match: re.Match[str]) -> str:
    value = match[2]
    if value[0] in "\"'":
        return match[0]
    end = "/" if value.endswith("/") else ""  # <link href=/a/>
    return f'{match[1]}="{value.removesuffix("/")}"{end}'


def _with_leaves_escaped(text: str) -> str:
    """Return the text with markup inside elements that hold none (a `<br>` in a title) escaped, in linear time."""
    parts, at = [], 0
    ends: dict[str, _Ahead] = {}
    cdata, entries = _Ahead(text, re.compile(re.escape("<![CDATA["))), _Ahead(text, _ENTRY)
    for leaf in _LEAF.finditer(text):
        name, begin = leaf[1], leaf.end()
        if leaf.start() < at:
            continue
        if name not in ends:
            ends[name] = _Ahead(text, re.compile(re.escape(f"</{name}")))
        close = ends[name].place(begin)
        if close == len(text) or "xhtml" in leaf[0] or close > min(cdata.place(begin), entries.place(begin)):
            continue
        parts += [text[at:begin], text[begin:close].replace("<", "&lt;").replace(">", "&gt;")]
        at = close
    return "".join([*parts, text[at:]]) if parts else text


class _Ahead:
    """Where in a text something stands next. Asked with places that never go back, it looks through the text once."""

    def __init__(self, text: str, wanted: re.Pattern[str]) -> None:
        self._text, self._wanted = text, wanted
        self._found = -1

    def place(self, begin: int) -> int:
        """Return where it begins first at `begin` or behind; the text's length if it does not."""
        if self._found < begin:
            match = self._wanted.search(self._text, begin)
            self._found = match.start() if match else len(self._text)
        return self._found


def entity_escaped(chunk: bytes) -> bytes:
    """Return a piece of ASCII-compatible XML with bare ampersands and HTML entities escaped, CDATA or not."""
    if b"&" not in chunk:
        return chunk
    return _ENTITY.sub(_entity, chunk.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _entity(match: re.Match[str]) -> str:
    name = match[1]
    if name is None:
        return "&#38;"
    if name[0] == "#":
        return match[0]
    if name in _XML_ENTITIES:
        return _XML_ENTITIES[name]
    known = html5.get(name)
    return "".join(f"&#{ord(char)};" for char in known) if known else "&#38;" + name


def _without_doctype(text: str) -> str:
    """Return the text without its DOCTYPE and what it declares: nothing we read needs it, and bombs live there.

    Its line ends stay, so that what follows is where it was.
    """
    start = text.find("<!DOCTYPE", 0, 16 * _HEAD)
    if start < 0:
        return text
    bracket, end = text.find("[", start), text.find(">", start)
    if 0 <= bracket < end:
        close = re.compile(r"\]\s*>").search(text, bracket)
        end = close.end() - 1 if close else end
    return text[:start] + "\n" * text.count("\n", start, end) + text[end + 1 :] if end >= 0 else text[:start]


def plain_text(markup: str, limit: int | None = None) -> str:
    """Return a title or summary as text: tags out, entities resolved, blanks folded, at most `limit` characters.

    Feeds carry HTML inside XML, escaped once, twice or not at all. A `<` that opens no tag stays.

    >>> plain_text("<p>Caf&eacute; &amp; 3 < 5</p>")
    'Café & 3 < 5'
    """
    if limit is not None:
        markup = markup[: 20 * limit]
    if "<" in markup:
        for begin, end in _UNSEEN:
            markup = _without(markup, begin, end)
        markup = _TAG.sub(" ", markup)
    if "&" in markup:
        markup = html.unescape(markup)
    markup = _BLANK.sub(" ", _ILLEGAL.sub("", markup)).strip()
    return markup if limit is None or len(markup) <= limit else markup[: limit - 1].rstrip() + "…"


def _without(text: str, begin: re.Pattern[str], end: re.Pattern[str]) -> str:
    """Return `text` without all that begins and ends so, in linear time."""
    kept, at = [], 0
    while (first := begin.search(text, at)) and (last := end.search(text, first.end())):
        kept.append(text[at : first.start()])
        at = last.end()
    return " ".join([*kept, text[at:]]) if kept else text


def element_text(element: etree._Element) -> str:
    """Return all text inside an element, in order, as it stands."""
    if len(element) == 0:
        return element.text or ""
    return "".join(str(text) for text in element.itertext())


def names_of(element: etree._Element) -> tuple[str, str]:
    """Return (namespace or undeclared prefix, local name), both in lower case; ("", "") of what is no element."""
    tag: object = element.tag
    if not isinstance(tag, str):
        return "", ""  # an entity reference that was not expanded
    if tag[0] == "{":
        space, _, name = tag[1:].partition("}")
        return space.lower(), name.lower()
    prefix, colon, name = tag.partition(":")
    return (prefix.lower(), name.lower()) if colon else ("", tag.lower())
