"""What the tests of `morgue fsck` share: a small archive, and every kind of damage that is done to it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from archive.clock import SystemClock
from archive.decisions import append_decision
from archive.folder import ArchiveFolder
from archive.fsck.faults import Fault, Findings, Level
from archive.model import Role, Via
from archive.profiles import ADOPTED
from archive.warc import NOT_MODIFIED, OPEN_SUFFIX, RawReader, RevisitOf, sha1_digest, warc_files
from crawler.cli import group
from crawler.refrontier import rebuild_frontier
from tests.fsck_flips import (
    QUIET,
    Place,
    ingest,
    made_archive,
)
from tests.warc_tools import T0, Clock, exchange, fact, keep, writer

PAGES = 12


HOST = "https://news.example"


SOURCE = '\n[[source]]\nname = "Example News"\nurl = "https://news.example/"\n'


def page(number: int, version: int = 0) -> bytes:
    words = " ".join(f"Ferry {number} sailed past buoy {n * (number + 3)} in the harbour on Monday." for n in range(25))
    more = f"<p>Version {version} adds that the pilot of boat {number} was pleased with the weather and the tide.</p>"
    head = f"<title>Tide {number} turns</title>"
    body = f"<h1>Tide {number} turns</h1><p>{words}</p>{more if version else ''}"
    return f"<html><head>{head}</head><body><article>{body}</article></body></html>".encode()


def answer(number: int) -> bytes:
    return (
        f'HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nETag: "{number}"\r\n'
        f"Last-Modified: Fri, 01 May 2026 06:00:00 GMT\r\n\r\n"
    ).encode()


def url_of(number: int) -> str:
    return f"{HOST}/2026/05/tide-{number}"


def fill(folder: ArchiveFolder) -> None:
    """Pages, an edit, a revisit and facts, in a sealed file and in one that is open."""
    clock = Clock()
    with writer(folder.warc, clock, max_bytes=1) as out:  # every flush ends the file
        for number in range(PAGES):
            told = [fact(url_of(number), via=Via.FEED, title=f"Tide {number}", seen_at=T0)]
            clock.when = T0 + timedelta(minutes=number)
            keep(
                out,
                exchange(answer(number), page(number), url=url_of(number), started_at=clock.when),
                facts=told,
                role=Role.PAGE,
            )
        out.append_facts([fact(url_of(90), title="Nobody fetched it")], source="Example News")
        out.flush()
    clock.when = T0 + timedelta(minutes=60)
    with writer(folder.warc, clock, run_id="k4") as out:
        keep(out, exchange(answer(0), page(0, 1), url=url_of(0), started_at=clock.when))
        kept = RevisitOf(
            url=url_of(1), captured_at=T0 + timedelta(minutes=1), digest=sha1_digest(page(1)), profile=NOT_MODIFIED
        )
        clock.when += timedelta(minutes=1)
        head = b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'
        keep(out, exchange(head, b"", url=url_of(1), started_at=clock.when), revisit_of=kept)
        out.flush()


@pytest.fixture(scope="module", name="sound")
def sound_archive(tmp_path_factory: pytest.TempPathFactory) -> ArchiveFolder:
    folder = made_archive(tmp_path_factory.mktemp("sound") / "a")
    folder.sources.write_text(folder.sources.read_text() + SOURCE)
    fill(folder)
    (folder.reports / "run-20260501T060000Z.json").write_text('{"started_at": "2026-05-01T06:00:00Z", "requests": 3}')
    (folder.profiles / ("ab" * 32 + ".json")).write_text("{}")
    report = ingest(folder)
    assert (report.new, report.revisions, report.facts) == (PAGES, 1, PAGES + 1)
    rebuild_frontier(folder, clock=Clock(T0 + timedelta(hours=2)), progress=QUIET)  # type: ignore[arg-type] - stands in
    from archive.reading import take_reports
    from archive.store import open_store

    with open_store(folder, SystemClock()) as store:
        take_reports(folder, store)
    for path in (folder.archive_db, folder.crawl_db):
        with closing(sqlite3.connect(path)) as conn:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder


@pytest.fixture(name="folder")
def copied_archive(sound: ArchiveFolder, tmp_path: Path) -> ArchiveFolder:
    shutil.copytree(sound.root, tmp_path / "a")
    return ArchiveFolder(tmp_path / "a")


def sealed(folder: ArchiveFolder) -> Path:
    return next(path for path in warc_files(folder.warc) if not path.name.endswith(OPEN_SUFFIX))


def still_open(folder: ArchiveFolder) -> Path:
    return next(path for path in warc_files(folder.warc) if path.name.endswith(OPEN_SUFFIX))


def record(path: Path, record_type: str, number: int = 0) -> tuple[int, int]:
    """Return offset and length of a record of that type."""
    with RawReader(path) as reader:
        found = [(one.offset, one.length) for one in reader if one.fields.record_type == record_type]
    return found[number]


def in_record(path: Path, record_type: str, number: int = 0, *, at: float = 0.5) -> Place:
    offset, length = record(path, record_type, number)
    return Place(path, offset + int(length * at), 3)


def sql(path: Path, *statements: str) -> None:
    """Change a database behind the back of everything that keeps it right."""
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        triggers = conn.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            conn.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            conn.execute(statement)
        for _, text in triggers:
            conn.execute(text)


def in_archive(*statements: str) -> Callable[[ArchiveFolder], None]:
    return lambda folder: sql(folder.archive_db, *statements)


def cut(path: Path, count: int) -> None:
    os.truncate(path, path.stat().st_size - count)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\0")


def spoil(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"no database any more")


def blank(path: Path, table: str) -> None:
    """Write zeros over the first page of a table."""
    with closing(sqlite3.connect(path)) as conn:
        size = conn.execute("PRAGMA page_size").fetchone()[0]
        number = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    with path.open("r+b") as file:
        file.seek((number - 1) * size)
        file.write(bytes(size))


def drop(folder: ArchiveFolder, kind: str, name: str) -> None:
    with closing(sqlite3.connect(folder.archive_db)) as conn:
        conn.execute(f"DROP {kind} {name}")


def adopt_a_missing_profile(folder: ArchiveFolder) -> None:
    payload = {"source": "Example News", "profile": "cd" * 32, "from": None, "articles": 5}
    append_decision(folder.decisions, ADOPTED, payload, at=T0)


RESULT = (
    "UPDATE extractions SET result = CAST(substr(result, 1, 40) || x'00' || substr(result, 42) AS BLOB) WHERE pk = 3"
)


INDEX = (
    "UPDATE articles_fts_data SET block = CAST(substr(block, 1, 30) || 'q' || substr(block, 32) AS BLOB) WHERE id > 10"
)


DAMAGES: dict[str, tuple[Callable[[ArchiveFolder], object], str, Level]] = {
    # what is done, the kind of fault that tells it, the first level that sees it
    "file gone": (lambda a: sealed(a).unlink(), "missing-file", Level.FAST),
    "file cut": (lambda a: cut(sealed(a), 300), "short-file", Level.FAST),
    "open file cut": (lambda a: cut(still_open(a), 300), "short-file", Level.FAST),
    "sealed file grew": (lambda a: append(sealed(a)), "size", Level.FAST),
    "name twice": (lambda a: sealed(a).with_name(sealed(a).name + ".open").touch(), "file-twice", Level.FAST),
    "bit of a page": (lambda a: in_record(sealed(a), "response", 2).flip(), "lost-capture", Level.FULL),
    "bit of a revisit": (lambda a: in_record(still_open(a), "revisit").flip(), "lost-capture", Level.FULL),
    "bit of a request": (lambda a: in_record(sealed(a), "request", 4).flip(), "broken-record", Level.FULL),
    "bit of the facts": (lambda a: in_record(sealed(a), "metadata", -1).flip(), "lost-fact", Level.FULL),
    "bit of warcinfo": (lambda a: in_record(sealed(a), "warcinfo").flip(), "broken-record", Level.FULL),
    "bit of a member's length": (
        lambda a: in_record(still_open(a), "request", at=0.99999).flip(), "broken-record", Level.FULL
    ),
    "bit of a member's magic": (
        lambda a: in_record(sealed(a), "response", 5, at=0).flip(), "lost-capture", Level.USUAL
    ),
    "bit without meaning": (
        lambda a: Place(sealed(a), record(sealed(a), "response")[0] + 5, 0).flip(), "sealed-digest", Level.FULL
    ),
    "article": (
        in_archive("UPDATE articles SET text = replace(text, 'Ferry', 'Ferrx') WHERE pk = 4"), "text-digest", Level.USUAL
    ),
    "article's word count": (in_archive("UPDATE articles SET word_count = 7 WHERE pk = 4"), "text-digest", Level.USUAL),
    "revision": (in_archive("UPDATE revisions SET title = 'Tidf' WHERE pk = 4"), "text-digest", Level.USUAL),
    "text that is no UTF-8": (
        in_archive("UPDATE revisions SET text = CAST(x'ff41' AS TEXT) WHERE pk = 4"), "text-digest", Level.USUAL
    ),
    "what a revision changed": (
        in_archive("UPDATE revision_changes SET after = after || 's' WHERE number = 1"), "derived", Level.FULL
    ),
    "article's first time": (in_archive("UPDATE articles SET first_seen = '2026-05-01T06:04:00.250000Z' WHERE pk = 4"),
                             "derived", Level.FULL),
    "article's last time": (
        in_archive("UPDATE articles SET last_seen = replace(last_seen, '2026', '2036') WHERE pk = 4"), "derived", Level.FULL
    ),
    "article's order": (
        in_archive("UPDATE articles SET sort_at = replace(sort_at, '2026', '2036') WHERE pk = 4"), "derived", Level.FULL
    ),
    "article's source": (in_archive("UPDATE articles SET source = 'Exbmple' WHERE pk = 4"), "derived", Level.FULL),
    "article's kind": (in_archive("UPDATE articles SET kind = 'nea2' WHERE pk = 4"), "derived", Level.FULL),
    "revision's time": (
        in_archive("UPDATE revisions SET seen_to = replace(seen_to, '2026', '2036') WHERE pk = 4"), "derived", Level.FULL
    ),
    "story's head": (in_archive("UPDATE stories SET head = 3 WHERE pk = 2"), "derived", Level.FULL),
    "story's name": (in_archive("UPDATE stories SET id = 'a-aaaaaaaaaaaa' WHERE pk = 2"), "derived", Level.FULL),
    "extraction": (in_archive(RESULT), "text-digest", Level.USUAL),
    "extraction's reason": (in_archive("UPDATE extractions SET reason = 'listin' WHERE pk = 3"), "text-digest", Level.USUAL),
    "fact": (in_archive("UPDATE discoveries SET title = 'Tidf' WHERE pk = 2"), "text-digest", Level.USUAL),
    "fact's digest": (in_archive("UPDATE discoveries SET digest = 'x' || digest WHERE pk = 2"), "text-digest", Level.USUAL),
    "fact's place": (in_archive("UPDATE discoveries SET offset = offset + 1 WHERE pk = 2"), "row-differs", Level.FULL),
    "search index": (in_archive(INDEX), "index", Level.USUAL),
    "settings of the index": (in_archive("UPDATE articles_fts_config SET v = 99 WHERE k = 'version'"), "index", Level.USUAL),
    "words that are not indexed": (
        in_archive("UPDATE articles SET title_terms = title_terms || ' tide' WHERE pk = 3"), "index", Level.USUAL
    ),
    "article that is not indexed": (
        in_archive("DELETE FROM articles_fts_docsize WHERE id = 2"), "index", Level.FAST
    ),
    "capture's status": (in_archive("UPDATE captures SET status = 203 WHERE pk = 2"), "row-differs", Level.FULL),
    "capture's address": (in_archive("UPDATE captures SET url = url || 'x' WHERE pk = 2"), "row-differs", Level.FULL),
    "capture's place": (in_archive("UPDATE captures SET offset = offset + 8 WHERE pk = 2"), "row-differs", Level.FULL),
    "capture's source": (in_archive("UPDATE captures SET source = 'Exbmple' WHERE pk = 2"), "row-differs", Level.FULL),
    "report": (in_archive("UPDATE runs SET report = replace(report, '3', '4')"), "row-differs", Level.USUAL),
    "capture's row gone": (
        in_archive(
            "UPDATE revisions SET capture = NULL WHERE capture = 2", "UPDATE articles SET capture = NULL WHERE capture = 2",
            "DELETE FROM extractions WHERE capture = 2", "DELETE FROM captures WHERE pk = 2",
        ), "record-without-row", Level.FULL
    ),
    "fact's row gone": (in_archive("DELETE FROM discoveries WHERE pk = 2"), "record-without-row", Level.FULL),
    "days' count": (in_archive("UPDATE article_days SET articles = articles + 1"), "counts", Level.USUAL),
    "months' count gone": (in_archive("DELETE FROM article_months"), "counts", Level.USUAL),
    "story's count": (in_archive("UPDATE stories SET members = 5 WHERE pk = 2"), "derived", Level.USUAL),
    "reference to nothing": (in_archive("UPDATE links SET article = article", "UPDATE articles SET story = 99 WHERE pk = 2"),
                             "database", Level.USUAL),
    "trigger gone": (lambda a: drop(a, "TRIGGER", "articles_fts_change_1"), "schema", Level.FAST),
    "index gone": (lambda a: drop(a, "INDEX", "captures_source"), "schema", Level.FAST),
    "database gone": (lambda a: a.archive_db.unlink(), "database", Level.FAST),
    "page of a small table": (lambda a: blank(a.archive_db, "aliases"), "database", Level.FAST),
    "page of texts": (lambda a: blank(a.archive_db, "revisions"), "database", Level.USUAL),
    "no database": (lambda a: spoil(a.archive_db), "database", Level.FAST),
    "no frontier": (lambda a: spoil(a.crawl_db), "frontier", Level.FAST),
    "frontier gone": (lambda a: a.crawl_db.unlink(), "frontier", Level.FAST),
    "open file unknown": (lambda a: sql(a.crawl_db, "DELETE FROM warcs"), "open-unknown", Level.FAST),
    "decision": (lambda a: a.decisions.write_text("{}\n"), "decisions", Level.FAST),
    "profile": (adopt_a_missing_profile, "profile", Level.FAST),
    "report's file": (lambda a: next(a.reports.iterdir()).write_text("{"), "report", Level.USUAL),
}  # fmt: skip


def morgue(folder: ArchiveFolder, *words: str) -> Any:
    return CliRunner().invoke(group, ["-a", str(folder.root), *words], env={"MORGUE_NOW": "2026-05-02T02:00:00Z"})


def found(*kinds: str, lost: int = 0, unsound: int = 0, table: str | None = None) -> Findings:
    findings = Findings(Level.FULL)
    for kind in kinds:
        findings.add(Fault(kind=kind, what="it", table=table))
    findings.lost.extend(range(lost))
    findings.unsound.extend(range(unsound))
    return findings
