"""Kill -9 of the writer, or of a worker, while an archive is read again; and what holds after one further run.

    python -m tests.reextract_kill ARCHIVE JOBS      read an archive again, with pauses for a kill

The short form is in tests/test_reextract_run.py, the long one scripts/check-long.d/reextract-kill.py.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from archive.folder import ArchiveFolder
from archive.reextract import Wanted, reextract
from archive.reextract.main import Rules
from tests.reextract_kit import LATER, assert_sound, everything, named, read_slowly
from tests.warc_tools import Clock

ROOT = Path(__file__).resolve().parents[1]
_PATIENCE = 240.0  # seconds


def start(folder: ArchiveFolder, jobs: int) -> subprocess.Popen[bytes]:
    """Start reading an archive again, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.reextract_kill", str(folder.root), str(jobs)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def workers(process: subprocess.Popen[bytes]) -> list[int]:
    """Return the process ids of the writer's children that read pages."""
    found = []
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        with suppress(OSError):
            found += [int(pid) for pid in (task / "children").read_text().split()]
    return [pid for pid in found if b"spawn_main" in _command(pid)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def loop(
    base: ArchiveFolder, to: Path, *, kills: int, seed: int, took: float, say: Callable[[str], None] = print
) -> tuple[int, int]:
    """Kill until so many kills have landed, the writer and a worker in turn; returns how many of each.

    `took`: seconds that an undisturbed run takes, about. Fails by `AssertionError` where the end is another than without one.
    """
    calm = copied(base, to / "calm")
    finish(start(calm, 2))
    wanted = everything(calm)
    chance, landed, number = random.Random(seed), [0, 0], 0
    while sum(landed) < kills:
        folder = copied(base, to / f"round-{number}")
        number += 1
        process = start(folder, 2)
        time.sleep(chance.uniform(0, took))
        if number % 2:
            if process.poll() is None:
                landed[0] += 1
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            process = start(folder, 2)
        else:
            there = workers(process)
            if there:
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(there), signal.SIGKILL)
                    landed[1] += 1
        finish(process)
        found = everything(folder)
        differ = [name for name in wanted if found[name] != wanted[name]]
        assert not differ, f"seed {seed}, round {number}: another archive than without a kill: {differ}"
        assert_sound(folder)
        shutil.rmtree(folder.root)
        say(f"{landed[0]} of the writer, {landed[1]} of workers landed after {number} rounds")
    return landed[0], landed[1]


def copied(base: ArchiveFolder, to: Path) -> ArchiveFolder:
    """Return a copy of an archive."""
    shutil.copytree(base.root, to)
    return ArchiveFolder(to)


def finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for a run's end, which must be a good one."""
    _, err = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 0, err.decode()


if __name__ == "__main__":
    reextract(
        ArchiveFolder(Path(sys.argv[1])),
        Wanted(),
        Rules(force=True),
        clock=Clock(LATER),
        jobs=int(sys.argv[2]),
        extractor=named(read_slowly),
    )
