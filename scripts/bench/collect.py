"""What scripts/bench/all knows of the benches, and the table it makes of what they told.

A bench is an executable script of this folder that prints a line RESULT (result.py). docs/benchmarks.json has the last run of
each: its command, when and on what it ran, its figures. docs/benchmarks.md has a table of that between two marks; all else
there is written by hand. A run of a few benches changes their entries alone.
"""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import platform
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from result import result_in

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BEGIN = "<!-- scripts/bench/all: begin -->"
END = "<!-- scripts/bench/all: end -->"
VERSIONS = ("Scrapy", "pycurl", "trafilatura", "lxml")  # what figures depend on most
HELPERS = frozenset({"growth_place", "search_archive"})  # run as scripts, but only by others
SHORT = {  # name -> options of a run that takes a minute or two: to see that it works
    "cluster": "1 40",
    "crawl_cpu": "--least 12 --rounds 1",
    "crawl_month": "--runs 3 --hosts 3",
    "dedupe": "--sizes 300,1200 --one-by-one 300 --measured 100 --peers none",
    "diff": "200",
    "extraction": "--rounds 1 --limit 5 --peers none",
    "fetch": "--pages 200 --rounds 1",
    "frontier": "--urls 5000 --hosts 100",
    "growth": "--sizes 1000,2000 --measured 200 --slice 50 --pages 8 --questions 20",
    "line": "20 1",
    "parquet": "--articles 1000",
    "profiles": "--least 12 --most 4",
    "reextract": "1 40",
    "relevance": "--queries 30",
    "search": "--articles 3000 --queries 20",
    "storage": "--pages 40",
    "store": "500",
    "whole": "--hosts 2 --rounds 1 --peers utils --kill none",
}
_HOUR = 3600.0
LIMITS = {
    "growth": 6 * _HOUR,
    "search": 4 * _HOUR,
    "dedupe": 4 * _HOUR,
    "extraction": 4 * _HOUR,
    "whole": 4 * _HOUR,
}  # seconds
LIMIT, LIMIT_SHORT = 2 * _HOUR, 1200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a bench."""

    command: str
    at: str  # date, UTC
    machine: str
    versions: str
    seconds: float
    figures: Mapping[str, float | int | str]


class RunError(Exception):
    """A bench ended without figures; says why."""


def names() -> list[str]:
    """Return the names of all benches."""
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in HELPERS and _is_script(path))


def _is_script(path: Path) -> bool:
    return '\nif __name__ == "__main__":' in path.read_text(encoding="utf-8")


def needs_corpus(name: str) -> bool:
    """Return whether a bench does nothing without the corpus: it says so by this sentence."""
    return "MORGUE_CORPUS is not set" in (HERE / f"{name}.py").read_text(encoding="utf-8")


def tells(name: str) -> bool:
    """Return whether a bench calls `result`."""
    tree = ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(isinstance(each, ast.Name) and each.id == "result" for each in calls)


def run(name: str, *, short: bool) -> Run:
    """Run a bench in a process group of its own, which is ended at its time limit. Raises `RunError`."""
    words = shlex.split(SHORT.get(name, "")) if short else []
    if name == "growth" and not short:
        words = ["--image", "docs/images/growth.png"]
    limit = LIMIT_SHORT if short else LIMITS.get(name, LIMIT)
    command = [sys.executable, str(HERE / f"{name}.py"), *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    began = time.monotonic()
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            out, errors = process.communicate(timeout=limit)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)  # its children too: servers, workers
            process.communicate()
            if isinstance(error, subprocess.TimeoutExpired):
                message = f"it took longer than {limit:g} s. Run it by itself: {shown(name, words)}"
                raise RunError(message) from error
            raise
    print(out, end="", flush=True)
    figures = result_in(out)
    if process.returncode or not figures:
        last = next(reversed((errors or out).strip().splitlines()), "it said nothing")
        message = f"exit code {process.returncode}, no figures: {last}. Run it by itself: {shown(name, words)}"
        raise RunError(message)
    return Run(
        command=shown(name, words),
        at=time.strftime("%Y-%m-%d", time.gmtime()),
        machine=machine(),
        versions=versions(),
        seconds=round(time.monotonic() - began, 1),
        figures=figures,
    )


def shown(name: str, words: Sequence[str]) -> str:
    """Return a bench's command as a person types it."""
    return shlex.join([f"scripts/bench/{name}.py", *words])


def machine() -> str:
    """Return what the figures were made on."""
    cpu = platform.machine()
    if (listed := Path("/proc/cpuinfo")).exists():
        models = [line.partition(":")[2].strip() for line in listed.read_text(encoding="utf-8").splitlines()
                  if line.startswith("model name")]  # fmt: skip
        cpu = next((model for model in models if model not in {"", "unknown"}), cpu)
    return f"{cpu}, {os.cpu_count()} cores, {platform.system()}"


def versions() -> str:
    """Return the versions that figures depend on most."""
    found = [f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}"]
    return ", ".join([*found, *(f"{name} {importlib.metadata.version(name)}" for name in VERSIONS)])


def load(path: Path) -> dict[str, Run]:
    """Return what earlier runs told; nothing if there were none."""
    if not path.exists():
        return {}
    return {name: Run(**said) for name, said in json.loads(path.read_text(encoding="utf-8")).items()}


def dump(path: Path, runs: Mapping[str, Run]) -> None:
    """Write what all runs told."""
    plain = {name: asdict(runs[name]) for name in sorted(runs)}
    path.write_text(json.dumps(plain, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def table(runs: Mapping[str, Run]) -> str:
    """Return the runs as Markdown: what they ran on, and a row per figure."""
    lines = []
    for where in sorted({(run.machine, run.versions) for run in runs.values()}):
        mine = [name for name in sorted(runs) if (runs[name].machine, runs[name].versions) == where]
        lines += [f"{where[0]}; {where[1]}.", "", "| command | figure | median | run |", "|---|---|---|---|"]
        for name in mine:
            for at, (what, value) in enumerate(runs[name].figures.items()):
                first = (f"`{runs[name].command}`", runs[name].at) if at == 0 else ("", "")
                lines.append(f"| {first[0]} | {what} | {value} | {first[1]} |")
        lines.append("")
    return "\n".join(lines).strip()


def put(page: str, runs: Mapping[str, Run]) -> str:
    """Return the page with the table of these runs between its marks. Raises `ValueError` if it has no marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        message = f"docs/benchmarks.md has lost its marks: put {BEGIN} and {END} where the table is to stand"
        raise ValueError(message)
    return f"{before}{BEGIN}\n\n{table(runs)}\n\n{END}{after}"
