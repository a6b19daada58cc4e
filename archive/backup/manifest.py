"""What belongs to one backup, file by file, with digests. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from archive.errors import BackupError

FORMAT = 1
NAME = "manifest.json"
_STAMP = re.compile(r"([0-9]{8}T[0-9]{6}Z)(?:-([0-9]{1,9}))?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
# What an archive's folder has that a backup keeps; a manifest that names anything else was not written by `make_backup`.
_KEPT = re.compile(
    r"sources\.toml|decisions\.jsonl|alerts\.json|archive\.db|crawl\.db|(?:profiles|reports)/[^/]{1,255}\.json|warc/.{1,4000}"
)


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
    archive: str | None = None  # whose backup it is: the id in the lines of decisions.jsonl
    taken_down: frozenset[str] = frozenset()  # tokens of the takedowns that were done before (`registry.token_of`)
    files: Mapping[str, Entry] = field(default_factory=dict)  # path below the archive's folder -> the file

    def as_json(self) -> str:
        """Return it as it is stored."""
        data = {
            "format": FORMAT,
            "stamp": self.stamp,
            "made_at": self.made_at.isoformat(),
            "software": self.software,
            "archive": self.archive,
            "taken_down": sorted(self.taken_down),
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
            made = cls(
                stamp=_text(data["stamp"]),
                made_at=datetime.fromisoformat(data["made_at"]),
                software=_text(data["software"]),
                archive=None if data.get("archive") is None else _text(data["archive"]),
                taken_down=frozenset(_text(one) for one in data.get("taken_down", ())),
                files={str(path): _entry(entry) for path, entry in data["files"].items()},
            )
            if made.made_at.tzinfo is None or not is_stamp(made.stamp):
                raise ValueError("its time or its name is none")  # noqa: TRY301 - one message for all
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BackupError(
                f"{where} is no manifest of a backup ({error}). Take another backup, or make a new one."
            ) from None
        for path, entry in made.files.items():
            if not _is_kept(path, entry, made.stamp):
                raise BackupError(f"{where} names {path!r}, which no backup of Morgue's holds. Nothing was restored.")
        return made


def stamp_of(moment: datetime, taken: Collection[str] = ()) -> str:
    """Return the name of a backup made at `moment` (aware) that comes after all those `taken`.

    Also if the clock was set back: the newest backup is the one that was made last.

    >>> stamp_of(datetime(2026, 5, 1, 6, tzinfo=UTC), ["20260501T060000Z"])
    '20260501T060000Z-2'
    """
    stamp, number = f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}", 1
    if taken:
        last, nth = max(place_of(name) for name in taken)
        if last >= stamp:
            stamp, number = last, nth + 1
    return stamp if number == 1 else f"{stamp}-{number}"


def is_stamp(name: str) -> bool:
    """Tell whether a folder of a target is a backup's."""
    return _STAMP.fullmatch(name) is not None


def place_of(stamp: str) -> tuple[str, int]:
    """Return a stamp's place in the order of backups.

    >>> sorted(["20260501T060000Z-10", "20260501T060000Z-2", "20260501T060000Z"], key=place_of)
    ['20260501T060000Z', '20260501T060000Z-2', '20260501T060000Z-10']
    """
    found = _STAMP.fullmatch(stamp)
    return (found[1], int(found[2] or 1)) if found else (stamp, 0)


def _entry(data: Mapping[str, Any]) -> Entry:
    size = data["size"]
    if not isinstance(size, int) or size < 0:
        raise ValueError(f"a size of {size!r}")
    return Entry(stored=_text(data["stored"]), size=size, sha256=_text(data["sha256"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} where a text should be")
    return value


def _is_kept(path: str, entry: Entry, stamp: str) -> bool:
    return (
        _KEPT.fullmatch(path) is not None
        and all(_is_below(each) for each in (path, entry.stored))
        and entry.stored.startswith((f"{stamp}/", "warc/"))
        and _SHA256.fullmatch(entry.sha256) is not None
    )


def _is_below(path: str) -> bool:
    """Tell whether a path stays below its folder, also where a backslash parts folders."""
    parts = path.split("/")
    return "\\" not in path and "\0" not in path and not {"", ".", ".."} & set(parts)
