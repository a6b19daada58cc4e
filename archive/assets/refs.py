"""What a page or a style sheet names that a reader's browser would load to show it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from archive.urls import redirect_url

MAX_REFS = 2_000  # of one document; no page needs them, and a hostile one has millions
MAX_LOOKED_AT = 10_000  # references of one document that are resolved: some name one address a million times
_MAX_REF = 4_096  # characters
_OTHER_SCHEME = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]{0,30}:", re.IGNORECASE)
# Films and sound are not kept; nor is what only looks like a picture's address (a template's placeholder, JSON).
_NOT_KEPT = re.compile(
    r"\.(?:mp4|m4v|webm|ogv|mov|avi|mkv|m3u8|mpd|ts|mp3|m4a|aac|ogg|oga|wav|flac|js|mjs)\Z", re.IGNORECASE
)
_NOT_ADDRESS = re.compile(r"[\s{}<>\"]")


class Kind(StrEnum):
    """What a reference is for. In the order in which they are asked for: a page without its styles looks like nothing."""

    STYLE = "style"
    FONT = "font"
    IMAGE = "image"


ORDER = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Ref:
    """One file that is needed."""

    url: str  # absolute, without fragment
    kind: Kind


class Refs:
    """References as they are found: each address once, in the order of the document."""

    def __init__(self, base: str) -> None:
        """Take references as written, relative to `base`."""
        self.base = base
        self._found: dict[str, Kind] = {}
        self._written: set[str] = set()

    def add(self, written: str | None, kind: Kind) -> None:
        """Take one as written, if it is a web address that is kept: no data:, no javascript:, no film, no place in the page."""
        written = (written or "").strip()
        if not written or written[0] == "#" or len(written) > _MAX_REF or written in self._written or self.full:
            return
        if _OTHER_SCHEME.match(written):
            return
        self._written.add(written)
        if _NOT_ADDRESS.search(written.replace(" ", "%20")):
            return
        url = redirect_url(self.base, written)
        if url is None:
            return
        url = url.partition("#")[0]
        if not _NOT_KEPT.search(url.partition("?")[0]):
            self._found.setdefault(url, kind)

    def take(self, others: tuple[Ref, ...]) -> None:
        """Take what another document's references are."""
        for ref in others:
            if len(self._found) < MAX_REFS:
                self._found.setdefault(ref.url, ref.kind)

    @property
    def full(self) -> bool:
        """Whether no more are taken."""
        return len(self._found) >= MAX_REFS or len(self._written) >= MAX_LOOKED_AT

    def found(self) -> tuple[Ref, ...]:
        """Return them."""
        return tuple(Ref(url, kind) for url, kind in self._found.items())


def by_need(refs: tuple[Ref, ...]) -> tuple[Ref, ...]:
    """Return them with style sheets first, then fonts, then images; otherwise in their order."""
    return tuple(sorted(refs, key=lambda ref: ORDER.index(ref.kind)))
