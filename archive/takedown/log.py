"""The log for the lawyers: what was removed, in numbers, digests and hashes; in `reports/takedown-*.json`, no clear text."""

from __future__ import annotations

from importlib.metadata import version

from archive.clock import Clock
from archive.folder import ArchiveFolder
from archive.takedown.pending import Pending
from archive.takedown.reports import write_json


def write_log(folder: ArchiveFolder, pending: Pending, *, clock: Clock) -> str:
    """Write what one takedown did; returns the file's name below `reports/`. The same takedown has the same name."""
    stamp = "".join(char for char in pending.at[:19] if char.isdigit())
    path = folder.reports / f"takedown-{stamp}-{pending.hashes[0][:8]}.json"
    folder.reports.mkdir(exist_ok=True)
    write_json(
        path,
        {
            "asked_at": pending.at,
            "done_at": clock.now().isoformat(),
            "software": f"Morgue/{version('newsmorgue')}",
            "scope": pending.scope,
            "reason": pending.reason,
            "reference": pending.reference,
            "hashes": pending.hashes,  # SHA-256 of "url KEY" or "host HOST"
            "articles": pending.articles,
            "records": pending.removed,
            "payload_digests": pending.digests,
            "listings_redacted": pending.redacted,
            "articles_that_stay": pending.quoting,
            "files": pending.files,
            "files_in_place_that_hold_it": pending.in_place,
        },
    )
    return path.name
