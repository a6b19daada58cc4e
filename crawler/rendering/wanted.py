"""Which answers a browser is to render, and what came of it in a run. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from archive.errors import PayloadError
from archive.model import Exchange, Rendering, Role
from archive.payload import dechunk, decode_content, is_chunked, media_type, parse_response_head
from archive.sources import Source

RENDERED_ROLES = frozenset({Role.PAGE, Role.HOME, Role.SECTION})  # never a feed, a sitemap or a robots.txt
MAX_DOCUMENT = 16 * 2**20  # bytes, of what the browser is given and of what it gives back
_HTML = frozenset({"text/html", "application/xhtml+xml", ""})
_OK = 200
ENDED = Rendering(failed="the run ended")  # nothing is wrong with the page: it is asked for again


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A request whose answer is to be rendered."""

    source: Source
    user_agent: str
    headers: Callable[[str], Mapping[str, str]]  # what is sent to ask for an address
    allowed: Callable[[str], bool]  # what robots.txt files that are known say of an address
    ending: Callable[[], bool]  # the run is to end now: by its budget, by a signal


@dataclass(frozen=True, slots=True)
class Document:
    """The main document as the browser gets it."""

    url: str  # as requested
    body: bytes  # framing and content-coding removed, characters as sent
    headers: tuple[tuple[str, str], ...]


def wanted(source: Source | None, role: Role) -> bool:
    """Say whether what is asked for in this role is to be rendered."""
    return source is not None and source.render and role in RENDERED_ROLES


def document_of(exchange: Exchange) -> Document | str | None:
    """Return the document that a browser can render: a whole HTML answer. None: this is none; a text: why it cannot be had.

    What was cut, moved, refused or is no HTML is not rendered, and nothing is missing then.
    """
    if exchange.error is not None or exchange.truncated is not None:
        return None
    try:
        head = parse_response_head(exchange.response_head)
    except PayloadError:
        return None
    if head.status != _OK or media_type(head.headers) not in _HTML or not exchange.body:
        return None
    try:
        sent = dechunk(exchange.body) if is_chunked(head.headers) else exchange.body
        body = decode_content(head.headers, sent, limit=MAX_DOCUMENT)
    except PayloadError as error:
        return f"its body cannot be decoded ({error})"
    return Document(exchange.url, body, head.headers)


@dataclass(slots=True)
class RenderCount:
    """What rendering did in one run."""

    pages: int = 0  # with a document
    unsettled: int = 0  # of these, taken as they were at the limit
    failed: int = 0
    requests: int = 0  # that went out for their scripts
    received: int = 0  # bytes of the answers to those

    def add(self, rendering: Rendering) -> None:
        """Count one page."""
        self.pages += rendering.dom is not None
        self.unsettled += rendering.truncated == "time"
        self.failed += rendering.dom is None
        self.requests += rendering.requests
        self.received += rendering.received
