"""What a person can meet: broken files, odd disks and locales, a newer database. Each ends in a message, never a traceback."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner, Result

from archive.console import explained
from crawler.cli import group

_RECORD = (
    b"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n"
    b"WARC-Date: 2026-05-01T06:00:00Z\r\nWARC-Target-URI: https://news.example/a\r\n"
    b"Content-Type: application/http; msgtype=response\r\nContent-Length: 48\r\n\r\n"
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n\r\n\r\n"
)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "A"
    assert run("init", str(path)).exit_code == 0
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(group, arguments, prog_name="morgue")


def inside(archive: Path, *arguments: str) -> Result:
    result = run("-a", str(archive), *arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def _noise(path: Path) -> None:
    path.write_bytes(b"no database at all " * 500)


def _folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def _nothing(path: Path) -> None:
    path.unlink(missing_ok=True)


@pytest.mark.parametrize("harm", [_noise, _folder, _nothing])
@pytest.mark.parametrize(
    "command",
    [("search", "x"), ("show", "x"), ("story", "x"), ("stats",), ("sql", "select 1"), ("restory",)],
    ids=lambda c: c[0],
)
def test_a_harmed_archive_db_is_a_message(
    archive: Path, command: tuple[str, ...], harm: Callable[[Path], None]
) -> None:
    harm(archive / "archive.db")
    result = inside(archive, *command)
    if result.exit_code:
        assert (result.exit_code, "archive.db" in result.stderr) == (1, True)


def test_rebuild_over_a_folder_named_archive_db_is_a_message(archive: Path) -> None:
    _folder(archive / "archive.db")
    result = inside(archive, "rebuild", "--jobs", "0", "--quiet")
    assert result.exit_code == 1
    assert "archive.db" in result.stderr


@pytest.mark.parametrize("command", [("status",), ("rebuild", "--frontier")], ids=" ".join)
def test_a_crawl_db_of_a_newer_morgue(archive: Path, command: tuple[str, ...]) -> None:
    with closing(sqlite3.connect(archive / "crawl.db")) as conn:
        conn.execute("PRAGMA user_version = 99")
    result = inside(archive, *command)
    if command == ("status",):  # it said that all was well
        assert result.exit_code == 1
        assert "`morgue rebuild --frontier`" in result.stderr
    else:
        assert result.exit_code == 0


def test_status_says_that_archive_db_is_broken(archive: Path) -> None:
    _noise(archive / "archive.db")
    result = inside(archive, "status")
    assert (result.exit_code, "morgue rebuild" in result.stderr) == (1, True)


def test_status_bears_other_files_among_the_reports(archive: Path) -> None:
    (archive / "reports" / "run-99999999999999-x.json").write_text("{}")  # no time of any calendar
    (archive / "reports" / "run-of-mine.json").write_text("{}")
    assert inside(archive, "status").exit_code == 0


@pytest.mark.parametrize("where", ["a shelf", "a folder", "in place"])
def test_one_bad_file_does_not_stop_the_others(archive: Path, tmp_path: Path, where: str) -> None:
    folder = archive / "warc" if where == "a shelf" else tmp_path / "in"
    folder.mkdir(exist_ok=True)
    (folder / "a-bad.warc").write_bytes(b"this is no WARC file")
    (folder / "good.warc").write_bytes(_RECORD)
    (folder / "empty.warc.gz").touch()
    (folder / "folder.warc").mkdir()
    (folder / "link.warc").symlink_to(tmp_path / "nowhere")
    paths = [] if where == "a shelf" else [str(folder)]
    options = ["--in-place"] if where == "in place" else []
    result = inside(archive, "ingest", *paths, *options, "--jobs", "0", "--json", "--quiet")
    assert result.exit_code == 3
    report = json.loads(result.stdout)
    assert report["captures"] == 1
    assert "a-bad.warc" in report["unreadable"][0]
    assert "a-bad.warc" not in (archive / "decisions.jsonl").read_text()  # no rebuild could follow that line


def test_no_good_file_at_all_is_a_failure(archive: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.warc"
    bad.write_bytes(b"this is no WARC file")
    result = inside(archive, "ingest", str(bad), "--jobs", "0")
    assert (result.exit_code, "is not a WARC file" in result.stderr) == (1, True)


def _process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", "from crawler.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, check=False, env={**os.environ, **environment}, timeout=60)


def test_a_locale_that_cannot_print_a_text(archive: Path) -> None:
    done = _process("-a", str(archive), "sql", "select 'Ärger ☃'", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\xc4rger \u2603" in done.stdout


@pytest.mark.parametrize(
    "text",
    [
        "[/b]",
        "[bold]",
        "\x1b[2J",
        "\u202ezip.exe",
        "'; drop table articles; --",
        '"',
        "NEAR(",
        "\ud800",
        "\0",
        "${x}",
        "a" * 9000,
    ],
)
@pytest.mark.parametrize("command", ["search", "show", "story", "sql", "column"])
def test_odd_words_are_questions_like_others(archive: Path, command: str, text: str) -> None:
    arguments = ("sql", f'select 1 as "{text}"') if command == "column" else (command, "--", text)
    result = inside(archive, *arguments)
    assert result.exit_code in (0, 1)
    assert "\x1b" not in result.output
    assert "\u202e" not in result.output


def test_standard_output_closed_before_we_began(archive: Path) -> None:
    line = f"{sys.executable} -c 'from crawler.cli import main; main()' -a {archive} stats >&-"
    done = subprocess.run(["sh", "-c", line], stderr=subprocess.PIPE, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("now", ["garbage", "2026-13-01", "9999-12-31T23:59:59Z", "0001-01-01"])
def test_a_clock_that_cannot_be(archive: Path, monkeypatch: pytest.MonkeyPatch, now: str) -> None:
    monkeypatch.setenv("MORGUE_NOW", now)
    result = inside(archive, "crawl", "--quiet")
    assert (result.exit_code, "MORGUE_NOW" in result.stderr) == (2, True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a full disk to write to")
def test_a_full_disk_at_the_other_end(archive: Path) -> None:
    command = [sys.executable, "-c", "from crawler.cli import main; main()", "-a", str(archive), "stats", "--json"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, timeout=60)
    assert done.returncode == 1
    assert b"No space left" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied", "a/warc"), "a/warc: Permission denied. Check its owner"),
        (OSError(28, "No space left on device"), "No space left on device. Make room"),
        (OSError(30, "Read-only file system", "x"), "x: Read-only file system. The disk can only be read"),
        (FileExistsError(17, "File exists", "a", None, "b"), "a -> b: File exists."),
        (OSError("odd"), "odd."),
    ],
)
def test_what_a_file_system_says_is_explained(error: OSError, said: str) -> None:
    assert explained(error).startswith(said)


def test_serve_answers_and_a_bomb_ends(archive: Path) -> None:
    command = [sys.executable, "-c", "from crawler.cli import main; main()", "-a", str(archive), "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        address = next(word for word in process.stderr.readline().split() if word.startswith("http://"))
        try:
            assert _status(address, {}) == 200
            assert _status(address + "archive/search.json", {"words": 'a" OR (*'}) == 200
            for bomb in (
                "select zeroblob(1000000000)",
                "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c",
                "select replace(hex(zeroblob(10000000)), '0', hex(zeroblob(1000000)))",
                "with recursive c(x) as (select 1 union all select x + 1 from c) select zeroblob(9000000) from c limit 900",
            ):
                assert _status(address + "archive.json", {"sql": bomb}) == 400
            if Path("/proc/self/status").exists():
                status = Path(f"/proc/{process.pid}/status").read_text()
                peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
                assert peak < 300_000  # kB
        finally:
            process.send_signal(2)
            out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in out + err


def _status(address: str, query: dict[str, str]) -> int:
    try:
        with urllib.request.urlopen(f"{address}?{urlencode(query)}", timeout=30) as answer:  # noqa: S310 - loopback
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_broken_file_does_not_stop_the_frontier_from_being_made_again(archive: Path) -> None:
    (archive / "warc" / "morgue-20260501060000-0of1-0a0b0c0d.warc.gz").write_bytes(b"noise " * 500)
    (archive / "warc" / "morgue-20260502060000-0of1-0a0b0c0e.warc.gz").write_bytes(gzip.compress(_RECORD, mtime=0))
    result = inside(archive, "rebuild", "--frontier")
    assert result.exit_code == 3
    assert "Rebuilt crawl.db from 0 captures" in result.stderr  # the one that was read is of no source
    assert "morgue-20260501060000-0of1-0a0b0c0d.warc.gz is not a WARC file" in result.stderr
