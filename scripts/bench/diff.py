"""What it costs to tell what changed: comparing two revisions, placing a revision with its rows, and texts of megabytes.

    .venv/bin/python scripts/bench/diff.py [1000]

Made-up articles as in scripts/bench/store.py. In each some words of a paragraph are replaced, and in half of them a
paragraph is added. difflib compares the same words. Times are CPU.
"""

from __future__ import annotations

import difflib
import random
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from result import result
from store import EXTRACTOR, Texts, capture

from archive.clock import SystemClock
from archive.diffing import Budget, compare, word_changes
from archive.model import Extraction
from archive.schema import open_archive
from archive.store import Store, articles

LATER = timedelta(days=1)
EDITED = 20  # one word of so many in the paragraph


def edited(text: str, chance: random.Random) -> str:
    """Return a text as its publisher might correct it."""
    paragraphs = text.split("\n\n")
    at = chance.randrange(len(paragraphs))
    words = paragraphs[at].split(" ")
    for _ in range(max(1, len(words) // EDITED)):
        words[chance.randrange(len(words))] = "corrected"
    paragraphs[at] = " ".join(words)
    if chance.random() < 0.5:
        paragraphs.insert(at, "A new paragraph says what came of it in the evening, and who said so.")
    return "\n\n".join(paragraphs)


def placing(pairs: list[tuple[str, str]], folder: Path) -> float:
    """Place each article and its second text; return the CPU ms of one of the latter."""
    store = Store(open_archive(folder, create=True), SystemClock())
    spent = 0.0
    for later in (False, True):
        started = time.process_time()
        with store.transaction():
            for number, (before, after) in enumerate(pairs):
                shot = capture(number)
                if later:
                    shot = replace(shot, captured_at=shot.captured_at + LATER, payload_digest=f"sha1:later{number}")
                row = store.add_capture(shot)
                if row is None:
                    raise AssertionError("a capture of the bench is new")
                text = after if later else before
                store.add_extraction(row, EXTRACTOR, Extraction(article=True, title="T", text=text, language="en"))
                store.place(row)
        spent = time.process_time() - started
    store.close()
    return spent / len(pairs) * 1000


def main() -> None:
    """Print the figures."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    texts, chance = Texts(), random.Random(2)  # noqa: S311 - texts, not secrets
    pairs = [(text, edited(text, chance)) for text in (texts.text() for _ in range(size))]
    started = time.process_time()
    for before, after in pairs:
        compare(("T", before), ("T", after))
    comparing = (time.process_time() - started) / size * 1000
    print(f"comparing two revisions: {comparing:.2f} ms")
    with tempfile.TemporaryDirectory() as folder:
        with_rows = placing(pairs, Path(folder) / "with.db")
        articles.write_changes = lambda *_, **__: None
        without = placing(pairs, Path(folder) / "without.db")
    print(f"placing a revision: {with_rows:.2f} ms, without revision_changes {without:.2f} ms")
    figures = {
        "comparing two revisions: CPU ms": comparing,
        "placing a revision: CPU ms": with_rows,
        "placing a revision without its changes: CPU ms": without,
    }
    for count in (10_000, 100_000):
        words = " ".join(texts.text() for _ in range(count // 500)).replace("\n\n", " ").split(" ")
        other = list(words)
        for _ in range(count // 100):
            other[chance.randrange(count)] = "corrected"
        started = time.process_time()
        word_changes(" ".join(words), " ".join(other), Budget())
        ours = time.process_time() - started
        started = time.process_time()
        difflib.SequenceMatcher(None, words, other, autojunk=False).get_opcodes()
        theirs = time.process_time() - started
        print(f"one paragraph of {count:,} words, one in 100 changed: {ours:.3f} s, difflib {theirs:.2f} s")
        figures[f"a paragraph of {count:,} words: ours / difflib (CPU)"] = ours / theirs
    result(figures)


if __name__ == "__main__":
    main()
