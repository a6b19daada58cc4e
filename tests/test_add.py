"""`morgue sources add`: what it shows of a site before it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.line import Archive, new_archive
from tests.rawserver import RawServer, page

STORY = b"<p>The ferry to the islands sails again after the storm, the harbour office said on Monday morning.</p>" * 8
FRONT = b'<html><body><a href="/harbour/">Harbour</a><a href="/2026/05/ferry-sails-again-after-storm">Ferry</a></body></html>'
ARTICLE = (
    b"<html><head><title>Ferry sails again</title></head><body><h1>Ferry sails again</h1>" + STORY + b"</body></html>"
)
FEED = b"<rss><channel><item><link>/2026/05/ferry-sails-again-after-storm</link></item></channel></rss>"


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return new_archive(tmp_path / "a", {})


def test_it_shows_what_a_crawl_will_find_and_writes_then(archive: Archive) -> None:
    pages = {
        "/": FRONT,
        "/rss.xml": FEED,
        "/sitemap.xml": b"<urlset></urlset>",
        "/2026/05/ferry-sails-again-after-storm": ARTICLE,
    }
    with RawServer({path: page(body) for path, body in pages.items()}) as server:
        add = ("sources", "add", "--allow-private", "--delay", "0", server.url("/"))
        before = (archive.path / "sources.toml").read_text()
        shown = archive.run(*add, "--dry-run")
        assert (archive.path / "sources.toml").read_text() == before
        assert "Nothing was written" in shown.err
        added = archive.run(*add)
    assert [line.split()[0] for line in added.out.splitlines()[1:5]] == [
        "robots.txt:",
        "feed:",
        "sitemap:",
        "sections:",
    ]
    assert f"{server.url('/rss.xml')} (1 entry)" in added.out
    assert "Ferry sails again" in added.out
    assert server.url("/") in (archive.path / "sources.toml").read_text()


def test_a_site_that_does_not_answer_is_not_added(archive: Archive) -> None:
    with RawServer({"/": page(b"no", status=b"503 Busy")}) as server:
        said = archive.run("sources", "add", "--allow-private", "--delay", "0", server.url("/"), code=1).err
    assert "status 503" in said
    assert "--unchecked" in said
    assert "[[source]]\n" not in (archive.path / "sources.toml").read_text().replace("# [[source]]", "")
