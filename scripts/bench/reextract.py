#!/usr/bin/env python3
"""What reading an archive again costs, against trafilatura over the same pages from a directory.

    MORGUE_CORPUS=DIR scripts/bench/reextract.py [ROUNDS [PAGES]]

The pages of the corpus's replay part are put into an archive, one capture each, and read once (untold). Then, in each round:
`trafilatura --parallel 2 --json --with-metadata` over them from a directory; all of them read again with two processes where
another version reads the same; and where it reads every text otherwise, so that each article is told anew. CPU is that of all
processes; "overhead" is what is not spent in the extractor: WARC, pickling, comparing, database, index, copies.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from result import result  # noqa: E402

from archive.clock import SystemClock  # noqa: E402 - the path comes first
from archive.extract import ExtractTask  # noqa: E402
from archive.folder import ArchiveFolder  # noqa: E402
from archive.model import Exchange, Extraction, ExtractorId, Role  # noqa: E402
from archive.reextract import Extractor, Wanted, reextract  # noqa: E402
from archive.reextract.extractor import read_installed  # noqa: E402
from archive.reextract.main import Rules  # noqa: E402

START = datetime(2026, 5, 1, tzinfo=UTC)
JOBS = 2
_spent = 0.0


def read_timed(task: ExtractTask) -> Extraction:
    """Read as installed, and note the CPU of that, all pages of this process together."""
    global _spent  # noqa: PLW0603 - a process's own sum
    begun = time.process_time()
    said = read_installed(task)
    _spent += time.process_time() - begun
    (Path(os.environ["READING_CPU_FOLDER"]) / str(os.getpid())).write_text(str(_spent), encoding="ascii")
    return said


def read_otherwise(task: ExtractTask) -> Extraction:
    """Read every text otherwise: without its first sentence."""
    said = read_timed(task)
    return replace(said, text=(said.text or "").partition(". ")[2] or "None.") if said.article else said


class _Hand:
    """A clock that is set."""

    when = START

    def now(self) -> datetime:
        return self.when

    def monotonic(self) -> float:
        return self.when.timestamp()

    def real(self) -> float:
        return self.when.timestamp()


def make(corpus: Path, folder: ArchiveFolder, pages: Path, most: int) -> int:
    """Write the archive's WARC file and the directory of pages; returns how many there are."""
    from archive.warc import WarcWriter

    for path in (folder.root, folder.warc, folder.reports, pages):
        path.mkdir(parents=True)
    folder.sources.write_text('contact = "mailto:desk@paper.example"\n', encoding="utf-8")
    clock, count = _Hand(), 0
    with WarcWriter(folder.warc, clock=clock, run_id="bench", software="Morgue/bench") as out:
        for row in _rows(corpus):
            first = row["revs"][0]
            body = gzip.decompress((corpus / "replay" / first["path"]).read_bytes())
            (pages / f"{row['id']}.html").write_bytes(body)
            clock.when += timedelta(seconds=1)
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {first['content_type'] or 'text/html'}\r\n\r\n"
            exchange = Exchange(
                url=row["url"], started_at=clock.when, request_head=b"GET / HTTP/1.1\r\n\r\n",
                response_head=head.encode("latin-1", "replace"), body=body, peer="192.0.2.7", seconds=0.1,
            )  # fmt: skip
            out.append_exchange(exchange, source=str(row["domain"]), role=Role.PAGE, facts=())
            count += 1
            if count == most:
                break
    return count


def _rows(corpus: Path) -> Iterator[dict]:  # type: ignore[type-arg]
    with (corpus / "replay" / "manifest.jsonl").open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def read_once(folder: ArchiveFolder) -> None:
    """Read the shelf as a first ingest does, without learning: what is measured is another reading."""
    from archive.reading import open_ingest, unread

    with open_ingest(folder, clock=SystemClock(), jobs=JOBS) as ingest:
        report = ingest.files(unread(folder, ingest.store))
    print(f"{report.captures:,} captures, {report.new:,} articles", flush=True)


def child(folder: ArchiveFolder, how: str) -> None:
    """Read the archive again in this process."""
    read = read_otherwise if how == "changed" else read_timed
    extractor = Extractor(identity=ExtractorId(name="morgue", version=how, config=""), read=read)
    result = reextract(folder, Wanted(), Rules(force=True), clock=SystemClock(), jobs=JOBS, extractor=extractor)
    changed = sum(one.changed for one in result.sources)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"  {how}: {result.done.captures:,} read again, {changed:,} articles changed, writer {peak:.0f} MiB", flush=True
    )


def measured(command: list[str], **more: object) -> tuple[float, float]:
    """Run a command; returns its CPU seconds, children included, and wall seconds."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True, **more)  # type: ignore[call-overload]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - begun


def main() -> None:
    """Run it."""
    if sys.argv[1:2] == ["--child"]:
        child(ArchiveFolder(Path(sys.argv[3])), sys.argv[2])
        return
    if not os.environ.get("MORGUE_CORPUS"):
        print("MORGUE_CORPUS is not set: this bench needs the corpus of real pages")
        return
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    most = int(sys.argv[2]) if len(sys.argv) > 2 else 10**9
    figures: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        base, pages = ArchiveFolder(Path(name) / "base"), Path(name) / "pages"
        print(f"{make(Path(os.environ['MORGUE_CORPUS']), base, pages, most):,} pages", flush=True)
        read_once(base)
        trafilatura = str(Path(sys.executable).with_name("trafilatura"))
        words = ["--parallel", str(JOBS), "--json", "--with-metadata", "--input-dir", str(pages)]
        for number in range(rounds):
            out = Path(name) / "out"
            theirs = measured([trafilatura, *words, "--output-dir", str(out)], stderr=subprocess.DEVNULL)
            shutil.rmtree(out, ignore_errors=True)
            for how in ("same", "changed"):
                copy, spent = Path(name) / "copy", Path(name) / "spent"
                shutil.copytree(base.root, copy)
                spent.mkdir()
                mine = measured(
                    [sys.executable, __file__, "--child", how, str(copy)],
                    env={**os.environ, "READING_CPU_FOLDER": str(spent), "PYTHONPATH": str(ROOT)},
                )
                each = [float(path.read_text(encoding="ascii")) for path in spent.iterdir()]
                extraction = sum(each)
                shutil.rmtree(copy)
                shutil.rmtree(spent)
                figures.setdefault(f"{how}: CPU / trafilatura's", []).append(mine[0] / theirs[0])
                figures.setdefault(f"{how}: wall / trafilatura's", []).append(mine[1] / theirs[1])
                figures.setdefault(f"{how}: overhead / extraction", []).append((mine[0] - extraction) / extraction)
                print(
                    f"round {number}, {how}: CPU {mine[0]:.1f} s (extraction {extraction:.1f}, {len(each)} workers), "
                    f"wall {mine[1]:.1f} s; trafilatura {theirs[0]:.1f} s, {theirs[1]:.1f} s",
                    flush=True,
                )
    for what, values in figures.items():
        print(f"{what}: {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})")
    result({what: statistics.median(values) for what, values in figures.items()})


if __name__ == "__main__":
    main()
