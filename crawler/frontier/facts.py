"""Discovery facts and dates as crawl.db keeps them: JSON with a digest, and epochs."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from archive.model import Candidate, DiscoveryFact, Via

_LONGEST_DATE = 80  # characters
_FIELDS = ("title", "published", "author", "entry_id", "summary", "language")


def fact_digest(fact: DiscoveryFact) -> bytes:
    """Return 8 bytes that are the same when the same feed says the same again, whenever it was seen."""
    said = [fact.via.value, fact.found_on, *(getattr(fact, name) for name in _FIELDS)]
    return hashlib.blake2b(json.dumps(said).encode(), digest_size=8).digest()


def fact_to_json(fact: DiscoveryFact) -> str:
    """Return the fact as JSON, without its empty fields."""
    out: dict[str, str] = {
        "url": fact.url,
        "via": fact.via.value,
        "found_on": fact.found_on,
        "seen_at": fact.seen_at.isoformat(),
    }
    out.update({name: value for name in _FIELDS if (value := getattr(fact, name)) is not None})
    return json.dumps(out)  # ASCII: what a hostile feed smuggles in as lone surrogates stays storable


def fact_from_json(text: str) -> DiscoveryFact:
    """Return the fact that `fact_to_json` wrote."""
    data = json.loads(text)
    return DiscoveryFact(
        url=data["url"],
        via=Via(data["via"]),
        found_on=data["found_on"],
        seen_at=datetime.fromisoformat(data["seen_at"]),
        **{name: data.get(name) for name in _FIELDS},
    )


def epoch_as_written(text: str | None) -> float | None:
    """Return the epoch of a date as feeds and sitemaps write it (ISO 8601, W3C, RFC 822), or None. For ordering only.

    >>> epoch_as_written("2026-05-01T06:00:00Z") == epoch_as_written("Fri, 01 May 2026 06:00:00 GMT")
    True
    """
    if not text or len(text) > _LONGEST_DATE:
        return None
    text = text.strip()
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        try:
            parsed = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    try:
        return (parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed).timestamp()
    except (ValueError, OverflowError):
        return None


def priority_of(candidate: Candidate) -> int:
    """Return the candidate's priority: the epoch of its date, newest first; never later than when it was seen.

    What nobody dated counts as seen an hour before: behind today's dated news, before the older.
    """
    seen = candidate.fact.seen_at.timestamp()
    written = epoch_as_written(candidate.fact.published) or epoch_as_written(candidate.lastmod)
    return int(seen - 3600) if written is None else int(max(min(written, seen), 0))
