"""What the full-text index holds of a text: one term per word, made here and not by SQLite.

FTS5 knows no stems, finds no word in a text without spaces, and its Unicode tables change with SQLite's version. So
the words are folded here, written to `title_terms` and `text_terms` separated by spaces, and FTS5 only splits at spaces
(its `ascii` tokenizer takes every character beyond ASCII for a letter). Search folds what a person typed by the same
functions.

A word becomes: NFKC, casefold, Arabic and Hebrew without vowel marks, the Snowball stem of the article's language where
there is one, and last its plain letters (`é` to `e`), so that "Munchen" finds "München". Runs of scripts that write no
spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese; Korean too, whose particles stick to the word) become overlapping
pairs and the last character alone: 東京都 gives 東京 京都 都, so that 京都, and by prefix 都, are found.

Pure; the caches only save time. Snowball: https://snowballstem.org/algorithms/
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal

import Stemmer

# ISO 639-1 to Snowball. Norwegian has three codes; "porter" and "dutch_porter" are older forms of others.
ALGORITHMS: dict[str, str] = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "cs": "czech", "da": "danish", "nl": "dutch",
    "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish", "it": "italian",
    "lt": "lithuanian", "ne": "nepali", "no": "norwegian", "nb": "norwegian", "nn": "norwegian", "fa": "persian",
    "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "st": "sesotho",
    "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip

_MOST_KNOWN = 100_000  # words of a search
_LONGEST_WORD = 64  # longer ones are base64 and the like: cut, never stemmed (Snowball is not linear on them)
MARKS = (  # combining marks that belong to words but are no \w in Python: Latin, Cyrillic, Hebrew, Arabic, Indic
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0900-\u0963\u0966-\u0dff\u0e31-\u0e3a\u0e47-\u0e4e"
    "\u0eb1-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u1056-\u1059\u17b4-\u17d3\u200c\u200d"
)
SPACELESS = (  # Thai, Lao, Burmese, Khmer, kana, Han (with extensions), Hangul
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u1000-\u1049\u1050-\u109f\u1780-\u17d3\u3005-\u3007\u3041-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(f"[\\w{MARKS}]+")
_RUN = re.compile(f"[{SPACELESS}]+|[^{SPACELESS}]+")
_IS_SPACELESS = re.compile(f"[{SPACELESS}]")
_INNER = re.compile(f"(?:[^\\W_{SPACELESS}]|[{MARKS}])+")
_VOWEL_MARKS = re.compile("[\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u200c\u200d]")
_HALF_WIDTH = re.compile("[\uff66-\uff9f]+")
_LATIN_MARKS = re.compile("[\u0300-\u036f]")
_SIGNS = re.compile(r"[^\w\s]{3}")
_MANY_SIGNS = re.compile(r"(?:[^\w\s]|[\uff9e\uff9f]){61,}")
_LETTERS = str.maketrans(  # letters that have no mark to take off; and one form of alef, yeh and kaf for all keyboards
    {"\u00f8": "o", "\u0142": "l", "\u0111": "d", "\u00f0": "d", "\u00fe": "th", "\u00e6": "ae", "\u0153": "oe",
     "\u0131": "i", "\u0259": "e", "\u0622": "\u0627", "\u0623": "\u0627", "\u0625": "\u0627", "\u0671": "\u0627",
     "\u0649": "\u064a", "\u06cc": "\u064a", "\u06a9": "\u0643"}
)  # fmt: skip
_LOCK = threading.Lock()  # a Snowball object keeps its word in itself; readers may be threads


@dataclass(frozen=True, slots=True)
class Span:
    """Where a term stands in a text: characters from `start` up to `end`."""

    start: int
    end: int
    term: str


def algorithm_for(language: str | None) -> str | None:
    """Return the stemmer's name for an ISO 639-1 code (a region after it is ignored), None if there is none.

    >>> algorithm_for("pt-BR"), algorithm_for("zh"), algorithm_for(None)
    ('portuguese', None, None)
    """
    if not language:
        return None
    return ALGORITHMS.get(re.split("[-_]", language.casefold(), maxsplit=1)[0])


def terms(text: str, language: str | None) -> str:
    """Return the index's form of `text`: its terms in order, separated by single spaces.

    >>> terms("The Minister's visits to 東京都", "en")
    'the minist s visit to 東京 京都 都'
    """
    algorithm = algorithm_for(language)
    words = _WORD.findall(composed(text))
    known: dict[str, str] = {}
    for word in set(words):
        if word.isascii() or not _IS_SPACELESS.search(word):
            known[word] = " ".join(_word_terms(word, algorithm))
        else:
            known[word] = " ".join(span.term for span in _mixed(word, 0, algorithm))
    return " ".join(found for word in words if (found := known[word]))


def words_of(text: str) -> list[str]:
    """Return the words of `text` as they are written; a run of a script without spaces is one."""
    return _WORD.findall(composed(text))


def terms_of(word: str, algorithm: str | None) -> tuple[str, ...]:
    """Return the terms of one word of `words_of`. `algorithm`: of `algorithm_for`.

    >>> terms_of("Ministers", "english"), terms_of("東京都", None)
    (('minist',), ('東京', '京都', '都'))
    """
    if word.isascii() or not _IS_SPACELESS.search(word):
        return _word_terms(word, algorithm)
    return tuple(span.term for span in _mixed(word, 0, algorithm))


def spans(text: str, language: str | None) -> Iterator[Span]:
    """Yield the terms of `text` with their places in it; `text` must be `composed` already."""
    algorithm = algorithm_for(language)
    for match in _WORD.finditer(text):
        word = match[0]
        if word.isascii() or not _IS_SPACELESS.search(word):
            for term in _word_terms(word, algorithm):
                yield Span(match.start(), match.end(), term)
        else:
            yield from _mixed(word, match.start(), algorithm)


def places(
    text: str,
    language: str | None,
    wanted: Callable[[str], bool],
    known: dict[str | None, dict[str, bool]] | None = None,
) -> Iterator[tuple[int, int]]:
    """Yield where in `text` (`composed`) the terms stand that are wanted; faster than looking through `spans`.

    `known`: what was found out of words, by stemmer; given again with the same `wanted` it saves half of the next text's time.
    """
    algorithm = algorithm_for(language)
    known = {} if known is None else known
    words = known.setdefault(algorithm, {})
    if len(words) > _MOST_KNOWN:
        words.clear()
    for match in _WORD.finditer(text):
        word = match[0]
        found = words.get(word)
        if found is None:
            if not word.isascii() and _IS_SPACELESS.search(word):
                mixed = _mixed(word, match.start(), algorithm)
                yield from ((span.start, span.end) for span in mixed if wanted(span.term))
                continue
            found = words[word] = any(wanted(term) for term in _word_terms(word, algorithm))
        if found:
            yield match.span()


def query_terms(words: str, algorithms: Iterable[str | None]) -> list[tuple[tuple[str, ...], bool]]:
    """Return the ways in which `words` may stand in the index: one (terms, open) per distinct way.

    One way per stemmer in `algorithms` (None: unstemmed, always among them): nobody says in which language a search
    is. `open`: the last term is a single character of a script without spaces, to be searched as a prefix.
    """
    runs = [run for word in _WORD.findall(composed(words)) for run in _RUN.findall(word)]
    if not runs:
        return []
    # The run typed last may go on in the text; the index has a last character alone only where a run ends.
    goes_on = bool(_IS_SPACELESS.match(runs[-1]))
    is_open = goes_on and len(runs[-1]) == 1
    ways: dict[tuple[str, ...], bool] = {}
    for algorithm in (None, *algorithms):
        found: list[str] = []
        for run in runs:
            if _IS_SPACELESS.match(run):
                found += (span.term for span in _pairs(run, 0))
            else:
                found += _word_terms(run, algorithm)
        if goes_on and not is_open:
            found.pop()
        if found:
            ways.setdefault(tuple(found), is_open)
    return list(ways.items())


def composed(text: str) -> str:
    """Return `text` in NFC with full-width kana: what `spans` counts in; to a reader the same text."""
    if text.isascii():
        return text
    return _HALF_WIDTH.sub(lambda match: unicodedata.normalize("NFKC", match[0]), normalized("NFC", text))


def normalized(form: Literal["NFC", "NFKC"], text: str) -> str:
    """Return `text` in a Unicode normal form, at a cost that grows with its length and no faster.

    Python sorts the marks on a letter by insertion, in the square of their number, and a page may put 100,000 on one. After
    60 an invisible U+034F is set between them, as UAX #15 does after 30 (section 13, "Stream-Safe Text Format"); no language
    comes near that.
    """
    if text.isascii():
        return text
    # Of 60 characters in a row three neighbours at least are in the sample. Half-width kana's voicing marks are letters.
    if _SIGNS.search(text[::16]) or "\uff9e" in text or "\uff9f" in text:
        text = _MANY_SIGNS.sub(lambda found: _too_many_marks().sub("\\g<0>\u034f", found[0]), text)
    return unicodedata.normalize(form, text)


@cache
def _too_many_marks() -> re.Pattern[str]:
    """Return what finds 60 marks before another: characters that combine, or become ones that do."""
    every = map(chr, range(0x300, 0x1F000))
    marks = "".join(char for char in every if unicodedata.combining(unicodedata.normalize("NFKD", char)[0]))
    return re.compile(f"[{marks}]{{60}}(?=[{marks}])")


def _mixed(word: str, at: int, algorithm: str | None) -> Iterator[Span]:
    """Yield the terms of a word that has characters of a script without spaces."""
    for match in _RUN.finditer(word):
        start, run = at + match.start(), match[0]
        if _IS_SPACELESS.match(run):
            yield from _pairs(run, start)
        else:
            for term in _word_terms(run, algorithm):
                yield Span(start, start + len(run), term)


def _pairs(run: str, start: int) -> list[Span]:
    """Return the overlapping pairs of a run and its last character."""
    return [Span(start + i, start + min(i + 2, len(run)), run[i : i + 2]) for i in range(len(run))]


def _word_terms(word: str, algorithm: str | None) -> tuple[str, ...]:
    """Return the terms of one word without spaceless script; mostly one, none for a lone `_`.

    Words are remembered, but none that is longer than a word is: a page may be one of 200 KB.
    """
    return (_known_word if len(word) <= _LONGEST_WORD else _made_of)(word, algorithm)


def _made_of(word: str, algorithm: str | None) -> tuple[str, ...]:
    if not word.isascii():
        word = _VOWEL_MARKS.sub("", unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold()))
        parts = _INNER.findall(word)
    else:
        word = word.lower()
        parts = [word] if "_" not in word else [part for part in word.split("_") if part]
    return tuple(term for part in parts if (term := _plain(_stem(part[:_LONGEST_WORD], algorithm))))


_known_word = lru_cache(maxsize=1 << 17)(_made_of)


def _stem(word: str, algorithm: str | None) -> str:
    if algorithm is None or len(word) == _LONGEST_WORD:
        return word
    try:
        with _LOCK:
            return str(_stemmer(algorithm).stemWord(word)) or word
    except UnicodeEncodeError:  # half of a surrogate pair: no word of any language
        return word


def _plain(term: str) -> str:
    """Return the term in plain letters."""
    if term.isascii():
        return term
    bare = _LATIN_MARKS.sub("", unicodedata.normalize("NFD", term))
    return unicodedata.normalize("NFC", bare).translate(_LETTERS)


@lru_cache(maxsize=64)
def _stemmer(algorithm: str) -> Any:
    return Stemmer.Stemmer(algorithm, 0)  # keeps no words itself: `_known_word` does
