"""The bench of the whole job in short: two hosts, ours and the script of forty lines; and its scores and its kills alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "scripts" / "bench" / "whole.py"


@pytest.fixture(autouse=True)
def _peers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH.parent))


@pytest.mark.corpus
def test_both_do_the_job_and_are_killed_and_told(corpus: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(BENCH),
        "--here",
        "--hosts",
        "2",
        "--rounds",
        "1",
        "--peers",
        "sqlite-utils",
        "--kill",
        "sqlite-utils",
    ]
    env = {**os.environ, "MORGUE_CORPUS": str(corpus)}
    done = subprocess.run(
        [*command, "--json", str(tmp_path / "out.json")], capture_output=True, text=True, env=env, timeout=300
    )
    assert done.returncode == 0, done.stderr
    said = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    ours, script = said["rounds"][0]["Morgue"], said["rounds"][0]["Scrapy, trafilatura, sqlite-utils"]
    for found in (ours, script):
        assert found["pages"] == said["addresses"] == 10  # the two smallest of the hosts with five or more
        assert 5 <= found["articles"] <= 10
        assert found["CPU ms/page"] > 1
        assert found["memory MB"] > 20
        assert found["bytes/article"] > 1000
    assert ours["bytes as sent/article"] > 1000  # the WARC file
    assert said["figures"]["Scrapy, trafilatura, sqlite-utils"]["CPU / ours"][0] == pytest.approx(
        script["CPU ms/page"] / ours["CPU ms/page"]
    )
    [kill] = said["kills"].values()  # killing ours takes longer: tests/test_kill.py
    assert kill["killed"]
    assert (kill["code after"], kill["articles lost"]) == (0, 0)
    assert done.stdout.count("\n| ") == 2


@pytest.mark.parametrize(
    ("text", "furnished"),
    [
        ("The board met.\n\nSkip to main content", True),
        ("* Sign up for our free daily newsletter", True),
        ("Leave a comment", True),
        ("3 Comments", True),
        ("Advertisement", True),
        ("Those who skip to content by comments advertise it.", False),
        ("Share prices fell on Monday.", False),
        ("Comments by the minister were heard.", False),
        ("Related species live in the pier.", False),
    ],
)
def test_furniture_is_a_line_of_its_own(text: str, furnished: bool) -> None:
    from whole_peers import worth

    assert worth.furnished(text) is furnished


def test_articles_are_scored_by_page_whatever_the_scheme() -> None:
    from whole_peers.worth import Article, place, worth

    said = "The pier of Tarn was rebuilt after the storm."
    articles = [
        Article("http://a.example/1", "One", said),
        Article("https://a.example/1", "One", said),  # the same page
        Article("http://a.example/2", "Two", f"{said}\nAdvertisement"),
        Article("http://a.example/3", "Three", said.upper()),
        Article("http://a.example/4", "Four", " "),  # nothing
    ]
    truth = {place("https://a.example/1"): {"text": said}, place("https://a.example/2"): {"text": said[:25]}}
    found = worth(articles, truth)
    assert (found["articles"], found["with a known text"], found["texts that stand twice"]) == (3, 2, 1)
    assert found["of them with furniture"] == pytest.approx(1 / 3)
    # of the second page six of the seven sequences of four words are foreign, of nine words with the last line ten
    assert 0.5 < found["text F1"] < 0.9


def test_a_killed_command_takes_its_children_along(tmp_path: Path) -> None:
    from whole_peers import watch

    child = tmp_path / "child"
    code = (
        "import pathlib, subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)\n"
        f"pathlib.Path({str(child)!r}).write_text(str(p.pid))\n"
        "time.sleep(60)\n"
    )
    begun = time.monotonic()
    used = watch.run(
        [sys.executable, "-c", code], env=os.environ, cwd=tmp_path, log=tmp_path / "log", kill_when=child.exists
    )
    assert used.code == -9
    assert time.monotonic() - begun < 30
    assert not Path(f"/proc/{child.read_text()}").exists() or "Z" in Path(f"/proc/{child.read_text()}/stat").read_text()


def test_cost_is_of_a_command_and_its_children(tmp_path: Path) -> None:
    from whole_peers import watch

    burn = "import time\nwhile time.process_time() < 0.5: pass\n"
    code = (
        f"import subprocess, sys, time\nx = b'x' * 40_000_000\nsubprocess.run([sys.executable, '-c', {burn!r}])\n{burn}"
    )
    used = watch.run([sys.executable, "-c", code], env=os.environ, cwd=tmp_path, log=tmp_path / "log")
    assert used.code == 0
    assert 1.0 <= used.cpu < 3.0
    assert used.memory > 40
