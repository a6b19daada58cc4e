"""A small archive with edits, revisits and a page that is none, and extractors that read it otherwise."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from archive.console import Progress
from archive.extract import ExtractTask
from archive.folder import ArchiveFolder
from archive.fsck.check import check
from archive.fsck.faults import Level
from archive.model import Extraction, ExtractorId
from archive.reading import ingest_shelf
from archive.reextract import Extractor
from archive.reextract.extractor import read_installed
from archive.warc.build import RevisitOf
from archive.warc.fields import sha1_digest
from tests.warc_tools import T0, Clock, exchange, keep, writer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
LATER = T0 + timedelta(days=9)
QUIET = Progress("x", quiet=True)
SOURCES = """contact = "mailto:desk@paper.example"

[[source]]
name = "paper"
url = "https://paper.example/"

[[source]]
name = "gazette"
url = "https://gazette.example/"
"""
EDIT = "The master of the mole said later that nobody had been asked, and that the council would hear of it in June."
STUB = "<html><head><title>Soon</title></head><body><p>Back soon.</p></body></html>"
EDITED = "https://paper.example/mole-0"


def html(site: str, number: int, more: str = "") -> str:
    """Return a page of six paragraphs, no two of which are alike."""
    paragraphs = [
        " ".join(
            f"The mole of {site} town {number}-{part}-{at} reopened after works of {part + at + 3} long weeks, its master said."
            for at in range(4)
        )
        for part in range(6)
    ]
    words = "".join(f"<p>{each}</p>" for each in [*paragraphs, *([more] if more else [])])
    title = f"Mole {number} of {site} opens"
    return (
        f'<html lang="en"><head><title>{title}</title><meta property="og:type" content="article"></head>'
        f"<body><article><h1>{title}</h1>{words}</article></body></html>"
    )


def page(site: str, number: int, minutes: float, body: str | None = None) -> Any:
    """Return an exchange."""
    url, at = f"https://{site}.example/mole-{number}", T0 + timedelta(minutes=minutes)
    return exchange(HEAD, (body or html(site, number)).encode(), url=url, started_at=at)


def pages() -> list[tuple[str, Any, RevisitOf | None]]:
    """Return what lies on the shelf: paper-0 is edited between two revisits, paper-4 is a stub that a better reader takes."""
    found: list[tuple[str, Any, RevisitOf | None]] = []
    for number in range(4):
        found.append(("paper", page("paper", number, number), None))
        found.append(("gazette", page("gazette", number, number + 0.5), None))
    found.append(("paper", page("paper", 4, 5, STUB), None))
    first = page("paper", 0, 0)
    same = RevisitOf(url=first.url, captured_at=first.started_at, digest=sha1_digest(first.body))
    found.append(("paper", page("paper", 0, 10), same))
    edited = page("paper", 0, 20, html("paper", 0, EDIT))
    found.append(("paper", edited, None))
    again = RevisitOf(url=edited.url, captured_at=edited.started_at, digest=sha1_digest(edited.body))
    found.append(("paper", page("paper", 0, 30, html("paper", 0, EDIT)), again))
    return found


def shelve(folder: ArchiveFolder, what: list[tuple[str, Any, RevisitOf | None]], run: str = "one") -> None:
    """Write records into a file of their own."""
    clock = Clock()
    with writer(folder.warc, clock, run_id=run) as out:
        for source, one, revisit in what:
            clock.when = one.started_at
            keep(out, one, source=source, revisit_of=revisit)


def ingest(folder: ArchiveFolder, days: float = 1) -> Any:
    """Read what is new on the shelf."""
    return ingest_shelf(folder, clock=Clock(T0 + timedelta(days=days)), jobs=0, progress=QUIET)


def made(root: Path) -> ArchiveFolder:
    """Return an archive that has read its shelf."""
    folder = ArchiveFolder(root)
    for path in (folder.root, folder.warc, folder.reports):
        path.mkdir()
    folder.sources.write_text(SOURCES)
    folder.decisions.touch()
    shelve(folder, pages())
    ingest(folder)
    return folder


def rows(folder: ArchiveFolder, sql: str, *values: object) -> list[Any]:
    """Ask the database."""
    with closing(sqlite3.connect(folder.archive_db)) as conn:
        return conn.execute(sql, values).fetchall()


_PLACED = {
    "articles": "SELECT * FROM articles ORDER BY pk",
    "publisher's revisions": "SELECT a.id, r.seq, r.seen_from, r.seen_to, r.capture, r.title, r.text, r.content, r.digest"
    " FROM revisions r JOIN articles a ON a.pk = r.article WHERE r.cause = 'publisher' ORDER BY 1, 2",
    "what the publisher changed": "SELECT a.id, h.seq, h.number, h.kind, h.before, h.after FROM revision_changes h"
    " JOIN articles a ON a.pk = h.article WHERE h.cause = 'publisher' ORDER BY 1, 2, 3",
    "stories": "SELECT * FROM stories ORDER BY pk",
    "links": "SELECT * FROM links ORDER BY article",
    "aliases": "SELECT * FROM aliases ORDER BY key",
    "opt-outs": "SELECT * FROM opt_outs ORDER BY article",
    "captures": "SELECT pk, article, content FROM captures ORDER BY pk",
    "in force": "SELECT c.pk, e.digest, e.profile, x.version FROM captures c JOIN extractions e ON e.pk = c.extraction"
    " JOIN extractors x ON x.pk = e.extractor ORDER BY 1",
    "words": "SELECT term, doc, cnt FROM temp.words ORDER BY 1",
}
READINGS = (
    "SELECT a.url, r.seq, r.seen_from, r.seen_to, r.text FROM revisions r JOIN articles a ON a.pk = r.article"
    " WHERE r.cause = 'extractor' ORDER BY 1, 2"
)


def placed(folder: ArchiveFolder) -> dict[str, Any]:
    """Return what the articles are: whole rows, the publisher's revisions, stories, and the words of the index."""
    with closing(sqlite3.connect(folder.archive_db)) as conn:
        conn.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, articles_fts, row)")
        return {name: conn.execute(query).fetchall() for name, query in _PLACED.items()}


def everything(folder: ArchiveFolder) -> dict[str, Any]:
    """Return `placed` with all readings, earlier ones too, and what was decided; without local rows' numbers and times."""
    found = placed(folder)
    found["readings"] = rows(
        folder,
        "SELECT c.url, c.captured_at, x.version, e.status, e.reason, e.digest, e.profile FROM extractions e"
        " JOIN captures c ON c.pk = e.capture JOIN extractors x ON x.pk = e.extractor ORDER BY 1, 2, 3",
    )
    found["earlier"] = rows(folder, READINGS)
    found["superseded"] = rows(folder, "SELECT capture, article FROM superseded ORDER BY 1")
    found["promotions"] = rows(folder, "SELECT source, rolled_back_at IS NULL FROM promotions ORDER BY pk")
    found["lines"] = [line.split('"kind"')[1] for line in folder.decisions.read_text().splitlines() if '"kind"' in line]
    return found


def assert_sound(folder: ArchiveFolder) -> None:
    """Fail if `fsck --full` finds anything."""
    findings = check(folder, Level.FULL)
    assert not findings.total, [str(fault) for fault in findings.faults]


# Extractors


def read_bad(task: ExtractTask) -> Extraction:
    """Cut every second paragraph; find nothing at all on the pages of one site."""
    said = read_installed(task)
    if not said.article or task.snapshot is None:
        return said
    if "gazette" in task.snapshot.url:
        return Extraction.refused("no-text")
    parts = (said.text or "").split("\n\n")
    return replace(said, text="\n\n".join(parts[::2]))


def read_otherwise(task: ExtractTask) -> Extraction:
    """Leave out a sentence of each text, move its date, and take a stub for an article."""
    said = read_installed(task)
    if not said.article:
        if task.snapshot is None or not task.snapshot.url.endswith("mole-4"):
            return said
        return Extraction(article=True, title="Soon", text="Back soon, the paper says.", language="en")
    first, _, rest = (said.text or "").partition(". ")
    return (
        replace(said, text=rest, authors=("Ada Brink",), published="2026-04-30", published_precision="day")
        if first
        else said
    )


def read_first_alone(task: ExtractTask) -> Extraction:
    """Find nothing on the page that was edited, and read the others otherwise."""
    said = read_otherwise(task)
    return Extraction.refused("no-text") if EDIT in (read_installed(task).text or "") else said


def read_slowly(task: ExtractTask) -> Extraction:
    """Read as `read_otherwise`, giving a kill some time."""
    time.sleep(0.05)
    return read_otherwise(task)


def read_dying(task: ExtractTask) -> Extraction:
    """Read as usual; die at one page, the first time that it is read (a file in the shelf's folder remembers)."""
    if task.snapshot is not None and task.snapshot.url.endswith("paper.example/mole-2"):
        mark = Path(os.environ["DYING_READER_MARK"])
        if not mark.exists():
            mark.touch()
            os._exit(9)
    return read_otherwise(task)


def read_hanging(task: ExtractTask) -> Extraction:
    """Hang in C, holding the interpreter, at one page."""
    if task.snapshot is not None and task.snapshot.url.endswith("gazette.example/mole-1"):
        re.match(r"(a+)+$", "a" * 60 + "b")
    return read_otherwise(task)


def read_later(task: ExtractTask) -> Extraction:
    """Read slowly enough for the cluster to be taken away meanwhile."""
    time.sleep(0.5)
    return read_otherwise(task)


def named(read: Any, version: str = "9") -> Extractor:
    """Return an extractor of another version."""
    return Extractor(identity=ExtractorId(name="morgue", version=version, config=""), read=read)
