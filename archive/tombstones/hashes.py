"""Addresses as hashes, and whether a set of hashes covers one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from archive.decisions import DecisionLike
from archive.urls import proposed_key, url_key

TAKEDOWN = "takedown"  # kind of the decision
# Why something may be asked to go. A fixed list, so that no clear text gets into a file that is never rewritten.
REASONS = ("copyright", "court-order", "defamation", "illegal", "personal-data", "publisher", "other")
_HASH = re.compile(r"[0-9a-f]{64}")
_PORT = re.compile(r":[0-9]+\Z")
_USER = re.compile(r"(?<=://)[^/?#\\@\s]{1,500}@")  # no page of ours has one, a file of others may


def key_hash(key: str) -> str:
    """Return the hash by which a URL key is taken down, hex."""
    return _sha256(f"url {key}")


def host_hash(host: str) -> str:
    """Return the hash by which a whole host is taken down, hex. `host`: as in URL keys, without `www.`."""
    return _sha256(f"host {host}")


def hosts_of(key: str) -> tuple[str, ...]:
    """Return the names under which the host of a URL key may be taken down: with its port, if it has one, and without.

    >>> hosts_of("news.example:8080/a")
    ('news.example:8080', 'news.example')
    """
    host = key.partition("/")[0]
    return tuple(dict.fromkeys((host, _PORT.sub("", host))))


@dataclass(frozen=True, slots=True)
class Tombstones:
    """The hashes of what was taken down."""

    hashes: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.hashes)

    def covers_key(self, key: str) -> bool:
        """Return whether a URL key, or its host, was taken down."""
        if not self.hashes:
            return False
        return key_hash(key) in self.hashes or any(host_hash(host) in self.hashes for host in hosts_of(key))

    def covers(self, url: str) -> bool:
        """Return whether a URL was taken down, by itself or with its host; also an AMP, mobile or print spelling of one.

        What is no URL was not.
        """
        if not self.hashes:
            return False
        url = _USER.sub("", url, count=1) if "@" in url else url
        try:
            return self.covers_key(url_key(url)) or key_hash(proposed_key(url)) in self.hashes
        except ValueError:  # UrlError, a lone surrogate
            return False


def tombstones_of(decisions: Iterable[DecisionLike]) -> Tombstones:
    """Return what decisions took down. What is no hash is passed over."""
    found: set[str] = set()
    for decision in decisions:
        if decision.kind == TAKEDOWN:
            found.update(hashes_of(decision))
    return Tombstones(frozenset(found))


def hashes_of(decision: DecisionLike) -> tuple[str, ...]:
    """Return the hashes of a takedown's line."""
    hashes = decision.data.get("hashes")
    listed = hashes if isinstance(hashes, list) else []
    return tuple(one for one in listed if isinstance(one, str) and _HASH.fullmatch(one))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
