"""Links of pages, and what their addresses look like."""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.discovery import links as links_module
from crawler.discovery.likeness import ShapeFacts, article_likeness, shape_of
from crawler.discovery.links import FeedLink, Link, PageLinks, page_links

URL = "https://paper.example/news/index.html"
HOME = "https://paper.example/"


def read(html: str | bytes, charset: str | None = None) -> PageLinks:
    return page_links(html if isinstance(html, bytes) else html.encode(), url=URL, charset=charset)


def test_everything_a_page_names() -> None:
    found = read(
        """<!doctype html><html><head><base href="/base/"><base href="/other/">
        <link rel="alternate" type="application/rss+xml" title=" All  news " href="/rss">
        <link rel="ALTERNATE home" type="application/atom+xml" href="atom">
        <link rel="alternate" type="application/feed+json" href="https://feeds.example/x.json">
        <link rel="alternate" type="application/rss+xml" title="Comments" href="/a/comments/feed/">
        <link rel="alternate" hreflang="de" href="/de/"><link rel="stylesheet" href="/x.css">
        <link rel=canonical href="/c?utm_source=x"><link rel=canonical href="/second"><link rel="amphtml" href="/amp">
        <meta http-equiv="Refresh" content="5; URL='/next'"><meta name="robots" content="noindex, nofollow">
        </head><body><script>document.write('<a href="/no">no</a>')</script><!-- <a href="/no2">x</a> -->
        <a href="a.html">An <b>article</b> <script>var x</script></a><a href="?p=2" rel="NoFollow next">2</a>
        <a href="#top">top</a><a>no</a><a href="">empty</a><a href="javascript:x()">js</a><a href="mailto:a@b.c">m</a>
        <a href="ftp://x.example/">ftp</a><a href="http://[::1">broken</a><map><area href="/area" alt="x"></map>
        </body></html>"""
    )
    assert found.feeds == (
        FeedLink(url="https://paper.example/rss", title="All news"),
        FeedLink(url="https://paper.example/base/atom"),
        FeedLink(url="https://feeds.example/x.json"),
    )
    assert (found.canonical, found.amphtml) == ("https://paper.example/c", "https://paper.example/amp")
    assert (found.meta_refresh, found.nofollow) == ("https://paper.example/next", True)
    assert found.links == (
        Link(url="https://paper.example/base/a.html", text="An article"),
        Link(url="https://paper.example/base/?p=2", text="2", rel=("nofollow", "next")),
        Link(url="https://paper.example/area", text=""),
    )
    assert [link.nofollow for link in found.links] == [False, True, False]


def test_one_link_per_url_with_its_longest_text() -> None:
    found = read(
        '<a href="/a"><img alt="pic"></a><a href="/b">b</a><a href="/a#x">The headline</a><a href="/a">more</a>'
    )
    assert [(link.url[-2:], link.text) for link in found.links] == [("/a", "The headline"), ("/b", "b")]


@pytest.mark.parametrize(
    ("anchor", "text"),
    [
        ('<a href="/a"> two\n words </a>', "two words"),
        ('<a href="/a"><img src="x" alt=" a  picture "></a>', "a picture"),
        ('<a href="/a" title="a title"><i></i></a>', "a title"),
        ('<a href="/a" aria-label="a label"></a>', "a label"),
        ('<a href="/a"><style>p{}</style>x<noscript>y</noscript>z</a>', "xz"),
        ('<a href="/a">' + "x" * 999 + "</a>", "x" * 300),
    ],
)
def test_what_a_reader_sees_of_a_link(anchor: str, text: str) -> None:
    assert read(anchor).links[0].text == text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("0;url=/b", "https://paper.example/b"),
        ("0; URL = 'https://x.example/?a=1;2'", "https://x.example/?a=1;2"),
        ("3,/b", "https://paper.example/b"),
        ("300", None),  # the page reloads itself
        ("0;url=", None),
        ("0;url=javascript:x", None),
    ],
)
def test_meta_refresh(content: str, expected: str | None) -> None:
    assert read(f'<meta http-equiv="refresh" content="{content}">').meta_refresh == expected


TEXT = '<a href="/a">Ärger über Москва</a>'


def test_links_after_the_end_of_the_page_are_read_as_browsers_read_them() -> None:
    """Pages that are put together from parts have several ends; libxml2 stops at the first."""
    body = b'<html><body><a href="/a">A</a></body></html> <html><body><a href="/b">B</a></html>'
    assert [link.url for link in page_links(body, url="https://paper.example/").links] == [
        "https://paper.example/a",
        "https://paper.example/b",
    ]


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        (TEXT.encode(), None),
        (TEXT.encode(), "no-such-charset"),
        (TEXT.encode("utf-8-sig"), "iso-8859-1"),  # the mark goes before the header
        (TEXT.encode("utf-16"), None),
        (b"<meta charset=koi8-r>" + TEXT.replace("Ä", "A").replace("ü", "u").encode("koi8-r"), None),
        (TEXT.replace("Ä", "A").replace("ü", "u").encode("cp1251"), "Windows-1251"),
        (b"<meta charset=utf-16>" + TEXT.encode(), None),  # it can be read, so it is not
    ],
)
def test_charsets(body: bytes, charset: str | None) -> None:
    assert read(body, charset).links[0].text.replace("A", "Ä", 1).replace("u", "ü", 1) == "Ärger über Москва"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"\x00",
        b"\xff\xfe",
        b"plain",
        b"<",
        b"%PDF-1.7 \x00\x01",
        b"<a href",
        b"<a href='/x" * 1000,
        b"\x1f\x8b" + b"\xff" * 99,
    ],
)
def test_pages_that_are_none(body: bytes) -> None:
    read(body)


@pytest.mark.parametrize(
    "body",
    [
        b"<div>" * 200_000 + b'<a href="/deep">x</a>',
        b"<a href='/deep'>x" * 20_000,  # never closed
        b"<a href='/deep'>" + b"<b>x" * 50_000,
        b"<table><tr><td>" * 20_000 + b'<a href="/deep">x</a>',
        b"<a href='/deep' " + b"a=1 " * 100_000 + b">x</a>",
        b"<a href='/deep'>x</a>" + b"&" * 10**6,
        b"<a href='/deep'>x</a><meta http-equiv=refresh content='" + b" " * 2_000 + b"'>",
    ],
)
def test_hostile_pages_cost_little(body: bytes) -> None:
    started = time.monotonic()
    found = read(body)
    assert time.monotonic() - started < 10
    assert "https://paper.example/deep" in [link.url for link in found.links]


@pytest.mark.parametrize(
    "body",
    [
        b"<a href='/deep'>" * 700_000,  # one address, which never makes the number of links full
        b"<a href='/deep'>x</a>" + b"".join(b"<link rel=feed href=/%d>" % n for n in range(700_000)),
    ],
)
def test_of_what_is_named_too_often_the_first_is_read(body: bytes) -> None:
    started = time.process_time()
    found = read(body)
    assert time.process_time() - started < 4
    assert len(found.links) == 1
    assert len(found.feeds) <= 2_000


_MANY = b"".join(b"a%d=1 " % n for n in range(60_000))


@pytest.mark.parametrize(
    "body",
    [
        b"<a href=/deep " + _MANY + b">x</a>",
        b"<a href=/deep " + _MANY.replace(b"=1 ", b"='>'") + b">x</a>",  # the quotes end them
        b"<a/" + _MANY.replace(b"=1 ", b"/") + b">x</a>",
    ],
)
def test_a_tag_without_an_end_is_not_read(body: bytes) -> None:
    started = time.process_time()
    assert read(body).problems == ("a tag of the page has more than 5000 attributes",)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "body",
    [
        b"<a href='/deep' title='" + b"a b c " * 9_000 + b"'>x</a>",  # one attribute, of many words
        b"<script>if (a<b && " + b" ".join(b"w%d" % n for n in range(4_000)) + b") </script><a href=/deep>x</a>",
        b"<p title=don't>" + b"<i>word</i> " * 100 + b"it's<a href=/deep>x</a>",
    ],
)
def test_long_prose_is_no_tag_without_an_end(body: bytes) -> None:
    assert "attributes" not in str(read(body).problems)


def test_a_page_of_nothing_but_elements_takes_no_memory() -> None:
    assert read(b"<b/>" * 7_000_000).problems == ("the page has more than 750,000 tags",)


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    many = read("".join(f'<a href="/{n}">x</a>' for n in range(5001)))
    assert len(many.links) == 5000
    assert many.problems == ("more than 5000 links: the rest was not read",)
    monkeypatch.setattr(links_module, "MAX_BODY", 5)
    assert read("<a href=/x>").problems == ("the page has more than 5 bytes",)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(), st.text(st.sampled_from("<>a href='\"/=&;#x\x00é! -")).map(str.encode)))
def test_no_bytes_raise(body: bytes) -> None:
    read(body)


ARTICLES = [
    "/2026/05/01/council-votes-again",
    "/2026/05/01/us/x.html",
    "/2026/may/01/town-hall-fire",
    "/news/20260501/town-hall",
    "/news/town-hall-2026-05-01.html",
    "/council-votes-on-new-town-hall",
    "/politics/council-votes-on-town-hall-12345678",
    "/artikel/12345678",
    "/doc/7715044",
    "/story.php?id=77",
    "/article.aspx?newsid=12ab77",
    "/?p=31228",  # WordPress
    "/news/articleView.html?idxno=243722",
    "/apps/pbcs.dll/article?AID=/20120104/NEWS01/329576657",
    "/2010/POLITICS/08/13/democrats.social.security/index.html",
    "/a/ab6c6487ab616bfdc9d7.html",
    "/_capture/b6c6487ab616bfdc9d7069a13013f96cfaf0173fbe41985e68b9413f.html",
    "/news/3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "/вести/совет-принял-решение-за-ратушу",
    "/%E7%A4%BE%E4%BC%9A/%E5%B8%82%E8%AE%AE%E4%BC%9A%E9%80%9A%E8%BF%87%E6%96%B0%E5%B8%82%E6%94%BF%E5%8E%85%E9%A1%B9%E7%9B%AE",
    "/topic/economy/2026/05/01/rates-rise-again",  # a date below a listing
    "/councilVotesOnTheNewTownHall.html",
    "/news/world-europe-21958264?utm_source=rss&page=1",
    "/news/a-long-story-in-parts-12345?seite=all",
]
SECTIONS = [
    "/politics",
    "/world/europe/",
    "/sport/football",
    "/middle-east",
    "/news",
    "/category/economy",
    "/section/us",
]
NEITHER = [
    "/",
    "/index.html",
    "/?utm_source=x",
    "/tag/some-long-name-of-a-tag",
    "/author/ann-author-of-the-paper",
    "/author/148006661/arturo-lopez-nieto.html",
    "/login?return=/2026/05/01/council-votes-again",
    "/privacy-policy",
    "/about-us/our-history-and-our-people-since-1901",
    "/search?q=council",
    "/feed/",
    "/wp-content/uploads/2026/05/town-hall-in-the-sun.jpg",
    "/2026/05/01/report-on-the-town-hall.pdf",
    "/rss/news.xml",
    "/2026",
    "/2026/05",
    "/2026/05/01/",
    "/archive/2026-05-01",
    "/calendar/2031/07",
    "/calendar?date=2031-07-01",
    "/events/2031/07/01",
    "/news?page=2",
    "/politics/page/3",
    "/a/b/a/b/a/b/town-hall-fire-again-and-again",
    "/" + "/".join("abcdefghijklmnop"),
    "/" + "x-" * 400,
    "/news?a=1&b=2&c=3&d=4&e=5&f=6&g=7",
    "https://other.example/2026/05/01/council-votes-again",
    "mailto:desk@paper.example",
    "http://[::1",
    "",
]


@pytest.mark.parametrize("path", ARTICLES)
def test_articles(path: str) -> None:
    assert article_likeness("https://paper.example" + path, HOME) == "article"


@pytest.mark.parametrize("path", SECTIONS)
def test_sections(path: str) -> None:
    assert article_likeness("https://www.paper.example" + path, HOME) == "section"


@pytest.mark.parametrize("path", NEITHER)
def test_neither(path: str) -> None:
    assert article_likeness("https://paper.example" + path if path.startswith("/") else path, HOME) == "neither"


def test_another_host_of_the_site() -> None:
    assert article_likeness("https://sport.paper.example/2026/05/01/cup-final-tonight", HOME) == "article"
    assert article_likeness("https://sport.paper.example/", HOME) == "section"
    assert article_likeness("https://paper.example/a", "not a url") == "neither"


def test_a_site_teaches_its_shape() -> None:
    url = "https://paper.example/s/ratuse"
    assert article_likeness(url, HOME) == "section"
    known = ShapeFacts.of([f"https://paper.example/s/wort{'abcdefgh'[n]}.html" for n in range(8)] + ["broken"])
    assert known.counts.total() == 8
    assert article_likeness("https://paper.example/s/ratuse.html", HOME) == "section"
    assert article_likeness("https://paper.example/s/ratuse.html", HOME, known) == "article"
    # … and what it never does is doubted: three points are not enough any more
    dated = ShapeFacts.of([f"https://paper.example/2026/05/story-about-it-{n:05}" for n in range(30)])
    assert article_likeness("https://paper.example/our-plans-for-subscribers", HOME) == "article"
    assert article_likeness("https://paper.example/our-plans-for-subscribers", HOME, dated) == "section"


def test_shapes() -> None:
    assert shape_of("http://www.paper.example/2026/05/council-votes-again-123456.html?id=5&utm_source=x") == (
        "paper.example/Y/n/s#.html?id"
    )
    assert shape_of("https://paper.example/") == "paper.example/"


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    assert article_likeness("https://paper.example/" + text, HOME) in {"article", "section", "neither"}
    assert article_likeness(text, text) in {"article", "section", "neither"}


@pytest.mark.corpus
def test_real_articles_are_taken_for_articles(corpus: Path) -> None:
    judged: Counter[tuple[str, str]] = Counter()
    for line in (corpus / "replay/manifest.jsonl").read_text("utf-8").splitlines():
        page = json.loads(line)
        parts = urlsplit(page["url"])
        kind = "synthetic" if page["url_source"] == "synthetic-path" else page["kind"]
        judged[kind, article_likeness(page["url"], f"{parts.scheme}://{parts.netloc}/")] += 1

    def share(kind: str) -> float:
        return judged[kind, "article"] / sum(count for (of, _), count in judged.items() if of == kind)

    assert share("synthetic") == 1
    assert share("news") > 0.96
    assert share("web-article") > 0.8  # recipes, shops and handbooks among them


@pytest.mark.corpus
def test_real_fronts_are_read(corpus: Path) -> None:
    truth = [json.loads(line) for line in (corpus / "extraction/fronts/truth.jsonl").read_text("utf-8").splitlines()]
    fronts = 0
    for front in truth:
        body = gzip.decompress((corpus / f"extraction/fronts/html/{front['n']}.html.gz").read_bytes())
        found = page_links(body, url=front["url"])
        parts = urlsplit(front["url"])
        kinds = Counter(article_likeness(link.url, f"{parts.scheme}://{parts.netloc}/") for link in found.links)
        fronts += kinds["article"] > 10
    assert fronts >= 18
