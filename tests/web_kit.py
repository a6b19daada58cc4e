"""An archive made by hand for the tests of pages, and a way to ask its application without a socket."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from archive.folder import ArchiveFolder
from archive.model import Signal
from archive.web.app import Pages
from archive.web.serve import application
from tests.store_helpers import article, at, new_store, put, snapshot, text_of
from tests.warc_tools import Clock

HARBOUR = "https://courier.example/2026/harbour"
COPY = "https://herald.example/harbour-again"
EDITED = "https://courier.example/2026/budget"
GONE = "https://courier.example/2026/ferry"
OUT = "https://quiet.example/private"
TEXT = (
    "The harbour of the town was opened again on Friday, after the storm of last winter had broken its outer wall.\n\n"
    "Ferries to the islands go out twice a day, said the harbour master, and from June on every two hours until dusk.\n\n"
    "The repair took five months and cost less than the council had feared, because divers found the old piles whole."
)


@dataclass
class House:
    """Morgue's pages over an archive, and who asks them."""

    folder: ArchiveFolder
    app: Pages
    ids: dict[str, str]

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Ask for a page; redirects are not followed."""
        return asyncio.run(self._get(path, options))

    async def _get(self, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8001") as client:
            return await client.request(options.pop("method", "GET"), path, **options)

    def json(self, path: str) -> Any:
        """Return what a page says as JSON."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text)


def make_folder(root: Path) -> ArchiveFolder:
    """Make the folder of an archive."""
    folder = ArchiveFolder(root)
    for path in (root, folder.warc, folder.reports):
        path.mkdir()
    return folder


def open_house(folder: ArchiveFolder, *, public: bool = False) -> House:
    """Open the pages of an archive; what its clock says does not move."""
    from archive.query import open_reader

    app = application(folder, public=public, clock=Clock(at(60 * 24 * 3)))
    with closing(open_reader(folder.archive_db, heap_limit=None)) as reader:
        ids = {url: name for url, name in reader.execute("SELECT url, id FROM articles")}  # noqa: C416 - a cursor is no dict
    return House(folder, app, ids)


def fill(folder: ArchiveFolder) -> None:
    """Fill an archive: a story with its copy, an edited article, one that is gone, one that opts out, one of no source."""
    store = new_store(folder.archive_db)
    out = (Signal(name="noarchive", via="meta:robots", value="noarchive"),)
    said = {
        "authors": ("Ann Author", "Bo Writer"),
        "provenance": {"title": "json-ld", "authors": "byline", "text": "selector"},
    }
    dated = {"published": "2026-05-01T08:00:00+02:00", "published_precision": "minute", "published_via": "feed"}
    with store.transaction():
        put(store, snapshot(HARBOUR, 0, source="Courier"), article(TEXT, "Harbour opens again", **said, **dated))
        put(
            store,
            snapshot(COPY, 90, source="Herald"),
            article(
                TEXT,
                "Harbour is open",
                published="2026-05-01T09:30:00+02:00",
                published_precision="minute",
                published_via="meta:date",
            ),
        )
        put(store, snapshot(EDITED, 5, source="Courier"), article(_budget(412), "Budget is voted"))
        put(store, snapshot(EDITED, 600, source="Courier"), article(_budget(214), "Budget is voted, narrowly"))
        put(store, snapshot(GONE, 6, source="Courier"), article(text_of("ferry"), "Ferry loses a sailing"))
        put(store, snapshot(GONE, 900, source="Courier", status=410), None)
        put(store, snapshot(OUT, 7, source="Quiet"), article(text_of("quiet"), "Quiet matter", signals=out))
        put(store, snapshot("https://single.example/one", 8, source=None), article(text_of("single"), "A single page"))
    store.close()


def _budget(number: int) -> str:
    return (
        f"The council voted on Tuesday night.\n\nThe saving is {number} thousand a year.\n\nNobody was content with it."
    )


def filled_house(root: Path, *, public: bool = False) -> House:
    """Return the pages of that archive."""
    folder = make_folder(root)
    fill(folder)
    return open_house(folder, public=public)
