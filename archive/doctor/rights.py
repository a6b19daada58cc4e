"""Who owns what in an archive, and whether those who work there may use it."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from archive.doctor.finding import Finding, note, ok, wrong
from archive.folder import ArchiveFolder
from archive.warc import OPEN_SUFFIX, warc_files

_MOST = 20_000  # WARC files that are looked at
_NAMED = 3
_ROOT = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or folder."""

    path: str  # as a person would name it: below the archive's folder
    owner: int
    mode: int
    readable: bool  # by who looks
    writable: bool
    must_write: bool = True  # a sealed WARC file is only ever read, or replaced


@dataclass(frozen=True, slots=True)
class Rights:
    """What was found, and by whom."""

    root: Path
    user: int  # effective uid
    entries: Sequence[Entry]  # the folder itself first


def observe(folder: ArchiveFolder) -> Rights:
    """Look at the folder and at what lies in it. Raises `OSError` if the folder itself cannot be looked at."""
    root = folder.root
    kept = (folder.warc, folder.profiles, folder.reports, folder.archive_db, folder.crawl_db)
    locks = (folder.crawl_lock, folder.archive_lock, folder.backup_lock, folder.alerts_lock)
    paths = [root, folder.sources, folder.decisions, *kept, folder.alerts, *locks]
    paths += [
        path.with_name(path.name + end) for path in (folder.archive_db, folder.crawl_db) for end in ("-wal", "-shm")
    ]
    entries = [_entry(root, root)]
    entries += [_entry(path, root) for path in paths[1:] if os.path.lexists(path)]
    if os.access(folder.warc, os.R_OK | os.X_OK):
        entries += [_entry(path, root) for path in warc_files(folder.warc)[-_MOST:] if os.path.lexists(path)]
    return Rights(root, os.geteuid(), tuple(entries))


def _entry(path: Path, root: Path) -> Entry:
    info = path.lstat()
    folder = stat.S_ISDIR(info.st_mode)
    read = os.R_OK | (os.X_OK if folder else 0)
    sealed = path.parent.name in {"warc", "imported"} and not folder and not path.name.endswith(OPEN_SUFFIX)
    name = "." if path == root else path.relative_to(root).as_posix()
    return Entry(name, info.st_uid, info.st_mode, os.access(path, read), os.access(path, os.W_OK), not sealed)


def look(rights: Rights) -> Iterator[Finding]:
    """Check that who looks may read and write, and that all belongs to the folder's owner."""
    owner = rights.entries[0].owner
    where = quote(str(rights.root))
    if rights.user not in (owner, _ROOT):
        yield note(
            "rights",
            f"the folder belongs to {_user(owner)}, and you are {_user(rights.user)}",
            "cron runs as its owner; what you make here is yours, and may then be closed to them.",
            type=f"sudo -u {_user(owner)} morgue -a {where} doctor",
        )
    elif rights.user == _ROOT != owner:
        yield note(
            "rights",
            f"you are root, and the folder belongs to {_user(owner)}",
            "What root makes here, its owner cannot change: their next crawl would fail.",
            type=f"sudo -u {_user(owner)} morgue -a {where} doctor",
        )
    closed = [e.path for e in rights.entries if not e.readable or (e.must_write and not e.writable)]
    foreign = [e.path for e in rights.entries[1:] if e.owner != owner and (e.must_write or not e.mode & stat.S_IROTH)]
    if closed:
        what = f"{_names(closed)} cannot be {'read' if _unread(rights, closed) else 'written'} by {_user(rights.user)}"
        kind = "chmod -R u+rwX" if rights.user == owner else f"sudo chown -R {_user(rights.user)}"
        yield wrong("rights", what, "A crawl keeps and reads there.", type=f"{kind} {where}")
    elif foreign:
        yield wrong(
            "rights",
            f"{_names(foreign)} {'belongs' if len(foreign) == 1 else 'belong'} to another user than the folder, "
            f"which is {_user(owner)}'s",
            "Somebody ran a command as another user (as root?); the owner's next crawl cannot write there.",
            type=f"sudo chown -R {_user(owner)} {where}",
        )
    else:
        yield ok("rights", f"{len(rights.entries):,} files and folders, all of {_user(owner)}, can be used")


def _unread(rights: Rights, closed: Sequence[str]) -> bool:
    return any(e.path == closed[0] and not e.readable for e in rights.entries)


def _names(paths: Sequence[str]) -> str:
    named = ", ".join("the folder" if path == "." else path for path in paths[:_NAMED])
    return named + (f" and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else "")


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
