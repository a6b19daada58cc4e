"""`morgue diff`: the words that went and came, with times and cause."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from archive.commands.diff import marked
from archive.diffing import word_changes
from crawler.cli import group
from tests.store_helpers import article, new_store, put, snapshot

URL = "https://a.example/2026/harbour"
BACK = "https://a.example/2026/back"
ONCE, CUT, EVIL = "https://a.example/2026/once", "https://a.example/2026/cut", "https://a.example/2026/evil"
MAYOR = "The mayor said that ferries sail on Monday."
TIDE = "High water comes at noon."
TEXTS = ((0, MAYOR), (60, MAYOR.replace("Monday", "Tuesday")), (1500, f"{MAYOR.replace('Monday', 'Friday')}\n\n{TIDE}"))
FIRST, SECOND, THIRD = "2026-05-01T06:00:00.000000Z", "2026-05-01T07:00:00.000000Z", "2026-05-02T07:00:00.000000Z"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    (folder / "sources.toml").write_text("")
    store = new_store(folder / "archive.db")
    with store.transaction():
        for minutes, text in TEXTS:
            put(store, snapshot(URL, minutes), article(text, title="Harbour"))
        put(store, snapshot(ONCE, 0), article(TIDE))
        put(store, snapshot(CUT, 0, truncated="length"), article(TIDE))
        for minutes, word in ((0, "old"), (9, "new")):
            evil = f"<script>alert('{word}')</script> & \x1b[31m\u202e {word} ending words"
            evil += "\n\n<img src=x onerror=alert(1)>" * (word == "new")  # all of it was added
            put(store, snapshot(BACK, minutes), article(f"{MAYOR} {word}"))
            put(store, snapshot(EVIL, minutes), article(evil, title=f"<b>{word}</b>"))
        put(store, snapshot(BACK, 20), article(f"{MAYOR} old"))
        store.db.conn.execute(
            "INSERT INTO revisions (article, seq, seen_from, seen_to, title, text, cause, content, digest)"
            " SELECT article, 1, ?, ?, title, text || ' Read anew.', 'extractor', 'x', 'x' FROM revisions"
            " WHERE article = (SELECT pk FROM articles WHERE url = ?) ORDER BY seq DESC LIMIT 1",
            ("2026-05-03T00:00:00.000000Z", "2026-05-03T00:00:00.000000Z", EVIL),
        )
    store.close()
    return folder


def morgue(archive: Path, *words: str) -> Result:
    return CliRunner().invoke(group, ["-a", str(archive), "diff", *words])


def steps(archive: Path, *words: str) -> list[tuple[str, str]]:
    done = morgue(archive, *words, "--json")
    assert done.exit_code == 0, done.output
    return [(step["from"], step["to"]) for step in json.loads(done.stdout)["steps"]]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], [(SECOND, THIRD)]),  # the last change
        (["--all"], [(FIRST, SECOND), (SECOND, THIRD)]),
        (["--from", "1"], [(FIRST, THIRD)]),
        (["--to", "2"], [(FIRST, SECOND)]),
        (["--from", "1", "--to", "3", "--all"], [(FIRST, SECOND), (SECOND, THIRD)]),
        (["--from", FIRST, "--to", SECOND], [(FIRST, SECOND)]),
        (["--from", "2026-05-01 06:00Z", "--to", "2026-05-01T07:00"], [(FIRST, SECOND)]),  # as `show` prints it
        (["--from", "2026-05-01", "--to", "2026-05-01"], [(FIRST, SECOND)]),  # what the day changed
        (["--from", "2026-05-02", "--to", "2026-05-02"], [(SECOND, THIRD)]),
        (["--from", "2026-05-01T08:30:00+02:00"], [(FIRST, THIRD)]),  # the text of then
        (["--to", "2026-05-01T12:00"], [(FIRST, SECOND)]),
    ],
)
def test_which_step(archive, words, expected):
    assert steps(archive, URL, *words) == expected


def test_a_revision_is_named_by_article_and_time(archive):
    name = json.loads(morgue(archive, URL, "--json").stdout)["id"]
    assert steps(archive, f"{name}@{SECOND}") == [(FIRST, SECOND)]
    assert steps(archive, f"{name}@{FIRST}") == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from", "7"], "has no revision 7. It has 1 (from 2026-05-01T06:00"),
        (["--from", "0"], "has no revision 0"),
        (["--from", "3", "--to", "1"], "the first must be earlier"),
        (["--from", "2", "--to", "2"], "the first must be earlier"),
        (["--to", "2026-04-01"], "was not yet known at 2026-04-01"),
        (["--to", "0999-01-01"], "was not yet known at 0999-01-01"),  # as text "999" is after "2026"
        (["--to", "yesterday"], "neither a revision's number nor a time"),
        (["--to", "0001-01-01T00:00+14:00"], "neither a revision's number nor a time"),  # it has no time in UTC
    ],
)
def test_what_cannot_be_compared(archive, words, message):
    done = morgue(archive, URL, *words)
    assert (done.exit_code, message in done.stderr) == (1, True), done.stderr


def test_the_words_on_paper(archive):
    out = morgue(archive, URL, "--all").stdout
    assert "Revision 1 to 2 of 3, cause: publisher" in out
    assert "seen from 2026-05-01 06:00Z to 2026-05-01 06:00Z, then from 2026-05-01 07:00Z" in out
    assert "~ The mayor said that ferries sail on [-Monday-]{+Tuesday+}." in out
    assert f"+ {{+{TIDE}+}}" in out


def test_colours_on_a_terminal():
    spans = word_changes("ferries sail now", "ferries rest now")
    assert marked(spans, colours=True) == "ferries \x1b[31m\x1b[9msail\x1b[0m \x1b[32m\x1b[4mrest\x1b[0m now"
    assert marked(spans, colours=False) == "ferries [-sail-] {+rest+} now"


def test_what_did_not_change_is_told_in_short():
    same = "word " * 200
    assert marked(word_changes(f"{same}old", f"{same}new")).startswith("word word")
    assert len(marked(word_changes(f"{same}old", f"{same}new"))) < 400


@pytest.mark.parametrize(("url", "message"), [(ONCE, "has one revision"), (CUT, "has no revision: no capture")])
def test_nothing_to_compare_is_said(archive, tmp_path, url, message):
    done = morgue(archive, url, "--html", str(tmp_path / "page.html"))
    assert done.exit_code == 0
    assert message in done.stderr
    assert message in (tmp_path / "page.html").read_text()


def test_a_text_that_came_back_reads_the_same(archive, tmp_path):
    page = tmp_path / "page.html"
    assert "Both read the same." in morgue(archive, BACK, "--from", "1", "--to", "3").stdout
    assert morgue(archive, BACK, "--from", "1", "--html", str(page)).exit_code == 0
    assert "Both read the same." in page.read_text()
    assert "Both read" not in morgue(archive, BACK, "--all").stdout


def test_the_page_marks_words_and_runs_nothing(archive, tmp_path):
    page = tmp_path / "page.html"
    assert morgue(archive, EVIL, "--all", "--html", str(page)).exit_code == 0
    html = page.read_text(encoding="utf-8")
    assert not re.search("<(script|img|b)[ >]", html)
    assert "<ins>&lt;img src=x" in html
    assert not {"\x1b", "\u202e"} & set(html)
    assert re.search(r"<del>(&lt;b&gt;)?old", html)
    assert re.search(r"<ins>(&lt;b&gt;)?new", html)
    assert 'id="2026-05-01T06:09:00.000000Z"' in html  # a link that stays when revisions are counted anew
    assert "cause: publisher" in html
    assert "cause: extractor" in html
    assert "default-src &#x27;none" in html or "default-src 'none'" in html


def test_the_terminal_is_not_moved_by_a_page(archive):
    out = morgue(archive, EVIL, "--all").stdout
    assert not {"\x1b", "\u202e"} & set(out)


def test_a_folder_that_is_not_there_is_said(archive, tmp_path):
    done = morgue(archive, URL, "--html", str(tmp_path / "no" / "page.html"))
    assert done.exit_code == 2
    assert "Give --html a file in a folder that is there" in done.stderr
