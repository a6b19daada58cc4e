"""The folder of an export: whose it is, what it holds, and what in it has to go."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from archive.errors import UsageError
from archive.export.output import whole_file
from archive.export.parquet.files import PART
from archive.export.parquet.tables import FORMAT, TABLES
from archive.folder import ArchiveFolder
from archive.locks import lock
from archive.warc.tail import sync_folder

MARK = "_morgue.json"  # readers of partitioned folders pass over names that begin with _
LOCK = "_morgue.lock"
_BEGINNING = frozenset({LOCK, MARK + PART})  # what a kill may leave of a folder that was only begun


def is_ours(folder: Path) -> bool:
    """Return whether the folder is an export already. Raises `UsageError` if it is something else."""
    try:
        names = set(os.listdir(folder))  # noqa: PTH208 - names alone
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        raise UsageError(f"{folder} is a file. Name a folder for the Parquet files.") from None
    if MARK in names:
        return True
    if names <= _BEGINNING:
        return False
    raise UsageError(
        f"{folder} is not empty, and no export of `morgue export parquet` (there is no {MARK} in it), so nothing was written. "
        "Name a new or an empty folder."
    )


@contextmanager
def held(folder: Path, archive: ArchiveFolder, choice: Mapping[str, object]) -> Iterator[None]:
    """Make the folder if it is new, and hold it for the length of the block: one export at a time.

    Raises `UsageError` if it is not ours, or holds another choice of articles; `LockHeldError`; `OSError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with lock(folder / LOCK, "morgue export parquet"):
        if is_ours(folder):
            _compare(folder, choice)
        else:
            said = json.dumps({"format": FORMAT, "choice": choice}, ensure_ascii=True, indent=1)
            with whole_file(str(folder / MARK), archive) as out:
                out.write(f"{said}\n".encode("ascii"))
        yield


def _compare(folder: Path, choice: Mapping[str, object]) -> None:
    path = folder / MARK
    try:
        said = json.loads(path.read_bytes())
        theirs, chosen = said["format"], said["choice"]
    except (ValueError, KeyError, TypeError):
        raise UsageError(
            f"{path} cannot be read. Remove {folder} and export again: all of it can be made anew."
        ) from None
    if theirs != FORMAT:
        raise UsageError(
            f"{folder} has the format {str(theirs)[:40]!r}, and this Morgue writes {FORMAT}. Name a new folder, or "
            "remove that one."
        )
    if chosen != dict(choice):
        raise UsageError(
            f"{folder} holds another choice of articles ({_told(chosen)}). Name another folder, or ask for the same again."
        )


def _told(choice: object) -> str:
    if not isinstance(choice, dict):
        return "unreadable"
    said = [f"{name.replace('_', ' ')} {value}" for name, value in choice.items() if value]
    return ", ".join(said)[:200] or "all articles"


def remove_others(folder: Path, wanted: Collection[PurePosixPath]) -> int:
    """Remove files of partitions that are none any more, and what a kill left half done; returns how many partitions' files.

    Only files of our own names, below the folders of our tables; what else lies there stays.
    """
    removed = 0
    for table in TABLES:
        names = {f"{table}.parquet", f"{table}.parquet{PART}"}
        for top, _, files in os.walk(folder / table, topdown=False):
            here = Path(top)
            for name in names.intersection(files):
                path = here / name
                if PurePosixPath(path.relative_to(folder)) not in wanted:
                    path.unlink()
                    sync_folder(here)
                    removed += not name.endswith(PART)
            if not os.listdir(here):  # noqa: PTH208 - names alone
                here.rmdir()
    return removed
