"""What the archive knows of a listing's earlier visits: crawl.db says how it did, archive.db when it was last well."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

from archive.errors import DatabaseError, QueryError, UrlError
from archive.folder import ArchiveFolder
from archive.model import Role
from archive.query import Reader, open_reader
from archive.query.health import last_good_answer
from crawler.frontier import FrontierView, view


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What crawls before found of a listing."""

    last_good: datetime | None  # aware, UTC: when it last answered with a body or "not modified"
    failures: int  # in a row, up to now


Remembers = Callable[[str, Role], Past | None]


def knows_nothing(_url: str, _role: Role) -> Past | None:
    """Remember nothing."""
    return None


@contextmanager
def memory(folder: ArchiveFolder) -> Iterator[Remembers]:
    """Yield what tells of a listing's past, None of one that was never asked; a database that cannot be read knows nothing."""
    with ExitStack() as stack:
        frontier: FrontierView | None = None
        reader: Reader | None = None
        try:
            frontier = stack.enter_context(view(folder.crawl_db))
            reader = stack.enter_context(closing(open_reader(folder.archive_db)))
        except DatabaseError:  # there is none yet; or it is broken, which `morgue status` says
            pass

        def remembers(url: str, role: Role) -> Past | None:
            try:
                state = frontier.look_up(url, role) if frontier is not None else None
                if state is None or not state.fetches:
                    return None
                last_good = last_good_answer(reader, state.url) if reader is not None else None
            except (DatabaseError, QueryError, UrlError, sqlite3.Error):
                return None
            return Past(last_good=last_good, failures=state.failures)

        yield remembers
