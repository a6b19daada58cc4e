"""`morgue doctor` as it is typed: in a fresh home, in archives that are broken in many ways, beside a crawl that is at work."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from archive.commands import doctor as command
from archive.locks import lock
from crawler.cli import group
from tests.line import Days
from tests.test_docs import wrong as wrong_command

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _no_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a browser nor a crontab of the machine that tests: both are looked for on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "empty"))


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(group, words, prog_name="morgue")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout + done.stderr


def doctor(folder: Path) -> tuple[int, dict[str, Any]]:
    code, text = run("-a", str(folder), "doctor", "--json")
    return code, json.loads(text)


def levels(told: dict[str, Any], level: str) -> set[str]:
    return {finding["check"] for finding in told["findings"] if finding["level"] == level}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert run("init", str(tmp_path / "a"), "--contact", "desk@gazette.se")[0] == 0
    return tmp_path / "a"


CHECKS = {
    "contact", "sources", "rights", "disk", "SQLite's log", "fsync", "locks", "archive.db", "shelf", "decisions", "profiles",
    "backup", "crawl.db", "schedule", "last crawl",
}  # fmt: skip
MACHINE = {
    "Morgue", "Python", "libraries", "[render]", "[remote]", "[scale]", "SQLite", "memory", "open files", "umask", "terminal",
    "libcurl", "Chromium", "clock",
}  # fmt: skip


def everything_in(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return size and time of each file, but for those that SQLite lays beside a database that is read."""
    found = [path for path in folder.rglob("*") if not path.name.endswith(("-wal", "-shm"))]
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in found}


def test_a_new_archive_has_nothing_wrong_and_is_left_as_it_was(folder: Path) -> None:
    before = everything_in(folder)
    code, told = doctor(folder)
    assert (code, levels(told, "wrong")) == (0, set())
    assert {"sources", "schedule", "last crawl"} <= levels(told, "note")
    assert {finding["check"] for finding in told["findings"]} == CHECKS | MACHINE
    assert told["archive"] == str(folder)
    assert everything_in(folder) == before


def test_outside_an_archive_only_the_machine_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, text = run("doctor", "--json")
    told = json.loads(text)
    assert (code, told["archive"]) == (0, None)
    assert {finding["check"] for finding in told["findings"]} == MACHINE
    assert "morgue -a DIR doctor" in run("doctor")[1]


def test_an_archive_that_was_named_and_is_not_there_is_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("-a", str(tmp_path / "nowhere"), "doctor")[0] == 1
    monkeypatch.setenv("MORGUE_ARCHIVE", str(tmp_path))
    code, text = run("doctor")
    assert code == 1
    assert "morgue init" in text


def test_a_folder_that_does_not_answer_is_exit_code_1(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from archive.doctor import examine, main

    forever = threading.Event()
    monkeypatch.setattr(examine, "SECONDS", 0.05)
    monkeypatch.setattr(main, "place_of", lambda *_, **__: forever.wait(30))
    code, text = run("-a", str(folder), "doctor")
    forever.set()
    assert code == 1
    assert "does not answer" in text


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    primary, terminal = os.openpty()
    with os.fdopen(terminal, "w") as out, os.fdopen(primary):
        monkeypatch.setattr(sys, "stdout", out)
        assert command.coloured() is coloured
    monkeypatch.undo()


def no_sources(folder: Path) -> None:
    (folder / "sources.toml").unlink()


def bad_sources(folder: Path) -> None:
    (folder / "sources.toml").write_text("[[source]]\nname = 3\n")


def no_contact(folder: Path) -> None:
    (folder / "sources.toml").write_text("")


def sources_are_a_folder(folder: Path) -> None:
    (folder / "sources.toml").unlink()
    (folder / "sources.toml").mkdir()


def damaged(folder: Path) -> None:
    (folder / "archive.db").write_bytes(b"no database " * 1000)


def cut(folder: Path) -> None:
    data = (folder / "archive.db").read_bytes()
    (folder / "archive.db").write_bytes(data[: len(data) // 2])


def empty_database(folder: Path) -> None:
    (folder / "archive.db").write_bytes(b"")


def newer(folder: Path) -> None:
    with sqlite3.connect(folder / "archive.db") as conn:
        conn.execute("INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('morgue', 'm999_later')")
    conn.close()


def older(folder: Path) -> None:
    with sqlite3.connect(folder / "archive.db") as conn:
        conn.execute("DELETE FROM _sqlite_migrations WHERE name = 'm009_promotions'")
    conn.close()


def bad_frontier(folder: Path) -> None:
    (folder / "crawl.db").write_bytes(b"x" * 5000)


def no_database_and_files(folder: Path) -> None:
    (folder / "archive.db").unlink()
    (folder / "warc" / "morgue-20260501060000-0of1-k3f9.warc.gz.open").write_bytes(b"x")


def no_shelf(folder: Path) -> None:
    with sqlite3.connect(folder / "archive.db") as conn:
        conn.execute("INSERT INTO warcs (name, ingested_to) VALUES ('morgue-20260501060000-0of1-k3f9.warc.gz', 9)")
    conn.close()
    shutil.rmtree(folder / "warc")


def shelf_is_a_file(folder: Path) -> None:
    shutil.rmtree(folder / "warc")
    (folder / "warc").write_text("")


def bad_decisions(folder: Path) -> None:
    (folder / "decisions.jsonl").write_text("{}\n")


def future(folder: Path) -> None:
    (folder / "warc" / "morgue-29990501060000-0of1-k3f9.warc.gz").write_bytes(b"x")


def takedown(folder: Path) -> None:
    (folder / "takedown.pending").write_text("{}")


def not_mine(folder: Path) -> None:
    if os.geteuid() == 0:
        os.chown(folder / "archive.db", 65534, 65534)
    else:
        (folder / "archive.db").chmod(0o400)


def bad_report(folder: Path) -> None:
    (folder / "reports" / "run-20260501060000-x.json").write_bytes(b"\xff")


def odd_names(folder: Path) -> None:
    for name in (b"run-\xff.json", b"run-x\n.json", b"run-\x1b[2J.json"):
        (folder / "reports" / os.fsdecode(name)).write_bytes(b"[]")
    (folder / "warc" / os.fsdecode(b"\xff.warc.gz")).write_bytes(b"")


@pytest.mark.parametrize(
    ("break_it", "wrong", "note"),
    [
        (no_sources, {"sources"}, set()),
        (bad_sources, {"sources"}, {"health"}),
        (sources_are_a_folder, {"sources"}, {"health"}),
        (no_contact, {"contact"}, {"sources"}),
        (damaged, {"archive.db"}, {"health"}),
        (cut, {"archive.db"}, set()),
        (empty_database, {"archive.db"}, {"health"}),
        (newer, {"archive.db"}, {"health"}),
        (older, set(), {"archive.db"}),
        (bad_frontier, {"crawl.db"}, {"health"}),
        (no_database_and_files, {"archive.db", "crawl.db"}, {"backup"}),
        (no_shelf, {"shelf"}, set()),
        (shelf_is_a_file, {"shelf"}, set()),
        (bad_decisions, {"decisions"}, {"backup"}),
        (future, {"clock", "crawl.db"}, set()),
        (takedown, {"takedown"}, set()),
        (not_mine, {"rights"}, set()),
        (bad_report, set(), {"last crawl"}),
        (odd_names, set(), {"last crawl"}),
    ],
)
def test_a_broken_archive_is_told_of_and_stops_no_check(
    folder: Path, break_it: Callable[[Path], None], wrong: set[str], note: set[str]
) -> None:
    break_it(folder)
    code, told = doctor(folder)
    assert wrong <= levels(told, "wrong")
    assert note <= levels(told, "note")
    assert code == (3 if told["wrong"] else 0)
    assert bool(wrong) is (code == 3)
    assert [f["what"] for f in told["findings"] if "this check failed" in f["what"]] == []  # foreseen, not survived
    for finding in told["findings"]:
        assert finding["level"] != "wrong" or finding["do"] or finding["type"], finding
        if finding["type"].startswith("morgue "):
            assert wrong_command(finding["type"]) is None, finding["type"]
    assert run("-a", str(folder), "doctor")[0] == code
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_the_text_fits_80_columns_and_what_is_to_be_typed_stands_on_its_own_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    bad_sources(folder)
    damaged(folder)
    code, text = run("-a", str(folder), "doctor")
    assert code == 3
    assert "\x1b" not in text
    assert [line for line in text.splitlines() if len(line) > 80 and str(folder) not in line] == []
    after = text[text.index("What is wrong") :]
    assert after.index("sources:") < after.index("Worth knowing")
    assert re.search(rf"(?m)^  Type: morgue -a {re.escape(str(folder))} rebuild$", after)
    assert re.search(r"\d+ things are wrong, \d+ notes, \d+ ok\.$", text.rstrip())


def test_a_crawl_at_work_is_named(folder: Path) -> None:
    with lock(folder / "crawl.lock", "morgue crawl"):
        _, told = doctor(folder)
    if Path("/proc/locks").exists():
        (held,) = [f["what"] for f in told["findings"] if f["check"] == "locks"]
        assert held.startswith(f"crawl.lock is held by morgue crawl (process {os.getpid()})")


def test_an_archive_that_works_has_its_contact_alone_to_mend(days: Days, tmp_path: Path) -> None:
    archive = days.second.copy(tmp_path / "copy")
    done = archive.run("doctor", "--json", code=3)  # its contact is an example, as the papers are
    told = done.json
    assert levels(told, "wrong") == {"contact"}
    assert {"sources", "shelf", "archive.db", "crawl.db", "last crawl", "health", "decisions"} <= levels(told, "ok")
    (disk,) = [finding["what"] for finding in told["findings"] if finding["check"] == "disk"]
    assert re.search(r"at [\d.,]+ [KM]B a day enough for", disk)


def test_in_a_fresh_home_and_the_plainest_locale(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "PATH": str(tmp_path), "LC_ALL": "C", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "0"}

    def typed(*words: str) -> subprocess.CompletedProcess[str]:
        code = "from crawler.cli import main; main()"
        command = [sys.executable, "-c", code, *words]
        return subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, encoding="utf-8", errors="replace", timeout=60
        )

    assert typed("init", "Zürich", "--contact", "desk@gazette.se").returncode == 0
    done = typed("-a", "Zürich", "doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert "The archive in " in done.stdout
    assert "export LANG=C.UTF-8" in done.stdout
