"""What belongs to one backup, file by file, with digests. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from archive.errors import BackupError

FORMAT = 1
NAME = "manifest.json"
_STAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z(?:-[0-9]+)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of a backup."""

    stored: str  # path below the target
    size: int  # bytes
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One backup."""

    stamp: str
    made_at: datetime  # aware
    software: str
    files: Mapping[str, Entry] = field(default_factory=dict)  # path below the archive's folder -> the file

    def as_json(self) -> str:
        """Return it as it is stored."""
        data = {
            "format": FORMAT,
            "stamp": self.stamp,
            "made_at": self.made_at.isoformat(),
            "software": self.software,
            "files": {path: asdict(entry) for path, entry in sorted(self.files.items())},
        }
        return json.dumps(data, indent=1)

    @classmethod
    def from_json(cls, text: str, *, where: str) -> Manifest:
        """Return the manifest that `as_json` wrote; `where` is for messages. Raises `BackupError`."""
        try:
            data: dict[str, Any] = json.loads(text)
            if data["format"] != FORMAT:
                raise BackupError(f"{where} was made by a newer Morgue (format {data['format']!r}). Update Morgue.")
            files = {str(path): Entry(**entry) for path, entry in data["files"].items()}
            made = cls(
                stamp=data["stamp"],
                made_at=datetime.fromisoformat(data["made_at"]),
                software=str(data["software"]),
                files=files,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackupError(
                f"{where} is no manifest of a backup ({error}). Take another backup, or make a new one."
            ) from None
        for path, entry in made.files.items():
            if not (_is_below(path) and _is_below(entry.stored) and _SHA256.fullmatch(entry.sha256)):
                raise BackupError(f"{where} names {path!r}, which no backup of Morgue's holds. Nothing was restored.")
        return made


def stamp_of(moment: datetime, taken: frozenset[str] = frozenset()) -> str:
    """Return the name of a backup made at `moment` (aware) that is not among those `taken`.

    >>> stamp_of(datetime(2026, 5, 1, 6, tzinfo=UTC), frozenset({"20260501T060000Z"}))
    '20260501T060000Z-2'
    """
    stamp = f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    name, number = stamp, 1
    while name in taken:
        number += 1
        name = f"{stamp}-{number}"
    return name


def is_stamp(name: str) -> bool:
    """Tell whether a folder of a target is a backup's."""
    return _STAMP.fullmatch(name) is not None


def _is_below(path: str) -> bool:
    parts = PurePosixPath(path)
    return bool(path) and not parts.is_absolute() and ".." not in parts.parts and "\\" not in path and "\0" not in path
