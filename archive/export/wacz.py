"""A WACZ: chosen articles as one file that a browser shows (ReplayWeb.page), and other archives take in.

What it holds of each article: its captures, each with its request and, of a rendered page, what the browser made of it; what
their revisits refer to; what its pages are shown with (style sheets, fonts, images), as far as the archive has it; the
warcinfo records. The records are copied byte for byte, so digests and dates stay. Discovery
records stay behind: those of listings speak of other articles.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

from archive.errors import MorgueError, NothingToExportError, ShelfError
from archive.export.assets import Assets, PlacedCapture
from archive.export.cdxj import NOT_MODIFIED, cdxj_line
from archive.export.choose import Choice, allowed_captures, batches
from archive.export.jsonl import line
from archive.export.package import Package
from archive.export.records import Piece, pieces
from archive.export.zipnum import blocks
from archive.query.reader import answering

# Bytes. No member may pass 2 GB: that takes ZIP's large form, which ReplayWeb.page 2.4.6 does not read (wacz finds it valid).
MAX_WARC = 10**9  # another file is begun then
MAX_TEXTS = 10**9  # of the list of pages; what comes then has its title alone
_OK = 200
_TOLD_AT_MOST = 20

_COLUMNS = (
    "c.pk, c.url, c.captured_at, c.status, c.mime, c.record_type, c.payload_digest, c.offset, c.length, c.article,"
    " c.warc, c.refers_to_url, c.refers_to_at FROM captures c"
)


@dataclass(frozen=True, slots=True)
class _Capture:
    """A row of `captures`."""

    pk: int
    url: str
    captured_at: str
    status: int | None
    mime: str
    record_type: str
    digest: str | None
    offset: int
    length: int
    article: int | None
    warc: int
    refers_to_url: str | None
    refers_to_at: str | None

    def index_line(self, filename: str, offset: int, piece: Piece) -> str | None:
        """Return its line for the index, None if a replay tool should not be offered it."""
        if self.status == NOT_MODIFIED or self.record_type not in {"response", "revisit", "resource"}:
            return None
        return cdxj_line(
            self.url,
            self.captured_at,
            self.status,
            self.mime,
            self.record_type,
            self.digest,
            len(piece.data),
            offset,
            filename,
            f"sha256:{piece.sha256}",
        )


@dataclass(slots=True)
class Packed:
    """What a WACZ holds, and what could not be put into it."""

    articles: int = 0
    captures: int = 0
    assets: int = 0  # of these captures: what the pages are shown with
    records: int = 0
    left_out: int = 0  # articles that opt out
    troubles: list[MorgueError] = field(default_factory=list)  # the first of them
    trouble_count: int = 0

    def trouble(self, error: MorgueError) -> None:
        """Note what could not be read."""
        self.trouble_count += 1
        if len(self.troubles) < _TOLD_AT_MOST:
            self.troubles.append(error)


@dataclass(slots=True)
class _Shown:
    """What was packed of the articles: the index, and which capture to open of each."""

    lines: list[str] = field(default_factory=list)
    pages: dict[int, tuple[bool, str, str]] = field(default_factory=dict)  # article -> (200, captured_at, url)

    def add(self, capture: _Capture, index_line: str | None) -> None:
        """Add a capture. Of an article's captures its newest with status 200 is opened."""
        if index_line is None:
            return
        self.lines.append(index_line)
        if capture.article is not None:
            page = (capture.status in {_OK, None}, capture.captured_at, capture.url)
            self.pages[capture.article] = max(page, self.pages.get(capture.article, page))


class WaczExport:
    """One export. `conn` reads archive.db; `find` says where a WARC file lies, and raises `ShelfError` if nowhere."""

    def __init__(
        self,
        conn: sqlite3.Connection,
        find: Callable[[str], Path],
        *,
        now: datetime,
        software: str,
        tell: Callable[[int, float], None] | None = None,
    ) -> None:
        self._conn = conn
        self._find = find
        self._now = now
        self._software = software
        self._tell = tell or (lambda _done, _share: None)  # captures done, share of all

    def write(self, choice: Choice, out: IO[bytes], *, max_warc: int = MAX_WARC, max_texts: int = MAX_TEXTS) -> Packed:
        """Write the WACZ to a seekable stream.

        Raises `NothingToExportError` if no article matches or none can be read, `QueryError` for dates that are none.
        """
        packed, shown = Packed(), _Shown()
        with answering(self._conn):
            articles = choice.articles(self._conn)
            packed.left_out = choice.left_out(self._conn, len(articles))
            if not articles:
                raise NothingToExportError("article", left_out=packed.left_out)
            captures = self._captures(articles, choice)
            packed.assets = self._add_assets(captures, choice)
            with Package(out, now=self._now) as package:
                self._copy(package, captures, packed, shown, max_warc)
                if not shown.pages:
                    raise packed.troubles[0] if packed.troubles else NothingToExportError("whole capture")
                self._index(package, sorted(shown.lines))
                packed.articles = self._pages(package, articles, shown, max_texts)
                told = choice.told()
                about = {
                    "title": told[0].upper() + told[1:],
                    "description": f"{packed.articles} {told}, from a news archive",
                }
                package.finish(software=self._software, about=about)
        return packed

    def _captures(self, articles: Sequence[int], choice: Choice) -> dict[int, dict[int, _Capture]]:
        """Return the captures of the articles, and what their revisits refer to: by file, by offset."""
        found: dict[int, dict[int, _Capture]] = {}
        targets: set[tuple[str, str | None, str | None]] = set()
        for some, marks in batches(articles):
            for row in self._conn.execute(f"SELECT {_COLUMNS} WHERE c.article IN ({marks})", some):
                capture = _Capture(*row)
                found.setdefault(capture.warc, {})[capture.offset] = capture
                if capture.record_type == "revisit":
                    targets.add((capture.refers_to_url or capture.url, capture.refers_to_at, capture.digest))
        allowed = allowed_captures(include_opted_out=choice.include_opted_out)
        for url, at, digest in sorted(targets, key=str):
            when = "c.captured_at = ?" if at is not None else "c.payload_digest = ?"  # WARC 1.0 names no time
            rows = self._conn.execute(
                f"SELECT {_COLUMNS} WHERE c.url = ? AND {when} AND c.record_type IN ('response', 'resource') AND {allowed}",
                (url, at if at is not None else digest),
            )
            for row in rows:
                capture = _Capture(*row)
                found.setdefault(capture.warc, {}).setdefault(capture.offset, capture)
        return found

    def _add_assets(self, captures: dict[int, dict[int, _Capture]], choice: Choice) -> int:
        """Add what the pages among the captures are shown with; return how many captures that are."""
        assets = Assets(self._conn, self._find, allowed_captures(include_opted_out=choice.include_opted_out))
        if not assets.any():
            return 0
        names = dict(self._conn.execute("SELECT pk, name FROM warcs"))
        pks: set[int] = set()
        for of_file in captures.values():
            for each in of_file.values():
                if each.record_type in {"response", "resource"}:
                    place = (each.mime, names[each.warc], each.offset)
                    pks |= assets.of(PlacedCapture(each.pk, each.url, each.captured_at, each.status, *place))
        added = 0
        for some, marks in batches(sorted(pks)):
            for row in self._conn.execute(f"SELECT {_COLUMNS} WHERE c.pk IN ({marks})", some):
                capture = _Capture(*row)
                of_file = captures.setdefault(capture.warc, {})
                added += capture.offset not in of_file
                of_file.setdefault(capture.offset, capture)
        return added

    def _copy(
        self,
        package: Package,
        captures: dict[int, dict[int, _Capture]],
        packed: Packed,
        shown: _Shown,
        max_warc: int,
    ) -> None:
        """Copy the records into WARC files of the package, and index them."""
        total = sum(map(len, captures.values()))
        number, size, name = 0, max_warc, ""
        with ExitStack() as stack:
            member = None
            for piece, of in self._pieces(captures, packed):
                if member is None or size >= max_warc:
                    stack.close()
                    number, size, name = number + 1, 0, f"data-{number + 1:04d}.warc.gz"
                    member = stack.enter_context(package.member(f"archive/{name}"))
                offset = member.write(piece.data)
                size += len(piece.data)
                packed.records += 1
                if piece.capture is not None:
                    capture = of[piece.capture]
                    shown.add(capture, capture.index_line(name, offset, piece))
                    packed.captures += 1
                    self._tell(packed.captures, packed.captures / total)

    def _pieces(
        self, captures: dict[int, dict[int, _Capture]], packed: Packed
    ) -> Iterable[tuple[Piece, dict[int, _Capture]]]:
        """Give the records of all files, in the order of their names, each with its file's captures by offset."""
        names = dict(self._conn.execute("SELECT pk, name FROM warcs"))
        for warc in sorted(captures, key=lambda pk: str(names.get(pk))):
            of = captures[warc]
            known = self._conn.execute("SELECT offset, length FROM captures WHERE warc = ? ORDER BY offset", (warc,))
            try:
                path = self._find(str(names.get(warc)))
                for piece in pieces(path, {offset: offset for offset in of}, known.fetchall(), packed.trouble):
                    yield piece, of
            except ShelfError as error:
                packed.trouble(error)

    @staticmethod
    def _index(package: Package, lines: list[str]) -> None:
        entries = []
        with package.member("indexes/index.cdx.gz") as member:
            for data, entry in blocks(lines, "index.cdx.gz"):
                member.write(data)
                entries.append(entry)
        with package.member("indexes/index.idx", deflated=True) as member:
            member.write("".join(entries).encode("ascii"))

    def _pages(self, package: Package, articles: Sequence[int], shown: _Shown, max_texts: int) -> int:
        """Write the list of pages, in the order of the articles; return how many there are."""
        count = 0
        with package.member("pages/pages.jsonl", deflated=True) as member:
            head = {"format": "json-pages-1.0", "id": "pages", "title": "Articles", "hasText": True}
            member.write(f"{line(head)}\n".encode())
            for some, marks in batches([pk for pk in articles if pk in shown.pages]):
                sql = f"SELECT pk, id, title, text FROM articles WHERE pk IN ({marks})"  # noqa: S608
                rows = {row[0]: row for row in self._conn.execute(sql, some)}
                for pk in (pk for pk in some if pk in rows):
                    _, at, url = shown.pages[pk]
                    _, name, title, text = rows[pk]
                    page = {"id": name, "url": url, "ts": f"{at[:19]}Z", "title": title or url}
                    if member.size < max_texts:
                        page["text"] = text
                    member.write(f"{line(page)}\n".encode())
                    count += 1
        return count
