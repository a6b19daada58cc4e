from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.dedupe.words import as_read, words_digest
from archive.terms import composed, normalized, places, query_terms, spans, terms


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("The ministers visited", "en", "the minist visit"),
        ("The ministers visited", None, "the ministers visited"),
        ("The ministers visited", "xx", "the ministers visited"),
        ("Ministerinnen", "de-AT", "minist"),  # a region is ignored
        ("MÜNCHEN Straße", None, "munchen strasse"),  # plain letters, for keyboards without them
        ("ＡＢＣ ﬁnal", None, "abc final"),  # full-width, ligature
        ("e\u0301te\u0301", None, "ete"),  # decomposed input is the same word
        ("Łódź Øre Ærø", None, "lodz ore aero"),
        ("IŞIK ışık", None, "isik isik"),  # the dotless i
        ("snake_case __", None, "snake case"),
        ("covid-19 u.s. 1,000", None, "covid 19 u s 1 000"),
        ("東京都", "zh", "東京 京都 都"),
        ("在2026年", None, "在 2026 年"),
        ("ｶﾞｽ", "ja", "ガス ス"),  # half-width kana
        ("กรุง", "th", "กร รุ ุง ง"),
        ("서울에서", "ko", "서울 울에 에서 서"),
        ("مُدَرِّسٌ", None, "مدرس"),  # vowel marks
        ("كـــتاب", None, "كتاب"),  # tatweel stretches a word
        ("أحمد", None, "احمد"),
        ("שָׁלוֹם", None, "שלום"),
        ("हिन्दी समाचार", None, "हिन्दी समाचार"),  # vowel signs stay in their word
        ("😀 ... !", "en", ""),
        ("", "en", ""),
    ],
)
def test_terms(text, language, expected):
    assert terms(text, language) == expected


@given(st.text(), st.sampled_from([None, "en", "de", "ar", "ja", "tr", "hi"]))
def test_terms_are_single_tokens_for_the_index(text, language):
    found = terms(text, language)
    assert found == " ".join(found.split())
    # FTS5's `ascii` tokenizer splits at ASCII characters that are no letter or digit: none may be inside a term.
    assert all(char.isalnum() or char == " " or not char.isascii() for char in found)


@given(st.text(), st.sampled_from([None, "en", "ru", "zh"]))
def test_spans_are_the_terms_with_their_places(text, language):
    text = composed(text)
    found = list(spans(text, language))
    assert " ".join(span.term for span in found) == terms(text, language)
    assert all(0 <= span.start < span.end <= len(text) for span in found)


@given(st.text(alphabet="aA \u00e9東京b-"), st.sampled_from("a東b"))
def test_places_are_the_spans_that_are_wanted(text, char):
    text = composed(text)
    expected = [(span.start, span.end) for span in spans(text, "en") if char in span.term]
    assert list(places(text, "en", lambda term: char in term)) == expected


@pytest.mark.parametrize(
    "marks",
    [
        "\u0315\u0300",  # each second one belongs before all the others
        "\uff9e\u0334",  # half-width kana's voicing mark becomes a combining one
        "\u0344\u0334",  # two marks in one
        "\u0f73\u0f71",  # a vowel sign of class 0 that becomes two of others
        "\U0001d16e\U0001d165",  # musical notes
    ],
)
@pytest.mark.parametrize("fold", [as_read, composed, lambda text: words_digest(text, least=1)])
def test_a_letter_with_a_hundred_thousand_marks_takes_no_minute(marks, fold):
    started = time.process_time()
    fold("harbour a" + marks * 50_000)
    assert time.process_time() - started < 2


@given(st.text(st.sampled_from("a \u0315\u0300\u0344\uff9e"), max_size=60))
def test_few_marks_are_sorted_as_unicode_says(text):
    assert normalized("NFKC", text) == unicodedata.normalize("NFKC", text)


@pytest.mark.parametrize("before", range(17))
def test_where_a_letter_with_many_marks_stands_makes_no_difference(before):
    many = "\u0315\u0300" * 31
    assert normalized("NFC", "b" * before + many) == "b" * before + normalized("NFC", many)


def test_a_long_word_is_cut():
    assert len(terms("x" * 1_000_000, "en")) == 64
    assert len(terms("ß" * 1_000_000, "de")) == 64


@pytest.mark.parametrize(
    ("words", "algorithms", "expected"),
    [
        ("organisations", ["english"], [(("organisations",), False), (("organis",), False)]),
        ("東京都", ["english"], [(("東京", "京都"), False)]),  # within a longer run, too
        ("都", [], [(("都",), True)]),  # one character: the beginning of a pair
        ("AB東京", [], [(("ab", "東京"), False)]),
        ("!!", [], []),
    ],
)
def test_query_terms(words, algorithms, expected):
    assert query_terms(words, algorithms) == expected


@given(
    st.text(alphabet="東京都大阪、a ", min_size=1, max_size=12).filter(lambda run: run[-1] in "東京都大阪"), st.data()
)
def test_any_piece_of_a_run_is_found(run, data):
    start = data.draw(st.integers(0, len(run) - 1))
    piece = run[start : data.draw(st.integers(start + 1, len(run)))]
    if not piece.strip("、a "):  # pieces of a Latin word are words of their own
        return
    start = next(at for at, char in enumerate(piece) if char in "東京都大阪")
    end = max(at for at, char in enumerate(piece) if char in "東京都大阪")
    [(wanted, is_open)] = query_terms(piece[start : end + 1], [])
    index = terms(run, "ja").split()
    windows = [index[i : i + len(wanted)] for i in range(len(index))]
    assert any(w[:-1] == list(wanted[:-1]) and w and (w[-1].startswith(wanted[-1]) if is_open else w == list(wanted))
               for w in windows)  # fmt: skip
