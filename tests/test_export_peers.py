"""What `morgue export` writes, opened by the tools that it is for: wacz, cdxj-indexer, pywb, ReplayWeb.page."""

from __future__ import annotations

import html
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.rendering.browser import NAMES
from tests.line import Archive, Days
from tests.replay_viewer import shown_by_viewer

PEERS = Path(os.environ.get("MORGUE_PEERS", "/nowhere"))
BIN, VIEWER = PEERS / "venv" / "bin", PEERS / "package"
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)
HOW = "(scripts/peers DIR makes the folder that MORGUE_PEERS names)"
needs_tools = pytest.mark.skipif(not (BIN / "wayback").exists(), reason=f"needs pywb and wacz {HOW}")
needs_viewer = pytest.mark.skipif(
    not (VIEWER / "sw.js").exists() or CHROMIUM is None or importlib.util.find_spec("playwright") is None,
    reason=f"needs ReplayWeb.page {HOW}, playwright and a Chromium on the PATH",
)


@pytest.fixture(scope="module")
def archive(days: Days) -> Archive:
    return days.second


def tool(name: str, *words: str | Path) -> str:
    """Run a peer to its end and return what it prints."""
    done = subprocess.run([BIN / name, *words], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_tools
def test_wacz_finds_the_wacz_valid_and_a_changed_one_not(archive: Archive, tmp_path: Path) -> None:
    archive.run("export", "wacz", tmp_path / "x.wacz")
    assert "the passed WACZ is valid" in tool("wacz", "validate", "-f", tmp_path / "x.wacz")
    data = (tmp_path / "x.wacz").read_bytes()
    at = data.index(b"archive/data-0001.warc.gz") + 5_000  # stored, so one byte there is one byte of a record
    (tmp_path / "y.wacz").write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    done = subprocess.run([BIN / "wacz", "validate", "-f", tmp_path / "y.wacz"], capture_output=True, text=True)
    assert done.returncode != 0 or "invalid" in done.stdout


@needs_tools
def test_the_index_is_what_cdxj_indexer_makes_of_the_warc_files_but_for_304s(archive: Archive, tmp_path: Path) -> None:
    archive.run("export", "cdxj", tmp_path / "ours.cdxj")
    for path in archive.warcs():
        shutil.copyfile(path, tmp_path / path.name.removesuffix(".open"))
    theirs = tool("cdxj-indexer", "--sort", *sorted(tmp_path.glob("*.warc.gz")))
    expected = [
        line for line in theirs.splitlines() if '"status": "304"' not in line and "urn:morgue:about:" not in line
    ]
    assert (tmp_path / "ours.cdxj").read_text().splitlines() == expected != []


@pytest.fixture(scope="module")
def pywb(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve what `morgue export pywb` made; returns the address of the collection."""
    folder = tmp_path_factory.mktemp("pywb") / "replay"
    archive.run("export", "pywb", folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    with (folder.parent / "log").open("w") as log:
        command = [BIN / "wayback", "-d", folder, "-b", "127.0.0.1", "-p", str(port)]
        with subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as server:
            try:
                for _ in range(120):
                    try:
                        urllib.request.urlopen(address, timeout=5).close()
                        break
                    except urllib.error.URLError:
                        assert server.poll() is None, (folder.parent / "log").read_text()
                        time.sleep(0.5)
                yield f"{address}morgue"
            finally:
                server.terminate()


def replayed(address: str) -> str:
    """Return what pywb shows, in the charset that fits: the papers have several."""
    with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310 - loopback
        body: bytes = answer.read()
    for charset in ("utf-8", "shift_jis", "euc-jp"):
        try:
            return html.unescape(body.decode(charset))
        except UnicodeDecodeError:
            continue
    return html.unescape(body.decode("latin-1"))


def stamp(at: str) -> str:
    return re.sub(r"\D", "", at[:19])


@needs_tools
def test_pywb_shows_every_kind_of_capture(archive: Archive, pywb: str) -> None:
    rows = archive.rows(
        "SELECT c.url, c.captured_at, c.record_type, c.status, a.title FROM captures c JOIN articles a ON a.pk = c.article"
        " WHERE c.status IN (200, 304) ORDER BY c.pk"
    )
    chosen: dict[tuple[str, int], list[dict[str, str]]] = {}
    for row in rows:
        chosen.setdefault((row["record_type"], row["status"]), []).append(row)
    assert chosen.keys() == {("response", 200), ("revisit", 200), ("revisit", 304)}
    for kind in chosen.values():
        for row in kind[:3]:  # of a 304: the page that had not changed since
            page = replayed(f"{pywb}/{stamp(row['captured_at'])}id_/{row['url']}")
            assert row["title"].split()[0] in page, row


@needs_tools
def test_pywb_shows_a_page_with_its_links_leading_into_the_archive(archive: Archive, pywb: str) -> None:
    row = archive.rows("SELECT c.url, c.captured_at FROM captures c WHERE c.role = 'home' AND c.status = 200")[0]
    page = replayed(f"{pywb}/{stamp(row['captured_at'])}mp_/{row['url']}")
    assert f"/morgue/{stamp(row['captured_at'])}mp_/{urllib.parse.urljoin(row['url'], '/')}" in page


@needs_tools
def test_pywb_has_the_same_list_of_captures(archive: Archive, pywb: str) -> None:
    url = archive.values("SELECT url FROM captures WHERE status = 200 GROUP BY url HAVING count(*) > 1 ORDER BY url")[0]
    text = replayed(f"{pywb}/cdx?url={urllib.parse.quote(url, safe='')}&output=json")
    found = [json.loads(line)["timestamp"] for line in text.splitlines()]
    times = archive.values("SELECT captured_at FROM captures WHERE url = ? AND status = 200 ORDER BY captured_at", url)
    assert found == [stamp(at) for at in times]


@needs_viewer
@pytest.mark.parametrize(
    ("kind", "status"),
    [("response", 200), ("revisit", 200), ("revisit", 304)],  # of a 304: the page that had not changed since
)
def test_replaywebpage_shows_a_page_of_the_wacz(days: Days, tmp_path: Path, kind: str, status: int) -> None:
    archive = days.second
    row = archive.rows(
        "SELECT c.url, c.captured_at, a.title, a.text FROM captures c JOIN articles a ON a.pk = c.article"
        " WHERE c.record_type = ? AND c.status = ? ORDER BY a.url, c.pk",
        kind,
        status,
    )[0]
    shown_at = archive.values(
        "SELECT max(captured_at) FROM captures WHERE url = ? AND status = 200 AND captured_at <= ?",
        row["url"],
        row["captured_at"],
    )[0]
    archive.run("export", "wacz", tmp_path / "x.wacz")
    asked = len(days.server.log)
    assert CHROMIUM is not None
    frame, text = shown_by_viewer(tmp_path / "x.wacz", VIEWER, CHROMIUM, url=row["url"], ts=stamp(row["captured_at"]))
    assert frame.endswith(f"/{stamp(shown_at)}mp_/{row['url']}"), text
    assert row["title"] in text
    assert row["text"].partition("\n")[0] in text
    assert len(days.server.log) == asked  # the page comes from the file, and not from its site
