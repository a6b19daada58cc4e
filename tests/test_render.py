"""Pages that scripts make: fetched as always, rendered by a browser without a way out, kept and read as one capture."""

from __future__ import annotations

import contextlib
import gzip
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from archive.clock import SystemClock
from archive.model import Exchange, Snapshot
from archive.sources import Source
from archive.warc import read_records
from crawler.discover import USUAL_FEEDS, USUAL_SITEMAPS
from crawler.handler import make_route
from crawler.rendering.browser import NAMES, BrowserError, find_chromium
from crawler.rendering.renderer import Renderer
from crawler.rendering.rules import Limits
from crawler.rendering.wanted import ENDED, Wanted
from tests.line import ROOT, Archive, dump
from tests.render_site import ARTICLE, ENDLESS, PARAGRAPHS, SHELL, SPINNING, ScriptPaper, script_paper

NOW, LATER, LAST = "2026-05-20T10:00:00Z", "2026-05-20T11:00:00Z", "2026-05-20T12:00:00Z"
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)
needs_browser = pytest.mark.skipif(
    CHROMIUM is None or importlib.util.find_spec("playwright") is None,
    reason="needs playwright (pip install 'newsmorgue[render]') and a Chromium on the PATH",
)


def crawl(
    archive: Archive, *words: str, now: str, patience: float = 12.0, chromium: str | None = None
) -> dict[str, Any]:
    """Crawl in a process whose patience with a page is short, and return the report with what was said as "said"."""
    done = subprocess.run(
        command(archive, *words, patience=patience),
        env=environment(now, chromium),
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return {**report, "said": done.stderr}


def command(archive: Archive, *words: str, patience: float = 12.0) -> list[str]:
    base = [sys.executable, "-m", "tests.render_crawl", str(patience), "-a", str(archive.path)]
    return [*base, "crawl", "--allow-private", "--json", "--jobs", "1", *words]


def environment(now: str, chromium: str | None = None) -> dict[str, str]:
    chosen = {"MORGUE_CHROMIUM": chromium} if chromium else {}
    return {**os.environ, "PYTHONPATH": str(ROOT), "MORGUE_NOW": now, **chosen}


def new_archive(path: Path, url: str) -> Archive:
    for name in ("warc", "reports"):
        (path / name).mkdir(parents=True)
    text = f'[[source]]\nname = "gazette"\nurl = "{url}/"\ndelay = 0\nrender = true\n'
    (path / "sources.toml").write_text(text)
    return Archive(path, NOW)


def records(archive: Archive) -> list[dict[str, Any]]:
    """Return the records of the archive's WARC files as warcio reads them."""
    found = []
    for path in archive.warcs():
        with path.open("rb") as file:
            for record in ArchiveIterator(file, no_record_parse=True):
                fields = {name.lower(): value for name, value in record.rec_headers.headers}
                found.append({**fields, "block": record.raw_stream.read()})
    return found


@dataclass(frozen=True)
class Visited:
    """An archive of the paper, what the first crawl said, and what it asked the paper for."""

    archive: Archive
    paper: ScriptPaper
    report: dict[str, Any]
    asked: list[str]


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    """Visit the paper three times: as it is, with nothing changed, and with other paragraphs behind the same shell."""
    if needs_browser.args[0]:
        pytest.skip(str(needs_browser.kwargs["reason"]))
    with script_paper() as paper:
        archive = new_archive(tmp_path_factory.mktemp("render") / "a", paper.url)
        report = crawl(archive, now=NOW)
        asked = [*paper.paths]
        paper.gone = {ENDLESS, SPINNING}
        crawl(archive, "--due", "all", now=LATER)
        paper.paragraphs[-1] = "No lorry may cross it."
        crawl(archive, "--due", "all", now=LAST)
        yield Visited(archive, paper, report, asked)


def test_an_article_that_a_script_makes_is_read_from_what_the_browser_shows(
    visited: Visited,
) -> None:
    archive, paper = visited.archive, visited.paper
    (shown,) = (json.loads(archive.run("show", paper.url + ARTICLE, "--json").out)["provenance"],)
    assert shown["body"] == "rendered"
    (row,) = archive.rows("SELECT title, authors, published, text FROM articles WHERE url = ?", paper.url + ARTICLE)
    assert row["title"] == "Harbour bridge reopens after repairs"
    assert row["text"].split("\n\n") == [*PARAGRAPHS[:-1], "No lorry may cross it."]


def test_links_that_a_script_makes_are_found(visited: Visited) -> None:
    archive = visited.archive
    assert {ARTICLE, ENDLESS, SPINNING} <= set(visited.asked)
    assert archive.values("SELECT count(*) FROM articles") == [3]


def test_the_answer_is_kept_as_sent_and_the_document_beside_it(
    visited: Visited,
) -> None:
    archive, paper = visited.archive, visited.paper
    kept = [record for record in records(archive) if record.get("warc-target-uri") == paper.url + ARTICLE]
    assert [record["warc-type"] for record in kept] == [
        *("request", "response", "conversion"),
        *("request", "revisit"),  # the same body, of which the browser made the same
        *("request", "response", "conversion"),  # the same body, but the browser made another document of it
    ]
    response, conversion = kept[1], kept[2]
    assert response["block"].endswith(b"\r\n\r\n" + SHELL.encode("latin-1"))
    assert conversion["warc-refers-to"] == response["warc-record-id"]
    assert conversion["warc-date"] == response["warc-date"]
    assert conversion["content-type"] == "text/html; charset=utf-8"
    assert conversion["block"].startswith(b"<!DOCTYPE html>\n<html")
    assert PARAGRAPHS[0].encode() in conversion["block"]
    assert "warc-truncated" not in conversion


def test_the_two_are_one_capture_and_make_no_revision_by_themselves(
    visited: Visited,
) -> None:
    archive, paper = visited.archive, visited.paper
    sql = "SELECT record_type FROM captures WHERE url = ? AND article IS NOT NULL ORDER BY captured_at"
    seen = archive.rows(sql, paper.url + ARTICLE)
    assert [row["record_type"] for row in seen] == ["response", "revisit", "response"]
    sql = "SELECT r.cause FROM revisions r JOIN articles a ON a.pk = r.article WHERE a.url = ? ORDER BY r.seq"
    assert archive.values(sql, paper.url + ARTICLE) == ["publisher", "publisher"]  # the text as it was, and as it is
    assert archive.values("SELECT count(*) FROM articles") == [3]


def test_a_rebuild_gives_the_same(visited: Visited, tmp_path: Path) -> None:
    archive = visited.archive.copy(tmp_path / "copy")
    tables = ("articles", "revisions", "stories", "captures", "discoveries", "aliases", "warcs")
    before = dump(archive, *tables)
    archive.run("rebuild", "--quiet", now=LAST)
    assert dump(archive, *tables) == before


@pytest.mark.parametrize("path", [ENDLESS, SPINNING])  # it grows for ever; its script never comes back
def test_a_page_that_never_settles_is_kept_as_it_is_at_the_limit(visited: Visited, path: str) -> None:
    archive, paper = visited.archive, visited.paper
    cut = [
        record["warc-truncated"]
        for record in records(archive)
        if record["warc-type"] == "conversion" and record["warc-target-uri"] == paper.url + path
    ]
    assert set(cut) == {"time"}
    (row,) = archive.rows("SELECT text, truncated FROM articles WHERE url = ?", paper.url + path)
    assert PARAGRAPHS[0] in row["text"]
    assert row["truncated"] == 1
    assert visited.report["rendered"]["unsettled"] == 2
    assert archive.values(
        "SELECT count(*) FROM revisions r JOIN articles a ON a.pk = r.article WHERE a.url = ?", paper.url + path
    ) == [0]


def test_a_page_costs_a_site_its_script_once_and_what_that_asks_for(
    visited: Visited,
) -> None:
    paper = visited.paper
    pages = ["/", ARTICLE, ENDLESS, SPINNING]
    expected = ["/robots.txt", "/app.js", *pages, *(f"/api{path}" for path in pages), *GUESSES]
    assert sorted(visited.asked) == sorted(expected)
    assert visited.report["rendered"]["requests"] == 5
    assert paper.cookies == set()  # though each answer sets one
    assert {agent.partition("/")[0] for agent in paper.agents} == {"Morgue"}
    assert visited.report["requests"] == 5 + len(GUESSES)  # robots.txt and the pages


@pytest.mark.parametrize("how", ["no such program", "a program that is no browser"])
def test_without_a_browser_pages_are_kept_as_sent_and_the_report_says_what_to_do(tmp_path: Path, how: str) -> None:
    if how != "no such program" and importlib.util.find_spec("playwright") is None:
        pytest.skip("needs playwright: pip install 'newsmorgue[render]'")
    chromium = "/nowhere/chromium" if how == "no such program" else shutil.which("false")
    with script_paper() as paper:
        archive = new_archive(tmp_path / "a", paper.url)
        text = (archive.path / "sources.toml").read_text() + f'sections = ["{ARTICLE}"]\n'
        (archive.path / "sources.toml").write_text(text)
        report = crawl(archive, "--no-ingest", now=NOW, chromium=chromium)
    assert report["rendered"] == {"pages": 0, "unsettled": 0, "failed": 2, "requests": 0, "received": 0}
    (problem,) = report["problems"]  # once, though two pages were to be rendered
    assert "pip install 'newsmorgue[render]'" in problem["what"] or "MORGUE_CHROMIUM" in problem["what"]
    assert problem["what"].partition(": ")[2] in report["said"]
    said = [json.loads(record["block"]) for record in records(archive) if record["warc-type"] == "metadata"]
    assert [one.get("rendered") for one in said if one["role"] in ("home", "section")] == [False] * 2
    assert sum(one["unrendered"] for path in archive.warcs() for one in snapshots(path)) == 2


GUESSES = (*USUAL_FEEDS, *USUAL_SITEMAPS)  # the paper names neither feed nor sitemap


def snapshots(path: Path) -> list[dict[str, Any]]:
    """Return the captures of a WARC file."""
    return [asdict(item) for item in read_records(path) if isinstance(item, Snapshot)]


@needs_browser
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_browser_ends_with_the_crawl(tmp_path: Path, number: int) -> None:
    with script_paper() as paper:
        paper.slow.set()
        archive = new_archive(tmp_path / "a", paper.url)
        running = subprocess.Popen(
            command(archive, "--no-ingest", patience=60),
            env=environment(NOW),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            until(lambda: "/api/" in paper.paths, 40)
            family = descendants(running.pid)
            assert any("chrom" in name for name in family.values()), family
            running.send_signal(number)
            _, said = running.communicate(timeout=30)  # half of the patience that a page has
        finally:
            running.kill()
            running.communicate()
        until(lambda: not any(alive(pid) for pid in family), 15)
    if number == signal.SIGTERM:
        assert running.returncode == 0, said
        assert [
            record["warc-type"] for record in records(archive) if record.get("warc-target-uri") == paper.url + "/"
        ] == []


def descendants(pid: int) -> dict[int, str]:
    """Return the processes below one, with their names."""
    parents: dict[int, list[int]] = {}
    names = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            number = int(entry.name)
            stat = (entry / "stat").read_text()
            names[number] = stat.partition("(")[2].rpartition(")")[0]
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(number)
    found, below = {}, [pid]
    while below:
        for child in parents.get(below.pop(), []):
            found[child] = names[child]
            below.append(child)
    return found


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def until(true: Any, seconds: float) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.05)


def answer(html: str, url: str = "https://news.example/2026/05/04/a-story") -> Exchange:
    """Return an exchange as if a public site had sent this."""
    return Exchange(
        url=url,
        started_at=datetime(2026, 5, 4, tzinfo=UTC),
        request_head=b"",
        response_head=b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Encoding: gzip\r\n\r\n",
        body=gzip.compress(b"<!DOCTYPE html><title>A story</title><body>" + html.encode()),
        peer=None,
        seconds=0.1,
    )


def asked(*, ending: Any = lambda: False) -> Wanted:
    source = Source(name="news.example", url="https://news.example/", render=True)
    return Wanted(
        source=source, user_agent="Morgue/1", headers=lambda _url: {}, allowed=lambda _url: True, ending=ending
    )


WAYS_OUT = """
<link rel=prefetch href="http://127.0.0.1:PORT/prefetch"><link rel=preconnect href="http://127.0.0.1:PORT/">
<link rel=stylesheet href="http://127.0.0.1:PORT/look.css"><img src="http://127.0.0.1:PORT/picture.png">
<iframe src="http://127.0.0.1:PORT/frame"></iframe><script src="http://127.0.0.1:PORT/script.js"></script>
<script type=speculationrules>{"prefetch": [{"source": "list", "urls": ["http://127.0.0.1:PORT/speculation"]}]}</script>
<script>
const ways = ["http://127.0.0.1:PORT/", "http://localhost:PORT/", "http://2130706433:PORT/", "http://0x7f.1:PORT/", "http://[::1]:PORT/",
  "http://[::ffff:127.0.0.1]:PORT/", "http://169.254.169.254/latest/meta-data/", "http://0.0.0.0:PORT/"];
const tell = (what) => document.body.append(" " + what);
const tries = ways.map((url) => fetch(url, {mode: "no-cors"}).then(() => "came", () => "refused"));
Promise.all(tries).then((all) => tell(all.join()));
navigator.sendBeacon("http://127.0.0.1:PORT/beacon", "x");
fetch("http://127.0.0.1:PORT/post", {method: "POST", body: "x"}).catch(() => 0);
const work = "fetch('http://127.0.0.1:PORT/worker').catch(() => 0); new WebSocket('ws://127.0.0.1:PORT/worker')";
try { new Worker(URL.createObjectURL(new Blob([work]))); } catch {}
const frame = document.createElement("iframe"); document.body.append(frame);
for (const world of [window, frame.contentWindow]) {
  try { new world.WebSocket("ws://127.0.0.1:PORT/socket"); tell("socket"); } catch {}
  try { new world.EventSource("http://127.0.0.1:PORT/events"); tell("events"); } catch {}
  try { const peer = new world.RTCPeerConnection({iceServers: [{urls: "stun:127.0.0.1:PORT"}]}); peer.createDataChannel("a");
    peer.createOffer().then((offer) => peer.setLocalDescription(offer)); tell("peer"); } catch {}
}
window.open("http://127.0.0.1:PORT/window");
setTimeout(() => { location = "http://127.0.0.1:PORT/away"; }, 100);
</script>
"""


@needs_browser
async def test_no_script_gets_out_to_an_address_that_is_not_public(tmp_path: Path) -> None:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        port = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        tcp.listen()
        tcp.setblocking(False)
        udp.setblocking(False)
        limits = Limits(settle=4, quiet=0.5, silent=1.5)
        renderer = Renderer(make_route(), SystemClock(), limits=limits)
        try:
            html = WAYS_OUT.replace("PORT", str(port))
            made = await renderer.render(answer(html), asked())
            private = await renderer.render(answer("<p>x</p>", "http://127.0.0.1/private"), asked())
            ended = await renderer.render(
                answer("<script>setInterval(() => document.body.append('x'.repeat(99)))</script>"),
                asked(ending=lambda: True),
            )
        finally:
            await renderer.close()
        for door in (tcp.accept, lambda: udp.recv(100)):
            with pytest.raises(BlockingIOError):  # nobody was there
                door()
    assert made is not None
    assert made.dom is not None, made.failed
    assert ",".join(["refused"] * 8) in made.dom.decode()
    assert b"A story" in made.dom  # it did not move on
    assert private is not None
    assert ended is ENDED


@pytest.mark.parametrize(
    ("environment_", "says"),
    [
        ({"MORGUE_CHROMIUM": "/nowhere/chromium", "PATH": "/bin"}, "MORGUE_CHROMIUM is '/nowhere/chromium'"),
        ({"MORGUE_CHROMIUM": "/usr", "PATH": "/bin"}, "which is no program"),  # a folder may be entered, not run
        ({"PATH": "/nowhere"}, "Install it"),
    ],
)
def test_what_to_do_is_said_where_there_is_no_chromium(environment_: dict[str, str], says: str) -> None:
    with pytest.raises(BrowserError, match=says):
        find_chromium(environment_)
