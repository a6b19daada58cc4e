"""The extraction bench in short: our own papers, no peers, no network, and metrics of a few lines."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.site.content import all_articles, articles_on
from tests.site.routes import answer

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "scripts" / "bench" / "extraction.py"
# The functions of the real metrics that the bench asks, on sets of words.
METRICS = """
def page(true, pred, optional="", n=4, cjk=False):
    a, b = set(true.split()), set(pred.split())
    whole = len(a | b) or 1
    return len(a & b) / whole, len(b - a) / whole, len(a - b) / whole, float(a == b)


def agg(rows):
    tp, fp, fn = (sum(row[at] for row in rows) for at in range(3))
    p, r, f1 = tp / ((tp + fp) or 1), tp / ((tp + fn) or 1), 2 * tp / ((2 * tp + fp + fn) or 1)
    return {"f1": f1, "p": p, "r": r, "acc": 0.0, "pagef1": f1}


def title_ok(true, pred):
    return true == pred


def authors_prf(true, pred):
    a, b = set(true), set(pred)
    return len(a & b), len(b - a), len(a - b), float(a == b)
"""


@pytest.fixture
def own_corpus(tmp_path: Path) -> Path:
    """Make a corpus of one set: ten articles of the papers on day 1."""
    folder = tmp_path / "corpus" / "extraction" / "papers"
    (folder / "html").mkdir(parents=True)
    rows = []
    for number, article in enumerate(all_articles()[:10]):
        base = f"https://{article.site}.example"
        state = next(a for a in articles_on(article.site, article.day) if a.path == article.path)
        reply = answer(article.site, article.day, base, article.path)
        (folder / "html" / f"{number}.html.gz").write_bytes(gzip.compress(reply.body))
        row = {"n": number, "url": base + article.path, "host": base[8:], "text": state.text, "title": state.title}
        rows.append({**row, "date": state.published.date().isoformat(), "authors": list(state.authors)})
    (folder / "truth.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "score_extraction_metrics.py").write_text(METRICS, encoding="utf-8")
    return tmp_path / "corpus"


def bench(corpus: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCH), "--sets", "papers", "--peers", "none", *words]
    env = {**os.environ, "MORGUE_CORPUS": str(corpus), "PYTHONPATH": str(ROOT / "tests")}
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=120)


def never_tells(body: bytes, url: str) -> dict[str, object]:
    """Stand in for ours: no date, no author, and an error on one page."""
    if url.endswith("/"):
        raise ValueError(url)
    return {"title": "x", "text": "a pier", "article": False}


def test_our_papers_are_scored(own_corpus: Path, tmp_path: Path) -> None:
    done = bench(own_corpus, "--rounds", "2", "--json", str(tmp_path / "out.json"))
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    ours = found["figures"]["papers"]["ours"]
    assert (ours["pages"], ours["errors"], ours["refused"], ours["empty"]) == (10, 0, 0, 0)
    assert ours["f1"] > 0.9
    assert (ours["dates"], ours["titles"]) == (1, 1)
    assert ours["cpu_ms"] > 0
    assert ours["cpu"] is None  # there is no baseline to compare with
    assert found["unstable"] == {"ours": []}
    assert len(found["pages"]) == 10
    assert "papers, 10 pages" in done.stdout


def test_any_function_can_stand_as_ours(own_corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    done = bench(own_corpus, "--rounds", "1", "--ours", "odd=test_extract_bench:never_tells", "--json", str(out))
    assert done.returncode == 0, done.stderr
    odd = json.loads(out.read_text(encoding="utf-8"))["figures"]["papers"]["odd"]
    assert (odd["refused"] + odd["errors"], odd["dates"], odd["authors"], odd["titles"]) == (10, None, None, 0)


def test_without_the_metrics_it_says_what_is_missing(own_corpus: Path) -> None:
    (own_corpus.parent / "tools" / "score_extraction_metrics.py").unlink()
    done = bench(own_corpus)
    assert done.returncode == 1
    assert "score_extraction_metrics.py is not there" in done.stderr


def test_the_interval_is_drawn_over_hosts(own_corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH.parent))
    from extraction_peers import scores

    metrics = scores.load_metrics(own_corpus)
    good, bad = (1.0, 0.0, 0.0, 1.0), (0.0, 0.5, 0.5, 0.0)
    # Nine pages of one host gain, one page of another loses. Pages alone would never be drawn without the first host's,
    # hosts are: in a quarter of the draws there is only the second.
    pairs = [("a.example", good, bad)] * 9 + [("b.example", bad, good)]
    found = scores.bootstrap(metrics, pairs)
    assert found == scores.bootstrap(metrics, pairs)
    assert (found["low"], found["high"], found["hosts"]) == (-1, 1, 2)
    assert 0.6 < found["better"] < 0.9


def test_what_other_pages_teach_is_scored(tmp_path: Path) -> None:
    """Three pages of one site whose disclaimer looks like a paragraph: each page's profile is of the two others."""
    replay = tmp_path / "corpus" / "replay"
    replay.mkdir(parents=True)
    said = "The editors of this paper answer for no opinion of guests, and take letters about it at their office."
    listed, known = [], []
    for number in range(3):
        text = "\n".join(
            f"Paragraph {n} of story {number} tells what the board of town {number} said on Monday." for n in range(6)
        )
        html = f"<html><body><article><h1>Story {number} of the town</h1>" + "".join(
            f"<p>{line}</p>" for line in [*text.split("\n"), said]
        )
        (replay / f"{number}.html.gz").write_bytes(gzip.compress(html.encode()))
        url = f"https://paper.example/2026/05/20/story-{number}.html"
        listed.append({"url": url, "host": "paper.example", "title": "x", "revs": [{"path": f"{number}.html.gz"}]})
        known.append({"url": url, "text": f"Story {number} of the town\n{text}"})
    (replay / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in listed), encoding="utf-8")
    (replay / "truth.jsonl.gz").write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in known).encode()))
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "score_extraction_metrics.py").write_text(METRICS, encoding="utf-8")
    command = [
        sys.executable,
        str(ROOT / "scripts/bench/profiles.py"),
        "--least",
        "3",
        "--json",
        str(tmp_path / "out.json"),
    ]
    env = {**os.environ, "MORGUE_CORPUS": str(tmp_path / "corpus")}
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=120)
    assert done.returncode == 0, done.stderr
    without, taught = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["paper.example"]
    assert without < 1.0
    assert taught == 1.0
    assert "the error falls by 100.0%" in done.stdout
