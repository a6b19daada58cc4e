"""Which backups an archive has: lines of decisions.jsonl, so that a copy of the folder knows them without any database.

    {"at": …, "kind": "backup-target", "archive": "9f…", "target": "/mnt/backup/my-archive"}
    {"at": …, "kind": "backup", "target": …, "stamp": "20260501T060000Z", "manifest": "SHA-256", "holding": []}
    {"at": …, "kind": "backup-forgotten", "target": …}

The first is written when a target gets its first byte, the second when a backup is whole. What a target holds now is asked of
the target itself; the lines answer for one that cannot be reached.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from archive.backup.manifest import NAME, Manifest, is_stamp, place_of
from archive.backup.targets import LocalTarget, Target, open_target
from archive.decisions import Decision, append_decision
from archive.errors import BackupError
from archive.remote import without_secrets
from archive.tombstones import TAKEDOWN, Tombstones
from archive.tombstones.hashes import hashes_of

TARGET, MADE, FORGOTTEN = "backup-target", "backup", "backup-forgotten"
_WARC = "warc"


@dataclass(frozen=True, slots=True)
class Held:
    """A place of backups that still holds what was taken down, or may."""

    target: str
    backups: tuple[str, ...] = ()  # stamps
    reached: bool = True  # else decisions.jsonl alone says so

    def __str__(self) -> str:
        if not self.reached:
            return f"{self.target} (it cannot be reached; what was last backed up there still held it)"
        return f"{self.target} ({', '.join(self.backups)})"

    def as_json(self) -> dict[str, object]:
        """Return it for `--json`."""
        return asdict(self)


@dataclass(slots=True)
class _Known:
    """What the lines say of one target."""

    last: int = -1  # number of the line that tells of its last whole backup
    stamp: str | None = None
    holding: tuple[str, ...] = field(default=())  # backups that could not be let go then


def address_of(where: str) -> str:
    """Return a target as it is written down: an absolute path, or an address without secrets.

    >>> address_of("s3://key:secret@bucket/morgue")
    's3://bucket/morgue'
    """
    parts = urlsplit(where)
    if "://" not in where:
        return os.path.abspath(where)  # noqa: PTH100 - as it was named: a link may lead elsewhere tomorrow
    return os.path.abspath(parts.path) if parts.scheme == "file" else without_secrets(where)  # noqa: PTH100


def archive_id(decisions: Iterable[Decision]) -> str | None:
    """Return the name that an archive's backups know it by; None before its first."""
    for decision in decisions:
        if decision.kind == TARGET and isinstance(name := decision.data.get("archive"), str):
            return name
    return None


def note_target(path: Path, decisions: Collection[Decision], where: str, *, at: datetime, new_id: str) -> str:
    """Write down a target that is not known yet; returns the archive's id. `path`: decisions.jsonl. Raises `DecisionsError`."""
    name, target = archive_id(decisions) or new_id, address_of(where)
    if target not in known_targets(decisions):
        append_decision(path, TARGET, {"archive": name, "target": target}, at=at)
    return name


def note_backup(path: Path, where: str, manifest: Manifest, holding: Collection[str], *, at: datetime) -> None:
    """Write down a whole backup; `holding`: older ones there that hold what was taken down. Raises `DecisionsError`."""
    digest = hashlib.sha256(manifest.as_json().encode()).hexdigest()
    line = {"target": address_of(where), "stamp": manifest.stamp, "manifest": digest, "holding": sorted(holding)}
    append_decision(path, MADE, line, at=at)


def known_targets(decisions: Iterable[Decision]) -> dict[str, _Known]:
    """Return the targets of an archive's backups, those that were forgotten aside."""
    known: dict[str, _Known] = {}
    for number, decision in enumerate(decisions):
        target = decision.data.get("target")
        if not isinstance(target, str):
            continue
        if decision.kind == TARGET:
            known.setdefault(target, _Known())
        elif decision.kind == FORGOTTEN:
            known.pop(target, None)
        elif decision.kind == MADE:
            stamp, holding = decision.data.get("stamp"), decision.data.get("holding")
            listed = holding if isinstance(holding, list) else []
            known[target] = _Known(number, stamp if isinstance(stamp, str) else None, tuple(map(str, listed)))
    return known


# What was taken down when


def token_of(decision: Decision) -> str:
    """Return the name of one takedown in manifests: nothing can be read from it."""
    said = f"{decision.at.isoformat()} {' '.join(hashes_of(decision))}"
    return hashlib.sha256(said.encode()).hexdigest()[:24]


def found_something(decision: Decision) -> bool:
    """Return whether a line tells of a takedown that had something to remove, so that backups from before hold it."""
    return decision.kind == TAKEDOWN and decision.data.get("found", True) is not False


def takedowns_about(decisions: Iterable[Decision], hashes: Collection[str], urls: Collection[str]) -> list[Decision]:
    """Return the takedowns that had something to remove of these hashes or addresses."""
    found = []
    for decision in decisions:
        if found_something(decision):
            own = frozenset(hashes_of(decision))
            if not own.isdisjoint(hashes) or any(map(Tombstones(own).covers, urls)):
                found.append(decision)
    return found


def holding(
    decisions: Collection[Decision],
    about: Collection[Decision],
    *,
    coming: bool = False,
    opened: Callable[[str], Target | None] = open_target,
    leftovers: bool = True,
) -> list[Held]:
    """Return the places of backups that still hold what the takedowns `about` removed. Raises nothing.

    `coming`: a takedown that is not written down yet, so that no backup knows of it. `opened`: None for a target that is not
    to be asked. `leftovers`: also what killed backups left there.
    """
    tokens = {token_of(decision) for decision in about}
    if not tokens and not coming:
        return []
    written = {id(decision) for decision in about}
    last = max((number for number, each in enumerate(decisions) if id(each) in written), default=-1)
    found = []
    for target, known in known_targets(decisions).items():
        stamps = (
            None if (place := _reached(target, opened)) is None else _stamps_holding(place, tokens, coming, leftovers)
        )
        if stamps:
            found.append(Held(target, tuple(stamps)))
        elif stamps is None and (coming or known.last < last or known.holding):
            found.append(Held(target, known.holding, reached=False))
    return found


def local_only(target: str) -> Target | None:
    """Open a target without asking the network."""
    return None if "://" in target else LocalTarget(Path(target))


def backups(target: Target) -> list[str]:
    """Return the stamps of the complete backups of a target, oldest first."""
    found = [name for name in target.folders() if is_stamp(name) and target.size(f"{name}/{NAME}") is not None]
    return sorted(found, key=place_of)


def read_manifest(target: Target, stamp: str) -> Manifest:
    """Return the manifest of a backup. Raises `BackupError`."""
    path = f"{stamp}/{NAME}"
    where = f"{target.name.rstrip('/')}/{path}"
    manifest = Manifest.from_json(target.read(path), where=where)
    if manifest.stamp != stamp:
        raise BackupError(f"{where} is the manifest of {manifest.stamp}: it was put there by something else.")
    return manifest


def readable(target: Target) -> Iterator[tuple[str, Manifest | None]]:
    """Yield the complete backups, oldest first, with their manifests; None for one that cannot be read."""
    for stamp in backups(target):
        try:
            yield stamp, read_manifest(target, stamp)
        except BackupError:
            yield stamp, None


def _reached(target: str, opened: Callable[[str], Target | None]) -> Target | None:
    """Return a target where there are backups. An empty folder is more likely a disk that is not mounted."""
    try:
        place = opened(target)
        return place if place is not None and backups(place) else None
    except BackupError:
        return None


def _stamps_holding(place: Target, tokens: set[str], coming: bool, leftovers: bool) -> list[str] | None:
    try:
        manifests = list(readable(place))
        held = [stamp for stamp, one in manifests if coming or one is None or not tokens <= one.taken_down]
        if leftovers:
            whole = {stamp for stamp, _ in manifests}
            held += [f"{name}, unfinished" for name in place.folders() if is_stamp(name) and name not in whole]
            used = {entry.stored for _, one in manifests if one is not None for entry in one.files.values()}
            if all(one is not None for _, one in manifests):
                held += [path for path in place.files(_WARC) if path not in used]
    except BackupError:
        return None
    return held
