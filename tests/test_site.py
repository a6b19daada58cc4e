"""The papers of tests/site keep their promises: others' tests and the demo stand on them."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from urllib.parse import urlsplit

import feedparser
import pytest
from lxml import etree, html
from protego import Protego

from tests.site import feeds, pages
from tests.site.content import all_articles, articles_on, papers
from tests.site.expected import Expected, changes_on, expected_on
from tests.site.lab import BIG, LAB, LabPage
from tests.site.routes import answer
from tests.site.server import NewsSites

DAYS = (1, 2, 3)
DAY_1 = expected_on(1)
SITEMAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "n": "http://www.google.com/schemas/sitemap-news/0.9"}


def get(
    sites: NewsSites, site: str, path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
) -> tuple[int, dict[str, str], bytes]:
    """Ask over the wire; returns status, headers (lower-case names) and body as sent."""
    connection = http.client.HTTPConnection(urlsplit(sites.sites[site]).netloc, timeout=10)
    try:
        connection.request(method, path, headers=dict(headers or {}))
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    finally:
        connection.close()


def plain_text(page: str) -> str:
    """Return a page's text without scripts and styles."""
    page = re.sub(r"(?s)<(script|style)\b.*?</\1>", " ", page)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_there_is_enough_of_everything() -> None:
    assert len(papers()) == 4
    assert len(all_articles()) >= 60
    assert {a.language for a in all_articles()} == {"en", "de", "fr", "ar", "ja"}
    assert {a.charset for a in all_articles()} >= {"utf-8", "windows-1252", "shift_jis", "euc_jp"}
    assert len({(a.site, a.path) for a in all_articles()}) == len(all_articles())
    assert len({(a.site, a.title) for a in all_articles() if not a.copy_of}) == len(all_articles()) - 1


@pytest.mark.parametrize("row", DAY_1, ids=lambda row: row.site + row.path)
def test_an_article_is_served_as_the_table_says(news_sites: NewsSites, row: Expected) -> None:
    status, headers, body = get(news_sites, row.site, row.path)
    assert status == 200
    state = next(a for a in articles_on(row.site, 1) if a.path == row.path)
    page = body.decode(state.charset)
    shown = plain_text(page)
    assert row.phrase in row.text
    for paragraph in row.text.split("\n\n"):
        assert paragraph in shown
    for name in row.authors:
        assert name in shown
    assert pages.shown_date(state) in shown
    seen = [text for text in row.not_in_text if text in shown]
    assert len(seen) >= 8, "furniture stands around the article"
    assert all(text not in row.text for text in row.not_in_text)
    assert headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("site", list(papers()))
def test_every_internal_link_of_the_fronts_leads_somewhere_known(news_sites: NewsSites, site: str, day: int) -> None:
    news_sites.set_day(day)
    fronts = ["/", *(f"/{section}/" for section in papers()[site].sections)]
    named = set()
    for front in fronts:
        status, _, body = get(news_sites, site, front)
        assert status == 200
        named |= {str(ref) for ref in html.fromstring(body).xpath("//a/@href") if str(ref).startswith("/")}
    statuses = {path: get(news_sites, site, path)[0] for path in sorted(named)}
    odd = {path: status for path, status in statuses.items() if status != 200}
    if site == "courier":
        assert odd == {
            "/old/story.php?id=1042": 301,
            "/competitions/summer-photo": 404,
            "/news/2026/03/02/harbour-gala": 410,
        }
    else:
        assert odd == {}
    assert {row.path for row in expected_on(day) if row.site == site} <= named
    assert not any(path.startswith(("/lab/", "/big")) for path in named)


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize(("site", "path"), [("courier", "/rss.xml"), ("bote", "/atom.xml"), ("sada", "/feed")])
def test_feeds_parse_and_carry_the_newest(news_sites: NewsSites, site: str, path: str, day: int) -> None:
    news_sites.set_day(day)
    feed = feedparser.parse(get(news_sites, site, path)[2])
    assert not feed.bozo
    rows = {
        news_sites.url(site, row.path): row for row in expected_on(day) if row.site == site and "feed" in row.found_in
    }
    assert len(feed.entries) == len(rows) == min(feeds.IN_FEED[site], len(articles_on(site, day)))
    for entry in feed.entries:
        row = rows[entry.link.partition("?")[0]]
        assert entry.title == row.title
        assert entry.published_parsed
        assert ("utm_source=rss" in entry.link) == (site == "courier")
        assert get(news_sites, site, "/" + entry.link.split("/", 3)[3])[0] == 200


@pytest.mark.parametrize("day", DAYS)
def test_the_sitemaps_are_well_formed_and_complete(news_sites: NewsSites, day: int) -> None:
    news_sites.set_day(day)
    index = etree.fromstring(get(news_sites, "courier", "/sitemap.xml")[2])
    parts = [str(loc) for loc in index.xpath("//s:sitemap/s:loc/text()", namespaces=SITEMAP)]
    assert [part.rpartition("/")[2] for part in parts] == [
        "sitemap-news.xml",
        "sitemap-articles.xml.gz",
        "sitemap-pages.xml",
    ]
    base = news_sites.sites["courier"]
    found = {}
    for part in parts:
        body = get(news_sites, "courier", part.removeprefix(base.rstrip("/")))[2]
        found[part.rpartition("/")[2]] = etree.fromstring(gzip.decompress(body) if part.endswith(".gz") else body)
    rows = {news_sites.url("courier", row.path): row for row in expected_on(day) if row.site == "courier"}
    listed = found["sitemap-articles.xml.gz"].xpath("//s:loc/text()", namespaces=SITEMAP)
    assert set(listed) == set(rows)
    fresh = found["sitemap-news.xml"].xpath("//s:url", namespaces=SITEMAP)
    assert len(fresh) == {1: 9, 2: 6, 3: 3}[day]  # no older than two days
    assert {e.findtext("s:loc", namespaces=SITEMAP) for e in fresh} == {
        u for u, r in rows.items() if "news-sitemap" in r.found_in
    }
    for entry in fresh:
        row = rows[entry.findtext("s:loc", namespaces=SITEMAP)]
        assert entry.findtext(".//n:title", namespaces=SITEMAP) == row.title
        assert entry.findtext(".//n:publication_date", namespaces=SITEMAP) == row.published_full


@pytest.mark.parametrize("row", DAY_1, ids=lambda row: row.site + row.path)
def test_json_ld_is_valid_where_it_is_promised(row: Expected) -> None:
    page = html.fromstring(answer(row.site, 1, "http://x", row.path).body)
    blocks = page.xpath("//script[@type='application/ld+json']/text()")
    if row.site not in ("courier", "sada"):
        assert blocks == []
        return
    data = json.loads(blocks[0])
    assert data["@type"] == "NewsArticle"
    assert data["headline"] == row.title
    assert data["datePublished"] == row.published_full
    assert tuple(author["name"] for author in data["author"]) == row.authors


VALIDATORS = [
    ("courier", "If-None-Match", "etag"),
    ("courier", "If-Modified-Since", "last-modified"),
    ("bote", "If-Modified-Since", "last-modified"),
    ("sada", "If-None-Match", "etag"),
]


@pytest.mark.parametrize(("site", "ask", "given"), VALIDATORS)
def test_unchanged_pages_answer_304(news_sites: NewsSites, site: str, ask: str, given: str) -> None:
    for row in (row for row in DAY_1 if row.site == site):
        _, headers, _ = get(news_sites, site, row.path)
        status, again, body = get(news_sites, site, row.path, {ask: headers[given]})
        assert (status, body) == (304, b"")
        assert again[given] == headers[given]
    assert [entry.conditional for entry in news_sites.log[:2]] == [False, True]


def test_a_304_needs_the_right_validator(news_sites: NewsSites) -> None:
    path = DAY_1[0].path
    _, headers, _ = get(news_sites, "courier", path)
    assert get(news_sites, "courier", path, {"If-None-Match": '"other"'})[0] == 200
    assert get(news_sites, "courier", path, {"If-Modified-Since": "Tue, 01 Jan 2019 00:00:00 GMT"})[0] == 200
    assert get(news_sites, "courier", path, {"If-Modified-Since": "yesterday"})[0] == 200
    # RFC 9110 section 13.1.3: If-Modified-Since is ignored where If-None-Match stands
    both = {"If-None-Match": '"other"', "If-Modified-Since": headers["last-modified"]}
    assert get(news_sites, "courier", path, both)[0] == 200


def test_the_paper_without_validators_sends_the_same_bytes(news_sites: NewsSites) -> None:
    for path in [row.path for row in DAY_1 if row.site == "shiori"]:
        _, headers, first = get(news_sites, "shiori", path)
        assert not {"etag", "last-modified"} & set(headers)
        assert get(news_sites, "shiori", path, {"If-Modified-Since": headers["date"]})[2] == first


def test_the_days_bring_what_they_should(news_sites: NewsSites) -> None:
    second, third = changes_on(2), changes_on(3)
    assert (len(second.new), len(second.revised), len(second.refurnished), len(second.gone)) == (6, 2, 1, 1)
    assert (len(third.new), len(third.revised), len(third.refurnished), len(third.gone)) == (1, 1, 0, 0)
    for site, path in second.new:
        assert get(news_sites, site, path)[0] == 404
    news_sites.set_day(2)
    assert all(get(news_sites, site, path)[0] == 200 for site, path in second.new)
    assert all(get(news_sites, site, path)[0] == 410 for site, path in second.gone)


@pytest.mark.parametrize("day", [2, 3])
def test_only_what_the_table_names_changes_its_bytes_and_validators(day: int) -> None:
    changes = changes_on(day)
    for row in expected_on(day - 1):
        before, after = (answer(row.site, d, "http://x", row.path) for d in (day - 1, day))
        changed = (row.site, row.path) in (*changes.revised, *changes.refurnished, *changes.gone)
        assert (before.body != after.body) == changed, row.path
        assert (before.headers != after.headers) == (changed and row.site != "shiori"), row.path
    for site, path in changes.revised:
        both = [next(r for r in expected_on(d) if (r.site, r.path) == (site, path)) for d in (day - 1, day)]
        assert (both[0].title, both[0].text) != (both[1].title, both[1].text)


def test_the_correction_changes_a_number_and_says_so() -> None:
    path = "/news/2026/05/20/library-budget-vote"
    before, after = (next(r.text for r in expected_on(d) if r.path == path) for d in (1, 2))
    assert "a saving of £412,000 a year" in before
    assert "a saving of £214,000 a year" in after
    assert after.count("Correction") == 1


def test_one_story_stands_in_two_sections_word_for_word() -> None:
    copy = next(row for row in DAY_1 if row.copy_of)
    original = next(row for row in DAY_1 if row.path == copy.copy_of)
    assert (copy.title, copy.text, copy.published_full) == (original.title, original.text, original.published_full)
    page = html.fromstring(answer(copy.site, 1, "http://x", copy.path).body)
    assert page.xpath("//link[@rel='canonical']/@href") == [
        "http://x" + copy.path
    ]  # or it would be an alias, not a copy


def test_the_wire_story_is_carried_verbatim_and_trimmed() -> None:
    wire = {row.site: row for row in DAY_1 if row.wire}
    assert wire["courier"].text == wire["bote"].text
    assert wire["courier"].text.startswith(wire["sada"].text)
    assert len(wire["sada"].text) < len(wire["courier"].text)
    assert len({row.title for row in wire.values()}) == 3


@pytest.mark.parametrize(
    ("site", "path", "allowed"),
    [
        ("courier", "/private/subscribers", False),
        ("courier", "/news/2026/05/20/ferry-timetable-cut", True),
        ("bote", "/druck/region/bahnhof-uhr-geht-richtig", False),
        ("sada", "/akhbar/1042/mina-jadid", True),
        ("shiori", "/news/20260520-01.html", True),
    ],
)
def test_robots(news_sites: NewsSites, site: str, path: str, allowed: bool) -> None:
    robots = Protego.parse(get(news_sites, site, "/robots.txt")[2].decode())
    assert robots.can_fetch(news_sites.url(site, path), "morgue") == allowed
    assert get(news_sites, site, path)[0] == 200
    assert robots.crawl_delay("morgue") == (1 if site == "shiori" else None)


def test_amp_and_print_versions_name_the_plain_page(news_sites: NewsSites) -> None:
    amps = [a for a in articles_on("courier", 1) if a.amp]
    assert len(amps) >= 4
    for article in amps:
        plain = news_sites.url("courier", article.path)
        for variant in (article.path + "/amp", "/print" + article.path):
            page = html.fromstring(get(news_sites, "courier", variant)[2])
            assert page.xpath("//link[@rel='canonical']/@href") == [plain]
        page = html.fromstring(get(news_sites, "courier", article.path)[2])
        assert page.xpath("//link[@rel='amphtml']/@href") == [plain + "/amp"]


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("/calendar/2026/05", "/calendar/2026/06"),
        ("/calendar/2026/12", "/calendar/2027/01"),
        ("/calendar/9999/01", "/calendar/9998/12"),
    ],
)
def test_the_calendar_never_ends(news_sites: NewsSites, path: str, canonical: str) -> None:
    status, _, body = get(news_sites, "courier", path)
    assert status == 200
    assert f'href="{canonical}"'.encode() in body


@pytest.mark.parametrize("page", LAB, ids=lambda page: page.path)
def test_the_lab(news_sites: NewsSites, page: LabPage) -> None:
    path = page.path + ("?seconds=0.1" if "slow" in page.path else "")
    if "truncated" in path:
        with pytest.raises(http.client.IncompleteRead) as caught:
            get(news_sites, "courier", path)
        assert len(caught.value.partial) + (caught.value.expected or 0) == 40_000
        assert caught.value.partial.endswith(b"<p>Engineers found that")
        return
    status, headers, body = get(news_sites, "courier", path)
    assert status == page.status
    if "big" in path:
        assert len(body) == BIG == int(headers["content-length"])
    if "wrong-charset" in path:
        assert "iso-8859-1" in headers["content-type"]
        assert "Müller-Søndergård" in body.decode("utf-8")


def test_the_log_sees_requests_at_the_same_time(news_sites: NewsSites) -> None:
    netloc = urlsplit(news_sites.sites["courier"]).netloc
    first, second = http.client.HTTPConnection(netloc, timeout=10), http.client.HTTPConnection(netloc, timeout=10)
    first.request("GET", "/lab/slow.html?seconds=0.5")
    while not news_sites.log:
        time.sleep(0.01)
    second.request("GET", "/about")
    assert second.getresponse().read()
    assert first.getresponse().read()
    first.close()
    second.close()
    assert [(e.path, e.concurrent) for e in news_sites.log] == [("/lab/slow.html?seconds=0.5", 1), ("/about", 2)]


def test_connections_are_kept_and_bodies_compressed(news_sites: NewsSites) -> None:
    connection = http.client.HTTPConnection(urlsplit(news_sites.sites["courier"]).netloc, timeout=10)
    for _ in range(3):
        connection.request("GET", "/", headers={"Accept-Encoding": "gzip"})
        response = connection.getresponse()
        assert response.getheader("Content-Encoding") == "gzip"
        assert b"Marrowby" in gzip.decompress(response.read())
    connection.close()
    status, headers, body = get(news_sites, "courier", "/", method="HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 10_000


def test_the_control_paths_set_the_day_and_show_the_log(news_sites: NewsSites) -> None:
    assert json.loads(get(news_sites, "bote", "/__control/day?n=3")[2]) == {"day": 3}
    assert json.loads(get(news_sites, "bote", "/__control/day?n=77")[2]) == {"day": 3}
    get(news_sites, "sada", "/feed")
    assert [entry["path"] for entry in json.loads(get(news_sites, "bote", "/__control/log")[2])] == ["/feed"]
    assert json.loads(get(news_sites, "bote", "/__control/reset")[2]) == {"day": 1}
    assert news_sites.log == []


def test_where_only_one_loopback_address_answers_the_ports_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    # 203.0.113.0/24 is for documentation (RFC 5737): no machine has it, as macOS does not have 127.0.0.11
    elsewhere = {name: replace(paper, address="203.0.113.1") for name, paper in papers().items()}
    monkeypatch.setattr("tests.site.server.papers", lambda: elsewhere)
    with NewsSites() as sites:
        where = [urlsplit(url) for url in sites.sites.values()]
        assert {w.hostname for w in where} == {"127.0.0.1"}
        assert len({w.port for w in where}) == 4
        assert get(sites, "sada", "/feed")[0] == 200


def test_a_port_that_is_taken_is_an_error_not_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = {name: replace(paper, address="203.0.113.1") for name, paper in papers().items()}
    monkeypatch.setattr("tests.site.server.papers", lambda: elsewhere)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(OSError, match="in use"):
            NewsSites(port=other.getsockname()[1]).start()


def test_the_hosts_differ_from_each_other(news_sites: NewsSites) -> None:
    assert len({urlsplit(url).netloc for url in news_sites.sites.values()}) == 4
