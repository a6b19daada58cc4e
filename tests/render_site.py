"""A small paper whose front page and articles are made by a script, on loopback, with a log of what it was asked for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ARTICLE = "/2026/05/04/harbour-bridge-reopens-after-repairs"
ENDLESS = "/2026/05/05/river-level-ticker-keeps-rising"
SPINNING = "/2026/05/06/council-votes-on-the-new-timetable"
SHELL = """<!DOCTYPE html>
<html lang="en"><head><meta charset="iso-8859-1"><title>The Script Gazette</title>
<link rel="stylesheet" href="/look.css"><script src="/app.js" defer></script></head>
<body><div id="app">Loading \xe9</div></body></html>
"""
# Chunks of a programme wait for their style sheets; a picture's error must not stop it either.
APP = r"""
const sheet = document.querySelector("link[rel=stylesheet]");
const show = (html) => { document.getElementById("app").innerHTML = html; };
fetch("/api" + location.pathname).then((answer) => answer.json()).then((story) => {
  if (story.links) {
    show("<nav>" + story.links.map((l) => `<a href="${l.url}">${l.title}</a>`).join(" ") + "</nav>");
    return;
  }
  document.title = story.title;
  show(`<article><h1>${story.title}</h1><p class="byline">By Ada Marsh</p>
    <time datetime="2026-05-04T08:30:00Z">4 May 2026</time>` + story.paragraphs.map((p) => `<p>${p}</p>`).join("") +
    `<img src="/picture.png"></article>`);
  if (story.ticks) setInterval(() => show(document.getElementById("app").innerHTML +
    "<p>The gauge rose by another centimetre while this page was being read by somebody.</p>".repeat(5)), 100);
  if (story.spins) setTimeout(() => { for (;;) ; }, 200);
});
"""
PARAGRAPHS = [
    "The old harbour bridge opened again on Monday after fourteen months of repairs to its bearings and its deck.",
    "About three hundred people walked across behind the mayor, who cut a blue ribbon and called the work overdue.",
    "Engineers replaced sixty-two bearings, most of them older than the crane, and found more rust than had been promised.",
    "The city paid eleven million for it, two more than planned, and hopes that the toll will bring half of that back.",
    "Lorries must keep to the left lane until the autumn, when the last of the new barriers is to be put in place.",
]


def story(path: str, paragraphs: list[str]) -> dict[str, object]:
    if path == "/":
        return {
            "links": [
                {"url": url, "title": url.rpartition("/")[2].replace("-", " ")} for url in (ARTICLE, ENDLESS, SPINNING)
            ]
        }
    title = path.rpartition("/")[2].replace("-", " ").capitalize()
    return {"title": title, "paragraphs": paragraphs, "ticks": path == ENDLESS, "spins": path == SPINNING}


@dataclass(slots=True)
class ScriptPaper:
    """The paper while it is served."""

    url: str = ""
    paths: list[str] = field(default_factory=list)  # as asked for, in order
    agents: set[str] = field(default_factory=set)
    cookies: set[str] = field(default_factory=set)
    paragraphs: list[str] = field(default_factory=lambda: list(PARAGRAPHS))
    gone: set[str] = field(default_factory=set)  # paths that are no more
    slow: threading.Event = field(default_factory=threading.Event)  # set: the answers of the API never come

    def answer(self, path: str) -> tuple[int, str, bytes]:
        if path in self.gone:
            return 404, "text/plain", b"gone"
        if path in ("/", ARTICLE, ENDLESS, SPINNING):
            return 200, "text/html", SHELL.encode("latin-1")
        if path == "/app.js":
            return 200, "text/javascript", APP.encode()
        if path.startswith("/api/"):
            return 200, "application/json", json.dumps(story(path.removeprefix("/api"), self.paragraphs)).encode()
        return 404, "text/plain", b"nothing here"


@contextmanager
def script_paper() -> Iterator[ScriptPaper]:
    """Serve the paper."""
    paper = ScriptPaper()
    gone = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            paper.paths.append(self.path)
            paper.agents.add(self.headers.get("User-Agent", ""))
            if cookie := self.headers.get("Cookie"):
                paper.cookies.add(cookie)
            if paper.slow.is_set() and self.path.startswith("/api/"):
                gone.wait(30)
            status, kind, body = paper.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Set-Cookie", "seen=1")
            self.send_header("ETag", '"always the same"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - as http.server calls it

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    paper.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield paper
    finally:
        gone.set()
        server.shutdown()
        server.server_close()
