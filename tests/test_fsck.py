"""`morgue fsck`: each kind of damage is found, named and mended where that loses nothing that can still be read."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from archive.clock import SystemClock
from archive.decisions import append_decision
from archive.folder import ArchiveFolder
from archive.fsck import check as checks
from archive.fsck.faults import KINDS, MOST_NAMED, Fault, Findings, Level
from archive.fsck.mend import Plan, plan
from archive.locks import lock
from archive.model import Role, Via
from archive.profiles import ADOPTED
from archive.warc import NOT_MODIFIED, OPEN_SUFFIX, RawReader, RevisitOf, sha1_digest, warc_files
from crawler.cli import group
from crawler.frontier import Frontier
from crawler.fsck import FrontierChecks
from crawler.refrontier import rebuild_frontier
from tests.fsck_flips import (
    QUIET,
    Flips,
    Place,
    flipped,
    ingest,
    look,
    made_archive,
    places,
    readable,
    repaired,
    unused_header,
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


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> ArchiveFolder:
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


@pytest.fixture
def folder(sound: ArchiveFolder, tmp_path: Path) -> ArchiveFolder:
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
    "story's count": (in_archive("UPDATE stories SET members = 5 WHERE pk = 2"), "derived", Level.USUAL),
    "reference to nothing": (in_archive("UPDATE links SET article = article", "UPDATE articles SET story = 99 WHERE pk = 2"),
                             "database", Level.USUAL),
    "trigger gone": (lambda a: drop(a, "TRIGGER", "articles_fts_change_1"), "schema", Level.FAST),
    "index gone": (lambda a: drop(a, "INDEX", "captures_source"), "schema", Level.FAST),
    "database gone": (lambda a: a.archive_db.unlink(), "database", Level.FAST),
    "no database": (lambda a: spoil(a.archive_db), "database", Level.FAST),
    "no frontier": (lambda a: spoil(a.crawl_db), "frontier", Level.FAST),
    "frontier gone": (lambda a: a.crawl_db.unlink(), "frontier", Level.FAST),
    "open file unknown": (lambda a: sql(a.crawl_db, "DELETE FROM warcs"), "open-unknown", Level.FAST),
    "decision": (lambda a: a.decisions.write_text("{}\n"), "decisions", Level.FAST),
    "profile": (adopt_a_missing_profile, "profile", Level.FAST),
    "report's file": (lambda a: next(a.reports.iterdir()).write_text("{"), "report", Level.USUAL),
}  # fmt: skip


def test_a_sound_archive_has_no_fault_on_any_level(folder: ArchiveFolder) -> None:
    found = [look(folder, level) for level in Level]
    assert [one.faults for one in found] == [[], [], []]
    full = found[-1].checked
    assert (full["captures"], full["articles"], full["revisions"]) == (PAGES + 2, PAGES, PAGES + 1)
    assert full["records"] == 3 * (PAGES + 2) + 1 + 2  # three of each exchange, one of facts alone, two warcinfo


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found_on_its_level_and_named_with_its_place_and_what_mends_it(
    folder: ArchiveFolder, name: str
) -> None:
    damage, kind, level = DAMAGES[name]
    damage(folder)
    found = {at: look(folder, at) for at in Level}
    assert [at for at in Level if found[at].has(kind)] == [at for at in Level if at >= level]
    if level == Level.FULL and name != "capture's place":  # where nothing begins is seen at once
        assert found[Level.USUAL].faults == []
    fault = next(fault for fault in found[Level.FULL].faults if fault.kind == kind)
    assert fault.where
    assert fault.what in str(fault)
    assert "`morgue " in str(fault) or "backup" in str(fault)


# Of these something is gone for good, or a person must bring it back: what a repair leaves as it was.
NOT_MENDED = {
    "file gone", "file cut", "open file cut", "sealed file grew", "name twice", "bit of a page", "bit of a revisit",
    "bit of a request", "bit of the facts", "bit of warcinfo", "bit of a member's length", "bit of a member's magic",
    "bit without meaning", "no frontier", "frontier gone", "decision", "profile", "report's file",
}  # fmt: skip


# What is mended in the same way as another one is, by a database made again: not tried twice.
ALIKE = {
    "fact",
    "fact's digest",
    "capture's status",
    "capture's source",
    "index gone",
    "report",
    "reference to nothing",
}


@pytest.mark.parametrize("name", sorted(DAMAGES.keys() - NOT_MENDED - ALIKE))
def test_a_repair_brings_everything_back_that_the_records_hold(
    sound: ArchiveFolder, folder: ArchiveFolder, name: str
) -> None:
    before = readable(sound)
    DAMAGES[name][0](folder)
    mended = repaired(folder, look(folder))
    assert mended.done
    assert mended.left == []
    assert look(folder).faults == []
    assert readable(folder) == before


@pytest.mark.parametrize("name", sorted(NOT_MENDED))
def test_a_repair_takes_nothing_away_that_can_be_read(folder: ArchiveFolder, name: str) -> None:
    DAMAGES[name][0](folder)
    before = readable(folder)
    if name != "decision":
        repaired(folder, look(folder))
    assert readable(folder) == before
    assert look(folder).total > 0  # and it goes on saying so


def validators(folder: ArchiveFolder) -> dict[str, tuple[Any, ...]]:
    with closing(sqlite3.connect(folder.crawl_db)) as conn:
        rows = conn.execute("SELECT url, etag, last_modified, payload_digest, captured_at, state, next_at FROM urls")
        return {row[0]: row[1:] for row in rows}


def test_the_page_of_a_lost_record_is_fetched_whole_by_the_next_crawl(folder: ArchiveFolder) -> None:
    in_record(sealed(folder), "response", 3).flip()
    before = validators(folder)
    assert before[url_of(3)][0] == '"3"'
    mended = repaired(folder, look(folder))
    assert "1 addresses" in mended.done[0]
    after = validators(folder)
    assert after[url_of(3)][:4] == (None, None, None, None)
    assert {url: row for url, row in after.items() if url != url_of(3)} == {
        url: row for url, row in before.items() if url != url_of(3)
    }
    clock = Clock(T0 + timedelta(hours=21))
    with Frontier(folder.crawl_db, clock) as frontier:
        frontier.sync_sources([])
        assert after[url_of(3)][4:] == (0, pytest.approx((T0 + timedelta(minutes=60)).timestamp() + 20 * 3600, abs=120))
        assert frontier.look_up(url_of(3)).next_at < clock.now().timestamp()  # type: ignore[union-attr] - it is known


def test_of_a_later_capture_that_is_sound_the_validators_stay(folder: ArchiveFolder) -> None:
    in_record(sealed(folder), "response", 0).flip()  # the first capture of a page that was captured again
    before = validators(folder)
    repaired(folder, look(folder))
    assert validators(folder) == before


def test_every_page_of_a_missing_file_is_fetched_again(folder: ArchiveFolder) -> None:
    sealed(folder).unlink()
    repaired(folder, look(folder))
    without = {url for url, row in validators(folder).items() if row[0] is None}
    assert {url_of(n) for n in range(1, PAGES)} <= without
    assert url_of(0) not in without  # its later capture lies in the other file


def test_a_damaged_database_that_alone_has_a_text_is_left_as_it_is(folder: ArchiveFolder) -> None:
    in_record(sealed(folder), "response", 3).flip()
    sql(folder.archive_db, "UPDATE captures SET status = 203 WHERE pk = 6")
    before = folder.archive_db.read_bytes()
    mended = repaired(folder, look(folder))
    assert "morgue rebuild" in mended.left[0]
    assert folder.archive_db.read_bytes() == before


def test_a_rebuilt_database_leaves_the_damaged_one_beside_it(folder: ArchiveFolder) -> None:
    drop(folder, "INDEX", "captures_source")
    before = folder.archive_db.read_bytes()
    repaired(folder, look(folder))
    kept = [path for path in folder.root.iterdir() if path.name.startswith("archive.db.damaged-")]
    assert [path.read_bytes() for path in kept] == [before]


def test_a_repair_that_was_killed_leaves_one_damaged_database_in_the_end(folder: ArchiveFolder) -> None:
    """Killed before the new one was swapped in, it had given the present one a second name."""
    drop(folder, "INDEX", "captures_source")
    before = folder.archive_db.read_bytes()
    for second in ("archive.db.damaged-20260430060000", f"archive.db.damaged-{T0:%Y%m%d%H%M%S}"):
        os.link(folder.archive_db, folder.root / second)
    repaired(folder, look(folder))
    kept = [path for path in folder.root.iterdir() if path.name.startswith("archive.db.damaged-")]
    assert [path.read_bytes() for path in kept] == [before]


def test_articles_are_not_placed_anew_where_one_would_lose_its_last_text(folder: ArchiveFolder) -> None:
    in_record(sealed(folder), "response", 2).flip()  # record and extraction of one page, and another's article
    sql(folder.archive_db, RESULT, "UPDATE articles SET text = 'x' WHERE pk = 7")
    before = readable(folder)
    mended = repaired(folder, look(folder))
    assert mended.left
    assert readable(folder) == before


# Beside a crawl


def test_what_is_written_meanwhile_is_no_fault(folder: ArchiveFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(T0 + timedelta(hours=3))
    real = checks.check_files

    def write_and_ingest(at: Any) -> None:  # the look has begun
        with writer(folder.warc, clock, run_id="k5") as out:
            keep(out, exchange(answer(50), page(50), url=url_of(50), started_at=clock.when), facts=[fact(url_of(50))])
            out.flush()
        ingest(folder)
        with still_open(folder).open("ab") as file:  # and a record that is not finished
            file.write(sealed(folder).read_bytes()[:1000])
        real(at)

    monkeypatch.setattr(checks, "check_files", write_and_ingest)
    assert look(folder, alone=False).faults == []
    monkeypatch.undo()
    assert look(folder, alone=False).checked["captures"] == PAGES + 3


def test_what_ingest_has_not_read_yet_is_no_fault(folder: ArchiveFolder) -> None:
    clock = Clock(T0 + timedelta(hours=3))
    with writer(folder.warc, clock, run_id="k5") as out:
        keep(out, exchange(answer(50), page(50), url=url_of(50), started_at=clock.when), facts=[fact(url_of(50))])
        name, length = out.flush()
    note = f"UPDATE warcs SET length = {length} WHERE name = '{name}'"  # noqa: S608 - ours
    sql(folder.crawl_db, note)
    found = look(folder)
    assert found.faults == []
    assert found.checked["records"] == 3 * (PAGES + 3) + 1 + 3  # they were read all the same


def test_rows_of_facts_that_ingest_has_committed_before_it_is_so_far_are_no_fault(folder: ArchiveFolder) -> None:
    """It reads on while a page is extracted, and commits what it has: facts behind that page, and how far pages are done."""
    sql(folder.archive_db, "UPDATE warcs SET ingested_to = 1000")
    assert look(folder, alone=False).faults == []


def test_a_check_needs_no_lock_and_a_repair_needs_both(folder: ArchiveFolder) -> None:
    for path in (folder.crawl_lock, folder.archive_lock):
        with lock(path, "a crawl"):
            assert morgue(folder, "fsck", "--full").exit_code == 0
            done = morgue(folder, "fsck", "--repair")
            assert done.exit_code == 75
            assert path.name in done.output


def test_a_check_waits_for_no_writer_and_holds_none_up(folder: ArchiveFolder) -> None:
    with closing(sqlite3.connect(folder.archive_db, isolation_level=None, timeout=0)) as conn:
        conn.execute("BEGIN IMMEDIATE")
        conn.execute("UPDATE articles SET section = 'Sport'")  # a digest that does not fit, not committed
        assert look(folder).faults == []
        conn.execute("ROLLBACK")


def test_an_open_file_that_a_crawl_has_just_begun_is_no_fault(folder: ArchiveFolder) -> None:
    sql(folder.crawl_db, "DELETE FROM warcs")
    os.utime(still_open(folder))
    assert look(folder, alone=False).faults == []
    os.utime(still_open(folder), (0, 0))
    assert look(folder, alone=False).has("open-unknown")


def test_a_file_that_is_open_for_more_than_a_day_is_told_and_sealed(folder: ArchiveFolder) -> None:
    late = Clock(T0 + timedelta(hours=26))
    name = still_open(folder).name
    frontier = FrontierChecks(folder, late, alone=True)  # type: ignore[arg-type] - stands in
    assert [fault.kind for fault in frontier.faults(Level.FAST)] == ["open-old"]
    assert frontier.seal() == [name]
    assert frontier.faults(Level.FAST) == []
    assert look(folder).waiting == [name.removesuffix(OPEN_SUFFIX)]
    ingest(folder)
    assert look(folder).faults == []


def test_sealing_never_cuts_below_what_the_databases_know(folder: ArchiveFolder) -> None:
    path = still_open(folder)
    in_record(path, "revisit").flip()  # the last record, so that no whole one follows
    before = path.read_bytes()
    FrontierChecks(folder, Clock(T0 + timedelta(hours=26)), alone=True).seal()  # type: ignore[arg-type] - stands in
    assert path.with_name(path.name.removesuffix(OPEN_SUFFIX)).read_bytes() == before


# Flips


def test_of_flipped_bits_all_are_found_that_change_stored_content(sound: ArchiveFolder, tmp_path: Path) -> None:
    flips = Flips(sound)
    for place in places(sound, 45, seed=4):
        flips.flip(place)
    assert flips.tally.missed == []
    assert flips.tally.found > 25
    assert look(sound).faults == []  # all were flipped back


def test_repairs_of_flipped_bits_lose_nothing(sound: ArchiveFolder, tmp_path: Path) -> None:
    flips = Flips(sound)
    for place in places(sound, 8, seed=5):
        flips.repair(place, tmp_path)
    assert flips.tally.repaired == 8
    assert flips.tally.lost == []


def test_every_bit_of_one_record_counts_but_for_the_ones_without_meaning(sound: ArchiveFolder) -> None:
    path = still_open(sound)  # no SHA-256 stands for it yet
    offset, length = record(path, "request")
    for at in random.Random(1).sample(range(length), 16):
        place = Place(path, offset + at, at % 8)
        with flipped(place):
            found = look(sound).total
        assert found or unused_header(place), place


# The plan, the command


def found(*kinds: str, lost: int = 0, unsound: int = 0, table: str | None = None) -> Findings:
    findings = Findings(Level.FULL)
    for kind in kinds:
        findings.add(Fault(kind=kind, what="it", table=table))
    findings.lost.extend(range(lost))
    findings.unsound.extend(range(unsound))
    return findings


@pytest.mark.parametrize(
    ("findings", "does"),
    [
        (found(), Plan()),
        (found("sealed-digest", "size", "profile"), Plan()),  # a person's to decide
        (found("open-old"), Plan(seal=True)),
        (found("lost-capture", lost=1), Plan(forget=True, may_rebuild=False)),
        (found("index"), Plan(index=True)),
        (found("text-digest", table="articles"), Plan(restory=True)),
        (found("text-digest", table="extractions", unsound=1), Plan(extract_again=True)),
        (found("text-digest", table="discoveries"), Plan(rebuild=True)),
        (found("database", "index", "derived"), Plan(rebuild=True)),  # makes all else anew
        (found("row-differs", "open-unknown"), Plan(rebuild=True, seal=True)),
    ],
)
def test_what_a_repair_does(findings: Findings, does: Plan) -> None:
    assert plan(findings) == does


@pytest.mark.parametrize(
    "kind", ["broken-record", "lost-capture", "lost-fact", "missing-file", "short-file", "unreadable"]
)
def test_no_database_is_made_anew_from_a_shelf_that_lacks_something(kind: str) -> None:
    does = plan(found("database", kind))
    assert not does.rebuild
    assert does.refused is not None


def test_many_faults_are_counted_and_the_first_are_kept() -> None:
    findings = found(*["lost-capture"] * (MOST_NAMED + 5))
    assert (len(findings.faults), findings.total) == (MOST_NAMED, MOST_NAMED + 5)


def test_every_kind_says_why_and_what_to_do() -> None:
    assert [name for name, kind in KINDS.items() if not (kind.why.endswith(".") and kind.repair.endswith("."))] == []


def morgue(folder: ArchiveFolder, *words: str) -> Any:
    return CliRunner().invoke(group, ["-a", str(folder.root), *words], env={"MORGUE_NOW": "2026-05-02T02:00:00Z"})


@pytest.mark.parametrize("options", [["--fast"], [], ["--full"], ["--repair"]])
def test_the_command_says_that_all_is_well(folder: ArchiveFolder, options: list[str]) -> None:
    done = morgue(folder, "fsck", *options)
    assert done.exit_code == 0, done.output
    assert "No fault found" in done.output


def test_the_command_names_faults_and_ends_with_3(folder: ArchiveFolder) -> None:
    in_record(sealed(folder), "response", 3).flip()
    done = morgue(folder, "fsck", "--full", "--json")
    assert done.exit_code == 3
    told = json.loads(done.stdout)
    assert told["sound"] is False
    lost = next(fault for fault in told["faults"] if fault["kind"] == "lost-capture")
    assert lost["file"] == f"warc/{sealed(folder).name}"
    assert (
        lost["offset"] == record(sealed(folder), "response", 2)[0] + record(sealed(folder), "response", 2)[1]
        or lost["row"]
    )
    assert url_of(3) in lost["row"]
    assert lost["mended_by_repair"] is False


def test_the_command_repairs_and_ends_with_0_once_nothing_is_wrong(folder: ArchiveFolder) -> None:
    sql(folder.archive_db, "UPDATE revisions SET title = 'Tidf' WHERE pk = 4")
    assert morgue(folder, "fsck", "--repair").exit_code == 0
    assert morgue(folder, "fsck", "--full", "--quiet").output == ""


def test_a_fast_repair_is_refused(folder: ArchiveFolder) -> None:
    assert morgue(folder, "fsck", "--fast", "--repair").exit_code == 2


def test_a_newer_database_is_refused_and_not_checked(folder: ArchiveFolder) -> None:
    sql(folder.archive_db, "UPDATE _sqlite_migrations SET name = 'm999_later' WHERE name LIKE 'm007%'")
    done = morgue(folder, "fsck")
    assert done.exit_code == 1
    assert "newer Morgue" in done.output


def test_a_file_of_others_that_came_damaged_is_as_it_came(folder: ArchiveFolder, tmp_path: Path) -> None:
    from archive.importing import Import, import_files

    foreign = tmp_path / "old.warc.gz"
    with writer(tmp_path / "w", Clock(T0 + timedelta(days=1))) as out:
        for number in (70, 71):
            keep(out, exchange(answer(number), page(number), url=url_of(number), started_at=T0 + timedelta(days=1)))
    data = next((tmp_path / "w").iterdir())
    with RawReader(data) as reader:
        from archive.warc.build import pack

        wrong = [one.head.replace(b"WARC-Payload-Digest: sha1:", b"WARC-Payload-Digest: sha1:A") for one in reader]
    with RawReader(data) as reader:
        foreign.write_bytes(
            b"".join(pack(head + one.block + b"\r\n\r\n") for head, one in zip(wrong, reader, strict=True))
        )
    wanted = Import(paths=(foreign,))
    report = import_files(folder, wanted, clock=SystemClock(), jobs=0, progress=QUIET)
    # Others' payload digests are wrong now and then; where that of the block fits, the computed one counts.
    assert (report.captures, report.broken_records) == (2, 0)
    assert look(folder).faults == []


def test_places_of_a_flip_name_one_bit(sound: ArchiveFolder) -> None:
    place = in_record(sealed(sound), "response")
    before = place.path.read_bytes()
    with flipped(place):
        assert sum(a != b for a, b in zip(before, place.path.read_bytes(), strict=True)) == 1
    assert place.path.read_bytes() == before
    assert replace(place, bit=1) != place
