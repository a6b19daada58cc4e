"""Files at URLs: said before they are fetched, gone on with where they broke off, and no way into one's own network."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from archive.clock import SystemClock
from archive.console import Progress
from archive.decisions import read_decisions
from archive.errors import ShelfError
from archive.folder import ArchiveFolder
from archive.importing import Import, import_files
from archive.remote import fetch, is_remote, without_secrets
from archive.remote.guard import refusal
from archive.sources import SOURCES_TEMPLATE
from archive.store import open_store
from tests.test_foreign import FORMS

DATA = bytes(range(256)) * 20_000  # 5 MB
NEEDED = "the extra `remote` is not installed: pip install 'newsmorgue[remote]'"


@dataclass
class Shop:
    """What the server does, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=lambda: {"/a.bin": DATA})
    etag: str | None = '"one"'
    ranges: bool = True
    break_after: list[int] = field(default_factory=list)  # bytes of a body, one for each answer that is to break
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # of GET: path, Range
    port: int = 0

    def url(self, path: str = "/a.bin") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shop: Shop

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer(head=True)

    def do_GET(self) -> None:
        self.answer(head=False)

    def answer(self, *, head: bool) -> None:
        shop, path = self.shop, self.path.partition("?")[0]
        if not head:
            shop.asked.append((path, self.headers.get("Range")))
        if path in shop.redirects or path not in shop.files:
            self.send_response(302 if path in shop.redirects else 404)
            if path in shop.redirects:
                self.send_header("Location", shop.redirects[path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data, begin = shop.files[path], 0
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        current = self.headers.get("If-Range") in (None, shop.etag)
        if wanted and shop.ranges and current:
            begin = int(wanted[1])
            end = min(int(wanted[2]) + 1, len(data)) if wanted[2] else len(data)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(data)}")
            data = data[begin:end]
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Last-Modified", "Sat, 01 Feb 2020 02:02:02 GMT") if shop.etag else None
        if shop.etag:
            self.send_header("ETag", shop.etag)
        self.end_headers()
        if head:
            return
        if shop.break_after:
            self.wfile.write(data[: shop.break_after.pop(0)])
            self.close_connection = True
            return
        self.wfile.write(data)


@pytest.fixture
def shop() -> Iterator[Shop]:
    pytest.importorskip("fsspec", reason=NEEDED)
    pytest.importorskip("aiohttp", reason=NEEDED)
    shop = Shop()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"shop": shop}))
    server.daemon_threads = True
    shop.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield shop
    server.shutdown()
    thread.join()
    server.server_close()


def fetched(shop: Shop, folder: Path, url: str | None = None, **options: Any) -> tuple[bytes, list[str]]:
    said: list[str] = []
    got = fetch(url or shop.url(), folder, sleep=options.pop("sleep", lambda _s: None), say=said.append)
    return got.path.read_bytes(), said


def test_a_file_is_said_and_fetched(shop: Shop, tmp_path: Path) -> None:
    data, said = fetched(shop, tmp_path)
    assert data == DATA
    assert said == [f"Fetching {shop.url()} (5,120,000 bytes) to {tmp_path}."]
    assert [path for path, _ in shop.asked] == ["/a.bin"]


def test_what_broke_off_is_gone_on_with(shop: Shop, tmp_path: Path) -> None:
    shop.break_after = [2_000_000, 1_000_000]
    assert fetched(shop, tmp_path)[0] == DATA
    starts = [int((asked or "bytes=0-")[6:-1]) for _, asked in shop.asked]
    assert starts[0] == 0
    assert 0 < starts[1] < starts[2]


def test_the_next_call_goes_on_where_a_kill_stopped_this_one(shop: Shop, tmp_path: Path) -> None:
    def killed(_seconds: float) -> None:
        raise KeyboardInterrupt

    shop.break_after = [3_000_000]
    with pytest.raises(KeyboardInterrupt):
        fetched(shop, tmp_path, sleep=killed)
    data, said = fetched(shop, tmp_path)
    assert data == DATA
    assert "of them are here" in said[0]
    assert shop.asked[-1][1] is not None


@pytest.mark.parametrize("change", ["another version", "no version", "no ranges"])
def test_parts_that_may_not_fit_are_not_joined(shop: Shop, tmp_path: Path, change: str) -> None:
    shop.break_after = [3_000_000]
    if change == "no version":
        shop.etag = None
    if change == "no ranges":
        shop.ranges = False
    if change == "another version":
        with pytest.raises(ShelfError):
            fetched(shop, tmp_path, sleep=lambda _s: (_ for _ in ()).throw(ShelfError("stopped")))
        shop.files["/a.bin"], shop.etag = DATA[::-1], '"two"'
    assert fetched(shop, tmp_path)[0] == shop.files["/a.bin"]
    assert len(list(tmp_path.iterdir())) == 1  # what the first version left is gone


def test_a_file_that_changes_while_it_is_fetched_is_fetched_anew(shop: Shop, tmp_path: Path) -> None:
    def another(_seconds: float) -> None:
        shop.files["/a.bin"], shop.etag = DATA[::-1], '"two"'

    shop.break_after = [3_000_000]
    assert fetched(shop, tmp_path, sleep=another)[0] == DATA[::-1]


def test_a_server_that_never_gets_on_is_left(shop: Shop, tmp_path: Path) -> None:
    shop.break_after = [0] * 50
    with pytest.raises(ShelfError, match=r"could not be fetched.*Run the same command again"):
        fetched(shop, tmp_path)
    assert len(shop.asked) == 6


@pytest.mark.parametrize(
    ("typed", "location", "why"),
    [
        ("https://a.example/x", "https://b.example/y", None),
        ("https://a.example/x", "/y", None),
        ("http://10.0.0.1/x", "http://10.0.0.1/y", None),  # theirs
        ("https://a.example/x", "http://a.example/y", "from https to http"),
        ("https://a.example/x", "https://127.0.0.1/y", "no host of the public web"),
        ("https://a.example/x", "https://0x7f.1/y", "no host of the public web"),
        ("https://a.example/x", "https://[::1]/y", "no host of the public web"),
        ("https://a.example/x", "https://169.254.169.254/latest", "no host of the public web"),
        ("https://a.example/x", "file:///etc/passwd", "not to the web"),
    ],
)
def test_where_a_redirect_may_lead(typed: str, location: str, why: str | None) -> None:
    found = refusal(typed, typed, location)
    assert found is None if why is None else why in (found or "")


def test_a_redirect_into_ones_own_network_is_not_followed(shop: Shop, tmp_path: Path) -> None:
    shop.redirects = {"/out": f"http://localhost:{shop.port}/a.bin", "/same": "/a.bin"}
    with pytest.raises(ShelfError, match="no host of the public web"):
        fetched(shop, tmp_path, shop.url("/out"))
    assert fetched(shop, tmp_path, shop.url("/same"))[0] == DATA
    assert [path for path, _ in shop.asked if path == "/a.bin"] == ["/a.bin"]


def test_a_name_with_a_private_address_is_refused_after_a_redirect(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS says what it likes: the address counts."""
    import aiohttp

    async def resolve(_self: Any, host: str, port: int = 0, _family: Any = 0) -> list[dict[str, Any]]:
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)
    shop.redirects = {"/out": f"http://innocent.example:{shop.port}/a.bin"}
    with pytest.raises(ShelfError, match="not of the public web"):
        fetched(shop, tmp_path, shop.url("/out"))


@pytest.mark.parametrize("url", ["ftp://a.example/x.warc", "file:///etc/passwd", "memory://x"])
def test_other_schemes_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ShelfError, match="only https, http, s3"):
        fetch(url, tmp_path, sleep=lambda _s: None, say=[].append)


def test_what_is_missing_is_said(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(ShelfError, match="404"):
        fetched(shop, tmp_path, shop.url("/none.warc.gz"))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_seen_before(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.remote.download._SPARE", 2**60)
    with pytest.raises(ShelfError, match="no room"):
        fetched(shop, tmp_path)
    assert shop.asked == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.example/x", True),
        ("s3://bucket/x.warc.gz", True),
        ("old.warc.gz", False),
        ("C:/x", False),
        ("a:b", False),
    ],
)
def test_urls_and_paths(text: str, expected: bool) -> None:
    assert is_remote(text) is expected


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://me:pw@a.example/x?part=2#y", "https://a.example/x?part=2"),
        ("https://a.example/x?X-Amz-Signature=1f&a", "https://a.example/x?X-Amz-Signature=[withheld]&a"),
        ("https://a.example/x?access_token=1f&sig=2", "https://a.example/x?access_token=[withheld]&sig=[withheld]"),
        ("s3://bucket/x.warc.gz", "s3://bucket/x.warc.gz"),
    ],
)
def test_secrets_are_not_written_down(url: str, written: str) -> None:
    assert without_secrets(url) == written


@pytest.mark.parametrize("scheme", ["http", "s3"])
def test_an_import_from_a_url(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    folder = ArchiveFolder(tmp_path / "a")
    for path in (folder.root, folder.warc, folder.reports):
        path.mkdir()
    folder.sources.write_text(SOURCES_TEMPLATE)
    shop.files = {"/bucket/theirs.arc.gz": FORMS["arc in members"]}
    url = shop.url("/bucket/theirs.arc.gz?token=secret")
    if scheme == "s3":
        pytest.importorskip("s3fs", reason=NEEDED)
        for name, value in {"ENDPOINT_URL": shop.url(""), "ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "y"}.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        url = "s3://bucket/theirs.arc.gz"
    for new in (5, 0):
        report = import_files(
            folder, Import(paths=(url,)), clock=SystemClock(), jobs=0, progress=Progress("x", quiet=True)
        )
        assert (report.captures, report.is_sound) == (new, True)
    [decision] = read_decisions(folder.decisions)
    assert decision.data["url"] == without_secrets(url)
    assert "secret" not in folder.decisions.read_text()
    with open_store(folder, SystemClock()) as store:
        rows = store.db.conn.execute("SELECT name, imported_from FROM warcs").fetchall()
    assert [origin for _, origin in rows] == [without_secrets(url)]
    assert [p.name for p in (folder.warc / "imported").iterdir()] == [rows[0][0].removeprefix("imported/")]
    with pytest.raises(ShelfError, match="Leave out --in-place"):
        import_files(
            folder,
            Import(paths=(url,), in_place=True),
            clock=SystemClock(),
            jobs=0,
            progress=Progress("x", quiet=True),
        )
