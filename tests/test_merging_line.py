"""`morgue merge` from outside: crawled shards and one crawl, a crawl's files dealt out and merged, what the command says."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from merge_kit import contents, cut_by_number, cut_by_site, recut, split

from archive.folder import ArchiveFolder
from archive.warc import WarcWriter, warc_files
from tests.line import AFTER_DAY_2, DAY_1, DAY_2, Archive, Days, dump, new_archive
from tests.site.server import NewsSites
from tests.warc_tools import T0, Clock, exchange, keep

TABLES = ("articles", "revisions", "revision_changes", "stories", "links", "aliases", "captures", "discoveries", "runs")
SHARDS = ("1/2", "2/2")
ALL = os.environ.get("MORGUE_REPLAY") == "all"  # all pages of the corpus, cut in both ways: minutes
SAID = "SELECT id, url, title, authors, published, language, text, hidden FROM articles ORDER BY id"


def said(archive: Archive) -> list[str]:
    """Return what the articles say: what does not depend on the second in which a page was fetched."""
    return [json.dumps(row) for row in archive.rows(SAID)]


def assert_alike(found: list[str], wanted: list[str]) -> None:
    """Fail unless both have the same articles; a text may differ here and there.

    What a site's profile was learned from depends on which of its pages were read when a run ended.
    """
    here, there = [json.loads(row) for row in found], [json.loads(row) for row in wanted]
    texts = [[row.pop("text") for row in rows] for rows in (here, there)]
    assert here == there
    differ = sum(one != other for one, other in zip(*texts, strict=True))
    assert differ <= len(texts[0]) // 10


def test_two_machines_that_crawl_a_shard_each_come_to_one_machines_archive(tmp_path: Path) -> None:
    with NewsSites() as sites:
        one = new_archive(tmp_path / "one", sites.sites)
        shards = [new_archive(tmp_path / f"shard-{number}", sites.sites) for number in (1, 2)]
        all_ = Archive(tmp_path / "all")
        for day, now in ((1, DAY_1), (2, DAY_2)):
            sites.set_day(day)
            with ThreadPoolExecutor(3) as together:  # each waits for the sites' delays, not for the others
                alone = together.submit(one.crawl, now=now)
                parts = [
                    together.submit(each.crawl, "--shard", part, now=now)
                    for each, part in zip(shards, SHARDS, strict=True)
                ]
            assert alone.result()
            assert all(part.result() for part in parts)
            told = all_.run("merge", *(each.path for each in shards), "--jobs", "1", "--json", now=now).json
            assert told["changed"]
            assert_alike(said(all_), said(one))
            all_.run("fsck", "--full", now=now)
    assert all(said(each) for each in shards), "a shard without articles tests nothing"
    assert_alike(sorted(said(shards[0]) + said(shards[1])), said(one))
    assert [(each["warc_new"], each["warc_known"]) for each in told["shards"]] == [(1, 1), (1, 1)]  # a day: sealed


def the_same(one: Archive, folder: Path, how: Callable[..., str], parts: int = 4) -> None:
    """Fail unless the files of an archive, cut and dealt out, come to the same when they are merged."""
    recut(ArchiveFolder(one.path), how)
    shards = split(ArchiveFolder(one.path), [folder / f"shard-{number}" for number in range(parts)])
    assert all(warc_files(each.warc) for each in shards)
    one.run("rebuild", "--jobs", "2", "--quiet")
    all_ = Archive(folder / "all", one.now)
    all_.run("merge", *(each.root for each in shards), "--jobs", "2", "--quiet")
    found, wanted = dump(all_, *TABLES), dump(one, *TABLES)
    assert [name for name in TABLES if found[name] != wanted[name]] == []
    assert wanted["articles"]
    one.run("restory")
    assert dump(one, *TABLES) == wanted
    all_.run("fsck", "--full", "--quiet")
    before = contents(all_.path)
    assert "nothing new" in all_.run("merge", *(each.root for each in shards), "--jobs", "1", "--quiet").out
    assert contents(all_.path) == before


@pytest.mark.parametrize("how", [cut_by_number, cut_by_site])
def test_the_files_of_one_crawl_in_four_archives_merged_are_the_one_archive(
    how: Callable[..., str], days: Days, tmp_path: Path
) -> None:
    the_same(replace(days.second.copy(tmp_path / "one"), now=AFTER_DAY_2), tmp_path, how)


@pytest.mark.corpus
@pytest.mark.parametrize("how", [cut_by_number, *([cut_by_site] if ALL else [])])
def test_real_pages_in_four_archives_merged_are_the_one_archive(
    how: Callable[..., str], corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.line.TIME_LIMIT", 3000)
    most = 10**9 if ALL else 120
    one = Archive(tmp_path / "one", AFTER_DAY_2)
    one.run("init", one.path)
    rows = [
        json.loads(line) for line in (corpus / "replay" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    rows = sorted(rows, key=lambda row: (str(row["domain"]), str(row["id"])))[:most]
    domains = sorted({str(row["domain"]) for row in rows})
    entries = [f'[[source]]\nname = "{domain}"\nurl = "https://{domain}/"\n' for domain in domains]
    (one.path / "sources.toml").write_text("\n".join(entries), encoding="utf-8")
    _write(one.path / "warc", corpus, rows)
    one.run("ingest", "--jobs", "2", "--quiet")  # which learns: the shards get the same profiles
    assert list((one.path / "profiles").glob("*.json"))
    the_same(one, tmp_path, how)


def _write(shelf: Path, corpus: Path, rows: list[dict[str, Any]]) -> None:
    """Write the pages as one crawl: the sites among each other, all first captures before all second ones."""
    clock = Clock()
    captures = [(number, row, rev) for row in rows for number, rev in enumerate(row["revs"])]
    captures.sort(key=lambda each: (each[0], str(each[1]["id"])))
    with WarcWriter(shelf, clock=clock, run_id="corpus", software="Morgue/test") as out:
        for count, (_, row, rev) in enumerate(captures):
            clock.when = T0 + timedelta(seconds=7 * count)
            body = gzip.decompress((corpus / "replay" / rev["path"]).read_bytes())
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {rev['content_type'] or 'text/html'}\r\n\r\n"
            page = exchange(head.encode("latin-1", "replace"), body, url=row["url"], started_at=clock.when)
            keep(out, page, source=str(row["domain"]))


def test_the_command_says_what_came_and_where_to_go_on(days: Days, tmp_path: Path) -> None:
    one = replace(days.first, now=AFTER_DAY_2)
    all_ = Archive(tmp_path / "all", AFTER_DAY_2)
    dry = all_.run("merge", one.path, "--dry-run")
    assert "1 new WARC file, 0 grown, 0 known" in dry.out
    assert "Nothing was changed." in dry.out
    assert not all_.path.exists()
    done = all_.run("merge", one.path, "--jobs", "1")
    assert "sources courier" in done.out
    assert "articles in" in done.out
    assert "morgue rebuild --frontier" in done.err
    again = json.loads(all_.run("merge", one.path, "--json").out)
    assert (again["changed"], again["shards"][0]["warc_known"]) == (False, 1)
    assert all_.run("rebuild", "--frontier").code == 0  # and now it may crawl itself


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        ((), 2, "SHARD"),
        (("no-such",), 1, "no archive in"),
        (("one", "one"), 2, "one folder"),
    ],
)
def test_wrong_words_end_with_what_to_do(
    words: tuple[str, ...], code: int, named: str, days: Days, tmp_path: Path
) -> None:
    shutil.copytree(days.first.path, tmp_path / "one")
    all_ = Archive(tmp_path / "all")
    done = all_.run("merge", *(tmp_path / word for word in words), code=code)
    assert named in done.err
    assert not all_.path.exists()
