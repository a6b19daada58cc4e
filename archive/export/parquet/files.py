"""Parquet files, written with pyarrow: each appears whole, and tells in its footer what it was made of."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from archive.errors import MorgueError
from archive.export.parquet.tables import CHANGE, FORMAT, LONG, TABLES
from archive.warc.tail import sync_folder

PART = ".part"  # at the end of a name: not finished
ROW_GROUP = 20_000  # rows at most
ROW_GROUP_BYTES = 16 * 2**20  # characters of text, roughly, after which a row group ends: what is held in memory
_FINGERPRINT, _FORMAT = "morgue.fingerprint", "morgue.format"
_LISTS = ("authors.list.element", "keywords.list.element")  # the same names again and again
_LEVEL = 6  # of zstd; see docs/benchmarks.md


class ParquetFiles:
    """Writes and recognises the files of an export. Raises `MorgueError` where pyarrow is not installed."""

    def __init__(self) -> None:
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ImportError:
            raise MorgueError(
                "Parquet files need pyarrow, which is not installed, and nothing was written. Type: "
                "pip install 'newsmorgue[scale]'"
            ) from None
        self._arrow: Any = pa
        self._parquet: Any = parquet
        self._schemas = {table: self._schema(columns) for table, columns in TABLES.items()}

    def known(self, path: Path) -> tuple[str, int] | None:
        """Return the fingerprint of a file of ours; with it its bytes. None: there is none, or it cannot be read."""
        try:
            with path.open("rb") as file:
                said = self._parquet.read_metadata(file).metadata or {}
                size = os.fstat(file.fileno()).st_size
        except (OSError, ValueError):  # pyarrow's errors are one of these
            return None
        return said.get(_FINGERPRINT.encode(), b"").decode("ascii", "replace"), size

    def write(self, path: Path, table: str, rows: Iterable[dict[str, Any]], fingerprint: str) -> int:
        """Write a table's rows to `path`, durable before it gets that name; return its bytes. Raises `OSError`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + PART)
        schema = self._schemas[table]
        short = [name for name, kind in TABLES[table] if name not in LONG and not kind.startswith("list")]
        try:
            with part.open("wb") as file:
                with self._parquet.ParquetWriter(
                    file,
                    schema,
                    store_schema=False,  # every reader knows these types by themselves; each file would be 3 KB longer
                    compression="zstd",
                    compression_level=_LEVEL,
                    use_dictionary=[*short, *_LISTS],
                    write_statistics=short,
                ) as writer:
                    writer.add_key_value_metadata({_FORMAT: FORMAT, _FINGERPRINT: fingerprint})
                    for group in _groups(rows):
                        writer.write_table(
                            self._arrow.Table.from_pylist(group, schema=schema), row_group_size=ROW_GROUP
                        )
                file.flush()
                os.fsync(file.fileno())
                size = os.fstat(file.fileno()).st_size
        except BaseException:
            part.unlink(missing_ok=True)  # a full disk: what cannot be finished is in the way
            raise
        part.replace(path)
        sync_folder(path.parent)
        return size

    def schema(self, table: str) -> Any:
        """Return a table's `pyarrow.Schema`."""
        return self._schemas[table]

    def _schema(self, columns: Iterable[tuple[str, str]]) -> Any:
        arrow = self._arrow
        change = arrow.struct([(name, getattr(arrow, kind)()) for name, kind in CHANGE])
        kinds = {
            "string": arrow.string(),
            "int64": arrow.int64(),
            "double": arrow.float64(),
            "bool": arrow.bool_(),
            "timestamp": arrow.timestamp("us", tz="UTC"),
            "list<string>": arrow.list_(arrow.string()),
            "list<change>": arrow.list_(change),
        }
        return arrow.schema([(name, kinds[kind]) for name, kind in columns])


def _groups(rows: Iterable[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    """Give rows in groups that fit into memory."""
    group: list[dict[str, Any]] = []
    held = 0
    for row in rows:
        group.append(row)
        held += len(row.get("text") or "")
        if len(group) >= ROW_GROUP or held >= ROW_GROUP_BYTES:
            yield group
            group, held = [], 0
    if group:
        yield group
