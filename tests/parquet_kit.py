"""An archive for the tests of `morgue export parquet`, and what an export holds."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from archive.export.choose import Choice
from archive.export.parquet import Exported, ParquetFiles, export_parquet
from archive.folder import ArchiveFolder
from archive.query import Filters, open_reader
from archive.store import Store
from tests.store_helpers import article, new_store, put, snapshot, text_of

DAY = 24 * 60  # minutes; the archive begins on 2026-05-01
A, B, C, D = (f"https://{host}.example/2026/a-b" for host in "abcd")


def small_archive(root: Path) -> Store:
    """Make an archive of four articles: of `paper` in May and June, a copy of the first by no source, one of `bote` in May."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "sources.toml").touch()
    store = new_store(root / "archive.db")
    see(store, A, 0, "x", published="2026-04-30T23:00:00-02:00", authors=("Ada Author", "Ben Writer"))
    see(store, B, 10, "x", source=None, published="2026-05-01T03:00:00Z")
    see(store, C, 20, "y", source="bote", published="2026-05-01")
    see(store, D, 40 * DAY, "z")
    return store


def see(
    store: Store,
    url: str,
    minute: float,
    seed: str,
    *,
    source: str | None = "paper",
    title: str = "A title",
    **facts: Any,
):
    """Capture a page that reads like this."""
    with store.transaction():
        return put(store, snapshot(url, minute, source=source), article(text_of(seed), title, **facts))


def export(
    root: Path,
    out: Path,
    *,
    files: ParquetFiles | None = None,
    tell: Callable[[int, float], None] = lambda _done, _share: None,
    opted_out: bool = False,
    words: str = "",
    **filters: Any,
) -> Exported:
    """Export, as the command does."""
    choice = Choice(words=words, filters=Filters(**filters), include_opted_out=opted_out)
    with closing(open_reader(root / "archive.db", time_limit=math.inf)) as reader:
        return export_parquet(reader, choice, out, files or ParquetFiles(), ArchiveFolder(root), tell=tell)


def table(out: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of a table, with the values of their partitions, as pyarrow reads them."""
    import pyarrow as pa
    from pyarrow import dataset

    keys = pa.schema([(key, pa.string()) for key in ("month", "source")[: 1 if name == "stories" else 2]])
    if not (out / name).is_dir():
        return []
    found = dataset.dataset(out / name, partitioning=dataset.partitioning(keys, flavor="hive"), format="parquet")
    rows: list[dict[str, Any]] = found.to_table().to_pylist()
    return rows


def tree(out: Path) -> dict[str, bytes]:
    """Return every Parquet file below a folder, and whatever else lies in the folders of tables."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.parent != out
    }


def identities(out: Path) -> dict[str, tuple[int, int]]:
    """Return what changes of a file when it is written, even with the same bytes."""
    return {name: ((out / name).stat().st_ino, (out / name).stat().st_mtime_ns) for name in tree(out)}


if __name__ == "__main__":  # a run that is killed at the Nth call of os.NAME: ROOT OUT NAME N
    import os
    import signal

    root, out, name, number = sys.argv[1:]
    real, left = getattr(os, name), [int(number)]

    def dying(*words: Any, **options: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*words, **options)

    setattr(os, name, dying)
    export(Path(root), Path(out))
    sys.stdout.write("alive")
