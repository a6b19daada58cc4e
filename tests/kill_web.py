"""What is crawled while processes are killed: sites that are served by a process that no kill reaches."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from replay import big_hosts, replay_server, sources_toml

ROOT = Path(__file__).resolve().parents[1]


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
