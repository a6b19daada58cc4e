#!/usr/bin/env python3
"""Kill -9 ingest, takedown, backup, restore, sealing, repair and export at random moments; one further run makes all well.

Usage: scripts/check-long.d/archive-kill.py [KILLS] [SEED] [KIND …]

With MORGUE_CORPUS set, the archive is one of real pages, otherwise of one of the project's own papers.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from archive_kill import CRAWLED, kinds_of, loop  # noqa: E402 - the path comes first
from kill_web import corpus_web  # noqa: E402

from tests.line import Archive, new_archive  # noqa: E402
from tests.site.server import NewsSites  # noqa: E402

_HOSTS = 3


def main() -> None:
    """Run it."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 110
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    corpus = os.environ.get("MORGUE_CORPUS")
    print(f"{kills} kills, seed {seed}, {'pages of the corpus' if corpus else 'our own papers'}", flush=True)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        if corpus:
            web = stack.enter_context(corpus_web(Path(corpus), folder, hosts=_HOSTS, latency=0.0))
            archive = Archive(folder / "base", CRAWLED)
            archive.run("init", archive.path)
            (archive.path / "sources.toml").write_text(web.sources, encoding="utf-8")
            crawl = web.options
        else:
            sites = stack.enter_context(NewsSites())
            archive = new_archive(folder / "base", {"courier": sites.sites["courier"]})
            crawl = ("--allow-private",)
        archive.run("crawl", *crawl, "--jobs", "1", "--quiet", now=CRAWLED)
        every = list(kinds_of(archive, folder, (*crawl, "--max-pages", "3")))
        wanted = sys.argv[3:]
        kinds = [kind for kind in every if not wanted or kind.name in wanted]
        print(loop(kinds, folder, kills=kills, seed=seed, say=lambda line: print(line, flush=True)), flush=True)


if __name__ == "__main__":
    main()
