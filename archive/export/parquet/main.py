"""`morgue export parquet`: which files have to be written, from one moment of archive.db.

A partition is a month of first captures and a source: once a month is over, only edits, late captures and regroupings touch
it. Every file tells in its footer the fingerprint of the rows that it was made of. So nothing has to be remembered
elsewhere, and a kill at any moment leaves files that say truly what they hold: the next run compares, and writes what differs.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path, PurePosixPath

from archive.errors import NothingToExportError
from archive.export.choose import Choice
from archive.export.output import refuse_own
from archive.export.parquet.files import ParquetFiles
from archive.export.parquet.folder import held, is_ours, remove_others
from archive.export.parquet.places import place, source_values
from archive.export.parquet.rows import OF_ARTICLES, Row, fingerprint, finished, story_rows
from archive.export.parquet.tables import STORIES, TABLES
from archive.folder import ArchiveFolder
from archive.query import Reader
from archive.query.filters import PUBLIC
from archive.query.reader import answering, need_timeline, one_moment

Unit = tuple[str, str | None]  # month of the first capture (2026-03), source


@dataclass(slots=True)
class Table:
    """What became of one table."""

    rows: int = 0
    files: int = 0
    bytes: int = 0  # of all its files
    written: int = 0  # files


@dataclass(slots=True)
class Exported:
    """What an export came to. `removed`: files of partitions that are none any more."""

    left_out: int = 0
    removed: int = 0
    tables: dict[str, Table] = field(default_factory=lambda: {name: Table() for name in TABLES})

    @property
    def written(self) -> int:
        """How many files were written."""
        return sum(table.written for table in self.tables.values())

    def as_json(self) -> dict[str, object]:
        """Return it for `--json`."""
        return {
            "tables": {name: asdict(table) for name, table in self.tables.items()},
            "written": self.written,
            "removed": self.removed,
            "left_out": self.left_out,
        }


def export_parquet(
    reader: Reader,
    choice: Choice,
    folder: Path,
    files: ParquetFiles,
    archive: ArchiveFolder,
    *,
    tell: Callable[[int, float], None] = lambda _done, _share: None,
) -> Exported:
    """Bring `folder` up to what archive.db says now of the articles chosen: write what differs, remove what is no more.

    `tell(articles, share)` while it goes on. Raises `NothingToExportError` where nothing matches and there is no export yet;
    `UsageError` for a folder that is not ours or holds another choice, `LockHeldError`, `QueryError`, `DatabaseError`.
    """
    refuse_own(folder.resolve(), archive)
    known = is_ours(folder)
    with answering(reader), one_moment(reader):
        need_timeline(reader)
        chosen = choice.articles(reader)
        exported = Exported(left_out=choice.left_out(reader, len(chosen)))
        if not chosen and not known:
            raise NothingToExportError("article", left_out=exported.left_out)
        with held(folder, archive, _said(choice)):
            _Export(reader, folder, files, exported).all(chosen, choice, tell)
    return exported


def _said(choice: Choice) -> dict[str, object]:
    names = ("source", "since", "until", "language")
    said: dict[str, object] = {name: getattr(choice.filters, name) for name in names}
    return {"words": choice.words, **said, "include_opted_out": choice.include_opted_out}


class _Export:
    """One run, within one moment of the database."""

    def __init__(self, reader: Reader, folder: Path, files: ParquetFiles, exported: Exported) -> None:
        self._reader = reader
        self._folder = folder
        self._files = files
        self._exported = exported

    def all(self, chosen: Sequence[int], choice: Choice, tell: Callable[[int, float], None]) -> None:
        """Remove first (what is to go goes although a disk is full), then write."""
        there = _marked(chosen, _highest(self._reader, "articles"))
        units = _units(self._reader, there)
        shown = "a.hidden = 0" + ("" if choice.include_opted_out else PUBLIC)
        told = self._reader.execute("SELECT pk, story FROM articles WHERE story IS NOT NULL")
        mine = _marked((story for pk, story in told if there[pk]), _highest(self._reader, "stories"))
        stories = {month: fingerprint(STORIES, rows) for month, rows in self._months(shown, mine)}
        in_paths = source_values({source for _, source in units})
        wanted = {place(STORIES, month) for month in stories}
        for month, source in units:
            wanted.update(place(table, month, in_paths[source]) for table in OF_ARTICLES)
        self._exported.removed = remove_others(self._folder, wanted)
        done = 0
        for month, source in sorted(units, key=lambda unit: (unit[0], unit[1] or "")):
            pks = units[month, source]
            for table in OF_ARTICLES:
                self._table(table, pks, place(table, month, in_paths[source]))
            done += len(pks)
            tell(done, done / len(chosen))
        self._write_stories(stories, shown, mine)

    def _table(self, table: str, pks: Sequence[int], path: PurePosixPath) -> None:
        """Bring one file up to date."""
        ask = OF_ARTICLES[table]
        made, count = fingerprint(table, ask(self._reader, pks))
        if not count:
            self._drop(path)
        elif not self._is_there(table, path, made, count):
            self._write(table, path, made, ask(self._reader, pks))

    def _is_there(self, table: str, path: PurePosixPath, made: str, count: int) -> bool:
        """Count a file, and return whether it need not be written."""
        told = self._exported.tables[table]
        told.rows += count
        told.files += 1
        known = self._files.known(self._folder / path)
        if known is None or known[0] != made:
            return False
        told.bytes += known[1]
        return True

    def _write(self, table: str, path: PurePosixPath, made: str, rows: Iterable[Row]) -> None:
        told = self._exported.tables[table]
        told.written += 1
        whole = (finished(self._reader, table, row) for row in rows)
        told.bytes += self._files.write(self._folder / path, table, whole, made)

    def _drop(self, path: PurePosixPath) -> None:
        """Remove the file of a table that has no rows in a partition that has others."""
        if (self._folder / path).exists():
            (self._folder / path).unlink()
            self._exported.removed += 1

    def _months(self, shown: str, mine: bytearray) -> Iterator[tuple[str, Iterator[Row]]]:
        """Give the stories that have an article in this export, by month."""
        rows = (row for row in story_rows(self._reader, shown) if mine[row["pk"]])
        return groupby(rows, key=itemgetter("month"))

    def _write_stories(self, known: dict[str, tuple[str, int]], shown: str, mine: bytearray) -> None:
        paths = {month: place(STORIES, month) for month in known}
        new = {month for month, said in known.items() if not self._is_there(STORIES, paths[month], *said)}
        for month, rows in self._months(shown, mine) if new else ():
            if month in new:
                self._write(STORIES, paths[month], known[month][0], rows)


def _marked(numbers: Iterable[int], highest: int) -> bytearray:
    """Return one byte for each number up to the highest: 1 where it is among `numbers`."""
    marks = bytearray(highest + 1)
    for number in numbers:
        marks[number] = 1
    return marks


def _highest(reader: Reader, table: str) -> int:
    return int(reader.execute(f"SELECT ifnull(max(pk), 0) FROM {table}").fetchone()[0])  # noqa: S608 - a constant


def _units(reader: Reader, there: bytearray) -> dict[Unit, array[int]]:
    """Return the articles of each partition, in the order of their ids, so that files do not depend on `pk`.

    Twelve bytes an article are held, more than of anything else here. Both questions are answered by indexes alone.
    """
    numbers: dict[Unit, int] = {}
    unit_of = array("i", bytes(array("i").itemsize * len(there)))
    for pk, month, source in reader.execute("SELECT pk, substr(first_seen, 1, 7), source FROM articles"):
        if there[pk]:
            unit_of[pk] = numbers.setdefault((month, source), len(numbers))
    units: list[array[int]] = [array("q") for _ in numbers]
    for (pk,) in reader.execute("SELECT pk FROM articles ORDER BY id"):
        if there[pk]:
            units[unit_of[pk]].append(pk)
    return {unit: units[number] for unit, number in numbers.items()}
