"""Lists of feeds, as readers export them and as people bend them, become sources; nothing is lost without a word."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import OpmlError, SourcesError
from archive.sources import SOURCES_TEMPLATE, Source, add_feeds, load_sources, parse_sources
from crawler.cli import group
from crawler.discovery.opml import MAX_BYTES, Opml, parse_opml
from crawler.subscriptions import Plan, plan_import

FEED = "https://paper.example/rss"


def opml(outlines: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>\n') -> str:
    return f'{head}<opml version="2.0"><head><title>x</title></head><body>\n{outlines}\n</body></opml>\n'


def read(text: str | bytes) -> Opml:
    return parse_opml(text if isinstance(text, bytes) else text.encode(), where="list.opml")


def plan(outlines: str, sources: str = "") -> Plan:
    return plan_import(read(opml(outlines)).outlines, parse_sources(sources))


def line(url: str, more: str = "") -> str:
    return f'<outline type="rss" text="A" xmlUrl="{url}" {more}/>'


OUTLINES = [
    # outlines, (line, title, feed, page) of each that names a feed
    (line(FEED), [(3, "A", FEED, None)]),
    ('<outline text="t" title="Long  t" xmlUrl="u" htmlUrl="h"/>', [(3, "Long t", "u", "h")]),
    ('<outline xmlUrl="u"/>', [(3, "", "u", None)]),  # no title at all
    ('<Outline XMLURL="u" Text="A"/>', [(3, "A", "u", None)]),  # names in any case
    ('<outline type="rss" text="A" url="u"/>', [(3, "A", "u", None)]),  # OPML 1.0 of some readers
    ('<outline type="link" text="A" url="u"/>', [(3, "A", None, None)]),  # a bookmark is no feed
    ('<outline text="f"><outline text="g">\n<outline xmlUrl="u"/></outline></outline>', [(4, "", "u", None)]),
    ('<outline text="f" xmlUrl="v"><outline xmlUrl="u"/></outline>', [(3, "f", "v", None), (3, "", "u", None)]),
    ('<outline text="empty folder"/>', [(3, "empty folder", None, None)]),
    ('<outline\n text="A"\n xmlUrl="u"/>\n\n<outline xmlUrl="v"/>', [(5, "A", "u", None), (7, "", "v", None)]),
    (line("u?a=1&amp;b=2"), [(3, "A", "u?a=1&b=2", None)]),
    # what is no XML, but is in lists all the same
    (line("u?a=1&b=2"), [(3, "A", "u?a=1&b=2", None)]),
    (line("u?a=1&copy=2"), [(3, "A", "u?a=1&copy=2", None)]),  # … and no ©
    ('<outline text="R&D & more" xmlUrl="u"/>', [(3, "R&D & more", "u", None)]),
    ('<outline text="The "best" of it" xmlUrl="u"/>\n' + line("v"), [(3, "The", "u", None), (4, "A", "v", None)]),
    ('<outline text="a <b> c" xmlUrl="u"/>\n' + line("v"), [(3, "a <b> c", "u", None), (4, "A", "v", None)]),
    ('<outline text="open" xmlUrl="u">\n' + line("v"), [(3, "open", "u", None), (4, "A", "v", None)]),
    ('<outline text="a "b"" xmlUrl="u"/><!-- ' + line("gone") + " -->", [(3, "a", "u", None)]),  # a comment is none
]


@pytest.mark.parametrize(("outlines", "expected"), OUTLINES)
def test_outlines(outlines: str, expected: list[tuple[int, str, str | None, str | None]]) -> None:
    found = [(each.line, each.title, each.xml_url, each.html_url) for each in read(opml(outlines)).outlines]
    assert found == expected


def test_a_comment_switches_all_below_it_off() -> None:
    found = read(opml('<outline text="f" isComment="true"><outline xmlUrl="u"/></outline><outline xmlUrl="v"/>'))
    assert [(each.xml_url, each.commented) for each in found.outlines] == [("u", True), ("v", False)]


ENCODINGS = [
    # bytes of a list with the title Café
    opml('<outline text="Café" xmlUrl="u"/>').encode("utf-8-sig"),
    opml('<outline text="Café" xmlUrl="u"/>', head="").encode("utf-8"),
    opml('<outline text="Café" xmlUrl="u"/>', head='<?xml version="1.0" encoding="utf-16"?>').encode("utf-16"),
    opml('<outline text="Café" xmlUrl="u"/>', head='<?xml version="1.0" encoding="iso-8859-1"?>').encode("latin-1"),
    opml('<outline text="Café" xmlUrl="u"/>').encode("latin-1"),  # it says UTF-8 and is not
    opml('<outline text="Café" xmlUrl="u"/>', head='<?xml version="1.0" encoding="klingon"?>').encode(),
    opml('<outline text="Café" xmlUrl="u"/>', head='<?xml version="1.0" encoding="us-ascii"?>').encode(),
    opml('<outline text="Ca\x00f\x1bé" xmlUrl="u"/>').encode(),  # characters that XML forbids
    ("\n \n" + opml('<outline text="Café" xmlUrl="u"/>')).encode(),  # junk before the declaration
    opml('<outline text="Café" xmlUrl="u"/>').replace("\n", "\r").encode(),
    opml('<outline text="Caf&eacute;" xmlUrl="u"/>').encode(),  # an entity of HTML
    opml('<outline text="Café" xmlUrl="u"/>', head='<!DOCTYPE opml SYSTEM "http://127.0.0.1:9/x.dtd">').encode(),
]


@pytest.mark.parametrize("body", ENCODINGS)
def test_encodings(body: bytes) -> None:
    assert [(each.title, each.xml_url) for each in read(body).outlines] == [("Café", "u")]


@pytest.mark.parametrize(
    ("before", "at"),
    [
        ("\n\n", 5),
        ("<!DOCTYPE opml\n SYSTEM 'x'\n>", 5),
        ('<?xml version="1.0"?>\n<!DOCTYPE opml\n SYSTEM "x">\n', 6),
        ("junk\n", 4),
    ],  # what is cut off still counts as lines
)
def test_lines_are_those_of_the_file(before: str, at: int) -> None:
    assert read(before + opml(line(FEED), head="")).outlines[0].line == at - 1
    assert read(before + opml(line(FEED + "?a&b"), head="")).outlines[0].line == at - 1


def test_a_broken_list_says_where() -> None:
    found = read("junk\n" + opml(line(FEED) + '\n<outline text="a" "b" xmlUrl="u"/>', head=""))
    assert [each.line for each in found.outlines] == [3, 4]
    assert found.problems == ("broken XML in line 4, read outline by outline",)


BOMB = '<!DOCTYPE o [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
REFUSED = [
    # body, words of the message
    (b"", "empty"),
    (b" \n", "empty"),
    (b"<html><body>sign in</body></html>", "no <opml>"),
    (b'<?xml version="1.0"?><rss version="2.0"><channel/></rss>', "no <opml>"),
    (b"\x89PNG\r\n\x1a\n\x00\x00", "no <opml>"),
    (opml(line("&b;"), head=BOMB).encode(), "line 1 declares entities"),
    (opml(line("&b;"), head="<!doctype o [<!Entity b 'x'>]>").encode(), "declares entities"),
    (opml(line("&b;"), head=BOMB.replace("<!ENTITY", "<!ENT\x00ITY")).encode(), "declares entities"),  # put right later
    (opml(line("&b;"), head=f"<!--{' ' * 70000}-->" + BOMB).encode(), "declares entities"),  # far down
    (opml(line("&b;"), head='<?xml version="1.0" encoding="utf-16"?>' + BOMB).encode("utf-16"), "declares entities"),
    (opml(line("&x;"), head='<!DOCTYPE o [<!ENTITY x SYSTEM "file:///etc/passwd">]>').encode(), "declares entities"),
    (opml(line(FEED)).encode() + b" " * MAX_BYTES, "10,485,760 bytes"),
]


@pytest.mark.parametrize(("body", "words"), REFUSED)
def test_what_is_no_list_is_refused_in_words(body: bytes, words: str) -> None:
    with pytest.raises(OpmlError, match=words) as raised:
        read(body)
    assert str(raised.value).startswith("list.opml cannot be imported: ")


def test_a_list_of_the_largest_size_is_read() -> None:
    text = opml(line(FEED))
    assert read(text + " " * (MAX_BYTES - len(text))).outlines[0].xml_url == FEED


def test_a_deep_and_a_hostile_list_end_soon() -> None:
    began = time.monotonic()
    deep = read(opml("<outline text='f'>" * 5000 + line(FEED) + "</outline>" * 5000))
    assert [each.xml_url for each in deep.outlines if each.xml_url] == [FEED]
    assert deep.problems
    for piece in ('<outline xmlUrl="', "<outline ", "<!--", "&", 'xmlUrl= "'):
        read(opml(piece * (2**20 // len(piece))))
    assert time.monotonic() - began < 20


@given(st.binary() | st.text().map(str.encode) | st.text('<>/"&=;! outlinexmUr\n', max_size=300).map(str.encode))
def test_no_bytes_raise_anything_but_an_error_for_people(body: bytes) -> None:
    for each in (body, b"<opml><outline xmlUrl='u' " + body):
        with contextlib.suppress(OpmlError):
            plan_import(read(each).outlines, parse_sources(""))


ADDRESSES = [
    # xmlUrl, the feed, or words of the reason why not
    ("https://paper.example/rss", "https://paper.example/rss"),
    (" HTTP://Paper.example:80/rss ", "http://paper.example/rss"),
    ("feed://paper.example/rss", "http://paper.example/rss"),
    ("feed:https://paper.example/rss", "https://paper.example/rss"),
    ("FEED://https://paper.example/rss", "https://paper.example/rss"),
    ("//paper.example/rss", "https://paper.example/rss"),
    ("https://paper.example/a b", "https://paper.example/a%20b"),
    ("https://zürich.example/rss", "https://xn--zrich-kva.example/rss"),
    ("/rss.xml", "relative"),
    ("paper.example/rss", "relative"),
    ("feed:paper.example/rss", "feed: is no web address"),
    ("ftp://paper.example/rss", "ftp: is no web address"),
    ("javascript:alert(1)", "javascript: is no web address"),
    ("https://", "host"),
    ("https://[::1/rss", "IPv6"),
    ("https://paper.example:99999/rss", "port"),
    ("", "no xmlUrl"),
    ("https://" + "a" * 300 + ".example/", "host"),
    ("https://paper.example/" + "a" * 9000, "too long"),
]


@pytest.mark.parametrize(("written", "expected"), ADDRESSES)
def test_addresses(written: str, expected: str) -> None:
    found = plan(line(written))
    assert [each.url for each in found.added] + [each.why for each in found.skipped] != []
    assert (found.added and found.added[0].url == expected) or expected in found.skipped[0].why
    assert bool(found.added) == expected.startswith("http")


@pytest.mark.parametrize("written", ["https://ann:secret@paper.example/", "ftp://ann:se@secret@x/", "ann:secret@x"])
def test_a_password_is_not_told(written: str) -> None:
    found = plan(line(written))
    assert "secret" not in repr(found.skipped)
    assert len(found.skipped) == 1


PAPER = '[[source]]\nname = "paper"\nurl = "https://www.paper.example/"\n'
SITES = [
    # outlines, sources.toml, sources that come to be: name, home, feeds; feeds of those that are there
    (line(FEED), "", [("paper.example", "https://paper.example/", [FEED])], {}),
    (  # the page tells the site, whoever serves the feed
        line("https://feeds.host.example/1", 'htmlUrl="http://www.paper.example/news/"'),
        "",
        [("paper.example", "http://www.paper.example/", ["https://feeds.host.example/1"])],
        {},
    ),
    (line(FEED, 'htmlUrl="nonsense"'), "", [("paper.example", "https://paper.example/", [FEED])], {}),
    (  # one site, one source, www or not
        line(FEED, 'htmlUrl="https://paper.example/"') + line(FEED + "2", 'htmlUrl="http://www.paper.example/b"'),
        "",
        [("paper.example", "https://paper.example/", [FEED, FEED + "2"])],
        {},
    ),
    (  # a feed's host is not a site of its own where the list names the site
        line("https://feeds.paper.example/a") + line(FEED, 'htmlUrl="https://www.paper.example/"'),
        "",
        [("paper.example", "https://www.paper.example/", ["https://feeds.paper.example/a", FEED])],
        {},
    ),
    (  # … and two pages named are two sites
        line("https://a.example/1", 'htmlUrl="https://one.paper.example/"')
        + line("https://a.example/2", 'htmlUrl="https://two.paper.example/"'),
        "",
        [
            ("one.paper.example", "https://one.paper.example/", ["https://a.example/1"]),
            ("two.paper.example", "https://two.paper.example/", ["https://a.example/2"]),
        ],
        {},
    ),
    (  # two blogs of one host
        line("https://a.blogspot.com/f") + line("https://b.blogspot.com/f"),
        "",
        [
            ("a.blogspot.com", "https://a.blogspot.com/", ["https://a.blogspot.com/f"]),
            ("b.blogspot.com", "https://b.blogspot.com/", ["https://b.blogspot.com/f"]),
        ],
        {},
    ),
    (line(FEED), PAPER, [], {"paper": [FEED]}),  # there already, under the name that it has
    (line("https://feeds.paper.example/a"), PAPER, [], {"paper": ["https://feeds.paper.example/a"]}),
    (  # the name is taken by another site
        line("https://other.example/rss"),
        PAPER.replace('"paper"', '"other.example"'),
        [("other.example-2", "https://other.example/", ["https://other.example/rss"])],
        {},
    ),
    (line("http://www.paper.example/rss/"), PAPER + f'feeds = ["{FEED}"]\n', [], {}),  # the same feed
    (line(FEED), PAPER + 'feeds = ["/rss"]\n', [], {}),  # written as a path
    (line("http://[2001:db8::1]/f"), "", [("2001-db8-1", "http://[2001:db8::1]/", ["http://[2001:db8::1]/f"])], {}),
]


@pytest.mark.parametrize(("outlines", "sources", "new", "feeds"), SITES)
def test_which_source_a_feed_belongs_to(
    outlines: str, sources: str, new: list[tuple[str, str, list[str]]], feeds: dict[str, list[str]]
) -> None:
    found = plan(outlines, sources)
    assert [(each.name, each.url, list(each.feeds)) for each in found.new] == new
    assert {name: list(urls) for name, urls in found.feeds.items()} == feeds
    for each in found.new:
        parse_sources(f'[[source]]\nname = "{each.name}"\nurl = "{each.url}"')


def test_a_feed_that_stands_twice_is_named_with_both_lines() -> None:
    found = plan(line(FEED) + "\n\n" + line("http://www.paper.example/rss/"))
    assert [(each.line, each.why) for each in found.skipped] == [(5, "the same feed as in line 3")]
    assert len(found.added) == 1


B = "https://b.example/"
LISTS = [
    # sources.toml, the same with the feed B in source "a"
    ("{h}", '{h}feeds = ["{b}"]\n'),
    ("{h}feeds = []\n", '{h}feeds = ["{b}"]\n'),
    ("{h}feeds = ['/x']  # why\n", "{h}feeds = ['/x', \"{b}\"]  # why\n"),
    ('{h}feeds = ["/x", ]\n', '{h}feeds = ["/x", "{b}"]\n'),
    ('{h}feeds = ["/x]#", "/y"]', '{h}feeds = ["/x]#", "/y", "{b}"]'),
    (
        '{h}feeds = [\n  "/x",  # main\n  "/y"  # ] the other\n]\n',
        '{h}feeds = [\n  "/x",  # main\n  "/y",  # ] the other\n  "{b}",\n]\n',
    ),
    ('{h}feeds = [\n  "/x",\n  # "/off",\n  ]\ndelay = 2\n', '{h}feeds = [\n  "/x",\n  # "/off",\n  "{b}",\n  ]\ndelay = 2\n'),
    ("{h}feeds = [ # none yet\n]\n", '{h}feeds = [ # none yet\n    "{b}",\n]\n'),
    ('{h}feeds = ["/x",\n  "/y"]\n', '{h}feeds = ["/x",\n  "/y", "{b}"]\n'),
    ("# top\n{h}\n# about c\n{c}", '# top\n{h}feeds = ["{b}"]\n\n# about c\n{c}'),
    ('{c}feeds = ["/c"]\n{h}', '{c}feeds = ["/c"]\n{h}feeds = ["{b}"]\n'),
    ('{h}[source.headers]\nX = "feeds = []"\n', '{h}feeds = ["{b}"]\n[source.headers]\nX = "feeds = []"\n'),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), LISTS)
def test_a_feed_is_added_and_nothing_else_is_touched(tmp_path: Path, before: str, after: str) -> None:
    names = {
        "h": '[[source]]\nname = "a"  # the first\nurl = "https://a.example/"\n',
        "c": '[[source]]\nname = "c"\nurl = "https://c.example/"\n',
        "b": B,
    }
    path = tmp_path / "sources.toml"
    for key, text in names.items():
        before, after = before.replace("{" + key + "}", text), after.replace("{" + key + "}", text)
    path.write_text(before)
    add_feeds(path, [], {"a": [B]})
    assert path.read_text() == after


def test_many_at_once_and_long_lists_one_a_line(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(SOURCES_TEMPLATE)
    feeds = tuple(f"https://paper.example/feeds/{number}.xml" for number in range(5))
    add_feeds(path, [Source(name="p", url="https://paper.example/", feeds=feeds), Source(name="q", url=B)], {})
    assert path.read_text().startswith(SOURCES_TEMPLATE + "\n[[source]]")
    assert 'feeds = [\n    "https://paper.example/feeds/0.xml",\n' in path.read_text()
    add_feeds(path, [], {"q": [B + "1"], "p": [B + "2"]})
    assert [source.feeds for source in load_sources(path).sources] == [(*feeds, B + "2"), (B + "1",)]


@pytest.mark.parametrize(
    ("new", "feeds", "words"),
    [
        ([Source(name="a", url=B)], {}, "two sources have this name"),
        ([Source(name="b", url="https://a.example")], {}, "has this address"),
        ([Source(name="b", url=B)], {"nobody": [B]}, "no source of this name"),
        ([Source(name="b", url=B)], {"a": ["ftp://x"]}, "a web address"),
    ],
)
def test_feeds_that_cannot_be_added_change_nothing(
    tmp_path: Path, new: list[Source], feeds: dict[str, list[str]], words: str
) -> None:
    path = tmp_path / "sources.toml"
    path.write_text('[[source]]\nname = "a"\nurl = "https://a.example/"\n')
    before = path.read_bytes()
    with pytest.raises(SourcesError, match=words):
        add_feeds(path, new, feeds)
    assert path.read_bytes() == before


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sources.toml").write_text(SOURCES_TEMPLATE + "\n# mine\n" + PAPER)
    return tmp_path


def morgue(folder: Path, *words: str, stdin: bytes | None = None) -> Result:
    result = CliRunner().invoke(group, ["-a", str(folder), *words], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


LIST = opml(line(FEED) + "\n" + line("/rel") + "\n" + line("https://other.example/rss"))


def test_import_writes_once_and_then_nothing(folder: Path) -> None:
    path, source = folder / "list.opml", folder / "sources.toml"
    path.write_text(LIST)
    before = source.read_bytes()
    shown = morgue(folder, "sources", "import", str(path), "--dry-run")
    assert shown.exit_code == 0
    assert source.read_bytes() == before
    assert "2 feeds would be added" in shown.stdout
    assert "https://other.example/rss" in shown.stdout
    done = morgue(folder, "sources", "import", str(path))
    assert "2 feeds added" in done.stdout
    assert f"{path}, line 4: skipped, it is a relative address" in done.stderr
    written = source.read_bytes()
    assert written.startswith((SOURCES_TEMPLATE + "\n# mine\n[[source]]\n").encode())
    found = {each.name: each.feeds for each in load_sources(source).sources}
    assert found == {"paper": (FEED,), "other.example": ("https://other.example/rss",)}
    again = morgue(folder, "sources", "import", "-", stdin=LIST.encode())
    assert again.exit_code == 0
    assert source.read_bytes() == written
    assert "Nothing to write" in again.stdout
    assert "2 of the feeds there already" in again.stdout
    assert "standard input, line 4: skipped" in again.stderr


def test_import_as_json(folder: Path) -> None:
    told = json.loads(morgue(folder, "sources", "import", "-", "--json", stdin=LIST.encode()).stdout)
    assert [(each["line"], each["source"], each["new"]) for each in told["added"]] == [
        (3, "paper", False),
        (5, "other.example", True),
    ]
    assert [(each["line"], each["address"]) for each in told["skipped"]] == [(4, "/rel")]
    assert told["written"] is True
    assert "checked" not in told


@pytest.mark.parametrize(
    ("name", "words"), [("none.opml", "No such file"), (".", "Is a directory"), ("sources.toml", "no <opml>")]
)
def test_what_cannot_be_imported_is_said(folder: Path, name: str, words: str) -> None:
    before = (folder / "sources.toml").read_bytes()
    done = morgue(folder, "sources", "import", str(folder / name))
    assert done.exit_code == 1
    assert done.stderr.startswith("morgue: ")
    assert words in done.stderr
    assert (folder / "sources.toml").read_bytes() == before


def test_a_long_list_is_imported_at_once(folder: Path) -> None:
    text = opml("\n".join(line(f"https://paper{number}.example/rss") for number in range(500)))
    began = time.monotonic()
    done = morgue(folder, "sources", "import", "-", stdin=text.encode())
    assert done.exit_code == 0
    assert time.monotonic() - began < 3  # without the network; it takes a tenth of that
    assert len(load_sources(folder / "sources.toml").sources) == 501


@pytest.mark.corpus
@pytest.mark.slow
def test_every_list_of_the_suites_gives_all_its_feeds(corpus: Path, folder: Path) -> None:
    lists = sorted((corpus / "suites/feeds").rglob("*.opml"))
    if not lists:
        pytest.skip("there are no OPML lists in the corpus")
    assert len(lists) >= 118
    for path in lists:
        body = path.read_bytes()
        feeds = [each for each in parse_opml(body, where=path.name).outlines if each.xml_url]
        assert len(feeds) == body.lower().count(b"xmlurl=") > 0, path
        done = morgue(folder, "sources", "import", str(path), "--json")
        told = json.loads(done.stdout)
        assert done.exit_code == 0
        assert len(told["added"]) + len(told["known"]) + len(told["skipped"]) >= len(feeds), path
    written = (folder / "sources.toml").read_bytes()
    for path in lists:
        assert not json.loads(morgue(folder, "sources", "import", str(path), "--json").stdout)["written"]
    assert (folder / "sources.toml").read_bytes() == written
