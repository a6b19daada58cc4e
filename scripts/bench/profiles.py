#!/usr/bin/env python3
"""What a site's other pages bring: text F1 of each page without a profile, and with one learned from the others alone.

    MORGUE_CORPUS=… scripts/bench/profiles.py [--least 10] [--most 30] [--json FILE]

The sites of the replay pages with at least `--least` known texts, at most `--most` pages of each. A page never teaches
itself: its lesson is left out when its profile is learned. A title as first line costs nothing. Figures are means over sites.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import statistics
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from extraction_peers import scores
from result import result

from archive.extract.extract import extract
from archive.extract.page import Page
from archive.extract.profile import learn, lesson
from archive.extract.title import fold

_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")

Known = tuple[Page, str, tuple[str, ...]]  # a page, its true text, and what may stand above it


def known_pages(replay: Path) -> dict[str, list[Known]]:
    """Return host -> its pages with a known text. Raises `scores.MissingError`."""
    if not (replay / "manifest.jsonl").is_file():
        raise scores.MissingError(f"{replay / 'manifest.jsonl'} is not there")
    listed: dict[str, dict[str, Any]] = {}
    for line in (replay / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        listed.setdefault(row["url"], row)
    found: dict[str, list[Known]] = defaultdict(list)
    with gzip.open(replay / "truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            truth = json.loads(line)
            row = listed.get(truth["url"])
            if row and truth.get("text"):
                body = gzip.decompress((replay / row["revs"][0]["path"]).read_bytes())
                titles = tuple(t for t in (truth.get("title"), row.get("title")) if t)
                found[row["host"]].append((Page(url=truth["url"], body=body), truth["text"], titles))
    return found


def row_of(metrics: Any, page: Page, known: Known) -> Any:
    """Return the text's row of one page; a first line that says the title is neither asked for nor wrong."""
    _, truth, titles = known
    said = extract(page)
    names = [t for t in (*titles, said.title) if t]
    first, text = truth.split("\n", 1)[0], said.text or ""
    if fold(first) in {fold(t) for t in names} and not fold(text).startswith(fold(first)):
        text = f"{first}\n{text}"
    return metrics.page(truth, text, "\n".join(names), cjk=bool(_CJK.search(truth[:400])))


def of_site(metrics: Any, pages: Sequence[Known]) -> tuple[float, float]:
    """Return a site's F1 without and with a profile of its other pages."""
    lessons = [lesson(page) for page, _, _ in pages]
    plain, taught = [], []
    for at, known in enumerate(pages):
        others = [each for n, each in enumerate(lessons) if n != at and each is not None]
        plain.append(row_of(metrics, known[0], known))
        taught.append(row_of(metrics, replace(known[0], profile=learn(others)), known))
    return metrics.agg(plain)["f1"], metrics.agg(taught)["f1"]


def main() -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--least", type=int, default=10)
    parser.add_argument("--most", type=int, default=30)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    where = os.environ.get("MORGUE_CORPUS")
    if not where:
        print(
            "MORGUE_CORPUS is not set: this bench needs the corpus of pages with a truth, and its metrics",
            file=sys.stderr,
        )
        return 1
    try:
        metrics = scores.load_metrics(Path(where))
        sites = {
            host: pages for host, pages in known_pages(Path(where) / "replay").items() if len(pages) >= options.least
        }
    except scores.MissingError as error:
        print(error, file=sys.stderr)
        return 1
    found = {}
    for host, pages in sorted(sites.items()):
        found[host] = of_site(metrics, pages[: options.most])
        print(
            f"{host:30} {len(pages[: options.most]):3} pages   {found[host][0]:.3f}  {found[host][1]:.3f}", flush=True
        )
    without, taught = (statistics.fmean(each) for each in zip(*found.values(), strict=True))
    worst = min(found, key=lambda host: found[host][1] - found[host][0])
    print(
        f"without a profile {without:.4f}, with one {taught:.4f}: the error falls by {(taught - without) / (1 - without):.1%}; "
        f"worst {worst} {found[worst][1] - found[worst][0]:+.3f}"
    )
    result(
        {
            "F1 without a profile": without,
            "F1 with one": taught,
            "share of the error that goes": (taught - without) / (1 - without),
        }
    )
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
