#!/usr/bin/env python3
"""Kill -9 the writer and the workers of a re-extraction at random moments; one further run gives what an undisturbed one does.

Usage: scripts/check-long.d/reextract-kill.py [KILLS] [SEED]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from tests.reextract_kill import copied, finish, loop, start  # noqa: E402 - the path comes first
from tests.reextract_kit import made  # noqa: E402


def main() -> None:
    """Run it."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    print(f"{kills} kills, seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        base = made(Path(name) / "base")
        begun = time.monotonic()
        finish(start(copied(base, Path(name) / "timed"), 2))
        took = time.monotonic() - begun
        writer, workers = loop(
            base, Path(name), kills=kills, seed=seed, took=took, say=lambda line: print(line, flush=True)
        )
        print(f"{writer} kills of the writer, {workers} of workers, undisturbed {took:.1f} s", flush=True)


if __name__ == "__main__":
    main()
