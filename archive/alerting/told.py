"""What was told already: `alerts.json` in the archive's folder.

It lies outside archive.db, because a rebuild must not tell everything again. It holds names of saved searches and hashes of
articles' ids: neither titles nor addresses, so that a takedown has nothing to remove from it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archive.errors import MorgueError
from archive.warc.tail import sync_folder

_VERSION = 1
_HASH = 16  # hexadecimal digits: of a million articles two share one once in 37 million archives


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was told of one saved search."""

    question: str  # digest of its words and filters: another question begins anew
    since: str  # UTC, ISO 8601: what was first captured before is not looked at any more
    told: Mapping[str, str] = field(default_factory=dict)  # hash of an article's id -> day of its first capture, UTC


def hash_of(article_id: str) -> str:
    """Return what stands for an article."""
    return hashlib.sha256(f"morgue-alert:{article_id}".encode()).hexdigest()[:_HASH]


def load_told(path: Path) -> dict[str, Told]:
    """Return what was told, by saved search; nothing where there is no file. Raises `MorgueError` for a damaged one."""
    try:
        data = json.loads(path.read_bytes())
        if data["version"] > _VERSION:
            raise MorgueError(f"{path} was written by a newer Morgue. Upgrade with `pip install -U newsmorgue`.")
        return {str(name): _read(one) for name, one in data["searches"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MorgueError(
            f"{path} cannot be read ({type(error).__name__}: {error}). Put it back from a backup, or remove it: then `morgue "
            "alerts` begins anew, with the newest few articles of each saved search."
        ) from None


def _read(one: Mapping[str, Any]) -> Told:
    told = {str(mark): str(day) for day, marks in one["told"].items() for mark in marks}
    return Told(question=str(one["question"]), since=str(one["since"]), told=told)


def save_told(path: Path, searches: Mapping[str, Told]) -> None:
    """Replace the file in one step, durably. Raises `OSError`."""
    told: dict[str, object] = {}
    for name, one in sorted(searches.items()):
        days: dict[str, list[str]] = {}
        for mark, day in sorted(one.told.items()):
            days.setdefault(day, []).append(mark)
        told[name] = {"question": one.question, "since": one.since, "told": dict(sorted(days.items()))}
    fd, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump({"version": _VERSION, "searches": told}, file, indent=0)
            file.write("\n")
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
