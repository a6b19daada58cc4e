"""WARC files of several shelves under one name: new, grown, the same, or another one.

A crawl appends to its newest file for a day. So a file that was taken before may have grown; the one that begins as the other
is its later state. What neither begins as the other is two files, unless something was taken down in one of them: then the
records tell what is missing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from archive.errors import MergeError
from archive.merging.look import open_file, printable
from archive.takedown.gone import Gone
from archive.takedown.survey import Act, Survey
from archive.tombstones import Tombstones
from archive.warc import OPEN_SUFFIX, RawReader, RawRecord, complete_length, shelf_name

_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class State:
    """A file as it is in one place: its whole records."""

    path: Path
    length: int  # bytes
    shard: int | None = None  # number of the shard; None: it is on our shelf


@dataclass(frozen=True, slots=True)
class Piece:
    """Records that are missing of a file that was written anew since."""

    path: Path
    places: tuple[tuple[int, int], ...]  # offset, length in bytes
    shard: int

    @property
    def length(self) -> int:
        """Bytes."""
        return sum(length for _, length in self.places)


@dataclass(slots=True)
class Wanted:
    """One file that our shelf is to have."""

    name: str  # as in tables
    ours: State | None
    best: State  # what it begins as: ours, or the longest that begins so
    pieces: list[Piece] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)  # numbers of the shards that have it

    @property
    def is_ours(self) -> bool:
        """Whether nothing is to be done."""
        return self.best == self.ours and not self.pieces

    @property
    def length(self) -> int:
        """Bytes that it will have."""
        return self.best.length + sum(piece.length for piece in self.pieces)


def state_of(path: Path, shard: int | None = None) -> State:
    """Return a file's state; of one that is being written up to its last whole record. Raises `ShelfError`."""
    if path.name.endswith(OPEN_SUFFIX):
        return State(path, complete_length(path), shard)
    return State(path, path.lstat().st_size, shard)


def wanted_files(
    ours: tuple[Path, Sequence[Path]],
    shards: Sequence[tuple[Path, Sequence[Path]]],
    stones: Tombstones,
    on_file: Callable[[Path], None] = lambda _path: None,
) -> list[Wanted]:
    """Return what is to be done with each file of the shards. `ours`, `shards`: a shelf's folder and its files.

    Raises `MergeError` for two files of one name, `ShelfError`.
    """
    found: dict[str, Wanted] = {}
    here = {shelf_name(path, ours[0]): path for path in ours[1]}
    for number, (folder, paths) in enumerate(shards):
        for path in paths:
            on_file(path)
            name = shelf_name(path, folder)
            theirs = state_of(path, number)
            if not theirs.length:
                continue
            wanted = found.get(name)
            if wanted is None:
                mine = state_of(here[name]) if name in here else None
                wanted = found[name] = Wanted(name, mine, mine or theirs)
            wanted.seen.add(number)
            _add(wanted, theirs, stones)
    return list(found.values())


def _add(wanted: Wanted, theirs: State, stones: Tombstones) -> None:
    best = wanted.best
    if best is theirs:
        return
    if not _begin_alike(best, theirs):
        wanted.pieces.append(_missing(wanted, theirs, stones))
        if not wanted.pieces[-1].places:
            wanted.pieces.pop()
    elif theirs.length > best.length:
        wanted.best = theirs


def _begin_alike(one: State, other: State) -> bool:
    """Return whether the shorter one is the beginning of the other."""
    left = min(one.length, other.length)
    with os.fdopen(open_file(one.path), "rb") as first, os.fdopen(open_file(other.path), "rb") as second:
        while left > 0:
            size = min(_CHUNK, left)
            if _exactly(first, size, one.path) != _exactly(second, size, other.path):
                return False
            left -= size
    return True


def _exactly(file: BinaryIO, size: int, path: Path) -> bytes:
    try:
        data = file.read(size)
    except OSError as error:
        raise MergeError(f"{printable(path)} cannot be read ({error.strerror}). Nothing was changed.") from None
    if len(data) != size:
        raise MergeError(f"{printable(path)} became shorter while it was read. Nothing was changed. Try again.")
    return data


def _missing(wanted: Wanted, theirs: State, stones: Tombstones) -> Piece:
    """Return the records that only the other file has, where a takedown wrote one of them anew. Raises `MergeError`."""
    known = {name for name, *_ in _records(wanted.best.path, wanted.best.length)}
    for piece in wanted.pieces:
        taken = set(piece.places)
        known |= {name for name, at, length in _records(piece.path, None) if (at, length) in taken}
    records = list(_records(theirs.path, theirs.length))
    if not stones or not known & {name for name, *_ in records}:
        raise _clash(wanted, theirs)
    survey = Survey(Gone(scope="all", hashes=tuple(sorted(stones.hashes))))
    survey.look(theirs.path, wanted.name)
    changes = survey.settled().changes.get(wanted.name, {})
    going = {at for at, change in changes.items() if change.act is Act.DROP}
    places = tuple((at, length) for name, at, length in records if name not in known and at not in going)
    return Piece(theirs.path, places, theirs.shard or 0)


def _records(path: Path, end: int | None) -> list[tuple[str, int, int]]:
    """Return id, offset and length of each record that stands alone; one without an id goes by its digest."""
    with RawReader(path, end=end) as reader:
        return [(_name(record), record.offset, record.length) for record in reader if record.alone]


def _name(record: RawRecord) -> str:
    return record.fields.get("warc-record-id") or hashlib.sha256(record.head + record.block).hexdigest()


def _clash(wanted: Wanted, theirs: State) -> MergeError:
    return MergeError(
        f"two different WARC files have the name {wanted.name}: {printable(wanted.best.path)} and {printable(theirs.path)} "
        "(neither begins as the other). Nothing was changed. Find out which is the right one (`morgue fsck --full` in both "
        "archives). If both are, move one out of its folder, merge, and take it in with `morgue ingest`."
    )
