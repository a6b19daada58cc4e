"""Copying what a shard has: under another name until it is whole, on the disk and compared with what was read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from archive.errors import MergeError
from archive.folder import ArchiveFolder
from archive.merging.look import content, open_file, printable
from archive.merging.shelf import Wanted
from archive.warc import IMPORTED, OPEN_SUFFIX
from archive.warc.tail import sync_folder

UNFINISHED = ".merging"  # behind the name of what is not whole yet
_CHUNK = 2**20


def sweep(folder: ArchiveFolder) -> None:
    """Remove what a killed merge left half copied."""
    for below in (folder.root, folder.profiles, folder.reports, folder.warc, folder.warc / IMPORTED):
        for path in below.glob(f"*{UNFINISHED}"):
            path.unlink(missing_ok=True)


def write(path: Path, data: bytes) -> None:
    """Put a small file in its place, durably and in one step; its mode stays. Raises `MergeError`."""
    target = Path(os.path.realpath(path))  # a link of our own stays one
    part = target.with_name(target.name + UNFINISHED)
    try:
        mode = target.stat().st_mode & 0o7777 if target.exists() else 0o644
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        part.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise _unwritable(path, error) from error


def take_small(kind: str, path: Path, folder: Path) -> None:
    """Copy a `profile` or `report`. Raises `MergeError`."""
    write(folder / path.name, content(kind, path))


def take_warc(folder: ArchiveFolder, wanted: Wanted, on_bytes: Callable[[int], None]) -> None:
    """Put a WARC file on our shelf, or in the place of its earlier state, durably. Raises `MergeError`.

    It gets its final name: whoever goes on writing to it does so elsewhere.
    """
    target = folder.warc / wanted.name
    part = target.with_name(target.name + UNFINISHED)
    try:
        target.parent.mkdir(exist_ok=True)
        written = hashlib.sha256()
        with part.open("wb") as out:
            for data in _data(wanted):
                out.write(data)
                written.update(data)
                on_bytes(len(data))
            out.flush()
            os.fchmod(out.fileno(), 0o644)
            os.fsync(out.fileno())
            length = out.tell()
        if length != wanted.length or _sha256(part) != written.hexdigest():
            part.unlink()
            raise MergeError(
                f"{target} is not what was copied: the disk gave other bytes back, or the shard's file changed meanwhile. What "
                "was copied before is whole. Look at the system's log, then run the same `morgue merge` again."
            )
        part.replace(target)
        target.with_name(target.name + OPEN_SUFFIX).unlink(missing_ok=True)  # its earlier state
        sync_folder(target.parent)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise _unwritable(target, error) from error


def _data(wanted: Wanted) -> Iterator[bytes]:
    yield from _read(wanted.best.path, 0, wanted.best.length)
    for piece in wanted.pieces:
        for offset, length in piece.places:
            yield from _read(piece.path, offset, length)


def _read(path: Path, offset: int, length: int) -> Iterator[bytes]:
    with os.fdopen(open_file(path), "rb") as file:
        file.seek(offset)
        while length > 0:
            data = file.read(min(_CHUNK, length))
            if not data:
                raise MergeError(
                    f"{printable(path)} became shorter while it was copied. Run the same `morgue merge` again."
                )
            length -= len(data)
            yield data


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unwritable(path: Path, error: OSError) -> MergeError:
    return MergeError(
        f"{path} cannot be written ({error.strerror or error}). What was copied before is whole, and no shard was changed. "
        "Make room on the disk or correct the folder's rights, and run the same `morgue merge` again: it goes on where it was."
    )
