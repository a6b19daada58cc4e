"""Digests of what a text says, one strict and one loose. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(f"[{_CJK}]|[^\\W_{_CJK}]+")
_SPACE = re.compile(r"\s+")
# A CMS that renders a page anew often turns these into each other; a reader sees the same text.
_TYPOGRAPHY = str.maketrans("‘’‚‛“”„‟‐‑‒–—―", "''''\"\"\"\"------", "\u00ad\u200b\ufeff")


def word_tokens(text: str) -> list[str]:
    """Return the words of a text (NFKC, casefolded); Han and kana by the character, as they have no spaces.

    >>> word_tokens("“It’s” 東京, OK?")
    ['it', 's', '東', '京', 'ok']
    """
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def words_digest(text: str, *, least: int) -> bytes | None:
    """Return 16 bytes that are equal for texts of the same words, or None if there are fewer than `least` words."""
    words = word_tokens(text)
    if len(words) < least:
        return None
    return hashlib.blake2b(" ".join(words).encode("utf-8", "replace"), digest_size=16).digest()


def content_digest(title: str | None, text: str) -> str:
    """Return 32 hex digits that are equal when a reader sees the same title and text.

    White space, soft hyphens and the typography of quotes and dashes are not a difference; case and punctuation are.
    """
    parts = [
        _SPACE.sub(" ", unicodedata.normalize("NFKC", part.translate(_TYPOGRAPHY))).strip()
        for part in (title or "", text)
    ]
    return hashlib.blake2b("\n".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()
