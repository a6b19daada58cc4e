"""A Dask cluster on this machine, started as docs/scaling.md starts one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from archive.errors import ClusterError
from archive.executors import open_cluster

_ROOT = Path(__file__).resolve().parents[1]
_START = 60.0  # seconds


class DaskCluster:
    """A scheduler, and workers that can be taken away."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.folder = folder
        self.spec = f"dask:tcp://127.0.0.1:{port}"
        self._address = self.spec.removeprefix("dask:")
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._run(
            "scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--no-dashboard",
            "--dashboard-address",
            "127.0.0.1:0",
        )

    def _run(self, what: str, *words: str) -> None:
        folder = self.folder / what
        folder.mkdir(exist_ok=True)
        environment = {**os.environ, "PYTHONPATH": str(_ROOT), "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
        with (folder / "log").open("ab") as log:
            self.running[what] = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "dask", what, *words],
                stdout=log, stderr=log, cwd=folder, env=environment, start_new_session=True,
            )  # fmt: skip

    def start_workers(self, number: int = 2) -> None:
        """Start workers under a nanny, and wait until they answer."""
        self._run("worker", self._address, "--nworkers", str(number), "--nthreads", "1", "--no-dashboard",
                  "--memory-limit", "1GiB", "--death-timeout", "30",
                  "--local-directory", str(self.folder / "worker"))  # fmt: skip
        end, why = time.monotonic() + _START, None
        while True:
            try:
                with open_cluster(self.spec) as cluster:
                    if cluster.jobs == number:
                        return
            except ClusterError as error:
                why = error
            if time.monotonic() > end:
                raise AssertionError(f"{why}\n" + (self.folder / "worker" / "log").read_text(encoding="utf-8")[-2000:])
            time.sleep(0.2)

    def stop(self, what: str) -> None:
        """Kill the workers with their nannies, or the scheduler."""
        process = self.running.pop(what)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop_all(self) -> None:
        """Kill all."""
        for what in list(self.running):
            self.stop(what)


@contextmanager
def dask_cluster(folder: Path) -> Iterator[DaskCluster]:
    """Start a scheduler; end it and its workers afterwards."""
    cluster = DaskCluster(folder)
    try:
        yield cluster
    finally:
        cluster.stop_all()
