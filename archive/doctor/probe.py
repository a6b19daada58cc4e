"""The disk under the archive, tried: does SQLite's write-ahead log work there, and how long does fsync take.

The only check that writes: a folder `.morgue-doctor-…` in the archive's, which is removed at the end.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from archive.doctor.finding import Finding, note, ok, wrong

PREFIX = ".morgue-doctor-"
_SYNCS = 5
_SLOW = 0.1  # seconds: a crawl syncs each second
_TOO_SLOW = 1.0
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs", "fuse.rclone", "fuse.s3fs"}
)
_MEMORY = frozenset({"tmpfs", "ramfs"})
_MOVE = "Move the folder to a local disk; it may be copied as it is while nothing works there."


@dataclass(frozen=True, slots=True)
class Disk:
    """What the folder's file system does."""

    kind: str  # ext4, nfs4 …; "" unknown
    journal: str  # what SQLite answers to PRAGMA journal_mode=WAL; its error otherwise
    shared: bool  # a second connection read what the first one wrote
    sync: float  # seconds an fsync takes, the median


def observe(root: Path) -> Disk:
    """Try the disk under `root`. Raises `OSError` if nothing can be written there."""
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=root, ignore_cleanup_errors=True) as name:
        journal, shared = _journal(Path(name) / "probe.db")
        sync = _sync(Path(name) / "probe")
    return Disk(kind_of(_mounts(), os.path.realpath(root)), journal, shared, sync)


def look(root: Path, observed: Callable[[Path], Disk] = observe) -> Iterator[Finding]:
    """Check write-ahead log, fsync and kind of disk."""
    if not os.access(root, os.W_OK | os.X_OK):
        yield note(
            "SQLite's log", f"not tried, because {root} cannot be written to", do="See what is said of its rights."
        )
        return
    yield from judge(observed(root))


def judge(disk: Disk) -> Iterator[Finding]:
    """Say what is wrong with a disk for an archive."""
    on = f" on {disk.kind}" if disk.kind else ""
    if disk.journal != "wal" or not disk.shared:
        why = "Readers and the writer of a database then keep each other out, or see what is not there."
        yield wrong("SQLite's log", f"SQLite's write-ahead log does not work here{on} ({disk.journal})", why, do=_MOVE)
    elif disk.kind in _NETWORK:
        why = "It works from one machine alone: two that open a database here damage it."
        yield note("SQLite's log", f"the folder lies on a network file system ({disk.kind})", why, do=_MOVE)
    elif disk.kind in _MEMORY:
        why = "What is kept here is gone when the machine is switched off."
        yield note("SQLite's log", f"the folder lies in memory ({disk.kind})", why, do=_MOVE)
    else:
        yield ok("SQLite's log", f"its write-ahead log works here{on}")
    taken = f"fsync takes {disk.sync * 1000:.1f} ms"
    if disk.sync >= _TOO_SLOW:
        why = "A crawl makes what it fetched durable each second, and waits for that."
        yield wrong("fsync", taken, why, do="Look at the system's log whether the disk fails, or use another one.")
    elif disk.sync >= _SLOW:
        yield note("fsync", taken, "A crawl waits for it each second.", do="A faster disk makes crawls faster.")
    else:
        yield ok("fsync", taken)


def kind_of(mounts: str, path: str) -> str:
    r"""Return the kind of file system that a path lies on, by the text of /proc/self/mounts (fstab(5)); "" if it does not say.

    >>> kind_of("/dev/sda1 / ext4 rw 0 0\nhost:/x /mnt/a\\040b nfs4 rw 0 0\n", "/mnt/a b/archive")
    'nfs4'
    """
    best, kind = "", ""
    for line in mounts.splitlines():
        words = line.split(" ")
        if len(words) < 3:  # noqa: PLR2004 - device, place, kind
            continue
        place = words[1].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
        below = path == place or path.startswith(place.rstrip("/") + "/")
        if below and len(place) >= len(best):
            best, kind = place, words[2]
    return kind


def _mounts() -> str:
    try:
        return Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def _journal(path: Path) -> tuple[str, bool]:
    try:
        with closing(sqlite3.connect(path, timeout=2)) as writer, closing(sqlite3.connect(path, timeout=2)) as reader:
            mode = str(writer.execute("PRAGMA journal_mode=WAL").fetchone()[0])
            writer.execute("CREATE TABLE t (a)")
            writer.execute("INSERT INTO t VALUES (1)")
            writer.commit()
            return mode, reader.execute("SELECT a FROM t").fetchone() == (1,)
    except sqlite3.Error as error:
        return str(error), False


def _sync(path: Path) -> float:
    times = []
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        for _ in range(_SYNCS):
            os.write(fd, b"\0" * 4096)
            before = time.perf_counter()
            os.fsync(fd)
            times.append(time.perf_counter() - before)
    finally:
        os.close(fd)
    return median(times)
