"""Import: other people's WARC files onto the shelf and into archive.db.

A file is copied to warc/imported/ as one gzip member per record, so that each record can be found again by its place; only
the records of the wanted hosts are copied. Its origin and SHA-256 stand in the table `warcs`. With `in_place` it stays where
it is, and a rebuild needs it there. A line in decisions.jsonl says which file it was, where it lies and what of it was taken.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archive.clock import Clock
from archive.console import Progress
from archive.decisions import append_decision, read_decisions
from archive.errors import BrokenRecordError, NotAWarcError, ShelfError
from archive.folder import ArchiveFolder
from archive.imported import COPIED, IN_PLACE, IN_PLACE_NAMES, Filter, Imported, imported_files, same_again, sha256_of
from archive.ingest import ShelfFile
from archive.learning import Learning
from archive.locks import lock
from archive.reading import open_ingest, tell
from archive.report import IngestReport
from archive.takedown.foreign import clean_file
from archive.takedown.rewrite import PART
from archive.tombstones import tombstones_of
from archive.warc import RawReader, repack
from archive.warc.tail import sync_folder

_UNUSUAL = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What to import, and what of it."""

    paths: tuple[Path, ...]
    hosts: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    in_place: bool = False

    @property
    def filter(self) -> Filter:
        """The hosts and prefixes, sorted, so that their order makes no difference."""
        return Filter(hosts=tuple(sorted(set(self.hosts))), prefixes=tuple(sorted(set(self.prefixes))))


def import_files(
    folder: ArchiveFolder, wanted: Import, *, clock: Clock, jobs: int | None, progress: Progress
) -> IngestReport:
    """Import WARC files; folders are looked through. Idempotent. Returns the ingest's report.

    A file that is no WARC is named in the report, and the others are imported. Raises `NotAWarcError` or `ShelfError` if
    none can be, `LockHeldError`.
    """
    files = [file for path in wanted.paths for file in _files_in(path)]
    with (
        lock(folder.archive_lock, "morgue ingest"),
        open_ingest(folder, clock=clock, jobs=jobs) as ingest,
    ):
        ingest.on_progress = lambda report: tell(progress, report)
        shelf = []
        for path in files:
            try:
                file, imported = _take(folder, path, wanted, ingest.report.note_broken)
            except ShelfError as error:
                ingest.report.unreadable.append(error)
                continue
            with ingest.store.transaction():
                ingest.store.note_import(_decide(folder, imported, clock))
            shelf.append(file)
        if not shelf:
            raise ingest.report.unreadable[0]
        report = ingest.files(shelf)
        Learning(folder, ingest, clock).learn_due()
        return report


def _files_in(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.is_file() and p.name.endswith((".warc", ".warc.gz")))
        if not found:
            raise NotAWarcError(path, "the folder has no .warc or .warc.gz file")
        return found
    if not path.is_file():
        raise NotAWarcError(path, "there is no such file")
    return [path]


def _take(
    folder: ArchiveFolder, path: Path, wanted: Import, on_broken: Callable[[BrokenRecordError], None]
) -> tuple[ShelfFile, Imported]:
    """Return what to read, copied to the shelf unless it stays in place, and what to write down of it."""
    sha256 = sha256_of(path)
    if wanted.in_place:
        _look_into(path)
        name = f"{IN_PLACE_NAMES}{sha256[:16]}/{_plain_name(path)}"
        file = ShelfFile(path, name, accept=wanted.filter.accepts)
    else:
        file = _copy(folder, path, sha256, wanted, on_broken)
    imported = Imported(
        name=file.name, path=path.resolve(), sha256=sha256, in_place=wanted.in_place, filters=(wanted.filter,)
    )
    return file, imported


def _plain_name(path: Path) -> str:
    """Return a file's name without what tables and shells cannot hold: line breaks, bytes that are no text."""
    return _UNUSUAL.sub("_", path.name)


def _copy(
    folder: ArchiveFolder, path: Path, sha256: str, wanted: Import, on_broken: Callable[[BrokenRecordError], None]
) -> ShelfFile:
    """Copy the wanted records to the shelf, whole or not at all. The name holds the digest: twice is once."""
    filters = "|".join([*wanted.filter.hosts, "", *wanted.filter.prefixes])
    stem = _plain_name(path).removesuffix(".gz").removesuffix(".warc")[:80]
    tag = hashlib.sha256(f"{sha256}|{filters}".encode()).hexdigest()[:12]
    target = folder.warc / "imported" / f"{stem}-{tag}.warc.gz"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        stones = tombstones_of(read_decisions(folder.decisions))
        if stones:
            part = target.with_name(target.name + PART)  # no name of the shelf's: what was taken down is never on it
            part.unlink(missing_ok=True)
            repack(path, part, wanted=wanted.filter.accepts, on_broken=on_broken)
            if not clean_file(part, stones):
                raise ShelfError(f"{path} holds nothing but what was taken down here. Nothing was taken in.")
            part.rename(target)
            sync_folder(target.parent)
        else:
            repack(path, target, wanted=wanted.filter.accepts, on_broken=on_broken)
    return ShelfFile(target, f"imported/{target.name}")


def _look_into(path: Path) -> None:
    """Raise `NotAWarcError` before a decision about a file is written down that no rebuild could follow."""
    with RawReader(path) as reader:
        next(iter(reader), None)


def _decide(folder: ArchiveFolder, imported: Imported, clock: Clock) -> Imported:
    """Write down what was imported, once; returns it with the filters of earlier imports of the same file."""
    known = imported_files(read_decisions(folder.decisions)).get(imported.name)
    if not same_again(known, imported):
        append_decision(
            folder.decisions,
            IN_PLACE if imported.in_place else COPIED,
            {
                "path": os.fspath(imported.path),
                "sha256": imported.sha256,
                "name": imported.name,
                "hosts": list(imported.filters[0].hosts),
                "prefixes": list(imported.filters[0].prefixes),
            },
            at=clock.now(),
        )
    return imported_files(read_decisions(folder.decisions))[imported.name]
