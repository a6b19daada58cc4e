"""`--executor` and `--archive-at`: the options of the commands that can have pages read on a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from archive.errors import UsageError
from archive.folder import ArchiveFolder

if TYPE_CHECKING:  # what it imports is heavy, and `morgue --help` is not
    from archive.executors import Cluster

executor_option = click.option(
    "--executor",
    metavar="dask:ADDRESS",
    help="Read pages on this Dask cluster (extra `scale`): dask:tcp://192.0.2.7:8786.",
)
at_option = click.option(
    "--archive-at",
    "archive_at",
    metavar="PLACE",
    help="With --executor: where the cluster's workers find this archive: a folder, or s3://bucket/my-archive.",
)


@contextmanager
def cluster_for(
    spec: str | None,
    folder: ArchiveFolder,
    *,
    jobs: int | None,
    reads_files: bool = False,
    archive_at: str | None = None,
) -> Iterator[Cluster | None]:
    """Connect to the cluster that a person named; None for none.

    `reads_files`: its workers read the archive's files themselves, so each must see them.

    Raises `UsageError`, `ClusterError`.
    """
    if spec is None:
        if archive_at is not None:
            raise UsageError(
                "--archive-at says where a cluster's workers find the archive, so it goes with --executor."
            )
        yield None
        return
    if jobs is not None:
        raise UsageError("--jobs counts processes of this machine; with --executor the cluster's workers do the work.")
    from archive.executors import open_cluster
    from archive.extract.pool import TIMEOUT
    from archive.reextract.work import batch_seconds

    sees = _some_file(folder, archive_at) if reads_files else None
    with open_cluster(spec, sees=sees, seconds=batch_seconds if reads_files else lambda _page: TIMEOUT) as cluster:
        yield cluster


def placed(archive_at: str | None) -> str | None:
    """Return the place as it is kept: without a slash at its end."""
    return archive_at.rstrip("/") or "/" if archive_at else None


def _some_file(folder: ArchiveFolder, archive_at: str | None) -> tuple[str, int | None] | None:
    """Return a file of the shelf as workers find it, and its size; a sealed one if there is any; None for an empty shelf."""
    from archive.warc import OPEN_SUFFIX, warc_files

    files = sorted(warc_files(folder.warc), key=lambda path: path.name.endswith(OPEN_SUFFIX))
    if not files:
        return None
    path = files[0]
    inner = path.relative_to(folder.warc).as_posix()
    there = str(path.absolute()) if archive_at is None else f"{placed(archive_at)}/{folder.warc.name}/{inner}"
    return there, None if path.name.endswith(OPEN_SUFFIX) else path.stat().st_size
