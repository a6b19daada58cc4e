"""Odd pages of the Courier under /lab/ (and /big.html). Nothing links to them: tests ask for them by name.

`LAB` says what an archive should make of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html import escape
from urllib.parse import parse_qs

from tests.site import pages
from tests.site.content import HERE, Paper
from tests.site.reply import Reply

BIG = 30 * 2**20


@dataclass(frozen=True, slots=True)
class LabPage:
    """One odd page."""

    path: str
    status: int
    article: bool | None  # whether an article should come of it; None where either is right
    why: str


LAB = (
    LabPage("/lab/empty.html", 200, False, "200 with no body at all"),
    LabPage("/big.html", 200, None, "30 MB: over any sensible limit; kept cut, marked WARC-Truncated"),
    LabPage("/lab/truncated.html", 200, None, "says 40,000 bytes, sends half of its story and hangs up"),
    LabPage("/lab/wrong-charset.html", 200, True, "UTF-8, but the header says iso-8859-1"),
    LabPage("/lab/soft-404.html", 200, False, "page not found, with status 200"),
    LabPage("/lab/live-blog.html", 200, True, "entries newest first, each with a time of its own"),
    LabPage("/lab/video.html", 200, False, "a player and one line"),
    LabPage("/lab/redirect-loop", 302, False, "leads to itself"),
    LabPage("/lab/maintenance.html", 503, False, "503 with Retry-After: 120"),
    LabPage("/lab/paywall.html", 200, None, "one paragraph, then an offer"),
    LabPage("/lab/binary.html", 200, False, "says text/html, is noise"),
    LabPage("/lab/slow.html", 200, None, "waits ?seconds= (2, at most 30) before it answers"),
)


@cache
def _paragraphs() -> tuple[str, ...]:
    return tuple((HERE / "content" / "lab.txt").read_text(encoding="utf-8").strip().split("\n\n"))


def answer(paper: Paper, base: str, path: str, query: str) -> Reply | None:  # noqa: C901, PLR0911 - one case per odd page
    """Return the odd page at `path`, or None where there is none."""
    if path == "/big.html":
        return Reply(stream=big, length=BIG)
    name = path.removeprefix("/lab/") if path.startswith("/lab/") else ""
    match name:
        case "empty.html":
            return Reply()
        case "truncated.html":
            return Reply(body=_half(_story(paper, base, path)), length=40_000)
        case "wrong-charset.html":
            return Reply(body=_story(paper, base, path), content_type="text/html; charset=iso-8859-1")
        case "soft-404.html":
            text = "Sorry, the page you were looking for could not be found. It may have been moved, or it never was."
            return Reply(body=pages.prose(paper, "Page not found", [text]).encode())
        case "live-blog.html":
            return Reply(body=_live_blog(paper, base).encode())
        case "video.html":
            player = '<video controls poster="/static/img/v.svg"></video>'
            return Reply(body=pages.prose(paper, "Video: the seal in the lock", [player, "Watch: 1:12"]).encode())
        case "redirect-loop":
            return Reply(status=302, headers=(("Location", f"{base}/lab/redirect-loop"),))
        case "maintenance.html":
            body = pages.prose(paper, "Back soon", ["We are moving a server."]).encode()
            return Reply(status=503, headers=(("Retry-After", "120"),), body=body)
        case "paywall.html":
            offer = "To read the rest of this story, become a subscriber for £1 a week. Already a subscriber? Log in."
            return Reply(body=pages.prose(paper, "What the heron saw", [escape(_paragraphs()[0]), offer]).encode())
        case "binary.html":
            return Reply(body=bytes(range(256)) * 200)
        case "slow.html":
            asked = parse_qs(query).get("seconds", ["2"])[0]
            wait = min(30.0, float(asked)) if asked.replace(".", "", 1).isdigit() else 2.0
            return Reply(body=_story(paper, base, path), wait=wait)
    return None


def _story(paper: Paper, base: str, path: str) -> bytes:
    head = (
        f'<link rel="canonical" href="{base}{path}">'
        '<meta property="article:published_time" content="2026-05-18T09:00:00+01:00">'
    )
    body = [escape(text) for text in _paragraphs()]
    return pages.prose(paper, "Nesting heron stops swing bridge", body, head=head).encode()


def _half(page: bytes) -> bytes:
    return page[: page.index(_paragraphs()[2][:30].encode()) + 20]


def _live_blog(paper: Paper, base: str) -> str:
    entries = [
        (f"{21 - i // 4}.{45 - i % 4 * 15:02d}", f"Ward {12 - i}: {_LIVE[i % len(_LIVE)].format(n=1200 + 37 * i)}")
        for i in range(12)
    ]
    body = [
        f'<time datetime="2026-05-07T{t.replace(".", ":")}:00+01:00">{t}</time> {escape(text)}' for t, text in entries
    ]
    data = (
        '{"@context":"https://schema.org","@type":"LiveBlogPosting",'
        '"headline":"Election night in Marrowby, as it happened",'
        '"datePublished":"2026-05-07T19:00:00+01:00","dateModified":"2026-05-07T21:45:00+01:00",'
        '"author":{"@type":"Person",'
        '"name":"Tobias Renwick"}}'
    )
    canonical = f'<link rel="canonical" href="{base}/lab/live-blog.html">'
    head = f'{canonical}<script type="application/ld+json">{data}</script>'
    return pages.prose(paper, "Election night in Marrowby, as it happened", body, head=head)


_LIVE = (
    "the count is finished, with {n} papers in the boxes and one sandwich, which the mayor has ruled invalid.",
    "a recount has been asked for. The two leading candidates are nine votes apart, out of {n} cast since the morning.",
    "turnout is up on four years ago, at {n} of those on the register; queues at the school lasted until ten.",
)


def big() -> Iterator[bytes]:
    """Yield a page of exactly `BIG` bytes without ever holding it."""
    head = b"<!doctype html><html lang='en'><head><title>All tide tables since 1871</title></head><body>\n"
    tail = b"</body></html>\n"
    yield head
    sent, row = len(head), 0
    while sent < BIG - len(tail) - 70_000:
        numbers = range(row, row + 1000)
        rows = b"".join(b"<p>High water no. %07d at Marrowby bar, %d metres.</p>\n" % (n, 3 + n % 3) for n in numbers)
        row += 1000
        sent += len(rows)
        yield rows
    yield b" " * (BIG - len(tail) - sent)
    yield tail
