"""Pages to read: the measuring corpus where it is, else the project's own papers and golden pages."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archive.extract import Page

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
EXTRACTION_SETS = ("sh", "aed", "fundus", "wcxb_dev", "negatives", "fronts")


@dataclass(frozen=True, slots=True)
class StoredPage:
    """Where a page lies; its bytes are read when they are wanted."""

    url: str
    path: Path | None = None
    body: bytes = b""
    content_type: str = "text/html"

    def read(self) -> bytes:
        """Return the page's bytes as sent."""
        if self.path is None:
            return self.body
        raw = self.path.read_bytes()
        return gzip.decompress(raw) if self.path.suffix == ".gz" else raw

    def page(self) -> Page:
        """Return what extraction reads."""
        return Page(url=self.url, body=self.read(), headers=(("Content-Type", self.content_type),))


def own_pages() -> list[StoredPage]:
    """Return the articles, fronts and odd pages of tests/site and the golden pages."""
    from tests.site.content import all_articles, papers
    from tests.site.routes import answer

    targets = [(a.site, a.path) for a in all_articles()]
    targets += [(name, "/") for name in papers()]
    found = []
    for site, path in targets:
        base = f"https://{site}.example"
        reply = answer(site, 3, base, path)
        if reply.status == 200:
            found.append(StoredPage(base + path, body=reply.body, content_type=reply.content_type))
    for case in sorted(p for p in GOLDEN.iterdir() if p.is_dir()):
        said = json.loads((case / "expected.json").read_text(encoding="utf-8"))["page"]
        found.append(StoredPage(said["url"], path=case / "page.html", content_type=said["content_type"]))
    return found


def corpus_pages(corpus: Path) -> Iterator[StoredPage]:
    """Yield every page of the corpus: those with a truth, those that are no articles, and the replayed hosts'."""
    for name in EXTRACTION_SETS:
        folder = corpus / "extraction" / name
        if not folder.is_dir():
            continue
        with (folder / "truth.jsonl").open(encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                yield StoredPage(row["url"], path=folder / "html" / f"{row['n']}.html.gz")
    manifest = corpus / "replay" / "manifest.jsonl"
    if manifest.is_file():
        with manifest.open(encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                for revision in row["revs"][:1]:
                    yield StoredPage(row["url"], path=corpus / "replay" / revision["path"])


def all_pages() -> tuple[list[StoredPage], str]:
    """Return the pages at hand and what they are: those of MORGUE_CORPUS, else our own."""
    where = os.environ.get("MORGUE_CORPUS")
    if where and Path(where).is_dir():
        return [page for page in corpus_pages(Path(where)) if page.path and page.path.is_file()], "pages of the corpus"
    return own_pages(), "our own pages"
