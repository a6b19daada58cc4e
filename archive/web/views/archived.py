"""The archived page: what the publisher sent, in a frame that can run nothing and reach nothing but the archive."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from archive.errors import PayloadError, QueryError, ShelfError
from archive.query import show
from archive.replay.find import Kept, article_captures, kept_at, nearest, time_of
from archive.replay.find import document as read
from archive.web import links
from archive.web.request import Desk, Foreign, Page, Problem, Redirect, Request

_HTML = frozenset({"text/html", "application/xhtml+xml", ""})
_STYLE = "text/css"
_IMAGES = frozenset(
    {"image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp", "image/avif", "image/apng", "image/svg+xml",
     "image/x-icon", "image/vnd.microsoft.icon", "image/bmp"}
)  # fmt: skip
_FONTS = frozenset(
    {"font/woff2", "font/woff", "font/ttf", "font/otf", "font/sfnt", "application/font-woff", "application/font-woff2",
     "application/x-font-woff", "application/x-font-ttf", "application/x-font-otf", "application/vnd.ms-fontobject"}
)  # fmt: skip
_TEXTS = ("text/", "application/json", "application/xml", "application/rss+xml", "application/atom+xml")


def frame(desk: Desk, _request: Request, name: str, time: str | None = None) -> Page | Redirect:
    """Show an article's archived page with its other captures; `time`: as in `captures`, or digits."""
    _not_in_public(desk)
    try:
        article = show(desk.reader, name).article
        captures = article_captures(desk.reader, name)
    except QueryError as error:
        if desk.reader.late():
            raise
        raise Problem(404, "No such article", str(error)) from error
    if article["id"] != name:
        return Redirect(links.archived(str(article["id"]), time))
    if not captures:
        raise Problem(
            404,
            "No archived page",
            "No capture of this article can be shown.",
            "`morgue show` lists what was captured.",
        )
    try:
        kept = captures[-1] if time is None else nearest(captures, time_of(time))
    except QueryError as error:
        raise Problem(400, "No such time", str(error)) from error
    kept = kept or captures[-1]
    title = str(article["title"] or "(no title)")
    return Page(
        template="archived.html",
        title=f"{title} — archived page",
        values={
            "article": article,
            "kept": kept,
            "captures": list(reversed(captures)),
            "address": links.kept(kept.url, time_of(kept.captured_at)),
        },
        data=lambda: {
            "article": article["id"],
            "shown": _told(kept),
            "captures": [_told(each) for each in captures],
        },
    )


def document(desk: Desk, request: Request, time: str, url: str) -> Foreign | Redirect:
    """Show what was kept of an address at about a time: a page, or what it is shown with."""
    find = _not_in_public(desk)
    url = unquote(url, errors="replace") + links.with_query(request.query)
    kept = kept_at(desk.reader, url, time)
    if kept is None:
        hint = 'Images and style sheets are kept with an article where sources.toml says assets = "page".'
        raise Problem(404, "Not in the archive", f"{url[:500]} was not kept.", hint)
    try:
        said = read(desk.reader, kept, find)
    except (ShelfError, PayloadError) as error:
        raise Problem(503, "The record cannot be read", str(error)) from error
    if said.location is not None:
        return Redirect(links.kept(said.location, time))
    return _shown(said.body, said.content_type, kept, time)


def _shown(body: bytes, content_type: str, kept: Kept, time: str) -> Foreign:
    from archive.assets.html import page_text
    from archive.replay.sheet import sheet_into_archive
    from archive.web.alone import TooOddError, page_for

    def address(url: str) -> str:
        return links.kept(url, time)

    kind = content_type.partition(";")[0].strip().lower()
    if kind in _HTML:
        try:
            made = page_for(body, kept.url, content_type, time)
        except TooOddError as error:
            raise Problem(
                503,
                "Too much for a page",
                f"{kept.url[:500]} takes more time or memory to show than any page needs.",
                "`morgue export wacz` takes it out as it was sent; ReplayWeb.page opens that.",
            ) from error
        return Foreign(body=made, content_type="text/html; charset=utf-8")
    if kind == _STYLE:
        sheet = sheet_into_archive(page_text(body, content_type), kept.url, address)
        return Foreign(body=sheet.encode("utf-8", "replace"), content_type="text/css; charset=utf-8")
    if kind in _IMAGES:
        return Foreign(body=body, content_type=kind)
    if kind in _FONTS or (kind == "application/octet-stream" and body[:4] in {b"wOF2", b"wOFF", b"OTTO", b"\0\1\0\0"}):
        return Foreign(body=body, content_type=kind, font=True)
    if kind.startswith(_TEXTS):
        return Foreign(
            body=page_text(body, content_type).encode("utf-8", "replace"), content_type="text/plain; charset=utf-8"
        )
    raise Problem(
        415,
        "Kept, but not shown",
        f"{kept.url[:500]} is of the type {kind[:100] or 'unknown'}, which is not shown here.",
        "`morgue export wacz` takes it out; ReplayWeb.page opens that.",
    )


def _not_in_public(desk: Desk) -> Callable[[str], Path]:
    if desk.public or desk.find is None:
        raise Problem(
            404,
            "Not in public",
            "Archived pages are not shown here: they are their publishers'.",
            "The live address has them.",
        )
    return desk.find


def _told(kept: Kept) -> dict[str, object]:
    return {
        "url": kept.url,
        "captured_at": kept.captured_at,
        "status": kept.status,
        "type": kept.record_type,
        "digest": kept.digest,
        "truncated": kept.truncated,
        "warc": kept.warc,
        "offset": kept.offset,
        "length": kept.length,
        "path": links.kept(kept.url, time_of(kept.captured_at)),
    }
