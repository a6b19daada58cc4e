"""The bench of telling copies in short: made-up words, no peer, an index filled in bulk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "scripts" / "bench" / "dedupe.py"


def test_it_measures_what_was_placed_one_by_one_and_what_was_filled_in_bulk(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "MORGUE_CORPUS"}
    command = [sys.executable, str(BENCH), "--sizes", "100,400", "--one-by-one", "100", "--measured", "60"]
    command += ["--peers", "none", "--json", str(tmp_path / "out.json")]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=120)
    assert done.returncode == 0, done.stderr
    small, large = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["sizes"]
    assert (small["texts"], large["texts"]) == (100, 400)
    for found in (small, large):
        assert found["cpu_ms"] > 0
        assert 0 < found["lookup_ms"] <= found["lookup_p95_ms"]
        assert found["index_bytes"] > 500  # forty pairs, and terms and lines
        assert found["copies_found"] > 0.5
        assert found["others_joined"] < 0.2
    assert "400 texts:" in done.stdout


def test_the_same_number_makes_the_same_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH.parent))
    from news_mill import Mill

    words = ["The pier of Tarn was rebuilt. Nobody had asked for it.", "A storm tore the pier in two. The board voted."]
    one, other = Mill(words), Mill(words)
    assert one.known(7) == other.known(7) != one.known(8)
    assert Mill(words, seed=2).known(7) != one.known(7)
    with pytest.raises(ValueError, match="spaces"):
        Mill(["東京都。"])
