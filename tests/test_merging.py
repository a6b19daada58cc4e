"""Several archives become one: what comes, in which order, what forbids it, and that nothing else changes."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from merge_kit import contents, edited, empty, merge, restoried, sealed, shard, shelve, shown, split
from reextract_kit import SOURCES, assert_sound, ingest, made, page, rows

from archive.decisions import append_decision, read_decisions
from archive.errors import (
    DecisionsError,
    LockHeldError,
    MergeError,
    MorgueError,
    NotAnArchiveError,
    UnfinishedTakedownError,
    UsageError,
)
from archive.folder import ArchiveFolder
from archive.locks import lock
from archive.merging.lines import as_bytes, lines_of, union
from archive.profiles import save_profile
from archive.tombstones import TAKEDOWN, host_hash, key_hash
from archive.urls import url_key
from archive.warc import warc_files
from tests.warc_tools import T0

PAPER = "https://paper.example/mole-0"


def taken_down(folder: ArchiveFolder, *hashes: str, minutes: float = 60) -> None:
    """Write the line of a takedown, as if the archive itself were clean of it."""
    line = {"scope": "article", "hashes": list(hashes), "reference": None, "found": True}
    append_decision(folder.decisions, TAKEDOWN, line, at=T0 + timedelta(minutes=minutes), reason="personal-data")


def urls(folder: ArchiveFolder) -> set[str]:
    return {url for (url,) in rows(folder, "SELECT DISTINCT url FROM captures")}


def on_shelf(folder: ArchiveFolder) -> bytes:
    """Return all records of the shelf, unpacked."""
    from archive.warc import RawReader

    found = []
    for path in warc_files(folder.warc):
        with RawReader(path) as reader:
            found += [record.head + record.block for record in reader]
    return b"".join(found)


# The same as one archive


def whole(root: Path) -> ArchiveFolder:
    """Return an archive whose sites lie in five WARC files, each site in several, with edits and revisits."""
    one = made(root)
    for number in range(4):
        site = ("paper", "gazette")[number % 2]
        new = [(site, page(site, 10 * number + at, 100 * number + at), None) for at in range(3)]
        shelve(one, [*new, (site, edited(site, 1, 100 * number + 50), None)], f"run{number}")
        sealed(one)
    ingest(one)
    return restoried(one)


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_the_files_of_one_archive_dealt_out_and_merged_give_that_archive(parts: int, tmp_path: Path) -> None:
    one = whole(tmp_path / "one")
    shards = split(one, [tmp_path / f"shard-{number}" for number in range(parts)])
    all_ = ArchiveFolder(tmp_path / "all")
    merge(all_, *shards)
    assert shown(all_) == shown(one)
    *lines, last = all_.decisions.read_bytes().splitlines(keepends=True)
    assert b"".join(lines) == one.decisions.read_bytes()
    assert b'"kind": "merged"' in last  # it never crawled: no crawl.db is missing
    assert all_.sources.read_bytes() == one.sources.read_bytes()
    assert_sound(all_)


def test_one_after_the_other_gives_the_same_as_all_at_once(tmp_path: Path) -> None:
    one = whole(tmp_path / "one")
    shards = split(one, [tmp_path / f"shard-{number}" for number in range(3)])
    all_ = ArchiveFolder(tmp_path / "all")
    for each in reversed(shards):
        merge(all_, each)
        assert_sound(all_)
    assert shown(all_) == shown(one)


def test_merging_again_changes_nothing_and_says_so(tmp_path: Path) -> None:
    shards = [shard(tmp_path / "a", "paper", range(4)), shard(tmp_path / "b", "gazette", range(3))]
    all_ = ArchiveFolder(tmp_path / "all")
    assert merge(all_, *shards).changed
    before, was = contents(all_.root), shown(all_)
    again = merge(all_, *reversed(shards))
    assert not again.changed
    assert [(each.warc_new, each.warc_grown, each.warc_known) for each in again.shards] == [(0, 0, 1), (0, 0, 1)]
    assert contents(all_.root) == before
    assert shown(all_) == was


def test_nothing_in_a_shard_is_changed(tmp_path: Path) -> None:
    one, two = made(tmp_path / "a"), shard(tmp_path / "b", "gazette", range(20, 23))
    before = [contents(each.root) for each in (one, two)]
    merge(ArchiveFolder(tmp_path / "all"), one, two)
    assert [contents(each.root) for each in (one, two)] == before


def test_what_was_merged_outlives_the_shard(tmp_path: Path) -> None:
    one = shard(tmp_path / "a", "paper", range(4))
    all_ = ArchiveFolder(tmp_path / "all")
    merge(all_, one)
    shutil.rmtree(one.root)
    assert_sound(all_)
    assert len(urls(all_)) == 4


def test_a_dry_run_tells_what_would_come_and_makes_nothing(tmp_path: Path) -> None:
    one = shard(tmp_path / "a", "paper", range(4))
    all_ = ArchiveFolder(tmp_path / "all")
    told = merge(all_, one, dry_run=True)
    assert (told.changed, told.shards[0].warc_new, told.shards[0].sources) == (True, 1, ["paper", "gazette"])
    assert not all_.root.exists()
    merge(all_, one)
    before = contents(all_.root)
    assert not merge(all_, one, dry_run=True).changed
    assert contents(all_.root) == before


def test_folders_whose_names_no_locale_spells_are_merged(tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    odd.mkdir()
    one = shard(odd / "a", "paper", range(3))
    ingest(one)  # there is an archive.db to look at
    all_ = ArchiveFolder(odd / "all")
    assert merge(all_, one).changed
    assert not merge(all_, one).changed


def test_a_kill_before_everything_was_placed_again_is_made_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archive.store import Store

    one = whole(tmp_path / "one")
    shards = split(one, [tmp_path / f"shard-{number}" for number in range(3)])
    all_ = ArchiveFolder(tmp_path / "all")
    merge(all_, *shards[1:])

    def killed(*_args: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Store, "restory", killed)
    with pytest.raises(KeyboardInterrupt):
        merge(all_, *shards)
    monkeypatch.undo()
    again = merge(all_, *shards)  # nothing is left to copy or to read
    assert (again.ingest.captures, again.changed) == (0, True)
    assert shown(all_) == shown(one)
    assert not merge(all_, *shards).changed


# Files that grow


def test_only_what_a_shard_has_got_since_is_taken(tmp_path: Path) -> None:
    one = shard(tmp_path / "a", "paper", range(3))
    all_ = ArchiveFolder(tmp_path / "all")
    merge(all_, one)
    (first,) = warc_files(all_.warc)
    held = first.read_bytes()
    with (one.warc / f"{first.name}.open").open("ab") as file:
        file.write(b"half a record")  # of a crawl that was killed
    shelve(one, [("paper", page("paper", number, number), None) for number in range(3, 6)], "paper")
    done = merge(all_, one)
    assert (done.shards[0].warc_grown, done.ingest.captures, done.ingest.known) == (1, 3, 0)
    (now,) = warc_files(all_.warc)
    assert now.read_bytes().startswith(held)
    assert len(urls(all_)) == 6
    assert_sound(all_)
    sealed(one)  # the shard goes on to another file: that is no news
    assert not merge(all_, one).changed


def test_an_older_copy_of_a_shard_takes_nothing_back(tmp_path: Path) -> None:
    one = shard(tmp_path / "a", "paper", range(3))
    old = ArchiveFolder(tmp_path / "old")
    shutil.copytree(one.root, old.root)
    shelve(one, [("paper", page("paper", number, number), None) for number in range(3, 6)], "paper")
    all_ = ArchiveFolder(tmp_path / "all")
    for shards in ((one, old), (old, one), (old,)):
        merge(all_, *shards)
        assert len(urls(all_)) == 6
        assert len(warc_files(all_.warc)) == 1


def test_a_copy_that_is_the_target_gets_the_rest_of_its_own_open_file(tmp_path: Path) -> None:
    one = shard(tmp_path / "a", "paper", range(3))
    all_ = ArchiveFolder(tmp_path / "all")
    shutil.copytree(one.root, all_.root)
    ingest(all_)
    shelve(one, [("paper", page("paper", number, number), None) for number in range(3, 6)], "paper")
    merge(all_, one)
    assert [path.name.endswith(".open") for path in warc_files(all_.warc)] == [False]
    assert not list(all_.warc.glob("*.open"))
    assert len(urls(all_)) == 6
    assert_sound(all_)


def test_two_files_of_one_name_are_refused_and_nothing_is_changed(tmp_path: Path) -> None:
    one, two = shard(tmp_path / "a", "paper", range(3), run="x"), shard(tmp_path / "b", "gazette", range(3), run="x")
    all_ = empty(tmp_path / "all")
    before = contents(all_.root)
    with pytest.raises(
        MergeError, match=r"two different WARC files have the name morgue-\d+-0of1-x.warc.gz.*morgue fsck"
    ):
        merge(all_, one, two)
    assert contents(all_.root) == before


def test_what_is_half_copied_after_a_kill_is_removed_and_copied_again(tmp_path: Path) -> None:
    one = shard(tmp_path / "a", "paper", range(3))
    all_ = empty(tmp_path / "all")
    (all_.warc / "morgue-20260501060000-0of1-paper.warc.gz.merging").write_bytes(b"half")
    merge(all_, one)
    assert [path.name for path in all_.warc.iterdir()] == ["morgue-20260501060000-0of1-paper.warc.gz"]


# Decisions


def rename(folder: ArchiveFolder, old: str, new: str, minutes: float) -> None:
    append_decision(folder.decisions, "source-renamed", {"old": old, "new": new}, at=T0 + timedelta(minutes=minutes))


def test_decisions_are_put_in_order_of_time_and_equal_ones_are_one(tmp_path: Path) -> None:
    one, two = empty(tmp_path / "a"), empty(tmp_path / "b")
    for minutes, folders in ((1, (one,)), (2, (two,)), (3, (one, two)), (4, (one,))):
        for folder in folders:
            taken_down(folder, key_hash(str(minutes)), minutes=minutes)
    all_ = empty(tmp_path / "all")
    merge(all_, two, one)
    said = [line.data["hashes"] for line in read_decisions(all_.decisions) if line.kind == TAKEDOWN]
    assert said == [[key_hash(str(minutes))] for minutes in (1, 2, 3, 4)]


LINE = '{{"at": "2026-05-01T06:{:02}:00Z", "kind": "x", "reason": null, "n": {}}}'


def as_lines(*told: tuple[int, int]) -> list[str]:
    return [LINE.format(minute, number) for minute, number in told]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([[(1, 1), (3, 3)], [(2, 2)]], [1, 2, 3]),
        ([[(2, 1)], [(2, 2)], [(2, 3)]], [1, 2, 3]),  # of equal time: in the order of the files
        ([[(3, 1), (1, 2)], [(2, 3)]], [3, 1, 2]),  # a clock went back: the file's own order stays
        ([[(1, 1), (1, 1)], [(1, 1)]], [1, 1]),  # twice in one file is twice, once more in another is not
        ([[(1, 1)], [(1, 1), (1, 1)]], [1, 1]),
        ([[], [(1, 1)]], [1]),
    ],
)
def test_union_of_lines(files: list[list[tuple[int, int]]], expected: list[int]) -> None:
    read = [lines_of("".join(f"{line}\n" for line in as_lines(*each)).encode(), Path("d")) for each in files]
    united = union(read)
    assert [line.decision.data["n"] for line in united] == expected
    for each in read:  # a union with a part of itself is itself
        assert as_bytes(union([united, each])) == as_bytes(united)


@given(st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=6), min_size=1, max_size=4))
def test_a_union_has_every_line_keeps_each_order_and_is_idempotent(files: list[list[tuple[int, int]]]) -> None:
    # every line once in all: then each file's order can be looked for
    told = [
        [(minute, 1000 * number + 10 * at + n) for at, (minute, n) in enumerate(each)]
        for number, each in enumerate(files)
    ]
    read = [lines_of("".join(f"{line}\n" for line in as_lines(*each)).encode(), Path("d")) for each in told]
    united = union(read)
    assert sorted(line.text for line in united) == sorted(line.text for each in read for line in each)
    for each in read:
        assert [line for line in united if line in each] == list(each)
    assert union([united, *read]) == united
    assert union([*read, united]) == united
    if all(each == sorted(each) for each in told):
        minutes = [line.decision.at for line in united]
        assert minutes == sorted(minutes)


def test_a_line_that_is_spelled_otherwise_is_the_same_line() -> None:
    mine = lines_of(b'{"at": "2026-05-01T06:00:00Z", "kind": "x", "reason": null, "n": 1}\n', Path("d"))
    theirs = lines_of(b'{"n":1,"kind":"x","at":"2026-05-01T08:00:00+02:00"}\r\n{"torn', Path("d"))
    assert union([mine, theirs]) == list(mine)


@pytest.mark.parametrize(
    "line",
    [
        b'{"kind": "x"}',
        b"[" * 100_000,  # deeper than can be read
        b'{"at": "0001-01-01T00:00:00+14:00", "kind": "x"}',  # before the first year, in UTC
        b'{"at": "2026-05-01T06:00:00", "kind": "x"}',  # no zone
        b'{"at": "2026-05-01T06:00:00Z", "kind": "x", "n": ' + b"9" * 10_000 + b"}",
    ],
)
def test_a_broken_line_is_named_by_its_number(line: bytes, tmp_path: Path) -> None:
    one = shard(tmp_path / "a", "paper", range(2))
    one.decisions.write_bytes(b"\n" + line + b"\n")
    with pytest.raises(DecisionsError, match=r"a/decisions.jsonl, line 2"):
        merge(ArchiveFolder(tmp_path / "all"), one)


def test_lines_about_a_shards_own_backups_are_not_taken_over(tmp_path: Path) -> None:
    one, all_ = empty(tmp_path / "a"), empty(tmp_path / "all")
    for folder, name in ((one, "theirs"), (all_, "ours")):
        line = {"archive": name, "target": f"/mnt/{name}"}
        append_decision(folder.decisions, "backup-target", line, at=T0 + timedelta(minutes=folder is all_))
    told = merge(all_, one)
    assert [line.data["archive"] for line in read_decisions(all_.decisions)] == ["ours"]
    assert any("/mnt/theirs" in word for word in told.words)


def test_a_line_that_is_appended_while_the_file_is_replaced_is_not_lost(tmp_path: Path) -> None:
    from threading import Thread

    from archive.decisions import rewrite_decisions

    path = tmp_path / "decisions.jsonl"
    rename(empty(tmp_path / "a"), "x", "y", 0)
    path.write_bytes((tmp_path / "a" / "decisions.jsonl").read_bytes())
    late = Thread(target=lambda: append_decision(path, "late", {}, at=T0))

    def change(old: bytes) -> bytes:
        late.start()
        late.join(0.3)
        assert late.is_alive()  # it waits for us
        return old + old

    rewrite_decisions(path, change)
    late.join(10)
    assert [line.kind for line in read_decisions(path)] == ["source-renamed", "source-renamed", "late"]


# Takedowns


def test_a_takedown_in_one_shard_holds_for_what_another_has_fetched(tmp_path: Path) -> None:
    one, two = shard(tmp_path / "a", "gazette", range(2)), shard(tmp_path / "b", "paper", range(3))
    taken_down(one, key_hash(url_key(PAPER)))
    all_ = ArchiveFolder(tmp_path / "all")
    told = merge(all_, one, two)
    assert told.takedowns == 1
    assert PAPER not in urls(all_)
    assert len(urls(all_)) == 4
    assert b"mole-0 HTTP" not in on_shelf(all_).replace(b"gazette.example/mole-0", b"")
    assert PAPER.encode() not in on_shelf(all_)
    assert PAPER.encode() in on_shelf(two)
    assert_sound(all_)
    before = contents(all_.root)
    assert not merge(all_, one, two).changed  # what was cleaned is no news
    assert contents(all_.root) == before


def test_a_takedown_in_a_shard_reaches_what_was_merged_before(tmp_path: Path) -> None:
    one = shard(tmp_path / "a", "paper", range(3))
    all_ = ArchiveFolder(tmp_path / "all")
    merge(all_, one)
    (all_.reports / "run-1-x.json").write_text(json.dumps({"told": [f"{PAPER} failed"]}))
    assert PAPER in urls(all_)
    two = empty(tmp_path / "b")
    taken_down(two, key_hash(url_key(PAPER)))
    dry = merge(all_, two, dry_run=True)
    assert (dry.takedowns, dry.covered) == (1, 1)
    assert PAPER in urls(all_)
    merge(all_, two)
    assert PAPER not in urls(all_)
    assert PAPER.encode() not in on_shelf(all_)
    assert PAPER not in (all_.reports / "run-1-x.json").read_text()
    assert PAPER.encode() not in all_.archive_db.read_bytes()
    assert_sound(all_)


def test_a_kill_right_after_the_decisions_leaves_nothing_of_what_was_taken_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archive.merging import main

    all_, one = shard(tmp_path / "all", "paper", range(3)), empty(tmp_path / "a")
    ingest(all_)
    taken_down(one, key_hash(url_key(PAPER)))
    real = main.rewrite_decisions

    def written_and_killed(*args: Any) -> None:
        real(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "rewrite_decisions", written_and_killed)
    with pytest.raises(KeyboardInterrupt):
        merge(all_, one)
    monkeypatch.undo()
    assert PAPER in urls(all_)
    merge(all_, one)  # which finds no new line
    assert PAPER not in urls(all_)
    assert PAPER.encode() not in on_shelf(all_)


def test_a_takedown_of_ours_holds_for_what_a_shard_brings(tmp_path: Path) -> None:
    all_, one = empty(tmp_path / "all"), shard(tmp_path / "a", "paper", range(3))
    taken_down(all_, host_hash("paper.example"))
    merge(all_, one)
    assert urls(all_) == set()
    assert b"paper.example/" not in on_shelf(all_)


def test_a_shard_that_grows_after_a_takedown_brings_what_is_new_and_nothing_else(tmp_path: Path) -> None:
    one = shard(tmp_path / "a", "paper", range(3))
    all_ = empty(tmp_path / "all")
    taken_down(all_, key_hash(url_key(PAPER)))
    merge(all_, one)
    new = [*((number, page("paper", number, number)) for number in range(3, 5)), (0, edited("paper", 0, 30))]
    shelve(one, [("paper", exchange, None) for _, exchange in new], "paper")
    done = merge(all_, one)
    assert (done.shards[0].warc_grown, done.ingest.new) == (1, 2)
    assert urls(all_) == {f"https://paper.example/mole-{number}" for number in range(1, 5)}
    assert PAPER.encode() not in on_shelf(all_)
    assert_sound(all_)
    assert not merge(all_, one).changed


def test_an_unfinished_takedown_of_a_merge_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archive.merging import main

    one, two = shard(tmp_path / "a", "gazette", range(2)), shard(tmp_path / "b", "paper", range(3))
    taken_down(one, key_hash(url_key(PAPER)))
    all_ = shard(tmp_path / "all", "paper", range(8, 10), run="own")

    def killed(*_args: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "clean_merged", killed)
    with pytest.raises(KeyboardInterrupt):
        merge(all_, one, two)
    monkeypatch.undo()
    assert PAPER.encode() in on_shelf(all_)
    with pytest.raises(UnfinishedTakedownError), lock(all_.archive_lock, "morgue ingest"):
        pass
    done = merge(all_, one, two)
    assert done.finished
    assert PAPER.encode() not in on_shelf(all_)
    assert PAPER not in urls(all_)
    assert len(urls(all_)) == 6
    assert {line.kind for line in read_decisions(all_.decisions)} == {TAKEDOWN}
    assert_sound(all_)


# Sources


def sources(*entries: str, top: str = "") -> str:
    return top + "\n".join(entries)


def entry(name: str, url: str | None = None, more: str = "", above: str = "") -> str:
    return f'{above}[[source]]\nname = "{name}"\nurl = "{url or f"https://{name}.example/"}"\n{more}'


def test_sources_come_with_their_comments_and_equal_ones_are_one(tmp_path: Path) -> None:
    mine = sources(entry("a", above="# the first\n"), top="# ours\n")
    theirs = sources(
        entry("a"),
        entry("b", above="# since May\n", more='delay = 2 # as they asked\n[source.headers]\nCookie = "x"\n'),
        '# a question\n[[search]]\nname = "tide"\nwords = "tide"\nsource = "b"\n',
        top='contact = "mailto:desk@paper.example"\n',
    )
    all_, one = empty(tmp_path / "all", mine), empty(tmp_path / "one", theirs)
    told = merge(all_, one)
    text = all_.sources.read_text()
    assert (told.shards[0].sources, told.shards[0].searches) == (["b"], ["tide"])
    for kept in (
        "# ours",
        "# the first",
        "# since May\n[[source]]",
        "delay = 2 # as they asked",
        "# a question\n[[search]]",
    ):
        assert kept in text
    assert text.count("[[source]]") == 2
    assert 'contact = "mailto:desk@paper.example"' in text
    assert not merge(all_, one).changed


@pytest.mark.parametrize(
    ("mine", "theirs", "said"),
    [
        (entry("a"), entry("a", more="delay = 2\n"), r"source 'a' is not the same .*: delay differs"),
        (entry("a", more='headers = {Cookie = "secret1"}\n'), entry("a"), r": headers differs(?!.*secret)"),
        (entry("a"), entry("b", "https://a.example"), r"source 'b' .* is 'a' in .* address https://a.example/"),
        ('[[search]]\nname = "a"\n', '[[search]]\nname = "a"\nwords = "x"\n', r"search 'a' is not the same .*: words"),
    ],
)
def test_sources_that_clash_are_named_and_nothing_is_changed(mine: str, theirs: str, said: str, tmp_path: Path) -> None:
    all_, one = empty(tmp_path / "all", mine), empty(tmp_path / "one", theirs)
    before = contents(all_.root)
    with pytest.raises(MergeError, match=said):
        merge(all_, one)
    assert contents(all_.root) == before


def test_what_stands_at_the_top_is_the_first_ones_and_that_is_told(tmp_path: Path) -> None:
    all_ = empty(tmp_path / "all", 'contact = "mailto:a@paper.example"\n')
    one = empty(tmp_path / "one", 'contact = "mailto:b@paper.example"\n[limits]\nbody = 2048\n')
    told = merge(all_, one)
    assert [word for word in told.words if "another contact" in word]
    assert "body = 2048" in all_.sources.read_text()
    assert "a@paper" in all_.sources.read_text()


@pytest.mark.parametrize("renamed_here", [True, False])
def test_a_source_renamed_in_one_archive_is_renamed_in_all(renamed_here: bool, tmp_path: Path) -> None:
    old, new = entry("a", more="# slow\n"), entry("b", "https://a.example/", more="# slow\n")
    search = '[[search]]\nname = "tide"\nsource = "{}"\n'
    all_ = empty(tmp_path / "all", (new if renamed_here else old) + search.format("b" if renamed_here else "a"))
    one = empty(tmp_path / "one", (old if renamed_here else new) + search.format("a" if renamed_here else "b"))
    rename(all_ if renamed_here else one, "a", "b", 1)
    merge(all_, one)
    assert all_.sources.read_text() == new + search.format("b")


def test_a_sources_toml_that_somebody_changes_meanwhile_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archive.merging import main

    all_, one = empty(tmp_path / "all", entry("a")), empty(tmp_path / "one", entry("b"))
    real = main.make_plan

    def plan_and_edit(*args: Any, **more: Any) -> Any:
        plan = real(*args, **more)
        all_.sources.write_text(entry("c"))
        return plan

    monkeypatch.setattr(main, "make_plan", plan_and_edit)
    with pytest.raises(MergeError, match="changed while it was looked at"):
        merge(all_, one)
    monkeypatch.undo()
    assert all_.sources.read_text() == entry("c")
    merge(all_, one)
    assert all_.sources.read_text() == entry("c") + "\n" + entry("b")


def test_sources_in_a_form_of_their_own_are_written_anew(tmp_path: Path) -> None:
    all_ = empty(tmp_path / "all", entry("a"))
    one = empty(tmp_path / "one", 'source = [{name = "b", url = "https://b.example/", feeds = ["/x"]}]\n')
    merge(all_, one)
    assert 'name = "b"\nurl = "https://b.example/"\nfeeds = ["https://b.example/x"]' in all_.sources.read_text()


# Profiles and reports


def test_profiles_and_reports_come_and_clashes_are_named(tmp_path: Path) -> None:
    one, two, all_ = empty(tmp_path / "a"), empty(tmp_path / "b"), ArchiveFolder(tmp_path / "all")
    digests = [save_profile(each.profiles, {"version": 1, "n": n}) for n, each in enumerate((one, two, two))]
    save_profile(one.profiles, {"version": 1, "n": 1})
    for each, name in ((one, "run-1-a"), (two, "run-2-b")):
        (each.reports / f"{name}.json").write_text('{"started_at": "2026-05-01T06:00:00Z"}')
    merge(all_, one, two)
    assert sorted(path.stem for path in all_.profiles.iterdir()) == sorted(digests)
    assert sorted(path.stem for path in all_.reports.iterdir()) == ["run-1-a", "run-2-b"]
    (two.reports / "run-1-a.json").write_text("{}")
    with pytest.raises(MergeError, match=r"two different reports have one name.*run-1-a"):
        merge(all_, two)


def test_a_damaged_profile_is_named(tmp_path: Path) -> None:
    one = empty(tmp_path / "a")
    digest = save_profile(one.profiles, {"version": 1})
    (one.profiles / f"{digest}.json").write_text('{"version": 2}')
    with pytest.raises(MergeError, match=rf"{digest}.json is damaged.*backup"):
        merge(ArchiveFolder(tmp_path / "all"), one)


def test_an_adopted_profile_holds_for_what_is_merged(tmp_path: Path) -> None:
    one = shard(tmp_path / "a", "paper", range(12), sources=SOURCES)
    ingest(one)
    assert rows(one, "SELECT count(*) FROM extractions WHERE profile IS NOT NULL") == [(12,)]
    all_ = ArchiveFolder(tmp_path / "all")
    merge(all_, one)
    assert rows(all_, "SELECT count(*) FROM extractions WHERE profile IS NOT NULL") == [(12,)]
    assert shown(all_)["articles"] == shown(restoried(one))["articles"]


# Imported files


def test_imported_files_come_with_where_they_are_from(tmp_path: Path) -> None:
    from merge_kit import LATER

    from archive.console import Progress
    from archive.importing import Import, import_files

    source = shard(tmp_path / "source", "paper", range(6))
    paths = [tmp_path / "copied.warc.gz", tmp_path / "stays.warc.gz"]
    for number, path in enumerate(paths):
        other = shard(tmp_path / f"o{number}", "paper", range(3 * number, 3 * number + 3))
        shutil.copy(warc_files(other.warc)[0], path)
    one = empty(tmp_path / "one")
    for path in paths:
        wanted = Import(paths=(path,), in_place=path.name.startswith("stays"))
        import_files(one, wanted, clock=LATER, jobs=0, progress=Progress("x", quiet=True))
    all_ = ArchiveFolder(tmp_path / "all")
    done = merge(all_, one)
    assert len(urls(all_)) == len(urls(one)) == 6
    told = "SELECT name, imported_from, imported_sha256, in_place, filter, size FROM warcs ORDER BY name"
    assert rows(all_, told) == rows(one, told)
    assert done.is_sound
    assert_sound(all_)
    assert not merge(all_, one).changed
    assert source.root.exists()


# What forbids it


def test_a_target_that_a_kill_left_begun_is_gone_on_with(tmp_path: Path) -> None:
    one, root = shard(tmp_path / "a", "paper", range(2)), tmp_path / "all"
    root.mkdir()
    for name in ("crawl.lock", "archive.lock", "backup.lock", "decisions.jsonl"):
        (root / name).touch()
    merge(ArchiveFolder(root), one)
    assert len(urls(ArchiveFolder(root))) == 2


def test_a_folder_with_something_else_is_not_taken_for_a_new_archive(tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "thesis.txt").write_text("x")
    with pytest.raises(MergeError, match=r"no archive .* not empty \(thesis.txt"):
        merge(ArchiveFolder(tmp_path / "all"), shard(tmp_path / "a", "paper", range(2)))
    assert [path.name for path in (tmp_path / "all").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("target", "names", "said"),
    [
        ("all", ["a", "a"], "one folder"),
        ("all", ["a", "link"], "one folder"),
        ("a", ["a"], "it is the archive into which"),
        ("link", ["a"], "it is the archive into which"),
        ("a/sub/all", ["a"], "lies within it"),
        ("all", ["all/sub"], "it lies within"),
    ],
)
def test_folders_that_are_mixed_up_are_refused(target: str, names: list[str], said: str, tmp_path: Path) -> None:
    shard(tmp_path / "a", "paper", range(2))
    (tmp_path / "link").symlink_to("a")
    with pytest.raises(UsageError, match=said):
        merge(ArchiveFolder(tmp_path / target), *(ArchiveFolder(tmp_path / name) for name in names))
    assert not (tmp_path / "all").exists()


def newer(one: ArchiveFolder) -> None:
    ingest(one)
    with closing(sqlite3.connect(one.archive_db)) as conn:
        conn.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('morgue', 'm999_future', '2030')"
        )
        conn.commit()


def linked(name: str) -> Callable[[ArchiveFolder], None]:
    def change(one: ArchiveFolder) -> None:
        path = one.root / name
        elsewhere = one.root.parent / "elsewhere"
        if path.exists():
            path.rename(elsewhere)
        path.symlink_to(elsewhere)

    return change


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda one: shutil.rmtree(one.root), NotAnArchiveError, "no archive in .*/a"),
        (lambda one: one.sources.unlink(), NotAnArchiveError, "no archive in .*/a"),
        (lambda one: one.sources.write_text("x = ["), MorgueError, "a/sources.toml.*TOML"),
        (lambda one: one.sources.write_bytes(b"\xff"), MergeError, "a/sources.toml is not UTF-8"),
        (lambda one: (one.root / "takedown.pending").touch(), MergeError, "a is not whole.*takedown"),
        (lambda one: (one.root / ".restoring").touch(), MergeError, "a is not whole.*restore"),
        (newer, MergeError, "written by a newer Morgue.*Upgrade"),
        (linked("warc"), MergeError, "a/warc is no folder but a link"),
        (linked("profiles"), MergeError, "a/profiles is no folder but a link"),
        (linked("decisions.jsonl"), MergeError, "a/decisions.jsonl cannot be read .it is a link"),
        (linked("sources.toml"), NotAnArchiveError, "no archive in .*/a"),
        (linked("crawl.lock"), MorgueError, "a/crawl.lock cannot be opened"),
        (lambda one: os.mkfifo(one.crawl_lock), MorgueError, "a/crawl.lock is no file"),
        (lambda one: (one.decisions.unlink(), os.mkfifo(one.decisions)), MergeError, "a/decisions.jsonl is no file"),
    ],
)
def test_a_shard_that_cannot_be_merged_is_named_and_nothing_is_made(
    change: Callable[[ArchiveFolder], object], error: type[MorgueError], said: str, tmp_path: Path
) -> None:
    one = shard(tmp_path / "a", "paper", range(2))
    change(one)
    with pytest.raises(error, match=said):
        merge(ArchiveFolder(tmp_path / "all"), one, shard(tmp_path / "b", "gazette", range(2)))
    assert not (tmp_path / "all").exists()


def test_a_lock_file_that_is_a_strangers_is_not_written_to(tmp_path: Path) -> None:
    one, precious = shard(tmp_path / "a", "paper", range(2)), tmp_path / "precious"
    precious.write_text("do not touch")
    one.crawl_lock.hardlink_to(precious)
    merge(ArchiveFolder(tmp_path / "all"), one)
    assert precious.read_text() == "do not touch"


def test_links_in_a_shelf_and_odd_names_are_told_of_and_not_followed(tmp_path: Path) -> None:
    one = shard(tmp_path / "a", "paper", range(2))
    secret = tmp_path / "secret.warc.gz"
    shutil.copy(warc_files(shard(tmp_path / "b", "gazette", range(2)).warc)[0], secret)
    (one.warc / "x.warc.gz").symlink_to(secret)
    (one.warc / "imported").mkdir()
    (one.warc / "imported" / "y.warc.gz").symlink_to(secret)
    (one.reports / "run-1-a.json").symlink_to(secret)
    (one.reports / "a\nb.json").write_text("{}")
    shutil.copy(secret, one.warc / "a\x07b.warc.gz")
    all_ = ArchiveFolder(tmp_path / "all")
    told = merge(all_, one)
    assert len(told.passed_over) == 5
    assert not told.is_sound
    assert {url.split("/")[2] for url in urls(all_)} == {"paper.example"}
    assert [path.name for path in all_.reports.iterdir()] == []


@pytest.mark.parametrize("name", ["crawl.lock", "archive.lock", "backup.lock"])
def test_a_lock_of_the_target_that_is_held_names_the_holder(name: str, tmp_path: Path) -> None:
    all_, one = empty(tmp_path / "all"), shard(tmp_path / "a", "paper", range(2))
    with lock(all_.root / name, "a long crawl"), pytest.raises(LockHeldError, match="a long crawl") as caught:
        merge(all_, one)
    assert caught.value.exit_code == 75
    assert list(all_.warc.iterdir()) == []


def test_a_shard_that_is_being_crawled_names_the_crawl(tmp_path: Path) -> None:
    all_, one = ArchiveFolder(tmp_path / "all"), shard(tmp_path / "a", "paper", range(2))
    with lock(one.crawl_lock, "morgue crawl"), pytest.raises(LockHeldError, match="morgue crawl"):
        merge(all_, one)
    assert not all_.root.exists()


def test_a_disk_that_is_full_is_told_and_the_same_command_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from archive.merging import take

    one, two = shard(tmp_path / "a", "paper", range(2)), shard(tmp_path / "b", "gazette", range(2))
    all_ = ArchiveFolder(tmp_path / "all")
    real = take._read

    def full(path: Path, offset: int, length: int) -> object:
        if "gazette" in path.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, offset, length)

    monkeypatch.setattr(take, "_read", full)
    with pytest.raises(MergeError, match=r"No space left.*goes on where it was"):
        merge(all_, one, two)
    monkeypatch.undo()
    assert len(warc_files(all_.warc)) == 1
    done = merge(all_, one, two)
    assert [each.warc_new for each in done.shards] == [0, 1]
    assert len(urls(all_)) == 4
    assert_sound(all_)
