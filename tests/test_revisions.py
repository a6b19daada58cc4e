from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.dedupe.revisions import Published, Sight, SightKind, history_of, step
from archive.dedupe.words import content_digest, word_tokens, words_digest


def sight(minute: int, what: str) -> Sight:
    """Return a sight: `A` a whole text, `a` the same seen again by a revisit, `t` a text cut off, `g` gone."""
    kinds = {"g": SightKind.GONE, "t": SightKind.TEXT}
    kind = kinds.get(what, SightKind.TEXT if what.isupper() else SightKind.AGAIN)
    return Sight(capture=minute, at=f"{minute:04}", kind=kind, content=None if what in "gt" else what.upper())


def tell(letters: str):
    return history_of(sight(minute, letter) for minute, letter in enumerate(letters))


@pytest.mark.parametrize(
    ("seen", "runs", "shown"),
    [
        ("AAA", "A", 0),
        ("AAB", "AB", 2),
        ("ABBA", "ABA", 3),  # the page went back: three revisions
        ("Aaa", "A", 0),
        ("ABa", "ABA", 0),  # a revisit of the older text says that it is back; its text is the old capture's
        ("t", "", 0),  # only a cut capture: an article without a revision
        ("tA", "A", 1),  # a whole one replaces it
        ("At", "A", 0),  # a cut one after a whole one changes nothing
        ("tt", "", 1),
        ("AtB", "AB", 2),
        ("gA", "A", 1),  # a 404 before the birth tells nothing of the article
        ("aA", "A", 1),  # nor does a revisit of something never seen
        ("Ab", "A", 0),  # a revisit of a text that was never seen
    ],
)
def test_runs(seen, runs, shown):
    history = tell(seen)
    assert "".join(run.content for run in history.runs) == runs
    assert history.shown == shown
    assert history.truncated == (runs == "")


@pytest.mark.parametrize(
    ("seen", "last_seen", "gone_at"),
    [
        ("Aa", "0001", None),
        ("Ag", "0000", "0001"),
        ("Agg", "0000", "0001"),  # gone since the first 404
        ("AgA", "0002", None),  # it came back
        ("AgAg", "0002", "0003"),
        ("Att", "0002", None),  # a cut capture shows that it is there
    ],
)
def test_seen_and_gone(seen, last_seen, gone_at):
    history = tell(seen)
    assert (history.first_seen, history.last_seen, history.gone_at) == ("0000", last_seen, gone_at)


def test_nothing_makes_no_history():
    assert tell("ggaa") is None


def test_the_first_date_and_the_last_modification_stay():
    def dated(minute, published, modified):
        value = Published(value=published, precision="day", via="meta") if published else None
        return Sight(
            capture=minute,
            at=str(minute),
            kind=SightKind.TEXT,
            content="A",
            published=value,
            modified=modified,
        )

    history = history_of([dated(1, None, "m1"), dated(2, "2026-01-02", None), dated(3, "2026-01-03", "m3")])
    assert history.published.value == "2026-01-02"
    assert history.modified == "m3"


@given(st.text("ABabtg", max_size=12), st.text("ABabtg", max_size=4))
def test_a_step_is_what_the_whole_history_says(seen, more):
    history = tell(seen)
    for minute, letter in enumerate(more, len(seen)):
        history = step(history, sight(minute, letter))
    assert history == tell(seen + more)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("It\u2019s \u201cnew\u201d \u2014 really", "It's \"new\" - really", True),  # a CMS changed its typography
        ("a  b\n\nc", "a b c", True),  # white space
        ("in\u00adfor\u00admed", "informed", True),  # soft hyphens
        ("cafe\u0301", "caf\u00e9", True),  # composed or not
        ("10 dead", "11 dead", False),
        ("He said yes.", "He said yes?", False),  # punctuation may be the correction
        ("us", "US", False),
    ],
)  # fmt: skip
def test_what_a_reader_sees_as_the_same(one, other, same):
    assert (content_digest("t", one) == content_digest("t", other)) == same


def test_title_and_text_are_not_mixed_up():
    assert content_digest("a b", "c") != content_digest("a", "b c")
    assert content_digest(None, "c") == content_digest("", "c")


def test_words_of_scripts_without_spaces_count():
    assert len(word_tokens("東京は今日も雨です")) == 9
    assert words_digest("a b", least=3) is None
    assert words_digest("\ud800 a b", least=2) is not None  # a lone surrogate does not stop it
