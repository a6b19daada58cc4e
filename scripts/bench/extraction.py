#!/usr/bin/env python3
"""Extraction against other extractors: text, dates, titles, authors and CPU, all in one run on the same pages.

    MORGUE_CORPUS=… scripts/bench/extraction.py [--sets sh,aed,fundus,wcxb_dev] [--limit N] [--rounds 3]
        [--peers all|none|NAME,…] [--ours [LABEL=]MODULE:FUNCTION]… [--envs DIR] [--json FILE]

Every page is read by all readers one after another, each in a process of its own that stays, so that what else the
machine does hits all alike. Peers are installed with exact versions into environments of their own (--envs, below the
user's cache folder by default); one that cannot be installed is named and left out. --ours puts any function
f(body, url) -> {title, authors, date, text, article} in the place of ours; given several times, it adds columns.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from environments import InstallError, default_folder, pins, python_of
from extraction_peers import scores, table
from extraction_peers.readers import (
    BASELINE,
    RIVAL,
    Kind,
    Reader,
    own_kinds,
    peer_kinds,
    pins_of,
)
from extraction_peers.scores import Answers, TruthPage
from result import result

SETS = "sh,aed,fundus,wcxb_dev"
TOGETHER = ("sh", "aed", "fundus")  # real news pages; wcxb_dev has guides and blogs too
WARM = 3  # pages read before anything counts in a round: libraries load their parts with the first pages

Run = dict[str, list[Answers]]  # reader -> answers in the order of the pages


def say(line: str) -> None:
    """Tell what is going on, beside the table."""
    print(line, file=sys.stderr, flush=True)


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default=SETS)
    parser.add_argument("--limit", type=int, help="pages of each set")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default="all")
    parser.add_argument("--ours", action="append", default=[], metavar="[LABEL=]MODULE:FUNCTION")
    parser.add_argument("--envs", type=Path, default=default_folder())
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args(words)


def started(stack: ExitStack, kinds: Sequence[Kind], envs: Path) -> list[Reader]:
    """Return the readers that could be installed and started; ours must be, a peer may be missing."""
    readers = []
    for kind in kinds:
        try:
            listed = pins_of(kind)
            python = python_of(listed, envs, say) if listed else Path(sys.executable)
            reader = stack.enter_context(Reader(kind, python))
            reader.start()
        except (InstallError, OSError) as error:
            if not kind.environment:
                raise
            say(f"{kind.name} is left out: {error}")
            continue
        readers.append(reader)
    return readers


def measure(readers: Sequence[Reader], pages: Sequence[TruthPage], rounds: int) -> Run:
    """Ask every reader for every page, `rounds` times; who is asked first changes from page to page.

    Each round has fresh processes: libraries remember what they computed for a page, and an archive reads a page once.
    """
    found: Run = {reader.kind.name: [Answers() for _ in pages] for reader in readers}
    for number in range(rounds):
        for reader in readers:
            reader.end()
            for page in pages[:WARM]:
                reader.ask(page.path, page.url)
        for at, page in enumerate(pages):
            turn = (at + number) % len(readers)
            for reader in [*readers[turn:], *readers[:turn]]:
                found[reader.kind.name][at].said.append(reader.ask(page.path, page.url))
            if at % 100 == 99:
                say(f"round {number + 1} of {rounds}: {at + 1} of {len(pages)} pages")
    return found


def figures(metrics: Any, pages: Sequence[TruthPage], run: Run, sets: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return set -> reader -> scores and CPU; "together" is the first three sets' pages as one."""
    chosen = {name: [at for at, page in enumerate(pages) if page.set == name] for name in sets}
    if set(TOGETHER) <= set(sets):
        chosen["+".join(TOGETHER)] = [at for at, page in enumerate(pages) if page.set in TOGETHER]
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, places in chosen.items():
        base = [run[BASELINE][at] for at in places] if BASELINE in run else None
        for reader, answers in run.items():
            mine = [answers[at] for at in places]
            values = scores.score(metrics, [pages[at] for at in places], [a.first for a in mine])
            found[name][reader] = {**values, **scores.cpu_ratio(mine, base)}
    return dict(found)


def differences(
    metrics: Any, pages: Sequence[TruthPage], run: Run, ours: str, sets: Sequence[str]
) -> dict[str, dict[str, float | int]]:
    """Return set -> the bootstrap of `ours` against the rival; empty where the rival was not asked."""
    if RIVAL not in run:
        return {}
    a, b = ([answers.first for answers in run[name]] for name in (ours, RIVAL))
    groups = {"+".join(TOGETHER): TOGETHER} if set(TOGETHER) <= set(sets) else {}
    found = {}
    for name, members in {**groups, **{each: (each,) for each in sets}}.items():
        places = [at for at, page in enumerate(pages) if page.set in members]
        pairs = scores.text_pairs(metrics, [pages[i] for i in places], [a[i] for i in places], [b[i] for i in places])
        if pairs:
            found[name] = scores.bootstrap(metrics, pairs)
    return found


def page_rows(metrics: Any, pages: Sequence[TruthPage], run: Run) -> list[dict[str, Any]]:
    """Return each page's text F1 for each reader: where to look for what is lost."""
    rows = []
    for at, page in enumerate(pages):
        if page.truth.get("text"):
            each = {name: scores.text_row(metrics, page, answers[at].first) for name, answers in run.items()}
            f1 = {name: round(metrics.agg([row])["pagef1"], 4) for name, row in each.items()}
            rows.append({"set": page.set, "n": page.n, "host": page.host, "f1": f1})
    return rows


def main() -> int:
    """Run the bench."""
    options = arguments()
    where = os.environ.get("MORGUE_CORPUS")
    if not where:
        say("MORGUE_CORPUS is not set: this bench needs the corpus of pages with a truth, and its metrics")
        return 1
    sets = options.sets.split(",")
    try:
        metrics = scores.load_metrics(Path(where))
        pages = [page for name in sets for page in scores.load_set(Path(where), name, options.limit)]
        ours, peers = own_kinds(options.ours), peer_kinds(options.peers)
    except (scores.MissingError, ValueError) as error:
        say(str(error))
        return 1
    with ExitStack() as stack:
        readers = started(stack, [*ours, *peers], options.envs)
        run = measure(readers, pages, max(1, options.rounds))
    scored = figures(metrics, pages, run, sets)
    against = {kind.name: differences(metrics, pages, run, kind.name, sets) for kind in ours}
    print("\n".join(table.lines(scored, BASELINE)))
    for name, found in against.items():
        if found:
            print("\n".join(table.bootstrap_lines(found, name, RIVAL)))
    unstable = {
        name: [f"{p.set}/{p.n}" for p, a in zip(pages, answers, strict=True) if not a.stable]
        for name, answers in run.items()
    }
    for name, differing in unstable.items():
        if differing:
            print(table.unstable_line(name, differing))
    result(
        {
            f"{name}: {what}": values["ours"][key]
            for name, values in scored.items()
            for what, key in (("text F1", "f1"), ("CPU / trafilatura", "cpu"))
            if values.get("ours", {}).get(key) is not None
        }
    )
    if options.json:
        whole = {
            "python": platform.python_version(),
            "rounds": max(1, options.rounds),
            "limit": options.limit,
            "readers": {r.kind.name: pins(listed) if (listed := pins_of(r.kind)) else [] for r in readers},
            "figures": scored,
            "bootstrap": against,
            "unstable": unstable,
            "pages": page_rows(metrics, pages, run),
        }
        options.json.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
