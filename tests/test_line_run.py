"""Runs that end early, runs that meet another, and single pages that are saved."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from archive.locks import lock
from tests.line import DAY_1, Archive, Row, ended, new_archive
from tests.site.expected import expected_on
from tests.site.server import NewsSites

BOTE = {row.path for row in expected_on(1) if row.site == "bote"}
NOBODY = "http://127.0.0.1:9/x"  # the port "discard": nothing answers there


@pytest.fixture(scope="module")
def server() -> Iterator[NewsSites]:
    with NewsSites() as sites:
        yield sites


@pytest.fixture
def archive(server: NewsSites, tmp_path: Path) -> Archive:
    """Make an archive of three papers that nobody has crawled."""
    server.reset()
    server.latency = 0.003
    return new_archive(tmp_path / "archive", {name: server.sites[name] for name in ("courier", "bote", "sada")})


def wait_until(true: Callable[[], bool], *, within: float = 60.0) -> None:
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, "it did not come to this"
        time.sleep(0.02)


def reports(archive: Archive) -> list[Row]:
    return [json.loads(path.read_bytes()) for path in sorted((archive.path / "reports").glob("run-*.json"))]


# -- runs that end early


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_crawl_in_order_and_the_next_goes_on(
    archive: Archive, server: NewsSites, number: signal.Signals
) -> None:
    server.latency = 0.2
    crawl = archive.start("crawl", "--allow-private", "--source", "bote", "--jobs", "1")
    wait_until(lambda: len(server.log) > 4)
    crawl.send_signal(number)
    done = ended(crawl, within=30)
    assert done.code == 0, done.err
    assert [report["ended_by"] for report in reports(archive)] == [f"signal ({number.name})"]
    assert reports(archive)[0]["kept"] == len(server.log) < len(BOTE)
    if number is signal.SIGINT:
        return  # what comes after is the same
    server.latency = 0.003
    asked = list(server.log)
    report = archive.crawl("--source", "bote", now="2026-05-20T22:05:30Z")
    assert report["ended_by"] == "done"
    assert {url.removeprefix(server.url("bote", "")) for url in archive.values("SELECT url FROM articles")} == BOTE
    twice = {entry.path for entry in asked} & {entry.path for entry in server.log[len(asked) :]}
    assert twice - {"/robots.txt"} == set()


def test_a_budget_holds_ingest_included(archive: Archive, server: NewsSites) -> None:
    server.latency = 0.3
    report = archive.crawl("--budget", "3s")
    took = datetime.fromisoformat(report["ended_at"]) - datetime.fromisoformat(report["started_at"])
    assert report["ended_by"] == "budget"
    assert took.total_seconds() < 8  # under 5 on an idle machine; a busy one may be late
    assert reports(archive) == [report]  # the file says what the command says
    assert report["kept"] == len(server.log)


def test_a_run_of_one_source_and_few_pages(archive: Archive, server: NewsSites) -> None:
    report = archive.crawl("--source", "bote", "--max-pages", "3")
    assert (report["ended_by"], report["roles"]["page"]) == ("max-pages", 3)
    assert {entry.site for entry in server.log} == {"bote"}
    assert report["ingest"]["captures"] == len(server.log)
    assert "There are: courier, bote, sada." in archive.run("crawl", "--source", "boat", code=1).err


# -- runs that meet another


def test_a_second_crawl_ends_at_once_and_names_the_first(archive: Archive, server: NewsSites) -> None:
    with lock(archive.path / "crawl.lock", "the crawl of another test"):
        done = archive.run("crawl", "--allow-private", code=75)
        assert "crawl.lock is held by the crawl of another test (process " in done.err
        assert archive.run("save", "--no-wait", NOBODY, code=75).out == ""
        assert archive.run("rebuild", "--frontier", code=75).code == 75
    assert server.log == []
    assert reports(archive) == []


def test_a_crawl_beside_a_long_ingest_fetches_and_says_what_waits(archive: Archive, server: NewsSites) -> None:
    with lock(archive.path / "archive.lock", "a long rebuild"):
        done = archive.run("crawl", "--allow-private", "--source", "bote")
        assert "a long rebuild" in archive.run("ingest", code=75).err
    fetched = len(server.log)
    assert "a long rebuild (process " in done.err
    assert f"{fetched} new pages (1 file) wait" in done.err
    assert [(report["kept"], report["waits_for_ingest"]) for report in reports(archive)] == [(fetched, 1)]
    assert archive.values("SELECT count(*) FROM captures") == [0]
    archive.run("ingest", "--jobs", "1")
    assert {url.removeprefix(server.url("bote", "")) for url in archive.values("SELECT url FROM articles")} == BOTE
    assert len(server.log) == fetched


def test_a_source_that_never_answers_needs_a_look(tmp_path: Path) -> None:
    archive = new_archive(tmp_path / "archive", {"nobody": NOBODY.removesuffix("x")})
    assert "127.0.0.1:9" in (archive.path / "sources.toml").read_text()
    archive.crawl(code=3)
    done = archive.run("status", "--json", code=3)
    assert "robots.txt cannot be had" in done.json["sources"][0]["problem"]


def test_of_the_runs_without_anything_due_the_first_of_a_day_leaves_a_report(tmp_path: Path) -> None:
    archive = new_archive(tmp_path / "archive", {})
    times = ["2026-05-20T22:05:00Z", "2026-05-20T23:59:30Z", "2026-05-21T00:00:01Z", "2026-05-21T22:05:00Z"]
    told = [archive.crawl(now=now) for now in times]
    assert [report["started_at"][:16] for report in reports(archive)] == ["2026-05-20T22:05", "2026-05-21T00:00"]
    assert [report["ended_by"] for report in told] == ["done"] * 4
    last = archive.run("status", "--json", now=times[-1]).json["last_run"]
    assert last.startswith("2026-05-21T22:05")


# -- single pages

SAVED = {  # path -> (article or not, what the sentence says)
    "/news/2026/05/20/ferry-timetable-cut": (True, "`morgue show a-"),
    "/nowhere": (False, "there is no such page (404)"),
    "/news/2026/03/02/harbour-gala": (False, "it is gone (410)"),
    "/private/subscribers": (False, "robots.txt disallows it"),
    "/lab/empty.html": (False, "it has no content"),
    "/lab/wrong-charset.html": (True, "`morgue show a-"),
    "/lab/truncated.html": (True, "the connection broke off; what came up to there is kept, marked as cut"),
    "/lab/soft-404.html": (False, "it says that there is nothing here"),
    "/lab/redirect-loop": (False, "it redirects to itself"),
    "/old/story.php?id=1042": (True, "/news/2026/05/18/market-hall-fire"),
    "/lab/binary.html": (False, "Kept, but no article was found on it"),
    "/big.html": (False, "it is larger than the limit; what came up to there is kept, marked as cut"),
}


@pytest.fixture(scope="module")
def saved(server: NewsSites, tmp_path_factory: pytest.TempPathFactory) -> tuple[Archive, dict[str, Row]]:
    """Ask for all the odd pages at once; return the archive and what was said of each."""
    server.reset()
    server.latency = 0.003
    archive = new_archive(tmp_path_factory.mktemp("saved") / "archive", {"courier": server.sites["courier"]})
    urls = [server.url("courier", path) for path in SAVED]
    told = archive.run("save", "--allow-private", "--json", *urls, NOBODY).json
    assert [row["url"] for row in told] == [*urls, NOBODY]
    return archive, dict(zip([*SAVED, NOBODY], told, strict=True))


@pytest.mark.parametrize("path", SAVED)
def test_what_became_of_a_saved_page(saved: tuple[Archive, dict[str, Row]], path: str) -> None:
    article, sentence = SAVED[path]
    row = saved[1][path]
    assert (row["article"] is not None, sentence in row["sentence"]) == (article, True), row


def test_nobody_answers(saved: tuple[Archive, dict[str, Row]]) -> None:
    assert "nothing answers at its address" in saved[1][NOBODY]["sentence"]


def test_a_wrong_charset_in_the_header_does_not_garble(saved: tuple[Archive, dict[str, Row]]) -> None:
    archive, told = saved
    text = archive.values("SELECT text FROM articles WHERE id = ?", told["/lab/wrong-charset.html"]["article"])[0]
    assert "â€" not in text
    assert "Ã" not in text


def test_cut_pages_are_kept_as_far_as_they_came(saved: tuple[Archive, dict[str, Row]]) -> None:
    archive, _ = saved
    cut = archive.rows("SELECT url, truncated, length FROM captures WHERE truncated IS NOT NULL")
    assert {row["url"].rpartition("/")[2]: row["truncated"] for row in cut} == {
        "big.html": "length",
        "truncated.html": "disconnect",
    }
    from warcio.archiveiterator import ArchiveIterator

    with archive.warcs()[0].open("rb") as stream:
        lengths = {
            record.rec_headers.get("WARC-Target-URI").rpartition("/")[2]: len(record.raw_stream.read())
            for record in ArchiveIterator(stream)
            if record.rec_headers.get("WARC-Truncated") == "length"
        }
    assert list(lengths) == ["big.html"]
    assert 16 * 2**20 - 2000 <= lengths["big.html"] <= 16 * 2**20 + 2000


def test_a_disallowed_page_was_not_asked_for(saved: tuple[Archive, dict[str, Row]], server: NewsSites) -> None:
    assert saved[0].values("SELECT count(*) FROM captures WHERE url LIKE '%/private/%'") == [0]
    assert [path for path in server.paths("courier") if path.startswith("/private")] == []


def test_without_any_article_save_fails(archive: Archive, server: NewsSites) -> None:
    done = archive.run("save", "--allow-private", server.url("courier", "/nowhere"), code=1)
    assert "there is no such page (404)" in done.out
    before = len(server.log)
    url = server.url("sada", "/akhbar/1042/mina-jadid")
    assert "--allow-private is for your own machines" in archive.run("save", url, code=1).out
    assert len(server.log) == before
    assert "not a usable web address" in archive.run("save", "paper.example/x", code=1).err


def test_save_waits_for_a_running_crawl(archive: Archive, server: NewsSites) -> None:
    url = server.url("sada", "/akhbar/1042/mina-jadid")
    with lock(archive.path / "crawl.lock", "the crawl of another test"):
        save = archive.start("save", "--allow-private", url)
        assert save.stderr is not None
        assert save.stderr.readline().startswith("Waiting for the crawl of another test")
        assert server.log == []
    done = ended(save)
    assert done.code == 0, done.err
    assert "`morgue show a-" in done.out
    assert archive.now == DAY_1
