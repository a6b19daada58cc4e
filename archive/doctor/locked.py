"""Who works in the archive: the locks that are held, by whom, since when; and a takedown that was not finished.

Nothing is locked to find out: on Linux the kernel lists its locks in /proc/locks (proc_locks(5)).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archive.doctor.examine import Place
from archive.doctor.finding import Finding, note, ok, wrong
from archive.folder import ArchiveFolder
from archive.locks import UNFINISHED

_LONG = timedelta(hours=24)  # a crawl has a budget; a rebuild of a large archive may take so long
_SAID = re.compile(r"(?P<purpose>.{1,200}) \(process (?P<pid>\d{1,10})\)")
_LINE = re.compile(r"\d+: FLOCK +\S+ +WRITE +(-?\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) ")
_STOPPED = frozenset("Tt")


@dataclass(frozen=True, slots=True)
class Held:
    """A lock that somebody holds."""

    name: str
    purpose: str  # as the holder wrote it: "morgue crawl"
    holder: int  # process that holds it, by the kernel; 0: it does not say
    writer: int  # process that wrote the file; 0: it cannot be read
    writer_alive: bool
    state: str  # of the holder: one letter of proc(5); "" unknown
    since: datetime  # aware, UTC, by the file's time


def observe(folder: ArchiveFolder) -> list[Held]:
    """Return the locks that are held; none where the kernel does not tell."""
    try:
        listed = holders(Path("/proc/locks").read_text(encoding="ascii", errors="replace"))
    except OSError:
        return []
    found = []
    for path in (folder.crawl_lock, folder.archive_lock, folder.backup_lock, folder.alerts_lock):
        try:
            info = path.stat()
        except OSError:
            continue
        holder = listed.get((os.major(info.st_dev), os.minor(info.st_dev), info.st_ino))
        if holder is None:
            continue
        said = _SAID.match(_first_line(path))
        writer = int(said["pid"]) if said else 0
        found.append(
            Held(
                name=path.name,
                purpose=said["purpose"] if said else "another process",
                holder=max(0, holder),
                writer=writer,
                writer_alive=Path(f"/proc/{writer}").exists(),
                state=_state(holder),
                since=datetime.fromtimestamp(info.st_mtime, UTC),
            )
        )
    return found


def holders(locks: str) -> dict[tuple[int, int, int], int]:
    """Return which process holds the exclusive flock on which file (device's major and minor number, inode).

    >>> holders("3: FLOCK  ADVISORY  WRITE 27828 fe:00:3451342 0 EOF")
    {(254, 0, 3451342): 27828}
    """
    return {
        (int(found[2], 16), int(found[3], 16), int(found[4])): int(found[1])
        for line in locks.splitlines()
        if (found := _LINE.match(line))
    }


def look(place: Place, held: Sequence[Held], now: datetime) -> Iterator[Finding]:
    """Say who works here, and whom somebody should look at. `now`: real time, aware."""
    if os.path.lexists(place.folder.root / UNFINISHED):
        what = f"a takedown was interrupted ({place.folder.root / UNFINISHED} is there)"
        why = "Until it is finished no command may write here, and what was to go may still be there."
        do = "Run the same takedown again; where nobody knows it any more, any other one finishes it, too."
        yield wrong("takedown", what, why, do=do, type=f"{place.morgue} takedown URL --reason REASON")
    if not held:
        yield ok("locks", "nobody works here now")
    for lock in held:
        yield _lock(lock, now)


def _lock(lock: Held, now: datetime) -> Finding:
    who = f"{lock.name} is held by {lock.purpose}"
    minutes = max(0, int((now - lock.since).total_seconds() // 60))
    since = f"for {minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"for {minutes} min"  # noqa: PLR2004
    if lock.writer and not lock.writer_alive:
        holder = f"process {lock.holder}" if lock.holder else "a process that cannot be seen from here"
        return wrong(
            "locks",
            f"{who}, {since}, but process {lock.writer} that took it has ended; {holder} has it still",
            "A child outlived it. No other command that needs this lock can begin.",
            do="Look at that process (`ps -fp PID`), then end it; the lock goes with it, there is no file to remove.",
            type=f"kill {lock.holder}" if lock.holder else f"fuser -v {lock.name}",
        )
    if lock.state in _STOPPED and lock.state:
        return wrong(
            "locks",
            f"{who} (process {lock.holder}), {since}, and that process is stopped",
            "Somebody typed Ctrl-Z or sent it SIGSTOP. No other command that needs this lock can begin.",
            type=f"kill -CONT {lock.holder}",
        )
    what = f"{who} (process {lock.holder or lock.writer}), {since}"
    if now - lock.since >= _LONG:
        why = "That is long. A crawl without --budget on many sites may take so long, and so may a rebuild."
        return note(
            "locks", what, why, do="See whether it still does something.", type=f"ps -fp {lock.holder or lock.writer}"
        )
    return ok("locks", what)


def _first_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(500).decode("utf-8", "replace").partition("\n")[0]
    except OSError:
        return ""


def _state(pid: int) -> str:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return status.rpartition(")")[2].strip()[:1]  # the name before it may hold anything
