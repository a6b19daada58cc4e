"""Kill -9 in the middle of crawls, rebuilds and restories, and what must hold at once and in the end.

The short form is tests/test_kill.py, the long one scripts/check-long.d/crawl-kill.py.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from replay import big_hosts, replay_server, sources_toml

from archive.folder import ArchiveFolder
from archive.model import Snapshot
from archive.warc import complete_length, find_warc, read_records, shelf_name, warc_files

ROOT = Path(__file__).resolve().parents[1]
CONCURRENCY = 16
BATCH = 64  # exchanges that share one commit: crawler.capture.MAX_BATCH
ORPHAN_SECONDS = 30.0  # a batch of ingest (2 s) and the page it waits for, on a machine that has more to do
PATIENCE = 60.0
_OK = 200
_REDIRECTS = (301, 302, 303, 307, 308)
_MARK = "KILL_CRAWL_MARK"  # in the environment of what we start, so that we find its children's children


# What is crawled


@dataclass(frozen=True, slots=True)
class Web:
    """Sites to crawl, served by a process that no kill reaches."""

    sources: str  # sources.toml
    options: tuple[str, ...]  # of `morgue crawl`
    requests: Callable[[], list[str]]  # the URLs asked for so far, in order


@contextmanager
def own_web(latency: float) -> Iterator[Web]:
    """Serve two of the project's own papers: enough for a few seconds of crawling, and without a Crawl-delay."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.site", "--latency", str(latency), "--until-stdin-closes"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            told = json.loads(server.stdout.readline())
            sites: dict[str, str] = {name: url for name, url in told["sites"].items() if name in ("bote", "sada")}

            def requests() -> list[str]:
                opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                with opener.open(f"{told['control']}log", timeout=20) as answer:
                    return [sites[e["site"]].rstrip("/") + e["path"] for e in json.load(answer) if e["site"] in sites]

            entries = [f'[[source]]\nname = "{name}"\nurl = "{url}"\ndelay = 0\n' for name, url in sites.items()]
            yield Web("\n".join(entries), ("--allow-private", "--jobs", "1"), requests)
        finally:
            server.terminate()


@contextmanager
def corpus_web(corpus: Path, folder: Path, *, hosts: int, latency: float) -> Iterator[Web]:
    """Serve real pages of the hosts that have most of them."""
    counts = big_hosts(corpus)
    chosen = sorted(counts, key=lambda host: (-counts[host], host))[:hosts]
    options = ("--scheme", "http", "--robots", "open", "--no-tls", "--latency", str(latency))
    with replay_server(corpus, folder, *options) as server:

        def requests() -> list[str]:
            return [f"http://{entry['host']}{entry['target']}" for entry in server.requests()]

        yield Web(sources_toml(chosen), ("--proxy", server.proxy), requests)


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


# What must hold at once


@contextmanager
def copied(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a copy of a database as a kill left it, so that the next run finds the files untouched."""
    folder = path.with_name(f"copy-{path.name}")
    folder.mkdir()
    try:
        for suffix in ("", "-wal"):
            with suppress(FileNotFoundError):
                shutil.copyfile(path.with_name(path.name + suffix), folder / (path.name + suffix))
        with closing(sqlite3.connect(folder / path.name)) as conn:
            yield conn
    finally:
        shutil.rmtree(folder)


@dataclass(slots=True)
class Shelf:
    """The whole captures on the shelf."""

    at: set[tuple[str, datetime]] = field(default_factory=set)
    urls: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)  # of those the ones that gave a page
    lengths: dict[str, int] = field(default_factory=dict)  # file -> where its whole records end

    @classmethod
    def of(cls, folder: ArchiveFolder) -> Shelf:
        """Read it; a broken record is a failure."""
        shelf = cls()
        for path in warc_files(folder.warc):
            broken: list[object] = []
            name = shelf_name(path, folder.warc)
            shelf.lengths[name] = complete_length(path)
            for item in read_records(path, name=name, on_broken=broken.append):
                if isinstance(item, Snapshot):
                    shelf.at.add((item.url, item.captured_at))
                    shelf.urls[item.url] += 1
                    if item.status == _OK:
                        shelf.there[item.url] += 1
            assert not broken, broken
        return shelf


@dataclass(slots=True)
class Done:
    """What crawl.db says is done."""

    fetches: int = 0
    # (URL, role) -> fetches, and when it may be asked again
    settled: dict[tuple[str, str], tuple[int, float | None]] = field(default_factory=dict)


def check_frontier(folder: ArchiveFolder) -> Done:
    """Check crawl.db and the shelf behind it; return what is done."""
    done = Done()
    if not folder.crawl_db.exists():
        return done
    shelf = Shelf.of(folder)
    with copied(folder.crawl_db) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if not conn.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'urls'").fetchone()[0]:
            return done
        for name, length in conn.execute("SELECT name, length FROM warcs"):
            assert find_warc(folder.warc, name).stat().st_size >= length, f"{name}: less than what was durable"
            assert shelf.lengths[name] >= length, f"{name}: a broken record in what was durable"
        rows = conn.execute(
            "SELECT url, role, state, next_at, fetches, status, captured_at, captured_url FROM urls WHERE fetches > 0"
        ).fetchall()
    for url, role, state, next_at, fetches, status, captured_at, captured_url in rows:
        done.fetches += fetches if status is not None else 0  # what no answer came to, the server did not see
        if captured_at is not None:
            assert (captured_url, datetime.fromisoformat(captured_at)) in shelf.at, f"done, but not kept: {url}"
        if status is not None and status not in _REDIRECTS:
            assert url in shelf.urls, f"done, but not kept: {url}"
        if state != 1:
            done.settled[url, role] = fetches, next_at
    return done


def check_archive(folder: ArchiveFolder) -> None:
    """Check archive.db and that it is not ahead of the shelf. Nothing may be writing it."""
    shelf = Shelf.of(folder)
    with copied(folder.archive_db) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
        conn.execute("INSERT INTO articles_fts(articles_fts, rank) VALUES('integrity-check', 1)")
        for name, upto in conn.execute("SELECT name, ingested_to FROM warcs"):
            assert upto <= shelf.lengths[name], f"{name} was read beyond its whole records"
        twice = conn.execute("SELECT count(*) FROM captures GROUP BY warc, offset HAVING count(*) > 1").fetchall()
        assert not twice


# What must be the same in the end


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive holds, whatever the order in which it came."""

    articles: dict[str, tuple[object, ...]]
    revisions: Counter[str]  # by the publisher, per article
    stories: frozenset[frozenset[str]]
    exactly: tuple[tuple[object, ...], ...] = field(compare=False, default=())  # … and what may depend on the order

    @classmethod
    def of(cls, folder: ArchiveFolder) -> Contents:
        """Read archive.db."""
        with closing(sqlite3.connect(folder.archive_db)) as conn:
            rows = conn.execute(
                # Not published_via: whether the feed or the news sitemap was read first is the network's affair.
                "SELECT id, url, title, text, authors, published, published_precision, modified, language, source,"
                " gone_at, hidden FROM articles"
            ).fetchall()
            revisions = conn.execute(
                "SELECT a.id, count(*) FROM revisions r JOIN articles a ON a.pk = r.article"
                " WHERE r.cause = 'publisher' GROUP BY 1"
            ).fetchall()
            stories: dict[object, set[str]] = {}
            for article, story in conn.execute("SELECT id, story FROM articles"):
                stories.setdefault(story, set()).add(article)
            exactly = conn.execute(
                "SELECT a.id, s.id, h.id, a.kind, a.first_seen, a.last_seen, a.digest FROM articles a"
                " JOIN stories s ON s.pk = a.story JOIN articles h ON h.pk = s.head ORDER BY 1"
            ).fetchall()
        return cls(
            {row[0]: tuple(row[1:]) for row in rows},
            Counter(dict(revisions)),
            frozenset(frozenset(members) for members in stories.values()),
            tuple(exactly),
        )


def assert_same(one: Contents, other: Contents) -> None:
    """Fail with a short list of differences."""
    ids = set(one.articles) ^ set(other.articles)
    named = [str((one.articles.get(i) or other.articles[i])[0]) for i in sorted(ids)]
    assert not ids, f"{len(ids)} articles in one only: {named[:10]}"
    differ = [
        (one.articles[i][0], [(a, b) for a, b in zip(one.articles[i], other.articles[i], strict=True) if a != b])
        for i in one.articles
        if one.articles[i] != other.articles[i]
    ]
    assert not differ, f"{len(differ)} articles differ: {str(differ[:5])[:2000]}"
    assert one.revisions == other.revisions
    assert one.stories == other.stories


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
