"""A page cut into segments, and the segments that are kept rendered as text and Markdown."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html

from archive.extract import Page, blocks
from archive.extract.blocks import Block
from archive.extract.document import parse
from archive.extract.render import blocks_of
from archive.extract.segment import BREAK, MAX_SEGMENTS, Segment, segments
from archive.extract.text import clean

LONG = "word " * 50 + "end"


def cut(body: str) -> list[Segment]:
    return segments(html.document_fromstring(f"<html><body>{body}</body></html>"))


def texts(body: str) -> list[str]:
    return [s.text for s in cut(body)]


def rendered(body: str) -> tuple[str, str]:
    found = blocks_of(cut(body))
    return blocks.text_of(found), blocks.markdown_of(found)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>a  b\n c</p>", ["a b c"]),
        ("<p>a <b>b</b><i>c</i> d</p>", ["a bc d"]),
        ("<p>a<br>b</p>", [f"a{BREAK}b"]),  # one break is the author's
        ("<p>a<br><br>b</p>", ["a", "b"]),  # two are a paragraph
        ("<p>a<br> <br>\n<br>b</p>", ["a", "b"]),
        ("<p>a<br><b>b</b><br>c</p>", [f"a{BREAK}b{BREAK}c"]),
        ("<p><b>a</b><br><br><i>b</i> c</p>", ["a", "b c"]),
        ("<p><br>a<br></p>", ["a"]),
        ("<p>a<wbr>b</p>", ["ab"]),
        ("<p>a</p>loose<p>b</p>tail", ["a", "loose", "b", "tail"]),
        ("<div>a<p>b</p>c <b>d</b><p>e</p></div>", ["a", "b", "c d", "e"]),
        ("<a href=x><div>a</div><div>b</div></a>c", ["a", "b", "c"]),  # an inline element that holds blocks
        ("<span><b>a</b><span>b<div>c</div>d</span></span>", ["a", "b", "c", "d"]),
        ("<ul><li>a<ul><li>b</li></ul>c</li></ul>", ["a", "b", "c"]),
        ("<script>x</script>a<style>y</style>b<noscript>z</noscript>", ["ab"]),
        ("<p>a <button>b</button> c <svg><title>t</title></svg></p>", ["a c"]),
        ("<x-story>a<x-line>b</x-line>c</x-story>", ["a", "b", "c"]),  # unknown tags are blocks
        ("<p>&nbsp;</p><p> \n</p><p>a</p>", ["a"]),
        ("<p>a &amp; b &lt;i&gt; &unknown; &#8364;</p>", ["a & b <i> &unknown; €"]),
        ("", []),
    ],
)
def test_a_page_is_cut_where_a_reader_sees_it_cut(body: str, expected: list[str]) -> None:
    assert texts(body) == expected


def test_segments_know_where_they_stand() -> None:
    (found,) = cut(
        "<article class='story'><div id=body12 class='Text-main x'><p>a <a href=x>link</a> <b>bold</b></p></div></article>"
    )
    assert (found.links, found.linked, found.bold) == (1, 4, 4)
    assert found.place.near() == ("p", "div.Text-main.x#body", "article.story#", "body")
    words = ("text", "main", "body", "story", "page")
    assert [w for w in words if found.place.named(frozenset({w}))] == list(words[:4])
    assert found.place.named(frozenset(words)) == "body"
    assert found.place.tags == {"article"}


@pytest.mark.parametrize("how", ["hidden", "aria-hidden=true", "style='display: none'"])
def test_hidden_parts_are_marked_and_what_is_in_them(how: str) -> None:
    found = cut(f"<p>a</p><div {how}><p>b</p></div><p>c</p>")
    assert [s.place.hidden for s in found] == [False, True, False]


def test_the_tree_is_not_changed() -> None:
    tree = html.document_fromstring("<body><p>a<br>b<script>x</script><svg></svg>c</p></body>")
    before = html.tostring(tree)
    blocks_of(segments(tree))
    assert html.tostring(tree) == before


def test_a_page_without_end_is_cut_off() -> None:
    assert len(cut("<p>a</p>" * (MAX_SEGMENTS + 10))) == MAX_SEGMENTS


@pytest.mark.parametrize(
    "body",
    [
        "<b><i>" * 120 + "word" + "<div>x</div>",
        "<span>" * 200 + "<p>word</p>" + "</span>" * 200,
        ("<font>" * 1900 + "<div>a</div>" + "</font>" * 1900) * 40,  # nested inline elements, each holding a block
        "".join(f"<t{n}>a" for n in range(1900)),  # tags that nobody knows, one inside the other
        f"<p class='{'a' * 30_000}' id='{'b' * 30_000}'>a</p>",  # letters that could be a hash's
    ],
)
def test_what_is_nested_or_long_without_reason_takes_no_time(body: str) -> None:
    document = parse(Page(url="https://a.example/", body=body.encode()))
    assert document is not None
    begun = time.process_time()
    assert segments(document.tree)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    ("body", "text", "markdown"),
    [
        ("<p>a <b>b</b> c</p>", "a b c", "a **b** c"),
        ("<p>a <em> b </em>c</p>", "a b c", "a *b* c"),  # the mark stands next to the word
        ("<p><b><i>a</i></b> b</p>", "a b", "***a*** b"),
        ("<p>a <b></b><b> </b>b</p>", "a b", "a b"),
        ("<p>a <a href=x>b</a> <u>c</u></p>", "a b c", "a b c"),
        ("<p>2 * 3 [x] a_b `c` \\d &lt;i></p>", "2 * 3 [x] a_b `c` \\d <i>", "2 \\* 3 \\[x\\] a\\_b \\`c\\` \\\\d \\<i>"),
        ("<p># not a heading</p>", "# not a heading", "\\# not a heading"),
        ("<p>### nor this</p>", "### nor this", "\\### nor this"),
        ("<p>#hashtag</p>", "#hashtag", "#hashtag"),
        ("<p>>quoted</p>", ">quoted", "\\>quoted"),
        ("<p>1. January</p>", "1. January", "1\\. January"),  # a backslash before a digit would be shown
        ("<p>1.5 million</p>", "1.5 million", "1.5 million"),
        ("<p>a<br>---</p>", "a\n---", "a  \n\\---"),  # the line above would be a heading
        ("<p>a<br>===</p>", "a\n===", "a  \n\\==="),
        ("<p>- no list</p>", "- no list", "\\- no list"),
        ("<p>~~~</p>", "~~~", "\\~~~"),
        ("<p>&amp;copy; AT&amp;T</p>", "&copy; AT&T", "\\&copy; AT&T"),
        ("<h3>Next</h3>", "Next", "### Next"),
        ("<h2><div>Next</div></h2><p>a</p>", "Next\n\na", "## Next\n\na"),
        ("<h2>a<br>b</h2>", "a b", "## a b"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b", "- a\n- b"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b", "1. a\n2. b"),
        ("<ul><li>a</li></ul><ul><li>b</li></ul>", "- a\n\n- b", "- a\n\n- b"),
        ("<ul><li><p>a</p><p>b</p></li><li>c</li></ul>", "- a b\n- c", "- a b\n- c"),
        ("<ul><li>a<br>b</li></ul>", "- a b", "- a b"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c", "- a\n  - b\n- c"),
        ("<ol><li>a<ul><li>b</li></ul></li><li>c</li></ol>", "1. a\n  - b\n2. c", "1. a\n    - b\n2. c"),
        ("<ol><li>a<ul><li>b</li></ul>more</li><li>c</li></ol>",
         "1. a\n  - b\n  more\n2. c", "1. a\n    - b\n  more\n2. c"),
        ("<ul><ul><li>a</li></ul></ul>", "  - a", "  - a"),
        ("<dl><dt>a</dt><dd>b</dd></dl>", "- a\n- b", "- a\n- b"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "a\n\nb", "> a\n\n> b"),
        ("<blockquote>a<br>b</blockquote>", "a\nb", "> a\n> b"),
        ("<p>a<br>b</p>", "a\nb", "a  \nb"),
        ("<p>a<br><br>b</p>", "a\n\nb", "a\n\nb"),
        ("<p>a</p>loose<p>b</p>", "a\n\nloose\n\nb", "a\n\nloose\n\nb"),
        (
            "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
            "a | b\nc",
            "| a | b |\n| --- | --- |\n| c |  |",
        ),
        (
            "<table><thead><tr><th>a|x</th><th>b</th></tr></thead><tbody><tr><td><p>c</p><p>d</p></td><td>e</td></tr></table>",
            "a|x | b\nc d | e",
            "| a\\|x | b |\n| --- | --- |\n| c d | e |",
        ),
        ("<table><tr><td>only</td></tr></table>", "only", "only"),  # a table for the layout's sake
        (
            "<table><tr><td><p>a</p><h2>h</h2><ul><li>b</li><li>c</li></ul><blockquote>q</blockquote></td></tr></table>",
            "a\n\nh\n\n- b\n- c\n\nq",
            "a\n\n## h\n\n- b\n- c\n\n> q",
        ),
        (f"<table><tr><td>a</td><td>{LONG}</td></tr><tr><td>c</td></tr></table>", f"a\n\n{LONG}\n\nc", f"a\n\n{LONG}\n\nc"),
        ("<pre>x = 1\n  y</pre>", "x = 1\n  y", "```\nx = 1\n  y\n```"),
        ("<pre><code>a\n```\nb</code></pre>", "a\n```\nb", "````\na\n```\nb\n````"),
        ("<p>run <code>C:\\dir *x*</code></p>", "run C:\\dir *x*", "run `C:\\dir *x*`"),
        ("<p>run <code>a`b</code></p>", "run a`b", "run ``a`b``"),
        ("<p>run <code>a<b>b</b></code></p>", "run ab", "run `ab`"),
        ("<p>a <code> </code>b</p>", "a b", "a b"),
        (f"<p>{'<b>' * 90}a{'</b>' * 90}</p>", "a", f"{'**' * 41}a{'**' * 41}"),
    ],
)  # fmt: skip
def test_blocks(body: str, text: str, markdown: str) -> None:
    assert rendered(body) == (text, markdown)


def test_a_line_of_furniture_leaves_a_list_and_its_markdown() -> None:
    (block,) = blocks_of(cut("<ul><li><b>a</b> word</li><li>Leave a Reply</li><li># c</li></ul>"))
    (kept,), _, _ = clean([block], [])
    assert (kept.text, kept.markdown) == ("- a word\n- # c", "- **a** word\n- \\# c")


def test_a_label_goes_only_beside_furniture() -> None:
    # Whether a bare name at the end is kept at all is for the trees; here it is a signature unless furniture follows.
    parts = [Block("p", "A long first paragraph.", ""), Block("p", "Harbour All", "")]
    assert len(clean(parts, [])[0]) == 2
    assert len(clean([*parts, Block("p", "Leave a Reply", "")], [])[0]) == 1


def test_a_last_heading_goes_and_a_last_name_stays() -> None:
    parts = [Block("p", "A long first paragraph.", ""), Block("p", "Ines Marlow", ""), Block("head", "More", "")]
    assert [b.text for b in clean(parts, [])[0]] == ["A long first paragraph.", "Ines Marlow"]


WORD = st.from_regex(r"[a-zäж中]{1,6}", fullmatch=True)
INLINE = ("b", "i", "em", "strong", "a", "span", "u", "small", "sub", "code", "font")
BLOCKS = (
    "p", "div", "h1", "h3", "ul", "ol", "li", "blockquote", "section", "article", "table", "tr", "td", "th", "pre", "dl",
    "dd", "figure", "figcaption", "aside", "x-part", "center", "form", "address", "body",
)  # fmt: skip
UNSEEN = ("script", "style", "noscript", "svg", "button", "template")


def _element(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    inside = st.lists(children, max_size=4).map(" ".join)
    return st.tuples(st.sampled_from(INLINE + BLOCKS), inside).map(lambda x: f"<{x[0]}>{x[1]}</{x[0]}>")


PARTS = st.recursive(
    st.one_of(
        WORD,
        st.sampled_from(
            ("<br>", "<br><br>", "<hr>", "<img src=x>", "</p>", "&nbsp;", "# ", "1. ", "* ", "`", "| ", "> ")
        ),
        st.tuples(st.sampled_from(UNSEEN), WORD).map(lambda x: f"<{x[0]}>{x[1]}</{x[0]}>"),
    ),
    _element,
    max_leaves=25,
)


def _visible(tree: html.HtmlElement) -> str:
    """Return the page's visible characters, written down in another way: one walk over all text."""
    body = tree.find("body")
    out: list[str] = []

    def walk(element: html.HtmlElement) -> None:
        if element.tag in UNSEEN:
            return
        out.append(element.text or "")
        for child in element:
            walk(child)
            out.append(child.tail or "")

    walk(tree if body is None else body)
    return "".join("".join(out).split())


def _stripped(markdown: str) -> str:
    """Return Markdown's words without any mark."""
    return "".join(re.findall(r"[a-zäж中]+", markdown))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PARTS, min_size=1, max_size=6).map(" ".join))
def test_every_visible_word_stands_in_one_segment_and_in_order(body: str) -> None:
    tree = html.document_fromstring(f"<html><body>{body}</body></html>")
    found = segments(tree)
    assert "".join("".join(s.text for s in found).split()) == _visible(tree)
    assert [s.index for s in found] == list(range(len(found)))
    parts = blocks_of(found)
    assert all(b.text.strip() and b.markdown.strip() for b in parts)
    assert _stripped(blocks.text_of(parts)) == _stripped(_visible(tree))
    assert _stripped(blocks.markdown_of(parts)) == _stripped(_visible(tree))
