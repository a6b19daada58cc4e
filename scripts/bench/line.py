#!/usr/bin/env python3
"""The whole line on real pages: pages per second and CPU per page, of fetching alone and of reading what was fetched.

    MORGUE_CORPUS=… scripts/bench/line.py [LEAST-PAGES-PER-HOST] [ROUNDS]

Crawls the corpus's hosts through its replay server (loopback, delay 0) with `crawl --no-ingest`, then runs `ingest`, and beside
it trafilatura alone over the same pages in this process: machines differ, the ratio says more than the seconds.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from result import result  # noqa: E402 - the path comes first

from archive.payload import decode_content  # noqa: E402
from archive.query import open_reader  # noqa: E402
from archive.warc import find_warc, read_record  # noqa: E402
from tests.replay import big_hosts, replay_server, sources_toml  # noqa: E402


def run(archive: Path, *words: str) -> tuple[float, float, str]:
    """Run a command; returns its CPU seconds (children included), wall seconds and output."""
    command = [sys.executable, "-c", "from crawler.cli import main; main()", "-a", str(archive), *words]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - begun, done.stdout


def trafilatura_alone(archive: Path) -> float:
    """Return the CPU seconds of trafilatura with metadata over the pages that became articles."""
    import trafilatura

    reader = open_reader(archive / "archive.db", heap_limit=None)
    pages = []
    for name, offset in reader.execute(
        "SELECT w.name, c.offset FROM captures c JOIN warcs w ON w.pk = c.warc WHERE c.article IS NOT NULL"
    ).fetchall():
        snapshot = read_record(find_warc(archive / "warc", name), offset)
        pages.append(decode_content(snapshot.headers, snapshot.body))
    begun = time.process_time()
    for page in pages:
        trafilatura.bare_extraction(page, with_metadata=True)
    return time.process_time() - begun


def one_round(corpus: Path, least: int) -> dict[str, float]:
    """Return the figures of one round."""
    work = Path(tempfile.mkdtemp(prefix="morgue-bench-"))
    try:
        archive = work / "archive"
        run(archive, "init")
        (archive / "sources.toml").write_text(sources_toml(big_hosts(corpus, least)))
        with replay_server(corpus, work, "--scheme", "http", "--robots", "open", "--no-tls") as server:
            fetch_cpu, fetch_wall, out = run(archive, "crawl", "--no-ingest", "--proxy", server.proxy, "--json")
        report = json.loads(out)
        pages = report["roles"]["page"]
        read_cpu, read_wall, out = run(archive, "ingest", "--json")
        peer = trafilatura_alone(archive)
        articles = json.loads(out)["new"]
        return {
            "requests": report["requests"],
            "pages": pages,
            "articles": articles,
            "fetch: requests/s": report["requests"] / fetch_wall,
            "fetch: CPU ms/request": 1000 * fetch_cpu / report["requests"],
            "read: articles/s": articles / read_wall,
            "read: CPU ms/article": 1000 * read_cpu / articles,
            "trafilatura alone: CPU ms/article": 1000 * peer / articles,
            "read / trafilatura alone (CPU)": read_cpu / peer,
            "whole: CPU ms/page": 1000 * (fetch_cpu + read_cpu) / pages,
        }
    finally:
        shutil.rmtree(work, ignore_errors=True)


def main() -> int:
    """Print the medians as a table."""
    where = os.environ.get("MORGUE_CORPUS")
    if not where:
        print("MORGUE_CORPUS is not set: this bench needs the corpus of real pages")
        return 1
    least = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    rounds = [one_round(Path(where), least) for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 3)]
    medians: dict[str, float] = {}
    for name in rounds[0]:
        values = [each[name] for each in rounds]
        medians[name] = statistics.median(values)
        print(f"{name:<36} {statistics.median(values):>9.2f}   ({min(values):.2f} to {max(values):.2f})")
    result(medians)
    return 0


if __name__ == "__main__":
    sys.exit(main())
