"""A disk that is full, a folder that may not be written, a clock that was set back: said clearly, and nothing kept is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.line import DAY_1, DAY_2, Archive, dump, new_archive
from tests.site.server import NewsSites


def _mount(*words: str) -> bool:
    program = shutil.which("mount")
    if program is None or os.geteuid() != 0:
        return False
    return subprocess.run([program, *words], capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of its own, 1 MB large."""
    place = tmp_path / "disk"
    place.mkdir()
    if not _mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)):
        pytest.skip("needs to mount a small disk of its own: root on Linux")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


@pytest.fixture(scope="module")
def sites() -> Iterator[NewsSites]:
    with NewsSites() as running:
        yield running


def test_a_disk_that_fills_up_ends_the_run_and_the_next_goes_on(
    small_disk: Path, sites: NewsSites, tmp_path: Path
) -> None:
    """In small steps, so that each of WARC file, frontier and database is the one that meets the end."""
    archive = new_archive(small_disk / "a", sites.sites)
    ends = []
    for kilobytes in (1024, 1300, 20_000):
        assert _mount("-o", f"remount,size={kilobytes}k", str(small_disk))
        ends.append(_crawl(archive))
        if ends[-1] == 0:
            break
    assert ends[0] == 1
    assert ends[-1] == 0
    assert list(archive.path.glob("reports/*.part")) == []
    archive.run("ingest", "--jobs", "1")
    whole = new_archive(tmp_path / "whole", sites.sites)
    whole.crawl()
    whole.run("ingest", "--jobs", "1")
    urls = "SELECT url, title, text FROM articles ORDER BY url"
    assert archive.rows(urls) == whole.rows(urls)
    kept = "SELECT DISTINCT url FROM captures WHERE status = 200 AND role = 'page'"
    assert sorted(archive.values(kept)) == sorted(whole.values(kept))


def _crawl(archive: Archive) -> int:
    """Crawl, however it ends; what it says must be one of our own messages."""
    process = archive.start("crawl", "--allow-private", "--quiet", "--jobs", "1", "--min-free", "0")
    _, said = process.communicate(timeout=120)
    assert "Traceback" not in said, said
    if process.returncode:
        assert "disk" in said, said
    return int(process.returncode)


def test_a_crawl_ends_by_itself_before_the_disk_is_full(small_disk: Path, sites: NewsSites) -> None:
    assert _mount("-o", "remount,size=4m", str(small_disk))
    archive = new_archive(small_disk / "a", sites.sites)
    done = archive.run("crawl", "--allow-private", "--no-ingest", "--min-free", "3600K", code=1)
    assert "nearly full" in done.err
    assert shutil.disk_usage(small_disk).free > 2_000_000


def test_a_folder_that_may_not_be_written_is_told(small_disk: Path, sites: NewsSites) -> None:
    archive = new_archive(small_disk / "a", sites.sites)
    assert _mount("-o", "remount,ro", str(small_disk))
    for words in (
        ("crawl", "--allow-private", "--min-free", "0"),
        ("ingest",),
        ("sources", "add", "--unchecked", "x.example"),
    ):
        said = archive.run(*words, code=1).err
        assert "Check" in said or "owner" in said, said
    assert archive.run("search", "harbour").code == 0  # reading goes on


def test_a_clock_that_was_set_back_loses_nothing(tmp_path: Path, sites: NewsSites) -> None:
    archive = new_archive(tmp_path / "a", {"courier": sites.sites["courier"]})
    archive.crawl(now=DAY_2)
    before = dump(archive, "articles")
    report = archive.crawl(now=DAY_1)  # a day earlier: nothing is due, what is kept stays
    assert report["ingest"].get("new", 0) == 0
    assert dump(archive, "articles") == before
    archive.crawl("--due", "all", now=DAY_1)
    assert [row["url"] for row in archive.rows("SELECT url FROM articles ORDER BY url")] == [
        row["url"] for row in archive.rows("SELECT DISTINCT url FROM articles ORDER BY url")
    ]
    archive.crawl(now="2026-05-23T00:00:00+00:00")
