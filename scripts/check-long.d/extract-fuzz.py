#!/usr/bin/env python3
"""20,000 broken pages through the extraction pool: no crash, no hang, no result that JSON or SQLite cannot hold.

Usage: scripts/check-long.d/extract-fuzz.py [PAGES] [SEED] [FIRST]
       scripts/check-long.d/extract-fuzz.py --one SEED NUMBER [FILE]

The second form makes one page again, writes it to FILE and reads it in this process, for a traceback. With MORGUE_CORPUS set
real pages are broken, otherwise the project's own. Timeouts are the pool's limit at work: they are listed, and are no failure.
"""

from __future__ import annotations

import sys
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from archive.extract import document, verdict  # noqa: E402 - the path comes first
from archive.extract.extract import _read  # noqa: E402
from tests.extract_fuzz import Findings, fuzz, mutant  # noqa: E402
from tests.extract_pages import all_pages  # noqa: E402

SHOWN = 20  # lines of each kind


def tell(findings: Findings) -> None:
    """Print a line of how it goes."""
    print(
        f"{findings.pages:6} pages: {len(findings.crashed)} crashed, {len(findings.timeouts)} too slow, "
        f"{len(findings.raised)} raised, {len(findings.unfit)} unfit; largest worker {findings.peak / 1e6:.0f} MB",
        flush=True,
    )


def one(seed: int, number: int, file: str | None) -> int:
    """Make a page again and read it here."""
    made = mutant(seed, number, all_pages()[0])
    print(made.recipe, made.page.url, made.page.headers, made.page.captured_at, sep="\n")
    if file:
        Path(file).write_bytes(made.page.body)
    begun = time.monotonic()
    try:
        found = "no element"
        if (reason := verdict.before_parsing(made.page)) is not None:
            found = reason
        elif (parsed := document.parse(made.page)) is not None:
            found = repr(_read(parsed))[:2000]  # `extract` would hide the traceback
        print(found)
    except Exception:  # noqa: BLE001 - that is what is looked for
        traceback.print_exc()
    print(f"{time.monotonic() - begun:.2f} s")
    return 0


def main() -> int:
    """Run it; 1 if anything came back that must not."""
    words = sys.argv[1:]
    if words[:1] == ["--one"]:
        return one(int(words[1]), int(words[2]), words[3] if len(words) > 3 else None)
    count = int(words[0]) if words else 20_000
    seed = int(words[1]) if len(words) > 1 else int(time.time())
    first = int(words[2]) if len(words) > 2 else 0
    pages, what = all_pages()
    print(f"{count} mutations of {len(pages)} {what}, seed {seed}", flush=True)
    begun = time.monotonic()
    found = fuzz(pages, seed=seed, numbers=range(first, first + count), tell=tell)
    print(", ".join(f"{name} {number}" for name, number in found.reasons.most_common()))
    for name in ("crashed", "lost", "unfit", "raised", "timeouts", "slow"):
        lines = getattr(found, name)
        print(f"{name}: {len(lines)}")
        print("".join(f"  {line}\n" for line in lines[:SHOWN]), end="")
    verdict_ = "WRONG" if found.bad else "right"
    print(f"extract-fuzz: {verdict_}, {found.pages} pages in {time.monotonic() - begun:.0f} s, seed {seed}")
    return 1 if found.bad else 0


if __name__ == "__main__":
    sys.exit(main())
