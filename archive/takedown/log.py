"""The log for the lawyers: what was removed, in numbers, digests and hashes; in `reports/takedown-*.json`, no clear text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from archive.clock import Clock
from archive.folder import ArchiveFolder
from archive.takedown.pending import Pending
from archive.takedown.reports import write_json

_HASH = re.compile(r"[0-9a-f]{64}")


def hashes_of_article(reports: Path, article: str) -> tuple[str, ...]:
    """Return the hashes under which an article (public id) was taken down; none if no log tells of it."""
    found = {one for log in _logs(reports) if article in _texts(log, "articles") for one in _texts(log, "hashes")}
    return tuple(sorted(one for one in found if _HASH.fullmatch(one)))


def _logs(reports: Path) -> Iterator[dict[str, Any]]:
    """Yield the logs of earlier takedowns; one that cannot be read tells nothing."""
    for path in sorted(reports.glob("takedown-*.json")):
        try:
            told = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(told, dict):
            yield told


def _texts(log: dict[str, Any], name: str) -> list[str]:
    value = log.get(name)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def write_log(folder: ArchiveFolder, pending: Pending, *, clock: Clock) -> str:
    """Write what one takedown did; returns the file's name below `reports/`.

    The same takedown, gone on with after a kill, has the same name; another of the same address in the same second has not:
    the log of the first says which files were written anew, and backups from before are known by that.
    """
    stamp = f"{pending.moment:%Y%m%d%H%M%S%f}"
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
