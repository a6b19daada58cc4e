"""The demo types commands that exist, and leaves no server behind, however it ends."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import sys
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import click
import pytest

ROOT = Path(__file__).resolve().parent.parent
STAND_IN = """#!{python}
# Stands in for morgue: notes what was typed, makes what the demo itself reads, fails where the test says so.
import json, os, pathlib, sys
words = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(json.dumps([words, os.environ.get("MORGUE_NOW")]) + "\\n")
folder = pathlib.Path({folder!r})
if words[0] == "init":
    folder.mkdir()
    (folder / "sources.toml").write_text("")
if "add" in words:
    with open(folder / "sources.toml", "a") as file:
        for url in (word for word in words if word.startswith("http")):
            file.write(f'[[source]]\\nname = "x"\\nurl = "{{url}}"\\n')
sys.exit({fail!r} in words)
"""


def load_demo(tmp_path: Path, fail: str = "") -> tuple[ModuleType, Path]:
    """Return scripts/demo.py as a module that works in `tmp_path` with a stand-in for morgue, and that one's log."""
    spec = importlib.util.spec_from_file_location("morgue_demo", ROOT / "scripts" / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    demo = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = demo
    spec.loader.exec_module(demo)
    log, folder, program = tmp_path / "log", tmp_path / "demo-archive", tmp_path / "morgue"
    program.write_text(STAND_IN.format(python=sys.executable, log=str(log), folder=str(folder), fail=fail))
    program.chmod(0o755)
    demo.ARCHIVE, demo.MORGUE, demo.PORT = folder, program, 0  # type: ignore[attr-defined] - names of that script
    return demo, log


def typed(log: Path) -> list[tuple[list[str], str | None]]:
    return [tuple(json.loads(line)) for line in log.read_text().splitlines()]


def papers_answer(capsys: pytest.CaptureFixture[str]) -> bool:
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("  courier"))
    where = urlsplit(line.split()[1])
    with socket.socket() as probe:
        return probe.connect_ex((where.hostname, where.port)) == 0


def test_two_evenings_are_shown_and_the_server_stops(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)  # the test runner's own handlers stay
    demo, log = load_demo(tmp_path)
    (tmp_path / "demo-archive").mkdir()
    (tmp_path / "demo-archive" / "left-over").touch()  # an earlier demo's archive is made anew
    assert demo.main() == 0
    assert not (tmp_path / "demo-archive" / "left-over").exists()
    assert not papers_answer(capsys)
    crawls = [now for words, now in typed(log) if "crawl" in words]
    assert crawls == ["2026-05-20T22:05:00Z", "2026-05-21T22:05:00Z"]
    sources = (tmp_path / "demo-archive" / "sources.toml").read_text()
    assert sources.count("url =") == 4
    assert sources.count("delay = 0") == 3  # all but the paper that asks for a Crawl-delay


@pytest.mark.parametrize("fail", ["init", "crawl", "show", "sql"])
def test_a_failing_command_ends_the_demo_and_the_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, fail: str
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    demo, log = load_demo(tmp_path, fail)
    assert demo.main() == 1
    assert fail in typed(log)[-1][0]
    assert not papers_answer(capsys)


def test_the_demo_types_commands_that_exist(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = pytest.importorskip("crawler.cli", reason="there is no command line yet")
    monkeypatch.setattr("signal.signal", lambda *_: None)
    demo, log = load_demo(tmp_path)
    assert demo.main() == 0
    group = next(value for value in vars(cli).values() if isinstance(value, click.Group) and "crawl" in value.commands)
    for words, _ in typed(log):
        command: click.Command = group
        context = command.make_context("morgue", list(words))
        while isinstance(command, click.Group):
            name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
            assert found is not None, name
            command = found
            context = command.make_context(name, rest, parent=context)  # an unknown option is an error here


@pytest.mark.skipif(os.name != "posix", reason="bash")
def test_the_script_is_one_that_bash_can_read() -> None:
    import subprocess

    assert subprocess.run(["bash", "-n", str(ROOT / "scripts" / "demo")], check=False).returncode == 0
    assert os.access(ROOT / "scripts" / "demo", os.X_OK)
