"""Import: other people's web archives onto the shelf and into archive.db.

A file (WARC, ARC, WACZ, however packed) is copied to warc/imported/ as one gzip member per record, so that each record can be
found again by its place; only the records of the wanted hosts are copied. Its origin and SHA-256 stand in the table `warcs`.
A file at a URL is fetched first. With `in_place` a file stays where it is, and a rebuild needs it there. A line in
decisions.jsonl says which file it was, where it lies and what of it was taken.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from archive.clock import Clock
from archive.console import Progress
from archive.decisions import append_decision, read_decisions
from archive.errors import NotAWarcError, ShelfError
from archive.executors import Cluster
from archive.folder import ArchiveFolder
from archive.imported import COPIED, IN_PLACE, IN_PLACE_NAMES, Filter, Imported, imported_files, same_again, sha256_of
from archive.ingest import ShelfFile
from archive.learning import Learning
from archive.locks import lock
from archive.reading import open_ingest, tell
from archive.remote import fetch, is_remote, without_secrets
from archive.report import IngestReport
from archive.takedown.foreign import clean_file
from archive.takedown.rewrite import PART as CLEANING
from archive.tombstones import tombstones_of
from archive.warc import IMPORTED, PART, RawReader, form_of, repack
from archive.warc.tail import sync_folder

_UNUSUAL = re.compile(r"[^A-Za-z0-9._-]+")
_FILE = re.compile(r".+\.(?:(?:warc|arc|wat|wet)(?:\.gz|\.zst)?|wacz)", re.IGNORECASE)
_ENDINGS = re.compile(r"(?:\.(?:warc|arc|wacz|gz|zst))+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What to import, and what of it."""

    paths: tuple[Path | str, ...]  # files, folders, URLs
    hosts: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    in_place: bool = False

    @property
    def filter(self) -> Filter:
        """The hosts and prefixes, sorted, so that their order makes no difference."""
        return Filter(hosts=tuple(sorted(set(self.hosts))), prefixes=tuple(sorted(set(self.prefixes))))


@dataclass(frozen=True, slots=True)
class _Source:
    """One file to take in."""

    path: Path
    url: str | None = None  # where it was fetched from

    @property
    def label(self) -> str:
        """What a person calls it."""
        return self.url or os.fspath(self.path)

    @property
    def name(self) -> str:
        """The last part of its path or URL."""
        return self.path.name if self.url is None else urlsplit(self.url).path.rpartition("/")[2]


def import_files(
    folder: ArchiveFolder,
    wanted: Import,
    *,
    clock: Clock,
    jobs: int | None,
    progress: Progress,
    say: Callable[[str], None] = lambda _line: None,
    cluster: Cluster | None = None,
) -> IngestReport:
    """Import web archives; folders are looked through, URLs fetched (`say` hears it before). Idempotent. Returns the report.

    A file that is no web archive is named in the report, and the others are imported. Raises `NotAWarcError` or `ShelfError`
    if none can be, `LockHeldError`, `ClusterError`.
    """
    found = list(_found(wanted.paths))
    with (
        lock(folder.archive_lock, "morgue ingest"),
        open_ingest(folder, clock=clock, jobs=jobs, cluster=cluster) as ingest,
    ):
        ingest.on_progress = lambda report: tell(progress, report)
        _tidy(folder)
        shelf = []
        for each in found:
            try:
                with _at_hand(each, folder, wanted, progress, say) as source:
                    taken = _take(folder, source, wanted, ingest.report, progress)
            except ShelfError as error:
                ingest.report.unreadable.append(error)
                continue
            if taken is None:
                continue
            file, imported = taken
            with ingest.store.transaction():
                ingest.store.note_import(_decide(folder, imported, clock))
            shelf.append(file)
        if not shelf:
            raise ingest.report.unreadable[0] if ingest.report.unreadable else _nothing_of(wanted, ingest.report)
        report = ingest.files(shelf)
        Learning(folder, ingest, clock).learn_due()
        return report


def _nothing_of(wanted: Import, report: IngestReport) -> ShelfError:
    words = ", ".join([*wanted.hosts, *wanted.prefixes])
    return ShelfError(
        f"none of {report.left_out:,} records is of {words}; nothing was copied. Look at how hosts are spelled there (www.?), "
        "or leave out --host and --url-prefix."
    )


def _found(paths: tuple[Path | str, ...]) -> Iterator[Path | str]:
    """Give files and URLs; folders are looked through for files whose names end like a web archive's."""
    for path in paths:
        if isinstance(path, str) and is_remote(path):
            yield path
            continue
        here = Path(path)
        if here.is_dir():
            within = sorted(p for p in here.rglob("*") if _FILE.fullmatch(p.name) and p.is_file())
            if not within:
                raise NotAWarcError(here, "the folder has no .warc, .warc.gz, .warc.zst, .arc, .arc.gz or .wacz file")
            yield from within
        elif here.is_file():
            yield here
        else:
            raise NotAWarcError(here, "there is no such file")


def _tidy(folder: ArchiveFolder) -> None:
    """Remove what a killed import left half made; what it had fetched stays, to be gone on with."""
    for pattern in (f"unpacking-*{PART}", f"*.warc.gz{PART}"):
        for path in (folder.warc / IMPORTED).glob(pattern):
            path.unlink(missing_ok=True)


@contextmanager
def _at_hand(
    each: Path | str, folder: ArchiveFolder, wanted: Import, progress: Progress, say: Callable[[str], None]
) -> Iterator[_Source]:
    """Fetch what is at a URL, for as long as it is read."""
    if isinstance(each, Path):
        yield _Source(each)
        return
    if wanted.in_place:
        raise ShelfError(
            f"{without_secrets(each)} cannot stay in place: it is not on this machine. Leave out --in-place."
        )
    shelf = folder.warc / IMPORTED
    shelf.mkdir(parents=True, exist_ok=True)
    fetched = fetch(
        each,
        shelf,
        sleep=time.sleep,
        say=say,
        progress=lambda done, share: progress.update(0, share, megabytes_fetched=done // 10**6),
    )
    try:
        yield _Source(fetched.path, fetched.url)
    except NotAWarcError:
        fetched.path.unlink(missing_ok=True)
        raise
    fetched.path.unlink(missing_ok=True)


def _take(
    folder: ArchiveFolder, source: _Source, wanted: Import, report: IngestReport, progress: Progress
) -> tuple[ShelfFile, Imported] | None:
    """Return what to read, copied to the shelf unless it stays in place, and what to write down of it; None: nothing of it."""
    sha256 = sha256_of(source.path)
    if wanted.in_place:
        _look_into(source.path)
        name = f"{IN_PLACE_NAMES}{sha256[:16]}/{_plain_name(source.name)}"
        file = ShelfFile(source.path, name, accept=wanted.filter.accepts)
    else:
        target = _target(folder, source, sha256, wanted.filter)
        if not target.exists() and not _copy(folder, source, target, wanted.filter, report=report, progress=progress):
            return None
        file = ShelfFile(target, f"{IMPORTED}/{target.name}")
    imported = Imported(
        name=file.name,
        path=source.path.resolve() if source.url is None else Path(source.name),
        sha256=sha256,
        in_place=wanted.in_place,
        filters=(wanted.filter,),
        url=source.url,
    )
    return file, imported


def _plain_name(name: str) -> str:
    """Return a file's name without what tables and shells cannot hold: line breaks, bytes that are no text."""
    return _UNUSUAL.sub("_", name)


def _target(folder: ArchiveFolder, source: _Source, sha256: str, wanted: Filter) -> Path:
    """Return where a file's copy lies. The name holds the digest of the file and of what of it is wanted: twice is once."""
    filters = "|".join([*wanted.hosts, "", *wanted.prefixes])
    stem = _ENDINGS.sub("", _plain_name(source.name))[:80]
    tag = hashlib.sha256(f"{sha256}|{filters}".encode()).hexdigest()[:12]
    return folder.warc / IMPORTED / f"{stem}-{tag}.warc.gz"


def _copy(
    folder: ArchiveFolder, source: _Source, target: Path, wanted: Filter, *, report: IngestReport, progress: Progress
) -> bool:
    """Copy the wanted records to the shelf, whole or not at all, without what was taken down. Tells if there were any."""
    target.parent.mkdir(parents=True, exist_ok=True)
    stones = tombstones_of(read_decisions(folder.decisions))
    # Under no name of the shelf's until it is clean: what was taken down is never on it.
    place = target.with_name(target.name + CLEANING) if stones else target
    if stones:
        place.unlink(missing_ok=True)
    done = repack(
        source.path,
        place,
        wanted=wanted.accepts,
        on_broken=report.note_broken,
        on_progress=lambda records: progress.update(0, None, records_copied=records),
        label=source.label,
    )
    report.left_out += done.passed_over
    if stones and place.exists():
        if clean_file(place, stones):
            place.rename(target)
            sync_folder(target.parent)
        else:
            place.unlink(missing_ok=True)
    if not target.exists():
        return False
    report.copied += done.records
    report.no_pages.update(done.no_pages)
    return True


def _look_into(path: Path) -> None:
    """Raise `ShelfError` before a decision about a file is written down that no rebuild could follow."""
    form = form_of(path)
    if not form.can_stay:
        raise ShelfError(
            f"{path} cannot stay in place: it is {form}, so its records cannot be found again by their place. Leave out "
            "--in-place, and they are copied."
        )
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
                **({} if imported.url is None else {"url": imported.url}),
                "sha256": imported.sha256,
                "name": imported.name,
                "hosts": list(imported.filters[0].hosts),
                "prefixes": list(imported.filters[0].prefixes),
            },
            at=clock.now(),
        )
    return imported_files(read_decisions(folder.decisions))[imported.name]
