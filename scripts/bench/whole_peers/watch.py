"""A command run from outside: what it cost, what it held at most, and how it is killed. Linux (/proc)."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_EVERY = 0.25  # seconds between two looks
_GONE_WITHIN = 20.0  # seconds in which everything that was killed must be gone


@dataclass(frozen=True, slots=True)
class Usage:
    """What a command cost with all its processes."""

    code: int  # as `subprocess` tells it: -9 if it was killed
    cpu: float  # seconds, user and system, of it and all the children that were waited for
    wall: float  # seconds
    memory: float  # MB at most at one time: the sum of all processes, what they share counted once (PSS)


def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    log: Path,
    kill_when: Callable[[], bool] | None = None,
) -> Usage:
    """Run a command to its end, or until `kill_when()`: it and its children are then killed (SIGKILL). Says what into `log`."""
    begun = time.monotonic()
    with log.open("ab") as said:
        process = subprocess.Popen(
            command, env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
        )
    ended = threading.Event()
    peak = [0.0]

    def look() -> None:
        while not ended.wait(_EVERY):
            peak[0] = max(peak[0], sum(map(_pss, family(process.pid))))
            if kill_when is not None and kill_when():
                kill(process.pid)
                return

    watching = threading.Thread(target=look)
    watching.start()
    try:
        _, status, used = os.wait4(process.pid, 0)
    finally:
        ended.set()
        watching.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    return Usage(process.returncode, used.ru_utime + used.ru_stime, time.monotonic() - begun, peak[0])


def family(root: int) -> list[int]:
    """Return a process and all that descend from it."""
    children = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children[parent].append(int(entry.name))
    found = [root]
    for pid in found:  # grows while it is walked
        found.extend(children[pid])
    return found


def kill(root: int) -> None:
    """Kill a process that leads its group, and all that descend from it, at once; return when they are gone."""
    everyone = family(root)
    with contextlib.suppress(OSError):
        os.killpg(root, signal.SIGKILL)
    for pid in everyone[1:]:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + _GONE_WITHIN
    while any(_alive(pid) for pid in everyone[1:]) and time.monotonic() < until:
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False


def _pss(pid: int) -> float:
    """Return the memory of a process in MB, its share of what it shares."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1000
    except (OSError, ValueError):  # it has just ended
        pass
    return 0.0
