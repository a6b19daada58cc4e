"""Getting an archive back from a backup: into an empty folder, each file compared with its digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from archive.backup.manifest import Entry, Manifest
from archive.backup.registry import backups, read_manifest, readable
from archive.backup.targets import Target
from archive.errors import BackupError
from archive.folder import ArchiveFolder
from archive.locks import lock

_CHUNK = 2**20
_MARK = ".restoring"  # there while a restore is not complete


def restore_backup(
    target: Target,
    folder: ArchiveFolder,
    *,
    stamp: str | None = None,
    on_file: Callable[[str], None] = lambda _path: None,
) -> Manifest:
    """Put a backup (`stamp`; None: the newest) into `folder`, which must be empty or left by a restore that broke off.

    Files that are there already and right are not fetched again. Raises `BackupError`, also for a file whose bytes are
    not those of its digest: what was restored up to then stays, for a second try.
    """
    there = backups(target)
    if not there:
        raise BackupError(f"{target.name} holds no backup. `morgue backup {target.name}` makes one.")
    if stamp is not None and stamp not in there:
        raise BackupError(f"{target.name} has no backup {stamp!r}. It has: {', '.join(there[-10:])}.")
    mark = folder.root / _MARK
    try:
        folder.root.mkdir(parents=True, exist_ok=True)
        begun = mark.read_text(encoding="utf-8") if mark.exists() else None
        if begun is None and any(folder.root.iterdir()):
            raise BackupError(
                f"{folder.root} is not empty, and nothing in it was touched. Restore into a new folder: "
                f"`morgue restore {target.name} NEW-FOLDER`."
            )
        manifest = read_manifest(target, stamp or (begun if begun in there else None) or there[-1])
        if begun and begun != manifest.stamp:  # files of two backups would lie among each other
            raise BackupError(
                f"{folder.root} holds half of the backup {begun}, and nothing in it was touched. Restore into a new folder: "
                f"`morgue restore {target.name} NEW-FOLDER`."
            )
        mark.write_text(manifest.stamp, encoding="utf-8")
        with lock(folder.crawl_lock, "morgue restore"), lock(folder.archive_lock, "morgue restore"):
            for path, entry in sorted(manifest.files.items()):
                on_file(path)
                _fetch(target, entry, folder.root / path)
            for below in (folder.warc, folder.reports, folder.profiles):
                below.mkdir(exist_ok=True)
        mark.unlink()
    except OSError as error:
        raise BackupError(
            f"{error.filename or folder.root} cannot be written ({error.strerror}). Look at the disk's free space and the "
            "folder's owner; the same command goes on where it was."
        ) from error
    return manifest


def taken_down_since(target: Target, manifest: Manifest) -> bool:
    """Return whether something was taken down after a backup was made, as newer backups at its place know."""
    return any(one is not None and not one.taken_down <= manifest.taken_down for _, one in readable(target))


def _fetch(target: Target, entry: Entry, to: Path) -> None:
    if to.exists() and _digest(to) == (entry.size, entry.sha256):
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(to.name + ".part")
    target.get(entry.stored, part)
    if _digest(part) != (entry.size, entry.sha256):
        part.unlink()
        raise BackupError(
            f"{target.name.rstrip('/')}/{entry.stored} is damaged: it is not the file that was backed up (another SHA-256). "
            "Restore an older backup (`--at`), or this file from elsewhere, and run the command again."
        )
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(to)


def _digest(path: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()
