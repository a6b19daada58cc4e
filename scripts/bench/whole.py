#!/usr/bin/env python3
"""The whole job, from sites to articles that can be searched: Morgue and what others use, over the same pages in one run.

    MORGUE_CORPUS=… scripts/bench/whole.py [--least 5] [--hosts N] [--rounds 3] [--peers all|none|NAME,…]
        [--kill all|none|NAME,…] [--here] [--envs DIR] [--json FILE]

The hosts of the corpus with enough pages are served on loopback by a process whose CPU does not count. Each tool fetches
and reads them with its own means, without a pause between requests, into a new folder; the tools take turns, and each round
begins with another one. Told are medians over the rounds, and ratios to Morgue's figure of the same round: seconds of a
shared machine say little. CPU is user and system time of all of a tool's processes, start-up included, per page that it got
from the server. Then each tool is killed (SIGKILL, all its processes) when it has half of its pages, and started again as
before: which articles are there in the end, and how many pages were asked for twice. Peers are installed with exact versions
into environments of their own (--envs), or, with --here, run in the environment of this script.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from environments import InstallError, default_folder, pins, python_of
from result import result
from whole_peers import watch
from whole_peers.tools import OURS, ROOT, Job, Tool, chosen, is_named
from whole_peers.worth import Truth, place, worth

from tests.replay import Replay, big_hosts, manifest, replay_server, sources_toml, spelled, truth

SERVER = ("--scheme", "http", "--robots", "open", "--no-tls", "--no-brotli")  # one coding for all: gzip
COLUMNS = (
    "CPU per page / ours",
    "pages/s / ours",
    "pages",
    "articles",
    "with furniture",
    "text F1",
    "memory / ours",
    "database, bytes per article",
    "after kill -9: articles lost, pages sent again",
)
_OK = 200
Figures = dict[str, float]


def say(line: str) -> None:
    """Tell what is going on, beside the table."""
    print(line, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Bench:
    """What all rounds have in common."""

    server: Replay
    hosts: Sequence[str]
    addresses: Sequence[str]
    truth: Truth
    work: Path
    pythons: Mapping[str, Path]  # by tool

    def job(self, name: str) -> Job:
        """Return a job in a folder that is not there yet."""
        files = self.work / "hosts", self.work / "addresses"
        for path, lines in zip(files, (self.hosts, self.addresses), strict=True):
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return Job(self.work / name, *files, self.server.proxy)

    def start(self, tool: Tool, job: Job, *, kill_at: int | None = None) -> watch.Usage:
        """Run a tool; `kill_at`: until it has so many pages."""
        log = _Tail(self.server.log)
        return watch.run(
            tool.command(job, self.pythons[tool.name]),
            env=environment(job.folder, proxy=job.proxy if tool.proxied else None),
            cwd=job.folder,
            log=job.folder.with_suffix(".log"),
            kill_when=None if kill_at is None else lambda: len(log.pages()) >= kill_at,
        )


class _Tail:
    """What the server logged since this was made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = path.stat().st_size if path.exists() else 0
        self._pages: Counter[str] = Counter()
        self._requests = 0

    def pages(self) -> Counter[str]:
        """Return how often each page of the corpus was sent."""
        with self._path.open("rb") as file:
            file.seek(self._at)
            for line in file:
                if not line.endswith(b"\n"):
                    break  # it is being written
                self._at += len(line)
                entry = json.loads(line)
                self._requests += 1
                if entry.get("id") and entry["status"] == _OK and entry["m"] == "GET":
                    self._pages[entry["id"]] += 1
        return self._pages

    def requests(self) -> int:
        """Return how many requests came."""
        self.pages()
        return self._requests


def environment(folder: Path, *, proxy: str | None = None) -> dict[str, str]:
    """Return the environment of a tool: nothing of ours but the code, and a home and a temporary folder of its own."""
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MORGUE_") and not name.lower().endswith("_proxy")
    }
    own = {"PYTHONPATH": str(ROOT), "HOME": str(home), "TMPDIR": str(home), "TZ": "UTC"}
    return {**kept, **own, **({"http_proxy": proxy} if proxy else {})}


def one(bench: Bench, tool: Tool, number: int) -> Figures:
    """Return the figures of one tool in one round."""
    job = bench.job(f"{number}-{_slug(tool)}")
    tool.prepare(job, sources_toml(list(bench.hosts)), environment(job.folder.with_suffix(".home")))
    log = _Tail(bench.server.log)
    used = bench.start(tool, job)
    pages = len(log.pages())
    if used.code or not pages:
        tail = job.folder.with_suffix(".log").read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"{tool.name} ended with {used.code} and {pages} pages:\n{tail}")
    kept = worth(tool.articles(job), bench.truth)
    database, sent = tool.bytes_kept(job)
    copies = tool.copies(job)
    shutil.rmtree(job.folder)
    articles = max(1.0, kept["articles"])
    return {
        **kept,
        "pages": pages,
        "requests": log.requests(),
        "pages/s": pages / used.wall,
        "CPU ms/page": 1000 * used.cpu / pages,
        "CPU ms/article": 1000 * used.cpu / articles,
        "memory MB": used.memory,
        "bytes/article": database / articles,
        "bytes as sent/article": sent / articles,
        **({} if copies is None else {"copies known": copies}),
    }


def killed(bench: Bench, tool: Tool, undisturbed: Figures) -> Figures:
    """Kill a tool in the middle, run it again, and return what is left of its articles."""
    job = bench.job(f"kill-{_slug(tool)}")
    tool.prepare(job, sources_toml(list(bench.hosts)), environment(job.folder.with_suffix(".home")))
    log = _Tail(bench.server.log)
    first = bench.start(tool, job, kill_at=int(undisturbed["pages"] / 2))
    sent = sum(log.pages().values())
    then = len(tool.articles(job))
    again = bench.start(tool, job)
    pages = log.pages()
    kept = worth(tool.articles(job), bench.truth)["articles"]
    shutil.rmtree(job.folder)
    return {
        "killed": first.code != 0,
        "pages before": sent,
        "articles before": then,
        "code after": again.code,
        "articles after": kept,
        "articles lost": undisturbed["articles"] - kept,
        "pages sent again": sum(pages.values()) - len(pages),
    }


def _slug(tool: Tool) -> str:
    return "".join(c if c.isalnum() else "-" for c in tool.name)


def medians(rounds: Sequence[Mapping[str, Figures]]) -> dict[str, dict[str, list[float]]]:
    """Return for each tool and figure its median, least and most over the rounds; `CPU / ours` by round.

    >>> both = {OURS: {"CPU ms/page": 2.0}, "peer": {"CPU ms/page": 5.0}}
    >>> medians([both])["peer"]["CPU / ours"]
    [2.5, 2.5, 2.5]
    """
    found: dict[str, dict[str, list[float]]] = {}
    for tool in rounds[0]:
        both = [(each[tool], each[OURS]) for each in rounds]
        values = {name: [mine[name] for mine, _ in both] for name in both[0][0]}
        values["CPU / ours"] = [mine["CPU ms/page"] / ours["CPU ms/page"] for mine, ours in both]
        found[tool] = {name: [statistics.median(each), min(each), max(each)] for name, each in values.items()}
    return found


def table(found: Mapping[str, Mapping[str, Sequence[float]]], kills: Mapping[str, Figures]) -> list[str]:
    """Return the figures as Markdown."""
    lines = [
        f"| | {' | '.join(COLUMNS)} |",
        f"|{'---|' * (len(COLUMNS) + 1)}",
    ]
    ours = found[OURS]
    for name, each in found.items():
        mid = {figure: values[0] for figure, values in each.items()}
        ratio, least, most = each["CPU / ours"]
        kill = kills.get(name)
        after = "" if kill is None else f"{kill['articles lost']:,.0f}, {kill['pages sent again']:,.0f}"
        lines.append(
            f"| {name} | {ratio:.2f} ({least:.2f} to {most:.2f}) | {mid['pages/s'] / ours['pages/s'][0]:.2f} "
            f"| {mid['pages']:,.0f} | {mid['articles']:,.0f} | {mid['of them with furniture']:.1%} "
            f"| {mid['text F1']:.3f} "
            f"| {mid['memory MB'] / ours['memory MB'][0]:.2f} | {mid['bytes/article']:,.0f} | {after} |"
        )
    mid = {figure: values[0] for figure, values in ours.items()}
    lines.append("")
    lines.append(
        f"Ours: {mid['CPU ms/page']:.1f} ms of CPU a page, {mid['pages/s']:.1f} pages a second, {mid['memory MB']:.0f} MB, "
        f"{mid['bytes as sent/article']:,.0f} bytes an article in WARC files, "
        f"{mid.get('copies known', 0):.0f} copies recognised."
    )
    return lines


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--least", type=int, default=5, help="pages that a host must have")
    parser.add_argument("--hosts", type=int, help="only so many hosts, those with the fewest pages first")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default="all")
    parser.add_argument("--kill", default="all", help="what is killed: names as for --peers; Morgue is one of them")
    parser.add_argument("--here", action="store_true", help="peers in this environment, nothing is installed")
    parser.add_argument("--envs", type=Path, default=default_folder())
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args(words)


def installed(tools: Sequence[Tool], envs: Path, *, here: bool) -> dict[str, Path]:
    """Return the Python of each tool; a peer that cannot be installed is named and left out."""
    found = {}
    for tool in tools:
        try:
            known = tool.pins is None or here
            found[tool.name] = Path(sys.executable) if known else python_of(tool.pins, envs, say)  # type: ignore[arg-type]
        except InstallError as error:
            say(f"{tool.name} cannot be installed and is left out: {error}")
    return found


def measure(bench: Bench, tools: Sequence[Tool], rounds: int) -> list[dict[str, Figures]]:
    """Return the figures of each round. A peer that fails is named, and left out of all rounds."""
    tools = list(tools)
    done: list[dict[str, Figures]] = []
    for number in range(rounds):
        found: dict[str, Figures] = {}
        turn = number % len(tools)
        for tool in (*tools[turn:], *tools[:turn]):
            try:
                found[tool.name] = one(bench, tool, number)
            except RuntimeError as error:
                if tool.name == OURS:
                    raise
                say(str(error))
                tools = [other for other in tools if other is not tool]
                continue
            say(f"round {number + 1}, {tool.name}: {json.dumps({k: round(v, 3) for k, v in found[tool.name].items()})}")
        done.append(found)
    return [{tool.name: each[tool.name] for tool in tools} for each in done]


def main() -> int:
    """Run the bench."""
    options = arguments()
    where = os.environ.get("MORGUE_CORPUS")
    if not where:
        say("MORGUE_CORPUS is not set: this bench needs the corpus of real pages")
        return 1
    corpus = Path(where)
    try:
        tools = chosen(options.peers)
    except ValueError as error:
        say(str(error))
        return 2
    counts = big_hosts(corpus, options.least)
    hosts = sorted(sorted(counts, key=lambda host: (counts[host], host))[: options.hosts])
    pythons = installed(tools, options.envs, here=options.here)
    tools = [tool for tool in tools if tool.name in pythons]
    addresses = [spelled(page["url"]) for page in manifest(corpus) if page["host"] in hosts]
    known = {place(url): said for url, said in truth(corpus).items()}
    kills: dict[str, Figures] = {}
    with (
        tempfile.TemporaryDirectory(prefix="morgue-whole-") as name,
        replay_server(corpus, Path(name), *SERVER) as server,
    ):
        bench = Bench(server, hosts, addresses, known, Path(name), pythons)
        rounds = measure(bench, tools, max(1, options.rounds))
        found = medians(rounds)
        for tool in tools:
            if tool.name in found and is_named(tool, options.kill):
                kills[tool.name] = killed(bench, tool, {k: v[0] for k, v in found[tool.name].items()})
                say(f"killed {tool.name}: {json.dumps(kills[tool.name])}")
    print("\n".join(table(found, kills)))
    result({f"CPU a page / ours: {name}": each["CPU / ours"][0] for name, each in found.items() if name != OURS})
    if options.json:
        told: dict[str, Any] = {
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "hosts": len(hosts),
            "addresses": len(addresses),
            "rounds": rounds,
            "figures": found,
            "kills": kills,
            "tools": {t.name: {"note": t.note, "versions": pins(t.pins) if t.pins else []} for t in tools},
        }
        options.json.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
