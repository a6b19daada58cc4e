"""Tables of words in many languages, kept as data in `words.json`.

skip, comments, share, labels, furniture: whole lines of page furniture; nobody: author fields that name no person;
not_a_title: headings that stand above every page.
"""

from __future__ import annotations

import json
from importlib import resources

_ALL: dict[str, list[str]] = json.loads(
    resources.files("archive.extract").joinpath("words.json").read_text(encoding="utf-8")
)


def table(*names: str) -> tuple[str, ...]:
    """Return the words of these tables."""
    return tuple(word for name in names for word in _ALL[name])
