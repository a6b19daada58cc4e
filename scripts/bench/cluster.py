#!/usr/bin/env python3
"""What a Dask cluster of two local workers is worth against one, and what its scheduler and the writer cost.

    MORGUE_CORPUS=DIR scripts/bench/cluster.py [ROUNDS [PAGES]]

Pages of the corpus's replay part are put into an archive and read once (untold). Then, in each round, all of them are read
again on a cluster of this machine with one worker and with two, by another version that reads the same. CPU is that of all
processes of a part, from /proc; start-up of the cluster is not counted, imports of its workers are done before.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from reextract import make, read_once  # noqa: E402 - the path comes first
from result import result  # noqa: E402

from archive.clock import SystemClock  # noqa: E402
from archive.executors import open_cluster  # noqa: E402
from archive.folder import ArchiveFolder  # noqa: E402
from archive.model import ExtractorId  # noqa: E402
from archive.reextract import Extractor, Wanted, reextract  # noqa: E402
from archive.reextract.main import Rules  # noqa: E402
from tests.dask_cluster import DaskCluster, dask_cluster  # noqa: E402

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_of(root: int) -> float:
    """Return the CPU seconds of a process and all below it, dead children that were waited for included."""
    parents: dict[int, int] = {}
    spent: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
            spent[int(entry.name)] = sum(map(int, fields[11:15])) / _TICK
    family, found = {root}, True
    while found:
        found = {pid for pid, parent in parents.items() if parent in family} - family
        family |= found
    return sum(spent.get(pid, 0.0) for pid in family)


def one(dask: DaskCluster, base: ArchiveFolder, place: Path, workers: int) -> dict[str, float]:
    """Read the archive again with so many workers."""
    dask.start_workers(workers)
    copy = ArchiveFolder(place / "copy")
    shutil.copytree(base.root, copy.root)
    with open_cluster(dask.spec, seconds=lambda _arguments: 600.0) as cluster:
        for future in [cluster.executor.submit(time.sleep, 2) for _ in range(workers)]:
            future.result()  # their processes are there now
        parts = {name: cpu_of(process.pid) for name, process in dask.running.items()}
        mine, begun = time.process_time(), time.monotonic()
        walls = {}
        for step, rules in (("reading", Rules(promote=False)), ("all", Rules())):
            extractor = Extractor(identity=ExtractorId(name="morgue", version="again", config=""))
            done = reextract(
                copy, Wanted(), rules, clock=SystemClock(), extractor=extractor,
                jobs=cluster.jobs, executor=cluster.executor,
            )  # fmt: skip
            walls[step] = time.monotonic() - begun
            if step == "reading":
                pages = done.done.captures
        writer = time.process_time() - mine
        spent = {name: cpu_of(process.pid) - parts[name] for name, process in dask.running.items()}
    dask.stop("worker")
    shutil.rmtree(copy.root)
    return {
        "pages": pages, "wall, reading": walls["reading"], "wall, all": walls["all"],
        "writer CPU": writer, "scheduler CPU": spent["scheduler"], "workers CPU": spent["worker"],
    }  # fmt: skip


def main() -> None:
    """Run it."""
    if not os.environ.get("MORGUE_CORPUS"):
        print("MORGUE_CORPUS is not set: this bench needs the corpus of real pages")
        return
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    most = int(sys.argv[2]) if len(sys.argv) > 2 else 600
    gains: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        base = ArchiveFolder(Path(name) / "base")
        print(f"{make(Path(os.environ['MORGUE_CORPUS']), base, Path(name) / 'pages', most):,} pages", flush=True)
        read_once(base)
        (Path(name) / "dask").mkdir()
        with dask_cluster(Path(name) / "dask") as dask:
            for number in range(rounds):
                found = {workers: one(dask, base, Path(name), workers) for workers in (1, 2)}
                for workers, figures in found.items():
                    told = ", ".join(f"{what} {value:.1f}" for what, value in figures.items() if what != "pages")
                    print(f"round {number}, {workers} worker(s), {figures['pages']:.0f} pages: {told}", flush=True)
                    for what in ("writer CPU", "scheduler CPU", "workers CPU"):
                        each = figures[what] / figures["pages"] * 1000
                        gains.setdefault(f"{what}, ms a page, {workers} worker(s)", []).append(each)
                for what in ("wall, reading", "wall, all"):
                    gains.setdefault(f"{what}: one worker's / two workers'", []).append(found[1][what] / found[2][what])
    for what, values in gains.items():
        print(f"{what}: {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"writer: {peak:.0f} MiB at most")
    result({what: statistics.median(values) for what, values in gains.items()})


if __name__ == "__main__":
    main()
