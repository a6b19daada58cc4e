"""Digests of what a text says, one strict and one loose. Pure."""

from __future__ import annotations

import hashlib
import re

from archive.terms import normalized

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HALF = 16  # hex digits
_TOKEN = re.compile(f"[{_CJK}]|[^\\W_{_CJK}]+")
# A CMS that renders a page anew often turns these into each other; a reader sees the same text.
_TYPOGRAPHY = dict.fromkeys("\u2018\u2019\u201a\u201b", "'")
_TYPOGRAPHY |= dict.fromkeys("\u201c\u201d\u201e\u201f", '"')
_TYPOGRAPHY |= dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015", "-")
_TYPOGRAPHY |= dict.fromkeys("\u00ad\u200b\ufeff", "")  # unseen
_TYPOGRAPHIC = re.compile(f"[{''.join(_TYPOGRAPHY)}]")


def word_tokens(text: str) -> list[str]:
    """Return the words of a text (NFKC, casefolded); Han and kana by the character, as they have no spaces.

    >>> word_tokens("It's 東京, OK?")
    ['it', 's', '東', '京', 'ok']
    """
    return _TOKEN.findall(normalized("NFKC", text).casefold())


def words_digest(text: str, *, least: int) -> bytes | None:
    """Return 16 bytes that are equal for texts of the same words, or None if there are fewer than `least` words."""
    words = word_tokens(text)
    if len(words) < least:
        return None
    return hashlib.blake2b(" ".join(words).encode("utf-8", "replace"), digest_size=16).digest()


def as_read(text: str) -> str:
    """Return what is left of a text when all that a reader does not see is folded away: equal texts read the same.

    Typography of quotes and dashes, soft hyphens, forms of one character (NFKC), and white space: a page's new markup puts
    a space after a drop cap, or a line's end between two Chinese characters. Case and punctuation stay.

    >>> as_read("\u201cN a  endlich\u201d \u2014"), as_read("Na") == as_read("na")
    ('"Naendlich"-', False)
    """
    if not text.isascii():
        text = normalized("NFKC", _TYPOGRAPHIC.sub(lambda found: _TYPOGRAPHY[found[0]], text))
    return "".join(text.split())


def content_digest(title: str | None, text: str, description: str | None = None) -> str:
    """Return 32 hex digits: 16 of title and text as they read, 16 of the same where a standfirst may stand or not.

    A standfirst that the page also gives as its `description` is the article's on some sites and furniture on others, and
    markup decides: a new design, and the same page is read without it. The second half is equal for both readings.
    Compare with `same_content`.
    """
    said, read, lead = as_read(title or ""), as_read(text), as_read(description or "")
    first, _, rest = text.lstrip().partition("\n\n")
    body = read[len(lead) :] if lead and rest and as_read(first) == lead else read
    return _digest(said, read) + _digest(said, body, lead)


def same_content(one: str, other: str) -> bool:
    r"""Tell whether two of `content_digest` are of the same words, but for a standfirst that one of the readings left out.

    >>> text = "Ferries sail again.\n\nThe port has opened."
    >>> with_lead = content_digest("T", text, "Ferries sail again.")
    >>> same_content(with_lead, content_digest("T", "The port has opened.", "Ferries sail again."))
    True
    >>> same_content(with_lead, content_digest("T", "The port has opened.", "Another summary."))
    False
    """
    if one[:_HALF] == other[:_HALF]:
        return True
    return one[_HALF:] == other[_HALF:] != ""


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\n".join(parts).encode("utf-8", "replace"), digest_size=_HALF // 2).hexdigest()
