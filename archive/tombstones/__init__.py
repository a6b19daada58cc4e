"""What was taken down and must not come back: lines of decisions.jsonl, and how an address or a page is held against them.

    {"at": …, "kind": "takedown", "reason": "personal-data", "scope": "article", "hashes": ["3f…", …], "reference": "2026-17"}

A hash is the SHA-256 of a URL key or a host: no clear text. Both rooms read these lines, never a table: the crawler asks
before it takes an address, ingest before it takes a capture. Pure.
"""

from archive.tombstones.hashes import (
    REASONS,
    TAKEDOWN,
    Tombstones,
    host_hash,
    key_hash,
    tombstones_of,
)
from archive.tombstones.mentions import decoded_text, links_in, tells_of, unzipped

__all__ = [
    "REASONS",
    "TAKEDOWN",
    "Tombstones",
    "decoded_text",
    "host_hash",
    "key_hash",
    "links_in",
    "tells_of",
    "tombstones_of",
    "unzipped",
]
