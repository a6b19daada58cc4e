"""Everything at once on one archive: a crawl with ingest beside it, searches, a server, fsck, backups; and a second crawl.

The short form is tests/test_together.py, the long one scripts/check-long.d/together.py.
"""

from __future__ import annotations

import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.line import Archive, ended

CRAWL_HELD = 75
_ADDRESS = re.compile(r"http://127\.0\.0\.1:[0-9]+/")
_PAGES = ("", "archive/articles", "archive/articles.json?_size=3", "archive?sql=select+count(*)+from+captures")
_NEVER = ("database is locked", "Traceback", "OperationalError")
_ANSWERS = (200,)
_PAUSE = 1.0  # seconds between two runs of the same command


@dataclass(slots=True)
class Figures:
    """What ran beside the crawl, and what was wrong."""

    most: int  # runs of each command
    runs: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    crawl_seconds: float = 0.0

    def __str__(self) -> str:
        runs = ", ".join(f"{number} {name}" for name, number in sorted(self.runs.items()))
        return f"beside {self.crawl_seconds:.0f} s of crawling: {runs}; {len(self.wrong)} wrong"


def together(
    archive: Archive, crawl: tuple[str, ...], target: Path, *, beside: tuple[str, ...], most: int = 10**9
) -> Figures:
    """Crawl, and do the rest over and over until the crawl ends; `beside`: which of it. The archive has been crawled once.

    `most`: runs of each command, so that a test does not take longer than the crawl itself.
    """
    figures = Figures(most)
    begun = time.monotonic()
    crawling = archive.start("crawl", *crawl, "--jobs", "1", "--quiet")
    jobs: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
        "search": (("search", "the", "--count"), (0,)),
        "sql": (("sql", "SELECT count(*) FROM articles_view"), (0,)),
        "fsck": (("fsck", "--full"), (0,)),
        "backup": (("backup", str(target), "--keep", "2"), (0,)),
        "status": (("status",), (0, 3)),
    }
    threads = [
        threading.Thread(target=_again, args=(archive, name, jobs[name], crawling, figures))
        for name in jobs
        if name in beside
    ]
    if "serve" in beside:
        threads.append(threading.Thread(target=_served, args=(archive, crawling, figures)))
    for thread in threads:
        thread.start()
    while not (archive.path / "crawl.lock").read_text().startswith("morgue crawl") and crawling.poll() is None:
        time.sleep(0.05)
    second = ended(archive.start("crawl", *crawl, "--quiet"))
    figures.runs["second crawl"] += 1
    if crawling.poll() is None and (second.code != CRAWL_HELD or str(crawling.pid) not in second.err):
        figures.wrong.append(f"a second crawl ended with {second.code}: {second.err}")
    done = ended(crawling, within=600)
    figures.crawl_seconds = time.monotonic() - begun
    for thread in threads:
        thread.join()
    _judge("crawl", done.code, done.out + done.err, (0, 3), figures)
    return figures


def _again(
    archive: Archive,
    name: str,
    job: tuple[tuple[str, ...], tuple[int, ...]],
    crawling: subprocess.Popen[str],
    figures: Figures,
) -> None:
    words, codes = job
    while crawling.poll() is None and figures.runs[name] < figures.most:
        done = ended(archive.start(*words))
        figures.runs[name] += 1
        _judge(name, done.code, done.out + done.err, codes, figures)
        time.sleep(_PAUSE)


def _judge(name: str, code: int, said: str, codes: tuple[int, ...], figures: Figures) -> None:
    if code not in codes or any(word in said for word in _NEVER):
        figures.wrong.append(f"{name} ended with {code}: {said[:3000]}")


def _served(archive: Archive, crawling: subprocess.Popen[str], figures: Figures) -> None:
    server = archive.start("serve", "--port", "0")
    said = [""]
    reading = threading.Thread(target=_listen, args=(server, said.append))
    reading.start()
    while not (address := _ADDRESS.search("".join(said))) and server.poll() is None:
        time.sleep(0.05)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while address is not None and crawling.poll() is None:
        for page in _PAGES:
            try:
                with opener.open(address[0] + page, timeout=60) as answer:
                    code, text = answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                code, text = error.code, error.read().decode()
            figures.runs["requests"] += 1
            _judge(f"/{page}", code, text, _ANSWERS, figures)
        time.sleep(0.1)
    server.send_signal(signal.SIGINT)
    code = server.wait(timeout=60)
    reading.join()
    for stream in (server.stdout, server.stderr):
        if stream is not None:
            stream.close()
    _judge("serve", code, "".join(said), (0,), figures)


def _listen(server: subprocess.Popen[str], take: Callable[[str], None]) -> None:
    """Read what a server says, on both its outputs, until it has ended."""
    other = threading.Thread(target=lambda: [take(line) for line in server.stdout or ()])
    other.start()
    for line in server.stderr or ():
        take(line)
    other.join()
