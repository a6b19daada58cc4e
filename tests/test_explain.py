"""Why a segment stayed or went: the same story as `extract` tells, and safe to look at."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from archive.commands.explain import html_page, print_explanation
from archive.extract import Page
from archive.extract.explain import Decision, Explanation, explain
from archive.extract.extract import extract
from archive.extract.segment import BREAK
from archive.extract.why import Why
from archive.model import Extraction
from crawler.cli import group
from tests.extract_pages import StoredPage, own_pages

URL = "https://lantern.example/news/pier-9821"
SENTENCES = (
    "The harbour board voted on Monday to rebuild the long pier that a winter storm tore in two last year.",
    "Fishermen had asked for a smaller landing stage, but engineers said the sea bed would not carry it.",
    "Work is to begin in April when the spring tides have passed, and the first section opens this year.",
)
BODY = "".join(f"<p>{s}</p>" for s in SENTENCES)
HOSTILE = (
    "The board said <script>alert(1)</script> & \"quoted\" 'words' <img src=https://evil.example/x.png onerror=alert(2)> to "
    "all who had asked for a smaller pier\x1b[31m\u202e before the storm of last winter tore the old one in two."
)


def told(body: str, *, title: str = "A pier for Port Ellery", **more: object) -> Explanation:
    whole = (
        f"<html lang=en><head><meta charset=utf-8><title>{title}</title></head><body><main>{body}</main></body></html>"
    )
    return explain(Page(url=URL, body=whole.encode(), **more))  # type: ignore[arg-type]  # the page's own fields


def fate(explanation: Explanation, start: str) -> Decision:
    return next(one for one in explanation.decisions if one.text.startswith(start))


def dense(text: str) -> str:
    """Return letters and digits alone: lists and tables have bullets, numbers and bars of their own."""
    return "".join(c for c in text if c.isalpha())


@pytest.mark.parametrize("page", own_pages(), ids=lambda page: page.url)
def test_it_tells_the_story_of_extract(page: StoredPage) -> None:
    given = page.page()
    found = explain(given)
    assert found.extraction == extract(given)
    if found.extraction.article:
        assert dense("".join(one.text for one in found.decisions if one.kept)) == dense(found.extraction.text or "")


@pytest.mark.parametrize(
    ("body", "start", "why"),
    [
        (f"<p>Skip to content</p>{BODY}", "Skip to content", Why.FURNITURE),
        (f"<h1>A pier for Port Ellery</h1>{BODY}", "A pier", Why.TITLE),
        (f"<p>Published on 21 May 2022</p>{BODY}", "Published", Why.DATE),
        (f"<p>By Ines Marlow</p>{BODY}", "By Ines", Why.BYLINE),
        (f"{BODY}<h2>What the board said next</h2>", "What", Why.HEADING),
        (f"{BODY}<p>Harbour All</p><p>Leave a Reply</p>", "Harbour All", Why.LABEL),
    ],
)
def test_a_line_that_goes_says_why(body: str, start: str, why: Why, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "archive.extract.deciding.choose", lambda found, _likely: [True] * len(found)
    )  # lines alone decide
    one = fate(told(body), start)
    assert (one.kept, one.why, one.reason) == (False, why, why.value)


def test_a_headline_taken_from_the_text_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.extract.deciding.choose", lambda found, _likely: [True] * len(found))
    found = told(f"<p>Board rebuilds the pier</p>{BODY}", title="")
    assert found.extraction.title == "Board rebuilds the pier"
    assert [one.kept for one in found.decisions] == [False, True, True, True]
    assert found.decisions[0].why is Why.HEADLINE


def test_a_paragraph_less_one_line_is_kept_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.extract.deciding.choose", lambda found, _likely: [True] * len(found))
    found = told(f"{BODY}<p>{SENTENCES[0].replace('Monday', 'Friday')}<br>Leave a Reply</p>")
    last = found.decisions[-1]
    assert last.text.endswith(f"{BREAK}Leave a Reply")
    assert last.kept
    assert last.reason.endswith(", less a furniture line")


def test_one_item_of_a_list_goes_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.extract.deciding.choose", lambda found, _likely: [True] * len(found))
    found = told(f"{BODY}<ul><li>A longer pier of steel</li><li>Leave a Reply</li><li>A new light on it</li></ul>")
    assert [one.kept for one in found.decisions] == [True, True, True, True, False, True]


@pytest.mark.parametrize(
    ("more", "start", "reason"),
    [
        (f'<div class="comments"><p>{SENTENCES[0]} I was there.</p></div>', SENTENCES[0] + " I", "area: comments"),
        (f"<p>{SENTENCES[1]}</p>", SENTENCES[1], "stands twice"),
    ],
)
def test_what_was_likely_and_went_says_why(more: str, start: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    monkeypatch.setattr("archive.extract.deciding.judge", lambda found, *_: np.full(len(found), 0.9))
    last = told(f"{BODY}{more}").decisions[-1]
    assert last.text.startswith(start)
    assert (last.kept, last.reason, last.likely) == (False, reason, 0.9)


def test_a_heading_kept_for_its_kind_says_so_and_moves_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    parts = "".join(f"<h3>{hour}:12 update</h3><p>{text}</p>" for hour, text in zip((8, 9, 10), SENTENCES, strict=True))
    likely = np.array([0.6, 0.9, 0.6, 0.9, 0.1, 0.9, 0.3])  # the third heading, and a line after all
    monkeypatch.setattr("archive.extract.deciding.judge", lambda _found, *_: likely)
    found = told(f"{parts}<p>Boats for hire at the quay</p>")
    assert [one.reason for one in found.decisions if one.tag == "h3"] == ["judged .60", "judged .60", "as its like"]
    assert [one.kept for one in found.decisions] == [True] * 6 + [False]
    assert found.decisions[-1].reason == "judged .30"


def test_what_sources_toml_selects_is_told_as_such() -> None:
    found = told(f"<div class=story>{BODY}</div><p>{SENTENCES[0]} Again.</p>", selectors={"text": "div.story"})
    assert [one.text for one in found.decisions] == list(SENTENCES)
    assert {(one.kept, one.reason, one.likely) for one in found.decisions} == {(True, "selector", None)}


def test_a_page_refused_before_its_text_has_no_decisions() -> None:
    found = explain(Page(url="https://lantern.example/", body=f"<html><body>{BODY}</body></html>".encode()))
    assert (found.extraction.reason, found.decisions, found.share_kept) == ("front-page", (), 0.0)
    assert "no article: front-page" in html_page(found)


class _Elements(HTMLParser):
    """What stands in an HTML page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile() -> Explanation:
    """Return an explanation whose every text tries to leave its place."""
    one = Decision(
        number=1, text=HOSTILE + BREAK + "</bdi></p><iframe src=//evil.example>", kept=True, why=Why.JUDGED,
        reason="judged .97", likely=0.97, size=200, where='p." onmouseover="alert(3)#x\'><script>', tag="p", witnesses="t",
    )  # fmt: skip
    said = Extraction(
        article=True,
        title="</title><script>alert(4)</script>",
        authors=('"><svg onload=alert(5)>',),
        language="en",
        text=HOSTILE,
        provenance={"title": "<b>h1</b>"},
    )
    return Explanation(url='https://evil.example/"><script>', extraction=said, decisions=(one,), base="precision")


def test_hostile_text_stays_text_in_the_page() -> None:
    page = html_page(hostile())
    seen = _Elements()
    seen.feed(page)
    allowed = {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "dl",
        "dt",
        "dd",
        "p",
        "span",
        "main",
        "bdi",
        "small",
        "br",
    }
    assert {tag for tag, _ in seen.found} <= allowed
    names = {name for _, attributes in seen.found for name in attributes}
    assert names <= {"lang", "charset", "http-equiv", "content", "name", "class", "id", "title", "dir"}
    assert "<script>alert(1)</script>" in seen.text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", page)


def test_whose_word_is_not_there_is_said() -> None:
    asked = told(BODY)
    assert asked.base is not None
    assert asked.base.startswith("trafilatura")  # so short a page leaves a doubt
    assert "trafilatura was not asked" not in html_page(asked)
    paragraphs = "".join(f"<p>{n}. {' '.join(SENTENCES)}</p>" for n in range(12))
    sure = told(f"<article>{paragraphs}</article>")
    assert sure.base == "resiliparse"
    assert "trafilatura was not asked" in html_page(sure)


def test_the_page_asks_for_nothing_and_its_style_is_the_one_it_allows() -> None:
    import base64
    import hashlib

    page = html_page(told(BODY))
    assert not re.search(r"\b(?:src|srcset|href|action)\s*=|@import|url\(", page)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert policy
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy[1] == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_table_keeps_to_its_width_and_shows_hostile_text_plain(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    print_explanation(hostile(), width=width)
    _, _, table = capsys.readouterr().out.partition("\n\n")
    assert table
    assert all(len(line) <= width for line in table.splitlines()[:-2])  # the legend may be longer
    assert "\x1b" not in table
    assert "\u202e" not in table


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Write a page to a file."""
    path = tmp_path / "page.html"
    path.write_text(f"<html lang=en><title>A pier</title><body><main>{BODY}</main></body></html>", encoding="utf-8")
    return path


def test_the_command_prints_a_table_or_writes_a_page(saved: Path, tmp_path: Path) -> None:
    out = tmp_path / "why.html"
    shown = CliRunner().invoke(group, ["extract", str(saved), "--url", URL, "--explain"])
    assert shown.exit_code == 0
    assert "verdict:   article" in shown.stdout
    assert "judged" in shown.stdout
    written = CliRunner().invoke(group, ["extract", str(saved), "--url", URL, "--explain-html", str(out)])
    plain = CliRunner().invoke(group, ["extract", str(saved), "--url", URL])
    assert (written.exit_code, written.stdout) == (0, plain.stdout)
    assert SENTENCES[0] in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "words", [["--jsonl", "list", "--explain"], ["--url", URL, "--explain-html", "no/such/folder/x.html"]]
)
def test_what_cannot_be_told_says_what_to_do(words: list[str], saved: Path) -> None:
    given = words if "--jsonl" in words else [str(saved), *words]
    done = CliRunner().invoke(group, ["extract", *given])
    assert done.exit_code == 2
    assert "--explain" in done.stderr
