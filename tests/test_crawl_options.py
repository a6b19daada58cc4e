"""What the options of `morgue crawl` do, from the command line to the site's log: --backfill, --shard, --min-free."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.line import Archive, new_archive
from tests.rawserver import RawServer, page

MONTHS = [f"{year}-{month:02}" for year in (2025, 2026) for month in range(1, 13)][:17]
TEXT = b"<p>The ferry to the islands sails again after the storm, the harbour office said on Monday morning.</p>" * 5


class Site:
    """A site whose index names a sitemap a month, and one of them has many pages."""

    def __init__(self) -> None:
        self.server = RawServer({})
        self.server.__enter__()
        url = self.server.url
        maps = "".join(f"<sitemap><loc>{url(f'/map-{month}.xml')}</loc></sitemap>" for month in MONTHS)
        self.pages = {
            "/": b"<html><body><p>The front page</p></body></html>",
            "/robots.txt": b"User-agent: *\nAllow: /\nSitemap: /index.xml\n",
            "/index.xml": f"<sitemapindex>{maps}</sitemapindex>".encode(),
        }
        for month in MONTHS:
            story = f"/{month}/ferry-sails-again-after-the-storm.html"
            self.pages[f"/map-{month}.xml"] = (
                f"<urlset><url><loc>{url(story)}</loc><lastmod>{month}-09</lastmod></url></urlset>".encode()
            )
            self.pages[story] = b"<html><body><h1>Ferry sails again</h1>" + TEXT + b"</body></html>"
        for path, body in self.pages.items():
            self.server.routes[path] = page(body)

    def asked(self) -> list[str]:
        """Return the paths that were asked for since the last call."""
        paths = [seen.head.split(b" ", 2)[1].decode() for seen in self.server.seen]
        self.server.seen.clear()
        return paths


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.server.__exit__(None, None, None)


@pytest.fixture
def archive(site: Site, tmp_path: Path) -> Archive:
    return new_archive(tmp_path / "a", {"islands": site.server.url("/")})


def months(paths: list[str]) -> set[str]:
    return {path[5:12] for path in paths if path.startswith("/map-")}


def test_a_backfill_asks_for_the_past_and_is_done_once(site: Site, archive: Archive) -> None:
    archive.crawl("--no-ingest")
    assert months(site.asked()) == {*MONTHS[-2:]}
    archive.crawl("--no-ingest", "--backfill", "--since", "2026-01-01")
    asked = site.asked()
    assert months(asked) == {*MONTHS[12:15]}
    assert "/2026-01/ferry-sails-again-after-the-storm.html" in asked
    archive.crawl("--no-ingest")
    assert months(site.asked()) == set()
    archive.crawl("--no-ingest", "--backfill")
    assert months(site.asked()) == {*MONTHS[:15]}


def test_a_backfill_in_an_empty_archive_finds_the_past_in_the_same_run(site: Site, archive: Archive) -> None:
    archive.crawl("--no-ingest", "--backfill", "--since", "2025-12-01")
    assert months(site.asked()) == {*MONTHS[11:]}


def test_a_frontier_made_again_leaves_the_past_alone_too(site: Site, archive: Archive) -> None:
    archive.crawl("--no-ingest")
    archive.run("rebuild", "--frontier", "--quiet")
    site.asked()
    archive.crawl("--no-ingest")
    assert months(site.asked()) == set()


def test_each_source_is_in_one_shard(site: Site, archive: Archive) -> None:
    asked = []
    for number in (1, 2, 3):
        archive.crawl("--no-ingest", "--shard", f"{number}/3")
        asked.append(len(site.asked()) > 0)
    assert sorted(asked) == [False, False, True]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--shard", "0/3"), "Write 1/3"),
        (("--shard", "4/3"), "Write 1/3"),
        (("--shard", "third"), "Write 1/3"),
        (("--since", "2025-01-01"), "--backfill --since"),
        (("--backfill", "--since", "yesterday"), "2024-03-01"),
        (("--min-free", "much"), "500M or 2G"),
    ],
)
def test_what_is_written_wrongly_is_told_with_what_is_right(
    archive: Archive, words: tuple[str, ...], says: str
) -> None:
    assert says in archive.run("crawl", *words, code=2).err


def test_a_limit_of_sources_toml_cuts_what_is_longer(site: Site, archive: Archive) -> None:
    text = (archive.path / "sources.toml").read_text()
    (archive.path / "sources.toml").write_text(text.replace("\n[[source]]", "\n[limits]\nbody = 2048\n\n[[source]]", 1))
    site.server.routes["/"] = page(b"<p>" + b"x" * 5000)
    report = archive.crawl("--no-ingest", "--max-pages", "1")
    assert report["sources"]["islands"]["failures"] == {"too-large": 1}


def test_a_crawl_does_not_begin_on_a_full_disk(site: Site, archive: Archive) -> None:
    done = archive.run("crawl", "--allow-private", "--min-free", "9999T", code=1)
    assert "--min-free 0" in done.err
    assert site.asked() == []


def test_a_large_sitemap_is_read_while_others_are_fetched(site: Site, archive: Archive) -> None:
    many = "".join(f"<url><loc>{site.server.url(f'/many/{number}')}</loc></url>" for number in range(4000))
    body = gzip.compress(f"<urlset>{many}</urlset>{'<!-- -->' * 40000}".encode(), compresslevel=0)
    site.server.routes["/map-2026-05.xml"] = page(body)
    site.server.routes.update({f"/many/{number}": page(b"<p>x</p>") for number in range(4000)})
    report = archive.crawl("--no-ingest", "--max-pages", "1")
    assert report["discovered"] > 4000
    assert report["ended_by"] == "max-pages"
    archive.crawl("--no-ingest", "--max-pages", "1")
    assert "/map-2026-05.xml" not in site.asked()[20:]  # it was kept: not asked for again a moment later


def test_a_crawl_with_nobody_to_ask_says_so_and_what_to_type(tmp_path: Path) -> None:
    empty = new_archive(tmp_path / "empty", {})
    morgue = f"morgue -a {empty.path} sources"
    done = empty.run("crawl", "--no-ingest")
    assert (done.out, done.err) == ("", f"No source to crawl yet: `{morgue} add https://news.example/` adds one.\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "All 2 sources are off: `morgue -a {0} sources enable 'evening paper'` switches the first on again.\n"),
        (["--source", "morning"], "morning is off: `morgue -a {0} sources enable morning` switches it on again.\n"),
    ],
)
def test_a_crawl_of_sources_that_are_off_says_so_and_what_to_type(words: list[str], said: str, tmp_path: Path) -> None:
    archive = new_archive(tmp_path / "a", {"evening paper": "http://127.0.0.1:9/", "morning": "http://127.0.0.1:99/"})
    for name in ("evening paper", "morning"):
        archive.run("sources", "disable", name)
    done = archive.run("crawl", "--no-ingest", *words)
    assert (done.out, done.err) == ("", said.format(archive.path))
