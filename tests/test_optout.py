"""What sites ask of those who keep their pages: as headers, as markup, in robots.txt; and what holds for an article."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.extract import Page
from archive.extract.extract import extract, extract_snapshot
from archive.model import Extraction, RecordRef, Rendered, Signal, Snapshot
from archive.optout import Kind, Sighting, of_headers, of_metas, of_robots, opting, standing, use_rules
from archive.optout.preferences import opts_out, preferences
from archive.optout.robots import fits
from archive.optout.words import moment
from archive.store.rows import pack, unpack

JUNE = "2010-06-25T15:00:00.000000Z"


def told(signals: tuple[Signal, ...]) -> list[tuple[str, bool, str | None]]:
    return [(one.name, one.opts_out, one.starts_at) for one in signals]


NOARCHIVE, NOINDEX = ("noarchive", True, None), ("noindex", True, None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("noarchive", [NOARCHIVE]),
        ("NoIndex, NoArchive", [NOINDEX, NOARCHIVE]),
        ("nofollow, max-snippet:-1, max-image-preview:large", []),  # most news pages
        ("index, follow", []),
        ("none", [NOINDEX]),
        ("all, noindex", [NOINDEX]),  # what forbids holds
        ("nocache", [NOARCHIVE]),  # Bing's word
        ("noarchive;noindex", [NOARCHIVE, NOINDEX]),  # as some write it
        ("morgue: noarchive", [NOARCHIVE]),  # our name
        ("Morgue/1.0: noarchive", [NOARCHIVE]),
        ("otherbot: noarchive", []),  # somebody else's
        ("otherbot: noindex, noarchive", []),  # all that follows is for that one
        ("otherbot: noindex, morgue: noarchive", [NOARCHIVE]),
        ("noindex, otherbot: noarchive", [NOINDEX]),
        ("*: noarchive", [NOARCHIVE]),
        ("unavailable_after: 25 Jun 2010 15:00:00 GMT", [("unavailable-after", True, JUNE)]),
        ("unavailable_after: Fri, 25 Jun 2010 15:00:00 GMT, noarchive", [("unavailable-after", True, JUNE), NOARCHIVE]),
        ("unavailable_after: Friday, 25-Jun-10 15:00:00 GMT", [("unavailable-after", True, JUNE)]),  # RFC 850
        ("unavailable_after: 2010-06-25T17:00:00+02:00", [("unavailable-after", True, JUNE)]),
        ("morgue: unavailable_after: 2010-06-25T15:00:00Z", [("unavailable-after", True, JUNE)]),
        ("otherbot: unavailable_after: 2010-06-25", []),
        ("unavailable_after: soon", [("unavailable-after", False, None)]),  # nobody can tell when: told, not heeded
        ("noarchiver, xnoindex", []),
        ("", []),
    ],
)
def test_x_robots_tag(value: str, expected: list[tuple[str, bool, str | None]]) -> None:
    assert told(of_headers([("x-robots-tag", value)])) == expected


def test_each_header_line_names_its_own_crawler() -> None:
    lines = [("X-Robots-Tag", "otherbot: noindex"), ("X-Robots-Tag", "noarchive")]
    assert told(of_headers(lines)) == [NOARCHIVE]


@pytest.mark.parametrize(
    ("metas", "expected"),
    [
        ({"robots": ["noindex,nofollow"]}, [("noindex", "meta:robots")]),
        ({"morgue": ["noarchive"]}, [("noarchive", "meta:morgue")]),  # for us alone
        ({"googlebot": ["noarchive"]}, []),  # for another alone
        ({"robots": ["index", "noarchive"]}, [("noarchive", "meta:robots")]),  # two elements
        ({"robots": ["noindex"], "morgue": ["noindex"]}, [("noindex", "meta:robots"), ("noindex", "meta:morgue")]),
        ({"robots": ["otherbot: noindex"]}, []),  # an element has its crawler as its name: this is no word
        ({"tdm-reservation": ["1"]}, [("tdm-reservation", "meta:tdm-reservation")]),
        ({"tdm-reservation": ["yes"]}, []),  # only 0 and 1 mean something
        ({"description": ["noindex"]}, []),
    ],
)
def test_markup(metas: dict[str, list[str]], expected: list[tuple[str, str]]) -> None:
    assert [(one.name, one.via) for one in of_metas(metas) if one.opts_out] == expected


@pytest.mark.parametrize(
    ("markup", "names"),
    [
        ('<meta name="robots" content="noarchive">', ["noarchive"]),
        ("<META NAME=ROBOTS CONTENT=NOARCHIVE>", ["noarchive"]),
        ('<meta name="Morgue" content="noindex, noarchive">', ["noindex", "noarchive"]),
        ('<meta name="tdm-reservation" content="1"><meta name="tdm-policy" content="/tdm">', ["tdm-reservation"]),
        ('<!-- <meta name="robots" content="noarchive"> -->', []),  # not said
        ('<script>"<meta name=robots content=noarchive>"</script>', []),
        ("", []),
    ],
)  # fmt: skip
def test_a_page_says_so_whether_it_is_an_article_or_not(markup: str, names: list[str]) -> None:
    for text in (
        "<p>Short.</p>",
        "".join(f"<p>The harbour of town {n} was opened again on Friday.</p>" for n in range(20)),
    ):
        body = f"<html><head><title>Harbour</title>{markup}</head><body><article>{text}</article></body></html>"
        assert [one.name for one in extract(Page(url="https://news.example/a", body=body.encode())).signals] == names


def test_the_policy_of_a_reservation_is_kept() -> None:
    (one,) = of_headers([("TDM-Reservation", "1"), ("tdm-policy", "https://paper.example/tdm.json")])
    assert (one.name, one.value) == ("tdm-reservation", "https://paper.example/tdm.json")


@pytest.mark.parametrize(
    ("header", "meta", "reserved"),
    [
        ("1", None, True),
        (None, "1", True),
        ("1", "0", False),
        ("0", "1", True),
        ("0", None, False),
        (None, None, False),
    ],
)
def test_markup_goes_before_the_header_about_mining(header: str | None, meta: str | None, reserved: bool) -> None:
    signals = of_headers([("tdm-reservation", header)] if header else [])
    signals += of_metas({"tdm-reservation": [meta]} if meta else {})
    assert bool(opting(signals)) is reserved


@pytest.mark.parametrize(
    ("value", "wanted", "out"),
    [
        ("train-ai=n", {"train-ai": False}, False),  # we train no models
        ("search=n", {"search": False}, True),
        ("search=no, ai-train=no", {"search": False, "ai-train": False}, True),
        ("search=yes, ai-train=no", {"search": True, "ai-train": False}, False),  # what a large host writes for its customers
        ("bots=n", {"bots": False}, True),
        ("bots=n, search=y", {"bots": False, "search": True}, False),  # the narrower use counts
        ('SEARCH=N;why="x"', {"search": False}, True),
        ("search=n, search=y", {"search": True}, False),  # of a dictionary the last
        ("search=maybe, search, =n, ,", {}, False),
    ],
)  # fmt: skip
def test_preferences(value: str, wanted: dict[str, bool], out: bool) -> None:
    assert preferences(value) == wanted
    assert opts_out(preferences(value)) is out


def test_what_is_no_matter_of_ours_is_recorded_all_the_same() -> None:
    (one,) = of_headers([("Content-Usage", "train-ai=n")])
    assert (one.name, one.via, one.value, one.opts_out) == (
        "content-usage",
        "header:content-usage",
        "train-ai=n",
        False,
    )
    assert of_headers([("Content-Usage", "train-ai=y")]) == ()


# -- robots.txt

ALL = "User-agent: *\nContent-Usage: / search=n\nContent-Usage: /open/ search=y\nAllow: /\n"


@pytest.mark.parametrize(
    ("robots", "path", "names"),
    [
        (ALL, "/a", ["content-usage"]),
        (ALL, "/open/a", []),  # the longest path counts
        (ALL + "\nUser-agent: Morgue\nAllow: /\n", "/a", []),  # a group of our own, and nothing in it
        ("User-agent: other\nContent-Usage: / search=n\n", "/a", []),
        ("User-agent: other\nUser-agent: morgue\nContent-Usage: / search=n\n", "/a", ["content-usage"]),
        ("User-agent: Morgue/2.0\nContent-Usage: / search=n\n", "/a", ["content-usage"]),
        (
            "User-agent: *\nContent-Signal: search=no, ai-train=no\n",
            "/a",
            ["content-signal"],
        ),  # without a path: for all
        ("user-agent : *\r\ncontent-signal :search=no # our wish\r\n", "/a", ["content-signal"]),
        (
            "User-agent: *\nContent-Signal: search=no\nContent-Usage: / search=n",
            "/a",
            ["content-signal", "content-usage"],
        ),
        (
            "User-agent: *\nDisallow: /x\nUser-agent: other\nContent-Usage: / search=n\n",
            "/a",
            [],
        ),  # another group began
        ("User-agent: *\nCrawl-delay: 2\nContent-Usage: /a search=n\n", "/b", []),
        ("User-agent: *\nContent-Usage: /a search=n\nContent-Usage: /a search=y\n", "/a", ["content-usage"]),
        ("User-agent: *\nContent-Usage: /*.html$ search=n\n", "/x/a.html", ["content-usage"]),
        ("User-agent: *\nContent-Usage: /*.html$ search=n\n", "/x/a.html?b", []),
        (
            "User-agent: *\nContent-Usage: /\u00fcber search=n\n",
            "/%c3%bcber/a",
            ["content-usage"],
        ),  # one path, two spellings
        ("Content-Usage: / search=n\n", "/a", []),  # of no group (RFC 9309 section 2.2.1)
        ("User-agent: *\nDisallow: /\n", "/a", []),  # about fetching, not about use
        ("\ufeffUser-agent: *\nContent-Usage: / search=n", "/a", ["content-usage"]),
        ("<html>Not found</html>", "/a", []),
        ("User-agent: *\nContent-Usage:\nContent-Usage: /\nContent-Usage: / =\n", "/a", []),
    ],
)
def test_robots_txt(robots: str, path: str, names: list[str]) -> None:
    rules = use_rules(robots.encode())
    assert [one.name for one in opting(of_robots(rules, f"https://news.example{path}"))] == names


@given(
    parts=st.lists(st.sampled_from(["a", "b", "ab", "/"]), min_size=1, max_size=5),
    gaps=st.lists(st.text("ab/", max_size=4), max_size=6),
    tail=st.text("ab", max_size=3),
)
def test_a_pattern_fits_what_was_made_by_it(parts: list[str], gaps: list[str], tail: str) -> None:
    path = "/"
    for number, part in enumerate(parts):
        path += part + (gaps[number] if number < len(gaps) and number < len(parts) - 1 else "")
    pattern = "/" + "*".join(parts)
    assert fits(pattern, path)
    assert fits(pattern + "$", path)
    assert fits(pattern, path + tail)
    assert not fits(pattern + "*z", path + tail)


def test_hostile_values_cost_no_time() -> None:
    begun = time.process_time()
    for hostile in ("a:" * 500_000, "a," * 500_000, " " * 10**6, "unavailable_after:" * 50_000, "noindex," * 10**5):
        of_headers([("X-Robots-Tag", hostile), ("Content-Usage", hostile), ("tdm-policy", hostile)])
        of_metas({"robots": [hostile]})
        moment(hostile)
        use_rules(f"User-agent: *\nContent-Usage: {hostile}".encode())
    rules = use_rules(b"User-agent: *\n" + b"Content-Usage: /" + b"*a" * 900 + b"*b search=n\n" * 400)
    of_robots(rules, "https://news.example/" + "a" * 8000)
    use_rules(b"user-agent: a\n" * 40_000)
    assert time.process_time() - begun < 2


@given(
    st.lists(st.tuples(st.sampled_from(["X-Robots-Tag", "tdm-reservation", "Content-Usage", "tdm-policy"]), st.text()))
)
def test_whatever_a_server_sends_is_no_error(headers: list[tuple[str, str]]) -> None:
    of_headers(headers)
    of_metas({name.lower(): [value] for name, value in headers})
    of_robots(
        use_rules("\n".join(f"user-agent:*\n{n}:{v}" for n, v in headers).encode("utf-8", "replace")),
        "https://a.example/",
    )


# -- what holds for an article

OUT = Signal(name="noarchive", via="meta:robots", value="noarchive")
TAG = Signal(name="noindex", via="header:x-robots-tag", value="noindex")
USE = Signal(name="content-usage", via="robots.txt:content-usage", value="search=n")
LATER = Signal(name="unavailable-after", via="meta:robots", value="…", starts_at="2026-06-01T00:00:00.000000Z")
TRAIN = Signal(name="content-usage", via="header:content-usage", value="train-ai=n", opts_out=False)


def page(*signals: Signal, own: bool = True, whole: bool = True, kind: Kind = Kind.PAGE) -> Sighting:
    return Sighting(capture=0, kind=kind, own=own, whole=whole, signals=signals)


def again(*signals: Signal, kind: Kind) -> Sighting:
    return page(*signals, kind=kind)


@pytest.mark.parametrize(
    ("newest_first", "names"),
    [
        ([page(OUT)], ["noarchive"]),
        ([page(), page(OUT)], []),  # taken back
        ([page(OUT), page()], ["noarchive"]),
        ([page(TRAIN)], []),
        ([page(whole=False), page(OUT)], ["noarchive"]),  # what it asks may stand in the part that is missing
        ([page(OUT, whole=False)], ["noarchive"]),  # nothing better is known
        ([page(OUT, own=False), page()], []),  # a print page's noindex
        ([page(OUT, own=False)], ["noarchive"]),  # the only one there is
        ([page(own=False), page(OUT)], ["noarchive"]),
        ([again(kind=Kind.NOTHING), page(OUT, TAG)], ["noarchive", "noindex"]),  # a 304 repeats no headers
        ([again(TAG, kind=Kind.NOTHING), page(OUT)], ["noarchive", "noindex"]),
        ([again(kind=Kind.HEADERS), page(OUT, TAG)], ["noarchive"]),  # the same body with other headers
        ([again(TAG, kind=Kind.HEADERS), page()], ["noindex"]),
        ([again(kind=Kind.NOTHING), again(kind=Kind.HEADERS), page(OUT, TAG)], ["noarchive"]),
        ([again(kind=Kind.NOTHING), page(), page(OUT)], []),
        ([again(kind=Kind.HEADERS), page(USE)], []),  # robots.txt is read anew for each
        ([], []),
    ],
)
def test_the_newest_whole_capture_decides(newest_first: list[Sighting], names: list[str]) -> None:
    held = standing(newest_first)
    assert ([one.name for one in held.signals] if held else []) == names
    assert held is None or held.from_at is None


def test_a_date_holds_from_then_on() -> None:
    held = standing([page(LATER)])
    assert held is not None
    assert held.from_at == LATER.starts_at
    both = standing([page(LATER, OUT)])
    assert both is not None
    assert both.from_at is None  # the other holds already
    assert opting([LATER], at="2026-05-31T23:59:59.000000Z") == []
    assert opting([LATER], at="2026-06-01T00:00:00.000000Z") == [LATER]


def test_a_stored_extraction_keeps_its_signals() -> None:
    read = Extraction(article=True, text="a", signals=(OUT, LATER, TRAIN))
    assert unpack(pack(read)[0]) == read
    assert pack(Extraction(article=True, text="a"))[1] == pack(replace(read, signals=()))[1]  # none: as it was before


@pytest.mark.parametrize(
    ("sent", "shown", "names"),
    [
        ('<meta name="robots" content="noarchive">', "", ["noarchive"]),  # a script took it out of the page
        ("", '<meta name="robots" content="noarchive">', ["noarchive"]),  # a script put it in
        ('<meta name="robots" content="noarchive">', '<meta name="robots" content="noarchive">', ["noarchive"]),
        ("", "", []),
    ],
)
@pytest.mark.parametrize("read_from", ["rendered", "response"])
def test_of_a_rendered_page_both_documents_are_heard(sent: str, shown: str, names: list[str], read_from: str) -> None:
    text = (
        "<p>The harbour of the town was opened again on Friday, after the storm of last winter had broken its wall.</p>"
        "<p>Ferries to the islands go out twice a day, said the harbour master, and from June on every two hours.</p>"
        "<p>The repair took five months and cost less than the council had feared, because divers found the piles whole.</p>"
        "<p>Fishermen had to land their catch up the coast, and many of them sold their boats before the spring.</p>"
    )

    def document(markup: str, has_text: bool) -> bytes:
        body = f"<article><h1>Harbour reopens</h1>{text}</article>" if has_text else "<div id=app></div>"
        return f"<html lang=en><head><title>Harbour reopens</title>{markup}</head><body>{body}</body></html>".encode()

    ref = RecordRef(warc="a.warc.gz", offset=0, length=1)
    capture = Snapshot(
        url="https://news.example/a",
        captured_at=datetime(2026, 5, 1, tzinfo=UTC),
        record_type="response",
        status=200,
        headers=(("Content-Type", "text/html"),),
        body=document(sent, read_from == "response"),
        payload_digest=None,
        ref=ref,
        rendered=Rendered(body=document(shown, read_from == "rendered"), ref=ref),
    )
    read = extract_snapshot(capture)
    assert read.provenance["body"] == read_from
    assert [one.name for one in read.signals] == names
