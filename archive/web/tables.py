"""archive.db as Datasette opens it: through our reader, with its limits, and anew when a rebuild has swapped the file."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from datasette.database import Database

from archive.errors import DatabaseError
from archive.query import Reader, open_reader
from archive.query.watch import watching
from archive.web.memory import give_back_now

T = TypeVar("T")
_CACHE = 4 * 2**20  # bytes of archive.db that a connection holds
_LONG = 0.1  # seconds of a question after which free memory is given back
_TOO_MUCH = "the answer needs more memory than a query may use: ask for fewer rows or shorter values (limit, substr())"


class _Cursor(sqlite3.Cursor):
    """A cursor that says when memory is used up. Datasette knows SQLite's errors only."""

    def execute(self, *args: Any) -> _Cursor:
        return self._said(super().execute, *args)

    def fetchmany(self, *args: Any) -> list[Any]:
        return self._said(super().fetchmany, *args)

    def fetchall(self) -> list[Any]:
        return self._said(super().fetchall)

    def _said(self, method: Callable[..., T], *args: Any) -> T:
        try:
            return method(*args)
        except sqlite3.Error:
            self.close()  # a half-read cursor would hand an interrupt on to the next statement
            raise
        except MemoryError as error:
            self.close()
            raise sqlite3.OperationalError(_TOO_MUCH) from error
        except ValueError as error:  # NUL or lone surrogates in the statement
            raise sqlite3.OperationalError(f"the question cannot be put to SQLite: {error}") from error


class _Connection(Reader):
    """A reader whose cursors are those above."""

    def cursor(self, *args: Any, **options: Any) -> Any:
        return super().cursor(_Cursor) if not args and not options else super().cursor(*args, **options)


class Tables(Database):  # type: ignore[misc]  # Datasette has no types
    """archive.db for Datasette: one connection for each of its threads."""

    def __init__(self, datasette: Any, path: Path, *, is_mutable: bool, time_limit: float) -> None:
        """`time_limit`: seconds of one statement."""
        super().__init__(datasette, path=str(path), is_mutable=is_mutable)
        self._file = path
        self._time_limit = time_limit
        self._own = threading.local()

    def connect(self, write: bool = False) -> Reader:
        """Open archive.db for reading. Raises `sqlite3.OperationalError` if it cannot be read."""
        if write:
            raise sqlite3.OperationalError("archive.db is only read here")
        try:
            return open_reader(
                self._file,
                time_limit=self._time_limit,
                heap_limit=None,
                check_same_thread=False,
                factory=_Connection,
                cache=_CACHE,
            )
        except DatabaseError as error:
            raise sqlite3.OperationalError(str(error)) from error

    async def execute(self, sql: str, params: Any = None, **options: Any) -> Any:
        """Answer a statement. Its mistakes are told to who asks: Datasette would write all of it to the terminal as well."""
        return await super().execute(sql, params, **(options | {"log_sql_errors": False}))

    async def execute_fn(self, fn: Callable[[Any], T]) -> T:
        """Call a function with this thread's connection, in one of Datasette's threads."""
        return await asyncio.get_running_loop().run_in_executor(self.ds.executor, self._with_own, fn)

    def _with_own(self, fn: Callable[[Any], T]) -> T:
        stat = self._file.stat() if self._file.exists() else None
        identity = None if stat is None else (stat.st_dev, stat.st_ino)
        held = getattr(self._own, "held", None)
        if held is None or held[0] != identity:
            if held is not None:
                held[1].close()
                self._own.held = None
            connection = self.connect()
            self.ds._prepare_connection(connection, self.name)  # noqa: SLF001 - as Datasette's own Database does
            held = self._own.held = (identity, connection)
        begun = time.monotonic()
        try:
            with watching(held[1]):
                return fn(held[1])
        finally:
            if time.monotonic() - begun > _LONG:
                give_back_now()
