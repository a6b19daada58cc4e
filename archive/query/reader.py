"""A connection that can only read, for a limited time, in limited memory."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from archive.database import database_error, refuse_newer
from archive.errors import DatabaseError, QueryError
from archive.query.guarded import PATTERN_LIMIT, guard_functions

TIME_LIMIT = 10.0  # seconds a statement may run
HEAP_LIMIT = 256 * 2**20  # bytes that SQLite may hold
VALUE_LIMIT = 32 * 2**20  # bytes of one text or blob; the longest article is far below
CACHE = 32 * 2**20  # bytes of the file that a connection holds; part of what SQLite may hold
_STEPS = 5000  # virtual machine instructions between two looks at the clock
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: VALUE_LIMIT,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: PATTERN_LIMIT,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 500,
    sqlite3.SQLITE_LIMIT_COLUMN: 500,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_PRAGMAS_ABOUT = frozenset(  # their value names a table or index
    {"table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list"}
)
_PRAGMAS_ASKED = frozenset(  # read without a value; with one they would set something
    {"database_list", "function_list", "collation_list", "compile_options", "data_version", "encoding", "page_count",
     "page_size", "freelist_count", "user_version", "application_id", "journal_mode", "schema_version"}
)  # fmt: skip
_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})
_FORBIDDEN_FUNCTIONS = frozenset({"load_extension", "fts3_tokenizer", "writefile", "readfile", "edit"})


class Reader(sqlite3.Connection):
    """A connection of `open_reader`. Each `execute` or new cursor begins a time limit, that holds for its rows too."""

    path: Path = Path("archive.db")
    time_limit: float = TIME_LIMIT
    until: float = float("inf")  # monotonic seconds: when all statements together must have ended
    _end: float = float("inf")

    def __init__(self, *args: Any, **options: Any) -> None:
        """Open a connection, as `sqlite3.connect` does."""
        self._clock = threading.Lock()
        super().__init__(*args, **options)

    def execute(self, *args: Any) -> sqlite3.Cursor:
        """Execute one statement under the time limit."""
        self._begin()
        return super().execute(*args)

    def cursor(self, *args: Any, **options: Any) -> Any:
        """Return a cursor, under a time limit that begins now."""
        self._begin()
        return super().cursor(*args, **options)

    def interrupt_if_late(self) -> None:
        """Interrupt the running statement if its time is up; the next statement is another, and is left alone."""
        with self._clock:
            if self.late():
                self.interrupt()

    def _begin(self) -> None:
        with self._clock:
            self._end = time.monotonic() + self.time_limit

    def late(self) -> bool:
        """Tell whether the running statement has used up its time, or all together theirs."""
        return time.monotonic() > min(self._end, self.until)


def open_reader(
    path: Path,
    *,
    time_limit: float = TIME_LIMIT,
    heap_limit: int | None = HEAP_LIMIT,
    check_same_thread: bool = True,
    factory: type[Reader] = Reader,
    cache: int = CACHE,
) -> Reader:
    """Open archive.db for reading while others may be writing it.

    `time_limit`: seconds per statement. `heap_limit`: bytes, of SQLite in this whole process, and it stays for the
    life of the process (SQLite can lower it but not raise it by SQL); None leaves it. `cache`: bytes; many connections at once
    need less each, or their caches alone are more than the process may hold. Opened as `immutable` only on a
    disk mounted read-only: beside a writer that would read stale data.

    Raises `DatabaseError` (missing, damaged, unreadable) or `SchemaTooNewError`.
    """
    if not path.is_file():
        raise DatabaseError(
            f"there is no {path}. Make it with `morgue init`, or from WARC files with `morgue rebuild`."
        )
    reader: Reader | None = None
    mode = "immutable=1" if nobody_writes(path) else "mode=ro"
    try:
        reader = sqlite3.connect(
            f"file:{quote(os.fsencode(path.absolute()))}?{mode}",
            uri=True,
            factory=factory,
            timeout=10.0,
            isolation_level=None,
            check_same_thread=check_same_thread,
        )
        reader.path = path
        reader.time_limit = time_limit
        reader.execute("PRAGMA query_only = 1")
        reader.execute("PRAGMA trusted_schema = 0")
        reader.execute(f"PRAGMA cache_size = -{cache // 1024}")
        if heap_limit is not None:
            reader.execute(f"PRAGMA hard_heap_limit = {int(heap_limit)}")
        refuse_newer(reader, path)
        _refuse_foreign(reader, path)
    except sqlite3.Error as error:
        if reader is not None:
            reader.close()
        raise database_error(error, path) from error
    except DatabaseError:
        if reader is not None:
            reader.close()
        raise
    for limit, value in _LIMITS.items():
        reader.setlimit(limit, value)
    guard_functions(reader)
    reader.set_progress_handler(reader.late, _STEPS)
    reader.set_authorizer(_authorize)
    return reader


def nobody_writes(path: Path) -> bool:
    """Return whether the disk is mounted read-only (a backup on a DVD, a snapshot) and the database lies there whole.

    SQLite cannot open a database in WAL mode where it cannot make the files -wal and -shm beside it, unless told that
    nobody writes (https://www.sqlite.org/wal.html, "Read-Only Databases").
    """
    try:
        if not os.statvfs(path).f_flag & os.ST_RDONLY:
            return False
        return path.with_name(path.name + "-wal").stat().st_size == 0
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _refuse_foreign(reader: Reader, path: Path) -> None:
    if reader.execute("SELECT 1 FROM sqlite_master WHERE name = 'articles'").fetchone() is None:
        raise DatabaseError(f"{path} is no database of an archive. Make it anew with `morgue rebuild`.")


def _authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """Allow what reads. SQLite asks for every table, function and pragma of a statement when it is prepared."""
    if action in _ALLOWED:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() not in _FORBIDDEN_FUNCTIONS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA:
        name = (first or "").lower()
        if name in _PRAGMAS_ABOUT or (name in _PRAGMAS_ASKED and second is None):
            return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_UPDATE and first == "sqlite_master":
        # How SQLite declares the columns of a virtual table whenever the schema was read anew. It writes nothing; an
        # UPDATE that a person types is refused by SQLite itself ("table sqlite_master may not be modified").
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


@contextmanager
def one_moment(reader: Reader) -> Iterator[None]:
    """Let every question of the block be answered from the database as it is when the block begins, whoever writes beside it.

    For long reading only: while it lasts, the write-ahead log cannot be cut.
    """
    reader.set_authorizer(None)
    try:
        reader.execute("BEGIN")
        reader.execute("SELECT 1 FROM sqlite_master").fetchone()  # only a question begins the moment
        reader.set_authorizer(_authorize)
        yield
    finally:
        reader.set_authorizer(None)
        if reader.in_transaction:
            reader.execute("ROLLBACK")
        reader.set_authorizer(_authorize)


@contextmanager
def answering(conn: sqlite3.Connection) -> Iterator[None]:
    """Turn SQLite's errors in the block into `QueryError` (the question) or `DatabaseError` (the file)."""
    path = getattr(conn, "path", "archive.db")
    seconds = getattr(conn, "time_limit", TIME_LIMIT)
    try:
        yield
    except MemoryError as error:
        raise QueryError(
            "the answer needs more memory than a query may use. Ask for fewer rows or shorter values (LIMIT, substr())."
        ) from error
    except sqlite3.Error as error:
        raise _explained(error, path, seconds) from error
    except sqlite3.Warning as error:
        raise QueryError(f"{error}. Give one statement at a time.") from error
    except (ValueError, OverflowError) as error:  # NUL or lone surrogates in the statement, numbers beyond 64 bits
        raise QueryError(f"the question cannot be put to SQLite: {error}.") from error


def need_timeline(conn: sqlite3.Connection) -> None:
    """Raise `DatabaseError` if an older Morgue made the database, and no writer of this version has opened it yet."""
    if conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'story_timeline'").fetchone() is None:
        path = getattr(conn, "path", "archive.db")
        raise DatabaseError(
            f"{path} was made by an older Morgue and does not tell who copied whom yet. `morgue ingest` brings it up to date."
        )


def need_opt_outs(conn: sqlite3.Connection) -> None:
    """Raise `DatabaseError` if an older Morgue made the database, and no writer of this version has opened it yet."""
    if conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'opted_out'").fetchone() is None:
        path = getattr(conn, "path", "archive.db")
        raise DatabaseError(
            f"{path} was made by an older Morgue and does not tell which pages opt out yet. `morgue ingest` brings it up to "
            "date."
        )


def _explained(error: sqlite3.Error, path: Path | str, seconds: float) -> QueryError | DatabaseError:
    text = str(error)
    lower = text.lower()
    name = getattr(error, "sqlite_errorname", "") or ""
    if lower == "interrupted":
        return QueryError(
            f"the query took longer than {seconds:g} seconds and was stopped. Narrow it (a WHERE, a LIMIT)."
        )
    if "too big" in lower or "out of memory" in lower or name.startswith("SQLITE_NOMEM"):
        return QueryError(
            f"the answer is too large ({text}). Ask for fewer rows or shorter values (LIMIT, substr(), length())."
        )
    if (
        "not authorized" in lower
        or "authorization denied" in lower
        or "prohibited" in lower
        or "readonly" in lower
        or "query_only" in lower
        or "may not be modified" in lower
    ):
        return QueryError(
            f"only questions are answered here: a statement that changes something is refused ({text}). "
            "Use SELECT; what people decide goes through `morgue` commands."
        )
    if "pattern too complex" in lower:
        return QueryError(
            f"a pattern of LIKE or GLOB has at most {PATTERN_LIMIT} bytes here. Write a shorter one, or ask for words: "
            "`morgue search`."
        )
    if "one statement" in lower:
        return QueryError("give one SQL statement at a time.")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_BUSY")):
        return database_error(error, path)
    return QueryError(f"SQL error: {text}. See `SELECT name, sql FROM sqlite_master` for the tables and their columns.")  # noqa: S608 - a message
