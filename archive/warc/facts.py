"""The discovery record: what feeds, sitemaps and front pages said of a URL, as JSON in a WARC `metadata` record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from archive.model import DiscoveryFact, Role, Via

DISCOVERY_TYPE = "application/vnd.morgue.discovery+json"
MAX_TEXT = 2_000  # characters per field: a feed's summary may be the whole article, and of that this much is enough
MAX_FACTS = 200  # per record
_MAX_URL = 8_192  # characters; a longer one is dropped, since a cut URL is another URL
_MAX_BLOCK = 16 * 2**20  # bytes: more than MAX_FACTS times all fields can need
_TEXTS = ("title", "published", "author", "entry_id", "summary", "language")


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """The content of one discovery record."""

    source: str | None = None
    role: Role | None = None
    facts: tuple[DiscoveryFact, ...] = ()
    error: str | None = None  # why the exchange failed, see `Exchange.error`
    detail: str | None = None
    seconds: float | None = None
    withheld: tuple[str, ...] = ()  # headers of the request whose values are not in its record
    # A browser was to render the answer: the conversion record with what it made follows the response, or there is none.
    rendered: bool | None = None
    browser: str | None = None  # its name and version
    not_rendered: str | None = None  # why there is none


def _clean(text: str, limit: int = MAX_TEXT) -> str:
    """Cut to the limit and replace what UTF-8 cannot hold: half a surrogate pair from a feed's numeric entity."""
    return text[:limit].encode("utf-8", "replace").decode("utf-8")


def encode_discovery(discovery: Discovery) -> bytes:
    """Return the block of a discovery record. Texts over `MAX_TEXT` are cut, facts over `MAX_FACTS` left out."""
    out: dict[str, Any] = {}
    if discovery.source is not None:
        out["source"] = _clean(discovery.source)
    if discovery.role is not None:
        out["role"] = str(discovery.role)
    for name in ("error", "detail", "browser", "not_rendered"):
        text = getattr(discovery, name)
        if text is not None:
            out[name] = _clean(text)
    if discovery.rendered is not None:
        out["rendered"] = discovery.rendered
    if discovery.seconds is not None:
        out["seconds"] = round(discovery.seconds, 3)
    if discovery.withheld:
        out["withheld"] = [_clean(name) for name in discovery.withheld]
    facts = [fact for fact in discovery.facts if len(fact.url) <= _MAX_URL]
    out["facts"] = [_encode_fact(fact) for fact in facts[:MAX_FACTS]]
    return json.dumps(out, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _encode_fact(fact: DiscoveryFact) -> dict[str, str]:
    out = {
        "url": _clean(fact.url, _MAX_URL),
        "via": str(fact.via),
        "found_on": _clean(fact.found_on, _MAX_URL) if len(fact.found_on) <= _MAX_URL else "",
        "seen_at": fact.seen_at.astimezone(UTC).isoformat(),
    }
    for name in _TEXTS:
        text = getattr(fact, name)
        if text is not None:
            out[name] = _clean(text)
    return out


def decode_discovery(block: bytes) -> Discovery | None:
    """Return the content of a discovery record, or None if it is none.

    The record may come from a stranger's WARC: nothing in it is trusted to have the right type or size, a fact that
    cannot be read is left out, and nothing is raised.
    """
    if len(block) > _MAX_BLOCK:
        return None
    try:
        data = json.loads(block)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    facts = data.get("facts")
    decoded = [_decode_fact(item) for item in facts[:MAX_FACTS]] if isinstance(facts, list) else []
    seconds, rendered = data.get("seconds"), data.get("rendered")
    return Discovery(
        source=_text(data, "source"),
        role=_role(data.get("role")),
        facts=tuple(fact for fact in decoded if fact is not None),
        error=_text(data, "error"),
        detail=_text(data, "detail"),
        seconds=float(seconds) if isinstance(seconds, float) else None,
        withheld=_names(data.get("withheld")),
        rendered=rendered if isinstance(rendered, bool) else None,
        browser=_text(data, "browser"),
        not_rendered=_text(data, "not_rendered"),
    )


def _text(data: dict[str, Any], name: str) -> str | None:
    value = data.get(name)
    return _clean(value) if isinstance(value, str) else None


def _names(value: object) -> tuple[str, ...]:
    named = value[:MAX_FACTS] if isinstance(value, list) else []
    return tuple(_clean(name) for name in named if isinstance(name, str))


def _role(value: object) -> Role | None:
    try:
        return Role(str(value))
    except ValueError:
        return None


def _decode_fact(item: object) -> DiscoveryFact | None:
    if not isinstance(item, dict):
        return None
    url, found_on, seen_at = item.get("url"), item.get("found_on"), item.get("seen_at")
    if not (isinstance(url, str) and 0 < len(url) <= _MAX_URL and isinstance(seen_at, str)):
        return None
    try:
        via, when = Via(str(item.get("via"))), datetime.fromisoformat(seen_at)
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return DiscoveryFact(
        url=_clean(url, _MAX_URL),
        via=via,
        found_on=_clean(found_on, _MAX_URL) if isinstance(found_on, str) else "",
        seen_at=when,
        **{name: _text(item, name) for name in _TEXTS},
    )


def discovery_url(facts: Sequence[DiscoveryFact]) -> str:
    """Return the URL that a discovery record is about if it stands alone: that of its first fact."""
    return facts[0].url if facts else ""
