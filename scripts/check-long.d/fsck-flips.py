#!/usr/bin/env python3
"""Flip 200 bits at random places of a 100 MB archive of real pages, each alone, and see whether `morgue fsck --full` finds it.

    MORGUE_CORPUS=DIR scripts/check-long.d/fsck-flips.py [FLIPS [REPAIR_EVERY]]

Every REPAIR_EVERY-th flip (20) is made in a copy as well, and repaired: is anything gone that could still be read? Prints what
was not found and why it need not be. Short form: tests/test_fsck.py.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from archive.reading import default_jobs  # noqa: E402
from tests.fsck_flips import Flips, from_corpus, ingest, look, made_archive, places  # noqa: E402

SHELF = 65 * 10**6  # bytes of WARC files; archive.db has about 50 MB then
SEED = 7


def main(flips: int, repair_every: int) -> int:
    """Flip, and tell; 0 if all that changes stored content was found and no repair lost anything."""
    corpus = os.environ.get("MORGUE_CORPUS")
    if not corpus:
        print("fsck-flips: skipped: MORGUE_CORPUS names no corpus to make an archive of")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = made_archive(Path(scratch) / "a")
        pages = from_corpus(Path(corpus), folder, SHELF)
        report = ingest(folder, jobs=default_jobs())
        size = sum(path.stat().st_size for path in folder.root.rglob("*") if path.is_file())
        print(f"fsck-flips: an archive of {pages} captures, {report.new} articles, {size / 1e6:.0f} MB", flush=True)
        began = time.monotonic()
        sound = look(folder)
        print(f"fsck-flips: full check in {time.monotonic() - began:.1f} s: {sound.total} faults", flush=True)
        made = Flips(folder)
        for number, place in enumerate(places(folder, flips, SEED)):
            made.flip(place)
            if number % repair_every == 0:
                made.repair(place, Path(scratch))
        told = made.tally
        print(f"fsck-flips: {told.flips} flips: {told.found} found, {len(told.missed)} of stored content missed")
        for what, count in told.harmless.most_common():
            print(f"fsck-flips:   not found, no content: {count} x {what}")
        print(f"fsck-flips: {told.repaired} repaired: {len(told.lost)} lost something; faults left: {dict(told.left)}")
        for line in (*told.missed, *told.lost):
            print(f"fsck-flips: WRONG: {line}")
        return 1 if sound.total or told.missed or told.lost else 0


if __name__ == "__main__":
    arguments = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*(arguments + [200, 20][len(arguments) :])))
