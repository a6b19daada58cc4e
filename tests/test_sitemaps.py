"""Sitemaps as servers send them, streamed, zipped, cut and wrong."""

from __future__ import annotations

import gzip
import io
import time
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.model import Via
from crawler.discovery import sitemaps, stream
from crawler.discovery.sitemaps import Sitemap, SitemapRef, parse_sitemap

NOW = datetime(2026, 5, 1, 6, 0, tzinfo=UTC)
URL = "https://paper.example/maps/news.xml"


def read(body: bytes | str, limit: int = sitemaps.MAX_ENTRIES) -> Sitemap:
    return parse_sitemap(body if isinstance(body, bytes) else body.encode(), url=URL, seen_at=NOW, limit=limit)


def urlset(entries: str) -> str:
    return f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'


def urls(sitemap: Sitemap) -> list[str]:
    return [entry.url for entry in sitemap.entries]


NEWS = """<url><loc> https://paper.example/a </loc><lastmod>2026-05-01</lastmod>
<news:news xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><news:publication><news:name>Paper</news:name>
<news:language>de</news:language></news:publication><news:publication_date>2026-05-01T08:00:00+02:00</news:publication_date>
<news:title>Rat &amp;amp; B&#252;rger</news:title></news:news>
<image:image xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"><image:loc>https://cdn.example/a.jpg</image:loc>
<image:title>A picture</image:title></image:image></url>"""


def test_news() -> None:
    sitemap = read(urlset(NEWS))
    assert (sitemap.kind, sitemap.news, sitemap.problems) == ("urlset", True, ())
    (entry,) = sitemap.entries
    assert (entry.url, entry.lastmod) == ("https://paper.example/a", "2026-05-01")
    fact = entry.fact
    assert (fact.via, fact.found_on, fact.seen_at) == (Via.NEWS_SITEMAP, URL, NOW)
    assert (fact.title, fact.language, fact.published) == ("Rat & Bürger", "de", "2026-05-01T08:00:00+02:00")


def test_a_plain_urlset_dates_no_publication() -> None:
    sitemap = read(urlset("<url><loc>/b?utm_source=x</loc><lastmod>2026</lastmod></url><url><loc>/b</loc></url>"))
    assert urls(sitemap) == ["https://paper.example/b"]
    assert (sitemap.entries[0].fact.via, sitemap.entries[0].fact.published) == (Via.SITEMAP, None)
    assert (sitemap.entries[0].lastmod, sitemap.news) == ("2026", False)


def test_index() -> None:
    sitemap = read(
        "<sitemapindex><sitemap><loc>1.xml.gz</loc><lastmod>2026-05</lastmod></sitemap>"
        f"<sitemap><loc>{URL}</loc></sitemap><sitemap/><sitemap><loc>mailto:x</loc></sitemap></sitemapindex>"
    )
    assert sitemap.kind == "index"
    # itself left out: an index that names itself is a loop
    assert sitemap.children == (SitemapRef(url="https://paper.example/maps/1.xml.gz", lastmod="2026-05"),)
    assert sitemap.problems == ("2 entries without a usable address",)


@pytest.mark.parametrize("body", [urlset(""), "<sitemapindex/>"])
def test_an_empty_sitemap_is_one(body: str) -> None:
    sitemap = read(body)
    assert sitemap.kind in {"urlset", "index"}
    assert sitemap.problems == ()


PAGE = "<url><loc>https://paper.example/a?x=1&amp;y=2</loc></url>"
EXPECTED = ["https://paper.example/a?x=1&y=2"]

ODD = [
    urlset(PAGE),
    urlset(PAGE).replace("http://www.sitemaps.org/schemas/sitemap/0.9", "http://www.google.com/schemas/sitemap/0.84"),
    urlset(PAGE).replace(' xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"', ""),
    urlset(PAGE.replace("url>", "URL>").replace("loc>", "LOC>")),  # upper case
    urlset(PAGE.replace("<", "<sm:").replace("<sm:/", "</sm:")).replace("xmlns=", "xmlns:sm="),
    urlset(PAGE.replace("&amp;", "&")),  # a bare ampersand
    urlset("<url><loc><![CDATA[https://paper.example/a?x=1&y=2]]></loc></url>"),
    urlset("<url><loc><![CDATA[https://paper.example/a?x=1&amp;y=2]]></loc></url>"),  # escaped twice
    urlset("<url><loc>\n  https://paper.example/a?x=1&amp;y=2\n</loc></url>"),
    urlset("<url><lastmod>&nbsp;</lastmod><loc>/a?x=1&amp;y=2</loc></url>"),  # relative; HTML entity
    urlset(PAGE).encode("utf-8-sig"),
    b"\r\n\n" + urlset(PAGE).encode(),  # a blank line before the declaration
    urlset(PAGE).encode("utf-16"),
    urlset(PAGE).encode()[:-9],  # cut
    urlset(PAGE + "<url><loc>cut").encode()[:-9],
    urlset(PAGE).encode() + b"<!-- made in 3 s --><script>",
    urlset("<!-- x --><?php x?>\x0b" + PAGE),
    gzip.compress(urlset(PAGE).encode(), mtime=0),
    gzip.compress(urlset(PAGE).encode()[:40], mtime=0)
    + gzip.compress(urlset(PAGE).encode()[40:], mtime=0),  # two members
    gzip.compress(urlset(PAGE).encode(), mtime=0) + b"\x00" * 100,  # padding
    "<!-- " + "x" * 3000 + " -->" + urlset(PAGE),
    "https://paper.example/a?x=1&y=2\r\n# comment\r\n\r\nhttps://paper.example/a?x=1&y=2\r\n",  # plain text
    b"\xef\xbb\xbfhttps://paper.example/a?x=1&y=2",
    f'<rss version="2.0"><channel><item><link>{EXPECTED[0].replace("&", "&amp;")}</link></item></channel></rss>',
    '<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="/a?x=1&amp;y=2"/></entry></feed>',
]


@pytest.mark.parametrize("body", ODD)
def test_odd_sitemaps_are_read(body: bytes | str) -> None:
    assert urls(read(body)) == EXPECTED


NONE = [
    (b"", "empty"),
    (b" \n", "empty"),
    (b"<!DOCTYPE html><html><body>404</body></html>", "HTML page"),
    (b"<html><head/></html>", "HTML page"),
    (b"User-agent: *\nDisallow: /\n", "no web address"),
    (b"<x><y/></x>", "neither <urlset> nor"),
    (b"<", ""),
    (b"\x1f\x8b\x08\x00" + b"\xff" * 50, "gzip"),
    (gzip.compress(b"", mtime=0)[:6], "gzip"),
    (b"\x00" * 1000, ""),
]


@pytest.mark.parametrize(("body", "words"), NONE)
def test_what_is_no_sitemap_says_so(body: bytes, words: str) -> None:
    sitemap = read(body)
    assert (sitemap.kind, sitemap.entries, sitemap.children) == (None, (), ())
    assert sitemap.problems
    assert words in " ".join(sitemap.problems)


def test_a_cut_gzip_gives_what_came() -> None:
    body = gzip.compress(urlset("".join(f"<url><loc>/{n}</loc></url>" for n in range(20_000))).encode())
    sitemap = read(body[: len(body) // 2])
    assert len(sitemap.entries) > 1000
    assert any("gzip" in problem for problem in sitemap.problems)


def test_the_limit_ends_the_reading() -> None:
    sitemap = read(urlset("".join(f"<url><loc>/{n}</loc></url>" for n in range(20))), limit=7)
    assert len(sitemap.entries) == 7
    assert sitemap.problems == ("more than 7 entries: the rest was not read",)
    text = read("\n".join(f"https://paper.example/{n}" for n in range(20)), limit=7)
    assert len(text.entries) == 7
    assert text.problems == ("more than 7 entries: the rest was not read",)


def test_a_bomb_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_BYTES", 2**20)
    body = gzip.compress(b"<urlset>" + b" " * 2**27)
    tracemalloc.start()
    sitemap = read(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert any("longer than" in problem for problem in sitemap.problems)
    assert peak < 8 * 2**20


def test_entities_are_never_expanded() -> None:
    bomb = '<!ENTITY l0 "lol">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    started = time.monotonic()
    sitemap = read(f'<!DOCTYPE u [{bomb}]><urlset a="&l11;"><url><loc>/a</loc><title>&l11;</title></url></urlset>')
    assert time.monotonic() - started < 5
    assert "lollol" not in str(sitemap)


class _Endless(io.RawIOBase):
    """A sitemap of many pages that is made while it is read."""

    def __init__(self, pages: int) -> None:
        super().__init__()
        self._parts = (b"<url><loc>https://paper.example/%d/some-slug</loc></url>" % n for n in range(pages))
        self._held = b"<urlset>"

    def read(self, size: int = -1) -> bytes:
        while len(self._held) < size and (part := next(self._parts, b"")):
            self._held += part
        held, self._held = self._held[:size], self._held[size:]
        return held


def test_a_large_file_is_not_held_in_memory() -> None:
    tracemalloc.start()
    sitemap = parse_sitemap(_Endless(10**9), url=URL, seen_at=NOW, limit=5000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(sitemap.entries) == 5000
    assert peak < 16 * 2**20


def test_chunks_may_end_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_CHUNK", 7)
    for body in (urlset(PAGE + NEWS), gzip.compress(urlset(PAGE.replace("&amp;", "&") + NEWS).encode())):
        assert urls(read(body)) == [*EXPECTED, "https://paper.example/a"]


@pytest.mark.parametrize(
    "body",
    [
        "<urlset>" + "<a>" * 100_000,
        "<urlset>" + "<url>" * 100_000,
        "<urlset><url><loc>" + "&" * 500_000,
        "<!-- " * 50_000,
        "<urlset>" + "<a/>" * 4_000_000,
        "<urlset>" + "<url><loc>/a</loc></url>" * 1_000_000,
        "<urlset>" + "<url><loc>javascript:x</loc></url>" * 500_000,
        "x\n" * 2_000_000,
    ],
)
def test_hostile_sitemaps_cost_little(body: str) -> None:
    started = time.process_time()
    found = read(body)
    assert time.process_time() - started < 5
    assert found.problems


def test_junk_between_addresses_does_not_end_a_sitemap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemaps, "_MAX_VAIN", 20)
    monkeypatch.setattr(stream, "_CHUNK", 64)  # after each of which is counted
    pages = [f"<a/><url><loc>/{n}</loc>{'<b/>' * 9}</url>" for n in range(50)]
    assert len(read(urlset("".join(pages))).entries) == 50
    assert "in a row" in str(read(urlset("<a/>" * 5_000 + pages[0])).problems)


_BITS = [
    b"<urlset>",
    b"<sitemapindex>",
    b"<url>",
    b"</url>",
    b"<loc>",
    b"</loc>",
    b"/a",
    b"&",
    b"<![CDATA[",
    b"]]>",
    b"\x00",
    b"https://paper.example/",
    b"\n",
    b"<rss>",
    b"\xff\xfe",
    b"\x1f\x8b",
    b"<?xml version='1.0' encoding='x'?>",
    b"<!--",
]


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(), st.lists(st.sampled_from(_BITS), max_size=12).map(b"".join)))
def test_no_bytes_raise(body: bytes) -> None:
    for sent in (body, gzip.compress(body)):
        sitemap = read(sent)
        assert sitemap.kind or sitemap.problems


@pytest.mark.corpus
def test_the_suites_are_read(corpus: Path) -> None:
    found = {path.name: read(path.read_bytes()) for path in (corpus / "suites/sitemaps").rglob("*.xml")}
    assert {name for name, sitemap in found.items() if sitemap.kind is None} == set()
    assert found["google-news.xml"].news
    assert found["sitemap-news.xml"].entries[0].fact.published == "2008-12-23"
    assert len(found["simple-index.xml"].children) == 2
    assert found["feed-with-sitemap-namespace.xml"].kind == "feed"


@pytest.mark.parametrize("size", range(60, 66))
def test_a_gzip_member_may_end_anywhere_in_a_chunk(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    first = gzip.compress(b'<?xml version="1.0"?><urlset><!-- the first part -->', mtime=0)
    monkeypatch.setattr(stream, "_CHUNK", len(first) - 63 + size)
    rest = gzip.compress(b"<url><loc>/a</loc></url></urlset>", mtime=0)
    assert urls(read(first + rest)) == ["https://paper.example/a"]


def test_a_sitemap_of_empty_gzip_members_costs_little() -> None:
    started = time.process_time()
    found = read(gzip.compress(b"<urlset><url><loc>/a</loc></url>") + gzip.compress(b"") * 1_500_000)
    assert time.process_time() - started < 2
    assert found.problems == ("more than 10000 gzip members: the rest was not read",)
