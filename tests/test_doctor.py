"""`morgue doctor`, the archive's room: from observed facts to what is told, case by case."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.doctor import database, kept, locked, machine, packages, probe, rights, room, setup, sqlite, times
from archive.doctor.examine import Check, Examined, Group, Place, examine, within
from archive.doctor.finding import Finding, Level, note, ok, worst, wrong
from archive.doctor.told import as_json, lines
from archive.errors import DecisionsError
from archive.folder import ArchiveFolder
from archive.locks import lock
from archive.sources import parse_sources
from tests.test_docs import wrong as wrong_command

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PLACE = Place.at(Path("/srv/a b"), named=True)


def said(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    """Return level and check of each; also hold each to the rules that all findings have."""
    found = list(findings)
    for each in found:
        assert each.what
        assert not each.what.endswith(".")
        assert each.level is not Level.WRONG or each.do or each.type, each
        if each.type.startswith("morgue "):
            assert wrong_command(each.type) is None, each.type
    return [(each.level.value, each.check) for each in found]


# Packages: what the metadata asks for, and what is installed

REQUIRES = (
    "scrapy<2.20,>=2.19",
    'backports.zstd>=1.1; python_version < "3"',
    'fsspec>=2026.1; extra == "remote"',
    'aiohttp>=3; extra == "remote"',
    'pytest>=9; extra == "dev"',
)
INSTALLED = packages.Installed("0.1.0", "3.11.2", REQUIRES, ">=3.11", {"scrapy": "2.19.3"})


@pytest.mark.parametrize(
    ("has", "expected"),
    [
        (INSTALLED, {}),  # nothing of an extra is there: that is nobody's fault; nor what this Python does not need
        (replace(INSTALLED, versions={}), {"libraries": "wrong"}),
        (replace(INSTALLED, versions={"scrapy": "2.18.9"}), {"libraries": "wrong"}),  # below
        (replace(INSTALLED, versions={"scrapy": "2.20.0"}), {"libraries": "wrong"}),  # the range ends before it
        (replace(INSTALLED, versions={"scrapy": "2.100"}), {"libraries": "wrong"}),  # a number, not a text
        (replace(INSTALLED, versions={"scrapy": "2.19.1rc1"}), {}),  # who installs one wants it
        (replace(INSTALLED, python="3.10.9"), {"Python": "wrong"}),
        (replace(INSTALLED, versions={"scrapy": "2.19.3", "fsspec": "2026.2"}), {"[remote]": "note"}),  # in part
        (replace(INSTALLED, versions={"scrapy": "2.19.3", "fsspec": "2026.2", "aiohttp": "3.9"}), {}),
        (replace(INSTALLED, versions={"scrapy": "2.19.3", "fsspec": "2025.1", "aiohttp": "3.9"}), {"[remote]": "note"}),
    ],
)
def test_packages(has: packages.Installed, expected: dict[str, str]) -> None:
    found = said(packages.look(lambda: has))
    assert {check: level for level, check in found if level != "ok"} == expected
    assert [check for _, check in found] == ["Morgue", "Python", "libraries", "[render]", "[remote]", "[scale]"]


def test_what_is_installed_here_is_in_range() -> None:
    assert worst(packages.look()) is Level.OK
    assert {"scrapy", "trafilatura", "datasette", "sqlite-utils"} <= set(packages.observe().versions)


GOOD_SQLITE = sqlite.Sqlite((3, 40, 1), fts5=True, json=True, strict=True)


@pytest.mark.parametrize(
    ("has", "level"),
    [
        (GOOD_SQLITE, "ok"),
        (replace(GOOD_SQLITE, version=(3, 38, 0)), "ok"),
        (replace(GOOD_SQLITE, version=(3, 37, 9)), "wrong"),  # no unixepoch()
        (replace(GOOD_SQLITE, fts5=False), "wrong"),
        (replace(GOOD_SQLITE, json=False), "wrong"),
        (replace(GOOD_SQLITE, strict=False), "wrong"),
    ],
)
def test_sqlite(has: sqlite.Sqlite, level: str) -> None:
    assert said(sqlite.look(lambda: has)) == [(level, "SQLite")]


# The machine

MIB = 2**20
MACHINE = machine.Machine(4096 * MIB, 2, 1024, 0o022, "utf-8", "C.UTF-8")


@pytest.mark.parametrize(
    ("has", "expected"),
    [
        (MACHINE, {}),
        (replace(MACHINE, available=None), {}),  # not Linux
        (replace(MACHINE, available=440 * MIB), {}),  # 200 and two workers of 120
        (replace(MACHINE, available=439 * MIB), {"memory": "note"}),
        (replace(MACHINE, available=319 * MIB), {"memory": "wrong"}),  # not one worker
        (replace(MACHINE, available=1000 * MIB, cores=16), {"memory": "note"}),  # one worker per core
        (replace(MACHINE, open_files=None), {}),
        (replace(MACHINE, open_files=511), {"open files": "note"}),
        (replace(MACHINE, open_files=64), {"open files": "wrong"}),
        (replace(MACHINE, umask=0o077), {}),
        (replace(MACHINE, umask=0o002), {}),  # groups that work together
        (replace(MACHINE, umask=0o000), {"umask": "note"}),
        (replace(MACHINE, umask=0o777), {"umask": "wrong"}),
        (replace(MACHINE, encoding="UTF8"), {}),
        (replace(MACHINE, encoding="iso8859-1", locale="de_DE"), {"terminal": "note"}),
        (replace(MACHINE, encoding="ANSI_X3.4-1968", locale="C"), {"terminal": "note"}),
        (replace(MACHINE, encoding="no such"), {"terminal": "note"}),
    ],
)
def test_machine(has: machine.Machine, expected: dict[str, str]) -> None:
    found = said(machine.look(has))
    assert {check: level for level, check in found if level != "ok"} == expected
    assert [check for _, check in found] == ["memory", "open files", "umask", "terminal"]


@pytest.mark.parametrize(
    ("meminfo", "limit", "used", "bytes_"),
    [
        ("MemAvailable: 2000 kB", None, 0, 2_048_000),
        ("MemAvailable: 2000 kB", 1_000_000, 1_500_000, 0),  # a container that is over its limit
        ("", 1_000_000, 400_000, 600_000),
        ("MemAvailable: many kB\nMemAvailable", None, 0, None),
        ("", None, 0, None),
    ],
)
def test_memory_is_what_the_machine_and_the_container_give(
    meminfo: str, limit: int | None, used: int, bytes_: int | None
) -> None:
    assert machine.memory_in(meminfo, limit, used) == bytes_


def test_the_umask_stays_as_it_is() -> None:
    before = os.umask(0o027)
    try:
        assert machine.observe({}).umask == 0o027
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)


# The disk

GB = 10**9
ROOM = room.Room(free=100 * GB, files_left=10**6, database=GB, per_day=GB, keep_free=GB // 2)


@pytest.mark.parametrize(
    ("has", "expected"),
    [
        (ROOM, [("ok", "disk")]),
        (replace(ROOM, per_day=None), [("ok", "disk")]),
        (replace(ROOM, per_day=1e-9), [("ok", "disk")]),  # for longer than anybody counts
        (replace(ROOM, free=30 * GB), [("note", "disk")]),  # 29 days
        (replace(ROOM, free=7 * GB), [("wrong", "disk")]),  # 6
        (replace(ROOM, free=GB // 2 - 1), [("wrong", "disk"), ("note", "disk")]),  # no crawl begins, no rebuild either
        (replace(ROOM, free=0, database=0, per_day=None), [("wrong", "disk")]),
        (replace(ROOM, database=101 * GB), [("ok", "disk"), ("note", "disk")]),
        (replace(ROOM, files_left=3), [("ok", "disk"), ("wrong", "inodes")]),
        (replace(ROOM, files_left=None), [("ok", "disk")]),  # btrfs has no fixed number
    ],
)
def test_room(has: room.Room, expected: list[tuple[str, str]]) -> None:
    assert said(room.look(has)) == expected


@pytest.mark.parametrize(
    ("files", "databases", "per_day"),
    [
        ([], 0, None),
        ([(NOW - 20 * DAY, 1000)], 0, None),  # nothing of late
        ([(None, 1000)], 500, None),  # imported: what others kept is no growth
        ([(NOW - timedelta(hours=1), 1000)], 0, 1000.0),  # a first hour is not taken 24 times
        ([(NOW - 10 * DAY, 1000), (NOW - DAY, 1000)], 0, 200.0),
        ([(NOW - 10 * DAY, 1000), (NOW - 20 * DAY, 1000)], 1000, 150.0),  # databases grow with it: half of it
        ([(NOW + DAY, 1000)], 0, None),  # from the future: the clock's finding
    ],
)
def test_growth(files: list[tuple[datetime | None, int]], databases: int, per_day: float | None) -> None:
    assert room.growth(files, databases, NOW) == per_day


DISK = probe.Disk("ext4", "wal", True, 0.001)


@pytest.mark.parametrize(
    ("has", "expected"),
    [
        (DISK, ["ok", "ok"]),
        (replace(DISK, kind=""), ["ok", "ok"]),
        (replace(DISK, journal="delete"), ["wrong", "ok"]),  # what SQLite answers where it cannot
        (replace(DISK, journal="disk I/O error", shared=False), ["wrong", "ok"]),
        (replace(DISK, shared=False), ["wrong", "ok"]),
        (replace(DISK, kind="nfs4"), ["note", "ok"]),
        (replace(DISK, kind="tmpfs"), ["note", "ok"]),
        (replace(DISK, sync=0.1), ["ok", "note"]),
        (replace(DISK, sync=1.5), ["ok", "wrong"]),
    ],
)
def test_disk(has: probe.Disk, expected: list[str]) -> None:
    assert said(probe.judge(has)) == list(zip(expected, ("SQLite's log", "fsync"), strict=True))


def test_the_disk_is_tried_and_left_as_it_was(tmp_path: Path) -> None:
    found = probe.observe(tmp_path)
    assert (found.journal, found.shared) == ("wal", True)
    assert found.sync > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("mounts", "path", "kind"),
    [
        ("a / ext4 rw 0 0\nb /home nfs4 rw 0 0\n", "/home/you/a", "nfs4"),
        ("a / ext4 rw 0 0\nb /home nfs4 rw 0 0\n", "/homeless", "ext4"),
        ("a / overlay rw 0 0\nb / ext4 rw 0 0\n", "/x", "ext4"),  # the later lies over the earlier
        ("nonsense\n\n", "/x", ""),
    ],
)
def test_the_kind_of_a_file_system(mounts: str, path: str, kind: str) -> None:
    assert probe.kind_of(mounts, path) == kind


# Rights

ME, OTHER = 1000, 1001
FOLDER = rights.Entry(".", ME, 0o40755, True, True)
FILE = rights.Entry("archive.db", ME, 0o100644, True, True)
SEALED = rights.Entry("warc/x.warc.gz", ME, 0o100444, True, False, must_write=False)


@pytest.mark.parametrize(
    ("user", "entries", "levels"),
    [
        (ME, [FOLDER, FILE, SEALED], ["ok"]),
        (ME, [FOLDER, replace(FILE, writable=False)], ["wrong"]),
        (ME, [FOLDER, replace(SEALED, readable=False)], ["wrong"]),
        (ME, [replace(FOLDER, writable=False), FILE], ["wrong"]),
        (ME, [FOLDER, replace(FILE, owner=0)], ["wrong"]),  # root ran a command once
        (ME, [FOLDER, replace(SEALED, owner=0)], ["ok"]),  # it can be read, and nobody has to write it
        (ME, [FOLDER, replace(SEALED, owner=0, mode=0o100400)], ["wrong"]),
        (0, [FOLDER, FILE], ["note", "ok"]),
        (0, [FOLDER, replace(FILE, owner=0)], ["note", "wrong"]),  # root may, its owner may not
        (OTHER, [FOLDER, replace(FILE, writable=False)], ["note", "wrong"]),
    ],
)
def test_rights(user: int, entries: list[rights.Entry], levels: list[str]) -> None:
    assert said(rights.look(rights.Rights(Path("/srv/a b"), user, entries))) == [(level, "rights") for level in levels]


# The clock

TIMES = times.Times(NOW, "CEST", timedelta(hours=2), "", True, "", True, newest=NOW - DAY)


@pytest.mark.parametrize(
    ("has", "levels"),
    [
        (TIMES, ["ok"]),
        (replace(TIMES, newest=None), ["ok"]),
        (replace(TIMES, newest=NOW + timedelta(minutes=4)), ["ok"]),  # two machines are never quite together
        (replace(TIMES, newest=NOW + timedelta(minutes=6)), ["wrong"]),
        (replace(TIMES, now=datetime(1970, 1, 1, tzinfo=UTC), newest=None), ["wrong"]),  # no battery
        (replace(TIMES, synchronised=False), ["note"]),
        (replace(TIMES, synchronised=None), ["ok"]),
        (replace(TIMES, moved="2026-05-20T12:00:00Z"), ["ok", "note"]),
        (replace(TIMES, tz="Europe/Nowhere", tz_known=False), ["ok", "note"]),
    ],
)
def test_clock(has: times.Times, levels: list[str]) -> None:
    assert said(times.look(has)) == [(level, "clock") for level in levels]


@pytest.mark.parametrize(
    ("tz", "known"),
    [("", True), ("UTC", True), ("Europe/Nowhere", False), ("CET-1CEST,M3.5.0,M10.5.0", True), ("../etc", False)],
)
def test_a_time_zone_that_is_none_is_seen(tz: str, known: bool) -> None:
    class Fixed:
        def now(self) -> datetime:
            return NOW

        def monotonic(self) -> float:
            return 0.0

        def real(self) -> float:
            return NOW.timestamp()

    assert times.observe(Fixed(), {"TZ": tz}, None).tz_known is known


# sources.toml

SITE = '[[source]]\nname = "gazette"\nurl = "https://gazette.example/"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('contact = "mailto:desk@gazette.se"\n' + SITE, [("ok", "contact"), ("ok", "sources")]),
        (SITE, [("wrong", "contact"), ("ok", "sources")]),
        ('contact = "mailto:desk@paper.example"\n' + SITE, [("wrong", "contact"), ("ok", "sources")]),
        ('contact = "mailto:desk@gazette.se"\n', [("ok", "contact"), ("note", "sources")]),
        (
            'contact = "mailto:desk@gazette.se"\n' + SITE + "enabled = false\n",
            [("ok", "contact"), ("wrong", "sources")],
        ),
    ],
)
def test_sources(text: str, expected: list[tuple[str, str]]) -> None:
    assert said(setup.judge(parse_sources(text), PLACE)) == expected


@pytest.mark.parametrize(
    ("contact", "placeholder"),
    [
        ("mailto:you@example.org", True),  # as `morgue init` writes it, switched off
        ("mailto:you@PAPER.example", True),
        ("mailto:you@localhost", True),
        ("https://www.example.com/bot", True),
        ("https://gazette.se/example", False),  # a path
        ("mailto:example@gazette.se", False),
        ("mailto:you@counterexample.org", False),  # another domain, that somebody owns
    ],
)
def test_placeholders(contact: str, placeholder: bool) -> None:
    assert setup.is_placeholder(contact) is placeholder


# Locks

HELD = locked.Held("crawl.lock", "morgue crawl", 7, 7, True, "S", NOW - timedelta(hours=2))


@pytest.mark.parametrize(
    ("held", "levels"),
    [
        ([], ["ok"]),
        ([HELD], ["ok"]),
        ([replace(HELD, since=NOW - 25 * timedelta(hours=1))], ["note"]),
        ([replace(HELD, state="T")], ["wrong"]),  # Ctrl-Z
        ([replace(HELD, holder=9, writer_alive=False)], ["wrong"]),  # its child has it
        ([replace(HELD, holder=0, writer=0, purpose="another process", writer_alive=False, state="")], ["ok"]),
        ([HELD, replace(HELD, name="archive.lock", state="T")], ["ok", "wrong"]),
        ([replace(HELD, since=NOW + DAY)], ["ok"]),  # a file from the future
    ],
)
def test_locks(held: list[locked.Held], levels: list[str]) -> None:
    assert said(locked.look(PLACE, held, NOW)) == [(level, "locks") for level in levels]


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux lists its locks")
def test_a_lock_is_seen_without_taking_it(tmp_path: Path) -> None:
    folder = ArchiveFolder(tmp_path)
    assert locked.observe(folder) == []
    with lock(folder.crawl_lock, "morgue crawl"):
        (held,) = locked.observe(folder)
        assert (held.name, held.purpose, held.writer, held.writer_alive) == (
            "crawl.lock",
            "morgue crawl",
            os.getpid(),
            True,
        )
    assert locked.observe(folder) == []  # the file stays, and says nothing


def test_an_unfinished_takedown_is_told(tmp_path: Path) -> None:
    (tmp_path / "takedown.pending").touch()
    assert said(locked.look(Place.at(tmp_path, named=False), [], NOW))[0] == ("wrong", "takedown")


# archive.db and the shelf

A_FILE = database.OnShelf("a.warc.gz", 100, False)
READ = database.Database(there=True, read_to={"a.warc.gz": 100})


@pytest.mark.parametrize(
    ("has", "files", "level"),
    [
        (READ, [A_FILE], "ok"),
        (database.Database(there=False), [A_FILE], "wrong"),
        (database.Database(there=False), [], "note"),
        (database.Database(there=True, fault="x: newer. Upgrade.", too_new=True), [A_FILE], "wrong"),
        (database.Database(there=True, fault="x: damaged. Move.", damaged=True), [A_FILE], "wrong"),
        (database.Database(there=True, fault="x: locked. Close it."), [A_FILE], "wrong"),
        (replace(READ, pending=("m009_promotions",)), [A_FILE], "note"),
    ],
)
def test_archive_db(has: database.Database, files: list[database.OnShelf], level: str) -> None:
    assert said(database.look(PLACE, has, files)) == [(level, "archive.db")]


@pytest.mark.parametrize(
    ("has", "files", "crawling", "levels"),
    [
        (READ, [A_FILE], False, ["ok"]),
        (READ, [replace(A_FILE, size=101)], False, ["note"]),
        (READ, [replace(A_FILE, size=101)], True, ["ok"]),  # it is being read
        (READ, [A_FILE, replace(A_FILE, name="b.warc.gz", is_open=True)], False, ["note"]),  # never begun
        (READ, [], False, ["ok", "wrong"]),  # gone
        (replace(READ, read_to={"/elsewhere/x.warc.gz": 9}), [], False, ["ok"]),  # was taken in where it lies
        (database.Database(there=True, fault="x"), [A_FILE], False, ["ok"]),  # it cannot tell what it read
    ],
)
def test_shelf(
    tmp_path: Path, has: database.Database, files: list[database.OnShelf], crawling: bool, levels: list[str]
) -> None:
    (tmp_path / "warc").mkdir()
    place = Place.at(tmp_path, named=False)
    assert said(database.look_at_shelf(place, has, files, crawling=crawling)) == [(level, "shelf") for level in levels]


@pytest.mark.parametrize(
    ("has", "level"),
    [(READ, "wrong"), (database.Database(there=False), "note"), (database.Database(there=True, fault="x"), "wrong")],
)
def test_a_lost_shelf_is_grave_where_something_lay_there(tmp_path: Path, has: database.Database, level: str) -> None:
    assert said(database.look_at_shelf(Place.at(tmp_path, named=False), has, [], crawling=False)) == [(level, "shelf")]


# Decisions, backups

BACKUP = kept.Backup("/mnt/backup/a b", NOW - DAY, True)


@pytest.mark.parametrize(
    ("backups", "has_files", "levels"),
    [
        ([], True, ["note"]),
        ([], False, ["ok"]),
        (None, True, ["note"]),  # decisions.jsonl is another check's
        ([BACKUP], True, ["ok"]),
        ([replace(BACKUP, last=NOW - 9 * DAY)], True, ["note"]),
        ([replace(BACKUP, last=NOW - 33 * DAY)], True, ["wrong"]),
        ([replace(BACKUP, last=None)], True, ["wrong"]),
        ([replace(BACKUP, there=False)], True, ["note"]),
        ([replace(BACKUP, there=False, last=NOW - 33 * DAY)], True, ["wrong"]),
        ([replace(BACKUP, target="s3://bucket/a", there=None)], True, ["ok"]),
        ([replace(BACKUP, same_disk=True)], True, ["note"]),
        ([BACKUP, replace(BACKUP, last=None)], True, ["ok", "wrong"]),
    ],
)
def test_backups(backups: list[kept.Backup] | None, has_files: bool, levels: list[str]) -> None:
    found = said(kept.look_at_backups(PLACE, backups, NOW, kept=has_files))
    assert found == [(level, "backup") for level in levels]


LINE = '{"at": "2026-05-01T06:00:00Z", "kind": "x", "reason": null}\n'
ADOPTED = LINE.replace('"x"', '"profile-adopted"').replace("null", f'null, "source": "a", "profile": "{"0" * 64}"')


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, [("ok", "decisions"), ("ok", "profiles")]),
        ("", [("ok", "decisions"), ("ok", "profiles")]),
        (LINE, [("ok", "decisions"), ("ok", "profiles")]),
        (LINE + LINE[:30], [("note", "decisions"), ("ok", "profiles")]),  # a process died while it wrote
        (LINE[:30] + "\n" + LINE, [("wrong", "decisions")]),
        (ADOPTED, [("ok", "decisions"), ("wrong", "profiles")]),  # its file is not there
    ],
)
def test_decisions(tmp_path: Path, content: str | None, expected: list[tuple[str, str]]) -> None:
    if content is not None:
        (tmp_path / "decisions.jsonl").write_text(content)
    assert said(kept.look_at_decisions(Place.at(tmp_path, named=False))) == expected


# Running and telling


def test_a_check_that_fails_is_a_finding_and_the_next_one_begins() -> None:
    def fails() -> list[Finding]:
        raise ZeroDivisionError("nothing")

    def refuses() -> list[Finding]:
        raise DecisionsError("a: is broken. Mend it.")

    def forbidden() -> list[Finding]:
        raise PermissionError(13, "Permission denied", "warc")

    checks = [
        Check("one", fails),
        Check("two", refuses),
        Check("three", forbidden),
        Check("four", lambda: [ok("x", "y")]),
    ]
    (found,) = examine([Group("g", checks)])
    assert said(found.findings) == [("wrong", "one"), ("wrong", "two"), ("wrong", "three"), ("ok", "x")]
    assert "ZeroDivisionError" in found.findings[0].what
    assert (found.findings[1].what, found.findings[1].do) == ("a: is broken", "Mend it.")


def test_what_hangs_is_found_to_hang_and_what_raises_is_handed_back() -> None:
    error = ValueError("x")

    def raises() -> None:
        raise error

    assert within(5, lambda: None) is None
    assert within(5, raises) is error
    forever = threading.Event()
    with pytest.raises(TimeoutError):
        within(0.05, lambda: bool(forever.wait(30)) and None)
    forever.set()


def test_a_check_that_hangs_is_left_alone_and_what_it_found_is_told() -> None:
    forever = threading.Event()

    def hangs() -> Iterable[Finding]:
        yield ok("disk", "begun")
        forever.wait(30)

    (found,) = examine([Group("g", [Check("disk", hangs, seconds=0.05), Check("next", lambda: [ok("next", "y")])])])
    forever.set()
    assert said(found.findings) == [("ok", "disk"), ("wrong", "disk"), ("ok", "next")]


EXAMINED = [
    Examined("This machine", (ok("Python", "3.11.2"), note("memory", "little", "It swaps.", type="free -m"))),
    Examined(
        "The archive in /srv/a",
        (
            wrong(
                "disk",
                "2.0 GB free; at 1.0 GB a day enough for 1 day, which is \x1b[2J shorter than anybody would like it to be",
                "A crawl stops when less than 500.0 MB are free.",
                do="Make room, or move the folder to a larger disk.",
                type="df -h /srv/a/a/very/long/path/that/is/never/broken/because/somebody/has/to/copy/it/from/here",
            ),
            ok("sources", "of which there are many, so that this line of the table has to be told on two lines"),
        ),
    ),
]
GOLDEN = """\
This machine
  ok    Python       3.11.2
  note  memory       little

The archive in /srv/a
  wrong disk         2.0 GB free; at 1.0 GB a day enough for 1 day, which is \ufffd[…
  ok    sources      of which there are many, so that this line of the table has
                     to be told on two lines

What is wrong
- disk: 2.0 GB free; at 1.0 GB a day enough for 1 day, which is \ufffd[2J shorter
  than anybody would like it to be.
  A crawl stops when less than 500.0 MB are free.
  Make room, or move the folder to a larger disk.
  Type: df -h /srv/a/a/very/long/path/that/is/never/broken/because/somebody/has/to/copy/it/from/here

Worth knowing
- memory: little.
  It swaps.
  Type: free -m

1 thing is wrong, 1 note, 2 ok."""


def test_the_text_is_read_at_80_columns() -> None:
    told = lines(EXAMINED)
    assert "\n".join(told) == GOLDEN
    assert [line for line in told if len(line) > 80 and "Type: " not in line] == []


def test_colours_mark_levels_and_change_no_word() -> None:
    told = lines(EXAMINED, paint=lambda text, level: f"<{level.value}>{text}</>")
    assert "  <wrong>wrong</> disk" in "\n".join(told)
    assert "- <wrong>disk: 2.0 GB" in "\n".join(told)


def test_nothing_wrong_is_said_in_one_line() -> None:
    assert lines([Examined("This machine", (ok("Python", "3.11.2"),))])[-1] == "All is well: 1 ok."


def test_the_json_has_every_finding_with_every_key() -> None:
    told = as_json(EXAMINED, "/srv/a")
    assert {key: told[key] for key in ("archive", "ok", "note", "wrong")} == {
        "archive": "/srv/a", "ok": 2, "note": 1, "wrong": 1
    }  # fmt: skip
    findings = told["findings"]
    assert isinstance(findings, list)
    assert [set(one) for one in findings] == [{"group", "check", "level", "what", "why", "do", "type"}] * 4
    assert findings[1] == {
        "group": "This machine", "check": "memory", "level": "note", "what": "little", "why": "It swaps.", "do": "",
        "type": "free -m",
    }  # fmt: skip
