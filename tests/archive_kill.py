"""Kill -9 of what writes to an archive, or copies it, at any moment of its duration; and what holds after one further run.

The short form is tests/test_archive_kill.py, the long one scripts/check-long.d/archive-kill.py.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from archive.folder import ArchiveFolder
from archive.warc import RawReader, warc_files
from tests.line import MORGUE, Archive, dump, environment
from tests.merge_kit import cut_by_number, recut, split
from tests.takedown_kit import Secret, secret_of, still_there

CRAWLED, LATER = "2026-05-20T22:05:00Z", "2026-05-22T22:05:00Z"  # a day and more: files are sealed
TABLES = ("articles", "revisions", "stories", "links", "aliases", "captures", "discoveries", "warcs")
_PATIENCE = 300.0  # seconds for the end of one command
_SECOND_KILL = 0.25  # share of rounds in which the run after the kill is killed, too
_AT_FILES = 0.4  # share of kills that wait for the next change of a folder first


@dataclass(frozen=True, slots=True)
class Work:
    """One command on an archive of its own."""

    archive: Archive
    words: tuple[str, ...]
    folder: Path  # with everything that belongs to it
    watched: tuple[Path, ...]  # folders whose changes are moments of interest
    secret: Secret | None = None

    def start(self) -> subprocess.Popen[str]:
        """Start it, in a process group of its own."""
        return subprocess.Popen(
            [*MORGUE, "-a", str(self.archive.path), *self.words],
            env=environment(self.archive.now),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


Prepare = Callable[[Path], Work]
Check = Callable[[Work], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """What is killed, and what must hold in the end."""

    name: str
    prepare: Prepare  # into a new folder
    check: Check
    codes: tuple[int, ...] = (0,)  # of the run after the kill


@dataclass(slots=True)
class Figures:
    """What a loop of kills saw."""

    seed: int
    landed: Counter[str] = field(default_factory=Counter)
    late: Counter[str] = field(default_factory=Counter)  # the command had ended before its kill
    seconds: dict[str, float] = field(default_factory=dict)  # of the undisturbed command

    def __str__(self) -> str:
        lines = [
            f"  {name}: {self.landed[name]} landed, {self.late[name]} came too late, undisturbed {took:.1f} s"
            for name, took in self.seconds.items()
        ]
        return "\n".join([f"seed {self.seed}: {self.landed.total()} kills landed", *lines])


def loop(
    kinds: list[Kind],
    folder: Path,
    *,
    kills: int,
    seed: int,
    took: float | None = None,
    say: Callable[[str], None] = print,
) -> Figures:
    """Kill until so many kills have landed, in turn; fails by `AssertionError` where something does not hold.

    `took`: seconds that a command takes, where nobody is to wait for an undisturbed one.
    """
    figures = Figures(seed)
    chance = random.Random(seed)
    for kind in kinds:
        if took is not None:
            figures.seconds[kind.name] = took
            continue
        work = kind.prepare(folder / "calm")
        begun = time.monotonic()
        _finish(kind, work)
        figures.seconds[kind.name] = time.monotonic() - begun
        kind.check(work)
        shutil.rmtree(work.folder)
    number = 0
    while figures.landed.total() < kills:
        kind = kinds[number % len(kinds)]
        work = kind.prepare(folder / f"round-{number}")
        number += 1
        moments = [_kill(kind, work, chance, figures)]
        if chance.random() < _SECOND_KILL:
            moments.append(_kill(kind, work, chance, figures))
        try:
            _finish(kind, work)
            kind.check(work)
        except AssertionError as error:
            raise AssertionError(
                f"{kind.name}, seed {seed}, round {number}, killed after {moments} s: {error}"
            ) from None
        shutil.rmtree(work.folder)
        if number % (2 * len(kinds)) == 0:
            say(f"{figures.landed.total()} landed after {number} rounds")
    return figures


def _kill(kind: Kind, work: Work, chance: random.Random, figures: Figures) -> float:
    """Start the command and kill its group; returns when (seconds after its start)."""
    begun = time.monotonic()
    after = begun + chance.uniform(0, figures.seconds[kind.name])
    process = work.start()
    _sleep_until(process, after)
    if chance.random() < _AT_FILES:
        before, end = _look(work.watched), time.monotonic() + figures.seconds[kind.name]
        while process.poll() is None and time.monotonic() < end and _look(work.watched) == before:
            time.sleep(0.0005)
        _sleep_until(process, time.monotonic() + chance.choice((0.0, chance.uniform(0, 0.02))))
    at = time.monotonic() - begun
    if process.poll() is None:
        figures.landed[kind.name] += 1
    else:
        figures.late[kind.name] += 1
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=_PATIENCE)
    return round(at, 3)


def _sleep_until(process: subprocess.Popen[str], moment: float) -> None:
    while process.poll() is None and (left := moment - time.monotonic()) > 0:
        time.sleep(min(left, 0.05))


def _look(folders: tuple[Path, ...]) -> list[tuple[str, int]]:
    found = []
    for folder in folders:
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                with suppress(OSError):
                    found.append((entry.name, entry.stat().st_size))
    return sorted(found)


def _finish(kind: Kind, work: Work) -> None:
    process = work.start()
    out, err = process.communicate(timeout=_PATIENCE)
    assert process.returncode in kind.codes, f"{work.words} ended with {process.returncode}: {err}\n{out}"
    assert "Traceback" not in err, err
    assert "database is locked" not in err, err


# What must hold


def sound(archive: Archive) -> None:
    """Fail if `fsck --full` finds anything."""
    archive.run("fsck", "--full", "--quiet")


def equal(one: Archive, wanted: dict[str, list[str]]) -> None:
    """Fail if an archive does not show what it should."""
    found = dump(one, *TABLES)
    differ = [name for name in TABLES if found[name] != wanted[name]]
    assert not differ, f"another archive than without a kill: {differ}"


def valid_wacz(path: Path) -> None:
    """Fail if a WACZ is not whole: every member readable, and with the digest that its list gives."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        listed = json.loads(archive.read("datapackage.json"))["resources"]
        assert listed
        for each in listed:
            assert sha256(archive.read(each["path"])).hexdigest() == each["hash"].removeprefix("sha256:"), each["path"]


# The kinds


def kinds_of(base: Archive, folder: Path, crawl: tuple[str, ...]) -> Iterator[Kind]:
    """Yield all kinds, each made when it is asked for, for a crawled archive that has ingested everything.

    `crawl`: words of a crawl that seals its file.
    """
    wanted = dump(base, *TABLES)
    yield _takedown_kind(base)
    yield from _merge_kinds(base, folder)
    yield from _backup_kinds(base, folder, wanted)
    yield from _reading_kinds(base, folder, wanted)
    later = replace(base, now=LATER)

    def sealing(to: Path) -> Work:
        archive = replace(later.copy(to / "a"), now=LATER)
        return Work(archive, ("crawl", *crawl, "--jobs", "1", "--quiet"), to, (archive.path / "warc",))

    def all_sealed(work: Work) -> None:
        assert not [path for path in warc_files(work.archive.path / "warc") if path.name.startswith("morgue-20260520") and
                    path.name.endswith(".open")]  # fmt: skip
        work.archive.run("ingest", "--jobs", "1", "--quiet")
        sound(work.archive)

    yield Kind("seal", sealing, all_sealed, (0, 3))
    yield _repair_kind(base, wanted)

    def exporting(to: Path) -> Work:
        archive = base.copy(to / "a")
        return Work(archive, ("export", "wacz", str(to / "out.wacz"), "--quiet"), to, (to,))

    def exported(work: Work) -> None:
        assert [path.name for path in sorted(work.folder.iterdir())] == ["a", "out.wacz"]
        valid_wacz(work.folder / "out.wacz")
        sound(work.archive)

    yield Kind("export wacz", exporting, exported)


def _reading_kinds(base: Archive, folder: Path, wanted: dict[str, list[str]]) -> Iterator[Kind]:
    unread = base.copy(folder / "unread")
    for name in ("archive.db", "archive.db-wal", "archive.db-shm"):
        (unread.path / name).unlink(missing_ok=True)

    def own(to: Path) -> Work:
        archive = unread.copy(to / "a")
        return Work(archive, ("ingest", "--jobs", "1", "--quiet"), to, (archive.path,))

    def same(work: Work) -> None:
        sound(work.archive)
        tables = [name for name in TABLES if name not in ("stories", "links")]  # those depend on the order: restory
        found = dump(work.archive, *tables)
        differ = [name for name in ("captures", "discoveries", "warcs") if found[name] != wanted[name]]
        assert not differ, f"another archive than without a kill: {differ}"

    yield Kind("ingest own", own, same)
    foreign = folder / "foreign" / "crawl.warc.gz"
    foreign.parent.mkdir()
    foreign.write_bytes(b"".join(path.read_bytes() for path in warc_files(base.path / "warc")))
    empty = Archive(folder / "empty", CRAWLED)
    empty.run("init", empty.path)

    def others(to: Path) -> Work:
        archive = empty.copy(to / "a")
        words = ("ingest", str(foreign), "--jobs", "1", "--quiet")
        return Work(archive, words, to, (archive.path, archive.path / "warc" / "imported"))

    calm = others(folder / "calm-foreign")
    calm.archive.run(*calm.words)
    imported = dump(calm.archive, *TABLES)

    def taken_in(work: Work) -> None:
        sound(work.archive)
        found = dump(work.archive, *TABLES)
        differ = [name for name in ("captures", "discoveries", "articles") if found[name] != imported[name]]
        assert not differ, f"another archive than without a kill: {differ}"

    yield Kind("ingest foreign", others, taken_in)


def _takedown_kind(base: Archive) -> Kind:
    secret = _secret_of(base)

    def prepare(to: Path) -> Work:
        archive = base.copy(to / "a")
        words = ("takedown", secret.url, "--reason", "other", "--jobs", "1", "--quiet")
        return Work(archive, words, to, (archive.path, archive.path / "warc", archive.path / "reports"), secret)

    def check(work: Work) -> None:
        left = still_there(work.archive.path, [secret])
        assert not left, left
        assert not (work.archive.path / "takedown.pending").exists()
        sound(work.archive)

    return Kind("takedown", prepare, check)


def _merge_kinds(base: Archive, folder: Path) -> Iterator[Kind]:
    """Four shards of one crawl into a new archive; and into one that has something of it, with a takedown in a shard."""
    one = base.copy(folder / "merge" / "one")
    recut(ArchiveFolder(one.path), cut_by_number)
    one.run("rebuild", "--jobs", "1", "--quiet")
    shards = split(ArchiveFolder(one.path), [folder / "merge" / f"shard-{number}" for number in range(4)])
    words = ("merge", *(str(shard.root) for shard in shards), "--jobs", "1", "--quiet")
    tables = tuple(name for name in TABLES if name != "warcs")
    wanted = dump(one, *tables)

    def new(to: Path) -> Work:
        to.mkdir()
        archive = Archive(to / "a", base.now)
        return Work(archive, words, to, (archive.path, archive.path / "warc"))

    def as_one(work: Work) -> None:
        sound(work.archive)
        found = dump(work.archive, *tables)
        differ = [name for name in tables if found[name] != wanted[name]]
        assert not differ, f"another archive than one crawl's: {differ}"
        assert not [path for path in work.archive.path.rglob("*") if path.name.endswith(".merging")]

    yield Kind("merge", new, as_one)
    secret = _secret_of(one)
    clean = one.copy(folder / "merge" / "clean")
    clean.run("takedown", secret.url, "--reason", "other", "--jobs", "1", "--quiet")
    half = Archive(folder / "merge" / "half", base.now)
    half.run(*words[:3], *words[-3:])
    told = split(ArchiveFolder(clean.path), [folder / "merge" / "told"])[0]
    for path in warc_files(told.warc):
        path.unlink()
    for path in told.reports.iterdir():
        path.unlink()
    gone = dump(clean, "articles")["articles"]

    def taken(to: Path) -> Work:
        archive = half.copy(to / "a")
        more = (*words[:5], str(told.root), *words[-3:])
        return Work(archive, more, to, (archive.path, archive.path / "warc", archive.path / "reports"), secret)

    def without(work: Work) -> None:
        sound(work.archive)
        kept = {json.loads(row)["id"] for row in dump(work.archive, "articles")["articles"]}
        assert kept == {json.loads(row)["id"] for row in gone}, "other articles than one archive's after the takedown"
        assert secret.url.encode() not in _unpacked(work.archive)
        assert not (work.archive.path / "takedown.pending").exists()

    yield Kind("merge takedown", taken, without)


def _unpacked(archive: Archive) -> bytes:
    found = []
    for path in warc_files(archive.path / "warc"):
        with RawReader(path) as reader:
            found += [record.head for record in reader]
    return b"".join(found)


def _secret_of(base: Archive) -> Secret:
    alone = (
        "SELECT a.id FROM articles a JOIN stories s ON s.pk = a.story WHERE s.members = 1 AND a.hidden = 0"
        " AND a.word_count >= 60 ORDER BY a.id"
    )
    secrets = (secret_of(base.path, str(row["id"])) for row in base.rows(alone))
    return next(one for one in secrets if len(one.phrases) == 3)


def _backup_kinds(base: Archive, folder: Path, wanted: dict[str, list[str]]) -> Iterator[Kind]:
    before = base.copy(folder / "backed-up")
    before.run("backup", folder / "target")

    def moved(to: Path) -> Archive:
        """Return a copy whose backup lies beside it."""
        archive = before.copy(to / "a")
        shutil.copytree(folder / "target", to / "b")
        lines = (archive.path / "decisions.jsonl").read_text()
        (archive.path / "decisions.jsonl").write_text(lines.replace(str(folder / "target"), str(to / "b")))
        return archive

    def first(to: Path) -> Work:
        archive = base.copy(to / "a")
        return Work(archive, ("backup", str(to / "b")), to, (archive.path, to / "b" / "warc"))

    def further(to: Path) -> Work:
        archive = moved(to)
        words = ("backup", str(to / "b"), "--keep", "1")
        return Work(archive, words, to, (archive.path, to / "b", to / "b" / "warc"))

    def comes_back(work: Work) -> None:
        sound(work.archive)
        again = Archive(work.folder / "again", work.archive.now)
        work.archive.run("restore", work.folder / "b", again.path)
        sound(again)
        equal(again, wanted)
        assert not list(work.archive.path.glob(".backup-*"))

    yield Kind("backup", first, comes_back)
    yield Kind("backup again", further, comes_back)

    def restoring(to: Path) -> Work:
        archive = moved(to)
        return Work(archive, ("restore", str(to / "b"), str(to / "again")), to, (to / "again", to / "again" / "warc"))

    def restored(work: Work) -> None:
        again = Archive(work.folder / "again", work.archive.now)
        assert not (again.path / ".restoring").exists()
        sound(again)
        equal(again, wanted)

    # A restore that was killed when it had just ended finds a folder that is not empty: it says so, and nothing is wrong.
    yield Kind("restore", restoring, restored, (0, 1))


def _repair_kind(base: Archive, wanted: dict[str, list[str]]) -> Kind:
    def prepare(to: Path) -> Work:
        archive = base.copy(to / "a")
        with closing(sqlite3.connect(archive.path / "archive.db")) as db:
            pks = [row[0] for row in db.execute("SELECT pk FROM articles WHERE hidden = 0 ORDER BY pk LIMIT 3")]
            db.execute("UPDATE articles SET text = 'x' || text WHERE pk = ?", pks[:1])
            db.execute("INSERT INTO articles_fts(articles_fts) VALUES ('delete-all')")
            db.execute("UPDATE captures SET offset = offset + 1 WHERE pk = (SELECT max(pk) FROM captures)")
            db.commit()
        words = ("fsck", "--repair", "--jobs", "1", "--quiet")
        return Work(archive, words, to, (archive.path,))

    def check(work: Work) -> None:
        sound(work.archive)
        equal(work.archive, wanted)

    return Kind("fsck --repair", prepare, check)
