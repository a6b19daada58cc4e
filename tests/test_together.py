"""Everything at once: nobody is told of a locked database, a second crawl is refused, and nothing is wrong afterwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from together import together

from tests.line import DAY_2, new_archive
from tests.site.server import NewsSites

BESIDE = ("search", "serve", "fsck", "backup")


def test_a_crawl_searches_a_server_fsck_and_backups_at_once(tmp_path: Path) -> None:
    with NewsSites(crawl_delay=0.02) as sites:
        archive = new_archive(tmp_path / "a", {"courier": sites.sites["courier"]}, delay=0.05)
        archive.crawl("--max-pages", "1")
        sites.set_day(2)
        later = replace(archive, now=DAY_2)
        figures = together(later, ("--allow-private", "--max-pages", "2"), tmp_path / "b", beside=BESIDE, most=1)
    assert not figures.wrong, figures.wrong
    assert all(figures.runs[name] for name in (*BESIDE[:1], "fsck", "backup", "requests", "second crawl"))
    later.run("fsck", "--full", "--quiet")
    later.run("restore", tmp_path / "b", tmp_path / "again")
