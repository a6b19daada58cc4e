"""How much room a crawl leaves on the disk."""

from __future__ import annotations

MIN_FREE = 500_000_000  # bytes: what a full batch, both databases' logs and the next ingest need, and some
