#!/usr/bin/env python3
"""Cuts, flips and splices of web archives of every form for some minutes: no error outside the tree, bounded time and memory.

scripts/check-long foreign-fuzz        takes MORGUE_CORPUS's archives if that is set, else those that the tests make
"""

from __future__ import annotations

import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from archive.errors import ShelfError  # noqa: E402
from archive.model import Snapshot  # noqa: E402
from archive.warc import read_records, repack  # noqa: E402
from tests.test_foreign import FORMS  # noqa: E402

_SECONDS = 240
_LARGEST = 4_000_000  # bytes of a file to begin with
_SLOW = 5.0  # seconds of CPU for a megabyte
_MEMORY = 1_500  # megabytes


def seeds() -> list[bytes]:
    """Return whole files to harm."""
    found = list(FORMS.values())
    corpus = os.environ.get("MORGUE_CORPUS")
    if corpus:
        files = sorted((Path(corpus) / "suites" / "warc").rglob("*arc*"))
        found += [p.read_bytes() for p in files if p.is_file() and p.stat().st_size < _LARGEST]
    return found


def harmed(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    """Return the file with one to four places harmed."""
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(data) + 1)
        kind = dice.choice(["cut", "flip", "flips", "splice", "zeros", "double", "drop"])
        other = dice.choice(others)
        begin = dice.randrange(len(other) + 1)
        if kind == "cut":
            data = data[:at]
        elif kind == "flip":
            data = data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]
        elif kind == "flips":
            changed = bytearray(data)
            for _ in range(min(200, len(data))):
                changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
            data = bytes(changed)
        elif kind == "splice":
            data = data[:at] + other[begin : begin + 200_000]
        elif kind == "zeros":
            data = data[:at] + bytes(dice.randrange(5_000)) + data[at:]
        elif kind == "double":
            data = data[:at] + data[max(0, at - dice.randrange(5_000)) :]
        else:
            data = data[:at] + data[at + dice.randrange(5_000) :]
    return data[: 2 * _LARGEST]


def main() -> int:
    """Harm and read until the time is over."""
    seed = int(os.environ.get("SEED") or time.time())
    dice, files = random.Random(seed), seeds()  # noqa: S311 - not for secrets
    ended, worst, counts = time.monotonic() + float(sys.argv[1] if len(sys.argv) > 1 else _SECONDS), 0.0, Counter[str]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        while time.monotonic() < ended:
            data = harmed(dice.choice(files), files, dice)
            path, copy = folder / "x", folder / "copy.warc.gz"
            path.write_bytes(data)
            copy.unlink(missing_ok=True)
            begun, noted = time.process_time(), []
            try:
                done = repack(path, copy, on_broken=noted.append)
                counts["records"] += done.records
                counts["broken"] += len(noted)
                again: list[object] = []
                counts["captures"] += sum(
                    isinstance(item, Snapshot) for item in read_records(copy, on_broken=again.append)
                )
                if again:
                    raise AssertionError(f"a copy is broken: {again[0]}")  # noqa: TRY301 - kept like any other failure
            except ShelfError:
                counts["refused"] += 1
            except BaseException:
                kept = ROOT / f"foreign-fuzz-{seed}.bin"
                kept.write_bytes(data)
                print(f"foreign-fuzz: {kept}")
                raise
            counts["files"] += 1
            worst = max(worst, (time.process_time() - begun) / max(len(data) / 1e6, 0.5))
            if left := [p.name for p in folder.iterdir() if p.name not in ("x", "copy.warc.gz")]:
                raise AssertionError(f"left behind: {left}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"foreign-fuzz: seed {seed}: {dict(counts)}; at worst {worst:.2f} s CPU for a megabyte, {memory:.0f} MB of memory"
    )
    return 1 if worst > _SLOW or memory > _MEMORY else 0


if __name__ == "__main__":
    sys.exit(main())
