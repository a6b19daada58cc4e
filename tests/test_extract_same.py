"""The same page gives the same bytes: in another process, order, time zone, locale, hash seed and decade."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
YEAR = 31_557_600
SURROUNDINGS = (
    ("forward", 0, {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.utf8"}),
    ("backward", 10 * YEAR, {"PYTHONHASHSEED": "1", "TZ": "Asia/Kolkata", "LC_ALL": "C", "MORGUE_NOW": "2036-02-29T23:59:59Z"}),
    ("backward", -5 * YEAR, {"PYTHONHASHSEED": "77", "TZ": "America/St_Johns", "LANG": "tr_TR.UTF-8", "PYTHONUTF8": "0"}),
)  # fmt: skip


def read_all(which: str, every: int) -> list[list[str]]:
    """Return the lines that each process prints, one process in each of the surroundings."""
    outputs = []
    for order, shift, changed in SURROUNDINGS:
        run = subprocess.run(
            [sys.executable, "-W", "ignore", str(ROOT / "tests/read_again.py"), str(shift), str(every), order, which],
            capture_output=True,
            text=True,
            env={**os.environ, **changed},
            timeout=600,
        )
        assert run.returncode == 0, run.stderr[-2000:]
        outputs.append(run.stdout.splitlines())
    return outputs


def differing(outputs: list[list[str]]) -> list[str]:
    return [f"{a}\n{b}\n{c}" for a, b, c in zip(*outputs, strict=True) if not a == b == c or "NOT THE SAME TWICE" in a]


def test_our_pages_say_the_same_everywhere() -> None:
    outputs = read_all("own", 1)
    assert sum('"article": true' in line for line in outputs[0]) > 50
    assert differing(outputs) == []


@pytest.mark.corpus
@pytest.mark.slow
def test_real_pages_say_the_same_everywhere(corpus: Path) -> None:
    outputs = read_all("corpus", 144)
    assert len(outputs[0]) > 12
    assert differing(outputs) == []
