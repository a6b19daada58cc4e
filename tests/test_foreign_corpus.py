"""The archives of others, all of them: wget, Heritrix, Common Crawl, Browsertrix's WACZ, StormCrawler, warcprox, pywb, wpull.

Needs the corpus (`MORGUE_CORPUS`). What is right is not written down here: warcio and fastwarc count the same files at the same
moment, and each may err only where it gives up.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator as FastwarcIterator
from warcio.archiveiterator import ArchiveIterator

from archive.errors import BrokenRecordError, NotAWarcError
from archive.warc import Offset, read_records, repack
from tests import foreign_pages

pytestmark = pytest.mark.corpus

_NAMES = (".warc", ".arc", ".wat", ".wet", ".wacz")


@dataclass(frozen=True)
class Counted:
    """What somebody counted in a file."""

    records: int
    gave_up: bool


def archives(corpus: Path) -> list[Path]:
    found = [p for p in sorted((corpus / "suites" / "warc").rglob("*")) if p.is_file()]
    return [p for p in found if any(ending in p.name.lower() for ending in _NAMES)]


def as_fastwarc_counts(path: Path) -> Counted:
    records = 0
    try:
        with path.open("rb") as stream:
            for _ in FastwarcIterator(stream, parse_http=False):
                records += 1
    except OSError:
        return Counted(records, gave_up=True)
    return Counted(records, gave_up=False)


def as_warcio_counts(path: Path) -> Counted:
    records = 0
    try:
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, no_record_parse=True, arc2warc=True):
                record.raw_stream.read()
                records += 1
    except Exception:  # noqa: BLE001  what it raises on broken files is of many kinds
        return Counted(records, gave_up=True)
    return Counted(records, gave_up=False)


def test_sound_records_are_counted_as_others_count_them_and_broken_ones_named(corpus: Path, tmp_path: Path) -> None:
    files = archives(corpus)
    assert len(files) >= 91
    differ, refused, sound, named = [], [], 0, 0
    for number, path in enumerate(files):
        broken: list[BrokenRecordError] = []
        try:
            done = repack(path, tmp_path / f"{number}.warc.gz", on_broken=broken.append)
            ours = done.records
        except NotAWarcError as error:
            ours = 0
            refused.append((path.suffix, error.why))
        theirs = [count for count in (as_fastwarc_counts(path), as_warcio_counts(path)) if not count.gave_up]
        named += len(broken)
        sound += not broken
        assert all(error.path.startswith(str(path)) and error.why for error in broken), path
        # Where both give up and we name nothing, we read more than they do: WACZ, ARC with a wrong length at its head.
        if theirs and not any(count.records in (ours, ours + len(broken)) for count in theirs):
            differ.append((path.name, ours, [error.why for error in broken], theirs))
    assert differ == []
    # A ZIP file without archives, and a file that ends within its only record: named as a whole.
    assert sorted(refused) == [
        (".wacz", "a ZIP file without WARC files, so no WACZ"),
        (".warc", "not one whole WARC record was found in it"),
    ]
    assert sound > 70
    assert named > 0


def test_every_copy_is_read_by_others_as_we_read_it(corpus: Path, tmp_path: Path) -> None:
    """Record for record: types, targets and blocks of a copy are for warcio and fastwarc what they are for us."""
    for number, path in enumerate(archives(corpus)):
        copy = tmp_path / f"{number}.warc.gz"
        try:
            done = repack(path, copy)
        except NotAWarcError:
            continue
        fast, slow = as_fastwarc_counts(copy), as_warcio_counts(copy)
        assert fast == Counted(done.records, gave_up=False), path
        assert slow.gave_up or slow.records == done.records, path
        again: list[BrokenRecordError] = []
        items = [item for item in read_records(copy, on_broken=again.append) if not isinstance(item, Offset)]
        assert again == [], path
        assert len(items) <= done.records


def wget_file(corpus: Path) -> Path:
    return corpus / "suites" / "warc" / "gnu-wget" / "wget_200news.warc.gz"


# wget's two hundred pages of news


def test_wgets_pages_become_the_articles_that_their_bodies_are(corpus: Path, tmp_path: Path) -> None:
    """Every tenth of them; `scripts/check-long foreign` takes all."""
    chosen = foreign_pages.some_of(wget_file(corpus), tmp_path / "some.warc.gz", every=10)
    compared = foreign_pages.compare(chosen, tmp_path)
    assert compared.pages == 20
    assert compared.differ == {}
    assert compared.articles > 12
