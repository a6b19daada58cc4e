"""What strangers wrote appears as text on every page and comes back as stored; what opts out appears in public nowhere."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from lxml import html

from archive.web.serve import PUBLIC_SETTINGS
from crawler.cli import group
from tests.store_helpers import article, new_store, put, snapshot, text_of
from tests.web_kit import COPY, EDITED, GONE, HARBOUR, OUT, House, filled_house, make_folder, open_house

STRINGS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></textarea></style><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "=1+1",
    "+cmd|' /C calc'!A0",
    "@SUM(1)",
    "\u202etxet desrever\u202c \u2066isolated",
    "bell\x07 escape\x1b[31m red\x9b2J",
    "nul\x00 within",
    "]]>&lt;&#x3c;script&gt;",
    "\ufffe\uffff\ufdd0 nonchars",
    "Zalgo T̗̺͖̹̯͓Ṯ̤͍̥͇͈h̲́e͏͓̼̗̙̼̣͔",
    "🏳️‍🌈 👩‍👩‍👧 田中さん ﷽",
    "%00%0d%0aSet-Cookie:a=b",
    "../../../etc/passwd",
    "' OR 1=1; DROP TABLE articles --",
    "https://evil.example/\r\nX: y",
]  # fmt: skip


def naughty(corpus: Path) -> list[str]:
    """Return the strings of the corpus."""
    [found] = (corpus / "suites" / "security").rglob("blns.json")
    return [one for one in json.loads(found.read_text(encoding="utf-8")) if isinstance(one, str)]


def hostile_house(root: Path, strings: list[str]) -> House:
    """Return an archive where each string is title, author, text, source and path of an article, and came by an edit."""
    folder = make_folder(root)
    store = new_store(folder.archive_db)
    with store.transaction():
        for number, string in enumerate(strings):
            url = f"https://site{number}.example/{quote(string, safe='', errors='replace')}"
            words = f"{string}\n\n{text_of(f'w{number}x')}"
            more = {"authors": (string,), "published_via": string, "published": "2026-05-01", "language": string[:20]}
            more |= {"section": string, "provenance": {"title": string, "text": string}}
            put(store, snapshot(url, number, source=string or None), article(f"{words} before", "Earlier", **more))
            put(store, snapshot(url, number + 1000, source=string or None), article(words, string, **more))
    store.close()
    return open_house(folder)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> House:
    return hostile_house(tmp_path_factory.mktemp("web") / "a", STRINGS)


def as_shown(text: str) -> str:
    """Return a text as a page shows it: control characters and overrides are taken out, spaces folded."""
    from archive.console import plain

    return " ".join(plain(text).split())


def looked_at(answer_text: str) -> tuple[html.HtmlElement, str]:
    page = html.fromstring(answer_text)
    assert [
        e.tag for e in page.iter("script", "img", "iframe", "svg") if e.get("onload") or e.tag in {"script", "img"}
    ] == []
    for element in page.iter():
        if isinstance(element.tag, str):
            assert [name for name in element.attrib if name.startswith("on") or name == "style"] == []
            for name in ("href", "src", "action"):
                assert re.match(r"(https?://|/|\?|#|data:image/svg|$)", element.get(name) or ""), element.get(name)
    return page, " ".join(page.text_content().split())


def test_every_page_shows_it_as_text(hostile: House) -> None:
    assert len(hostile.ids) == len(STRINGS)
    for url, name in hostile.ids.items():
        string = STRINGS[int(re.search(r"site(\d+)", url)[1])]  # type: ignore[index]
        for address in (f"/article/{name}", f"/article/{name}/diff", f"/story/{name}"):
            answer = hostile.get(address)
            assert answer.status_code == 200, (address, string)
            page, text = looked_at(answer.text)
            assert as_shown(string) in text, address
            assert page.find("head/title").text is not None
        told = hostile.json(f"/article/{name}.json")
        assert (told["title"], told["authors"], told["url"]) == (string, [string], url)


@pytest.mark.parametrize(
    "address", ["/", "/search?all=1&sort=oldest", "/sources", "/changes", "/search?all=1&page=1&q="]
)
def test_every_list_shows_it_as_text(hostile: House, address: str) -> None:
    answer = hostile.get(address)
    assert answer.status_code == 200
    _, text = looked_at(answer.text)
    assert "{{ 7 * 7 }}" in text
    assert "\u202e" not in answer.text


@pytest.mark.parametrize("string", STRINGS)
def test_whatever_is_typed_is_searched_for_and_repeated_as_text(hostile: House, string: str) -> None:
    for field in ("q", "source", "author", "language"):
        answer = hostile.get(f"/search?{field}={quote(string, safe='')}")
        assert answer.status_code == 200, field
        looked_at(answer.text)
    for field in ("since", "until", "sort", "kind", "page"):
        answer = hostile.get(f"/search?{field}={quote(string, safe='')}")
        assert answer.status_code == 400, field
        looked_at(answer.text)
    for path in ("/article/{}", "/story/{}", "/source/{}x", "/article/{}/diff", "/{}"):
        answer = hostile.get(path.format(quote(string, safe="")))
        assert answer.status_code in {404, 302}, path
        if answer.status_code == 404:
            looked_at(answer.text)


def test_cells_are_no_formulas_and_feeds_are_xml(hostile: House) -> None:
    rows = list(csv.reader(io.StringIO(hostile.get("/search.csv?all=1").text)))
    assert len(rows) == 1 + len(STRINGS)
    assert [cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@", "\t", "\r"}] == []
    for address in ("/search.atom?all=1", "/changes.atom", "/index.atom"):
        feed = ET.fromstring(hostile.get(address).content)  # noqa: S314 - our own
        assert len(feed) > 10
        assert [e.get("href") for e in feed.iter() if (e.get("href") or "").startswith("javascript")] == []


def test_an_address_that_is_none_of_the_web_is_text(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "a")
    store = new_store(folder.archive_db)
    with store.transaction():
        put(store, snapshot("https://a.example/one", 0), article(text_of("one"), "One"))
        store.db.conn.execute("UPDATE articles SET url = 'javascript:alert(1)'")
    store.close()
    here = open_house(folder)
    answer = here.get(f"/article/{here.ids['javascript:alert(1)']}")
    _, text = looked_at(answer.text)
    assert "javascript:alert(1)" in text
    assert "The live page" not in text


# -- in public


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> House:
    return filled_house(tmp_path_factory.mktemp("web") / "a", public=True)


@pytest.mark.parametrize(
    "address",
    ["/", "/index.json", "/index.atom", "/search?all=1", "/search.json?q=quiet", "/search.csv?q=",
     "/search.atom?q=quiet", "/sources", "/sources.json",
     "/source/Quiet", "/source/quiet.example", "/changes", "/gone", "/article/{out}", "/article/{out}.json",
     "/article/{out}/diff", "/story/{out}", "/archive", "/archive.json?sql=select+title+from+articles", "/archive/newest",
     "/archive.db", "/-/databases.json", "/article/{harbour}/archived", "/-/metadata"],
)  # fmt: skip
def test_what_opts_out_is_nowhere_in_public(public: House, address: str) -> None:
    answer = public.get(address.format(out=public.ids[OUT], harbour=public.ids[HARBOUR]))
    assert "Quiet matter" not in answer.text
    if answer.status_code == 200:
        assert "Quiet" not in answer.text
    closed = address.startswith(("/archive", "/-/", "/source/", "/article/", "/story/"))
    assert answer.status_code == (404 if closed else 200)


def test_the_same_is_there_on_ones_own_machine(tmp_path: Path) -> None:
    here = filled_house(tmp_path / "a")
    for address in ("/", "/search?q=quiet", "/sources", "/source/Quiet", f"/article/{here.ids[OUT]}"):
        assert "Quiet" in here.get(address).text
    assert here.json("/index.json")["counts"]["stories"] == 5
    assert "Its site asks to be left out" in here.get(f"/article/{here.ids[OUT]}").text
    assert here.get("/archive.db").status_code in {403, 404}  # downloads are off here, too


def test_public_pages_show_the_rest_and_no_place_on_this_machine(public: House) -> None:
    assert public.json("/index.json")["counts"] == {"articles": 5, "stories": 4, "captures": 8, "gone": 1, "sources": 2}
    assert public.json("/search.json?all=1")["total"] == 5
    for url in (HARBOUR, COPY, EDITED, GONE):
        page = public.get(f"/article/{public.ids[url]}")
        assert (page.status_code, "archived" in page.text, ".warc" in page.text) == (200, False, False)
        assert ".warc" not in public.get(f"/article/{public.ids[url]}.json").text
    assert 'href="/archive"' not in public.get("/").text


def test_the_command_says_what_public_switches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_folder(tmp_path / "a")
    (folder.root / "sources.toml").write_text("", encoding="utf-8")
    asked: list[bool] = []

    def served(_: object, *, public: bool, on_ready: Callable[[str], None], **_more: object) -> None:
        asked.append(public)
        on_ready("http://127.0.0.1:1/")

    monkeypatch.setattr("archive.web.serve.serve_archive", served)
    for words in (["serve", "--public"], ["serve"]):
        done = CliRunner().invoke(group, ["-a", str(folder.root), *words])
        assert done.exit_code == 0, done.output
        assert all(f"--public: {setting}." in done.output for setting in PUBLIC_SETTINGS) is ("--public" in words)
    assert asked == [True, False]


def test_a_copy_that_opts_out_is_in_no_story_in_public(tmp_path: Path) -> None:
    from archive.model import Signal

    folder = make_folder(tmp_path / "a")
    store = new_store(folder.archive_db)
    words, out = text_of("one"), (Signal(name="noindex", via="meta:robots", value="noindex"),)
    with store.transaction():
        put(store, snapshot("https://a.example/one", 0, source="A"), article(words, "Quiet first", signals=out))
        put(store, snapshot("https://b.example/two", 5, source="B"), article(words, "Open second"))
    store.close()
    here = open_house(folder, public=True)
    story = here.ids["https://a.example/one"]
    assert here.json("/index.json")["counts"]["stories"] == 1
    for address in (f"/story/{story}", f"/article/{here.ids['https://b.example/two']}", "/search?q=one0", "/"):
        answer = here.get(address)
        assert (answer.status_code, "Open second" in answer.text, "Quiet first" in answer.text) == (200, True, False), (
            address
        )
    assert [row["title"] for row in here.json(f"/story/{story}.json")["members"]] == ["Open second"]
