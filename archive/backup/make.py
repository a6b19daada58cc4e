"""Making a backup while everything else goes on."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from archive.backup.letgo import let_go, remove_holding, rewritten_by_takedowns
from archive.backup.manifest import NAME, Entry, Manifest, is_stamp, stamp_of
from archive.backup.registry import (
    archive_id,
    found_something,
    note_backup,
    note_target,
    readable,
    token_of,
)
from archive.backup.targets import LocalTarget, Target
from archive.clock import Clock
from archive.decisions import Decision, read_decisions
from archive.errors import BackupError, MorgueError
from archive.folder import ArchiveFolder
from archive.locks import lock
from archive.tombstones import TAKEDOWN
from archive.warc import OPEN_SUFFIX, complete_length, shelf_name, warc_files

_CHUNK = 2**20
_WORK = ".backup-"  # folder in the archive's while a backup is made
_WARC = "warc"


@dataclass(slots=True)
class Made:
    """What a backup came to."""

    stamp: str
    files: int = 0
    stored: int = 0  # bytes that went over; linked ones count
    shared: int = 0  # files that were there already
    removed: list[str] = field(default_factory=list)  # older backups that were let go
    # older backups that hold what was taken down, and files that only they have: stamp -> paths
    holding: dict[str, list[str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return it for `--json`."""
        return {
            "stamp": self.stamp,
            "files": self.files,
            "stored_bytes": self.stored,
            "shared_files": self.shared,
            "removed": self.removed,
            "holding": self.holding,
        }


def make_backup(
    folder: ArchiveFolder,
    target: Target,
    *,
    clock: Clock,
    keep: int | None = None,
    on_file: Callable[[str], None] = lambda _path: None,
    new_id: Callable[[], str] = lambda: secrets.token_hex(8),
) -> Made:
    """Copy the archive as it is at this moment. `keep`: let all but the newest so many backups go, when it is done.

    Older backups at the target that hold what was taken down since are let go, too. `new_id`: names the archive at its first
    backup. Raises `BackupError` if the target cannot be used or a database cannot be read, `ShelfError` for the shelf,
    `LockHeldError` beside another backup or a takedown, `UnfinishedTakedownError`.
    """
    _refuse_own(folder, target)
    with lock(folder.backup_lock, "morgue backup"):
        decisions = read_decisions(folder.decisions)
        _refuse_others(target, archive_id(decisions))
        taken = [name for name in target.folders() if is_stamp(name)]
        made = Made(stamp=stamp_of(clock.now(), taken))
        _sweep(folder)
        with tempfile.TemporaryDirectory(prefix=_WORK, dir=folder.root) as name:
            work = Path(name)
            try:
                copying = _Copying(folder, target, made, work, on_file)
                manifest = copying.all(decisions, clock=clock, new_id=new_id)
            except BaseException:
                with suppress(MorgueError):  # half a backup is none; a kill leaves it for the next one
                    target.remove(made.stamp)
                raise
        made.files = len(manifest.files)
        if keep is not None:
            made.removed = let_go(target, keep, made.stamp)
        tokens = {token_of(one) for one in decisions if found_something(one)}
        if tokens:
            gone = remove_holding(target, manifest, tokens, rewritten_by_takedowns(folder.reports))
            made.removed += gone.removed
            made.holding = gone.staying
        note_backup(folder.decisions, target.name, manifest, made.holding, at=clock.now())
    return made


@dataclass(slots=True)
class _Copying:
    """One backup while it is made."""

    folder: ArchiveFolder
    target: Target
    made: Made
    work: Path
    on_file: Callable[[str], None]
    # what complete backups say of stored files, SHA-256 by path; a file that none names is of a killed run
    there: dict[str, str] = field(default_factory=dict)
    ingested: dict[str, int] = field(default_factory=dict)  # WARC file -> bytes with whole records

    def all(self, decisions: tuple[Decision, ...], *, clock: Clock, new_id: Callable[[], str]) -> Manifest:
        """Store everything, the manifest last."""
        folder, stamp = self.folder, self.made.stamp
        manifests = (one for _, one in readable(self.target) if one is not None)
        self.there = {entry.stored: entry.sha256 for one in manifests for entry in one.files.values()}
        files = {folder.sources.name: self._small(folder.sources.name, _copy_small(folder.sources, self.work))}
        # Only now: an address with a slip of the pen in it holds nothing.
        archive = note_target(folder.decisions, decisions, self.target.name, at=clock.now(), new_id=new_id())
        for path, copy in _of_this_moment(folder, self.work):
            if path == folder.archive_db.name:
                self.ingested = _ingested(copy)
            files[path] = self._small(path, copy)
        for file in warc_files(folder.warc):
            path, entry = self._warc(file)
            files[path] = entry
        manifest = Manifest(
            stamp=stamp,
            made_at=clock.now(),
            software=f"Morgue/{version('newsmorgue')}",
            archive=archive,
            taken_down=frozenset(token_of(one) for one in decisions if one.kind == TAKEDOWN),
            files=files,
        )
        last = self.work / NAME
        last.write_text(manifest.as_json(), encoding="utf-8")
        self.target.put(last, f"{stamp}/{NAME}")
        return manifest

    def _small(self, path: str, copy: Path) -> Entry:
        """Store a copy that was made for it, and remove the copy."""
        self.on_file(path)
        entry = self._store(copy, path)
        copy.unlink()
        return entry

    def _warc(self, file: Path) -> tuple[str, Entry]:
        path = f"{_WARC}/{file.relative_to(self.folder.warc).as_posix()}"
        start = self.ingested.get(shelf_name(file, self.folder.warc), 0)
        growing = _grown(file, self.work, start) if file.name.endswith(OPEN_SUFFIX) else None
        if growing is not None:
            return path, self._small(path, growing)
        self.on_file(path)
        path = path.removesuffix(OPEN_SUFFIX)  # sealed, perhaps just now
        return path, self._share(self.folder.root / path, path)

    def _store(self, source: Path, path: str) -> Entry:
        entry = _entry(source, f"{self.made.stamp}/{path}")
        self.target.put(source, entry.stored)
        self.made.stored += entry.size
        return entry

    def _share(self, path: Path, below: str) -> Entry:
        """Store a sealed file under its name, or under its name and digest where another file of that name is there."""
        entry = _entry(path, below)
        for stored in (below, f"{below}.{entry.sha256[:12]}"):
            entry = replace(entry, stored=stored)
            size = self.target.size(stored)
            if size is None:
                break
            if size == entry.size and self._is_there(entry):
                self.made.shared += 1
                return entry
        self.target.put(path, entry.stored, link=True)
        self.made.stored += entry.size
        return entry

    def _is_there(self, entry: Entry) -> bool:
        if entry.stored in self.there:
            return self.there[entry.stored] == entry.sha256
        copy = self.work / "there"
        self.target.get(entry.stored, copy)
        stored = _entry(copy, entry.stored)
        copy.unlink()
        return stored == entry


def _refuse_own(folder: ArchiveFolder, target: Target) -> None:
    """Refuse a place where a backup's files and an archive's would lie among each other."""
    if not isinstance(target, LocalTarget):
        return
    root, place = folder.root.resolve(), target.root.resolve()
    if place == root or root in place.parents or place in root.parents:
        why = (
            f"it lies inside the archive {root}" if place == root or root in place.parents else f"{root} lies inside it"
        )
    elif (place / folder.sources.name).exists() or (place / folder.archive_db.name).exists():
        why = "an archive is there"
    else:
        return
    raise BackupError(
        f"{target.root} cannot take backups: {why}. Nothing was copied. Name a folder of its own, on another disk: "
        "`morgue backup /mnt/backup/my-archive`."
    )


def _refuse_others(target: Target, archive: str | None) -> None:
    """Refuse a place where another archive's backups are: old ones that are let go would be its."""
    for _stamp, manifest in readable(target):
        if manifest is not None and manifest.archive is not None and manifest.archive != archive:
            raise BackupError(
                f"{target.name} holds backups of another archive. Nothing was copied. Name a folder of this archive's own, "
                f"like `morgue backup {target.name.rstrip('/')}-2`."
            )


def _sweep(folder: ArchiveFolder) -> None:
    """Remove what a killed backup left: copies of whole databases. The lock says that no other is at work."""
    for left in folder.root.glob(_WORK + "*"):
        with suppress(OSError):
            shutil.rmtree(left)


def _of_this_moment(folder: ArchiveFolder, work: Path) -> Iterator[tuple[str, Path]]:
    """Yield what changes in its place: the databases first, then what both rooms append to, then the small files."""
    for database in (folder.archive_db, folder.crawl_db):
        if database.exists():
            copy = work / database.name
            _copy_database(database, copy)
            yield database.name, copy
    if folder.decisions.exists():
        yield folder.decisions.name, _copy_small(folder.decisions, work, whole_lines=True)
    if folder.alerts.exists():
        yield folder.alerts.name, _copy_small(folder.alerts, work)
    for below in (folder.profiles, folder.reports):
        for path in sorted(below.glob("*.json")):
            yield f"{below.name}/{path.name}", _copy_small(path, work)


def _copy_small(path: Path, work: Path, *, whole_lines: bool = False) -> Path:
    """Copy a file that may be replaced at any moment, so that its digest and what is stored are of the same bytes.

    `whole_lines`: a line that is being written belongs to the next backup.
    """
    copy = work / path.name
    try:
        data = path.read_bytes()
        copy.write_bytes(data[: data.rfind(b"\n") + 1] if whole_lines else data)
    except OSError as error:
        raise _unreadable(path, error) from error
    return copy


def _ingested(database: Path) -> dict[str, int]:
    """Return how far (bytes) each WARC file was read; records end there."""
    try:
        with closing(sqlite3.connect(f"file:{quote(os.fsencode(database))}?mode=ro", uri=True)) as conn:
            return {str(name): int(to) for name, to in conn.execute("SELECT name, ingested_to FROM warcs")}
    except sqlite3.Error:  # one without tables yet
        return {}


def _copy_database(source: Path, to: Path) -> None:
    """Copy a database as it is after the last commit, while others write (SQLite's online backup)."""
    try:
        with (
            closing(
                sqlite3.connect(f"file:{quote(os.fsencode(source.absolute()))}?mode=ro", uri=True, timeout=30)
            ) as before,
            closing(sqlite3.connect(to)) as after,
        ):
            before.backup(after)  # in one step: WAL lets the writers go on meanwhile
            after.execute("PRAGMA journal_mode=DELETE")  # one file, whatever the original's mode
    except sqlite3.Error as error:
        raise BackupError(
            f"{source} cannot be copied ({error}). `morgue fsck` tells what is wrong with it; it can be made again "
            "(`morgue rebuild`, for crawl.db with --frontier)."
        ) from error


def _grown(path: Path, work: Path, start: int) -> Path | None:
    """Copy a file that is being written up to its last complete record; None if it was sealed just now.

    `start`: up to there (bytes) it is known to have whole records.
    """
    copy = work / path.name
    try:
        with path.open("rb") as file, copy.open("wb") as out:
            left = os.fstat(file.fileno()).st_size
            while left > 0 and (chunk := file.read(min(_CHUNK, left))):
                out.write(chunk)
                left -= len(chunk)
        size = copy.stat().st_size
        os.truncate(copy, complete_length(copy, start) if start < size else size)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error) from error
    return copy


def _entry(path: Path, stored: str) -> Entry:
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise _unreadable(path, error) from error
    return Entry(stored=stored, size=size, sha256=digest.hexdigest())


def _unreadable(path: Path, error: OSError) -> BackupError:
    return BackupError(
        f"{path} cannot be copied ({error.strerror}). Check its owner and mode, and the room on the archive's disk; then run "
        "the command again. Backups that were complete before are as they were."
    )
