"""Proof: under Scrapy, with real sockets and kill -9, the pump asks one at a time, in time, and loses nothing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from frontier_kit import Names, candidate
from pump_crawl import BATCH, sources
from pump_server import CountingServer

from archive.clock import SystemClock
from crawler.frontier import Frontier

SCRIPT = Path(__file__).with_name("pump_crawl.py")
IN_FLIGHT = 32


def prepare(
    database: Path, server: CountingServer, *, hosts: int, pages: int, delay: float, retry: bool = False
) -> set[str]:
    """Fill a frontier; return the URLs that a whole crawl captures, robots.txt left out."""
    clock = SystemClock()
    with Frontier(database, clock, names=Names()) as frontier:
        known = sources(hosts, server.port, delay)
        frontier.sync_sources(known)
        paths = [f"p{n}" for n in range(pages)] + (["retry"] if retry else [])
        frontier.add(candidate(f"{s.url}{path}", source=s.name, seen_at=clock.now()) for s in known for path in paths)
        return {s.url for s in known} | {f"{s.url}{path}" for s in known for path in paths}


def crawl(database: Path, log: Path, budget: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(database), str(log), str(budget)], stdout=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str], timeout: float = 60) -> tuple[str, float]:
    out, _ = process.communicate(timeout=timeout)
    assert process.returncode == 0
    ended_by, seconds = out.split()
    return ended_by, float(seconds)


def captured(log: Path) -> Counter[str]:
    return Counter(url for url in log.read_text().split("\n") if url and not url.endswith("/robots.txt"))


def kill_runs(folder: Path, server: CountingServer, *, kills: int, seed: int, hosts: int, pages: int) -> dict[str, int]:
    """Kill a crawl at random moments, let it end, and check what was promised; return figures."""
    rng = random.Random(seed)
    database, log = folder / "crawl.db", folder / "log"
    wanted = prepare(database, server, hosts=hosts, pages=pages, delay=0.0)
    log.touch()
    killed = 0
    for _ in range(kills):
        process = crawl(database, log, 60)
        before = log.stat().st_size
        begin = time.monotonic()
        while process.poll() is None and log.stat().st_size == before and time.monotonic() - begin < 20:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.3))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
        process.communicate()
    assert finish(crawl(database, log, 60))[0] == "done"
    fetched = captured(log)
    asked = sum(path != "/robots.txt" for host in server.hosts.values() for path in host.paths)
    assert set(fetched) == wanted  # nothing lost
    twice = sum(fetched.values()) - len(wanted)
    # synced to the shelf, but killed before crawl.db said so: at most one batch per kill
    assert twice <= killed * BATCH
    assert asked - len(wanted) <= killed * (BATCH + IN_FLIGHT)
    assert all(host.at_once == 1 for host in server.hosts.values())
    return {"killed": killed, "urls": len(wanted), "asked": asked, "kept_twice": twice}


def test_one_at_a_time_and_everything_once(tmp_path: Path) -> None:
    with CountingServer(latency=0.02) as server:
        wanted = prepare(tmp_path / "crawl.db", server, hosts=8, pages=20, delay=0.0)
        ended_by, _ = finish(crawl(tmp_path / "crawl.db", tmp_path / "log", 60))
    assert ended_by == "done"
    assert captured(tmp_path / "log") == Counter(dict.fromkeys(wanted, 1))
    assert {log.at_once for log in server.hosts.values()} == {1}
    assert all(log.paths[0] == "/robots.txt" for log in server.hosts.values())
    assert not any(log.paths.count("/robots.txt") > 1 for log in server.hosts.values())


def test_delays_and_retry_after_are_kept(tmp_path: Path) -> None:
    with CountingServer(robots=b"User-agent: *\nCrawl-delay: 0.4\nDisallow: /p1\n", retry_after=2) as server:
        prepare(tmp_path / "crawl.db", server, hosts=3, pages=3, delay=0.1, retry=True)
        ended_by, seconds = finish(crawl(tmp_path / "crawl.db", tmp_path / "log", 60))
    assert ended_by == "done"
    for log in server.hosts.values():
        assert log.smallest_gap >= 0.4  # Crawl-delay, the longer of the two, also after the robots.txt itself
        assert "/p1" not in log.paths
        asked = log.paths.index("/retry")
        assert asked == len(log.paths) - 1 or log.times[asked + 1] - log.times[asked] >= 2
    assert seconds < 20


def test_the_budget_is_kept(tmp_path: Path) -> None:
    with CountingServer() as server:
        prepare(tmp_path / "crawl.db", server, hosts=3, pages=50, delay=0.3)
        ended_by, seconds = finish(crawl(tmp_path / "crawl.db", tmp_path / "log", 3))
    assert ended_by == "budget"
    assert 2 <= seconds <= 5  # it does not wait for a turn that would come after the end
    assert 0 < len(captured(tmp_path / "log")) < 153


def test_sigterm_ends_the_run_in_order(tmp_path: Path) -> None:
    with CountingServer() as server:
        prepare(tmp_path / "crawl.db", server, hosts=3, pages=50, delay=0.3)
        process = crawl(tmp_path / "crawl.db", tmp_path / "log", 60)
        begin = time.monotonic()
        while not any(len(log.paths) > 2 for log in list(server.hosts.values())) and time.monotonic() - begin < 30:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        begin = time.monotonic()
        assert finish(process)[0] == "signal"
    assert time.monotonic() - begin < 5
    assert len(captured(tmp_path / "log")) == sum(len(log.paths) - 1 for log in server.hosts.values())


def test_kill_9_loses_nothing(tmp_path: Path) -> None:
    with CountingServer(latency=0.01) as server:
        figures = kill_runs(tmp_path, server, kills=3, seed=1, hosts=12, pages=60)
    assert figures["killed"] >= 1
