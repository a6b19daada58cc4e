"""Titles, authors, languages, JSON-LD: from markup as it is found."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from archive.extract import Page, authors, dateline, jsonld, language, near, title
from archive.extract.document import parse
from archive.extract.extract import extract
from archive.model import DiscoveryFact, Extraction, Via
from archive.store.rows import pack, unpack

BODY = "".join(
    f"<p>{s}</p>"
    for s in (
        "The harbour board voted on Monday to rebuild the long pier that a winter storm tore in two last year.",
        "Fishermen had asked for a smaller landing stage, but engineers said the sea bed would not carry it.",
        "Work is to begin in April when the spring tides have passed, and the first section opens this year.",
    )
)
CAPTURED = datetime(2024, 6, 1, 12, tzinfo=UTC)


def read(
    head: str = "", body: str = BODY, url: str = "https://lantern.example/news/pier-9821", **more: object
) -> Extraction:
    page = f"<html lang=en><head><meta charset=utf-8>{head}</head><body>{body}</body></html>".encode()
    return extract(Page(url=url, body=page, **more))  # type: ignore[arg-type]  # the page's own fields


def ld(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


LD_TIME = ld('{"@type":"NewsArticle","headline":"A","datePublished":"2024-05-30T10:00:00+02:00"}')


@pytest.mark.parametrize(
    ("text", "headlines"),
    [
        ('{"@type":"NewsArticle","headline":"A"}', ["A"]),
        ('[{"@type":"WebPage"},{"@type":["Thing","NewsArticle"],"headline":"A"}]', ["A"]),  # list; several types
        ('{"@graph":[{"@type":"http://schema.org/BlogPosting","headline":"A"}]}', ["A"]),  # full type name
        ('{"@type":"WebPage","mainEntity":{"@type":"Article","headline":"A"}}', ["A"]),  # nested
        ('{"@type":"NewsArticle","headline":"A",}', ["A"]),  # trailing comma
        ('{"@type":"NewsArticle","headline":"A\tB\nC"}', ["A\tB\nC"]),  # raw control characters
        ('<!-- {"@type":"NewsArticle","headline":"A"} -->', ["A"]),  # hidden from Netscape 2
        ('//<![CDATA[\n{"@type":"NewsArticle","headline":"A"}\n//]]>', ["A"]),
        ('{"@type":"WebSite"}{"@type":"NewsArticle","headline":"A"}', ["A"]),  # two objects after another
        ('{"@type":"NewsArticle","headline":"A"};', ["A"]),
        ('{"@type":"NewsArticle","description":"the "best" pier","headline":"A"}', ["A"]),  # quotes not escaped
        ('{"@type":"NewsArticle","headline":"A","datePublished":', ["A"]),  # cut
        ('{"@type":"Product","name":"A"}', []),
        ('{"@type":"NewsArticle","headline":"A","hasPart":{"@type":"Article","headline":"B"}}', ["A"]),  # not B
        ("[" * 5000, []),
        ("null", []),
        ('"text"', []),
    ],
)
def test_json_ld(text: str, headlines: list[str]) -> None:
    assert [n.get("headline") for n in jsonld.articles(jsonld.read_blocks([text]))] == headlines


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("By Jane Roe", ["Jane Roe"]),
        ("By Jane Roe and John Doe, Political Editor", ["Jane Roe", "John Doe"]),
        ("Jane Roe, John Doe & Max Roe", ["Jane Roe", "John Doe", "Max Roe"]),
        ("Von Käthe Grün und Max Mustermann", ["Käthe Grün", "Max Mustermann"]),
        ("Martin Luther King, Jr.", ["Martin Luther King, Jr."]),  # a comma that divides nothing
        ("Staff", []),
        ("Staff Writer", []),
        ("jane@lantern.example", []),
        ("Jane Roe <jane@lantern.example>", ["Jane Roe"]),
        ("https://www.facebook.com/lantern", []),
        ("JANE ROE", ["Jane Roe"]),
        ("Jane Roe | The Lantern", ["Jane Roe"]),
        ("Jane Roe (Reuters)", ["Jane Roe"]),
        ("Автор: Мария Иванова", ["Мария Иванова"]),
        ("Anders Andersen", ["Anders Andersen"]),  # "and" inside a name
        ("admin", []),
        ("12 minutes read", []),
        ("", []),
    ],
)
def test_author_names(written: str, names: list[str]) -> None:
    assert authors.split(written) == names


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Pier rebuilt - The Lantern", "Pier rebuilt"),
        ("Pier rebuilt | News | The Lantern", "Pier rebuilt | News"),  # a section is not ours to know
        ("The Lantern: Pier rebuilt", "The Lantern: Pier rebuilt"),  # a colon may be the headline's own
        ("The Lantern | Pier rebuilt", "Pier rebuilt"),
        ("Pier rebuilt — lantern.example", "Pier rebuilt"),
        ("North-South divide - a report", "North-South divide - a report"),  # hyphens of the headline
        ("The Lantern", "The Lantern"),  # nothing else would be left
    ],
)
def test_titles_without_the_site(written: str, expected: str) -> None:
    assert title.strip_site(written, ["The Lantern", "lantern.example"], "lantern.example") == expected


def test_the_h1_that_agrees_is_the_title() -> None:
    found = read(
        '<meta property="og:title" content="Pier to be rebuilt | Lantern">', "<h1>Pier to be rebuilt</h1>" + BODY
    )
    assert (found.title, found.provenance["title"]) == ("Pier to be rebuilt", "h1")


def test_an_h1_that_names_the_site_is_no_title() -> None:
    found = read("<title>Pier to be rebuilt - Lantern</title>", "<h1>Lantern</h1>" + BODY)
    assert (found.title, found.provenance["title"]) == ("Pier to be rebuilt", "title")


@pytest.mark.parametrize(
    ("head", "published", "via"),
    [
        (LD_TIME, "2024-05-30T10:00:00+02:00", "json-ld"),
        ('<meta property="article:published_time" content="2024-05-30">', "2024-05-30", "meta:article:published_time"),
        ('<meta property="article:modified_time" content="2024-05-30T10:00:00Z">', None, None),  # never stands in
        (ld('{"@type":"NewsArticle","headline":"A","dateModified":"2024-05-30T10:00:00Z"}'), None, None),
        # after the capture, before today
        ('<meta property="article:published_time" content="2024-08-15">', None, None),
        (ld('{"@type":"NewsArticle","headline":"A","datePublished":"1971-03-02"}'), None, None),  # one witness
        ('<meta name="date" content="1899-12-30">', None, None),  # a spreadsheet's zero
    ],
)  # fmt: skip
def test_when_it_was_published(head: str, published: str | None, via: str | None) -> None:
    found = read(head, captured_at=CAPTURED)
    assert (found.published, found.published_via) == (published, via)


def test_an_old_date_needs_two_witnesses() -> None:
    head = ld('{"@type":"NewsArticle","headline":"A","datePublished":"1971-03-02"}')
    found = read(head, '<h1>A</h1><p class="post-date">2 March 1971</p>' + BODY, captured_at=CAPTURED)
    assert (found.published, found.published_via) == ("1971-03-02", "json-ld")


def test_a_refused_date_is_not_replaced_by_an_invented_one() -> None:
    # htmldate with max_date answers 2024-05-01 here: the first of a month that stands in a picture's address
    head = '<meta property="article:published_time" content="2024-08-15T10:00:00Z">'
    found = read(head, '<img src="/2024/05/pier.jpg">' + BODY, captured_at=CAPTURED)
    assert found.published is None


@pytest.mark.parametrize(
    ("via", "published", "expected"),
    [
        (Via.FEED, "Thu, 30 May 2024 10:00:00 +0200", "2024-05-30T10:00:00+02:00"),
        (Via.NEWS_SITEMAP, "2024-05-30", "2024-05-30"),
        (Via.SITEMAP, "2024-05-30", None),  # a plain sitemap's lastmod is no publication
        (Via.FEED, "2024-08-15", None),  # after the capture
        (Via.FEED, "soon", None),
    ],
)
def test_discovery_facts_date_a_page(via: Via, published: str, expected: str | None) -> None:
    fact = DiscoveryFact(
        url="https://lantern.example/news/pier-9821",
        via=via,
        found_on="https://lantern.example/f",
        seen_at=CAPTURED,
        published=published,
    )
    assert read(captured_at=CAPTURED, facts=(fact,)).published == expected


def test_a_feed_makes_a_page_s_day_exact() -> None:
    fact = DiscoveryFact(
        url="u",
        via=Via.FEED,
        found_on="f",
        seen_at=CAPTURED,
        published="2024-05-30T10:00:00+02:00",
        author="Ines Marlow",
    )
    found = read('<meta property="article:published_time" content="2024-05-30">', captured_at=CAPTURED, facts=(fact,))
    assert (found.published, found.published_via) == ("2024-05-30T10:00:00+02:00", "feed")
    assert (found.authors, found.provenance["authors"]) == (("Ines Marlow",), "feed")


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("de-AT", "Der Hafenausschuss hat am Montag beschlossen, die lange Mole wieder aufzubauen. " * 9, "de"),
        (
            "en",
            "Der Hafenausschuss hat am Montag beschlossen, die lange Mole wieder aufzubauen. " * 9,
            "de",
        ),  # template
        ("", "Le conseil du port a décidé lundi de reconstruire la longue jetée emportée par la tempête. " * 9, "fr"),
        ("en-US", "港湾委員会は桟橋を再建することを決めた。" * 20, "ja"),  # contradicted by its letters
        ("jp", "港湾委員会は桟橋を再建することを決めた。" * 20, "ja"),  # a country's code
        ("sr", "Управни одбор луке одлучио је да обнови дуги мол. " * 9, "sr"),  # two scripts, both right
    ],
)
def test_languages(lang: str, text: str, expected: str) -> None:
    document = parse(Page(url="https://a.example/x", body=f"<html lang='{lang}'><body><p>x</p></body></html>".encode()))
    assert document is not None
    found = language.find(document, text)
    assert found is not None
    assert found[0] == expected


def test_more_than_one_author_in_a_graph() -> None:
    head = ld(
        '{"@graph":[{"@type":"Person","@id":"#p","name":"Ines Marlow"},{"@type":"Article","headline":"A",'
        '"author":[{"@id":"#p"},{"@type":"Organization","name":"The Lantern"}],"publisher":{"name":"The Lantern"}}]}'
    )
    assert read(head).authors == ("Ines Marlow",)


@pytest.mark.parametrize("ident", ['{"@id":"#p"}', "[1]", "7", "null"])
def test_a_reference_that_is_no_text_names_nobody(ident: str) -> None:
    head = ld(
        f'{{"@graph":[{{"@type":"Article","headline":"A","author":{{"@id":{ident}}}}},{{"@id":"#p","name":"X Y"}}]}}'
    )
    found = read(head)
    assert found.reason is None or not found.reason.startswith("error-")
    assert found.authors == ()


def test_addresses_are_absolute() -> None:
    found = read('<link rel=canonical href="/pier"><meta property="og:image" content="//cdn.example/a.jpg">')
    assert (found.canonical, found.image) == ("https://lantern.example/pier", "https://cdn.example/a.jpg")
    assert read('<link rel=canonical href="javascript:void(0)">').canonical is None


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        ("<title>Pier rebuilt | Weather | Lantern</title>", "", "Pier rebuilt"),  # a folder of the address
        ("<title>Pier rebuilt | Lantern | 28.04.2023</title>", "", "Pier rebuilt"),
        (
            "<title>Pier rebuilt - The Keeper's Guide to Old Harbour Towns</title>",
            "<h1>Pier rebuilt</h1>",
            "Pier rebuilt",
        ),
        # the kicker is an element of its own, and the page's title leaves it out
        (
            "<title>Pier to be rebuilt | Lantern</title>",
            "<h1><span>Port Ellery</span> <span>Pier to be rebuilt</span></h1>",
            "Pier to be rebuilt",
        ),
        ("", "<h1>Har\u00adbour pier re\u00adbuilt</h1>", "Harbour pier rebuilt"),  # soft hyphens
        # a template that escapes no quotation marks
        (
            ld('{"@type":"NewsArticle","headline":"Mayor calls the old pier a"}')
            + '<meta property="og:title" content="Mayor calls the old pier a">',
            '<h1>Mayor calls the old pier a "ruin"</h1>',
            'Mayor calls the old pier a "ruin"',
        ),
        (ld('{"@type":"NewsArticle","headline":"Pier rebuilt - Lantern"}'), "", "Pier rebuilt"),
    ],
)
def test_titles_on_pages(head: str, body: str, title: str) -> None:
    assert read(head, body + BODY, url="https://lantern.example/weather/pier-9821").title == title


@pytest.mark.parametrize(
    ("head", "line", "names"),
    [
        ("", "<div>By <a>Jane Roe</a></div>", ("Jane Roe",)),  # nothing but the word says so
        (
            "",
            "<p><b>Von</b> <i>Jane Roe</i>, <i>John Doe</i> und <i>Max Roe</i></p>",
            ("Jane Roe", "John Doe", "Max Roe"),
        ),
        ("", "<p class=byline>By Jane Roe<br>Harbour Herald Network</p>", ("Jane Roe",)),
        ("", "<p class=author>Jane Roe<br>4 August 2010</p>", ("Jane Roe",)),
        ("", "<p class=byline>Jane Roe, Associated Press</p>", ("Jane Roe",)),  # where she works
        ('<meta name="author" content="Pier Media GmbH">', "<p>By Jane Roe</p>", ("Jane Roe",)),  # who made the site
        (
            '<meta name="twitter:label1" content="Written by"><meta name="twitter:data1" content="Jane Roe">',
            "",
            ("Jane Roe",),
        ),
        (
            ld('{"@type":"NewsArticle","headline":"A","author":[{"name":"Jane Roe"},{"name":"Reuters"}]}'),
            "",
            ("Jane Roe", "Reuters"),
        ),  # a list of authors means what it says
        ("", "<p>By Land and by Sea.</p>", ()),  # a sentence
        ("", "<ul><li>By Ann A</li><li>By Bea B</li><li>By Cay C</li><li>By Dee D</li></ul>", ()),  # a list of books
        ('<meta property="og:type" content="article"><meta name="author" content="Lantern">', "", ("Lantern",)),
        ('<meta name="author" content="Lantern">', "", ()),  # a site signs its articles, not its lists
    ],
)
def test_bylines_on_pages(head: str, line: str, names: tuple[str, ...]) -> None:
    assert read(head, f"<h1>Port Ellery rebuilds its long pier</h1>{line}" + BODY).authors == names


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Jane Roe Sat, 21 May 2022", ["Jane Roe"]),
        ("By Mina Sun", ["Mina Sun"]),  # a weekday only where a number follows
        ("ByJane Roe", ["Jane Roe"]),
        ("By Byron Roe", ["Byron Roe"]),
        ("Jane Roe The Associated Press", ["Jane Roe"]),
        ("Jane Roe, Chief Technology Officer", ["Jane Roe"]),
        ("Jane Roe Foto: © Pier", ["Jane Roe"]),
        ("Ana &amp;amp; Eva", ["Ana", "Eva"]),  # escaped twice
        ("Eingestellt von Jane Roe", ["Jane Roe"]),
    ],
)
def test_what_stands_around_a_name(written: str, names: list[str]) -> None:
    assert authors.split(written) == names


@pytest.mark.parametrize(
    ("line", "published"),
    [
        ("<div>21 May 2024</div>", ["2024-05-21"]),
        ("<div>Published</div><div>May 21, 2024</div>", ["2024-05-21"]),
        ("<div>May 21, 2024</div><div>10:30</div>", ["2024-05-21T10:30"]),
        ("<time datetime='2024-05-21T08:00:00+02:00'>Tuesday</time>", ["2024-05-21T08:00:00+02:00"]),
        ("<div>Updated May 21, 2024</div>", []),
        ("<div>Last updated</div><div>May 21, 2024</div>", []),
        ("<div>May 20, 2024 | Updated May 21, 2024</div>", ["2024-05-20"]),
        ("<div>1716278400</div>", []),  # a number of something
        ("<aside>21 May 2024</aside>", []),  # another article's
        ("<div>On 21 May 2024 the board met.</div>", []),
    ],
)
def test_the_date_line_beside_a_headline(line: str, published: list[str]) -> None:
    body = f"<h1>Port Ellery rebuilds its long pier</h1>{line}{BODY}".encode()
    document = parse(Page(url="https://lantern.example/x", body=body))
    assert document is not None
    assert [w.text for w in dateline.dates_in(near.around(document), "en")] == published


def test_a_vague_date_gives_way_to_what_readers_see() -> None:
    found = read('<meta name="date" content="2024-05-25">', "<h1>A pier</h1><p>21 May 2024</p>" + BODY)
    assert found.published == "2024-05-21"


@pytest.mark.parametrize(
    ("shown", "published"),
    [
        ("<time datetime='2024-05-20T17:06:51-07:00'>5:06pm</time>", "2024-05-20T17:06:51-07:00"),
        ("<p>May 20, 2024 17:06</p>", "2024-05-20T17:06:51-07:00"),  # the same minute on a clock seven hours behind
        ("<p>May 20, 2024 17:09</p>", "2024-05-21T00:06:51+00:00"),  # another time: nothing is made of it
        ("<p>May 20, 2024</p>", "2024-05-21T00:06:51+00:00"),
    ],
)
def test_a_time_in_utc_is_told_by_the_page_s_own_clock(shown: str, published: str) -> None:
    head = ld('{"@type":"NewsArticle","headline":"A pier","datePublished":"2024-05-21T00:06:51Z"}')
    assert read(head, f"<h1>A pier</h1>{shown}" + BODY, captured_at=CAPTURED).published == published


ARTICLE = '"@type":"NewsArticle","headline":"A"'


@pytest.mark.parametrize(
    ("head", "paywall", "via"),
    [
        ("", None, None),
        (ld("{" + ARTICLE + ',"isAccessibleForFree":false}'), True, "json-ld"),
        (ld("{" + ARTICLE + ',"isAccessibleForFree":"http://schema.org/True"}'), False, "json-ld"),
        (ld("{" + ARTICLE + ',"hasPart":{"@type":"WebPageElement","isAccessibleForFree":"False"}}'), True, "json-ld"),
        (ld("{" + ARTICLE + ',"hasPart":[{"@type":"WebPageElement","isAccessibleForFree":"True"}]}'), None, None),
        (
            ld("{" + ARTICLE + ',"isAccessibleForFree":"False","description":"a "best" pier"}'),
            True,
            "json-ld",
        ),  # broken
        ('<meta property="article:content_tier" content="metered">', True, "meta:article:content_tier"),
        ('<meta property="article:content_tier" content="free">', False, "meta:article:content_tier"),
        ('<meta name="unpaid" content="false">', None, None),
        ('<meta name="x-ispaidcontent" content="false">', False, "meta:x-ispaidcontent"),
        ('<meta name="x-is_free" content="no">', True, "meta:x-is_free"),
        ('<meta name="premium" content="gold">', None, None),
    ],
)
def test_paywalls(head: str, paywall: bool | None, via: str | None) -> None:
    found = read(head)
    assert (found.paywall, found.provenance.get("paywall")) == (paywall, via)


@pytest.mark.parametrize(
    ("head", "body", "live"),
    [
        (ld('{"@type":"LiveBlogPosting","headline":"A","datePublished":"2024-05-30"}'), "", True),
        (ld("{" + ARTICLE + ',"coverageStartTime":"2024-05-30T10:00:00Z"}'), "", True),
        ("", '<div itemscope itemtype="https://schema.org/LiveBlogPosting"></div>', True),
        (ld("{" + ARTICLE + "}"), "", False),
    ],
)
def test_live_blogs(head: str, body: str, live: bool) -> None:
    found = read(head, body + BODY)
    assert (found.live_blog, "live_blog" in found.provenance) == (live, live)


def test_flags_survive_the_database() -> None:
    found = read(ld("{" + ARTICLE + ',"isAccessibleForFree":true}'))
    assert unpack(pack(found)[0]) == found
    assert unpack(pack(read())[0]).paywall is None


def test_keywords_are_each_once() -> None:
    found = read('<meta name="keywords" content="pier, Storm; storm,,' + "x" * 200 + '">')
    assert found.keywords == ("pier", "Storm")
