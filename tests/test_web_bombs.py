"""Questions that would eat a machine end in an answer or a refusal, in time, in little memory; the next one is answered."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

import pytest

from archive.errors import QueryError
from archive.query import Reader, open_reader, run_sql, search
from archive.query.guarded import MAX_WORK
from archive.query.watch import watching
from archive.web.alone import TooOddError, page_for
from tests.bombs import SQL, WORDS
from tests.line import ROOT
from tests.served import Served, large_archive, served

MOST = 300  # MB of the server


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return large_archive(tmp_path_factory.mktemp("bombs") / "a", 300).root


@pytest.fixture(scope="module")
def reader(root: Path) -> Iterator[Reader]:
    with closing(open_reader(root / "archive.db", time_limit=0.5, heap_limit=None)) as found:
        yield found


@pytest.fixture(scope="module")
def asked(root: Path) -> dict[str, tuple[float, str, int]]:
    """Return what each bomb came to: seconds, answer or refusal, and what the next question found."""
    command = [sys.executable, "-m", "tests.bombs", str(root / "archive.db")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=280)
    return {name: (seconds, told, alive) for name, seconds, told, alive in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", SQL)
def test_a_bomb_in_sql_ends_in_time(asked: dict[str, tuple[float, str, int]], name: str) -> None:
    seconds, told, alive = asked[name]
    assert seconds < 8
    assert told.endswith(("rows", ".", ")"))
    assert len(told) < 1_000
    assert alive == 300


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        ("SELECT instr('harbour', 'bo')", 4),
        ("SELECT instr(NULL, 'a')", None),
        ("SELECT instr(x'0102', x'02')", 2),
        ("SELECT instr(1234, 3)", 3),
        ("SELECT replace('tide', 'd', 'm')", "time"),
        ("SELECT replace('tide', '', 'm')", "tide"),
        ("SELECT trim('xxaxx', 'x') || ltrim('xb', 'x') || rtrim('cx', 'x')", "abc"),
        ("SELECT trim('  a ')", "a"),
        ("SELECT printf('%05.1f|%-4s|%d%%', 2.25, 'a', 7)", "002.3|a   |7%"),
        ("SELECT format('%*d', 5, 7)", "    7"),
        ("SELECT printf('1234567890 %s', 'of numbers')", "1234567890 of numbers"),
        ("SELECT printf('%s', 12345678)", "12345678"),
        ("SELECT printf()", None),
    ],
)
def test_functions_that_are_bounded_answer_as_ever(reader: Reader, sql: str, answer: object) -> None:
    assert run_sql(reader, sql).rows == ((answer,),)
    with closing(sqlite3.connect(":memory:")) as plain:
        assert plain.execute(sql).fetchone() == (answer,)


def test_the_bound_is_work_not_size(reader: Reader) -> None:
    long = MAX_WORK // 10
    assert run_sql(reader, f"SELECT instr(hex(zeroblob({long // 20})), '1')").rows == ((0,),)
    with pytest.raises(QueryError, match="too large"):
        run_sql(reader, "SELECT instr(hex(zeroblob(50000)), hex(zeroblob(5000)) || '1')")


def test_an_interrupt_is_for_what_is_late_and_nothing_else(reader: Reader) -> None:
    reader.time_limit = 0.3
    heavy = "sum(length(lower(upper(hex(zeroblob(9000000 + x % 2))))))"  # of x: what is constant is worked out once
    late = f"WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT {heavy} FROM c"  # noqa: S608 - a constant
    for _ in range(3):
        half_read = reader.execute("SELECT pk FROM articles")
        half_read.fetchone()
        begun = time.monotonic()
        with pytest.raises(QueryError, match="longer than"):
            run_sql(reader, late)
        assert time.monotonic() - begun < 2  # a thousand steps of this would be ten seconds
        half_read.close()
        assert len(search(reader, "harbour", limit=5)) == 5
    reader.time_limit = 0.5


def test_who_waits_is_not_interrupted(root: Path) -> None:
    with closing(open_reader(root / "archive.db", time_limit=0.2, heap_limit=None)) as reader:
        assert reader.execute("SELECT 1").fetchone() == (1,)
        with watching(reader):
            time.sleep(0.5)
            assert reader.execute("SELECT 2").fetchone() == (2,)


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[Served]:
    with served(root) as here:
        yield here


def test_bombs_against_the_server_three_at_a_time(server: Served) -> None:
    """As many as Datasette has threads."""
    assert server.get("/archive")[0] == 200

    def ask(name: str) -> str | None:
        begun = time.monotonic()
        try:
            status, body = server.get(f"/archive.json?sql={quote(SQL[name])}")
        except ConnectionError:
            return None if len(quote(SQL[name])) > 60_000 else f"{name}: no answer"
        if status not in {200, 400}:
            return f"{name}: {status} {body[:200]!r}"
        if status == 400 and not json.loads(body)["error"]:
            return f"{name}: no reason"
        return f"{name}: {time.monotonic() - begun:.1f} s" if time.monotonic() - begun > 20 else None

    with ThreadPoolExecutor(3) as threads:
        wrong = [said for said in threads.map(ask, SQL) if said]
    assert wrong == []
    assert server.megabytes(peak=True) < MOST
    assert server.get("/archive.json?sql=select+1")[0] == 200
    assert server.get("/")[0] == 200


@pytest.mark.parametrize("name", WORDS)
def test_bombs_in_the_search_field(server: Served, name: str) -> None:
    status, _ = server.get(f"/search?q={quote(WORDS[name])}")
    assert status in {200, 503}
    assert server.megabytes(peak=True) < MOST


@pytest.mark.parametrize(
    "page",
    [
        b"<p>x" * 500_000,
        b"<p " + b" ".join(b"a%d=1" % number for number in range(60_000)) + b">the text",
        b"<div>" * 500_000,
        b"<table>" * 300_000,
        b"<img src=x>" * 200_000,
        b"<" * 3_000_000,
        b"<!--" * 1_000_000,
        b"</html " * 500_000,
        b"<meta charset=punycode>a-" + b"b" * 2_000_000,
        b"<style>" + b"a{b:url(x)}" * 200_000,
        b"&amp;" * 500_000,
    ],
    ids=lambda page: page[:12].decode().strip(),
)
def test_a_page_made_to_be_large_is_shown_or_refused_in_time(page: bytes) -> None:
    begun = time.monotonic()
    with suppress(TooOddError):
        assert page_for(page, "https://p.example/", "text/html", "2026").endswith(b">")
    assert time.monotonic() - begun < 20


def test_a_page_is_the_same_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    page = "<title>Tide</title><p>caf\u00e9 <img src=a.png>".encode()
    here = page_for(page, "https://p.example/a/b", "text/html; charset=utf-8", "2026")
    monkeypatch.setattr("archive.web.alone.MAX_TAGS", 0)
    assert page_for(page, "https://p.example/a/b", "text/html; charset=utf-8", "2026") == here
    assert b"/archived/2026/https%3A%2F%2Fp.example%2Fa%2Fa.png" in here
