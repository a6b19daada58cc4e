"""The tools of the bench: how each is started, where it keeps what, and in which environment it runs."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from whole_peers.worth import Article

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
_SHARED = HERE.parent / "extraction_peers"  # whose environments some of the tools share
MORGUE = (sys.executable, "-c", "from crawler.cli import main; main()")
OURS = "Morgue"
SCRIPT = "Scrapy, trafilatura, sqlite-utils"


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done, and where."""

    folder: Path  # the tool's own
    hosts: Path  # a file with a name a line
    addresses: Path  # a file with a page's address a line
    proxy: str  # the server, as an HTTP proxy


@dataclass(frozen=True, slots=True)
class Tool:
    """One row of the table. It is started again with the same command after a kill."""

    name: str
    script: str = ""  # "": Morgue
    pins: Path | None = None  # its environment; None: ours
    proxied: bool = True  # it takes the server as `http_proxy`
    given: bool = False  # the addresses, instead of the sites
    note: str = ""

    def prepare(self, job: Job, sources: str, env: Mapping[str, str]) -> None:
        """Make what a person makes by hand before the first run; it is not measured."""
        job.folder.mkdir(parents=True)
        if not self.script:
            command = [*MORGUE, "-a", str(job.folder / "archive"), "init"]
            subprocess.run(command, check=True, capture_output=True, env=dict(env), cwd=job.folder)
            (job.folder / "archive" / "sources.toml").write_text(sources, encoding="utf-8")

    def command(self, job: Job, python: Path) -> list[str]:
        """Return its command line."""
        if not self.script:
            return [*MORGUE, "-a", str(job.folder / "archive"), "crawl", "--quiet", "--proxy", job.proxy]
        words = (job.folder, job.addresses if self.given else job.hosts, job.proxy)
        return [str(python), "-W", "ignore", str(HERE / self.script), *map(str, words)]

    def articles(self, job: Job) -> list[Article]:
        """Return what it kept so far."""
        path, table = job.folder / "articles.db", "articles"
        if not self.script:
            path, table = job.folder / "archive" / "archive.db", "articles_view"
        if not path.exists():
            return []
        with closing(sqlite3.connect(path)) as db:
            rows = db.execute(f"SELECT url, title, text FROM {table}").fetchall()  # noqa: S608 - one of two names
        return [Article(url, title or "", text or "") for url, title, text in rows]

    def copies(self, job: Job) -> int | None:
        """Return how many articles it knows as copies of others; None: it looks for none."""
        if self.script:
            return None
        with closing(sqlite3.connect(job.folder / "archive" / "archive.db")) as db:
            found: int = db.execute("SELECT coalesce(sum(members - 1), 0) FROM stories").fetchone()[0]
        return found

    def bytes_kept(self, job: Job) -> tuple[int, int]:
        """Return how much its database, with what is beside it, and the pages as they were sent take on disk."""
        if not self.script:
            home = job.folder / "archive"
            return _size(home, "archive.db*"), _size(home / "warc", "*")
        return _size(job.folder, "articles.db*") + _size(job.folder / "data", "*.json"), 0


def _size(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.rglob(pattern) if path.is_file())


TOOLS = (
    Tool(OURS, proxied=False),  # told on its command line
    Tool(SCRIPT, "scrapy_trafilatura.py", HERE / "scrapy_trafilatura.txt"),
    Tool(
        "trafilatura's crawler",
        "trafilatura_crawler.py",
        _SHARED / "trafilatura.txt",
        proxied=False,
        note="it takes no HTTP proxy: names are resolved to the server",
    ),
    Tool("newspaper4k", "newspaper4k.py", _SHARED / "newspaper.txt"),
    Tool(
        "news-please, addresses given",
        "newsplease_library.py",
        _SHARED / "newsplease.txt",
        given=True,
        note="as a library that is told every address; it looks for none",
    ),
    Tool(
        "news-please",
        "newsplease_cli.py",
        _SHARED / "newsplease.txt",
        note="its command line: a process for each site; its heuristics of what is an article replaced by its sitemaps",
    ),
    Tool(
        "Fundus",
        "fundus_crawler.py",
        HERE / "fundus.txt",
        note="only hosts that it has a publisher for; its parsers, with the server's sitemaps",
    ),
)


def is_named(tool: Tool, names: str) -> bool:
    """Tell whether a comma-separated list ("all", "none") has a part of a tool's name."""
    return names == "all" or any(name.strip().lower() in tool.name.lower() for name in names.split(","))


def chosen(names: str) -> Sequence[Tool]:
    """Return ours and the peers that a list of names has. Raises ValueError."""
    peers = [tool for tool in TOOLS[1:] if is_named(tool, names)]
    if not peers and names != "none":
        raise ValueError(f"--peers {names}: the peers are {'; '.join(tool.name for tool in TOOLS[1:])}")
    return [TOOLS[0], *peers]
