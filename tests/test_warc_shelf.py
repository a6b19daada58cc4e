"""The shelf over time: names, files continued, sealed, torn by a crash, on a disk that fills up."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warc_tools import OK, PAGE, T0, Clock, exchange, fact, keep, read, writer

from archive.errors import NotAWarcError, ShelfError
from archive.warc import (
    complete_length,
    find_warc,
    own_name,
    parse_own_name,
    read_record,
    repack,
    shelf_name,
    tail,
    warc_files,
)

FIRST = "morgue-20260501060000-0of1-k3f9.warc.gz"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return tmp_path / "warc"


def bodies(shelf: Path) -> list[bytes]:
    """Return the bodies of all captures on the shelf, in order; nothing may be broken."""
    found: list[bytes] = []
    for path in warc_files(shelf):
        snapshots, _, end, broken = read(path)
        assert broken == []
        assert end == path.stat().st_size
        found += [snapshot.body for snapshot in snapshots]
    return found


def names(shelf: Path) -> list[str]:
    return sorted(path.name for path in shelf.iterdir())


# names


@pytest.mark.parametrize(
    ("name", "known"),
    [
        (FIRST, True),
        (FIRST + ".open", True),
        ("morgue-20261301060000-0of1-k3f9.warc.gz", False),  # month 13
        ("other-20260501060000-0of1-k3f9.warc.gz", False),
        ("morgue-20260501060000-0of1.warc.gz", False),
        (FIRST + ".bak", False),
    ],
)
def test_own_names(name: str, known: bool) -> None:
    parts = parse_own_name(name)
    assert (parts is not None) is known
    if parts is not None:
        assert own_name(parts.begun_at, parts.shard, parts.run_id) == FIRST
        assert parts.begun_at == datetime(2026, 5, 1, 6, tzinfo=UTC)


def test_warc_files_are_listed_in_the_order_of_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "warc"
    (folder / "imported" / "deep").mkdir(parents=True)
    for name in ("b.warc.gz.open", "a.warc", "c.warc.gz", "imported/a.warc.gz", "imported/z.warc", "x.txt", "c.cdx"):
        (folder / name).touch()
    (folder / "b.warc.gz").touch()  # sealed while we looked: both names were seen
    (folder / "imported" / "deep" / "q.warc.gz").touch()
    (tmp_path / "elsewhere.warc.gz").touch()
    (folder / "link.warc.gz").symlink_to(tmp_path / "elsewhere.warc.gz")
    found = warc_files(folder)
    assert [path.relative_to(folder).as_posix() for path in found] == [
        "a.warc",
        "b.warc.gz",
        "c.warc.gz",
        "imported/a.warc.gz",
        "imported/z.warc",
    ]
    assert [find_warc(folder, shelf_name(path, folder)) for path in found] == found
    assert warc_files(tmp_path / "none") == []


def test_a_file_is_found_open_or_sealed(tmp_path: Path) -> None:
    unsealed = tmp_path / "a.warc.gz.open"
    unsealed.touch()
    assert find_warc(tmp_path, "a.warc.gz") == unsealed
    sealed = unsealed.rename(tmp_path / "a.warc.gz")
    assert find_warc(tmp_path, "a.warc.gz") == sealed
    with pytest.raises(ShelfError, match="missing"):
        find_warc(tmp_path, "b.warc.gz")


@pytest.mark.parametrize("name", ["../a.warc.gz", "/etc/passwd", "imported/../../x", "a\0"])
def test_a_name_never_leads_out_of_the_shelf(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.warc.gz").touch()
    with pytest.raises(ShelfError, match="no name"):
        find_warc(tmp_path / "warc", name)
    with pytest.raises(ShelfError, match="does not lie"):
        shelf_name(tmp_path / "a.warc.gz", tmp_path / "warc")


# a file's life


def test_a_young_file_is_continued_by_the_next_run(shelf: Path) -> None:
    for number in range(3):
        clock = Clock(T0 + timedelta(hours=number))
        with writer(shelf, clock, run_id=f"run{number}") as to:
            keep(to, exchange(body=b"%d" % number))
            assert to.repairs == []
    assert names(shelf) == ["morgue-20260501060000-0of1-run0.warc.gz.open"]
    assert bodies(shelf) == [b"0", b"1", b"2"]


def test_a_run_without_pages_leaves_no_trace(shelf: Path) -> None:
    with writer(shelf) as to:
        assert to.flush() == ("", 0)
    assert names(shelf) == []
    with writer(shelf) as to:
        keep(to, exchange())
    before = (shelf / (FIRST + ".open")).read_bytes()
    with writer(shelf) as to:
        assert to.flush() == (FIRST, len(before))
    assert (shelf / (FIRST + ".open")).read_bytes() == before


def test_an_old_file_is_sealed(shelf: Path) -> None:
    with writer(shelf) as to:
        keep(to, exchange(body=b"old"))
    with writer(shelf, Clock(T0 + timedelta(hours=24)), run_id="next") as to:
        keep(to, exchange(body=b"new"))
    assert names(shelf) == [FIRST, "morgue-20260502060000-0of1-next.warc.gz.open"]
    assert bodies(shelf) == [b"old", b"new"]


def test_a_file_grows_old_during_a_run(shelf: Path) -> None:
    clock = Clock()
    with writer(shelf, clock) as to:
        keep(to, exchange(body=b"old"))
        clock.when += timedelta(hours=25)
        keep(to, exchange(body=b"same batch, same file"))
        assert to.flush()[0] == FIRST
        keep(to, exchange(body=b"new"))
        assert to.flush()[0] == "morgue-20260502070000-0of1-k3f9.warc.gz"
    assert names(shelf) == [FIRST, "morgue-20260502070000-0of1-k3f9.warc.gz.open"]
    assert bodies(shelf) == [b"old", b"same batch, same file", b"new"]


def test_full_files_are_sealed_between_batches_and_get_names_of_their_own(shelf: Path) -> None:
    flushed = []
    with writer(shelf, max_bytes=2_000) as to:
        for number in range(4):
            for part in range(3):
                keep(to, exchange(body=b"%d-%d" % (number, part)))
            flushed.append(to.flush())
    assert names(shelf) == [f"morgue-2026050106000{second}-0of1-k3f9.warc.gz" for second in range(4)]
    assert [name for name, _ in flushed] == names(shelf)
    assert [length for _, length in flushed] == [(shelf / name).stat().st_size for name in names(shelf)]
    assert bodies(shelf) == [b"%d-%d" % (n, p) for n in range(4) for p in range(3)]


def test_a_clock_set_back_loses_nothing(shelf: Path) -> None:
    with writer(shelf) as to:
        keep(to, exchange(body=b"1"))
    with writer(shelf, Clock(T0 - timedelta(days=9)), run_id="past") as to:
        keep(to, exchange(body=b"2"))
    assert bodies(shelf) == [b"1", b"2"]


def test_shards_and_strangers_are_left_alone(shelf: Path) -> None:
    with writer(shelf, shard="1of2") as to:
        keep(to, exchange())
    (shelf / "foreign.warc.gz.open").write_bytes(b"\x1f\x8b torn")
    with writer(shelf, shard="0of2") as to:
        keep(to, exchange())
        assert to.repairs == []
    assert names(shelf) == [
        "foreign.warc.gz.open",
        "morgue-20260501060000-0of2-k3f9.warc.gz.open",
        "morgue-20260501060000-1of2-k3f9.warc.gz.open",
    ]


def test_several_open_files_are_sealed_but_the_newest(shelf: Path) -> None:
    """Two runs crashed, the second of them after beginning a file of its own."""
    for hour in range(3):
        with writer(shelf, Clock(T0 + timedelta(hours=hour))) as to:
            keep(to, exchange(body=b"%d" % hour))
        (path,) = shelf.glob("*.open")
        path.rename(shelf.parent / path.name)
    for path in shelf.parent.glob("*.open"):
        path.rename(shelf / path.name)
    with writer(shelf, Clock(T0 + timedelta(hours=3))) as to:
        keep(to, exchange(body=b"3"))
    assert [name.endswith(".open") for name in names(shelf)] == [False, False, True]
    assert bodies(shelf) == [b"0", b"1", b"2", b"3"]


def test_a_closed_writer_takes_no_more(shelf: Path) -> None:
    to = writer(shelf)
    keep(to, exchange())
    to.close()
    to.close()
    with pytest.raises(ShelfError, match="closed"):
        keep(to, exchange())
    with pytest.raises(ValueError, match="no facts"):
        writer(shelf).append_facts([], source=None)


# after a crash


def three_records(shelf: Path) -> tuple[Path, list[int], bytes]:
    """Return an open file with three exchanges, the ends of each, and its bytes."""
    with writer(shelf) as to:
        ends = []
        for body in (b"one", b"two", b"three"):
            ref = keep(to, exchange(body=body))
            ends.append(ref.offset + ref.length)
    path = shelf / (FIRST + ".open")
    return path, ends, path.read_bytes()


# (what happened, data and where its records end -> what is left of it, whole records)
CRASHES: list[tuple[str, Callable[[bytes, list[int]], bytes], int]] = [
    ("cut in a record", lambda data, ends: data[: ends[2] - 5], 2),
    ("cut in a gzip header", lambda data, ends: data[: ends[1] + 4], 2),
    ("cut between records", lambda data, ends: data[: ends[1]], 2),
    ("zeros behind", lambda data, _: data + bytes(4096), 3),
    ("zeros in the last record", lambda data, ends: data[: ends[2] - 20] + bytes(20), 2),
    ("zeros after a cut", lambda data, ends: data[: ends[1] + 30] + bytes(9000), 2),
    ("garbage behind", lambda data, _: data + os.urandom(200), 3),
    ("zero bytes long", lambda _, __: b"", 0),
    ("nothing but zeros", lambda data, _: bytes(len(data)), 0),
    ("cut in the first record", lambda data, _: data[:50], 0),
]


@pytest.mark.parametrize(("why", "crash", "left"), CRASHES)
def test_a_torn_tail_is_cut_and_writing_goes_on(
    shelf: Path, why: str, crash: Callable[[bytes, list[int]], bytes], left: int
) -> None:
    path, ends, data = three_records(shelf)
    torn = crash(data, ends)
    path.write_bytes(torn)
    with writer(shelf, run_id="next") as to:
        if to.repairs:
            (repair,) = to.repairs
            assert (repair.name, repair.length) == (FIRST, len(torn))
            assert repair.kept < len(torn)
        else:
            assert len(torn) in (0, ends[1])
        keep(to, exchange(body=b"after"))
    assert bodies(shelf) == [*[b"one", b"two", b"three"][:left], b"after"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 2_600), zeros=st.integers(0, 30))
def test_writing_goes_on_after_any_cut(tmp_path_factory: pytest.TempPathFactory, cut: int, zeros: int) -> None:
    shelf = tmp_path_factory.mktemp("shelf")
    path, ends, data = three_records(shelf)
    path.write_bytes(data[:cut] + bytes(zeros))
    with writer(shelf, run_id="next") as to:
        keep(to, exchange(body=b"after"), facts=[fact()])
    torn = data[:cut] + bytes(zeros)  # the zeros may be just those that were cut: a length ends with some
    whole = sum(torn[:end] == data[:end] for end in ends)
    assert bodies(shelf) == [*[b"one", b"two", b"three"][:whole], b"after"]


def test_nothing_the_archive_has_read_is_ever_cut(shelf: Path) -> None:
    """The disk has lost what ingest had read. Appending there would put new records at offsets of old ones."""
    path, ends, data = three_records(shelf)
    path.write_bytes(data[: ends[2] - 5])
    with writer(shelf, Clock(T0 + timedelta(hours=1)), floor=lambda _: ends[2]) as to:
        keep(to, exchange(body=b"after"))
        (repair,) = to.repairs
        assert (repair.name, repair.length, repair.kept) == (FIRST, ends[2] - 5, ends[2] - 5)
        assert "sealed as it is" in repair.why
    assert (shelf / FIRST).read_bytes() == data[: ends[2] - 5]
    assert len(names(shelf)) == 2


def test_damage_before_what_was_read_is_not_cut(shelf: Path) -> None:
    path, ends, data = three_records(shelf)
    path.write_bytes(data[: ends[1]] + bytes(len(data) - ends[1]))
    with writer(shelf, Clock(T0 + timedelta(hours=1)), floor=lambda _: len(data)) as to:
        keep(to, exchange(body=b"after"))
    # From the floor on nothing is wrong, so the file is continued; what lies before is for fsck to tell.
    assert (shelf / (FIRST + ".open")).read_bytes()[: ends[1]] == data[: ends[1]]
    assert (shelf / (FIRST + ".open")).stat().st_size > len(data)


def test_only_what_follows_the_floor_is_looked_through(shelf: Path) -> None:
    path, ends, data = three_records(shelf)
    broken_first = bytes(ends[0]) + data[ends[0] :]
    path.write_bytes(broken_first + b"\x1f\x8b\x08 torn")
    with writer(shelf, floor=lambda name: ends[0] if name == FIRST else 0) as to:
        assert [repair.kept for repair in to.repairs] == [len(data)]
    assert complete_length(path, ends[0]) == len(data)


def test_an_unusable_folder_is_a_shelf_error(tmp_path: Path) -> None:
    (tmp_path / "warc").write_text("a file")
    with pytest.raises(ShelfError, match="cannot be used"):
        writer(tmp_path / "warc")


# when the disk says no


class Disk:
    """A disk that takes so many bytes and then is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room: int | None = None
        self.real = os.pwrite
        monkeypatch.setattr(tail.os, "pwrite", self.pwrite)

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        if self.room is None:
            return self.real(fd, data, offset)
        if self.room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        done = self.real(fd, data[: self.room], offset)
        self.room -= done
        return done


@pytest.mark.parametrize("room", [0, 1, 300, 700, 1_000, 1_400, 1_700, 2_000])
def test_a_full_disk_leaves_whole_records_only(shelf: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    disk = Disk(monkeypatch)
    to = writer(shelf)
    keep(to, exchange(body=b"safe"))
    _, safe = to.flush()
    refs = [keep(to, exchange(body=b"%d" % number)) for number in range(3)]
    disk.room = room
    with pytest.raises(ShelfError, match="Make room on the disk"):
        to.flush()
    path = shelf / (FIRST + ".open")
    assert path.stat().st_size == complete_length(path)
    whole = [number for number, ref in enumerate(refs) if ref.offset + ref.length <= safe + room]
    disk.room = None  # somebody made room
    ref = keep(to, exchange(body=b"later"))
    to.close()
    assert bodies(shelf) == [b"safe", *(b"%d" % number for number in whole), b"later"]
    assert read_record(path, ref.offset).body == b"later"


def test_a_batch_too_large_to_wait_fails_at_once(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    to = writer(shelf)
    keep(to, exchange(body=b"safe"))
    to.flush()
    disk.room = 100
    with pytest.raises(ShelfError, match="fetched again"):
        keep(to, exchange(body=os.urandom(3 * 2**20)))
    assert bodies(shelf) == [b"safe"]


def test_after_a_failed_fsync_the_file_takes_no_more(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    to = writer(shelf)
    keep(to, exchange())
    monkeypatch.setattr(tail.os, "fsync", fail)
    with pytest.raises(ShelfError, match="made durable"):
        to.flush()
    monkeypatch.undo()
    with pytest.raises(ShelfError, match="takes no more"):
        keep(to, exchange())


def test_the_warcinfo_is_written_again_if_it_was_lost(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    to = writer(shelf)
    keep(to, exchange())
    disk.room = 10
    with pytest.raises(ShelfError):
        to.flush()
    disk.room = None
    keep(to, exchange(OK, PAGE))
    to.close()
    path = shelf / (FIRST + ".open")

    data = gzip.decompress(path.read_bytes())
    assert data.count(b"WARC-Type: warcinfo") == 1
    assert data.index(b"WARC-Type: warcinfo") < data.index(b"WARC-Type: metadata")


# taking in other people's files


def test_repacking_gives_each_record_a_member_of_its_own(shelf: Path, tmp_path: Path) -> None:
    with writer(shelf, max_bytes=1) as to:
        keep(to, exchange(body=b"1"), facts=[fact()])
        keep(to, exchange(body=b"2", url="https://other.example/"))
    (own,) = shelf.iterdir()
    whole = gzip.decompress(own.read_bytes())
    source = tmp_path / "in-one-member.warc.gz"
    source.write_bytes(gzip.compress(whole))
    target = shelf / "imported" / "x.warc.gz"
    target.parent.mkdir()
    done = repack(source, target)
    assert (done.records, done.passed_over, done.length) == (7, 0, target.stat().st_size)
    assert done.source_sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert gzip.decompress(target.read_bytes()) == whole
    snapshots, _, _, broken = read(target)
    assert broken == []
    assert [(s.body, s.source, s.ref.warc) for s in snapshots] == [
        (b"1", "Example News", "imported/x.warc.gz"),
        (b"2", "Example News", "imported/x.warc.gz"),
    ]
    some = repack(own, tmp_path / "some.warc.gz", wanted=lambda url: "other" in url)
    assert (some.records, some.passed_over) == (4, 3)
    assert [s.body for s in read(tmp_path / "some.warc.gz")[0]] == [b"2"]


def test_repacking_leaves_nothing_half_done(shelf: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.warc"
    bad.write_bytes(b"<html>")
    with pytest.raises(NotAWarcError):
        repack(bad, tmp_path / "x.warc.gz")
    (tmp_path / "y.warc.gz").touch()
    with pytest.raises(ShelfError, match="exists already"):
        repack(bad, tmp_path / "y.warc.gz")
    with pytest.raises(ShelfError, match="cannot be copied"):
        repack(bad, tmp_path / "none" / "x.warc.gz")
    assert names(tmp_path) == ["bad.warc", "y.warc.gz"]
