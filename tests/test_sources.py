"""sources.toml: mistakes are named, edits touch only what they must."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import SourcesError
from archive.sources import (
    SOURCES_TEMPLATE,
    Source,
    SourcesFile,
    add_source,
    load_sources,
    name_for,
    parse_sources,
    remove_source,
    rename_source,
    set_contact,
    set_enabled,
)
from archive.sources.selector import SELECTOR_FIELDS

FULL = """
contact = "mailto:desk@paper.example"

[[source]]
name = "Paper"
url = "https://WWW.Paper.example"
feeds = ["/rss.xml", "https://feeds.example/p"]
sitemaps = ["news.xml"]
sections = ["https://paper.example/politics"]
delay = 0
include = ['/\\d{4}/']
exclude = ['/sport/', "video"]
language = "pt-BR"
headers = { Cookie = "a=b; c=é" }
user_agent = "Paper's own robot"
render = true
selectors = { title = "h1.headline" }
politeness_key = "group"
enabled = false

[[source]]
name = "second"
url = "https://second.example/en/"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "sources.toml"
    path.write_text(FULL, "utf-8")
    return path


def test_every_key_is_read(path: Path) -> None:
    file = load_sources(path)
    assert file.contact == "mailto:desk@paper.example"
    assert file.sources[0] == Source(
        name="Paper",
        url="https://www.paper.example/",
        feeds=("https://www.paper.example/rss.xml", "https://feeds.example/p"),
        sitemaps=("https://www.paper.example/news.xml",),
        sections=("https://paper.example/politics",),
        delay=0.0,
        include=("/\\d{4}/",),
        exclude=("/sport/", "video"),
        language="pt-BR",
        headers={"Cookie": "a=b; c=é"},
        user_agent="Paper's own robot",
        render=True,
        selectors={"title": "h1.headline"},
        politeness_key="group",
        enabled=False,
    )
    assert file.sources[1] == Source(name="second", url="https://second.example/en/")


def test_the_template_is_an_empty_file_and_its_example_works() -> None:
    assert parse_sources(SOURCES_TEMPLATE) == SourcesFile()
    example = "\n".join(
        line.removeprefix("# ")
        for line in SOURCES_TEMPLATE.splitlines()
        if line.startswith(("# [[", "# contact =")) or (line.startswith("# ") and " = " in line)
    )
    file = parse_sources(example)
    assert file.contact == "mailto:you@example.org"
    assert file.sources[0].exclude == ("/sport/", r"\?print=")


ENTRY = '[[source]]\nname = "paper"\nurl = "https://paper.example/"\n'

MISTAKES = [
    # text, words of the message
    ('contakt = "x"', ["'contakt'", "did you mean 'contact'"]),
    ('feeds = ["x"]', ["'feeds'", "under a line [[source]]"]),
    (ENTRY + 'contact = "mailto:a@b.example"', ["'paper'", "at the top of the file"]),
    (ENTRY + "dealy = 3", ["'paper'", "'dealy'", "did you mean 'delay'", "language"]),
    (ENTRY + 'user-agent = "x"', ["did you mean 'user_agent'"]),
    (ENTRY + "zzz = 3", ["'zzz'", "Known here: assets, delay"]),
    (ENTRY + 'assets = "all"', ["'assets'", "'all'", "none, page"]),
    (ENTRY + "assets = true", ["'assets'", "none, page"]),
    (ENTRY + 'delay = "3"', ["'delay'", "'3'", "without quotes"]),
    (ENTRY + "delay = -1", ["-1", "0 to 86400"]),
    (ENTRY + "delay = nan", ["nan", "number of seconds"]),
    (ENTRY + "delay = inf", ["inf", "number of seconds"]),
    (ENTRY + "delay = true", ["True", "number of seconds"]),
    (ENTRY + 'feeds = "https://paper.example/rss"', ["'feeds'", "a list"]),
    (ENTRY + "feeds = [3]", ["'feeds'", "a text"]),
    (ENTRY + 'feeds = ["mailto:x@y.example"]', ["'feeds'", "'mailto:x@y.example'", "a web address"]),
    (ENTRY + "include = ['(']", ["'include'", "regular expression"]),
    (ENTRY + "exclude = '/x/'", ["'exclude'", "a list"]),
    (ENTRY + 'language = "German"', ["'language'", "'German'", '"de"']),
    (ENTRY + 'render = "yes"', ["'render'", "true or false"]),
    (ENTRY + "enabled = 1", ["'enabled'", "true or false"]),
    (ENTRY + "headers = []", ["'headers'", "a table"]),
    (ENTRY + 'headers = { "Bad Name" = "x" }', ["'headers'", "no HTTP header"]),
    (ENTRY + 'headers = { X = "a\\r\\nInjected: 1" }', ["'headers'", "on one line"]),
    (ENTRY + 'headers = { User-Agent = "x" }', ["user_agent"]),
    (ENTRY + 'headers = { Host = "x" }', ["'Host'", "the crawler itself"]),
    (ENTRY + 'user_agent = "a\\nb"', ["'user_agent'", "on one line"]),
    ("[limits]\nbodies = 5\n" + ENTRY, ["'limits'", "did you mean 'body'?", "first_byte"]),
    ("[limits]\ntotal = '5'\n" + ENTRY, ["'limits'", "total must be a number of seconds, 1 to 3,600"]),
    ("limits = 5\n" + ENTRY, ["'limits'", "[limits]"]),
    (ENTRY + "pages_per_day = 0", ["'pages_per_day'", "whole number from 1"]),
    (ENTRY + "politeness_key = ''", ["'politeness_key'", "not empty"]),
    ('[[source]]\nurl = "https://paper.example/"', ["number 1", "'name'", "is missing"]),
    ('[[source]]\nname = "paper"', ["'paper'", "'url'", "is missing"]),
    (ENTRY + '[[source]]\nname = 5\nurl = "https://x.example"', ["number 2", "'name'", "5 is not allowed"]),
    ('[[source]]\nname = "a/b"\nurl = "https://x.example"', ["'a/b'", "letters, digits"]),
    ('[[source]]\nname = "p"\nurl = "paper.example"', ["'p'", "'url'", "https://paper.example/"]),
    ('[[source]]\nname = "p"\nurl = "https://u:secret@x.example/"', ["user name or password"]),
    (ENTRY + ENTRY, ["'paper'", "two sources have this name"]),
    (ENTRY + '[[source]]\nname = "b"\nurl = "HTTPS://Paper.example:443"', ["'b'", "'paper' has this address"]),
    ('[source]\nname = "paper"', ["two brackets"]),
    ("source = 3", ["two brackets"]),
    ("source = [3]", ["two brackets"]),
    ("contact = 3", ["'contact'", "a text in quotes"]),
    ('contact = "desk@paper.example"', ["'contact'", "mailto:"]),
    ('contact = "https://"', ["'contact'", "mailto:"]),
    ('contact = "x"\n\nname = oops', ["line 3"]),
    ("a = 1\na = 2", ["not valid TOML"]),
    ("x = " + "[" * 5000, ["not valid TOML"]),
]


@pytest.mark.parametrize(("text", "words"), MISTAKES)
def test_mistakes_are_named(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(text)
    with pytest.raises(SourcesError) as raised:
        load_sources(path)
    message = str(raised.value)
    for word in [str(path), *words]:
        assert word in message, message


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourcesError, match="morgue init"):
        load_sources(tmp_path / "sources.toml")


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_bytes(b"# fine\n# caf\xe9\n")
    with pytest.raises(SourcesError, match="line 2 is not UTF-8"):
        load_sources(path)


def test_a_file_from_notepad(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_bytes(b"\xef\xbb\xbf" + ENTRY.replace("\n", "\r\n").encode())
    assert load_sources(path).sources[0].name == "paper"
    add_source(path, Source(name="b", url="https://b.example/"))
    assert [source.name for source in load_sources(path).sources] == ["paper", "b"]


SITES = parse_sources(
    "".join(
        f'[[source]]\nname = "{name}"\nurl = "{url}"\n'
        for name, url in [
            ("en", "https://paper.example.com/en/"),
            ("fr", "https://paper.example.com/fr"),
            ("home", "https://www.example.com/"),
            ("loopback", "http://127.0.0.1:8001/"),
            ("blog", "https://a.blogspot.com/"),
            ("deep", "https://deep.example.org/x/index.html"),
        ]
    )
)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://paper.example.com/en/2026/a", "en"),
        ("http://www.paper.example.com/fr", "fr"),  # scheme and www do not matter
        ("https://paper.example.com/french/a", "en"),  # a prefix ends at a slash; then the first of the host
        ("https://example.com/a", "home"),
        ("https://sport.example.com/a", "home"),  # the registered domain: its home before its parts
        ("https://deep.example.org/y", "deep"),
        ("http://127.0.0.1:8001/a", "loopback"),
        ("http://127.0.0.1:8002/a", None),  # another port is another site
        ("https://b.blogspot.com/", None),  # another owner
        ("https://other.example.net/", None),
        ("not a url", None),
        ("", None),
    ],
)
def test_which_source_a_url_belongs_to(url: str, name: str | None) -> None:
    found = SITES.for_url(url)
    assert (found.name if found else None) == name


def test_by_name() -> None:
    source = SITES.by_name("fr")
    assert source is not None
    assert source.url == "https://paper.example.com/fr"
    assert SITES.by_name("nobody") is None


@pytest.mark.parametrize(
    ("include", "exclude", "url", "allowed"),
    [
        ((), (), "https://p.example/a", True),
        (("/news/",), (), "https://p.example/a", False),
        (("/news/", "/a$"), (), "https://p.example/a", True),
        (("/a",), ("a$",), "https://p.example/a", False),
    ],
)
def test_include_and_exclude(include: tuple[str, ...], exclude: tuple[str, ...], url: str, allowed: bool) -> None:
    source = Source(name="p", url="https://p.example/", include=include, exclude=exclude)
    assert source.allows(url) is allowed


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.paper.example/", "paper.example"),
        ("https://paper.example/en/index.html?x=1", "paper.example-en"),
        ("http://127.0.0.1:8001/", "127.0.0.1-8001"),
        ("http://[::1]:80/", "1"),
        ("https://bücher.example/", "xn-bcher-kva.example"),
        ("https://paper.example/" + "x" * 200, "paper.example-" + "x" * 66),
    ],
)
def test_names_from_addresses(url: str, name: str) -> None:
    assert name_for(url) == name
    parse_sources(f'[[source]]\nname = "{name}"\nurl = "{url}"')  # it is a name that the file takes


def test_adding_keeps_what_is_there(path: Path) -> None:
    before = path.read_text("utf-8") + "# the end, without a newline"
    path.write_text(before, "utf-8")
    path.chmod(0o640)
    source = Source(
        name='Odd "name'.replace('"', ""),
        url="https://third.example/",
        delay=2.5,
        include=(r"/\d+/", "it's \\ 'x'"),
        headers={"X-Token": 'a"b\\c'},
        selectors={"text": "div > p", "title": "//h1[@class='a b']"},
        enabled=False,
    )
    add_source(path, source)
    after = path.read_text("utf-8")
    assert after.startswith(before + "\n\n[[source]]\n")
    assert load_sources(path).sources[-1] == source
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in path.parent.iterdir()] == ["sources.toml"]  # no temporary file stays


def test_adding_writes_only_what_differs_from_the_defaults(path: Path) -> None:
    add_source(path, Source(name="third", url="https://third.example/"))
    assert path.read_text("utf-8").endswith('\n[[source]]\nname = "third"\nurl = "https://third.example/"\n')


def test_adding_to_the_template(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(SOURCES_TEMPLATE)
    set_contact(path, "mailto:desk@paper.example")
    add_source(path, Source(name="a", url="HTTPS://A.example"))
    file = load_sources(path)
    assert (file.contact, file.sources[0].url) == ("mailto:desk@paper.example", "https://a.example/")
    assert path.read_text().count("contact =") == 1


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Source(name="Paper", url="https://x.example/"), "two sources have this name"),
        (Source(name="x", url="https://WWW.Paper.example"), "has this address"),
        (Source(name="x", url="nonsense"), "http"),
        (Source(name="x", url="https://x.example/", include=("(",)), "regular expression"),
        (Source(name="x\ny", url="https://x.example/"), "a name is"),
        (Source(name="x", url="https://x.example/", user_agent="\ud800"), "cannot be"),
    ],
)
def test_what_may_not_be_added_changes_nothing(path: Path, source: Source, words: str) -> None:
    before = path.read_bytes()
    with pytest.raises(SourcesError, match=words):
        add_source(path, source)
    assert path.read_bytes() == before
    assert len(list(path.parent.iterdir())) == 1


def test_adding_to_a_broken_file_changes_nothing(path: Path) -> None:
    path.write_text("[[source]\n")
    with pytest.raises(SourcesError, match="not valid TOML"):
        add_source(path, Source(name="a", url="https://a.example/"))
    assert path.read_text() == "[[source]\n"


def test_a_link_stays_a_link(tmp_path: Path, path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    add_source(link, Source(name="a", url="https://a.example/"))
    assert link.is_symlink()
    assert load_sources(path).sources[-1].name == "a"


COMMENTED = """\
# top
contact = 'https://paper.example/robot'  # who

# about a
[[ source ]]   # first
name = 'a'  # its name
url = "https://a.example/"
# inside a
[source.headers]
Cookie = "enabled = true"

# about b
[[source]]
url = "https://b.example/"
name = "b"
user_agent = \"""x [[source]]\"""
enabled = true  # for now
"""

EDITS = [
    (
        lambda path: set_enabled(path, "a", enabled=False),
        [('"https://a.example/"\n', '"https://a.example/"\nenabled = false\n')],
    ),
    (lambda path: set_enabled(path, "b", enabled=False), [("enabled = true  # for now", "enabled = false  # for now")]),
    (lambda path: rename_source(path, "a", "A 1"), [("name = 'a'  # its name", 'name = "A 1"  # its name')]),
    (
        lambda path: set_contact(path, "mailto:x@y.example"),
        [("'https://paper.example/robot'  # who", '"mailto:x@y.example"  # who')],
    ),
    (
        lambda path: remove_source(path, "a"),
        [(COMMENTED[COMMENTED.index("[[ source ]]") : COMMENTED.index("\n# about b")], "")],
    ),
    (lambda path: remove_source(path, "b"), [(COMMENTED[COMMENTED.index("[[source]]\nurl") :], "")]),
]


@pytest.mark.parametrize(("edit", "changes"), EDITS)
def test_edits_touch_one_thing(path: Path, edit: Any, changes: list[tuple[str, str]]) -> None:
    path.write_text(COMMENTED)
    edit(path)
    expected = COMMENTED
    for old, new in changes:
        assert old in expected
        expected = expected.replace(old, new, 1)
    assert path.read_text() == expected


@pytest.mark.parametrize(
    "edit",
    [
        lambda path: set_enabled(path, "nobody", enabled=False),
        lambda path: rename_source(path, "nobody", "x"),
        lambda path: rename_source(path, "a", "b"),  # taken
        lambda path: rename_source(path, "a", ""),
        lambda path: remove_source(path, "nobody"),
        lambda path: set_contact(path, "me"),
    ],
)
def test_edits_that_cannot_be_made_change_nothing(path: Path, edit: Any) -> None:
    path.write_text(COMMENTED)
    with pytest.raises(SourcesError):
        edit(path)
    assert path.read_text() == COMMENTED


def test_a_form_that_the_editor_does_not_know_is_left_alone(path: Path) -> None:
    text = 'source = [{ name = "a", url = "https://a.example/" }]\n'
    path.write_text(text)
    edits: list[Callable[[], None]] = [
        lambda: set_enabled(path, "a", enabled=False),
        lambda: remove_source(path, "a"),
        lambda: add_source(path, Source(name="b", url="https://b.example/")),
    ]
    for edit in edits:
        with pytest.raises(SourcesError):
            edit()
    assert path.read_text() == text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_leave_to_write(path: Path) -> None:
    path.parent.chmod(0o500)
    try:
        with pytest.raises(SourcesError, match="cannot be written"):
            add_source(path, Source(name="a", url="https://a.example/"))
    finally:
        path.parent.chmod(0o700)


_TEXT = st.text(
    st.characters(min_codepoint=0x20, exclude_characters="\x7f", exclude_categories=["Cs"]), min_size=1
).filter(lambda text: text.strip() == text != "")


_SELECTORS = st.dictionaries(
    st.sampled_from(SELECTOR_FIELDS),
    st.sampled_from(
        ["h1", "div.story > p", "a[rel='author']", '//p[@class="a \\ b"]', "(//time)[1]/@datetime", "p:not(.é)"]
    ),
)


@given(_TEXT, _SELECTORS, st.floats(0, 86400), _TEXT)
def test_what_is_added_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, agent: str, selectors: dict[str, str], delay: float, key: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "round.toml"
    path.write_text("")
    source = Source(
        name="a", url="https://a.example/", user_agent=agent, selectors=selectors, delay=delay, politeness_key=key
    )
    add_source(path, source)
    assert load_sources(path).sources == (source,)
