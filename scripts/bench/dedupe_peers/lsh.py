"""Copies by datasketch's MinHash LSH: asked for each text, then told of it. Reads {"id", "text"} lines, prints one answer.

128 permutations, sets of three words in a row, Jaccard from 0.5, as its documentation has it. A text joins the cluster of the
most alike of what is found. Texts are read before the time is taken.
"""

from __future__ import annotations

import json
import re
import sys
import time

from datasketch import MinHash, MinHashLSH

_WORD = re.compile(r"\w+")


def main() -> None:
    """Place all texts."""
    lines = [json.loads(line) for line in sys.stdin]
    index = MinHashLSH(threshold=0.5, num_perm=128)
    hashes: list[MinHash] = []
    clusters: list[int] = []
    started = time.process_time()
    for number, line in enumerate(lines):
        words = _WORD.findall(line["text"].lower())
        found = MinHash(num_perm=128)
        found.update_batch([" ".join(three).encode() for three in zip(words, words[1:], words[2:])])  # noqa: B905
        near = index.query(found)
        best = max(near, key=lambda other: (found.jaccard(hashes[other]), -other), default=None)
        clusters.append(number if best is None else clusters[best])
        hashes.append(found)
        index.insert(number, found)
    spent = time.process_time() - started
    print(json.dumps({"cpu_ms": spent / len(lines) * 1000, "clusters": [lines[n]["id"] for n in clusters]}))


if __name__ == "__main__":
    main()
