"""One look at an archive: what all checks ask, taken once at the start.

A crawl may be at work meanwhile. So what counts is what was there when the look began: files up to the byte that ingest had
read or crawl.db had noted as durable, rows up to the last one of then.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from archive.database import MIGRATION_SET, MIGRATIONS, refuse_newer
from archive.errors import ShelfError
from archive.folder import ArchiveFolder
from archive.fsck.faults import Fault, Findings
from archive.imported import Imported, find_file
from archive.query.reader import nobody_writes
from archive.warc import shelf_name, warc_files

_TELL_EVERY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """A WARC file as tables and shelf know it."""

    name: str  # in every table
    path: Path | None  # None: it is not there
    size: int = 0  # bytes it has
    pk: int | None = None  # warcs.pk; None: archive.db does not know it
    ingested_to: int = 0  # bytes
    durable: int = 0  # bytes that crawl.db has noted; 0 if it does not know the file
    sealed_size: int | None = None
    sha256: str | None = None
    captures: int = 0  # rows, counted for a missing file alone
    in_place: bool = False
    accept: Callable[[str], bool] = field(default=lambda _url: True)

    @property
    def must_reach(self) -> int:
        """Up to here (bytes) there must be whole records."""
        return max(self.ingested_to, self.durable)


@dataclass(slots=True)
class Look:
    """What the checks of one run share."""

    folder: ArchiveFolder
    findings: Findings
    conn: sqlite3.Connection | None  # to archive.db, read-only; None if it cannot be opened
    shelf: list[Shelved] = field(default_factory=list)
    names: frozenset[str] = frozenset()  # that sources have had
    behind: frozenset[str] = frozenset()  # migrations that archive.db has not had: the next writer makes them
    as_imported: set[str] = field(default_factory=set)  # foreign files that are byte for byte what was taken in
    last_capture: int = 0  # captures.pk when the look began
    last_fact: int = 0  # discoveries.pk
    progress: Callable[[int, float | None], None] = lambda _done, _share: None
    share: float | None = None  # of the present stage
    _looked: int = 0

    def count(self, what: str) -> None:
        """Count one thing that was looked at, and show progress now and then."""
        self.findings.checked[what] += 1
        self._looked += 1
        if self._looked % _TELL_EVERY == 0:
            self.progress(self._looked, self.share)

    def fault(self, kind: str, what: str, **where: Any) -> None:
        """Note a fault."""
        self.findings.add(Fault(kind=kind, what=what, **where))

    @contextmanager
    def reading(self, table: str) -> Iterator[None]:
        """Note it, and go on, if the database cannot be read in the block."""
        try:
            yield
        except sqlite3.Error as error:
            self.fault("database", f"it cannot be read to its end ({error})", file="archive.db", table=table)

    def rows(self, query: str, values: Sequence[object] = ()) -> Iterator[Any]:
        """Yield the rows of a query; none without a database."""
        if self.conn is not None:
            yield from self.conn.execute(query, values)


def open_read_only(path: Path) -> sqlite3.Connection:
    """Open a database of the archive read-only, beside its writer. Raises `sqlite3.Error`, `SchemaTooNewError`.

    Text that is no UTF-8 any more comes out with surrogates, so that it differs and stops nobody.
    """
    mode = "mode=ro&immutable=1" if nobody_writes(path) else "mode=ro"
    conn = sqlite3.connect(
        f"file:{quote(os.fsencode(path.absolute()))}?{mode}", uri=True, timeout=30.0, isolation_level=None
    )
    try:
        conn.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        conn.execute("PRAGMA trusted_schema = 0")
        conn.execute("PRAGMA cache_size = -65536")
        conn.execute("PRAGMA temp_store = FILE")
        conn.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if path.name == "archive.db":
            refuse_newer(conn, path)
    except BaseException:
        conn.close()
        raise
    return conn


def begin(look: Look, durable: Mapping[str, int], imports: dict[str, Imported]) -> None:
    """Note what is there now. `durable`: how far crawl.db has noted each file, bytes."""
    known: dict[str, tuple[Any, ...]] = {}
    with look.reading("_sqlite_migrations"):
        done = look.rows("SELECT name FROM _sqlite_migrations WHERE migration_set = ?", (MIGRATION_SET,))
        look.behind = frozenset(MIGRATIONS) - {name for (name,) in done} if look.conn is not None else frozenset()
    with look.reading("warcs"):
        if look.conn is not None:
            look.conn.execute("BEGIN")
            try:
                known = {
                    row[0]: row[1:]
                    for row in look.rows("SELECT name, pk, ingested_to, sealed, size, sha256, in_place FROM warcs")
                }
                look.last_capture = look.conn.execute("SELECT ifnull(max(pk), 0) FROM captures").fetchone()[0]
                look.last_fact = look.conn.execute("SELECT ifnull(max(pk), 0) FROM discoveries").fetchone()[0]
            finally:
                look.conn.execute("COMMIT")
    there = {shelf_name(path, look.folder.warc) for path in warc_files(look.folder.warc)}
    for name in sorted(there | known.keys() | durable.keys()):
        pk, ingested_to, sealed, size, sha256, in_place = known.get(name, (None, 0, 0, None, None, 0))
        path, bytes_ = _find(look.folder, imports, name)
        imported = imports.get(name)
        look.shelf.append(
            Shelved(
                name=name,
                path=path,
                size=bytes_,
                pk=pk,
                ingested_to=ingested_to,
                durable=durable.get(name, 0),
                sealed_size=size if sealed else None,
                sha256=imported.sha256 if in_place and imported else sha256,
                in_place=bool(in_place),
                accept=imported.accepts if in_place and imported else lambda _url: True,
            )
        )


def _find(folder: ArchiveFolder, imports: dict[str, Imported], name: str) -> tuple[Path | None, int]:
    try:
        path = find_file(folder.warc, imports, name)
        return path, path.stat().st_size
    except (ShelfError, OSError):
        return None, 0
