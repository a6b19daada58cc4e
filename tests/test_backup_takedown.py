"""Backups and takedowns: the archive knows where it still lies, and the next backup takes it out there."""

from __future__ import annotations

import json
import shutil
import zlib
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import connect

import pytest

from archive.backup.letgo import only_in
from archive.backup.manifest import Entry, Manifest
from archive.backup.registry import address_of
from archive.warc import RawReader, warc_files
from tests.line import AFTER_DAY_2, Archive, Days, Done
from tests.takedown_kit import Secret, decisions, secret_of, shown

WORDS = ("--reason", "other", "--jobs", "1", "--quiet")
PATH = "/news/2026/05/18/market-hall-fire"


@dataclass(frozen=True)
class Kept:
    """An archive with a backup, and an article of it."""

    archive: Archive
    secret: Secret
    target: Path

    def takedown(self, *more: str, code: int) -> Done:
        return self.archive.run("takedown", self.secret.url, *WORDS, *more, code=code)

    def backup(self, *more: str, code: int = 0) -> Done:
        return self.archive.run("backup", self.target, *more, code=code)


@pytest.fixture(scope="module")
def made(days: Days, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("kept")
    archive = replace(days.second.copy(folder / "a"), now=AFTER_DAY_2)
    article = archive.rows("SELECT id FROM articles WHERE url LIKE ?", f"%{PATH}")[0]["id"]
    for path in sorted(archive.path.glob("warc/*.open"))[:1]:
        path.rename(path.with_suffix(""))
    kept = Kept(archive, secret_of(archive.path, str(article)), folder / "b")
    kept.backup()
    return kept


@pytest.fixture
def kept(made: Kept, tmp_path: Path) -> Kept:
    """Return a copy; the target is noted where it lies now."""
    archive = replace(made.archive.copy(tmp_path / "a"), now=AFTER_DAY_2)
    shutil.copytree(made.target, tmp_path / "b")
    lines = (archive.path / "decisions.jsonl").read_text()
    (archive.path / "decisions.jsonl").write_text(lines.replace(str(made.target), str(tmp_path / "b")))
    return Kept(archive, made.secret, tmp_path / "b")


def told_in(target: Path, secret: Secret) -> list[str]:
    """Return the files below a target that have the article's words: as they are, and with records and results unpacked."""
    phrases = [phrase.encode() for phrase in secret.phrases]
    found = []
    for path in sorted(path for path in target.rglob("*") if path.is_file()):
        parts = [path.read_bytes()]
        if path.name.endswith(".db"):
            with closing(connect(path)) as db:
                tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE name = 'extractions'")]
                results = db.execute("SELECT result FROM extractions").fetchall() if tables else []
            parts += [zlib.decompress(result).replace(b"\\n", b" ") for (result,) in results]
        if ".warc" in path.name:
            with RawReader(path) as reader:
                parts += [part for record in reader for part in shown(record)]
        found += [path.name] * any(phrase in b" ".join(part.split()) for part in parts for phrase in phrases)
    return found


def test_a_backup_that_holds_it_is_named_until_the_next_one_is_made(kept: Kept) -> None:
    assert told_in(kept.target, kept.secret)
    done = kept.takedown(code=3)
    assert f"morgue backup {kept.target}" in done.err
    assert "backup" in kept.archive.run("fsck", "--json", code=3).json["counts"]
    assert str(kept.target) in kept.takedown(code=3).err  # again, though the archive itself has nothing now
    told = kept.backup("--json").json
    assert len(told["removed"]) == 1
    assert told["holding"] == {}
    assert told_in(kept.target, kept.secret) == []
    assert str(kept.target) not in kept.takedown(code=0).err
    kept.archive.run("fsck", "--full")
    kept.archive.run("restore", kept.target, kept.archive.path.parent / "again")
    Archive(kept.archive.path.parent / "again").run("fsck", "--full")


def test_it_is_named_without_the_databases_and_after_a_rebuild(kept: Kept) -> None:
    kept.takedown(code=3)
    for name in ("archive.db", "crawl.db"):
        (kept.archive.path / name).unlink()
    kept.archive.run("rebuild", "--jobs", "1", "--quiet")
    assert kept.takedown("--json", code=3).json["backups"][0]["target"] == str(kept.target)


def test_a_dry_run_names_it_too(kept: Kept) -> None:
    assert "will still hold it" in kept.takedown("--dry-run", code=3).err


def test_an_address_that_was_never_kept_is_in_no_backup(kept: Kept) -> None:
    kept.archive.run("takedown", "https://elsewhere.example/never", *WORDS)
    kept.archive.run("takedown", "https://elsewhere.example/never", *WORDS)
    kept.archive.run("fsck", "--fast")


def test_what_a_killed_backup_left_at_the_target_is_named_and_goes(kept: Kept) -> None:
    kept.takedown(code=3)
    stamp = next(kept.target.glob("*Z"))
    half = kept.target / "20260522T000000Z"
    shutil.copytree(stamp, half)
    (half / "manifest.json").unlink()
    part = kept.target / "warc" / "x.warc.gz.part"
    part.write_bytes(b"half")
    assert any("unfinished" in one for one in kept.takedown("--json", code=3).json["backups"][0]["backups"])
    kept.backup()
    assert not half.exists()
    assert not part.exists()
    kept.takedown(code=0)


@pytest.mark.parametrize("how", ["away", "empty"])  # a disk that is not there, a folder on which nothing is mounted
def test_a_target_that_cannot_be_reached_is_named_as_such(kept: Kept, how: str) -> None:
    elsewhere = kept.target.rename(kept.target.with_name("c"))
    if how == "empty":
        kept.target.mkdir()
    done = kept.takedown(code=3)
    assert "cannot be reached" in done.err
    assert f"morgue backup {kept.target} --forget" in done.err
    if how == "empty":
        kept.target.rmdir()
    elsewhere.rename(kept.target)
    kept.backup()
    kept.target.rename(elsewhere)
    kept.takedown(code=0)  # the line of the newest backup says that it holds nothing


def test_a_target_that_is_no_more_can_be_forgotten(kept: Kept) -> None:
    kept.takedown(code=3)
    shutil.rmtree(kept.target)
    kept.backup("--forget")
    kept.takedown(code=0)
    assert "is no place" in kept.backup("--forget", code=1).err
    assert not kept.target.exists()


def test_an_older_backup_that_alone_has_a_file_stays_and_is_told(kept: Kept) -> None:
    extra = kept.archive.path / "warc" / "imported" / "old-1.warc.gz"
    extra.parent.mkdir(exist_ok=True)
    shutil.copy(next(path for path in warc_files(kept.archive.path / "warc")), extra)
    first = kept.backup("--json").json["stamp"]
    kept.takedown(code=3)
    extra.unlink()
    log = next((kept.archive.path / "reports").glob("takedown-*.json"))
    told = json.loads(log.read_text())
    told["files"].pop("imported/old-1.warc.gz", None)  # as if no takedown had changed it
    log.write_text(json.dumps(told))
    done = kept.backup(code=3)
    assert f"--at {first}" in done.err
    assert kept.takedown("--json", code=3).json["backups"][0]["backups"] == [first]
    kept.backup("--keep", "1")
    kept.takedown(code=0)


def test_no_line_says_in_clear_text_what_it_was_about(kept: Kept) -> None:
    kept.takedown(code=3)
    kept.backup()
    kinds = [line["kind"] for line in decisions(kept.archive.path)]
    assert [kind for kind in kinds if "backup" in str(kind)] == ["backup-target", "backup", "backup"]
    assert PATH.rsplit("/", 1)[1] not in (kept.archive.path / "decisions.jsonl").read_text()


def test_a_restored_old_backup_is_told_to_hold_it(kept: Kept) -> None:
    (first,) = [path.name for path in kept.target.glob("*Z")]
    half = shutil.copytree(kept.target, kept.target.with_name("c"))
    kept.takedown(code=3)
    kept.backup()
    shutil.copytree(half / first, kept.target / first)
    shutil.copytree(half / "warc", kept.target / "warc", dirs_exist_ok=True)
    done = kept.archive.run("restore", kept.target, kept.target.with_name("r"), "--at", first)
    assert "holds what was taken down" in done.err


NEW = {"warc/a.warc.gz": Entry(stored="warc/a.warc.gz", size=9, sha256="a" * 64)}


@pytest.mark.parametrize(
    ("path", "size", "sha256", "stays"),
    [
        ("warc/a.warc.gz", 9, "a" * 64, False),  # the same
        ("warc/a.warc.gz", 9, "b" * 64, True),  # its bytes changed by themselves: which of them is right?
        ("warc/a.warc.gz", 12, "c" * 64, False),  # … by a takedown
        ("warc/a.warc.gz.open", 5, "d" * 64, False),  # it has grown since
        ("warc/a.warc.gz.open", 12, "d" * 64, False),  # a takedown cut it
        ("warc/emptied.warc.gz", 5, "e" * 64, False),  # nothing but what was taken down
        ("warc/lost.warc.gz", 5, "f" * 64, True),
        ("archive.db", 5, "f" * 64, False),  # can be made again
    ],
)
def test_which_files_make_an_older_backup_stay(path: str, size: int, sha256: str, stays: bool) -> None:
    moment = datetime(2026, 5, 1, tzinfo=UTC)
    old = Manifest(stamp="1", made_at=moment, software="", files={path: Entry(stored=path, size=size, sha256=sha256)})
    new = Manifest(stamp="2", made_at=moment, software="", files=NEW)
    rewritten = {"a.warc.gz": frozenset({"c" * 64}), "emptied.warc.gz": frozenset({"e" * 64})}
    assert only_in(old, new, rewritten) == [path] * stays


@pytest.mark.parametrize(
    ("where", "address"),
    [
        ("s3://me:pw@bucket/morgue", "s3://bucket/morgue"),
        ("file:///mnt/b", "/mnt/b"),
        ("/mnt/x/../b/", "/mnt/b"),
    ],
)
def test_how_a_target_is_written_down(where: str, address: str) -> None:
    assert address_of(where) == address
