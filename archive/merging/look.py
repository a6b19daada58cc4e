"""A shard's folder, read as one that a stranger made: no link is followed, nothing is read without a limit."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from archive.database import refuse_newer
from archive.errors import MergeError, NotAnArchiveError, SchemaTooNewError
from archive.folder import ArchiveFolder
from archive.locks import UNFINISHED
from archive.merging.lines import Line, lines_of
from archive.warc import IMPORTED, warc_files

_CHUNK = 2**20
_MOST = {"sources.toml": 64 * 2**20, "decisions.jsonl": 2**30, "report": 256 * 2**20, "profile": 16 * 2**20}  # bytes
_PROFILE = re.compile(r"[0-9a-f]{64}\.json")
_REPORT = re.compile(r"(?:run|takedown)-[0-9A-Za-z-]{1,100}\.json")
_UNFINISHED = {UNFINISHED: "`morgue takedown`", ".restoring": "`morgue restore`"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """What lies in an archive's folder."""

    folder: ArchiveFolder
    lines: tuple[Line, ...] = ()
    sources: str | None = None  # text of sources.toml; None: the folder is new
    profiles: dict[str, str] = field(default_factory=dict)  # file's name -> SHA-256 of its content
    reports: dict[str, str] = field(default_factory=dict)  # the same
    warcs: tuple[Path, ...] = ()
    passed_over: tuple[str, ...] = ()  # what lies there and is not taken, and why


def look(folder: ArchiveFolder, *, ours: bool = False) -> Shard:
    """Return what lies in an archive; in one of `ours` a folder may be a link.

    Raises `MergeError`, `NotAnArchiveError`, `DecisionsError`, `ShelfError`.
    """
    root = folder.root
    if not _is_file(folder.sources):
        raise NotAnArchiveError(root)
    for name, how in _UNFINISHED.items():
        if os.path.lexists(root / name):
            raise MergeError(
                f"{root} is not whole: {root / name} says that {how} was interrupted there. Run it again there first."
            )
    _refuse_newer(folder)
    for below in (folder.warc, folder.warc / IMPORTED, folder.profiles, folder.reports):
        if not ours and os.path.lexists(below) and not stat.S_ISDIR(below.lstat().st_mode):
            raise MergeError(
                f"{below} is no folder but a link or a file, and is not followed: it may lead anywhere. Copy what it leads to "
                f"into its place (`rsync -aL`), and run `morgue merge` again."
            )
    passed_over: list[str] = []
    data = read_file(folder.decisions, _MOST["decisions.jsonl"]) if os.path.lexists(folder.decisions) else b""
    return Shard(
        folder=folder,
        lines=lines_of(data, folder.decisions),
        sources=_text(folder.sources),
        profiles=_digests(folder.profiles, _PROFILE, "profile", passed_over),
        reports=_digests(folder.reports, _REPORT, "report", passed_over),
        warcs=tuple(_warcs(folder.warc, passed_over)),
        passed_over=tuple(passed_over),
    )


def open_file(path: Path) -> int:
    """Open a file for reading and return its descriptor. Raises `MergeError` for a link, a pipe, a device."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(path, error) from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise MergeError(f"{path} is no file. Nothing was changed. Look where this folder comes from.")
    return fd


def read_file(path: Path, most: int) -> bytes:
    """Return a file's content. Raises `MergeError` for what is no file or has more than `most` bytes."""
    with os.fdopen(open_file(path), "rb") as file:
        try:
            data = file.read(most + 1)
        except OSError as error:
            raise _unreadable(path, error) from None
    if len(data) > most:
        raise MergeError(f"{path} has more than {most:,} bytes: Morgue writes no such file. Nothing was changed.")
    return data


def content(kind: str, path: Path) -> bytes:
    """Return the content of a `profile` or `report`. Raises `MergeError`."""
    return read_file(path, _MOST[kind])


def _text(path: Path) -> str:
    try:
        return read_file(path, _MOST["sources.toml"]).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MergeError(f"{path} is not UTF-8 text. Save the file as UTF-8, and run `morgue merge` again.") from None


def _digests(folder: Path, name: re.Pattern[str], kind: str, passed_over: list[str]) -> dict[str, str]:
    """Return the files of a folder with digests of their content."""
    found = {}
    for path in _entries(folder, passed_over, lambda path: path.name.endswith(".json")):
        if name.fullmatch(path.name):
            found[path.name] = hashlib.sha256(content(kind, path)).hexdigest()
        else:
            passed_over.append(f"{printable(path)}: no name of a {kind}")
    return found


def _warcs(folder: Path, passed_over: list[str]) -> Iterator[Path]:
    for path in warc_files(folder):
        if path.name.isprintable() and not path.name.startswith((".", "-")):
            yield path
        else:
            passed_over.append(f"{printable(path)}: no name for a WARC file here; `morgue ingest` takes it")
    for below in (folder, folder / IMPORTED):  # `warc_files` does not show them
        list(_entries(below, passed_over, lambda path: ".warc" in path.name))


def _entries(folder: Path, passed_over: list[str], wanted: Callable[[Path], bool]) -> list[Path]:
    """Return the files of a folder that are wanted; links are passed over and named."""
    files = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                path = Path(entry.path)
                if wanted(path) and entry.is_symlink():
                    passed_over.append(f"{printable(path)}: a link, which may lead anywhere")
                elif wanted(path) and entry.is_file(follow_symlinks=False):
                    files.append(path)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(folder, error) from None
    return sorted(files)


def _refuse_newer(folder: ArchiveFolder) -> None:
    """Raise `SchemaTooNewError` if a newer Morgue has written there: it may say in files what this one does not know."""
    path = folder.archive_db
    if not _is_file(path):
        return
    with (
        suppress(sqlite3.Error),  # damaged, or none: it is not needed
        closing(sqlite3.connect(f"file:{quote(os.fsencode(path.absolute()))}?mode=ro&immutable=1", uri=True)) as conn,
    ):
        conn.execute("PRAGMA trusted_schema = OFF")
        try:
            refuse_newer(conn, path)
        except SchemaTooNewError:
            raise MergeError(
                f"{path} was written by a newer Morgue, whose decisions this one may not understand. Nothing was changed. "
                "Upgrade with `pip install -U newsmorgue`, and run `morgue merge` again."
            ) from None


def printable(path: Path) -> str:
    """Return a path for people, without bytes that are no text."""
    return os.fsencode(path).decode("utf-8", "replace")


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _unreadable(path: Path, error: OSError) -> MergeError:
    why = "it is a link, and is not followed" if path.is_symlink() else error.strerror
    return MergeError(
        f"{printable(path)} cannot be read ({why}). Nothing was changed. Check its owner and mode, then try again."
    )
