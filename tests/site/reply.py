"""An answer before it goes over the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One HTTP answer. `stream` replaces `body` where the body is too large to hold."""

    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    changed: datetime | None = None  # what Last-Modified and If-Modified-Since speak of
    stream: Callable[[], Iterator[bytes]] | None = None
    length: int | None = None  # Content-Length to claim; the connection is cut where the body is shorter
    wait: float = 0.0  # seconds before the first byte
