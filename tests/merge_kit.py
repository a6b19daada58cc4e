"""Archives that are split and made one again."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from archive.console import Progress
from archive.folder import ArchiveFolder
from archive.merging import Merged, merge_shards
from archive.store import open_store
from archive.warc import DISCOVERY_TYPE, RawReader, RawRecord, own_name, parse_own_name, warc_files
from tests.line import Archive, dump
from tests.reextract_kit import EDIT, SOURCES, html, page
from tests.warc_tools import T0, Clock, keep, writer

LATER = Clock(T0 + timedelta(days=2))
TABLES = ("articles", "revisions", "revision_changes", "stories", "links", "aliases", "captures", "discoveries", "runs")


def merge(folder: ArchiveFolder, *shards: ArchiveFolder, **more: Any) -> Merged:
    """Merge in this process."""
    quiet = Progress("captures", quiet=True)
    return merge_shards(folder, [one.root for one in shards], clock=LATER, jobs=0, progress=quiet, **more)


def empty(root: Path, sources: str = SOURCES) -> ArchiveFolder:
    """Return an archive without pages."""
    folder = ArchiveFolder(root)
    for path in (folder.root, folder.warc, folder.reports, folder.profiles):
        path.mkdir(parents=True)
    folder.sources.write_text(sources)
    folder.decisions.touch()
    return folder


def shard(
    root: Path, site: str, numbers: Sequence[int], *, run: str | None = None, sources: str = SOURCES
) -> ArchiveFolder:
    """Return an archive with some pages of one site, in one WARC file that is still open, not ingested."""
    folder = empty(root, sources)
    shelve(folder, [(site, page(site, number, number), None) for number in numbers], run or site)
    return folder


def shelve(folder: ArchiveFolder, what: list[tuple[str, Any, Any]], run: str) -> None:
    """Append records to a file of their run; each has an id of its own, also in the next call."""
    clock = Clock()
    with writer(folder.warc, clock, run_id=run, new_id=lambda: str(uuid.uuid4())) as out:
        for source, one, revisit in what:
            clock.when = one.started_at
            keep(out, one, source=source, revisit_of=revisit)


def edited(site: str, number: int, minutes: float) -> Any:
    """Return a capture of a page that its publisher has changed."""
    return page(site, number, minutes, html(site, number, EDIT))


def sealed(folder: ArchiveFolder) -> list[Path]:
    """Seal all WARC files of an archive; returns them."""
    for path in warc_files(folder.warc):
        if path.name.endswith(".open"):
            path.rename(path.with_name(path.name.removesuffix(".open")))
    return warc_files(folder.warc)


def split(one: ArchiveFolder, roots: Sequence[Path]) -> list[ArchiveFolder]:
    """Deal an archive's WARC files out to others with the same sources, decisions and profiles; reports go to the first."""
    parts = [ArchiveFolder(root) for root in roots]
    for part in parts:
        for below in (part.root, part.warc, part.reports):
            below.mkdir(parents=True)
        for path in (one.sources, one.decisions):
            shutil.copy2(path, part.root / path.name)
        if one.profiles.exists():
            shutil.copytree(one.profiles, part.profiles)
    for path in sorted(one.reports.glob("*.json")):
        shutil.copy2(path, parts[0].reports / path.name)
    for number, path in enumerate(warc_files(one.warc)):
        to = parts[number % len(parts)].root / path.relative_to(one.root)
        to.parent.mkdir(exist_ok=True)
        shutil.copy2(path, to)
    return parts


def restoried(folder: ArchiveFolder) -> ArchiveFolder:
    """Place everything again, as `morgue restory`."""
    from archive.decisions import read_decisions

    with open_store(folder, LATER) as store, store.transaction():
        store.restory(read_decisions(folder.decisions))
    return folder


def shown(folder: ArchiveFolder) -> dict[str, list[str]]:
    """Return all that people see of an archive."""
    return dump(Archive(folder.root), *TABLES)


def contents(root: Path) -> dict[str, str]:
    """Return each file below a folder with its digest, but for locks and what SQLite keeps beside a database."""
    return {str(path.relative_to(root)): digest for path, digest in _digests(root)}


def _digests(root: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            yield path, os.fspath(path.readlink())
        elif path.is_file() and not path.name.endswith((".lock", "-wal", "-shm")):
            yield path, hashlib.sha256(path.read_bytes()).hexdigest()


# A shelf cut into more files


def groups_of(path: Path) -> Iterator[list[RawRecord]]:
    """Yield the records of an own WARC file as they were written together: what was known, the request, the answer."""
    group: list[RawRecord] = []
    with RawReader(path) as reader:
        for record in reader:
            fields = record.fields
            begins = fields.record_type == "metadata" and fields.content_type == DISCOVERY_TYPE
            if group and (begins or fields.record_type == "warcinfo"):
                yield group
                group = []
            group.append(record)
    if group:
        yield group


def cut_by_number(number: int, _group: list[RawRecord]) -> str:
    """Put ten exchanges into a file: each site's lie in several."""
    return f"n{number // 10}"


def cut_by_site(_number: int, group: list[RawRecord]) -> str:
    """Make a file for each site."""
    return "s" + hashlib.sha256(urlsplit(group[0].fields.about).netloc.encode()).hexdigest()[:8]


def recut(folder: ArchiveFolder, run_of: Callable[[int, list[RawRecord]], str]) -> None:
    """Cut a shelf into further files: the same records, each group in the file of its run."""
    for path in warc_files(folder.warc):
        own = parse_own_name(path.name)
        assert own is not None
        data = path.read_bytes()
        for number, group in enumerate(groups_of(path)):
            name = own_name(own.begun_at, own.shard, f"{own.run_id}{run_of(number, group)}")
            with (folder.warc / name).open("ab") as out:
                for record in group:
                    out.write(data[record.offset : record.offset + record.length])
        path.unlink()
    for name in ("archive.db", "archive.db-wal", "archive.db-shm"):
        (folder.root / name).unlink(missing_ok=True)
