"""The checks that the archive's room knows, in the order in which they are told; `crawler.doctor` has the others."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from archive.clock import Clock
from archive.doctor import database, kept, locked, machine, packages, probe, rights, room, setup, sqlite, times
from archive.doctor.examine import Check, Place
from archive.doctor.finding import Finding
from archive.errors import MorgueError, NotAnArchiveError
from archive.folder import ArchiveFolder

_TRACES = ("sources.toml", "archive.db", "crawl.db", "warc", "decisions.jsonl")


def place_of(root: Path, *, named: bool, wanted: bool) -> Place | None:
    """Return the archive in `root`; None if there is none and nobody said so.

    What has lost its sources.toml is an archive still. `named`: by -a. `wanted`: by -a or MORGUE_ARCHIVE. Raises
    `NotAnArchiveError` if one is wanted and not there, `MorgueError` if the folder cannot be looked into.
    """
    if root.is_dir() and not os.access(root, os.R_OK | os.X_OK):
        raise MorgueError(
            f"{root} cannot be looked into by you. Look whose it is (`ls -ld {root}`), and run `morgue doctor` as that user."
        )
    if any(os.path.lexists(root / name) for name in _TRACES):
        return Place.at(root, named=named)
    if wanted:
        raise NotAnArchiveError(root)
    return None


def machine_checks(environ: Mapping[str, str]) -> list[Check]:
    """Return what is looked at without an archive."""
    return [
        Check("libraries", packages.look),
        Check("SQLite", sqlite.look),
        Check("machine", lambda: machine.look(machine.observe(environ))),
    ]


def clock_check(clock: Clock, environ: Mapping[str, str], folder: ArchiveFolder | None) -> Check:
    """Return the check of the clock, held against an archive if there is one."""
    return Check("clock", lambda: times.look(times.observe(clock, environ, folder)))


def archive_checks(place: Place, clock: Clock, *, keep_free: int) -> list[Check]:
    """Return what is looked at in an archive. `keep_free`: bytes that a crawl leaves on its disk."""
    folder = place.folder

    def disk() -> Iterator[Finding]:
        yield from room.look(room.observe(folder, clock.now(), keep_free))

    def locks() -> Iterator[Finding]:
        yield from locked.look(place, locked.observe(folder), datetime.fromtimestamp(clock.real(), UTC))

    def databases() -> Iterator[Finding]:
        yield from database.look(place, database.observe(folder), database.shelf(folder, anyhow=True))

    def shelf() -> Iterator[Finding]:
        files = database.shelf(folder)
        yield from database.look_at_shelf(place, database.observe(folder), files, crawling=at_work(folder))

    def backups() -> Iterator[Finding]:
        known = kept.backups_of(folder)
        yield from kept.look_at_backups(place, known, clock.now(), kept=bool(database.shelf(folder, anyhow=True)))

    return [
        Check("sources", lambda: setup.look(place)),
        Check("rights", lambda: rights.look(rights.observe(folder))),
        Check("disk", disk),
        Check("SQLite's log", lambda: probe.look(folder.root)),
        Check("locks", locks),
        Check("archive.db", databases),
        Check("shelf", shelf),
        Check("decisions", lambda: kept.look_at_decisions(place)),
        Check("backup", backups),
    ]


def at_work(folder: ArchiveFolder) -> bool:
    """Return whether a crawl or an ingest is at work."""
    return any(lock.name in {folder.crawl_lock.name, folder.archive_lock.name} for lock in locked.observe(folder))
