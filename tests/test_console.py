"""What strangers' text may do to a terminal: nothing. And the locks' words."""

from __future__ import annotations

import gzip
import io
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from archive import console
from archive.console import emit_csv, json_text, plain
from archive.errors import LockHeldError, MorgueError
from archive.locks import lock
from crawler.cli import group


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zürich 東京 \u200fשלום", "Zürich 東京 \u200fשלום"),  # marks of direction alone are ordinary in Hebrew
        ("\x1b[2J", "\ufffd[2J"),  # ESC: clears the screen
        ("\x9b2J", "\ufffd2J"),  # the same in one character (C1)
        ("\u202egnp.exe", "gnp.exe"),  # turns what follows around
        ("\x07\r", "\ufffd\ufffd"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize("text", ["\x9b2J", "\u202egnp", "\u2066a\u2069", "\x1b[2J", "\x7f", "é東"])
def test_json_reads_back_and_moves_no_cursor(text: str) -> None:
    printed = json_text({"t": text})
    assert json.loads(printed) == {"t": text}
    assert plain(printed) == printed


def test_json_of_half_a_character_can_be_printed() -> None:
    assert json_text("a\ud800", indent=None).encode() == b'"a\\ud800"'


def test_csv_cells_are_no_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    emit_csv(["a", "b"], [["=1+1", 2], ["@x", None], ["plain", -3]])
    assert capsys.readouterr().out == "a,b\n'=1+1,2\n'@x,\nplain,-3\n"


def test_a_lock_names_its_holder_and_not_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "crawl.lock"
    with lock(path, "a much longer purpose than the next one has"):
        pass
    with lock(path, "a crawl"), pytest.raises(LockHeldError) as held, lock(path, "another"):
        pass
    assert held.value.holder == f"a crawl (process {os.getpid()})"


def test_a_lock_that_cannot_be_made_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(MorgueError, match="cannot be opened"), lock(tmp_path / "gone" / "crawl.lock", "a crawl"):
        pass


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(b"<p>text</p>" * 99, mtime=0)[:-10],  # torn
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xff\xff\xff",  # no deflate stream: zlib.error, no OSError
    ],
)
def test_a_saved_page_that_cannot_be_unpacked_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "page.html.gz"
    path.write_bytes(content)
    result = CliRunner().invoke(group, ["extract", str(path), "--url", "https://news.example/a"])
    assert result.exit_code == 2
    assert "page.html.gz" in result.output


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar_with_share_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    out = _Terminal()
    with console.Progress("pages", stream=out) as progress:
        now[0] += 10
        progress.update(50, 0.25, new_articles=40)
    assert "[#####...............] 50 pages (25%), 5.0/s, 0:30 left, 40 new articles" in out.getvalue()
    assert out.getvalue().endswith("\r")  # it leaves the line empty for what comes after


def test_elsewhere_there_is_one_plain_line_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    out = io.StringIO()
    with console.Progress("pages", stream=out) as progress:
        for _ in range(130):
            now[0] += 1
            progress.update(7)
    assert out.getvalue().count("\n") == 2
    assert out.getvalue().startswith("morgue: 7 pages, 0.1/s\n")
