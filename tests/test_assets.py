"""What pages and style sheets name that is needed to show them, whatever strangers write into them."""

from __future__ import annotations

import time

import pytest

from archive.assets import Kind, by_need, css_refs, html_refs, is_style_sheet, needed_by
from archive.assets.media import applies, chosen, source_size
from archive.assets.refs import MAX_REFS

PAGE, SHEET = "https://paper.example/news/a.html", "https://paper.example/s/main.css"
AT = "https://paper.example/"


def in_page(markup: str, *, page: str = PAGE) -> list[str]:
    return [ref.url.removeprefix(AT) for ref in html_refs(f"<html><body>{markup}</body></html>".encode(), page)]


def in_sheet(text: str) -> list[str]:
    return [ref.url.removeprefix(AT) for ref in css_refs(text, SHEET)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('@import "more.css";', ["s/more.css"]),
        ("@import url(more.css) screen and (min-width: 1px);", ["s/more.css"]),
        ("@IMPORT URL( '/more.css' );", ["more.css"]),
        ("@import/**/'more.css';", ["s/more.css"]),
        ("a{background:url(b.png)}", ["s/b.png"]),
        ("a{background:url(\"b.png\"),url( '../c.png' )}", ["s/b.png", "c.png"]),
        ("a{background:url(//cdn.example/b.png)}", ["https://cdn.example/b.png"]),
        ("a{background:url(b\\ c.png)}", ["s/b%20c.png"]),  # CSS Syntax 4.3.7
        ("a{background:url(\\62.png)}", ["s/b.png"]),
        ("a{background:url(b.png#part)}b{background:url(b.png)}", ["s/b.png"]),  # one file, twice
        ("a{background:url(b.png)", ["s/b.png"]),  # a block that never ends
        ("a{background:url(b.png", ["s/b.png"]),  # … nor the function
        ('a{background:url("b.png', ["s/b.png"]),  # … nor the text
        ("/* url(no.png) */a{background:url(b.png)}", ["s/b.png"]),
        ("/* never closed url(no.png)", []),
        ('a{content:"url(no.png)"}', []),  # a text
        ("a{filter:url(#blur)}", []),  # a place in the page itself
        ("a{background:url()}", []),
        ("a{background:url(data:image/png;base64,AAAA)}", []),
        ("a{background:url(javascript:alert(1))}", []),
        ("a{background:url(about:blank)}b{background:url(file:///etc/passwd)}", []),
        ("@namespace svg url(http://www.w3.org/2000/svg);", []),  # a name, no address
        ('a{background:image-set("b.png" 1x, "c.avif" type("image/avif") 2x)}', ["s/b.png", "s/c.avif"]),
        ("a{background:-webkit-image-set(url(b.png) 1x)}", ["s/b.png"]),
        ("a{myurl(b.png)}", []),
        ("a{background:url(film.mp4)}", []),
    ],
)
def test_what_a_style_sheet_names(text: str, expected: list[str]) -> None:
    assert in_sheet(text) == expected


@pytest.mark.parametrize(
    ("src", "expected"),
    [
        ("url(a.woff2) format('woff2'), url(a.woff) format('woff')", ["s/a.woff2"]),
        ("local('A'), url(a.woff)", ["s/a.woff"]),
        ("url(a.eot?#iefix) format('embedded-opentype'), url(a.ttf) format('truetype')", ["s/a.ttf"]),
        ("url(a.eot)", []),  # for browsers that nobody has any more
        ("url(a.eot);src:url(a.woff2)", ["s/a.woff2"]),  # the same, told apart
        ("url(data:font/woff2;base64,AA) format('woff2'), url(a.woff)", []),  # the sheet has it in itself
    ],
)
def test_of_a_font_the_first_format_that_browsers_take(src: str, expected: list[str]) -> None:
    assert in_sheet(f"@font-face{{font-family:A;src:{src}}}") == expected


def test_what_is_no_font_ends_with_its_block() -> None:
    refs = css_refs("@font-face{src:url(a.woff2)}a{background:url(b.png)}", SHEET)
    assert [(ref.kind, ref.url.removeprefix(AT)) for ref in refs] == [(Kind.FONT, "s/a.woff2"), (Kind.IMAGE, "s/b.png")]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<link rel=stylesheet href="/m.css">', ["m.css"]),
        ('<link rel="stylesheet preload" as=style href="/m.css">', ["m.css"]),
        ("<link rel=stylesheet media=print onload=\"this.media='all'\" href=/m.css>", ["m.css"]),  # shown by a script
        ('<link rel="alternate stylesheet" href="/dark.css">', []),  # only for who asks for it
        ('<link rel="shortcut icon" href=/f.ico><link rel=apple-touch-icon href=/t.png>', ["f.ico", "t.png"]),
        ("<link rel=preload as=font href=/f.woff2 crossorigin>", ["f.woff2"]),
        ("<link rel=preload as=script href=/x.js><link rel=modulepreload href=/y.js>", []),
        ("<link rel=preload as=image href=/a.jpg media='(max-width: 400px)'>", []),
        ("<link rel=canonical href=/a><link rel=next href=/b>", []),
        ("<style>@import '/m.css'; a{background:url(/b.png)}</style>", ["m.css", "b.png"]),
        ("<p style=\"background:url('/b.png')\">", ["b.png"]),
        ("<img src=b.jpg>", ["news/b.jpg"]),
        ("<img src='a b.jpg'>", ["news/a%20b.jpg"]),
        ("<img src=/b.jpg srcset='/s.jpg 400w, /m.jpg 800w, /l.jpg 2400w' sizes='700px'>", ["b.jpg", "m.jpg"]),
        ("<img srcset='/1.jpg, /2.jpg 2x'>", ["1.jpg"]),
        ("<img src='data:image/gif;base64,R0lG' data-src=/lazy.jpg>", ["lazy.jpg"]),
        ("<img data-srcset='/s.jpg 300w, /l.jpg 1400w' data-sizes=auto>", ["l.jpg"]),
        ("<noscript><img src=/n.jpg></noscript>", ["n.jpg"]),
        ("<div data-bg=/b.jpg></div><div data-background-image=\"url('/c.jpg')\"></div>", ["b.jpg", "c.jpg"]),
        (
            (
                "<picture><source media='(max-width: 600px)' srcset=/phone.jpg><source type=image/jxl srcset=/new.jxl>"
                "<source type=image/avif srcset='/a.avif 1x'><source srcset=/late.webp>"
                "<img src=/old.jpg srcset='/no.jpg 1x'></picture>"
            ),
            ["a.avif", "old.jpg"],
        ),
        ("<video poster=/p.jpg src=/v.mp4><source src=/w.webm></video><audio src=/s.mp3></audio>", ["p.jpg"]),
        ("<svg><image xlink:href=/i.png /><use href='/sprite.svg#x'/><use href='#y'/></svg>", ["i.png", "sprite.svg"]),
        ("<input type=image src=/go.png><table background=/t.png></table>", ["go.png", "t.png"]),
        ("<script src=/x.js></script><iframe src=/f.html></iframe><object data=/o.swf></object><embed src=/e>", []),
        ("<img src=https://counter.example/p.gif width=1 height=1>", []),  # counts visits
        ("<img src='javascript:alert(1)'><img src=''><img src='#'><img src='{{photo}}'>", []),
        ("<!-- <img src=/no.jpg> -->", []),
        ("<img src='http://[broken/x.png'><img src=/b.jpg>", ["b.jpg"]),
    ],
)
def test_what_a_page_names(markup: str, expected: list[str]) -> None:
    assert in_page(markup) == expected


def test_a_base_counts() -> None:
    page = b"<html><head><base href=//cdn.example/x/><link rel=stylesheet href=m.css></head></html>"
    assert [ref.url for ref in html_refs(page, PAGE)] == ["https://cdn.example/x/m.css"]


def test_style_sheets_are_asked_for_first_and_images_last() -> None:
    refs = html_refs(b"<img src=/a.jpg><link rel=preload as=font href=/f.woff2><link rel=stylesheet href=/m.css>", PAGE)
    assert [ref.kind for ref in by_need(refs)] == [Kind.STYLE, Kind.FONT, Kind.IMAGE]


@pytest.mark.parametrize(
    ("content_type", "count"),
    [("text/html; charset=utf-8", 1), ("", 1), ("TEXT/CSS", 1), ("image/svg+xml", 0), ("application/json", 0)],
)
def test_only_pages_and_style_sheets_name_something(content_type: str, count: int) -> None:
    body = b"a{background:url(/b.png)}" if is_style_sheet(content_type) else b"<img src=/b.png>"
    assert len(needed_by(body, url=PAGE, content_type=content_type)) == count


@pytest.mark.parametrize("charset", ["utf-16", "windows-1251", "no-such-charset", "utf-8"])
def test_a_page_in_any_charset_is_read(charset: str) -> None:
    written = "utf-8" if charset == "no-such-charset" else charset
    page = "<html><body>Газета<img src=/b.png></body></html>".encode(written)
    assert len(html_refs(page, PAGE, f"text/html; charset={charset}")) == 1


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        (None, True),
        ("screen and (min-width: 60em)", True),
        ("(max-width: 600px)", False),
        ("print", False),
        ("print, screen", True),
        ("not screen", False),
        ("(width < 600px)", False),
        ("(400px <= something-new)", True),  # what is not understood is taken
        ("(orientation: portrait)", False),
    ],
)
def test_what_a_desktop_screen_meets(media: str | None, expected: bool) -> None:
    assert applies(media) is expected


@pytest.mark.parametrize(
    ("srcset", "sizes", "expected"),
    [
        ("a.jpg 100w, b.jpg 1366w, c.jpg 3000w", None, "b.jpg"),  # no sizes: the whole window
        ("a.jpg 100w, b.jpg 300w", "1000px", "b.jpg"),  # none is wide enough: the widest
        ("a.jpg 2x, b.jpg 1x", None, "b.jpg"),
        ("a,b.jpg 1x, c.jpg 2x", None, "a,b.jpg"),  # a comma inside an address
        ("a.jpg, b.jpg 2x", None, "a.jpg"),
        ("data:image/gif;base64,R0 1x", None, "data:image/gif;base64,R0"),
        ("  ,, ", None, None),
        ("", None, None),
    ],
)
def test_which_of_a_srcset_a_browser_takes(srcset: str, sizes: str | None, expected: str | None) -> None:
    assert chosen(srcset, sizes) == expected


def test_the_first_size_whose_condition_is_met_counts() -> None:
    assert source_size("(max-width: 600px) 100vw, (min-width: 1000px) 640px, 50vw") == 640


MANY = 300_000
HOSTILE = {
    "comments": "/*" * MANY,
    "functions": "url(" * MANY,
    "functions and blanks": "url(" + " " * MANY + "url( " * MANY,
    "texts": '"' * MANY,
    "backslashes": "\\" * MANY,
    "imports": "@import " * MANY,
    "sources": "@font-face{src:" + "url(a.eot)," * MANY,
    "blanks": "src" + " " * MANY + "src " * MANY,
    "sets": "image-set((" * MANY,
    "images": "".join(f"a{{b:url(/{number}.png)}}" for number in range(MANY)),
    "one image": "a{b:url(x.png)}" * MANY,
    "data": "a{b:url(data:image/png;base64," + "A" * MANY + ")}" + "a{b:url(data:,x)}" * MANY,
    "broken addresses": "".join(f"a{{b:url(http://[{number})}}" for number in range(MANY)),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_style_sheet_costs_little_and_names_little(text: str) -> None:
    begun = time.process_time()
    assert len(css_refs(text, SHEET)) <= MAX_REFS
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "page",
    [
        b"<img src=x.png>" * MANY,
        b"<div>" * MANY,
        b"<img srcset='" + b"a 1w," * MANY + b"'>",
        b"<img srcset='a 1w' sizes='" + b"1" * MANY + b"(((' >" * 3,
        b"<link media='" + b"(" * MANY + b"' rel=preload as=image href=a>",
        b"<picture>" * 5_000 + b"<source srcset=a>" * 5_000,
        b"\0\xff" * MANY,
        b"",
    ],
)
def test_a_hostile_page_costs_little(page: bytes) -> None:
    begun = time.process_time()
    assert len(html_refs(page, PAGE)) <= MAX_REFS
    assert time.process_time() - begun < 10
