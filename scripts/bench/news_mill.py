"""Texts as news sites print them, as many as are wanted: real ones, and made-up ones with the statistics of the real.

A made-up text is a walk: each word is followed by one that follows it in a real text, or, one time in four, by any word as
often as it is used. Three words in a hundred are names of its own, out of two million with Zipf's frequencies: a real
archive keeps meeting new names, where a walk over a few thousand texts would repeat theirs for ever.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from archive.dedupe.story import Known

LEAST = 300  # characters of a real text that is used
_JUMP, _NAME = 0.25, 0.03
_NAMES, _OWN = 2_000_000, 8  # names there are, names of one text
_SENTENCE, _PARAGRAPH, _LONGEST = 40, 3, 100  # words of a sentence at most, sentences, sentences of a text at most
_SYLLABLES = [a + b for a in "bcdfghklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "in")]
_END = re.compile(r"(?<=[.!?])\s+")
_SPACELESS = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")


def real_texts(corpus: Path) -> list[Known]:
    """Return the news texts of the measuring corpus that are no copies made on purpose, in an order that is always the same."""
    found: dict[str, Known] = {}

    def add(text: object, title: object, language: object, url: str) -> None:
        if isinstance(text, str) and len(text) >= LEAST:
            known = Known(text, title or None, language or None, url)  # type: ignore[arg-type]  # texts or nothing there
            found.setdefault(text, known)

    for path in sorted((corpus / "suites/text/bbc-2225").rglob("*.txt")):
        title, _, text = path.read_text(encoding="utf-8", errors="replace").partition("\n")
        add(text.strip(), title, "en", f"https://broadcaster.example/{path.parent.name}/{path.stem}")
    with gzip.open(corpus / "replay/truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            add(row.get("text"), row.get("title"), row.get("lang"), row["url"])
    for path in sorted((corpus / "extraction").glob("*/truth.jsonl")):
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            add(row.get("text"), row.get("title"), None, row["url"])
    texts = [found[text] for text in sorted(found)]
    random.Random(5).shuffle(texts)  # noqa: S311 - an order that is always the same
    return texts


class Mill:
    """Makes texts; number and seed decide each."""

    def __init__(self, texts: Iterable[str], seed: int = 1) -> None:
        self.seed = seed
        self._next: dict[str, list[str]] = defaultdict(list)
        self._all: list[str] = []
        self._sizes: list[int] = []
        for text in texts:
            if _SPACELESS.search(text):
                continue
            sentences = [words for line in text.split("\n") for each in _END.split(line) if (words := each.split())]
            self._sizes.append(min(len(sentences), _LONGEST))
            for words in sentences:
                self._next[""].append(words[0])
                self._all += words
                for word, following in zip(words, [*words[1:], ""], strict=True):
                    self._next[word].append(following)
        if not self._all:
            raise ValueError("the mill needs texts of a script with spaces")

    def known(self, number: int) -> Known:
        """Return the text of a number as an archive would have it."""
        chance = random.Random(self.seed << 32 | number)  # noqa: S311 - texts, not secrets
        draw = chance.random
        names = [name_of(int(_NAMES ** draw())) for _ in range(_OWN)]
        sentences = [self._sentence(draw, names) for _ in range(self._sizes[int(draw() * len(self._sizes))])]
        title = " ".join(sentences[0].split()[:9]).rstrip(".")
        paragraphs = [" ".join(sentences[at : at + _PARAGRAPH]) for at in range(0, len(sentences), _PARAGRAPH)]
        return Known("\n".join(paragraphs), title, "en", f"https://site{number % 500}.example/story-{number}")

    def _sentence(self, draw: Callable[[], float], names: list[str]) -> str:
        words: list[str] = []
        word = ""
        while len(words) < _SENTENCE:
            lot = draw()
            if lot < _NAME:
                words.append(names[int(lot / _NAME * _OWN)])
                continue
            if lot < _NAME + _JUMP and word:
                word = self._all[int(draw() * len(self._all))]
            else:
                following = self._next[word]
                word = following[int(draw() * len(following))]
            if not word:
                break
            words.append(word)
        said = " ".join(words)
        return said if said.endswith((".", "!", "?")) else said + "."


def trimmed(known: Known, chance: random.Random, number: int) -> Known:
    """Return a text as another paper takes it over: a third of its sentences left out, no headline, another place."""
    sentences = _END.split(known.text)
    kept = [each for each in sentences if chance.random() > 1 / 3] or sentences
    return Known(" ".join(kept), None, known.language, f"https://taker{number % 500}.example/story-{number}")


def name_of(number: int) -> str:
    """Return the made-up name of a number, with a capital."""
    parts = []
    while True:
        number, rest = divmod(number, len(_SYLLABLES))
        parts.append(_SYLLABLES[rest])
        if not number:
            return "".join(parts).capitalize()
