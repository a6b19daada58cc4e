"""Bits flipped at random places of an archive, and what `morgue fsck` makes of them.

Short in tests/test_fsck.py and test_fsck_repair.py, on 100 MB of real pages in scripts/check-long.d/fsck-flips.py.
"""

from __future__ import annotations

import gzip
import json
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from archive.clock import SystemClock
from archive.console import Progress
from archive.folder import ArchiveFolder
from archive.fsck.check import check
from archive.fsck.faults import Findings, Level
from archive.fsck.mend import Mended, mend
from archive.model import Exchange, Role
from archive.reading import open_ingest, unread
from archive.sources import SOURCES_TEMPLATE
from archive.warc import RawReader, WarcWriter, parse_own_name, warc_files
from crawler.fsck import FrontierChecks
from crawler.refrontier import rebuild_frontier

QUIET = Progress("x", quiet=True)
START = datetime(2026, 5, 1, 6, tzinfo=UTC)
REQUEST = b"GET / HTTP/1.1\r\nHost: news.example\r\n\r\n"
HEAD = b'HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Encoding: gzip\r\nETag: "%d"\r\n\r\n'
# What each table holds as content: a flip there must be found. Everything else is counted.
TEXTS = {
    "articles": {
        "id", "url", "url_key", "canonical_url", "title", "authors", "published", "modified", "language", "section", "image",
        "keywords", "description", "provenance", "title_terms", "text", "text_terms", "digest", "domain", "word_count",
        "first_seen", "last_seen",
        "gone_at", "sort_at", "kind", "source",
    },
    "revisions": {"title", "text", "content", "digest", "seen_from", "seen_to", "capture"},
    "stories": {"id", "head", "members"},
    "extractions": {"result", "digest", "status", "reason"},
    "revision_changes": {"before", "after", "kind", "paragraph", "number", "seq", "cause", "seen_from"},
    "discoveries": {
        "url", "via", "found_on", "seen_at", "title", "published", "author", "entry_id", "summary", "language", "digest"
    },
    "captures": {
        "url", "url_key", "captured_at", "status", "mime", "record_type", "payload_digest", "offset", "length", "role",
        "refers_to_url", "refers_to_at",
    },
}  # fmt: skip


def made_archive(root: Path) -> ArchiveFolder:
    """Make an empty archive."""
    folder = ArchiveFolder(root)
    for path in (folder.root, folder.warc, folder.reports, folder.profiles):
        path.mkdir(parents=True)
    folder.sources.write_text(SOURCES_TEMPLATE)
    return folder


def ingest(folder: ArchiveFolder, jobs: int = 0) -> Any:
    """Ingest what the shelf has; the database is one file afterwards."""
    with open_ingest(folder, clock=SystemClock(), jobs=jobs) as run:
        report = run.files(unread(folder, run.store))
        with run.store.transaction():
            run.store.restory()
    with closing(sqlite3.connect(folder.archive_db)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return report


def from_corpus(corpus: Path, folder: ArchiveFolder, most_bytes: int) -> int:
    """Write pages of the corpus as exchanges until the shelf has `most_bytes`, and make crawl.db of them; returns how many."""
    lines = (corpus / "replay" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    random.Random(6).shuffle(lines)
    clock, number = _At(START), 0
    with WarcWriter(folder.warc, clock=clock, run_id="f1", software="Morgue", max_bytes=most_bytes // 3) as out:
        for line in lines:
            page = json.loads(line)
            for revision in page["revs"]:
                number += 1
                clock.when = START + timedelta(seconds=number)
                body = (corpus / "replay" / revision["path"]).read_bytes()
                if not body.startswith(b"\x1f\x8b"):
                    body = gzip.compress(body)
                head = HEAD % number
                if "utf-8" not in str(revision["content_type"]).lower():
                    head = head.replace(b"; charset=utf-8", b"")
                out.append_exchange(
                    Exchange(
                        url=page["url"],
                        started_at=clock.when,
                        request_head=REQUEST,
                        response_head=head,
                        body=body,
                        peer="192.0.2.7",
                        seconds=0.1,
                    ),
                    source=None,
                    role=Role.PAGE,
                )
            out.flush()
            if sum(path.stat().st_size for path in folder.warc.iterdir()) >= most_bytes:
                break
    rebuild_frontier(folder, clock=SystemClock(), progress=QUIET)
    return number


@dataclass
class _At:
    when: datetime

    def now(self) -> datetime:
        return self.when

    def monotonic(self) -> float:
        return self.when.timestamp()

    def real(self) -> float:
        return self.when.timestamp()


@dataclass(frozen=True)
class Place:
    """One bit of one file."""

    path: Path
    at: int
    bit: int

    def flip(self) -> None:
        with self.path.open("r+b") as file:
            file.seek(self.at)
            byte = file.read(1)[0]
            file.seek(self.at)
            file.write(bytes([byte ^ 1 << self.bit]))


@contextmanager
def flipped(place: Place) -> Iterator[None]:
    """Flip a bit for the length of the block."""
    place.flip()
    try:
        yield
    finally:
        place.flip()


def places(folder: ArchiveFolder, count: int, seed: int, *, database: float = 0.5) -> list[Place]:
    """Return random places: that share of them in archive.db, the others in WARC files by their sizes."""
    chance = random.Random(seed)
    files = warc_files(folder.warc)
    sizes = [path.stat().st_size for path in files]
    found = []
    for _ in range(count):
        path = folder.archive_db if chance.random() < database else chance.choices(files, sizes)[0]
        found.append(Place(path, chance.randrange(path.stat().st_size), chance.randrange(8)))
    return found


def look(folder: ArchiveFolder, level: Level = Level.FULL, *, alone: bool = True) -> Findings:
    """Check an archive with both rooms, the clock within the day of its files."""
    return check(folder, level, frontier=FrontierChecks(folder, _At(_now(folder)), alone=alone))


def repaired(folder: ArchiveFolder, findings: Findings) -> Mended:
    """Repair an archive."""
    clock = SystemClock(_now(folder) - datetime.now(UTC))
    frontier = FrontierChecks(folder, clock, alone=True)
    return mend(folder, findings, frontier=frontier, clock=clock, jobs=0, progress=QUIET)


def _now(folder: ArchiveFolder) -> datetime:
    begun = [own.begun_at for path in warc_files(folder.warc) if (own := parse_own_name(path.name))]
    return max(begun, default=START) + timedelta(hours=20)


# What a flip changed


Rows = dict[str, list[tuple[Any, ...]] | str]


def rows_of(path: Path) -> Rows:
    """Return every row of every table, the index's own among them; of a table that cannot be read, why."""
    found: Rows = {}
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as conn:
        conn.text_factory = bytes
        there = _try(conn, "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'articles_fts'")
        for name in [row[0].decode("utf-8", "replace") for row in there]:
            try:
                found[name] = conn.execute(f'SELECT rowid, * FROM "{name}"').fetchall()  # noqa: S608 - a table's name
            except sqlite3.OperationalError:
                found[name] = _try(conn, f'SELECT * FROM "{name}"')  # noqa: S608 - a table's name
    return found


def columns_of(path: Path) -> dict[str, list[str]]:
    with closing(sqlite3.connect(path)) as conn:
        names = [row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [row[1] for row in conn.execute(f'PRAGMA table_info("{name}")')] for name in names}


def _try(conn: sqlite3.Connection, query: str) -> Any:
    try:
        return conn.execute(query).fetchall()
    except sqlite3.Error as error:
        return str(error)


def changed(before: Rows, after: Rows, columns: dict[str, list[str]]) -> set[str]:
    """Return what differs: table.column, or the table alone where rows are gone or cannot be read."""
    found = set()
    for table in before.keys() | after.keys():
        old, new = before.get(table), after.get(table)
        if old == new:
            continue
        if not isinstance(old, list) or not isinstance(new, list) or len(old) != len(new):
            found.add(table)
            continue
        names = columns.get(table, [])
        for a, b in zip(old, new, strict=True):
            if a != b:
                start = len(a) - len(names)  # a rowid may stand before
                found |= {
                    f"{table}.{names[i - start] if i >= start else 'rowid'}" for i in range(len(a)) if a[i] != b[i]
                }
    return found


def is_content(what: str) -> bool:
    """Say whether a change is one of stored content: texts, what they were made from, or the search index."""
    table, _, column = what.partition(".")
    if table.startswith("articles_fts_"):
        return True
    return table in TEXTS and (not column or column in TEXTS[table])


def unused_header(place: Place) -> bool:
    """Say whether a place is one of a gzip member's header bytes without meaning: FTEXT, time, level, system."""
    with RawReader(place.path) as reader:
        for record in reader:
            if record.offset <= place.at < record.offset + record.length:
                at = place.at - record.offset
                return 4 <= at < 10 or (at == 3 and place.bit == 0)
    return False


# What must be there afterwards


def readable(folder: ArchiveFolder) -> dict[str, Any]:
    """Return what can be read: records of the shelf, and texts and captures of the database."""
    records: Counter[str] = Counter()
    for path in warc_files(folder.warc):
        with RawReader(path) as reader:
            records.update(str(record.fields.get("warc-record-id")) for record in reader)
    with closing(sqlite3.connect(folder.archive_db)) as conn:
        return {
            "records": records,
            "articles": set(conn.execute("SELECT id, title, text FROM articles")),
            "revisions": set(
                conn.execute(
                    "SELECT a.id, seen_from, r.title, r.text FROM revisions r JOIN articles a ON a.pk = article"
                )
            ),
            "captures": set(conn.execute("SELECT url, captured_at, record_type, payload_digest, status FROM captures")),
            "facts": set(conn.execute("SELECT digest FROM discoveries")),
        }


@dataclass
class Tally:
    """What became of many flips."""

    flips: int = 0
    found: int = 0
    harmless: Counter[str] = field(default_factory=Counter)  # not found, and nothing that is content
    missed: list[str] = field(default_factory=list)  # not found, and content
    repaired: int = 0
    lost: list[str] = field(default_factory=list)  # after a repair
    left: Counter[str] = field(default_factory=Counter)  # faults that stayed after a repair


class Flips:
    """Flips bits of one archive, each alone."""

    def __init__(self, folder: ArchiveFolder) -> None:
        self.folder = folder
        self.tally = Tally()
        self.before = rows_of(folder.archive_db)
        self.columns = columns_of(folder.archive_db)
        self.whole = readable(folder)

    def flip(self, place: Place) -> Findings | None:
        """Flip, check, flip back; returns what was found, None if the check itself refused (and said so)."""
        self.tally.flips += 1
        findings: Findings | None = None
        with flipped(place):
            try:
                findings = look(self.folder)
                found = findings.total > 0
            except Exception as error:
                found = True
                if type(error).__module__ != "archive.errors":
                    raise
            if found:
                self.tally.found += 1
            elif place.path == self.folder.archive_db:
                what = changed(self.before, rows_of(place.path), self.columns)
                content = sorted(one for one in what if is_content(one))
                if content:
                    self.tally.missed.append(f"{place}: {', '.join(content)}")
                else:
                    self.tally.harmless["archive.db: " + (", ".join(sorted(what)) or "no row")] += 1
        if not found and place.path != self.folder.archive_db:
            if unused_header(place):
                self.tally.harmless["gzip header without meaning"] += 1
            else:
                self.tally.missed.append(str(place))
        return findings

    def repair(self, place: Place, scratch: Path) -> None:
        """Flip in a copy, repair it, and see whether anything is gone that could still be read."""
        copy = ArchiveFolder(scratch / "copy")
        shutil.copytree(self.folder.root, copy.root)
        try:
            replace(place, path=copy.root / place.path.relative_to(self.folder.root)).flip()
            findings = look(copy)
            in_database = place.path == self.folder.archive_db
            still = None if in_database else readable(copy)
            repaired(copy, findings)
            self.tally.repaired += 1
            after = readable(copy)
            # Of a damaged database all must be as before it was damaged; of a damaged shelf all but that record.
            must = self.whole if still is None else still
            for what, had in must.items():
                gone = had - after[what]
                if gone:
                    self.tally.lost.append(f"{place}: {what}: {len(gone)} lost, like {str(next(iter(gone)))[:200]}")
            for kind, number in look(copy).counts.items():
                self.tally.left[kind] += number
        finally:
            shutil.rmtree(copy.root)
