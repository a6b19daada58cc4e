"""The ingest process beside a crawl: started, listened to, started once more if it dies, and ended within the budget."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from contextlib import AbstractContextManager
from types import TracebackType

from archive.errors import MorgueError
from archive.folder import ArchiveFolder
from archive.warc import shelf_name, warc_files
from crawler.floor import ingested_floor
from crawler.report import RunReport

_LEAST_FINISH_SECONDS = 1.0
_KILL_AFTER = 30.0  # seconds beyond its own deadline: one batch, one page's time limit


class IngestBeside(AbstractContextManager["IngestBeside"]):
    """Runs `archive.follow` while the crawl runs. Its counts go into `report.ingest`.

    `finish_by`: monotonic time at which it must have ended (None: when it is done). `died` is true if it had to be given
    up; `locked_by` names who else writes archive.db: then the pages wait for that one's end, and the crawl goes on.
    """

    def __init__(self, folder: ArchiveFolder, report: RunReport, *, finish_by: float | None, jobs: int | None) -> None:
        self._folder = folder
        self._report = report
        self._finish_by = finish_by
        self._jobs = jobs
        self._process: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None
        self._starts = 0
        self._ending = threading.Event()
        self._totals: dict[str, object] = {}
        self.died = False
        self.locked_by: str | None = None
        self.why: str | None = None

    def __enter__(self) -> IngestBeside:
        self._thread = threading.Thread(target=self._keep_running, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        left = None if self._finish_by is None else max(self._finish_by - time.monotonic(), _LEAST_FINISH_SECONDS)
        process = self._process
        if process is not None and process.poll() is None:
            self._send(process, "stop" if kind is not None else f"finish {'inf' if left is None else left}")
        if self._thread is not None:
            self._thread.join(None if left is None else left + _KILL_AFTER)
            if self._thread.is_alive() and self._process is not None:
                self._process.kill()
                self._thread.join(_KILL_AFTER)
        if self.locked_by is not None:
            self._report.waits_for_ingest = self._count_unread()

    def _count_unread(self) -> int:
        """Return how many files of the shelf have more than archive.db holds."""
        floor, shelf = ingested_floor(self._folder.archive_db), self._folder.warc
        try:
            return sum(path.stat().st_size > floor(shelf_name(path, shelf)) for path in warc_files(shelf))
        except (OSError, MorgueError):
            return 1  # one at least: what this run has fetched

    @staticmethod
    def _send(process: subprocess.Popen[str], order: str) -> None:
        if process.stdin is None:
            return
        try:
            process.stdin.write(order + "\n")
            process.stdin.flush()
        except (BrokenPipeError, ValueError):
            pass  # it has just died; the listener sees it

    def _keep_running(self) -> None:
        while True:
            code = self._run_once()
            if code == 0 or self.locked_by is not None:
                return
            if self._starts >= 2:  # noqa: PLR2004 - restarted once
                self.died = True
                return

    def _run_once(self) -> int:
        self._starts += 1
        command = [sys.executable, "-m", "archive.follow", str(self._folder.root)]
        if self._jobs is not None:
            command += ["--jobs", str(self._jobs)]
        before = dict(self._totals)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own module
            self._process = process
            if self._ending.is_set():
                self._send(process, "finish inf" if self._finish_by is None else "finish 5")
            for line in process.stdout or ():
                self._hear(line, before)
        return process.returncode

    def _hear(self, line: str, before: dict[str, object]) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return
        match said.pop("event", None):
            case "locked":
                self.locked_by = str(said.get("holder"))
            case "failed":
                self.why = str(said.get("why"))
            case "progress" | "end":
                self._report.waits_for_ingest = int(said.pop("waits", self._report.waits_for_ingest))
                self._totals = _sum(before, said)
                self._report.ingest = self._totals


def _sum(one: dict[str, object], other: dict[str, object]) -> dict[str, object]:
    """Add the counts of a process that died to those of its successor."""
    out = dict(one)
    for name, value in other.items():
        mine = out.get(name)
        if isinstance(value, int) and isinstance(mine, int):
            out[name] = mine + value
        elif isinstance(value, dict) and isinstance(mine, dict):
            out[name] = _sum(mine, value)
        elif isinstance(value, list) and isinstance(mine, list):
            out[name] = mine + value
        else:
            out[name] = value
    return out
