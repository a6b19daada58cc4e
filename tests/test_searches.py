"""Saved searches: as a person writes them, as commands change them, as pages and feeds show them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from archive.errors import SourcesError
from archive.folder import ArchiveFolder
from archive.sources import SavedSearch, add_search, load_sources, parse_sources, rename_source
from archive.sources.read import _SEARCH_KEYS
from archive.web import links
from crawler.cli import group
from tests.web_kit import HARBOUR, House, fill, make_folder, open_house

_ATOM = "{http://www.w3.org/2005/Atom}"
FILE = """\
contact = "mailto:desk@paper.example"  # mine

[[source]]
name = "Courier"
url = "https://courier.example/"

# what the desk watches
[[search]]
name = "harbour"
words = 'harbour OR "tide mill"'  # both

[[search]]
name = "theirs"
source = "Courier"
since = 2026-04-01

[[source]]
name = "Herald"
url = "https://herald.example/"
"""


@pytest.fixture
def folder(tmp_path: Path) -> ArchiveFolder:
    made = make_folder(tmp_path / "a")
    made.sources.write_text(FILE, encoding="utf-8")
    return made


def morgue(folder: ArchiveFolder, *words: str) -> Any:
    return CliRunner().invoke(group, ["-a", str(folder.root), *words])


# -- the file


def test_an_entry_is_read_with_its_filters() -> None:
    text = """[[search]]
name = "all of it"
words = "harbour -cruise"
source = "Courier"
language = "en"
author = "Ann"
kind = "new"
since = 2026-05
until = "2026-05-01T06:00:00Z"
all = true
""".replace("2026-05\n", '"2026-05"\n')
    [search] = parse_sources(text).searches
    assert search == SavedSearch(
        name="all of it", words="harbour -cruise", source="Courier", language="en", author="Ann", kind="new", since="2026-05",
        until="2026-05-01T06:00:00Z", all=True)  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ('words = "x"', ["key 'name'", "is missing", 'name = "harbour"']),
        ('name = "x"\nword = "y"', ["search 'x', key 'word'", "did you mean 'words'?"]),
        ('name = "x"\nlimit = 3', ["search 'x', key 'limit'", "Known here: all, author"]),
        ('name = "a/b"', ["search 'a/b', key 'name'", "letters, digits"]),  # it stands in a path
        ('name = "x"\nwords = 3', ["search 'x', key 'words'", "a text in quotes"]),
        ('name = "x"\nkind = "copy"', ["key 'kind'", "one of new, exact"]),
        ('name = "x"\nsince = "2026-13"', ["key 'since'", "like 2026-05-01"]),
        ('name = "x"\nuntil = "last week"', ["key 'until'", "like 2026-05-01"]),
        ('name = "x"\nall = "yes"', ["key 'all'", "true or false"]),
        ('name = "x"\n[[search]]\nname = "x"', ["search 'x'", "two searches have this name"]),
    ],
)
def test_a_wrong_entry_is_named_with_what_is_allowed(entry: str, told: list[str]) -> None:
    with pytest.raises(SourcesError) as error:
        parse_sources(f"[[search]]\n{entry}\n", path="/a/sources.toml")
    assert [one for one in ("/a/sources.toml", *told) if one not in str(error.value)] == []


def test_a_key_at_the_wrong_place_is_told_where_it_belongs() -> None:
    with pytest.raises(SourcesError, match=r"It belongs under a line \[\[search\]\]"):
        parse_sources('words = "x"\n')


def test_every_key_is_documented() -> None:
    page = (Path(__file__).parent.parent / "docs" / "sources.md").read_text(encoding="utf-8")
    part = page[page.index("## Saved searches") :]
    assert [key for key in _SEARCH_KEYS if f"| `{key}` |" not in part] == []


def test_adding_and_removing_leaves_every_other_line_as_it_was(folder: ArchiveFolder) -> None:
    add_search(folder.sources, SavedSearch(name="new one", words='a "b" \\ c', all=True))
    text = folder.sources.read_text(encoding="utf-8")
    assert text.startswith(FILE)
    assert load_sources(folder.sources).search_by_name("new one") == SavedSearch(
        name="new one", words='a "b" \\ c', all=True
    )
    assert morgue(folder, "searches", "remove", "theirs").exit_code == 0
    left = folder.sources.read_text(encoding="utf-8")
    assert left == text.replace('[[search]]\nname = "theirs"\nsource = "Courier"\nsince = 2026-04-01\n', "")


def test_a_source_that_is_renamed_keeps_its_searches(folder: ArchiveFolder) -> None:
    rename_source(folder.sources, "Courier", "Morning Courier")
    file = load_sources(folder.sources)
    assert [source.name for source in file.sources] == ["Morning Courier", "Herald"]
    assert [search.source for search in file.searches] == [None, "Morning Courier"]
    assert "words = 'harbour OR \"tide mill\"'  # both" in folder.sources.read_text(encoding="utf-8")


# -- the commands


def test_searches_are_added_listed_and_removed(folder: ArchiveFolder) -> None:
    done = morgue(folder, "searches", "add", "quiet", "harbour", "-cruise", "--language", "en", "--all")
    assert done.exit_code == 0, done.output
    listed = json.loads(morgue(folder, "searches", "list", "--json").stdout)
    assert listed[-1] == {"name": "quiet", "words": "harbour -cruise", "language": "en", "all": True}
    assert "harbour -cruise, language en, all" in morgue(folder, "searches", "list").stdout
    again = morgue(folder, "searches", "add", "quiet", "other")
    assert (again.exit_code, "two searches have this name" in again.stderr) == (1, True)
    missing = morgue(folder, "searches", "remove", "nothing")
    assert (missing.exit_code, "There are: harbour, theirs, quiet" in missing.stderr) == (1, True)


def test_search_asks_a_saved_one(folder: ArchiveFolder) -> None:
    fill(folder)
    found = json.loads(morgue(folder, "search", "--saved", "harbour", "--json").stdout)
    assert [hit["url"] for hit in found] == [HARBOUR]
    both = morgue(folder, "search", "ferry", "--saved", "harbour")
    assert (both.exit_code, "words and filters of its own" in both.stderr) == (2, True)
    typo = morgue(folder, "search", "--saved", "harbor")
    assert (typo.exit_code, "Did you mean 'harbour'?" in typo.stderr) == (2, True)


# -- pages


@pytest.fixture
def house(folder: ArchiveFolder) -> House:
    fill(folder)
    return open_house(folder)


def test_saved_searches_have_pages_and_forms_that_agree(house: House) -> None:
    listed = house.json("/saved.json")["searches"]
    assert [(one["name"], one["page"]) for one in listed] == [
        ("harbour", "/saved/harbour"),
        ("theirs", "/saved/theirs"),
    ]
    assert 'href="/saved/theirs"' in house.get("/saved").text
    data = house.json("/saved/theirs.json")
    assert data["query"] == {"source": "Courier", "since": "2026-04-01"}
    feed = ET.fromstring(house.get("/saved/theirs.atom").content)  # noqa: S314 - our own
    titles = [entry.findtext(f"{_ATOM}title") for entry in feed.iter(f"{_ATOM}entry")]
    assert titles == [hit["title"] for hit in data["hits"]]
    assert len(titles) == 3
    assert house.get("/saved/theirs.csv").text.count("\n") == 4
    page = house.get("/saved/harbour").text
    assert links.article(house.ids[HARBOUR]) in page
    assert "q=harbour+OR+%22tide+mill%22&amp;sort=newest" in page  # where it can be narrowed
    assert 'href="/saved/harbour"' in house.get("/").text


def test_a_search_that_is_not_there_is_a_page_that_says_so(house: House) -> None:
    answer = house.get("/saved/nothing")
    assert (answer.status_code, "no saved search called “nothing”" in answer.text) == (404, True)


def test_a_file_that_is_broken_costs_its_own_pages_alone(house: House) -> None:
    house.folder.sources.write_text("[[search]\n")
    assert (house.get("/").status_code, house.get("/saved").status_code) == (200, 503)


def test_nobody_outside_sees_what_is_watched(folder: ArchiveFolder) -> None:
    fill(folder)
    house = open_house(folder, public=True)
    assert [house.get(path).status_code for path in ("/saved", "/saved.json", "/saved/harbour.atom")] == [404] * 3
    assert "harbour OR" not in house.get("/").text
    assert "/saved" not in house.get("/").text


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a.json", "=1+1", "..", "é\u202e"])
def test_a_name_is_text_and_finds_its_page(house: House, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.app, "_searches", lambda: [SavedSearch(name=name, words=name)])
    assert "<script>" not in house.get("/saved").text
    answer = house.get(links.saved(name))
    assert (answer.status_code, "<script>" in answer.text, "\u202e" in answer.text) == (200, False, False)


# -- the feed in a file


def feed_of(path: Path) -> tuple[ET.Element, list[dict[str | None, str | None]]]:
    top = ET.fromstring(path.read_bytes())  # noqa: S314 - our own
    entries = [{e.get("rel"): e.get("href") for e in entry.iter(f"{_ATOM}link")} for entry in top.iter(f"{_ATOM}entry")]
    return top, entries


def test_a_feed_is_written_for_a_static_server(house: House, tmp_path: Path) -> None:
    path = tmp_path / "x.atom"
    assert morgue(house.folder, "export", "feed", str(path), "--saved", "harbour").exit_code == 0
    top, entries = feed_of(path)
    assert entries == [{"alternate": HARBOUR}]
    assert top.find(f"{_ATOM}link") is None
    served = ET.fromstring(house.get("/saved/harbour.atom").content)  # noqa: S314 - our own
    ids = [[found.text for found in one.iter(f"{_ATOM}id")] for one in (top, served)]
    assert ids[0] == ids[1]  # whoever moves from one to the other sees nothing twice


def test_a_feed_may_lead_to_the_archive(house: House, tmp_path: Path) -> None:
    path = tmp_path / "x.atom"
    words = ("--search", "harbour", "--base", "https://archive.example/", "--self", "https://static.example/x.atom")
    assert morgue(house.folder, "export", "feed", str(path), *words).exit_code == 0
    top, entries = feed_of(path)
    page = f"https://archive.example/article/{house.ids[HARBOUR]}"
    assert entries == [{"alternate": page, "via": HARBOUR}]
    assert "https://static.example/x.atom" in {e.get("href") for e in top.findall(f"{_ATOM}link")}


def test_a_feed_leaves_out_what_opts_out_and_may_be_empty(house: House, tmp_path: Path) -> None:
    path = tmp_path / "x.atom"
    assert morgue(house.folder, "export", "feed", str(path), "--source", "Quiet").exit_code == 0
    assert feed_of(path)[1] == []
    assert morgue(house.folder, "export", "feed", str(path), "--source", "Quiet", "--include-opted-out").exit_code == 0
    assert len(feed_of(path)[1]) == 1
    wrong = morgue(house.folder, "export", "feed", str(path), "--base", "javascript:alert(1)")
    assert (wrong.exit_code, "no web address" in wrong.stderr) == (2, True)
