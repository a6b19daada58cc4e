"""The texts of the replayed pages, as an archive would get them: read by the extractor, in order of capture."""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from archive.extract import Page
from archive.extract.extract import extract
from archive.urls import url_key


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """Two pages that a shingle search took for copies, and what a person who read them says."""

    one: str  # id of a page
    other: str
    label: str  # same, rewrite, related, different (shared boilerplate only), unclear
    note: str

    def is_joined(self, clusters: Mapping[str, object]) -> bool | None:
        """Tell whether both are in one cluster; None if one of them was not placed, being no article."""
        if self.one not in clusters or self.other not in clusters:
            return None
        return clusters[self.one] == clusters[self.other]


def labelled_pairs(corpus: Path) -> list[LabelledPair]:
    """Return the pairs of neardup_pairs.jsonl."""
    rows = map(json.loads, (corpus / "replay/neardup_pairs.jsonl").read_text(encoding="utf-8").splitlines())
    return [LabelledPair(row["a"]["id"], row["b"]["id"], row["label"], row["note"]) for row in rows]


def replayed_texts(corpus: Path, ids: Collection[str] | None = None) -> list[dict[str, object]]:
    """Return the lines for `cluster` of the pages with these ids (all, if None), in the contract's order of placement.

    Of a page captured more than once only the first capture; a page that is no article is left out, as an archive would.
    """
    captures = []
    for line in (corpus / "replay/manifest.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if ids is None or row["id"] in ids:
            first = row["revs"][0]
            captures.append((first["captured"], url_key(row["url"]), first["sha256"], row["id"], row["url"], first))
    found: list[dict[str, object]] = []
    for *_, name, url, first in sorted(captures, key=lambda capture: capture[:3]):
        body = gzip.decompress((corpus / "replay" / first["path"]).read_bytes())
        # Not given: when it was captured. For half of the pages only the day or less is known, and no text hangs on it.
        page = Page(url=url, body=body, headers=(("Content-Type", first["content_type"] or "text/html"),))
        said = extract(page)
        if said.article:
            found.append(
                {"id": name, "url": url, "title": said.title, "text": said.text or "", "language": said.language}
            )
    return found


def by_label(pairs: Iterable[LabelledPair], clusters: Mapping[str, object]) -> dict[str, list[bool | None]]:
    """Return for each label whether its pairs are joined, in the order of the pairs."""
    told: dict[str, list[bool | None]] = {}
    for pair in pairs:
        told.setdefault(pair.label, []).append(pair.is_joined(clusters))
    return told
