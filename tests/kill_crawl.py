"""Kill -9 in the middle of crawls, rebuilds and restories, and what must hold at once and in the end.

The short form is tests/test_kill.py, the long one scripts/check-long.d/crawl-kill.py.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from kill_checks import Contents, Done, Shelf, assert_same, check_archive, check_frontier
from kill_web import Web

from archive.folder import ArchiveFolder

ROOT = Path(__file__).resolve().parents[1]
CONCURRENCY = 16
BATCH = 64  # exchanges that share one commit: crawler.capture.MAX_BATCH
ORPHAN_SECONDS = 30.0  # a batch of ingest (2 s) and the page it waits for, on a machine that has more to do
PATIENCE = 60.0
_MARK = "KILL_CRAWL_MARK"  # in the environment of what we start, so that we find its children's children


# An archive, and processes working on it


def environment(mark: str) -> dict[str, str]:
    """Return an environment in which `morgue` runs from this tree."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MORGUE_") and not k.lower().endswith("_proxy")}
    return kept | {"PYTHONPATH": str(ROOT), _MARK: mark}


def alive(mark: str) -> dict[int, str]:
    """Return the processes that carry a mark in their environment, with their command lines."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if f"{_MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


@dataclass(slots=True)
class Archive:
    """One archive of a web, and the commands that run on it. Each has a process group of its own."""

    folder: ArchiveFolder
    web: Web
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    requests: int = 0  # that its one crawl made

    def make(self) -> Archive:
        """Make the folder."""
        assert self.run("init") == 0
        self.folder.sources.write_text(self.web.sources, encoding="utf-8")
        return self

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command; what it says goes into `log` in the folder."""
        code = "from crawler.cli import main; main()"
        self.folder.root.mkdir(parents=True, exist_ok=True)
        with (self.folder.root / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", code, "-a", str(self.folder.root), *words],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=environment(self.mark),
                start_new_session=True,
            )

    def run(self, *words: str, timeout: float = 600) -> int:
        """Run a command to its end; return its exit code."""
        return self.start(*words).wait(timeout)

    def crawl(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a crawl."""
        return self.start("crawl", *self.web.options, "--concurrency", str(CONCURRENCY), *words)

    def workers(self) -> list[int]:
        """Return the processes that extract."""
        return [pid for pid, command in alive(self.mark).items() if "spawn_main" in command]

    def ingest_process(self) -> int | None:
        """Return the process that reads beside a crawl."""
        return next((pid for pid, command in alive(self.mark).items() if "archive.follow" in command), None)

    def follow(self) -> subprocess.Popen[str]:
        """Start what a crawl starts beside it; standard input and output are the caller's."""
        return subprocess.Popen(
            [sys.executable, "-m", "archive.follow", str(self.folder.root), "--jobs", "1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(self.mark),
            text=True,
        )

    def all_gone(self, seconds: float = ORPHAN_SECONDS) -> float:
        """Wait until no process works on the archive; return how long that took. Fails after `seconds`."""
        begin = time.monotonic()
        while left := alive(self.mark):
            assert time.monotonic() - begin < seconds, f"still there: {left}"
            time.sleep(0.05)
        return time.monotonic() - begin


# Killing


@dataclass(slots=True)
class Figures:
    """What a loop of kills saw."""

    seed: int
    undisturbed: int = 0  # requests
    requests: int = 0
    articles: int = 0
    kills: Counter[str] = field(default_factory=Counter)  # moment/target -> times
    extra: list[int] = field(default_factory=list)  # fetched, but not done, by each killed crawl
    twice_on_shelf: int = 0  # captures of a URL beyond those of the undisturbed crawl
    longest_orphan: float = 0.0  # seconds
    missed: int = 0  # processes that ended before their kill

    def __str__(self) -> str:
        """Return them in a few lines."""
        kinds = ", ".join(f"{n} {name}" for name, n in sorted(self.kills.items()))
        return (
            f"seed {self.seed}: {self.kills.total()} kills ({kinds}; {self.missed} came too late)\n"
            f"  {self.articles} articles; {self.requests} requests, {self.undisturbed} without kills\n"
            f"  fetched again after each kill of a crawl: {self.extra} (limit {BATCH + CONCURRENCY})\n"
            f"  captures twice on the shelf: {self.twice_on_shelf}; ingest outlived its crawl by at most "
            f"{self.longest_orphan:.1f} s"
        )


def changes(path: Path) -> Callable[[], bool]:
    """Return a function that tells whether a file has changed since."""

    def look() -> tuple[int, int]:
        try:
            stat = path.stat()
        except FileNotFoundError:
            return 0, 0
        return stat.st_mtime_ns, stat.st_size

    before = look()
    return lambda: look() != before


def wait_until(process: subprocess.Popen[bytes], condition: Callable[[], bool], pause: float = 0.002) -> None:
    """Wait for a condition or the process's end."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None and not condition() and time.monotonic() < end:
        time.sleep(pause)


class Killer:
    """Kills an archive's processes at random moments and keeps the books."""

    MOMENTS = ("start", "fetch", "fetch", "commit", "commit", "ingest", "ingest", "end", "end", "rebuild", "restory")
    TARGETS = ("group", "crawler", "crawler", "both", "ingest", "worker")

    def __init__(self, archive: Archive, *, seed: int, kills: int, per_run: int) -> None:
        self.archive = archive
        self.figures = Figures(seed)
        self._random = random.Random(seed)
        self._per_run = per_run  # requests that a run may make before its kill
        self._first = len(archive.web.requests())  # what came before was for another archive
        self._settled: dict[tuple[str, str], tuple[int, int, float | None]] = {}  # asked for, fetches, next time
        moments = list(self.MOMENTS) * (kills // len(self.MOMENTS) + 1)
        self._random.shuffle(moments)
        self.moments = moments[:kills]

    def kill(self, moment: str) -> None:
        """Start something, kill it at such a moment, and check what must hold at once."""
        archive = self.archive
        if moment in ("rebuild", "restory"):
            archive.all_gone()  # what an earlier kill left holds the lock for a moment
            process = archive.start(moment)
            self._await_command(process, moment)
            self._end(process, moment, "group")
        else:
            before, done = len(archive.web.requests()), check_frontier(archive.folder).fetches
            pages = ("--max-pages", str(max(2, self._per_run // 2))) if moment == "end" else ()
            process = archive.crawl(*pages)
            self._await_crawl(process, moment, before)
            self._end(process, moment, self._random.choice(self.TARGETS))
            time.sleep(0.2)  # the server's log
            after = check_frontier(archive.folder)
            self._count(before, done, after)
        if self._random.random() < 0.5 or moment in ("rebuild", "restory"):
            self.figures.longest_orphan = max(self.figures.longest_orphan, archive.all_gone())
            check_archive(archive.folder)
        # else the next crawl meets the ingest process that the last one left behind

    def _await_command(self, process: subprocess.Popen[bytes], command: str) -> None:
        folder = self.archive.folder
        path = folder.archive_db.with_name("archive.db.rebuild" if command == "rebuild" else "archive.db-wal")
        wait_until(process, changes(path))
        if command == "rebuild" and self._random.random() < 0.3:  # at the swap
            wait_until(process, lambda: not path.exists())
            time.sleep(self._random.uniform(0, 0.01))
        else:
            time.sleep(self._random.uniform(0, 3.0 if command == "rebuild" else 0.3))

    def _await_crawl(self, process: subprocess.Popen[bytes], moment: str, before: int) -> None:
        folder, rng = self.archive.folder, self._random
        if moment == "start":
            time.sleep(rng.uniform(0, 2.5))
            return
        if moment == "end":
            reports = len(list(folder.reports.glob("*.json")))
            wait_until(process, lambda: len(list(folder.reports.glob("*.json"))) > reports)
            time.sleep(rng.uniform(0, 0.8))
            return
        wanted = before + rng.randint(1, self._per_run)
        wait_until(process, lambda: len(self.archive.web.requests()) >= wanted, pause=0.05)
        if moment == "commit":
            wait_until(process, changes(folder.crawl_db.with_name("crawl.db-wal")), pause=0.0005)
            wait_until(process, changes(folder.crawl_db.with_name("crawl.db-wal")), pause=0.0005)
            time.sleep(rng.uniform(0, 0.02))
        elif moment == "ingest":
            wait_until(process, changes(folder.archive_db.with_name("archive.db-wal")))
            time.sleep(rng.choice((rng.uniform(0, 0.01), rng.uniform(0, 2.0))))
        else:
            time.sleep(rng.uniform(0, 0.3))

    def _end(self, process: subprocess.Popen[bytes], moment: str, target: str) -> None:
        if process.poll() is not None:
            self.figures.missed += 1
            return
        self.figures.kills[f"{moment}/{target}"] += 1
        if target == "group":
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return
        ingest = self.archive.ingest_process()
        if target in ("ingest", "both") and ingest is not None:
            with suppress(ProcessLookupError):
                os.kill(ingest, signal.SIGKILL)
        if target == "worker":  # one of the processes that extract: its page is read by another
            for pid in self.archive.workers()[:1]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(self._random.uniform(0, 3.0))
        if target == "ingest":  # the crawl goes on for a while, with another one
            wait_until(process, lambda: self.archive.ingest_process() not in (None, ingest))
            time.sleep(self._random.uniform(0, 2.0))
        process.kill()
        process.wait()

    def _count(self, before: int, done: int, after: Done) -> None:
        asked = self.archive.web.requests()
        extra = len(asked) - before - (after.fetches - done)
        self.figures.extra.append(extra)
        assert 0 <= extra <= BATCH + CONCURRENCY, f"{extra} exchanges were lost by one kill"
        counts = Counter(asked[self._first :])
        for (url, role), (fetches, next_at) in after.settled.items():
            self._settled.setdefault((url, role), (counts[url], fetches, next_at))

    def check_settled(self, done: Done) -> None:
        """Check that nothing was asked again after its lease was done, but what had become due since."""
        counts = Counter(self.archive.web.requests()[self._first :])
        rows = Counter(url for url, _ in done.settled)
        now = time.time()
        again = [
            (url, role)
            for (url, role), (count, fetches, next_at) in self._settled.items()
            if (next_at is None or next_at > now)
            # A front page may be linked as a page, too, and is then asked for in both its roles.
            and (done.settled[url, role][0] != fetches or (rows[url] == 1 and counts[url] != count))
        ]
        assert not again, f"asked again although done: {again[:10]}"


def crawled(web: Web, folder: Path) -> Archive:
    """Return the archive of a crawl that nobody disturbed."""
    archive = Archive(ArchiveFolder(folder / "calm"), web).make()
    before = len(web.requests())
    assert archive.crawl().wait(900) == 0
    archive.all_gone()
    archive.requests = len(web.requests()) - before
    learn_from_all(archive)
    return archive


def learn_from_all(archive: Archive) -> None:
    """Learn from what there is now: a crawl that was ended more often has learned at other times, from fewer pages."""
    assert archive.run("learn", "--all-captures", "--force") == 0


def loop(web: Web, folder: Path, *, calm: Archive, kills: int, seed: int, moments: tuple[str, ...] = ()) -> Figures:
    """Crawl with kills what `calm` crawled without, and compare. `moments`: these instead of random ones."""
    expected, shelf = Contents.of(calm.folder), Shelf.of(calm.folder)
    assert expected.articles
    archive = Archive(ArchiveFolder(folder / "killed"), web).make()
    killer = Killer(archive, seed=seed, kills=kills, per_run=max(2, calm.requests // (kills + 2)))
    first = len(web.requests())
    for moment in moments or killer.moments:
        killer.kill(moment)
    assert archive.crawl().wait(900) == 0  # … and this one to its end
    archive.all_gone()
    killer.check_settled(check_frontier(archive.folder))
    check_archive(archive.folder)
    learn_from_all(archive)
    found = Contents.of(archive.folder)
    assert_same(expected, found)

    figures = killer.figures
    figures.undisturbed, figures.requests = calm.requests, len(web.requests()) - first
    figures.articles = len(found.articles)
    # Not all URLs: a link is judged by what is known of its site's articles by then, so that addresses which lead nowhere
    # are asked for after one course of events and not after another.
    mine = Shelf.of(archive.folder).there
    assert mine.keys() == shelf.there.keys(), sorted(mine.keys() ^ shelf.there.keys())[:10]
    figures.twice_on_shelf = mine.total() - shelf.there.total()
    assert figures.twice_on_shelf <= sum(figures.extra)

    assert archive.run("restory") == 0
    again = Contents.of(archive.folder)
    assert_same(found, again)
    assert archive.run("rebuild") == 0
    rebuilt = Contents.of(archive.folder)
    assert_same(found, rebuilt)
    assert again.exactly == rebuilt.exactly
    check_archive(archive.folder)
    return figures
