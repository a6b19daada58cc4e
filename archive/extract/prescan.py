"""The encoding that a page's own first bytes declare, found as browsers find it.

WHATWG HTML, "prescan a byte stream to determine its encoding" (read in 2024): comments are passed over, attributes are
read as attributes, `content` counts only beside `http-equiv=content-type`, and what stands in other elements or in an
attribute's value declares nothing. The standard reads 1,024 bytes; browsers read on until the head ends, and inlined
scripts push the meta down on real pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

PRESCAN = 4096  # bytes
_TAG = re.compile(rb"<(?:(!--)|(meta)(?=[\s/])|(/?[a-zA-Z])|([!/?]))", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    rb"""[\s/]*([^\s/>=][^\s/>=]*)\s*(?:=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*)|(?=>)|(["'])))?"""
)
_CHARSET = re.compile(rb"""charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;"']+)(?!["']))""", re.IGNORECASE)
_XML = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([a-zA-Z0-9_.:-]{2,40})["']""")


def labels(body: bytes) -> Iterator[str]:
    """Return the labels that the first bytes declare, in their order; the first that is an encoding's name counts."""
    head = body[:PRESCAN]
    if declared := _XML.match(head):
        yield declared[1].decode("ascii")
    at = 0
    while tag := _TAG.search(head, at):
        at = tag.end()
        if tag[1]:
            closed = head.find(b"-->", at - 2)  # "<!-->" is a whole comment
            if closed < 0:
                return
            at = closed + 3
        elif tag[4]:
            at = head.find(b">", at) + 1 or len(head)
        else:
            found, at = _attributes(head, at if tag[2] else _name_end(head, at))
            if found is None:
                return
            if tag[2] and (label := _declared(found)):
                yield label.decode("ascii", "replace").strip()


def _name_end(head: bytes, at: int) -> int:
    while at < len(head) and head[at : at + 1] not in b" \t\n\f\r>":
        at += 1
    return at


def _attributes(head: bytes, at: int) -> tuple[dict[bytes, bytes] | None, int]:
    """Return a tag's attributes and where it ends; None for a tag that does not end within these bytes."""
    found: dict[bytes, bytes] = {}
    while match := _ATTRIBUTE.match(head, at):
        if match[5]:  # a quotation mark that is never closed
            return None, len(head)
        name = match[1].lower()
        found.setdefault(name, next((v for v in match.group(2, 3, 4) if v is not None), b""))
        at = match.end()
    end = re.compile(rb"[\s/]*>").match(head, at)
    return (found, end.end()) if end else (None, len(head))


def _declared(attributes: dict[bytes, bytes]) -> bytes | None:
    if (label := attributes.get(b"charset")) is not None:
        return label
    if attributes.get(b"http-equiv", b"").lower() != b"content-type":
        return None
    match = _CHARSET.search(attributes.get(b"content", b""))
    return next((g for g in match.groups() if g is not None), None) if match else None
