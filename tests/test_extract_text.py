"""Text and the promises of `extract`: pure, bounded, never raising."""

from __future__ import annotations

import html
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.extract import EXTRACTOR, Page, to_json
from archive.extract.chrome import is_chrome
from archive.extract.extract import extract, extract_snapshot
from archive.extract.text import byline
from archive.model import Extraction, RecordRef, Snapshot

ROOT = Path(__file__).resolve().parent.parent
SENTENCES = (
    "The harbour board voted on Monday to rebuild the long pier that a winter storm tore in two last year.",
    "Fishermen had asked for a smaller landing stage, but engineers said the sea bed would not carry it.",
    "Work is to begin in April when the spring tides have passed, and the first section opens this year.",
)
BODY = "".join(f"<p>{s}</p>" for s in SENTENCES)
URL = "https://lantern.example/news/pier-9821"


def page(body: str, head: str = "", url: str = URL, **more: object) -> Page:
    whole = f"<html lang=en><head><meta charset=utf-8>{head}</head><body>{body}</body></html>"
    return Page(url=url, body=whole.encode(), **more)  # type: ignore[arg-type]  # the page's own fields


def test_page_furniture_leaves_text_and_title() -> None:
    found = extract(
        page(f"<p>Skip to content</p><p>A pier for Port Ellery</p><p>By Ines Marlow</p>{BODY}<p>Leave a Reply</p>")
    )
    assert found.title == "A pier for Port Ellery"
    assert found.authors == ("Ines Marlow",)
    assert (found.text or "").split("\n\n") == list(SENTENCES)


def test_the_title_is_not_repeated_in_the_text() -> None:
    found = extract(page(f"<h1>A pier for Port Ellery</h1><p>A PIER for Port Ellery!</p>{BODY}"))
    assert (found.text or "").split("\n\n") == list(SENTENCES)


@pytest.mark.parametrize(
    ("line", "chrome"),
    [
        ("Skip to content", True),
        ("SKIP TO MAIN CONTENT »", True),
        ("Zum Inhalt springen", True),
        ("コメントを残す", True),
        ("12 comments", True),
        ("Share this article", True),
        ("He said he would share this article with the board.", False),
        ("Leave a reply, she begged, and he did not.", False),
        ("*Editor’s Note: These quotations could not be verified.", False),
        ("", False),
    ],
)
def test_chrome_lines(line: str, chrome: bool) -> None:
    assert is_chrome(line) is chrome


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("By Ines Marlow and Tom Okafor", ("Ines Marlow", "Tom Okafor")),
        ("By the river", ()),
        ("By Monday the pier was gone.", ()),
        ("Von Käthe Grün", ("Käthe Grün",)),
    ],
)
def test_bylines(line: str, names: tuple[str, ...]) -> None:
    assert byline(line) == names


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>" + b"<div>" * 100_000 + b"deep" + b"</div>" * 100_000,
        b"<b><i>" * 50_000 + b"word " * 500,
        b"<table><tr><td>" * 80 + b"word " * 500,
        b"<html><body><p class='" + b"a " * 200_000 + b"'>" + BODY.encode(),
        b"<p>a\x00b&#1;&#x1f;&#xd800;&#xffff; " + BODY.encode() + b"\xff\xfe",
        bytes(range(256)) * 200,
        b"<!--" * 20_000,
        b"<p>" + b"&amp;" * 50_000,
        "<p>\U0001f600\ud83d</p>".encode("utf-8", "surrogatepass") + BODY.encode(),
    ],
)
def test_hostile_markup_ends_in_a_result(body: bytes) -> None:
    found = extract(Page(url=URL, body=body))
    assert found.article or found.reason
    assert not (found.reason or "").startswith("error-")


PIECES = [
    "<p>", "</div>", "<div>", "<br>", "<li>", "<table>", "<td>", "&", "word word. ", "<a href=x>", "<script>", "\x00",
    "<h1>", "</p>", "<time datetime=x>", "<meta name=author content='By'>",
]  # fmt: skip


def test_a_text_after_the_end_of_the_page_is_read_as_browsers_show_it() -> None:
    """Pages that are put together from parts have several ends; libxml2 stops at the first."""
    found = extract(page(f"<h1>A pier for Port Ellery</h1></body></html><html><body>{BODY}"))
    assert found.text is not None
    assert SENTENCES[2] in found.text


def test_control_characters_cost_no_text() -> None:
    # lxml reads "&#1;" from markup and refuses it when it is set as text again: trafilatura then gives up the page
    dirty = BODY.replace("Monday", "Mon&#1;day").replace("pier", "<b>pi&#x0b;er</b>").replace("April", "April\x0c")
    assert (extract(page(dirty)).text or "").split("\n\n") == list(SENTENCES)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(PIECES), max_size=80))
def test_any_markup_ends_in_a_result(parts: list[str]) -> None:
    found = extract(page("".join(parts)))
    assert found.article is (found.reason is None)
    assert not (found.reason or "").startswith("error-")


def test_a_capture_is_decoded_within_limits() -> None:
    payload = pytest.importorskip("archive.payload")
    assert payload
    import gzip

    body = gzip.compress(page(BODY).body)
    snapshot = Snapshot(
        url=URL,
        captured_at=datetime(2024, 6, 1, tzinfo=UTC),
        record_type="response",
        status=200,
        headers=(("Content-Type", "text/html"), ("Content-Encoding", "gzip")),
        body=body,
        payload_digest=None,
        ref=RecordRef(warc="a.warc.gz", offset=0, length=1),
    )
    assert extract_snapshot(snapshot).article


def test_json_has_exactly_the_promised_keys() -> None:
    keys = {
        "url", "article", "reason", "title", "authors", "published", "published_precision", "published_via", "modified",
        "language", "text", "markdown", "image", "section", "keywords", "paywall", "live_blog", "provenance",
    }  # fmt: skip
    good = to_json(URL, extract(page(BODY)))
    bad = to_json(URL, Extraction.refused("listing"))
    assert set(good) == set(bad) == keys
    assert json.loads(json.dumps(good)) == good
    assert {k for k, v in bad.items() if v is not None} == {"url", "article", "reason"}


def test_the_extractor_has_a_name_and_version() -> None:
    assert EXTRACTOR.name == "morgue"
    assert EXTRACTOR.version


_PROBE = """
import sys, time, datetime, json
shift = float(sys.argv[1])
real_time, real_datetime, real_localtime = time.time, datetime.datetime, time.localtime
class Moved(real_datetime):
    @classmethod
    def now(cls, tz=None): return cls.fromtimestamp(real_time() + shift, tz)
    @classmethod
    def utcnow(cls): return cls.fromtimestamp(real_time() + shift)
    @classmethod
    def today(cls): return cls.now()
time.time = lambda: real_time() + shift
time.localtime = lambda s=None: real_localtime(real_time() + shift if s is None else s)
datetime.datetime = Moved
sys.path.insert(0, "scripts")
from importlib.machinery import SourceFileLoader
golden = SourceFileLoader("golden", "scripts/golden").load_module()
from archive.extract import Page, to_json
from archive.extract.extract import extract
out = {p.name: golden.result_of(p) for p in sorted(golden.GOLDEN.iterdir())}
body = "<p>The harbour board voted on Monday to rebuild the long pier that a storm tore in two last year.</p>" * 3
lines = ["5 May", "2022-05", "Posted 3 days ago", "2022 May", "date: 7", "10:30 Sat", "12/13"]
for i, line in enumerate(lines):
    head = f"<html><head><title>A pier</title></head><body><div class='date'>{line}</div>"
    # every day of that month stands on the page, so that a day taken from the clock would be believed
    days = " ".join(f"2022-05-{d:02}" for d in range(1, 32))
    markup = f"{head}<p title='{days}'>{line}</p>{body}</body></html>"
    out[line] = to_json("u", extract(Page(url=f"https://a.example/news/{i}-a-long-story", body=markup.encode())))
print(json.dumps(out, sort_keys=True, ensure_ascii=True))
"""


def test_the_same_page_gives_the_same_result_in_another_process_and_year() -> None:
    outputs = []
    for seed, shift in (("0", "0"), ("1", "-126144000"), ("2", "315360000")):
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _PROBE, shift],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            timeout=120,
        )
        assert run.returncode == 0, run.stderr[-2000:]
        outputs.append(run.stdout)
    assert json.loads(outputs[0])
    assert outputs[0] == outputs[1] == outputs[2]


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, archive.extract, archive.model;"
        "print([m for m in ('trafilatura', 'lxml', 'htmldate', 'sqlite_utils', 'scrapy') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert run.stdout.strip() == "[]"


CASES = sorted((Path(__file__).parent / "golden").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.name)
def test_golden_pages(case: Path) -> None:
    from importlib.machinery import SourceFileLoader
    from importlib.util import module_from_spec, spec_from_loader

    loader = SourceFileLoader("golden_script", str(ROOT / "scripts" / "golden"))
    spec = spec_from_loader("golden_script", loader)
    assert spec is not None
    script = module_from_spec(spec)
    loader.exec_module(script)
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))["extraction"]
    result = script.result_of(case)
    for name in expected:
        assert result[name] == expected[name], name
    assert set(result) == set(expected)


# What page furniture each of the three texts has, by its beginning; all other lines are the article's.
SEEDS = {
    "000": ("Skip to content", "Cnn All", "Not all news on the site"),
    "001": ("date 2022-05-21",),
    "002": ("About this publication", "Be the first to comment", "Leave a Reply"),
}


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("seed", "published", "via"), [("000", None, None), ("001", "2022-05-21", "text"), ("002", None, None)]
)
def test_the_first_three_texts(corpus: Path, seed: str, published: str | None, via: str | None) -> None:
    (path,) = (corpus.parent / "seeds").glob(f"{seed}_*.txt")
    lines = [" ".join(x.split()) for x in path.read_text(encoding="utf-8").split("\n") if x.strip()]
    markup = "".join(f"<p>{html.escape(x)}</p>" for x in lines)
    found = extract(Page(url="https://a.example/seed", body=f"<html><body>{markup}</body></html>".encode()))
    assert found.article
    assert (found.published, found.published_via) == (published, via)
    assert found.published_precision == (published and "day")
    assert found.language == "en"
    whole = " ".join(f"{found.title}\n{found.text}".split())
    furniture = SEEDS[seed]
    real = [x for x in lines if not x.startswith(furniture)]
    assert found.title == real[0]
    assert not [x for x in lines if x.startswith(furniture) and x in whole]
    assert not [x for x in real if x not in whole]
