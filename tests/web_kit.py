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


ROOM = (  # title, language, author, text
    ("Rovers go up after a penalty", "en", "Sally-Ann Fenwright", "Marrowby will play in the second division."),
    ("Islanders offer to crew the night ferry", "en", "Ines Caldwell", "People will crew the last ferry themselves."),
    ("Ferry to Pell Island loses its last sailing", "en", "Ines Caldwell", "The last evening ferry will stop on 14 June."),
    ("Flood wall will cost a third more", "en", "Tobias Renwick", "I was in Ferry Lane in a rubber boat that night."),
    ("ممر خاص للقوارب الصغيرة عند مدخل الميناء", "ar", "سلمى الدريني", "قررت إدارة الميناء تخصيص ممر للقوارب الصغيرة."),
    ("灯台図書室に寄贈の申し出、一日で二千冊", "ja", "桐生沢 美緒", "旧灯台を図書室にする計画を市が発表した。"),
    ("Seilbahn fährt erst im November wieder", "de", "Annegret Thalbach", "Die Seilbahn bleibt für Monate außer Betrieb."),
    ("Rope works wins order for polar ship", "en", "Dermot Oakes", "The rope works has won its largest order."),
    ("L'ancienne fonderie devient une école", "fr", "Solène Maravert", "Dans la halle où l'on coulait des cloches."),
    ("Night school for the salt workers", "en", "", "The school opens its doors on Monday evening."),
)  # fmt: skip


def fill_room(folder: ArchiveFolder) -> None:
    """Fill an archive for people to look at: several scripts, a story of three papers, an edit, one that is gone."""
    store = new_store(folder.archive_db)
    with store.transaction():
        for number, (title, language, author, text) in enumerate(ROOM):
            more = {"language": language, "authors": (author,) if author else (), "provenance": {"title": "json-ld"}}
            more |= {
                "published": f"2026-05-01T0{number % 10}:00:00+01:00",
                "published_precision": "second",
                "published_via": "visible",
            }
            body = "\n\n".join((text, *(text_of(f"{number}x{part}", 80) for part in range(4))))
            url = f"https://paper{number % 3}.example/{number}"
            put(store, snapshot(url, number * 60, source=f"Paper {number % 3}"), article(body, title, **more))
        treaty = text_of("treaty", 120) + "\n\nThe straits are closed to trawling from June."
        for number in range(3):
            url, at_ = f"https://paper{number}.example/treaty", 700 + 45 * number
            put(
                store,
                snapshot(url, at_, source=f"Paper {number}"),
                article(treaty, f"Trawling ban, as paper {number} tells it"),
            )
        for later, saving in ((0, 412), (900, 214)):
            shot = snapshot(EDITED, 30 + later, source="Paper 0")
            put(store, shot, article(_budget(saving), "Council votes" + " narrowly" * bool(later)))
        put(store, snapshot(GONE, 40, source="Paper 1"), article(text_of("gone"), "Harbour day is called off"))
        put(store, snapshot(GONE, 950, source="Paper 1", status=404), None)
    store.close()


def filled_house(root: Path, *, public: bool = False) -> House:
    """Return the pages of that archive."""
    folder = make_folder(root)
    fill(folder)
    return open_house(folder, public=public)
