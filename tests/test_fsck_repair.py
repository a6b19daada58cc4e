"""`morgue fsck --repair`: mended is what can be mended without losing anything that can still be read."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.clock import SystemClock
from archive.console import Progress
from archive.errors import DatabaseError
from archive.folder import ArchiveFolder
from archive.fsck.faults import Findings
from archive.fsck.mend import Plan, plan
from archive.warc import OPEN_SUFFIX
from crawler.frontier import Frontier
from crawler.fsck import FrontierChecks
from crawler.refrontier import rebuild_frontier
from tests.fsck_flips import (
    Flips,
    look,
    places,
    readable,
    repaired,
)
from tests.fsck_kit import (  # noqa: F401 - fixtures, found here by name
    DAMAGES,
    INDEX,
    PAGES,
    RESULT,
    copied_archive,
    cut,
    drop,
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
from tests.warc_tools import T0, Clock

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


def test_what_an_earlier_repair_kept_is_not_written_over(
    folder: ArchiveFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda _self: T0)  # as MORGUE_NOW in a script, or a clock set back
    before = []
    for index in ("captures_source", "captures_url_key"):
        drop(folder, "INDEX", index)
        before.append(folder.archive_db.read_bytes())
        repaired(folder, look(folder))
    kept = sorted(path for path in folder.root.iterdir() if path.name.startswith("archive.db.damaged-"))
    assert [path.name for path in kept] == ["archive.db.damaged-20260501060000", "archive.db.damaged-20260501060000-2"]
    assert [path.read_bytes() for path in kept] == before


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


def test_a_frontier_made_from_a_damaged_file_says_what_it_could_not_read(folder: ArchiveFolder) -> None:
    in_record(sealed(folder), "response", 2).flip()
    _, unreadable = rebuild_frontier(folder, clock=SystemClock(), progress=Progress("captures", quiet=True))
    assert len(unreadable) == 1
    assert sealed(folder).name in str(unreadable[0])


def test_a_crawl_db_that_cannot_be_written_is_told_with_what_mends_it(folder: ArchiveFolder) -> None:
    with Frontier(folder.crawl_db, SystemClock()):
        pass
    with closing(sqlite3.connect(folder.crawl_db)) as conn, conn:
        conn.execute("DROP TABLE urls")
    checks = FrontierChecks(folder, SystemClock(), alone=True)
    with pytest.raises(DatabaseError, match="morgue rebuild --frontier"):
        checks.forget([("https://paper.example/a", T0)])


def test_sealing_never_cuts_below_what_the_databases_know(folder: ArchiveFolder) -> None:
    path = still_open(folder)
    in_record(path, "revisit").flip()  # the last record, so that no whole one follows
    before = path.read_bytes()
    FrontierChecks(folder, Clock(T0 + timedelta(hours=26)), alone=True).seal()  # type: ignore[arg-type] - stands in
    assert path.with_name(path.name.removesuffix(OPEN_SUFFIX)).read_bytes() == before


def test_repairs_of_flipped_bits_lose_nothing(sound: ArchiveFolder, tmp_path: Path) -> None:
    flips = Flips(sound)
    for place in places(sound, 8, seed=5):
        flips.repair(place, tmp_path)
    assert flips.tally.repaired == 8
    assert flips.tally.lost == []


@pytest.mark.parametrize(
    ("findings", "does"),
    [
        (found(), Plan()),
        (found("sealed-digest", "size", "profile"), Plan()),  # a person's to decide
        (found("open-old"), Plan(seal=True)),
        (found("lost-capture", lost=1), Plan(forget=True, may_rebuild=False)),
        (found("index"), Plan(index=True)),
        (found("counts"), Plan(count=True)),
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


def test_the_command_repairs_and_ends_with_0_once_nothing_is_wrong(folder: ArchiveFolder) -> None:
    sql(folder.archive_db, "UPDATE revisions SET title = 'Tidf' WHERE pk = 4")
    assert morgue(folder, "fsck", "--repair").exit_code == 0
    assert morgue(folder, "fsck", "--full", "--quiet").output == ""


def test_a_fast_repair_is_refused(folder: ArchiveFolder) -> None:
    assert morgue(folder, "fsck", "--fast", "--repair").exit_code == 2
