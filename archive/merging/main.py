"""A merge from lock to report: in which order it is done, and what a run after a kill does again.

Everything is looked at first. Then, each step durable before the next: that everything is to be placed again (a row of
archive.db), what is to be taken out (`takedown.pending`), decisions, sources, profiles and reports, WARC files. They are
cleaned of what was taken down, read, and everything is placed again. Each step may be repeated: after a kill the same command
finds less to do.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from archive.clock import Clock
from archive.console import Progress
from archive.decisions import MERGED as DECIDED
from archive.decisions import append_decision, read_decisions, rewrite_decisions
from archive.errors import MergeError, NotAnArchiveError, UnfinishedTakedownError, UsageError
from archive.executors import Cluster
from archive.folder import ArchiveFolder
from archive.imported import imported_files
from archive.ingest import Ingest, ShelfFile
from archive.locks import UNFINISHED, lock, lock_strange
from archive.merging.lines import as_bytes, lines_of, union
from archive.merging.look import Shard, look, printable
from archive.merging.plan import Plan, make_plan
from archive.merging.report import Merged
from archive.merging.take import sweep, take_small, take_warc
from archive.reading import in_place, note_imports, open_ingest, take_reports, tell, unread
from archive.report import IngestReport
from archive.sources.union import put_union
from archive.store import Store, open_store
from archive.takedown.main import FrontierPart, clean_merged, finish_takedown
from archive.takedown.pending import MERGED, Pending
from archive.tombstones import Tombstones
from archive.warc import shelf_name, warc_files

_PURPOSE = "morgue merge"
_DUE = "merge"  # in the table `decided`: files came, and not everything was placed again since
# What a merge that was killed at once leaves in a folder that was to become an archive
_BEGUN = {"crawl.lock", "archive.lock", "backup.lock", "decisions.jsonl", UNFINISHED}


def merge_shards(
    folder: ArchiveFolder,
    shards: Sequence[Path],
    *,
    clock: Clock,
    jobs: int | None,
    progress: Progress,
    dry_run: bool = False,
    frontier: FrontierPart | None = None,
    cluster: Cluster | None = None,
) -> Merged:
    """Make these archives part of the one in `folder`, which may be new.

    `frontier`: what a takedown does in crawl.db. `cluster`: who reads what came, instead of processes of this machine.

    Nothing in a shard is changed. Repeating it changes nothing, and after a kill it is done again; what a shard has got since
    is taken. Raises `UsageError`, `MergeError`, `NotAnArchiveError`, `LockHeldError`, `DecisionsError`, `SourcesError`,
    `ShelfError`, `DatabaseError`, `UnfinishedTakedownError` (a dry run only). Whatever forbids it is found before anything is
    changed.
    """
    folders = [ArchiveFolder(path) for path in shards]
    refuse_mixed_up(folder.root, shards)
    for each in folders:
        if not os.path.lexists(each.sources):
            raise NotAnArchiveError(each.root)
    new = _is_new(folder)
    with ExitStack() as stack:
        finished = False
        if not new:
            stack.enter_context(_ours(folder))
            if (folder.root / UNFINISHED).exists():
                if dry_run:
                    raise UnfinishedTakedownError(folder.root / UNFINISHED)
                finished = finish_takedown(folder, clock=clock, jobs=jobs, progress=progress, frontier=frontier)
        for each in sorted(folders, key=lambda one: one.root.resolve()):
            stack.enter_context(lock_strange(each.crawl_lock))
        plan = make_plan(
            Shard(folder=folder) if new else look(folder, ours=True),
            [look(each) for each in folders],
            dry_run=dry_run,
            on_file=lambda _path: progress.update(0, None),
        )
        plan.told.finished = finished
        if plan.new_stones and not new:
            plan.told.covered = _covered(folder, plan.stones)
        if dry_run:
            return plan.told
        if new:
            _make(folder)
            stack.enter_context(_ours(folder))
        _carry_out(folder, plan, clock=clock, jobs=jobs, progress=progress, frontier=frontier, cluster=cluster)
        return plan.told


def refuse_mixed_up(target: Path, shards: Sequence[Path]) -> None:
    """Raise `UsageError` where a folder is named twice, is the target itself, or lies within the other."""
    here = target.resolve()
    seen: dict[Path, Path] = {}
    for path in shards:
        there = path.resolve()
        if there in seen:
            raise UsageError(f"{printable(path)} and {printable(seen[there])} are one folder. Name each shard once.")
        seen[there] = path
        if there == here:
            why = "it is the archive into which all is merged"
        elif here in there.parents:
            why = f"it lies within {printable(target)}, into which all is merged"
        elif there in here.parents:
            why = f"{printable(target)}, into which all is merged, lies within it"
        else:
            continue
        raise UsageError(
            f"{printable(path)} cannot be merged: {why}. Keep them beside each other: `morgue -a all merge shard-1 shard-2`."
        )


def _is_new(folder: ArchiveFolder) -> bool:
    """Return whether an archive is to be made in the folder. Raises `MergeError` if it holds something else."""
    if folder.sources.is_file():
        return False
    try:
        strange = sorted(set(os.listdir(folder.root)) - _BEGUN)  # noqa: PTH208 - names are wanted
    except FileNotFoundError:
        return True
    except OSError as error:
        raise MergeError(f"{folder.root} cannot be read ({error.strerror}). Name a folder with `-a DIR`.") from None
    strange = [name for name in strange if not name.endswith(".merging")]
    if strange:
        raise MergeError(
            f"{folder.root} is no archive (there is no sources.toml) and not empty ({printable(Path(strange[0]))} is there). "
            "Nothing was changed. Name a new folder: `morgue -a all merge SHARD`."
        )
    return True


def _make(folder: ArchiveFolder) -> None:
    try:
        folder.root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MergeError(
            f"{folder.root} cannot be made ({error.strerror}). Name another folder with `-a DIR`."
        ) from None


@contextmanager
def _ours(folder: ArchiveFolder) -> Iterator[None]:
    with (
        lock(folder.crawl_lock, _PURPOSE, finishing=True),
        lock(folder.archive_lock, _PURPOSE, finishing=True),
        lock(folder.backup_lock, _PURPOSE, finishing=True),
    ):
        yield


def _covered(folder: ArchiveFolder, stones: Tombstones) -> int:
    """Return how many captures of ours were taken down elsewhere; 0 where no database can tell."""
    with (
        suppress(sqlite3.Error),
        closing(
            sqlite3.connect(f"file:{quote(os.fsencode(folder.archive_db.absolute()))}?mode=ro", uri=True, timeout=30)
        ) as conn,
    ):
        return sum(stones.covers(url) for (url,) in conn.execute("SELECT url FROM captures"))
    return 0


def _carry_out(
    folder: ArchiveFolder,
    plan: Plan,
    *,
    clock: Clock,
    jobs: int | None,
    progress: Progress,
    frontier: FrontierPart | None,
    cluster: Cluster | None,
) -> None:
    new = not folder.sources.exists()
    if plan.told.changed and not new:
        with open_store(folder, clock) as store, store.transaction():
            _set_due(store, due=True)
    sweep(folder)
    cleaning = bool(plan.stones) and (plan.brings or (plan.new_stones and not new))
    pending = _pending(plan, clock)
    if cleaning:
        pending.save(folder.root)
    if plan.new_lines:
        rewrite_decisions(folder.decisions, lambda old: _united(old, plan.decisions, folder))
    else:
        folder.decisions.touch()
    if plan.is_first and plan.told.changed:
        append_decision(folder.decisions, DECIDED, {}, at=clock.now())
    if plan.sources != plan.sources_before:
        put_union(folder.sources, plan.sources_before, plan.sources)
    for below in (folder.warc, folder.reports, folder.profiles):
        below.mkdir(exist_ok=True)
    if plan.told.changed and new:
        with open_store(folder, clock) as store, store.transaction():
            _set_due(store, due=True)
    for path in plan.profiles:
        take_small("profile", path, folder.profiles)
    for path in plan.reports:
        take_small("report", path, folder.reports)
    _take_warcs(folder, plan, progress)
    if cleaning:
        rows = plan.new_stones and not new
        names = {wanted.name for wanted in plan.warcs}
        if rows:
            names |= {shelf_name(path, folder.warc) for path in warc_files(folder.warc)}
        clean_merged(folder, pending, names, rows=rows, clock=clock, jobs=jobs, progress=progress, frontier=frontier)
    _read(folder, plan, clock=clock, jobs=jobs, progress=progress, cluster=cluster)


def _pending(plan: Plan, clock: Clock) -> Pending:
    """Return the note of what is to be taken out, by hashes alone."""
    hashes = sorted(plan.stones.hashes)
    return Pending(
        scope=MERGED,
        hashes=hashes,
        urls=[],
        titles=[],
        phrases=[],
        reason="other",
        reference=None,
        at=clock.now().isoformat(),
        articles=[],
    )


def _united(now: bytes, planned: bytes, folder: ArchiveFolder) -> bytes:
    """Return the planned lines with those that were appended since: a rename, for which no lock is needed."""
    return as_bytes(union([lines_of(planned, folder.decisions), lines_of(now, folder.decisions)]))


def _take_warcs(folder: ArchiveFolder, plan: Plan, progress: Progress) -> None:
    total, done = sum(wanted.length for wanted in plan.warcs) or 1, 0

    def more(count: int) -> None:
        nonlocal done
        done += count
        progress.update(0, done / total, megabytes_copied=done // 10**6)

    for wanted in plan.warcs:
        take_warc(folder, wanted, more)


def _read(
    folder: ArchiveFolder, plan: Plan, *, clock: Clock, jobs: int | None, progress: Progress, cluster: Cluster | None
) -> None:
    """Read what came, and place everything again if anything came since it was last placed."""
    with open_store(folder, clock) as store:
        due = _is_due(store)
    if not due and not plan.told.changed:
        return
    plan.told.changed = True
    with open_ingest(folder, clock=clock, jobs=jobs, cluster=cluster) as ingest:
        ingest.on_progress = lambda report: tell(progress, report)
        take_reports(folder, ingest.store)
        elsewhere = _unread_in_place(folder, ingest)
        plan.told.ingest = ingest.files([*unread(folder, ingest.store), *elsewhere])
        note_imports(folder, ingest.store)
        with ingest.store.transaction():
            done = ingest.store.restory(read_decisions(folder.decisions))
            _set_due(ingest.store, due=False)
        plan.told.ingest.absent = done.absent
        plan.told.articles, plan.told.stories = done.articles, done.stories


def _unread_in_place(folder: ArchiveFolder, ingest: Ingest) -> list[ShelfFile]:
    """Return what was imported in place, where it is, and was not read here."""
    names = {name for name, file in imported_files(read_decisions(folder.decisions)).items() if file.in_place}
    missing = {name for name in names if ingest.store.sealed_size(name) is None}
    report = IngestReport()
    files = in_place(folder, report) if missing else []
    ingest.report.unreadable += report.unreadable
    return [file for file in files if file.name in missing]


def _is_due(store: Store) -> bool:
    return store.db.conn.execute("SELECT 1 FROM decided WHERE what = ?", (_DUE,)).fetchone() is not None


def _set_due(store: Store, *, due: bool) -> None:
    if due:
        store.db.conn.execute("INSERT OR REPLACE INTO decided (what, digest) VALUES (?, '')", (_DUE,))
    else:
        store.db.conn.execute("DELETE FROM decided WHERE what = ?", (_DUE,))
