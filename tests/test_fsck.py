"""`morgue fsck`: each kind of damage is found and named on its level, and what is no damage is not."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.clock import SystemClock
from archive.extract import EXTRACTOR
from archive.folder import ArchiveFolder
from archive.fsck import check as checks
from archive.fsck.faults import KINDS, MOST_NAMED, Level
from archive.locks import lock
from archive.model import Extraction
from archive.store import open_store
from archive.warc import OPEN_SUFFIX, RawReader
from crawler.fsck import FrontierChecks
from tests.fsck_flips import (
    QUIET,
    Flips,
    Place,
    flipped,
    ingest,
    look,
    places,
    unused_header,
)
from tests.fsck_kit import (  # noqa: F401 - fixtures, found here by name
    DAMAGES,
    PAGES,
    answer,
    copied_archive,
    found,
    in_record,
    morgue,
    page,
    record,
    sealed,
    sound_archive,
    sql,
    still_open,
    url_of,
)
from tests.warc_tools import T0, Clock, exchange, fact, keep, writer


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
        assert {fault.kind for fault in found[Level.USUAL].faults} <= {"counts"}  # by a column that is counted by
    fault = next(fault for fault in found[Level.FULL].faults if fault.kind == kind)
    assert fault.where
    assert fault.what in str(fault)
    assert "`morgue " in str(fault) or "backup" in str(fault)


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


def test_of_flipped_bits_all_are_found_that_change_stored_content(sound: ArchiveFolder, tmp_path: Path) -> None:
    flips = Flips(sound)
    for place in places(sound, 45, seed=4):
        flips.flip(place)
    assert flips.tally.missed == []
    assert flips.tally.found > 25
    assert look(sound).faults == []  # all were flipped back


def test_every_bit_of_one_record_counts_but_for_the_ones_without_meaning(sound: ArchiveFolder) -> None:
    path = still_open(sound)  # no SHA-256 stands for it yet
    offset, length = record(path, "request")
    for at in random.Random(1).sample(range(length), 16):
        place = Place(path, offset + at, at % 8)
        with flipped(place):
            found = look(sound).total
        assert found or unused_header(place), place


def test_many_faults_are_counted_and_the_first_are_kept() -> None:
    findings = found(*["lost-capture"] * (MOST_NAMED + 5))
    assert (len(findings.faults), findings.total) == (MOST_NAMED, MOST_NAMED + 5)


def test_every_kind_says_why_and_what_to_do() -> None:
    assert [name for name, kind in KINDS.items() if not (kind.why.endswith(".") and kind.repair.endswith("."))] == []


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


def test_a_newer_database_is_refused_and_not_checked(folder: ArchiveFolder) -> None:
    sql(folder.archive_db, "UPDATE _sqlite_migrations SET name = 'm999_later' WHERE name LIKE 'm008%'")
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


def test_what_people_decided_about_stories_is_no_fault(folder: ArchiveFolder) -> None:
    with closing(sqlite3.connect(folder.archive_db)) as conn:
        one, other = [row[0] for row in conn.execute("SELECT id FROM articles ORDER BY pk LIMIT 2")]
    for act in (["story", "join", one, other], ["story", "split", other]):
        done = morgue(folder, *act)
        assert done.exit_code == 0, done.output
        assert look(folder).faults == []


def test_an_article_that_was_withdrawn_is_no_fault(folder: ArchiveFolder) -> None:
    """Read again, its page is no article: it is hidden, and its captures are nobody's."""
    with open_store(folder, SystemClock()) as store, store.transaction():
        store.replace_extraction(4, EXTRACTOR, Extraction.refused("listing"), profile=None)
        store.place(4)
        assert store.db.conn.execute("SELECT count(*) FROM articles WHERE hidden = 1").fetchone() == (1,)
    assert look(folder).faults == []
