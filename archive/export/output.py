"""Where an export goes: a file that appears whole or not at all, or standard output."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from archive.errors import UsageError
from archive.folder import ArchiveFolder
from archive.warc.tail import sync_folder

STDOUT = "-"
_BLOCK = 2**20


@contextmanager
def whole_file(target: str, folder: ArchiveFolder, *, seekable: bool = False) -> Iterator[IO[bytes]]:
    """Give a binary stream for `target`: a path, or "-" for standard output.

    A file is written beside its place as `NAME.part`, made durable and renamed when the block ends; an older file of that
    name stays until then, and after an error. What is no regular file (/dev/null, a pipe) is written as it stands. With
    `seekable` standard output and pipes get their bytes at the end, from a temporary file.

    Raises `UsageError` where the archive itself would be overwritten, and `OSError`.
    """
    if target == STDOUT:
        with _stream(sys.stdout.buffer, seekable=seekable) as out:
            yield out
        return
    path = Path(target).resolve()
    refuse_own(path, folder)
    if path.exists() and not path.is_file():
        with path.open("wb") as end, _stream(end, seekable=seekable) as out:
            yield out
        return
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
        sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _stream(end: IO[bytes], *, seekable: bool) -> Iterator[IO[bytes]]:
    if not seekable:
        yield end
    else:
        with tempfile.TemporaryFile(prefix="morgue-export-") as out:
            yield out
            out.seek(0)
            shutil.copyfileobj(out, end, _BLOCK)
    end.flush()


def refuse_own(path: Path, folder: ArchiveFolder) -> None:
    """Keep a slip of the finger from what cannot be made again. Raises `UsageError`."""
    root = folder.root.resolve()
    own = (folder.sources, folder.decisions, folder.archive_db, folder.crawl_db, folder.crawl_lock, folder.archive_lock,
           folder.alerts)  # fmt: skip
    if path in {root / each.name for each in own} or any(
        path.is_relative_to(root / each.name) for each in (folder.warc, folder.profiles, folder.reports)
    ):
        raise UsageError(f"{path} is the archive's own place. Name a file elsewhere, like ../export/{path.name}")
