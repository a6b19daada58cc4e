"""The note of an unfinished takedown: `takedown.pending`, in the archive's folder until everything is done.

It holds in clear text what is to go, for as long as the archive holds it too; its owner alone may read it. While it is there,
no other command may write (`archive.locks`).
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from archive.errors import DecisionsError
from archive.locks import UNFINISHED
from archive.takedown.gone import Gone
from archive.warc.tail import sync_folder

MERGED = "merge"  # scope of what the decisions of other archives took down, while theirs become one with ours


@dataclass(slots=True, kw_only=True)
class Pending:
    """One takedown that has begun."""

    scope: str
    hashes: list[str]
    urls: list[str]
    titles: list[str]
    phrases: list[str]
    reason: str
    reference: str | None
    at: str  # when it was asked for, ISO 8601
    articles: list[str]  # public ids
    files: dict[str, dict[str, Any]] = field(default_factory=dict)  # changed WARC files -> what was done, for the log
    redacted: list[str] = field(default_factory=list)  # URLs of listings
    removed: dict[str, int] = field(default_factory=dict)  # kind -> records
    digests: list[str] = field(default_factory=list)  # payload digests of what was removed or redacted
    quoting: dict[str, str] = field(default_factory=dict)
    in_place: list[str] = field(default_factory=list)  # files that hold it and are not ours to change
    validators: list[str] = field(default_factory=list)  # URLs of captures that were removed or redacted

    @property
    def moment(self) -> datetime:
        """When it was asked for."""
        return datetime.fromisoformat(self.at)

    @property
    def found(self) -> bool:
        """Whether the archive had something of it."""
        return bool(self.articles or self.in_place or any(self.removed.values()))

    @property
    def gone(self) -> Gone:
        """What is to go."""
        return Gone(
            scope=self.scope,
            hashes=tuple(self.hashes),
            urls=tuple(self.urls),
            titles=tuple(self.titles),
            phrases=frozenset(self.phrases),
        )

    def save(self, root: Path) -> None:
        """Write it durably."""
        path, part = root / UNFINISHED, root / f"{UNFINISHED}.part"
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w", encoding="ascii") as file:
            json.dump(asdict(self), file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(root)


def load_pending(root: Path) -> Pending | None:
    """Return the takedown that was interrupted, None if there is none. Raises `DecisionsError`."""
    path = root / UNFINISHED
    try:
        return Pending(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise DecisionsError(
            f"{path}: not the note of an unfinished takedown ({error}). It is written by Morgue only. Delete it, and run "
            "`morgue takedown` again with the address: what was done is found by itself."
        ) from None


def clear_pending(root: Path) -> None:
    """Remove the note: everything is done."""
    (root / UNFINISHED).unlink(missing_ok=True)
    sync_folder(root)
