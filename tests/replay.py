"""The replay server of the measuring corpus: real pages of many hosts, served on loopback as an HTTP proxy."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Replay:
    """A running replay server."""

    proxy: str
    log: Path

    def control(self, what: str) -> dict[str, object]:
        """Ask the server's control page, like `stats`."""
        with urllib.request.urlopen(f"{self.proxy}/__control/{what}", timeout=20) as answer:  # noqa: S310 - loopback
            found: dict[str, object] = json.load(answer)
            return found

    def requests(self) -> list[dict[str, object]]:
        """Return the log: one entry per request."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextmanager
def replay_server(corpus: Path, folder: Path, *options: str) -> Iterator[Replay]:
    """Run the server with these options; its log lies in `folder`."""
    log = folder / "access.jsonl"
    log.unlink(missing_ok=True)
    tool = corpus.parent / "tools" / "replay_server.py"
    command = [sys.executable, str(tool), "--root", str(corpus / "replay"), "--port", "0", "--log", str(log), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            yield Replay(line.split(" on ")[1].split()[0], log)
        finally:
            process.terminate()


def manifest(corpus: Path) -> list[dict[str, object]]:
    """Return the pages of the corpus."""
    with (corpus / "replay" / "manifest.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def big_hosts(corpus: Path, least: int = 5) -> dict[str, int]:
    """Return the hosts with at least so many pages."""
    counts = Counter(str(page["host"]) for page in manifest(corpus))
    return {host: number for host, number in counts.items() if number >= least}


def truth(corpus: Path) -> Mapping[str, dict[str, object]]:
    """Return what is known of the pages, by URL."""
    with gzip.open(corpus / "replay" / "truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        return {row["url"]: row for row in map(json.loads, lines)}


def sources_toml(hosts: Mapping[str, int] | list[str], *, scheme: str = "http", delay: float | None = 0) -> str:
    """Return a sources.toml with one source per host."""
    entries = ['contact = "mailto:test@morgue.example"\n']
    for host in hosts:
        pause = "" if delay is None else f"delay = {delay}\n"
        entries.append(f'[[source]]\nname = "{host}"\nurl = "{scheme}://{host}/"\n{pause}')
    return "\n".join(entries)


def spelled(url: object, scheme: str = "http") -> str:
    """Return a corpus URL as the server answers it under one scheme."""
    return urlsplit(str(url))._replace(scheme=scheme).geturl()
