"""Which addresses a document names, in markup, feeds, JSON and share links. Pure; linear in the document's length.

Not a parser: what is looked for must be found in broken markup, in scripts and in the attribute of tomorrow. An address too
many costs a look at a set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import unquote

from archive.charsets import document_codec
from archive.errors import PayloadError
from archive.payload import decode_content
from archive.tombstones.hashes import Tombstones
from archive.urls import join_url, url_key

_MAX_URL = 2_000  # characters; a longer one is no page's
_END = r"\s\"'<>\\`{}|^\]"
_ABSOLUTE = re.compile(rf"https?://[^{_END}]{{1,{_MAX_URL}}}", re.IGNORECASE)
_QUOTED = re.compile(rf"https?%3A%2F%2F[^{_END}&#?]{{1,{_MAX_URL}}}", re.IGNORECASE)  # in a share link
_ATTRIBUTE = re.compile(
    r"(?:href|src|action|cite|content|data-[a-z-]{1,40}|url)\s{0,9}=\s{0,9}"
    rf"(?:\"([^\"<>]{{1,{_MAX_URL}}})\"|'([^'<>]{{1,{_MAX_URL}}})'|([^\s>\"']{{1,{_MAX_URL}}}))",
    re.IGNORECASE,
)
_LOCAL = re.compile(rf"[\"'](/[^{_END}]{{1,{_MAX_URL}}})[\"']")  # "/2026/05/tide" in a script
_BASE = re.compile(r"<base\s[^>]{0,500}?href\s{0,9}=\s{0,9}[\"']?([^\"'\s>]{1,2000})", re.IGNORECASE)
_TAIL = ".,;:!?)"  # what follows an address in prose
_CHARSET = re.compile(rb"(?:charset|encoding)\s{0,9}=\s{0,9}[\"']?([A-Za-z0-9_-]{2,20})", re.IGNORECASE)
_HEAD = 2048  # bytes in which a page says how it is written


def decoded_text(body: bytes, content_type: str = "") -> str:
    """Return a document's text, whatever it is written in: UTF-16 or UTF-8 if it can be, else as it says, else Windows-1252.

    UTF-16 is told by its mark or by the zeros in its first two characters (XML 1.0, appendix F.1).
    """
    if (wide := _wide(body[:4])) is not None:
        return body.decode(wide, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        said = _CHARSET.search(content_type.encode("utf-8", "replace")) or _CHARSET.search(body[:_HEAD])
    return body.decode((document_codec(said[1].decode()) or "latin-1") if said else "cp1252", "replace")


def _wide(begin: bytes) -> str | None:
    if begin.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    return {"x0x0": "utf-16-le", "0x0x": "utf-16-be"}.get("".join("x" if byte else "0" for byte in begin))


def unzipped(body: bytes) -> bytes:
    """Return a document that is itself a gzip file (sitemap.xml.gz) as what is in it; any other as it is."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        return decode_content((("Content-Encoding", "gzip"),), body, allow_truncated=True)
    except PayloadError:
        return body


def links_in(text: str, base: str) -> Iterator[str]:
    """Yield each address that a document at `base` names, absolute, each spelling once."""
    text = text.replace("\\/", "/")
    found = _BASE.search(text)
    bases = [base] if found is None else [join_url(base, unescape(found[1])) or base, base]
    seen: set[str] = set()
    for written in _written(text):
        for one in {written, unescape(written)} if "&" in written else {written}:
            for start in bases if not one.lower().startswith(("http://", "https://")) else bases[:1]:
                url = join_url(start, one)
                if url is not None and url not in seen:
                    seen.add(url)
                    yield url


def _written(text: str) -> Iterator[str]:
    seen: set[str] = set()
    for pattern in (_ABSOLUTE, _QUOTED, _ATTRIBUTE, _LOCAL):
        for match in pattern.finditer(text):
            written = next((group for group in match.groups() if group), None) or match[0]
            if pattern is _QUOTED:
                written = unquote(written)
            for one in (written, written.rstrip(_TAIL)):
                if one and one not in seen:
                    seen.add(one)
                    yield one


def tells_of(text: str, base: str, gone: Tombstones) -> bool:
    """Return whether a document names an address that was taken down.

    A link to the front page of a host that was taken down says nothing of what was printed there, and does not count.
    """
    return any(is_gone(url, gone) for url in links_in(text, base))


def is_gone(url: str, gone: Tombstones) -> bool:
    """Return whether a link leads to what was taken down, the front page of a host aside."""
    if not gone.covers(url):
        return False
    key = url_key(url)
    return key.find("/") != len(key) - 1
