#!/usr/bin/env python3
"""Flip 200 bits at random places of a 100 MB archive of real pages, each alone, and see whether `morgue fsck --full` finds it.

    MORGUE_CORPUS=DIR scripts/check-long.d/fsck-flips.py [FLIPS [REPAIR_EVERY]] [--archive DIR] [--part I/N]

Every REPAIR_EVERY-th flip (20) is made in a copy as well, and repaired: is anything gone that could still be read? Prints what
was not found and why it need not be. A flip takes some seconds: with --archive the archive is made once (or taken, if it is
there) and stays, and --part takes every N-th place, so that parts can be run one by one. Short form: tests/test_fsck.py.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from archive.folder import ArchiveFolder  # noqa: E402
from archive.reading import default_jobs  # noqa: E402
from tests.fsck_flips import Flips, Tally, from_corpus, ingest, look, made_archive, places  # noqa: E402

SHELF = 65 * 10**6  # bytes of WARC files; archive.db has about 50 MB then
SEED = 7
TELL_EVERY = 10  # flips


def main(flips: int, repair_every: int, *, kept: Path | None, part: int, parts: int) -> int:
    """Flip, and tell; 0 if all that changes stored content was found and no repair lost anything."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = _archive(kept or Path(scratch) / "a")
        if folder is None:
            print("fsck-flips: skipped: MORGUE_CORPUS names no corpus to make an archive of")
            return 0
        size = sum(path.stat().st_size for path in folder.root.rglob("*") if path.is_file())
        began = time.monotonic()
        sound = look(folder)
        seconds = time.monotonic() - began
        print(f"fsck-flips: {size / 1e6:.0f} MB; full check in {seconds:.1f} s: {sound.total} faults", flush=True)
        made = Flips(folder)
        for number, place in enumerate(places(folder, flips, SEED)):
            if number % parts != part:
                continue
            made.flip(place)
            if number % repair_every == part:
                made.repair(place, Path(scratch))
            if made.tally.flips % TELL_EVERY == 0:
                _tell(made.tally)
        _tell(made.tally)
        told = made.tally
        for what, count in told.harmless.most_common():
            print(f"fsck-flips:   not found, no content: {count} x {what}")
        print(f"fsck-flips: faults left after repairs: {dict(told.left)}")
        for line in (*told.missed, *told.lost):
            print(f"fsck-flips: WRONG: {line}")
        return 1 if sound.total or told.missed or told.lost else 0


def _archive(root: Path) -> ArchiveFolder | None:
    """Return the archive that is there, or make one of the corpus's pages; None without a corpus."""
    if (root / "archive.db").exists():
        return ArchiveFolder(root)
    corpus = os.environ.get("MORGUE_CORPUS")
    if not corpus:
        return None
    folder = made_archive(root)
    pages = from_corpus(Path(corpus), folder, SHELF)
    report = ingest(folder, jobs=default_jobs())
    print(f"fsck-flips: made an archive of {pages} captures, {report.new} articles", flush=True)
    return folder


def _tell(told: Tally) -> None:
    print(
        f"fsck-flips: {told.flips} flips: {told.found} found, {len(told.missed)} of stored content missed; "
        f"{told.repaired} repaired: {len(told.lost)} lost something",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flips", type=int, nargs="?", default=200)
    parser.add_argument("repair_every", type=int, nargs="?", default=20)
    parser.add_argument("--archive", type=Path, metavar="DIR")
    parser.add_argument("--part", default="1/1", metavar="I/N")
    chosen = parser.parse_args()
    i, n = (int(word) for word in chosen.part.split("/"))
    sys.exit(main(chosen.flips, chosen.repair_every, kept=chosen.archive, part=i - 1, parts=n))
