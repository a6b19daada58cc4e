#!/usr/bin/env python3
"""Do all pages that wget archived become the articles that `morgue extract` finds in the same bodies? Needs MORGUE_CORPUS.

scripts/check-long foreign-pages
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.foreign_pages import compare  # noqa: E402


def main() -> int:
    """Compare, and tell what differs."""
    corpus = os.environ.get("MORGUE_CORPUS")
    if not corpus:
        print("foreign-pages: MORGUE_CORPUS is not set: skipped")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(corpus) / "suites" / "warc" / "gnu-wget" / "wget_200news.warc.gz"
        compared = compare(path, Path(folder))
    for url, names in compared.differ.items():
        print(f"foreign-pages: {url}: {', '.join(names)}")
    print(f"foreign-pages: {compared.pages} pages, {compared.articles} articles, {len(compared.differ)} differ")
    return 1 if compared.differ or compared.pages < 200 else 0


if __name__ == "__main__":
    sys.exit(main())
