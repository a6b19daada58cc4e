"""What no database gives back: decisions, profiles, and the backups that decisions.jsonl knows of."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shlex import quote

from archive.backup.registry import known_targets
from archive.console import counted
from archive.decisions import Decision, read_decisions, renames
from archive.doctor.examine import Place
from archive.doctor.finding import Finding, in_two, note, ok, wrong
from archive.errors import DecisionsError, ProfileError
from archive.folder import ArchiveFolder
from archive.profiles import Profiles, adoptions_of

_LATE, _TOO_LATE = timedelta(days=8), timedelta(days=32)  # a week's backup, a month's, and a day


@dataclass(frozen=True, slots=True)
class Backup:
    """One place of backups."""

    target: str
    last: datetime | None  # when the last whole one was made (aware); None: there is none
    there: bool | None  # whether its folder can be seen; None: it is an address, and was not asked
    same_disk: bool = False


def look_at_decisions(place: Place) -> Iterator[Finding]:
    """Check decisions.jsonl and the profiles that it names."""
    path = place.folder.decisions
    try:
        decisions = read_decisions(path)
    except DecisionsError as error:
        first, rest = in_two(str(error))
        why = "Crawl, ingest and rebuild follow what was decided: until it can be read they do not begin."
        yield wrong("decisions", first, why, do=rest or "Bring the file back from a backup.")
        return
    torn = _torn(path)
    if torn:
        what = f"the last line of {path} is not whole"
        yield note("decisions", what, "A process died while writing it. It does not count; the next line replaces it.")
    else:
        yield ok("decisions", counted(len(decisions), "line") if decisions else "none yet")
    yield from _profiles(place, decisions)


def backups_of(folder: ArchiveFolder) -> list[Backup] | None:
    """Return the places of backups that decisions.jsonl knows; None if it cannot be read. Raises `OSError`."""
    disk = folder.root.stat().st_dev
    found = []
    try:
        decisions = read_decisions(folder.decisions)
    except DecisionsError:
        return None
    for target, known in known_targets(decisions).items():
        there = same = None
        if "://" not in target:
            there = Path(target).is_dir()
            same = there and Path(target).stat().st_dev == disk
        found.append(Backup(target, _time(known.stamp), there, bool(same)))
    return found


def look_at_backups(place: Place, backups: Sequence[Backup] | None, now: datetime, *, kept: bool) -> Iterator[Finding]:
    """Check that there is a backup, and that it is of late. `kept`: the archive has something to lose."""
    if backups is None:
        yield note("backup", "not known while decisions.jsonl cannot be read", do="Mend that first.")
    elif not backups:
        if kept:
            why = (
                "A copy that was made without `morgue backup` is not known here. What is in warc/ cannot be had twice."
            )
            yield note("backup", "none is known", why, type=f"{place.morgue} backup FOLDER-ON-ANOTHER-DISK --keep 14")
        else:
            yield ok("backup", "nothing to lose yet")
    for backup in backups or ():
        yield _backup(place, backup, now)


def _backup(place: Place, backup: Backup, now: datetime) -> Finding:
    again = f"{place.morgue} backup {quote(backup.target)}"
    forget = "If it is no more, add --forget to this:"
    if backup.last is None:
        what = f"{backup.target} has begun, but holds no whole backup"
        return wrong("backup", what, "The one that was begun was broken off.", do=forget, type=again)
    days = (now - backup.last).days
    last = f"the last to {backup.target} is {counted(max(0, days), 'day')} old"
    if now - backup.last > _TOO_LATE:
        return wrong("backup", last, "What came since is lost with this disk.", do=forget, type=again)
    if backup.there is False:
        why = "Its disk is not mounted, or the folder was moved."
        return note("backup", f"{backup.target} cannot be seen from here; {last}", why, do=forget, type=again)
    if now - backup.last > _LATE:
        return note("backup", last, "What came since is lost with this disk.", type=again)
    if backup.same_disk:
        why = "A disk that fails takes both."
        return note("backup", f"{last}, and lies on the archive's own disk", why, do="Back up to another one.")
    return ok("backup", last)


def _profiles(place: Place, decisions: tuple[Decision, ...]) -> Iterator[Finding]:
    profiles = Profiles(place.folder.profiles, adoptions_of(decisions, renames(decisions)))
    digests = sorted({adoption.digest for adoption in profiles.adoptions})
    faults = []
    for digest in digests:
        try:
            profiles.load(digest)
        except ProfileError as error:
            faults.append(error)
    if faults:
        more = f" (and {counted(len(faults) - 1, 'other')})" if len(faults) > 1 else ""
        what = f"{faults[0].path}: {faults[0].why}{more}"
        why = "Its source's pages are read without it. Bring it back from a backup and run `morgue ingest`, or learn anew:"
        yield wrong("profiles", what, why, type=f"{place.morgue} learn --all-captures")
    else:
        yield ok("profiles", f"{len(digests):,} in use" if digests else "none yet")


def _torn(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            if file.tell() == 0:
                return False
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
    except FileNotFoundError:
        return False


def _time(stamp: str | None) -> datetime | None:
    try:
        return datetime.strptime((stamp or "")[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
