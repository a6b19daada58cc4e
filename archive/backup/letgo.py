"""Backups that are let go: older ones than are to be kept, and those that hold what was taken down since.

A backup made before a takedown holds it in its databases, and in WARC files under old names. It goes whole, as soon as a newer
one is complete: WARC files only grow, so the newer one has all that the older had. Where it has not, because the archive lost a
file or a file's bytes changed by themselves, the older one may be the last that has it, and stays.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from archive.backup.manifest import NAME, Entry, Manifest, is_stamp
from archive.backup.registry import backups, readable
from archive.backup.targets import Target
from archive.warc import OPEN_SUFFIX

_WARC = "warc/"
Rewritten = Mapping[str, frozenset[str]]  # WARC file (as in tables) -> SHA-256 that takedowns replaced


@dataclass(slots=True)
class LetGo:
    """What went, and what had to stay."""

    removed: list[str] = field(default_factory=list)  # stamps
    staying: dict[str, list[str]] = field(default_factory=dict)  # stamp -> files that no newer backup has


def let_go(target: Target, keep: int, newest: str) -> list[str]:
    """Remove all but the newest `keep` backups (`newest` is one of them), broken-off ones, and WARC files that none names."""
    whole = [stamp for stamp in backups(target) if stamp != newest]
    going = whole[: max(0, len(whole) - keep + 1)]
    for stamp in going:
        _remove(target, stamp)
    sweep(target, newest)
    return going


def sweep(target: Target, newest: str) -> None:
    """Remove what no complete backup names: what killed ones left, and WARC files that only older ones needed.

    While a manifest cannot be read, nobody knows which WARC files it names: those stay.
    """
    manifests = dict(readable(target))
    for name in target.folders():
        if is_stamp(name) and name not in manifests and name != newest:
            target.remove(name)
    if all(manifests.values()):
        used = {entry.stored for one in manifests.values() if one is not None for entry in one.files.values()}
        for path in target.files("warc"):
            if path not in used:
                target.remove(path)


def remove_holding(target: Target, new: Manifest, tokens: Collection[str], rewritten: Rewritten) -> LetGo:
    """Remove the backups from before a takedown. `new`: the one just made; `tokens`: of the takedowns that found something."""
    done = LetGo()
    for stamp, manifest in readable(target):
        if stamp == new.stamp or (manifest is not None and set(tokens) <= manifest.taken_down):
            continue
        alone = [f"{stamp}/{NAME}"] if manifest is None else only_in(manifest, new, rewritten)
        if alone:
            done.staying[stamp] = alone
        else:
            _remove(target, stamp)
            done.removed.append(stamp)
    sweep(target, new.stamp)
    return done


def only_in(old: Manifest, new: Manifest, rewritten: Rewritten) -> list[str]:
    """Return the WARC files that an older backup has and a newer one has not as whole; those that a takedown changed aside."""
    there = {_name(path): entry for path, entry in new.files.items() if path.startswith(_WARC)}
    missing = []
    for path, entry in old.files.items():
        name = _name(path)
        if not path.startswith(_WARC) or (name in rewritten and (_is_open(path) or entry.sha256 in rewritten[name])):
            continue
        now = there.get(name)
        if now is None or not (_has_grown(entry, now) if _is_open(path) else now.sha256 == entry.sha256):
            missing.append(path)
    return sorted(missing)


def rewritten_by_takedowns(reports: Path) -> dict[str, frozenset[str]]:
    """Return what the takedowns' logs say of WARC files that they wrote anew. A log that cannot be read says nothing."""
    found: dict[str, set[str]] = {}
    for path in sorted(reports.glob("takedown-*.json")):
        try:
            files = json.loads(path.read_bytes())["files"]
            for name, told in files.items():
                found.setdefault(str(name), set()).add(str(told["before"]["sha256"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
    return {name: frozenset(digests) for name, digests in found.items()}


def _remove(target: Target, stamp: str) -> None:
    target.remove(f"{stamp}/{NAME}")  # first: a backup without a manifest is none
    target.remove(stamp)


def _name(path: str) -> str:
    return path.removeprefix(_WARC).removesuffix(OPEN_SUFFIX)


def _is_open(path: str) -> bool:
    return path.endswith(OPEN_SUFFIX)


def _has_grown(old: Entry, now: Entry) -> bool:
    return now.size >= old.size
