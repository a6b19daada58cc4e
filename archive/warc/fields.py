"""The named fields at the head of a WARC record: WARC 1.1 section 4 and 5, read as forgivingly as they are written."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

_ALGORITHMS = {"sha1": "sha1", "sha-1": "sha1", "sha256": "sha256", "sha-256": "sha256", "md5": "md5"}
_PART_OF_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?")
_STAMP = re.compile(r"[0-9]{14}")
# What would end a field or make two of it. Spaces too: readers split CDX lines at them.
_UNSAFE_IN_URL = re.compile("[\x00-\x20\x7f]")


# What is said about a page must not stand under the page's own address: pywb and cdxj-indexer index every metadata record
# that is not application/warc-fields, and would show it in the page's place.
ABOUT = "urn:morgue:about:"


@dataclass(frozen=True, slots=True)
class Fields:
    """Version and named fields of a record; names lower-cased, the first value of each."""

    version: str
    values: dict[str, str]

    def get(self, name: str) -> str | None:
        """Return the value of the field `name` (lower case), or None."""
        return self.values.get(name)

    @property
    def record_type(self) -> str:
        """WARC-Type, lower-cased, or ""."""
        return self.values.get("warc-type", "").lower()

    @property
    def target(self) -> str:
        """WARC-Target-URI, or "". Old wget wrote it in angle brackets, as WARC 1.0's grammar said by mistake."""
        uri = self.values.get("warc-target-uri", "")
        return uri[1:-1] if uri.startswith("<") and uri.endswith(">") else uri

    @property
    def about(self) -> str:
        """The URL that the record belongs to: its target, also where the target only names it (`ABOUT`)."""
        return self.target.removeprefix(ABOUT)

    @property
    def content_length(self) -> int | None:
        """Bytes of the block, or None where the field is missing or no number."""
        text = self.values.get("content-length", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004  below 2**63

    @property
    def content_type(self) -> str:
        """Content-Type of the block without parameters, lower-cased."""
        return self.values.get("content-type", "").split(";")[0].strip().lower()


def parse_fields(head: bytes) -> Fields | None:
    """Return the fields of a record's head, or None if it does not begin with a WARC version line."""
    if not head.startswith(b"WARC/"):
        return None
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:
        text = head.decode("latin-1")
    lines = text.replace("\r\n", "\n").split("\n")
    values: dict[str, str] = {}
    last = ""
    for line in lines[1:]:
        if line[:1] in (" ", "\t"):
            if last:
                values[last] = f"{values[last]} {line.strip()}".strip()
            continue
        name, colon, value = line.partition(":")
        last = name.strip().lower() if colon else ""
        if last in values:
            last = ""
        elif last:
            values[last] = value.strip()
    return Fields(lines[0].strip(), values)


def parse_date(text: str | None) -> datetime | None:
    """Return a WARC-Date as an aware time in UTC, or None if it is none.

    WARC 1.0 has seconds, 1.1 any precision from the year to nanoseconds (cut to microseconds here); 14 digits are met
    with in files converted from ARC.

    >>> parse_date("2016-09-19T17:20:24.123456789Z")
    datetime.datetime(2016, 9, 19, 17, 20, 24, 123456, tzinfo=datetime.timezone.utc)
    """
    text = (text or "").strip()
    try:
        if _STAMP.fullmatch(text):
            return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        if part := _PART_OF_DATE.fullmatch(text):
            return datetime(int(part[1]), int(part[2] or 1), 1, tzinfo=UTC)
        when = datetime.fromisoformat(text)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def format_date(when: datetime) -> str:
    """Return a WARC 1.1 date in UTC with microseconds, or without where they are zero.

    warcio, pywb and fastwarc read both.
    """
    return when.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def format_fields(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return the head of a WARC 1.1 record with its empty line. Line breaks within a value become spaces."""
    lines = ["WARC/1.1"]
    lines += [f"{name}: {' '.join(value.splitlines())}" for name, value in fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")


def safe_url(url: str) -> str:
    """Return `url` with what cannot stand in a field percent-encoded: control characters and spaces."""
    return _UNSAFE_IN_URL.sub(lambda found: f"%{ord(found[0]):02X}", url)


def sha1_digest(data: bytes) -> str:
    """Return the labelled digest that every WARC tool uses.

    >>> sha1_digest(b"")
    'sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ'
    """
    return "sha1:" + base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode("ascii")


def digest_matches(digest: str, data: bytes) -> bool | None:
    """Say whether `data` has the labelled digest; None where the algorithm is not one of sha1, sha256 and md5.

    WARC 1.1 section 5.8 leaves label and encoding open: base32 is usual, Browsertrix and others write hex, few base64.
    """
    label, _, value = digest.strip().partition(":")
    algorithm = _ALGORITHMS.get(label.lower())
    if algorithm is None:
        return None
    hashed = hashlib.new(algorithm, data, usedforsecurity=False).digest()
    value = value.strip()
    if len(value) == 2 * len(hashed):
        return value.lower() == hashed.hex()
    try:
        if len(value.rstrip("=")) == -(-len(hashed) * 8 // 5):
            return base64.b32decode(value.rstrip("=").upper() + "=" * (-len(value.rstrip("=")) % 8)) == hashed
        return (
            base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_" if set("-_") & set(value) else None)
            == hashed
        )
    except (ValueError, binascii.Error):
        return False
