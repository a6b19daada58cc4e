"""Backups: one moment's archive while a crawl goes on, sealed files once, and the same archive back."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.backup import make_backup, open_target
from archive.backup.registry import backups, read_manifest
from archive.clock import SystemClock
from archive.errors import BackupError
from archive.folder import ArchiveFolder
from archive.locks import lock
from tests.line import Archive, dump, new_archive
from tests.site.server import NewsSites


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with NewsSites() as sites:
        archive = new_archive(tmp_path_factory.mktemp("backup") / "a", {"courier": sites.sites["courier"]})
        archive.crawl()
        yield archive


@pytest.fixture
def archive(crawled: Archive, tmp_path: Path) -> Archive:
    return crawled.copy(tmp_path / "a")


def seal(archive: Archive) -> None:
    for path in archive.path.glob("warc/*.open"):
        path.rename(path.with_suffix(""))


def test_what_comes_back_is_the_same_archive(archive: Archive, tmp_path: Path) -> None:
    archive.run("backup", tmp_path / "b")
    archive.run("restore", tmp_path / "b", tmp_path / "again")
    again = Archive(tmp_path / "again")
    assert dump(again) == dump(archive)
    assert (again.path / "sources.toml").read_bytes() == (archive.path / "sources.toml").read_bytes()
    *lines, last = (archive.path / "decisions.jsonl").read_text().splitlines(keepends=True)
    assert (again.path / "decisions.jsonl").read_text() == "".join(lines)
    assert json.loads(last)["kind"] == "backup"  # it is known when it is whole
    assert [path.read_bytes() for path in again.warcs()] == [path.read_bytes() for path in archive.warcs()]
    report = again.crawl("--no-ingest")  # crawl.db knows what was kept: nothing but what is due is asked for
    assert report["roles"].get("page", 0) == 0


def test_a_second_backup_copies_sealed_files_no_more(archive: Archive, tmp_path: Path) -> None:
    seal(archive)
    first = archive.run("backup", tmp_path / "b", "--json").json
    second = archive.run("backup", tmp_path / "b", "--json").json
    assert (first["shared_files"], second["shared_files"]) == (0, 1)
    (warc,) = archive.path.glob("warc/*.warc.gz")
    assert second["stored_bytes"] <= first["stored_bytes"] - warc.stat().st_size + 1_000  # of decisions.jsonl
    assert [line.split()[0] for line in archive.run("backup", tmp_path / "b", "--list").out.splitlines()] == [
        first["stamp"],
        second["stamp"],
    ]


def test_a_sealed_file_that_was_rewritten_stands_beside_the_old_one(archive: Archive, tmp_path: Path) -> None:
    """After a takedown the file has its old name and other bytes; the older backup must still be whole."""
    seal(archive)
    target = open_target(str(tmp_path / "b"))
    first = make_backup(ArchiveFolder(archive.path), target, clock=SystemClock())
    (warc,) = archive.path.glob("warc/*.warc.gz")
    data = warc.read_bytes()
    part = warc.with_suffix(".part")
    part.write_bytes(data[:-1] + b"\0")
    part.replace(warc)
    second = make_backup(ArchiveFolder(archive.path), target, clock=SystemClock())
    for stamp, expected in ((first.stamp, data), (second.stamp, warc.read_bytes())):
        archive.run("restore", tmp_path / "b", tmp_path / stamp, "--at", stamp)
        assert (tmp_path / stamp / "warc" / warc.name).read_bytes() == expected


def test_old_backups_go_and_with_them_what_nobody_else_needs(archive: Archive, tmp_path: Path) -> None:
    seal(archive)
    target = open_target(str(tmp_path / "b"))
    folder = ArchiveFolder(archive.path)
    old = make_backup(folder, target, clock=SystemClock())
    (warc,) = archive.path.glob("warc/*.warc.gz")
    warc.unlink()
    broken = tmp_path / "b" / "20010101T000000Z"  # of a run that was killed
    broken.mkdir()
    new = make_backup(folder, target, clock=SystemClock(), keep=1)
    assert new.removed == [old.stamp]
    assert backups(target) == [new.stamp]
    assert list((tmp_path / "b" / "warc").iterdir()) == []
    assert not broken.exists()


def test_a_backup_during_a_crawl_is_one_moments_archive(tmp_path: Path) -> None:
    with NewsSites() as sites:
        archive = new_archive(tmp_path / "a", sites.sites, delay=0.05)
        crawl = archive.start("crawl", "--allow-private", "--quiet", "--jobs", "1")
        stamps = []
        while crawl.poll() is None and len(stamps) < 3:
            time.sleep(1.0)
            if (archive.path / "crawl.db").exists() and (archive.path / "archive.db").exists():
                stamps.append(archive.run("backup", tmp_path / "b", "--json").json["stamp"])
        crawl.terminate()
        crawl.communicate(timeout=60)
    assert stamps
    for stamp in stamps:
        archive.run("restore", tmp_path / "b", tmp_path / stamp, "--at", stamp)
        again = Archive(tmp_path / stamp)
        lengths = {path.name.removesuffix(".open"): path.stat().st_size for path in again.warcs()}
        for row in again.rows("SELECT name, ingested_to FROM warcs"):
            assert lengths[row["name"]] >= row["ingested_to"]  # what the database says it read is there
        assert again.run("ingest", "--json", "--jobs", "1").json["broken_records"] <= 1  # the one being written


def test_a_kill_leaves_the_backups_before_as_they_were(archive: Archive, tmp_path: Path) -> None:
    archive.run("backup", tmp_path / "b")
    (stamp,) = backups(open_target(str(tmp_path / "b")))
    for wait in (0.3, 0.5, 0.7, 0.9):
        process = archive.start("backup", tmp_path / "b")
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        archive.run("restore", tmp_path / "b", tmp_path / f"r{wait}", "--at", stamp)
    archive.run("backup", tmp_path / "b")
    assert not list(archive.path.glob(".backup-*"))
    archive.run("restore", tmp_path / "b", tmp_path / "last")
    assert dump(Archive(tmp_path / "last")) == dump(archive)


def test_damage_is_seen_and_a_restore_goes_on_where_it_was(archive: Archive, tmp_path: Path) -> None:
    seal(archive)
    archive.run("backup", tmp_path / "b")
    (warc,) = (tmp_path / "b" / "warc").glob("*.gz")
    data = warc.read_bytes()
    warc.unlink()  # a link: the original must stay
    warc.write_bytes(data[:500] + bytes([data[500] ^ 1]) + data[501:])
    said = archive.run("restore", tmp_path / "b", tmp_path / "again", code=1).err
    assert warc.name in said
    assert "SHA-256" in said
    warc.write_bytes(data)
    archive.run("restore", tmp_path / "b", tmp_path / "again")
    assert not (tmp_path / "again" / ".restoring").exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (shutil.rmtree, "holds no backup"),
        (lambda b: next(b.glob("*Z/manifest.json")).write_text("{"), "no manifest"),
        (lambda b: _rename_in_manifest(b, "../../outside"), "Nothing was restored"),
        (lambda b: _rename_in_manifest(b, "/etc/outside"), "Nothing was restored"),
        (lambda b: _rename_in_manifest(b, "takedown.pending"), "Nothing was restored"),  # no file that a backup keeps
        (lambda b: _rename_in_manifest(b, "warc/./a.warc.gz"), "Nothing was restored"),
        (lambda b: _in_manifest(b, "stored", "../../etc/passwd"), "Nothing was restored"),
        (lambda b: _in_manifest(b, "size", "many"), "no manifest"),
        (lambda b: _in_manifest(b, "sha256", 7), "no manifest"),
        (lambda b: next(b.glob("*Z/manifest.json")).write_text("[" * 200_000), "no manifest"),
        (lambda b: next(b.glob("*Z")).rename(b / "20990101T000000Z"), "put there by something else"),
    ],
)
def test_what_is_no_backup_is_refused(archive: Archive, tmp_path: Path, change: object, says: str) -> None:
    archive.run("backup", tmp_path / "b")
    change(tmp_path / "b")  # type: ignore[operator]
    assert says in archive.run("restore", tmp_path / "b", tmp_path / "again", code=1).err
    assert not (tmp_path / "outside").exists()


def _rename_in_manifest(target: Path, name: str) -> None:
    path = next(target.glob("*Z/manifest.json"))
    data = json.loads(path.read_text())
    data["files"][name] = data["files"].pop("sources.toml")
    path.write_text(json.dumps(data))


def _in_manifest(target: Path, key: str, value: object) -> None:
    path = next(target.glob("*Z/manifest.json"))
    data = json.loads(path.read_text())
    data["files"]["sources.toml"][key] = value
    path.write_text(json.dumps(data))


@pytest.mark.parametrize("place", ["a", "a/b", "a/warc", ".", "other"])
def test_where_a_backup_would_lie_among_an_archives_files_is_refused(
    archive: Archive, tmp_path: Path, place: str
) -> None:
    """`--keep` removes WARC files there that no backup names: those of the archive."""
    archive.copy(tmp_path / "other")
    before = [(path, path.read_bytes()) for path in [*archive.warcs(), *Archive(tmp_path / "other").warcs()]]
    assert "cannot take backups" in archive.run("backup", tmp_path / place, "--keep", "1", code=1).err
    assert all(path.read_bytes() == data for path, data in before)


def test_two_archives_do_not_share_a_target(archive: Archive, tmp_path: Path) -> None:
    archive.run("backup", tmp_path / "b")
    other = new_archive(tmp_path / "other", {})
    said = other.run("backup", tmp_path / "b", "--keep", "1", code=1).err
    assert "backups of another archive" in said
    assert len(backups(open_target(str(tmp_path / "b")))) == 1


def test_a_clock_that_was_set_back_does_not_let_the_newest_backup_go(archive: Archive, tmp_path: Path) -> None:
    first = archive.run("backup", tmp_path / "b", "--json", now="2027-01-01T00:00:00Z").json["stamp"]
    second = archive.run("backup", tmp_path / "b", "--keep", "1", "--json", now="2026-01-01T00:00:00Z").json
    assert second["removed"] == [first]
    assert backups(open_target(str(tmp_path / "b"))) == [second["stamp"]]


def test_an_old_manifest_that_cannot_be_read_stops_no_new_backup(archive: Archive, tmp_path: Path) -> None:
    seal(archive)
    archive.run("backup", tmp_path / "b")
    next((tmp_path / "b").glob("*Z/manifest.json")).write_text("{")
    archive.run("backup", tmp_path / "b")
    assert "cannot be read" in archive.run("backup", tmp_path / "b", "--list").out
    archive.run("restore", tmp_path / "b", tmp_path / "again")


def test_a_file_that_a_killed_run_left_is_believed_by_its_bytes_alone(archive: Archive, tmp_path: Path) -> None:
    """As a place that is no folder may show it: as long as the right one, and not the right one."""
    seal(archive)
    (warc,) = archive.path.glob("warc/*.warc.gz")
    left = tmp_path / "b" / "warc" / warc.name
    left.parent.mkdir(parents=True)
    left.write_bytes(bytes(warc.stat().st_size))
    archive.run("backup", tmp_path / "b")
    archive.run("restore", tmp_path / "b", tmp_path / "again")


def test_a_growing_file_is_kept_up_to_its_last_whole_record(archive: Archive, tmp_path: Path) -> None:
    (warc,) = archive.path.glob("warc/*.open")
    whole = warc.read_bytes()
    warc.write_bytes(whole + whole[:300])
    archive.run("backup", tmp_path / "b")
    assert next((tmp_path / "b").glob("*Z/warc/*.open")).read_bytes() == whole


def test_a_restore_goes_on_with_the_backup_that_it_began(archive: Archive, tmp_path: Path) -> None:
    first = archive.run("backup", tmp_path / "b", "--json").json["stamp"]
    again = tmp_path / "again"
    again.mkdir()
    (again / ".restoring").write_text(first)
    second = archive.run("backup", tmp_path / "b", "--json").json["stamp"]
    said = archive.run("restore", tmp_path / "b", again, "--at", second, code=1).err
    assert f"half of the backup {first}" in said
    assert archive.run("restore", tmp_path / "b", again, "--json").json["stamp"] == first


def test_a_second_backup_and_a_takedown_wait_for_the_first(archive: Archive, tmp_path: Path) -> None:
    with lock(archive.path / "backup.lock", "morgue backup"):
        assert "held by morgue backup" in archive.run("backup", tmp_path / "b", code=75).err
        said = archive.run("takedown", "https://news.example/a", "--reason", "other", code=75).err
        assert "held by morgue backup" in said


def test_a_folder_with_something_in_it_is_not_restored_into(archive: Archive, tmp_path: Path) -> None:
    archive.run("backup", tmp_path / "b")
    before = dump(archive)
    assert "not empty" in archive.run("restore", tmp_path / "b", archive.path, code=1).err
    assert dump(archive) == before
    assert (
        "has no backup"
        in archive.run("restore", tmp_path / "b", tmp_path / "x", "--at", "20010101T000000Z", code=1).err
    )


def test_backups_go_where_fsspec_can_write(archive: Archive) -> None:
    pytest.importorskip("fsspec")
    target = open_target("memory://backups/a")
    folder = ArchiveFolder(archive.path)
    seal(archive)
    first = make_backup(folder, target, clock=SystemClock())
    second = make_backup(folder, target, clock=SystemClock(), keep=1)
    assert (second.shared, second.removed) == (1, [first.stamp])
    assert backups(target) == [second.stamp]
    assert "archive.db" in read_manifest(target, second.stamp).files


def test_a_target_that_cannot_be_written_is_told(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = archive.run("backup", tmp_path / "file" / "b", code=1).err
    assert "Look at that disk" in said
    with pytest.raises(BackupError, match=r"Write it like s3|fsspec"):
        open_target("nonsense://x")
