"""Lists of saved pages, read with what their sites teach: `morgue extract --jsonl … --learn`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from archive.cli import group
from archive.lessons import file_name
from tests.profiles_kit import FURNITURE, html


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    lines = []
    for number in range(6):
        path = tmp_path / f"{number}.html"
        path.write_text(html(number), encoding="utf-8")
        host = "www.news.example" if number % 2 else "news.example"
        lines.append({"path": str(path), "url": f"https://{host}/{number}"})
    lines.insert(3, {"path": str(tmp_path / "none.html"), "url": "https://news.example/none"})
    alone = tmp_path / "alone.html"
    alone.write_text(html(50), encoding="utf-8")
    lines.append({"path": str(alone), "url": "https://alone.example/50"})
    lines.append({"path": str(alone), "url": "https://news.example/50", "source": "other"})  # its source, not its host
    (tmp_path / "list.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path / "list.jsonl"


def extracted(*words: Any, code: int = 0, stdin: str | None = None) -> list[dict[str, Any]]:
    done = CliRunner().invoke(group, ["extract", *map(str, words)], input=stdin)
    assert done.exit_code == code, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("option", ["--learn", "--learn-from-others"])
def test_a_list_is_read_in_order_with_what_its_pages_teach(saved: Path, option: str) -> None:
    urls = [json.loads(line)["url"] for line in saved.read_text().splitlines()]
    plain = extracted("--jsonl", saved, "--jobs", "0")
    found = extracted("--jsonl", saved, option, "--jobs", "0")
    assert [each["url"] for each in found] == [each["url"] for each in plain] == urls
    assert "error" in found[3]
    assert [FURNITURE in (each.get("text") or "") for each in found] == [False] * 7 + [True] * 2
    assert all(FURNITURE in each["text"] for each in plain if "text" in each)
    assert extracted("--jsonl", saved, option, "--jobs", "2") == found
    assert extracted("--jsonl", "-", option, "--jobs", "0", stdin=saved.read_text()) == found


def test_from_others_a_page_teaches_itself_nothing(saved: Path) -> None:
    lines = [json.loads(line) for line in saved.read_text().splitlines()[:2]]
    lines.append(lines[1] | {"url": lines[1]["url"] + "?utm_source=feed"})  # the same page once more
    saved.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = extracted("--jsonl", saved, "--learn-from-others", "--jobs", "0")
    assert [FURNITURE in each["text"] for each in found] == [True] * 3  # one other page is too few to learn from
    together = extracted("--jsonl", saved, "--learn", "--jobs", "0")
    assert [FURNITURE in each["text"] for each in together] == [False] * 3


def test_a_line_that_says_so_teaches_nothing(saved: Path) -> None:
    lines = [json.loads(line) | {"learn": False} for line in saved.read_text().splitlines()]
    del lines[0]["learn"], lines[1]["learn"]
    lines[1]["path"] = lines[1]["path"].replace("1.html", "none.html")
    saved.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert all(
        FURNITURE in each["text"] for each in extracted("--jsonl", saved, "--learn", "--jobs", "0") if "text" in each
    )


def test_profiles_are_written_and_read_a_page_by_itself(saved: Path, tmp_path: Path) -> None:
    extracted("--jsonl", saved, "--learn", "--profiles-out", tmp_path / "p", "--jobs", "0")
    [path] = (tmp_path / "p").iterdir()
    assert path.name == "news.example.json"
    [one] = extracted("--profile", path, "--jsonl", "-", stdin=saved.read_text().splitlines()[7])
    assert FURNITURE not in one["text"]
    words = ["extract", str(tmp_path / "0.html"), "--url", "https://news.example/0", "--profile", str(path)]
    done = CliRunner().invoke(group, words)
    assert done.exit_code == 0, (done.output, done.exception)
    single = json.loads(done.stdout)
    assert FURNITURE not in single["text"]


@pytest.mark.parametrize(
    "words",
    [
        ("page.html", "--url", "https://news.example/a", "--learn"),
        ("--jsonl", "list.jsonl", "--learn", "--profile", "p.json"),
        ("--jsonl", "list.jsonl", "--profiles-out", "p"),
    ],
)
def test_options_that_do_not_go_together(words: tuple[str, ...]) -> None:
    extracted(*words, code=2)


@pytest.mark.parametrize(
    ("site", "name"), [("../x", "x-"), ("..", "-"), ("Straße", "Stra-e-"), ("a" * 300, "a" * 80 + "-")]
)
def test_a_site_is_written_to_a_plain_name(site: str, name: str) -> None:
    assert file_name(site).startswith(name)
    assert "/" not in file_name(site)
    assert not file_name(site).startswith(".")
