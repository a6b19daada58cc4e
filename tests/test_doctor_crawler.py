"""`morgue doctor`, the crawler's room: libcurl, the browser, the last crawls, the network."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.doctor.examine import Place
from archive.doctor.finding import Finding
from archive.folder import ArchiveFolder
from crawler.doctor import browser, libcurl, network, runs
from crawler.frontier.schema import open_database
from crawler.health import Health, SourceHealth

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
PLACE = Place.at(Path("a"), named=True)


def said(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    """Return level and check of each; what is wrong says what to do."""
    found = list(findings)
    assert [each for each in found if each.level.value == "wrong" and not (each.do or each.type)] == []
    return [(each.level.value, each.check) for each in found]


CURL = libcurl.Libcurl("7.46.0", "8.11.1", "OpenSSL/3.4.0", "c-ares 1.34", ("HTTP/2", "brotli"), "/x/cacert.pem", True)


@pytest.mark.parametrize(
    ("has", "levels"),
    [
        (CURL, ["ok"]),
        (replace(CURL, features=()), ["ok"]),  # none is needed: we ask in HTTP/1.1 and decode ourselves
        (replace(CURL, resolver="threads"), ["ok"]),
        (replace(CURL, resolver=""), ["wrong"]),
        (replace(CURL, tls=""), ["wrong"]),
        (replace(CURL, version="7.87.0"), ["note"]),
        (replace(CURL, version="8.0.0-DEV"), ["ok"]),
        (replace(CURL, authorities_there=False), ["ok", "wrong"]),
    ],
)
def test_libcurl(has: libcurl.Libcurl, levels: list[str]) -> None:
    assert said(libcurl.judge(has)) == [(level, "libcurl") for level in levels]


def test_what_pycurl_says_here_is_understood() -> None:
    has = libcurl.observe()
    assert has.tls
    assert has.resolver
    assert has.authorities_there
    assert said(libcurl.look()) == [("ok", "libcurl")]


def test_a_pycurl_that_cannot_be_loaded_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycurl", None)  # as if the library it is linked with were gone
    assert said(libcurl.look()) == [("wrong", "libcurl")]


BROWSER = browser.Rendering("1.60.0", "/usr/bin/chromium", started="Chromium/140")
WANTED = ("paper",)


@pytest.mark.parametrize(
    ("has", "level"),
    [
        (BROWSER, "ok"),
        (replace(BROWSER, wanted_by=WANTED), "ok"),
        (replace(BROWSER, playwright=None, started=""), "ok"),  # nobody asks for it
        (replace(BROWSER, playwright=None, started="", wanted_by=WANTED), "wrong"),
        (replace(BROWSER, chromium=None, started="", missing="Install it."), "ok"),
        (replace(BROWSER, chromium=None, started="", missing="Install it.", wanted_by=WANTED), "wrong"),
        (replace(BROWSER, started="", fault="/usr/bin/chromium does not start (x). Try it"), "note"),
        (replace(BROWSER, started="", fault="/usr/bin/chromium does not start (x). Try it", wanted_by=WANTED), "wrong"),
    ],
)
def test_browser(has: browser.Rendering, level: str) -> None:
    assert said([browser.judge(has)]) == [(level, "Chromium")]


def test_a_chromium_that_is_none_or_hangs_is_told_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("playwright")
    # On a busy machine the driver itself takes seconds to start: only what hangs gets few.
    for text, seconds, said_of_it in (("exit 1", 60.0, "does not start"), ("exec sleep 60", 5.0, "within 5 seconds")):
        monkeypatch.setattr(browser, "START_SECONDS", seconds)
        program = tmp_path / "chromium"
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
        found = browser.observe({"PATH": "/usr/bin:/bin", "MORGUE_CHROMIUM": str(program)}, None)
        assert said_of_it in found.fault
    assert browser.observe({"PATH": str(tmp_path / "none")}, None).chromium is None


SOURCE = SourceHealth(
    name="paper", url="https://paper.example/", enabled=True, last_success=None, last_new=None, interval=None,
    next_visit=None, articles=0, known=0, due=0, kept=0, assets=0, failures={}, pages_read=0, no_article=0,
    no_article_reasons={}, silence=None, problem=None,
)  # fmt: skip
WELL = Health((SOURCE,), 0, None)
ILL = Health((SOURCE, replace(SOURCE, name="gazette", problem="never answered (dns)")), 0, None)
REPORT = runs.Report("run-1.json", ended_by="done", requests=100, failures=3)
RUNS = runs.Runs(NOW - timedelta(minutes=5), (REPORT,), WELL)
FINE = [("ok", "last crawl"), ("ok", "health")]


def with_report(**changes: object) -> runs.Runs:
    return replace(RUNS, reports=(replace(REPORT, **changes), REPORT))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("has", "expected"),
    [
        (RUNS, FINE),
        (replace(RUNS, last_run=None, reports=()), [("note", "last crawl"), ("ok", "health")]),
        (replace(RUNS, last_run=NOW - timedelta(days=3)), [("note", "last crawl"), ("ok", "health")]),
        (replace(RUNS, last_run=NOW + timedelta(days=3)), FINE),  # a clock that jumped: its own check tells
        (with_report(ended_by="budget"), FINE),
        (with_report(ended_by="signal (SIGTERM)"), FINE),
        (with_report(ended_by="disk"), [("ok", "last crawl"), ("wrong", "last crawl"), ("ok", "health")]),
        (with_report(ended_by="error: x"), [("ok", "last crawl"), ("wrong", "last crawl"), ("ok", "health")]),
        (with_report(ingest_failed="died"), [("ok", "last crawl"), ("wrong", "last crawl"), ("ok", "health")]),
        (with_report(failures=50), [("ok", "last crawl"), ("wrong", "last crawl"), ("ok", "health")]),
        (with_report(requests=9, failures=9), FINE),  # one site that is down makes as many
        (with_report(unreadable="x"), [("ok", "last crawl"), ("note", "last crawl"), ("ok", "health")]),
        (replace(RUNS, health=ILL), [("ok", "last crawl"), ("wrong", "health")]),
        (replace(RUNS, health=Health((), 0, None)), [("ok", "last crawl")]),  # no sources: their own check tells
        (replace(RUNS, health=None, unknown="sources.toml"), [("ok", "last crawl"), ("note", "health")]),
        (replace(RUNS, health=None, fault="too slow. Ask less."), [("ok", "last crawl"), ("wrong", "health")]),
    ],
)
def test_runs(has: runs.Runs, expected: list[tuple[str, str]]) -> None:
    assert said(runs.look(PLACE, has, NOW)) == expected


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff", b'{"ended_by": "done"}', b"[" * 100_000, b'{"ended_by": 1, "requests": "x"}'],
)
def test_a_report_of_any_kind_is_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run-1.json"
    path.write_bytes(content)
    assert runs.read(path).unreadable


def test_failures_of_all_sources_count_together(tmp_path: Path) -> None:
    sources = {"a": {"failures": {"dns": 2, "tls": 1}}, "b": {"failures": {"dns": 4}}, "c": {}, "d": None}
    path = tmp_path / "run-1.json"
    path.write_text(json.dumps({"ended_by": "done", "requests": 9, "sources": sources, "ingest_failed": None}))
    assert runs.read(path) == runs.Report("run-1.json", ended_by="done", requests=9, failures=7)


@pytest.mark.parametrize(
    ("has", "fetched", "level"),
    [
        (runs.Frontier(there=True), True, "ok"),
        (runs.Frontier(there=False), False, "ok"),
        (runs.Frontier(there=False), True, "wrong"),
        (runs.Frontier(there=True, pending=2), True, "note"),
        (runs.Frontier(there=True, fault="x: newer. Upgrade.", too_new=True), True, "wrong"),
        (runs.Frontier(there=True, fault="x: broken"), True, "wrong"),
    ],
)
def test_crawl_db(has: runs.Frontier, fetched: bool, level: str) -> None:
    assert said(runs.look_at_frontier(PLACE, has, fetched=fetched)) == [(level, "crawl.db")]


def test_the_version_of_a_crawl_db_is_seen(tmp_path: Path) -> None:
    folder = ArchiveFolder(tmp_path)
    assert runs.observe_frontier(folder) == runs.Frontier(there=False)
    conn = open_database(folder.crawl_db)
    assert runs.observe_frontier(folder) == runs.Frontier(there=True)
    (version,) = conn.execute("PRAGMA user_version").fetchone()
    conn.execute(f"PRAGMA user_version={version - 1}")
    assert runs.observe_frontier(folder).pending == 1
    conn.execute("PRAGMA user_version=99")
    assert runs.observe_frontier(folder).too_new
    conn.close()


REACHED = network.Reached("paper.example", True, True, 0.1)
GONE = network.Reached("gone.example", False, False, 0.1, "Name or service not known")


@pytest.mark.parametrize(
    ("reached", "levels"),
    [
        ([REACHED], ["ok"]),
        ([REACHED, GONE], ["ok", "note"]),  # that site, not this machine
        ([replace(REACHED, seconds=3.0)], ["note"]),
        ([GONE, GONE], ["wrong"]),
        ([replace(REACHED, connected=False, why="Connection refused"), GONE], ["wrong"]),
    ],
)
def test_network(reached: list[network.Reached], levels: list[str]) -> None:
    assert said(network.judge(reached)) == [(level, "network") for level in levels]


def test_connections_are_made_and_nothing_is_sent(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as closed:
        port, shut = server.getsockname()[1], closed.getsockname()[1]
        closed.close()
        entries = "".join(f'[[source]]\nname = "{port}"\nurl = "http://127.0.0.1:{port}/"\n' for port in (port, shut))
        (tmp_path / "sources.toml").write_text(entries)
        assert said(network.look(Place.at(tmp_path, named=False))) == [("ok", "network"), ("note", "network")]
        connection, _ = server.accept()
        with connection:
            assert connection.recv(100) == b""


def test_without_a_source_the_network_is_not_tried(tmp_path: Path) -> None:
    def never(_urls: object) -> list[network.Reached]:
        raise AssertionError

    assert said(network.look(None, never)) == [("note", "network")]
    (tmp_path / "sources.toml").write_text("broken")
    assert said(network.look(Place.at(tmp_path, named=False), never)) == [("note", "network")]
