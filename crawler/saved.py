"""What became of a page that was asked for by name."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass

from archive.errors import MorgueError, QueryError
from archive.folder import ArchiveFolder
from archive.query import open_reader, show
from crawler.frontier import view

_WHY = {
    "robots": "robots.txt disallows it",
    "dns": "its name could not be resolved; is it spelt right?",
    "refused": "nothing answers at its address",
    "timeout": "it did not answer in time",
    "tls": "its certificate could not be verified",
    "private-address": "it leads to a private address; --allow-private is for your own machines",
    "too-large": "it is larger than the limit; what came up to there is kept, marked as cut",
    "status-404": "there is no such page (404)",
    "status-410": "it is gone (410)",
}


@dataclass(frozen=True, slots=True)
class Saved:
    """One page that was asked for."""

    url: str
    article: str | None  # public id
    title: str | None
    status: int | None
    reason: str | None
    sentence: str

    def as_json(self) -> dict[str, object]:
        """Return it for `--json`."""
        return asdict(self)


def what_became(folder: ArchiveFolder, url: str) -> Saved:
    """Look a page up in the archive and in the frontier."""
    with view(folder.crawl_db) as frontier:
        state = frontier.look_up(url)
    status = state.status if state else None
    reason = state.reason if state else None
    if reason is not None and state is not None and not state.kept:
        why = _WHY.get(reason, reason)
        return Saved(url, None, None, status, reason, f"Not kept: {why}.")
    try:
        with closing(open_reader(folder.archive_db)) as reader:
            shown = show(reader, state.url if state else url)
    except QueryError as error:
        return Saved(url, None, None, status, reason, f"Kept, but not an article: {error}" if status else str(error))
    except MorgueError as error:
        return Saved(url, None, None, status, reason, str(error))
    article = shown.article
    name, title = str(article["id"]), str(article["title"] or "(no title)")
    note = f" Note: {_WHY.get(reason, reason)}." if reason else ""
    return Saved(url, name, title, status, reason, f"{title} ({name}). `morgue show {name}` reads it.{note}")
