"""ARC, what web archives were before WARC: records read as the WARC records that they would be.

Source: the Internet Archive's "Arc File Format" (Burner and Kahle, 1996), version 1 (five fields in a record's line) and
version 2 (ten), and what Heritrix and others wrote as 1.1: the same lines, with a description behind the first.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from archive.warc.fields import format_date, format_fields, parse_date, parse_fields, safe_url, sha1_digest
from archive.warc.member import BadRecord, Unfinished
from archive.warc.raw import MAX_RECORD, RawRecord
from archive.warc.window import BUFFER, NEAR, Window

_MAX_LINE = 2**14  # bytes: an address may be long
_BLANK = b"\r\n"
_LINE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]{0,30}:")
_NEXT = re.compile(rb"\n(?=[A-Za-z][A-Za-z0-9+.-]{0,30}:)")
_STAMP = re.compile(r"[0-9]{8,20}")
_PEER = re.compile(r"-|(?=[0-9A-Fa-f:.]*[:.])[0-9A-Fa-f:.]+")
_LENGTH = re.compile(r"[0-9]{1,18}")
_VERSION_2 = 6  # fields that stand behind the content type there: result, checksum, location, offset, file, length
_IDS = uuid.UUID("8b1e0fbe-2a5c-5d0a-9d39-0f2a5f9f6f0f")  # the space of names for what has no record id of its own


@dataclass(frozen=True, slots=True)
class ArcLine:
    """The line before a record's block."""

    url: str
    peer: str
    stamp: str  # as written: 14 digits, but more and fewer are met with
    content_type: str
    length: int | None  # bytes of the block; None where what stands there is no length

    @property
    def captured_at(self) -> datetime | None:
        """The time of capture, None where the digits are no time. What lacks is taken for zero, what is too much left out."""
        return parse_date(self.stamp[:14].ljust(14, "0"))


def parse_line(line: bytes) -> ArcLine | None:
    r"""Return the fields of a record's line, None if it is none.

    Addresses with spaces, content types with spaces and without anything are taken: the address and the time hold the line
    together.

    >>> parse_line(b"http://paper.example/a b 192.0.2.7 20010203040506 text/html; charset=x 12\n").url
    'http://paper.example/a b'
    """
    if not _LINE.match(line):
        return None
    words = line.rstrip(b"\r\n").decode("utf-8", "replace").split(" ")
    length = int(words[-1]) if _LENGTH.fullmatch(words[-1]) else None
    for at in range(2, len(words) - 1):
        if _STAMP.fullmatch(words[at]) and _PEER.fullmatch(words[at - 1]):
            rest = words[at + 1 : -1]
            if len(rest) >= _VERSION_2:
                rest = rest[: len(rest) - _VERSION_2 + 1]
            return ArcLine(" ".join(words[: at - 1]), words[at - 1], words[at], " ".join(rest).strip(), length)
    return None


def begins_arc(data: bytes) -> bool:
    """Return whether `data` begins as an ARC file does, or with the whole line of a record."""
    data = data.lstrip(_BLANK)
    return data.startswith(b"filedesc:") or parse_line(data.split(b"\n", 1)[0]) is not None


def may_begin_arc(data: bytes) -> bool:
    """Return whether `data`, the first bytes of a packed piece, may be those of an ARC record: it begins with an address."""
    return _LINE.match(data) is not None


def arc_records(window: Window, told: Callable[[int, str], None]) -> Iterator[RawRecord]:
    """Give the records of a plain ARC file as WARC records, in order; `told` hears of what is broken: where (byte) and why.

    Reading goes on at the next line that can be a record's.
    """
    at = 0
    while True:
        while (lead := window.at(at, 4)) and lead[0] in _BLANK:
            at += len(lead) - len(lead.lstrip(_BLANK))
        if not lead:
            return
        try:
            record, at = _record(window, at)
        except (BadRecord, Unfinished) as bad:
            told(at, str(bad))
            following = getattr(bad, "end", None) or _next(window, at)
            if following is None:
                return
            at = following
            continue
        yield record


def _record(window: Window, at: int) -> tuple[RawRecord, int]:
    line, length, begin = _line_at(window, at)
    end = begin + length
    if end > window.end:
        raise BadRecord(f"its length {length} goes beyond the end of the file")
    after = end
    while (tail := window.at(after, 4)) and tail[0] in _BLANK:
        after += len(tail) - len(tail.lstrip(_BLANK))
    if tail and not _LINE.match(window.at(after, 40)):
        raise BadRecord(f"its length {length} is wrong: no record follows")
    if length > MAX_RECORD:
        raise BadRecord(f"it has {length} bytes, over the limit of {MAX_RECORD}", after)
    block = window.at(begin, length)
    head = warc_head(line, block)
    fields = parse_fields(head)
    if fields is None or len(block) < length:
        raise Unfinished  # the file was cut while it was read
    return RawRecord(at, after - at, fields, head, block, alone=True), after


def _line_at(window: Window, at: int) -> tuple[ArcLine, int, int]:
    """Return a record's line, its length, and where its block begins."""
    data = window.at(at, _MAX_LINE)
    written, newline, _ = data.partition(b"\n")
    line = parse_line(written) if newline else None
    if line is None:
        raise BadRecord(f"it begins with {written[:60]!r}, which is no record's line")
    if line.captured_at is None:
        raise BadRecord(f"its date {line.stamp!r} is no date")
    if line.length is None:
        raise BadRecord(f"its length {written.split()[-1][:20].decode('latin-1')!r} is no number of bytes")
    return line, line.length, at + len(written) + 1


def _next(window: Window, at: int) -> int | None:
    """Return where the next line that can be a record's begins behind `at`, None if there is none."""
    step = NEAR
    while at < window.end:
        data = window.at(at, step)
        for found in _NEXT.finditer(data):
            here = at + found.end()
            if parse_line(window.at(here, _MAX_LINE).split(b"\n", 1)[0]) is not None:
                return here
        at += max(len(data) - 40, 1)
        step = BUFFER
    return None


def warc_head(line: ArcLine, block: bytes) -> bytes:
    """Return the head of the WARC record that an ARC record is: always the same for the same record.

    HTTP messages become responses, what has no status line (dns, ftp, the earliest files) a resource, the file's own
    description a warcinfo. Raises `ValueError` if the line's time is none.
    """
    when = line.captured_at
    if when is None:
        raise ValueError(line.stamp)
    description = line.url.startswith("filedesc:")
    http = block[:5].upper() == b"HTTP/" and line.url[:4].lower() == "http"
    name = f"{line.url} {line.stamp} {sha1_digest(block)}"
    fields = [
        ("WARC-Type", "warcinfo" if description else "response" if http else "resource"),
        ("WARC-Record-ID", f"<urn:uuid:{uuid.uuid5(_IDS, name)}>"),
        ("WARC-Date", format_date(when)),
    ]
    if description:
        fields.append(("WARC-Filename", line.url.removeprefix("filedesc:").lstrip("/")))
    else:
        fields.append(("WARC-Target-URI", safe_url(line.url)))
        if line.peer not in ("-", "0.0.0.0"):  # noqa: S104  what Heritrix writes where there is no peer
            fields.append(("WARC-IP-Address", line.peer))
    content_type = "text/plain" if description else "application/http; msgtype=response" if http else line.content_type
    if content_type and content_type != "no-type":
        fields.append(("Content-Type", content_type))
    fields += [("WARC-Block-Digest", sha1_digest(block)), ("Content-Length", str(len(block)))]
    return format_fields(fields)
