"""Opt-outs from the WARC file to what is shown: recorded, decided, counted, left out in public, the same after a rebuild."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from archive.clock import SystemClock
from archive.console import Progress
from archive.decisions import read_decisions
from archive.folder import ArchiveFolder
from archive.model import Exchange, Role
from archive.query import open_reader, show, stats
from archive.reading import open_ingest, unread
from archive.rebuild import rebuild_archive
from archive.schema import open_archive
from archive.store import open_store
from archive.warc import IDENTICAL_PAYLOAD, NOT_MODIFIED, RevisitOf
from crawler.cli import group
from tests.warc_tools import T0, exchange, keep, writer

URL = "https://news.example/tide"
WORDS = (
    "The harbour of the town was opened again on Friday, after the storm of last winter had broken its outer wall. "
    "Ferries to the islands go out twice a day, said the harbour master, and from June on every two hours until dusk. "
    "The repair took five months and cost less than the council had feared, because divers found the old piles whole. "
)
FREE, OUT = "", '<meta name="robots" content="noarchive">'
SOURCES = '[[source]]\nname = "news"\nurl = "https://news.example/"\n'
# What a rebuild must give again.
_STATE = """
SELECT c.url, c.captured_at, s.via, s.name, s.value, s.opts_out, s.starts_at FROM opt_out_signals s
    JOIN captures c ON c.pk = s.capture ORDER BY 1, 2, 3, 4;
SELECT a.id, c.url, c.captured_at, o.from_at, o.signals FROM opt_outs o JOIN articles a ON a.pk = o.article
    JOIN captures c ON c.pk = o.capture ORDER BY 1;
SELECT origin, captured_at, rules FROM robots_uses ORDER BY 1, 2;
SELECT source FROM opt_outs_ignored;
SELECT id, text FROM public_articles ORDER BY 1;
SELECT c.url, c.captured_at, e.status, e.reason, e.digest FROM captures c LEFT JOIN extractions e ON e.pk = c.extraction
    ORDER BY 1, 2
"""


def page(
    minutes: float, markup: str = FREE, *headers: str, url: str = URL, words: str = WORDS, status: str = "200 OK"
) -> Exchange:
    """Return a page as it was sent so many minutes after the first."""
    lines = "".join(f"{line}\r\n" for line in headers)
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n{lines}\r\n"
    body = f"<html lang=en><head><title>Tide turns</title>{markup}</head><body><article><h1>Tide turns</h1>"
    body += "".join(f"<p>{part}.</p>" for part in words.split(". ")) + "</article></body></html>"
    return exchange(head.encode(), body.encode(), url=url, started_at=T0 + timedelta(minutes=minutes))


def robots(minutes: float, text: str, status: str = "200 OK") -> Exchange:
    """Return a robots.txt."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\n\r\n".encode()
    at = T0 + timedelta(minutes=minutes)
    return exchange(head, text.encode(), url="https://news.example/robots.txt", started_at=at)


class Line:
    """An archive that is filled by hand."""

    def __init__(self, root: Path, opt_out: str = "") -> None:
        self.folder = ArchiveFolder(root)
        for path in (root, self.folder.warc, self.folder.reports):
            path.mkdir()
        self.set(opt_out)

    def set(self, opt_out: str) -> None:
        """Write what sources.toml says of opt-outs."""
        self.folder.sources.write_text(SOURCES + (f'opt_out = "{opt_out}"\n' if opt_out else ""))

    def keep(self, *exchanges: Exchange | tuple[Exchange, RevisitOf]) -> Line:
        """Keep these on the shelf, and read them."""
        with writer(self.folder.warc) as out:
            for one in exchanges:
                what, of = one if isinstance(one, tuple) else (one, None)
                role = Role.ROBOTS if what.url.endswith("robots.txt") else Role.PAGE
                keep(out, what, source="news", role=role, revisit_of=of)
        return self.read()

    def read(self) -> Line:
        """Read what is new."""
        with open_ingest(self.folder, clock=SystemClock(), jobs=0) as ingest:
            ingest.files(unread(self.folder, ingest.store))
        return self

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask archive.db."""
        with closing(sqlite3.connect(self.folder.archive_db)) as db:
            return db.execute(sql).fetchall()

    def state(self) -> list[list[tuple[Any, ...]]]:
        """Return all that is known of opt-outs, free of row numbers."""
        return [self.rows(sql) for sql in _STATE.split(";")]

    def public(self) -> list[str]:
        """Return the addresses of what may be shown in public."""
        return [
            url.removeprefix("https://news.example")
            for (url,) in self.rows("SELECT url FROM public_articles ORDER BY 1")
        ]

    def names(self) -> list[str]:
        """Return by what the one article opts out."""
        return [one["name"] for (signals,) in self.rows("SELECT signals FROM opt_outs") for one in json.loads(signals)]

    def rebuild(self) -> None:
        """Make archive.db again."""
        with Progress("captures", quiet=True) as progress:
            rebuild_archive(self.folder, clock=SystemClock(), jobs=0, progress=progress)


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path / "a")


def of(what: Exchange, profile: str) -> RevisitOf:
    return RevisitOf(url=what.url, captured_at=what.started_at, digest=None, profile=profile)


def not_modified(minutes: float, *headers: str) -> tuple[Exchange, RevisitOf]:
    return page(minutes, FREE, *headers, status="304 Not Modified"), of(page(0), NOT_MODIFIED)


TAG = "X-Robots-Tag: noindex"
NO_SEARCH = "User-agent: *\nContent-Usage: / search=n"
HISTORIES: list[tuple[str, Sequence[Exchange | tuple[Exchange, RevisitOf]], list[str]]] = [
    ("free", [page(0)], []),
    ("markup", [page(0, OUT)], ["noarchive"]),
    ("header", [page(0, FREE, TAG)], ["noindex"]),
    ("mining", [page(0, FREE, "tdm-reservation: 1", "tdm-policy: https://news.example/tdm")], ["tdm-reservation"]),
    ("taken back in markup", [page(0, '<meta name="tdm-reservation" content="0">', "tdm-reservation: 1")], []),
    ("began", [page(0), page(5, OUT)], ["noarchive"]),
    ("withdrawn", [page(0, OUT), page(5)], []),
    ("withdrawn with a new text", [page(0, OUT), page(5, words=WORDS + "More was said.")], []),
    ("came late", [page(5), page(0, OUT)], []),
    ("a 304 repeats no headers", [page(0, FREE, TAG), not_modified(5)], ["noindex"]),
    ("a 304 that says it", [page(0), not_modified(5, TAG)], ["noindex"]),
    ("the same body, other headers", [page(0, FREE, TAG), (page(5), of(page(0), IDENTICAL_PAYLOAD))], []),
    ("gone", [page(0, OUT), page(5, status="404 Not Found")], ["noarchive"]),
    ("then a consent wall", [page(0), page(5, OUT, words="We use cookies")], []),  # shows no article, tells nothing of it
    ("robots.txt", [robots(-1, NO_SEARCH), page(0)], ["content-usage"]),
    ("robots.txt names us", [robots(-1, "User-agent: morgue\nContent-Signal: search=no"), page(0)], ["content-signal"]),
    ("robots.txt of another path", [robots(-1, "User-agent: *\nContent-Usage: /x search=n"), page(0)], []),
    ("robots.txt later", [page(0), robots(1, NO_SEARCH)], []),  # holds for what is asked then
    ("robots.txt that failed", [robots(-2, NO_SEARCH), robots(-1, "", "503 Busy"), page(0)],
     ["content-usage"]),
    ("robots.txt that is gone", [robots(-2, NO_SEARCH), robots(-1, "", "404 None"), page(0)], []),
    ("robots.txt that came back", [robots(-3, NO_SEARCH), robots(-2, ""), robots(-1, NO_SEARCH), page(0)], ["content-usage"]),
    ("robots.txt that never changed", [robots(-2, NO_SEARCH), robots(-1, NO_SEARCH), page(0)], ["content-usage"]),
    ("a use that is none of ours", [robots(-1, "User-agent: *\nContent-Signal: search=yes, ai-train=no"), page(0)], []),
]  # fmt: skip


@pytest.mark.parametrize(("exchanges", "names"), [case[1:] for case in HISTORIES], ids=[case[0] for case in HISTORIES])
def test_what_holds_is_the_same_after_a_rebuild_and_a_restory(
    tmp_path: Path, exchanges: Sequence[Exchange], names: list[str]
) -> None:
    line = Line(tmp_path / "a").keep(*exchanges)
    assert line.names() == names
    assert (len(line.public()) == 0) is bool(names)
    before = line.state()
    line.rebuild()
    assert line.state() == before
    with open_store(line.folder, SystemClock()) as store, store.transaction():
        store.restory(read_decisions(line.folder.decisions))
    assert line.state() == before


@pytest.mark.parametrize(("exchanges", "names"), [case[1:] for case in HISTORIES], ids=[case[0] for case in HISTORIES])
def test_what_holds_does_not_depend_on_the_order_of_reading(
    tmp_path: Path, exchanges: Sequence[Exchange], names: list[str]
) -> None:
    line = Line(tmp_path / "a")
    for one in reversed(exchanges):
        line.keep(one)
    if any(
        isinstance(one, tuple) for one in exchanges
    ):  # a revisit that came before what it repeats is placed by restory
        with open_store(line.folder, SystemClock()) as store, store.transaction():
            store.restory(read_decisions(line.folder.decisions))
    assert line.names() == names
    before = line.state()
    line.rebuild()
    assert line.state() == before


def test_what_is_not_public_is_found_on_ones_own_machine(line: Line) -> None:
    line.keep(page(0, OUT), page(1, url=URL + "-2", words=WORDS.replace("harbour", "market")))
    with closing(open_reader(line.folder.archive_db)) as reader:
        shown = show(reader, URL)
        counted = stats(reader)
    assert "The harbour" in str(shown.article["text"])
    assert shown.article["opt_out"] == {
        "url": URL,
        "captured_at": "2026-05-01T06:00:00.250000Z",
        "from_at": None,
        "signals": [{"name": "noarchive", "via": "meta:robots", "value": "noarchive"}],
        "ignored": False,
        "holds": True,
    }
    assert (counted["articles"], counted["opted_out"]) == (2, 1)
    assert line.public() == ["/tide-2"]


def test_what_asks_nothing_of_us_is_recorded_and_opts_out_nothing(line: Line) -> None:
    line.keep(page(0, FREE, "Content-Usage: train-ai=n"))
    assert line.rows("SELECT via, name, value, opts_out FROM opt_out_signals") == [
        ("header:content-usage", "content-usage", "train-ai=n", 0)
    ]
    assert line.public() == ["/tide"]


@pytest.mark.parametrize(("year", "public"), [(2000, []), (2999, ["/tide"])])
def test_a_date_after_which_a_page_is_to_go(line: Line, year: int, public: list[str]) -> None:
    line.keep(page(0, FREE, f"X-Robots-Tag: unavailable_after: {year}-06-01"))
    assert line.rows("SELECT from_at FROM opt_outs") == [(f"{year}-06-01T00:00:00.000000Z",)]
    assert line.public() == public


def test_a_print_pages_noindex_is_not_the_articles(line: Line) -> None:
    link = f'<link rel="canonical" href="{URL}">'
    line.keep(page(0, link), page(1, link + OUT, url=URL + "?print=1"))
    assert line.rows("SELECT count(*) FROM articles") == [(1,)]
    assert (line.names(), line.public()) == ([], ["/tide"])
    line.keep(page(2, link + OUT))
    assert (line.names(), line.public()) == (["noarchive"], [])


# -- sources.toml


def test_ignore_holds_at_the_next_reading_and_can_be_taken_back(line: Line) -> None:
    line.keep(page(0, OUT))
    line.set("ignore")
    assert line.read().public() == ["/tide"]
    assert line.names() == ["noarchive"]  # it is known all the same
    with closing(open_reader(line.folder.archive_db)) as reader:
        assert stats(reader)["opted_out"] == 0
    before = line.state()
    line.rebuild()
    assert line.state() == before
    line.set("record")
    assert line.read().public() == []


def test_skip_keeps_the_page_and_reads_nothing(tmp_path: Path) -> None:
    line = Line(tmp_path / "a", "skip").keep(
        page(0, OUT), page(1, url=URL + "-2", words=WORDS.replace("harbour", "market"))
    )
    reasons = (
        "SELECT c.url, e.reason FROM captures c JOIN extractions e ON e.pk = c.extraction WHERE e.status = 'refused'"
    )
    assert line.rows(reasons) == [(URL, "opted-out")]
    assert line.rows("SELECT url FROM articles") == [(URL + "-2",)]
    assert line.rows("SELECT via, name FROM opt_out_signals") == [("meta:robots", "noarchive")]
    assert b"harbour" not in line.folder.archive_db.read_bytes()


@pytest.mark.parametrize("how", ["markup", "header", "robots.txt"])
def test_skip_whatever_says_it(tmp_path: Path, how: str) -> None:
    line = Line(tmp_path / "a", "skip")
    use = robots(-1, NO_SEARCH if how == "robots.txt" else "")
    line.keep(use, page(0, OUT if how == "markup" else FREE, *([TAG] if how == "header" else [])))
    assert line.rows("SELECT count(*) FROM articles") == [(0,)]


def test_an_article_that_is_skipped_from_now_on_is_left_out_with_what_was_read_before(tmp_path: Path) -> None:
    line = Line(tmp_path / "a", "skip").keep(page(0), page(5, OUT))
    assert (line.names(), line.public()) == (["noarchive"], [])
    before = line.state()
    line.rebuild()
    assert line.state() == before
    line.keep(page(10))
    assert (line.names(), line.public()) == ([], ["/tide"])


def test_skip_takes_hold_of_what_is_there_with_a_rebuild_and_lets_go_with_another(line: Line) -> None:
    line.keep(page(0, OUT))
    line.set("skip")
    assert line.read().rows("SELECT count(*) FROM articles") == [(1,)]
    line.rebuild()
    assert line.rows("SELECT count(*) FROM articles") == [(0,)]
    line.set("record")
    line.rebuild()
    assert line.rows("SELECT count(*) FROM articles") == [(1,)]


def test_a_robots_txt_that_comes_late_is_heeded_for_what_was_asked_after_it(line: Line, tmp_path: Path) -> None:
    line.keep(page(0))
    assert line.public() == ["/tide"]
    line.keep(robots(-5, NO_SEARCH))
    assert (line.names(), line.public()) == (["content-usage"], [])
    before = line.state()
    line.rebuild()
    assert line.state() == before


@pytest.mark.parametrize("url", ["http://[broken/robots.txt", "http://[broken/a", "https://news.example/x/robots.txt"])
def test_a_strange_address_stops_nothing(line: Line, url: str) -> None:
    odd = replace(robots(-2, NO_SEARCH), url=url)
    line.keep(robots(-3, NO_SEARCH + "\nContent-Usage: /tide search=y\n"), odd, page(0))
    assert line.rows("SELECT count(*) FROM robots_uses") == [(1,)]
    assert line.public() == ["/tide"]


# -- the command line, and older databases


def morgue(line: Line, *words: str) -> str:
    done = CliRunner().invoke(group, ["-a", str(line.folder.root), *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_show_and_stats_say_it_and_status_does_not(line: Line) -> None:
    policy = "https://news.example/tdm"
    line.keep(page(0, OUT, "tdm-reservation: 1", f"tdm-policy: {policy}"))
    said = morgue(line, "show", URL)
    assert (
        f"opted out:  noarchive (meta:robots), tdm-reservation: {policy} (header:tdm-reservation), seen 2026-05-01 06:00Z; "
        "left out in public" in said
    )
    assert json.loads(morgue(line, "show", URL, "--json"))["opt_out"]["holds"] is True
    assert "opted out: 1\n" in morgue(line, "stats")
    line.set("ignore")
    assert "ignored, as sources.toml says" in morgue(line.read(), "show", URL)
    free = Line(line.folder.root.with_name("b")).keep(page(0))
    assert "opted out" not in morgue(free, "show", URL)
    assert json.loads(morgue(free, "show", URL, "--json"))["opt_out"] is None


def test_a_database_of_an_older_version_says_what_to_do(line: Line) -> None:
    line.keep(page(0))
    with closing(sqlite3.connect(line.folder.archive_db)) as db:
        for name in ("public_articles", "opted_out"):
            db.execute(f"DROP VIEW {name}")
        for name in ("opt_outs_ignored", "opt_outs", "robots_uses", "opt_out_signals"):
            db.execute(f"DROP TABLE {name}")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm006_optout'")
        db.commit()
    done = CliRunner().invoke(group, ["-a", str(line.folder.root), "stats"])
    assert (done.exit_code, "`morgue ingest` brings it up to date" in done.output) == (1, True)
    open_archive(line.folder.archive_db).conn.close()
    assert "opted out: 0\n" in morgue(line, "stats")
