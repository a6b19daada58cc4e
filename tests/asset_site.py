"""A paper on loopback whose article is made of many files, some of them on another host, and an archive that keeps them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.line import Archive, new_archive
from tests.rawserver import RawServer, Route, page

_TEXT = "".join(
    f"<p>The council of the harbour town met for the {word} time this week and argued for hours about the old ferry, its "
    f"captain, and the {word} bridge that is to take its place when the winter is over and the money has been found.</p>"
    for word in ("first", "second", "third", "fourth", "fifth", "sixth")
)


def png(width: int, height: int, grey: int) -> bytes:
    """Return an image of one shade."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes([grey]) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def article(title: str, *, head: str = "", body: str = "") -> bytes:
    """Return a page that is an article."""
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title>"
        f'<meta property="og:type" content="article"><meta property="article:published_time" content="2026-05-20T08:00:00Z">'
        f"{head}</head><body><article><h1>{title}</h1>{body}{_TEXT}</article></body></html>"
    ).encode()


def html(body: bytes, *headers: bytes) -> Route:
    return page(body, b"Content-Type: text/html; charset=utf-8", *headers)


def css(text: str) -> Route:
    return page(text.encode(), b"Content-Type: text/css")


def image(grey: int = 0, width: int = 8) -> Route:
    return page(png(width, 4, grey), b"Content-Type: image/png")


@dataclass
class AssetSite:
    """The paper's host and the one that lends it pictures: two registered domains."""

    paper: RawServer
    lender: RawServer
    asked_before: dict[str, int] = field(default_factory=dict)

    def on_paper(self, path: str) -> str:
        return self.paper.url(path)

    def on_lender(self, path: str) -> str:
        return self.lender.url(path, "localhost")

    def home(self, *paths: str) -> None:
        """Let the front page name these articles."""
        items = "".join(
            f"<item><title>{path}</title><link>{self.on_paper(path)}</link>"
            f"<pubDate>Wed, 20 May 2026 {20 - number:02}:00:00 GMT</pubDate></item>"
            for number, path in enumerate(paths)
        )
        feed = f'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>{items}</channel></rss>'
        self.paper.routes["/rss.xml"] = page(feed.encode(), b"Content-Type: application/rss+xml")
        self.paper.routes["/"] = html(
            b'<html><head><link rel=alternate type="application/rss+xml" href="/rss.xml"></head><body>Paper</body></html>'
        )

    def asked(self, server: RawServer) -> list[str]:
        """Return the paths that a host was asked for."""
        return [seen.head.split(b" ", 2)[1].decode() for seen in server.seen]


@contextmanager
def asset_site() -> Iterator[AssetSite]:
    """Serve both hosts."""
    with ExitStack() as stack:
        yield AssetSite(stack.enter_context(RawServer()), stack.enter_context(RawServer()))


def asset_archive(path: Path, site: AssetSite, *, assets: str | None = "page", more: str = "") -> Archive:
    """Make an archive of the paper that keeps what its pages show."""
    archive = new_archive(path, {"paper": site.on_paper("/")})
    with (path / "sources.toml").open("a", encoding="utf-8") as file:
        file.write(more if assets is None else f'assets = "{assets}"\n{more}')
    return archive


def captured(archive: Archive, role: str = "asset") -> list[tuple[str, int]]:
    """Return what was captured in a role: path and status, sorted."""
    rows = archive.rows("SELECT url, status FROM captures WHERE role = ? ORDER BY url, captured_at", role)
    return [("/" + row["url"].split("/", 3)[3], row["status"]) for row in rows]
