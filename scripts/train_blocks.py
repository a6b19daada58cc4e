#!/usr/bin/env python3
"""Learn which segments of a page are its article's, and write archive/extract/blocks.json and blocks-few.json.

The former are for pages of which all witnesses were heard, the latter for pages of which trafilatura was not asked.

Usage: MORGUE_CORPUS=DIR scripts/train_blocks.py            train on all pages of DIR/extraction and write the weights
       MORGUE_CORPUS=DIR scripts/train_blocks.py --few      write blocks-few.json alone
       MORGUE_CORPUS=DIR scripts/train_blocks.py --folds F  read every page with weights trained on other hosts only, and
                                                            write what comes out to F (a JSON line a page)

A segment is labelled by how much of its four-word sequences stand in the article's true text, each sequence of the truth
being claimed once, the longest segment first; a shorter one by whether it continues the one before it or precedes the one
after. It weighs as much as its share of the article. Three forests of boosted trees on random parts of the columns are
summed: one alone varies by .002 F1 with its seed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from archive.extract import Page, title, to_json  # noqa: E402 - the path comes first
from archive.extract.document import parse  # noqa: E402
from archive.extract.evidence import Evidence  # noqa: E402
from archive.extract.extract import extract  # noqa: E402
from archive.extract.features import COLUMNS, Table  # noqa: E402
from archive.extract.judge import ALL, FEW, Forest  # noqa: E402
from archive.extract.segment import BREAK  # noqa: E402

SETS = ("sh", "aed", "fundus", "wcxb_dev")
FOLDS = 5
FORESTS = 3
_GRAM = 4
_TOKEN = re.compile(r"\w+")
_CJK = re.compile("([\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f])")
_OUT = ROOT / "archive" / "extract"


@dataclass(frozen=True)
class Sample:
    """One page of a set with its truth."""

    set: str
    n: str
    url: str
    host: str
    path: Path
    text: str
    optional: str
    cjk: bool


@dataclass(frozen=True)
class Read:
    """A page's candidates: features, labels, weights."""

    rows: Any
    labels: Any
    weights: Any


Pair = dict[str, Read]  # ALL, FEW -> the page as it is judged then


def samples(corpus: Path) -> list[Sample]:
    """Return the pages that have a true text."""
    found = []
    for name in SETS:
        folder = corpus / "extraction" / name
        for line in (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines():
            raw = json.loads(line)
            path = folder / "html" / f"{raw['n']}.html.gz"
            found.append(
                Sample(
                    name, raw["n"], raw["url"], raw["host"], path, raw.get("text") or "", raw.get("optional") or "",
                    bool(raw.get("cjk")),
                )
            )  # fmt: skip
    return found


def domain(host: str) -> str:
    """Return a host's registered domain, near enough to keep a publisher's pages in one fold."""
    parts = host.split(".")
    short = len(parts) > 2 and len(parts[-2]) <= 3 and len(parts[-1]) == 2
    return ".".join(parts[-3:] if short else parts[-2:])


def tokens(said: str, *, cjk: bool) -> list[str]:
    """Return words; each character is one where words are not spaced."""
    return _TOKEN.findall(_CJK.sub(r" \1 ", said) if cjk else said)


def labels(texts: Sequence[str], truth: str, optional: str, *, cjk: bool) -> list[tuple[float, int]]:
    """Return for each segment how much of it is the article's (-1: it does not matter), and how many words it has."""
    true = tokens(truth, cjk=cjk)
    at: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i in range(len(true) - _GRAM + 1):
        at[tuple(true[i : i + _GRAM])].append(i)
    free = tokens(optional, cjk=cjk)
    costless = {tuple(free[i : i + _GRAM]) for i in range(len(free) - _GRAM + 1)}
    words = [tokens(t, cjk=cjk) for t in texts]
    out = [(0.0, len(w)) for w in words]
    span: dict[int, tuple[int, int]] = {}
    claimed: set[int] = set()
    for j in sorted((j for j, w in enumerate(words) if len(w) >= _GRAM), key=lambda j: -len(words[j])):
        grams = [tuple(words[j][i : i + _GRAM]) for i in range(len(words[j]) - _GRAM + 1)]
        claims: list[int] = []
        for gram in grams:
            free_at = [p for p in at.get(gram, ()) if p not in claimed and p not in claims[-1:]]
            claims.extend(free_at[:1])
        share = len(claims) / len(grams)
        if share > 0.5:
            claimed.update(claims)
            span[j] = (claims[0], claims[-1] + _GRAM)
        elif costless and sum(g in costless for g in grams) > len(grams) / 2:
            share = -1.0
        out[j] = (share, len(words[j]))
    return _label_short(words, true, span, out)


def _label_short(
    words: Sequence[list[str]], true: list[str], span: dict[int, tuple[int, int]], out: list[tuple[float, int]]
) -> list[tuple[float, int]]:
    begins = [len(true)] * len(words)
    begin = len(true)
    for j in range(len(words) - 1, -1, -1):
        begins[j] = begin
        begin = span[j][0] if j in span else begin
    end = 0
    for j, said in enumerate(words):
        if j in span:
            end = span[j][1]
        elif 0 < len(said) < _GRAM:
            before = begins[j] - len(said)
            if true[end : end + len(said)] == said:
                out[j] = (1.0, len(said))
                end += len(said)
            elif before >= max(end - 1, 0) and true[before : begins[j]] == said:
                out[j] = (1.0, len(said))
    return out


def read(sample: Sample) -> Pair:
    """Read one page, with trafilatura and without; empty where it has nothing to learn from."""
    document = parse(Page(url=sample.url, body=gzip.decompress(sample.path.read_bytes())))
    if document is None or not sample.text:
        return {}
    evidence = Evidence(document, [t for t, _ in title.candidates(document, title.site_names(document))])
    tables: dict[str, Table | None] = {ALL: evidence.with_trafilatura()[0], FEW: evidence.without_trafilatura()}
    texts = [s.text.replace(BREAK, "\n") for s in evidence.found]
    said = labels(texts, sample.text, sample.optional, cjk=sample.cjk)
    if not said:
        return {}
    share, size = (np.array(x, dtype=np.float64) for x in zip(*said, strict=True))
    weights = np.minimum(size / max(size[share > 0.5].sum(), 1), 0.5) * 30 + 0.05
    weights[share < 0] = 0
    kept = (share > 0.5).astype(int)
    return {
        name: Read(table.rows, kept[table.candidates], weights[table.candidates])
        for name, table in tables.items()
        if table is not None and table.candidates
    }


def train(pages: Sequence[Pair], witnesses: str) -> dict[str, Any]:
    """Return the weights for ALL or FEW witnesses as they are written."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    known = [p[witnesses] for p in pages if witnesses in p]
    rows, said, weights = (np.concatenate([getattr(p, n) for p in known]) for n in ("rows", "labels", "weights"))
    trees: list[list[list[float]]] = []
    base = 0.0
    depth = 0
    for seed in range(FORESTS):
        model = HistGradientBoostingClassifier(
            max_iter=90, learning_rate=0.09, max_leaf_nodes=15, min_samples_leaf=40, l2_regularization=5.0,
            max_features=0.3, max_depth=6, early_stopping=False, random_state=seed,
        ).fit(rows, said, sample_weight=weights)  # fmt: skip
        # scikit-learn has no public way to read a tree's nodes
        base += float(model._baseline_prediction[0, 0]) / FORESTS  # noqa: SLF001
        for (predictor,) in model._predictors:  # noqa: SLF001
            nodes = predictor.nodes
            depth = max(depth, int(nodes["depth"].max()))
            trees.append([_node(node) for node in nodes])
    return {
        "about": "Written by scripts/train_blocks.py; trees of [column, threshold, at most, above] and [value].",
        "columns": list(COLUMNS),
        "base": round(base, 5),
        "depth": depth,
        "trees": trees,
    }


def _node(node: Any) -> list[float]:
    if node["is_leaf"]:
        return [round(float(node["value"]) / FORESTS, 4)]
    return [int(node["feature_idx"]), float(f"{node['num_threshold']:.5g}"), int(node["left"]), int(node["right"])]


def folds(known: Sequence[Sample]) -> list[int]:
    """Return each page's fold: all pages of a domain are in one."""
    domains = sorted({domain(s.host) for s in known})
    random.Random(0).shuffle(domains)  # noqa: S311 - a shuffle, not a secret
    of = {name: n % FOLDS for n, name in enumerate(domains)}
    return [of[domain(s.host)] for s in known]


def by_folds(known: Sequence[Sample], pages: Sequence[Pair]) -> Iterator[tuple[int, str]]:
    """Yield (place, JSON line) of each page, read with weights of other hosts."""
    of = folds(known)
    for fold in range(FOLDS):
        others = [p for p, f in zip(pages, of, strict=True) if f != fold]
        weights = {witnesses: train(others, witnesses) for witnesses in (ALL, FEW)}
        chosen = [n for n, f in enumerate(of) if f == fold]
        with ProcessPoolExecutor(2) as pool:
            lines = pool.map(partial(_extract, weights), [known[n] for n in chosen], chunksize=8)
            yield from zip(chosen, lines, strict=True)


_LAST: list[tuple[int, dict[str, Forest]]] = []


def _extract(weights: dict[str, dict[str, Any]], sample: Sample) -> str:
    mine = hash(str(weights[ALL]["trees"][0]))
    if not _LAST or _LAST[0][0] != mine:
        _LAST[:] = [(mine, {name: Forest.of(raw) for name, raw in weights.items()})]
    with mock.patch("archive.extract.judge.forest", _LAST[0][1].__getitem__):
        page = Page(url=sample.url, body=gzip.decompress(sample.path.read_bytes()))
        said = to_json(sample.url, extract(page))
    return json.dumps({"set": sample.set, "n": sample.n, **said}, ensure_ascii=False)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=Path, metavar="FILE")
    parser.add_argument("--few", action="store_true", help="write blocks-few.json alone")
    chosen = parser.parse_args()
    corpus = os.environ.get("MORGUE_CORPUS")
    if not corpus:
        sys.exit("train_blocks: set MORGUE_CORPUS to the folder that holds extraction/")
    known = samples(Path(corpus))
    with ProcessPoolExecutor(2) as pool:
        pages = list(pool.map(read, known, chunksize=8))
    if chosen.folds is None:
        for witnesses in (FEW,) if chosen.few else (ALL, FEW):
            out = _OUT / f"{witnesses}.json"
            out.write_text(json.dumps(train(pages, witnesses), separators=(",", ":")) + "\n", encoding="utf-8")
            print(f"train_blocks: {out.relative_to(ROOT)} written, from {len(known)} pages")
        return
    lines = dict(by_folds(known, pages))
    chosen.folds.write_text("".join(f"{lines[n]}\n" for n in range(len(known))), encoding="utf-8")
    print(f"train_blocks: {chosen.folds} written, {len(known)} pages")


if __name__ == "__main__":
    main()
