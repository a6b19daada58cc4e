"""A contact for site owners: asked for once, and without one other people's sites are not asked."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from archive.errors import SourcesError
from archive.sources import as_contact, load_sources
from crawler.cli import group
from tests.line import MORGUE, environment
from tests.rawserver import RawServer, page

SOURCE = '[[source]]\nname = "paper"\nurl = "{url}"\ndelay = 0\n'


def morgue(*words: str | Path, stdin: str = "") -> Result:
    result = CliRunner().invoke(group, [str(word) for word in words], input=stdin, prog_name="morgue")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert morgue("init", tmp_path / "a").exit_code == 0
    return tmp_path / "a"


ASKING: list[tuple[str, ...]] = [
    ("crawl",),
    ("crawl", "--proxy", "http://127.0.0.1:9"),  # whose host a name is, nobody knows there
    ("save", "https://news.example/a"),
    ("save", "http://127.0.0.1:9/a"),  # a private host by its spelling: the rule is one for all
    ("sources", "add", "https://news.example/"),
    ("sources", "check"),
    ("sources", "import", "-", "--check"),
]


@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_without_a_contact_nobody_is_asked(folder: Path, words: tuple[str, ...]) -> None:
    with RawServer({"/robots.txt": page(b"")}) as server:
        with (folder / "sources.toml").open("a") as file:
            file.write(SOURCE.format(url=server.url("/")))
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        opml = f'<opml><body><outline xmlUrl="{server.url("/feed")}"/></body></opml>'
        done = morgue("-a", folder, *words, stdin=opml)
        assert server.seen == []
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith("morgue: nothing was asked: ")
    assert f"{folder}/sources.toml names no contact" in done.stderr
    assert f"`morgue init {folder} --contact mailto:you@paper.example`" in done.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("words", [("sources", "check"), ("crawl", "--no-ingest", "--quiet")], ids=" ".join)
def test_allow_private_goes_without_one(folder: Path, words: tuple[str, ...]) -> None:
    with RawServer({"/robots.txt": page(b""), "/": page(b"<p>")}) as server:
        with (folder / "sources.toml").open("a") as file:
            file.write(SOURCE.format(url=server.url("/")))
        command = [*MORGUE, "-a", str(folder), *words, "--allow-private"]
        done = subprocess.run(command, env=environment(None), capture_output=True, text=True, timeout=60, check=False)
        assert "contact" not in done.stderr
        assert b"GET / HTTP/1.1" in b"".join(seen.head for seen in server.seen)


def test_what_the_message_says_to_type_is_enough(folder: Path) -> None:
    path = folder / "sources.toml"
    path.write_text("# mine\n" + SOURCE.format(url="https://paper.example/"))
    assert morgue("init", folder, "--contact", "mailto:you@paper.example").exit_code == 0
    told = load_sources(path)
    assert (told.contact, told.sources[0].name) == ("mailto:you@paper.example", "paper")
    assert "# mine\n" in path.read_text()


def test_nothing_to_crawl_needs_no_contact(folder: Path) -> None:
    done = morgue("-a", folder, "sources", "check")
    assert (done.exit_code, "No source is on" in done.stderr) == (0, True)


def test_a_source_may_be_written_without_asking_its_site(folder: Path) -> None:
    assert morgue("-a", folder, "sources", "add", "--unchecked", "https://news.example/").exit_code == 0


# -- init


def on_a_terminal(*words: str | Path, typed: str) -> tuple[int, str]:
    """Run a command on a terminal of its own; return how it ended and all that was shown."""
    ours, theirs = pty.openpty()
    try:
        command = [*MORGUE, *map(str, words)]
        with subprocess.Popen(
            command, env=environment(None), stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as run:
            os.write(ours, typed.encode())
            out, _ = run.communicate(timeout=60)
        return run.returncode, out.decode()
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize(
    ("typed", "contact"),
    [
        ("mailto:desk@paper.example\n", "mailto:desk@paper.example"),
        ("desk@paper.example\n", "mailto:desk@paper.example"),  # as people write it
        ("https://library.example/crawler\n", "https://library.example/crawler"),
        ("\n", None),  # Enter skips
    ],
)
def test_init_asks_on_a_terminal(tmp_path: Path, typed: str, contact: str | None) -> None:
    code, out = on_a_terminal("init", tmp_path / "a", typed=typed)
    assert (code, out.count("Enter skips")) == (0, 1), out
    assert load_sources(tmp_path / "a" / "sources.toml").contact == contact


def test_init_asks_once_and_not_for_what_is_there(tmp_path: Path) -> None:
    code, out = on_a_terminal("init", tmp_path / "a", typed="nobody\n")
    assert (code, out.count("Enter skips")) == (1, 1)
    assert "mailto:name@paper.example" in out
    assert not (tmp_path / "a").exists()  # nothing is half made
    morgue("init", tmp_path / "a", "--contact", "mailto:desk@paper.example")
    code, out = on_a_terminal("init", tmp_path / "a", typed="")
    assert (code, "Enter skips" in out) == (0, False)


def test_init_never_asks_without_a_terminal(tmp_path: Path) -> None:
    done = morgue("init", tmp_path / "a", stdin="mailto:desk@paper.example\n")
    assert "Enter skips" not in done.output
    assert load_sources(tmp_path / "a" / "sources.toml").contact is None


@pytest.mark.parametrize(
    "text", ["desk", "desk@", "me@a b", "tel:123", "mailto:", "ftp://paper.example/", "me@paper.example X: y"]
)
def test_what_is_no_contact(text: str) -> None:
    with pytest.raises(SourcesError, match=r"mailto:name@paper\.example"):
        as_contact(text, path="sources.toml")
