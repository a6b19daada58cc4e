"""How WARC files are named and found on the shelf.

`morgue-YYYYMMDDhhmmss-<shard>-<run>.warc.gz`, with `.open` behind it until the file is sealed (as Heritrix and warcprox
do). In every table a file stands under its path below `warc/` without `.open`, so that sealing changes no row.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from archive.errors import ShelfError

OPEN_SUFFIX = ".open"
IMPORTED = "imported"

_OWN_NAME = re.compile(r"morgue-([0-9]{14})-([0-9A-Za-z]+)-([0-9A-Za-z]+)\.warc\.gz")
_WARC_NAME = re.compile(r".+\.(?:warc|arc|wet|wat)(?:\.gz)?(?:\.open)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OwnName:
    """The parts of the name of a file that the crawler wrote."""

    begun_at: datetime
    shard: str  # "0of1"
    run_id: str


def own_name(begun_at: datetime, shard: str, run_id: str) -> str:
    """Return the name (without `.open`) of a file begun at `begun_at` (aware).

    >>> own_name(datetime(2026, 5, 1, 6, tzinfo=UTC), "0of1", "k3f9")
    'morgue-20260501060000-0of1-k3f9.warc.gz'
    """
    return f"morgue-{begun_at.astimezone(UTC):%Y%m%d%H%M%S}-{shard}-{run_id}.warc.gz"


def parse_own_name(name: str) -> OwnName | None:
    """Return the parts of the name of an own file, with or without `.open`, or None for any other file."""
    found = _OWN_NAME.fullmatch(name.removesuffix(OPEN_SUFFIX))
    if found is None:
        return None
    try:
        begun_at = datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return OwnName(begun_at, found[2], found[3])


def shelf_name(path: Path, folder: Path) -> str:
    """Return the name of the file `path` in every table: below `folder` (`warc/`), with `/`, without `.open`.

    Raises `ShelfError` if `path` does not lie below `folder`.
    """
    try:
        return path.relative_to(folder).as_posix().removesuffix(OPEN_SUFFIX)
    except ValueError:
        raise ShelfError(f"{path} does not lie in {folder}. Take it in with `morgue ingest {path}`.") from None


def warc_files(folder: Path) -> list[Path]:
    """Return the WARC files of a shelf in the order of their shelf names: own ones, `.open` or sealed, then imported.

    Symbolic links are not followed: what lies elsewhere is outside backup and takedown. A missing folder is empty. If a
    file is sealed while we look, it is listed once. Raises `ShelfError` if the folder cannot be read.
    """
    found: dict[str, Path] = {}
    for below in (folder, folder / IMPORTED):
        try:
            with os.scandir(below) as entries:
                files = [Path(e.path) for e in entries if e.is_file(follow_symlinks=False)]
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ShelfError(f"{below} cannot be read ({error.strerror}). Check its owner and mode.") from None
        for path in sorted(files):  # x.warc.gz before x.warc.gz.open: the sealed one stays
            if _WARC_NAME.fullmatch(path.name):
                found.setdefault(shelf_name(path, folder), path)
    return [found[name] for name in sorted(found, key=lambda name: ("/" in name, name))]


def find_warc(folder: Path, name: str) -> Path:
    """Return where the file that tables call `name` lies now, sealed or still `.open`.

    Raises `ShelfError` if it is not there, or if `name` points out of `folder` (a row from a stranger's database).
    """
    if name.startswith("/") or ".." in name.split("/") or "\0" in name:
        raise ShelfError(f"{name!r} is no name of a file below {folder}. Run `morgue rebuild`.")
    sealed = folder / name
    unsealed = folder / (name + OPEN_SUFFIX)
    for path in (sealed, unsealed, sealed):  # sealed between two looks: look again
        if path.is_file():
            return path
    raise ShelfError(
        f"{sealed} is missing. Put the file back from a backup; what only it held cannot be made again. "
        "`morgue rebuild` makes the database anew from the files that are there."
    )
