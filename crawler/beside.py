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

_LEAST_SECONDS = 1.0  # to read what is left, however late it is
_AFTER_SIGNAL = 2.0  # the same, when somebody waits for our end
_KILL_AFTER = (
    3.0  # seconds beyond its deadline, for the batch that it is in: a kill loses nothing, it is read again then
)
_LOOK = 0.5  # seconds
# Not `-m archive.follow`: what a process was started with is loaded by each of its workers too, and these need nothing of it.
_FOLLOW = (sys.executable, "-c", "import sys; from archive.follow import main; sys.exit(main(sys.argv[1:]))")


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
        self._order: str | None = None  # the last one given; set when the crawl is over
        self._late = False  # it was killed because its time was over
        self._soon = False
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
        if kind is not None:
            self._soon = True
        self._end()
        while self._thread is not None and self._thread.is_alive():
            left = float("inf") if self._finish_by is None else self._finish_by + _KILL_AFTER - time.monotonic()
            if left <= 0:
                self._late = True
                if self._process is not None:
                    self._process.kill()
                self._thread.join(_KILL_AFTER)
                break
            self._thread.join(min(left, _LOOK))
        if self.died:
            self._report.ingest_failed = self.why or "it ended without a word"
        if self.locked_by is not None:
            self._report.waits_for_ingest = self._count_unread()

    def end_soon(self, _why: str) -> None:
        """End within seconds: now, if the crawl is over, else when it is. May be called from a signal handler."""
        self._soon = True
        if self._order is not None:
            self._end()

    def _end(self) -> None:
        """Tell the process how long it may still read."""
        now = time.monotonic()
        if self._soon:
            self._finish_by = min(now + _AFTER_SIGNAL, self._finish_by or float("inf"))
        if self._finish_by is not None:
            self._finish_by = max(self._finish_by, now + _LEAST_SECONDS)
        self._order = f"finish {'inf' if self._finish_by is None else self._finish_by - now}"
        process = self._process
        if process is not None and process.poll() is None:
            self._send(process, self._order)

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
        except (OSError, ValueError):
            pass  # it has just died; the listener sees it

    def _keep_running(self) -> None:
        while True:
            try:
                code = self._run_once()
            except OSError as error:  # no memory or no handle for another process
                self.why, code = f"it cannot be started: {error}", 1
            if code == 0 or self.locked_by is not None or self._late:
                return
            if self._starts >= 2:  # noqa: PLR2004 - restarted once
                self.died = True
                return

    def _run_once(self) -> int:
        self._starts += 1
        command = [*_FOLLOW, str(self._folder.root)]
        if self._jobs is not None:
            command += ["--jobs", str(self._jobs)]
        before = dict(self._totals)
        with subprocess.Popen(  # noqa: S603 - our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,  # a Ctrl-C on the terminal is for the crawl, which then says when this is to end
        ) as process:
            self._process = process
            if self._order is not None:
                self._send(process, self._order)
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
