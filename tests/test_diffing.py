"""What changed between two texts."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.dedupe.words import as_read
from archive.diffing import Budget, Kind, Op, compare, word_changes
from archive.diffing.matching import matches

MARKS = {Op.EQUAL: "{}", Op.REMOVED: "[-{}-]", Op.ADDED: "{{+{}+}}"}
QUAY = "A second ferry sails from the old quay on Tuesdays."
MAYOR = "The mayor said that ferries sail as planned this week."
STORM = "Two weeks of storms had closed the harbour of Eastport."


def marked(before: str, after: str) -> str:
    return "".join(MARKS[span.op].format(span.text) for span in word_changes(before, after))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("10 people died.", "11 people died.", "[-10 -]{+11 +}people died."),
        ("a 3.5% rise", "a 3.6% rise", "a [-3.5-]{+3.6+}% rise"),  # a number is one word
        ("He said yes.", "He said yes?", "He said yes[-.-]{+?+}"),
        ("It was \u201cnew\u201d \u2014 and red", 'It was "new" - and blue', 'It was "new" - and [-red-]{+blue+}'),
        ("N a endlich da", "Na endlich hier", "Na endlich [-da-]{+hier+}"),  # a drop cap's space is none
        ("首相は東京で会見した。", "首相は大阪で会見した。", "首相は[-東京-]{+大阪+}で会見した。"),
        ("ไม่มีผู้เสียชีวิต", "ไม่พบผู้เสียชีวิต", "ไม่[-มี-]{+พบ+}ผู้เสียชีวิต"),  # vowels stay with their consonant
        ("정부는 오늘 발표했다", "정부는 내일 발표했다", "정부는 [-오늘 -]{+내일 +}발표했다"),  # Korean has words
        ("the end", "the end of it", "the end {+of it+}"),
        ("the end of it", "the end", "the end[- of it-]"),
        (
            "bought the old red house of my late uncle",
            "sold a new green barn of her dear cousin",
            "[-bought the old red house of my late uncle-]{+sold a new green barn of her dear cousin+}",
        ),  # one word in common between longer changes says nothing
        ("", "new", "{+new+}"),
        ("same", "same", "same"),
    ],
)
def test_words(before, after, told):
    assert marked(before, after) == told


TEXT = st.text("ab \u2019'.\u00e9字\n", max_size=40)


@given(TEXT, TEXT)
def test_both_versions_can_be_read_from_what_is_marked(before, after):
    spans = word_changes(before, after)
    assert "".join(span.text for span in spans if span.op is not Op.REMOVED) == after
    assert as_read("".join(span.text for span in spans if span.op is not Op.ADDED)) == as_read(before)
    assert all(one.op is not other.op for one, other in pairwise(spans))
    if as_read(before) == as_read(after):
        assert {span.op for span in spans} <= {Op.EQUAL}


@given(st.text("abcd", max_size=30), st.text("abcd", max_size=30), st.sampled_from([0, 20, 1000]))
def test_matches_are_equal_and_in_order(a, b, steps):
    at_a = at_b = 0
    for i, j, size in matches(a, b, Budget(steps)):
        assert i >= at_a
        assert j >= at_b
        assert size > 0
        assert a[i : i + size] == b[j : j + size]
        at_a, at_b = i + size, j + size


@pytest.mark.parametrize(("a", "b", "common"), [("abcabba", "cbabac", 4), ("aaaa", "aa", 2), ("abab", "baba", 3)])
def test_repeated_items_are_matched_by_the_shortest_edit(a, b, common):
    assert sum(size for *_, size in matches(a, b, Budget())) == common


def test_without_steps_only_the_ends_are_matched():
    budget = Budget(5)
    assert matches("xxabcabc--yy", "xxcbacba++yy", budget) == [(0, 0, 2), (10, 10, 2)]
    assert budget.left <= 5


def told(before: list[str], after: list[str]) -> list[tuple[str, int]]:
    parts = compare((None, "\n\n".join(before)), (None, "\n\n".join(after))).parts
    return [(str(part.kind), part.number) for part in parts if not part.left]


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        ([QUAY, MAYOR], [QUAY, MAYOR], [("same", 1), ("same", 2)]),
        ([QUAY], [QUAY, MAYOR], [("same", 1), ("added", 2)]),
        ([QUAY, MAYOR], [MAYOR], [("removed", 1), ("same", 1)]),
        ([QUAY, MAYOR], [QUAY, MAYOR.replace("week", "month")], [("same", 1), ("changed", 2)]),
        ([QUAY, MAYOR], [QUAY, STORM], [("same", 1), ("removed", 2), ("added", 2)]),  # nothing alike
        ([QUAY, MAYOR, STORM], [STORM, QUAY, MAYOR], [("moved", 1), ("same", 2), ("same", 3)]),
        (
            [QUAY, MAYOR, STORM],
            [STORM.replace("Two", "Three"), QUAY, MAYOR],
            [("changed", 1), ("same", 2), ("same", 3)],
        ),  # moved and changed: one change, where it stands now
        ([QUAY + " " + MAYOR], [QUAY, MAYOR], [("same", 1), ("same", 2)]),  # a paragraph ends elsewhere: no change
        ([QUAY, QUAY], [QUAY], [("same", 1), ("removed", 2)]),  # stood twice
        ([QUAY, MAYOR], ["\u200b", QUAY, "\u00ad", STORM], [("same", 1), ("removed", 2), ("added", 2)]),  # none is seen
        ([], [QUAY], [("added", 1)]),
    ],
)
def test_paragraphs(before, after, parts):
    assert told(before, after) == parts


def test_a_title_is_text():
    change = compare(("Harbour opens", QUAY), ("Harbour opens again", QUAY))
    assert [(span.op, span.text) for span in change.title] == [(Op.EQUAL, "Harbour opens "), (Op.ADDED, "again")]
    assert change.changed == ()
    assert compare((None, QUAY), ("", QUAY)).title is None


PARAGRAPHS = st.lists(st.sampled_from([QUAY, MAYOR, STORM, QUAY + " More.", MAYOR + " Less.", "* * *"]), max_size=7)


@given(PARAGRAPHS, PARAGRAPHS)
def test_every_paragraph_of_both_texts_is_told_once(before, after):
    parts = compare((None, "\n\n".join(before)), (None, "\n\n".join(after))).parts
    assert [p.after for p in parts if p.after is not None and not p.left] == after
    assert sorted(p.before for p in parts if p.before is not None and not p.left) == sorted(before)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ab " * 200_000, "ba " * 200_000),  # no word stands once
        ("\n\n".join("ab" * 100_000), "\n\n".join("aab" * 60_000)),
        ("字" * 500_000, "字子" * 200_000),
        ("x" * 1_000_000, "y" * 1_000_000),
        ("\n\n".join(f"p{n} q{n % 7}" for n in range(50_000)), "\n\n".join(f"r{n} q{n % 5}" for n in range(50_000))),
        ("\n\n".join(f"paragraph p{n}" for n in range(8_000)), "\n\n".join(f"paragraph r{n}" for n in range(8_000))),
    ],
    ids=["words", "paragraphs", "characters", "one word", "all other", "all alike"],
)
def test_texts_of_megabytes_take_seconds_at_most(before, after):
    started = time.process_time()
    change = compare((None, before), (None, after))
    budget = Budget()
    for part in change.changed:
        change.words(part, budget)
    assert time.process_time() - started < 10
    assert {part.kind for part in change.parts} <= set(Kind)
