"""What pages show, from the socket to the export: crawled, kept once, read as no article, packed with its page."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from crawler.assets import MAX_BYTES
from tests.asset_site import AssetSite, article, asset_archive, asset_site, captured, css, html, image, page
from tests.line import DAY_1, DAY_2, Archive, Row
from tests.test_export_peers import BIN, CHROMIUM, VIEWER, needs_tools, needs_viewer, stamp, tool

FERRY, BRIDGE = "/2026/05/20/the-ferry-has-gone.html", "/2026/05/20/the-bridge-is-late.html"
SHOWN = [
    *(("/fav.png", 200), ("/i/bg.png", 200), ("/i/ferry.png", 200), ("/i/h1.png", 200), ("/i/moved-here.png", 200)),
    *(("/i/moved.png", 301), ("/i/none.png", 404), ("/s/main.css", 200), ("/s/more.css", 200)),
]
LENT = [("/f.woff2", 200), ("/i/bridge.png", 200), ("/i/large.png", 200)]


def furnish(site: AssetSite) -> None:
    """Put up a paper with two articles: style sheets in circles, a font, images here and on another host, some broken."""
    ours, theirs = site.paper.routes, site.lender.routes
    site.home(FERRY, BRIDGE)
    head = "<link rel=stylesheet href=/s/main.css><link rel=icon href=/fav.png>"
    ours[FERRY] = html(article("The ferry has gone", head=head, body="<img src=/i/ferry.png><img src=/i/none.png>"))
    lent = f'<img src="{site.on_lender("/i/bridge.png")}"><img src="{site.on_lender("/private/no.png")}">'
    lent += f'<img src=/i/moved.png><img src="{site.on_lender("/i/large.png")}"><script src=/x.js></script>'
    ours[BRIDGE] = html(article("The bridge is late", head=head, body=f"{lent}<iframe src=/frame.html></iframe>"))
    font = f'@font-face{{font-family:x;src:url({site.on_lender("/f.woff2")}) format("woff2")}}'
    ours["/s/main.css"] = css(f'@import "more.css"; body{{background:url(/i/bg.png)}} {font}')
    ours["/s/more.css"] = css('@import "main.css"; h1{background:url(/i/h1.png);color:rgb(1, 2, 3)}')
    for shade, path in enumerate(("/fav.png", "/i/bg.png", "/i/ferry.png", "/i/h1.png", "/i/moved-here.png")):
        ours[path] = image(shade * 20, 8 + shade)
    ours["/i/moved.png"] = page(b"", b"Location: /i/moved-here.png", status=b"301 Moved Permanently")
    ours["/x.js"] = ours["/frame.html"] = page(b"never asked for")
    theirs["/robots.txt"] = page(
        f"User-agent: *\nDisallow: /private/\nSitemap: {site.on_lender('/map.xml')}".encode(),
        b"Content-Type: text/plain",
    )
    theirs["/i/bridge.png"] = image(90, 31)
    theirs["/f.woff2"] = page(b"wOF2 not really", b"Content-Type: font/woff2")
    theirs["/i/large.png"] = page(b"\x89PNG" + bytes(MAX_BYTES), b"Content-Type: image/png")


@dataclass(frozen=True)
class Kept:
    """A paper that was crawled once."""

    site: AssetSite
    archive: Archive
    report: Row


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with asset_site() as site:
        furnish(site)
        archive = asset_archive(tmp_path_factory.mktemp("assets") / "archive", site)
        yield Kept(site, archive, archive.crawl())


def test_everything_that_the_pages_show_is_kept_once(kept: Kept) -> None:
    assert sorted(captured(kept.archive)) == sorted(SHOWN + LENT)
    for server in (kept.site.paper, kept.site.lender):
        asked = kept.site.asked(server)
        assert len(asked) == len(set(asked))
        assert {"/x.js", "/frame.html", "/private/no.png", "/map.xml"}.isdisjoint(asked)


def test_it_is_no_article_and_counted_apart(kept: Kept) -> None:
    reasons = kept.archive.values(
        "SELECT DISTINCT e.reason FROM captures c JOIN extractions e ON e.pk = c.extraction WHERE c.role = 'asset'"
    )
    assert sorted(reasons) == ["asset", "status"]
    assert kept.archive.values("SELECT count(*) FROM articles") == [2]
    told = kept.report["sources"]["paper"]
    assert (told["pages"], told["assets"], told["assets_failed"]) == (2, 9, 2)  # not whole: none.png, large.png
    health = kept.archive.run("status", "--json").json["sources"][0]
    assert (health["kept"], health["assets"], health["problem"]) == (4, 9, None)  # home, feed, two pages


def test_what_is_too_large_is_kept_as_far_as_it_came(kept: Kept) -> None:
    (row,) = kept.archive.rows("SELECT truncated, length FROM captures WHERE url LIKE '%large.png'")
    assert row["truncated"] == "length"


def test_the_metadata_says_for_which_page(kept: Kept) -> None:
    found = kept.archive.values("SELECT found_on FROM discoveries WHERE via = 'asset' AND url LIKE '%/i/bridge.png'")
    assert found == [kept.site.on_paper(BRIDGE)]


def test_fsck_and_the_index_know_it(kept: Kept, tmp_path: Path) -> None:
    kept.archive.run("fsck", "--full")
    kept.archive.run("export", "cdxj", tmp_path / "x.cdxj")
    index = (tmp_path / "x.cdxj").read_text()
    assert all(f'{path}"' in index for path, _ in SHOWN + LENT)


def test_the_next_crawl_and_a_frontier_made_again_ask_for_nothing_of_it(kept: Kept, tmp_path: Path) -> None:
    archive = kept.archive.copy(tmp_path / "copy")
    archive.run("rebuild", "--frontier")
    report = archive.crawl(now=DAY_2)
    assert report["roles"]["page"] == 2  # looked at again, and they show what they showed
    assert "asset" not in report["roles"]


def test_a_rebuilt_archive_is_the_same(kept: Kept, tmp_path: Path) -> None:
    archive = kept.archive.copy(tmp_path / "copy")
    archive.run("rebuild")
    assert captured(archive) == captured(kept.archive)
    assert archive.values("SELECT title FROM articles ORDER BY title") == ["The bridge is late", "The ferry has gone"]


def in_wacz(path: Path) -> list[tuple[str, str]]:
    with zipfile.ZipFile(path) as file:
        lines = gzip.decompress(file.read("indexes/index.cdx.gz")).decode().splitlines()
    found = (json.loads(line.split(" ", 2)[2]) for line in lines)
    return sorted(("/" + each["url"].split("/", 3)[3], each["status"]) for each in found)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "ferry gone",
            {FERRY, "/fav.png", "/i/bg.png", "/i/ferry.png", "/i/h1.png", "/s/main.css", "/s/more.css", "/f.woff2"},
        ),
        (
            "bridge late",
            {BRIDGE, "/fav.png", "/i/bg.png", "/i/h1.png", "/s/main.css", "/s/more.css", "/f.woff2"}
            | {"/i/bridge.png", "/i/moved.png", "/i/moved-here.png", "/i/large.png"},
        ),
    ],
)
def test_a_wacz_holds_what_its_pages_show_and_no_other_pages(
    kept: Kept, tmp_path: Path, words: str, expected: set[str]
) -> None:
    done = kept.archive.run("export", "wacz", tmp_path / "x.wacz", "--search", words)
    found = [path for path, _ in in_wacz(tmp_path / "x.wacz")]
    assert set(found) >= expected
    assert len(found) == len(set(found))
    assert "style sheets, fonts and images" in done.err


def test_pictures_of_what_was_taken_down_stay_and_are_named(kept: Kept, tmp_path: Path) -> None:
    archive = kept.archive.copy(tmp_path / "copy")
    picture = kept.site.on_paper("/i/ferry.png")
    told = archive.run("takedown", kept.site.on_paper(FERRY), "--reason", "other").out
    assert f"Stays, though it was fetched to show it: {picture}" in told
    assert ("/i/ferry.png", 200) in captured(archive)
    assert archive.values("SELECT count(*) FROM discoveries WHERE found_on LIKE '%ferry-has-gone%'") == [0]
    archive.run("takedown", picture, "--reason", "copyright")
    assert ("/i/ferry.png", 200) not in captured(archive)
    archive.run("fsck", "--full")
    archive.crawl(now=DAY_2)
    assert ("/i/ferry.png", 200) not in captured(archive)


def test_without_the_key_a_page_is_kept_alone(tmp_path: Path) -> None:
    with asset_site() as site:
        furnish(site)
        archive = asset_archive(tmp_path / "archive", site, assets=None)
        archive.crawl()
        assert captured(archive) == []
        assert site.asked(site.lender) == []
        assert "assets" not in archive.run("export", "wacz", tmp_path / "x.wacz").err


def test_an_address_of_an_article_that_a_page_shows_as_a_picture_changes_nothing(tmp_path: Path) -> None:
    with asset_site() as site:
        site.home(FERRY, BRIDGE)
        answers = [html(article("The ferry has gone")), page(b"", status=b"404 Not Found")]
        site.paper.routes[FERRY] = lambda _head: cast("Any", answers.pop(0))
        site.paper.routes[BRIDGE] = html(article("The bridge is late", body=f"<img src='{FERRY}'>"))
        archive = asset_archive(tmp_path / "archive", site)
        archive.crawl(now=DAY_1)
        rows = archive.rows(
            "SELECT role, status, article IS NULL AS none FROM captures WHERE url LIKE '%ferry%' ORDER BY role"
        )
        assert [tuple(row.values()) for row in rows] == [("asset", 404, 1), ("page", 200, 0)]
        archive.run("restory")
        assert archive.values("SELECT gone_at FROM articles") == [None, None]


@needs_viewer
def test_replaywebpage_shows_the_page_with_its_style_and_its_image(kept: Kept, tmp_path: Path) -> None:
    from tests.replay_viewer import asked_in_viewer

    (at,) = kept.archive.values("SELECT captured_at FROM captures WHERE url = ?", kept.site.on_paper(BRIDGE))
    kept.archive.run("export", "wacz", tmp_path / "x.wacz")
    before = kept.site.asked(kept.site.paper), kept.site.asked(kept.site.lender)
    assert CHROMIUM is not None
    script = (
        "() => ({widths: [...document.images].map(i => i.naturalWidth), done: [...document.images].every(i => i.complete),"
        " colour: getComputedStyle(document.querySelector('h1')).color})"
    )
    told = asked_in_viewer(
        tmp_path / "x.wacz", VIEWER, CHROMIUM, url=kept.site.on_paper(BRIDGE), ts=stamp(at), script=script
    )
    assert told["colour"] == "rgb(1, 2, 3)"  # said by a style sheet that another one imports
    assert told["widths"][0] == 31  # the image of the other host
    assert told["widths"][2] == 12  # the one that moved
    assert (kept.site.asked(kept.site.paper), kept.site.asked(kept.site.lender)) == before


@needs_tools
def test_wacz_finds_a_wacz_with_them_valid(kept: Kept, tmp_path: Path) -> None:
    assert BIN.exists()
    kept.archive.run("export", "wacz", tmp_path / "x.wacz")
    assert "the passed WACZ is valid" in tool("wacz", "validate", "-f", tmp_path / "x.wacz")
