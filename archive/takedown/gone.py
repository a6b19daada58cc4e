"""What is to go: the addresses, and the words by which a listing is recognised that quotes it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import quote, unquote

from archive.errors import UrlError
from archive.tombstones import Tombstones, decoded_text, host_hash, key_hash, links_in
from archive.tombstones.mentions import is_gone
from archive.urls import canonical_url

PHRASE = 8  # words
_LEAST_TITLE = 16  # characters: a shorter headline stands in other texts by accident
_LEAST_TAIL = 4  # characters of an address's last part that are looked for before anything else
_TAG = re.compile(r"<[^<>]{0,5000}>")
_WORD = re.compile(r"\w+")
_SCHEME = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What one takedown is about. `hashes` say it without clear text; the rest helps to find it."""

    scope: str  # url, article, host
    hashes: tuple[str, ...]
    urls: tuple[str, ...] = ()  # every spelling that was met
    titles: tuple[str, ...] = ()
    phrases: frozenset[str] = frozenset()  # eight words each, as `phrases_of` folds them
    _stones: Tombstones = field(init=False)
    _tails: re.Pattern[bytes] | None = field(init=False)
    _needles: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_stones", Tombstones(frozenset(self.hashes)))
        tails = {tail for url in self.urls for tail in _tails(url)}
        # A host is looked for by its name, however many pages it had.
        pattern = b"|".join(re.escape(tail) for tail in sorted(tails)) if tails and self.scope != "host" else None
        object.__setattr__(self, "_tails", re.compile(pattern, re.IGNORECASE) if pattern else None)
        needles = {_SCHEME.sub("", url) for url in self.urls} if self.scope != "host" else set()
        object.__setattr__(self, "_needles", tuple(sorted(n for n in needles if n.partition("/")[2])))

    @property
    def tombstones(self) -> Tombstones:
        """The hashes, to hold addresses against."""
        return self._stones

    def covers(self, url: str) -> bool:
        """Return whether an address is to go. Also inside another one's name: `urn:pageinfo:https://…`."""
        if self._stones.covers(url):
            return True
        inner = url.find("http", 1)
        return inner > 0 and url.startswith(("urn:", "metadata:", "dns:")) and self._stones.covers(url[inner:])

    def named_in(self, body: bytes, text: str, base: str) -> bool:
        """Return whether a document at `base` names one of the addresses. `text`: the decoded body."""
        if self._tails is not None:
            written = text.encode("utf-8", "replace") if b"\0" in body else body  # UTF-16
            if self._tails.search(written) is None:
                return False
        if any(is_gone(url, self._stones) for url in links_in(text, base)):
            return True
        return self.spelled_in(text)

    def spelled_in(self, text: str) -> bool:
        """Return whether one of the addresses stands in a text as it is written, with its host."""
        plain = unescape(text.replace("\\/", "/"))
        return any(needle in plain for needle in self._needles)

    def titled_in(self, text: str) -> bool:
        """Return whether one of the titles stands in a document."""
        if not any(max(title.split(), key=len) in text for title in self.titles) and "&" not in text:
            return False
        plain = " ".join(unescape(text).split())
        return any(title in plain for title in self.titles)

    def quoted_in(self, text: str) -> bool:
        """Return whether eight words in a row of the text stand in a document, markup aside."""
        return bool(self.phrases) and any(phrase in self.phrases for phrase in phrases_of(bare(text)))

    def tells(self, text: str) -> bool:
        """Return whether a short text (a fact, a line of a report) gives it away."""
        if self.spelled_in(text) or self.quoted_in(text) or self.titled_in(text):
            return True
        return "://" in text and any(is_gone(url, self._stones) for url in links_in(text, ""))


def new_gone(scope: str, *, keys: Iterable[str], hosts: Iterable[str] = (), urls: Iterable[str] = (),
             titles: Iterable[str] = (), texts: Iterable[str] = ()) -> Gone:  # fmt: skip
    """Return what is to go, of URL keys or hosts, and of what is known of their pages."""
    hashes = {key_hash(key) for key in keys} | {host_hash(host) for host in hosts}
    told = {" ".join(title.split()) for title in titles}
    return Gone(
        scope=scope,
        hashes=tuple(sorted(hashes)),
        urls=tuple(sorted(set(urls))),
        titles=tuple(sorted(title for title in told if len(title) >= _LEAST_TITLE)),
        phrases=frozenset(phrase for text in texts for phrase in phrases_of(text)),
    )


def phrases_of(text: str) -> Iterator[str]:
    """Yield every eight words in a row of a text, lower-cased, a blank between two.

    >>> list(phrases_of("One, two - three four five six seven eight nine"))[1]
    'two three four five six seven eight nine'
    """
    words = _WORD.findall(text.lower())
    for at in range(len(words) - PHRASE + 1):
        yield " ".join(words[at : at + PHRASE])


def bare(text: str) -> str:
    """Return a document's text without its markup; of a feed also without the markup that it carries escaped."""
    return unescape(_TAG.sub(" ", unescape(_TAG.sub(" ", text.replace("<![CDATA[", " ").replace("]]>", " ")))))


def text_of(body: bytes, content_type: str) -> str:
    """Return a document's text."""
    return decoded_text(body, content_type)


def _tails(url: str) -> set[bytes]:
    """Return the last part of an address in the spellings in which a document may have it; none where that is too short."""
    try:
        path = canonical_url(url).split("/", 3)[-1]
    except UrlError:
        return set()
    tail = re.split(r"[/?&=#;]", path.rstrip("/"))[-1]
    if len(tail) < _LEAST_TAIL:
        tail = path.rstrip("/")
    if len(tail) < _LEAST_TAIL:
        tail = _SCHEME.sub("", url).partition("/")[0]
    return {each.encode("utf-8", "replace") for each in (tail, unquote(tail), quote(unquote(tail)), quote(tail))}
