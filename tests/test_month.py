"""The simulated month in short: a few hosts, six runs. Long: scripts/bench/crawl_month.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "scripts" / "bench" / "crawl_month.py"


@pytest.mark.corpus
@pytest.mark.slow
def test_each_page_is_captured_in_the_run_after_it_appeared_or_the_next(corpus: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(BENCH), "--runs", "6", "--hosts", "8", "--json", str(tmp_path / "month.json")]
    env = {**os.environ, "MORGUE_CORPUS": str(corpus)}
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    month = json.loads((tmp_path / "month.json").read_text(encoding="utf-8"))
    assert (month["late"], month["never"]) == ([], [])
    assert set(month["delays"]) <= {"0", "1"}
    assert sum(month["delays"].values()) + month["not_yet"] > 150  # the eight largest hosts have more
    assert len(month["requests"]) == 6
    assert month["roles"]["page"] >= sum(month["delays"].values())
    assert month["statuses"]["304"] > 0
    assert "late 0, never 0" in done.stdout


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ({"date": "2012-01-09 12:00:00"}, datetime(2012, 1, 9, 12, tzinfo=UTC)),
        ({"date": None, "page_date": "2012-01-09T12:00:00+02:00"}, datetime(2012, 1, 9, 10, tzinfo=UTC)),
        ({"date": "yesterday", "page_date": "2012-01-09 noon"}, datetime(2012, 1, 9, tzinfo=UTC)),
        ({}, datetime(2020, 6, 1, tzinfo=UTC)),  # the day of its capture
    ],
)
def test_when_a_page_is_shown(page: dict[str, object], expected: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH.parent))
    from crawl_month import when

    assert when({"revs": [{"captured": "2020-06-01"}], **page}) == expected


def test_the_figures_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH.parent))
    from crawl_month import Month

    month = Month(
        [100, 30, 20], Counter(page=150), Counter({"304": 60}), received=3_000_000, delays=Counter({0: 8, 1: 2})
    )
    told = "\n".join(month.told(3, 2))
    assert "150 requests (100 in the first run, 25 in each of the others)" in told
    assert "15.0 requests and 300 kB for each new page" in told
    assert "answers 304: 40.0%" in told
    month.articles = 5
    assert "30.0 requests and 600 kB for each new article" in "\n".join(month.told(3, 2))
