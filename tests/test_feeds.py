"""Feeds as servers send them: every dialect, and every way of being broken."""

from __future__ import annotations

import gzip
import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.model import Via
from archive.urls import join_url
from crawler.discovery import feeds
from crawler.discovery.feeds import MAX_ENTRIES, Feed, parse_feed
from crawler.discovery.markup import plain_text
from crawler.frontier.facts import epoch_as_written

NOW = datetime(2026, 5, 1, 6, 0, tzinfo=UTC)
URL = "https://paper.example/feeds/all.xml"


def read(body: bytes | str, **more: str) -> Feed:
    return parse_feed(body if isinstance(body, bytes) else body.encode(), url=URL, seen_at=NOW, **more)


def rss(items: str, head: str = "<link>https://paper.example/</link>", root: str = '<rss version="2.0">') -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>{root}<channel><title>Paper</title>{head}{items}</channel></rss>'


def atom(entries: str, attributes: str = "") -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {attributes}><title>Paper</title>{entries}</feed>'


def test_rss() -> None:
    feed = read(
        rss(
            """<item><title>Council &amp; mayor: &lt;b&gt;no&lt;/b&gt; deal</title>
            <link>
              https://paper.example/a?utm_source=rss&amp;id=3
            </link>
            <guid isPermaLink="false">tag:paper.example,2026:3</guid>
            <pubDate>Fri,  1 May 2026 08:00:00 +0200</pubDate>
            <dc:creator>Ann Author</dc:creator><author>bob@paper.example (Bob)</author>
            <description><![CDATA[<p>What <em>happened</em> &amp; why.</p><script>x()</script>]]></description>
            <dc:language>de</dc:language></item>""",
            head="<link>https://paper.example/</link><language>en-GB</language>",
            root='<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">',
        )
    )
    assert (feed.kind, feed.title, feed.language, feed.home) == ("rss", "Paper", "en-GB", "https://paper.example/")
    assert feed.problems == ()
    fact = feed.entries[0]
    assert (fact.via, fact.found_on, fact.seen_at) == (Via.FEED, URL, NOW)
    assert fact.url == "https://paper.example/a?id=3"
    assert fact.title == "Council & mayor: no deal"
    assert fact.published == "Fri, 1 May 2026 08:00:00 +0200"
    assert fact.author == "Ann Author, bob@paper.example (Bob)"
    assert fact.entry_id == "tag:paper.example,2026:3"
    assert fact.summary == "What happened & why."
    assert fact.language == "de"


def test_atom() -> None:
    feed = read(
        atom(
            """<entry xml:lang="fr"><title type="html">A &amp;amp; B</title><id>urn:1</id>
            <link rel="enclosure" href="/a.mp3"/><link type="application/pdf" href="/a.pdf"/>
            <link type="text/html" href="/a"/><published>2026-05-01T08:00:00+02:00</published>
            <updated>2026-05-02T08:00:00Z</updated><author><name>Ann</name><email>a@b.example</email></author>
            <summary type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">3 &lt; 5 <b>so</b></div></summary></entry>
            <entry><title>Only changed</title><link href="/b"/><updated>2026-05-03</updated></entry>""",
            'xml:lang="en"',
        )
    )
    first, second = feed.entries
    assert (feed.kind, feed.language) == ("atom", "en")
    assert (first.url, first.title, first.author) == ("https://paper.example/a", "A & B", "Ann")
    assert (first.published, first.summary, first.language) == ("2026-05-01T08:00:00+02:00", "3 < 5 so", "fr")
    # the date of a change is no date of publication
    assert second.published is None
    assert feed.updated == {first.url: "2026-05-02T08:00:00Z", second.url: "2026-05-03"}


def test_rdf() -> None:
    feed = read(
        """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
        xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>Paper</title></channel>
        <item rdf:about="https://paper.example/a"><title>A</title><dc:date>2026-05-01</dc:date></item></rdf:RDF>"""
    )
    assert (feed.kind, feed.entries[0].url, feed.entries[0].published) == (
        "rdf",
        "https://paper.example/a",
        "2026-05-01",
    )


def test_json_feed() -> None:
    feed = read(
        json.dumps(
            {
                "version": "https://jsonfeed.org/version/1.1",
                "title": "Paper",
                "language": "en",
                "items": [
                    {"id": 7, "url": "/a", "title": "A", "date_published": "2026-05-01", "authors": [{"name": "Ann"}]},
                    {"id": "https://paper.example/b", "content_html": "<p>B</p>", "date_modified": "2026"},
                    {"id": "x"},
                    "nonsense",
                    {"url": ["list"], "authors": "text", "title": {}},
                ],
            }
        )
    )
    assert [fact.url for fact in feed.entries] == ["https://paper.example/a", "https://paper.example/b"]
    assert (feed.kind, feed.entries[0].author, feed.entries[0].entry_id) == ("json", "Ann", "7")
    assert (feed.entries[1].summary, feed.entries[1].published) == ("B", None)
    assert feed.problems == ("2 entries without a usable link",)


LINKS = [
    # item, expected URL
    ("<guid>https://paper.example/g</guid>", "https://paper.example/g"),  # guid is a permalink unless it says no
    ('<guid isPermaLink="false">https://paper.example/g</guid><link>/a</link>', "https://paper.example/a"),
    ("<guid>https://paper.example/g</guid><link>/a</link>", "https://paper.example/a"),  # link first, wherever it is
    ("<guid>12345</guid>", None),
    ('<link href="/a"/>', "https://paper.example/a"),  # Atom's way in RSS
    ('<atom:link rel="self" href="/feed"/><link>/a</link>', "https://paper.example/a"),
    (  # the link counts clicks
        "<link>https://feeds.example/~r/1</link><feedburner:origLink>https://paper.example/a</feedburner:origLink>",
        "https://paper.example/a",
    ),
    ("<link>/a</link><media:title>x</media:title>", "https://paper.example/a"),
    ('<link xml:base="https://other.example/">a</link>', "https://paper.example/a"),
    ("<link>javascript:alert(1)</link>", None),
    ("<link>http://[::1</link>", None),
    ("<link></link><link/>", None),
    ("<link><![CDATA[ https://paper.example/a?x=1&y=2 ]]></link>", "https://paper.example/a?x=1&y=2"),
    ("<link>https://paper.example/a?x=1&y=2</link>", "https://paper.example/a?x=1&y=2"),  # a bare ampersand
    ("<link>https://paper.example/a?x=1&copy=2</link>", "https://paper.example/a?x=1&copy=2"),  # … that is no entity
]
SPACES = (
    '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0">'
)


@pytest.mark.parametrize(("item", "expected"), LINKS)
def test_links(item: str, expected: str | None) -> None:
    feed = read(rss(f"<item><title>x</title>{item}</item>", root=SPACES))
    assert [fact.url for fact in feed.entries] == ([expected] if expected else [])
    assert bool(feed.problems) == (expected is None or "&y=2</" in item or "&copy=" in item)


def test_relative_links_are_of_the_site_that_the_channel_names() -> None:
    feed = read(rss("<item><link>a</link></item>", head="<link>https://www.paper.example/news/</link>"))
    assert feed.entries[0].url == "https://www.paper.example/news/a"


def test_xml_base_goes_before_everything() -> None:
    feed = read(atom('<entry xml:base="b/"><link href="c"/></entry>', 'xml:base="https://other.example/a/"'))
    assert feed.entries[0].url == "https://other.example/a/b/c"


def test_own_namespace_of_a_generator() -> None:
    feed = read('<rss xmlns="urn:odd"><channel><item><link>/a</link><pubDate>1 May</pubDate></item></channel></rss>')
    assert (feed.entries[0].url, feed.entries[0].published) == ("https://paper.example/a", "1 May")


ITEM = "<item><title>Caf\xe9 \u2013 \u201cx\u201d</title><link>/a</link></item>"
TITLE = "Caf\xe9 \u2013 \u201cx\u201d"

BROKEN = [
    (rss(ITEM).encode("utf-8-sig"), TITLE),  # byte order mark
    (b"\r\n \n" + rss(ITEM).encode(), TITLE),  # blank lines before the declaration
    (b"<br />\n<b>Warning</b>: mysql_connect() in x.php\n" + rss(ITEM).encode(), TITLE),  # PHP
    (rss(ITEM).encode() + b"<!-- generated in 3 s --><script>x</script>", TITLE),  # something after the end
    (rss(ITEM).replace("utf-8", "iso-8859-1").encode(), TITLE),  # the declaration lies
    (rss(ITEM).replace("utf-8", "windows-1252").encode("cp1252"), TITLE),
    (rss(ITEM).replace("utf-8", "iso-8859-1").encode("cp1252"), TITLE),  # Latin-1 with Windows' quotes
    (rss(ITEM).encode("cp1252"), TITLE),  # declared UTF-8, is not
    (rss(ITEM).replace("utf-8", "utf-16").encode("utf-16"), TITLE),
    (rss(ITEM).replace("utf-8", "no-such-charset").encode(), TITLE),
    (rss(ITEM.replace("\xe9", "&eacute;").replace("\u2013", "&ndash;")).encode(), TITLE),  # HTML's entities
    (rss(ITEM.replace("\xe9", "\x0b\xe9\x00")).encode(), TITLE),  # forbidden characters
    (rss(ITEM).encode()[:-15], TITLE),  # cut
    (rss(ITEM + ITEM.replace("/a", "/second-story")).encode()[:-40], TITLE),  # cut inside an address
    (rss(ITEM.replace("</title>", "<br></title>")).encode(), TITLE),  # HTML unescaped
    (rss(ITEM + "<item><title>cut").encode()[:-16], TITLE),
    (rss(ITEM).replace("<channel>", '<channel xmlns:x="">').encode(), TITLE),  # not allowed in XML 1.0
    (rss(ITEM.replace("</item>", "<description><p>x<img src='a'><br>y</description></item>")).encode(), TITLE),
    (rss(ITEM.replace("<link>/a</link>", "<link href=/a/>")).encode(), TITLE),
    (rss(ITEM.replace("<link>", "<x:y>1</x:y><link>")).encode(), TITLE),  # undeclared prefix
    (rss(ITEM).replace("<rss", "<!DOCTYPE rss SYSTEM 'http://my.netscape.com/rss.dtd'><rss").encode(), TITLE),
    (rss(ITEM).replace("<?xml", "<?xml version='1.0'?><?xml").encode(), TITLE),  # declared twice
    (rss(ITEM).replace('"2.0">', "2.0>").encode(), TITLE),  # unquoted attribute
]


@pytest.mark.parametrize(("body", "title"), BROKEN)
def test_broken_feeds_are_read_as_far_as_they_go(body: bytes, title: str) -> None:
    feed = read(body)
    assert (feed.kind, feed.entries[0].url) == ("rss", "https://paper.example/a")
    assert feed.entries[0].title == title
    assert len(feed.entries) == 1  # half an address is no entry


def test_the_header_says_the_charset_where_the_document_does_not() -> None:
    body = rss("<item><title>Новости</title><link>/a</link></item>").replace(' encoding="utf-8"', "")
    feed = read(body.encode("windows-1251"), content_type="text/xml; charset=windows-1251")
    assert feed.entries[0].title == "Новости"


NO_FEEDS = [
    (b"", "empty"),
    (b" \n\t ", "empty"),
    (b"\xef\xbb\xbf", "empty"),
    (b"\x00" * 100, "empty"),
    (b"<!DOCTYPE html><html><head><title>404</title></head><body><p>x</body></html>", "HTML page"),
    (b'<html xmlns="http://www.w3.org/1999/xhtml"><head/><body/></html>', "HTML page"),
    (b"<urlset><url><loc>https://paper.example/</loc></url></urlset>", "neither"),
    (b"plain words", "neither"),
    (b"\x1f\x8b\x08\x00" + b"\xff" * 50, "neither"),
    (gzip.compress(rss(ITEM).encode(), mtime=0), "neither"),  # content-decoding is not our part
    (b"{", "broken JSON"),
    (b"[]", "no JSON Feed"),
    (b'{"items": []}', "no JSON Feed"),
    (b'{"title": "x", "items": {}}', "no JSON Feed"),
    (b"[" * 200_000, "broken JSON"),
    (b"<", "neither"),
    (b"&", "neither"),
]


@pytest.mark.parametrize(("body", "words"), NO_FEEDS)
def test_what_is_no_feed_says_so(body: bytes, words: str) -> None:
    feed = read(body)
    assert feed.kind is None
    assert feed.entries == ()
    assert words in " ".join(feed.problems)


def test_an_empty_feed_is_a_feed() -> None:
    assert read(rss("")) == Feed(kind="rss", title="Paper", home="https://paper.example/")


def test_entities_are_never_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret words")
    bomb = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    body = (
        f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">{bomb}<!ENTITY ext SYSTEM "file://{secret}">]>'
        '<rss><channel><item a="&l11;"><title>x&l11;&ext;</title><link>/a</link></item></channel></rss>'
    )
    started = time.monotonic()
    feed = read(body)
    assert time.monotonic() - started < 5
    assert feed.entries[0].url == "https://paper.example/a"
    assert "lol" not in str(feed)
    assert "secret words" not in str(feed)


@pytest.mark.parametrize(
    "body",
    [
        "<rss><channel><item>" + "<a>" * 50_000,  # deep
        "<rss " + "a='1' " * 50_000 + "/>",
        rss("<item><title>" + "<" * 200_000 + "</title><link>/a</link></item>"),
        rss("<item><title><![CDATA[" + "<a " * 100_000 + "]]></title><link>/a</link></item>"),
        rss("<item><title>" + "&" * 200_000 + "</title><link>/a</link></item>"),
        rss("<item><title><![CDATA[" + "<script" * 20_000 + "]]></title><link>/a</link></item>"),
        rss("<item><description><![CDATA[" + "<!--" * 50_000 + "]]></description><link>/a</link></item>"),
        "<!DOCTYPE rss [" + "x" * 100_000,
        "<rss>" + "<![CDATA[" * 50_000,
        "<rss>" + "<title>" * 50_000,
        "<rss>" + "<title></" * 50_000,
        "<rss>" + "<a b=" * 50_000,
        "<rss><a " + "b=' " * 50_000 + ">",
        "<!-- " * 50_000,
        "<!---->" * 26 + "x",  # what is no feed may be HTML behind comments: how many readings have these?
        "<rss><a x=1 " + "x" * 100_000 + "></b>",  # one long word where attributes are put right
        "<rss>" + "<title>" * 50_000 + "<item></title>",  # one end for all of them, and an entry before it
        b"<?xml version='1.0' encoding='punycode'?><rss>\xff-" + b"a" * 200_000,
        "{" * 100_000,
        rss("<item/>" * 700_000),
        rss("<item><link>/a</link>" + "".join(f"<author>a{n}</author>" for n in range(100_000)) + "</item>"),
        rss("<item>" + "<link>javascript:x</link>" * 200_000 + "</item>"),
        ("<x xml:base='" + "%20" * 2_000 + "'>") * 200 + rss("<item xml:base='z'><link>x</link></item>" * 4_000),
        '{"version": "https://jsonfeed.org/version/1", "items": [' + '{"id": "x"},' * 700_000 + "{}]}",
    ],
)
def test_hostile_feeds_cost_little(body: str | bytes) -> None:
    started = time.monotonic()
    read(body)
    assert time.monotonic() - started < 5


def test_limits() -> None:
    items = "".join(f"<item><link>/{n}</link><link>/{n}</link></item>" for n in range(MAX_ENTRIES + 7))
    feed = read(rss(items))
    assert len(feed.entries) == MAX_ENTRIES
    assert feed.problems == (f"more than {MAX_ENTRIES} entries: 7 left out",)
    long = read(rss(f"<item><link>/a</link><title>{'t' * 9000}</title><description>{'s ' * 9000}</description></item>"))
    assert len(long.entries[0].title or "") == 1000
    assert len(long.entries[0].summary or "") <= 2000


@pytest.mark.parametrize("body", ["<rss>" + "<a/>" * 8_000_000, '{"title": 1, "items": [' + "[]," * 8_000_000 + "1]}"])
def test_a_feed_of_nothing_but_elements_takes_no_memory(body: str) -> None:
    assert "more than 750,000" in str(read(body).problems)


def test_relative_bases_are_applied_once() -> None:
    entry = '<entry xml:base="c/"><link href="d"/></entry>'
    feed = read(atom(entry, attributes='xml:base="b/"'))
    assert [fact.url for fact in feed.entries] == ["https://paper.example/feeds/b/c/d"]


def test_the_first_of_several_entries_with_one_url_counts() -> None:
    feed = read(rss("<item><link>/a</link><title>1</title></item><item><link>/a#x</link><title>2</title></item>"))
    assert [fact.title for fact in feed.entries] == ["1"]


def test_a_feed_inside_a_page_and_items_inside_a_tag() -> None:
    page = (
        '<html xmlns="http://www.w3.org/1999/xhtml"><body>'
        + atom('<entry><link href="/a"/></entry>')
        + "</body></html>"
    )
    assert [fact.url for fact in read(page).entries] == ["https://paper.example/a"]
    unclosed = rss("<x><item><link>/a</link></item><item><link>/b</link></item>")
    assert [fact.url for fact in read(unclosed).entries] == ["https://paper.example/a", "https://paper.example/b"]


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MAX_BODY", 10)
    assert read(rss(ITEM)).problems == ("the feed has more than 10 bytes",)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a < b > c", "a < b > c"),
        ("a <b>c</b>", "a c"),
        ("&lt;b&gt;", "<b>"),
        ("I <3 U", "I <3 U"),
        ("x<br/>y<!-- z -->", "x y"),
        ("<style>a{}</style>x", "x"),
        ("a\u00a0\n b", "a b"),
        ("&#0;&#xD800;x", "\ufffd\ufffdx"),
    ],
)
def test_plain_text(markup: str, text: str) -> None:
    assert plain_text(markup) == text


_BITS = [
    b"<rss><channel>",
    b"<feed xmlns='http://www.w3.org/2005/Atom'>",
    b"<item>",
    b"</item>",
    b"<entry>",
    b"</entry>",
    b"<link>/a</link>",
    b"<link href='/b'/>",
    b"<guid>",
    b"</",
    b"<![CDATA[",
    b"]]>",
    b"&",
    b"&x;",
    b"<!--",
    b"-->",
    b"<?xml version='1.0' encoding='",
    b"utf-16",
    b"'?>",
    b"<!DOCTYPE x [",
    b"]>",
    b"\xff\xfe",
    b"\x00",
    b"\xed\xa0\x80",
    b"{",
    b'"items":[',
    b"<title>",
    b"</title>",
    b"<x:y xmlns:x=''>",
    b"xml:base='http://[::1'",
]


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(), st.lists(st.sampled_from(_BITS), max_size=12).map(b"".join)))
def test_no_bytes_raise(body: bytes) -> None:
    feed = read(body)
    assert feed.entries or feed.kind or feed.problems


@pytest.mark.corpus
def test_every_feed_of_the_suites_is_read(corpus: Path) -> None:
    files = [path for path in (corpus / "suites/feeds").rglob("*") if path.suffix in {".xml", ".json", ".rss", ".atom"}]
    assert len(files) > 3000
    kinds = [read(path.read_bytes()).kind for path in files if path.suffix != ".json"]
    assert sum(kind is not None for kind in kinds) / len(kinds) > 0.99
    for path in files:
        if path.suffix == ".json":
            read(path.read_bytes())


@pytest.mark.corpus
def test_links_and_dates_are_those_that_gofeed_expects(corpus: Path) -> None:
    """Of each feed that its authors wrote down what to find in it; entries without an address are no pages to us."""
    links = dates = 0
    for expected in sorted((corpus / "suites/feeds/mmcdole+gofeed/testdata").rglob("*.json")):
        stem = expected.name.removesuffix(".json").removesuffix("_expected")
        feed = next((path for path in expected.parent.glob(f"{stem}.*") if path != expected), None)
        if feed is None:  # a broken feed of its own
            continue
        top = json.loads(expected.read_text())
        ours = {fact.url: fact for fact in read(feed.read_bytes()).entries}
        for item in top.get("items") or top.get("entries") or ():
            alternates = [each["href"] for each in item.get("links") or () if isinstance(each, dict) and "href" in each]
            link = item.get("link") or item.get("url") or next(iter(alternates), None)
            url = join_url(URL, link) if isinstance(link, str) else None
            if url is None:
                continue
            links += 1
            assert url in ours, feed.name
            if when := item.get("publishedParsed") or item.get("pubDateParsed") or item.get("date_published"):
                dates += 1
                assert epoch_as_written(ours[url].published) == datetime.fromisoformat(when).timestamp(), feed.name
    assert links >= 20
    assert dates >= 5


@pytest.mark.corpus
def test_links_are_those_that_feedparser_expects(corpus: Path) -> None:
    """As its own tests say, each in the feed that it is about. Their dates stand in entries without an address."""
    expects = re.compile(r"entries\[(\d)\]\[['\"]link['\"]\]\s*==\s*u?['\"]([^'\"]+)['\"]")
    links, missed = 0, set()
    for path in sorted((corpus / "suites/feeds/kurtmckee+feedparser").rglob("*")):
        body = path.read_bytes() if path.is_file() else b""
        for _, value in expects.findall(body[:3000].decode("latin-1")):
            facts = parse_feed(body, url=f"http://127.0.0.1:8097/{path.name}", seen_at=NOW).entries
            links += 1
            missed |= {path.name} - {
                path.name for fact in facts if fact.url == join_url("http://127.0.0.1:8097/", value)
            }
    assert links >= 20
    # Content-Location is no base for relative references any more (RFC 9110 appendix B.2, RFC 7231 appendix B).
    assert missed == {"http_item_link_base_content_location.xml"}


@pytest.mark.corpus
def test_links_and_dates_agree_with_feedparser(corpus: Path) -> None:
    feedparser = pytest.importorskip("feedparser")

    links = agreeing = dates = same = 0
    for path in sorted((corpus / "suites/feeds").rglob("*.xml")):
        body = path.read_bytes()
        # what it calls a link may be an id made absolute; where a document says link, we must have it
        theirs = feedparser.parse(body, response_headers={"content-location": URL, "content-type": "application/xml"})
        ours = {fact.url: fact for fact in read(body).entries}
        for entry in theirs.entries:
            link = entry.get("feedburner_origlink") or entry.get("link")
            url = join_url(URL, link) if link else None
            if url is None:
                continue
            links += 1
            agreeing += url in ours
            if url in ours and entry.get("published"):
                dates += 1
                same += ours[url].published == " ".join(entry["published"].split())
    assert links > 350
    assert agreeing / links > 0.96  # the rest: relative ids taken for links, CDF, enclosures
    assert same == dates
