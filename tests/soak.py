"""Crawls of real pages whose servers misbehave in 35 ways, and what must hold while they go on and afterwards.

The short form is tests/test_soak.py, the long one scripts/check-long.d/crawl-soak.py. Needs the corpus and Linux's /proc.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from archive.folder import ArchiveFolder
from archive.model import Snapshot
from archive.urls import url_key
from archive.warc import read_records, shelf_name, warc_files
from tests.replay import Replay, replay_server, sources_toml

ROOT = Path(__file__).resolve().parents[1]
FIRST_DAY = datetime(2026, 3, 1, 6, tzinfo=UTC)
_CUT = frozenset({"disconnect"})  # the status came, the body ended early
_WHOLE: frozenset[str | None] = frozenset({None})  # nothing failed: what lies in the answer is for extraction to judge

# What crawl.db must say of a page that always has this fault, after its last visit.
REASONS: Mapping[str, frozenset[str | None]] = {
    **{code: frozenset({f"status-{code}"}) for code in ("500", "503", "429", "403", "404", "410")},
    "slow": _WHOLE,
    "stall": frozenset({"timeout", "disconnect"}),  # whoever gives up first
    "truncate": _CUT,
    "chunked_cut": _CUT,
    "reset": frozenset({"disconnect"}),
    "redirect_loop": frozenset({"too-many-redirects"}),
    "bad_gzip": frozenset({"undecodable"}),
    "gzip_bomb": frozenset({"undecodable"}),
    "empty": frozenset({"empty"}),
    **dict.fromkeys(
        (
            "meta_refresh",
            "soft404",
            "redirect",
            "redirect_chain",
            "no_length",
            "chunked",
            "dup_type",
            "huge_header",
        ),
        _WHOLE,
    ),
    **dict.fromkeys(("wrong_charset", "no_charset", "wrong_type", "no_type", "bom", "legacy", "legacy_meta"), _WHOLE),
    **dict.fromkeys(("no_validators", "weak_etag", "bad_lastmod", "etag_churn", "set_cookie"), _WHOLE),
}
# Answers with status 200 and every byte, which are not the page.
_NOT_THE_PAGE = frozenset({"empty", "soft404", "meta_refresh", "bad_gzip", "gzip_bomb"})
_REMOVED = frozenset({"404", "410"})
_HOP = re.compile(r"(?<=[?&])_r=\d+(?:&|$)")  # the replay server counts the hops of its redirects so
_TROUBLE = re.compile(r"Traceback|Unhandled|\b(?:ERROR|CRITICAL)\b|Warning:|never awaited")
_OK, _NOT_MODIFIED, _BAD = 200, 304, 400
_TIME_LIMIT = 25.0  # seconds: `crawler.transfer.Limits.total`, less what a busy server may be behind with hearing of it
_JITTER = 0.02  # seconds between the end that the client sees and the server's note of it
_SAMPLE = 0.25  # seconds


def without_hops(url: str) -> str:
    """Return the address that a redirect of the replay server began with.

    >>> without_hops("http://paper.example/a?id=2&_r=7"), without_hops("http://paper.example/a?_r=1")
    ('http://paper.example/a?id=2', 'http://paper.example/a')
    """
    return _HOP.sub("", url).rstrip("?&")


# A crawl, its log and its memory


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory at one moment, MB."""

    crawl: float
    ingest: float
    workers: float  # all extraction processes together

    @classmethod
    def of(cls, pid: int) -> Memory:
        """Look at a crawl, the ingest beside it, and that one's workers."""
        ingest = [child for child in _children(pid) if b"archive.follow" in _read(child, "cmdline")]
        workers = [child for each in ingest for child in _children(each)]
        return cls(_resident([pid]), _resident(ingest), _resident(workers))


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:  # it has just ended
        return b""


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []
    return [int(child) for task in tasks for child in _read(pid, f"task/{task.name}/children").split()]


def _resident(pids: Iterable[int]) -> float:
    pages = sum(int(fields[1]) for pid in pids if len(fields := _read(pid, "statm").split()) > 1)
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass(frozen=True, slots=True)
class Run:
    """One crawl that ended."""

    number: int
    words: tuple[str, ...]
    exit_code: int | None  # None: it did not end by itself
    seconds: float
    said: str
    report: dict[str, Any]
    samples: list[Memory]

    def peak(self, process: str) -> float:
        """Return the most memory seen, MB. `process`: a field of `Memory`."""
        return max((float(getattr(sample, process)) for sample in self.samples), default=0.0)

    def problems(self) -> list[str]:
        """Return what is wrong with how it ended and with what it said."""
        name = f"run {self.number}"
        found = []
        if self.exit_code is None:
            found.append(f"{name} did not end by itself within {self.seconds:.0f} s")
        elif self.exit_code not in (0, 3):
            found.append(f"{name} ended with exit code {self.exit_code}: {self.said[-500:]}")
        elif self.report.get("ended_by") != "done":
            found.append(f"{name} was ended by {self.report.get('ended_by')!r}")
        if trouble := _TROUBLE.search(self.said):
            found.append(f"{name} has an error in its log: {self.said[trouble.start() :][:1500]}")
        ingest = self.report.get("ingest", {})
        found += [f"{name}: ingest tells of {what}: {ingest[what]}" for what in _BAD_INGEST if ingest.get(what)]
        return found


_BAD_INGEST = ("broken_records", "unreadable")


@dataclass(slots=True)
class Soak:
    """An archive that is crawled again and again, a day further each time."""

    archive: ArchiveFolder
    server: Replay
    patience: float = 900.0  # seconds for one crawl
    jobs: int = 2
    step: timedelta = timedelta(days=1)
    runs: list[Run] = field(default_factory=list)

    @classmethod
    def make(cls, folder: Path, server: Replay, hosts: Iterable[str], **options: Any) -> Soak:
        """Make an archive with a source for each host."""
        soak = cls(ArchiveFolder(folder), server, **options)
        subprocess.run(soak._command("init"), check=True, capture_output=True, env=_environment(FIRST_DAY), cwd=ROOT)
        soak.archive.sources.write_text(sources_toml(list(hosts)), encoding="utf-8")
        return soak

    def _command(self, *words: str) -> list[str]:
        code = "from crawler.cli import main; main()"
        return [sys.executable, "-c", code, "-a", str(self.archive.root), *words]

    def crawl(self, *words: str) -> Run:
        """Crawl once and return what came of it."""
        number = len(self.runs)
        command = self._command("crawl", "--proxy", self.server.proxy, "--json", "--jobs", str(self.jobs), *words)
        said, told = self.archive.root / "said", self.archive.root / "told"
        begun = time.monotonic()
        samples = []
        with said.open("wb") as err, told.open("wb") as out:
            env = _environment(FIRST_DAY + number * self.step)
            with subprocess.Popen(
                command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=env, cwd=ROOT
            ) as crawl:
                while crawl.poll() is None and time.monotonic() - begun < self.patience:
                    samples.append(Memory.of(crawl.pid))
                    time.sleep(_SAMPLE)
                ended = crawl.poll()
                if ended is None:
                    crawl.kill()
        try:
            report = json.loads(told.read_bytes() or b"{}")
        except ValueError:
            report = {}
        seconds = time.monotonic() - begun
        run = Run(number, words, ended, seconds, said.read_text("utf-8", "replace"), report, samples)
        self.runs.append(run)
        return run

    def rows(self) -> list[dict[str, Any]]:
        """Return what crawl.db knows of each address."""
        with closing(sqlite3.connect(f"file:{self.archive.crawl_db}?mode=ro", uri=True)) as conn:
            conn.row_factory = sqlite3.Row
            return [dict(row) for row in conn.execute("SELECT * FROM urls")]

    def articles(self) -> set[str]:
        """Return the URL keys of the captures that are articles, as if no redirect had led there."""
        with closing(sqlite3.connect(f"file:{self.archive.archive_db}?mode=ro", uri=True)) as conn:
            found = conn.execute("SELECT DISTINCT url FROM captures WHERE article IS NOT NULL").fetchall()
        return {url_key(without_hops(url)) for (url,) in found}

    def kept(self) -> set[tuple[str, str]]:
        """Return address (without hops) and SHA-256 of the body of each whole response on the shelf."""
        found = set()
        for path in warc_files(self.archive.warc):
            for item in read_records(path, name=shelf_name(path, self.archive.warc), on_broken=_fail):
                if isinstance(item, Snapshot) and item.record_type == "response" and item.truncated is None:
                    found.add((without_hops(item.url), hashlib.sha256(item.body).hexdigest()))
        return found


def _fail(broken: object) -> None:
    raise AssertionError(f"a broken record on the shelf: {broken}")


def _environment(now: datetime) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MORGUE_") and not k.lower().endswith("_proxy")}
    return kept | {"PYTHONPATH": str(ROOT), "MORGUE_NOW": now.isoformat()}


@contextmanager
def faulty(
    corpus: Path, folder: Path, shares: Mapping[str, float], *options: str, stall: float = 32, slow: float = 10
) -> Iterator[Replay]:
    """Serve the corpus with these shares of faults. `stall`: beyond the crawl's time limit, unless one is in a hurry."""
    words = [
        "--scheme",
        "http",
        "--no-tls",
        "--no-brotli",
        "--bomb-mb",
        "100",
        "--stall",
        str(stall),
        "--slow",
        str(slow),
    ]
    if shares:
        words += ["--fault", ",".join(f"{kind}={share}" for kind, share in shares.items())]
    folder.mkdir(parents=True, exist_ok=True)
    with replay_server(corpus, folder, *words, *options) as server:
        yield server


# What must hold


def unnamed_failures(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the addresses whose last visit failed and that have no reason."""
    return [
        f"{row['url']}: status {row['status']} and no reason"
        for row in rows
        if row["fetches"] and not row["reason"] and (row["status"] is None or row["status"] >= _BAD)
    ]


@dataclass(slots=True)
class Reasons:
    """Per kind of fault: what crawl.db says of the pages that have it, and which of that is wrong."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    wrong: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]], faulted: Mapping[str, Iterable[str]]) -> Reasons:
        """Compare crawl.db with what the server did. `faulted`: kind -> addresses, as the server's control page says.

        Of addresses that lead to each other the last visited one counts: the one where the redirects ended.
        """
        ends: dict[str, Mapping[str, Any]] = {}
        for row in sorted((row for row in rows if row["fetches"]), key=lambda row: (row["hops"], row["last_fetched"])):
            ends[url_key(without_hops(row["url"]))] = row
        found = cls()
        for kind, urls in faulted.items():
            for url in urls:
                row = ends.get(url_key(url))
                if row is None:
                    continue  # robots.txt forbids it, or its host is not crawled
                found.counts[kind][row["reason"] or f"{row['status']}"] += 1
                if row["reason"] not in REASONS[kind]:
                    found.wrong.append(f"{kind}: {row['url']} has status {row['status']}, reason {row['reason']}")
        return found


def impolite(entries: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """Count requests that robots.txt, its Crawl-delay or a Retry-After forbade, and requests at the same time on a host.

    What a robots.txt says binds only if its last answer could be read: a 404 allows everything.
    """
    found: Counter[str] = Counter()
    told: dict[str, bool] = {}
    busy_until: dict[str, float] = {}
    for entry in sorted(entries, key=lambda entry: float(entry["t"])):
        host, begun = entry["host"], float(entry["t"])
        if entry["target"].partition("?")[0] == "/robots.txt":
            readable = entry["status"] in (_OK, _NOT_MODIFIED) and not _cut(entry)
            told[host] = readable and entry.get("fault") not in _NOT_THE_PAGE
        elif told.get(host, True):
            found["robots"] += bool(entry.get("disallowed"))
            found["gap"] += "gap_violation" in entry
        found["retry-after"] += bool(entry.get("retry_violation"))
        found["at once"] += begun < busy_until.get(host, 0.0) - _JITTER
        took = entry["dt"]
        if entry.get("fault") == "stall":  # the server does not see that its client is gone, or has all it waited for
            took = min(took, _TIME_LIMIT) if _cut(entry) else 0.0
        elif entry.get("fault") == "slow":  # it rests once more behind the last of 20 parts
            took *= 0.9
        busy_until[host] = max(busy_until.get(host, 0.0), begun + took)
    return +found


def _cut(entry: Mapping[str, Any]) -> bool:
    """Return whether a part of the body was not sent: of one that is shorter than the cut, all was."""
    return bool(entry["truncated"]) and entry.get("bytes", 0) < entry.get("full_bytes", 1)


def captured(entries: Iterable[Mapping[str, Any]], kept: Collection[tuple[str, str]]) -> dict[str, str]:
    """Return the pages (id -> address) that the server sent as they are and that lie on the shelf byte for byte."""
    found = {}
    for entry in entries:
        if entry.get("id") and entry["status"] == _OK and not _cut(entry):
            url = without_hops(f"{entry['scheme']}://{entry['host']}{entry['target']}")
            if entry.get("fault") not in _NOT_THE_PAGE and (url, entry["sha256"]) in kept:
                found[entry["id"]] = url
    return found


def grown(runs: Iterable[Run], process: str, *, allowed: float = 0.10, floor: float = 8.0) -> tuple[str, bool]:
    """Return the median peak of the first and the last third of these runs as a sentence, and whether it grew.

    `allowed`: a share of the first; `floor`: MB that are noise.
    """
    peaks = [run.peak(process) for run in runs]
    third = len(peaks) // 3
    if not third:
        return f"{process}: {len(peaks)} comparable runs are too few for thirds", False
    first, last = statistics.median(peaks[:third]), statistics.median(peaks[-third:])
    told = f"{process}: {first:.0f} MB in the first third of {len(peaks)} runs, {last:.0f} MB in the last"
    return told, last > first * (1 + allowed) + floor


def page_urls(pages: Iterable[Mapping[str, object]], hosts: Collection[str]) -> dict[str, str]:
    """Return id -> address of the corpus's pages on these hosts, in the server's scheme."""
    return {
        str(page["id"]): urlsplit(str(page["url"]))._replace(scheme="http").geturl()
        for page in pages
        if page["host"] in hosts
    }


@dataclass(frozen=True, slots=True)
class Healed:
    """What became of a web that healed."""

    told: str
    wrong: list[str]


def healed(soak: Soak, wanted: Mapping[str, str], articles: Collection[str]) -> Healed:
    """Compare an archive with that of a crawl without faults: its pages (id -> address) and its articles (URL keys)."""
    log, rows = soak.server.requests(), soak.rows()
    there = captured(log, soak.kept())
    faults = {entry["id"]: entry["fault"] for entry in log if entry.get("id") and entry.get("fault")}
    reasons = {url_key(row["url"]): row["reason"] for row in rows}
    wrong, removed = [], 0
    for page, url in wanted.items():
        reason = reasons.get(url_key(url))
        if page in there:
            continue
        if faults.get(page) in _REMOVED and reason == f"status-{faults[page]}":
            removed += 1
            continue
        wrong.append(f"not captured: {url} (fault {faults.get(page)}, reason {reason})")
    now = soak.articles()
    kinds = {url_key(url): faults.get(page) for page, url in wanted.items()}
    missing = [key for key in articles if key not in now and reasons.get(key) not in {"status-404", "status-410"}]
    wrong += [f"no article: {key} (fault {kinds.get(key)}, reason {reasons.get(key)})" for key in sorted(missing)]
    told = (
        f"{len(set(wanted) & set(there))} of {len(wanted)} pages captured, {removed} removed for good; "
        f"{len(articles) - len(missing)} of {len(articles)} articles; {len(set(wanted) & set(faults))} pages had a fault"
    )
    return Healed(told, wrong)
