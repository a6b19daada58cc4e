"""Bytes to characters as a browser does it, and one step further where the page lies about itself.

Order: byte order mark, HTTP header, `<meta>` in the first bytes (WHATWG HTML, "determining the character
encoding", 2024), then detection. A declaration that does not decode gives way to UTF-8 where UTF-8 does: servers are
reconfigured and old templates keep their `<meta>`.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from archive.charsets import document_codec
from archive.extract import prescan

_DETECT = 65536  # bytes given to detection
_TOLERATED = (
    0.002  # share of undecodable bytes at which a declared encoding is still believed (a cut ad, a bad comment)
)

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_LABEL = re.compile(r"^[a-z0-9_:.()+-]{2,40}$")
_HEADER = re.compile(r"""charset\s*=\s*["']?\s*([a-zA-Z0-9_:.-]{2,40})""", re.IGNORECASE)

# WHATWG Encoding standard, section 4.2: labels that mean another encoding than Python's codec of that name.
_WHATWG = {
    "ascii": "cp1252", "us-ascii": "cp1252", "ansi_x3.4-1968": "cp1252", "iso-8859-1": "cp1252", "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252", "iso-8859-15": "iso8859-15", "latin1": "cp1252", "l1": "cp1252", "windows-1252": "cp1252",
    "x-cp1252": "cp1252", "cp819": "cp1252", "ibm819": "cp1252", "iso-8859-9": "cp1254", "latin5": "cp1254",
    "iso-8859-11": "cp874", "tis-620": "cp874", "windows-874": "cp874", "dos-874": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "x-gbk": "gb18030", "chinese": "gb18030",
    "csgb2312": "gb18030", "hz-gb-2312": "hz", "big5": "big5hkscs", "big5-hkscs": "big5hkscs", "cn-big5": "big5hkscs",
    "x-x-big5": "big5hkscs", "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "ksc5601": "cp949",
    "korean": "cp949", "windows-949": "cp949", "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932",
    "x-sjis": "cp932", "windows-31j": "cp932", "ms_kanji": "cp932", "x-euc-jp": "euc_jp", "euc-jp": "euc_jp",
    "unicode-1-1-utf-8": "utf-8", "utf8": "utf-8", "x-unicode20utf8": "utf-8", "x-mac-cyrillic": "mac_cyrillic",
    "macintosh": "mac_roman", "x-cp1250": "cp1250", "x-cp1251": "cp1251", "x-cp1256": "cp1256", "koi8-ru": "koi8_u",
    "koi": "koi8_r", "visual": "iso8859-8", "logical": "iso8859-8", "iso-8859-8-i": "iso8859-8",
    "iso-8859-6-i": "iso8859-6", "utf-16": "utf-16-le", "unicode": "utf-16-le",
}  # fmt: skip
# The same for labels that only Python's own aliases know ("iso88591", "csISOLatin1", "gb_2312").
_MEANT = {
    "iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs", "euc_kr": "cp949", "shift_jis": "cp932", "utf-16": "utf-16-le",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decoded:
    """A page's characters, and how they were found."""

    text: str
    encoding: str  # Python codec name
    via: str  # bom, header, meta, utf-8 (declared wrongly or not at all), detected, guess


def codec_for(label: str) -> str | None:
    """Return the Python codec that a browser would use for this label, or None if there is none.

    >>> codec_for("ISO-8859-1")
    'cp1252'
    """
    name = label.strip().lower()
    if not _LABEL.match(name):  # Python's lookup passes over quotation marks and such, a browser does not
        return None
    name = _WHATWG.get(name, name)
    codec = document_codec(name)
    return None if codec is None else _MEANT.get(codec, codec)


def decode(body: bytes, content_type: str = "") -> Decoded:
    """Return the characters of `body`; never raises. `content_type` is the header's value, "" if there was none."""
    for bom, name in _BOMS:
        if body.startswith(bom):
            return Decoded(body[len(bom) :].decode(name, "replace"), name, "bom")
    for label, via in _declared(body, content_type):
        codec = codec_for(label)
        if codec is None:
            continue
        # ASCII bytes could be read to find this <meta>: the page cannot be UTF-16 (WHATWG, same section)
        if via == "meta" and codec.startswith("utf-16"):
            codec = "utf-8"
        text = _believe(body, codec)
        if text is not None:
            return Decoded(text, codec, via)
    text = _believe(body, "utf-8")
    if text is not None:
        return Decoded(text, "utf-8", "utf-8")
    return _detect(body, content_type)


def _declared(body: bytes, content_type: str) -> list[tuple[str, str]]:
    found = []
    if match := _HEADER.search(content_type):
        found.append((match[1], "header"))
    found.extend((label, "meta") for label in prescan.labels(body))
    return found


def _strict(body: bytes, codec: str) -> str | None:
    try:
        return body.decode(codec)
    except (UnicodeDecodeError, ValueError):
        return None


def _believe(body: bytes, codec: str) -> str | None:
    """Return the text if this codec can be right for these bytes."""
    text = _strict(body, codec)
    single = codec.startswith(("cp125", "iso8859", "koi8", "mac_", "cp874"))
    if text is not None and not single:
        return text
    if single:
        # A single-byte codec decodes nearly everything, UTF-8 nearly nothing by chance: what reads as UTF-8 is UTF-8.
        if not body.isascii() and _strict(body, "utf-8") is not None:
            return None  # the caller asks for UTF-8 next
        return text if text is not None else body.decode(codec, "replace")
    loose = body.decode(codec, "replace")
    if loose.count("\ufffd") <= max(3, int(len(loose) * _TOLERATED)):
        return loose
    return None


def _detect(body: bytes, content_type: str) -> Decoded:
    from charset_normalizer import from_bytes

    sample = _COMMENT.sub(b"", body)[:_DETECT]
    best = from_bytes(sample, steps=5, chunk_size=512, threshold=0.3, enable_fallback=False).best()
    codec = codec_for(best.encoding) if best is not None else None
    if codec is not None:
        return Decoded(body.decode(codec, "replace"), codec, "detected")
    declared = [c for label, _ in _declared(body, content_type) if (c := codec_for(label))]
    codec = declared[0] if declared else "cp1252"
    return Decoded(body.decode(codec, "replace"), codec, "guess")
