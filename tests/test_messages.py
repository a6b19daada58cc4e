"""What people read: each message says what, where, and what to type next."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner

from archive.folder import ArchiveFolder
from archive.web.serve import application
from crawler.cli import group


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert run("init", str(tmp_path / "a"))[0] == 0
    return tmp_path / "a"


def run(*words: str, stdin: str = "") -> tuple[int, str]:
    done = CliRunner().invoke(group, words, input=stdin, prog_name="morgue")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_init_says_the_path_as_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    morgue = f"morgue -a {tmp_path}/x"
    assert run("init", str(tmp_path / "x"))[1].splitlines() == [
        f"Made an archive in {tmp_path}/x.",
        f"Next: `{morgue} sources add https://news.example/`, then `{morgue} crawl`.",
    ]
    assert run("init")[1].endswith("Next: `morgue sources add https://news.example/`, then `morgue crawl`.\n")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["crawl", "--proxy", "nonsense"], 2, "http://127.0.0.1:8080"),  # once logged by Scrapy, and the crawl went on
        (
            ["crawl", "--backfill", "--since", "0001-01-01T00:00+05:00"],
            2,
            "2024-03-01",
        ),  # once every crawl from then on broke
        (["crawl", "--backfill", "--since", "9999-12-31T23:00-05:00"], 2, "2024-03-01"),
        (["sources", "add", "--delay", "nan", "paper.example"], 2, "a number of seconds"),
        (["sources", "add", "--delay", "inf", "paper.example"], 2, "a number of seconds"),
        (["rebuild", "--frontier", "--jobs", "2"], 2, "--jobs is for reading pages"),
        (["rebuild", "--frontier", "--executor", "dask:tcp://127.0.0.1:1"], 2, "--executor is for reading pages"),
        (["crawl", "--proxy-ca", __file__], 2, "BEGIN CERTIFICATE"),  # once each https page was called ill
        (["sources", "list"], 0, "morgue sources add"),
        (["status"], 0, "morgue sources add"),
        (["search", "ferry"], 0, "holds no articles yet"),
        (["search", "ferry", "-cruise"], 0, "holds no articles yet"),  # a word, not five options
        (["search", "-cruise", "--count"], 0, "0"),
        (["save", "paper"], 1, "https://news.example/"),
        (["extract", "page.html"], 2, "--url"),
        (["extract", "-", "--url", "paper"], 1, "https://news.example/"),
        (["extract", "--jsonl", "/nowhere/lines"], 2, "/nowhere/lines"),
        (["cluster", "--jsonl", "/nowhere/lines"], 2, "/nowhere/lines"),
        (["init", "/proc/nowhere/x"], 1, "/proc/nowhere"),  # the system's refusal, without a traceback
        (["sql", "delete from articles"], 1, "Use SELECT"),
    ],
)
def test_a_message_says_what_to_do(folder: Path, words: list[str], code: int, said: str) -> None:
    found, output = run("-a", str(folder), *words)
    assert found == code, output
    assert said in output


def test_a_source_that_is_there_is_named(folder: Path) -> None:
    words = ["-a", str(folder), "sources", "add", "--unchecked", "--name", "evening", "paper.example"]
    assert run(*words)[0] == 0
    code, output = run(*words)
    assert code == 2
    assert "'evening'" in output


@pytest.mark.parametrize(
    ("sites", "said"),
    [
        (["morning.example", "paper.example"], "is a source already: 'paper.example'"),
        (["morning.example", "https://morning.example/"], "https://morning.example/ is named twice"),
    ],
)
def test_that_nothing_was_changed_is_so(folder: Path, sites: list[str], said: str) -> None:
    assert run("-a", str(folder), "sources", "add", "--unchecked", "paper.example")[0] == 0
    before = (folder / "sources.toml").read_text()
    code, output = run("-a", str(folder), "sources", "add", "--unchecked", *sites)
    assert (code, said in output, "Nothing was changed." in output) == (2, True, True)
    assert (folder / "sources.toml").read_text() == before


def test_what_is_to_be_typed_next_can_be_typed(tmp_path: Path) -> None:
    folder = str(tmp_path / "my archive")
    assert run("init", folder)[0] == 0
    added = run("-a", folder, "sources", "add", "--unchecked", "--name", "evening paper", "paper.example")[1]
    assert added.endswith(f"Next: `morgue -a '{folder}' crawl`.\n")
    off = run("-a", folder, "sources", "disable", "evening paper")[1]
    assert f"`morgue -a '{folder}' sources enable 'evening paper'`" in off
    assert "`morgue init 'no archive'`" in run("-a", "no archive", "status")[1]


def test_a_site_that_does_not_answer_is_not_called_forbidden(folder: Path) -> None:
    code, output = run("-a", str(folder), "sources", "add", "--allow-private", "http://127.0.0.1:9/")
    assert code == 1
    assert "nothing answers there" in output
    assert "forbids" not in output


def test_a_line_without_a_page_is_told_in_words(folder: Path) -> None:
    assert (
        'it needs \\"path\\" and \\"url\\"' in run("-a", str(folder), "extract", "--jsonl", "-", stdin='{"a": 1}\n')[1]
    )


def test_serve_starts_and_searches_as_the_command_does(folder: Path) -> None:
    import httpx

    app = application(ArchiveFolder(folder))

    async def ask() -> tuple[int, int]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            front = await client.get("/")
            found = await client.get("/archive/search.json", params={"words": 'covid-19 "u.s.'})
            return front.status_code, found.status_code

    assert asyncio.run(ask()) == (200, 200)
