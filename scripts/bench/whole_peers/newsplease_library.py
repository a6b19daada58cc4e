"""news-please as a library, given the addresses: python newsplease_library.py FOLDER ADDRESSES PROXY.

It finds nothing by itself here and starts no process for a site: the cheapest way to use it. In as many processes as there
are cores, as its `from_urls` does, but what is read is kept at once. No images.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from newsplease import NewsPlease
from shelf import Shelf


def read(url: str) -> tuple[str, Any, Any, Any, str | None] | None:
    """Return what news-please says of a page, None where it says nothing."""
    try:
        found = NewsPlease.from_url(url, request_args={"timeout": 30}, fetch_images=False)
    except Exception:  # noqa: BLE001 - as its `from_urls` takes it
        return None
    return (url, found.title, found.authors, found.date_publish, found.maintext) if found else None


def main() -> None:
    """Fetch and keep."""
    folder, urls = Path(sys.argv[1]), Path(sys.argv[2]).read_text(encoding="utf-8").split()
    shelf = Shelf(folder)
    known = shelf.known()
    with ProcessPoolExecutor() as workers:
        for found in workers.map(read, [url for url in urls if url not in known]):
            if found is not None:
                shelf.add(*found)


if __name__ == "__main__":
    main()
