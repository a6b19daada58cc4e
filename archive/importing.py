"""Import: other people's WARC files onto the shelf and into archive.db.

A file is copied to warc/imported/ as one gzip member per record, so that each record can be found again by its place; only
the records of the wanted hosts are copied. With `in_place` it stays where it is. Either way a line in decisions.jsonl says
where it came from.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archive.clock import Clock
from archive.console import Progress
from archive.errors import BrokenRecordError, NotAWarcError, ShelfError
from archive.folder import ArchiveFolder
from archive.ingest import ShelfFile, sha256_of
from archive.locks import lock
from archive.origins import Filter, Origin, note_origin
from archive.reading import open_ingest, tell
from archive.report import IngestReport
from archive.warc import repack

_UNUSUAL = re.compile(r"[^A-Za-z0-9._-]+")  # in a file's name: line breaks, bytes that are no text


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What to import, and what of it."""

    paths: tuple[Path, ...]
    hosts: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    in_place: bool = False


def import_files(
    folder: ArchiveFolder, wanted: Import, *, clock: Clock, jobs: int | None, progress: Progress
) -> IngestReport:
    """Import WARC files; folders are looked through. Idempotent. Returns the ingest's report.

    A file that is no WARC is named in the report, and the others are imported. Raises `NotAWarcError` or `ShelfError` if
    none can be, `LockHeldError`.
    """
    files = [file for path in wanted.paths for file in _files_in(path)]
    only = Filter(hosts=wanted.hosts, prefixes=wanted.prefixes)
    early = IngestReport()  # what copying says
    taken: list[tuple[ShelfFile, Origin]] = []
    with lock(folder.archive_lock, "morgue ingest"):
        for path in files:
            try:
                taken.append(_take(folder, path, only, in_place=wanted.in_place, on_broken=early.note_broken))
            except ShelfError as error:
                early.unreadable.append(error)
        if not taken:
            raise early.unreadable[0]
        for _, origin in taken:
            note_origin(folder, origin, clock)
        with open_ingest(folder, clock=clock, jobs=jobs) as ingest:
            ingest.on_progress = lambda report: tell(progress, report)
            with ingest.store.transaction():
                for _, origin in taken:
                    ingest.store.set_origin(origin)
            ingest.report.unreadable += early.unreadable
            for broken in early.broken:
                ingest.report.note_broken(broken)
            return ingest.files(file for file, _ in taken)


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
    folder: ArchiveFolder,
    path: Path,
    wanted: Filter,
    *,
    in_place: bool,
    on_broken: Callable[[BrokenRecordError], None],
) -> tuple[ShelfFile, Origin]:
    """Copy the wanted records to the shelf, whole or not at all; or only name the file."""
    try:
        sha256 = sha256_of(path)
    except OSError as error:
        raise ShelfError(f"{path} cannot be read ({error.strerror}). Check its owner and mode.") from error
    if in_place:
        name, target = f"in-place/{sha256[:16]}/{_plain_name(path)}", path.resolve()
    else:
        name, target = _copy(folder, path, sha256, wanted, on_broken)
    origin = Origin(name=name, path=path.resolve(), sha256=sha256, wanted=wanted, in_place=in_place)
    return ShelfFile(target, name, accept=wanted.accepts), origin


def _copy(
    folder: ArchiveFolder, path: Path, sha256: str, wanted: Filter, on_broken: Callable[[BrokenRecordError], None]
) -> tuple[str, Path]:
    """Return name and place of the copy. The name holds the digest: twice is once."""
    filters = "|".join([*sorted(wanted.hosts), "", *sorted(wanted.prefixes)])
    stem = _plain_name(path).removesuffix(".gz").removesuffix(".warc")[:80]
    tag = hashlib.sha256(f"{sha256}|{filters}".encode()).hexdigest()[:12]
    target = folder.warc / "imported" / f"{stem}-{tag}.warc.gz"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        repack(path, target, wanted=wanted.accepts, on_broken=on_broken)
    return f"imported/{target.name}", target


def _plain_name(path: Path) -> str:
    return _UNUSUAL.sub("_", path.name)
