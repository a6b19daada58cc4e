"""scripts/bench/all knows every bench, and puts what they tell into the documents."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "scripts" / "bench"
sys.path.insert(0, str(BENCH))

import collect  # noqa: E402 - the path comes first
from result import result, result_in  # noqa: E402

PAGE = f"# Figures\n\nBy hand.\n\n{collect.BEGIN}\nold\n{collect.END}\n\nBy hand too.\n"


def one(**figures: float) -> collect.Run:
    return collect.Run(
        command="scripts/bench/store.py",
        at="2026-05-01",
        machine="a machine",
        versions="1",
        seconds=3.0,
        figures=figures,
    )


def bench_all(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, BENCH / "all", *words], capture_output=True, text=True, timeout=60)


def test_every_script_is_listed_with_its_short_form() -> None:
    done = bench_all("--short", "--list")
    assert done.returncode == 0, done.stderr
    listed = {line.partition(" ")[0]: line.partition(" ")[2] for line in done.stdout.splitlines()}
    scripts = {
        path.stem for path in BENCH.glob("*.py") if '\nif __name__ == "__main__"' in path.read_text(encoding="utf-8")
    }
    assert set(listed) == scripts - collect.HELPERS
    assert [name for name, words in listed.items() if not words] == []  # a new bench: give it a line in collect.SHORT


@pytest.mark.parametrize("name", collect.names())
def test_every_bench_tells_its_result(name: str) -> None:
    assert collect.tells(name), f"scripts/bench/{name}.py: call result(…) of result.py with its medians at the end"


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    done = bench_all("stor")
    assert done.returncode == 2
    assert "no bench stor" in done.stderr
    assert "storage, store" in done.stderr


def test_figures_are_read_from_what_a_bench_prints(capsys: pytest.CaptureFixture[str]) -> None:
    result({"pages a second": 3.14159, "pages": 1000})
    assert result_in("1,000 pages\n" + capsys.readouterr().out) == {"pages a second": 3.142, "pages": 1000}
    assert result_in("1,000 pages\n") is None


def test_a_bench_is_run_and_its_figures_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny.py").write_text('print("x")\nprint(\'RESULT {"ratio": 0.5}\')\n', encoding="utf-8")
    monkeypatch.setattr(collect, "HERE", tmp_path)
    runs = {"tiny": collect.run("tiny", short=True)}
    assert runs["tiny"].figures == {"ratio": 0.5}
    assert "Python" in runs["tiny"].versions
    collect.dump(tmp_path / "a.json", runs)
    assert collect.load(tmp_path / "a.json") == runs
    assert collect.load(tmp_path / "none.json") == {}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('x')", "exit code 0, no figures: x"),  # no RESULT line
        (
            "print('RESULT {\"a\": 1}'); raise SystemExit('the disk is full')",
            "exit code 1, no figures: the disk is full",
        ),
        ("import time; time.sleep(60)", "it took longer than 1 s"),
    ],
)
def test_a_bench_that_tells_nothing_says_why_and_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    (tmp_path / "bad.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(collect, "HERE", tmp_path)
    monkeypatch.setattr(collect, "LIMIT_SHORT", 1.0)
    with pytest.raises(collect.RunError, match=said) as caught:
        collect.run("bad", short=True)
    assert "Run it by itself: scripts/bench/bad.py" in str(caught.value)


def test_the_table_stands_between_its_marks_and_nothing_else_changes() -> None:
    page = collect.put(PAGE, {"store": one(ratio=0.5, ms=2.0)})
    before, _, rest = page.partition(collect.BEGIN)
    inside, _, after = rest.partition(collect.END)
    assert (before, after) == ("# Figures\n\nBy hand.\n\n", "\n\nBy hand too.\n")
    assert "old" not in inside
    assert "| `scripts/bench/store.py` | ratio | 0.5 | 2026-05-01 |\n|  | ms | 2.0 |  |" in inside
    assert collect.put(page, {"store": one(ratio=0.5, ms=2.0)}) == page
    with pytest.raises(ValueError, match="lost its marks"):
        collect.put("# Figures\n", {})


def test_the_page_has_the_table_of_the_figures_that_are_kept() -> None:
    runs = collect.load(ROOT / "docs" / "benchmarks.json")
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert collect.put(page, runs) == page
    assert set(runs) <= set(collect.names())
