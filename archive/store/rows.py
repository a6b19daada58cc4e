"""Values as they stand in rows: times, compressed extractions, digests. Pure.

A row of text has a digest of its columns, so that fsck can tell a flipped bit from what was written: XXH3-128 in hex
over the canonical JSON (UTF-8, no spaces) of the list of columns named here, in that order.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

import xxhash

from archive.model import DiscoveryFact, Extraction, Signal

ARTICLE_DIGEST = (
    "id", "url", "url_key", "canonical_url", "title", "authors", "published", "modified", "language", "section",
    "image", "keywords", "description", "provenance", "title_terms", "text", "text_terms",
)  # fmt: skip
REVISION_DIGEST = ("title", "text", "content")

_TUPLES = ("authors", "keywords")
_SAYS_NO = frozenset({"paywall"})  # fields whose False is not the same as nothing
_FIELDS = frozenset(field.name for field in fields(Extraction))
_SURROGATE = re.compile("[\ud800-\udfff]")
_LEVEL = 6  # of zlib; see scripts/bench/store.py


def stamp(at: datetime) -> str:
    """Return an aware time as text in UTC that sorts by time.

    >>> stamp(datetime(2026, 5, 1, 8, tzinfo=UTC))
    '2026-05-01T08:00:00.000000Z'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def instant(text: str) -> datetime:
    """Return the time that `stamp` wrote."""
    return datetime.fromisoformat(text)


def sort_instant(published: str | None) -> str | None:
    """Return a publication date (ISO 8601, a date, or year and month) as `stamp` writes it; None if it is none.

    What the date leaves open counts as zero, and a time without an offset as UTC: good enough to sort by.
    """
    if not published:
        return None
    text = published if published.count("-") != 1 or len(published) != len("2026-05") else f"{published}-01"
    try:
        at = datetime.fromisoformat(text)
        return stamp(at if at.tzinfo else at.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def clean(text: str) -> str:
    """Return `text` with lone surrogates replaced: UTF-8 and so SQLite has no place for them."""
    if text.isascii():
        return text
    return _SURROGATE.sub("\ufffd", text)


def clean_or_none(text: str | None) -> str | None:
    """Return `clean(text)`, None for None."""
    return None if text is None else clean(text)


def canonical_json(value: object) -> bytes:
    """Return the one JSON of a value: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "replace")


def digest_of(values: Sequence[object]) -> str:
    """Return the digest of a row's columns of text."""
    return str(xxhash.xxh3_128_hexdigest(canonical_json(list(values))))


def pack(extraction: Extraction) -> tuple[bytes, str]:
    """Return an extraction as `extractions.result` and `.digest`."""
    said = _plain(extraction).items()
    data = canonical_json({name: value for name, value in said if value or (value is False and name in _SAYS_NO)})
    return zlib.compress(data, _LEVEL), digest_of_result(data)


def digest_of_result(data: bytes) -> str:
    """Return `extractions.digest` of the unpacked `extractions.result`."""
    return str(xxhash.xxh3_128_hexdigest(data))


def status_of(extraction: Extraction) -> tuple[str, str | None]:
    """Return `extractions.status` and `.reason`."""
    status = "article" if extraction.article and extraction.text else "refused"
    return status, extraction.reason or (None if status == "article" else "no-text")


def unpack(result: bytes) -> Extraction:
    """Return the extraction that `pack` wrote. Fields of newer versions are left out."""
    data: dict[str, Any] = json.loads(zlib.decompress(result))
    known = {name: value for name, value in data.items() if name in _FIELDS}
    for name in _TUPLES:
        known[name] = tuple(known.get(name, ()))
    known["signals"] = tuple(Signal(**signal) for signal in known.get("signals", ()))
    known.setdefault("article", False)
    return Extraction(**known)


def fact_digest(fact: DiscoveryFact, source: str | None) -> str:
    """Return what makes a discovery fact the same fact: everything it says, and who asked."""
    plain = asdict(fact) | {"seen_at": stamp(fact.seen_at), "via": str(fact.via), "source": source}
    return str(xxhash.xxh3_128_hexdigest(canonical_json(plain)))


def _plain(extraction: Extraction) -> dict[str, object]:
    # asdict() deep-copies: four times the cost of the compression.
    plain = {name: getattr(extraction, name) for name in sorted(_FIELDS)}
    plain["provenance"] = dict(extraction.provenance)
    plain["signals"] = [asdict(signal) for signal in extraction.signals]
    return {name: _clean_value(value) for name, value in plain.items()}


def _clean_value(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, tuple | list):
        return [_clean_value(item) for item in value]
    if isinstance(value, Mapping):
        return {clean(str(key)): _clean_value(item) for key, item in value.items()}
    return value
