"""One WARC 1.1 record as bytes: one gzip member. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from isal import isal_zlib

from archive.errors import PayloadError
from archive.payload import parse_response_head, split_head
from archive.warc.fields import format_date, format_fields, safe_url, sha1_digest

IDENTICAL_PAYLOAD = "identical-payload-digest"
NOT_MODIFIED = "server-not-modified"
_PROFILES = {
    IDENTICAL_PAYLOAD: "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest",
    NOT_MODIFIED: "http://netpreserve.org/warc/1.1/revisit/server-not-modified",
}
_TRUNCATIONS = frozenset({"length", "time", "disconnect", "unspecified"})  # WARC 1.1 section 5.13
_LEVEL = 3  # of ISA-L's four: measured 9 times cheaper than zlib 9 for 6% more bytes
_GZIP = 31  # window bits that ask for a gzip member

WITHHELD = b"[withheld]"  # stands for a header's value that is nobody's but the keeper's: a cookie, a subscription

# Of a capture whose body was blanked because it quotes what was taken down. WARC 1.1 section 4 leaves further fields open.
REDACTED: Mapping[str, str | None] = {"WARC-Truncated": "unspecified", "Morgue-Redacted": "takedown"}
# What describes a body that is not there any more, and what could name where it was.
_OF_THE_BODY = frozenset(
    b"""content-length transfer-encoding content-encoding content-md5 digest content-digest repr-digest etag last-modified
    link location content-location refresh x-goog-hash x-amz-meta-md5 set-cookie""".split()
)

REQUEST_TYPE = "application/http;msgtype=request"
RESPONSE_TYPE = "application/http;msgtype=response"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisitOf:
    """The earlier capture that a new one repeats."""

    url: str  # as requested then
    captured_at: datetime
    digest: str | None  # its payload digest ("sha1:…")
    profile: str = IDENTICAL_PAYLOAD  # or NOT_MODIFIED: a 304

    def __post_init__(self) -> None:
        if self.profile not in _PROFILES:
            raise ValueError(f"unknown revisit profile {self.profile!r}; known: {', '.join(_PROFILES)}")


def record(
    record_type: str,
    block: bytes,
    *,
    record_id: str,
    date: datetime,
    content_type: str | None,
    url: str | None = None,
    extra: Mapping[str, str | None] | None = None,
) -> bytes:
    """Return a record as one gzip member. Fields of `extra` that are None are left out."""
    fields = [("WARC-Type", record_type), ("WARC-Record-ID", f"<{record_id}>"), ("WARC-Date", format_date(date))]
    if url is not None:
        fields.append(("WARC-Target-URI", safe_url(url)))
    fields += [(name, value) for name, value in (extra or {}).items() if value is not None]
    fields.append(("WARC-Block-Digest", sha1_digest(block)))
    if content_type is not None:
        fields.append(("Content-Type", content_type))
    fields.append(("Content-Length", str(len(block))))
    return pack(format_fields(fields) + block + b"\r\n\r\n")


def pack(record_bytes: bytes) -> bytes:
    """Return a gzip member; always the same for the same bytes (no time, no name in its header)."""
    return bytes(isal_zlib.compress(record_bytes, _LEVEL, _GZIP))


def is_keepable_response(head: bytes) -> bool:
    """Say whether `head` can stand in a `response` record: an HTTP/1.0 or 1.1 status line.

    warcio (and with it pywb) gives up on the whole file at a response to an http URL that begins otherwise.
    """
    if not head[:8].upper().startswith((b"HTTP/1.0", b"HTTP/1.1")):
        return False
    try:
        parse_response_head(head)
    except PayloadError:
        return False
    return True


def payload_of(block: bytes) -> bytes | None:
    """Return what follows the head of an HTTP message, or None where tools would not agree on the place.

    A line of nothing but white space ends the head for warcio and not for others. A payload digest would then be wrong
    for one of them, so the record gets none; its block digest guards the bytes all the same.
    """
    head, payload = split_head(block)
    if not head.endswith(b"\r\n\r\n"):
        return None
    lines = head[:-4].split(b"\n")
    if all(_has_text(line) for line in lines) and b"\x00" not in head:
        return payload
    return None


def withhold(head: bytes, names: Collection[str]) -> tuple[bytes, tuple[str, ...]]:
    r"""Return a request's head with the values of these headers replaced, and the names that were found, as sent.

    `names` in any case. Everything else stays byte for byte.

    >>> withhold(b"GET / HTTP/1.1\r\nCookie: key=1\r\n\r\n", ["cookie"])
    (b'GET / HTTP/1.1\r\nCookie: [withheld]\r\n\r\n', ('Cookie',))
    """
    wanted = {name.lower().encode("utf-8", "replace") for name in names}
    if not wanted:
        return head, ()
    lines, found = head.split(b"\r\n"), dict[str, None]()
    for number, line in enumerate(lines[1:], 1):
        name, colon, _ = line.partition(b":")
        if colon and name.lower() in wanted:
            lines[number] = name + b": " + WITHHELD
            found[name.decode("utf-8", "replace")] = None
    return b"\r\n".join(lines), tuple(found)


def _has_text(line: bytes) -> bool:
    try:
        return bool(line.decode("utf-8").strip())
    except UnicodeDecodeError:
        return bool(line.decode("latin-1").strip())


def digest_of_payload(block: bytes) -> str | None:
    """Return the payload digest for an HTTP message, None where there should be none (see `payload_of`)."""
    payload = payload_of(block)
    return None if payload is None else sha1_digest(payload)


def address(peer: str | None) -> str | None:
    """Return the peer's address for WARC-IP-Address, or None if it is no IP address. A zone ("%eth0") is cut off."""
    try:
        return str(ipaddress.ip_address((peer or "").split("%")[0]))
    except ValueError:
        return None


def truncation(reason: str | None) -> str | None:
    """Return one of the words that WARC 1.1 knows for why a block is cut, or None for a whole one."""
    return None if reason is None else reason if reason in _TRUNCATIONS else "unspecified"


def revisit_fields(of: RevisitOf) -> dict[str, str | None]:
    """Return the fields by which a revisit names what it repeats (WARC 1.1 section 6.7)."""
    return {
        "WARC-Profile": _PROFILES[of.profile],
        "WARC-Refers-To-Target-URI": safe_url(of.url),
        "WARC-Refers-To-Date": format_date(of.captured_at),
        "WARC-Payload-Digest": of.digest,
    }


def redacted_head(head: bytes) -> bytes:
    r"""Return a response's head that fits an empty body and names no other place.

    >>> redacted_head(b"HTTP/1.1 200 OK\r\nETag: \"1\"\r\nServer: x\r\n\r\n")
    b'HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 0\r\n\r\n'
    """
    kept: list[bytes] = []
    dropping = False
    for number, line in enumerate(head.replace(b"\r\n", b"\n").strip(b"\n").split(b"\n")):
        if number and line[:1] in (b" ", b"\t"):
            if not dropping:
                kept.append(line)
            continue
        dropping = bool(number) and line.partition(b":")[0].strip().lower() in _OF_THE_BODY
        if not dropping:
            kept.append(line)
    return b"\r\n".join([*kept, b"Content-Length: 0"]) + b"\r\n\r\n"
