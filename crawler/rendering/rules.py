"""What a page may ask for while it is rendered, what it is told, and when it is done. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from archive.payload import Headers, media_type


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one page may take; bytes and seconds."""

    requests: int = 100  # of its scripts, redirects and repeats included
    received: int = 16 * 2**20  # bytes of their answers
    answer: int = 8 * 2**20  # bytes of one answer on the wire
    answer_seconds: float = 10.0
    at_once: int = 4  # requests under way
    settle: float = 12.0  # seconds until the document is taken as it is
    quiet: float = 1.0  # seconds without a change and without a request: it has settled
    silent: float = 3.0  # seconds without a change, whatever is still asked for
    patience: float = 2.0  # seconds for one question to the page; a script that runs for ever does not answer
    most: float = 20.0  # seconds in all, after which the browser counts as hanging


class Deed(StrEnum):
    """What to do with a request."""

    FETCH = "fetch"
    EMPTY = "empty"  # answer with nothing, as if it were there
    REFUSE = "refuse"


# Documents of frames, pictures, sound, films, fonts, event streams, pings, manifests and prefetches make no text.
_FETCHED = frozenset({"script", "xhr", "fetch"})
# Scripts wait for their style sheets, and take a missing one for a missing part of themselves. An empty one will do.
_EMPTY = frozenset({"stylesheet"})
_KEPT_FROM_PAGES = (
    "host", "connection", "cookie", "user-agent", "accept-encoding", "if-", "range", "proxy-", "sec-", "upgrade-", "dnt",
    "content-length", "content-type", "transfer-", "te", "expect", "keep-alive", "x-forwarded-", "forwarded",
)  # fmt: skip
# Of the main document's head the browser hears what changes how it reads it; cookies, redirects by header, downloads,
# reporting and storage are not for it.
_TOLD = frozenset({"content-language", "content-security-policy", "referrer-policy", "last-modified"})
_NOT_TOLD = frozenset(
    {
        "content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive", "trailer", "upgrade",
        "set-cookie", "set-cookie2", "clear-site-data", "strict-transport-security", "alt-svc", "nel", "report-to",
        "reporting-endpoints", "refresh", "link", "service-worker-allowed",
    }
)  # fmt: skip


def deed(method: str, url: str, resource_type: str) -> Deed:
    """Return what to do with a request of a page (`resource_type`: Playwright's word). Only GET leaves the machine.

    >>> deed("GET", "https://paper.example/app.js", "script").value, deed("POST", "https://paper.example/log", "fetch").value
    ('fetch', 'refuse')
    """
    if method != "GET" or not url.startswith(("https://", "http://")):
        return Deed.REFUSE
    if resource_type in _EMPTY:
        return Deed.EMPTY
    return Deed.FETCH if resource_type in _FETCHED else Deed.REFUSE


def sent_headers(usual: Mapping[str, str], of_page: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return what is sent with a page's request: what a crawl sends (`usual`), and over it what the script set itself.

    Who we are, what we can decode, cookies and conditions are ours to say.
    """
    out = {name.lower(): (name, value) for name, value in usual.items()}
    for name, value in of_page.items():
        low = name.lower()
        ours = low in out and low not in ("accept", "accept-language")
        if not ours and not low.startswith(_KEPT_FROM_PAGES):
            out[low] = (name, value)
    return [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in out.values()]


def told_headers(headers: Headers, *, main: bool) -> dict[str, str]:
    """Return the header fields of an answer as the browser is told them, names lower-cased.

    `main`: of the main document, which is HTML to the browser however it was called.
    """
    out: dict[str, str] = {}
    for name, value in headers:
        low = name.lower()
        if (low in _TOLD) if main else (low not in _NOT_TOLD):
            out[low] = f"{out[low]}, {value}" if low in out else value
    if main:
        written = next((value for name, value in headers if name.lower() == "content-type"), "")
        out["content-type"] = written if media_type(headers) else "text/html"
    return out


@dataclass(frozen=True, slots=True)
class Look:
    """How a document looks at one moment: enough to see that it grows or shrinks, and not that a clock ticks in it."""

    elements: int
    characters: int

    def like(self, other: Look) -> bool:
        """Say whether the two differ by less than a reader would call a change: a hundredth, at least a few."""
        return abs(self.elements - other.elements) <= max(2, other.elements // 100) and abs(
            self.characters - other.characters
        ) <= max(16, other.characters // 100)


class Settling:
    """Tells from looks at a document when it has settled."""

    def __init__(self, limits: Limits, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._look: Look | None = None
        self._changed = self._busy = now()

    def settled(self, look: Look, *, complete: bool, busy: bool) -> bool:
        """Return whether it has. `complete`: it was parsed and its first scripts ran; `busy`: answers are waited for."""
        now = self._now()
        if self._look is None or not look.like(self._look):
            self._look, self._changed = look, now
        if busy:
            self._busy = now
        unchanged = now - self._changed
        calm = unchanged >= self._limits.quiet and now - self._busy >= self._limits.quiet
        return complete and (calm or unchanged >= self._limits.silent)


def browser_name(version: str) -> str:
    """Return a browser's name for records."""
    return f"Chromium/{version}"


def first_line(texts: Iterable[str]) -> str:
    """Return the first line of an error that says something, short enough for a report."""
    lines = (line.strip() for text in texts for line in text.splitlines())
    return next((line for line in lines if line), "it gave no reason")[:300]
