"""Making a backup while everything else goes on."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from archive.backup.manifest import NAME, Entry, Manifest, is_stamp, stamp_of
from archive.backup.targets import Target
from archive.clock import Clock
from archive.errors import BackupError
from archive.folder import ArchiveFolder
from archive.warc import OPEN_SUFFIX, warc_files

_CHUNK = 2**20
_WORK = ".backup-"  # folder in the archive's while a backup is made
_STALE = 86400.0  # seconds
_WARC = "warc"


@dataclass(slots=True)
class Made:
    """What a backup came to."""

    stamp: str
    files: int = 0
    stored: int = 0  # bytes that went over; linked ones count
    shared: int = 0  # files that were there already
    removed: list[str] = field(default_factory=list)  # older backups that were let go

    def as_json(self) -> dict[str, object]:
        """Return it for `--json`."""
        return {
            "stamp": self.stamp,
            "files": self.files,
            "stored_bytes": self.stored,
            "shared_files": self.shared,
            "removed": self.removed,
        }


def make_backup(
    folder: ArchiveFolder,
    target: Target,
    *,
    clock: Clock,
    keep: int | None = None,
    on_file: Callable[[str], None] = lambda _path: None,
) -> Made:
    """Copy the archive as it is at this moment. `keep`: let all but the newest so many backups go, when it is done.

    Raises `BackupError` if the target cannot be used or a database cannot be read, `ShelfError` for the shelf.
    """
    taken = frozenset(target.folders())
    made = Made(stamp=stamp_of(clock.now(), taken))
    files: dict[str, Entry] = {}
    _sweep(folder)
    with tempfile.TemporaryDirectory(prefix=_WORK, dir=folder.root) as name:
        work = Path(name)
        for path, copy in _of_this_moment(folder, work):
            on_file(path)
            files[path] = _store(target, copy, f"{made.stamp}/{path}", made)
        for file in warc_files(folder.warc):
            below = f"{_WARC}/{file.relative_to(folder.warc).as_posix()}"
            on_file(below)
            growing = _grown(file, work) if file.name.endswith(OPEN_SUFFIX) else None
            if growing is not None:
                files[below] = _store(target, growing, f"{made.stamp}/{below}", made)
                growing.unlink()
            else:  # sealed, perhaps just now
                below = below.removesuffix(OPEN_SUFFIX)
                files[below] = _share(target, folder.root / below, below, made)
        manifest = Manifest(
            stamp=made.stamp, made_at=clock.now(), software=f"Morgue/{version('newsmorgue')}", files=files
        )
        last = work / NAME
        last.write_text(manifest.as_json(), encoding="utf-8")
        target.put(last, f"{made.stamp}/{NAME}")
    made.files = len(files)
    if keep is not None:
        made.removed = let_go(target, keep)
    return made


def _sweep(folder: ArchiveFolder) -> None:
    """Remove what a killed backup left a day ago or longer: copies of whole databases. A younger one may be at work."""
    for left in folder.root.glob(_WORK + "*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _STALE:
                shutil.rmtree(left)


def backups(target: Target) -> list[str]:
    """Return the stamps of the complete backups of a target, oldest first."""
    return [name for name in target.folders() if is_stamp(name) and target.size(f"{name}/{NAME}") is not None]


def read_manifest(target: Target, stamp: str) -> Manifest:
    """Return the manifest of a backup. Raises `BackupError`."""
    path = f"{stamp}/{NAME}"
    return Manifest.from_json(target.read(path), where=f"{target.name.rstrip('/')}/{path}")


def let_go(target: Target, keep: int) -> list[str]:
    """Remove all but the newest `keep` backups, broken-off ones, and WARC files that no backup names any more."""
    whole = backups(target)
    going = whole[:-keep] if keep else whole
    staying = [stamp for stamp in whole if stamp not in going]
    used = {entry.stored for stamp in staying for entry in read_manifest(target, stamp).files.values()}
    for stamp in going:
        target.remove(f"{stamp}/{NAME}")  # first: a backup without a manifest is none
        target.remove(stamp)
    newest = staying[-1] if staying else ""
    for name in target.folders():  # of runs that were killed
        if is_stamp(name) and name not in staying and name < newest:
            target.remove(name)
    for path in target.files(_WARC):
        if path not in used:
            target.remove(path)
    return going


def _of_this_moment(folder: ArchiveFolder, work: Path) -> Iterator[tuple[str, Path]]:
    """Yield what changes in its place: the databases first, then what both rooms append to, then the small files."""
    for database in (folder.archive_db, folder.crawl_db):
        if database.exists():
            copy = work / database.name
            _copy_database(database, copy)
            yield database.name, copy
            copy.unlink()
    for path in (folder.sources, folder.decisions):
        if path.exists():
            copy = work / path.name
            data = path.read_bytes()
            if path == folder.decisions:
                data = data[: data.rfind(b"\n") + 1]  # a line that is being written belongs to the next backup
            copy.write_bytes(data)
            yield path.name, copy
    for below in (folder.profiles, folder.reports):
        for path in sorted(below.glob("*.json")):
            yield f"{below.name}/{path.name}", path


def _copy_database(source: Path, to: Path) -> None:
    """Copy a database as it is after the last commit, while others write (SQLite's online backup)."""
    try:
        with (
            closing(sqlite3.connect(f"file:{quote(str(source.absolute()))}?mode=ro", uri=True, timeout=30)) as before,
            closing(sqlite3.connect(to)) as after,
        ):
            before.backup(after)  # in one step: WAL lets the writers go on meanwhile
            after.execute("PRAGMA journal_mode=DELETE")  # one file, whatever the original's mode
    except sqlite3.Error as error:
        raise BackupError(
            f"{source} cannot be copied ({error}). `morgue fsck` tells what is wrong with it; it can be made again "
            "(`morgue rebuild`, for crawl.db with --frontier)."
        ) from error


def _grown(path: Path, work: Path) -> Path | None:
    """Copy a file that is being written, as far as it has come; None if it was sealed just now."""
    copy = work / path.name
    try:
        with path.open("rb") as file, copy.open("wb") as out:
            left = os.fstat(file.fileno()).st_size
            while left > 0 and (chunk := file.read(min(_CHUNK, left))):
                out.write(chunk)
                left -= len(chunk)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BackupError(f"{path} cannot be copied ({error.strerror}). Check its owner and mode.") from error
    return copy


def _store(target: Target, source: Path, stored: str, made: Made) -> Entry:
    entry = _entry(source, stored)
    target.put(source, stored)
    made.stored += entry.size
    return entry


def _share(target: Target, path: Path, below: str, made: Made) -> Entry:
    """Store a sealed file under its name, or under its name and digest where another file of that name is there."""
    entry = _entry(path, below)
    there = target.size(below)
    if there is not None and (there != entry.size or not _same(target, below, entry)):
        entry = _entry(path, f"{below}.{entry.sha256[:12]}")
        there = target.size(entry.stored)
    if there == entry.size:
        made.shared += 1
        return entry
    target.put(path, entry.stored, link=True)
    made.stored += entry.size
    return entry


def _same(target: Target, below: str, entry: Entry) -> bool:
    """Tell whether the stored file is that one: by the newest backup that names it."""
    for stamp in reversed(backups(target)):
        named = next((e for e in read_manifest(target, stamp).files.values() if e.stored == below), None)
        if named is not None:
            return named.sha256 == entry.sha256
    return True  # of a run that was killed: sizes agree, and restore compares digests


def _entry(path: Path, stored: str) -> Entry:
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise BackupError(f"{path} cannot be read ({error.strerror}). Check its owner and mode.") from error
    return Entry(stored=stored, size=size, sha256=digest.hexdigest())
