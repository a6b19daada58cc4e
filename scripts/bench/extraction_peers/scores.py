"""What readers' answers are worth against the truth, and how sure a difference between two of them is."""

from __future__ import annotations

import importlib.util
import json
import random
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DRAWS = 1000
SEED = 0
TOOL = Path("tools") / "score_extraction_metrics.py"  # beside the corpus


class MissingError(Exception):
    """Something that the bench measures with is not there."""


@dataclass(frozen=True, slots=True)
class TruthPage:
    """One page of a set with what is true of it."""

    set: str
    n: str
    url: str
    host: str
    path: Path
    truth: Mapping[str, Any]


@dataclass
class Answers:
    """What one reader said of one page in each round."""

    said: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def first(self) -> Mapping[str, Any]:
        """The first round's answer: it is the one that is scored."""
        return self.said[0]

    @property
    def stable(self) -> bool:
        """Whether all rounds gave the same."""
        return all({**s, "cpu": 0} == {**self.first, "cpu": 0} for s in self.said)


def load_metrics(corpus: Path) -> Any:
    """Return the module of metrics that lies beside the corpus. Raises MissingError."""
    path = corpus.parent / TOOL
    if not path.is_file():
        raise MissingError(f"{path} is not there: the bench scores with the metrics that belong to the corpus")
    spec = importlib.util.spec_from_file_location("score_extraction_metrics", path)
    assert spec is not None  # noqa: S101 - a .py file has a spec
    assert spec.loader is not None  # noqa: S101 - and a loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_set(corpus: Path, name: str, limit: int | None) -> list[TruthPage]:
    """Return a set's pages. Raises MissingError."""
    folder = corpus / "extraction" / name
    truth = folder / "truth.jsonl"
    if not truth.is_file():
        raise MissingError(f"{truth} is not there: --sets takes folders of {folder.parent}")
    with truth.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines][:limit]
    return [
        TruthPage(name, str(row["n"]), row["url"], row.get("host") or "", folder / "html" / f"{row['n']}.html.gz", row)
        for row in rows
    ]


def text_row(metrics: Any, page: TruthPage, said: Mapping[str, Any]) -> tuple[float, float, float, float]:
    """Return true positives, false positives, false negatives and exactness of one page's text."""
    truth = page.truth
    row: tuple[float, float, float, float] = metrics.page(
        truth["text"], said.get("text") or "", truth.get("optional") or "", cjk=truth.get("cjk", False)
    )
    return row


def score(metrics: Any, pages: Sequence[TruthPage], said: Sequence[Mapping[str, Any]]) -> dict[str, float | int | None]:
    """Return one reader's scores over these pages; None where no page has such a truth, or the reader never tells it.

    Text: precision and recall are means over pages, f1 is made of the means (`agg`). Dates: the exact day, as given.
    Titles: equal without case, accents and punctuation. Authors: the exact set of names.
    """
    pairs = list(zip(pages, said, strict=True))
    texts = [text_row(metrics, page, s) for page, s in pairs if page.truth.get("text")]
    dates = [str(s.get("date") or "")[:10] == p.truth["date"] for p, s in pairs if p.truth.get("date")]
    titles = [bool(metrics.title_ok(p.truth["title"], s.get("title"))) for p, s in pairs if p.truth.get("title")]
    named = [
        metrics.authors_prf(p.truth["authors"], s.get("authors") or []) for p, s in pairs if p.truth.get("authors")
    ]
    whole = metrics.agg(texts) if texts else {}
    hits, wrong, lost = (sum(row[at] for row in named) for at in range(3))
    return {
        "pages": len(pairs),
        "errors": sum(bool(s.get("error")) for s in said),
        "empty": sum(not (s.get("text") or "").strip() for s in said),
        "refused": sum(s.get("article") is False for s in said),
        "f1": whole.get("f1"),
        "precision": whole.get("p"),
        "recall": whole.get("r"),
        "page_f1": whole.get("pagef1"),
        "exact_text": whole.get("acc"),
        "dates": _mean(dates) if any(s.get("date") for s in said) else None,
        "titles": _mean(titles),
        "authors": _mean([row[3] for row in named]) if any(s.get("authors") for s in said) else None,
        "authors_f1": 2 * hits / max(1, 2 * hits + wrong + lost) if named else None,
    }


def _mean(values: Sequence[float]) -> float | None:
    return statistics.fmean(values) if values else None


def cpu_ratio(ours: Sequence[Answers], baseline: Sequence[Answers] | None) -> dict[str, float | None]:
    """Return CPU ms per page, and the median over rounds of the ratio of the sums (with the least and the most)."""
    sums = [sum(float(s["cpu"]) for s in each) for each in zip(*(a.said for a in ours), strict=True)]
    found: dict[str, float | None] = {"cpu_ms": 1000 * statistics.median(sums) / len(ours)}
    if baseline is None:
        return found | {"cpu": None, "cpu_least": None, "cpu_most": None}
    base = [sum(float(s["cpu"]) for s in each) for each in zip(*(a.said for a in baseline), strict=True)]
    ratios = [a / b for a, b in zip(sums, base, strict=True) if b]
    if not ratios:
        return found | {"cpu": None, "cpu_least": None, "cpu_most": None}
    return found | {"cpu": statistics.median(ratios), "cpu_least": min(ratios), "cpu_most": max(ratios)}


Pair = tuple[str, tuple[float, float, float, float], tuple[float, float, float, float]]  # host, ours, theirs


def text_pairs(
    metrics: Any, pages: Iterable[TruthPage], ours: Iterable[Mapping[str, Any]], theirs: Iterable[Mapping[str, Any]]
) -> list[Pair]:
    """Return the text rows of two readers over the same pages."""
    return [
        (page.host, text_row(metrics, page, a), text_row(metrics, page, b))
        for page, a, b in zip(pages, ours, theirs, strict=True)
        if page.truth.get("text")
    ]


def bootstrap(metrics: Any, pairs: Sequence[Pair], *, draws: int = DRAWS, seed: int = SEED) -> dict[str, float | int]:
    """Return the difference of text F1 (ours minus theirs) with its 95% interval, hosts drawn with replacement.

    A host's pages succeed and fail together, so a draw takes or leaves them together (the cluster bootstrap: Davison and
    Hinkley, Bootstrap Methods and their Application, 1997, section 3.8).
    """
    by_host: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_host[pair[0]].append(pair)
    hosts = sorted(by_host)
    chance = random.Random(seed)  # noqa: S311 - a sample, not a secret

    def difference(taken: Sequence[Pair]) -> float:
        return float(metrics.agg([p[1] for p in taken])["f1"] - metrics.agg([p[2] for p in taken])["f1"])

    found = sorted(
        difference([pair for host in chance.choices(hosts, k=len(hosts)) for pair in by_host[host]])
        for _ in range(draws)
    )
    low, high = found[int(draws * 0.025)], found[min(draws - 1, int(draws * 0.975))]
    better = sum(value > 0 for value in found) / draws
    return {
        "difference": difference(pairs), "low": low, "high": high, "better": better, "pages": len(pairs),
        "hosts": len(hosts), "draws": draws,
    }  # fmt: skip
