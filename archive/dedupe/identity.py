"""Which page a capture shows: the names it has, and when two names are one article. Pure.

An article is born with the key of the URL it was captured at, or with its canonical link's where the URL itself
proposes that key (an AMP, mobile or print spelling). Two known articles are never merged: a wrong merge loses one, a
missed one costs little, because the copy check finds the equal text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from archive.dedupe.words import words_digest
from archive.errors import UrlError
from archive.urls import canonical_url, proposed_key, registered_domain, url_key

_LEAST_WORDS = 8  # of two texts that also share a name; a page of fewer words is a notice, not an article


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The keys under which a page may be known."""

    key: str  # of the URL captured
    proposed: str  # of the plain page that the URL's spelling points to; else the same as `key`
    canonical: str | None  # of the page's canonical link, if it may be believed; else None
    url: str  # to show
    canonical_link: str | None  # as the page says, in canonical spelling, believed or not

    @property
    def birth(self) -> str:
        """The key that a new article gets."""
        return self.proposed if self.canonical == self.proposed else self.key


def names_of(url: str, canonical: str | None) -> Names:
    """Return the names of a page captured at `url` whose canonical link is `canonical`.

    A canonical link to another registered domain (a syndicated copy names its origin), to a front page (a CMS whose
    template forgot the path) or to no usable address is recorded and not believed. Raises `UrlError` for `url`.
    """
    key, proposed = url_key(url), proposed_key(url)
    shown, link, believed = canonical_url(url), None, None
    if canonical:
        try:
            link = canonical_url(canonical)
            same_owner = registered_domain(link) == registered_domain(shown)
            key_of_link = url_key(link)
            believed = key_of_link if same_owner and not is_front(key_of_link) else None
        except UrlError:
            believed = None
    names = Names(key=key, proposed=proposed, canonical=believed, url=shown, canonical_link=link)
    if link is not None and names.birth != key:
        return Names(key=key, proposed=proposed, canonical=believed, url=link, canonical_link=link)
    return names


def is_front(key: str) -> bool:
    """Tell whether a URL key is that of a whole host: no path, no query.

    >>> is_front("news.example/"), is_front("news.example/?p=3")
    (True, False)
    """
    return key.find("/") == len(key) - 1


def same_words(text: str, others: Iterable[str]) -> bool:
    """Tell whether any of `others` has the same words as `text`; a text of a few words is never the same."""
    digest = words_digest(text, least=_LEAST_WORDS)
    return digest is not None and any(words_digest(other, least=_LEAST_WORDS) == digest for other in others)
