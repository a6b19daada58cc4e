"""`morgue stats`: the same figures on a terminal, for programs, and on a page that can be sent to somebody."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from lxml import html

from archive.commands.sparks import BLOCKS, drawable, gathered, spark
from archive.commands.stats import days_table
from archive.folder import ArchiveFolder
from archive.query import open_reader, stats
from archive.query.stats import Days, SourceDays, source_days
from crawler.cli import group
from tests.store_helpers import article, new_store, put, snapshot, text_of
from tests.web_kit import fill, make_folder

HOSTILE = "<script>alert(1)</script>\u202e"
DAY = 60 * 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ArchiveFolder:
    made = make_folder(tmp_path_factory.mktemp("stats") / "a")
    made.sources.write_text("")
    fill(made)  # all on 1 May 2026
    store = new_store(made.archive_db)
    with store.transaction():
        for number, (day, source) in enumerate(
            [(-40, "Courier"), (2, "Courier"), (2, "Courier"), (4, "Herald"), (3, HOSTILE)]
        ):
            put(
                store,
                snapshot(f"https://x{number}.example/a", day * DAY, source=source),
                article(text_of(f"n{number}")),
            )
        hidden = "https://x9.example/hidden"  # edited and gone, and found to be no article: counted nowhere
        for minute, text in ((1, "hidden"), (2, "other")):
            put(store, snapshot(hidden, minute, source="Herald"), article(text_of(text)))
        put(store, snapshot(hidden, 3, source="Herald", status=410), None)
        store.db.conn.execute("UPDATE articles SET hidden = 1 WHERE url = ?", (hidden,))
    store.close()
    return made


def morgue(folder: ArchiveFolder, *words: str) -> Any:
    done = CliRunner().invoke(group, ["-a", str(folder.root), "stats", *words])
    assert done.exit_code == 0, done.output
    return done


# -- figures


def test_days_are_the_last_that_the_archive_has(folder: ArchiveFolder) -> None:
    with closing(open_reader(folder.archive_db)) as reader:
        found = source_days(reader, 4)
    assert found.span == ("2026-05-02", "2026-05-03", "2026-05-04", "2026-05-05")
    assert found.totals == [("2026-05-02", 0), ("2026-05-03", 2), ("2026-05-04", 1), ("2026-05-05", 1)]
    assert [(one.name, one.articles, one.edited, one.gone) for one in found.sources[:2]] == [
        ("Courier", 6, 1, 1), ("Herald", 2, 0, 0)]  # fmt: skip
    assert found.sources[0].days == {"2026-05-03": 2}


def test_what_triggers_count_is_what_is_there(folder: ArchiveFolder) -> None:
    with closing(open_reader(folder.archive_db)) as reader:
        found = stats(reader)
        counted = dict(reader.execute("SELECT ifnull(source, ''), count(*) FROM articles WHERE hidden = 0 GROUP BY 1"))
        times = reader.execute("SELECT min(captured_at), max(captured_at) FROM captures").fetchone()
    assert found["by_source"] == counted
    assert sum(found["by_kind"].values()) == sum(found["by_language"].values()) == found["articles"]
    assert (found["first_capture"], found["last_capture"]) == times
    assert (found["articles"], found["edited"], found["gone"], found["opted_out"]) == (sum(counted.values()), 1, 1, 1)


def test_one_source_alone(folder: ArchiveFolder) -> None:
    told = json.loads(morgue(folder, "--json", "--source", "Courier", "--days", "3").stdout)
    assert (told["articles"], told["edited"], told["gone"], told["captures"]) == (6, 1, 1, 8)
    assert told["by_source"] == {"Courier": 6}
    assert (told["days"]["from"], told["days"]["to"], told["days"]["all"]) == ("2026-05-01", "2026-05-03", {
        "2026-05-01": 3, "2026-05-03": 2})  # fmt: skip
    assert "discoveries" not in told  # they are of no source
    missing = CliRunner().invoke(group, ["-a", str(folder.root), "stats", "--source", "Courant"])
    assert (missing.exit_code, "Sources with articles: Courier, Herald" in missing.stderr) == (1, True)


def test_an_archive_of_an_older_version_is_counted_as_it_is(folder: ArchiveFolder, tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    with closing(sqlite3.connect(folder.archive_db)) as before, closing(sqlite3.connect(old)) as after:
        before.backup(after)
        for name in ("articles_count_born", "articles_count_gone", "articles_count_from", "articles_count_to"):
            after.execute(f"DROP TRIGGER {name}")
        after.executescript("DROP VIEW source_days; DROP TABLE article_days; DROP TABLE article_months;")
        after.execute("DROP INDEX articles_found")
    with closing(open_reader(old)) as reader, closing(open_reader(folder.archive_db)) as new:
        found, wanted = stats(reader), stats(new)
        assert source_days(reader, 30) == source_days(new, 30)
    assert found | {"bytes": 0} == wanted | {"bytes": 0}


@pytest.mark.parametrize("words", [(), ("--json",), ("--days", "3660")])
def test_an_empty_archive_is_no_error(tmp_path: Path, words: tuple[str, ...]) -> None:
    made = make_folder(tmp_path / "a")
    made.sources.write_text("")
    new_store(made.archive_db).close()
    assert "0" in morgue(made, *words).stdout
    morgue(made, "--html", str(tmp_path / "x.html"))


# -- blocks


@pytest.mark.parametrize(
    ("numbers", "width", "drawn"),
    [
        ([], None, ""),
        ([0, 0], None, "··"),
        ([1, 1000], None, "▁█"),  # one article is not none
        ([1, 2, 3, 4, 5, 6, 7, 8], None, BLOCKS),
        ([5, 0, 1, 1], 2, "█▄"),
        ([1, 1, 1, 1, 8], 3, "▁▂█"),  # the last days are whole; the first may be fewer
        ([3], 0, "█"),
    ],
)
def test_numbers_as_blocks(numbers: list[int], width: int | None, drawn: str) -> None:
    assert spark(numbers, width) == drawn


def test_no_article_is_lost_where_days_are_put_together() -> None:
    numbers = list(range(37))
    for width in range(1, 40):
        found = gathered(numbers, width)
        assert (sum(found), len(found) <= width) == (sum(numbers), True)


DAYS = Days(
    tuple(f"2026-05-{day:02}" for day in range(1, 31)),
    (
        SourceDays(name="南方日报" * 20, articles=12345, edited=1, gone=0, days={"2026-05-30": 7}),
        SourceDays(name="\x1b[2Jpaper", articles=2, edited=0, gone=0, days={"2026-05-01": 1, "2026-05-30": 1}),
    ),
)


@pytest.mark.parametrize("width", [80, 100, 200])
def test_a_row_of_blocks_fits_the_terminal(width: int) -> None:
    from rich.cells import cell_len

    lines = days_table(DAYS, width=width, blocks=True)
    assert max(map(cell_len, lines)) < width
    drawn = [len(line.split("  ")[-1]) for line in lines[1:]]
    assert drawn == [{80: 15}.get(width, 30)] * 2  # where there is no room for 30 days two stand together
    assert not any("\x1b" in line for line in lines)


def test_elsewhere_the_days_are_numbers(folder: ArchiveFolder) -> None:
    out = morgue(folder, "--days", "5").stdout
    assert re.search(r"(?m)^Courier +6 +5 +3 +1 +1  3 0 2 0 0$", out), out
    assert not set(BLOCKS) & set(out)


@pytest.mark.parametrize(("encoding", "blocks"), [("utf-8", True), ("ascii", False), ("latin-1", False)])
def test_on_a_terminal_they_are_blocks_where_its_locale_has_them(
    folder: ArchiveFolder, encoding: str, blocks: bool
) -> None:
    ours, theirs = pty.openpty()
    command = [
        sys.executable,
        "-c",
        "from crawler.cli import main; main()",
        "-a",
        str(folder.root),
        "stats",
        "--days",
        "5",
    ]
    with subprocess.Popen(
        command, stdout=theirs, env={**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "100"}
    ) as run:
        os.close(theirs)
        out = b""
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            out += data
    os.close(ours)
    assert run.returncode == 0
    text = out.decode(encoding)
    assert ("█·▆··" in text) is blocks
    assert ("3 0 2 0 0" in text) is not blocks
    assert drawable(encoding) is blocks


# -- the page


def page_of(folder: ArchiveFolder, path: Path, *words: str) -> str:
    morgue(folder, "--html", str(path), *words)
    return path.read_text(encoding="utf-8")


def test_the_page_has_what_was_counted(folder: ArchiveFolder, tmp_path: Path) -> None:
    page = html.fromstring(page_of(folder, tmp_path / "x.html"))
    text = " ".join(page.find("body").text_content().split())
    assert [
        one for one in ("11 articles", "1 edited", "1 gone", "Courier", "word for word the same") if one not in text
    ] == []
    row = next(tr for tr in page.iter("tr") if tr.findtext("th/bdi") == "Courier")
    assert [td.text for td in row.findall("td")[1:]] == ["6", "5", "3", "1", "1"]
    [bars] = [svg for svg in page.iter("svg") if svg.get("class") == "bars"]
    assert [title.text_content() for title in bars.iter("title")] == [
        "2026-05-01: 6", "2026-05-03: 2", "2026-05-04: 1", "2026-05-05: 1"]  # fmt: skip
    assert all(svg.get("role") == "img" and svg.get("aria-label") for svg in page.iter("svg"))


def test_the_page_asks_for_nothing_and_runs_nothing(folder: ArchiveFolder, tmp_path: Path) -> None:
    text = page_of(folder, tmp_path / "x.html")
    page = html.fromstring(text)
    [policy] = [
        meta.get("content") for meta in page.iter("meta") if meta.get("http-equiv") == "Content-Security-Policy"
    ]
    style = page.find("head/style").text
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert {e.tag for e in page.iter()} & {"script", "img", "link", "iframe", "a", "form"} == set()
    assert not [e for e in page.iter() if {"style", "src", "href"} & set(e.attrib)]
    assert "prefers-color-scheme: dark" in style
    assert "@media print" in style


def test_a_hostile_name_is_text(folder: ArchiveFolder, tmp_path: Path) -> None:
    text = page_of(folder, tmp_path / "x.html")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "\u202e" not in text
    alone = page_of(folder, tmp_path / "y.html", "--source", HOSTILE)
    assert "<script" not in alone
    assert "\u202e" not in morgue(folder).stdout
