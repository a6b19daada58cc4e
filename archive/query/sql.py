"""SQL that people and programs send: read-only, with limits."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from archive.errors import QueryError
from archive.query.reader import VALUE_LIMIT, Reader, answering
from archive.query.watch import watching


@dataclass(frozen=True, slots=True)
class SqlResult:
    """The answer to a statement. `truncated`: there were more rows than asked for."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    truncated: bool


def run_sql(
    conn: sqlite3.Connection,
    sql: str,
    parameters: Sequence[object] | Mapping[str, object] = (),
    *,
    limit: int | None = 10_000,
    max_bytes: int = 2 * VALUE_LIMIT,
) -> SqlResult:
    """Answer one SQL statement that reads.

    `conn`: from `open_reader`, whose time and memory limits hold. `limit`: rows returned (None: no limit); `max_bytes`:
    of all values together. Text that is not UTF-8 comes with replacement characters.

    Raises `QueryError` for a statement that writes, is wrong, takes too long or answers with too much.
    """
    if not sql.strip():
        raise QueryError("there is no SQL. Write a statement like: SELECT count(*) FROM articles")
    factory = conn.text_factory
    conn.text_factory = _decode
    rows: list[tuple[object, ...]] = []
    used = 0
    truncated = False
    try:
        with answering(conn), watching(conn) if isinstance(conn, Reader) else nullcontext():
            cursor = conn.execute(sql, parameters)
            columns = tuple(column[0] for column in cursor.description or ())
            for row in cursor:
                if limit is not None and len(rows) >= limit:
                    truncated = True
                    break
                used += sum(len(value) if isinstance(value, str | bytes) else 8 for value in row) + 56
                if used > max_bytes:
                    raise QueryError(
                        f"the answer has more than {max_bytes // 2**20} MiB. Ask for fewer rows or columns "
                        "(LIMIT, substr()), or ask in several steps (OFFSET)."
                    )
                rows.append(row)
            cursor.close()
    finally:
        conn.text_factory = factory
    if not columns:
        raise QueryError("that statement answers nothing. Write one that does, like SELECT.")
    return SqlResult(columns, tuple(rows), truncated)


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "replace")
