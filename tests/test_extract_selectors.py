"""Selectors of a source: what they pick, what they refuse, and that the rest is read as ever."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from archive.errors import SourcesError
from archive.extract import Page
from archive.extract.extract import extract
from archive.extract.selectors import apply
from archive.sources import parse_sources
from archive.sources.selector import SelectorError, xpath_of
from tests.test_extract_verdict import BODY, SENTENCES, URL, document

MORE = "Nobody had expected the vote to be so clear, least of all those who had asked for it in the autumn."
STORY = (
    "<nav><h2 class=kicker>Harbour</h2></nav><h1>The pier | The Lantern daily news</h1>"
    "<div class=who>By <b>Ines Marlow</b> and Tom Okafor, staff</div>"
    "<p class=when data-at='2026-04-30T09:15:00+02:00'>on Thursday</p>"
    f"<div class=story><p>{SENTENCES[0]} {MORE}</p>"
    "<div class=promo><p>Subscribe to our letters, the best of all letters.</p></div> loose end "
    f"<h3>Why</h3><p>{SENTENCES[1]} <b>Now</b>.</p><ul><li>one</li><li>two</li></ul><script>x()</script></div>"
    f"<div class=more><p>{SENTENCES[2]}</p></div>"
)


def read(**selectors: str):  # type: ignore[no-untyped-def]
    return extract(_page(**selectors))


def _page(body: str = STORY, captured_at: datetime | None = None, **selectors: str) -> Page:
    whole = f"<html lang=en><head><title>The pier</title></head><body>{body}</body></html>"
    return Page(url=URL, body=whole.encode(), selectors=selectors, captured_at=captured_at)


def test_text_keeps_paragraphs_headings_and_lists() -> None:
    found = read(text="div.story", remove=".promo")
    assert (found.text or "").split("\n\n") == [
        f"{SENTENCES[0]} {MORE}", "loose end", "Why", f"{SENTENCES[1]} Now.", "- one\n- two",
    ]  # fmt: skip
    assert "### Why" in (found.markdown or "")
    assert "**Now**" in (found.markdown or "")
    assert found.provenance["text"] == "selector"
    assert "selectors" not in found.provenance


def test_several_elements_in_order_and_none_twice() -> None:
    found = read(text="div.more, div.story, div.story p")
    assert (found.text or "").count(SENTENCES[0]) == 1
    assert (found.text or "").index(SENTENCES[0]) < (found.text or "").index(SENTENCES[2])


def test_title_authors_and_date_go_before_everything_else() -> None:
    found = read(title=".kicker", authors=".who", published=".when::attr(data-at)")
    assert (found.title, found.authors) == ("Harbour", ("Ines Marlow", "Tom Okafor"))
    assert (found.published, found.published_via) == ("2026-04-30T09:15:00+02:00", "selector")
    assert {found.provenance[name] for name in ("title", "authors", "published")} == {"selector"}


@pytest.mark.parametrize(
    "selector",
    [
        "//div[@class='who']/b",  # XPath
        "./body/div/b",
        "(//b)[1]",
        ".who b",
        ".who b::text",
        "//div[@class='who']/b/text()",
    ],
)
def test_css_and_xpath_find_the_same(selector: str) -> None:
    assert read(authors=selector).authors == ("Ines Marlow",)


def test_what_is_removed_is_gone_for_every_field() -> None:
    page = _page(f"<h1>The pier rebuilt</h1><h1 class=x>The pier again</h1>{BODY}", remove="h1:not(.x)")
    assert extract(page).title == "The pier again"
    assert "Subscribe" not in (read(remove="div.promo").text or "")
    assert "loose end" in (read(text=".story", remove="div.promo").text or "")  # stands after it, not in it


def test_where_a_selector_finds_nothing_the_page_is_read_as_ever() -> None:
    plain, missed = read(), read(text=".nowhere", title="h6", published="h1", remove="video")
    assert (missed.text, missed.title, missed.published) == (plain.text, plain.title, plain.published)
    assert missed.provenance == {**plain.provenance, "selectors": "nothing found: remove, text, title, published"}


def test_a_date_after_the_capture_is_not_believed() -> None:
    when = datetime(2026, 4, 29, tzinfo=UTC)
    found = extract(_page(captured_at=when, published=".when::attr(data-at)"))
    assert found.published_via != "selector"
    assert found.provenance["selectors"] == "nothing found: published"


def test_selectors_make_no_article_of_an_error_page() -> None:
    page = Page(url=URL, body=b"<title>404 Not Found</title><p>Not here.</p>", selectors={"text": "p"})
    assert extract(page).reason == "error-page"


@pytest.mark.parametrize("selector", ["//p/following-sibling::p", "p + p", "p ~ p", "//p[ancestor::div[.//p[.//b]]]"])
def test_a_costly_selector_is_not_asked_of_an_enormous_page(selector: str) -> None:
    enormous = document(f"<div>{BODY * 7000}</div>")
    begun = time.process_time()
    assert apply(replace(enormous, page=replace(enormous.page, selectors={"text": selector}))).missed == ("text",)
    assert time.process_time() - begun < 5  # it would take minutes
    usual = document(f"<div>{BODY * 3}<b>x</b></div>")
    assert apply(replace(usual, page=replace(usual.page, selectors={"text": selector.replace("//b", "//node()")}))).text


def test_without_selectors_nothing_is_touched() -> None:
    assert apply(document(BODY)).missed == ()


@pytest.mark.parametrize(
    ("selector", "why"),
    [
        ("div[", "no CSS selector"),
        ("//div[", "no XPath"),
        ("//a/@", "no XPath"),
        ("//x:y", "no XPath"),  # a prefix that nobody declared
        ("/count(//p)", "no XPath"),
        ("(count(//p))", "not elements"),
        ("//p[re:test(., '(a+)+$')]", "re:test"),  # EXSLT: exponential expressions
        ("//p[document('http://lantern.example/')]", "document"),
        ("//p[$x]", "variables"),
        ("//p/preceding::p", "preceding"),
        ("//p/following::p[1]", "following"),
        ("//p[//a = .]", "slow"),  # for each paragraph the whole page
        ("//p[count(//a) > 1]", "slow"),
        ("//*//*//*//*//*", "slow"),
        ("//a[b[c[d[e]]]]", "slow"),
        ("a ~ b ~ c ~ d ~ e ~ f", "slow"),
        ("p" * 400, "longer"),
    ],
)
def test_what_is_no_selector_or_could_take_forever_is_refused(selector: str, why: str) -> None:
    with pytest.raises(SelectorError, match=why):
        xpath_of(selector)


@pytest.mark.parametrize(
    "selector",
    [
        "//div[contains(concat(' ', @class, ' '), ' story ')]//p[not(ancestor::aside)]",
        "//p[.//a]",
        "//time/@datetime",
        "//div[@title='a/b [//c] $1']",  # in quotes anything may stand
        "//p/following-sibling::p",
        "article > p:nth-child(2), h1 + p",
        "div:has(> p)",
    ],
)
def test_what_people_write_is_taken(selector: str) -> None:
    assert xpath_of(selector)


SOURCES = '# mine\n[[source]]\nname = "a"\nurl = "https://a.example/"\n\n[[source]]\nname = "paper"\nurl = "https://b.example/"\n'


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('selectors = { text = "div[" }', ["source 'paper'", "line 9", "'text'", "Write one like"]),
        ('selectors = { texts = "div" }', ["line 9", "did you mean 'text'", "remove"]),
        ("\n[source.selectors]\ntitle = '//h1[//a]'", ["line 10", "'title'", "Begin paths inside [ ] with ./"]),
    ],
)
def test_a_wrong_selector_is_named_when_the_file_is_read(line: str, words: list[str]) -> None:
    with pytest.raises(SourcesError) as caught:
        parse_sources(SOURCES + line)
    assert [word for word in words if word not in str(caught.value)] == []
