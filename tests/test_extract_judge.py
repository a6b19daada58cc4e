"""Witnesses, features, trees and the choice between segments; and how the trees' labels are made."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from archive.extract import Page, features
from archive.extract.deciding import decide, is_sure
from archive.extract.document import parse
from archive.extract.evidence import Evidence
from archive.extract.features import COLUMNS, Context, Measured, Table, table
from archive.extract.judge import ALL, FEW, Forest, choose, forest, judge
from archive.extract.page import DEFAULT, PRECISION, WITHOUT
from archive.extract.segment import Segment, segments
from archive.extract.witness import Witness, squash

ROOT = Path(__file__).resolve().parent.parent
LONG = "The harbour board voted on Monday to rebuild the long pier that a winter storm tore in two last year."
OTHER = "Fishermen had asked for a smaller landing stage, but engineers said the sea bed would not carry it."
THIRD = "Work is to begin in April when the spring tides have passed, and the first section opens this year."


def cut(body: str) -> list[Segment]:
    return segments(html.document_fromstring(f"<html><body>{body}</body></html>"))


@pytest.mark.parametrize(
    ("text", "asked", "held"),
    [
        (f"{LONG}\n{OTHER}", LONG, 1.0),
        (f"{LONG}\n{OTHER}", LONG.upper().replace(" ", "\n"), 1.0),  # white space and case do not matter
        (f"{LONG} {OTHER}", "landing stage", 0.0),  # short: found by chance
        (f"{LONG}\nLanding  Stage\n{OTHER}", "landing stage", 1.0),  # … unless it is a whole line
        (f"{LONG}\n{OTHER}", THIRD, 0.0),
        ("", LONG, 0.0),
        (LONG, "", 0.0),
        ("\n\n", "", 0.0),
    ],
)
def test_a_witness_holds_what_stands_in_its_text(text: str, asked: str, held: float) -> None:
    assert Witness(text).holds(squash(asked)) == held


def test_a_witness_holds_a_part_of_a_longer_segment() -> None:
    half = Witness(f"{LONG}\n{OTHER}").holds(squash(f"{LONG} {OTHER} {THIRD} {THIRD}"))
    assert 0.2 < half < 0.8
    assert Witness(LONG).size == len(LONG)


NAMES = ("precision", "resiliparse", "json-ld")


def context(said: str = LONG) -> Context:
    return Context(witnesses={name: Witness(said) for name in NAMES}, titles=["A pier"], description=squash(OTHER))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([LONG, OTHER, "© 2024", "a", "12:30", "記者 harbour", "“", "A pier", "Share"]), max_size=8)
)
def test_a_row_is_as_long_as_the_columns_and_finite(said: list[str]) -> None:
    found = cut("".join(f"<div class='story c{n}'><h1>{s}</h1><a href=x>{s}</a></div>" for n, s in enumerate(said)))
    judged = table(Measured(found), context())
    assert [len(row) for row in judged.rows] == [len(COLUMNS)] * len(judged.candidates)
    assert (len(judged.held), len(judged.sizes)) == (len(found), len(found))
    assert all(math.isfinite(x) for row in judged.rows for x in row)
    assert len(set(COLUMNS)) == len(COLUMNS)


def test_features_say_what_stands_where() -> None:
    body = f"<nav><a href=x>Home</a></nav><article><h1>A pier</h1><p>{LONG}</p><h2>Why</h2><p>{LONG}</p></article>"
    judged = table(Measured(cut(body)), context())
    assert judged.candidates == [2, 3, 4]  # what no witness keeps, before all that one keeps, is not even asked about
    first, head, second = (dict(zip(COLUMNS, row, strict=True)) for row in judged.rows)
    assert (first["precision"], first["p"], first["after_h1"], first["repeated"], first["in_article"]) == (
        1,
        1,
        1,
        1,
        1,
    )
    assert (first["linked-2"], first["linked+1"], first["precision+1"], first["precision+2"], first["size-3"]) == (
        1, 0, 0, 1, -1,
    )  # fmt: skip
    assert (head["head"], head["in_core"], head["precision"], head["precision-1"]) == (2, 1, 0, 1)
    before = len("HomeA pierWhy") + len(LONG)
    assert (second["share_before"], second["stops"]) == (pytest.approx(before / (before + len(LONG))), math.log1p(1))


def _ask(tree: list[list[float]], row: list[float]) -> float:
    node = tree[0]
    while len(node) > 1:
        node = tree[int(node[2] if row[int(node[0])] <= node[1] else node[3])]
    return node[0]


@pytest.mark.parametrize("weights", [ALL, FEW])
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_trees_asked_at_once_say_what_they_say_one_by_one(weights: str, seed: int) -> None:
    raw = json.loads(resources.files("archive.extract").joinpath(f"{weights}.json").read_text(encoding="utf-8"))
    thresholds = [node[1] for tree in raw["trees"] for node in tree if len(node) > 1]
    chance = np.random.default_rng(seed)
    asked = chance.choice(thresholds, size=(5, len(COLUMNS)))  # "at most" and "above" differ at the threshold itself
    expected = [
        1 / (1 + math.exp(-raw["base"] - sum(_ask(tree, row) for tree in raw["trees"]))) for row in asked.tolist()
    ]
    assert forest(weights).probabilities(asked).tolist() == pytest.approx(expected)


def test_trees_of_other_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="train_blocks"):
        Forest.of({"columns": ["size"], "trees": [[[0.0]]], "base": 0, "depth": 0})


def chosen(body: str, *likely: float) -> list[str]:
    found = cut(body)
    kept = choose(found, np.array(likely))
    return [s.text for s, k in zip(found, kept, strict=True) if k]


@pytest.mark.parametrize(
    ("body", "likely", "kept"),
    [
        (f"<p>{LONG}</p><p>{OTHER}</p>", (0.9, 0.1), [LONG]),
        (f"<p>{LONG}</p><p>{LONG}</p>", (0.9, 0.8), [LONG]),  # twice: kept once
        (f"<p>{LONG}</p><p>Yes.</p><p>Yes.</p>", (0.9, 0.8, 0.8), [LONG, "Yes.", "Yes."]),  # … unless it is short
        (f"<p>{LONG}</p><p>{OTHER}</p><p>{THIRD}</p>", (0.4, 0.3, 0.2), [LONG, OTHER]),  # nothing reaches the threshold
        (f"<p>{LONG}</p><p>{OTHER}</p>", (0.1, 0.05), []),  # … nor comes near it
        (f"<p>{LONG}</p><p>short</p>", (0.3, 0.9), [LONG, "short"]),  # a short line does not raise the threshold
        (f"<p>{LONG}</p><p>{OTHER}</p><div class='comments'><p>{THIRD}</p></div>", (0.9, 0.9, 0.9), [LONG, OTHER]),
        (f"<p>{LONG}</p><div class='comments'><p>{OTHER}</p><p>{THIRD}</p></div>", (0.9,) * 3, [LONG, OTHER, THIRD]),
        ("", (), []),
    ],
)
def test_what_is_chosen(body: str, likely: tuple[float, ...], kept: list[str]) -> None:
    assert chosen(body, *likely) == kept


def test_headings_of_one_kind_are_kept_together() -> None:
    body = "".join(f"<section><h2>{n}:12</h2><p>{n} {LONG}</p></section>" for n in range(3))
    assert len(chosen(body, 0.6, 0.9, 0.46, 0.9, 0.2, 0.9)) == 6
    assert len(chosen(body, 0.6, 0.9, 0.39, 0.9, 0.2, 0.9)) == 4  # their middle one is unlikely
    assert len(chosen(body, 0.6, 0.9, 0.46, 0.9, 0.2, 0.1)) == 3  # the last stands over nothing: two are no kind


def test_what_no_witness_comes_near_is_not_judged() -> None:
    assert judge([], table(Measured([]), context())).tolist() == []
    found = cut(f"<nav><a href=x>Home</a></nav><p>{LONG}</p>")
    home, story = judge(found, table(Measured(found), context()))
    assert home == 0.0 < story


def evidence_of(body: str) -> Evidence:
    document = parse(Page(url="https://a.example/news/pier", body=f"<html><body>{body}</body></html>".encode()))
    assert document is not None
    return Evidence(document, [])


def test_the_first_witness_is_replaced_where_it_found_little() -> None:
    whole = evidence_of("<article>" + f"<p>{LONG}</p><p>{OTHER}</p><p>{THIRD}</p>" * 2 + "</article>")
    judged, base = whole.with_trafilatura()
    assert (len(whole.found), base, {row[-1] for row in judged.rows}) == (6, PRECISION, {0.0})
    short = evidence_of("<p>short</p>")
    judged, base = short.with_trafilatura()
    assert (len(short.found), base, [row[-1] for row in judged.rows]) == (1, DEFAULT, [1.0])


def test_resiliparse_stands_in_for_trafilatura_where_that_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.extract.evidence._trafilatura_text", lambda *_, **__: pytest.fail("was asked"))
    page = evidence_of(f"<article><p>{LONG}</p><p>{OTHER}</p></article><footer><a href=x>Imprint</a></footer>")
    judged = page.without_trafilatura()
    assert judged is not None
    assert all(held["precision"] == held["resiliparse"] for held in judged.held)
    assert [held["resiliparse"] for held in judged.held[:2]] == [1.0, 1.0]
    assert evidence_of("<p>short</p>").without_trafilatura() is None  # nobody found anything: it must be asked


def test_trafilatura_reads_the_page_as_it_came_with_its_line_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def read(tree: Any, *_: Any, **__: Any) -> str:
        asked.append([element.tag for element in tree.iter("br", "script")])
        return f"{LONG}\n{OTHER}\n{THIRD}"

    monkeypatch.setattr("archive.extract.evidence._trafilatura_text", read)
    evidence_of(f"<div>{LONG}<br><br>{OTHER}<br><br>{THIRD}</div><script>1</script>").with_trafilatura()
    assert asked == [["br"] * 4]


@pytest.mark.parametrize(
    ("sizes", "likely", "sure"),
    [
        ([900, 300, 50], [0.99, 0.98, 0.01], True),
        ([900, 300, 50], [0.99, 0.45, 0.01], False),  # 300 characters that may be its own
        ([900, 90], [0.99, 0.01], False),  # short: a box may look like it
        ([30_000, 300], [0.99, 0.5], True),  # what is in doubt is little of it
        ([900, 300], [0.4, 0.3], False),  # nothing would be kept
        ([], [], False),
    ],
)
def test_a_page_is_sure_when_little_of_what_would_be_kept_is_in_doubt(
    sizes: list[int], likely: list[float], sure: bool
) -> None:
    assert is_sure(Table([], np.zeros((0, len(COLUMNS))), [], sizes), np.array(likely)) is sure


def test_of_most_pages_trafilatura_is_not_asked_and_of_doubtful_ones_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = Evidence.with_trafilatura
    monkeypatch.setattr(Evidence, "with_trafilatura", lambda self: asked.append(1) or real(self))
    page = f"<html><body><article>{''.join(f'<p>{n} {LONG} {OTHER}</p>' for n in range(20))}</article></body></html>"
    document = parse(Page(url="https://a.example/news/pier", body=page.encode()))
    assert document is not None
    choices, base = decide(document, [])
    assert (base, asked) == (WITHOUT, [])
    assert {choice.held[0] for choice in choices} == {0.0}  # nothing is told of what was not heard
    assert decide(document, [], thorough=True)[1] == PRECISION
    monkeypatch.setattr("archive.extract.deciding.is_sure", lambda *_: False)
    assert decide(document, [])[1] == PRECISION
    assert asked == [1, 1]


@pytest.fixture(scope="module")
def training() -> Any:
    spec = importlib.util.spec_from_file_location("train_blocks", ROOT / "scripts" / "train_blocks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["train_blocks"] = module  # its dataclasses look for their module there
    spec.loader.exec_module(module)
    yield module
    del sys.modules["train_blocks"]


@pytest.mark.parametrize(
    ("said", "truth", "optional", "expected"),
    [
        (["one two three four five"], "one two three four five", "", [1.0]),
        (["one two three four five"], "six seven eight nine ten", "", [0.0]),
        (["one two three four nine nine nine nine"], "one two three four", "", [0.2]),
        # a sequence of the truth is claimed once: the second time it is a teaser
        (["one two three four five"] * 2, "one two three four five", "", [1.0, 0.0]),
        # shorter than a sequence: by what stands before or after it in the truth
        (
            ["Why so", "one two three four", "the end", "the end"],
            "Why so one two three four the end",
            "",
            [1.0, 1.0, 1.0, 0.0],
        ),
        (["four", "one two three four five"], "one two three four five", "", [0.0, 1.0]),
        (["read on in our pages"], "one two three four five", "read on in our pages", [-1.0]),  # nobody minds
        (["one two three four"], "", "", [0.0]),
        ([""], "one", "", [0.0]),
    ],
)
def test_labels(training: Any, said: list[str], truth: str, optional: str, expected: list[float]) -> None:
    got = training.labels(said, truth, optional, cjk=False)
    assert [share for share, _ in got] == pytest.approx(expected)
    assert [size for _, size in got] == [len(s.split()) for s in said]


def test_labels_of_a_script_without_spaces(training: Any) -> None:
    assert training.labels(["港湾委員会は", "月曜"], "港湾委員会は月曜日", "", cjk=True) == [(1.0, 6), (1.0, 2)]


WORDED = (
    "Sign up for our newsletter", "Photo: Jane Roe / AP", "READ MORE", "Don't miss this", "snapshot", "© 2020",
    "Reported by Jane Roe", "By Jane Roe", "by the river", "write to news@paper.example", "the AFP said", "afpx", "$5 off",
    "Folgen Sie uns", "(photo by me)", "Über die Autorin", "donate", "The harbour opened on Monday.", "",
)  # fmt: skip


@pytest.mark.parametrize("said", WORDED)
def test_wording_is_found_as_its_patterns_say(said: str) -> None:
    patterns = json.loads(resources.files("archive.extract").joinpath("cues.json").read_text(encoding="utf-8"))[
        "wording"
    ]
    expected = [
        float(bool(re.search(p, said) if name == "byline" else re.search(p.lower(), said.lower())))
        for name, p in patterns.items()
    ]
    assert features._says(said) == expected
