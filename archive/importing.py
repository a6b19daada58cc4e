"""Import: other people's WARC files onto the shelf and into archive.db.

A file is copied to warc/imported/ as one gzip member per record, so that each record can be found again by its place; only
the records of the wanted hosts are copied. Its origin and SHA-256 stand in the table `warcs`. With `in_place` it stays where
it is, and a line in decisions.jsonl says so, because a rebuild needs it there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archive.clock import Clock
from archive.console import Progress
from archive.decisions import append_decision, read_decisions
from archive.errors import NotAWarcError, ShelfError, UrlError
from archive.folder import ArchiveFolder
from archive.ingest import IngestReport, ShelfFile
from archive.locks import lock
from archive.reading import open_ingest, tell
from archive.urls import host_of
from archive.warc import RawReader, repack

_CHUNK = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What to import, and what of it."""

    paths: tuple[Path, ...]
    hosts: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    in_place: bool = False

    def accepts(self, url: str) -> bool:
        """Return whether a capture of `url` is wanted: no condition, or one of the hosts, or one of the prefixes."""
        if not self.hosts and not self.prefixes:
            return True
        if any(url.startswith(prefix) for prefix in self.prefixes):
            return True
        try:
            return host_of(url) in {host.lower() for host in self.hosts}
        except UrlError:
            return False


def import_files(
    folder: ArchiveFolder, wanted: Import, *, clock: Clock, jobs: int | None, progress: Progress
) -> IngestReport:
    """Import WARC files; folders are looked through. Idempotent. Returns the ingest's report.

    A file that is none goes into `report.unreadable` and does not stop the others; if not one could be taken in, its error
    is raised: `NotAWarcError`, `ShelfError`. A path that is not there is refused before anything is copied. Raises
    `LockHeldError`.
    """
    files = [file for path in wanted.paths for file in _files_in(path)]
    with (
        lock(folder.archive_lock, "morgue ingest"),
        open_ingest(folder, clock=clock, jobs=jobs, accept=wanted.accepts) as ingest,
    ):
        ingest.on_progress = lambda report: tell(progress, report)
        shelf = []
        for path in files:
            try:
                sha256 = _sha256(path)
                if wanted.in_place:
                    _look_into(path)
                    shelf.append(_reference(folder, path, sha256, wanted, clock))
                else:
                    shelf.append(_copy(folder, path, sha256, wanted, ingest.report.broken.append))
            except ShelfError as error:
                ingest.report.unreadable.append(error)
                continue
            with ingest.store.transaction():
                ingest.store.set_ingested(
                    shelf[-1].name,
                    ingest.store.ingested_to(shelf[-1].name),
                    imported_from=str(path.resolve()),
                    imported_sha256=sha256,
                )
        if not shelf and ingest.report.unreadable:
            raise ingest.report.unreadable[0]
        return ingest.files(shelf)


def _files_in(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.is_file() and p.name.endswith((".warc", ".warc.gz")))
        if not found:
            raise NotAWarcError(path, "the folder has no .warc or .warc.gz file")
        return found
    if not path.is_file():
        raise NotAWarcError(path, "there is no such file")
    return [path]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise ShelfError(f"{path} cannot be read ({error.strerror}). Check its owner and mode.") from error
    return digest.hexdigest()


def _copy(folder: ArchiveFolder, path: Path, sha256: str, wanted: Import, on_broken: Callable[..., None]) -> ShelfFile:
    """Copy the wanted records to the shelf, whole or not at all. The name holds the digest: twice is once."""
    filters = "|".join([*sorted(wanted.hosts), "", *sorted(wanted.prefixes)])
    stem = path.name.removesuffix(".gz").removesuffix(".warc")[:80]
    tag = hashlib.sha256(f"{sha256}|{filters}".encode()).hexdigest()[:12]
    target = folder.warc / "imported" / f"{stem}-{tag}.warc.gz"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        repack(path, target, wanted=wanted.accepts, on_broken=on_broken)
    return ShelfFile(target, f"imported/{target.name}")


def _look_into(path: Path) -> None:
    """Raise `NotAWarcError` before a decision about a file is written down that no rebuild could follow."""
    with RawReader(path) as reader:
        next(iter(reader), None)


def _reference(folder: ArchiveFolder, path: Path, sha256: str, wanted: Import, clock: Clock) -> ShelfFile:
    name = f"in-place/{sha256[:16]}/{path.name}"
    known = {d.data.get("sha256") for d in read_decisions(folder.decisions) if d.kind == "imported-in-place"}
    if sha256 not in known:
        append_decision(
            folder.decisions,
            "imported-in-place",
            {
                "path": os.fspath(path.resolve()),
                "sha256": sha256,
                "name": name,
                "hosts": list(wanted.hosts),
                "prefixes": list(wanted.prefixes),
            },
            at=clock.now(),
        )
    return ShelfFile(path, name)
