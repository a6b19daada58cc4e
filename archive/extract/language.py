"""The language of a page: what it says, unless its own letters contradict it; else what the text looks like."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from archive.extract import jsonld
from archive.extract.document import Document

_TAG = re.compile(r"^([a-zA-Z]{2,3})(?:[-_][a-zA-Z0-9]{1,8})*$")
_MIN_TEXT = 60  # characters needed for a guess
_SAMPLE = 1200  # characters whose script is looked at
_CLASSIFIED = 500  # characters that are classified: 99.9% as with 4,000, at half the cost of 1,200
_SURE = 0.6  # share of the letters that one script needs to decide

# ISO 639-2 and names that pages write where a two-letter code belongs.
_ALIASES = {
    "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "por": "pt", "rus": "ru",
    "jpn": "ja", "zho": "zh", "chi": "zh", "ara": "ar", "kor": "ko", "pol": "pl", "nld": "nl", "dut": "nl", "jp": "ja",
    "cn": "zh", "cz": "cs", "gr": "el", "ua": "uk", "dk": "da", "iw": "he", "in": "id", "nb": "no", "nn": "no",
    "kr": "ko", "se": "sv", "tur": "tr", "ukr": "uk", "vie": "vi", "fas": "fa", "per": "fa", "fil": "tl",
}  # fmt: skip
_SCRIPTS = (
    ("greek", "\u0370", "\u03ff"), ("cyrillic", "\u0400", "\u052f"), ("hebrew", "\u0590", "\u05ff"),
    ("arabic", "\u0600", "\u06ff"), ("devanagari", "\u0900", "\u097f"), ("bengali", "\u0980", "\u09ff"),
    ("tamil", "\u0b80", "\u0bff"), ("thai", "\u0e00", "\u0e7f"), ("kana", "\u3040", "\u30ff"),
    ("han", "\u3400", "\u9fff"), ("hangul", "\uac00", "\ud7af"),
)  # fmt: skip
_SCRIPT_OF = {
    "ru": "cyrillic", "uk": "cyrillic", "bg": "cyrillic", "mk": "cyrillic", "be": "cyrillic", "el": "greek",
    "he": "hebrew", "ar": "arabic", "fa": "arabic", "ur": "arabic", "hi": "devanagari", "mr": "devanagari",
    "ne": "devanagari", "bn": "bengali", "ta": "tamil", "th": "thai", "ja": "kana", "zh": "han", "ko": "hangul",
}  # fmt: skip
# Languages written in two scripts: their letters contradict nothing.
_ANY_SCRIPT = frozenset({"sr", "kk", "uz", "az", "mn", "ky", "tg", "pa", "ks", "sd", "ku", "ms"})
_ONE_LANGUAGE = {
    "greek": "el",
    "hebrew": "he",
    "bengali": "bn",
    "tamil": "ta",
    "thai": "th",
    "kana": "ja",
    "han": "zh",
    "hangul": "ko",
}


def code(tag: str | None) -> str | None:
    """Return the ISO 639-1 code of a language tag, or None.

    >>> code("pt-BR"), code("jp"), code("english site")
    ('pt', 'ja', None)
    """
    match = _TAG.match((tag or "").strip())
    if not match:
        return None
    primary = match[1].lower()
    primary = _ALIASES.get(primary, primary)
    return primary if len(primary) == 2 else None  # noqa: PLR2004 - ISO 639-1 has two letters


def declared(document: Document) -> list[tuple[str, str]]:
    """Return (code, via) of everything the page and those who found it say."""
    said: list[tuple[str | None, str]] = [(document.declared_language, "html-lang")]
    said.extend((jsonld.text_of(node.get("inLanguage")), "json-ld") for node in document.articles)
    said.append((document.meta("content-language", "language", "dc.language"), "meta"))
    said.append((document.meta("og:locale"), "og:locale"))
    said.extend((fact.language, fact.via.value) for fact in document.page.facts)
    return [(c, via) for tag, via in said if (c := code(tag))]


def script_of(text: str) -> str:
    """Return the script that most letters belong to: latin, cyrillic, han and so on."""
    sample = text[:_SAMPLE]
    if sample.isascii():
        return "latin"
    counts: Counter[str] = Counter()
    for char, times in Counter(sample).items():
        if char.isalpha():
            counts[_script(char)] += times
    if counts["kana"] * 20 > sum(counts.values()):  # a Japanese text has more Chinese characters than kana
        return "kana"
    return max(counts, key=lambda s: (counts[s], s), default="latin")


def _script(char: str) -> str:
    if char < "\u0370":
        return "latin"
    return next((name for name, low, high in _SCRIPTS if low <= char <= high), "other")


def find(document: Document, text: str, detect: Callable[[str], str | None] | None = None) -> tuple[str, str] | None:
    """Return the language (ISO 639-1) and where it came from."""
    sample = text[:_SAMPLE]
    script = script_of(sample) if len(sample) >= _MIN_TEXT else None
    for said, via in declared(document):
        if script is None or _fits(said, script):
            votes = {c for c, _ in declared(document)}
            # A template's lang="en" on a page in another language: two sources that agree need no check.
            if len(votes) == 1 and len(declared(document)) > 1 and said != "en":
                return said, via
            guess = _guess(sample, script, detect)
            if guess is None or guess == said or not _sure(sample):
                return said, via
            return guess, "text"
    guess = _guess(sample, script, detect)
    return (guess, "text") if guess else None


def _fits(said: str, script: str) -> bool:
    if said in _ANY_SCRIPT or script == "other":
        return True
    expected = _SCRIPT_OF.get(said, "latin")
    return expected == script or (expected == "kana" and script == "han")


def _sure(sample: str) -> bool:
    """Say whether there is enough text to contradict a page about itself."""
    return len(sample) >= 8 * _MIN_TEXT


def _guess(sample: str, script: str | None, detect: Callable[[str], str | None] | None) -> str | None:
    if script is None:
        return None
    if script in _ONE_LANGUAGE:
        return _ONE_LANGUAGE[script]
    guess = (detect or _langid)(sample)
    return guess if guess and _fits(guess, script) else None


def _langid(sample: str) -> str | None:
    import py3langid

    language, _ = py3langid.classify(sample[:_CLASSIFIED])
    return code(str(language))
