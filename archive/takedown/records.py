"""What is left of a WARC record that a takedown changes: heads byte for byte but for the fields named here. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from archive.payload import Headers, header, parse_response_head, split_final
from archive.warc import RawRecord, sha1_digest
from archive.warc.build import REDACTED, redacted_head
from archive.warc.fields import ABOUT, safe_url

_REVISIT_FIELDS = ("WARC-Profile", "WARC-Refers-To", "WARC-Refers-To-Target-URI", "WARC-Refers-To-Date")
Fields = Mapping[str, str | None]  # new values by name; None: the field goes


def with_fields(head: bytes, fields: Fields) -> bytes:
    r"""Return a record's head with other values of some fields; the rest stays byte for byte, new ones come last.

    >>> with_fields(b"WARC/1.1\r\nWARC-Type: revisit\r\nX: 1\r\n\r\n", {"warc-type": "response"})
    b'WARC/1.1\r\nwarc-type: response\r\nX: 1\r\n\r\n'
    """
    end = b"\r\n" if b"\r\n" in head else b"\n"
    left = {name.lower(): (name, value) for name, value in fields.items()}
    lines: list[bytes] = []
    dropping = False
    for number, line in enumerate(head.rstrip(b"\r\n").split(end)):
        if number and line[:1] in (b" ", b"\t"):  # the rest of a folded field
            if not dropping:
                lines.append(line)
            continue
        name = line.partition(b":")[0].strip().lower().decode("latin-1") if number else ""
        dropping = name in fields or name in left
        if not dropping:
            lines.append(line)
        elif name in left and (new := left.pop(name))[1] is not None:
            lines.append(f"{new[0]}: {new[1]}".encode())
    lines += [f"{name}: {value}".encode() for name, value in left.values() if value is not None]
    return end.join(lines) + end + end


def changed(record: RawRecord, block: bytes, fields: Fields | None = None) -> bytes:
    """Return a record (not packed yet) with another block; length and block digest follow it."""
    fitting: dict[str, str | None] = {"WARC-Block-Digest": sha1_digest(block), "Content-Length": str(len(block))}
    return with_fields(record.head, {**(fields or {}), **fitting}) + block + b"\r\n\r\n"


def redacted(record: RawRecord) -> bytes:
    """Return a capture without its body, marked; the final response's status line and harmless header lines stay."""
    block = redacted_head(split_final(record.block)[0]) if _is_http(record) else b""
    return changed(record, block, {"WARC-Payload-Digest": sha1_digest(b""), **REDACTED})


def as_response(revisit: RawRecord, removed: RawRecord) -> bytes:
    """Return a revisit as the response that it stands for, with the body of the capture that it refers to.

    Its own head stays where it fits that body; a tool that kept none gets the other's.
    """
    theirs, payload = split_final(removed.block)
    head = split_final(revisit.block)[0]
    if not revisit.block or _framing(head) != _framing(theirs):
        head = theirs
    fields: dict[str, str | None] = dict.fromkeys(_REVISIT_FIELDS)
    fields |= {
        "WARC-Type": "response",
        "Content-Type": "application/http;msgtype=response",
        "WARC-Payload-Digest": removed.fields.get("warc-payload-digest") or sha1_digest(payload),
        "WARC-Truncated": removed.fields.get("warc-truncated"),
    }
    return changed(revisit, head + payload, fields)


def pointing(revisit: RawRecord, to: tuple[str, str] | None) -> bytes:
    """Return a revisit that refers to another capture: URL and WARC-Date; None: to none by name, only by its digest."""
    url, date = to or (None, None)
    fields: dict[str, str | None] = {
        "WARC-Refers-To": None,
        "WARC-Refers-To-Target-URI": url,
        "WARC-Refers-To-Date": date,
    }
    return changed(revisit, revisit.block, fields)


def without_facts(record: RawRecord, tells: Callable[[Mapping[str, Any]], bool]) -> bytes | None:
    """Return a discovery record without the facts that `tells` picks; None if nothing is left that is worth keeping.

    What it says of its exchange (source, role) stays: the capture behind it needs that. Raises `ValueError` or `RecursionError`
    if the record is no JSON.
    """
    data = json.loads(record.block)
    facts = data.get("facts")
    kept = [fact for fact in facts if not tells(fact)] if isinstance(facts, list) else []
    fields: dict[str, str | None] = {}
    if record.fields.get("warc-concurrent-to") is None:  # it stands alone, under the address of its first fact
        urls = (safe_url(one["url"]) for one in kept if isinstance(one, dict) and isinstance(one.get("url"), str))
        url = next((url for url in urls if url and not tells({"url": url})), None)
        if url is None:
            return None
        fields["WARC-Target-URI"] = ABOUT + url
    data["facts"] = kept
    return changed(record, json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8"), fields)


def lines_left(record: RawRecord, tells: Callable[[str], bool]) -> bytes:
    """Return the block of a record of lines (a request, warc-fields, JSON) without those that `tells` picks.

    A request's first line stays: its address is the record's own. What follows the head, the body of a form that was sent,
    is looked through as the head is.
    """
    lines = record.block.split(b"\n")
    first = 1 if record.fields.record_type == "request" else 0
    kept = [line for number, line in enumerate(lines) if number < first or not tells(line.decode("utf-8", "replace"))]
    return record.block if len(kept) == len(lines) else b"\n".join(kept)


def without_lines(record: RawRecord, tells: Callable[[str], bool]) -> bytes:
    """Return a record of lines with what `lines_left` leaves."""
    return changed(record, lines_left(record, tells))


def _is_http(record: RawRecord) -> bool:
    return record.fields.record_type in ("response", "revisit") and record.block[:5].upper() == b"HTTP/"


def _framing(head: bytes) -> tuple[str, str]:
    try:
        headers: Headers = parse_response_head(head).headers
    except ValueError:
        return ("", "")
    except Exception:  # noqa: BLE001 - PayloadError: no head at all
        return ("?", "?")
    return (header(headers, "Transfer-Encoding") or "", header(headers, "Content-Encoding") or "")
