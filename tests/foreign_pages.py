"""Does an import make of pages what `morgue extract` makes of the same bodies? For a test, and for a long check of all."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from archive.clock import SystemClock
from archive.console import Progress
from archive.folder import ArchiveFolder
from archive.importing import Import, import_files
from archive.model import Snapshot
from archive.payload import decode_content
from archive.sources import SOURCES_TEMPLATE
from archive.store import open_store
from archive.warc import RawReader, read_records
from crawler.cli import group

_TOLD = ("title", "authors", "published", "language", "text")


@dataclass(frozen=True)
class Compared:
    """What came of a file both ways."""

    pages: int
    articles: int
    differ: dict[str, list[str]]  # URL -> what differs


def some_of(path: Path, target: Path, *, every: int) -> Path:
    """Copy every so-manieth response of a file with one gzip member per record."""
    data, responses = path.read_bytes(), 0
    with target.open("wb") as out:
        for record in RawReader(path):
            if record.fields.record_type == "response":
                if responses % every == 0:
                    out.write(data[record.offset : record.offset + record.length])
                responses += 1
    return target


def compare(path: Path, folder: Path) -> Compared:
    """Import a file into an archive in `folder`, extract its bodies there, and compare."""
    imported = _imported(ArchiveFolder(folder / "archive"), path)
    extracted = _extracted(folder, path)
    differ: dict[str, list[str]] = {url: ["only one has it"] for url in imported.keys() ^ extracted.keys()}
    for url in imported.keys() & extracted.keys():
        ours, theirs = imported[url], extracted[url]
        names = ["article", *(_TOLD if theirs["article"] else ())]
        if wrong := [name for name in names if (ours.get(name) or None) != (theirs[name] or None)]:
            differ[url] = wrong
    return Compared(len(imported), sum(bool(found["article"]) for found in imported.values()), differ)


def _imported(folder: ArchiveFolder, path: Path) -> dict[str, dict[str, Any]]:
    for part in (folder.root, folder.warc, folder.reports):
        part.mkdir()
    folder.sources.write_text(SOURCES_TEMPLATE)
    import_files(folder, Import(paths=(path,)), clock=SystemClock(), jobs=2, progress=Progress("x", quiet=True))
    sql = "SELECT c.url, e.status, e.result FROM extractions e JOIN captures c ON c.pk = e.capture"
    with open_store(folder, SystemClock()) as store:
        rows = store.db.conn.execute(sql).fetchall()
    return {
        url: {**json.loads(zlib.decompress(result)), "article": status == "article"} for url, status, result in rows
    }


def _extracted(folder: Path, path: Path) -> dict[str, dict[str, Any]]:
    """Put the bodies into files, as a person would save them, and have `morgue extract` read those."""
    lines = []
    for number, snapshot in enumerate(_snapshots(path)):
        page = folder / f"{number}.html"
        page.write_bytes(decode_content(snapshot.headers, snapshot.body))
        lines.append({"path": str(page), "url": snapshot.url, "captured_at": snapshot.captured_at.isoformat()})
    listed = folder / "pages.jsonl"
    listed.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = CliRunner().invoke(group, ["extract", "--jsonl", str(listed), "--jobs", "2"], prog_name="morgue")
    if done.exit_code:
        raise RuntimeError(done.output)
    return {found["url"]: found for found in map(json.loads, done.stdout.splitlines())}


def _snapshots(path: Path) -> Iterator[Snapshot]:
    return (item for item in read_records(path) if isinstance(item, Snapshot))
