"""What kept articles are worth to a reader: furniture in their text, and what is known of the pages' true text. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

# Whole lines of pages in English that no article says, and that a reader sees first. Chosen before any tool was looked at.
FURNITURE = re.compile(
    r"""(?: skip\ to\ (?:the\ )?(?:main\ )?(?:content|navigation)
    | (?:sign\ up|subscribe|register)\b.{0,80}\b(?:newsletters?|updates|emails?|inbox|alerts|today|now)\b.{0,40}
    | (?:read|see|learn)\ (?:more|also)\b[:.]?.{0,100}
    | related(?:\ (?:articles?|stories|topics|content|coverage|links|posts))?[:.]?
    | (?:leave|post|add|write)\ (?:a|your)\ (?:comment|reply)s?\b.{0,40} | (?:\d+\ |view\ |show\ |load\ )?comments?[:.]?
    | share(?:\ (?:this|on|via|with)\b.{0,60})?[:.]? | follow\ (?:us|me)\b.{0,60}
    | advertisements?[:.]? | click\ (?:here|to)\b.{0,80}
    | (?:all\ )?rights\ reserved\b.{0,80} | (?:©|copyright\b).{0,120}
    | (?:log|sign)\ in\b.{0,60} | most\ (?:read|popular|viewed)\b.{0,30}
    | (?:we|this\ (?:web)?site)\ uses?\ cookies\b.{0,200}
    | story\ continues\ below.{0,40} | image\ (?:source|caption)\b.{0,80}
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_WORD = re.compile(r"\w+")
_LONG = 15  # characters of a text for each of its words, above which they are not set apart
Truth = Mapping[str, Mapping[str, Any]]  # by `place`


@dataclass(frozen=True, slots=True)
class Article:
    """What a tool kept of a page."""

    url: str
    title: str
    text: str


def place(url: str) -> str:
    """Return an address without its scheme, as tools and truth are compared.

    >>> place("https://Paper.example/a%20b?x=1#y")
    'paper.example/a b?x=1'
    """
    parts = urlsplit(url)
    return f"{(parts.hostname or '').lower()}{unquote(parts.path) or '/'}{'?' + parts.query if parts.query else ''}"


def worth(articles: Iterable[Article], truth: Truth) -> dict[str, float]:
    """Return figures of a tool's articles, each page once; shares are of those for which it can be told."""
    kept = {place(one.url): one for one in articles if one.text.strip()}
    known = [(one.text, str(truth[at]["text"])) for at, one in kept.items() if at in truth and truth[at].get("text")]
    texts = Counter(_folded(one.text) for one in kept.values())
    return {
        "articles": len(kept),
        "of them with furniture": _share(furnished(one.text) for one in kept.values()),
        "text F1": sum(f1(text, true) for text, true in known) / max(1, len(known)),
        "with a known text": len(known),
        "texts that stand twice": sum(count - 1 for count in texts.values()),
    }


def furnished(text: str) -> bool:
    """Tell whether a line of a text is a page's furniture.

    >>> furnished("Skip to content"), furnished("Readers can skip to content that they like.")
    (True, False)
    """
    return any(FURNITURE.fullmatch(line.strip(" *#>-|•·")) for line in text.splitlines())


def f1(text: str, true: str) -> float:
    """Return how far two texts share their sequences of four words (of characters, where words are not set apart).

    >>> f1("the board met on Monday", "the board met on Monday"), f1("the board met on Monday", "another text")
    (1.0, 0.0)
    """
    mine, theirs = _shingles(text), _shingles(true)
    both = (mine & theirs).total()
    return 2 * both / (mine.total() + theirs.total()) if both else 0.0


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    if len(words) * _LONG < len(text):  # Chinese, Japanese, Thai
        words = [c for c in text.casefold() if c.isalnum()]
    width = min(4, max(1, len(words)))
    return Counter(tuple(words[at : at + width]) for at in range(len(words) - width + 1))


def _folded(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _share(told: Iterable[bool]) -> float:
    each = list(told)
    return sum(each) / len(each) if each else 0.0
