"""Short form of scripts/check-long.d/archive-kill.py: a kill -9 here and there, one further run, and fsck finds nothing."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from archive_kill import CRAWLED, Kind, kinds_of, loop

from tests.line import Archive, new_archive
from tests.site.server import NewsSites

KINDS = ("takedown", "merge", "merge takedown", "backup")  # the first ones


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> list[Kind]:
    folder = tmp_path_factory.mktemp("kills")
    with NewsSites() as sites:
        archive = new_archive(folder / "base", {"courier": sites.sites["courier"]})
        archive.crawl("--max-pages", "12", now=CRAWLED)
    return list(itertools.islice(kinds_of(Archive(archive.path, CRAWLED), folder, ()), len(KINDS)))


@pytest.mark.parametrize("number", range(len(KINDS)))
def test_one_further_run_makes_an_archive_sound_after_a_kill(number: int, kinds: list[Kind], tmp_path: Path) -> None:
    figures = loop([kinds[number]], tmp_path, kills=1, seed=number, took=1.0, say=lambda _line: None)
    assert figures.landed[KINDS[number]] >= 1  # a quarter of the rounds has a second kill
