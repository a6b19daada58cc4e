"""Each page answers with what was stored, in each form, under the rules for headers, ids and errors."""

from __future__ import annotations

import csv
import io
import re
import threading
import time
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from lxml import html

from archive.query.overview import SourceCount
from archive.urls import article_id, url_key
from archive.web import links, render
from archive.web.app import DATASETTE_POLICY, POLICY
from archive.web.views.article import citation
from archive.web.views.front import last_day
from tests.store_helpers import article, new_store, put, snapshot, text_of
from tests.warc_tools import Clock
from tests.web_kit import COPY, EDITED, HARBOUR, TEXT, House, filled_house, make_folder, open_house

_ATOM = "{http://www.w3.org/2005/Atom}"
EVERY = ["/", "/search", "/search?q=harbour", "/sources", "/source/Courier", "/changes", "/gone", "{harbour}", "{edited}",
         "{edited}/diff", "/story/{story}"]  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return filled_house(tmp_path_factory.mktemp("web") / "a")


def path(house: House, template: str) -> str:
    names = {"harbour": house.ids[HARBOUR], "edited": house.ids[EDITED]}
    story = house.json(f"/article/{names['harbour']}.json")["story"]
    return template.format(**{name: f"/article/{value}" for name, value in names.items()}, story=story)


def shown(house: House, address: str) -> str:
    """Return a page's text, spaces folded."""
    answer = house.get(address)
    assert answer.status_code == 200, answer.text
    return " ".join(html.fromstring(answer.text).find("body").text_content().split())


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("/", ["Harbour opens again", "Budget is voted, narrowly", "1 copy", "6 articles", "1 gone since"]),
        ("/search?q=harbour", ["Harbour opens again", "1 story", "Courier", "Ann Author"]),
        ("/search?q=harbour&all=1", ["Harbour opens again", "Harbour is open", "2 articles"]),
        ("/search?q=harbour&source=Herald", ["Source: Herald", "Harbour is open"]),
        ("/search?q=nowhere", ["Nothing found", "Fewer words find more"]),
        ("/search?q=harbour&language=de", ["Nothing found", "Search without filters"]),
        ("{harbour}", ["By Ann Author, Bo Writer", "Published 1 May 2026, 08:00 (UTC+02:00), as the site's feed says.",
                       "divers found the old piles whole", "as printed beside the authors", "Who told it first", "1 capture"]),
        ("{edited}", ["When it was published is not known. First seen 1 May 2026, 06:05 UTC.", "214 thousand"]),
        ("{edited}@2026-05-01T06:05:00.000000Z", ["This is how it read from 1 May 2026, 06:05 UTC", "412 thousand"]),
        ("{edited}/diff", ["Revision 1 to 2 of 2", "The publisher changed it.", "412", "214", "unchanged"]),
        ("{harbour}/diff", ["It has one revision"]),
        ("/story/{story}", ["2 articles of 2 sources", "an exact copy of Courier, 90 minutes later, over 99% sure"]),
        ("/source/Courier", ["3 articles", "Ferry loses a sailing", "gone since 1 May 2026"]),
        ("/source/single.example", ["A single page", "though it is no source"]),
        ("/sources", ["Courier", "Herald", "Quiet", "3 sources with articles"]),
        ("/changes", ["Budget is voted, narrowly", "title changed, 1 paragraph changed"]),
        ("/changes?source=Herald", ["No article of this source was seen to change"]),
        ("/gone", ["Ferry loses a sailing", "gone 1 May 2026, 21:00 UTC"]),
    ],
)  # fmt: skip
def test_each_page_says_what_was_stored(house: House, template: str, told: list[str]) -> None:
    text = shown(house, path(house, template))
    assert [one for one in told if one not in text] == [], text


def test_an_article_reads_as_it_was_stored(house: House) -> None:
    page = html.fromstring(house.get(path(house, "{harbour}")).text)
    body = page.find_class("text")[0]
    assert "\n\n".join(p.text_content() for p in body.iter("p")) == TEXT
    assert (body.get("lang"), body.get("dir")) == ("en", "auto")
    [live] = [a for a in page.iter("a") if a.get("href") == HARBOUR]
    assert live.get("rel") == "noopener noreferrer nofollow"


def test_a_diff_marks_the_words_that_went_and_came(house: House) -> None:
    page = html.fromstring(house.get(path(house, "{edited}/diff")).text)
    assert ([e.text_content() for e in page.iter("del")], [e.text_content() for e in page.iter("ins")]) == (
        ["412 "], [", narrowly", "214 "])  # fmt: skip


def test_a_diff_of_named_revisions(house: House) -> None:
    address = path(house, "{edited}/diff.json")
    told = house.json(f"{address}?from=1&to=2")
    assert told["title"] == ["Budget is voted", "Budget is voted, narrowly"]
    assert [(p["kind"], p["number"]) for p in told["paragraphs"]] == [("changed", 2)]
    backwards = house.get(f"{path(house, '{edited}/diff')}?from=2&to=1")
    assert (backwards.status_code, "the first must be earlier" in backwards.text) == (400, True)


# -- forms


@pytest.mark.parametrize("template", EVERY)
def test_the_forms_that_a_page_names_are_there_and_of_their_type(house: House, template: str) -> None:
    page = html.fromstring(house.get(path(house, template)).text)
    named = {e.get("type"): e.get("href") for e in page.iter("link") if e.get("rel") == "alternate"}
    assert "application/json" in named
    for type_, href in named.items():
        answer = house.get(href)
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, type_)


@pytest.mark.parametrize(
    ("address", "listed"),
    [("/search{}?q=harbour&all=1", "hits"), ("/source/Courier{}", "newest"), ("/changes{}", "changes"), ("/gone{}", "gone"),
     ("/index{}", "stories"), ("/story/{story}{}", "members")],
)  # fmt: skip
def test_the_forms_of_a_list_agree(house: House, address: str, listed: str) -> None:
    address = address.replace("{story}", path(house, "{story}"))
    data = house.json(address.format(".json"))[listed]
    rows = list(csv.DictReader(io.StringIO(house.get(address.format(".csv")).text)))
    feed = ET.fromstring(house.get(address.format(".atom")).content)  # noqa: S314 - our own
    titles = [entry.findtext(f"{_ATOM}title") for entry in feed.iter(f"{_ATOM}entry")]
    assert len(data) > 0
    assert [row["id"] for row in rows] == [one["id"] for one in data]
    assert sorted(titles) == sorted(one["title"] for one in data)


def test_a_feed_is_an_atom_feed(house: House) -> None:
    feed = ET.fromstring(house.get("/search.atom?q=harbour").content)  # noqa: S314 - our own
    [entry] = feed.iter(f"{_ATOM}entry")
    assert feed.findtext(f"{_ATOM}updated") == entry.findtext(f"{_ATOM}updated") == "2026-05-01T06:00:00Z"
    assert entry.findtext(f"{_ATOM}published") == "2026-05-01T06:00:00Z"
    assert (entry.findtext(f"{_ATOM}id") or "").startswith("urn:uuid:")
    hrefs = {e.get("rel"): e.get("href") for e in entry.iter(f"{_ATOM}link")}
    assert hrefs == {"alternate": f"http://127.0.0.1:8001/article/{house.ids[HARBOUR]}", "via": HARBOUR}
    [self] = [e.get("href") for e in feed.findall(f"{_ATOM}link") if e.get("rel") == "self"]
    assert self == "http://127.0.0.1:8001/search.atom?q=harbour"


def test_a_host_that_is_none_is_not_repeated(house: House) -> None:
    answer = house.get("/gone.atom", headers={"host": 'evil"/><x'})
    assert (answer.status_code, "evil" in answer.text) == (421, False)


def test_facets_lead_to_what_they_count(house: House) -> None:
    told = house.json("/search.json?all=1")
    assert told["total"] == 6
    for name, number in told["facets"]["sources"].items():
        assert house.json(f"/search.json?all=1&source={name}")["total"] == number
    page = html.fromstring(house.get("/search?q=harbour").text)
    [add] = [
        a.get("href") for a in page.iter("a") if a.text_content() == "Ann Author" and "author=" in (a.get("href") or "")
    ]
    assert add == "?q=harbour&author=Ann+Author"
    assert house.json(f"/search.json{add}")["total"] == 1


def test_bars_are_links_to_their_time(house: House) -> None:
    page = html.fromstring(house.get("/search?all=1").text)
    bars = [a.get("href") for a in page.iter("a") if "since=" in (a.get("href") or "")]
    assert "?all=1&since=2026-05-01&until=2026-05-01" in bars


def test_pages_of_a_search_follow_each_other(house: House) -> None:
    seen: list[str] = []
    address = "/search.json?all=1&limit=2"
    while address:
        told = house.json(address)
        seen += [hit["id"] for hit in told["hits"]]
        address = told["next"]
    assert sorted(seen) == sorted(house.ids.values())


# -- addresses


@pytest.mark.parametrize(
    ("asked", "leads"),
    [
        ("/article/{copy}", None),
        ("/story/{copy}", "/story/{story}"),
        ("/story/{copy}.json", "/story/{story}.json"),
        ("/story/{story}", None),
    ],
)
def test_another_id_leads_to_the_page(house: House, asked: str, leads: str | None) -> None:
    names = {"copy": house.ids[COPY], "story": house.ids[HARBOUR]}
    answer = house.get(asked.format(**names))
    assert answer.headers.get("location") == (leads and leads.format(**names))
    assert answer.status_code == (302 if leads else 200)


def test_an_alias_leads_to_the_article_with_what_was_asked_of_it(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "a")
    store = new_store(folder.archive_db)
    with store.transaction():
        put(store, snapshot("https://a.example/one", 0), article(TEXT, "One"))
        other = url_key("https://a.example/two")
        store.db.conn.execute("INSERT INTO aliases (key, id, article) VALUES (?, ?, 1)", (other, article_id(other)))
    store.close()
    here = open_house(folder)
    own, alias = here.ids["https://a.example/one"], article_id(other)
    times = ("@2026-05-01T06:00:00.000000Z", "@%0D%0ASet-Cookie:%20a%3Db", "@2026%3Fb", "@%D8%B3")
    for rest in ("", ".json", *times, "/diff", "/diff.json?to=1"):
        answer = here.get(f"/article/{alias}{rest}")
        assert (answer.status_code, answer.headers["location"]) == (302, f"/article/{own}{rest}")


@pytest.mark.parametrize(
    ("address", "status", "told"),
    [
        ("/article/a-aaaaaaaaaaaa", 404, "There is no article with the id a-aaaaaaaaaaaa."),
        ("/article/x", 404, "No such article"),
        ("/article/%FF%00", 404, "No such article"),
        ("/article/a-aaaaaaaaaaaa/diff", 404, "No such article"),
        ("/story/a-aaaaaaaaaaaa", 404, "No such story"),
        ("/source/Nobody", 404, "No such source"),
        ("/source/Courier?page=0", 400, "No such page"),
        ("/search?since=yesterday", 400, "'yesterday' is not a date. Write it like 2026-05-01"),
        ("/search?sort=random", 400, "Use one of: relevance, newest, oldest."),
        ("/search?kind=odd", 400, "No such kind"),
        ("/search?page=x", 400, "“page” is a number from 1 to 500"),
        ("/search?q=harbour&page=1" + "0" * 5000, 400, "“page” is a number from 1 to 500"),
        ("/search?q=harbour&page=0000000019999", 400, "“page” is a number from 1 to 500"),  # small as far as it is read
        ("/source/Courier?page=000001" + "0" * 5000, 400, "No such page"),
        ("/search?" + "&".join(f"a{n}=1" for n in range(200)), 400, "more fields"),
        ("/changes?before=now", 400, "“now” is not a time."),
        ("/nothing-here", 404, "Nothing here"),
        ("/article", 404, "Nothing here"),
        ("/-/morgue/morgue-000000000000.css", 404, "Nothing here"),
    ],
)
def test_what_cannot_be_answered_is_a_page_in_plain_words(house: House, address: str, status: int, told: str) -> None:
    answer = house.get(address)
    text = " ".join(html.fromstring(answer.text).text_content().split())
    assert (answer.status_code, told in text) == (status, True), text
    assert "Traceback" not in answer.text


def test_a_list_is_no_longer_than_a_list_may_be(house: House) -> None:
    refused = house.get("/search.json?q=harbour&limit=0000000019999")
    assert (refused.status_code, "a number from 1 to 200" in refused.text) == (400, True)


@pytest.mark.parametrize(
    ("days", "last"),
    [
        (["2026-05-02"], "2026-05-03"),
        (["2025-11-20", "2025-11-21"], "2025-11-21"),  # it sleeps
        (["2026-05-02", "9999-12-31"], "2026-05-03"),  # a stranger's file
        (["2025-11-21", "2026-05-04"], "2025-11-21"),
        (["0001-01-15"], "2026-05-03"),  # there are no thirty days before it
        (["2026-04-03"], "2026-04-03"),
        (["2026-04-04"], "2026-05-03"),
        ([], "2026-05-03"),
    ],
)
def test_on_which_day_the_charts_end(days: list[str], last: str) -> None:
    known = [SourceCount(f"Paper {n}", 1, f"{day}T06:00:00.000000Z") for n, day in enumerate(days)]
    assert last_day(known, date(2026, 5, 3)) == date.fromisoformat(last)


def test_a_revision_that_is_not_there(house: House) -> None:
    answer = house.get(path(house, "{edited}@2020-01-01"))
    assert (answer.status_code, "No such revision" in answer.text) == (404, True)


def test_a_program_gets_its_refusal_as_json(house: House) -> None:
    answer = house.get("/search.json?sort=random")
    assert (answer.status_code, answer.json()["error"]) == (400, "No such order")
    assert house.get(path(house, "{harbour}.csv")).status_code == 404


def test_nothing_can_be_sent(house: House) -> None:
    assert house.get("/search", method="POST").status_code == 405
    head = house.get("/search", method="HEAD")
    assert (head.status_code, head.content, int(head.headers["content-length"]) > 1000) == (200, b"", True)


@pytest.mark.parametrize(
    "name", ["Evening Paper", "a/b", "..", ".", "x.json", "100%", "~2F", "ä?#&\"'<b>", "日本", "\u202eabc", "a\\b"]
)
def test_a_source_of_any_name_has_a_page(tmp_path: Path, name: str) -> None:
    folder = make_folder(tmp_path / "a")
    store = new_store(folder.archive_db)
    with store.transaction():
        put(store, snapshot("https://a.example/one", 0, source=name), article(TEXT, "One title"))
    store.close()
    here = open_house(folder)
    page = html.fromstring(here.get("/sources").text)
    [href] = [a.get("href") for a in page.iter("a") if (a.get("href") or "").startswith("/source/")]
    answer = here.get(href)
    assert (answer.status_code, "One title" in answer.text) == (200, True)
    assert here.json(f"{href}.json")["name"] == name


# -- headers, limits, failures


@pytest.mark.parametrize("template", [*EVERY, "/article/a-aaaaaaaaaaaa", "/index.json", "/gone.csv", "/changes.atom"])
def test_every_page_of_ours_has_the_strict_policy(house: House, template: str) -> None:
    headers = house.get(path(house, template)).headers
    assert headers["content-security-policy"] == POLICY
    assert "script-src" not in POLICY
    assert "unsafe" not in POLICY
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


def test_datasettes_pages_reach_nothing_but_this_server_and_wear_the_same_head(house: House) -> None:
    for address in ("/archive", "/archive/articles_view", "/archive/newest", "/nothing"):
        answer = house.get(address)
        assert answer.headers["content-security-policy"] == DATASETTE_POLICY
        page = html.fromstring(answer.text)
        assert {"/", "/sources", "/changes", "/gone", "/archive"} <= {a.get("href") for a in page.iter("a")}
        assert render.style("morgue")[0] in [e.get("href") for e in page.iter("link")]
    assert "http" not in DATASETTE_POLICY


@pytest.mark.parametrize("template", EVERY)
def test_pages_load_nothing_but_our_style_sheet(house: House, template: str) -> None:
    page = html.fromstring(house.get(path(house, template)).text)
    assert [e.tag for e in page.iter("script", "img", "iframe", "object", "embed", "style", "video", "base")] == []
    assert [
        e.tag
        for e in page.iter()
        if isinstance(e.tag, str) and ("style" in e.attrib or any(k.startswith("on") for k in e.attrib))
    ] == []
    loaded = [e.get("href") for e in page.iter("link") if e.get("rel") in {"stylesheet", "icon"}]
    assert [one for one in loaded if not one.startswith(("/-/morgue/", "data:"))] == []
    sheet = house.get(loaded[0])
    assert (sheet.status_code, "immutable" in sheet.headers["cache-control"]) == (200, True)
    assert re.findall(r"url\(|@import", sheet.text) == []


@pytest.mark.parametrize("template", EVERY)
def test_headings_are_in_order_and_fields_have_labels(house: House, template: str) -> None:
    page = html.fromstring(house.get(path(house, template)).text)
    levels = [int(e.tag[1]) for e in page.iter("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [e.get("id") for e in page.iter() if isinstance(e.tag, str) and e.get("id")]
    assert len(ids) == len(set(ids))
    labelled = {e.get("for") for e in page.iter("label")}
    assert [e.get("name") for e in page.iter("input", "select") if e.get("id") not in labelled] == []
    assert page.get("lang") == "en"
    [skip] = [a.get("href") for a in page.iter("a") if a.get("class") == "skip"]
    assert skip == "#main"


@pytest.mark.parametrize("template", sorted(render.TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_no_template_marks_anything_as_safe(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert re.findall(r"\|\s*safe|autoescape|Markup|\|\s*tojson", text) == []


def test_a_page_that_takes_too_long_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.web.app.TIME_LIMIT", -1.0)
    monkeypatch.setattr("archive.query.reader._STEPS", 1)
    answer = house.get("/gone")
    assert (answer.status_code, "That took too long" in answer.text) == (503, True)


def test_a_count_that_takes_long_keeps_no_page_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from archive.query.overview import counts

    here = filled_house(tmp_path / "a")
    go_on = threading.Event()

    def slowly(*args: Any, **options: Any) -> object:
        go_on.wait(20)
        return counts(*args, **options)

    monkeypatch.setattr("archive.web.app._PATIENCE", 0.2)
    monkeypatch.setattr("archive.web.views.front.counts", slowly)
    waiting = here.get("/")
    assert (waiting.status_code, "The archive is being counted" in waiting.text) == (503, True)
    assert here.get("/search?q=harbour").status_code == 200
    go_on.set()
    for _ in range(100):
        if (answer := here.get("/")).status_code == 200:
            break
        time.sleep(0.05)
    assert "6 articles" in " ".join(html.fromstring(answer.text).text_content().split())
    clock = here.app._clock
    assert isinstance(clock, Clock)
    go_on.clear()
    clock.when += timedelta(minutes=5)
    assert here.get("/").status_code == 200  # with the last count
    go_on.set()


def test_a_mistake_of_ours_is_a_page_and_a_line_in_the_log(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> object:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr("archive.web.views.edits.gone", broken)
    answer = house.get("/gone")
    assert (answer.status_code, "That went wrong" in answer.text, "secret" in answer.text) == (500, True, False)
    assert "no answer to /gone" in caplog.text


def test_a_database_that_is_gone_is_said(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "a")
    new_store(folder.archive_db).close()
    here = open_house(folder)
    folder.archive_db.unlink()
    answer = here.get("/")
    assert (answer.status_code, "The archive cannot be read" in answer.text) == (503, True)


def test_an_empty_archive_says_what_to_do(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "a")
    new_store(folder.archive_db).close()
    here = open_house(folder)
    for address, told in (("/", "morgue sources add URL"), ("/search", "Nothing found"), ("/sources", "No source has"),
                          ("/changes", "was seen to change"), ("/gone", "Nothing is known to be gone")):  # fmt: skip
        assert told in shown(here, address)


def test_pages_are_read_while_a_writer_writes(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "a")
    store = new_store(folder.archive_db)
    with store.transaction():
        put(store, snapshot("https://a.example/one", 0), article(TEXT, "One title"))
    here = open_house(folder)
    with store.transaction():
        put(store, snapshot("https://a.example/two", 1), article(text_of("two"), "Two title"))
        assert "Two title" not in shown(here, "/")
    assert "Two title" in shown(here, "/")
    store.close()


# -- small functions


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://news.example/a?b=c#d", True),
        ("HTTP://NEWS.example/", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)//https://news.example", False),
        ("data:text/html,<script>", False),
        ("https://news.example/\n", False),
        (" https://news.example/", False),
        ('https://news.example/"onclick="', False),
        ("https://news.example/\u202etxt", False),
        ("https://", False),
        ("//news.example/", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_only_addresses_of_the_web_become_links(url: str, link: bool) -> None:
    assert (links.web(url) == url) is link


def test_a_citation_names_a_revision_and_no_more_than_three_authors() -> None:
    about = {"authors": list("ABCD"), "title": "T", "source": None, "domain": "d.example", "id": "a-x", "published": None,
             "published_precision": None, "url": "https://d.example/t", "last_seen": "2026-05-02T00:00:00.000000Z"}  # fmt: skip
    revision = {"title": "Then", "seen_from": "2026-05-01T00:00:00.000000Z"}
    assert citation(about, revision) == (
        "A, B, C et al.: “Then”. d.example, undated. https://d.example/t (as seen on 1 May 2026; archive id "
        "a-x@2026-05-01T00:00:00.000000Z)."
    )


@pytest.mark.parametrize(("failures", "status"), [(1, 200), (2, 200), (3, 503)])
def test_a_database_that_is_being_swapped_is_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch, failures: int, status: int
) -> None:
    from archive.errors import DatabaseError
    from archive.web import app

    left, real = [DatabaseError("database disk image is malformed")] * failures, app.open_reader

    def opened(*words: Any, **options: Any) -> Any:
        if left:
            raise left.pop()
        return real(*words, **options)

    monkeypatch.setattr(app, "open_reader", opened)
    assert house.get("/sources").status_code == status
