#!/usr/bin/env python3
"""Learn `archive/dedupe/copies.json` (one story or two) from texts whose story is known.

    MORGUE_CORPUS=DIR scripts/train_dedupe.py [--write] [--folds FILE]

Places the texts of corpus/dedup in three orders as the archive would, notes every comparison that is made, and learns from
them. Prints how the texts cluster by folds: each pair judged by trees that saw no text of its source document. --folds writes
that clustering (forward order) as JSON lines {"id", "cluster", "kind", "of", "score"}; --write replaces copies.json by what all
pairs teach. The same corpus gives the same file. Needs the `dev` extra (scikit-learn).

What is learned is a sum of small trees that are monotone in every feature but the ratio of lengths.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import sqlite3
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from archive.dedupe import story  # noqa: E402 - this checkout's, not an installed one
from archive.dedupe.compare import FEATURES, Comparison  # noqa: E402
from archive.dedupe.exact import EXACT_SCHEMA, JOINING, Placed  # noqa: E402
from archive.dedupe.judge import NEAR, asked, kind_of  # noqa: E402
from archive.dedupe.words import words_digest  # noqa: E402
from archive.trees import Trees, node_of  # noqa: E402
from archive.urls import registered_domain  # noqa: E402

HOME = ROOT / "archive" / "dedupe" / "copies.json"
FOLDS = 10
ORDERS = 3
FREE = {"ratio"}  # features that are not monotone
TREES: dict[str, Any] = {
    "max_iter": 300, "max_depth": 3, "learning_rate": 0.05, "min_samples_leaf": 40, "l2_regularization": 1.0, "random_state": 0,
    "early_stopping": False,
}  # fmt: skip

Doc = dict[str, Any]
Row = tuple[int, Doc, Doc, Comparison]  # order, later, earlier


def orders(docs: Sequence[Doc]) -> list[list[Doc]]:
    """Return the texts forward, backward and shuffled."""
    shuffled = list(docs)
    random.Random(1).shuffle(shuffled)  # noqa: S311 - an order that is always the same
    return [list(docs), list(docs)[::-1], shuffled][:ORDERS]


def rows_of(number: int, docs: Sequence[Doc]) -> list[Row]:
    """Place texts in this order by the truth, and return every comparison that was made."""
    rows: list[Row] = []
    conn = sqlite3.connect(":memory:", isolation_level=None)
    for statement in (*EXACT_SCHEMA, *story.STORY_SCHEMA):
        conn.execute(statement)
    known = [story.Known(d["text"], d["title"], None, d["url"]) for d in docs]

    class Noting(story.StoryDeduper):
        """Decides by the truth, so that what follows does not depend on weights."""

        def _best(self, mine: Any, articles: Sequence[int], weights: dict[int, float]) -> Placed:
            found: list[tuple[int, Comparison]] = []
            compare = story.compare

            def noted(*words: Any) -> Comparison:
                result = compare(*words)
                found.append((articles[len(found)], result))
                return result

            story.compare = noted  # type: ignore[attr-defined]
            try:
                super()._best(mine, articles, weights)
            finally:
                story.compare = compare  # type: ignore[attr-defined]
            later = docs[mine.article]
            rows.extend((number, later, docs[other], result) for other, result in found)
            true = next((a for a, _ in found if docs[a]["cluster"] == later["cluster"]), None)
            return Placed("new") if true is None else Placed("near", true, 1.0)

    deduper = Noting(conn, lambda article: known[article])
    for n, each in enumerate(known):
        deduper.place(n, text=each.text, title=each.title, language=None, url=each.url, at=f"{n:09d}")
    return rows


def group_of(doc: Doc) -> int:
    """Return the fold of a text's source document; reports of one event are of one source."""
    source = ":".join(doc["cluster"].split(":")[:2])
    return int(hashlib.sha256(source.encode()).hexdigest(), 16) % FOLDS


def site_of(doc: Doc) -> str:
    """Return the registered domain that a text is from."""
    return registered_domain(doc["url"])


def fit(x: np.ndarray, y: np.ndarray) -> HistGradientBoostingClassifier:
    """Learn."""
    rising = [0 if name in FREE else 1 for name in FEATURES]
    return HistGradientBoostingClassifier(**TREES, monotonic_cst=rising).fit(x, y)


def exported(model: HistGradientBoostingClassifier) -> dict[str, object]:
    """Return the trees as copies.json has them."""

    def node(nodes: Any, at: int) -> object:
        each = nodes[at]
        if each["is_leaf"]:
            return round(float(each["value"]), 5)
        threshold = float(each["num_threshold"])
        return [int(each["feature_idx"]), threshold, node(nodes, int(each["left"])), node(nodes, int(each["right"]))]

    base = float(np.ravel(model._baseline_prediction)[0])  # noqa: SLF001 - scikit-learn has no other way to the trees
    trees = [node(trees[0].nodes, 0) for trees in model._predictors]  # noqa: SLF001 - as above
    return {"features": list(FEATURES), "base": round(base, 5), "trees": trees}


def clustered(docs: Sequence[Doc], rows: Sequence[Row], likely: np.ndarray) -> list[dict[str, object]]:
    """Return where each text goes when pairs are judged so."""
    best: dict[str, tuple[tuple[float, float, float], float, str, Comparison]] = {}
    for (_, later, earlier, found), p in zip(rows, likely, strict=True):
        rank = (round(float(p), 2), round(found.grams, 3), found.features[1])  # as StoryDeduper ranks them
        joins = kind_of(found, float(p), one_site=site_of(later) == site_of(earlier)) in JOINING
        if joins and (later["id"] not in best or rank > best[later["id"]][0]):
            best[later["id"]] = (rank, float(p), earlier["id"], found)
    cluster: dict[str, str] = {}
    exact: dict[bytes, str] = {}
    pages: dict[str, str] = {}
    lines = []
    for doc in docs:
        digest = words_digest(doc["text"], least=40)
        name, kind, of, score = doc["id"], "new", None, None
        if digest is not None and digest in exact:
            kind, of, score = "exact", exact[digest], 1.0
        elif name in best:
            _, score, of, found = best[name]
            kind = "near" if found.grams >= NEAR else "rewrite"  # what is neither was not noted
        if doc["url"] in pages and kind != "exact":  # a later text of a page is the page's
            kind, of = "revision", pages[doc["url"]]
        pages.setdefault(doc["url"], name)
        if digest is not None:
            exact.setdefault(digest, name)
        cluster[name] = name if of is None else cluster[of]
        lines.append({"id": name, "cluster": cluster[name], "kind": kind, "of": of, "score": score})
    return lines


def pairs_of(clusters: dict[str, str]) -> dict[str, int]:
    """Return the pairs within clusters, counted by cluster."""
    return {c: n * (n - 1) // 2 for c, n in Counter(clusters.values()).items()}


def scores(gold: Mapping[str, str], lines: Sequence[dict[str, object]]) -> tuple[float, float]:
    """Return pairwise F1 and the adjusted Rand index of lines against clusters."""
    mine = {str(line["id"]): str(line["cluster"]) for line in lines}
    both = sum(n * (n - 1) // 2 for n in Counter((gold[i], mine[i]) for i in gold).values())
    g, p = sum(pairs_of(gold).values()), sum(pairs_of(mine).values())
    all_pairs = len(gold) * (len(gold) - 1) / 2
    expected = g * p / all_pairs
    return 2 * both / (g + p), (both - expected) / ((g + p) / 2 - expected)


def main() -> None:
    """Train, report and perhaps write."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--write", action="store_true", help="replace archive/dedupe/copies.json")
    ask.add_argument("--folds", type=Path, help="write the clustering by folds, forward order")
    options = ask.parse_args()
    if "MORGUE_CORPUS" not in os.environ:
        raise SystemExit("train_dedupe needs the measuring corpus: set MORGUE_CORPUS to its folder.")
    folder = Path(os.environ["MORGUE_CORPUS"]) / "dedup"
    docs: list[Doc] = [json.loads(line) for line in (folder / "docs.jsonl").read_text(encoding="utf-8").splitlines()]
    labels = [json.loads(line) for line in (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    placed = orders(docs)
    rows = [row for number, each in enumerate(placed) for row in rows_of(number, each)]
    x = np.array([row[3].features for row in rows])
    y = np.array([row[1]["cluster"] == row[2]["cluster"] for row in rows], dtype=int)
    fold = np.array([group_of(row[1]) for row in rows])
    other = np.array([group_of(row[2]) for row in rows])
    as_asked = np.array([asked(each) for each in x.tolist()])
    likely = np.zeros(len(rows))
    for k in range(FOLDS):
        seen = (fold != k) & (other != k)
        likely[fold == k] = fit(x[seen], y[seen]).predict_proba(as_asked[fold == k])[:, 1]
    print(
        f"{len(rows)} comparisons in {len(placed)} orders, {y.mean():.0%} of one story; by {FOLDS} folds over source documents:"
    )
    gold = {str(d["id"]): str(d["cluster"]) for d in docs}
    forward: dict[str, str] = {}
    for number, each in enumerate(placed):
        mine = [n for n, row in enumerate(rows) if row[0] == number]
        lines = clustered(each, [rows[n] for n in mine], likely[mine])
        f1, ari = scores(gold, lines)
        cluster = {str(line["id"]): str(line["cluster"]) for line in lines}
        rates: dict[str, list[bool]] = defaultdict(list)
        for pair in labels:
            same = cluster[pair["a"]] == cluster[pair["b"]]
            for name in (pair["label"], *(t for t in pair.get("tags", ()) if t.startswith("mt_"))):
                rates[name].append(same)
        shown = ", ".join(f"{name} {np.mean(each):.4f}" for name, each in sorted(rates.items()))
        print(f"  order {number}: F1 {f1:.4f} ARI {ari:.4f}; in one story: {shown}")
        forward = forward or cluster
        print(f"    against the clusters of order 0: ARI {scores(forward, lines)[1]:.4f}")
        if number == 0 and options.folds:
            options.folds.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    for name, rate in calibration(likely, y).items():
        print(f"  told {name}: {rate}")
    model = fit(x, y)
    found = exported(model)
    trees = Trees(FEATURES, float(found["base"]), tuple(node_of(t) for t in found["trees"]))  # type: ignore[arg-type]
    plain = np.array([trees.score_of(each) for each in x.tolist()])
    far = float(np.abs(1 / (1 + np.exp(-plain)) - model.predict_proba(x)[:, 1]).max())
    print(f"in plain Python at most {far:.4f} away")
    if options.write:
        HOME.write_text(text_of(found), encoding="utf-8")
        print(f"wrote {HOME.relative_to(ROOT)}: {len(found['trees'])} trees")  # type: ignore[arg-type]


def calibration(likely: np.ndarray, y: np.ndarray) -> dict[str, str]:
    """Return how often pairs of a range of probabilities are of one story."""
    found = {}
    for low, high in ((0.0, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 0.95), (0.95, 1.01)):
        mine = (likely >= low) & (likely < high)
        if mine.any():
            found[f"{low:.2f} to {min(high, 1):.2f}"] = f"{y[mine].mean():.3f} of {int(mine.sum())}"
    return found


def text_of(found: dict[str, Any]) -> str:
    """Return copies.json's text: one tree a line."""
    trees = ",\n  ".join(json.dumps(tree, separators=(",", ":")) for tree in found["trees"])
    return f'{{\n "features": {json.dumps(found["features"])},\n "base": {found["base"]},\n "trees": [\n  {trees}\n ]\n}}\n'


if __name__ == "__main__":
    main()
