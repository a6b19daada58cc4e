"""Links without an end: how many of each kind a source gave is counted in crawl.db, and the next of a kind refused."""

from __future__ import annotations

import json
from dataclasses import replace

from archive.model import Candidate, Role, Via
from crawler.discovery.traps import TrapCounts, trap_of
from crawler.frontier.core import Core

_LINKED = frozenset({Via.HOME, Via.SECTION, Via.LINK})


def trapped(core: Core, candidate: Candidate) -> str | None:
    """Return which trap a link of a page belongs to; count it if it is none. What feeds and sitemaps name is meant."""
    if candidate.fact.via not in _LINKED or candidate.role in (Role.FEED, Role.SITEMAP):
        return None
    seen = core.traps.get(candidate.source)
    if seen is None:
        row = core.conn.execute("SELECT counts FROM traps WHERE source = ?", (candidate.source,)).fetchone()
        seen = TrapCounts(counts=json.loads(row[0]) if row else {})
    seen = replace(seen, at=candidate.fact.seen_at.date())
    reason = trap_of(candidate.url, seen)
    if reason is None:
        noted = seen.noted([candidate.url])
        if noted.counts != seen.counts:
            core.conn.execute(
                "INSERT OR REPLACE INTO traps(source, counts) VALUES(?,?)", (candidate.source, json.dumps(noted.counts))
            )
        seen = noted
    core.traps[candidate.source] = seen
    return reason
