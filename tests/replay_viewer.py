"""ReplayWeb.page on loopback, and a Chromium that opens a page of a WACZ in it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_PAGE = (
    '<!doctype html><meta charset="utf-8"><script src="/ui.js"></script>'
    '<replay-web-page source="/x.wacz" replayBase="/replay/" embed="default" url="{url}" ts="{ts}"></replay-web-page>'
)
_FLAGS = ["--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]
_PATIENCE = 180  # looks, half a second apart: a busy machine is no failure
_START = 30  # looks until the viewer must have asked for the file


@contextmanager
def served(files: dict[str, tuple[bytes, str]]) -> Iterator[tuple[str, set[str]]]:
    """Serve bytes and types by path, also parts of them (RFC 9110 section 14.2): so the viewer reads a large file.

    Gives the address, and the paths that were asked for.
    """
    asked_for: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library has it
            pass

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            asked_for.add(path)
            data, kind = files.get(path, (b"", ""))
            asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range") or "")
            first, last = 0, len(data) - 1
            if asked and data:
                first = int(asked[1]) if asked[1] else max(len(data) - int(asked[2]), 0)
                last = min(last, int(asked[2])) if asked[1] and asked[2] else last
            self.send_response(404 if not kind else 206 if asked else 200)
            if asked:
                self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Type", kind or "text/plain")
            self.send_header("Content-Length", str(last + 1 - first))
            self.end_headers()
            if self.command == "GET":
                with suppress(ConnectionError):  # the viewer has seen enough
                    self.wfile.write(data[first : last + 1])

        do_HEAD = do_GET  # noqa: N815 - as the library has it

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", asked_for
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def shown_by_viewer(wacz: Path, viewer: Path, chromium: str, *, url: str, ts: str) -> tuple[str, str]:
    """Return the address of the frame in which ReplayWeb.page shows a page, and the text of it.

    If it shows none within a minute and a half: "", and what was heard of the viewer.
    """
    heard: list[str] = []
    for frame in _looked_at(wacz, viewer, chromium, url=url, ts=ts, heard=heard):
        text = frame.evaluate("document.readyState === 'loading' ? '' : document.body.innerText")
        if text:
            return frame.url, text
    return "", "\n".join(heard)


def asked_in_viewer(wacz: Path, viewer: Path, chromium: str, *, url: str, ts: str, script: str) -> dict[str, Any]:
    """Return what a script says in the page that ReplayWeb.page shows, once it says `done`; else what it said last."""
    told: dict[str, Any] = {}
    for frame in _looked_at(wacz, viewer, chromium, url=url, ts=ts, heard=[]):
        if frame.evaluate("document.readyState") == "complete":
            told = frame.evaluate(script)
            if told.get("done"):
                break
    return told


def _looked_at(wacz: Path, viewer: Path, chromium: str, *, url: str, ts: str, heard: list[str]) -> Iterator[Any]:
    """Give the frame in which a page is shown, again and again; `heard`: what was heard of the viewer if there is none."""
    from playwright.sync_api import Error, sync_playwright

    files = {
        "/": (_PAGE.format(url=escape(url), ts=ts).encode(), "text/html"),
        "/ui.js": ((viewer / "ui.js").read_bytes(), "text/javascript"),
        "/replay/sw.js": ((viewer / "sw.js").read_bytes(), "text/javascript"),
        "/x.wacz": (wacz.read_bytes(), "application/wacz"),
    }
    with served(files) as (address, asked_for), sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=_FLAGS, chromium_sandbox=False)
        try:
            page = browser.new_page()
            page.on("console", lambda message: heard.append(message.text))
            for look in range(_PATIENCE):
                # On a busy machine the viewer's page sometimes waits for ever for its service worker, and asks for nothing.
                if look % _START == 0 and "/x.wacz" not in asked_for:
                    page.goto(address)
                page.wait_for_timeout(500)
                for frame in page.frames:
                    if "mp_/" not in frame.url:
                        continue
                    with suppress(Error):  # it is being loaded
                        frame.evaluate("document.body.innerText")
                        yield frame
            heard += (frame.url for frame in page.frames)
        finally:
            browser.close()
